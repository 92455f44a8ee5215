//! Stage one of a two-stage analysis: from plots to one value a sample, with what it weighs in stage two.
//!
//! For each trait and environment a linear mixed model: samples fixed (BLUEs) or random (BLUPs); replicates, incomplete
//! blocks within them, rows and columns random; over several environments their means fixed and sample × environment
//! random. Weights are the diagonal of the inverse of the BLUEs' covariance (Smith et al. 2001, Möhring and Piepho 2009).
//! Heritability is Cullis's (2006) and that of entry means.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use landrace_genotypes::GenotypeError;
use rayon::prelude::*;

use crate::phenotype::{ALL_ENVIRONMENTS, PhenotypeTable, Plots, TraitName};

mod cholesky;
mod design;
mod estimate;
mod model;
mod summary;
#[cfg(test)]
mod tests;
mod write;

pub use estimate::{Component, Estimate, Outlier};
pub use write::{write_components, write_estimates, write_outliers};

/// How samples are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Samples {
    /// As fixed: BLUEs, which stage two wants.
    #[default]
    Fixed,
    /// As random: BLUPs, shrunk to the mean.
    Random,
}

/// The model of one trait in one environment, or over all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Analysis {
    /// The trait.
    pub name: String,
    /// Its unit.
    pub unit: Option<String>,
    /// The environment, [`ALL_ENVIRONMENTS`] over all of several; `None` if the table has none.
    pub environment: Option<String>,
    /// Number of plots.
    pub plots: usize,
    /// One value a sample, in the order of the table.
    pub estimates: Vec<Estimate>,
    /// Variances of the random effects with the samples as they are taken, the residual last; empty without replication.
    pub components: Vec<Component>,
    /// Variance of the samples as random effects.
    pub sample_variance: Option<f64>,
    /// Cullis's heritability: from 1 less the mean variance of a difference of two BLUPs over twice the variance.
    pub cullis: Option<f64>,
    /// Heritability of entry means.
    pub entry_mean: Option<f64>,
    /// Plots whose residuals are out of line at 0.05 over all plots (Bonferroni).
    pub outliers: Vec<Outlier>,
    /// What could not be estimated, one line each.
    pub notes: Vec<String>,
}

impl Analysis {
    /// `yield`, or `yield@E1`.
    pub fn label(&self) -> String {
        let environment = self.environment.clone();
        TraitName { name: self.name.clone(), environment, unit: None }.to_string()
    }
}

/// Analyses these traits, each in every environment and, where there are several, over all.
///
/// # Errors
/// Returns an error that names the trait: no value, all values equal, a cell that is no number, environments that share no
/// samples.
pub fn analyse(
    table: &PhenotypeTable,
    traits: &[TraitName],
    samples: Samples,
) -> Result<Vec<Analysis>, GenotypeError> {
    let mut tasks: Vec<(Plots, Option<String>)> = Vec::new();
    for own in traits {
        let plots = table.plots(own)?;
        check(&plots)?;
        let wanted = |name: &Option<String>| own.environment.is_none() || *name == own.environment;
        for (index, name) in plots.environments.iter().enumerate().filter(|(_, name)| wanted(name)) {
            tasks.push((plots.of_environment(index), name.clone()));
        }
        if plots.environments.len() > 1 && own.environment.is_none() {
            tasks.push((plots, Some(ALL_ENVIRONMENTS.to_owned())));
        }
    }
    let names = table.names();
    let one = |(plots, environment): &(Plots, Option<String>)| {
        let found = estimate::estimate(plots, names, samples)?;
        Ok(Analysis {
            name: plots.name.clone(),
            unit: plots.unit.clone(),
            environment: environment.clone(),
            ..found
        })
    };
    // Collected first, so that the error is that of the first task at any number of threads.
    let found: Vec<Result<Analysis, GenotypeError>> = tasks.par_iter().map(one).collect();
    found.into_iter().collect()
}

fn check(plots: &Plots) -> Result<(), GenotypeError> {
    let name = &plots.name;
    let Some(first) = plots.values.first() else {
        return Err(GenotypeError::Request(format!(
            "trait '{name}' has no value; choose another with --trait"
        )));
    };
    if plots.environments.iter().flatten().any(|own| own == ALL_ENVIRONMENTS) {
        return Err(GenotypeError::Request(format!(
            "trait '{name}' has an environment '{ALL_ENVIRONMENTS}': this table has been through stage one; give it to gwas \
             or predict"
        )));
    }
    if plots.values.iter().all(|value| value == first) {
        return Err(GenotypeError::Request(format!(
            "trait '{name}' does not vary: all {} values are {first}; choose another with --trait",
            plots.values.len()
        )));
    }
    Ok(())
}
