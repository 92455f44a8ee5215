//! Random numbers of one task: a sample's in a stretch.

use crate::impute::hidden::spread;

/// A stream of draws that its seed and its task determine, whichever thread runs it.
#[derive(Clone, Debug)]
pub(super) struct Draws {
    seed: u64,
    task: u64,
    next: u64,
}

impl Draws {
    pub(super) fn new(seed: u64, task: u64) -> Self {
        Self { seed, task, next: 0 }
    }

    /// A number in `0..1`.
    pub(super) fn unit(&mut self) -> f64 {
        self.next += 1;
        spread(self.seed, self.task, self.next)
    }

    /// An index by weights that sum to `total`.
    pub(super) fn index(&mut self, weights: &[f32], total: f32) -> usize {
        let mut left = self.unit() as f32 * total;
        for (index, &weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
        weights.len().saturating_sub(1)
    }
}
