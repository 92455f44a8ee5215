//! One random effect with a given covariance: the model under GBLUP and kernel regression.

use std::sync::Arc;

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use landrace_genotypes::relationship::SampleMatrix;
use rayon::prelude::*;

use super::cholesky::Cholesky;
use super::{Fit, Heritability, PredictError, Variance};
use crate::mixed_model::{Bound, ModelError, NullModel, Rotated, Spectrum, fit_null};
use crate::phenotype::AnalysisSet;

/// Negative eigenvalues below this part of the largest are told of; others are rounding.
const SEEN: f64 = 1e-4;

/// Samples whose reliabilities one task computes.
const ROWS: usize = 256;

/// A fitted model with what it was fitted from.
pub(super) struct KernelFit {
    pub(super) spectrum: Arc<Spectrum>,
    pub(super) rotated: Rotated,
    pub(super) null: NullModel,
}

/// The mean and the covariates as columns.
pub(super) fn columns(set: &AnalysisSet) -> Vec<Vec<f64>> {
    let mean = vec![1.0; set.samples.len()];
    std::iter::once(mean).chain(set.design.columns.iter().cloned()).collect()
}

pub(super) fn model_error(set: &AnalysisSet) -> impl Fn(ModelError) -> PredictError {
    let name = set.name.to_string();
    move |error| PredictError::Model { name: name.clone(), error }
}

impl KernelFit {
    /// Fits the records of a set, whose relationship was taken apart.
    pub(super) fn new(spectrum: Arc<Spectrum>, set: &AnalysisSet) -> Result<Self, PredictError> {
        let rotated = spectrum.rotate(&set.values, &columns(set));
        let null = fit_null(&rotated).map_err(model_error(set))?;
        Ok(Self { spectrum, rotated, null })
    }

    /// a with u = K a over the samples of the set.
    pub(super) fn dual(&self) -> Vec<f64> {
        self.null.dual(&self.spectrum, &self.rotated)
    }

    /// The values of all samples of the kernel, with their reliabilities; `name` is that of the variance.
    pub(super) fn fit(&self, kernel: &SampleMatrix, set: &AnalysisSet, name: &'static str) -> Fit {
        let (null, dual) = (&self.null, self.dual());
        let all: Vec<usize> = (0..kernel.len()).collect();
        let value =
            |&i: &usize| set.samples.iter().zip(&dual).map(|(&t, a)| kernel.get(i, t) * a).sum::<f64>();
        let values: Vec<f64> = all.par_iter().map(value).collect();
        let reliabilities = self.reliabilities(kernel, set);
        let error =
            |(i, own): (usize, &f64)| ((1.0 - own) * kernel.get(i, i).max(0.0) * null.vg).max(0.0).sqrt();
        let errors = reliabilities.iter().enumerate().map(error).collect();
        let covariates = null.beta[1..].to_vec();
        let mean_of = |column: &Vec<f64>| column.iter().sum::<f64>() / column.len() as f64;
        let shift: f64 = set.design.columns.iter().zip(&covariates).map(|(x, b)| mean_of(x) * b).sum();
        let mut notes = Vec::new();
        match null.bound {
            Some(Bound::Low) => {
                notes.push("no variance goes with the relationship: all values lie near the mean".to_owned())
            }
            Some(Bound::High) => {
                notes.push("no residual variance is left: values repeat the records".to_owned())
            }
            None => {}
        }
        let (negative, lowest) = self.spectrum.negative();
        let most = self.spectrum.values().last().copied().unwrap_or(0.0);
        if negative > 0 && lowest < -SEEN * most {
            notes.push(format!(
                "the relationship has {negative} negative eigenvalues (lowest {lowest:.3}): they count as 0"
            ));
        }
        Fit {
            mean: null.beta[0] + shift,
            covariates,
            values,
            breeding_values: None,
            reliabilities: Some(reliabilities),
            errors: Some(errors),
            effects: None,
            variances: vec![Variance { name, value: null.vg }, Variance { name: "residual", value: null.ve }],
            heritability: Some(Heritability { value: null.h2, se: null.h2_se }),
            notes,
        }
    }

    /// λ k P kᵀ / K_ii for each sample i, k being its relationship to the records: the share of the variance of its
    /// value that the records take away (Henderson 1975), the estimation of the mean and the covariates included.
    fn reliabilities(&self, kernel: &SampleMatrix, set: &AnalysisSet) -> Vec<f64> {
        let (n, lambda) = (set.samples.len(), self.null.lambda);
        let h: Vec<f64> = self.rotated.values[..n].iter().map(|d| 1.0 / lambda.mul_add(*d, 1.0)).collect();
        let x = &self.rotated.x;
        let product =
            |a: &[f64], b: &[f64]| -> f64 { h.iter().zip(a).zip(b).map(|((h, a), b)| h * a * b).sum() };
        let Some(fixed) = Cholesky::of(Mat::from_fn(x.len(), x.len(), |i, k| product(&x[i], &x[k]))) else {
            return vec![0.0; kernel.len()];
        };
        let hx = Mat::from_fn(n, x.len(), |i, k| h[i] * x[k][i]);
        let chunks: Vec<usize> = (0..kernel.len()).step_by(ROWS).collect();
        let of_chunk = |&first: &usize| -> Vec<f64> {
            let rows = ROWS.min(kernel.len() - first);
            let turned = self.turned(kernel, set, first..first + rows);
            let mut taken = Mat::zeros(x.len(), rows);
            matmul(taken.as_mut(), Accum::Replace, hx.transpose(), turned.transpose(), 1.0, Par::Seq);
            fixed.half_solve(taken.as_mut());
            (0..rows)
                .map(|i| {
                    let own: f64 = (0..n).map(|k| h[k] * turned[(i, k)].powi(2)).sum();
                    let fixed: f64 = (0..x.len()).map(|k| taken[(k, i)].powi(2)).sum();
                    let variance = kernel.get(first + i, first + i);
                    if variance > 0.0 { (lambda * (own - fixed) / variance).clamp(0.0, 1.0) } else { 0.0 }
                })
                .collect()
        };
        chunks.par_iter().map(of_chunk).collect::<Vec<_>>().concat()
    }

    /// The relationship of some samples to the records, scaled by the weights, in the directions of the eigenvectors.
    fn turned(&self, kernel: &SampleMatrix, set: &AnalysisSet, samples: std::ops::Range<usize>) -> Mat<f64> {
        let n = set.samples.len();
        let first = samples.start;
        let scale = |record: usize| self.spectrum.scale().map_or(1.0, |scale| scale[record]);
        let own = Mat::from_fn(samples.len(), n, |i, k| kernel.get(first + i, set.samples[k]) * scale(k));
        let mut out = Mat::zeros(samples.len(), n);
        matmul(out.as_mut(), Accum::Replace, own.as_ref(), self.spectrum.vectors(), 1.0, Par::Seq);
        out
    }
}
