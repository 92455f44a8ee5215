//! Traits of two values: logistic mixed models, the score test and its saddle-point tail.
//!
//! The model without markers is logit P(y = 1) = X a + b, b ~ N(0, τ K), fitted by penalised quasi-likelihood and
//! restricted likelihood (Breslow and Clayton 1993; GMMAT, Chen et al. 2016). With W = diag(μ (1 − μ)),
//! Σ = W⁻¹ + τ K and P = Σ⁻¹ − Σ⁻¹X (XᵀΣ⁻¹X)⁻¹ XᵀΣ⁻¹, a marker g has the score T = gᵀ(y − μ) with variance
//! V = gᵀ P g, both exact: no ratio of variances is taken from a sample of markers.
//!
//! To first order T is the sum of hᵀ(y − μ), h = W⁻¹ P g, and of a normal part of variance V − hᵀ W h, which the
//! unknown polygenic effects add. Where |T| is beyond two standard deviations, the p-value is the saddle-point tail
//! (Barndorff-Nielsen's form of Lugannani and Rice) of that sum, so that few cases and rare alleles give no false
//! findings (fastSPA, Dey et al. 2017; SAIGE, Zhou et al. 2018, which rescales independent trials where here the
//! polygenic part is what it is, normal; without relationship both are the same).
//!
//! Effects are log odds by Firth's penalised likelihood along η + β h: covariates and polygenic effects follow the marker
//! to first order, and effects stay finite where all carriers are cases.
//!
//! Memory: four squares of the samples while the model is fitted, one after.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use landrace_genotypes::relationship::SampleMatrix;
use landrace_genotypes::significance::ln_chi_squared_tail;

use super::coding::{Coded, MarkerAccount};
use super::frame::TraitData;
use super::marker_test::{Components, MarkerTest};
use super::points::Association;

mod effect;
mod kinship;
mod null;
mod projection;
mod saddle_point;
#[cfg(test)]
mod tests;
mod two_values;

pub use null::LogisticError;
use null::LogisticNull;
use saddle_point::Trials;
pub use two_values::{NotTwo, TwoValues};

/// |T| in standard deviations beyond which the saddle-point tail is taken, as SAIGE does.
const BEYOND: f64 = 2.0;

/// Part of a marker's weighted length that covariates beside the mean must leave.
const LEFT: f64 = 1e-4;

/// Residual variance of the logistic scale, π² / 3.
const LOGISTIC: f64 = std::f64::consts::PI * std::f64::consts::PI / 3.0;

/// Two-valued traits of the same samples, with their models without markers.
pub(super) struct LogisticFrame {
    samples: usize,
    negative: (usize, f64),
    traits: Vec<(String, LogisticNull)>,
    covariates: usize,
    has_relationship: bool,
    mean_diagonal: f64,
}

impl LogisticFrame {
    /// Fits the models without markers. `traits` are of 0 and 1; `kinship` is the samples' relationship, `None` for a
    /// logistic model without; `covariates` are the columns of X, the mean first.
    ///
    /// # Errors
    /// Returns the trait's name and what is wrong: samples, covariates, relationship, or classes that the covariates
    /// separate.
    pub(super) fn new(
        kinship: Option<&SampleMatrix>,
        covariates: &[Vec<f64>],
        traits: &[TraitData],
    ) -> Result<Self, (String, LogisticError)> {
        let first = traits.first().map(|own| own.name.clone()).unwrap_or_default();
        let kinship = kinship.map(kinship::covariance).transpose().map_err(|error| (first, error.into()))?;
        let matrix = kinship.as_ref().map(|own| &own.matrix);
        let fit = |own: &TraitData| {
            let model = LogisticNull::fit(&own.values, covariates, matrix);
            model.map(|model| (own.name.clone(), model)).map_err(|error| (own.name.clone(), error))
        };
        let traits: Result<Vec<_>, _> = traits.iter().map(fit).collect();
        Ok(Self {
            samples: covariates.first().map_or(0, Vec::len),
            negative: kinship.as_ref().map_or((0, 0.0), |own| own.negative),
            traits: traits?,
            covariates: covariates.len(),
            has_relationship: kinship.is_some(),
            mean_diagonal: kinship.as_ref().map_or(0.0, |own| own.mean_diagonal),
        })
    }

    fn test_trait(&self, coded: &Coded, model: &LogisticNull) -> Vec<Option<Association>> {
        let columns = &coded.columns;
        let projected = model.projection.apply(columns.as_ref());
        let left = model.projection.left_by_covariates(columns.as_ref());
        let mut scores = Mat::zeros(1, columns.ncols());
        let residuals = Mat::from_fn(1, self.samples, |_, i| model.residuals[i]);
        matmul(scores.as_mut(), Accum::Replace, residuals.as_ref(), columns.as_ref(), 1.0, Par::Seq);
        let least = if self.covariates > 1 { LEFT } else { 1e-12 };
        let mut h = vec![0.0; self.samples];
        let one = |marker: &super::Marker| {
            let k = marker.columns.start;
            let (g, pg) = (columns.col_as_slice(k), projected.col_as_slice(k));
            let variance: f64 = g.iter().zip(pg).map(|(a, b)| a * b).sum();
            if left[k] <= least || variance.is_nan() || variance <= 0.0 {
                return None;
            }
            h.iter_mut().zip(pg).zip(&model.weights).for_each(|((h, p), w)| *h = p / w);
            Some(score_test(model, &h, (scores[(0, k)], variance)))
        };
        coded.markers.iter().map(one).collect()
    }
}

/// The test of a marker with the direction `h` in which it moves the linear predictor.
fn score_test(model: &LogisticNull, h: &[f64], (score, variance): (f64, f64)) -> Association {
    let trials = Trials::new(&model.predictor, &model.means, h, variance);
    let statistic = score * score / variance;
    let normal = ln_chi_squared_tail(statistic, 1);
    let ln_p =
        if statistic.sqrt() > BEYOND { trials.ln_two_sided(score.abs()).unwrap_or(normal) } else { normal };
    let (beta, se) = effect::firth(&trials, score, variance);
    Association { beta, se, ln_p, ln_p_normal: Some(normal), ..Association::default() }
}

impl MarkerTest for LogisticFrame {
    fn samples(&self) -> usize {
        self.samples
    }

    fn negative(&self) -> (usize, f64) {
        self.negative
    }

    fn models(&self) -> Vec<(&str, Option<Components>)> {
        let components = |model: &LogisticNull| {
            let vg = model.tau * self.mean_diagonal;
            let all = vg + LOGISTIC;
            Components {
                vg: model.tau,
                ve: LOGISTIC,
                h2: vg / all,
                h2_se: model.tau_se.map(|se| se * self.mean_diagonal * LOGISTIC / (all * all)),
                bound: model.bound,
            }
        };
        let of = |model| self.has_relationship.then(|| components(model));
        self.traits.iter().map(|own| (own.0.as_str(), of(&own.1))).collect()
    }

    fn test(&self, coded: &Coded, account: &mut MarkerAccount) -> Vec<Option<Vec<Association>>> {
        let by_trait: Vec<_> = self.traits.iter().map(|(_, model)| self.test_trait(coded, model)).collect();
        let one = |index: usize| {
            let own: Option<Vec<Association>> = by_trait.iter().map(|tests| tests[index].clone()).collect();
            account.collinear += u64::from(own.is_none());
            own
        };
        (0..coded.markers.len()).map(one).collect()
    }
}
