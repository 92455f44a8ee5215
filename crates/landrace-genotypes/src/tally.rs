//! What a set of genotypes looks like: counts that fold over blocks, for summaries and reports.

use crate::block::{GenotypeBlock, SiteCounts};

mod samples;

pub use samples::SampleTally;

/// Bins of each histogram.
pub const BINS: usize = 20;

/// Counts over variants and samples; the same whatever the blocks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Variants.
    pub variants: u64,
    /// Variants of single bases.
    pub snps: u64,
    /// Variants with more than two alleles.
    pub multiallelic: u64,
    /// Changes A↔G and C↔T among biallelic SNPs.
    pub transitions: u64,
    /// Other changes among biallelic SNPs.
    pub transversions: u64,
    /// Variants by minor allele frequency, in bins of 0.025 from 0 to 0.5.
    pub minor_frequency: [u64; BINS],
    /// Variants by share of missing calls, in bins of 0.05.
    pub missing: [u64; BINS],
    /// Variants by share of heterozygous calls, in bins of 0.05.
    pub heterozygosity: [u64; BINS],
    /// What each sample has.
    pub samples: Vec<SampleTally>,
}

/// The bin of a share from 0 to `top`.
fn bin(share: f64, top: f64) -> usize {
    // A share that is a bin's lower edge belongs to it, whatever the rounding.
    (((share / top) * BINS as f64 + 1e-9).floor() as usize).min(BINS - 1)
}

impl Tally {
    /// Counts a block, whose variants' counts are at hand.
    pub fn of(block: &GenotypeBlock, counts: &[SiteCounts]) -> Self {
        let mut out = Self { samples: samples::count(block, counts), ..Self::default() };
        for (row, counts) in counts.iter().enumerate() {
            out.add_site(block, row, counts);
        }
        out
    }

    fn add_site(&mut self, block: &GenotypeBlock, row: usize, counts: &SiteCounts) {
        let site = &block.sites[row];
        self.variants += 1;
        self.snps += u64::from(site.is_snp());
        self.multiallelic += u64::from(site.alleles() > 2);
        if let (true, [alternate]) = (site.is_snp(), site.alternates.as_slice()) {
            match is_transition(&site.reference, alternate) {
                true => self.transitions += 1,
                false => self.transversions += 1,
            }
        }
        if let Some(maf) = counts.minor_frequency() {
            self.minor_frequency[bin(maf, 0.5)] += 1;
        }
        self.missing[bin(1.0 - counts.call_rate(), 1.0)] += 1;
        if let Some(het) = counts.heterozygosity() {
            self.heterozygosity[bin(het, 1.0)] += 1;
        }
    }

    /// Takes over another block's counts.
    pub fn merge(&mut self, other: &Self) {
        self.variants += other.variants;
        self.snps += other.snps;
        self.multiallelic += other.multiallelic;
        self.transitions += other.transitions;
        self.transversions += other.transversions;
        let pairs = [
            (&mut self.minor_frequency, &other.minor_frequency),
            (&mut self.missing, &other.missing),
            (&mut self.heterozygosity, &other.heterozygosity),
        ];
        for (own, other) in pairs {
            own.iter_mut().zip(other).for_each(|(own, other)| *own += other);
        }
        self.samples.resize(self.samples.len().max(other.samples.len()), SampleTally::default());
        for (own, other) in self.samples.iter_mut().zip(&other.samples) {
            own.merge(other);
        }
    }

    /// Transitions per transversion; `None` without transversions.
    pub fn transition_ratio(&self) -> Option<f64> {
        (self.transversions > 0).then(|| self.transitions as f64 / self.transversions as f64)
    }
}

fn is_transition(reference: &str, alternate: &str) -> bool {
    matches!(
        (reference.to_ascii_uppercase().as_str(), alternate.to_ascii_uppercase().as_str()),
        ("A", "G") | ("G", "A") | ("C", "T") | ("T", "C")
    )
}
