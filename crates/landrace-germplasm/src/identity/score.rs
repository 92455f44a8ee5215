//! Likelihoods of queries against library samples: all pairs coarsely, the best of each query under all hypotheses.

use rayon::prelude::*;

use super::marker::{Genotypes, MISSING, MarkerRow};
use super::model::{HYPOTHESES, MarkerModel};

/// A library sample that may be the query.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// Index of the library sample.
    pub(crate) library: usize,
    /// Logarithm of the likelihood under each hypothesis over that under "unrelated".
    pub(crate) ln: [f64; HYPOTHESES],
    /// Markers that both have.
    pub(crate) compared: u32,
    /// Those at which they are equal.
    pub(crate) matching: u32,
    /// Those at which both are homozygous, for different alleles.
    pub(crate) opposite: u32,
    /// Those at which the query is heterozygous and the library sample is not.
    pub(crate) excess: u32,
}

impl Candidate {
    pub(crate) fn new(library: usize) -> Self {
        Self { library, ln: [0.0; HYPOTHESES], compared: 0, matching: 0, opposite: 0, excess: 0 }
    }

    pub(crate) fn mismatching(&self) -> u32 {
        self.compared - self.matching
    }

    fn add(&mut self, model: &MarkerModel<'_>, genotypes: &Genotypes, (query, library): (u16, u16)) {
        let ln = model.logarithms(query, library);
        self.ln.iter_mut().zip(ln).for_each(|(sum, part)| *sum += f64::from(part));
        self.compared += 1;
        if query == library {
            self.matching += 1;
            return;
        }
        let (one, other) = (genotypes.is_heterozygous(query), genotypes.is_heterozygous(library));
        self.opposite += u32::from(!one && !other);
        self.excess += u32::from(one && !other);
    }
}

/// A query and the library samples nearest to it.
#[derive(Clone, Debug)]
pub(crate) struct QueryScore {
    /// Its column in the rows.
    pub(crate) column: usize,
    /// The library sample that is the query itself and does not count.
    pub(crate) own: Option<usize>,
    /// The nearest library samples.
    pub(crate) candidates: Vec<Candidate>,
    /// Sum of the likelihood ratios of "one genotype" over all other library samples.
    pub(crate) others: f64,
    /// Markers shared with the library at which the query has a call.
    pub(crate) called: u32,
    /// Those at which it is heterozygous.
    pub(crate) heterozygous: u32,
}

impl QueryScore {
    pub(crate) fn new(column: usize, own: Option<usize>) -> Self {
        Self { column, own, candidates: Vec::new(), others: 0.0, called: 0, heterozygous: 0 }
    }
}

/// The library by samples, each marker's code as an index into a query's row of likelihoods.
pub(crate) struct Slots {
    offsets: Vec<usize>,
    width: usize,
    slots: Vec<u32>,
    markers: usize,
}

impl Slots {
    pub(crate) fn of(rows: &[MarkerRow]) -> Self {
        let mut offsets = vec![0];
        for row in rows {
            offsets.push(offsets.last().copied().unwrap_or(0) + row.genotypes.classes() + 1);
        }
        let samples = rows.first().map_or(0, |row| row.library.len());
        let mut slots = vec![0u32; samples * rows.len()];
        for (marker, row) in rows.iter().enumerate() {
            for (sample, &code) in row.library.iter().enumerate() {
                let within = if code == MISSING { row.genotypes.classes() } else { usize::from(code) };
                slots[sample * rows.len() + marker] = (offsets[marker] + within) as u32;
            }
        }
        Self { width: offsets[rows.len()], offsets, slots, markers: rows.len() }
    }

    /// Log-likelihood ratio of "one genotype" with every library sample.
    fn scores(&self, rows: &[MarkerRow], models: &[MarkerModel<'_>], column: usize) -> Vec<f32> {
        let mut table = vec![0.0f32; self.width];
        for ((row, model), &offset) in rows.iter().zip(models).zip(&self.offsets) {
            let query = row.queries[column];
            if query != MISSING {
                for (code, to) in (0u16..).zip(&mut table[offset..offset + row.genotypes.classes()]) {
                    *to = model.logarithms(query, code)[0];
                }
            }
        }
        self.slots.chunks_exact(self.markers.max(1)).map(|slots| sum(&table, slots)).collect()
    }
}

/// Sum of the table's values at the slots, in a fixed order.
fn sum(table: &[f32], slots: &[u32]) -> f32 {
    let (fours, rest) = slots.as_chunks::<4>();
    let mut sums = [0.0f32; 4];
    for four in fours {
        for (sum, &slot) in sums.iter_mut().zip(four) {
            *sum += table[slot as usize];
        }
    }
    let tail: f32 = rest.iter().map(|&slot| table[slot as usize]).sum();
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + tail
}

/// Chooses the nearest library samples of each query by all markers.
pub(crate) fn choose_candidates(rows: &[MarkerRow], error: f64, most: usize, queries: &mut [QueryScore]) {
    let models: Vec<MarkerModel<'_>> = rows.par_iter().map(|row| MarkerModel::new(row, error)).collect();
    let slots = Slots::of(rows);
    queries.par_iter_mut().for_each(|query| {
        let scores = slots.scores(rows, &models, query.column);
        let (candidates, others) = best(&scores, query.own, most);
        query.candidates = candidates;
        query.others = others;
    });
}

/// The `most` highest scores, and the sum of the exponentials of the others.
pub(crate) fn best(scores: &[f32], own: Option<usize>, most: usize) -> (Vec<Candidate>, f64) {
    let mut order: Vec<usize> = (0..scores.len()).filter(|&sample| Some(sample) != own).collect();
    let higher = |a: &usize, b: &usize| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b));
    if order.len() > most {
        order.select_nth_unstable_by(most, higher);
    }
    let rest = order.split_off(most.min(order.len()));
    order.sort_unstable_by(higher);
    // In the library's order, for the sum not to depend on the selection.
    let mut rest = rest;
    rest.sort_unstable();
    let others = rest.iter().map(|&sample| f64::from(scores[sample]).exp()).sum();
    (order.into_iter().map(Candidate::new).collect(), others)
}

/// Adds the markers of some rows to the likelihoods of each query with its candidates.
pub(crate) fn accumulate(rows: &[MarkerRow], error: f64, queries: &mut [QueryScore]) {
    let models: Vec<MarkerModel<'_>> = rows.par_iter().map(|row| MarkerModel::new(row, error)).collect();
    queries.par_iter_mut().for_each(|query| {
        for (row, model) in rows.iter().zip(&models) {
            let own = row.queries[query.column];
            if own == MISSING {
                continue;
            }
            query.called += 1;
            query.heterozygous += u32::from(row.genotypes.is_heterozygous(own));
            for candidate in &mut query.candidates {
                let library = row.library[candidate.library];
                if library != MISSING {
                    candidate.add(model, &row.genotypes, (own, library));
                }
            }
        }
    });
}

/// Probability that two calls of one variety differ at the error rate `error`, averaged over markers.
pub(crate) fn mean_mismatch(rows: &[MarkerRow], errors: &[f64]) -> Vec<f64> {
    let models: Vec<MarkerModel<'_>> = rows.par_iter().map(|row| MarkerModel::new(row, 0.01)).collect();
    let mean = |&error: &f64| {
        models.iter().map(|model| model.mismatch(error)).sum::<f64>() / models.len().max(1) as f64
    };
    errors.iter().map(mean).collect()
}
