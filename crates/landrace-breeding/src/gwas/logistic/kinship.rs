//! A relationship as the covariance of polygenic effects.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use landrace_genotypes::relationship::SampleMatrix;

use crate::mixed_model::{ModelError, Spectrum};
use crate::predict::cholesky::Cholesky;

/// What is added to the diagonal, as a part of its mean, before a matrix is asked whether it is a covariance.
const ROUNDING: f64 = 1e-8;

/// A centred relationship without negative eigenvalues.
pub(super) struct Covariance {
    pub(super) matrix: Mat<f64>,
    pub(super) mean_diagonal: f64,
    /// Eigenvalues that were below 0 and count as 0, and the lowest.
    pub(super) negative: (usize, f64),
}

/// Centres a relationship, and takes its negative eigenvalues as 0 if it has any.
///
/// # Errors
/// Returns an error if it has unknown values or is 0.
pub(super) fn covariance(kinship: &SampleMatrix) -> Result<Covariance, ModelError> {
    if let Some((first, second)) = kinship.unknown() {
        return Err(ModelError::Kinship(format!(
            "the relationship of '{first}' and '{second}' is not known; give a matrix without gaps"
        )));
    }
    let centred = kinship.centred();
    let n = centred.len();
    let mean_diagonal = (0..n).map(|i| centred.get(i, i)).sum::<f64>() / n.max(1) as f64;
    if mean_diagonal.is_nan() || mean_diagonal <= 0.0 {
        return Err(ModelError::Kinship(
            "the relationship matrix is the same for all pairs; give one that differs between pairs"
                .to_owned(),
        ));
    }
    let matrix = Mat::from_fn(n, n, |i, k| centred.get(i, k));
    let lifted =
        Mat::from_fn(n, n, |i, k| matrix[(i, k)] + if i == k { ROUNDING * mean_diagonal } else { 0.0 });
    if Cholesky::of(lifted).is_some() {
        return Ok(Covariance { matrix, mean_diagonal, negative: (0, 0.0) });
    }
    let spectrum = Spectrum::of(&centred)?;
    let vectors = spectrum.vectors();
    let scaled = Mat::from_fn(n, n, |i, k| vectors[(i, k)] * spectrum.values()[k]);
    let mut matrix = Mat::zeros(n, n);
    matmul(matrix.as_mut(), Accum::Replace, scaled.as_ref(), vectors.transpose(), 1.0, Par::Seq);
    Ok(Covariance { matrix, mean_diagonal, negative: spectrum.negative() })
}
