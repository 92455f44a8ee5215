//! Effects of plates, batches and places on a plate: in the samples, and variant by variant.

use crate::block::{GenotypeBlock, SiteCounts};
use crate::plane::MISSING;
use crate::significance::{chi_squared_tail, fisher_exact};
use crate::stats::{Fold, number};
use crate::tally::{SampleTally, Tally};

mod plate;

pub use plate::{PlateMap, Well, plate_maps, well};

/// Samples by batch, plate, row or column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grouping {
    /// What the groups are: `batch`, `plate`, `row` or `column`.
    pub kind: String,
    /// Names of the groups.
    pub names: Vec<String>,
    /// The group of each sample; `None` for those of none.
    pub of_samples: Vec<Option<usize>>,
}

/// Bins of the histogram of p-values.
pub const BINS: usize = 20;
/// P-values below which variants are counted.
pub const LEVELS: [f64; 3] = [0.01, 0.001, 1e-6];
/// Columns of the table of variants.
pub const VARIANT_COLUMNS: &str = "contig\tposition\tid\tcall_rate_p\tcall_rate_outlier\tallele_frequency_p";
/// Columns of the table of groups.
pub const GROUP_COLUMNS: &str = "grouping\tgroup\tsamples\tcall_rate\theterozygosity\tinbreeding\tmean_depth";

/// P-values of one kind of test over the variants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PValues {
    /// Variants tested.
    pub tested: u64,
    /// Variants below each of [`LEVELS`].
    pub below: [u64; LEVELS.len()],
    /// In bins of 0.05.
    pub histogram: [u64; BINS],
}

impl PValues {
    fn add(&mut self, p: f64) {
        self.tested += 1;
        for (count, level) in self.below.iter_mut().zip(LEVELS) {
            *count += u64::from(p < level);
        }
        self.histogram[((p * BINS as f64) as usize).min(BINS - 1)] += 1;
    }

    fn merge(&mut self, other: &Self) {
        self.tested += other.tested;
        self.below.iter_mut().zip(other.below).for_each(|(own, other)| *own += other);
        self.histogram.iter_mut().zip(other.histogram).for_each(|(own, other)| *own += other);
    }
}

/// What the tests of a block or of all blocks gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchTests {
    /// Of the share of calls.
    pub call_rate: PValues,
    /// Of the frequency of the alternate alleles.
    pub allele_frequency: PValues,
    /// How often each group's call rate was furthest from the others' at p < 0.001.
    pub outliers: Vec<u64>,
    /// Lines of the table of variants.
    pub lines: String,
}

impl BatchTests {
    /// Takes over a block's tests and gives its lines of the table of variants.
    pub fn add(&mut self, part: Self) -> String {
        self.call_rate.merge(&part.call_rate);
        self.allele_frequency.merge(&part.allele_frequency);
        self.outliers.resize(self.outliers.len().max(part.outliers.len()), 0);
        self.outliers.iter_mut().zip(&part.outliers).for_each(|(own, other)| *own += other);
        part.lines
    }
}

impl Fold for Grouping {
    type Part = BatchTests;

    fn part(&self, block: &GenotypeBlock, _: &[SiteCounts]) -> BatchTests {
        let mut out = BatchTests { outliers: vec![0; self.names.len()], ..BatchTests::default() };
        let ploidies = block.ploidies();
        let (mut codes, mut calls) = (Vec::new(), vec![(0, 0); self.names.len()]);
        let mut shares: Vec<(usize, f64)> = Vec::new();
        for row in 0..block.rows() {
            block.unpack(row, &mut codes);
            calls.fill((0, 0));
            shares.clear();
            for ((&code, &ploidy), group) in codes.iter().zip(&ploidies).zip(&self.of_samples) {
                let Some(group) = *group else { continue };
                calls[group].1 += 1;
                if code != MISSING {
                    calls[group].0 += 1;
                    shares.push((group, f64::from(code) / f64::from(ploidy)));
                }
            }
            let call_rate = compare_call_rates(&calls);
            let frequency = compare_frequencies(&shares, self.names.len());
            if let Some((p, outlier)) = call_rate {
                out.call_rate.add(p);
                out.outliers[outlier] += u64::from(p < 0.001);
            }
            frequency.into_iter().for_each(|p| out.allele_frequency.add(p));
            let site = &block.sites[row];
            out.lines += &format!(
                "{}\t{}\t{}\t{}\t{}\t{}\n",
                block.contig,
                site.position.map_or(0, landrace_genome::Position::get),
                if site.id.is_empty() { "." } else { &site.id },
                number(call_rate.map(|pair| pair.0)),
                call_rate.map_or("NA", |pair| &self.names[pair.1]),
                number(frequency)
            );
        }
        out
    }
}

/// Whether groups differ in their share of calls, and which is furthest from the others: calls and samples of each
/// group. Chi-squared where five calls and five gaps are expected in each group; else Fisher's exact test of each
/// group against the others, the smallest p-value times the number of groups (of two groups, once). `None` where
/// all samples are called, or none.
pub fn compare_call_rates(groups: &[(u64, u64)]) -> Option<(f64, usize)> {
    let (called, all) = groups.iter().fold((0, 0), |sum, group| (sum.0 + group.0, sum.1 + group.1));
    let present = groups.iter().filter(|group| group.1 > 0).count();
    if called == 0 || called == all || present < 2 {
        return None;
    }
    let share = called as f64 / all as f64;
    let distance = |&(own, of): &(u64, u64)| {
        let (expected, spread) = (of as f64 * share, (of as f64 * share * (1.0 - share)).sqrt());
        if of == 0 { 0.0 } else { (own as f64 - expected).abs() / spread }
    };
    // Of equals, the first.
    let outlier =
        (0..groups.len()).rev().max_by(|&a, &b| distance(&groups[a]).total_cmp(&distance(&groups[b])));
    let least = groups.iter().filter(|group| group.1 > 0).map(|group| group.1).min().unwrap_or(0) as f64;
    let p = if present > 2 && least * share.min(1.0 - share) >= 5.0 {
        let statistic: f64 = groups.iter().map(|group| distance(group).powi(2)).sum();
        chi_squared_tail(statistic, u32::try_from(present - 1).unwrap_or(u32::MAX))
    } else {
        let against = |&(own, of): &(u64, u64)| fisher_exact(own, of, called - own, all - of);
        let times = if present == 2 { 1.0 } else { present as f64 };
        let least = groups.iter().filter(|group| group.1 > 0).map(against).fold(1.0, f64::min);
        (least * times).min(1.0)
    };
    Some((p, outlier?))
}

/// Whether groups differ in the frequency of the alternate alleles: values are pairs of group and dosage over
/// ploidy. The test is that of samples shuffled between groups (see [`compare_means`]), so that inbred samples,
/// whose alleles come in pairs, do not look like a batch effect. `None` with fewer than three copies of the rarer
/// allele a group.
fn compare_frequencies(values: &[(usize, f64)], groups: usize) -> Option<f64> {
    let sum: f64 = values.iter().map(|pair| pair.1).sum();
    let rarer = sum.min(values.len() as f64 - sum);
    (rarer >= 1.5 * groups as f64).then(|| compare_means(values, groups)).flatten()
}

/// Whether groups differ in their mean, when any sample could be in any group: (n − 1) times the share of the
/// sum of squares that lies between groups is chi-squared with one degree of freedom less than there are groups
/// (of Kruskal and Wallis, on values in place of ranks). `None` with one group, or where all values are the same.
pub fn compare_means(values: &[(usize, f64)], groups: usize) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().map(|pair| pair.1).sum::<f64>() / n;
    let mut sums = vec![(0u64, 0.0); groups];
    let mut total = 0.0;
    for &(group, value) in values {
        sums[group].0 += 1;
        sums[group].1 += value - mean;
        total += (value - mean).powi(2);
    }
    let present = sums.iter().filter(|sum| sum.0 > 0).count();
    if present < 2 || values.len() <= present || total <= 1e-12 {
        return None;
    }
    let between: f64 = sums.iter().filter(|sum| sum.0 > 0).map(|sum| sum.1 * sum.1 / sum.0 as f64).sum();
    Some(chi_squared_tail((n - 1.0) * between / total, u32::try_from(present - 1).unwrap_or(u32::MAX)))
}

impl Grouping {
    /// What each group's samples have in all.
    pub fn sums(&self, samples: &[SampleTally]) -> Vec<(u64, SampleTally)> {
        let mut out = vec![(0, SampleTally::default()); self.names.len()];
        for (own, group) in samples.iter().zip(&self.of_samples) {
            if let Some(group) = *group {
                out[group].0 += 1;
                out[group].1.merge(own);
            }
        }
        out
    }

    /// Lines of the table of groups.
    pub fn lines(&self, tally: &Tally) -> String {
        let ratio = |part: u64, whole: u64| number((whole > 0).then(|| part as f64 / whole as f64));
        let line = |(name, (samples, own)): (&String, &(u64, SampleTally))| {
            format!(
                "{}\t{name}\t{samples}\t{}\t{}\t{}\t{}\n",
                self.kind,
                ratio(own.called, tally.variants * samples),
                number(own.heterozygosity()),
                number(own.inbreeding()),
                ratio(own.depth.0, own.depth.1)
            )
        };
        self.names.iter().zip(&self.sums(&tally.samples)).map(line).collect()
    }

    /// P-values of differences between the groups in the samples' call rates and heterozygosities.
    pub fn tests(&self, tally: &Tally) -> (Option<f64>, Option<f64>) {
        let members = || tally.samples.iter().zip(&self.of_samples).filter_map(|(own, g)| Some(((*g)?, own)));
        let rates: Vec<(usize, f64)> =
            members().map(|(group, own)| (group, own.called as f64 / tally.variants.max(1) as f64)).collect();
        let hets: Vec<(usize, f64)> =
            members().filter_map(|(group, own)| Some((group, own.heterozygosity()?))).collect();
        (compare_means(&rates, self.names.len()), compare_means(&hets, self.names.len()))
    }
}

#[cfg(test)]
mod tests {
    use rand_core::{Rng, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    #[test]
    fn known_tables() {
        // R: fisher.test(matrix(c(9, 1, 3, 11), 2)); chisq.test(matrix(c(40, 10, 30, 20, 45, 5), 2))
        let (p, outlier) = compare_call_rates(&[(9, 10), (3, 14)]).unwrap();
        assert!((p - 0.002_759_456).abs() < 1e-8 && outlier == 0);
        let (p, outlier) = compare_call_rates(&[(40, 50), (30, 50), (45, 50)]).unwrap();
        assert!((p - 0.001_471_108).abs() < 1e-8, "{p}");
        assert_eq!(outlier, 1);
        assert_eq!(compare_call_rates(&[(5, 5), (7, 7)]), None);
        assert_eq!(compare_call_rates(&[(5, 9), (0, 0)]), None);
    }

    #[test]
    fn chance_alone_gives_small_values_as_often_as_it_should() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
        let mut below = [0u32; 2];
        for _ in 0..2000 {
            // Inbred samples: 0 or 1; the groups mean nothing.
            let values: Vec<(usize, f64)> =
                (0..200).map(|i| (i % 4, f64::from(u8::from(random.next_u32() % 10 < 3)))).collect();
            below[0] += u32::from(compare_frequencies(&values, 4).is_some_and(|p| p < 0.05));
            let calls: Vec<(u64, u64)> =
                (0..4).map(|_| ((0..50).filter(|_| random.next_u32() % 10 < 7).count() as u64, 50)).collect();
            below[1] += u32::from(compare_call_rates(&calls).is_some_and(|pair| pair.0 < 0.05));
        }
        assert!(below.iter().all(|count| (70..135).contains(count)), "{below:?}");
        let apart: Vec<(usize, f64)> = (0..80).map(|i| (i % 2, f64::from(u8::from(i % 2 == 0)))).collect();
        assert!(compare_frequencies(&apart, 2).unwrap() < 1e-15);
    }
}
