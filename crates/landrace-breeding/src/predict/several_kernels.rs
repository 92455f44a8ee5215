//! Several random effects with given covariances: y = X b + Σ u_k + e, var(u_k) = σ_k² K_k, by average-information
//! restricted likelihood (Gilmour, Thompson and Cullis 1995).

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};

use super::PredictError;
use super::cholesky::Cholesky;
use super::kernel_fit::columns;
use crate::phenotype::AnalysisSet;

/// Rounds at most.
const ROUNDS: usize = 60;
/// A change of the variances by less than this part ends the rounds.
const TOLERANCE: f64 = 1e-5;
/// Least part of the total variance that an effect may have.
const LEAST: f64 = 1e-6;

/// The model at some variances.
pub(super) struct Several {
    /// One an effect, the residual last.
    pub(super) variances: Vec<f64>,
    /// Effects of the mean and the covariates.
    pub(super) beta: Vec<f64>,
    /// P y.
    pub(super) projected: Vec<f64>,
    /// P = V⁻¹ − V⁻¹X(XᵀV⁻¹X)⁻¹XᵀV⁻¹.
    pub(super) projection: Mat<f64>,
    /// Restricted log-likelihood, but for a constant.
    pub(super) likelihood: f64,
    /// Whether the variances no longer change.
    pub(super) has_converged: bool,
}

/// The kernels among the records, and the records.
pub(super) struct Problem<'a> {
    pub(super) kernels: Vec<Mat<f64>>,
    pub(super) set: &'a AnalysisSet,
}

impl Problem<'_> {
    fn weight(&self, record: usize) -> f64 {
        self.set.weights.as_ref().map_or(1.0, |weights| weights[record])
    }

    /// The likeliest variances, from some on.
    pub(super) fn likeliest(&self, start: &[f64]) -> Result<Several, PredictError> {
        let mut own = self.at(start)?;
        let total: f64 = start.iter().sum();
        for _ in 0..ROUNDS {
            let aim = self.step(&own, LEAST * total);
            // Half the way, and half of that, where the whole is too far.
            let mut share = 1.0;
            let next = loop {
                let way = |(from, to): (&f64, &f64)| from + share * (to - from);
                let variances: Vec<f64> = own.variances.iter().zip(&aim).map(way).collect();
                let next = self.at(&variances)?;
                if next.likelihood >= own.likelihood - 1e-9 || share < 1e-3 {
                    break next;
                }
                share *= 0.5;
            };
            let change = next.variances.iter().zip(&own.variances).map(|(a, b)| (a - b).abs()).sum::<f64>();
            own = next;
            if change < TOLERANCE * total {
                own.has_converged = true;
                break;
            }
        }
        Ok(own)
    }

    /// The model at given variances.
    pub(super) fn at(&self, variances: &[f64]) -> Result<Several, PredictError> {
        let (n, parts) = (self.set.samples.len(), self.kernels.len());
        let v = Mat::from_fn(n, n, |i, k| {
            let genetic: f64 = self.kernels.iter().zip(variances).map(|(kernel, s)| s * kernel[(i, k)]).sum();
            genetic + if i == k { variances[parts] / self.weight(i) } else { 0.0 }
        });
        let failed = || {
            PredictError::Request(format!(
                "trait '{}': the variances cannot be told apart; choose 'gblup', which has one genetic effect",
                self.set.name
            ))
        };
        let factor = Cholesky::of(v).ok_or_else(failed)?;
        let mut projection = Mat::identity(n, n);
        factor.solve(projection.as_mut());
        let x = columns(self.set);
        let mut vx = Mat::from_fn(n, x.len(), |i, k| x[k][i]);
        factor.solve(vx.as_mut());
        let product = |a: &[f64], column: usize| -> f64 { (0..n).map(|i| a[i] * vx[(i, column)]).sum() };
        let fixed =
            Cholesky::of(Mat::from_fn(x.len(), x.len(), |a, b| product(&x[a], b))).ok_or_else(failed)?;
        let sides: Vec<f64> = (0..x.len()).map(|k| product(&self.set.values, k)).collect();
        let beta = fixed.solved(&sides);
        let mut taken = vx.transpose().to_owned();
        fixed.half_solve(taken.as_mut());
        matmul(projection.as_mut(), Accum::Add, taken.transpose(), taken.as_ref(), -1.0, Par::Seq);
        let projected = times(projection.as_ref(), &self.set.values);
        let square: f64 = projected.iter().zip(&self.set.values).map(|(a, b)| a * b).sum();
        let likelihood = -0.5 * (factor.log_determinant() + fixed.log_determinant() + square);
        let variances = variances.to_vec();
        Ok(Several { variances, beta, projected, projection, likelihood, has_converged: false })
    }

    /// The next variances by the average information; those that would fall below the least stay there.
    fn step(&self, own: &Several, least: f64) -> Vec<f64> {
        let (n, parts) = (self.set.samples.len(), self.kernels.len() + 1);
        let py = &own.projected;
        let working: Vec<Vec<f64>> = (0..parts)
            .map(|part| match self.kernels.get(part) {
                Some(kernel) => times(kernel.as_ref(), py),
                None => (0..n).map(|i| py[i] / self.weight(i)).collect(),
            })
            .collect();
        let trace = |part: usize| -> f64 {
            let p = own.projection.as_ref();
            match self.kernels.get(part) {
                Some(kernel) => (0..n).map(|k| (0..n).map(|i| p[(i, k)] * kernel[(i, k)]).sum::<f64>()).sum(),
                None => (0..n).map(|i| p[(i, i)] / self.weight(i)).sum(),
            }
        };
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let scores: Vec<f64> = (0..parts).map(|part| 0.5 * (dot(py, &working[part]) - trace(part))).collect();
        let images: Vec<Vec<f64>> =
            working.iter().map(|own_work| times(own.projection.as_ref(), own_work)).collect();
        // Effects at their least that would fall further are held there.
        let free: Vec<usize> =
            (0..parts).filter(|&part| own.variances[part] > least || scores[part] > 0.0).collect();
        let information =
            Mat::from_fn(free.len(), free.len(), |a, b| 0.5 * dot(&working[free[a]], &images[free[b]]));
        let free_scores: Vec<f64> = free.iter().map(|&part| scores[part]).collect();
        let mut next = own.variances.clone();
        match Cholesky::of(information) {
            Some(factor) => {
                let change = factor.solved(&free_scores);
                // No variance falls below a tenth of itself in one step.
                let share = free.iter().zip(&change).map(|(&part, &change)| {
                    if change < 0.0 { (0.9 * own.variances[part] / -change).min(1.0) } else { 1.0 }
                });
                let share = share.fold(1.0, f64::min);
                let is_small = |part: usize| own.variances[part] <= 10.0 * least;
                for (&part, change) in free.iter().zip(&change) {
                    let share = if is_small(part) { 1.0 } else { share };
                    next[part] = (own.variances[part] + share * change).max(least);
                }
            }
            // A step of expectation maximisation, which always rises.
            None => {
                for &part in &free {
                    let s = own.variances[part];
                    next[part] = (s + 2.0 * s * s * scores[part] / n as f64).max(least);
                }
            }
        }
        next
    }
}

/// Matrix times vector.
fn times(matrix: MatRef<'_, f64>, vector: &[f64]) -> Vec<f64> {
    let n = matrix.nrows();
    let column = Mat::from_fn(vector.len(), 1, |i, _| vector[i]);
    let mut out = Mat::zeros(n, 1);
    matmul(out.as_mut(), Accum::Replace, matrix, column.as_ref(), 1.0, Par::Seq);
    (0..n).map(|i| out[(i, 0)]).collect()
}
