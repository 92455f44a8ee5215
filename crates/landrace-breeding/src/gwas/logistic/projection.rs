//! P = Σ⁻¹ − Σ⁻¹X (XᵀΣ⁻¹X)⁻¹ XᵀΣ⁻¹, and its product with markers.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};

use crate::predict::cholesky::Cholesky;

/// A projection that takes the covariates off, weighed by an inverse covariance.
pub(super) struct Projection {
    /// P as a matrix; `None` where Σ⁻¹ is the diagonal W.
    dense: Option<Mat<f64>>,
    weights: Vec<f64>,
    /// W X: samples × covariates.
    weighed: Mat<f64>,
    /// Factor of XᵀWX.
    normal: Cholesky,
}

/// Aᵀ B.
pub(super) fn cross(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    let mut out = Mat::zeros(a.ncols(), b.ncols());
    matmul(out.as_mut(), Accum::Replace, a.transpose(), b, 1.0, Par::Seq);
    out
}

impl Projection {
    /// `inverse` is Σ⁻¹ if it is not diag(`weights`). `None` if the covariates depend on each other under the weights.
    pub(super) fn new(x: &Mat<f64>, weights: &[f64], inverse: Option<Mat<f64>>) -> Option<Self> {
        let weighed = Mat::from_fn(x.nrows(), x.ncols(), |i, k| x[(i, k)] * weights[i]);
        let normal = Cholesky::of(cross(weighed.as_ref(), x.as_ref()))?;
        let dense = match inverse {
            Some(mut inverse) => {
                let mut along = Mat::zeros(x.nrows(), x.ncols());
                matmul(along.as_mut(), Accum::Replace, inverse.as_ref(), x.as_ref(), 1.0, Par::Seq);
                let factor = Cholesky::of(cross(x.as_ref(), along.as_ref()))?;
                let mut half = along.transpose().to_owned();
                factor.half_solve(half.as_mut());
                matmul(inverse.as_mut(), Accum::Add, half.transpose(), half.as_ref(), -1.0, Par::Seq);
                Some(inverse)
            }
            None => None,
        };
        Some(Self { dense, weights: weights.to_vec(), weighed, normal })
    }

    /// P G; the columns of G are markers.
    pub(super) fn apply(&self, g: MatRef<'_, f64>) -> Mat<f64> {
        let (n, width) = (g.nrows(), g.ncols());
        if let Some(dense) = &self.dense {
            let mut out = Mat::zeros(n, width);
            matmul(out.as_mut(), Accum::Replace, dense.as_ref(), g, 1.0, Par::Seq);
            return out;
        }
        let mut along = cross(self.weighed.as_ref(), g);
        self.normal.solve(along.as_mut());
        let mut out = Mat::from_fn(n, width, |i, k| g[(i, k)] * self.weights[i]);
        matmul(out.as_mut(), Accum::Add, self.weighed.as_ref(), along.as_ref(), -1.0, Par::Seq);
        out
    }

    /// Part of each marker's squared length, weighed by W, that the covariates do not explain.
    pub(super) fn left_by_covariates(&self, g: MatRef<'_, f64>) -> Vec<f64> {
        let mut along = cross(self.weighed.as_ref(), g);
        self.normal.half_solve(along.as_mut());
        let left = |k: usize| {
            let all: f64 = g.col(k).iter().zip(&self.weights).map(|(x, w)| x * x * w).sum();
            let explained: f64 = along.col(k).iter().map(|x| x * x).sum();
            (all - explained) / all
        };
        (0..g.ncols()).map(left).collect()
    }
}
