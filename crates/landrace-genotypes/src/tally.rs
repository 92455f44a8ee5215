//! What a set of genotypes looks like: counts that fold over blocks, for summaries and reports.

use crate::block::{GenotypeBlock, SiteCounts};
use crate::plane::MISSING;

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

/// Counts of one sample over the variants.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SampleTally {
    /// Variants with a call.
    pub called: u64,
    /// Heterozygous calls.
    pub heterozygous: u64,
    /// Calls that could be heterozygous: those of ploidy 2 and more.
    pub could_be_heterozygous: u64,
    /// Calls of the alternate alleles alone.
    pub alternate: u64,
    /// Sum of the depths that are known, and how many are.
    pub depth: (u64, u64),
    /// Sum of the genotype qualities that are known, rounded each, and how many are.
    pub genotype_quality: (u64, u64),
}

/// The bin of a share from 0 to `top`.
fn bin(share: f64, top: f64) -> usize {
    // A share that is a bin's lower edge belongs to it, whatever the rounding.
    (((share / top) * BINS as f64 + 1e-9).floor() as usize).min(BINS - 1)
}

impl Tally {
    /// Counts a block, whose variants' counts are at hand.
    pub fn of(block: &GenotypeBlock, counts: &[SiteCounts]) -> Self {
        let mut out = Self { samples: vec![SampleTally::default(); block.samples], ..Self::default() };
        let ploidies = block.ploidies();
        let mut codes = Vec::new();
        for (row, counts) in counts.iter().enumerate() {
            out.add_site(block, row, counts);
            block.unpack(row, &mut codes);
            for ((own, &code), &ploidy) in out.samples.iter_mut().zip(&codes).zip(&ploidies) {
                if code == MISSING {
                    continue;
                }
                own.called += 1;
                own.could_be_heterozygous += u64::from(ploidy > 1);
                own.heterozygous += u64::from(code > 0 && code < ploidy);
                own.alternate += u64::from(code == ploidy);
            }
            out.mend_multiallelic(block, row, &codes);
            out.add_layers(block, row);
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

    /// Two different alternate alleles look like one in the dosage: such calls are heterozygous.
    fn mend_multiallelic(&mut self, block: &GenotypeBlock, row: usize, codes: &[u8]) {
        if block.sites[row].alleles() < 3 {
            return;
        }
        let Some(calls) = block.layers.alleles.as_ref().and_then(|alleles| alleles.row(row)) else { return };
        for ((own, call), &code) in self.samples.iter_mut().zip(calls).zip(codes) {
            let ploidy = call.iter().filter(|&&allele| allele != crate::block::layer::ABSENT).count();
            if usize::from(code) == ploidy && call[..ploidy].iter().any(|&allele| allele != call[0]) {
                own.heterozygous += 1;
                own.alternate -= 1;
            }
        }
    }

    fn add_layers(&mut self, block: &GenotypeBlock, row: usize) {
        if let Some(depth) = &block.layers.depth {
            for (own, &depth) in self.samples.iter_mut().zip(depth.row(row)) {
                if let Ok(depth) = u64::try_from(depth) {
                    own.depth = (own.depth.0 + depth, own.depth.1 + 1);
                }
            }
        }
        if let Some(quality) = &block.layers.genotype_quality {
            for (own, &quality) in self.samples.iter_mut().zip(quality.row(row)) {
                if quality >= 0.0 {
                    let sum = own.genotype_quality.0 + quality.round() as u64;
                    own.genotype_quality = (sum, own.genotype_quality.1 + 1);
                }
            }
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
            own.called += other.called;
            own.heterozygous += other.heterozygous;
            own.could_be_heterozygous += other.could_be_heterozygous;
            own.alternate += other.alternate;
            own.depth = (own.depth.0 + other.depth.0, own.depth.1 + other.depth.1);
            own.genotype_quality.0 += other.genotype_quality.0;
            own.genotype_quality.1 += other.genotype_quality.1;
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
