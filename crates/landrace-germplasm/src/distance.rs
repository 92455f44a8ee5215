//! How much each two accessions differ, over the variants that both have a call of.
//!
//! Two measures come of one pass: the share of differing calls, which identity and duplicates go by, and the
//! allele distance, the mean difference of the non-reference dosages as shares of the ploidy, which for diploids
//! is 1 minus the usual identity by state. Accessions of different ploidy compare by the shares: a diploid A/G
//! is equal to a tetraploid A/A/G/G. Of a variant of several alleles (a microsatellite) the allele distance is half the
//! sum of the differences over its alleles, which is 1 minus the share of alleles in common (Bowcock et al. 1994) and for
//! two alleles the same as above.
//!
//! A block of variants is turned to one row of bits an accession, with a plane for each step that the dosage can
//! take, so that two accessions compare by exclusive or and popcount; variants of several alleles have planes for each
//! allele. All sums are whole numbers: they do not depend on threads or on the order of variants.

use std::ops::Range;
use std::sync::Arc;

use landrace_genotypes::block::layer::{ABSENT, UNKNOWN};
use landrace_genotypes::kernel::compare_samples;
use landrace_genotypes::plane::MISSING;
use landrace_genotypes::{GenotypeBlock, GenotypeError, GenotypeSource, for_each_block};
use rayon::prelude::*;

/// Every ploidy up to 14 divides it: dosage differences are summed in this many parts of a whole.
pub(crate) const PARTS: u64 = 360_360;

/// The comparisons of all pairs of accessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distances {
    samples: Arc<[String]>,
    /// Row i holds the pairs of i with 0 to i − 1.
    rows: Vec<Vec<Pair>>,
}

/// What two accessions have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pair {
    compared: u32,
    different: u32,
    parts: u64,
}

/// Compares all pairs of samples.
///
/// Memory: 16 bytes a pair, which is 200 MB for 5,000 accessions, whatever the number of variants.
///
/// # Errors
/// Returns the source's error.
pub fn distances(source: &mut dyn GenotypeSource) -> Result<Distances, GenotypeError> {
    let samples = source.header().samples.clone();
    let mut rows: Vec<Vec<Pair>> = (0..samples.len()).map(|index| vec![Pair::default(); index]).collect();
    for_each_block(
        source,
        |block| Ok(Steps::of(&block)),
        |steps| {
            rows.par_iter_mut().enumerate().for_each(|(sample, row)| steps.compare(sample, row));
            Ok(())
        },
    )?;
    Ok(Distances { samples, rows })
}

impl Distances {
    /// Names of the samples, in the order of their indices.
    pub fn samples(&self) -> &[String] {
        &self.samples
    }

    fn pair(&self, a: usize, b: usize) -> Option<Pair> {
        self.rows.get(a.max(b))?.get(a.min(b)).copied()
    }

    /// Number of variants that two samples both have a call of; 0 for a sample with itself.
    pub fn compared(&self, a: usize, b: usize) -> u32 {
        self.pair(a, b).unwrap_or_default().compared
    }

    /// Share of those at which they differ, from 0 to 1; `None` if there is nothing to compare.
    pub fn share_different(&self, a: usize, b: usize) -> Option<f64> {
        let pair = self.pair(a, b).filter(|pair| pair.compared > 0)?;
        Some(f64::from(pair.different) / f64::from(pair.compared))
    }

    /// Mean difference of the dosages as shares of the ploidy, from 0 to 1; `None` if there is nothing to compare.
    pub fn allele_distance(&self, a: usize, b: usize) -> Option<f64> {
        let pair = self.pair(a, b).filter(|pair| pair.compared > 0)?;
        Some(pair.parts as f64 / PARTS as f64 / f64::from(pair.compared))
    }

    /// The samples nearest to one by share of differing calls, at most `most`, each with that share. Pairs with
    /// fewer than `least` variants to compare are passed over; ties go to the sample that comes first.
    pub fn nearest(&self, sample: usize, most: usize, least: u32) -> Vec<(usize, f64)> {
        let others = (0..self.samples.len()).filter(|&other| self.compared(sample, other) >= least.max(1));
        let mut shares: Vec<(usize, f64)> =
            others.filter_map(|other| Some((other, self.share_different(sample, other)?))).collect();
        shares.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        shares.truncate(most);
        shares
    }
}

/// A block by samples: variants of two alleles, and those of up to 4, 8, 16 ... alleles.
pub(crate) struct Steps {
    /// Steps of a whole: the least common multiple of the ploidies.
    whole: usize,
    parts: Vec<Planes>,
}

/// Variants of as many alleles by samples: for each sample, one plane a step of an allele's share (a bit where it is
/// above that step) and one for the calls that are there.
struct Planes {
    /// Alleles that are counted: one of two, or all of several.
    alleles: usize,
    rows: usize,
    words: usize,
    planes: usize,
    bits: Vec<u64>,
}

impl Steps {
    fn of(block: &GenotypeBlock) -> Self {
        Self::of_rows(&[(block, 0..block.rows())])
    }

    /// Rows of blocks of the same samples, as one.
    pub(crate) fn of_rows(parts: &[(&GenotypeBlock, Range<usize>)]) -> Self {
        let ploidies: Vec<Vec<u8>> = parts.iter().map(|(block, _)| block.ploidies()).collect();
        // In steps of the least common multiple, shares of every ploidy are whole.
        let all = ploidies.iter().flatten().map(|&ploidy| usize::from(ploidy));
        let whole = all.filter(|&p| p > 0).fold(1, least_common);
        let samples = parts.first().map_or(0, |(block, _)| block.samples);
        let rows = || parts.iter().flat_map(|(block, rows)| rows.clone().map(move |row| (*block, row)));
        let mut sizes: Vec<usize> = rows().map(|(block, row)| counted_alleles(block, row)).collect();
        sizes.sort_unstable();
        let planes = sizes.chunk_by(|a, b| a == b).map(|own| Planes::new(samples, own.len(), own[0], whole));
        let mut out = Self { whole, parts: planes.collect() };
        let mut codes = Vec::new();
        for ((block, rows), ploidies) in parts.iter().zip(&ploidies) {
            for row in rows.clone() {
                let size = counted_alleles(block, row);
                let Some(planes) = out.parts.iter_mut().find(|planes| planes.alleles == size) else {
                    continue;
                };
                if size > 1 {
                    planes.take_alleles(block, row, whole);
                } else {
                    block.unpack(row, &mut codes);
                    planes.take_dosages(&codes, ploidies, whole);
                }
            }
        }
        out
    }

    /// Variants that two samples both have a call of, those at which they differ, and the sum of the differences of
    /// their shares in [`PARTS`].
    pub(crate) fn pair(&self, a: usize, b: usize) -> (u64, u64, u64) {
        let mut sums = (0, 0, 0);
        for own in &self.parts {
            let counts = compare_samples(own.sample(a), own.sample(b), own.words);
            // What one allele has more, another has less: the sum over all is even.
            let distance = if own.alleles > 1 { counts.distance / 2 } else { counts.distance };
            sums.0 += counts.compared;
            sums.1 += counts.different;
            sums.2 += distance * (PARTS / self.whole as u64);
        }
        sums
    }

    /// Adds the comparisons of a sample with those before it.
    fn compare(&self, sample: usize, row: &mut [Pair]) {
        for (other, pair) in row.iter_mut().enumerate() {
            let (compared, different, parts) = self.pair(sample, other);
            // A block holds far fewer variants than a u32; a genome of more than 4 billion variants there is not.
            pair.compared = pair.compared.saturating_add(u32::try_from(compared).unwrap_or(u32::MAX));
            pair.different = pair.different.saturating_add(u32::try_from(different).unwrap_or(u32::MAX));
            pair.parts += parts;
        }
    }
}

/// Alleles of a variant that have planes: 1 of two, else all, with room for 4, 8, 16 ... Alleles that the file does not
/// tell apart count as one.
fn counted_alleles(block: &GenotypeBlock, row: usize) -> usize {
    let alleles = block.sites[row].alleles();
    let is_told = || block.layers.alleles.as_ref().is_some_and(|codes| codes.row(row).is_some());
    if alleles > 2 && is_told() { alleles.next_power_of_two() } else { 1 }
}

impl Planes {
    fn new(samples: usize, rows: usize, alleles: usize, whole: usize) -> Self {
        let (words, planes) = (rows.div_ceil(64), alleles * whole + 1);
        Self { alleles, rows: 0, words, planes, bits: vec![0; samples * planes * words] }
    }

    fn sample(&self, index: usize) -> &[u64] {
        let size = self.planes * self.words;
        &self.bits[index * size..(index + 1) * size]
    }

    /// Sets the bits of a variant in some planes of a sample, and that the call is there.
    fn set(&mut self, sample: usize, planes: impl Iterator<Item = usize>) {
        let (word, bit) = (self.rows / 64, 1u64 << (self.rows % 64));
        let size = self.planes * self.words;
        let own = &mut self.bits[sample * size..(sample + 1) * size];
        for plane in planes.chain([self.planes - 1]) {
            own[plane * self.words + word] |= bit;
        }
    }

    fn take_dosages(&mut self, codes: &[u8], ploidies: &[u8], whole: usize) {
        for (sample, &code) in codes.iter().enumerate().filter(|&(_, &code)| code != MISSING) {
            let steps = usize::from(code) * whole / usize::from(ploidies[sample].max(1));
            self.set(sample, 0..steps);
        }
        self.rows += 1;
    }

    fn take_alleles(&mut self, block: &GenotypeBlock, row: usize, whole: usize) {
        let width = block.sites[row].alleles();
        let calls = block.layers.alleles.as_ref().and_then(|codes| codes.row(row));
        for (sample, call) in calls.into_iter().flatten().enumerate() {
            let own = || call.iter().filter(|&&code| code != ABSENT);
            let ploidy = own().count();
            if ploidy == 0 || own().any(|&code| code == UNKNOWN || usize::from(code) >= width) {
                continue;
            }
            let copies = |allele: usize| own().filter(|&&code| usize::from(code) == allele).count();
            let steps = (0..width).flat_map(|allele| {
                let steps = copies(allele) * whole / ploidy;
                allele * whole..allele * whole + steps
            });
            self.set(sample, steps);
        }
        self.rows += 1;
    }
}

fn least_common(a: usize, b: usize) -> usize {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    a / x * b
}

#[cfg(test)]
mod tests;
