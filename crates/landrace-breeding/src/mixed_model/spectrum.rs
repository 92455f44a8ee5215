//! A relationship matrix taken apart, and data seen in the directions of its eigenvectors.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use landrace_genotypes::pca::eigen;
use landrace_genotypes::relationship::SampleMatrix;

use super::ModelError;
use super::kernel::LANES;

/// Eigenvalues of this part of the largest count as 0: they are rounding.
const NOTHING: f64 = 1e-10;

/// The eigenvalues and eigenvectors of a relationship matrix (of √w K √w, if there are weights).
#[derive(Clone, Debug)]
pub struct Spectrum {
    values: Vec<f64>,
    vectors: Mat<f64>,
    scale: Option<Vec<f64>>,
    /// Eigenvalues below 0, which count as 0, and the lowest of them.
    negative: (usize, f64),
}

/// A trait and covariates in the directions of the eigenvectors, filled up with zeros to whole lanes.
#[derive(Clone, Debug)]
pub struct Rotated {
    /// Number of samples; the rest is padding.
    pub(crate) samples: usize,
    pub(crate) values: Vec<f64>,
    pub(crate) y: Vec<f64>,
    /// The columns of X.
    pub(crate) x: Vec<Vec<f64>>,
}

impl Rotated {
    /// A trait and the columns of X without a relationship; `scale` is √weight of each sample.
    pub(crate) fn plain(y: &[f64], x: &[Vec<f64>], scale: Option<&[f64]>) -> Self {
        let padded = y.len().next_multiple_of(LANES);
        let column = |own: &[f64]| -> Vec<f64> {
            let value =
                |i: usize| own.get(i).map_or(0.0, |value| value * scale.map_or(1.0, |scale| scale[i]));
            (0..padded).map(value).collect()
        };
        let x = x.iter().map(|own| column(own)).collect();
        Self { samples: y.len(), values: vec![0.0; padded], y: column(y), x }
    }

    pub(crate) fn padding(&self) -> usize {
        self.values.len() - self.samples
    }

    /// The mean of the eigenvalues: what u adds to the variance of a sample, in units of σg².
    pub fn mean_value(&self) -> f64 {
        self.values.iter().sum::<f64>() / self.samples as f64
    }
}

impl Spectrum {
    /// Takes a matrix apart. 8 bytes a pair of samples are kept, and as many used meanwhile.
    ///
    /// # Errors
    /// Returns an error if the matrix is empty, has unknown values, or is 0.
    pub fn of(kinship: &SampleMatrix) -> Result<Self, ModelError> {
        Self::weighted(kinship, None)
    }

    /// Takes a matrix apart, with the weight of each sample's residual (its variance is σe² / weight).
    ///
    /// # Errors
    /// As [`Spectrum::of`], and if a weight is not above 0 or there are not as many as samples.
    pub fn weighted(kinship: &SampleMatrix, weights: Option<&[f64]>) -> Result<Self, ModelError> {
        let wrong = |message: String| Err(ModelError::Kinship(message));
        let n = kinship.len();
        if n == 0 {
            return wrong("no samples; a relationship matrix relates samples".to_owned());
        }
        if let Some((first, second)) = kinship.unknown() {
            return wrong(format!(
                "the relationship of '{first}' and '{second}' is not known; give a matrix without gaps"
            ));
        }
        if let Some(weights) = weights {
            if weights.len() != n {
                return wrong(format!("{} weights for {n} samples; give one a sample", weights.len()));
            }
            if let Some(at) = weights.iter().position(|w| !(w.is_finite() && *w > 0.0)) {
                let (name, weight) = (&kinship.samples[at], weights[at]);
                return wrong(format!(
                    "the weight of '{name}' is {weight}; give numbers above 0, or leave the sample out"
                ));
            }
        }
        let scale: Option<Vec<f64>> = weights.map(|weights| weights.iter().map(|w| w.sqrt()).collect());
        let factor = |i: usize| scale.as_ref().map_or(1.0, |scale| scale[i]);
        let matrix = Mat::from_fn(n, n, |i, k| kinship.get(i, k) * factor(i) * factor(k));
        let (vectors, values) =
            eigen::all(matrix.as_ref()).map_err(|error| ModelError::Kinship(error.to_string()))?;
        Self::from_parts(vectors, values, scale)
    }

    fn from_parts(
        vectors: Mat<f64>,
        mut values: Vec<f64>,
        scale: Option<Vec<f64>>,
    ) -> Result<Self, ModelError> {
        let most = values.iter().copied().fold(0.0, f64::max);
        if most <= 0.0 {
            return Err(ModelError::Kinship(
                "the relationship matrix has no value above 0 in any direction; give one that differs between pairs"
                    .to_owned(),
            ));
        }
        let lowest = values.iter().copied().fold(0.0, f64::min);
        let negative = values.iter().filter(|&&value| value < -NOTHING * most).count();
        values.iter_mut().filter(|value| **value < NOTHING * most).for_each(|value| *value = 0.0);
        Ok(Self { values, vectors, scale, negative: (negative, lowest) })
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.values.len()
    }

    /// The eigenvalues, rising; none is below 0.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The eigenvectors, one a column: samples × samples.
    pub fn vectors(&self) -> MatRef<'_, f64> {
        self.vectors.as_ref()
    }

    /// How many eigenvalues were below 0 by more than rounding, and the lowest: they count as 0, as if the matrix were
    /// the nearest one that is a covariance.
    pub fn negative(&self) -> (usize, f64) {
        self.negative
    }

    /// What each sample's numbers are multiplied by before they are rotated: √weight.
    pub(crate) fn scale(&self) -> Option<&[f64]> {
        self.scale.as_deref()
    }

    /// A trait and the columns of X (the mean is one of them), one number a sample.
    ///
    /// # Panics
    /// Panics if a column has not as many numbers as there are samples.
    pub fn rotate(&self, y: &[f64], x: &[Vec<f64>]) -> Rotated {
        let n = self.samples();
        let columns: Vec<&[f64]> = std::iter::once(y).chain(x.iter().map(Vec::as_slice)).collect();
        let factor = |i: usize| self.scale.as_ref().map_or(1.0, |scale| scale[i]);
        let plain = Mat::from_fn(n, columns.len(), |i, k| columns[k][i] * factor(i));
        let mut turned = Mat::zeros(n, columns.len());
        matmul(turned.as_mut(), Accum::Replace, self.vectors.transpose(), plain.as_ref(), 1.0, Par::Seq);
        let padded = n.next_multiple_of(LANES);
        let column = |k: usize| -> Vec<f64> {
            (0..padded).map(|i| if i < n { turned[(i, k)] } else { 0.0 }).collect()
        };
        let mut values = self.values.clone();
        values.resize(padded, 0.0);
        Rotated { samples: n, values, y: column(0), x: (1..columns.len()).map(column).collect() }
    }

    /// Numbers in the directions of the eigenvectors, turned back to one a sample and scaled back by the weights.
    pub(crate) fn turn_back(&self, turned: &[f64]) -> Vec<f64> {
        let n = self.samples();
        let turned = Mat::from_fn(n, 1, |i, _| turned[i]);
        let mut out = Mat::zeros(n, 1);
        matmul(out.as_mut(), Accum::Replace, self.vectors.as_ref(), turned.as_ref(), 1.0, Par::Seq);
        (0..n).map(|i| out[(i, 0)] / self.scale.as_ref().map_or(1.0, |scale| scale[i])).collect()
    }
}
