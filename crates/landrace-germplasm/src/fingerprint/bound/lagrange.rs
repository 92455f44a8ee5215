//! The linear program's bound by Lagrange multipliers: a subgradient method, whose every step gives a valid bound.

use rayon::prelude::*;

use super::super::calls::differ;
use super::super::task::Task;
use super::tells_apart;

/// Pairs in the program.
const PAIRS: usize = 2048;
/// Steps of the subgradient method.
const STEPS: usize = 240;
/// Steps without a better bound after which the step length halves.
const PATIENCE: usize = 12;
/// Markers of a piece of work.
const PIECE: usize = 512;

/// The rows of the pairs, and multipliers from one use to the next.
pub(super) struct Program<'a> {
    task: &'a Task,
    pairs: Vec<(u32, u32)>,
    multipliers: Vec<f64>,
}

impl<'a> Program<'a> {
    pub(super) fn new(task: &'a Task, hard: &[(u32, u32)]) -> Self {
        let pairs: Vec<(u32, u32)> = hard.iter().copied().take(PAIRS).collect();
        Self { task, multipliers: vec![0.0; pairs.len()], pairs }
    }

    /// A lower bound on the number of markers, where further rows (the worth of each marker, and the worth that is
    /// needed) hold too. `most` is the size of a panel that exists; ends early once the bound is above `size`.
    pub(super) fn markers(&mut self, rows: &[(Vec<f64>, f64)], size: usize, most: usize) -> f64 {
        self.solve(&vec![1.0; self.task.profiles.markers()], rows, (size as f64 + 1e-4, most as f64))
    }

    /// A lower bound on the cost, in thousandths.
    pub(super) fn cost(&mut self, of_panel: u64) -> u64 {
        if self.task.cost.iter().all(|&cost| cost == self.task.cost[0]) {
            return 0;
        }
        let cost: Vec<f64> = self.task.cost.iter().map(|&cost| f64::from(cost) / 1000.0).collect();
        self.multipliers.fill(0.0);
        let most = of_panel as f64 / 1000.0;
        let least = self.solve(&cost, &[], (most, most));
        ((least - 1e-6).max(0.0) * 1000.0).ceil() as u64
    }

    fn solve(&mut self, cost: &[f64], rows: &[(Vec<f64>, f64)], (enough, most): (f64, f64)) -> f64 {
        // Rows of information are scaled so that the panel's mean worth is that of one difference.
        let scaled: Vec<(Vec<f64>, f64)> = rows
            .iter()
            .map(|(worth, need)| {
                let scale = most / need.max(1e-9);
                (worth.iter().map(|worth| worth * scale).collect(), need * scale)
            })
            .collect();
        let depth = f64::from(self.task.depth);
        let mut of_pairs = self.multipliers.clone();
        let mut of_rows = vec![0.0; scaled.len()];
        let (mut best, mut length, mut idle) = (f64::NEG_INFINITY, 1.0, 0);
        for _ in 0..STEPS {
            let reduced = self.reduced(cost, &scaled, &of_pairs, &of_rows);
            let is_in: Vec<bool> =
                (0..reduced.len()).map(|m| reduced[m] < 0.0 || self.task.forced.contains(&m)).collect();
            let value = depth * of_pairs.iter().sum::<f64>()
                + of_rows.iter().zip(&scaled).map(|(u, (_, need))| u * need).sum::<f64>()
                + reduced
                    .iter()
                    .zip(&is_in)
                    .filter(|(_, is_in)| **is_in)
                    .map(|(reduced, _)| reduced)
                    .sum::<f64>();
            idle += 1;
            if value > best + 1e-7 {
                (best, idle) = (value, 0);
                self.multipliers.clone_from(&of_pairs);
            }
            if best > enough {
                break;
            }
            if idle >= PATIENCE {
                (length, idle) = (length / 2.0, 0);
            }
            let chosen: Vec<usize> = (0..is_in.len()).filter(|&marker| is_in[marker]).collect();
            let lack: Vec<f64> = self
                .pairs
                .par_iter()
                .map(|&pair| {
                    depth - chosen.iter().filter(|&&m| tells_apart(self.task, m, pair)).count() as f64
                })
                .collect();
            let lack_rows: Vec<f64> = scaled
                .iter()
                .map(|(worth, need)| need - chosen.iter().map(|&marker| worth[marker]).sum::<f64>())
                .collect();
            let live =
                |lack: f64, multiplier: f64| if lack < 0.0 && multiplier <= 0.0 { 0.0 } else { lack * lack };
            let norm: f64 = lack.iter().zip(&of_pairs).map(|(&lack, &u)| live(lack, u)).sum::<f64>()
                + lack_rows.iter().zip(&of_rows).map(|(&lack, &u)| live(lack, u)).sum::<f64>();
            if norm < 1e-12 || length < 1e-3 {
                break;
            }
            let step = length * (most + 0.5 - value).max(0.05) / norm;
            of_pairs.iter_mut().zip(&lack).for_each(|(u, lack)| *u = (*u + step * lack).max(0.0));
            of_rows.iter_mut().zip(&lack_rows).for_each(|(u, lack)| *u = (*u + step * lack).max(0.0));
        }
        best
    }

    /// What each marker costs less what its multipliers give for it.
    fn reduced(&self, cost: &[f64], rows: &[(Vec<f64>, f64)], of_pairs: &[f64], of_rows: &[f64]) -> Vec<f64> {
        let mut out = cost.to_vec();
        let live: Vec<(f64, &[u8], &[u8])> = of_pairs
            .iter()
            .zip(&self.pairs)
            .filter(|(u, _)| **u > 0.0)
            .map(|(&u, &(a, b))| {
                (u, self.task.profiles.sample(a as usize), self.task.profiles.sample(b as usize))
            })
            .collect();
        out.par_chunks_mut(PIECE).enumerate().for_each(|(piece, out)| {
            let first = piece * PIECE;
            for (u, (worth, _)) in of_rows.iter().zip(rows).filter(|(u, _)| **u > 0.0) {
                out.iter_mut().zip(&worth[first..]).for_each(|(out, worth)| *out -= u * worth);
            }
            for &(u, a, b) in &live {
                let pair = a[first..].iter().zip(&b[first..]);
                out.iter_mut()
                    .zip(pair)
                    .for_each(|(out, (&a, &b))| *out -= if differ(a, b) { u } else { 0.0 });
            }
        });
        out
    }
}
