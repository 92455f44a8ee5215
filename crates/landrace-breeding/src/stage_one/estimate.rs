//! What a fitted model says of the samples: values, errors, weights, heritability, outliers.

use std::collections::BTreeSet;

use landrace_genotypes::GenotypeError;
use landrace_genotypes::significance::normal_tail;

use super::design::{Laid, lay};
use super::model::Fit;
use super::{Analysis, Samples};
use crate::phenotype::Plots;

/// Chance of calling any plot an outlier where none is.
const FALSE_OUTLIERS: f64 = 0.05;

/// One value of a sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Estimate {
    /// Name of the sample.
    pub sample: String,
    /// BLUE or BLUP.
    pub value: f64,
    /// Its standard error; of a BLUP that of prediction. `None` without replication.
    pub standard_error: Option<f64>,
    /// What a BLUE weighs in stage two, one over a variance; `None` of BLUPs and without replication.
    pub weight: Option<f64>,
    /// Number of plots.
    pub plots: usize,
    /// Their mean.
    pub raw_mean: f64,
}

/// The variance of a random effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Its name.
    pub name: &'static str,
    /// Number of levels; of the residual, of plots.
    pub levels: usize,
    /// Variance.
    pub variance: f64,
}

/// A plot out of line.
#[derive(Clone, Debug, PartialEq)]
pub struct Outlier {
    /// Line of the table.
    pub line: u64,
    /// Name of the sample.
    pub sample: String,
    /// The value.
    pub value: f64,
    /// Standardised residual.
    pub residual: f64,
    /// P-value, corrected for the number of plots.
    pub p: f64,
}

/// Fits the model of some plots.
pub(super) fn estimate(plots: &Plots, names: &[String], how: Samples) -> Result<Analysis, GenotypeError> {
    let laid = lay(plots, Samples::Fixed);
    let mut analysis =
        Analysis { plots: plots.values.len(), estimates: raw(plots, &laid, names), ..Analysis::default() };
    if plots.values.len() <= laid.model.fixed {
        let message = "one plot a sample: values go as they are, without errors, weights and heritability";
        analysis.notes.push(message.to_owned());
        if plots.environments.len() == 1 {
            return Ok(analysis);
        }
    }
    let fixed = match plots.values.len() > laid.model.fixed {
        true => Some(laid.model.fit().map_err(|column| apart(plots, &laid, names, column))?),
        false => None,
    };
    if let Some(fit) = &fixed {
        let outliers = outliers(plots, &laid, names, fit);
        analysis.outliers = outliers.map_err(|column| apart(plots, &laid, names, column))?;
    }
    let random_laid = lay(plots, Samples::Random);
    let random = random_laid.model.fit().map_err(|column| apart(plots, &laid, names, column))?;
    heritability(plots, &random_laid, &random, &mut analysis)
        .map_err(|column| apart(plots, &laid, names, column))?;
    match (how, &fixed) {
        (Samples::Fixed, Some(fit)) => {
            blues(&laid, fit, &mut analysis).map_err(|column| apart(plots, &laid, names, column))?;
            analysis.components = components(&laid, fit);
        }
        (Samples::Random, _) => {
            blups(&random_laid, &random, &mut analysis)
                .map_err(|column| apart(plots, &laid, names, column))?;
            analysis.components = components(&random_laid, &random);
        }
        (Samples::Fixed, None) => {}
    }
    Ok(analysis)
}

/// The equations are singular: some environments share no samples with the others.
fn apart(plots: &Plots, laid: &Laid, names: &[String], column: usize) -> GenotypeError {
    let near = match laid.samples.get(column) {
        Some(&sample) => format!(" (seen at sample '{}')", names[sample]),
        None => String::new(),
    };
    GenotypeError::Request(format!(
        "trait '{}': the environments cannot be joined, for some share no samples with the others{near}; analyse them apart \
         with --trait '{}@ENVIRONMENT', or add checks",
        plots.name, plots.name
    ))
}

/// Means of the plots.
fn raw(plots: &Plots, laid: &Laid, names: &[String]) -> Vec<Estimate> {
    let mut sums = vec![(0.0, 0usize); laid.samples.len()];
    for (&sample, value) in laid.of_plot.iter().zip(&plots.values) {
        sums[sample].0 += value;
        sums[sample].1 += 1;
    }
    let one = |(&sample, (sum, n)): (&usize, (f64, usize))| Estimate {
        sample: names[sample].clone(),
        value: sum / n as f64,
        plots: n,
        raw_mean: sum / n as f64,
        ..Estimate::default()
    };
    laid.samples.iter().zip(sums).map(one).collect()
}

fn blues(laid: &Laid, fit: &Fit, analysis: &mut Analysis) -> Result<(), usize> {
    let factor = fit.factor()?;
    let weights = fit.weights(laid.samples.len())?;
    let mut scratch = Vec::new();
    for (k, own) in analysis.estimates.iter_mut().enumerate() {
        own.value = fit.effects[k];
        let variance = fit.residual * factor.quadratic(&[(k, 1.0)], &mut scratch);
        own.standard_error = Some(variance.sqrt());
        own.weight = Some(weights[k]).filter(|weight| *weight > 0.0 && weight.is_finite());
    }
    Ok(())
}

fn blups(laid: &Laid, fit: &Fit, analysis: &mut Analysis) -> Result<(), usize> {
    let factor = fit.factor()?;
    let mut scratch = Vec::new();
    let scale = fit.scales[0];
    for (k, own) in analysis.estimates.iter_mut().enumerate() {
        own.value = fit.effects[0] + fit.effects[laid.first + k];
        let variance =
            fit.residual * scale * scale * factor.quadratic(&[(laid.first + k, 1.0)], &mut scratch);
        own.standard_error = Some(variance.sqrt());
    }
    Ok(())
}

fn components(laid: &Laid, fit: &Fit) -> Vec<Component> {
    let effect = |(k, (name, columns)): (usize, &(&'static str, std::ops::Range<usize>))| Component {
        name,
        levels: columns.len(),
        variance: fit.variance(k),
    };
    let residual = Component { name: "residual", levels: laid.model.values.len(), variance: fit.residual };
    laid.model.random.iter().enumerate().map(effect).chain([residual]).collect()
}

/// Cullis's heritability and that of entry means, with the samples random.
fn heritability(plots: &Plots, laid: &Laid, fit: &Fit, analysis: &mut Analysis) -> Result<(), usize> {
    let n = laid.samples.len();
    let variance = fit.variance(0);
    analysis.sample_variance = Some(variance);
    if n < 2 {
        return Ok(());
    }
    if variance <= 0.0 {
        (analysis.cullis, analysis.entry_mean) = (Some(0.0), Some(0.0));
        return Ok(());
    }
    let factor = fit.factor()?;
    let mut scratch = Vec::new();
    let columns = laid.first..laid.first + n;
    let trace: f64 = columns.clone().map(|k| factor.quadratic(&[(k, 1.0)], &mut scratch)).sum();
    let all: Vec<(usize, f64)> = columns.map(|k| (k, 1.0)).collect();
    let total = factor.quadratic(&all, &mut scratch);
    // Mean variance of a difference of two BLUPs over the variance: the scales cancel but for the residual.
    let difference = 2.0 * (trace - total / n as f64) / (n - 1) as f64;
    analysis.cullis = Some((1.0 - difference / 2.0).clamp(0.0, 1.0));
    let interaction = laid.model.random.iter().position(|own| own.0 == "sample x environment");
    let interaction = interaction.map_or(0.0, |effect| fit.variance(effect));
    let harmonic = |counts: &[usize]| n as f64 / counts.iter().map(|&own| 1.0 / own as f64).sum::<f64>();
    let (mut counts, mut seen) = (vec![0; n], vec![BTreeSet::new(); n]);
    for (plot, &sample) in laid.of_plot.iter().enumerate() {
        counts[sample] += 1;
        seen[sample].insert(plots.environment[plot]);
    }
    let environments: Vec<usize> = seen.iter().map(BTreeSet::len).collect();
    let noise = interaction / harmonic(&environments) + fit.residual / harmonic(&counts);
    analysis.entry_mean = Some(variance / (variance + noise));
    Ok(())
}

/// Residuals over their standard deviation, from the model with fixed samples.
fn outliers(plots: &Plots, laid: &Laid, names: &[String], fit: &Fit) -> Result<Vec<Outlier>, usize> {
    let factor = fit.factor()?;
    let (mut scratch, mut out) = (Vec::new(), Vec::new());
    let n = plots.values.len();
    for plot in 0..n {
        let record = &laid.model.records[plot];
        let left = 1.0 - factor.quadratic(&fit.scaled(record), &mut scratch);
        // A plot that its own sample's effect fits wholly has no residual.
        if left < 1e-8 {
            continue;
        }
        let fitted: f64 = record.iter().map(|&(column, x)| x * fit.effects[column]).sum();
        let residual = (plots.values[plot] - fitted) / (fit.residual * left).sqrt();
        let p = (2.0 * normal_tail(residual.abs()) * n as f64).min(1.0);
        if p < FALSE_OUTLIERS {
            let sample = names[plots.samples[plot]].clone();
            out.push(Outlier { line: plots.lines[plot], sample, value: plots.values[plot], residual, p });
        }
    }
    Ok(out)
}
