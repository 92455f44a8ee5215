//! Generalised least squares of several traits in the directions of the eigenvectors.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};

use super::TraitData;
use crate::mixed_model::{ModelError, Rotated, Spectrum, check_data};
use crate::multi_trait::{Covariances, Square};

/// Part of a marker's length that the covariates must leave, if there are more of them than the mean.
const LEFT: f64 = 1e-4;

/// Rotated data: a number a sample.
pub(super) struct Data {
    /// Eigenvalues.
    pub(super) values: Vec<f64>,
    /// Columns of X.
    pub(super) x: Vec<Vec<f64>>,
    /// Traits.
    pub(super) y: Vec<Vec<f64>>,
    /// An orthonormal basis of X.
    pub(super) basis: Mat<f64>,
}

/// A marker's effects and their covariance.
pub(super) struct Estimate {
    pub(super) beta: Vec<f64>,
    pub(super) covariance: Square,
}

impl Data {
    /// Rotates traits and covariates, the first of which is the mean; an error names the trait whose own model cannot be fitted.
    pub(super) fn of(
        spectrum: &Spectrum,
        covariates: &[Vec<f64>],
        traits: &[TraitData],
    ) -> Result<Self, (String, ModelError)> {
        let n = spectrum.samples();
        let cut = |mut column: Vec<f64>| {
            column.truncate(n);
            column
        };
        let mut y = Vec::new();
        for own in traits {
            let plain = Rotated::plain(&own.values, covariates, None);
            check_data(&plain).map_err(|error| (own.name.clone(), error))?;
            y.push(cut(spectrum.rotate(&centred(&own.values), &[]).y));
        }
        let mean = covariates.iter().take(1).cloned();
        let x: Vec<Vec<f64>> = mean.chain(covariates.iter().skip(1).map(|column| centred(column))).collect();
        let first = traits.first().map_or(&[][..], |own| &own.values);
        let x: Vec<Vec<f64>> = spectrum.rotate(first, &x).x.into_iter().map(cut).collect();
        let basis = super::super::frame::basis(&x);
        Ok(Self { values: spectrum.values().to_vec(), x, y, basis })
    }

    /// Whether the covariates leave enough of each column.
    pub(super) fn left_by_covariates(&self, columns: &Mat<f64>) -> Vec<bool> {
        let mut along = Mat::zeros(self.basis.ncols(), columns.ncols());
        matmul(along.as_mut(), Accum::Replace, self.basis.transpose(), columns.as_ref(), 1.0, Par::Seq);
        let least = if self.x.len() > 1 { LEFT } else { 1e-12 };
        let is_left = |k: usize| {
            let all: f64 = columns.col(k).iter().map(|x| x * x).sum();
            let explained: f64 = along.col(k).iter().map(|x| x * x).sum();
            all - explained > least * all
        };
        (0..columns.ncols()).map(is_left).collect()
    }
}

/// A column less its mean. The mean is fitted anyway, and its direction has no genetic variance: where residuals are nearly
/// singular too, its weight would drown all others.
fn centred(column: &[f64]) -> Vec<f64> {
    let mean = column.iter().sum::<f64>() / column.len() as f64;
    column.iter().map(|x| x - mean).collect()
}

/// Markers less their means.
pub(super) fn centred_columns(columns: &Mat<f64>) -> Mat<f64> {
    let n = columns.nrows();
    let means: Vec<f64> =
        (0..columns.ncols()).map(|k| columns.col_as_slice(k).iter().sum::<f64>() / n as f64).collect();
    Mat::from_fn(n, columns.ncols(), |i, k| columns[(i, k)] - means[k])
}

/// Pairs of traits, the first not after the second.
fn pairs(d: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..d).flat_map(|j| (0..=j).map(move |i| (i, j)))
}

fn pair(i: usize, j: usize) -> usize {
    let (low, high) = (i.min(j), i.max(j));
    high * (high + 1) / 2 + low
}

/// What markers are multiplied with, at fixed covariances.
pub(super) struct Products {
    d: usize,
    covariates: usize,
    /// Samples × (d weighed residuals, then each covariate times the cells of V⁻¹).
    factors: Mat<f64>,
    /// Samples × cells of V⁻¹.
    weights: Mat<f64>,
    /// Inverse of Σ (x ⊗ I) V⁻¹ (x ⊗ I)ᵀ, covariate by covariate, trait by trait.
    normal: Square,
}

/// Sums over the samples of a block of markers.
pub(super) struct Sums {
    linear: Mat<f64>,
    square: Mat<f64>,
}

impl Products {
    /// `None` if a covariance is singular.
    pub(super) fn new(data: &Data, covariances: &Covariances) -> Option<Self> {
        let (n, d, c) = (data.values.len(), data.y.len(), data.x.len());
        let mut weights = Mat::zeros(n, d * (d + 1) / 2);
        for (i, value) in data.values.iter().enumerate() {
            let own =
                |a: usize, b: usize| value * covariances.genetic.get(a, b) + covariances.residual.get(a, b);
            let (inverse, _) = Square::from_fn(d, own).inverse()?;
            pairs(d).enumerate().for_each(|(at, (a, b))| weights[(i, at)] = inverse.get(a, b));
        }
        let weighed = |i: usize, a: usize, y: &dyn Fn(usize) -> f64| -> f64 {
            (0..d).map(|b| weights[(i, pair(a, b))] * y(b)).sum()
        };
        let left = |row: usize, column: usize| {
            let (k, a, l, b) = (row / d, row % d, column / d, column % d);
            (0..n).map(|i| data.x[k][i] * data.x[l][i] * weights[(i, pair(a, b))]).sum::<f64>()
        };
        let (normal, _) = Square::from_fn(c * d, left).inverse()?;
        let right = |at: usize| {
            (0..n).map(|i| data.x[at / d][i] * weighed(i, at % d, &|b| data.y[b][i])).sum::<f64>()
        };
        let effects = normal.times(&(0..c * d).map(right).collect::<Vec<f64>>());
        let rest = |i: usize, b: usize| {
            data.y[b][i] - (0..c).map(|k| data.x[k][i] * effects[k * d + b]).sum::<f64>()
        };
        let cells = weights.ncols();
        let factors = Mat::from_fn(n, d + c * cells, |i, column| match column.checked_sub(d) {
            None => weighed(i, column, &|b| rest(i, b)),
            Some(at) => data.x[at / cells][i] * weights[(i, at % cells)],
        });
        Some(Self { d, covariates: c, factors, weights, normal })
    }

    /// Sums of rotated markers.
    pub(super) fn sums(&self, rotated: &Mat<f64>) -> Sums {
        let squared =
            Mat::from_fn(rotated.nrows(), rotated.ncols(), |i, k| rotated[(i, k)] * rotated[(i, k)]);
        let product = |left: &Mat<f64>, right: &Mat<f64>| {
            let mut out = Mat::zeros(left.ncols(), right.ncols());
            matmul(out.as_mut(), Accum::Replace, left.transpose(), right.as_ref(), 1.0, Par::Seq);
            out
        };
        Sums { linear: product(&self.factors, rotated), square: product(&self.weights, &squared) }
    }

    /// Effects of the marker in a column of the block; `None` if they cannot be told apart.
    pub(super) fn estimate(&self, sums: &Sums, k: usize) -> Option<Estimate> {
        let (d, cells) = (self.d, self.weights.ncols());
        // The covariates' part: column b of it for all covariates and traits.
        let beside = |b: usize| -> Vec<f64> {
            let cell = |at: usize| sums.linear[(d + at / d * cells + pair(at % d, b), k)];
            (0..self.covariates * d).map(cell).collect()
        };
        let beside: Vec<Vec<f64>> = (0..d).map(beside).collect();
        let turned: Vec<Vec<f64>> = beside.iter().map(|own| self.normal.times(own)).collect();
        let cell = |a: usize, b: usize| {
            let explained: f64 = beside[a].iter().zip(&turned[b]).map(|(x, y)| x * y).sum();
            sums.square[(pair(a, b), k)] - explained
        };
        let (covariance, _) = Square::from_fn(d, cell).inverse()?;
        let score: Vec<f64> = (0..d).map(|a| sums.linear[(a, k)]).collect();
        Some(Estimate { beta: covariance.times(&score), covariance })
    }
}

/// Effects of one marker at covariances of its own.
pub(super) fn estimate(data: &Data, covariances: &Covariances, g: &[f64]) -> Option<Estimate> {
    let products = Products::new(data, covariances)?;
    let column = Mat::from_fn(g.len(), 1, |i, _| g[i]);
    products.estimate(&products.sums(&column), 0)
}
