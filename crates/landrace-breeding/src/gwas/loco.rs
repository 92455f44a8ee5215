//! Models of each contig, with the relationship of all other contigs.

use std::collections::HashMap;

use landrace_genotypes::relationship::SampleMatrix;
use rayon::prelude::*;

use super::Method;
use super::frame::{Frame, FrameData, TraitData};
use super::logistic::{LogisticError, LogisticFrame};
use super::marker_test::MarkerTest;
use super::scan::Frames;
use crate::mixed_model::ModelError;

/// The relationship that models take.
pub enum Kinships {
    /// None: a linear model.
    None,
    /// One for all contigs.
    One(SampleMatrix),
    /// One a contig, of all variants of the other contigs.
    Without(Vec<(String, SampleMatrix)>),
}

/// Traits, weights and covariates of one set of samples.
pub struct GroupData<'a> {
    /// The samples' places in the relationship.
    pub samples: &'a [usize],
    /// Weights of the samples' residuals.
    pub weights: Option<&'a [f64]>,
    /// The columns of X, the mean first.
    pub covariates: &'a [Vec<f64>],
    /// The traits.
    pub traits: &'a [TraitData],
}

impl Frames {
    /// Fits the models of a group's traits; those of several contigs in parallel.
    ///
    /// # Errors
    /// Returns the trait and what is wrong with it.
    pub fn fit(
        method: Method,
        kinships: &Kinships,
        data: &GroupData<'_>,
    ) -> Result<Self, (String, ModelError)> {
        Self::by_kinship(kinships, |kinship| {
            let part = kinship.map(|kinship| kinship.subset(data.samples));
            let own =
                FrameData { kinship: part.as_ref(), weights: data.weights, covariates: data.covariates };
            Frame::new(method, &own, data.traits).map(|frame| Box::new(frame) as Box<dyn MarkerTest>)
        })
    }

    /// Fits logistic models of a group's traits of 0 and 1; those of several contigs in parallel. Weights are not taken.
    ///
    /// # Errors
    /// Returns the trait and what is wrong with it.
    pub fn fit_logistic(kinships: &Kinships, data: &GroupData<'_>) -> Result<Self, (String, LogisticError)> {
        Self::by_kinship(kinships, |kinship| {
            let part = kinship.map(|kinship| kinship.subset(data.samples));
            let frame = LogisticFrame::new(part.as_ref(), data.covariates, data.traits)?;
            Ok(Box::new(frame) as Box<dyn MarkerTest>)
        })
    }

    /// One model for all contigs, or one a contig.
    pub(crate) fn by_kinship<E: Send>(
        kinships: &Kinships,
        fit: impl Fn(Option<&SampleMatrix>) -> Result<Box<dyn MarkerTest>, E> + Sync,
    ) -> Result<Self, E> {
        match kinships {
            Kinships::None => Ok(Self::One(fit(None)?)),
            Kinships::One(kinship) => Ok(Self::One(fit(Some(kinship))?)),
            Kinships::Without(all) => {
                let fitted: Vec<_> = all.par_iter().map(|(_, kinship)| fit(Some(kinship))).collect();
                let named = all.iter().zip(fitted);
                let frames: Result<HashMap<String, Box<dyn MarkerTest>>, _> =
                    named.map(|((contig, _), frame)| frame.map(|frame| (contig.clone(), frame))).collect();
                Ok(Self::ByContig(frames?))
            }
        }
    }
}
