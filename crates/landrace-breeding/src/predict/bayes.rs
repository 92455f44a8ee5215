//! Marker-effect models by Gibbs sampling: y = X b + Z a + e, e ~ N(0, σe² / w).
//!
//! | model | prior of an effect |
//! |---|---|
//! | ridge (BRR) | N(0, σa²) |
//! | BayesA (Meuwissen, Hayes and Goddard 2001) | N(0, σ²_j), σ²_j ~ S / χ²(5) |
//! | BayesB (the same; π as Habier et al. 2011) | 0 with probability 1 − π, else as BayesA |
//! | BayesCπ (Habier et al. 2011) | 0 with probability 1 − π, else N(0, σa²) |
//! | BayesR (Erbe et al. 2012; Moser et al. 2015) | 0, or N(0, γ σg²) with γ of 10⁻⁴, 10⁻³, 10⁻² |
//! | Lasso (Park and Casella 2008) | double exponential |
//!
//! Priors of variances are those that BGLR documents (Pérez and de los Campos 2014): scaled inverse χ² with 5 degrees of
//! freedom whose modes share the variance of the records half and half (R² = 0.5) between markers and residual, the
//! scale S of BayesA and BayesB and λ² of the Lasso gamma distributed with shape 1.1 and that mode, the share π beta
//! distributed as if 10 markers had been seen with half of them in the model. BayesR works on standardised calls, its
//! σg² has the same prior, and the shares of its four classes a flat Dirichlet one.
//!
//! Markers are visited in blocks of 64: their products with the residual are computed together, within the block they
//! are kept up to date through Z'WZ of the block, and the residual is touched once a block (the idea of BayesR3, Breen
//! et al. 2022). Products are exact sums of whole numbers ([`super::coded`]).

use landrace_genotypes::GenotypeError;
use rayon::prelude::*;

use super::coded::CodedCalls;

mod blocks;
mod chain;
pub(super) mod fixed;
mod prior;
pub(super) mod random;
mod summary;
mod visit;

pub use summary::{BayesFit, EffectSummary, Parameter};

/// Which prior the effects have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// Bayesian ridge regression.
    Ridge,
    /// A variance a marker.
    BayesA,
    /// A variance a marker, and markers without effect.
    BayesB,
    /// One variance, and markers without effect.
    BayesCpi,
    /// A mixture of four.
    BayesR,
    /// Double exponential.
    Lasso,
}

impl Model {
    /// All models.
    pub const ALL: [Self; 6] =
        [Self::Ridge, Self::BayesA, Self::BayesB, Self::BayesCpi, Self::BayesR, Self::Lasso];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ridge => "brr",
            Self::BayesA => "bayesa",
            Self::BayesB => "bayesb",
            Self::BayesCpi => "bayescpi",
            Self::BayesR => "bayesr",
            Self::Lasso => "lasso",
        }
    }

    /// What it is, with its source.
    pub fn description(self) -> &'static str {
        match self {
            Self::Ridge => "Bayesian ridge regression: all marker effects have one variance",
            Self::BayesA => "BayesA (Meuwissen et al. 2001): each marker effect has a variance of its own",
            Self::BayesB => {
                "BayesB (Meuwissen et al. 2001), share of markers with an effect estimated: a variance of its own each"
            }
            Self::BayesCpi => {
                "BayesCπ (Habier et al. 2011): a share of markers, which is estimated, has effects of one variance"
            }
            Self::BayesR => {
                "BayesR (Erbe et al. 2012): marker effects are 0 or have variances of 0.0001, 0.001 or 0.01 of the genetic \
                 one, with estimated shares"
            }
            Self::Lasso => "Bayesian Lasso (Park and Casella 2008): double exponential marker effects",
        }
    }

    /// Whether effects can be exactly 0.
    pub fn selects(self) -> bool {
        matches!(self, Self::BayesB | Self::BayesCpi | Self::BayesR)
    }
}

/// How long to sample, and from where.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The prior of the effects.
    pub model: Model,
    /// Rounds of each chain, those of the burn-in too.
    pub rounds: usize,
    /// Rounds at the start that do not count.
    pub burn_in: usize,
    /// Independent chains.
    pub chains: usize,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Share of the variance that the prior gives to the markers.
    pub r2: f64,
    /// Variances that are not sampled: of the residual, and of the effects (`Ridge` alone).
    pub fixed_variances: Option<(f64, f64)>,
}

impl Options {
    /// The defaults of a model: four chains of 2,500 rounds, the first 500 of which do not count.
    pub fn new(model: Model) -> Self {
        Self { model, rounds: 2500, burn_in: 500, chains: 4, seed: 1, r2: 0.5, fixed_variances: None }
    }
}

/// The records of a trait, one place a sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Records {
    /// The record of each sample; any number where there is none.
    pub values: Vec<f64>,
    /// Weight of each record: residual variance is σe² over it; 0 where there is none.
    pub weights: Vec<f64>,
    /// Covariates, one number a sample each. An intercept is added.
    pub covariates: Vec<Vec<f64>>,
}

impl Records {
    /// Records of equal weight.
    pub fn of(values: &[Option<f64>]) -> Self {
        Self {
            values: values.iter().map(|value| value.unwrap_or(0.0)).collect(),
            weights: values.iter().map(|value| if value.is_some() { 1.0 } else { 0.0 }).collect(),
            covariates: Vec::new(),
        }
    }

    /// Number of records.
    pub(in crate::predict) fn count(&self) -> usize {
        self.weights.iter().filter(|&&weight| weight > 0.0).count()
    }

    /// Whether all records weigh the same, 1.
    pub(in crate::predict) fn is_unweighted(&self) -> bool {
        self.weights.iter().all(|&weight| weight == 1.0)
    }
}

/// Samples the effects of all variants. Samples without a record get their genetic value with the others.
///
/// Memory: the calls, 4 · 64 bytes a variant for the products within blocks, and some 64 bytes a variant and chain.
/// Chains run on all threads; each has a stream of random numbers of its own, so that results depend on the seed alone.
///
/// # Errors
/// Returns an error if there are fewer than three records, they do not vary, covariates are combinations of others, or
/// the options ask for nothing.
pub fn fit(calls: &CodedCalls, records: &Records, options: &Options) -> Result<BayesFit, GenotypeError> {
    check(calls, records, options)?;
    let fixed = fixed::Fixed::of(records)?;
    let blocks = blocks::Blocks::of(calls, records, options.model == Model::BayesR);
    let chains: Vec<chain::Posterior> = (0..options.chains)
        .into_par_iter()
        .map(|index| {
            chain::run(&chain::Work { calls, records, options, fixed: &fixed, blocks: &blocks }, index)
        })
        .collect();
    Ok(summary::merge(calls, &blocks, &fixed, chains))
}

fn check(calls: &CodedCalls, records: &Records, options: &Options) -> Result<(), GenotypeError> {
    let fail = |message: String| Err(GenotypeError::Request(message));
    if records.count() < 3 {
        return fail(format!("{} records are too few for marker effects; 3 at least", records.count()));
    }
    if calls.variants().is_empty() {
        return fail("no variant varies among the samples; filter less".to_owned());
    }
    if options.chains == 0 || options.burn_in >= options.rounds {
        return fail(format!(
            "{} chains of {} rounds, {} of them burn-in, leave nothing to average; ask for more rounds",
            options.chains, options.rounds, options.burn_in
        ));
    }
    let (_, variance) = fixed::moments(records);
    if !variance.is_finite() || variance <= 0.0 {
        return fail("the records do not vary; there is nothing to predict".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
