//! The likelihood of records by their covariance, held whole: for weights that differ, and lines in few environments.

use faer::Mat;

use super::grid::covariances;
use super::likelihood::{Chunks, Likelihood, Point, Ratios};
use super::{Records, product};
use crate::predict::cholesky::Cholesky;

/// Records with the relationship between them looked up when it is needed.
pub(super) struct Dense<'a> {
    records: &'a Records<'a>,
}

/// The covariance factored, and L⁻¹ of the means' columns and the records.
struct Factored {
    covariance: Cholesky,
    /// Records × (environments + 1).
    half: Mat<f64>,
    /// XᵀV⁻¹X.
    fixed: Cholesky,
}

impl<'a> Dense<'a> {
    pub(super) fn new(records: &'a Records<'a>) -> Self {
        Self { records }
    }

    fn factored(&self, ratios: Ratios) -> Option<Factored> {
        let Records { kernel, lines, environments, cells, .. } = self.records;
        let n = cells.len();
        let covariance = Mat::from_fn(n, n, |a, b| {
            if b > a {
                return 0.0;
            }
            let (own, other) = (&cells[a], &cells[b]);
            let interaction = if own.environment == other.environment { ratios.interaction } else { 0.0 };
            let relation = kernel.get(lines[own.line], lines[other.line]);
            (ratios.main + interaction) * relation + if a == b { 1.0 / own.weight } else { 0.0 }
        });
        let covariance = Cholesky::of(covariance)?;
        let e = *environments;
        let mut half = Mat::from_fn(n, e + 1, |a, j| match j {
            _ if j == e => cells[a].value,
            _ if cells[a].environment == j => 1.0,
            _ => 0.0,
        });
        covariance.half_solve(half.as_mut());
        let dot = |i: usize, k: usize| (0..n).map(|a| half[(a, i)] * half[(a, k)]).sum::<f64>();
        let fixed = Cholesky::of(Mat::from_fn(e, e, dot))?;
        Some(Factored { covariance, half, fixed })
    }
}

impl Likelihood for Dense<'_> {
    fn at(&self, ratios: Ratios) -> Option<Point> {
        let (n, e) = (self.records.cells.len(), self.records.environments);
        let Factored { covariance, half, fixed } = self.factored(ratios)?;
        let dot = |j: usize| (0..n).map(|a| half[(a, j)] * half[(a, e)]).sum::<f64>();
        let sides: Vec<f64> = (0..e).map(dot).collect();
        let means = fixed.solved(&sides);
        let mut rest =
            Mat::from_fn(n, 1, |a, _| half[(a, e)] - (0..e).map(|j| half[(a, j)] * means[j]).sum::<f64>());
        let degrees = (n - e) as f64;
        let residual = (0..n).map(|a| rest[(a, 0)].powi(2)).sum::<f64>() / degrees;
        if !(residual > 0.0 && residual.is_finite()) {
            return None;
        }
        let determinants = covariance.log_determinant() + fixed.log_determinant();
        covariance.second_half_solve(rest.as_mut());
        let mut dual = vec![0.0; self.records.lines.len() * e];
        for (a, cell) in self.records.cells.iter().enumerate() {
            dual[cell.line * e + cell.environment] = rest[(a, 0)];
        }
        Some(Point { likelihood: -0.5 * (degrees * residual.ln() + determinants), residual, means, dual })
    }

    fn explained(&self, ratios: Ratios, samples: &Chunks<'_>) -> Option<Vec<Vec<f64>>> {
        let (n, e) = (self.records.cells.len(), self.records.environments);
        let Factored { covariance, half, fixed } = self.factored(ratios)?;
        let targets: Vec<Vec<f64>> = (0..=e).map(|target| covariances(ratios, target, e)).collect();
        let of_sample = |relation: &Mat<f64>, i: usize| {
            let mut cross = Mat::from_fn(n, e + 1, |a, t| {
                let cell = &self.records.cells[a];
                targets[t][cell.environment] * relation[(cell.line, i)]
            });
            covariance.half_solve(cross.as_mut());
            let mut along = product(half.as_ref().subcols(0, e).transpose(), cross.as_ref());
            fixed.half_solve(along.as_mut());
            let own = |t: usize| {
                (0..n).map(|a| cross[(a, t)].powi(2)).sum::<f64>()
                    - (0..e).map(|j| along[(j, t)].powi(2)).sum::<f64>()
            };
            (0..=e).map(own).collect()
        };
        Some(samples.each(|relation| (0..relation.ncols()).map(|i| of_sample(relation, i)).collect()))
    }
}
