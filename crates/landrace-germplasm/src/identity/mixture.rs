//! Two varieties at once: seed lots that were mixed, and crosses.

use rayon::prelude::*;

use super::marker::{MISSING, MarkerRow};
use super::model::MarkerModel;
use super::posterior::log_sum;
use super::score::QueryScore;

/// Library samples that are tried in pairs: those that share a gamete with the query best.
const TRIED: usize = 24;
/// Place of "parent or offspring" among the hypotheses.
const GAMETE: usize = 3;

/// The pairs of one query.
#[derive(Clone, Debug)]
pub(crate) struct Pairs {
    /// Place of the query among all.
    pub(crate) query: usize,
    column: usize,
    /// Library samples.
    samples: Vec<usize>,
    /// Log-likelihood ratio of each pair of them.
    ln: Vec<f64>,
}

/// A pair of library samples that a query could be of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Library samples.
    pub samples: [usize; 2],
    /// Logarithm of the likelihood over that of an unrelated sample.
    pub ln: f64,
    /// Its share of the likelihood of all pairs.
    pub share: f64,
}

impl Pairs {
    pub(crate) fn new(query: usize, score: &QueryScore) -> Self {
        let mut order: Vec<&_> = score.candidates.iter().collect();
        order.sort_by(|a, b| b.ln[GAMETE].total_cmp(&a.ln[GAMETE]).then(a.library.cmp(&b.library)));
        let samples: Vec<usize> = order.iter().take(TRIED).map(|candidate| candidate.library).collect();
        let ln = vec![0.0; samples.len() * samples.len().saturating_sub(1) / 2];
        Self { query, column: score.column, samples, ln }
    }

    /// Logarithm of the mean likelihood ratio over all pairs of the library, and the best pair.
    pub(crate) fn best(&self, library: usize) -> (f64, Option<Pair>) {
        let all = log_sum(&self.ln);
        let place = (0..self.ln.len()).max_by(|&a, &b| self.ln[a].total_cmp(&self.ln[b]).then(b.cmp(&a)));
        let pair = place.map(|place| {
            let (first, second) = self.members().nth(place).unwrap_or((0, 0));
            let samples = [self.samples[first], self.samples[second]];
            Pair { samples, ln: self.ln[place], share: (self.ln[place] - all).exp() }
        });
        let pairs = library as f64 * (library as f64 - 1.0) / 2.0;
        (all - pairs.max(1.0).ln(), pair)
    }

    fn members(&self) -> impl Iterator<Item = (usize, usize)> {
        let n = self.samples.len();
        (0..n).flat_map(move |first| (first + 1..n).map(move |second| (first, second)))
    }
}

/// Adds the markers of some rows to the likelihoods of pairs.
pub(crate) fn accumulate_pairs(rows: &[MarkerRow], error: f64, all: &mut [Pairs]) {
    let models: Vec<MarkerModel<'_>> = rows.par_iter().map(|row| MarkerModel::new(row, error)).collect();
    all.par_iter_mut().for_each(|pairs| {
        let mut ln = std::mem::take(&mut pairs.ln);
        for (row, model) in rows.iter().zip(&models) {
            let query = row.queries[pairs.column];
            if query == MISSING {
                continue;
            }
            let codes: Vec<u16> = pairs.samples.iter().map(|&sample| row.library[sample]).collect();
            for (to, (first, second)) in ln.iter_mut().zip(pairs.members()) {
                *to += model.mixture(query, (codes[first], codes[second]));
            }
        }
        pairs.ln = ln;
    });
}
