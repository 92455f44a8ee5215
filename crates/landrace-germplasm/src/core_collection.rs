//! Core collections: a given number of accessions that stand for a whole collection.
//!
//! Objectives, as Core Hunter 3 has them (De Beukelaer, Davenport and Fack 2018): the mean distance of entries to the
//! nearest other entry (EN, to be large), of all accessions to the nearest entry (AN, to be small), of all pairs of
//! entries (EE, to be large), Shannon's index (SH), expected heterozygosity (HE) and the share of alleles kept (CV).
//! Distances are Modified Rogers (MR), Cavalli-Sforza and Edwards (CE), Gower (GD) or a matrix given (PD). Several
//! objectives are weighed after each is brought to 0 to 1 between what the others' best cores give of it and its own
//! best (their Pareto range).
//!
//! Accession-to-nearest-entry is the p-median problem, so that its Lagrangian relaxation says how far a core is from
//! the best at most; the other objectives have bounds of their own ([`Outcome::bound`]).

use std::collections::HashMap;

use landrace_genotypes::GenotypeError;

mod alleles;
mod bound;
mod collection;
mod distance;
mod evaluate;
mod greedy;
mod measures;
mod relax;
mod rules;
mod search;
mod state;
mod table;
mod traits;

pub use alleles::{AlleleTable, WideLocus};
pub use collection::Collection;
pub use distance::{Genetic, GeneticDistance, Missing, Square};
pub use evaluate::{Nearest, TraitComparison, compare_traits, principal_coordinates};
pub use measures::{Measure, MissingRule, Objective, Weighted};
pub use rules::{Allocation, Rules, Strata};
pub use search::Effort;
pub use state::Allelic;
pub use table::{NamedMatrix, parse_alleles};
pub use traits::{Scale, Trait, TraitTable};

use measures::Distances;
use state::Target;

/// How a core is looked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Seed of all random streams.
    pub seed: u64,
    /// How much is searched.
    pub effort: Effort,
    /// What missing calls and values count in distances.
    pub missing: MissingRule,
}

/// What a core is worth by one objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The objective.
    pub objective: Objective,
    /// Its weight in the search; 0 if it was only evaluated.
    pub weight: f64,
    /// The core's value.
    pub value: f64,
    /// Least and most by which it was normalised, if there was more than one objective.
    pub range: Option<(f64, f64)>,
    /// No core that the rules allow is better than this.
    pub bound: f64,
    /// How the bound was had.
    pub by: &'static str,
    /// Mean of random cores that obey the same rules.
    pub random: f64,
}

impl Outcome {
    /// How far the core may be from the best, as a share of the bound: 0.1 is 10%. All of the value (1) where the bound
    /// is 0.
    pub fn gap(&self) -> f64 {
        let apart = (self.value - self.bound).abs();
        if apart == 0.0 {
            0.0
        } else if self.bound == 0.0 {
            1.0
        } else {
            (apart / self.bound).abs()
        }
    }
}

/// A core, found or given.
#[derive(Clone, Debug, PartialEq)]
pub struct Core {
    /// The entries, ascending.
    pub members: Vec<usize>,
    /// What it is worth, those searched first.
    pub outcomes: Vec<Outcome>,
}

/// A collection made ready to be searched: its distances are computed once.
pub struct Hunt<'a> {
    collection: &'a Collection,
    distances: HashMap<(Measure, Missing), Distances<'a>>,
    /// The distance that each objective goes by.
    keys: HashMap<Objective, (Measure, Missing)>,
    options: Options,
}

/// The entries found, and the least and most by which each objective was normalised.
pub type Found = (Vec<usize>, Vec<Option<(f64, f64)>>);

/// Quick searches over the distances of a [`Hunt`].
pub struct QuickHunt<'h, 'a>(&'h Hunt<'a>);

impl QuickHunt<'_, '_> {
    /// As [`Hunt::search`], with [`Effort::Quick`].
    ///
    /// # Errors
    /// As [`Hunt::search`].
    pub fn search(&self, objectives: &[Weighted], rules: &Rules) -> Result<Found, GenotypeError> {
        self.0.search_with(Effort::Quick, objectives, rules)
    }
}

/// Random cores that a core is compared with.
const RANDOM_CORES: usize = 20;

impl<'a> Hunt<'a> {
    /// Computes the distances that the objectives need.
    ///
    /// Memory: 4 n² bytes for each distance.
    ///
    /// # Errors
    /// Returns an error if an objective needs what the collection lacks.
    pub fn new(
        collection: &'a Collection,
        objectives: &[Objective],
        options: Options,
    ) -> Result<Self, GenotypeError> {
        let (mut distances, mut keys) = (HashMap::new(), HashMap::new());
        for objective in objectives {
            objective.check(collection)?;
            let Some(measure) = objective.measure() else { continue };
            let missing = options.missing.of(*objective, collection, measure);
            keys.insert(*objective, (measure, missing));
            distances
                .entry((measure, missing))
                .or_insert_with(|| Distances::new(collection, measure, missing));
        }
        Ok(Self { collection, distances, keys, options })
    }

    /// The distances that an objective goes by, if any.
    pub fn square(&self, objective: Objective) -> Option<&Square> {
        Some(&self.distances(objective)?.square)
    }

    fn distances(&self, objective: Objective) -> Option<&Distances<'a>> {
        self.distances.get(self.keys.get(&objective)?)
    }

    /// The same distances, for quick searches.
    pub fn quick(&self) -> QuickHunt<'_, 'a> {
        QuickHunt(self)
    }

    fn target(&self, objective: Objective) -> Result<Target<'_>, GenotypeError> {
        let absent = || GenotypeError::Request(format!("{objective} was not made ready"));
        let square = || self.square(objective).ok_or_else(absent);
        Ok(match objective {
            Objective::EntryNearest(_) => Target::EntryNearest(square()?),
            Objective::AccessionNearest(_) => Target::AccessionNearest(square()?),
            Objective::EntryEntry(_) => Target::EntryEntry(square()?),
            Objective::Allelic(kind) => {
                Target::Allelic(kind, self.collection.alleles.as_ref().ok_or_else(absent)?)
            }
        })
    }

    /// Looks for the best core.
    ///
    /// # Errors
    /// Returns an error if the rules contradict each other or the collection.
    pub fn search(&self, objectives: &[Weighted], rules: &Rules) -> Result<Found, GenotypeError> {
        self.search_with(self.options.effort, objectives, rules)
    }

    fn search_with(
        &self,
        effort: Effort,
        objectives: &[Weighted],
        rules: &Rules,
    ) -> Result<Found, GenotypeError> {
        let plan = rules.plan(&self.collection.names)?;
        let targets: Vec<Target<'_>> =
            objectives.iter().map(|own| self.target(own.objective)).collect::<Result<_, _>>()?;
        let budget = effort.budget();
        let seed = self.options.seed;
        let sign = |target: &Target<'_>| if target.is_minimised() { -1.0 } else { 1.0 };
        let is_filled = |members: Vec<usize>| {
            let message = "the quotas and groups leave no core of this size; ask for fewer entries";
            if members.len() == rules.size {
                Ok(members)
            } else {
                Err(GenotypeError::Request(message.to_owned()))
            }
        };
        if let [target] = targets.as_slice() {
            let members = search::search(&plan, &[(sign(target), *target)], budget, seed);
            return Ok((is_filled(members)?, vec![None]));
        }
        let best: Vec<Vec<usize>> = targets
            .iter()
            .map(|target| {
                is_filled(search::search(&plan, &[(sign(target), *target)], budget.preliminary(), seed))
            })
            .collect::<Result<_, _>>()?;
        let mut ranges = Vec::new();
        let mut scaled = Vec::new();
        for (own, target) in objectives.iter().zip(&targets) {
            let values: Vec<f64> = best.iter().map(|members| target.value(members)).collect();
            let (least, most) = (
                values.iter().copied().fold(f64::INFINITY, f64::min),
                values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            );
            // Objectives with one value for all need no scale: they cannot pull.
            let width = if most - least > 1e-12 { most - least } else { 1.0 };
            ranges.push(Some((least, most)));
            scaled.push((sign(target) * own.weight / width, *target));
        }
        let members = search::search(&plan, &scaled, budget, seed.wrapping_add(1));
        Ok((is_filled(members)?, ranges))
    }

    /// What a core is worth by each objective, with bounds and random cores beside it. `searched` tells the weights
    /// and ranges of those it was searched by.
    ///
    /// # Errors
    /// Returns an error if an objective needs what the collection lacks.
    pub fn outcome(
        &self,
        own: Weighted,
        range: Option<(f64, f64)>,
        members: &[usize],
        rules: &Rules,
    ) -> Result<Outcome, GenotypeError> {
        let target = self.target(own.objective)?;
        let plan = rules.plan(&self.collection.names)?;
        let (bound, by) = bound::bound(&plan, target, members);
        let free: Vec<usize> = (0..plan.is_free.len()).filter(|&i| plan.is_free[i]).collect();
        let random = |task: usize| {
            let mut stream = search::Stream::of(self.options.seed, (task as u64) << 32);
            target.value(&search::random_start(&plan, &free, &mut stream))
        };
        let random = (0..RANDOM_CORES).map(random).sum::<f64>() / RANDOM_CORES as f64;
        let value = self.value(own.objective, members)?;
        // A bound cannot be passed; what is beyond it is rounding.
        let bound = if target.is_minimised() { bound.min(value) } else { bound.max(value) };
        Ok(Outcome { objective: own.objective, weight: own.weight, value, range, bound, by, random })
    }

    /// The value of a core, at full accuracy.
    ///
    /// # Errors
    /// Returns an error if the objective needs what the collection lacks.
    pub fn value(&self, objective: Objective, members: &[usize]) -> Result<f64, GenotypeError> {
        let Some(distances) = self.distances(objective) else {
            return Ok(self.target(objective)?.value(members));
        };
        let size = members.len() as f64;
        Ok(match objective {
            Objective::EntryNearest(_) if members.len() < 2 => 0.0,
            Objective::EntryNearest(_) => {
                members.iter().map(|&i| distances.nearest(i, members, true).1).sum::<f64>() / size
            }
            Objective::AccessionNearest(_) => {
                let nearest = self.nearest(objective, members);
                nearest.iter().map(|own| own.distance).sum::<f64>() / nearest.len() as f64
            }
            _ => {
                let sum: f64 = members
                    .iter()
                    .enumerate()
                    .flat_map(|(k, &i)| members[..k].iter().map(move |&j| (i, j)))
                    .map(|(i, j)| distances.pair(i, j))
                    .sum();
                2.0 * sum / (size * (size - 1.0)).max(1.0)
            }
        })
    }

    /// The nearest entry of every accession, and its distance; empty if the objective goes by no distance.
    pub fn nearest(&self, objective: Objective, members: &[usize]) -> Vec<Nearest> {
        use rayon::prelude::*;
        let Some(distances) = self.distances(objective) else { return Vec::new() };
        let own = |i: usize| {
            let (entry, distance) = distances.nearest(i, members, false);
            Nearest { entry, distance }
        };
        (0..self.collection.names.len()).into_par_iter().map(own).collect()
    }

    /// The distance of two accessions at full accuracy, by the distance that an objective goes by.
    pub fn pair(&self, objective: Objective, i: usize, j: usize) -> Option<f64> {
        Some(self.distances(objective)?.pair(i, j))
    }
}
