//! GBLUP, the same model as ridge regression on all markers (VanRaden 2008; Habier et al. 2007).

use rayon::prelude::*;

use super::cross_validation::refit;
use super::kernel_fit::{KernelFit, model_error};
use super::leave_out::{Answer, Block, Whole};
use super::{Fit, Held, MarkerEffects, Method, Population, PredictError, Split};
use crate::phenotype::AnalysisSet;

/// When the variance ratio is estimated in cross-validation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refit {
    /// From the training records of each fold, as a breeder would who did not have the others.
    #[default]
    EachFold,
    /// Once, from all records: faster, and slightly optimistic.
    Once,
}

/// Best linear unbiased prediction with the genomic relationship, the variance ratio by restricted likelihood.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gblup {
    /// When the variance ratio is estimated in cross-validation.
    pub refit: Refit,
}

impl Method for Gblup {
    fn name(&self) -> &'static str {
        "gblup"
    }

    fn description(&self) -> String {
        "GBLUP (VanRaden 2008): variance components by restricted likelihood from one eigendecomposition; equal to \
         ridge regression on all markers"
            .to_owned()
    }

    fn fit(&self, population: &Population, set: &AnalysisSet) -> Result<Fit, PredictError> {
        let additive = population.additive()?;
        let spectrum = population.spectrum("additive", &additive.matrix, set).map_err(model_error(set))?;
        let model = KernelFit::new(spectrum, set)?;
        let mut fit = model.fit(&additive.matrix, set, "additive");
        if let (Some(genotypes), Some(denominator)) = (population.genotypes(), additive.denominator) {
            let mut weights = vec![0.0; population.samples().len()];
            for (&sample, own) in set.samples.iter().zip(model.dual()) {
                weights[sample] = own / denominator;
            }
            fit.effects = Some(MarkerEffects::of_weights(genotypes, &weights));
        }
        Ok(fit)
    }

    fn cross_validate(
        &self,
        population: &Population,
        set: &AnalysisSet,
        splits: &[Split],
    ) -> Result<Vec<Vec<Held>>, PredictError> {
        let kernel = population.relationship()?;
        let spectrum = population.spectrum("additive", kernel, set).map_err(model_error(set))?;
        let model = KernelFit::new(spectrum, set)?;
        let whole = Whole::new(&model.spectrum, &model.rotated);
        splits
            .par_iter()
            .map(|split| match leave_out(&whole, &model, set, split, self.refit) {
                Some(held) => Ok(held),
                // A covariate that the split alone has: fitted anew, without it.
                None => refit(self, population, set, split),
            })
            .collect()
    }
}

/// The records of a split, predicted from the others; `None` if these do not determine all covariates.
fn leave_out(
    whole: &Whole<'_>,
    model: &KernelFit,
    set: &AnalysisSet,
    split: &Split,
    refit: Refit,
) -> Option<Vec<Held>> {
    let block = whole.block(&split.left_out);
    let start = model.null.lambda.ln();
    let answer = match refit {
        Refit::EachFold => block.likeliest(start)?,
        Refit::Once => block.at(start)?,
    };
    answered(&block, &answer, set, split)
}

/// The predictions of a split's records, covariates taken off.
pub(super) fn answered(
    block: &Block<'_>,
    answer: &Answer,
    set: &AnalysisSet,
    split: &Split,
) -> Option<Vec<Held>> {
    let residuals = block.residuals(answer, &split.left_out);
    let columns = &set.design.columns;
    let effects = if columns.is_empty() { Vec::new() } else { block.effects(answer) };
    let is_left = |record: &usize| split.left_out.binary_search(record).is_ok();
    let training = || (0..set.values.len()).filter(|record| !is_left(record));
    let count = training().count() as f64;
    let means: Vec<f64> =
        columns.iter().map(|column| training().map(|record| column[record]).sum::<f64>() / count).collect();
    let held = |&record: &usize| {
        let place = split.left_out.binary_search(&record).ok()?;
        let differ = columns.iter().zip(&means).map(|(column, mean)| column[record] - mean);
        let explained: f64 = differ.zip(effects.iter().skip(1)).map(|(x, b)| x * b).sum();
        let value = set.values[record];
        Some(Held { record, observed: value - explained, predicted: value - residuals[place] - explained })
    };
    split.tested.iter().map(held).collect()
}
