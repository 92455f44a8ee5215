//! Tests without a relationship matrix, for many samples: the variance ratio of the model without markers (P3D), from
//! products with the calls alone ([`crate::predict::large`]).

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use landrace_genotypes::GenotypeError;
use landrace_genotypes::significance::ln_f_tail;

use super::coding::{Coded, Marker, MarkerAccount};
use super::loco::GroupData;
use super::marker_test::{Components, MarkerTest};
use super::points::Association;
use super::scan::Frames;
use crate::predict::bayes::Records;
use crate::predict::coded::CodedCalls;
use crate::predict::large::Options;
use crate::predict::large::association::{AssociationModel, AssociationSpace};

/// Part of a marker's length that covariates beside the mean must leave.
const LEFT: f64 = 1e-4;

/// Traits of the same samples.
struct StreamedFrame {
    samples: usize,
    /// √weight of each sample.
    scale: Option<Vec<f64>>,
    /// Samples × (covariates' basis, components, one solution a trait).
    factors: Mat<f64>,
    covariates: usize,
    components: usize,
    models: Vec<(String, AssociationModel)>,
}

impl Frames {
    /// Fits the models of a group's traits from the calls of all samples.
    ///
    /// # Errors
    /// Returns the trait and what is wrong with it.
    pub fn fit_streamed(
        calls: &CodedCalls,
        data: &GroupData<'_>,
        options: &Options,
    ) -> Result<Self, (String, GenotypeError)> {
        let frame = StreamedFrame::new(calls, data, options)?;
        Ok(Self::One(Box::new(frame)))
    }
}

impl StreamedFrame {
    fn new(
        calls: &CodedCalls,
        data: &GroupData<'_>,
        options: &Options,
    ) -> Result<Self, (String, GenotypeError)> {
        let all = calls.samples();
        let spread = |own: &dyn Fn(usize) -> f64| {
            let mut out = vec![0.0; all];
            data.samples.iter().enumerate().for_each(|(k, &sample)| out[sample] = own(k));
            out
        };
        let records = |values: &[f64]| Records {
            values: spread(&|k| values[k]),
            weights: spread(&|k| data.weights.map_or(1.0, |own| own[k])),
            // An intercept is added.
            covariates: data.covariates[1..].iter().map(|own| spread(&|k| own[k])).collect(),
        };
        let name = |index: usize| data.traits[index].name.clone();
        let none = vec![0.0; data.samples.len()];
        let space = AssociationSpace::new(calls, &records(&none), options.seed).map_err(|e| (name(0), e))?;
        let fitted = data.traits.iter().enumerate().map(|(index, own)| {
            let model = space.model(&records(&own.values), options);
            model.map(|model| (name(index), model)).map_err(|error| (name(index), error))
        });
        let models = fitted.collect::<Result<Vec<_>, _>>()?;
        let columns: Vec<&Vec<f64>> = space
            .basis
            .iter()
            .chain(space.components())
            .chain(models.iter().map(|(_, model)| &model.solution))
            .collect();
        let factors = Mat::from_fn(data.samples.len(), columns.len(), |i, k| columns[k][data.samples[i]]);
        Ok(Self {
            samples: data.samples.len(),
            scale: data.weights.map(|own| own.iter().map(|w| w.sqrt()).collect()),
            factors,
            covariates: space.basis.len(),
            components: space.components().len(),
            models,
        })
    }

    /// The test of one trait: `along` are the products of the marker with the factors, `left` its length beside the
    /// covariates.
    fn test_trait(&self, of: usize, along: &[f64], left: f64) -> Association {
        let model = &self.models[of].1;
        let (components, scores) = along[self.covariates..].split_at(self.components);
        let score = scores[of];
        let (mut form, mut rest) = (0.0, left);
        for (along, inverse) in components.iter().zip(&model.inverses) {
            form += along * along * inverse;
            rest -= along * along;
        }
        form += model.rest.form(rest.max(0.0));
        let explained = score * score / form;
        let degrees = model.freedom - 1.0;
        let variance = (model.length - explained).max(f64::MIN_POSITIVE) / degrees;
        let ln_p = ln_f_tail(explained / variance, 1.0, degrees);
        Association { beta: score / form, se: (variance / form).sqrt(), ln_p, ..Association::default() }
    }
}

impl MarkerTest for StreamedFrame {
    fn samples(&self) -> usize {
        self.samples
    }

    fn negative(&self) -> (usize, f64) {
        (0, 0.0)
    }

    fn models(&self) -> Vec<(&str, Option<Components>)> {
        let components = |model: &AssociationModel| {
            let fit = &model.fit;
            let h2_se = Some(fit.share_se).filter(|se| se.is_finite());
            Components { vg: fit.genetic, ve: fit.residual, h2: fit.share, h2_se, bound: None }
        };
        self.models.iter().map(|(name, model)| (name.as_str(), Some(components(model)))).collect()
    }

    fn notes(&self) -> Vec<String> {
        let note = |(name, model): &(String, AssociationModel)| {
            format!(
                "{name}: standard errors are exact along {} components of the relationship; beside them they are off by \
                 {:.1}% (root mean square over solved markers)",
                self.components,
                100.0 * model.off
            )
        };
        self.models.iter().map(note).collect()
    }

    fn test(&self, coded: &Coded, account: &mut MarkerAccount) -> Vec<Option<Vec<Association>>> {
        let mut columns = coded.columns.clone();
        if let Some(scale) = &self.scale {
            for k in 0..columns.ncols() {
                columns.col_as_slice_mut(k).iter_mut().zip(scale).for_each(|(x, root)| *x *= root);
            }
        }
        let mut along = Mat::zeros(self.factors.ncols(), columns.ncols());
        matmul(along.as_mut(), Accum::Replace, self.factors.transpose(), columns.as_ref(), 1.0, Par::Seq);
        let least = if self.covariates > 1 { LEFT } else { 1e-12 };
        let one = |marker: &Marker| {
            let k = marker.columns.start;
            let all: f64 = columns.col_as_slice(k).iter().map(|x| x * x).sum();
            let along = along.col_as_slice(k);
            let left = all - along[..self.covariates].iter().map(|x| x * x).sum::<f64>();
            if left <= least * all {
                account.collinear += 1;
                return None;
            }
            Some((0..self.models.len()).map(|of| self.test_trait(of, along, left)).collect())
        };
        coded.markers.iter().map(one).collect()
    }
}
