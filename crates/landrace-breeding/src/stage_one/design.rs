//! The columns of a model: samples, environments, and the factors of the design that vary.

use std::collections::HashMap;

use super::Samples;
use super::model::Model;
use crate::phenotype::Plots;

/// A model of plots with what its columns mean.
pub(super) struct Laid {
    pub(super) model: Model,
    /// Names that occur, ascending: column k of the samples is of `samples[k]`.
    pub(super) samples: Vec<usize>,
    /// Sample of each plot, among those that occur.
    pub(super) of_plot: Vec<usize>,
    /// First column of the samples.
    pub(super) first: usize,
}

/// Lays out the model. Fixed columns come first: the samples or the mean, then the environments' departures from their
/// mean.
pub(super) fn lay(plots: &Plots, how: Samples) -> Laid {
    let mut samples = plots.samples.clone();
    samples.sort_unstable();
    samples.dedup();
    let of_plot: Vec<usize> =
        plots.samples.iter().map(|own| samples.binary_search(own).unwrap_or(0)).collect();
    let environments = plots.environments.len();
    let main = if how == Samples::Fixed { samples.len() } else { 1 };
    let mut model =
        Model { values: plots.values.clone(), fixed: main + environments - 1, ..Model::default() };
    let mut next = model.fixed;
    let mut terms: Vec<Vec<Option<usize>>> = Vec::new();
    let mut first = 0;
    if how == Samples::Random {
        first = next;
        model.random.push(("sample", next..next + samples.len()));
        next += samples.len();
    }
    for (name, levels) in terms_of(plots, &of_plot) {
        let (levels, n) = renumbered(&levels);
        model.random.push((name, next..next + n));
        terms.push(levels.into_iter().map(|level| level.map(|level| next + level)).collect());
        next += n;
    }
    for (plot, &sample) in of_plot.iter().enumerate() {
        let mut record = match how {
            Samples::Fixed => vec![(sample, 1.0)],
            Samples::Random => vec![(0, 1.0), (first + sample, 1.0)],
        };
        // The last environment is minus the sum of the others: samples' effects are means over environments.
        match plots.environment[plot] {
            own if own + 1 < environments => record.push((main + own, 1.0)),
            _ => record.extend((0..environments - 1).map(|own| (main + own, -1.0))),
        }
        record.extend(terms.iter().filter_map(|levels| Some((levels[plot]?, 1.0))));
        model.records.push(record);
    }
    Laid { model, samples, of_plot, first }
}

/// Sample × environment and the factors of the design, without those that say nothing: one level, one a plot, the samples
/// over again, or the same as an earlier one.
fn terms_of(plots: &Plots, of_plot: &[usize]) -> Vec<(&'static str, Vec<Option<usize>>)> {
    let mut kept: Vec<(&'static str, Vec<Option<usize>>)> = Vec::new();
    let sample_level: Vec<Option<usize>> = of_plot.iter().map(|&own| Some(own)).collect();
    let environment_level: Vec<Option<usize>> = plots.environment.iter().map(|&own| Some(own)).collect();
    let mut seen = vec![canonical(&sample_level), canonical(&environment_level)];
    let mut candidates = Vec::new();
    if plots.environments.len() > 1 {
        let n = plots.environments.len();
        let both =
            of_plot.iter().zip(&plots.environment).map(|(own, environment)| Some(own * n + environment));
        candidates.push(("sample x environment", both.collect()));
    }
    candidates.extend(plots.factors.iter().map(|own| (own.name, own.levels.clone())));
    for (name, levels) in candidates {
        let (numbered, n) = renumbered(&levels);
        let pattern = canonical(&numbered);
        if n > 1 && n < plots.values.len() && !seen.contains(&pattern) {
            seen.push(pattern);
            kept.push((name, levels));
        }
    }
    kept
}

/// Levels numbered from 0 in the order of the plots, and how many there are.
fn renumbered(levels: &[Option<usize>]) -> (Vec<Option<usize>>, usize) {
    let mut places: HashMap<usize, usize> = HashMap::new();
    let number = |level: &Option<usize>| {
        level.map(|level| {
            let next = places.len();
            *places.entry(level).or_insert(next)
        })
    };
    let out: Vec<Option<usize>> = levels.iter().map(number).collect();
    (out, places.len())
}

fn canonical(levels: &[Option<usize>]) -> Vec<Option<usize>> {
    renumbered(levels).0
}

impl Plots {
    /// The plots of one environment.
    pub(super) fn of_environment(&self, environment: usize) -> Plots {
        let own: Vec<usize> =
            (0..self.values.len()).filter(|&plot| self.environment[plot] == environment).collect();
        let factors = self.factors.iter().map(|factor| crate::phenotype::Factor {
            name: factor.name,
            levels: own.iter().map(|&plot| factor.levels[plot]).collect(),
        });
        Plots {
            name: self.name.clone(),
            unit: self.unit.clone(),
            values: own.iter().map(|&plot| self.values[plot]).collect(),
            lines: own.iter().map(|&plot| self.lines[plot]).collect(),
            samples: own.iter().map(|&plot| self.samples[plot]).collect(),
            environments: vec![self.environments[environment].clone()],
            environment: vec![0; own.len()],
            factors: factors.collect(),
        }
    }
}
