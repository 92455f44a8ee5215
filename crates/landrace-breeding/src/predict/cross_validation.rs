//! Predictions of records that were left out.

use rayon::prelude::*;

use super::{Method, Population, PredictError, Split};
use crate::phenotype::AnalysisSet;

/// A record that was predicted without itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// Index of the record in its set.
    pub record: usize,
    /// The record, less what covariates explain.
    pub observed: f64,
    /// The mean and the genetic value that the other records predict.
    pub predicted: f64,
}

/// What is left of a column beside those before it, as a share of its length, below which it is dropped.
const LEAST: f64 = 1e-8;

/// The set without some records (ascending). Covariates that do not vary among the others, or are combinations of those
/// before, are dropped; also given is which columns of the design are left.
pub fn without(set: &AnalysisSet, left_out: &[usize]) -> (AnalysisSet, Vec<usize>) {
    let kept: Vec<usize> =
        (0..set.samples.len()).filter(|record| left_out.binary_search(record).is_err()).collect();
    let of = |values: &[f64]| -> Vec<f64> { kept.iter().map(|&record| values[record]).collect() };
    let mut out = set.clone();
    out.samples = kept.iter().map(|&record| set.samples[record]).collect();
    out.values = of(&set.values);
    out.weights = set.weights.as_deref().map(of);
    let columns: Vec<Vec<f64>> = set.design.columns.iter().map(|column| of(column)).collect();
    let chosen = independent(&columns, kept.len());
    out.design.columns = chosen.iter().map(|&column| columns[column].clone()).collect();
    out.design.names = chosen.iter().map(|&column| set.design.names[column].clone()).collect();
    (out, chosen)
}

/// Columns that are no combination of the mean and of those before.
fn independent(columns: &[Vec<f64>], rows: usize) -> Vec<usize> {
    let length = |column: &[f64]| column.iter().map(|x| x * x).sum::<f64>().sqrt();
    let mut basis = vec![vec![1.0 / (rows as f64).sqrt(); rows]];
    let mut chosen = Vec::new();
    for (index, column) in columns.iter().enumerate() {
        let mut rest = column.clone();
        for own in basis.iter().chain(&basis) {
            let along: f64 = own.iter().zip(&rest).map(|(a, b)| a * b).sum();
            rest.iter_mut().zip(own).for_each(|(x, y)| *x -= along * y);
        }
        let left = length(&rest);
        if left > LEAST * length(column) {
            rest.iter_mut().for_each(|x| *x /= left);
            basis.push(rest);
            chosen.push(index);
        }
    }
    chosen
}

/// Fits anew for each split.
pub(crate) fn by_refitting<M: Method + ?Sized>(
    method: &M,
    population: &Population,
    set: &AnalysisSet,
    splits: &[Split],
) -> Result<Vec<Vec<Held>>, PredictError> {
    splits.par_iter().map(|split| refit(method, population, set, split)).collect()
}

/// Fits anew without the records of one split.
pub(super) fn refit<M: Method + ?Sized>(
    method: &M,
    population: &Population,
    set: &AnalysisSet,
    split: &Split,
) -> Result<Vec<Held>, PredictError> {
    let (training, columns) = without(set, &split.left_out);
    let fit = method.fit(population, &training)?;
    let held = |&record: &usize| {
        let own = columns.iter().zip(&fit.covariates).zip(&training.design.columns);
        // Covariates are taken off as far as they differ from their mean in training.
        let explained: f64 = own
            .map(|((&column, effect), training)| {
                let mean = training.iter().sum::<f64>() / training.len() as f64;
                (set.design.columns[column][record] - mean) * effect
            })
            .sum();
        Held {
            record,
            observed: set.values[record] - explained,
            predicted: fit.mean + fit.values[set.samples[record]],
        }
    };
    Ok(split.tested.iter().map(held).collect())
}
