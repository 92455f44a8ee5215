//! The marker-effect models and the GBLUP of many samples, as ways to predict.

use landrace_genotypes::GenotypeMatrix;

use super::bayes::{self, Records};
use super::coded::CodedCalls;
use super::large;
use super::{Fit, Heritability, MarkerEffects, Method, Population, PredictError, Variance};
use crate::phenotype::AnalysisSet;

/// Marker effects by Gibbs sampling.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampled {
    /// The model and how long to sample.
    pub options: bayes::Options,
}

/// GBLUP without a relationship matrix, for many samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Streamed {
    /// How exactly to compute.
    pub options: large::Options,
}

/// Most potential scale reduction of chains that agree.
const AGREED: f64 = 1.1;

impl Method for Sampled {
    fn name(&self) -> &'static str {
        self.options.model.name()
    }

    fn description(&self) -> String {
        let options = &self.options;
        format!(
            "{}; {} chains of {} rounds, the first {} left out",
            options.model.description(),
            options.chains,
            options.rounds,
            options.burn_in
        )
    }

    fn fit(&self, population: &Population, set: &AnalysisSet) -> Result<Fit, PredictError> {
        let calls = coded(population, self.name())?;
        let records = records(set, calls.samples());
        let found = bayes::fit(&calls, &records, &self.options).map_err(named(set))?;
        let of = |name: &str| found.parameter(name).map_or((0.0, 0.0), |own| (own.mean, own.sd));
        let (genetic, residual) = (of("genetic_variance").0, of("residual_variance").0);
        let (share, se) = of("heritability");
        let coefficients: Vec<f64> = found.coefficients.iter().map(|own| own.0).collect();
        let effects: Vec<f64> = found.effects.iter().map(|own| own.mean).collect();
        let reliability = |own: &(f64, f64)| {
            if genetic > 0.0 { (1.0 - own.1 * own.1 / genetic).clamp(0.0, 1.0) } else { 0.0 }
        };
        Ok(Fit {
            mean: mean(set, &coefficients),
            covariates: coefficients[1..].to_vec(),
            values: found.values.iter().map(|own| own.0).collect(),
            reliabilities: Some(found.values.iter().map(reliability).collect()),
            errors: Some(found.values.iter().map(|own| own.1).collect()),
            effects: Some(marker_effects(&calls, &effects)),
            variances: variances(genetic, residual),
            heritability: Some(Heritability { value: share, se: Some(se) }),
            notes: self.notes(&found),
            ..Fit::default()
        })
    }
}

impl Sampled {
    /// Whether the chains agree, and how many markers have effects.
    fn notes(&self, found: &bayes::BayesFit) -> Vec<String> {
        let mut out = Vec::new();
        if let Some(h2) = found.parameter("heritability") {
            out.push(format!(
                "{}: R-hat of the genetic share {:.3}, of the values {:.3} at most; {:.0} independent draws",
                self.name(),
                h2.rhat,
                found.values_rhat,
                h2.effective
            ));
            if h2.rhat > AGREED || found.values_rhat > AGREED {
                out.push("the chains do not agree yet: ask for more --rounds".to_owned());
            }
        }
        if self.options.model.selects() {
            let expected: f64 = found.effects.iter().map(|own| own.inclusion).sum();
            let likely = found.effects.iter().filter(|own| own.inclusion > 0.5).count();
            out.push(format!(
                "{expected:.0} of {} markers are expected to have an effect, {likely} of them with a probability above one \
                 half",
                found.effects.len()
            ));
        }
        out
    }
}

impl Method for Streamed {
    fn name(&self) -> &'static str {
        "streamed"
    }

    fn description(&self) -> String {
        format!(
            "GBLUP (VanRaden 2008) by conjugate gradients on the calls, without a relationship matrix; variances by \
             restricted likelihood with {} random vectors (stochastic Lanczos quadrature)",
            self.options.probes
        )
    }

    fn fit(&self, population: &Population, set: &AnalysisSet) -> Result<Fit, PredictError> {
        let calls = coded(population, self.name())?;
        let records = records(set, calls.samples());
        let found = large::fit(&calls, &records, &self.options).map_err(named(set))?;
        let error = |(i, r): (usize, &f64)| ((1.0 - r) * found.diagonals[i] * found.genetic).max(0.0).sqrt();
        let errors = found.reliabilities.iter().enumerate().map(error).collect();
        let heritability = heritability(set, &found);
        let mut notes = vec![format!(
            "{} products with the calls; Monte-Carlo error of the genetic share {:.4}; reliabilities are approximate, \
             those of samples without a record are not given",
            found.steps, found.share_error
        )];
        if found.left > self.options.tolerance {
            notes.push(format!("the iteration ended before it was exact: {:.1e} of y is left", found.left));
        }
        Ok(Fit {
            mean: mean(set, &found.coefficients),
            covariates: found.coefficients[1..].to_vec(),
            reliabilities: Some(found.reliabilities),
            errors: Some(errors),
            effects: Some(marker_effects(&calls, &found.effects)),
            variances: variances(found.genetic, found.residual),
            heritability: Some(heritability),
            values: found.values,
            notes,
            ..Fit::default()
        })
    }
}

/// The genetic share of the variance among the records, whose relationship to themselves need not be 1 on average; its
/// error is that of the likelihood and of the random vectors together.
fn heritability(set: &AnalysisSet, found: &large::LargeFit) -> Heritability {
    let own: f64 = set.samples.iter().map(|&sample| found.diagonals[sample]).sum();
    let diagonal = own / set.samples.len() as f64;
    let total = diagonal * found.genetic + found.residual;
    let slope = diagonal * ((found.genetic + found.residual) / total).powi(2);
    let se = slope * (found.share_se.powi(2) + found.share_error.powi(2)).sqrt();
    Heritability { value: diagonal * found.genetic / total, se: Some(se).filter(|se| se.is_finite()) }
}

fn coded(population: &Population, name: &str) -> Result<CodedCalls, PredictError> {
    let genotypes: &GenotypeMatrix = population.genotypes().ok_or_else(|| {
        PredictError::Request(format!("'{name}' needs genotypes; a relationship alone does for 'gblup'"))
    })?;
    Ok(CodedCalls::of(genotypes)?)
}

fn named(set: &AnalysisSet) -> impl Fn(landrace_genotypes::GenotypeError) -> PredictError {
    let name = set.name.to_string();
    move |error| PredictError::Request(format!("trait '{name}': {error}"))
}

/// The records, one place a sample.
fn records(set: &AnalysisSet, samples: usize) -> Records {
    let spread = |values: &[f64]| {
        let mut out = vec![0.0; samples];
        set.samples.iter().zip(values).for_each(|(&sample, &value)| out[sample] = value);
        out
    };
    let ones = vec![1.0; set.values.len()];
    Records {
        values: spread(&set.values),
        weights: spread(set.weights.as_deref().unwrap_or(&ones)),
        covariates: set.design.columns.iter().map(|column| spread(column)).collect(),
    }
}

/// The mean with covariates at their mean.
fn mean(set: &AnalysisSet, coefficients: &[f64]) -> f64 {
    let of = |column: &Vec<f64>| column.iter().sum::<f64>() / column.len() as f64;
    let shift = set.design.columns.iter().zip(&coefficients[1..]).map(|(x, b)| of(x) * b).sum::<f64>();
    coefficients[0] + shift
}

fn variances(genetic: f64, residual: f64) -> Vec<Variance> {
    vec![Variance { name: "additive", value: genetic }, Variance { name: "residual", value: residual }]
}

/// Effects a copy as effects of the share of the ploidy, one a variant of the genotypes.
fn marker_effects(calls: &CodedCalls, effects: &[f64]) -> MarkerEffects {
    let mut out = MarkerEffects { frequencies: vec![0.0; calls.seen()], effects: vec![0.0; calls.seen()] };
    for (own, effect) in calls.variants().iter().zip(effects) {
        out.frequencies[own.index] = own.frequency;
        out.effects[own.index] = effect * own.ploidy;
    }
    out
}
