//! One step of each side of the model: the frequencies of every variant given the ancestries, and the ancestries of every
//! sample given the frequencies. A step is one of Fisher scoring within the bounds (the frequency of one of two alleles in
//! a box, those of several alleles and the ancestries in a simplex), halved until the likelihood of that line does not
//! fall.

use std::ops::Range;

use rayon::prelude::*;

use super::calls::Calls;
use super::kernel::{LANES, Line, Sums, add_sums, likelihood};
use quadratic::{alleles_step, box_step, simplex_step};

mod quadratic;

/// Lowest frequency; the highest is 1 less that.
pub(super) const LEAST: f32 = 1e-6;
/// Variants whose frequencies stay in the first cache while samples pass over them.
const TILE: usize = 2048;
/// Samples that pass over a tile one after the other.
const STRIP: usize = 8;
/// Variants a task.
const LINES: usize = 32;
/// A step that changes every h and 1 − h by less than this share is taken without a look at the likelihood.
const SAFE: f64 = 0.1;
/// A likelihood that falls by less is held for rounding.
const ROUNDING: f64 = 1e-4;

/// Ancestries and frequencies: one array a population of each, padded to whole vectors.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Model {
    /// `ancestry[k][sample]`.
    pub(super) ancestry: Vec<Vec<f32>>,
    /// `frequency[k][variant]`.
    pub(super) frequency: Vec<Vec<f32>>,
}

impl Model {
    pub(super) fn k(&self) -> usize {
        self.ancestry.len()
    }

    /// Padded arrays from rows: a sample's ancestries, and frequencies by population and column.
    pub(super) fn new(calls: &Calls, ancestry: &[Vec<f64>], frequency: impl Fn(usize, usize) -> f32) -> Self {
        let k = ancestry.first().map_or(0, Vec::len);
        let padded = |a: usize| {
            let own = ancestry.iter().map(|row| row[a] as f32);
            own.chain(std::iter::repeat(1.0 / k as f32)).take(calls.wide).collect()
        };
        let of_columns = |a: usize| {
            let mut own = vec![0.5; calls.long];
            for column in calls.variants().flatten() {
                own[column] = frequency(a, column).clamp(LEAST, 1.0 - LEAST);
            }
            own
        };
        Self { ancestry: (0..k).map(padded).collect(), frequency: (0..k).map(of_columns).collect() }
    }

    /// Puts frequencies back within their bounds: those of one of two alleles, and those of several, in all 1.
    pub(super) fn bound_frequencies(&mut self, calls: &Calls) {
        for own in &mut self.frequency {
            as_frequencies(own);
            for locus in &calls.loci {
                let total: f64 = own[locus.clone()].iter().map(|&x| f64::from(x)).sum();
                own[locus.clone()].iter_mut().for_each(|x| *x = (f64::from(*x) / total) as f32);
            }
        }
    }

    /// A sample's ancestries.
    pub(super) fn sample(&self, sample: usize) -> Vec<f32> {
        self.ancestry.iter().map(|own| own[sample]).collect()
    }
}

/// A pass over all samples. Those for which `is_free` says no keep their ancestries. Gives the log-likelihood before the
/// step.
pub(super) fn step_samples(calls: &Calls, model: &mut Model, is_free: impl Fn(usize) -> bool + Sync) -> f64 {
    let k = model.k();
    let arrays: Vec<&[f32]> = model.frequency.iter().map(Vec::as_slice).collect();
    let strips: Vec<usize> = (0..calls.samples).step_by(STRIP).collect();
    let own = &*model;
    let stepped: Vec<(Vec<Vec<f32>>, f64)> = strips
        .into_par_iter()
        .map(|first| {
            let samples = first..calls.samples.min(first + STRIP);
            let mut x: Vec<Vec<f32>> = samples.clone().map(|sample| own.sample(sample)).collect();
            let mut sums = vec![Sums::new(k); x.len()];
            over_tiles(
                calls,
                &arrays,
                samples.start,
                |at, line| add_sums(line, &x[at], &mut sums[at]),
                x.len(),
            );
            let before: f64 = sums.iter().map(|own| own.likelihood).sum();
            for (sample, (x, sums)) in samples.zip(x.iter_mut().zip(&sums)).filter(|(s, _)| is_free(*s)) {
                let step = simplex_step(sums, x);
                let value = |x: &[f32]| {
                    let mut value = 0.0;
                    over_tiles(calls, &arrays, sample, |_, line| value += likelihood(line, x), 1);
                    value
                };
                // How much h can change is bounded by how much the ancestries do.
                let is_safe = x.iter().zip(&step).all(|(&x, d)| d.abs() <= SAFE * f64::from(x));
                *x = ascend(x, &step, (sums.likelihood, is_safe), value, as_shares);
            }
            (x, before)
        })
        .collect();
    let mut before = 0.0;
    for (strip, (rows, likelihood)) in stepped.into_iter().enumerate() {
        before += likelihood;
        for (offset, row) in rows.into_iter().enumerate() {
            for (own, value) in model.ancestry.iter_mut().zip(row) {
                own[strip * STRIP + offset] = value;
            }
        }
    }
    before
}

/// Calls `visit` with the lines of `count` samples from `first` on, tile by tile of the variants.
fn over_tiles(
    calls: &Calls,
    arrays: &[&[f32]],
    first: usize,
    mut visit: impl FnMut(usize, Line<'_>),
    count: usize,
) {
    let mut factors: Vec<&[f32]> = Vec::with_capacity(arrays.len());
    let mut start = 0;
    while start < calls.long {
        // A tile lies on one side of the border.
        let border = if start < calls.border { calls.border } else { calls.long };
        let end = border.min(start + TILE);
        factors.clear();
        factors.extend(arrays.iter().map(|array| &array[start..end]));
        for at in 0..count {
            let own = &calls.sample(first + at)[start..end];
            let is_allele = start >= calls.border;
            visit(at, Line { calls: own, factors: &factors, ploidy: calls.ploidy, is_allele });
        }
        start = end;
    }
}

/// A pass over all variants. Gives the log-likelihood before the step.
pub(super) fn step_variants(calls: &Calls, model: &mut Model) -> f64 {
    let k = model.k();
    let factors: Vec<&[f32]> = model.ancestry.iter().map(Vec::as_slice).collect();
    let own = &model.frequency;
    let variants: Vec<Range<usize>> = calls.variants().collect();
    let stepped: Vec<(Vec<f32>, f64)> = variants
        .par_chunks(LINES)
        .map(|variants| {
            let mut out = Vec::with_capacity(LINES * k);
            let (mut sums, mut before) = (vec![Sums::new(k)], 0.0);
            for columns in variants {
                let x: Vec<f32> =
                    columns.clone().flat_map(|column| own.iter().map(move |own| own[column])).collect();
                let width = columns.len();
                sums.resize(width.max(sums.len()), Sums::new(k));
                let sums = &mut sums[..width];
                for ((column, sums), x) in columns.clone().zip(&mut *sums).zip(x.chunks_exact(k)) {
                    sums.clear();
                    add_sums(calls.line(column, &factors), x, sums);
                }
                let own: f64 = sums.iter().map(|sums| sums.likelihood).sum();
                before += own;
                out.extend(step_variant(calls, &factors, (columns.clone(), &x), (sums, own)));
            }
            (out, before)
        })
        .collect();
    let mut before = 0.0;
    for (variants, (rows, likelihood)) in variants.chunks(LINES).zip(&stepped) {
        before += likelihood;
        for (column, row) in variants.iter().flat_map(Clone::clone).zip(rows.chunks_exact(k)) {
            for (own, &value) in model.frequency.iter_mut().zip(row) {
                own[column] = value;
            }
        }
    }
    before
}

/// The next frequencies (columns × populations) of a variant.
fn step_variant(
    calls: &Calls,
    factors: &[&[f32]],
    (columns, x): (Range<usize>, &[f32]),
    (sums, before): (&[Sums], f64),
) -> Vec<f32> {
    let k = factors.len();
    let value = |x: &[f32]| {
        let lines = columns.clone().zip(x.chunks_exact(k));
        lines.map(|(column, x)| likelihood(calls.line(column, factors), x)).sum()
    };
    if columns.start >= calls.border {
        let step = alleles_step(sums, x);
        let is_safe = x.iter().zip(&step).all(|(&x, d)| d.abs() <= SAFE * f64::from(x));
        return ascend(x, &step, (before, is_safe), value, |x| as_allele_frequencies(x, k));
    }
    let step = box_step(&sums[0], x);
    let room = |x: f32| f64::from(x.min(1.0 - x));
    let is_safe = x.iter().zip(&step).all(|(&x, d)| d.abs() <= SAFE * room(x));
    ascend(x, &step, (before, is_safe), value, as_frequencies)
}

/// The log-likelihood of a model.
pub(super) fn log_likelihood(calls: &Calls, model: &Model) -> f64 {
    let factors: Vec<&[f32]> = model.ancestry.iter().map(Vec::as_slice).collect();
    let columns: Vec<usize> = calls.variants().flatten().collect();
    let of_column = |&column: &usize| {
        let x: Vec<f32> = model.frequency.iter().map(|own| own[column]).collect();
        likelihood(calls.line(column, &factors), &x)
    };
    let parts: Vec<f64> =
        columns.par_chunks(LINES).map(|columns| columns.iter().map(of_column).sum()).collect();
    parts.iter().sum()
}

/// Goes along a step, by half as far until the likelihood does not fall; stays if it always does.
fn ascend(
    x: &[f32],
    step: &[f64],
    (before, is_safe): (f64, bool),
    value: impl Fn(&[f32]) -> f64,
    bounded: impl Fn(&mut [f32]),
) -> Vec<f32> {
    let mut share = 1.0;
    for _ in 0..6 {
        let mut out: Vec<f32> = x.iter().zip(step).map(|(&x, d)| (f64::from(x) + share * d) as f32).collect();
        bounded(&mut out);
        if is_safe || value(&out) >= before - ROUNDING {
            return out;
        }
        share *= 0.5;
    }
    x.to_vec()
}

/// Keeps frequencies within their bounds.
fn as_frequencies(x: &mut [f32]) {
    x.iter_mut().for_each(|x| *x = x.clamp(LEAST, 1.0 - LEAST));
}

/// Keeps the frequencies of several alleles (alleles × populations) above the least, in all 1.
fn as_allele_frequencies(x: &mut [f32], k: usize) {
    x.iter_mut().for_each(|x| *x = x.max(LEAST));
    for a in 0..k {
        let total: f64 = x.iter().skip(a).step_by(k).map(|&x| f64::from(x)).sum();
        x.iter_mut().skip(a).step_by(k).for_each(|x| *x = (f64::from(*x) / total) as f32);
    }
}

/// Makes shares of numbers: none below 0, in all 1.
pub(super) fn as_shares(x: &mut [f32]) {
    x.iter_mut().for_each(|x| *x = x.max(0.0));
    let total: f64 = x.iter().map(|&x| f64::from(x)).sum();
    let k = x.len() as f32;
    x.iter_mut().for_each(|x| *x = if total > 0.0 { (f64::from(*x) / total) as f32 } else { 1.0 / k });
}

const _: () = assert!(TILE.is_multiple_of(LANES));
