//! Predictions of records from all others, without fitting anew.
//!
//! With H = λ K + I (scaled by the weights), P = H⁻¹ − H⁻¹X(XᵀH⁻¹X)⁻¹XᵀH⁻¹ and a block e of records left out, the
//! prediction of y_e from the others is y_e − P_ee⁻¹ (P y)_e, and the restricted likelihood of the others follows
//! from the same block: leaving out e is the same as giving each of its records an effect of its own, so that
//!
//! ```text
//! ln |H_t| + ln |X_tᵀ H_t⁻¹ X_t| = ln |H| + ln |Xᵀ H⁻¹ X| + ln |P_ee|
//! y_tᵀ P_t y_t                   = yᵀ P y − (P y)_eᵀ P_ee⁻¹ (P y)_e
//! ```
//!
//! One decomposition of K thus serves all folds, exactly, also where λ is estimated anew in each fold.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};

use super::cholesky::{Cholesky, add_square};
use super::peak::peak;
use crate::mixed_model::{Rotated, Spectrum};

/// ln λ from and to which it is looked for, as in the whole model.
const RANGE: (f64, f64) = (-11.512_925_464_970_229, 11.512_925_464_970_229);

/// Records up to which the whole range is looked at, and at how many places.
const FEW: usize = 1000;
const POINTS: usize = 10;

/// The records of a trait in the directions of the eigenvectors.
pub(super) struct Whole<'a> {
    spectrum: &'a Spectrum,
    rotated: &'a Rotated,
}

/// A block of records left out.
pub(super) struct Block<'a> {
    whole: &'a Whole<'a>,
    /// Rows of the eigenvectors: records × eigenvectors.
    rows: Mat<f64>,
}

/// What the others say of a block at one λ.
pub(super) struct Answer {
    /// Record less prediction, scaled by the root of the weight.
    residuals: Vec<f64>,
    /// Restricted log-likelihood of the others, but for a constant.
    pub(super) likelihood: f64,
    weights: Vec<f64>,
}

impl<'a> Whole<'a> {
    pub(super) fn new(spectrum: &'a Spectrum, rotated: &'a Rotated) -> Self {
        Self { spectrum, rotated }
    }

    fn records(&self) -> usize {
        self.rotated.samples
    }

    /// The block of some records.
    pub(super) fn block(&'a self, records: &[usize]) -> Block<'a> {
        let vectors = self.spectrum.vectors();
        Block {
            whole: self,
            rows: Mat::from_fn(records.len(), self.records(), |i, k| vectors[(records[i], k)]),
        }
    }

    /// h = 1/(λ d + 1).
    fn weights(&self, log_lambda: f64) -> Vec<f64> {
        let lambda = log_lambda.exp();
        self.rotated.values[..self.records()].iter().map(|d| 1.0 / lambda.mul_add(*d, 1.0)).collect()
    }

    /// (XᵀH⁻¹X)⁻¹ as a factor, and the effects of X on some y.
    fn fixed(&self, h: &[f64], y: &[f64]) -> Option<(Cholesky, Vec<f64>)> {
        let x = &self.rotated.x;
        let product =
            |a: &[f64], b: &[f64]| -> f64 { h.iter().zip(a).zip(b).map(|((h, a), b)| h * a * b).sum() };
        let inner = Mat::from_fn(x.len(), x.len(), |i, k| product(&x[i], &x[k]));
        let factor = Cholesky::of(inner)?;
        let sides: Vec<f64> = x.iter().map(|x| product(x, y)).collect();
        let effects = factor.solved(&sides);
        Some((factor, effects))
    }
}

impl Block<'_> {
    /// What the others say of the block at ln λ; `None` if they do not determine it: a column of X that the block
    /// alone has.
    pub(super) fn at(&self, log_lambda: f64) -> Option<Answer> {
        let Rotated { y, x, values, .. } = self.whole.rotated;
        let n = self.whole.records();
        let h = self.whole.weights(log_lambda);
        let (fixed, effects) = self.whole.fixed(&h, y)?;
        let weighted: Vec<f64> = (0..n)
            .map(|i| h[i] * (y[i] - x.iter().zip(&effects).map(|(x, b)| x[i] * b).sum::<f64>()))
            .collect();
        let whole_square: f64 = (0..n).map(|i| weighted[i] * y[i]).sum();
        let size = self.rows.nrows();
        // Root weights on the eigenvectors: H⁻¹ of the block is their square.
        let scaled = Mat::from_fn(size, n, |i, k| self.rows[(i, k)] * h[k].sqrt());
        let mut inner = Mat::zeros(size, size);
        add_square(inner.as_mut(), scaled.as_ref(), 1.0);
        let columns = Mat::from_fn(n, x.len() + 1, |i, k| x.get(k).map_or(weighted[i], |x| h[i] * x[i]));
        let mut sides = Mat::zeros(size, x.len() + 1);
        matmul(sides.as_mut(), Accum::Replace, self.rows.as_ref(), columns.as_ref(), 1.0, Par::Seq);
        let mut taken = sides.subcols(0, x.len()).transpose().to_owned();
        fixed.half_solve(taken.as_mut());
        add_square(inner.as_mut(), taken.transpose(), -1.0);
        let block = Cholesky::of(inner)?;
        let projected: Vec<f64> = (0..size).map(|i| sides[(i, x.len())]).collect();
        let residuals = block.solved(&projected);
        let explained: f64 = projected.iter().zip(&residuals).map(|(a, b)| a * b).sum();
        let degrees = (n - size) as f64 - x.len() as f64;
        let left = whole_square - explained;
        let spread: f64 = values[..n].iter().map(|d| (log_lambda.exp() * d).ln_1p()).sum();
        let log_sizes = spread + fixed.log_determinant() + block.log_determinant();
        let likelihood = -0.5 * (log_sizes + degrees * left.max(f64::MIN_POSITIVE).ln());
        (degrees > 0.0).then_some(Answer { residuals, likelihood, weights: h })
    }

    /// What the others say of the block at the λ that they make likeliest, looked for from `start` on; of few records
    /// the likelihood may have several peaks, and is looked at all over the range before.
    pub(super) fn likeliest(&self, start: f64) -> Option<Answer> {
        self.at(start)?;
        let likelihood = |t: f64| self.at(t).map_or(f64::NEG_INFINITY, |answer| answer.likelihood);
        let mut best = (start, likelihood(start));
        if self.whole.records() <= FEW {
            for i in 0..=POINTS {
                let t = RANGE.0 + (RANGE.1 - RANGE.0) * i as f64 / POINTS as f64;
                let own = likelihood(t);
                if own > best.1 {
                    best = (t, own);
                }
            }
        }
        self.at(peak(best.0, RANGE, &likelihood))
    }

    /// Record less prediction.
    pub(super) fn residuals(&self, answer: &Answer, records: &[usize]) -> Vec<f64> {
        let scale = |record: usize| self.whole.spectrum.scale().map_or(1.0, |scale| scale[record]);
        answer.residuals.iter().zip(records).map(|(own, &record)| own / scale(record)).collect()
    }

    /// Effects of the columns of X by the other records.
    pub(super) fn effects(&self, answer: &Answer) -> Vec<f64> {
        let n = self.whole.records();
        let turned = |k: usize| -> f64 {
            (0..self.rows.nrows()).map(|i| self.rows[(i, k)] * answer.residuals[i]).sum()
        };
        let y: Vec<f64> = (0..n).map(|k| self.whole.rotated.y[k] - turned(k)).collect();
        self.whole.fixed(&answer.weights, &y).map(|(_, effects)| effects).unwrap_or_default()
    }
}
