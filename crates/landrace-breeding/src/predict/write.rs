//! Predictions as tables.

use std::io::{self, Write};

use super::{Accuracy, Fit, Held, Population, Split};
use crate::phenotype::AnalysisSet;

/// One trait's results.
#[derive(Clone, Debug)]
pub struct TraitResult {
    /// The records.
    pub set: AnalysisSet,
    /// What a method made of them.
    pub fit: Fit,
    /// How well it predicts them.
    pub validation: Option<Validation>,
}

/// Records predicted from others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Validation {
    /// Who was left out when.
    pub splits: Vec<Split>,
    /// The predictions, split by split.
    pub held: Vec<Vec<Held>>,
    /// Share of the records that would be selected.
    pub top: f64,
}

impl Validation {
    /// Number of repeats.
    pub fn repeats(&self) -> usize {
        self.splits.iter().map(|split| split.repeat).max().unwrap_or(0)
    }

    /// Observed and predicted values of one repeat, all splits together.
    pub fn pairs(&self, repeat: usize) -> Vec<(f64, f64)> {
        let own = self.splits.iter().zip(&self.held).filter(|(split, _)| split.repeat == repeat);
        own.flat_map(|(_, held)| held.iter().map(|held| (held.observed, held.predicted))).collect()
    }

    /// The accuracy of one repeat, all splits together.
    pub fn of_repeat(&self, repeat: usize) -> Option<Accuracy> {
        super::accuracy(&self.pairs(repeat), self.top)
    }

    /// The accuracy within each split.
    pub fn of_splits(&self) -> Vec<Option<Accuracy>> {
        let own = |held: &Vec<Held>| {
            let pairs: Vec<(f64, f64)> = held.iter().map(|held| (held.observed, held.predicted)).collect();
            super::accuracy(&pairs, self.top)
        };
        self.held.iter().map(own).collect()
    }

    /// The mean over the repeats of correlation, slope, root mean squared error and overlap, each over all splits of a
    /// repeat together; `None` where no repeat has it.
    pub fn mean(&self) -> [Option<f64>; 4] {
        let all: Vec<Accuracy> = (1..=self.repeats()).filter_map(|repeat| self.of_repeat(repeat)).collect();
        let mean = |of: &dyn Fn(&Accuracy) -> Option<f64>| {
            let known: Vec<f64> = all.iter().filter_map(of).collect();
            (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
        };
        [
            mean(&|own| own.correlation),
            mean(&|own| own.slope),
            mean(&|own| Some(own.rmse)),
            mean(&|own| Some(own.overlap)),
        ]
    }

    /// The accuracy by group of samples, over all splits and repeats; `groups` has a cell a sample of the population.
    pub fn of_groups(&self, set: &AnalysisSet, groups: &[Option<String>]) -> Vec<(String, Accuracy)> {
        let mut by_name: std::collections::BTreeMap<&str, Vec<(f64, f64)>> =
            std::collections::BTreeMap::new();
        for held in self.held.iter().flatten() {
            if let Some(group) = groups[set.samples[held.record]].as_deref() {
                by_name.entry(group).or_default().push((held.observed, held.predicted));
            }
        }
        let own = |(name, pairs): (&str, Vec<(f64, f64)>)| {
            Some((name.to_owned(), super::accuracy(&pairs, self.top)?))
        };
        by_name.into_iter().filter_map(own).collect()
    }
}

fn or_na(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map_or_else(|| "NA".to_owned(), |value| format!("{value:.6}"))
}

/// Writes the values: a line a trait and sample, in the order of the genotypes.
///
/// # Errors
/// Returns the writer's error.
pub fn write_values(
    population: &Population,
    results: &[TraitResult],
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(out, "sample\ttrait\tvalue\tbreeding_value\treliability\tstandard_error\tphenotype\trole")?;
    for TraitResult { set, fit, .. } in results {
        let mut records = vec![None; population.samples().len()];
        set.samples.iter().zip(&set.values).for_each(|(&sample, &value)| records[sample] = Some(value));
        for (index, sample) in population.samples().iter().enumerate() {
            let own = |of: &Option<Vec<f64>>| or_na(of.as_ref().and_then(|of| of.get(index).copied()));
            let value = fit.values[index];
            let additive = fit.breeding_values.as_ref().map_or(value, |own| own[index]);
            let role = if records[index].is_some() { "training" } else { "predicted" };
            writeln!(
                out,
                "{sample}\t{}\t{:.6}\t{additive:.6}\t{}\t{}\t{}\t{role}",
                set.name,
                fit.mean + value,
                own(&fit.reliabilities),
                own(&fit.errors),
                or_na(records[index]),
            )?;
        }
    }
    Ok(())
}

/// Writes the accuracies: a line a trait, repeat and split, and one for all splits of a repeat together.
///
/// # Errors
/// Returns the writer's error.
pub fn write_accuracies(results: &[TraitResult], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "trait\trepeat\tfold\trecords\tcorrelation\tslope\trmse\ttop_overlap")?;
    for TraitResult { set, validation, .. } in results {
        let Some(validation) = validation else { continue };
        let mut line = |repeat: usize, fold: &str, own: Option<Accuracy>| match own {
            None => Ok(()),
            Some(own) => {
                let (r, slope) = (or_na(own.correlation), or_na(own.slope));
                let (rmse, overlap) = (own.rmse, own.overlap);
                let (name, n) = (&set.name, own.records);
                writeln!(out, "{name}\t{repeat}\t{fold}\t{n}\t{r}\t{slope}\t{rmse:.6}\t{overlap:.6}")
            }
        };
        for (split, own) in validation.splits.iter().zip(validation.of_splits()) {
            line(split.repeat, &split.name, own)?;
        }
        for repeat in 1..=validation.repeats() {
            line(repeat, "all", validation.of_repeat(repeat))?;
        }
    }
    Ok(())
}

/// Writes each prediction of cross-validation beside what was observed.
///
/// # Errors
/// Returns the writer's error.
pub fn write_held(population: &Population, results: &[TraitResult], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "sample\ttrait\trepeat\tfold\tobserved\tpredicted")?;
    for TraitResult { set, validation, .. } in results {
        for (split, held) in validation.iter().flat_map(|own| own.splits.iter().zip(&own.held)) {
            for own in held {
                let sample = &population.samples()[set.samples[own.record]];
                let (repeat, fold) = (split.repeat, &split.name);
                let (name, observed, predicted) = (&set.name, own.observed, own.predicted);
                writeln!(out, "{sample}\t{name}\t{repeat}\t{fold}\t{observed:.6}\t{predicted:.6}")?;
            }
        }
    }
    Ok(())
}
