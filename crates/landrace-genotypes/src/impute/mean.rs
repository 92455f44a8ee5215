//! The plainest guess: what the variant's other calls are, whoever has them.

use std::ops::Range;

use rayon::prelude::*;

use super::{Asked, Estimates, Method};
use crate::block::Ragged;
use crate::matrix::GenotypeMatrix;
use crate::source::GenotypeError;

/// Each variant's shares of dosages among the samples of the same ploidy: the expected dosage is the mean, the
/// likeliest the most frequent. A baseline, and no more.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mean;

impl Method for Mean {
    fn name(&self) -> &'static str {
        "mean"
    }

    fn fill(
        &self,
        matrix: &GenotypeMatrix,
        run: Range<usize>,
        _asked: Asked<'_>,
    ) -> Result<Vec<Estimates>, GenotypeError> {
        let starts = block_starts(matrix);
        Ok(run.into_par_iter().map(|index| shares(matrix, index, starts[index])).collect())
    }
}

/// Index of the first variant of each block.
pub fn block_starts(matrix: &GenotypeMatrix) -> Vec<usize> {
    let rows = matrix.blocks().iter().scan(0, |next, block| {
        let start = *next;
        *next += block.rows();
        Some(start)
    });
    rows.collect()
}

fn shares(matrix: &GenotypeMatrix, index: usize, start: usize) -> Estimates {
    let block = &matrix.blocks()[index];
    let width = usize::from(block.max_ploidy()) + 1;
    let mut probabilities = Ragged::new(block.samples);
    for row in 0..block.rows() {
        let mut values = vec![f32::NAN; block.samples * width];
        // Which of several alternate alleles a call has cannot be told from dosages.
        let groups = if block.sites[row].alleles() > 2 { &[][..] } else { &block.groups };
        for group in groups {
            let counts = group.calls.row(row).dosage_counts();
            let all: u32 = counts.iter().sum();
            if all == 0 {
                continue;
            }
            for &sample in group.samples.iter() {
                let own = &mut values[sample * width..(sample + 1) * width];
                own.fill(0.0);
                for (to, &count) in own.iter_mut().zip(&counts) {
                    *to = count as f32 / all as f32;
                }
            }
        }
        probabilities.push_row(width, &values);
    }
    let variants = (start..start + block.rows()).map(Some).collect();
    Estimates { block: block.clone(), variants, probabilities, alleles: None }
}
