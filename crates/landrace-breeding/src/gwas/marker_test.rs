//! What a scan asks of the model that markers are tested in.

use super::coding::{Coded, MarkerAccount};
use super::frame::Frame;
use super::joint::JointModel;
use super::points::Association;
use crate::mixed_model::{Bound, NullModel};

/// A model of traits of the same samples, ready for markers.
pub trait MarkerTest: Send + Sync {
    /// Number of samples.
    fn samples(&self) -> usize;

    /// Eigenvalues of the relationship that were below 0, and the lowest of them.
    fn negative(&self) -> (usize, f64);

    /// The models without markers, by trait; `None` where there is no relationship.
    fn models(&self) -> Vec<(&str, Option<Components>)>;

    /// Tests coded markers: one association a trait; `None` for a marker that the covariates explain.
    fn test(&self, coded: &Coded, account: &mut MarkerAccount) -> Vec<Option<Vec<Association>>>;

    /// The model of several traits together, if it is one.
    fn joint(&self) -> Option<JointModel<'_>> {
        None
    }

    /// What else is to be said of the models.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// The linear model of single traits, if it is one.
    fn linear(&self) -> Option<&Frame> {
        None
    }
}

/// Variance components of a model without markers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Components {
    /// Variance that goes with the relationship.
    pub vg: f64,
    /// Residual variance.
    pub ve: f64,
    /// Share of the variance that goes with the relationship.
    pub h2: f64,
    /// Its standard error; `None` at an end of the range.
    pub h2_se: Option<f64>,
    /// The end of the range of the ratio of variances, if the likelihood is greatest there.
    pub bound: Option<Bound>,
}

impl From<&NullModel> for Components {
    fn from(model: &NullModel) -> Self {
        Self { vg: model.vg, ve: model.ve, h2: model.h2, h2_se: model.h2_se, bound: model.bound }
    }
}
