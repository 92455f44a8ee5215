//! Cross-validation of one trait in several environments, by the field's schemes (Burgueño et al. 2012; Jarquín et al.
//! 2017).

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use super::likelihood::{Effects, Ratios, likeliest};
use super::{Cell, EnvironmentFit, EnvironmentTrial, Records};
use crate::predict::{Accuracy, Gblup, Method, Population, PredictError, Refit, Scheme, Split, accuracy};

/// What is left out together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EnvironmentScheme {
    /// CV1: all records of some lines, as of new lines.
    NewLines,
    /// CV2: some records of lines that have others in other environments, as where each line is grown in some.
    SeenElsewhere,
    /// CV0: all records of one environment, as of a new environment.
    NewEnvironment,
}

/// By which model a record is predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EnvironmentModel {
    /// Main effect and interaction with environments.
    Interaction,
    /// The main effect alone.
    Main,
    /// GBLUP within each environment on its own.
    Within,
}

/// A record that was predicted without itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldCell {
    /// Place of the line among the samples of the population.
    pub sample: usize,
    /// The environment.
    pub environment: usize,
    /// The record.
    pub observed: f64,
    /// By each model, in the order of [`EnvironmentModel::ALL`]; `None` where it cannot.
    pub predicted: [Option<f64>; 3],
}

/// All predictions of a scheme.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvironmentValidation {
    /// The scheme.
    pub scheme: EnvironmentScheme,
    /// Repeat and name of each split, with its predictions.
    pub splits: Vec<(usize, String, Vec<HeldCell>)>,
    /// Share of the records that would be selected.
    pub top: f64,
}

impl EnvironmentScheme {
    /// The field's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NewLines => "CV1",
            Self::SeenElsewhere => "CV2",
            Self::NewEnvironment => "CV0",
        }
    }

    /// What it stands for.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::NewLines => "new lines",
            Self::SeenElsewhere => "lines seen in other environments",
            Self::NewEnvironment => "a new environment",
        }
    }
}

impl EnvironmentModel {
    /// All, in the order of predictions.
    pub const ALL: [Self; 3] = [Self::Interaction, Self::Main, Self::Within];

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Interaction => "interaction",
            Self::Main => "main",
            Self::Within => "within",
        }
    }
}

impl EnvironmentValidation {
    /// Number of repeats.
    pub fn repeats(&self) -> usize {
        self.splits.iter().map(|split| split.0).max().unwrap_or(0)
    }

    /// The accuracy of a model in an environment, all splits of a repeat together; `None` if it predicts nothing there.
    pub fn of_repeat(&self, repeat: usize, environment: usize, model: EnvironmentModel) -> Option<Accuracy> {
        let place = EnvironmentModel::ALL.iter().position(|own| *own == model)?;
        let own = self.splits.iter().filter(|split| split.0 == repeat).flat_map(|split| &split.2);
        let here = own.filter(|held| held.environment == environment);
        let pairs: Vec<(f64, f64)> =
            here.filter_map(|held| Some((held.observed, held.predicted[place]?))).collect();
        accuracy(&pairs, self.top)
    }

    /// The correlation of a model in an environment, a mean over the repeats.
    pub fn correlation(&self, environment: usize, model: EnvironmentModel) -> Option<f64> {
        let of = |repeat: usize| self.of_repeat(repeat, environment, model)?.correlation;
        let known: Vec<f64> = (1..=self.repeats()).filter_map(of).collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    }
}

impl EnvironmentTrial {
    /// Predicts records without themselves. Schemes of lines are CV1; random folds are CV2 too, and with them each
    /// environment is left out in turn (CV0).
    ///
    /// # Errors
    /// As [`Self::fit`] and [`Scheme::splits`], and if what is left determines no model.
    pub fn cross_validate(
        &self,
        population: &Population,
        fit: &EnvironmentFit,
        scheme: &Scheme,
        (refit, top): (Refit, f64),
    ) -> Result<Vec<EnvironmentValidation>, PredictError> {
        let records = self.records(population)?;
        let main = likeliest(records.likelihood(&self.name)?.as_ref(), Effects::Main, None);
        let starts = [fit.ratios, main.ok_or_else(|| self.undetermined())?];
        let own = Validator { trial: self, population, records, starts, refit };
        let mut out = Vec::new();
        let mut add = |scheme: EnvironmentScheme, splits: Vec<Split>| -> Result<(), PredictError> {
            out.push(EnvironmentValidation { scheme, splits: own.predict(scheme, &splits)?, top });
            Ok(())
        };
        add(EnvironmentScheme::NewLines, own.of_lines(&scheme.splits(&self.line_set())?))?;
        if let Scheme::Random { folds, repeats, seed } = *scheme {
            add(EnvironmentScheme::SeenElsewhere, own.dealt(folds, repeats, seed))?;
            add(EnvironmentScheme::NewEnvironment, own.of_environments())?;
        }
        Ok(out)
    }
}

/// What all splits share.
struct Validator<'a> {
    trial: &'a EnvironmentTrial,
    population: &'a Population,
    records: Records<'a>,
    /// Ratios by all records, with and without interaction.
    starts: [Ratios; 2],
    refit: Refit,
}

impl Validator<'_> {
    /// Splits of lines as splits of their records.
    fn of_lines(&self, splits: &[Split]) -> Vec<Split> {
        let of = |lines: &[usize]| -> Vec<usize> {
            let is_in = |record: &usize| lines.binary_search(&self.records.cells[*record].line).is_ok();
            (0..self.records.cells.len()).filter(is_in).collect()
        };
        let split = |own: &Split| Split {
            repeat: own.repeat,
            name: own.name.clone(),
            left_out: of(&own.left_out),
            tested: of(&own.tested),
        };
        splits.iter().map(split).collect()
    }

    /// Records dealt so that a line's lie in different folds, or in as many as there are; lines in one environment are
    /// never left out.
    fn dealt(&self, folds: usize, repeats: usize, seed: u64) -> Vec<Split> {
        let mut of_lines = vec![Vec::new(); self.records.lines.len()];
        self.records.cells.iter().enumerate().for_each(|(record, cell)| of_lines[cell.line].push(record));
        let mut out = Vec::new();
        for repeat in 1..=repeats {
            let mut members = vec![Vec::new(); folds];
            for (line, own) in of_lines.iter().enumerate().filter(|own| own.1.len() > 1) {
                // One stream a repeat and line.
                let mut stream = Xoshiro256PlusPlus::seed_from_u64(
                    seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)
                        .wrapping_add(((repeat as u64) << 32) + line as u64 + 1),
                );
                let mut order: Vec<usize> = (0..folds).collect();
                for last in (1..folds).rev() {
                    let other = (u128::from(stream.next_u64()) * (last as u128 + 1)) >> 64;
                    order.swap(last, usize::try_from(other).unwrap_or(last));
                }
                own.iter().enumerate().for_each(|(k, &record)| members[order[k % folds]].push(record));
            }
            for (fold, mut own) in members.into_iter().enumerate() {
                own.sort_unstable();
                let name = (fold + 1).to_string();
                out.push(Split { repeat, name, left_out: own.clone(), tested: own });
            }
        }
        out
    }

    /// Each environment in turn.
    fn of_environments(&self) -> Vec<Split> {
        let split = |j: usize| {
            let is_here = |record: &usize| self.records.cells[*record].environment == j;
            let own: Vec<usize> = (0..self.records.cells.len()).filter(is_here).collect();
            let name = self.trial.sets[j].name.to_string();
            Split { repeat: 1, name, left_out: own.clone(), tested: own }
        };
        (0..self.records.environments).map(split).collect()
    }

    fn predict(
        &self,
        scheme: EnvironmentScheme,
        splits: &[Split],
    ) -> Result<Vec<(usize, String, Vec<HeldCell>)>, PredictError> {
        let within = match scheme {
            EnvironmentScheme::NewEnvironment => None,
            _ => Some(self.within(splits)?),
        };
        let one = |(at, split): (usize, &Split)| {
            let both = self.of_split(split, Effects::Both)?;
            let main = self.of_split(split, Effects::Main)?;
            let held = |(k, &record): (usize, &usize)| {
                let cell = &self.records.cells[record];
                HeldCell {
                    sample: self.records.lines[cell.line],
                    environment: cell.environment,
                    observed: cell.value,
                    predicted: [
                        Some(both[k]),
                        Some(main[k]),
                        within.as_ref().and_then(|within| within[at][k]),
                    ],
                }
            };
            let held = split.tested.iter().enumerate().map(held).collect();
            Ok((split.repeat, split.name.clone(), held))
        };
        splits.par_iter().enumerate().map(|(at, split)| one((at, split))).collect()
    }

    /// The tested records of a split by the model without those left out.
    fn of_split(&self, split: &Split, effects: Effects) -> Result<Vec<f64>, PredictError> {
        let is_kept = |record: &usize| split.left_out.binary_search(record).is_err();
        let cells: Vec<Cell> =
            (0..self.records.cells.len()).filter(is_kept).map(|record| self.records.cells[record]).collect();
        let here = |j: usize| cells.iter().any(|cell| cell.environment == j);
        // A new environment is no part of the training's grid.
        let known: Vec<usize> = (0..self.records.environments).filter(|&j| here(j)).collect();
        let place = |j: usize| known.binary_search(&j);
        let cells =
            cells.into_iter().map(|cell| Cell { environment: place(cell.environment).unwrap_or(0), ..cell });
        let training = Records { environments: known.len(), cells: cells.collect(), ..self.records.clone() };
        let own = training.likelihood(&self.trial.name)?;
        let start = self.starts[usize::from(effects == Effects::Main)];
        let ratios = match self.refit {
            Refit::Once => Some(start),
            // With one environment left both effects are one.
            Refit::EachFold if known.len() == 1 => likeliest(own.as_ref(), Effects::Main, Some(start)),
            Refit::EachFold => likeliest(own.as_ref(), effects, Some(start)),
        };
        let failed = || self.trial.undetermined();
        let ratios = ratios.ok_or_else(failed)?;
        let point = own.at(ratios).ok_or_else(failed)?;
        let grand = point.means.iter().sum::<f64>() / known.len() as f64;
        let value = |&record: &usize| {
            let cell = &self.records.cells[record];
            let values = training.value_of(self.records.lines[cell.line], ratios, &point);
            match place(cell.environment) {
                Ok(j) => point.means[j] + values[j],
                Err(_) => grand + values[known.len()],
            }
        };
        Ok(split.tested.iter().map(value).collect())
    }

    /// The tested records of each split by GBLUP within their environment.
    fn within(&self, splits: &[Split]) -> Result<Vec<Vec<Option<f64>>>, PredictError> {
        let mut out: Vec<Vec<Option<f64>>> =
            splits.iter().map(|split| vec![None; split.tested.len()]).collect();
        let mut first = 0;
        for set in &self.trial.sets {
            let last = first + set.samples.len();
            let of = |records: &[usize]| -> Vec<usize> {
                records.iter().filter(|&&at| (first..last).contains(&at)).map(|at| at - first).collect()
            };
            let own = |split: &Split| Split {
                repeat: split.repeat,
                name: split.name.clone(),
                left_out: of(&split.left_out),
                tested: of(&split.tested),
            };
            let owns: Vec<Split> = splits.iter().map(own).collect();
            let with: Vec<usize> = (0..owns.len()).filter(|&at| !owns[at].tested.is_empty()).collect();
            let some: Vec<Split> = with.iter().map(|&at| owns[at].clone()).collect();
            let held = Gblup { refit: self.refit }.cross_validate(self.population, set, &some)?;
            for (&at, held) in with.iter().zip(&held) {
                for own in held {
                    if let Ok(place) = splits[at].tested.binary_search(&(first + own.record)) {
                        out[at][place] = Some(own.predicted);
                    }
                }
            }
            first = last;
        }
        Ok(out)
    }
}
