//! Counts over the called sites, for the summary.

use std::collections::BTreeMap;

use crate::filter::Filter;
use crate::record::allele_counts;
use crate::tile::PlacedCall;

/// Kinds of sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SiteKind {
    /// One other base, or several.
    Snp,
    /// Inserted bases.
    Insertion,
    /// Deleted bases.
    Deletion,
    /// Inserted and deleted bases as alleles of one site.
    MixedIndel,
}

impl SiteKind {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Snp => "SNP",
            Self::Insertion => "insertion",
            Self::Deletion => "deletion",
            Self::MixedIndel => "insertion and deletion",
        }
    }
}

/// What a sample's genotypes add up to, over sites that pass.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SampleTally {
    /// Genotypes called.
    pub called: u64,
    /// Genotypes with two alleles or more.
    pub heterozygous: u64,
    /// Genotypes of alternate alleles alone.
    pub alternate: u64,
    /// Sites without a genotype.
    pub missing: u64,
    /// Reads over all sites.
    pub depth: u64,
}

/// Counts over sites, in order of writing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Sites written.
    pub sites: u64,
    /// Sites that pass all filters.
    pub passing: u64,
    /// Sites by kind: all, and those that pass.
    pub kinds: BTreeMap<SiteKind, [u64; 2]>,
    /// Sites by filter.
    pub filters: BTreeMap<&'static str, u64>,
    /// Sites of several alternate alleles.
    pub multiallelic: u64,
    /// Sites by QUAL, in steps of 10 up to 1,000.
    pub qualities: BTreeMap<u32, u64>,
    /// Sites that pass by frequency of the alternate alleles, in twentieths.
    pub frequencies: [u64; 20],
    /// Single-base changes within purines or pyrimidines, at sites that pass.
    pub transitions: u64,
    /// Single-base changes between them, at sites that pass.
    pub transversions: u64,
    /// The samples.
    pub samples: Vec<SampleTally>,
}

impl Tally {
    pub(crate) fn new(samples: usize) -> Self {
        Self { samples: vec![SampleTally::default(); samples], ..Self::default() }
    }

    pub(crate) fn add(&mut self, placed: &PlacedCall) {
        let passes = placed.call.filters.is_empty();
        self.sites += 1;
        let kind = self.kinds.entry(kind(placed)).or_default();
        kind[0] += 1;
        kind[1] += u64::from(passes);
        for filter in &placed.call.filters {
            *self.filters.entry(Filter::name(*filter)).or_default() += 1;
        }
        self.multiallelic += u64::from(placed.alternates.len() > 1);
        let step = (placed.call.quality.min(1_000.0) / 10.0) as u32 * 10;
        *self.qualities.entry(step).or_default() += 1;
        if passes {
            self.passing += 1;
            self.add_passing(placed);
        }
    }

    fn add_passing(&mut self, placed: &PlacedCall) {
        if placed.reference.len() == 1 {
            for alternate in placed.alternates.iter().filter(|alternate| alternate.len() == 1) {
                // A and G have codes 0 and 2, C and T 1 and 3.
                let is_transition = (placed.reference[0] ^ alternate[0]) == 2;
                *(if is_transition { &mut self.transitions } else { &mut self.transversions }) += 1;
            }
        }
        let counts = allele_counts(placed);
        let total: u32 = counts.iter().sum();
        let bin = u64::from(total - counts[0]) * 20 / u64::from(total.max(1));
        self.frequencies[(bin as usize).min(19)] += 1;
        for (tally, sample) in self.samples.iter_mut().zip(&placed.call.samples) {
            tally.depth += u64::from(sample.depth);
            let Some(genotype) = &sample.genotype else {
                tally.missing += 1;
                continue;
            };
            tally.called += 1;
            tally.heterozygous += u64::from(genotype.iter().filter(|copies| **copies > 0).count() > 1);
            tally.alternate += u64::from(genotype[0] == 0);
        }
    }
}

fn kind(placed: &PlacedCall) -> SiteKind {
    let length = placed.reference.len();
    let longer = placed.alternates.iter().any(|alternate| alternate.len() > length);
    let shorter = placed.alternates.iter().any(|alternate| alternate.len() < length);
    match (longer, shorter) {
        (false, false) => SiteKind::Snp,
        (true, false) => SiteKind::Insertion,
        (false, true) => SiteKind::Deletion,
        (true, true) => SiteKind::MixedIndel,
    }
}
