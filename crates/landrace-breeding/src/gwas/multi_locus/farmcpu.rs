//! FarmCPU's choice: the best markers of bins, as the random effect that explains the trait best.

use std::collections::BTreeSet;

use faer::Mat;
use landrace_genotypes::pca::eigen;

use super::super::Method;
use super::basis::dot;
use super::blink::unlike;
use super::candidates::{Proposal, Scored};
use super::joint::{JointModel, LEFT, Pseudo};
use super::{gate, most};
use crate::gwas::coding::Marker;
use crate::mixed_model::search::RANGE;

/// Bases of the bins, the finest first; each is a multiple of the finest.
const BINS: [u64; 3] = [500_000, 5_000_000, 50_000_000];

/// The finest bins.
pub(super) const FINEST: u64 = BINS[0];

/// Markers of the model pass this.
const LIMIT: f64 = 0.01;

/// The bin of a marker on its contig; all without a position are in one.
pub(super) fn bin(marker: &Marker, size: u64) -> u64 {
    marker.position.map_or(0, |position| position / size)
}

/// Bins at most: √n / √log₁₀ n.
fn bound(samples: usize) -> usize {
    let n = samples as f64;
    ((n / n.log10()).sqrt() as usize).max(1)
}

/// Numbers of bins that are tried: up to the bound by steps of a quarter of it.
fn counts(samples: usize) -> BTreeSet<usize> {
    let bound = bound(samples);
    (1..=4).map(|quarter| (bound * quarter).div_ceil(4)).collect()
}

/// Of the best markers of the finest bins, those that are the best of the best bins of some size.
pub(super) fn leaders(mut all: Vec<Scored>, samples: usize) -> Vec<Scored> {
    all.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut is_kept = vec![false; all.len()];
    for size in BINS {
        let mut seen = BTreeSet::new();
        for (own, is_kept) in all.iter().zip(&mut is_kept) {
            if seen.len() < bound(samples) && seen.insert((own.0.contig.clone(), bin(&own.0, size))) {
                *is_kept = true;
            }
        }
    }
    let mut kept = is_kept.into_iter();
    all.retain(|_| kept.next().unwrap_or(false));
    all
}

/// The set of markers, the best of so many bins of one size, whose random effect has the greatest restricted likelihood, and
/// those of the model; of both what passes 0.01, unlike each other. In the first round the best marker must pass 0.01 over
/// the markers tested.
pub(super) fn choose(model: &JointModel, proposal: Proposal, is_first: bool) -> Vec<Pseudo> {
    let best = proposal.candidates.first().map_or(0.0, |own| own.1);
    if is_first && best > (gate(Method::FarmCpu) / proposal.tests.max(1) as f64).ln() {
        return Vec::new();
    }
    let mut taken: Option<(f64, BTreeSet<usize>)> = None;
    for size in BINS {
        for count in counts(model.samples()) {
            let set = bests(&proposal, size, count);
            let value = likelihood(model, set.iter().map(|&own| &proposal.candidates[own].0));
            if taken.as_ref().is_none_or(|taken| value > taken.0) {
                taken = Some((value, set));
            }
        }
    }
    let set = taken.map(|own| own.1).unwrap_or_default();
    let held: BTreeSet<_> = model.pseudo().iter().map(|own| super::key(&own.marker)).collect();
    let is_in = |(index, own): &(usize, (Pseudo, f64))| {
        own.1 <= LIMIT.ln() && (set.contains(index) || held.contains(&super::key(&own.0.marker)))
    };
    let all = proposal.candidates.into_iter().enumerate().filter(is_in).map(|own| own.1).collect();
    within(model, unlike(all))
}

/// The first so many that the samples bear and that are no combinations of those before them.
fn within(model: &JointModel, all: Vec<(Pseudo, f64)>) -> Vec<Pseudo> {
    let count = model.covariates();
    let mut basis = model.basis.first(count);
    let mut out = Vec::new();
    for (own, _) in all {
        let first = basis.columns.len();
        if first - count + own.columns.len() > most(model.samples(), count) {
            break;
        }
        if own.columns.iter().all(|x| basis.add(model.whitened(x), count, LEFT)) {
            out.push(own);
        } else {
            basis.cut(first);
        }
    }
    out
}

/// The best candidates of so many of the best bins.
fn bests(proposal: &Proposal, size: u64, count: usize) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut out = BTreeSet::new();
    for (index, (own, _)) in proposal.candidates.iter().enumerate() {
        if out.len() < count && seen.insert((own.marker.contig.clone(), bin(&own.marker, size))) {
            out.insert(index);
        }
    }
    out
}

/// The greatest restricted log-likelihood, but for a constant, of the model with covariates and these markers' dosages as
/// random effects of one variance. The covariates are taken out first; the likelihood then needs the eigenvalues of
/// markers × markers alone.
pub(super) fn likelihood<'a>(model: &JointModel, set: impl Iterator<Item = &'a Pseudo>) -> f64 {
    let count = model.covariates();
    let basis = model.basis.first(count);
    let columns: Vec<Vec<f64>> = set
        .map(|own| {
            let mut column = model.whitened(&own.unit);
            basis.reduce(&mut column, 0);
            column
        })
        .collect();
    let s = columns.len();
    let gram = Mat::from_fn(s, s, |i, k| dot(&columns[i], &columns[k]));
    let Ok((vectors, values)) = eigen::all(gram.as_ref()) else { return f64::NEG_INFINITY };
    let all = dot(&model.beside, &model.beside);
    let products: Vec<f64> = columns.iter().map(|column| dot(column, &model.beside)).collect();
    let known: Vec<(f64, f64)> = values
        .iter()
        .zip(0..)
        .filter(|own| *own.0 > 1e-9)
        .map(|(&value, k): (&f64, usize)| {
            let along: f64 = (0..s).map(|i| vectors[(i, k)] * products[i]).sum();
            (value, along * along / value)
        })
        .collect();
    let outside = all - known.iter().map(|own| own.1).sum::<f64>();
    let degrees = (model.samples() - count) as f64;
    let at = |log_lambda: f64| {
        let lambda = log_lambda.exp();
        let inside: f64 = known.iter().map(|(value, square)| square / lambda.mul_add(*value, 1.0)).sum();
        let logs: f64 = known.iter().map(|own| lambda.mul_add(own.0, 1.0).ln()).sum();
        -0.5 * (degrees * (outside.max(1e-12 * all) + inside).ln() + logs)
    };
    // Fine enough to rank sets: the likelihood is flat at its top.
    let steps = 100;
    let (low, high) = (RANGE.0.ln(), RANGE.1.ln());
    (0..=steps)
        .map(|k| at(low + (high - low) * f64::from(k) / f64::from(steps)))
        .fold(f64::NEG_INFINITY, f64::max)
}
