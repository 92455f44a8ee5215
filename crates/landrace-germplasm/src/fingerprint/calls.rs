//! Genotype calls as classes: two accessions differ at a marker if both have a class there and the classes differ.

use std::collections::BTreeMap;

use landrace_genotypes::block::layer::{ABSENT, UNKNOWN};
use landrace_genotypes::plane::MISSING;
use landrace_genotypes::{GenotypeBlock, GenotypeMatrix};
use rayon::prelude::*;

/// The class of a call that is missing, or that is not certain.
pub const NO_CLASS: u8 = 0;

/// Most classes a marker: calls of rarer genotypes count as missing.
const MOST_CLASSES: usize = 254;

/// Which calls differ for certain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Certain {
    /// Any two genotypes that are not the same, a heterozygote and a homozygote too.
    #[default]
    Calls,
    /// Homozygotes of different alleles alone: for low coverage, where a heterozygote may be seen as a homozygote.
    Homozygotes,
    /// Other alleles present, whatever their dosage: for polyploids whose dosage is not sure.
    Alleles,
}

impl Certain {
    /// All, with the names they have in flags.
    pub const ALL: [(&'static str, Self); 3] =
        [("calls", Self::Calls), ("hom", Self::Homozygotes), ("alleles", Self::Alleles)];

    /// The name of this one.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, one)| *one == self).map_or("calls", |(name, _)| name)
    }
}

/// A genotype as its alleles (0 is the reference) and how often each occurs, in lowest terms: A/A/G/G is A/G.
pub type Genotype = Vec<(u8, u8)>;

/// The calls of one marker as classes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarkerCalls {
    /// Class of each sample: [`NO_CLASS`], or 1 and up.
    pub codes: Vec<u8>,
    /// The genotype of each class, the first being that of class 1; in the order of their alleles.
    pub classes: Vec<Genotype>,
    /// Highest ploidy among the samples.
    pub ploidy: u8,
    /// Calls of genotypes beyond the classes that there is room for.
    pub beyond: usize,
}

/// The calls of every variant of `variants`, in that order. Runs on all threads.
pub fn read_calls(matrix: &GenotypeMatrix, variants: &[usize], certain: Certain) -> Vec<MarkerCalls> {
    let one = |&variant: &usize| {
        let (block, row) = matrix.locate(variant);
        marker_calls(block, row, certain)
    };
    variants.par_iter().map(one).collect()
}

fn marker_calls(block: &GenotypeBlock, row: usize, certain: Certain) -> MarkerCalls {
    let ploidy = block.max_ploidy();
    let genotypes = match block.layers.alleles.as_ref().and_then(|alleles| alleles.row(row)) {
        Some(calls) if block.sites[row].alleles() > 2 => calls.map(of_alleles).collect(),
        _ => of_dosages(block, row),
    };
    let certain_part = |genotype: Genotype| match certain {
        Certain::Calls => Some(genotype),
        Certain::Homozygotes => (genotype.len() == 1).then_some(genotype),
        Certain::Alleles => Some(genotype.into_iter().map(|(allele, _)| (allele, 1)).collect()),
    };
    let genotypes: Vec<Option<Genotype>> =
        genotypes.into_iter().map(|genotype| genotype.and_then(certain_part)).collect();
    let mut counts: BTreeMap<&Genotype, usize> = BTreeMap::new();
    for genotype in genotypes.iter().flatten() {
        *counts.entry(genotype).or_default() += 1;
    }
    let mut kept: Vec<(&Genotype, usize)> = counts.into_iter().collect();
    let mut beyond = 0;
    if kept.len() > MOST_CLASSES {
        kept.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        beyond = kept.drain(MOST_CLASSES..).map(|(_, count)| count).sum();
    }
    let mut classes: Vec<Genotype> = kept.into_iter().map(|(genotype, _)| genotype.clone()).collect();
    classes.sort_by_key(order);
    let places: BTreeMap<&Genotype, u8> = classes.iter().zip(1u8..).collect();
    let code = |genotype: &Option<Genotype>| {
        genotype.as_ref().and_then(|own| places.get(own)).copied().unwrap_or(NO_CLASS)
    };
    let codes = genotypes.iter().map(code).collect();
    MarkerCalls { codes, classes, ploidy, beyond }
}

/// Orders genotypes from the reference's homozygote by rising share of later alleles.
fn order(genotype: &Genotype) -> (u32, Genotype) {
    let all: u32 = genotype.iter().map(|&(_, count)| u32::from(count)).sum();
    let weight: u32 = genotype.iter().map(|&(allele, count)| u32::from(allele) * u32::from(count)).sum();
    (weight * 360_360 / all.max(1), genotype.clone())
}

fn of_dosages(block: &GenotypeBlock, row: usize) -> Vec<Option<Genotype>> {
    let (mut codes, ploidies) = (Vec::new(), block.ploidies());
    block.unpack(row, &mut codes);
    let genotype = |(&code, &ploidy): (&u8, &u8)| {
        (code != MISSING).then(|| lowest_terms(vec![(0, ploidy.saturating_sub(code)), (1, code)]))
    };
    codes.iter().zip(&ploidies).map(genotype).collect()
}

fn of_alleles(call: &[u8]) -> Option<Genotype> {
    let called: Vec<u8> = call.iter().copied().filter(|&code| code != ABSENT).collect();
    (!called.is_empty() && !called.contains(&UNKNOWN)).then(|| from_alleles(&called))
}

/// The genotype of a list of alleles.
pub(super) fn from_alleles(alleles: &[u8]) -> Genotype {
    let mut counts: BTreeMap<u8, u8> = BTreeMap::new();
    for &allele in alleles {
        *counts.entry(allele).or_default() += 1;
    }
    lowest_terms(counts.into_iter().collect())
}

fn lowest_terms(mut genotype: Genotype) -> Genotype {
    genotype.retain(|&(_, count)| count > 0);
    let common = genotype.iter().fold(0, |divisor, &(_, count)| greatest_common(divisor, count));
    genotype.iter_mut().for_each(|(_, count)| *count /= common.max(1));
    genotype
}

fn greatest_common(a: u8, b: u8) -> u8 {
    if b == 0 { a } else { greatest_common(b, a % b) }
}

/// A genotype in letters, `A/A/G/G`, at the marker's ploidy where that is a multiple of its terms.
pub fn spell(genotype: &Genotype, ploidy: u8, allele: impl Fn(u8) -> String) -> String {
    let terms: u8 = genotype.iter().map(|&(_, count)| count).sum();
    let times = if terms > 0 && ploidy.is_multiple_of(terms) { ploidy / terms } else { 1 };
    let words = genotype.iter().flat_map(|&(index, count)| {
        std::iter::repeat_n(allele(index), usize::from(count) * usize::from(times))
    });
    words.collect::<Vec<_>>().join("/")
}

/// The classes of all accessions at all markers, by marker and by sample.
#[derive(Clone, Debug, Default)]
pub struct Profiles {
    samples: usize,
    markers: usize,
    by_marker: Vec<u8>,
    by_sample: Vec<u8>,
}

impl Profiles {
    /// Puts the codes of markers together; each has one code a sample.
    pub fn new(samples: usize, markers: &[&[u8]]) -> Self {
        let by_marker: Vec<u8> = markers.concat();
        let mut by_sample = vec![NO_CLASS; by_marker.len()];
        let width = markers.len();
        if width > 0 {
            by_sample.par_chunks_mut(width).enumerate().for_each(|(sample, row)| {
                for (to, codes) in row.iter_mut().zip(markers) {
                    *to = codes[sample];
                }
            });
        }
        Self { samples, markers: width, by_marker, by_sample }
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Number of markers.
    pub fn markers(&self) -> usize {
        self.markers
    }

    /// The classes of all samples at a marker.
    pub fn marker(&self, marker: usize) -> &[u8] {
        &self.by_marker[marker * self.samples..(marker + 1) * self.samples]
    }

    /// The classes of a sample at all markers.
    pub fn sample(&self, sample: usize) -> &[u8] {
        &self.by_sample[sample * self.markers..(sample + 1) * self.markers]
    }

    /// Whether two samples certainly differ at a marker.
    #[inline]
    pub fn differ(&self, marker: usize, a: usize, b: usize) -> bool {
        let codes = self.marker(marker);
        differ(codes[a], codes[b])
    }

    /// At how many markers two samples both have a class, and at how many they differ. Counting stops once more
    /// than `enough` differences are found; then both numbers are of the markers so far, and the third is true.
    pub fn compare(&self, a: usize, b: usize, enough: u32) -> (u32, u32, bool) {
        let (a, b) = (self.sample(a), self.sample(b));
        let (mut shared, mut different) = (0u32, 0u32);
        // Bytes hold the counts of 16 lanes for up to 255 steps.
        for (a, b) in a.chunks(2048).zip(b.chunks(2048)) {
            let (own, other) = count_chunk(a, b);
            shared += own;
            different += other;
            if different > enough {
                return (shared, different, true);
            }
        }
        (shared, different, false)
    }
}

/// Whether two classes differ for certain.
#[inline]
pub(super) fn differ(a: u8, b: u8) -> bool {
    a != b && a != NO_CLASS && b != NO_CLASS
}

fn count_chunk(a: &[u8], b: &[u8]) -> (u32, u32) {
    let (mut shared, mut different) = ([0u8; 32], [0u8; 32]);
    let (a_lanes, a_rest) = a.as_chunks::<32>();
    let (b_lanes, b_rest) = b.as_chunks::<32>();
    for (x, y) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..32 {
            let both = u8::from(x[lane].min(y[lane]) != NO_CLASS);
            shared[lane] += both;
            different[lane] += both & u8::from(x[lane] != y[lane]);
        }
    }
    let sum = |lanes: [u8; 32]| lanes.iter().map(|&lane| u32::from(lane)).sum::<u32>();
    let (mut shared, mut different) = (sum(shared), sum(different));
    for (&x, &y) in a_rest.iter().zip(b_rest) {
        shared += u32::from(x.min(y) != NO_CLASS);
        different += u32::from(differ(x, y));
    }
    (shared, different)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn comparisons_count_what_both_have(codes in prop::collection::vec((0u8..4, 0u8..4), 1..300)) {
            let markers: Vec<[u8; 2]> = codes.iter().map(|&(a, b)| [a, b]).collect();
            let rows: Vec<&[u8]> = markers.iter().map(|row| row.as_slice()).collect();
            let profiles = Profiles::new(2, &rows);
            let shared = codes.iter().filter(|(a, b)| *a != 0 && *b != 0).count();
            let different = codes.iter().filter(|(a, b)| *a != 0 && *b != 0 && a != b).count();
            prop_assert_eq!(profiles.compare(1, 0, u32::MAX), (shared as u32, different as u32, false));
        }
    }

    #[test]
    fn genotypes_are_spelt_at_the_ploidy_of_the_marker() {
        let letters = |index: u8| ["A", "G", "T"][usize::from(index)].to_owned();
        assert_eq!(spell(&vec![(0, 1)], 2, letters), "A/A");
        assert_eq!(spell(&vec![(0, 1), (1, 1)], 4, letters), "A/A/G/G");
        assert_eq!(spell(&vec![(0, 1), (2, 2)], 3, letters), "A/T/T");
        assert_eq!(lowest_terms(vec![(0, 2), (1, 4)]), vec![(0, 1), (1, 2)]);
    }
}
