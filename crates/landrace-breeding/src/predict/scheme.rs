//! Which records are left out together.

use std::collections::BTreeMap;

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::PredictError;
use crate::phenotype::AnalysisSet;

/// How records are left out to see how well they are predicted.
#[derive(Clone, Debug, PartialEq)]
pub enum Scheme {
    /// Folds of equal size by chance.
    Random {
        /// Number of folds; as many as records leaves out one at a time.
        folds: usize,
        /// How often all records are dealt anew.
        repeats: usize,
        /// Seed of the shuffles.
        seed: u64,
    },
    /// Records of one cell are left out together: given folds, families, groups. One cell a sample of the population;
    /// those without are always in training.
    Groups {
        /// What the cells are called.
        column: String,
        /// The cell of each sample.
        cells: Vec<Option<String>>,
    },
    /// Records of each time are predicted from earlier ones alone. One number a sample of the population; those
    /// without are left out.
    Forward {
        /// What the numbers are called, such as `year`.
        column: String,
        /// The time of each sample.
        times: Vec<Option<f64>>,
        /// The first time to predict; the second there is if not given.
        from: Option<f64>,
    },
}

/// Records that are left out and predicted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Repeat, from 1.
    pub repeat: usize,
    /// The fold, group or time.
    pub name: String,
    /// Records that are no part of the training, ascending.
    pub left_out: Vec<usize>,
    /// Those of them that are predicted, ascending.
    pub tested: Vec<usize>,
}

/// Records that a training needs at least.
const LEAST: usize = 3;

impl Scheme {
    /// The splits of a trait's records.
    ///
    /// # Errors
    /// Returns an error if there are fewer than two folds, more folds than records, or too few records to train on.
    pub fn splits(&self, set: &AnalysisSet) -> Result<Vec<Split>, PredictError> {
        let splits = match self {
            Self::Random { folds, repeats, seed } => random(set, *folds, *repeats, *seed)?,
            Self::Groups { column, cells } => groups(set, column, cells)?,
            Self::Forward { column, times, from } => forward(set, column, times, *from)?,
        };
        let n = set.samples.len();
        match splits.iter().find(|split| n - split.left_out.len() < LEAST) {
            Some(split) => Err(PredictError::Request(format!(
                "trait '{}': without '{}' {} records are left to train on; a training needs at least {LEAST}",
                set.name,
                split.name,
                n - split.left_out.len()
            ))),
            None => Ok(splits),
        }
    }
}

fn random(set: &AnalysisSet, folds: usize, repeats: usize, seed: u64) -> Result<Vec<Split>, PredictError> {
    let n = set.samples.len();
    if folds < 2 || folds > n {
        return Err(PredictError::Request(format!(
            "trait '{}': {folds} folds were asked for of {n} records; ask for 2 to {n}",
            set.name
        )));
    }
    let mut out = Vec::new();
    for repeat in 1..=repeats {
        // One stream a repeat.
        let mut stream = Xoshiro256PlusPlus::seed_from_u64(
            seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(repeat as u64),
        );
        let mut order: Vec<usize> = (0..n).collect();
        for last in (1..n).rev() {
            let other = (u128::from(stream.next_u64()) * (last as u128 + 1)) >> 64;
            order.swap(last, other as usize);
        }
        for fold in 0..folds {
            let mut own: Vec<usize> = order.iter().copied().skip(fold).step_by(folds).collect();
            own.sort_unstable();
            out.push(Split { repeat, name: (fold + 1).to_string(), left_out: own.clone(), tested: own });
        }
    }
    Ok(out)
}

fn groups(set: &AnalysisSet, column: &str, cells: &[Option<String>]) -> Result<Vec<Split>, PredictError> {
    let mut members: Vec<(&str, Vec<usize>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (record, &sample) in set.samples.iter().enumerate() {
        let Some(cell) = cells[sample].as_deref() else { continue };
        let place = *places.entry(cell).or_insert_with(|| {
            members.push((cell, Vec::new()));
            members.len() - 1
        });
        members[place].1.push(record);
    }
    if members.len() < 2 {
        return Err(PredictError::Request(format!(
            "trait '{}': its records have {} different cells in column '{column}'; leaving one out in turn needs two \
             and more",
            set.name,
            members.len()
        )));
    }
    // Numbers in their order, others by name.
    members.sort_by(|a, b| match (a.0.parse::<f64>(), b.0.parse::<f64>()) {
        (Ok(x), Ok(y)) => x.total_cmp(&y),
        _ => a.0.cmp(b.0),
    });
    let split = |(name, own): (&str, Vec<usize>)| Split {
        repeat: 1,
        name: name.to_owned(),
        left_out: own.clone(),
        tested: own,
    };
    Ok(members.into_iter().map(split).collect())
}

fn forward(
    set: &AnalysisSet,
    column: &str,
    times: &[Option<f64>],
    from: Option<f64>,
) -> Result<Vec<Split>, PredictError> {
    let own: Vec<Option<f64>> = set.samples.iter().map(|&sample| times[sample]).collect();
    let mut distinct: Vec<f64> = own.iter().flatten().copied().collect();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    let later: Vec<f64> =
        distinct.iter().copied().skip(1).filter(|&time| from.is_none_or(|from| time >= from)).collect();
    if later.is_empty() {
        return Err(PredictError::Request(format!(
            "trait '{}': column '{column}' has no time after the first to predict; give records of two times and more",
            set.name
        )));
    }
    let records = |wanted: &dyn Fn(Option<f64>) -> bool| -> Vec<usize> {
        (0..own.len()).filter(|&record| wanted(own[record])).collect()
    };
    let split = |time: f64| Split {
        repeat: 1,
        name: time.to_string(),
        left_out: records(&|own| own.is_none_or(|own| own >= time)),
        tested: records(&|own| own == Some(time)),
    };
    Ok(later.into_iter().map(split).collect())
}
