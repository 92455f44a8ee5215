//! The restricted likelihood of Vg and Ve, and its slope.

use super::square::Square;

/// Data in the directions of the eigenvectors.
pub(super) struct Likelihood<'a> {
    values: &'a [f64],
    x: &'a [Vec<f64>],
    y: &'a [Vec<f64>],
}

/// The likelihood at a point.
pub(super) struct Point {
    /// -2 log restricted likelihood, without the constant.
    pub(super) deviance: f64,
    /// Its slope by the numbers of the point.
    pub(super) gradient: Vec<f64>,
}

/// What the fixed effects are at a point.
struct Fixed {
    /// Inverse of Σ (x ⊗ I) V⁻¹ (x ⊗ I)', covariate by covariate, trait by trait.
    inverse: Square,
    log_determinant: f64,
    effects: Vec<f64>,
    /// V⁻¹ of each sample.
    inverses: Vec<Square>,
    /// Sum of ln |V|.
    logs: f64,
}

impl<'a> Likelihood<'a> {
    pub(super) fn new(values: &'a [f64], x: &'a [Vec<f64>], y: &'a [Vec<f64>]) -> Self {
        Self { values, x, y }
    }

    /// Numbers of a point: the lower factors of Vg and Ve, row by row. At the start both are half of the covariance
    /// of what covariates leave of the traits.
    pub(super) fn start(&self) -> Option<Vec<f64>> {
        let d = self.y.len();
        let unit = Square::from_fn(d, |i, j| f64::from(u8::from(i == j)));
        let fixed = self.fixed(&Square::zeros(d), &unit)?;
        let n = self.values.len();
        let mut spread = Square::zeros(d);
        for sample in 0..n {
            let rest = self.rest(sample, &fixed.effects);
            (0..d * d).for_each(|at| spread.add(at / d, at % d, rest[at / d] * rest[at % d] / n as f64));
        }
        let mean = self.values.iter().sum::<f64>() / n as f64;
        let part = |by: f64| Square::from_fn(d, |i, j| spread.get(i, j) * by).factor();
        let (genetic, residual) = (part(0.5 / mean.max(1e-12))?, part(0.5)?);
        // A trait that is a combination of others leaves next to nothing of its own.
        let is_own = |i: usize| residual.get(i, i).powi(2) > 1e-9 * spread.get(i, i).max(1e-300);
        if !(0..d).all(is_own) {
            return None;
        }
        Some([genetic, residual].iter().flat_map(|own| lower(d).map(|(i, j)| own.get(i, j))).collect())
    }

    /// Numbers of a point with these covariances; a genetic one without an own direction is lifted a little.
    pub(super) fn point(&self, genetic: &Square, residual: &Square) -> Option<Vec<f64>> {
        let d = self.y.len();
        let lifted = Square::from_fn(d, |i, j| {
            genetic.get(i, j) + if i == j { 1e-6 * residual.get(i, i) } else { 0.0 }
        });
        let (genetic, residual) = (genetic.factor().or_else(|| lifted.factor())?, residual.factor()?);
        Some([genetic, residual].iter().flat_map(|own| lower(d).map(|(i, j)| own.get(i, j))).collect())
    }

    /// Vg and Ve of a point.
    pub(super) fn covariances(&self, point: &[f64]) -> (Square, Square) {
        let d = self.y.len();
        let half = point.len() / 2;
        let square = |numbers: &[f64]| {
            let l = factor_of(d, numbers);
            Square::from_fn(d, |i, j| (0..=i.min(j)).map(|k| l.get(i, k) * l.get(j, k)).sum())
        };
        (square(&point[..half]), square(&point[half..]))
    }

    /// The fixed effects at a point, a row a covariate.
    pub(super) fn effects(&self, point: &[f64]) -> Option<Vec<Vec<f64>>> {
        let (genetic, residual) = self.covariances(point);
        let fixed = self.fixed(&genetic, &residual)?;
        Some(fixed.effects.chunks(self.y.len()).map(<[f64]>::to_vec).collect())
    }

    /// Deviance and slope; `None` where a covariance is singular.
    pub(super) fn at(&self, point: &[f64]) -> Option<Point> {
        let d = self.y.len();
        let (genetic, residual) = self.covariances(point);
        let fixed = self.fixed(&genetic, &residual)?;
        let mut deviance = fixed.logs + fixed.log_determinant;
        let (mut by_genetic, mut by_residual) = (Square::zeros(d), Square::zeros(d));
        for (sample, (&value, inverse)) in self.values.iter().zip(&fixed.inverses).enumerate() {
            let rest = self.rest(sample, &fixed.effects);
            let weighed = inverse.times(&rest);
            deviance += rest.iter().zip(&weighed).map(|(a, b)| a * b).sum::<f64>();
            // V⁻¹ (V - r r' - T) V⁻¹ with T the variance of the fitted part.
            let fitted = self.fitted(sample, &fixed.inverse);
            let half = Square::from_fn(d, |i, j| (0..d).map(|k| inverse.get(i, k) * fitted.get(k, j)).sum());
            for i in 0..d {
                for j in 0..d {
                    let twice: f64 = (0..d).map(|k| half.get(i, k) * inverse.get(k, j)).sum();
                    let own = inverse.get(i, j) - weighed[i] * weighed[j] - twice;
                    by_genetic.add(i, j, value * own);
                    by_residual.add(i, j, own);
                }
            }
        }
        let numbers = point.len() / 2;
        let gradient = [(by_genetic, &point[..numbers]), (by_residual, &point[numbers..])]
            .iter()
            .flat_map(|(slope, numbers)| {
                let l = factor_of(d, numbers);
                let cell =
                    |(i, j): (usize, usize)| 2.0 * (j..d).map(|k| slope.get(i, k) * l.get(k, j)).sum::<f64>();
                lower(d).map(cell).collect::<Vec<_>>()
            })
            .collect();
        Some(Point { deviance, gradient })
    }

    /// What the fixed effects leave of a sample's traits.
    fn rest(&self, sample: usize, effects: &[f64]) -> Vec<f64> {
        let d = self.y.len();
        let one = |t: usize| {
            let fitted: f64 =
                self.x.iter().enumerate().map(|(a, column)| column[sample] * effects[a * d + t]).sum();
            self.y[t][sample] - fitted
        };
        (0..d).map(one).collect()
    }

    /// Variance of the fitted part of a sample.
    fn fitted(&self, sample: usize, inverse: &Square) -> Square {
        let d = self.y.len();
        let c = self.x.len();
        Square::from_fn(d, |i, j| {
            let pairs = (0..c).flat_map(|a| (0..c).map(move |b| (a, b)));
            pairs
                .map(|(a, b)| self.x[a][sample] * self.x[b][sample] * inverse.get(a * d + i, b * d + j))
                .sum()
        })
    }

    fn fixed(&self, genetic: &Square, residual: &Square) -> Option<Fixed> {
        let (d, c) = (self.y.len(), self.x.len());
        let mut inverses = Vec::with_capacity(self.values.len());
        let mut logs = 0.0;
        let mut left = Square::zeros(c * d);
        let mut right = vec![0.0; c * d];
        for (sample, &value) in self.values.iter().enumerate() {
            let own = Square::from_fn(d, |i, j| value * genetic.get(i, j) + residual.get(i, j));
            let (inverse, log) = own.inverse()?;
            logs += log;
            let traits: Vec<f64> = self.y.iter().map(|column| column[sample]).collect();
            let weighed = inverse.times(&traits);
            for a in 0..c {
                let x = self.x[a][sample];
                (0..d).for_each(|i| right[a * d + i] += x * weighed[i]);
                for b in 0..c {
                    let both = x * self.x[b][sample];
                    (0..d * d).for_each(|at| {
                        left.add(a * d + at / d, b * d + at % d, both * inverse.get(at / d, at % d))
                    });
                }
            }
            inverses.push(inverse);
        }
        let (inverse, log_determinant) = left.inverse()?;
        let effects = inverse.times(&right);
        Some(Fixed { inverse, log_determinant, effects, inverses, logs })
    }
}

/// Places of a lower triangle, row by row.
fn lower(d: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..d).flat_map(|i| (0..=i).map(move |j| (i, j)))
}

/// A lower factor of its numbers.
fn factor_of(d: usize, numbers: &[f64]) -> Square {
    let mut l = Square::zeros(d);
    lower(d).zip(numbers).for_each(|((i, j), &number)| l.add(i, j, number));
    l
}
