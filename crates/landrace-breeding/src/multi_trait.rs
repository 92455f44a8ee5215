//! Several traits at once: genetic and residual covariances by restricted maximum likelihood.
//!
//! The model is y = X b + g + e with covariances Vg ⊗ K and Ve ⊗ I (Henderson and Quaas 1976). In the directions of the
//! eigenvectors of K the samples are independent, each with covariance δ Vg + Ve (Zhou and Stephens 2014), so that one
//! step costs samples × traits³. Covariances are kept as products L L', so that they are never negative.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::cell::{Cell, RefCell};

mod evaluate;
mod likelihood;
mod square;
#[cfg(test)]
mod tests;

pub use evaluate::{MultiTrait, Values, evaluate};
use likelihood::{Likelihood, Point};
pub use square::Square;

use landrace_genotypes::relationship::SampleMatrix;

use crate::minimise::{minimise, minimise_from};
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
        let scaled = Scaled::of(y);
        let likelihood = Likelihood::new(values, x, &scaled.y);
        let start = likelihood.start().ok_or_else(|| {
            CovarianceError(
                "a trait is a combination of the others and the covariates, so that their covariances cannot be told \
                 apart; leave it out"
                    .to_owned(),
            )
        })?;
        Ok(scaled.climb(&likelihood, (start, None), x.len()))
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

/// Estimates the covariances again with other columns of X, from those of the model without: a marker beside the
/// covariates moves them little, and what is known of the likelihood's curvature makes the steps few.
pub(crate) struct Refiner {
    point: Vec<f64>,
    inverse: Option<Vec<Vec<f64>>>,
}

impl Refiner {
    /// `own` are the covariances of these data. `None` if they are no place to start from.
    pub(crate) fn new(own: &Covariances, values: &[f64], x: &[Vec<f64>], y: &[Vec<f64>]) -> Option<Self> {
        let scaled = Scaled::of(y);
        let likelihood = Likelihood::new(values, x, &scaled.y);
        let unit = |own: &Square| {
            Square::from_fn(y.len(), |i, j| own.get(i, j) / scaled.scales[i] / scaled.scales[j])
        };
        let point = likelihood.point(&unit(&own.genetic), &unit(&own.residual))?;
        likelihood.at(&point)?;
        let inverse = curvature(&likelihood, &point);
        Some(Self { point, inverse })
    }

    /// The covariances with these columns of X.
    pub(crate) fn refined(&self, values: &[f64], x: &[Vec<f64>], y: &[Vec<f64>]) -> Option<Covariances> {
        let scaled = Scaled::of(y);
        let likelihood = Likelihood::new(values, x, &scaled.y);
        likelihood.at(&self.point)?;
        Some(scaled.climb(&likelihood, (self.point.clone(), self.inverse.clone()), x.len()))
    }
}

/// Inverse of the second derivatives, by differences of slopes; `None` where they are no valley.
fn curvature(likelihood: &Likelihood<'_>, point: &[f64]) -> Option<Vec<Vec<f64>>> {
    let n = point.len();
    let slope = |k: usize, by: f64| {
        let mut moved = point.to_vec();
        moved[k] += by;
        likelihood.at(&moved).map(|own| own.gradient)
    };
    let by = 1e-4;
    let mut rows = Vec::new();
    for k in 0..n {
        let (up, down) = (slope(k, by)?, slope(k, -by)?);
        rows.push(up.iter().zip(&down).map(|(a, b)| (a - b) / (2.0 * by)).collect::<Vec<f64>>());
    }
    let (inverse, _) = Square::from_fn(n, |i, j| 0.5 * (rows[i][j] + rows[j][i])).inverse()?;
    Some((0..n).map(|i| (0..n).map(|j| inverse.get(i, j)).collect()).collect())
}

/// Traits in units of their root mean square: steps are then alike in all directions.
struct Scaled {
    scales: Vec<f64>,
    y: Vec<Vec<f64>>,
}

impl Scaled {
    fn of(y: &[Vec<f64>]) -> Self {
        let scale = |column: &Vec<f64>| {
            (column.iter().map(|v| v * v).sum::<f64>() / column.len() as f64).sqrt().max(f64::MIN_POSITIVE)
        };
        let scales: Vec<f64> = y.iter().map(scale).collect();
        let y =
            y.iter().zip(&scales).map(|(column, scale)| column.iter().map(|v| v / scale).collect()).collect();
        Self { scales, y }
    }

    /// The likeliest covariances, in the traits' own units.
    fn climb(
        &self,
        likelihood: &Likelihood<'_>,
        (start, inverse): (Vec<f64>, Option<Vec<Vec<f64>>>),
        covariates: usize,
    ) -> Covariances {
        let (d, n) = (self.y.len(), self.y.first().map_or(0, Vec::len));
        let scales = &self.scales;
        // The slope is asked for where the value was.
        let last: RefCell<Option<(Vec<f64>, Option<Point>)>> = RefCell::new(None);
        let at = |x: &[f64], take: &dyn Fn(Option<&Point>)| {
            let mut last = last.borrow_mut();
            if last.as_ref().is_none_or(|own| own.0 != x) {
                *last = Some((x.to_vec(), likelihood.at(x)));
            }
            take(last.as_ref().and_then(|own| own.1.as_ref()));
        };
        let value = |x: &[f64]| {
            let out = Cell::new(f64::INFINITY);
            at(x, &|point| out.set(point.map_or(f64::INFINITY, |point| point.deviance)));
            out.get()
        };
        let gradient = |x: &[f64]| {
            let out = RefCell::new(vec![0.0; x.len()]);
            at(x, &|point| {
                if let Some(point) = point {
                    out.borrow_mut().clone_from(&point.gradient);
                }
            });
            out.into_inner()
        };
        let (best, deviance) = match inverse {
            Some(inverse) => minimise_from(&value, &gradient, start, inverse),
            None => minimise(&value, &gradient, start),
        };
        let (genetic, residual) = likelihood.covariances(&best);
        let effects = likelihood.effects(&best).unwrap_or_default();
        let back = |own: &Square| Square::from_fn(d, |i, j| own.get(i, j) * scales[i] * scales[j]);
        let logs: f64 = scales.iter().map(|scale| scale.ln()).sum();
        Covariances {
            genetic: back(&genetic),
            residual: back(&residual),
            effects: effects
                .into_iter()
                .map(|row| row.iter().zip(scales).map(|(v, scale)| v * scale).collect())
                .collect(),
            deviance: deviance + 2.0 * (n - covariates) as f64 * logs,
        }
    }
}
