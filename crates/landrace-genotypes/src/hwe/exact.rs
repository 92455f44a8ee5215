//! The exact test of diploids: how many heterozygotes, given the allele counts.

use crate::significance::TailSums;

mod lanes;

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
    exact_pair(counts, inbreeding, mid_p)[0]
}

/// The probability of as many heterozygotes or more, given the allele counts and F; `mid_p` counts half of the
/// number seen.
pub fn exact_excess(counts: DiploidCounts, inbreeding: f64, mid_p: bool) -> f64 {
    exact_pair(counts, inbreeding, mid_p)[1]
}

/// The p-values of [`exact`] and of [`exact_excess`], at the cost of one.
pub fn exact_pair(counts: DiploidCounts, inbreeding: f64, mid_p: bool) -> [f64; 2] {
    certain(counts, inbreeding, mid_p)
        .unwrap_or_else(|| p_values(&sums(&Start::of(counts, counts.odds(inbreeding))), mid_p))
}

/// [`exact_pair`] of many variants, to the bit, at a fraction of the cost each.
pub fn exact_pairs(counts: &[DiploidCounts], inbreeding: f64, mid_p: bool) -> Vec<[f64; 2]> {
    let mut out: Vec<[f64; 2]> = Vec::with_capacity(counts.len());
    let mut waiting = Vec::with_capacity(lanes::LANES);
    for (index, &own) in counts.iter().enumerate() {
        let known = certain(own, inbreeding, mid_p);
        out.push(known.unwrap_or_default());
        if known.is_none() {
            waiting.push((index, Start::of(own, own.odds(inbreeding))));
        }
        if waiting.len() == lanes::LANES || index + 1 == counts.len() {
            let starts = std::array::from_fn(|lane| waiting.get(lane).map_or(Start::NONE, |own| own.1));
            let sums = lanes::sums_at_best(&starts);
            waiting.drain(..).zip(&sums).for_each(|((index, _), sums)| out[index] = p_values(sums, mid_p));
        }
    }
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

fn p_values(sums: &TailSums, mid_p: bool) -> [f64; 2] {
    let share = if mid_p { 0.5 } else { 1.0 };
    let parts = [sums.rarer + share * sums.tied, sums.above + share * sums.seen];
    parts.map(|part| (part / sums.total).min(1.0))
}

/// A table with the allele counts: heterozygotes and both kinds of homozygotes, and its probability.
#[derive(Clone, Copy)]
struct Table {
    heterozygous: f64,
    rare: f64,
    common: f64,
    weight: f64,
}

impl Table {
    /// The table with two heterozygotes more.
    fn up(self, odds: f64) -> Self {
        let ratio = odds * self.rare * self.common / ((self.heterozygous + 2.0) * (self.heterozygous + 1.0));
        let (heterozygous, rare, common) = (self.heterozygous + 2.0, self.rare - 1.0, self.common - 1.0);
        Self { heterozygous, rare, common, weight: self.weight * ratio }
    }

    /// The table with two heterozygotes fewer.
    fn down(self, odds: f64) -> Self {
        let (heterozygous, rare, common) = (self.heterozygous - 2.0, self.rare + 1.0, self.common + 1.0);
        let ratio = self.heterozygous * (self.heterozygous - 1.0) / (odds * rare * common);
        Self { heterozygous, rare, common, weight: self.weight * ratio }
    }
}

/// What is smaller than this part of a sum is lost in its rounding.
const NOTHING: f64 = 1e-17;

/// Where the sums begin, and the table seen.
#[derive(Clone, Copy)]
struct Start {
    peak: Table,
    odds: f64,
    /// Heterozygotes seen.
    seen: f64,
    /// Weight of the table seen.
    own: f64,
}

impl Start {
    /// A variant without weight.
    const NONE: Self = Self {
        peak: Table { heterozygous: 0.0, rare: 0.0, common: 0.0, weight: 0.0 },
        odds: 1.0,
        seen: 0.0,
        own: 0.0,
    };

    fn of(counts: DiploidCounts, odds: f64) -> Self {
        let peak = likeliest(counts, odds);
        let seen = counts.heterozygous as f64;
        let mut at = peak;
        while at.heterozygous < seen {
            at = at.up(odds);
        }
        while at.heterozygous > seen {
            at = at.down(odds);
        }
        Self { peak, odds, seen, own: at.weight }
    }

    // Tables that are as likely but for rounding are tied.
    fn low(&self) -> f64 {
        self.own * (1.0 - 1e-9)
    }

    fn high(&self) -> f64 {
        self.own * (1.0 + 1e-9)
    }
}

/// Sums outwards from near the likeliest table, so that nothing overflows, and no further than matters.
fn sums(start: &Start) -> TailSums {
    let (low, high, odds) = (start.low(), start.high(), start.odds);
    let mut out = TailSums { seen: start.own, ..TailSums::default() };
    let mut add = |table: Table| {
        out.total += table.weight;
        out.rarer += if table.weight < low { table.weight } else { 0.0 };
        out.tied += if table.weight >= low && table.weight <= high { table.weight } else { 0.0 };
        out.above += if table.heterozygous > start.seen { table.weight } else { 0.0 };
        table.weight < low && table.weight <= NOTHING * out.rarer
    };
    let mut at = start.peak;
    while !add(at) && at.rare >= 1.0 && at.common >= 1.0 {
        at = at.up(odds);
    }
    at = start.peak;
    while at.heterozygous >= 2.0 {
        at = at.down(odds);
        if add(at) {
            break;
        }
    }
    out
}

/// The likeliest table or one beside it, with weight 1: where the next is as likely, odds · (R − h)(C − h) / 4 = h² for
/// R copies of the rarer allele and C of the other.
fn likeliest(counts: DiploidCounts, odds: f64) -> Table {
    let (n, rare) = (counts.samples(), counts.rare());
    let (k, half) = (odds / 4.0, n as f64);
    let both = rare as f64 * (2 * n - rare) as f64;
    let root = (half * half * k * k - k * (k - 1.0) * both).max(0.0).sqrt();
    let peak = (k * both / (half * k + root)) as u64;
    let heterozygous = (peak - peak.min((peak ^ rare) & 1)).max(rare & 1).min(rare.min(2 * n - rare));
    let hom = (rare - heterozygous) / 2;
    let common = (n - heterozygous - hom) as f64;
    Table { heterozygous: heterozygous as f64, rare: hom as f64, common, weight: 1.0 }
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
