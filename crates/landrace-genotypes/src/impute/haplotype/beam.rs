//! Phasing a diploid: the likeliest pairs of haplotypes that make up its calls, each haplotype a mosaic of others.
//!
//! Pairs are built from the first variant to the last. A heterozygous call doubles them, and the best are kept by
//! their likelihood under the model, which is that of both haplotypes' forward sums (a beam search, as Loh et al.,
//! Nature Genetics 2016, 48:1443, do it). Pairs that agree in their last heterozygous calls have the same future: they
//! are put together.

use super::chain::States;
use super::kernel::{self, Emission, Step};
use crate::plane::MISSING;

/// Heterozygous calls in which pairs must agree to be put together.
const MEMORY: u32 = 30;

/// A phased pair of haplotypes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Phase {
    /// Its share among the pairs that are kept.
    pub(super) weight: f64,
    /// The alleles at each variant; [`MISSING`] where the call is missing.
    pub(super) alleles: Vec<[u8; 2]>,
}

/// How wide the search is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beam {
    /// Pairs kept at most.
    pub(super) width: usize,
    /// Pairs less likely than the best by more than this are dropped.
    pub(super) floor: f64,
    /// Chance that a called allele differs from the one copied.
    pub(super) error: f32,
}

#[derive(Clone)]
struct Pair {
    log_weight: f64,
    /// Forward vectors and one over their sums.
    f: [Vec<f32>; 2],
    scale: [f32; 2],
    /// Where the first haplotype carries allele 1, by heterozygous call, the last in the lowest bit.
    recent: u64,
    /// Index of the last choice in the history.
    last: u32,
}

/// Choices at heterozygous calls, each with the one before.
struct History(Vec<(u32, u8)>);

const NONE: u32 = u32::MAX;

/// Finds the likeliest phases of calls (0, 1, 2 or [`MISSING`]), the best first.
pub(super) fn phase(states: &States, steps: &[Step], calls: &[u8], beam: Beam) -> Vec<Phase> {
    let start = Pair {
        log_weight: 0.0,
        f: [states.weights.clone(), states.weights.clone()],
        scale: [1.0; 2],
        recent: 0,
        last: NONE,
    };
    let mut pairs = vec![start];
    let mut history = History(Vec::new());
    let mut hets = 0u32;
    for (variant, &call) in calls.iter().enumerate() {
        let step = if variant == 0 { Step { stay: 1.0, jump: 0.0 } } else { steps[variant] };
        let alleles = states.row(variant);
        if call == 1 {
            pairs = branch(pairs, &mut history, hets, (states, step, alleles), beam);
            hets += 1;
            if hets > MEMORY {
                unite(&mut pairs);
            }
            continue;
        }
        let emission = Emission::of_allele(if call == MISSING { 2 } else { call / 2 }, beam.error);
        for pair in &mut pairs {
            for side in 0..2 {
                let own = Step { stay: step.stay * pair.scale[side], jump: step.jump };
                let sum = kernel::advance(&mut pair.f[side], &states.weights, alleles, own, emission);
                pair.log_weight += f64::from(sum).ln();
                pair.scale[side] = 1.0 / sum;
            }
        }
        keep_best(&mut pairs, beam);
    }
    unite(&mut pairs);
    keep_best(&mut pairs, beam);
    finish(&pairs, &history, calls)
}

/// Takes a heterozygous call: each pair in both orders, the best of them kept.
fn branch(
    mut pairs: Vec<Pair>,
    history: &mut History,
    hets: u32,
    (states, step, alleles): (&States, Step, &[u8]),
    beam: Beam,
) -> Vec<Pair> {
    let error = f64::from(beam.error);
    let seen = |share: f64| error + (1.0 - 2.0 * error) * share;
    let mut children: Vec<(f64, usize, u8)> = Vec::new();
    for (index, pair) in pairs.iter_mut().enumerate() {
        let ones = [0, 1].map(|side| {
            let own = Step { stay: step.stay * pair.scale[side], jump: step.jump };
            let (sum, share) = kernel::predict(&mut pair.f[side], &states.weights, alleles, own);
            pair.scale[side] = 1.0 / sum;
            f64::from(share / sum).clamp(0.0, 1.0)
        });
        children.push((pair.log_weight + (seen(1.0 - ones[0]) * seen(ones[1])).ln(), index, 0));
        // The first heterozygous call only names the two haplotypes.
        if hets > 0 {
            children.push((pair.log_weight + (seen(ones[0]) * seen(1.0 - ones[1])).ln(), index, 1));
        }
    }
    children.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let best = children[0].0;
    children.truncate(beam.width);
    children.retain(|child| child.0 >= best - beam.floor);
    let mut uses = vec![0u8; pairs.len()];
    children.iter().for_each(|child| uses[child.1] += 1);
    let mut slots: Vec<Option<Pair>> = pairs.into_iter().map(Some).collect();
    let mut out = Vec::with_capacity(children.len());
    for (log_weight, index, bit) in children {
        uses[index] -= 1;
        let taken = if uses[index] == 0 { slots[index].take() } else { slots[index].clone() };
        let Some(mut pair) = taken else { continue };
        history.0.push((pair.last, bit));
        pair.last = u32::try_from(history.0.len() - 1).unwrap_or(NONE);
        pair.recent = pair.recent << 1 | u64::from(bit);
        pair.log_weight = log_weight;
        for (side, allele) in [bit, 1 - bit].into_iter().enumerate() {
            let emission = Emission::of_allele(allele, beam.error);
            pair.scale[side] = 1.0 / kernel::emit(&mut pair.f[side], alleles, emission);
        }
        out.push(pair);
    }
    out
}

/// Drops the pairs far below the best; brings the weights back towards 0.
fn keep_best(pairs: &mut Vec<Pair>, beam: Beam) {
    let best = pairs.iter().map(|pair| pair.log_weight).fold(f64::NEG_INFINITY, f64::max);
    pairs.retain(|pair| pair.log_weight >= best - beam.floor);
    pairs.iter_mut().for_each(|pair| pair.log_weight -= best);
}

/// Puts together the pairs that agree, up to the order of the two haplotypes, in what they remember.
fn unite(pairs: &mut Vec<Pair>) {
    let mask = (1u64 << MEMORY) - 1;
    let key = |pair: &Pair| (if pair.recent & 1 == 1 { !pair.recent } else { pair.recent }) & mask;
    pairs.sort_by(|a, b| key(a).cmp(&key(b)).then(b.log_weight.total_cmp(&a.log_weight)));
    pairs.dedup_by(|other, kept| {
        let is_same = key(other) == key(kept);
        if is_same {
            kept.log_weight += (other.log_weight - kept.log_weight).exp().ln_1p();
        }
        is_same
    });
    pairs.sort_by(|a, b| b.log_weight.total_cmp(&a.log_weight).then(key(a).cmp(&key(b))));
}

fn finish(pairs: &[Pair], history: &History, calls: &[u8]) -> Vec<Phase> {
    let total: f64 = pairs.iter().map(|pair| pair.log_weight.exp()).sum();
    let alleles = |pair: &Pair| {
        let mut last = pair.last;
        let mut out: Vec<[u8; 2]> = calls
            .iter()
            .rev()
            .map(|&call| match call {
                0 => [0, 0],
                1 => {
                    let (before, bit) = history.0[last as usize];
                    last = before;
                    [bit, 1 - bit]
                }
                MISSING => [MISSING, MISSING],
                _ => [1, 1],
            })
            .collect();
        out.reverse();
        out
    };
    pairs.iter().map(|pair| Phase { weight: pair.log_weight.exp() / total, alleles: alleles(pair) }).collect()
}
