//! A = P W^½ G W^½ P as products with vectors.

use rayon::prelude::*;

use super::super::bayes::Records;
use super::super::bayes::fixed::{Fixed, product};
use super::super::coded::{CodedCalls, Digits};

/// The calls, weights and fixed part of the records.
pub(super) struct Operator<'a> {
    pub(super) calls: &'a CodedCalls,
    pub(super) records: &'a Records,
    fixed: &'a Fixed,
    /// Square root of each sample's weight.
    roots: Vec<f64>,
    /// Orthonormal columns that span W^½ X.
    pub(super) basis: Vec<Vec<f64>>,
    /// k = Σ P p q.
    divisor: f64,
}

impl<'a> Operator<'a> {
    pub(super) fn new(calls: &'a CodedCalls, records: &'a Records, fixed: &'a Fixed) -> Self {
        let roots: Vec<f64> = records.weights.iter().map(|w| w.sqrt()).collect();
        let whiten = |column: &Vec<f64>| column.iter().zip(&roots).map(|(x, root)| x * root).collect();
        let basis = fixed.basis.iter().map(whiten).collect();
        let divisor = calls.variants().iter().map(|v| v.ploidy * v.frequency * (1.0 - v.frequency)).sum();
        Self { calls, records, fixed, roots, basis, divisor }
    }

    /// W^½ v.
    pub(super) fn whitened(&self, v: &[f64]) -> Vec<f64> {
        v.iter().zip(&self.roots).map(|(v, root)| if *root > 0.0 { v * root } else { 0.0 }).collect()
    }

    /// P v, in place.
    pub(super) fn project(&self, v: &mut [f64]) {
        for _ in 0..2 {
            for column in &self.basis {
                let along: f64 = column.iter().zip(v.iter()).map(|(a, b)| a * b).sum();
                v.iter_mut().zip(column).for_each(|(v, x)| *v -= along * x);
            }
        }
    }

    /// A v for vectors that are projected already.
    pub(super) fn apply(&self, vectors: &[&[f64]]) -> Vec<Vec<f64>> {
        let digits: Vec<Digits> = vectors.par_iter().map(|v| Digits::of(v, Some(&self.roots))).collect();
        let mut down = self.calls.transposed_products(&digits);
        down.par_iter_mut().for_each(|column| column.iter_mut().for_each(|a| *a /= self.divisor));
        let mut up = self.calls.products(&down);
        up.par_iter_mut().for_each(|column| {
            column.iter_mut().zip(&self.roots).for_each(|(x, root)| *x *= root);
            self.project(column);
        });
        up
    }

    /// Effects of the variants from (A + δ)⁻¹ P W^½ y.
    pub(super) fn effects(&self, solution: &[f64]) -> Vec<f64> {
        let digits = [Digits::of(solution, Some(&self.roots))];
        let sums = self.calls.transposed_products(&digits).swap_remove(0);
        sums.into_iter().map(|sum| sum / self.divisor).collect()
    }

    /// Genetic values of all samples.
    pub(super) fn values(&self, effects: &[f64]) -> Vec<f64> {
        self.calls.products(&[effects.to_vec()]).swap_remove(0)
    }

    /// Intercept and covariates, given the genetic values.
    pub(super) fn coefficients(&self, values: &[f64]) -> Vec<f64> {
        let rest: Vec<f64> = self.records.values.iter().zip(values).map(|(y, g)| y - g).collect();
        let on = |column: &Vec<f64>| {
            let own = column.iter().zip(&rest).map(|(&q, &r)| if q == 0.0 { 0.0 } else { r });
            product(column, &own.collect::<Vec<_>>(), &self.records.weights)
        };
        self.fixed.coefficients(&self.fixed.basis.iter().map(on).collect::<Vec<_>>())
    }

    /// The diagonal of G.
    pub(super) fn diagonal(&self) -> Vec<f64> {
        self.calls.sample_squares().into_iter().map(|square| square / self.divisor).collect()
    }

    /// The diagonals of A and of P, given that of G.
    pub(super) fn diagonals(&self, diagonal: &[f64]) -> (Vec<f64>, Vec<f64>) {
        // A = B − Q Q'B − B Q Q' + Q (Q'B Q) Q', B = W^½ G W^½.
        let columns: Vec<&[f64]> = self.basis.iter().map(Vec::as_slice).collect();
        let digits: Vec<Digits> =
            columns.iter().map(|column| Digits::of(column, Some(&self.roots))).collect();
        let mut down = self.calls.transposed_products(&digits);
        down.iter_mut().flatten().for_each(|a| *a /= self.divisor);
        let mut up = self.calls.products(&down);
        up.iter_mut().for_each(|column| column.iter_mut().zip(&self.roots).for_each(|(x, root)| *x *= root));
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let inner: Vec<Vec<f64>> =
            self.basis.iter().map(|q| up.iter().map(|bq| dot(q, bq)).collect()).collect();
        let at = |i: usize| {
            let (mut a, mut p) = (diagonal[i] * self.roots[i] * self.roots[i], 1.0);
            for (k, q) in self.basis.iter().enumerate() {
                a -= 2.0 * q[i] * up[k][i];
                p -= q[i] * q[i];
                for (l, other) in self.basis.iter().enumerate() {
                    a += q[i] * inner[k][l] * other[i];
                }
            }
            (a, p)
        };
        (0..diagonal.len()).map(at).unzip()
    }
}
