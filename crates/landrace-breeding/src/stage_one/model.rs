//! Linear mixed models by Henderson's equations, variances by restricted maximum likelihood.
//!
//! The equations are those of Bates et al. 2015 (J Stat Softw 67:1): random effects are scaled by their standard
//! deviation over that of the residual, so that a variance of zero is a point like others. The deviance is profiled over
//! the residual variance and minimised by BFGS.

use std::ops::Range;

use super::cholesky::{Factor, Symbolic, Symmetric};
use crate::minimise::{differences, minimise};

/// Smallest scale of a random effect that is told from zero.
const ZERO: f64 = 1e-4;

/// A model: which columns each value touches, those of fixed effects first.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) values: Vec<f64>,
    /// Columns and weights of each value.
    pub(super) records: Vec<Vec<(usize, f64)>>,
    /// Number of fixed effects: columns from 0.
    pub(super) fixed: usize,
    /// Random effects: name and columns.
    pub(super) random: Vec<(&'static str, Range<usize>)>,
}

/// A fitted model.
pub(super) struct Fit {
    /// Scale of each random effect: standard deviation over the residual's.
    pub(super) scales: Vec<f64>,
    /// Residual variance.
    pub(super) residual: f64,
    /// Effects, in the units of the values.
    pub(super) effects: Vec<f64>,
    /// Scale of each column: 1 of a fixed effect.
    scale_of: Vec<f64>,
    symbolic: Symbolic,
    matrix: Symmetric,
}

impl Model {
    /// Number of columns.
    fn width(&self) -> usize {
        self.random.last().map_or(self.fixed, |own| own.1.end)
    }

    /// Finds the variances of highest restricted likelihood.
    ///
    /// # Errors
    /// Returns the column of an effect that the data do not tell from others.
    pub(super) fn fit(&self) -> Result<Fit, usize> {
        let matrix = Symmetric::cross_product(self.width(), &self.records);
        let symbolic = Symbolic::of(&matrix);
        let start = vec![1.0; self.random.len()];
        // An effect that the data do not tell from others shows at once.
        self.at(&start, &matrix, &symbolic)?;
        let deviance = |scales: &[f64]| {
            self.at(scales, &matrix, &symbolic).map_or(f64::INFINITY, |point| point.deviance)
        };
        let mut best = minimise(&deviance, &|scales| differences(&deviance, scales), start);
        best.0.iter_mut().for_each(|scale| *scale = scale.abs());
        for k in 0..best.0.len() {
            // A variance that the likelihood does not tell from zero is zero.
            let mut without = best.0.clone();
            without[k] = 0.0;
            let at_zero = deviance(&without);
            if best.0[k] < ZERO || at_zero <= best.1 {
                best = (without, at_zero);
            }
        }
        let point = self.at(&best.0, &matrix, &symbolic)?;
        let effects = point.solution.iter().zip(&point.scale_of).map(|(x, scale)| x * scale).collect();
        Ok(Fit {
            scales: best.0,
            residual: point.residual,
            effects,
            scale_of: point.scale_of,
            matrix: Symmetric { values: point.scaled, ..matrix },
            symbolic,
        })
    }

    fn at(&self, scales: &[f64], matrix: &Symmetric, symbolic: &Symbolic) -> Result<Point, usize> {
        let mut scale_of = vec![1.0; self.width()];
        for ((_, columns), &scale) in self.random.iter().zip(scales) {
            scale_of[columns.clone()].fill(scale);
        }
        let mut scaled = matrix.values.clone();
        for (i, j, at) in matrix.entries() {
            scaled[at] *= scale_of[i] * scale_of[j];
            if i == j && i >= self.fixed {
                scaled[at] += 1.0;
            }
        }
        let factor = symbolic.factor(&scaled)?;
        let mut solution = vec![0.0; self.width()];
        for (record, y) in self.records.iter().zip(&self.values) {
            record.iter().for_each(|&(column, x)| solution[column] += scale_of[column] * x * y);
        }
        factor.solve(&mut solution);
        let square = |(record, y): (&Vec<(usize, f64)>, &f64)| {
            let fitted: f64 = record.iter().map(|&(column, x)| scale_of[column] * x * solution[column]).sum();
            (y - fitted) * (y - fitted)
        };
        let squares: f64 = self.records.iter().zip(&self.values).map(square).sum();
        let penalty: f64 = solution[self.fixed..].iter().map(|x| x * x).sum();
        let degrees = (self.values.len() - self.fixed) as f64;
        let residual = (squares + penalty) / degrees;
        let deviance = factor.log_determinant() + degrees * (1.0 + (std::f64::consts::TAU * residual).ln());
        Ok(Point { solution, scale_of, scaled, residual, deviance })
    }
}

struct Point {
    solution: Vec<f64>,
    scale_of: Vec<f64>,
    scaled: Vec<f64>,
    residual: f64,
    deviance: f64,
}

impl Fit {
    /// Variance of a random effect.
    pub(super) fn variance(&self, effect: usize) -> f64 {
        self.scales[effect] * self.scales[effect] * self.residual
    }

    /// The factor of the equations at the solution.
    ///
    /// # Errors
    /// As [`Model::fit`].
    pub(super) fn factor(&self) -> Result<Factor<'_>, usize> {
        self.symbolic.factor(&self.matrix.values)
    }

    /// A record's columns, scaled as the equations are.
    pub(super) fn scaled(&self, record: &[(usize, f64)]) -> Vec<(usize, f64)> {
        record.iter().map(|&(column, x)| (column, x * self.scale_of[column])).collect()
    }

    /// Diagonal of the inverse of the covariance of the first effects, `n` of them, which are fixed: what they say when all
    /// others are known (Möhring and Piepho 2009, Smith et al. 2001).
    ///
    /// # Errors
    /// As [`Model::fit`].
    pub(super) fn weights(&self, n: usize) -> Result<Vec<f64>, usize> {
        let mut rest: Vec<Vec<(usize, f64)>> = vec![Vec::new(); self.matrix.n - n];
        let mut cross: Vec<Vec<(usize, f64)>> = vec![Vec::new(); n];
        let mut diagonal = vec![0.0; n];
        for (i, j, at) in self.matrix.entries() {
            let value = self.matrix.values[at];
            match (i < n, j < n) {
                (true, true) if i == j => diagonal[i] = value,
                (true, true) => {}
                (false, true) => cross[j].push((i - n, value)),
                _ => rest[i - n].push((j - n, value)),
            }
        }
        let rest = Symmetric::of_rows(rest);
        let symbolic = Symbolic::of(&rest);
        let factor = symbolic.factor(&rest.values).map_err(|column| column + n)?;
        let mut scratch = Vec::new();
        let own = |(diagonal, cross): (f64, &Vec<(usize, f64)>)| {
            (diagonal - factor.quadratic(cross, &mut scratch)) / self.residual
        };
        Ok(diagonal.into_iter().zip(&cross).map(own).collect())
    }
}
