//! A chain of the Gibbs sampler.

use super::blocks::{BLOCK, Blocks};
use super::fixed::{Fixed, moments, product};
use super::prior::{BayesA, BayesB, BayesCpi, BayesR, FREEDOM, Lasso, Prior, Ridge, Start};
use super::random::Random;
use super::visit::{Moments, Visit, visit};
use super::{Model, Options, Records};
use crate::predict::coded::CodedCalls;
use crate::predict::coded::kernel::{Digits, Row, add_products, dots};

/// Rounds after which the residual is computed anew, for what rounding has left in it.
const REFRESH: usize = 200;

/// What all chains share.
pub(super) struct Work<'a> {
    pub(super) calls: &'a CodedCalls,
    pub(super) records: &'a Records,
    pub(super) options: &'a Options,
    pub(super) fixed: &'a Fixed,
    pub(super) blocks: &'a Blocks,
}

/// Sums over the rounds of a chain that count.
#[derive(Clone, Debug, Default)]
pub(super) struct Posterior {
    pub(super) rounds: usize,
    /// One a variant, on the scale that was sampled.
    pub(super) effects: Vec<Moments>,
    /// Sum and sum of squares of each sample's genetic value.
    pub(super) values: Vec<(f64, f64)>,
    /// Sums and sums of squares of the coefficients of the fixed part.
    pub(super) coefficients: Vec<(f64, f64)>,
    /// Names of the parameters that are followed, and their values round by round.
    pub(super) names: Vec<&'static str>,
    pub(super) traces: Vec<Vec<f64>>,
}

/// Runs a chain.
pub(super) fn run(work: &Work<'_>, index: usize) -> Posterior {
    let (_, variance) = moments(work.records);
    let r2 = work.options.r2;
    let variants = work.calls.variants().len();
    let start = Start { variants, genetic: r2 * variance, r2, spread: work.blocks.variance };
    match work.options.model {
        Model::Ridge => sample(work, Ridge::new(start, work.options), index),
        Model::BayesA => sample(work, BayesA::new(start), index),
        Model::BayesB => sample(work, BayesB::new(start), index),
        Model::BayesCpi => sample(work, BayesCpi::new(start), index),
        Model::BayesR => sample(work, BayesR::new(start), index),
        Model::Lasso => sample(work, Lasso::new(start), index),
    }
}

fn sample<P: Prior>(work: &Work<'_>, prior: P, index: usize) -> Posterior {
    let mut chain = Chain::new(work, prior, index);
    let mut out = Posterior {
        effects: vec![Moments::default(); chain.effects.len()],
        values: vec![(0.0, 0.0); work.calls.samples()],
        coefficients: vec![(0.0, 0.0); chain.coefficients.len()],
        ..Posterior::default()
    };
    out.names = ["residual_variance", "genetic_variance", "heritability"].to_vec();
    out.names.extend(chain.prior.names());
    for round in 0..work.options.rounds {
        let counts = round >= work.options.burn_in;
        chain.draw_fixed();
        chain.draw_effects(if counts { Some(&mut out.effects) } else { None });
        chain.draw_variances();
        if (round + 1) % REFRESH == 0 {
            chain.refresh();
        }
        if counts {
            chain.record(&mut out);
        }
    }
    out
}

struct Chain<'a, P> {
    work: &'a Work<'a>,
    prior: P,
    random: Random,
    rows: Vec<Row<'a>>,
    effects: Vec<f64>,
    /// Coefficients on the basis of the fixed part.
    coefficients: Vec<f64>,
    /// y − X b − Z a of each sample, y being 0 without a record; padded to whole words.
    residual: Vec<f64>,
    residual_variance: f64,
    scale: f64,
    digits: Digits,
    changes: Digits,
}

impl<'a, P: Prior> Chain<'a, P> {
    fn new(work: &'a Work<'a>, prior: P, index: usize) -> Self {
        let variants = work.calls.variants().len();
        let (_, variance) = moments(work.records);
        let scale = (1.0 - work.options.r2) * variance * (FREEDOM + 2.0);
        let mut out = Self {
            work,
            prior,
            random: Random::of(work.options.seed, index),
            rows: (0..variants).map(|variant| work.calls.row(variant)).collect(),
            effects: vec![0.0; variants],
            coefficients: vec![0.0; work.fixed.basis.len()],
            residual: vec![0.0; work.calls.words() * 64],
            residual_variance: scale / (FREEDOM + 2.0),
            scale,
            digits: Digits::default(),
            changes: Digits::default(),
        };
        if let Some((residual, _)) = work.options.fixed_variances {
            out.residual_variance = residual;
        }
        out.refresh();
        out
    }

    /// Draws the fixed part; its prior is flat.
    fn draw_fixed(&mut self) {
        let weights = &self.work.records.weights;
        for (basis, coefficient) in self.work.fixed.basis.iter().zip(&mut self.coefficients) {
            let mean = product(basis, &self.residual, weights) + *coefficient;
            let new = mean + self.residual_variance.sqrt() * self.random.normal();
            let change = new - *coefficient;
            self.residual.iter_mut().zip(basis).for_each(|(r, q)| *r -= change * q);
            *coefficient = new;
        }
    }

    fn draw_effects(&mut self, mut moments: Option<&mut Vec<Moments>>) {
        let samples = self.work.calls.samples();
        let weights = &self.work.records.weights;
        let weights = (!self.work.records.is_unweighted()).then_some(weights.as_slice());
        let variants = self.work.calls.variants();
        let blocks = self.work.blocks;
        for (block, products) in blocks.products.iter().enumerate() {
            let first = block * BLOCK;
            let own = first..self.effects.len().min(first + BLOCK);
            let (mut residual, mut changes) = ([0.0; BLOCK], [0.0; BLOCK]);
            self.digits.take(&self.residual[..samples], weights);
            dots(&self.rows[own.clone()], &self.digits, &mut residual[..own.len()]);
            let total = self.digits.total();
            for (k, residual) in residual[..own.len()].iter_mut().enumerate() {
                *residual = blocks.units[first + k] * (*residual - variants[first + k].centre * total);
            }
            let view = Visit {
                first,
                products,
                squares: &blocks.squares[own.clone()],
                residual: &mut residual,
                effects: &mut self.effects[own.clone()],
                changes: &mut changes,
                moments: moments.as_mut().map(|moments| &mut moments[own.clone()]),
                residual_variance: self.residual_variance,
            };
            visit(view, &mut self.prior, &mut self.random);
            self.add(first, &changes[..own.len()]);
        }
    }

    /// Takes changes of effects off the residual.
    fn add(&mut self, first: usize, changes: &[f64]) {
        let (mut rows, mut coefficients, mut centres) = ([None; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        let mut count = 0;
        for (k, &change) in changes.iter().enumerate().filter(|(_, change)| **change != 0.0) {
            rows[count] = Some(self.rows[first + k]);
            coefficients[count] = -change * self.work.blocks.units[first + k];
            centres[count] = self.work.calls.variants()[first + k].centre;
            count += 1;
        }
        if count == 0 {
            return;
        }
        self.changes.take(&coefficients[..count], None);
        let base = -self.changes.values().zip(&centres[..count]).map(|(a, centre)| a * centre).sum::<f64>();
        let chosen: Vec<Row<'_>> = rows.into_iter().flatten().collect();
        add_products(&chosen, &self.changes, base, 0, &mut self.residual);
    }

    fn draw_variances(&mut self) {
        self.prior.update(&self.effects, self.residual_variance, &mut self.random);
        if self.work.options.fixed_variances.is_some() {
            return;
        }
        let squares = product(&self.residual, &self.residual, &self.work.records.weights);
        let (more, freedom) = self.prior.of_residual(&self.effects);
        let records = self.work.records.count() as f64;
        let freedom = FREEDOM + records + freedom;
        self.residual_variance = (self.scale + squares + more) / self.random.chi_square(freedom);
    }

    /// Computes the residual anew.
    fn refresh(&mut self) {
        let records = self.work.records;
        self.residual.fill(0.0);
        let own = self.residual.iter_mut().zip(&records.values).zip(&records.weights);
        own.for_each(|((r, &y), &w)| *r = if w > 0.0 { y } else { 0.0 });
        for (basis, coefficient) in self.work.fixed.basis.iter().zip(&self.coefficients) {
            self.residual.iter_mut().zip(basis).for_each(|(r, q)| *r -= coefficient * q);
        }
        for first in (0..self.effects.len()).step_by(BLOCK) {
            let count = BLOCK.min(self.effects.len() - first);
            let mut own = [0.0; BLOCK];
            own[..count].copy_from_slice(&self.effects[first..first + count]);
            self.add(first, &own[..count]);
        }
    }

    /// Adds a round to the sums.
    fn record(&self, out: &mut Posterior) {
        let records = self.work.records;
        let mut values: Vec<f64> = records
            .values
            .iter()
            .zip(&records.weights)
            .zip(&self.residual)
            .map(|((&y, &w), r)| if w > 0.0 { y - r } else { -r })
            .collect();
        for (basis, coefficient) in self.work.fixed.basis.iter().zip(&self.coefficients) {
            values.iter_mut().zip(basis).for_each(|(value, q)| *value -= coefficient * q);
        }
        let (mut sum, mut squares) = (0.0, 0.0);
        for ((value, sums), &weight) in values.iter().zip(&mut out.values).zip(&records.weights) {
            sums.0 += value;
            sums.1 += value * value;
            if weight > 0.0 {
                sum += value;
                squares += value * value;
            }
        }
        let count = records.count() as f64;
        let genetic = (squares - sum * sum / count) / (count - 1.0);
        let coefficients = self.work.fixed.coefficients(&self.coefficients);
        for (sums, value) in out.coefficients.iter_mut().zip(coefficients) {
            sums.0 += value;
            sums.1 += value * value;
        }
        let mut row = vec![self.residual_variance, genetic, genetic / (genetic + self.residual_variance)];
        row.extend(self.prior.values());
        out.traces.resize(row.len(), Vec::new());
        out.traces.iter_mut().zip(row).for_each(|(trace, value)| trace.push(value));
        out.rounds += 1;
    }
}
