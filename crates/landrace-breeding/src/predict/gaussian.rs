//! Regression on a Gaussian kernel (RKHS; Gianola and van Kaam 2008, de los Campos et al. 2010).

use rayon::prelude::*;

use landrace_genotypes::relationship::SampleMatrix;

use super::cross_validation::refit;
use super::gblup::{Refit, answered};
use super::kernel_fit::{KernelFit, model_error};
use super::leave_out::Whole;
use super::{Fit, Held, Method, Population, PredictError, Split};
use crate::phenotype::AnalysisSet;

/// Bandwidths that are tried, in units of one over the mean squared distance.
const BANDWIDTHS: [f64; 5] = [0.1, 0.25, 0.5, 1.0, 2.5];

/// A kernel exp(−h d²) of the distances between genotypes, h by restricted likelihood: it takes in interactions between
/// loci, and has no effects of markers.
#[derive(Clone, Debug)]
pub struct Gaussian {
    /// Bandwidths to choose from; d² is scaled to a mean of 1 over the pairs.
    pub bandwidths: Vec<f64>,
    /// When bandwidth and variance ratio are chosen in cross-validation.
    pub refit: Refit,
}

impl Default for Gaussian {
    fn default() -> Self {
        Self { bandwidths: BANDWIDTHS.to_vec(), refit: Refit::default() }
    }
}

/// exp(−h d²), d² = G_ii + G_kk − 2 G_ik over its mean.
fn kernel(relationship: &SampleMatrix, bandwidth: f64) -> SampleMatrix {
    let n = relationship.len();
    let own: Vec<f64> = (0..n).map(|i| relationship.get(i, i)).collect();
    let distance = |i: usize, k: usize| (own[i] + own[k] - 2.0 * relationship.get(i, k)).max(0.0);
    let sum: f64 = (0..n).map(|i| (0..i).map(|k| distance(i, k)).sum::<f64>()).sum();
    let mean = (sum / (n * n.saturating_sub(1) / 2).max(1) as f64).max(f64::MIN_POSITIVE);
    let row =
        |i: usize| -> Vec<f64> { (0..=i).map(|k| (-bandwidth * distance(i, k) / mean).exp()).collect() };
    let rows: Vec<Vec<f64>> = (0..n).into_par_iter().map(row).collect();
    SampleMatrix { samples: relationship.samples.clone(), values: rows.concat() }
}

impl Gaussian {
    /// The models of all bandwidths.
    fn models(
        &self,
        population: &Population,
        set: &AnalysisSet,
    ) -> Result<Vec<(f64, KernelFit)>, PredictError> {
        let relationship = population.relationship()?;
        let model = |&bandwidth: &f64| {
            let name = format!("gaussian {bandwidth}");
            let make = || kernel(relationship, bandwidth);
            let spectrum = population.spectrum_of(&name, make, set).map_err(model_error(set))?;
            Ok((bandwidth, KernelFit::new(spectrum, set)?))
        };
        self.bandwidths.iter().map(model).collect()
    }
}

impl Method for Gaussian {
    fn name(&self) -> &'static str {
        "rkhs"
    }

    fn description(&self) -> String {
        "kernel regression (de los Campos et al. 2010) with exp(-h d²), d² the squared distance of genotypes over its \
         mean, h by restricted likelihood"
            .to_owned()
    }

    fn fit(&self, population: &Population, set: &AnalysisSet) -> Result<Fit, PredictError> {
        let models = self.models(population, set)?;
        let best =
            models.iter().reduce(|a, b| if b.1.null.loglik_reml > a.1.null.loglik_reml { b } else { a });
        let Some((bandwidth, model)) = best else {
            return Err(PredictError::Request("no bandwidth was given; give one above 0".to_owned()));
        };
        let kernel = kernel(population.relationship()?, *bandwidth);
        let mut fit = model.fit(&kernel, set, "genetic");
        let tried: Vec<String> = self.bandwidths.iter().map(ToString::to_string).collect();
        fit.notes.push(format!("bandwidth {bandwidth} is the likeliest of {}", tried.join(", ")));
        Ok(fit)
    }

    fn cross_validate(
        &self,
        population: &Population,
        set: &AnalysisSet,
        splits: &[Split],
    ) -> Result<Vec<Vec<Held>>, PredictError> {
        let models = self.models(population, set)?;
        let wholes: Vec<Whole<'_>> =
            models.iter().map(|(_, model)| Whole::new(&model.spectrum, &model.rotated)).collect();
        let likeliest = models
            .iter()
            .enumerate()
            .reduce(|a, b| if b.1.1.null.loglik_reml > a.1.1.null.loglik_reml { b } else { a })
            .map_or(0, |best| best.0);
        let one = |split: &Split| {
            let chosen = match self.refit {
                Refit::Once => likeliest..likeliest + 1,
                Refit::EachFold => 0..models.len(),
            };
            let answers = chosen.filter_map(|place| {
                let block = wholes[place].block(&split.left_out);
                let start = models[place].1.null.lambda.ln();
                let answer = match self.refit {
                    Refit::EachFold => block.likeliest(start),
                    Refit::Once => block.at(start),
                };
                answer.map(|answer| (block, answer))
            });
            let best = answers.reduce(|a, b| if b.1.likelihood > a.1.likelihood { b } else { a });
            match best.and_then(|(block, answer)| answered(&block, &answer, set, split)) {
                Some(held) => Ok(held),
                None => refit(self, population, set, split),
            }
        };
        splits.par_iter().map(one).collect()
    }
}
