//! Linear mixed models with one random effect: y = X b + u + e, var(u) = σg² K, var(e) = σe² R.
//!
//! K is decomposed once into U D Uᵀ; after multiplication with Uᵀ all observations are independent with variance
//! σe² (λ d + 1), λ = σg²/σe², so that a likelihood costs a few sums over the samples (Kang et al. 2008, Genetics
//! 178:1709; Lippert et al. 2011, Nat. Methods 8:833). λ is found as GEMMA finds it (Zhou and Stephens 2012, Nat. Genet.
//! 44:821): the signs of the derivative at eleven points from 1e-5 to 1e5, evenly spaced in log λ, then the root in
//! each interval where the sign changes, by Newton steps that never leave the interval; the likeliest of the roots and
//! the two ends is taken.
//!
//! Residual weights w (R = diag(1/w), for example from the first stage of a trial's analysis) are taken in by scaling y,
//! X and K with √w.

mod kernel;
pub(crate) mod likelihood;
pub(crate) mod moments;
mod null;
pub(crate) mod search;
mod spectrum;

pub use null::{NullModel, fit_null};
pub(crate) use null::{check_data, solve};
pub use search::Bound;
pub use spectrum::{Rotated, Spectrum};

/// What can be wrong with a mixed model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// All values are the same, or explained by the covariates.
    #[error(
        "does not vary beyond what the covariates explain; a trait needs values that differ between samples"
    )]
    Constant,
    /// No degree of freedom is left.
    #[error(
        "{samples} samples have values, and {covariates} covariates (the mean included) are to be fitted; give more \
         samples or fewer covariates"
    )]
    TooFew {
        /// Samples with all values.
        samples: usize,
        /// Columns of X.
        covariates: usize,
    },
    /// A column of X is a sum of those before it.
    #[error("covariate {0} (the mean is 0) is a combination of those before it; leave it out")]
    Collinear(usize),
    /// The relationship matrix cannot serve.
    #[error("{0}")]
    Kinship(String),
}
