//! The likelihood of a grid of lines and environments, some cells of it empty.
//!
//! In the directions of the eigenvectors of G (eigenvalues d) and of the mean and the contrasts of E environments, the
//! covariance of a whole grid is diagonal: d(Eλ_g + λ_w) + 1 and d λ_w + 1. An effect of its own for each empty cell is
//! worked out by P = V⁻¹ − V⁻¹X(XᵀV⁻¹X)⁻¹XᵀV⁻¹ among those cells: y_e − P_ee⁻¹(P y)_e is what the records foretell of them,
//! and a grid filled up with that has the records' own solution (Yates 1933).

use faer::{Mat, MatRef};

use super::likelihood::{Chunks, Likelihood, Point, Ratios};
use super::{Records, product};
use crate::mixed_model::Spectrum;
use crate::predict::cholesky::{Cholesky, add_square};

/// Records on a grid, in the directions of the eigenvectors.
pub(super) struct Grid<'a> {
    spectrum: &'a Spectrum,
    environments: usize,
    records: usize,
    /// Uᵀ Y, eigenvectors × environments; empty cells are 0.
    turned: Mat<f64>,
    /// Uᵀ 1.
    ones: Vec<f64>,
    /// Line and environment of the cells without a record.
    empty: Vec<(usize, usize)>,
    /// Rows of U of the lines that have empty cells, and the place there of each empty cell.
    rows: Mat<f64>,
    places: Vec<usize>,
}

/// Weights of the directions at some ratios: of the mean of the environments, and of their contrasts.
struct Weights {
    mean: Vec<f64>,
    contrasts: Vec<f64>,
    /// Σ s² h of each.
    fixed: [f64; 2],
}

/// P among the empty cells, factored.
struct Block {
    factor: Cholesky,
    /// U_L(s h) of the lines with empty cells.
    ones: [Vec<f64>; 2],
}

impl<'a> Grid<'a> {
    pub(super) fn new(spectrum: &'a Spectrum, records: &Records<'_>, empty: Vec<(usize, usize)>) -> Self {
        let (n, e) = (records.lines.len(), records.environments);
        let mut y = Mat::zeros(n, e);
        records.cells.iter().for_each(|cell| y[(cell.line, cell.environment)] = cell.value);
        let u = spectrum.vectors();
        let mut lines: Vec<usize> = empty.iter().map(|own| own.0).collect();
        lines.dedup();
        let places = empty.iter().map(|own| lines.partition_point(|&line| line < own.0)).collect();
        Self {
            spectrum,
            environments: e,
            records: records.cells.len(),
            turned: product(u.transpose(), y.as_ref()),
            ones: (0..n).map(|k| (0..n).map(|i| u[(i, k)]).sum()).collect(),
            rows: Mat::from_fn(lines.len(), n, |l, k| u[(lines[l], k)]),
            places,
            empty,
        }
    }

    fn weights(&self, ratios: Ratios) -> Weights {
        let values = self.spectrum.values();
        let of = |ratio: f64| -> Vec<f64> { values.iter().map(|d| 1.0 / d.mul_add(ratio, 1.0)).collect() };
        let mean = of(self.environments as f64 * ratios.main + ratios.interaction);
        let contrasts = of(ratios.interaction);
        let fixed = [&mean, &contrasts].map(|h| h.iter().zip(&self.ones).map(|(h, s)| h * s * s).sum());
        Weights { mean, contrasts, fixed }
    }

    /// Means of the environments, weighed residuals in the directions of the eigenvectors, and yᵀPy, of a whole grid.
    fn whole(&self, weights: &Weights, turned: MatRef<'_, f64>) -> (Vec<f64>, Mat<f64>, f64) {
        let (n, e) = (turned.nrows(), self.environments);
        let middle: Vec<f64> =
            (0..n).map(|k| (0..e).map(|j| turned[(k, j)]).sum::<f64>() / e as f64).collect();
        let along = |h: &[f64], of: &dyn Fn(usize) -> f64| -> f64 {
            (0..n).map(|k| self.ones[k] * h[k] * of(k)).sum()
        };
        let grand = along(&weights.mean, &|k| middle[k]) / weights.fixed[0];
        let differ: Vec<f64> = (0..e)
            .map(|j| along(&weights.contrasts, &|k| turned[(k, j)] - middle[k]) / weights.fixed[1])
            .collect();
        let weighed = Mat::from_fn(n, e, |k, j| {
            let mean = middle[k] - self.ones[k] * grand;
            let contrast = turned[(k, j)] - middle[k] - self.ones[k] * differ[j];
            weights.mean[k] * mean + weights.contrasts[k] * contrast
        });
        let square = (0..e).map(|j| (0..n).map(|k| turned[(k, j)] * weighed[(k, j)]).sum::<f64>()).sum();
        (differ.iter().map(|own| grand + own).collect(), weighed, square)
    }

    /// U_L(s h) and P among the empty cells.
    fn block(&self, weights: &Weights) -> Option<Block> {
        let (l, n, e) = (self.rows.nrows(), self.rows.ncols(), self.environments as f64);
        let hs = [&weights.mean, &weights.contrasts];
        let ones = hs.map(|h| -> Vec<f64> {
            (0..l).map(|i| (0..n).map(|k| self.rows[(i, k)] * self.ones[k] * h[k]).sum()).collect()
        });
        let [mean, contrasts] = [0, 1].map(|w: usize| {
            let scaled = Mat::from_fn(l, n, |i, k| self.rows[(i, k)] * hs[w][k].sqrt());
            let mut out = Mat::zeros(l, l);
            add_square(out.as_mut(), scaled.as_ref(), 1.0);
            let own = &ones[w];
            (0..l).for_each(|k| {
                (k..l).for_each(|i| out[(i, k)] -= own[i] * own[k] / weights.fixed[w]);
            });
            out
        });
        let m = self.empty.len();
        let among = Mat::from_fn(m, m, |a, b| {
            if b > a {
                return 0.0;
            }
            let (i, k) = (self.places[a], self.places[b]);
            let (i, k) = (i.max(k), i.min(k));
            let same = if self.empty[a].1 == self.empty[b].1 { 1.0 } else { 0.0 };
            mean[(i, k)] / e + contrasts[(i, k)] * (same - 1.0 / e)
        });
        Some(Block { factor: Cholesky::of(among)?, ones })
    }
}

impl Likelihood for Grid<'_> {
    fn at(&self, ratios: Ratios) -> Option<Point> {
        let (n, e) = (self.turned.nrows(), self.environments);
        let weights = self.weights(ratios);
        let (mut means, mut weighed, mut square) = self.whole(&weights, self.turned.as_ref());
        let logs = |h: &[f64]| h.iter().map(|own| own.ln()).sum::<f64>();
        let contrasts = (e - 1) as f64;
        let mut determinants = weights.fixed[0].ln() + contrasts * weights.fixed[1].ln()
            - logs(&weights.mean)
            - contrasts * logs(&weights.contrasts);
        if !self.empty.is_empty() {
            let block = self.block(&weights)?;
            let image = product(self.rows.as_ref(), weighed.as_ref());
            let sides: Vec<f64> =
                self.empty.iter().zip(&self.places).map(|(own, &at)| image[(at, own.1)]).collect();
            let effects = block.factor.solved(&sides);
            square -= effects.iter().zip(&sides).map(|(a, b)| a * b).sum::<f64>();
            determinants += block.factor.log_determinant();
            let mut steps = Mat::zeros(self.rows.nrows(), e);
            self.empty
                .iter()
                .zip(&self.places)
                .zip(&effects)
                .for_each(|((own, &at), effect)| steps[(at, own.1)] = *effect);
            let filled = &self.turned - product(self.rows.transpose(), steps.as_ref());
            (means, weighed, _) = self.whole(&weights, filled.as_ref());
        }
        let degrees = (self.records - e) as f64;
        let residual = square / degrees;
        if !(residual > 0.0 && residual.is_finite()) {
            return None;
        }
        let back = product(self.spectrum.vectors(), weighed.as_ref());
        let mut dual: Vec<f64> = (0..n * e).map(|at| back[(at / e, at % e)]).collect();
        self.empty.iter().for_each(|&(line, environment)| dual[line * e + environment] = 0.0);
        Some(Point { likelihood: -0.5 * (degrees * residual.ln() + determinants), residual, means, dual })
    }

    fn explained(&self, ratios: Ratios, samples: &Chunks<'_>) -> Option<Vec<Vec<f64>>> {
        let weights = self.weights(ratios);
        let block = if self.empty.is_empty() { None } else { Some(self.block(&weights)?) };
        let targets: Vec<Vec<f64>> =
            (0..=self.environments).map(|target| covariances(ratios, target, self.environments)).collect();
        Some(samples.each(|relation| {
            let turned = product(self.spectrum.vectors().transpose(), relation.as_ref());
            let one = |i: usize| {
                let own: Vec<f64> = (0..turned.nrows()).map(|k| turned[(k, i)]).collect();
                self.explained_of(&weights, block.as_ref(), &own, &targets)
            };
            (0..turned.ncols()).map(one).collect()
        }))
    }
}

impl Grid<'_> {
    /// The variance that the records explain of each target of a sample: cᵀPc less what the empty cells took.
    fn explained_of(
        &self,
        weights: &Weights,
        block: Option<&Block>,
        turned: &[f64],
        targets: &[Vec<f64>],
    ) -> Vec<f64> {
        let count = self.environments as f64;
        let hs = [&weights.mean, &weights.contrasts];
        let sum = |of: &dyn Fn(usize) -> f64| (0..turned.len()).map(of).sum::<f64>();
        let along = hs.map(|h| sum(&|k| h[k] * self.ones[k] * turned[k]));
        let whole = [0, 1].map(|w: usize| {
            sum(&|k| hs[w][k] * turned[k] * turned[k]) - along[w] * along[w] / weights.fixed[w]
        });
        let mean = |target: &[f64]| target.iter().sum::<f64>() / count;
        let part = |target: &Vec<f64>| {
            let mean = mean(target);
            let rest: f64 = target.iter().map(|own| (own - mean).powi(2)).sum();
            count * mean * mean * whole[0] + rest * whole[1]
        };
        let mut parts: Vec<f64> = targets.iter().map(part).collect();
        let Some(block) = block else { return parts };
        let images = [0, 1].map(|w: usize| {
            let scaled = Mat::from_fn(turned.len(), 1, |k, _| hs[w][k] * turned[k]);
            let image = product(self.rows.as_ref(), scaled.as_ref());
            let fixed = |l: usize| block.ones[w][l] * along[w] / weights.fixed[w];
            (0..image.nrows()).map(|l| image[(l, 0)] - fixed(l)).collect::<Vec<f64>>()
        });
        let mut taken = Mat::from_fn(self.empty.len(), targets.len(), |a, t| {
            let mean = mean(&targets[t]);
            let differ = targets[t][self.empty[a].1] - mean;
            mean * images[0][self.places[a]] + differ * images[1][self.places[a]]
        });
        block.factor.half_solve(taken.as_mut());
        for (t, part) in parts.iter_mut().enumerate() {
            *part -= (0..self.empty.len()).map(|a| taken[(a, t)].powi(2)).sum::<f64>();
        }
        parts
    }
}

/// Covariance of a target (an environment, or the main effect last) with each environment's value, over G.
pub(super) fn covariances(ratios: Ratios, target: usize, environments: usize) -> Vec<f64> {
    let own = |j: usize| if j == target { ratios.interaction } else { 0.0 };
    (0..environments).map(|j| ratios.main + own(j)).collect()
}
