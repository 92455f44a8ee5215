//! The variance ratio by restricted maximum likelihood, without a decomposition of the relationship.
//!
//! With K = S W^½ Z H Z' W^½ S, S taking off the fixed effects, −2 l(γ) = (n − p) ln y'(γK + I)⁻¹y + ln |γK + I|. One
//! Lanczos run from y gives the first part at any γ, runs from random signs the second (stochastic Lanczos quadrature):
//! the same draws at all γ, so that their noise hardly moves the optimum.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use super::additive::LANES;
use super::lanczos::{Quadrature, quadratures};
use super::records::{Records, project_off};
use super::{Relationship, SingleStepError};

/// Batches of random starts, of [`LANES`] each; the first shares its place with the records.
const BATCHES: u64 = 4;

/// Lanczos steps at most.
const STEPS: usize = 80;

/// What restricted likelihood says of a trait's variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// Additive variance of an individual that is not inbred.
    pub additive: f64,
    /// Residual variance of a record of weight 1.
    pub residual: f64,
    /// Standard error of the heritability, from the curvature of the likelihood.
    pub error: Option<f64>,
    /// Whether the ratio lies at the end of what was looked at.
    pub is_at_bound: bool,
}

impl Ratio {
    /// Heritability: the additive share of the variance of individuals that are not inbred.
    pub fn heritability(&self) -> f64 {
        self.additive / (self.additive + self.residual)
    }
}

/// Ratios of additive and residual variance that are looked at, as natural logarithms.
const RANGE: (f64, f64) = (-11.5, 11.5);

/// Estimates the variances of a trait.
///
/// # Errors
/// Returns an error if the records do not suffice, or if they do not vary beyond the fixed effects.
pub fn estimate(
    relationship: &Relationship<'_>,
    records: &Records,
    seed: u64,
) -> Result<Ratio, SingleStepError> {
    let fixed = records.basis()?;
    let n = records.values.len();
    let root: Vec<f64> = (0..n).map(|record| records.weight(record).sqrt()).collect();
    let times = |columns: &mut [Vec<f64>]| product(relationship, records, &root, columns);
    let projected = |mut start: Vec<f64>| {
        project_off(&fixed, &mut start);
        project_off(&fixed, &mut start);
        start
    };
    let y = projected(records.values.iter().zip(&root).map(|(y, w)| y * w).collect());
    let batches: Vec<u64> = (0..BATCHES).collect();
    let found: Vec<Vec<Quadrature>> = batches
        .par_iter()
        .map(|&batch| {
            let mut draws = Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_mul(1000).wrapping_add(batch));
            let mut starts: Vec<Vec<f64>> = if batch == 0 { vec![y.clone()] } else { Vec::new() };
            while starts.len() < LANES {
                let sign = |_| if draws.next_u64() >> 63 == 0 { 1.0 } else { -1.0 };
                starts.push(projected((0..n).map(sign).collect()));
            }
            let times = |columns: &mut [Vec<f64>]| {
                times(columns);
                columns.iter_mut().for_each(|column| project_off(&fixed, column));
            };
            quadratures(starts, &fixed, STEPS.min(n), &times)
        })
        .collect();
    let mut all = found.into_iter().flatten();
    let of_records = all.next().unwrap_or_default();
    let probes: Vec<Quadrature> = all.collect();
    let freedom = (n - fixed.len()) as f64;
    // Rounding may make small eigenvalues negative.
    let square = |gamma: f64| of_records.sum(|node| 1.0 / (1.0 + gamma * node.max(0.0)));
    let determinant = |gamma: f64| {
        let sum: f64 = probes.iter().map(|own| own.sum(|node| (gamma * node.max(0.0)).ln_1p())).sum();
        sum / probes.len() as f64
    };
    let deviance = |log: f64| freedom * square(log.exp()).ln() + determinant(log.exp());
    let (log, is_at_bound) = minimum(&deviance);
    let residual = square(log.exp()) / freedom;
    if !residual.is_finite() || residual <= 0.0 {
        return Err(SingleStepError::Request(
            "the fixed effects explain all records; leave some out".to_owned(),
        ));
    }
    let step = 0.1;
    let bend = (deviance(log + step) - 2.0 * deviance(log) + deviance(log - step)) / (step * step);
    let share = log.exp() / (1.0 + log.exp());
    let error = (bend > 0.0 && !is_at_bound).then(|| (2.0 / bend).sqrt() * share * (1.0 - share));
    Ok(Ratio { additive: log.exp() * residual, residual, error, is_at_bound })
}

/// W^½ Z H Z' W^½ of columns of records, in place.
fn product(relationship: &Relationship<'_>, records: &Records, root: &[f64], columns: &mut [Vec<f64>]) {
    let mut x = vec![[0.0; LANES]; relationship.len()];
    for (record, &own) in records.individuals.iter().enumerate() {
        let to = &mut x[own as usize];
        columns.iter().enumerate().for_each(|(lane, column)| to[lane] += root[record] * column[record]);
    }
    relationship.times(&mut x);
    for (record, &own) in records.individuals.iter().enumerate() {
        let from = &x[own as usize];
        columns.iter_mut().enumerate().for_each(|(lane, column)| column[record] = root[record] * from[lane]);
    }
}

/// The lowest point: of a grid, then by golden section beside it; whether it is at an end of the range.
fn minimum(f: &dyn Fn(f64) -> f64) -> (f64, bool) {
    let width = 0.5;
    let steps = ((RANGE.1 - RANGE.0) / width) as usize;
    let points: Vec<f64> = (0..=steps).map(|step| RANGE.0 + width * step as f64).collect();
    let best = points.iter().copied().min_by(|a, b| f(*a).total_cmp(&f(*b))).unwrap_or(0.0);
    let (mut low, mut high) = ((best - width).max(RANGE.0), (best + width).min(RANGE.1));
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    for _ in 0..60 {
        let (a, b) = (high - golden * (high - low), low + golden * (high - low));
        if f(a) <= f(b) { high = b } else { low = a }
    }
    let found = (low + high) / 2.0;
    (found, found < RANGE.0 + 0.01 || found > RANGE.1 - 0.01)
}
