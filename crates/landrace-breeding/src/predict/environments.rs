//! One trait in several environments: a main genomic effect and its interaction with environments.
//!
//! The model is y_ij = μ_j + g_i + w_ij + e_ij with g ~ N(0, σ²_g G), w_·j ~ N(0, σ²_w G) in each environment on its own,
//! and e ~ N(0, σ²_e / weight): the reaction norm of Jarquín et al. (2014) without covariates of the environments, and the
//! M×E model of López-Cruz et al. (2015) with one variance of interaction. Variances are by restricted likelihood.
//!
//! Where records count alike, the covariance of a whole grid of lines and environments is diagonal in the directions of
//! the eigenvectors of G and of the mean and the contrasts of the environments. Cells without a record, and those that
//! cross-validation leaves out, get an effect of their own, which is the same as leaving them out.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

mod dense;
mod grid;
mod likelihood;
#[cfg(test)]
mod tests;
mod validation;
mod write;

pub use validation::{EnvironmentModel, EnvironmentScheme, EnvironmentValidation, HeldCell};
pub use write::{write_environment_accuracies, write_environment_held, write_environment_values};

use std::sync::Arc;

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use landrace_genotypes::relationship::SampleMatrix;
use rayon::prelude::*;

use self::likelihood::{Chunks, Effects, Likelihood, Point, Ratios, likeliest};
use super::kernel_fit::model_error;
use super::{Population, PredictError, Variance};
use crate::mixed_model::Spectrum;
use crate::phenotype::{AnalysisSet, Design};

/// Records whose covariance is held in memory, at most.
const MOST_RECORDS: usize = 10_000;
/// Records that an environment needs.
const LEAST: usize = 2;
/// Samples whose values one task computes.
const ROWS: usize = 64;

/// The records of one trait in several environments.
#[derive(Clone, Debug)]
pub struct EnvironmentTrial {
    /// What the trait is called.
    pub name: String,
    /// The records of each environment; places of samples are those in the population.
    pub sets: Vec<AnalysisSet>,
}

/// Values of all samples in one environment, or over all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnvironmentValues {
    /// The mean of the records.
    pub mean: f64,
    /// Genetic value of each sample of the population, as deviation from the mean.
    pub values: Vec<f64>,
    /// Reliability of each.
    pub reliabilities: Vec<f64>,
    /// Standard error of each.
    pub errors: Vec<f64>,
}

/// What the model makes of a trial.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvironmentFit {
    /// `main`, `interaction`, `residual`: σ² of each; the first two are multiplied by the relationship.
    pub variances: [Variance; 3],
    /// Share of each in the variance of a record, by the mean diagonal of the relationship.
    pub shares: [f64; 3],
    /// The main effect; its mean is that of the environments' means.
    pub overall: EnvironmentValues,
    /// The main effect and the interaction, environment by environment.
    pub environments: Vec<EnvironmentValues>,
    /// What people should know, one line each.
    pub notes: Vec<String>,
    ratios: Ratios,
}

impl EnvironmentFit {
    /// Genetic correlation between environments under the model: the main share of the genetic variance; `None` if there
    /// is none.
    pub fn correlation(&self) -> Option<f64> {
        let [main, interaction, _] = &self.variances;
        let genetic = main.value + interaction.value;
        (genetic > 0.0).then(|| main.value / genetic)
    }
}

/// One record: a line in an environment.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cell {
    /// Place among the trial's lines.
    line: usize,
    environment: usize,
    value: f64,
    weight: f64,
}

/// Records with what their likelihood needs.
#[derive(Clone)]
struct Records<'a> {
    kernel: &'a SampleMatrix,
    /// Places of the lines among the samples, ascending.
    lines: Arc<[usize]>,
    environments: usize,
    cells: Vec<Cell>,
    /// The relationship of the lines taken apart; `None` if records do not count alike.
    spectrum: Option<Arc<Spectrum>>,
}

impl EnvironmentTrial {
    /// Samples with a record in some environment, ascending.
    pub fn lines(&self) -> Vec<usize> {
        let mut lines: Vec<usize> = self.sets.iter().flat_map(|set| set.samples.iter().copied()).collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// The lines as records of one trait: what schemes deal.
    fn line_set(&self) -> AnalysisSet {
        let samples = self.lines();
        AnalysisSet {
            name: self.sets[0].name.clone(),
            values: vec![0.0; samples.len()],
            samples,
            weights: None,
            design: Design::default(),
            without_covariates: 0,
        }
    }

    fn records<'a>(&self, population: &'a Population) -> Result<Records<'a>, PredictError> {
        self.check()?;
        let kernel = population.relationship()?;
        let all = self.line_set();
        let is_even = self.sets.iter().all(|set| set.weights.is_none());
        let spectrum = population.spectrum("additive", kernel, &all).map_err(model_error(&all))?;
        let lines: Arc<[usize]> = all.samples.into();
        let cell = |environment: usize, set: &AnalysisSet, record: usize| Cell {
            line: lines.binary_search(&set.samples[record]).unwrap_or(0),
            environment,
            value: set.values[record],
            weight: set.weights.as_ref().map_or(1.0, |weights| weights[record]),
        };
        let cells = self.sets.iter().enumerate().flat_map(|(j, set)| {
            (0..set.samples.len()).map(|record| cell(j, set, record)).collect::<Vec<_>>()
        });
        let cells = cells.collect();
        let spectrum = is_even.then_some(spectrum);
        Ok(Records { kernel, lines, environments: self.sets.len(), cells, spectrum })
    }

    fn check(&self) -> Result<(), PredictError> {
        let wrong = |message: String| Err(PredictError::Request(format!("trait '{}': {message}", self.name)));
        if self.sets.len() < 2 {
            return wrong("has records of one environment; an interaction needs two and more".to_owned());
        }
        if self.sets.iter().any(|set| !set.design.columns.is_empty()) {
            return wrong(
                "covariates do not go with several environments; take them off first with `landrace phenotypes`"
                    .to_owned(),
            );
        }
        let shared = self.lines().len() < self.sets.iter().map(|set| set.samples.len()).sum();
        if shared { Ok(()) } else { wrong("no line has records in two environments".to_owned()) }
    }

    /// Fits the records and values all samples of the population, overall and in each environment.
    ///
    /// # Errors
    /// Returns an error if there are fewer than two environments, no line in two of them, covariates, too many records
    /// of uneven weight, or if the relationship cannot serve.
    pub fn fit(&self, population: &Population) -> Result<EnvironmentFit, PredictError> {
        let records = self.records(population)?;
        let own = records.likelihood(&self.name)?;
        let ratios = likeliest(own.as_ref(), Effects::Both, None).ok_or_else(|| self.undetermined())?;
        let point = own.at(ratios).ok_or_else(|| self.undetermined())?;
        Ok(self.fitted(&records, own.as_ref(), ratios, &point))
    }

    fn undetermined(&self) -> PredictError {
        PredictError::Request(format!(
            "trait '{}': the variances cannot be told apart; give more records, or predict each environment on its own",
            self.name
        ))
    }

    fn fitted(
        &self,
        records: &Records<'_>,
        own: &dyn Likelihood,
        ratios: Ratios,
        point: &Point,
    ) -> EnvironmentFit {
        let values = records.values(ratios, point);
        let explained = records.explained(own, ratios);
        let residual = point.residual;
        let one = |target: usize, mean: f64, prior: f64| {
            let whole = |i: usize| (prior * records.kernel.get(i, i)).max(0.0) * residual;
            let share = |(i, of): (usize, &Vec<f64>)| {
                let whole = whole(i);
                if whole > 0.0 { (of[target] * residual / whole).clamp(0.0, 1.0) } else { 0.0 }
            };
            let reliabilities: Vec<f64> = explained.iter().enumerate().map(share).collect();
            let error = |(i, own): (usize, &f64)| ((1.0 - own) * whole(i)).sqrt();
            EnvironmentValues {
                mean,
                values: values.iter().map(|own| own[target]).collect(),
                errors: reliabilities.iter().enumerate().map(error).collect(),
                reliabilities,
            }
        };
        let count = records.environments;
        let grand = point.means.iter().sum::<f64>() / count as f64;
        let within = |j: usize| one(j, point.means[j], ratios.main + ratios.interaction);
        let size =
            records.lines.iter().map(|&i| records.kernel.get(i, i)).sum::<f64>() / records.lines.len() as f64;
        let parts = [ratios.main * size, ratios.interaction * size, 1.0];
        let variance = |name: &'static str, ratio: f64| Variance { name, value: ratio * residual };
        EnvironmentFit {
            variances: [
                variance("main", ratios.main),
                variance("interaction", ratios.interaction),
                variance("residual", 1.0),
            ],
            shares: parts.map(|part| part / parts.iter().sum::<f64>()),
            overall: one(count, grand, ratios.main),
            environments: (0..count).map(within).collect(),
            notes: likelihood::notes(ratios),
            ratios,
        }
    }
}

impl Records<'_> {
    /// Cells of the whole grid, line by line, that have no record.
    fn empty(&self) -> Vec<(usize, usize)> {
        let mut has = vec![false; self.lines.len() * self.environments];
        self.cells.iter().for_each(|cell| has[cell.line * self.environments + cell.environment] = true);
        let places = has.iter().enumerate().filter(|(_, has)| !**has);
        places.map(|(at, _)| (at / self.environments, at % self.environments)).collect()
    }

    /// The likelihood of the records: by the grid where that is less work, else by their covariance.
    fn likelihood(&self, name: &str) -> Result<Box<dyn Likelihood + '_>, PredictError> {
        let wrong = |message: String| Err(PredictError::Request(format!("trait '{name}': {message}")));
        for j in 0..self.environments {
            let n = self.cells.iter().filter(|cell| cell.environment == j).count();
            if n < LEAST {
                return wrong(format!(
                    "{n} records are left of environment {} of {}; at least {LEAST} are needed",
                    j + 1,
                    self.environments
                ));
            }
        }
        let empty = self.empty();
        if let Some(spectrum) = self.spectrum.as_ref().filter(|_| empty.len() <= self.cells.len()) {
            return Ok(Box::new(grid::Grid::new(spectrum, self, empty)));
        }
        if self.cells.len() > MOST_RECORDS {
            return wrong(format!(
                "{} records of all environments together; at most {MOST_RECORDS} are taken where their weights differ or \
                 most lines lack most environments, for their covariance is held in memory; give fewer environments",
                self.cells.len()
            ));
        }
        Ok(Box::new(dense::Dense::new(self)))
    }

    /// Deviations from the mean of all samples of the population, in each environment and, last, overall.
    fn values(&self, ratios: Ratios, point: &Point) -> Vec<Vec<f64>> {
        (0..self.kernel.len()).into_par_iter().map(|i| self.value_of(i, ratios, point)).collect()
    }

    /// As [`Self::values`], of one sample.
    fn value_of(&self, sample: usize, ratios: Ratios, point: &Point) -> Vec<f64> {
        let e = self.environments;
        let mut sums = vec![0.0; e];
        for (l, &line) in self.lines.iter().enumerate() {
            let relation = self.kernel.get(sample, line);
            sums.iter_mut().zip(&point.dual[l * e..]).for_each(|(sum, own)| *sum += relation * own);
        }
        let main = ratios.main * sums.iter().sum::<f64>();
        sums.iter().map(|own| main + ratios.interaction * own).chain([main]).collect()
    }

    /// The variance of each value that the records explain, in units of the residual's; targets as in [`Self::values`].
    fn explained(&self, own: &dyn Likelihood, ratios: Ratios) -> Vec<Vec<f64>> {
        let all = self.kernel.len();
        let relation = |at: usize| {
            let first = at * ROWS;
            let samples = ROWS.min(all - first);
            Mat::from_fn(self.lines.len(), samples, |l, i| self.kernel.get(first + i, self.lines[l]))
        };
        let chunks = Chunks { relation: &relation, count: all.div_ceil(ROWS) };
        own.explained(ratios, &chunks).unwrap_or_else(|| vec![vec![0.0; self.environments + 1]; all])
    }
}

/// A product of two matrices, the same at any number of threads.
fn product(a: faer::MatRef<'_, f64>, b: faer::MatRef<'_, f64>) -> Mat<f64> {
    let mut out = Mat::zeros(a.nrows(), b.ncols());
    matmul(out.as_mut(), Accum::Replace, a, b, 1.0, Par::Seq);
    out
}
