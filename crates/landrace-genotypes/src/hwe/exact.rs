//! The exact test of diploids: how many heterozygotes, given the allele counts.

mod factorials;
mod start;
mod tails;

use start::Start;
use tails::Tails;

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

    /// P(het)² / (P(hom) P(hom')) with inbreeding.
    fn odds(self, inbreeding: f64) -> f64 {
        let f = inbreeding.clamp(0.0, 1.0);
        if f == 0.0 {
            return OUTBRED;
        }
        let q = self.rare() as f64 / (2 * self.samples()) as f64;
        let p = 1.0 - q;
        (2.0 * p * q * (1.0 - f)).powi(2) / ((p * p + f * p * q) * (q * q + f * p * q))
    }
}

/// The odds in Hardy-Weinberg proportions.
const OUTBRED: f64 = 4.0;

/// Exact test of the number of heterozygotes given the allele counts (Wigginton, Cutler and Abecasis 2005). With
/// an inbreeding coefficient F, genotypes are expected at p² + Fpq, 2pq(1 − F) and q² + Fpq instead, p being the
/// frequency seen; the distribution of heterozygotes then has the odds θ = P(het)² / (P(hom) P(hom')) in place of
/// 4 (Rohlfs and Weir 2008). The p-value is the probability of all counts that are no likelier than the one seen;
/// `mid_p` takes half of those as likely as it (Graffelman and Moreno 2013).
pub fn exact(counts: DiploidCounts, inbreeding: f64, mid_p: bool) -> f64 {
    exact_pair(counts, inbreeding, mid_p)[0]
}

/// The probability of as many heterozygotes or more, given the allele counts and F; `mid_p` counts half of the
/// number seen.
pub fn exact_excess(counts: DiploidCounts, inbreeding: f64, mid_p: bool) -> f64 {
    exact_pair(counts, inbreeding, mid_p)[1]
}

/// The p-values of [`exact`] and of [`exact_excess`], at the cost of one.
pub fn exact_pair(counts: DiploidCounts, inbreeding: f64, mid_p: bool) -> [f64; 2] {
    certain(counts, inbreeding, mid_p).unwrap_or_else(|| {
        let start = Start::of(counts, counts.odds(inbreeding));
        p_values(&start, &tails::of(&[start])[0], mid_p)
    })
}

/// Variants side by side: one in each lane of a vector.
const LANES: usize = 8;

/// Kinds of variants whose walks are about as long: by the share of the rarer allele, and by how far the heterozygotes are
/// from their likeliest number.
const SHARES: u64 = 4;
const DISTANCES: u64 = 8;

fn kind(counts: DiploidCounts) -> usize {
    let (n, rare) = (counts.samples(), counts.rare());
    let expected = rare as f64 * (2 * n - rare) as f64 / (2 * n) as f64;
    let distance = (counts.heterozygous as f64 - expected).abs() / (n as f64).sqrt();
    let share = (rare * SHARES / n).min(SHARES - 1);
    (share * DISTANCES + ((distance * DISTANCES as f64) as u64).min(DISTANCES - 1)) as usize
}

/// [`exact_pair`] of many variants, to the bit, at a fraction of the cost each.
pub fn exact_pairs(counts: &[DiploidCounts], inbreeding: f64, mid_p: bool) -> Vec<[f64; 2]> {
    let mut out: Vec<[f64; 2]> = Vec::with_capacity(counts.len());
    let mut waiting = vec![Vec::with_capacity(LANES); (SHARES * DISTANCES) as usize];
    let test = |waiting: &mut Vec<(usize, Start)>, out: &mut [[f64; 2]]| {
        let starts = std::array::from_fn(|lane| waiting.get(lane).map_or(Start::NONE, |own| own.1));
        let tails = tails::at_best(&starts);
        waiting
            .drain(..)
            .zip(&tails)
            .for_each(|((index, start), own)| out[index] = p_values(&start, own, mid_p));
    };
    for (index, &own) in counts.iter().enumerate() {
        let known = certain(own, inbreeding, mid_p);
        out.push(known.unwrap_or_default());
        if known.is_some() {
            continue;
        }
        let alike = &mut waiting[kind(own)];
        alike.push((index, Start::of(own, own.odds(inbreeding))));
        if alike.len() == LANES {
            test(alike, &mut out);
        }
    }
    let rest: Vec<(usize, Start)> = waiting.into_iter().flatten().collect();
    rest.chunks(LANES).for_each(|some| test(&mut some.to_vec(), &mut out));
    out
}

/// The p-values where nothing need be summed.
fn certain(counts: DiploidCounts, inbreeding: f64, mid_p: bool) -> Option<[f64; 2]> {
    if counts.samples() == 0 || counts.rare() == 0 {
        return Some([if mid_p { 0.5 } else { 1.0 }; 2]);
    }
    let no_heterozygotes = [if counts.heterozygous == 0 { 1.0 } else { 0.0 }; 2];
    (counts.odds(inbreeding) == 0.0).then_some(no_heterozygotes)
}

fn p_values(start: &Start, tails: &Tails, mid_p: bool) -> [f64; 2] {
    if start.weight < f64::MIN_POSITIVE {
        // Less than the least number that has all its digits.
        return [0.0, if start.outward_is_up { 0.0 } else { 1.0 }];
    }
    let own = if mid_p { start.weight / 2.0 } else { start.weight };
    let tied = if mid_p { tails.tied / 2.0 } else { tails.tied };
    let outer = tails.outward + own;
    let both = match tails.far {
        Some(far) => outer + tied + far,
        // All but what is likelier.
        None => 1.0 - tails.middle - (start.weight - own) - (tails.tied - tied),
    };
    let total = if start.is_share {
        1.0
    } else {
        tails.outward + start.weight + tails.tied + tails.middle + tails.far.unwrap_or_default()
    };
    let excess = if start.outward_is_up { outer } else { total - tails.outward - (start.weight - own) };
    [both, excess].map(|part| (part / total).clamp(0.0, 1.0))
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
    fn what_is_too_unlikely_for_a_number_is_nought() {
        for (a, h, b) in [(793, 184, 983), (1550, 54, 361), (900, 120, 980), (1000, 0, 1000)] {
            let own = counts(a, h, b);
            let [both, excess] = exact_pair(own, 0.0, false);
            assert!(both < 1e-280 && excess == 1.0, "{a} {h} {b}: {both} {excess}");
        }
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
        fn side_by_side_is_one_by_one(
            cells in proptest::collection::vec((0u64..900, 0u64..900, 0u64..900), 0..20), f in 0.0f64..1.2, mid_p: bool,
        ) {
            let all: Vec<DiploidCounts> = cells.into_iter().map(|(a, h, b)| counts(a, h, b)).collect();
            let one_by_one: Vec<[f64; 2]> = all.iter().map(|&own| exact_pair(own, f, mid_p)).collect();
            prop_assert_eq!(exact_pairs(&all, f, mid_p), one_by_one);
        }

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
