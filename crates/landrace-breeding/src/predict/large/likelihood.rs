//! The restricted likelihood of δ = σe²/σg² from the Krylov spaces.

use faer::{Mat, Side};

use super::krylov::{Krylov, Space};

/// Nodes and weights of a space's Gauss quadrature: v'f(A)v / v'v = Σ w f(θ).
#[derive(Clone, Debug, Default)]
struct Quadrature {
    nodes: Vec<(f64, f64)>,
}

impl Quadrature {
    fn of(space: &Space) -> Self {
        let n = space.diagonal.len();
        let matrix = Mat::from_fn(n, n, |i, k| match i.abs_diff(k) {
            0 => space.diagonal[i],
            1 => space.below[i.min(k)],
            _ => 0.0,
        });
        // Fails for numbers that are not finite alone.
        let Ok(eigen) = matrix.self_adjoint_eigen(Side::Lower) else {
            return Self::default();
        };
        let node = |k: usize| (eigen.S()[k].max(0.0), eigen.U()[(0, k)].powi(2));
        Self { nodes: (0..n).map(node).collect() }
    }

    fn sum(&self, f: impl Fn(f64) -> f64) -> f64 {
        self.nodes.iter().map(|&(theta, weight)| weight * f(theta)).sum()
    }
}

/// The restricted likelihood.
pub(super) struct Likelihood {
    y: Quadrature,
    /// y'Py.
    length: f64,
    probes: Vec<Quadrature>,
    /// Records less fixed effects.
    freedom: f64,
}

/// δ is looked for between e to the minus and plus this.
const RANGE: f64 = 9.0;

impl Likelihood {
    pub(super) fn of(krylov: &Krylov, freedom: f64) -> Self {
        let spaces = krylov.spaces();
        Self {
            y: Quadrature::of(&spaces[0]),
            length: spaces[0].length * spaces[0].length,
            probes: spaces[1..].iter().map(Quadrature::of).collect(),
            freedom,
        }
    }

    /// σg² at δ.
    pub(super) fn genetic(&self, delta: f64) -> f64 {
        self.length * self.y.sum(|theta| 1.0 / (theta + delta)) / self.freedom
    }

    /// Restricted log-likelihood at δ, σg² being the best there; without one of the probes, if so asked.
    pub(super) fn at(&self, delta: f64, without: Option<usize>) -> f64 {
        let own = |probe: &Quadrature| probe.sum(|theta| (theta + delta).ln());
        let chosen = || self.probes.iter().enumerate().filter(|(index, _)| Some(*index) != without);
        let determinant = chosen().map(|(_, probe)| own(probe)).sum::<f64>() / chosen().count() as f64;
        -0.5 * self.freedom * (self.genetic(delta).ln() + determinant)
    }

    /// The best δ: a grid in its logarithm, and a golden section in the best of it.
    pub(super) fn best(&self, without: Option<usize>) -> f64 {
        let value = |log: f64| self.at(log.exp(), without);
        let steps = 36;
        let log = |k: usize| -RANGE + 2.0 * RANGE * k as f64 / steps as f64;
        let best = (0..=steps)
            .map(|k| (k, value(log(k))))
            .fold((0, f64::NEG_INFINITY), |a, b| if b.1 > a.1 { b } else { a });
        let (mut low, mut high) = (log(best.0.saturating_sub(1)), log((best.0 + 1).min(steps)));
        let golden = 0.5 * (5f64.sqrt() - 1.0);
        while high - low > 1e-9 {
            let (a, b) = (high - golden * (high - low), low + golden * (high - low));
            if value(a) > value(b) { high = b } else { low = a }
        }
        (0.5 * (low + high)).exp()
    }

    /// Standard error of the genetic share at the best δ, and the Monte-Carlo error of it.
    pub(super) fn errors(&self, delta: f64) -> (f64, f64) {
        let share = 1.0 / (1.0 + delta);
        let step = 0.02 * share.min(1.0 - share);
        let value = |share: f64| self.at((1.0 - share) / share, None);
        let curvature = (value(share + step) + value(share - step) - 2.0 * value(share)) / (step * step);
        let se = if curvature < 0.0 { (-1.0 / curvature).sqrt() } else { f64::NAN };
        let n = self.probes.len();
        if n < 2 {
            return (se, f64::NAN);
        }
        let without: Vec<f64> = (0..n).map(|k| 1.0 / (1.0 + self.best(Some(k)))).collect();
        let mean = without.iter().sum::<f64>() / n as f64;
        let spread: f64 = without.iter().map(|x| (x - mean).powi(2)).sum();
        (se, (spread * (n as f64 - 1.0) / n as f64).sqrt())
    }
}
