//! The mixed model equations by preconditioned conjugate gradients.

use faer::Mat;

use super::records::{Records, dot};
use super::{Relationship, SingleStepError};
use crate::predict::cholesky::Cholesky;

/// When to stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Solver {
    /// Norm of the residual, as a share of that of the right-hand side.
    pub tolerance: f64,
    /// Rounds at most.
    pub rounds: usize,
}

impl Default for Solver {
    fn default() -> Self {
        Self { tolerance: 1e-10, rounds: 5000 }
    }
}

/// Fixed effects and breeding values.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// The mean and the other fixed effects.
    pub fixed: Vec<f64>,
    /// The breeding value of each individual of the pedigree.
    pub values: Vec<f64>,
    /// Rounds that were taken.
    pub rounds: usize,
    /// Norm of the residual that is left, as a share of that of the right-hand side.
    pub residual: f64,
}

/// Solves the mixed model equations of records at a ratio of residual and additive variance, `lambda`.
///
/// # Errors
/// Returns an error if the records do not suffice, or if the equations are not solved in the rounds allowed.
pub fn solve(
    relationship: &Relationship<'_>,
    records: &Records,
    lambda: f64,
    solver: Solver,
) -> Result<Solution, SingleStepError> {
    // Collinear effects are refused here.
    records.basis()?;
    let equations = Equations::new(relationship, records, lambda)?;
    let (p, n) = (equations.columns.len(), relationship.len());
    let weighted: Vec<f64> = records.values.iter().enumerate().map(|(i, y)| y * records.weight(i)).collect();
    let rhs = equations.gather(&weighted);
    let mut x = vec![0.0; p + n];
    let mut residual = rhs.clone();
    let mut z = equations.precondition(&residual);
    let mut direction = z.clone();
    let mut size = dot(&residual, &z);
    let goal = solver.tolerance * dot(&rhs, &rhs).sqrt();
    let mut rounds = 0;
    let left = |residual: &[f64]| dot(residual, residual).sqrt();
    while left(&residual) > goal {
        if rounds == solver.rounds {
            return Err(SingleStepError::Request(format!(
                "the equations are not solved after {rounds} rounds (residual {:.1e}); is the pedigree joined to the \
                 genotypes rightly?",
                left(&residual) / dot(&rhs, &rhs).sqrt()
            )));
        }
        let product = equations.times(&direction);
        let step = size / dot(&direction, &product);
        x.iter_mut().zip(&direction).for_each(|(x, d)| *x += step * d);
        residual.iter_mut().zip(&product).for_each(|(r, q)| *r -= step * q);
        z = equations.precondition(&residual);
        let next = dot(&residual, &z);
        let share = next / size;
        size = next;
        direction.iter_mut().zip(&z).for_each(|(d, z)| *d = z + share * *d);
        rounds += 1;
    }
    let share = if goal > 0.0 { left(&residual) / goal * solver.tolerance } else { 0.0 };
    let values = x.split_off(p);
    Ok(Solution { fixed: x, values, rounds, residual: share })
}

/// X'WX, X'WZ, Z'WX and Z'WZ + λH⁻¹.
struct Equations<'a> {
    relationship: &'a Relationship<'a>,
    records: &'a Records,
    lambda: f64,
    /// Fixed effects, the mean first.
    columns: Vec<Vec<f64>>,
    /// Cholesky factor of X'WX.
    fixed: Cholesky,
    /// The diagonal of Z'WZ + λH⁻¹.
    diagonal: Vec<f64>,
}

impl<'a> Equations<'a> {
    fn new(
        relationship: &'a Relationship<'a>,
        records: &'a Records,
        lambda: f64,
    ) -> Result<Self, SingleStepError> {
        let mut columns = vec![vec![1.0; records.values.len()]];
        columns.extend(records.fixed.iter().cloned());
        let mut diagonal: Vec<f64> =
            relationship.inverse_diagonal().iter().map(|value| lambda * value).collect();
        for (record, &own) in records.individuals.iter().enumerate() {
            diagonal[own as usize] += records.weight(record);
        }
        let cross = |a: usize, b: usize| -> f64 {
            let rows = columns[a].iter().zip(&columns[b]).enumerate();
            rows.map(|(record, (a, b))| a * b * records.weight(record)).sum()
        };
        let fixed = Cholesky::of(Mat::from_fn(columns.len(), columns.len(), cross));
        let fixed = fixed.ok_or_else(|| {
            SingleStepError::Request("fixed effects are collinear; leave one out".to_owned())
        })?;
        Ok(Self { relationship, records, lambda, columns, fixed, diagonal })
    }

    /// X' and Z' times a value a record.
    fn gather(&self, values: &[f64]) -> Vec<f64> {
        let mut out: Vec<f64> = self.columns.iter().map(|column| dot(column, values)).collect();
        let p = out.len();
        out.resize(p + self.relationship.len(), 0.0);
        self.records.individuals.iter().zip(values).for_each(|(&own, value)| out[p + own as usize] += value);
        out
    }

    fn times(&self, x: &[f64]) -> Vec<f64> {
        let (fixed, values) = x.split_at(self.columns.len());
        let of_record = |(record, &own): (usize, &u32)| {
            let effects: f64 = self.columns.iter().zip(fixed).map(|(column, b)| column[record] * b).sum();
            self.records.weight(record) * (effects + values[own as usize])
        };
        let fitted: Vec<f64> = self.records.individuals.iter().enumerate().map(of_record).collect();
        let mut out = self.gather(&fitted);
        let inverse = self.relationship.inverse_times(values);
        out[fixed.len()..].iter_mut().zip(inverse).for_each(|(out, own)| *out += self.lambda * own);
        out
    }

    /// X'WX exactly, the rest by its diagonal.
    fn precondition(&self, x: &[f64]) -> Vec<f64> {
        let p = self.columns.len();
        let rest = x[p..].iter().zip(&self.diagonal).map(|(x, d)| x / d);
        self.fixed.solved(&x[..p]).into_iter().chain(rest).collect()
    }
}
