//! How much each two accessions differ, over the variants that both have a call of.
//!
//! Two measures come of one pass: the share of differing calls, which identity and duplicates go by, and the
//! allele distance, the mean difference of the non-reference dosages as shares of the ploidy, which for diploids
//! is 1 minus the usual identity by state. Accessions of different ploidy compare by the shares: a diploid A/G
//! is equal to a tetraploid A/A/G/G.
//!
//! A block of variants is turned to one row of bits an accession, with a plane for each step that the dosage can
//! take, so that two accessions compare by exclusive or and popcount. All sums are whole numbers: they do not
//! depend on threads or on the order of variants.

use std::ops::Range;
use std::sync::Arc;

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

/// A block by samples: for each, one plane a step of the dosage (a bit where it is above that step) and one for
/// the calls that are there.
pub(crate) struct Steps {
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
        let rows: usize = parts.iter().map(|(_, rows)| rows.len()).sum();
        let samples = parts.first().map_or(0, |(block, _)| block.samples);
        let (words, planes) = (rows.div_ceil(64), whole + 1);
        let mut bits = vec![0u64; samples * planes * words];
        let mut codes = Vec::new();
        let each = parts.iter().zip(&ploidies);
        let each = each.flat_map(|((block, rows), own)| rows.clone().map(move |row| (block, row, own)));
        for (index, (block, row, ploidies)) in each.enumerate() {
            block.unpack(row, &mut codes);
            let (word, bit) = (index / 64, 1u64 << (index % 64));
            for (sample, &code) in codes.iter().enumerate().filter(|&(_, &code)| code != MISSING) {
                let own = &mut bits[sample * planes * words..(sample + 1) * planes * words];
                let steps = usize::from(code) * whole / usize::from(ploidies[sample].max(1));
                for plane in (0..steps).chain([planes - 1]) {
                    own[plane * words + word] |= bit;
                }
            }
        }
        Self { words, planes, bits }
    }

    /// Variants that two samples both have a call of, those at which they differ, and the sum of the differences of
    /// their shares in [`PARTS`].
    pub(crate) fn pair(&self, a: usize, b: usize) -> (u64, u64, u64) {
        let counts = compare_samples(self.sample(a), self.sample(b), self.words);
        (counts.compared, counts.different, counts.distance * (PARTS / (self.planes as u64 - 1)))
    }

    fn sample(&self, index: usize) -> &[u64] {
        let size = self.planes * self.words;
        &self.bits[index * size..(index + 1) * size]
    }

    /// Adds the comparisons of a sample with those before it.
    fn compare(&self, sample: usize, row: &mut [Pair]) {
        let own = self.sample(sample);
        let part = PARTS / (self.planes as u64 - 1);
        for (other, pair) in row.iter_mut().enumerate() {
            let counts = compare_samples(own, self.sample(other), self.words);
            // A block holds far fewer variants than a u32; a genome of more than 4 billion variants there is not.
            pair.compared = pair.compared.saturating_add(u32::try_from(counts.compared).unwrap_or(u32::MAX));
            pair.different =
                pair.different.saturating_add(u32::try_from(counts.different).unwrap_or(u32::MAX));
            pair.parts += counts.distance * part;
        }
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
