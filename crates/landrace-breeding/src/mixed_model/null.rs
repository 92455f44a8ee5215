//! The model without markers: variance components, fixed effects, breeding values.

use super::ModelError;
use super::likelihood::{Criterion, Size, log_weights};
use super::moments::{Moments, pair};
use super::search::{Bound, INTERVALS, Optimum, grid, maximise};
use super::spectrum::{Rotated, Spectrum};

/// What is left of a column, as a part of it, below which it is a combination of those before.
pub(crate) const COLLINEAR: f64 = 1e-9;

/// A fitted model y = X b + u + e.
#[derive(Clone, Debug, PartialEq)]
pub struct NullModel {
    /// σg² / σe² by restricted likelihood.
    pub lambda: f64,
    /// The end of the range of λ, if the restricted likelihood is greatest there.
    pub bound: Option<Bound>,
    /// σg² / σe² by full likelihood.
    pub lambda_ml: f64,
    /// The end of the range of λ, if the full likelihood is greatest there.
    pub bound_ml: Option<Bound>,
    /// σg²: variance of u is σg² K.
    pub vg: f64,
    /// σe².
    pub ve: f64,
    /// Effects of the columns of X, by generalised least squares.
    pub beta: Vec<f64>,
    /// Their standard errors.
    pub beta_se: Vec<f64>,
    /// Greatest restricted log-likelihood.
    pub loglik_reml: f64,
    /// Greatest log-likelihood.
    pub loglik_ml: f64,
    /// Share of the variance that goes with the relationship: mean eigenvalue × σg² over itself plus σe².
    pub h2: f64,
    /// Its standard error from the curvature of the restricted likelihood; `None` at an end of the range.
    pub h2_se: Option<f64>,
    /// Samples and columns of X.
    pub samples: usize,
    /// Columns of X.
    pub covariates: usize,
}

/// A point of a likelihood: first and second derivative by ln λ, and the value.
struct Fit<'a> {
    rotated: &'a Rotated,
    columns: Vec<&'a [f64]>,
    size: Size,
    log_plain: f64,
    moments: Moments,
}

impl Fit<'_> {
    /// Computes the sums at ln λ and fits all columns of X; gives yᵀPy, yᵀPPy, yᵀPPPy.
    fn at(&mut self, log_lambda: f64) -> [f64; 3] {
        let rotated = self.rotated;
        let values = (rotated.values.as_slice(), rotated.padding());
        self.moments.compute(values, &self.columns, log_lambda.exp());
        let fitted = self.size.fitted;
        (0..fitted).for_each(|column| {
            self.moments.fit(column, 0.0, 0.0);
        });
        self.moments.of(fitted, fitted)
    }

    fn value(&mut self, criterion: Criterion, log_lambda: f64) -> f64 {
        let yy = self.at(log_lambda);
        let log_h = log_weights(&self.rotated.values, log_lambda.exp());
        criterion.value(&self.moments, yy[0], self.size, (log_h, self.log_plain))
    }

    fn slopes(&mut self, criterion: Criterion, log_lambda: f64) -> (f64, f64) {
        let yy = self.at(log_lambda);
        criterion.derivatives(&self.moments, yy, self.size)
    }

    fn maximise(&mut self, criterion: Criterion, start: f64) -> Optimum {
        let firsts: [f64; INTERVALS + 1] = grid().map(|t| self.slopes(criterion, t).0);
        let slopes = |fit: &mut Self, t: f64| fit.slopes(criterion, t);
        maximise(&firsts, start, self, slopes, |fit, t| fit.value(criterion, t))
    }
}

/// Fits the model by restricted and by full likelihood.
///
/// # Errors
/// Returns an error if there are no more samples than columns of X, if these are collinear, or if nothing varies.
pub fn fit_null(rotated: &Rotated) -> Result<NullModel, ModelError> {
    let mut fit = check(rotated)?;
    let reml = fit.maximise(Criterion::Reml, 0.0);
    let ml = fit.maximise(Criterion::Ml, reml.log_lambda);
    let (lambda, size) = (reml.log_lambda.exp(), fit.size);
    let (_, curvature) = fit.slopes(Criterion::Reml, reml.log_lambda);
    let loglik_reml = fit.value(Criterion::Reml, reml.log_lambda);
    let loglik_ml = fit.value(Criterion::Ml, ml.log_lambda);
    let ve = fit.at(reml.log_lambda)[0] / size.degrees();
    let (beta, inverse_diagonal) = effects(&mut fit, lambda);
    let trace = rotated.mean_value();
    let share = 1.0 + trace * lambda;
    let h2_se = (reml.bound.is_none() && curvature < 0.0)
        .then(|| trace * lambda / (share * share) / (-curvature).sqrt());
    Ok(NullModel {
        lambda,
        bound: reml.bound,
        lambda_ml: ml.log_lambda.exp(),
        bound_ml: ml.bound,
        vg: lambda * ve,
        ve,
        beta_se: inverse_diagonal.iter().map(|own| (ve * own).sqrt()).collect(),
        beta,
        loglik_reml,
        loglik_ml,
        h2: trace * lambda / share,
        h2_se,
        samples: size.samples,
        covariates: size.fitted,
    })
}

/// Looks at the data without the relationship: whether a model can be fitted.
///
/// # Errors
/// As [`fit_null`].
pub(crate) fn check_data(rotated: &Rotated) -> Result<(), ModelError> {
    check(rotated).map(|_| ())
}

fn check(rotated: &Rotated) -> Result<Fit<'_>, ModelError> {
    let fitted = rotated.x.len();
    let size = Size { samples: rotated.samples, fitted };
    if rotated.samples <= fitted {
        return Err(ModelError::TooFew { samples: rotated.samples, covariates: fitted });
    }
    let columns: Vec<&[f64]> =
        rotated.x.iter().chain(std::iter::once(&rotated.y)).map(Vec::as_slice).collect();
    let mut moments = Moments::default();
    moments.compute((&rotated.values, rotated.padding()), &columns, 0.0);
    let originals: Vec<f64> = (0..=fitted).map(|k| moments.of(k, k)[0]).collect();
    for (column, &original) in originals[..fitted].iter().enumerate() {
        if !moments.fit(column, original, COLLINEAR) {
            return Err(ModelError::Collinear(column));
        }
    }
    let left = moments.of(fitted, fitted)[0];
    if left.is_nan() || left <= originals[fitted] * 1e-12 {
        return Err(ModelError::Constant);
    }
    let log_plain = moments.log_determinant;
    Ok(Fit { rotated, columns, size, log_plain, moments })
}

/// Effects of the columns of X, and the diagonal of (XᵀH⁻¹X)⁻¹.
fn effects(fit: &mut Fit<'_>, lambda: f64) -> (Vec<f64>, Vec<f64>) {
    let (rotated, c) = (fit.rotated, fit.size.fitted);
    fit.moments.compute((&rotated.values, rotated.padding()), &fit.columns, lambda);
    let own = |i: usize, k: usize| fit.moments.sums[pair(i.min(k), i.max(k))][0];
    solve(c, own, |i| own(i, c))
}

/// The solution of a positive definite system of equations, and the diagonal of its inverse: Gauss-Jordan beside the unit
/// matrix, without pivoting.
pub(crate) fn solve(
    size: usize,
    matrix: impl Fn(usize, usize) -> f64,
    right: impl Fn(usize) -> f64,
) -> (Vec<f64>, Vec<f64>) {
    let c = size;
    let width = 2 * c + 1;
    let mut rows: Vec<Vec<f64>> = (0..c)
        .map(|i| {
            let unit = (0..c).map(|k| f64::from(u8::from(i == k)));
            (0..c).map(|k| matrix(i, k)).chain(unit).chain([right(i)]).collect()
        })
        .collect();
    for i in 0..c {
        let pivot = rows[i][i];
        rows[i].iter_mut().for_each(|cell| *cell /= pivot);
        let own = rows[i].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(k, _)| *k != i) {
            let factor = row[i];
            (0..width).for_each(|k| row[k] -= factor * own[k]);
        }
    }
    (rows.iter().map(|row| row[2 * c]).collect(), (0..c).map(|i| rows[i][c + i]).collect())
}

impl NullModel {
    /// Breeding values of the samples: the best linear unbiased predictions of u.
    pub fn breeding_values(&self, spectrum: &Spectrum, rotated: &Rotated) -> Vec<f64> {
        let turned: Vec<f64> = self
            .residuals(rotated)
            .zip(&rotated.values)
            .map(|(e, d)| e * self.lambda * d / self.lambda.mul_add(*d, 1.0))
            .collect();
        spectrum.turn_back(&turned)
    }

    /// a with u = K a, so that samples beside have K(new, these) a.
    pub fn dual(&self, spectrum: &Spectrum, rotated: &Rotated) -> Vec<f64> {
        let turned: Vec<f64> = self
            .residuals(rotated)
            .zip(&rotated.values)
            .map(|(e, d)| e * self.lambda / self.lambda.mul_add(*d, 1.0))
            .collect();
        let weights = |i: usize| spectrum.scale().map_or(1.0, |scale| scale[i] * scale[i]);
        spectrum.turn_back(&turned).iter().enumerate().map(|(i, a)| a * weights(i)).collect()
    }

    fn residuals<'a>(&'a self, rotated: &'a Rotated) -> impl Iterator<Item = f64> + 'a {
        (0..rotated.samples).map(|i| {
            rotated.y[i] - self.beta.iter().zip(&rotated.x).map(|(beta, x)| beta * x[i]).sum::<f64>()
        })
    }
}

#[cfg(test)]
mod tests;
