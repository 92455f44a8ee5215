//! Genomic prediction: from genotypes and phenotypes of some samples to the genetic values of all, and to a model that
//! values others later.
//!
//! A [`Population`] holds the genotypes and the relationship of all samples, an
//! [`AnalysisSet`] the records of one trait. A [`Method`] fits the records, which gives a [`Fit`], and is judged by
//! leaving records out ([`Method::cross_validate`], over the [`Split`]s of a [`Scheme`]). A fit that has effects of
//! markers becomes a [`SavedModel`].

mod accuracy;
pub mod bayes;
pub(crate) mod cholesky;
pub mod coded;
mod cross_validation;
mod dominance;
mod effects;
pub mod environments;
mod gaussian;
mod gblup;
mod kernel_fit;
pub mod large;
mod leave_out;
mod marker_models;
mod peak;
mod population;
mod saved_model;
mod scheme;
mod several_kernels;
mod training_design;
mod write;

pub use accuracy::{Accuracy, accuracy};
pub(crate) use cross_validation::by_refitting;
pub use cross_validation::{Held, without};
pub use dominance::Dominance;
pub use effects::MarkerEffects;
pub use gaussian::Gaussian;
pub use gblup::{Gblup, Refit};
pub use marker_models::{Sampled, Streamed};
pub use population::Population;
pub use saved_model::{Applied, ModelTrait, SavedModel};
pub use scheme::{Scheme, Split};
pub use training_design::{TrainingDesign, TrainingRequest, design_training};
pub use write::{TraitResult, Validation, write_accuracies, write_held, write_values};

use landrace_genotypes::GenotypeError;

use crate::mixed_model::ModelError;
use crate::phenotype::AnalysisSet;

/// What can go wrong in prediction.
#[derive(Debug, thiserror::Error)]
pub enum PredictError {
    /// Genotypes or phenotypes cannot be used.
    #[error(transparent)]
    Genotypes(#[from] GenotypeError),
    /// A trait cannot be modelled.
    #[error("trait '{name}': {error}")]
    Model {
        /// The trait.
        name: String,
        /// What is wrong.
        error: ModelError,
    },
    /// What is asked for cannot be done.
    #[error("{0}")]
    Request(String),
}

/// A part of the variance.
#[derive(Clone, Debug, PartialEq)]
pub struct Variance {
    /// Such as `additive`, `dominance` or `residual`.
    pub name: &'static str,
    /// In squared units of the trait.
    pub value: f64,
}

/// The share of the variance among the records that is genetic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heritability {
    /// The share, 0 to 1.
    pub value: f64,
    /// Its standard error, where it is known.
    pub se: Option<f64>,
}

/// What a method makes of the records of a trait.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fit {
    /// The mean of the records' fixed parts: intercept, and covariates at their mean.
    pub mean: f64,
    /// Effects of the covariates, as the set's design has them.
    pub covariates: Vec<f64>,
    /// Genetic value of each sample of the population, as deviation from the mean.
    pub values: Vec<f64>,
    /// The additive part of each value, where the values have other parts too.
    pub breeding_values: Option<Vec<f64>>,
    /// Reliability of each value: squared correlation of true and predicted value, 0 to 1; `None` where the method has
    /// none.
    pub reliabilities: Option<Vec<f64>>,
    /// Standard error of each value (root of the prediction error variance), in units of the trait.
    pub errors: Option<Vec<f64>>,
    /// Effects of the markers, whose sum over a sample is its genetic value.
    pub effects: Option<MarkerEffects>,
    /// Parts of the variance, the residual last.
    pub variances: Vec<Variance>,
    /// Genetic share of the variance.
    pub heritability: Option<Heritability>,
    /// What people should know, one line each.
    pub notes: Vec<String>,
}

/// A way to predict genetic values.
pub trait Method: Sync {
    /// The name on the command line.
    fn name(&self) -> &'static str;

    /// What it does, with its source, in a sentence.
    fn description(&self) -> String;

    /// Fits the records of a trait and values all samples of the population.
    ///
    /// # Errors
    /// Returns an error if the records cannot be modelled.
    fn fit(&self, population: &Population, set: &AnalysisSet) -> Result<Fit, PredictError>;

    /// Predicts records from those that are not left out, split by split. Where there are no covariates, `observed` is
    /// the record; else what covariates (fitted without the record) explain is taken off it.
    ///
    /// The default fits anew for each split.
    ///
    /// # Errors
    /// Returns an error if the records that are left cannot be modelled.
    fn cross_validate(
        &self,
        population: &Population,
        set: &AnalysisSet,
        splits: &[Split],
    ) -> Result<Vec<Vec<Held>>, PredictError> {
        cross_validation::by_refitting(self, population, set, splits)
    }
}

#[cfg(test)]
mod tests;
