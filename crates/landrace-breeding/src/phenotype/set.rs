//! The samples that an analysis of one trait uses: genotypes, a value and all covariates.

use landrace_genotypes::GenotypeError;

use super::covariates::{Covariates, Design};
use super::join::Join;
use super::trait_values::{Trait, TraitName};

/// One trait of the samples that have all that its analysis needs.
#[derive(Clone, Debug, PartialEq)]
pub struct AnalysisSet {
    /// The trait.
    pub name: TraitName,
    /// Places of the used samples among those of the genotypes, ascending.
    pub samples: Vec<usize>,
    /// The trait's value of each used sample.
    pub values: Vec<f64>,
    /// Weights of the values, scaled to a mean of 1; `None` if all count alike.
    pub weights: Option<Vec<f64>>,
    /// Covariates beside the mean, full rank; no columns without covariates.
    pub design: Design,
    /// Samples with a value that lack a covariate, and are left out.
    pub without_covariates: usize,
}

impl AnalysisSet {
    /// Puts a trait and covariates together.
    ///
    /// # Errors
    /// Returns an error if no sample has a value, fewer than three have, all values are equal, a value lacks its weight,
    /// or as [`Covariates::design`].
    pub fn new(
        own: &Trait,
        join: &Join,
        covariates: Option<(&Covariates, &Join)>,
    ) -> Result<Self, GenotypeError> {
        let values = own.of_samples(join);
        let is_complete = covariates.map(|(covariates, join)| covariates.is_known(join));
        let has_all = |sample: &usize| is_complete.as_ref().is_none_or(|known| known[*sample]);
        let with_value: Vec<usize> = (0..values.len()).filter(|&sample| values[sample].is_some()).collect();
        let samples: Vec<usize> = with_value.iter().copied().filter(has_all).collect();
        let used: Vec<f64> = samples.iter().filter_map(|&sample| values[sample]).collect();
        check_values(&own.name, &with_value, &used)?;
        let design = match covariates {
            Some((covariates, join)) => {
                let rows: Vec<usize> = samples.iter().filter_map(|&sample| join.rows[sample]).collect();
                covariates.design(&rows)?
            }
            None => Design::default(),
        };
        let weights = match own.weights_of_samples(join) {
            Some(weights) => scaled(&own.name, &samples, &weights)?,
            None => None,
        };
        let without_covariates = with_value.len() - samples.len();
        Ok(Self { name: own.name.clone(), samples, values: used, weights, design, without_covariates })
    }
}

fn check_values(name: &TraitName, with_value: &[usize], used: &[f64]) -> Result<(), GenotypeError> {
    let wrong = |message: String| Err(GenotypeError::Request(message));
    if with_value.is_empty() {
        return wrong(format!(
            "trait '{name}' has no value in any sample of the genotypes; choose another with --trait"
        ));
    }
    if used.len() < 3 {
        return wrong(format!(
            "trait '{name}' has {} samples with genotypes, a value and all covariates; an analysis needs at least 3",
            used.len()
        ));
    }
    if used.iter().all(|value| *value == used[0]) {
        return wrong(format!(
            "trait '{name}' does not vary: all {} samples have {}; choose another with --trait",
            used.len(),
            used[0]
        ));
    }
    Ok(())
}

/// Weights of the used samples over their mean; `None` if all are equal or there are none.
fn scaled(
    name: &TraitName,
    samples: &[usize],
    weights: &[Option<f64>],
) -> Result<Option<Vec<f64>>, GenotypeError> {
    let known: Vec<f64> = samples.iter().filter_map(|&sample| weights[sample]).collect();
    if known.is_empty() {
        return Ok(None);
    }
    if known.len() < samples.len() {
        return Err(GenotypeError::Request(format!(
            "trait '{name}' has weights for {} of {} values; fill in the column of weights, or remove it",
            known.len(),
            samples.len()
        )));
    }
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    let is_even = known.iter().all(|weight| (weight / mean - 1.0).abs() < 1e-12);
    Ok((!is_even).then(|| known.iter().map(|weight| weight / mean).collect()))
}
