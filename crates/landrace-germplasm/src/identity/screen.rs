//! The first look at large libraries: shared and differing markers of every pair, by popcounts, block by block.

use landrace_genotypes::kernel::compare_samples;
use rayon::prelude::*;

use super::marker::MarkerRow;
use super::score::{QueryScore, best};

/// Planes a sample: above none, above some, called.
const PLANES: usize = 3;
/// Share of calls that differ between two samples of one variety, for ranking alone.
const SAME_DIFFERS: f64 = 0.03;

/// Some markers as bits, by samples.
pub(crate) struct ScreenBlock {
    words: usize,
    library: Vec<u64>,
    queries: Vec<u64>,
}

impl ScreenBlock {
    pub(crate) fn of(rows: &[&MarkerRow]) -> Self {
        let words = rows.len().div_ceil(64);
        let pack = |codes: &dyn Fn(&MarkerRow) -> &[u16]| {
            let samples = rows.first().map_or(0, |row| codes(row).len());
            let mut bits = vec![0u64; samples * PLANES * words];
            for (marker, row) in rows.iter().enumerate() {
                let (word, bit) = (marker / 64, 1u64 << (marker % 64));
                for (sample, &code) in codes(row).iter().enumerate() {
                    let Some(presence) = row.genotypes.presence(code) else { continue };
                    let own = &mut bits[sample * PLANES * words..(sample + 1) * PLANES * words];
                    for plane in (0..usize::from(presence)).chain([PLANES - 1]) {
                        own[plane * words + word] |= bit;
                    }
                }
            }
            bits
        };
        Self { words, library: pack(&|row| &row.library), queries: pack(&|row| &row.queries) }
    }
}

/// Counts of every pair of a query and a library sample: markers compared and differing.
pub(crate) struct ScreenCounts {
    rows: Vec<Vec<(u32, u32)>>,
}

impl ScreenCounts {
    pub(crate) fn new(queries: usize, library: usize) -> Self {
        Self { rows: vec![vec![(0, 0); library]; queries] }
    }

    pub(crate) fn add(&mut self, block: &ScreenBlock) {
        let size = PLANES * block.words;
        if size == 0 {
            return;
        }
        self.rows.par_iter_mut().zip(block.queries.par_chunks_exact(size)).for_each(|(row, query)| {
            for (pair, library) in row.iter_mut().zip(block.library.chunks_exact(size)) {
                let counts = compare_samples(query, library, block.words);
                pair.0 = pair.0.saturating_add(u32::try_from(counts.compared).unwrap_or(u32::MAX));
                pair.1 = pair.1.saturating_add(u32::try_from(counts.different).unwrap_or(u32::MAX));
            }
        });
    }

    /// The nearest library samples of each query: by the likelihood of the count of differences under "one variety"
    /// against the share that differs on average.
    pub(crate) fn choose_candidates(&self, most: usize, queries: &mut [QueryScore]) {
        queries.par_iter_mut().for_each(|query| {
            let row = &self.rows[query.column];
            let sum = |of: fn(&(u32, u32)) -> u32| row.iter().map(|pair| u64::from(of(pair))).sum::<u64>();
            let (compared, different) = (sum(|pair| pair.0), sum(|pair| pair.1));
            let usual = (different as f64 / compared.max(1) as f64).clamp(2.0 * SAME_DIFFERS, 0.95);
            let (per_difference, per_match) =
                ((SAME_DIFFERS / usual).ln(), ((1.0 - SAME_DIFFERS) / (1.0 - usual)).ln());
            let score = |&(compared, different): &(u32, u32)| {
                (f64::from(different) * per_difference + f64::from(compared - different) * per_match) as f32
            };
            let scores: Vec<f32> = row.iter().map(score).collect();
            query.candidates = best(&scores, query.own, most).0;
        });
    }
}
