//! One step of each side of the model: the frequencies of every variant given the ancestries, and the ancestries of every
//! sample given the frequencies. A step is one of Fisher scoring within the bounds (the frequencies in a box, the
//! ancestries in a simplex), halved until the likelihood of that line does not fall.

use rayon::prelude::*;

use super::calls::Calls;
use super::kernel::{LANES, Line, Sums, add_sums, likelihood};

/// Lowest frequency; the highest is 1 less that.
pub(super) const LEAST: f32 = 1e-6;
/// Variants whose frequencies stay in the first cache while samples pass over them.
const TILE: usize = 2048;
/// Samples that pass over a tile one after the other.
const STRIP: usize = 8;
/// Lines a task.
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

    /// Padded arrays from rows: a sample's ancestries, and frequencies by population and variant.
    pub(super) fn new(calls: &Calls, ancestry: &[Vec<f64>], frequency: impl Fn(usize, usize) -> f32) -> Self {
        let k = ancestry.first().map_or(0, Vec::len);
        let padded = |a: usize| {
            let own = ancestry.iter().map(|row| row[a] as f32);
            own.chain(std::iter::repeat(1.0 / k as f32)).take(calls.wide).collect()
        };
        let of_variants = |a: usize| {
            let own = (0..calls.variants).map(|variant| frequency(a, variant).clamp(LEAST, 1.0 - LEAST));
            own.chain(std::iter::repeat(0.5)).take(calls.long).collect()
        };
        Self { ancestry: (0..k).map(padded).collect(), frequency: (0..k).map(of_variants).collect() }
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
    for start in (0..calls.long).step_by(TILE) {
        let end = calls.long.min(start + TILE);
        factors.clear();
        factors.extend(arrays.iter().map(|array| &array[start..end]));
        for at in 0..count {
            let own = &calls.sample(first + at)[start..end];
            visit(at, Line { calls: own, factors: &factors, ploidy: calls.ploidy });
        }
    }
}

/// A pass over all variants. Gives the log-likelihood before the step.
pub(super) fn step_variants(calls: &Calls, model: &mut Model) -> f64 {
    let k = model.k();
    let factors: Vec<&[f32]> = model.ancestry.iter().map(Vec::as_slice).collect();
    let own = &model.frequency;
    let tasks: Vec<usize> = (0..calls.variants).step_by(LINES).collect();
    let stepped: Vec<(Vec<f32>, f64)> = tasks
        .into_par_iter()
        .map(|first| {
            let mut out = Vec::with_capacity(LINES * k);
            let (mut sums, mut before) = (Sums::new(k), 0.0);
            for variant in first..calls.variants.min(first + LINES) {
                let x: Vec<f32> = own.iter().map(|own| own[variant]).collect();
                let line = Line { calls: calls.variant(variant), factors: &factors, ploidy: calls.ploidy };
                sums.clear();
                add_sums(line, &x, &mut sums);
                before += sums.likelihood;
                let step = box_step(&sums, &x);
                let room = |x: f32| f64::from(x.min(1.0 - x));
                let is_safe = x.iter().zip(&step).all(|(&x, d)| d.abs() <= SAFE * room(x));
                let value = |x: &[f32]| likelihood(line, x);
                out.extend(ascend(&x, &step, (sums.likelihood, is_safe), value, as_frequencies));
            }
            (out, before)
        })
        .collect();
    let mut before = 0.0;
    for (task, (rows, likelihood)) in stepped.iter().enumerate() {
        before += likelihood;
        for (offset, row) in rows.chunks_exact(k).enumerate() {
            for (own, &value) in model.frequency.iter_mut().zip(row) {
                own[task * LINES + offset] = value;
            }
        }
    }
    before
}

/// The log-likelihood of a model.
pub(super) fn log_likelihood(calls: &Calls, model: &Model) -> f64 {
    let factors: Vec<&[f32]> = model.ancestry.iter().map(Vec::as_slice).collect();
    let tasks: Vec<usize> = (0..calls.variants).step_by(LINES).collect();
    let parts: Vec<f64> = tasks
        .into_par_iter()
        .map(|first| {
            let variants = first..calls.variants.min(first + LINES);
            variants
                .map(|variant| {
                    let x: Vec<f32> = model.frequency.iter().map(|own| own[variant]).collect();
                    likelihood(
                        Line { calls: calls.variant(variant), factors: &factors, ploidy: calls.ploidy },
                        &x,
                    )
                })
                .sum()
        })
        .collect();
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
pub(super) fn as_frequencies(x: &mut [f32]) {
    x.iter_mut().for_each(|x| *x = x.clamp(LEAST, 1.0 - LEAST));
}

/// Makes shares of numbers: none below 0, in all 1.
pub(super) fn as_shares(x: &mut [f32]) {
    x.iter_mut().for_each(|x| *x = x.max(0.0));
    let total: f64 = x.iter().map(|&x| f64::from(x)).sum();
    let k = x.len() as f32;
    x.iter_mut().for_each(|x| *x = if total > 0.0 { (f64::from(*x) / total) as f32 } else { 1.0 / k });
}

/// The greatest of gᵀd − ½ dᵀHd with every frequency within its bounds, by coordinates.
fn box_step(sums: &Sums, x: &[f32]) -> Vec<f64> {
    let k = x.len();
    let information = |a: usize, b: usize| sums.information[a.max(b) * k + a.min(b)];
    let mut d = vec![0.0; k];
    for _ in 0..60 {
        let mut gain = 0.0;
        for a in 0..k {
            let curvature = information(a, a);
            if curvature <= 0.0 {
                continue;
            }
            let slope = sums.gradient[a] - (0..k).map(|b| information(a, b) * d[b]).sum::<f64>();
            let (low, high) = (f64::from(LEAST - x[a]), f64::from(1.0 - LEAST - x[a]));
            let to = (d[a] + slope / curvature).clamp(low, high);
            gain += (to - d[a]).powi(2) * curvature;
            d[a] = to;
        }
        if gain < 1e-8 {
            break;
        }
    }
    d
}

/// The greatest of gᵀd − ½ dᵀHd with the ancestries still shares of 1, by pairs: what the worst gives, the best takes.
fn simplex_step(sums: &Sums, x: &[f32]) -> Vec<f64> {
    let k = x.len();
    let information = |a: usize, b: usize| sums.information[a.max(b) * k + a.min(b)];
    let mut slope = sums.gradient.clone();
    let mut d = vec![0.0; k];
    for _ in 0..60 * k {
        let (mut to, mut from) = (0, None);
        for a in 0..k {
            if slope[a] > slope[to] {
                to = a;
            }
            let has_some = f64::from(x[a]) + d[a] > 0.0;
            if has_some && from.is_none_or(|from: usize| slope[a] < slope[from]) {
                from = Some(a);
            }
        }
        let Some(from) = from.filter(|&from| slope[from] < slope[to]) else { break };
        let curvature = information(to, to) + information(from, from) - 2.0 * information(to, from);
        let most = f64::from(x[from]) + d[from];
        let difference = slope[to] - slope[from];
        let amount = if curvature > 0.0 { (difference / curvature).min(most) } else { most };
        if difference * amount < 1e-7 {
            break;
        }
        d[to] += amount;
        // The last bit of a share is taken whole, so that it is 0 and stays so.
        d[from] = if amount == most { -f64::from(x[from]) } else { d[from] - amount };
        for (a, slope) in slope.iter_mut().enumerate() {
            *slope -= amount * (information(a, to) - information(a, from));
        }
    }
    d
}

const _: () = assert!(TILE.is_multiple_of(LANES));
