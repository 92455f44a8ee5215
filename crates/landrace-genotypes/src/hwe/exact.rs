//! The exact test of diploids: how many heterozygotes, given the allele counts.

use crate::significance::TailSums;

/// Genotypes of diploids at one variant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiploidCounts {
    /// Of the one allele alone.
    pub homozygous: u64,
    /// Of both.
    pub heterozygous: u64,
    /// Of the other allele alone.
    pub other_homozygous: u64,
}

impl DiploidCounts {
    /// From counts of the dosages 0, 1 and 2.
    pub fn of(dosages: [u32; 3]) -> Self {
        let [homozygous, heterozygous, other_homozygous] = dosages.map(u64::from);
        Self { homozygous, heterozygous, other_homozygous }
    }

    fn samples(self) -> u64 {
        self.homozygous + self.heterozygous + self.other_homozygous
    }

    /// Copies of the rarer allele.
    fn rare(self) -> u64 {
        2 * self.homozygous.min(self.other_homozygous) + self.heterozygous
    }

    /// P(het)² / (P(hom) P(hom')) with inbreeding; 4 in Hardy-Weinberg proportions.
    fn odds(self, inbreeding: f64) -> f64 {
        let q = self.rare() as f64 / (2 * self.samples()) as f64;
        let (p, f) = (1.0 - q, inbreeding.clamp(0.0, 1.0));
        (2.0 * p * q * (1.0 - f)).powi(2) / ((p * p + f * p * q) * (q * q + f * p * q))
    }
}

/// Exact test of the number of heterozygotes given the allele counts (Wigginton, Cutler and Abecasis 2005). With
/// an inbreeding coefficient F, genotypes are expected at p² + Fpq, 2pq(1 − F) and q² + Fpq instead, p being the
/// frequency seen; the distribution of heterozygotes then has the odds θ = P(het)² / (P(hom) P(hom')) in place of
/// 4 (Rohlfs and Weir 2008). The p-value is the probability of all counts that are no likelier than the one seen;
/// `mid_p` takes half of those as likely as it (Graffelman and Moreno 2013).
pub fn exact(counts: DiploidCounts, inbreeding: f64, mid_p: bool) -> f64 {
    both(counts, inbreeding, mid_p)[0]
}

/// The probability of as many heterozygotes or more, given the allele counts and F; `mid_p` counts half of the
/// number seen.
pub fn exact_excess(counts: DiploidCounts, inbreeding: f64, mid_p: bool) -> f64 {
    both(counts, inbreeding, mid_p)[1]
}

/// The p-values of [`exact`] and [`exact_excess`].
pub(super) fn both(counts: DiploidCounts, inbreeding: f64, mid_p: bool) -> [f64; 2] {
    let share = if mid_p { 0.5 } else { 1.0 };
    let (n, rare) = (counts.samples(), counts.rare());
    if n == 0 || rare == 0 {
        return [share; 2];
    }
    let odds = counts.odds(inbreeding);
    if odds == 0.0 {
        return if counts.heterozygous == 0 { [1.0; 2] } else { [0.0; 2] };
    }
    let sums = tails(counts, odds);
    [sums.rarer + share * sums.tied, sums.above + share * sums.seen].map(|part| (part / sums.total).min(1.0))
}

/// Heterozygotes and both homozygotes as numbers, on the way from the likeliest count.
#[derive(Clone, Copy)]
struct Counts {
    het: f64,
    rare: f64,
    common: f64,
}

impl Counts {
    /// Probability of two more heterozygotes over that of these.
    fn ratio_up(self, odds: f64) -> f64 {
        odds * self.rare * self.common / ((self.het + 2.0) * (self.het + 1.0))
    }

    /// Probability of two fewer heterozygotes over that of these.
    fn ratio_down(self, odds: f64) -> f64 {
        self.het * (self.het - 1.0) / (odds * (self.rare + 1.0) * (self.common + 1.0))
    }

    fn moved(self, by: f64) -> Self {
        Self { het: self.het + 2.0 * by, rare: self.rare - by, common: self.common - by }
    }
}

/// Sums of probabilities relative to the likeliest count's, outwards from it, so that nothing overflows, and no
/// further than matters.
fn tails(counts: DiploidCounts, odds: f64) -> TailSums {
    /// What is smaller than this part of a sum does not show.
    const NOTHING: f64 = 1e-16;
    let peak = peak(counts, odds);
    let seen = counts.heterozygous as f64;
    let mut own = 1.0;
    let mut at = peak;
    while at.het < seen {
        own *= at.ratio_up(odds);
        at = at.moved(1.0);
    }
    while at.het > seen {
        own *= at.ratio_down(odds);
        at = at.moved(-1.0);
    }
    let (most_rare, least_tied) = (own * (1.0 - 1e-9), own * (1.0 + 1e-9));
    let mut out = TailSums { seen: own, ..TailSums::default() };
    // True once nothing more matters.
    let mut add = |at: Counts, weight: f64| {
        out.total += weight;
        out.above += if at.het > seen { weight } else { 0.0 };
        if weight > least_tied {
            return false;
        }
        if weight >= most_rare {
            out.tied += weight;
            return false;
        }
        out.rarer += weight;
        weight <= NOTHING * out.rarer
    };
    let (mut at, mut weight) = (peak, 1.0);
    while !add(at, weight) && at.rare >= 1.0 {
        weight *= at.ratio_up(odds);
        at = at.moved(1.0);
    }
    let (mut at, mut weight) = (peak, 1.0);
    while at.het >= 2.0 {
        weight *= at.ratio_down(odds);
        at = at.moved(-1.0);
        if add(at, weight) {
            break;
        }
    }
    out
}

/// The likeliest count, by halving: the ratio falls as heterozygotes grow.
fn peak(counts: DiploidCounts, odds: f64) -> Counts {
    let (n, rare) = (counts.samples(), counts.rare());
    let least =
        Counts { het: (rare % 2) as f64, rare: (rare / 2) as f64, common: (n - rare % 2 - rare / 2) as f64 };
    let (mut low, mut high) = (0, rare / 2);
    while low < high {
        let middle = (low + high) / 2;
        if least.moved(middle as f64).ratio_up(odds) > 1.0 { low = middle + 1 } else { high = middle }
    }
    least.moved(low as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts(homozygous: u64, heterozygous: u64, other_homozygous: u64) -> DiploidCounts {
        DiploidCounts { homozygous, heterozygous, other_homozygous }
    }

    /// All tables with the same allele counts and their probabilities, by factorials.
    fn tables(a: u64, h: u64, b: u64, odds: f64) -> Vec<(u64, f64)> {
        let (n, rare) = (a + h + b, 2 * a + h);
        let log_factorial = |n: u64| (1..=n).map(|i| (i as f64).ln()).sum::<f64>();
        let weight = |het: u64| {
            let (hom, other) = ((rare - het) / 2, n - het - (rare - het) / 2);
            let halves = het as f64 / 2.0;
            (halves * odds.ln() - log_factorial(hom) - log_factorial(het) - log_factorial(other)).exp()
        };
        let all = (0..=rare.min(2 * n - rare)).filter(|het| (rare - het) % 2 == 0);
        let all: Vec<(u64, f64)> = all.map(|het| (het, weight(het))).collect();
        let total: f64 = all.iter().map(|pair| pair.1).sum();
        all.into_iter().map(|(het, weight)| (het, weight / total)).collect()
    }

    #[test]
    fn known_values() {
        // 57 heterozygotes, 14 and 50 homozygotes: near proportions.
        assert!((exact(counts(14, 57, 50), 0.0, false) - 0.8422797).abs() < 1e-6);
        assert!(exact(counts(50, 0, 50), 0.0, false) < 1e-20);
        assert_eq!(exact(counts(50, 0, 50), 1.0, false), 1.0);
        assert_eq!(exact(counts(50, 1, 50), 1.0, false), 0.0);
        assert!(exact(counts(45, 10, 45), 0.8, false) > 0.5);
        // Only one table has these allele counts.
        assert_eq!((exact(counts(0, 1, 9), 0.0, false), exact(counts(0, 0, 9), 0.0, true)), (1.0, 0.5));
    }

    #[test]
    fn inbred_lines_have_too_many_heterozygotes_only_if_they_have() {
        assert!(exact(counts(90, 1, 9), 0.0, false) < 1e-8);
        assert!(exact_excess(counts(90, 1, 9), 0.0, false) > 0.999);
        assert!(exact_excess(counts(40, 30, 30), 0.0, false) > 0.5);
        assert!(exact_excess(counts(40, 30, 30), 0.9, false) < 1e-6);
        assert!(exact_excess(counts(1, 98, 1), 0.0, false) < 1e-20);
    }

    #[test]
    fn values_far_out_in_the_tail_are_exact() {
        let (n, expected) = (1000u64, 2f64.ln() * -1000.0);
        // n heterozygotes of n: n! 2ⁿ (n!)… over all tables of n copies each: 2ⁿ n! n! / (2n)!.
        let log_factorial = |n: u64| (1..=n).map(|i| (i as f64).ln()).sum::<f64>();
        let known = n as f64 * 2f64.ln() + 2.0 * log_factorial(n) - log_factorial(2 * n);
        assert!((known - expected).abs() < 700.0);
        let found = exact_excess(counts(0, n, 0), 0.0, false).ln();
        assert!((found - known).abs() < 1e-6, "{found} {known}");
    }

    #[test]
    fn both_tails_count_however_rare_they_are() {
        let mut log_factorials = vec![0.0f64];
        (1..5000).for_each(|i| log_factorials.push(log_factorials[i - 1] + (i as f64).ln()));
        let log = |n: u64| log_factorials[n as usize];
        for (a, h, b) in [(500, 700, 740), (20, 700, 1220), (300, 1100, 540), (1, 250, 1600), (40, 150, 1700)]
        {
            let (n, rare) = (a + h + b, 2 * a + h);
            let weight = |het: u64| {
                let hom = (rare - het) / 2;
                het as f64 * 2f64.ln() - log(hom) - log(het) - log(n - het - hom)
            };
            let all: Vec<f64> = (0..=rare).filter(|het| (rare - het) % 2 == 0).map(weight).collect();
            let top = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = all.iter().map(|w| (w - top).exp()).sum();
            let seen = weight(h);
            let tail: f64 = all.iter().filter(|w| **w <= seen + 1e-9).map(|w| (w - top).exp()).sum();
            let found = exact(counts(a, h, b), 0.0, false);
            assert!((found / (tail / total) - 1.0).abs() < 1e-8, "{a} {h} {b}: {found} {}", tail / total);
        }
    }

    proptest! {
        #[test]
        fn equals_enumeration(a in 0u64..40, h in 0u64..40, b in 0u64..40, f in 0.0f64..0.9) {
            prop_assume!(a + h + b > 0 && 2 * a + h > 0 && 2 * b + h > 0);
            let f = if f < 0.2 { 0.0 } else { f };
            let own = counts(a, h, b);
            let all = tables(a, h, b, own.odds(f));
            let seen = all.iter().find(|pair| pair.0 == h).unwrap().1;
            let rarer: f64 = all.iter().map(|pair| pair.1).filter(|&w| w < seen * (1.0 - 1e-9)).sum();
            let tied: f64 =
                all.iter().map(|pair| pair.1).filter(|&w| (w / seen - 1.0).abs() <= 1e-9).sum();
            let above: f64 = all.iter().filter(|pair| pair.0 > h).map(|pair| pair.1).sum();
            prop_assert!((exact(own, f, false) - (rarer + tied)).abs() < 1e-9);
            prop_assert!((exact(own, f, true) - (rarer + tied / 2.0)).abs() < 1e-9);
            prop_assert!((exact_excess(own, f, false) - (above + seen)).abs() < 1e-9);
            prop_assert!((exact(counts(b, h, a), f, false) - (rarer + tied)).abs() < 1e-9);
        }
    }
}
