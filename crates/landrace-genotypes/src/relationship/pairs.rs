//! Pairs of samples compared by counting bits: variants are gathered, turned to one row of bits a sample, and each
//! pair of rows is compared in one go.

use rayon::prelude::*;

use crate::block::GenotypeBlock;
use crate::compare::transpose;

pub(crate) mod kernel;

use kernel::{KingCounts, StateCounts};

/// Samples a side of a task.
const SIDE: usize = 64;

/// Variants that are gathered at most before pairs are compared.
const MOST_ROWS: usize = 16_384;

/// Bytes that gathered variants may take, twice.
const GATHERED: usize = 64 << 20;

/// What is counted of each pair.
pub(crate) trait Count: Sync {
    /// The counts of a pair.
    type Counts: Copy + Default + std::ops::AddAssign + Send;

    /// Planes of bits a variant.
    fn planes(&self) -> usize;

    /// Puts a variant's planes into `out`, one after another; samples without a bit are 0.
    fn stage(&self, block: &GenotypeBlock, row: usize, out: &mut [u64]);

    /// Compares two samples: eight words of each plane in turn.
    fn compare(&self, a: &[u64], b: &[u64]) -> Self::Counts;
}

/// Counts of all pairs, fed variant by variant.
pub(crate) struct PairCounter<C: Count> {
    pub(crate) count: C,
    words: usize,
    capacity: usize,
    rows: usize,
    staged: Vec<u64>,
    bits: Vec<u64>,
    tasks: Vec<Task<C::Counts>>,
}

struct Task<T> {
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
    counts: Vec<T>,
}

impl<T> Task<T> {
    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + use<T> {
        let columns = self.columns.clone();
        self.rows.clone().flat_map(move |row| {
            columns.clone().take_while(move |&column| column < row).map(move |column| (row, column))
        })
    }
}

impl<C: Count> PairCounter<C> {
    pub(crate) fn new(samples: usize, count: C) -> Self {
        let ranges: Vec<_> =
            (0..samples).step_by(SIDE).map(|first| first..samples.min(first + SIDE)).collect();
        let mut tasks = Vec::new();
        for (index, rows) in ranges.iter().enumerate() {
            for columns in &ranges[..=index] {
                let mut task = Task { rows: rows.clone(), columns: columns.clone(), counts: Vec::new() };
                task.counts = vec![C::Counts::default(); task.pairs().count()];
                tasks.push(task);
            }
        }
        let words = samples.div_ceil(64);
        let row = count.planes() * words * 8;
        let capacity = (GATHERED / row.max(1)).clamp(512, MOST_ROWS) / 512 * 512;
        Self { count, words, capacity, rows: 0, staged: Vec::new(), bits: Vec::new(), tasks }
    }

    /// The planes of a block's chosen variants, made on any thread, for [`PairCounter::add`].
    pub(crate) fn stage(count: &C, block: &GenotypeBlock, rows: impl Iterator<Item = usize>) -> Vec<u64> {
        let size = count.planes() * block.samples.div_ceil(64);
        let mut out = Vec::new();
        for row in rows {
            let start = out.len();
            out.resize(start + size, 0);
            count.stage(block, row, &mut out[start..]);
        }
        out
    }

    /// Adds variants.
    pub(crate) fn add(&mut self, staged: &[u64]) {
        for row in staged.chunks_exact(self.count.planes() * self.words) {
            self.staged.extend_from_slice(row);
            self.rows += 1;
            if self.rows == self.capacity {
                self.compare();
            }
        }
    }

    /// Compares all pairs over the variants gathered, and forgets those.
    pub(crate) fn compare(&mut self) {
        if self.rows == 0 {
            return;
        }
        let planes = self.count.planes();
        let own = self.rows.div_ceil(512) * 8 * planes;
        self.bits.clear();
        self.bits.resize(self.words * 64 * own, 0);
        let (staged, rows, words) = (&self.staged, self.rows, self.words);
        self.bits.par_chunks_mut(64 * own).enumerate().for_each(|(word, out)| {
            turn(staged, (rows, planes, words), word, out);
        });
        let (bits, count) = (&self.bits, &self.count);
        let sample = |index: usize| &bits[index * own..(index + 1) * own];
        self.tasks.par_iter_mut().for_each(|task| {
            for ((row, column), counts) in task.pairs().zip(&mut task.counts) {
                *counts += count.compare(sample(row), sample(column));
            }
        });
        self.staged.clear();
        self.rows = 0;
    }

    /// Hands out the counts of each pair, of which the first is the sample of the higher index. Counts go as they are
    /// handed out, so that they are not held beside what is made of them.
    pub(crate) fn finish(mut self, mut take: impl FnMut((usize, usize), &C::Counts)) {
        self.compare();
        self.bits = Vec::new();
        self.staged = Vec::new();
        for task in self.tasks.drain(..) {
            task.pairs().zip(&task.counts).for_each(|(pair, counts)| take(pair, counts));
        }
    }
}

/// Turns the words of 64 samples: for each sample, eight words of each plane in turn.
fn turn(staged: &[u64], (rows, planes, words): (usize, usize, usize), word: usize, out: &mut [u64]) {
    let own = out.len() / 64;
    let mut tile = [0u64; 64];
    for of_rows in 0..rows.div_ceil(64) {
        let (first, count) = (of_rows * 64, 64.min(rows - of_rows * 64));
        for plane in 0..planes {
            for (offset, bits) in tile.iter_mut().enumerate() {
                let at = ((first + offset) * planes + plane) * words + word;
                *bits = if offset < count { staged[at] } else { 0 };
            }
            transpose(&mut tile);
            let at = (of_rows / 8 * planes + plane) * 8 + of_rows % 8;
            for (sample, &bits) in tile.iter().enumerate() {
                out[sample * own + at] = bits;
            }
        }
    }
}

/// Heterozygotes and homozygotes of diploids, for KING.
pub(crate) struct King;

impl Count for King {
    type Counts = KingCounts;

    fn planes(&self) -> usize {
        3
    }

    fn stage(&self, block: &GenotypeBlock, row: usize, out: &mut [u64]) {
        let Some(group) = block.groups.first() else { return };
        let row = group.calls.row(row);
        let words = row.words();
        for word in 0..words {
            let (low, high) = (row.bits()[word], row.bits()[words + word]);
            // Dosage 1 is 01, 2 is 10 and missing is 11, which samples beyond the last are too.
            out[word] = low & !high;
            out[words + word] = !low;
            out[2 * words + word] = high & !low;
        }
    }

    fn compare(&self, a: &[u64], b: &[u64]) -> KingCounts {
        kernel::king(a, b)
    }
}

/// Dosages as shares of the ploidy: a plane a step that the share can take, and one of the calls there are.
pub(crate) struct States {
    /// Steps from none of the alternate allele to nothing else: a multiple of every ploidy.
    pub(crate) steps: usize,
}

impl Count for States {
    type Counts = StateCounts;

    fn planes(&self) -> usize {
        self.steps + 1
    }

    fn stage(&self, block: &GenotypeBlock, row: usize, out: &mut [u64]) {
        let words = block.samples.div_ceil(64);
        for group in &block.groups {
            let (ploidy, calls) = (usize::from(group.calls.ploidy()), group.calls.row(row));
            let width = self.steps / ploidy;
            let is_whole = group.samples.len() == block.samples;
            for dosage in 0..=ploidy {
                // Above this dosage; at the ploidy, all calls.
                let steps = if dosage == ploidy {
                    self.steps..self.steps + 1
                } else {
                    dosage * width..(dosage + 1) * width
                };
                for word in 0..calls.words() {
                    let bits = above(calls, word, dosage);
                    for step in steps.clone() {
                        let out = &mut out[step * words..(step + 1) * words];
                        if is_whole {
                            out[word] = bits;
                        } else {
                            scatter(bits, &group.samples[word * 64..], out);
                        }
                    }
                }
            }
        }
    }

    fn compare(&self, a: &[u64], b: &[u64]) -> StateCounts {
        kernel::states(a, b, self.steps)
    }
}

/// The samples of a word whose dosage is above one; at the ploidy itself, those that have a call.
fn above(row: crate::plane::PlaneRow<'_>, word: usize, dosage: usize) -> u64 {
    let plane = |index: usize| row.bits()[index * row.words() + word];
    let missing = (0..row.planes()).fold(!0, |all, index| all & plane(index));
    if dosage == usize::from(row.ploidy()) {
        return !missing;
    }
    let (mut above, mut equal) = (0, !0);
    for index in (0..row.planes()).rev() {
        let bits = plane(index);
        if (dosage >> index) & 1 == 0 {
            above |= equal & bits;
            equal &= !bits;
        } else {
            equal &= bits;
        }
    }
    above & !missing
}

fn scatter(mut bits: u64, samples: &[usize], out: &mut [u64]) {
    while bits != 0 {
        let sample = samples[bits.trailing_zeros() as usize];
        out[sample / 64] |= 1 << (sample % 64);
        bits &= bits - 1;
    }
}

/// Variants at which both samples have a call.
pub(crate) struct Called;

impl Count for Called {
    type Counts = u32;

    fn planes(&self) -> usize {
        1
    }

    fn stage(&self, block: &GenotypeBlock, row: usize, out: &mut [u64]) {
        for group in &block.groups {
            let calls = group.calls.row(row);
            for word in 0..calls.words() {
                let bits = above(calls, word, usize::from(calls.ploidy()));
                if group.samples.len() == block.samples {
                    out[word] = bits;
                } else {
                    scatter(bits, &group.samples[word * 64..], out);
                }
            }
        }
    }

    fn compare(&self, a: &[u64], b: &[u64]) -> u32 {
        kernel::both(a, b)
    }
}

#[cfg(test)]
mod tests;
