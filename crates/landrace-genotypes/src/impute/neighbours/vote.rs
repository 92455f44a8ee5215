//! Distances between samples over the variants most linked with one, and the vote of the nearest.

use super::linkage::Linked;
use super::simd;

/// Dosages as shares of the ploidy, one a sample; NaN where missing.
pub(super) type Shares = Vec<f32>;

/// Weighted distances of one sample from all others, as sums so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Distances {
    /// Sum of weight × |difference| over the variants that both have.
    pub(super) sum: Vec<f32>,
    /// Sum of those weights.
    pub(super) weight: Vec<f32>,
}

/// How the nearest vote.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct VoteModel {
    /// Linked variants that the distance is taken over.
    pub(super) linked: usize,
    /// Samples that vote.
    pub(super) nearest: usize,
    /// How fast a vote's weight falls with the distance: e to minus this × the distance beyond the nearest one's.
    pub(super) sharpness: f32,
}

impl Distances {
    pub(super) fn start(&mut self, samples: usize) {
        self.sum.clear();
        self.sum.resize(samples, 0.0);
        self.weight.clear();
        self.weight.resize(samples, 0.0);
    }

    /// Adds linked variants: `shares` holds theirs, one after another.
    pub(super) fn add(&mut self, linked: &[Linked], shares: &[Shares], sample: usize) {
        for (linked, shares) in linked.iter().zip(shares) {
            let own = shares[sample];
            if !own.is_nan() {
                // r² to the second power: of many weakly linked variants together little remains.
                simd::add_distances(self, shares, own, linked.r2 * linked.r2);
            }
        }
    }

    /// The samples with a call at the variant, the nearest first; of equals the one that comes first. `calls` are the
    /// variant's shares.
    pub(super) fn ranked(&self, calls: &[f32], sample: usize, most: usize) -> Vec<(f32, usize)> {
        let largest = self.weight.iter().copied().fold(0.0f32, f32::max);
        let mut found: Vec<(f32, usize)> = (0..calls.len())
            .filter(|&other| other != sample && !calls[other].is_nan() && self.weight[other] > 0.05 * largest)
            .map(|other| (self.sum[other] / self.weight[other], other))
            .collect();
        let order = |a: &(f32, usize), b: &(f32, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        if found.len() > most && most > 0 {
            found.select_nth_unstable_by(most - 1, order);
            found.truncate(most);
        }
        found.sort_unstable_by(order);
        found
    }
}

/// Adds one variant to the distances.
#[inline(always)]
pub(super) fn add_distances_plain(distance: &mut Distances, shares: &[f32], own: f32, weight: f32) {
    for ((sum, total), &share) in distance.sum.iter_mut().zip(&mut distance.weight).zip(shares) {
        let difference = (share - own).abs();
        let is_known = !share.is_nan();
        *sum += if is_known { weight * difference } else { 0.0 };
        *total += if is_known { weight } else { 0.0 };
    }
}

/// The votes of the nearest samples as shares of the dosages 0 to `ploidy`; NaN without voters. Votes of another
/// ploidy go to the two dosages beside theirs.
pub(super) fn tally(ranked: &[(f32, usize)], calls: &[f32], model: VoteModel, out: &mut [f32]) {
    let ploidy = (out.len() - 1) as f32;
    out.fill(0.0);
    let nearest = ranked.first().map_or(0.0, |first| first.0);
    let mut all = 0.0;
    for &(distance, other) in ranked.iter().take(model.nearest) {
        let weight = (-(distance - nearest) * model.sharpness).exp();
        // A 1024th takes the rounding of shares away.
        let at = (calls[other] * ploidy * 1024.0).round() / 1024.0;
        let low = at.floor().clamp(0.0, ploidy);
        let rest = (at - low).clamp(0.0, 1.0);
        out[low as usize] += weight * (1.0 - rest);
        if rest > 0.0 {
            out[(low as usize + 1).min(out.len() - 1)] += weight * rest;
        }
        all += weight;
    }
    if all > 0.0 {
        out.iter_mut().for_each(|share| *share /= all);
    } else {
        out.fill(f32::NAN);
    }
}
