//! Lanczos quadrature: x' f(K) x for any f at once, from products with K alone (Golub and Meurant 1994; Ubaru et al.
//! 2017).

use super::additive::LANES;
use super::records::{dot, project_off};

/// Nodes and weights of a quadrature: x' f(K) x is the sum of weight × f(node).
#[derive(Clone, Debug, Default)]
pub(super) struct Quadrature {
    pub(super) nodes: Vec<f64>,
    pub(super) weights: Vec<f64>,
}

impl Quadrature {
    pub(super) fn sum(&self, f: impl Fn(f64) -> f64) -> f64 {
        self.nodes.iter().zip(&self.weights).map(|(&node, weight)| weight * f(node)).sum()
    }
}

/// Quadratures of several starts, at most [`LANES`], by products with `times`, which multiplies all of them in place.
/// `fixed` are orthonormal columns that K maps to zero.
pub(super) fn quadratures(
    starts: Vec<Vec<f64>>,
    fixed: &[Vec<f64>],
    steps: usize,
    times: &dyn Fn(&mut [Vec<f64>]),
) -> Vec<Quadrature> {
    debug_assert!(starts.len() <= LANES);
    let norms: Vec<f64> = starts.iter().map(|start| dot(start, start)).collect();
    let mut lanes: Vec<Lane> = starts.into_iter().map(Lane::new).collect();
    for _ in 0..steps {
        let mut next: Vec<Vec<f64>> = lanes.iter().map(|lane| lane.current.clone()).collect();
        times(&mut next);
        lanes.iter_mut().zip(next).for_each(|(lane, next)| lane.step(next, fixed));
        if lanes.iter().all(|lane| lane.is_done) {
            break;
        }
    }
    lanes.iter().zip(norms).map(|(lane, norm)| lane.quadrature(norm)).collect()
}

struct Lane {
    basis: Vec<Vec<f64>>,
    current: Vec<f64>,
    diagonal: Vec<f64>,
    beside: Vec<f64>,
    is_done: bool,
}

impl Lane {
    fn new(mut start: Vec<f64>) -> Self {
        let norm = dot(&start, &start).sqrt();
        start.iter_mut().for_each(|x| *x /= norm.max(f64::MIN_POSITIVE));
        Self {
            basis: Vec::new(),
            current: start,
            diagonal: Vec::new(),
            beside: Vec::new(),
            is_done: norm == 0.0,
        }
    }

    fn step(&mut self, mut next: Vec<f64>, fixed: &[Vec<f64>]) {
        if self.is_done {
            return;
        }
        let own = dot(&self.current, &next);
        self.diagonal.push(own);
        self.basis.push(std::mem::take(&mut self.current));
        // Against all before, twice: rounding would bring them back.
        for _ in 0..2 {
            project_off(&self.basis, &mut next);
            project_off(fixed, &mut next);
        }
        let norm = dot(&next, &next).sqrt();
        if norm <= 1e-10 * (1.0 + self.diagonal[0].abs()) {
            self.is_done = true;
            self.current = vec![0.0; next.len()];
            return;
        }
        next.iter_mut().for_each(|x| *x /= norm);
        self.beside.push(norm);
        self.current = next;
    }

    fn quadrature(&self, norm: f64) -> Quadrature {
        let n = self.diagonal.len();
        let (nodes, first) =
            tridiagonal(&self.diagonal, &self.beside[..n.saturating_sub(1).min(self.beside.len())]);
        Quadrature { nodes, weights: first.into_iter().map(|x| norm * x * x).collect() }
    }
}

/// Eigenvalues of a symmetric tridiagonal matrix, and the first element of each eigenvector, by the implicit QL method.
fn tridiagonal(diagonal: &[f64], beside: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let n = diagonal.len();
    let mut d = diagonal.to_vec();
    let mut e = beside.to_vec();
    e.resize(n, 0.0);
    let mut first = vec![0.0; n];
    if n > 0 {
        first[0] = 1.0;
    }
    for l in 0..n {
        for _ in 0..100 {
            let small = |m: &usize| e[*m].abs() <= f64::EPSILON * (d[*m].abs() + d[*m + 1].abs());
            let m = (l..n - 1).find(small).unwrap_or(n - 1);
            if m == l {
                break;
            }
            let mut g = (d[l + 1] - d[l]) / (2.0 * e[l]);
            let r = g.hypot(1.0);
            g = d[m] - d[l] + e[l] / (g + r.copysign(g));
            let (mut s, mut c, mut p) = (1.0, 1.0, 0.0);
            let mut is_split = false;
            for i in (l..m).rev() {
                let (f, b) = (s * e[i], c * e[i]);
                let r = f.hypot(g);
                e[i + 1] = r;
                if r == 0.0 {
                    d[i + 1] -= p;
                    e[m] = 0.0;
                    is_split = true;
                    break;
                }
                (s, c) = (f / r, g / r);
                g = d[i + 1] - p;
                let r = (d[i] - g) * s + 2.0 * c * b;
                p = s * r;
                d[i + 1] = g + p;
                g = c * r - b;
                let z = first[i + 1];
                first[i + 1] = s * first[i] + c * z;
                first[i] = c * first[i] - s * z;
            }
            if !is_split {
                d[l] -= p;
                e[l] = g;
                e[m] = 0.0;
            }
        }
    }
    (d, first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadrature_is_exact_for_small_matrices() {
        // K = diag(1, 2, 3, 5).
        let values = [1.0, 2.0, 3.0, 5.0];
        let times = |columns: &mut [Vec<f64>]| {
            columns.iter_mut().for_each(|column| column.iter_mut().zip(values).for_each(|(x, v)| *x *= v));
        };
        let start = vec![1.0, 2.0, -1.0, 0.5];
        let found = quadratures(vec![start.clone()], &[], 10, &times);
        for f in [f64::ln, |x: f64| 1.0 / (1.0 + 2.0 * x)] {
            let expected: f64 = start.iter().zip(values).map(|(x, v)| x * x * f(v)).sum();
            assert!((found[0].sum(f) - expected).abs() < 1e-10, "{} {expected}", found[0].sum(f));
        }
    }
}
