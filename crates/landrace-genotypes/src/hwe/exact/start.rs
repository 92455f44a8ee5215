//! Where a test begins: the table of genotypes seen.

use super::{DiploidCounts, OUTBRED, factorials};

/// The table seen: heterozygotes, both kinds of homozygotes, and how likely it is.
#[derive(Clone, Copy)]
pub(super) struct Start {
    pub(super) heterozygous: f64,
    pub(super) rare: f64,
    pub(super) common: f64,
    pub(super) odds: f64,
    /// Its probability, or a multiple of it.
    pub(super) weight: f64,
    /// Whether the weight is the probability.
    pub(super) is_share: bool,
    /// Whether tables with more heterozygotes are less likely, and not those with fewer.
    pub(super) outward_is_up: bool,
}

impl Start {
    /// A variant without weight.
    pub(super) const NONE: Self = Self {
        heterozygous: 0.0,
        rare: 0.0,
        common: 0.0,
        odds: OUTBRED,
        weight: 0.0,
        is_share: true,
        outward_is_up: true,
    };

    pub(super) fn of(counts: DiploidCounts, odds: f64) -> Self {
        let seen = Table::seen(counts);
        let is_share = odds == OUTBRED;
        let Table { heterozygous, rare, common, .. } = seen;
        Self {
            heterozygous,
            rare,
            common,
            odds,
            weight: if is_share { probability(counts) } else { beside_likeliest(counts, odds) },
            is_share,
            // A neighbour that is as likely lies inwards.
            outward_is_up: seen.up(odds).weight < 1.0 - 1e-9,
        }
    }
}

/// The probability of the table in Hardy-Weinberg proportions, given its allele counts:
/// 2ʰ n! r! c! / (a! h! b! (2n)!) for r and c copies of the alleles.
fn probability(counts: DiploidCounts) -> f64 {
    let ln = factorials::ln;
    let DiploidCounts { homozygous, heterozygous, other_homozygous } = counts;
    let (n, copies) = (counts.samples(), 2 * homozygous + heterozygous);
    let ways = ln(n) - ln(homozygous) - ln(heterozygous) - ln(other_homozygous);
    let all = ln(2 * n) - ln(copies) - ln(2 * n - copies);
    (heterozygous as f64 * std::f64::consts::LN_2 + ways - all).exp()
}

/// The probability of the table as a part of the likeliest one's.
fn beside_likeliest(counts: DiploidCounts, odds: f64) -> f64 {
    let (mut at, seen) = (Table::likeliest(counts, odds), counts.heterozygous as f64);
    while at.heterozygous < seen {
        at = at.up(odds);
    }
    while at.heterozygous > seen {
        at = at.down(odds);
    }
    at.weight
}

/// A table with the allele counts.
#[derive(Clone, Copy)]
struct Table {
    heterozygous: f64,
    rare: f64,
    common: f64,
    weight: f64,
}

impl Table {
    fn seen(counts: DiploidCounts) -> Self {
        let rare = counts.homozygous.min(counts.other_homozygous) as f64;
        let common = counts.homozygous.max(counts.other_homozygous) as f64;
        Self { heterozygous: counts.heterozygous as f64, rare, common, weight: 1.0 }
    }

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

    /// The likeliest table or one beside it, with weight 1: where the next is as likely, odds · (R − h)(C − h) / 4 = h²
    /// for R copies of the rarer allele and C of the other.
    fn likeliest(counts: DiploidCounts, odds: f64) -> Self {
        let (n, rare) = (counts.samples(), counts.rare());
        let (k, half) = (odds / 4.0, n as f64);
        let both = rare as f64 * (2 * n - rare) as f64;
        let root = (half * half * k * k - k * (k - 1.0) * both).max(0.0).sqrt();
        let peak = (k * both / (half * k + root)) as u64;
        let heterozygous = (peak - peak.min((peak ^ rare) & 1)).max(rare & 1).min(rare.min(2 * n - rare));
        let hom = (rare - heterozygous) / 2;
        let common = (n - heterozygous - hom) as f64;
        Self { heterozygous: heterozygous as f64, rare: hom as f64, common, weight: 1.0 }
    }
}
