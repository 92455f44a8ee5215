//! BLINK's choice: unlike markers, as many as the Bayesian information criterion bears.

use super::basis::dot;
use super::candidates::Proposal;
use super::joint::{JointModel, LEFT, Pseudo};
use super::{ALIKE, most};

/// Of the candidates, the best first, those that do not go along with a better one; of these the first so many that the
/// criterion n ln(RSS/n) + k ln n is least, k being their columns; at most n / ln n of them.
pub(super) fn choose(model: &JointModel, proposal: Proposal) -> Vec<Pseudo> {
    let n = model.samples() as f64;
    let mut basis = model.basis.first(model.covariates());
    let criterion = |residual: &[f64], k: usize| n * (dot(residual, residual) / n).ln() + k as f64 * n.ln();
    let mut residual = model.beside.clone();
    let (mut kept, mut columns) = (Vec::new(), 0);
    let mut best = (criterion(&residual, 0), 0);
    for (own, _) in unlike(proposal.candidates) {
        if columns + own.columns.len() > most(model.samples(), model.covariates()) {
            break;
        }
        let first = basis.columns.len();
        let is_new = own.columns.iter().all(|x| basis.add(model.whitened(x), model.covariates(), LEFT));
        if !is_new {
            basis.cut(first);
            continue;
        }
        basis.reduce(&mut residual, first);
        columns += own.columns.len();
        kept.push(own);
        let value = criterion(&residual, columns);
        if value < best.0 {
            best = (value, kept.len());
        }
    }
    kept.truncate(best.1);
    kept
}

/// Leaves out those that go along with a better one; the best come first.
pub(super) fn unlike(all: Vec<(Pseudo, f64)>) -> Vec<(Pseudo, f64)> {
    let mut kept: Vec<(Pseudo, f64)> = Vec::new();
    for own in all {
        if kept.iter().all(|other| dot(&other.0.unit, &own.0.unit).abs() < ALIKE) {
            kept.push(own);
        }
    }
    kept
}
