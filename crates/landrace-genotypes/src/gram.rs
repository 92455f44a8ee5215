//! Sums of products z zᵀ over variants, for matrices of samples × samples: the one place where relationship matrices
//! and principal components spend their time.
//!
//! Calls are decoded to 32-bit numbers in panels of 48 samples, 512 variants at a time. Each panel pair is multiplied
//! in 32-bit arithmetic over those 512 variants alone, and the products are added up in 64-bit numbers, so that
//! results agree with 64-bit arithmetic to about 1e-8 of their size. All products are fused multiply-adds in the order
//! of the variants, so that they are the same at any width of the processor's vectors and any number of threads.

use rayon::prelude::*;

pub(crate) mod decode;
pub(crate) mod kernel;

pub(crate) use decode::{CallTable, Decoded, RowTables};
pub(crate) use kernel::PANEL;

/// Variants that are multiplied in 32-bit arithmetic before they are added to the sums.
pub(crate) const DEPTH: usize = 512;

/// Panels a side of a task at most: 384 samples, whose decoded calls stay in the second cache.
const SIDE: usize = 8;

/// Numbers in the product of two panels.
const SQUARE: usize = PANEL * PANEL;

/// The lower half of Σ z zᵀ, and a weighted sum of z.
pub(crate) struct Gram {
    samples: usize,
    tasks: Vec<Task>,
    chunk: Decoded,
    /// Weight of each row of the chunk in the weighted sum.
    weights: Vec<f64>,
    linear: Vec<f64>,
}

/// Some panels against some others: products of 48 × 48, each column by column.
struct Task {
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
    sums: Vec<f64>,
}

impl Task {
    /// The panel pairs of the task, those above the diagonal left out.
    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let columns = self.columns.clone();
        self.rows.clone().flat_map(move |row| {
            columns.clone().filter(move |&column| column <= row).map(move |column| (row, column))
        })
    }
}

impl Gram {
    /// Sums of nothing yet.
    pub(crate) fn new(samples: usize) -> Self {
        let chunk = Decoded::panels(samples, DEPTH);
        let panels = samples.div_ceil(PANEL);
        // Small matrices are cut finer, so that there is work for several threads.
        let side = (panels / 6).clamp(1, SIDE);
        let ranges: Vec<_> = (0..panels).step_by(side).map(|first| first..panels.min(first + side)).collect();
        let mut tasks = Vec::new();
        for (index, rows) in ranges.iter().enumerate() {
            for columns in &ranges[..=index] {
                let mut task = Task { rows: rows.clone(), columns: columns.clone(), sums: Vec::new() };
                task.sums = vec![0.0; task.pairs().count() * SQUARE];
                tasks.push(task);
            }
        }
        Self { samples, tasks, chunk, weights: Vec::new(), linear: vec![0.0; samples] }
    }

    /// Adds variants of calls.
    pub(crate) fn add(&mut self, rows: &RowTables<'_>) {
        let mut first = 0;
        while first < rows.len() {
            let count = self.chunk.room().min(rows.len() - first);
            self.chunk.append(rows, first..first + count);
            self.weights.extend((first..first + count).map(|row| rows.weight(row)));
            first += count;
            self.multiply_if_full();
        }
    }

    /// Adds a variant of numbers, one a sample.
    pub(crate) fn add_values(&mut self, values: &[f32]) {
        self.chunk.append_values(values);
        self.weights.push(0.0);
        self.multiply_if_full();
    }

    fn multiply_if_full(&mut self) {
        if self.chunk.room() == 0 {
            self.multiply();
        }
    }

    fn multiply(&mut self) {
        let chunk = &self.chunk;
        self.tasks.par_iter_mut().for_each(|task| {
            let pairs = task.pairs();
            for ((row, column), sums) in pairs.zip(task.sums.as_chunks_mut::<SQUARE>().0) {
                kernel::multiply(chunk.panel(row), chunk.panel(column), sums);
            }
        });
        if self.weights.iter().any(|&weight| weight != 0.0) {
            let weights = &self.weights;
            self.linear.par_chunks_mut(PANEL).enumerate().for_each(|(panel, sums)| {
                for (values, &weight) in chunk.panel(panel).iter().zip(weights) {
                    for (sum, &value) in sums.iter_mut().zip(values) {
                        *sum += weight * f64::from(value);
                    }
                }
            });
        }
        self.chunk.clear();
        self.weights.clear();
    }

    /// The lower half, row by row with the diagonal, and the weighted sum of each sample.
    pub(crate) fn finish(mut self) -> (Vec<f64>, Vec<f64>) {
        self.multiply();
        let mut out = vec![0.0; self.samples * (self.samples + 1) / 2];
        // Tasks go as they are read, so that the sums are not held twice.
        for task in self.tasks.drain(..) {
            for ((row, column), sums) in task.pairs().zip(task.sums.as_chunks::<SQUARE>().0) {
                for i in row * PANEL..self.samples.min((row + 1) * PANEL) {
                    let last = (i + 1).min((column + 1) * PANEL);
                    let own = &mut out[i * (i + 1) / 2..];
                    for k in column * PANEL..last {
                        own[k] = sums[(k - column * PANEL) * PANEL + i - row * PANEL];
                    }
                }
            }
        }
        (out, self.linear)
    }
}

#[cfg(test)]
mod tests;
