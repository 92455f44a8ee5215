//! The directions in which all samples are independent and of one variance.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use landrace_genotypes::relationship::SampleMatrix;

use crate::mixed_model::{ModelError, NullModel, Rotated, Spectrum, check_data, fit_null};

/// What samples' numbers are turned by: the relationship's eigenvectors, if there is one, and √weight.
pub(crate) struct Space {
    pub(crate) spectrum: Option<Spectrum>,
    scale: Option<Vec<f64>>,
}

impl Space {
    /// Takes the relationship apart, which is centred over the samples as in [`super::Frame`].
    ///
    /// # Errors
    /// Returns an error if the relationship cannot serve.
    pub(crate) fn new(kinship: Option<&SampleMatrix>, weights: Option<&[f64]>) -> Result<Self, ModelError> {
        let spectrum = kinship.map(|kinship| Spectrum::weighted(&kinship.centred(), weights)).transpose()?;
        Ok(Self { spectrum, scale: weights.map(|own| own.iter().map(|w| w.sqrt()).collect()) })
    }

    /// The model of a trait and fixed effects; `None` without a relationship.
    ///
    /// # Errors
    /// Returns an error if it cannot be fitted.
    pub(crate) fn fit(&self, y: &[f64], x: &[Vec<f64>]) -> Result<(Rotated, Option<NullModel>), ModelError> {
        let rotated = match &self.spectrum {
            Some(spectrum) => spectrum.rotate(y, x),
            None => Rotated::plain(y, x, self.scale.as_deref()),
        };
        let null = match self.spectrum {
            Some(_) => Some(fit_null(&rotated)?),
            None => check_data(&rotated).map(|()| None)?,
        };
        Ok((rotated, null))
    }

    /// √(1/(λ d + 1)) of each direction; `None` without a relationship.
    pub(crate) fn roots(&self, null: Option<&NullModel>) -> Option<Vec<f64>> {
        let (spectrum, null) = self.spectrum.as_ref().zip(null)?;
        Some(spectrum.values().iter().map(|d| null.lambda.mul_add(*d, 1.0).sqrt().recip()).collect())
    }

    /// Columns (samples × columns) in the directions, each of variance 1; `None` if they are that already.
    pub(crate) fn whiten(&self, columns: &Mat<f64>, roots: Option<&[f64]>) -> Option<Mat<f64>> {
        let (n, width) = (columns.nrows(), columns.ncols());
        let scaled =
            self.scale.as_ref().map(|scale| Mat::from_fn(n, width, |i, k| columns[(i, k)] * scale[i]));
        let Some((spectrum, roots)) = self.spectrum.as_ref().zip(roots) else { return scaled };
        let columns = scaled.as_ref().unwrap_or(columns);
        let mut out = Mat::zeros(n, width);
        matmul(out.as_mut(), Accum::Replace, spectrum.vectors().transpose(), columns.as_ref(), 1.0, Par::Seq);
        for k in 0..width {
            out.col_as_slice_mut(k).iter_mut().zip(roots).for_each(|(x, root)| *x *= root);
        }
        Some(out)
    }
}
