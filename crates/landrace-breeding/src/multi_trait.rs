//! Several traits at once: genetic and residual covariances by restricted maximum likelihood.
//!
//! The model is y = X b + g + e with covariances Vg ⊗ K and Ve ⊗ I (Henderson and Quaas 1976). In the directions of the
//! eigenvectors of K the samples are independent, each with covariance δ Vg + Ve (Zhou and Stephens 2014), so that one
//! step costs samples × traits³. Covariances are kept as products L L', so that they are never negative.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

mod evaluate;
mod likelihood;
mod square;
#[cfg(test)]
mod tests;

pub use evaluate::{MultiTrait, Values, evaluate};
use likelihood::Likelihood;
pub use square::Square;

use landrace_genotypes::relationship::SampleMatrix;

use crate::minimise::minimise;
use crate::mixed_model::Spectrum;

/// Covariances of several traits.
#[derive(Clone, Debug, PartialEq)]
pub struct Covariances {
    /// Genetic, traits × traits, in the units of the traits.
    pub genetic: Square,
    /// Residual, traits × traits.
    pub residual: Square,
    /// Fixed effects, a row a covariate and a column a trait.
    pub effects: Vec<Vec<f64>>,
    /// -2 log restricted likelihood, without the constant.
    pub deviance: f64,
}

/// Why covariances cannot be estimated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CovarianceError(String);

impl Covariances {
    /// Estimates the covariances from data in the directions of the eigenvectors: eigenvalues of K, columns of X (the
    /// mean's among them) and a column a trait, all as long as there are samples.
    ///
    /// # Errors
    /// Returns an error if the samples are too few, or a trait is a combination of covariates and other traits.
    pub fn estimate(values: &[f64], x: &[Vec<f64>], y: &[Vec<f64>]) -> Result<Self, CovarianceError> {
        let (n, d) = (values.len(), y.len());
        if n < x.len() + d + 2 {
            let message =
                format!("{n} samples with all {d} traits are too few to estimate their covariances");
            return Err(CovarianceError(message));
        }
        // Traits in units of their standard deviation: steps are then alike in all directions.
        let scales: Vec<f64> = y
            .iter()
            .map(|column| {
                (column.iter().map(|v| v * v).sum::<f64>() / n as f64).sqrt().max(f64::MIN_POSITIVE)
            })
            .collect();
        let scaled: Vec<Vec<f64>> =
            y.iter().zip(&scales).map(|(column, scale)| column.iter().map(|v| v / scale).collect()).collect();
        let likelihood = Likelihood::new(values, x, &scaled);
        let start = likelihood.start().ok_or_else(|| {
            CovarianceError(
                "a trait is a combination of the others and the covariates, so that their covariances cannot be told \
                 apart; leave it out"
                    .to_owned(),
            )
        })?;
        let value = |at: &[f64]| likelihood.at(at).map_or(f64::INFINITY, |point| point.deviance);
        let gradient =
            |at: &[f64]| likelihood.at(at).map_or_else(|| vec![0.0; at.len()], |point| point.gradient);
        let (best, deviance) = minimise(&value, &gradient, start);
        let (genetic, residual) = likelihood.covariances(&best);
        let effects = likelihood.effects(&best).unwrap_or_default();
        let back = |own: &Square| Square::from_fn(d, |i, j| own.get(i, j) * scales[i] * scales[j]);
        let logs: f64 = scales.iter().map(|scale| scale.ln()).sum();
        Ok(Self {
            genetic: back(&genetic),
            residual: back(&residual),
            effects: effects
                .into_iter()
                .map(|row| row.iter().zip(&scales).map(|(v, scale)| v * scale).collect())
                .collect(),
            deviance: deviance + 2.0 * (n - x.len()) as f64 * logs,
        })
    }

    /// Estimates the covariances of samples with this relationship: columns of X (the mean's among them) and a column a
    /// trait, one number a sample.
    ///
    /// # Errors
    /// As [`Self::estimate`], and if the matrix has unknown values or is 0.
    pub fn of_samples(
        kinship: &SampleMatrix,
        x: &[Vec<f64>],
        y: &[Vec<f64>],
    ) -> Result<Self, CovarianceError> {
        let spectrum = Spectrum::of(kinship).map_err(|error| CovarianceError(error.to_string()))?;
        let n = spectrum.samples();
        let [first, rest @ ..] = y else { return Err(CovarianceError("there are no traits".to_owned())) };
        let columns: Vec<Vec<f64>> = rest.iter().chain(x).cloned().collect();
        let rotated = spectrum.rotate(first, &columns);
        let mut turned = std::iter::once(rotated.y).chain(rotated.x).map(|mut column| {
            column.truncate(n);
            column
        });
        let y: Vec<Vec<f64>> = turned.by_ref().take(y.len()).collect();
        let x: Vec<Vec<f64>> = turned.collect();
        Self::estimate(spectrum.values(), &x, &y)
    }

    /// Genetic correlations; 0 where a trait has no genetic variance.
    pub fn correlations(&self) -> Square {
        let own = &self.genetic;
        Square::from_fn(own.len(), |i, j| {
            let scale = (own.get(i, i) * own.get(j, j)).sqrt();
            if scale > 0.0 { own.get(i, j) / scale } else { 0.0 }
        })
    }
}
