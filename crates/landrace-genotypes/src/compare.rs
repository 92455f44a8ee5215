//! Samples compared pair by pair, block by block: how many calls differ, and by how much.

use rayon::prelude::*;

use crate::block::{CallGroup, GenotypeBlock};
use crate::kernel::{PairCounts, compare_samples};
use crate::source::{GenotypeError, GenotypeSource, for_each_block};

/// Counts of every pair of samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairTable {
    samples: usize,
    /// Pairs (1, 0), (2, 0), (2, 1), (3, 0) ...
    counts: Vec<PairCounts>,
}

impl PairTable {
    fn new(samples: usize) -> Self {
        let pairs = samples * samples.saturating_sub(1) / 2;
        Self { samples, counts: vec![PairCounts::default(); pairs] }
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Counts of a pair; of a sample with itself, nothing.
    pub fn pair(&self, first: usize, second: usize) -> PairCounts {
        let (low, high) = (first.min(second), first.max(second));
        if low == high {
            return PairCounts::default();
        }
        self.counts[high * (high - 1) / 2 + low]
    }

    /// Adds a block's pairs. Samples of unlike ploidy on the contig are not compared there.
    pub fn add(&mut self, block: &GenotypeBlock) {
        let groups: Vec<(&CallGroup, Vec<Vec<u64>>)> =
            block.groups.iter().map(|group| (group, sample_steps(group, block.rows()))).collect();
        let mut places = vec![(0, 0); block.samples];
        for (index, (group, _)) in groups.iter().enumerate() {
            for (column, &sample) in group.samples.iter().enumerate() {
                places[sample] = (index, column);
            }
        }
        let words = block.rows().div_ceil(64);
        let mut rows: Vec<&mut [PairCounts]> = Vec::with_capacity(self.samples);
        let mut rest = self.counts.as_mut_slice();
        for high in 1..self.samples {
            let (row, after) = rest.split_at_mut(high);
            rows.push(row);
            rest = after;
        }
        rows.into_par_iter().enumerate().for_each(|(index, row)| {
            let (group, column) = places[index + 1];
            let own = &groups[group].1[column];
            for (low, counts) in row.iter_mut().enumerate().filter(|(low, _)| places[*low].0 == group) {
                *counts += compare_samples(own, &groups[group].1[places[low].1], words);
            }
        });
    }
}

/// Compares all pairs of a source's samples. Memory: 24 bytes a pair.
///
/// # Errors
/// Returns an error if the source fails.
pub fn compare_all(source: &mut dyn GenotypeSource) -> Result<PairTable, GenotypeError> {
    let mut table = PairTable::new(source.header().samples.len());
    for_each_block(source, Ok, |block| {
        table.add(&block);
        Ok(())
    })?;
    Ok(table)
}

/// For each sample of a group: a plane of the variants whose dosage is above t, for t from 0 to below the ploidy,
/// and a plane of the variants that have a call.
fn sample_steps(group: &CallGroup, rows: usize) -> Vec<Vec<u64>> {
    let ploidy = group.calls.ploidy();
    let (steps, words) = (usize::from(ploidy), rows.div_ceil(64));
    let mut out = vec![vec![0u64; (steps + 1) * words]; group.samples.len()];
    let mut tile = [0u64; 64];
    for word_of_rows in 0..words {
        let first = word_of_rows * 64;
        let count = 64.min(rows - first);
        for word_of_samples in 0..group.calls.words() {
            for step in 0..=steps {
                tile.fill(0);
                for (offset, bits) in tile.iter_mut().enumerate().take(count) {
                    *bits = step_word(group, first + offset, word_of_samples, step);
                }
                transpose(&mut tile);
                let samples = out.iter_mut().skip(word_of_samples * 64);
                for (planes, &bits) in samples.zip(&tile) {
                    planes[step * words + word_of_rows] = bits;
                }
            }
        }
    }
    out
}

/// The samples of a word whose dosage is above `step`; at the ploidy itself, those that have a call.
fn step_word(group: &CallGroup, row: usize, word: usize, step: usize) -> u64 {
    let row = group.calls.row(row);
    let plane = |index: usize| row.bits()[index * row.words() + word];
    let missing = (0..row.planes()).fold(!0, |all, index| all & plane(index));
    if step == usize::from(row.ploidy()) {
        return !missing;
    }
    let (mut above, mut equal) = (0, !0);
    for index in (0..row.planes()).rev() {
        let bits = plane(index);
        if (step >> index) & 1 == 0 {
            above |= equal & bits;
            equal &= !bits;
        } else {
            equal &= bits;
        }
    }
    above & !missing
}

/// Transposes 64 × 64 bits in place (Warren, Hacker's Delight, section 7-3, lowest bit first).
pub fn transpose(tile: &mut [u64; 64]) {
    let mut width = 32;
    let mut mask = 0x0000_0000_ffff_ffffu64;
    while width > 0 {
        let mut row = 0;
        while row < 64 {
            let swap = ((tile[row] >> width) ^ tile[row + width]) & mask;
            tile[row] ^= swap << width;
            tile[row + width] ^= swap;
            row = (row + width + 1) & !width;
        }
        width /= 2;
        mask ^= mask << width;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::block::{CallGatherer, Layers, Site};
    use crate::matrix::GenotypeMatrix;
    use crate::plane::MISSING;
    use crate::source::SourceHeader;

    proptest! {
        #[test]
        fn transposing_moves_each_bit(words in prop::collection::vec(any::<u64>(), 64)) {
            let before: [u64; 64] = words.try_into().unwrap();
            let mut after = before;
            transpose(&mut after);
            for (i, row) in before.iter().enumerate() {
                for (j, column) in after.iter().enumerate() {
                    prop_assert_eq!((row >> j) & 1, (column >> i) & 1);
                }
            }
        }

        #[test]
        fn pairs_are_counted_as_by_hand(
            (samples, calls) in (2usize..90).prop_flat_map(|n| {
                (Just(n), prop::collection::vec(prop::collection::vec(0u8..6, n), 1..140))
            }),
        ) {
            let ploidies: Vec<u8> = (0..samples).map(|index| if index % 3 == 0 { 2 } else { 4 }).collect();
            let mut gatherer = CallGatherer::new(samples);
            let rows: Vec<Vec<u8>> = calls.iter().map(|row| row.iter().zip(&ploidies)
                .map(|(&code, &ploidy)| if code > ploidy { MISSING } else { code }).collect()).collect();
            rows.iter().for_each(|row| gatherer.push(&ploidies, row));
            let block = GenotypeBlock {
                contig: "1".into(),
                samples,
                sites: vec![Site::default(); rows.len()],
                groups: gatherer.take(2),
                layers: Layers::default(),
            };
            let names: Arc<[String]> = (0..samples).map(|index| index.to_string()).collect();
            let header = SourceHeader { samples: names, ..Default::default() };
            let matrix = Arc::new(GenotypeMatrix::from_blocks(header, vec![block.clone(), block]));
            let table = compare_all(&mut matrix.source()).unwrap();
            for i in 0..samples {
                for j in 0..i {
                    let mut expected = PairCounts::default();
                    for row in rows.iter().filter(|row| {
                        ploidies[i] == ploidies[j] && row[i] != MISSING && row[j] != MISSING
                    }) {
                        let distance = u64::from(row[i].abs_diff(row[j]));
                        expected += PairCounts { compared: 2, different: 2 * u64::from(distance > 0), distance: 2 * distance };
                    }
                    prop_assert_eq!(table.pair(j, i), expected);
                }
            }
        }
    }
}
