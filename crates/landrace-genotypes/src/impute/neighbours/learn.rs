//! Settings from calls that are hidden for the purpose: some variants of some samples.

use rayon::prelude::*;

use super::copying::{Contig, CopyingModel};
use super::vote::{self, Distances, Shares, VoteModel};
use super::{NeighbourOptions, Prepared, Settings, mix};
use crate::impute::{Hidden, contig_runs, spread};
use crate::matrix::GenotypeMatrix;

/// Samples, variants, and variants of the contigs looked at, at most.
const SAMPLES: usize = 32;
const VARIANTS: usize = 600;
const CONTIG_VARIANTS: usize = 20_000;
/// Calls below which nothing is learnt.
const FEWEST: usize = 40;
const LINKED: [usize; 4] = [20, 40, 80, 160];
const NEAREST: [usize; 3] = [6, 20, 60];
const SHARPNESS: [f32; 2] = [15.0, 40.0];
const LOCAL: [f32; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];

/// A hidden call, and what is said of it.
struct Tried {
    variant: usize,
    sample: usize,
    truth: u8,
    spectrum: Vec<f32>,
    local: Vec<f32>,
}

/// The settings that serve the matrix best.
pub(super) fn learn(matrix: &GenotypeMatrix, options: NeighbourOptions, seed: u64) -> Settings {
    let mut settings = Settings::default();
    settings.vote.linked = options.linked.unwrap_or(settings.vote.linked);
    settings.vote.nearest = options.nearest.unwrap_or(settings.vote.nearest);
    settings.local = options.local.unwrap_or(settings.local);
    let hidden = choose(matrix, seed);
    if hidden.len() < FEWEST {
        return settings;
    }
    let masked = hidden.hide(matrix);
    let prepared = Prepared::of(&masked);
    let mut tried = list(&masked, &hidden);
    if options.local != Some(0.0) {
        settings.copying = learn_copying(&masked, &prepared, &mut tried);
    }
    learn_votes(&masked, &prepared, &tried, options, settings)
}

/// Calls to hide: of some samples, at some variants of some contigs, every other one.
fn choose(matrix: &GenotypeMatrix, seed: u64) -> Hidden {
    let n = matrix.samples().len();
    let lowest = |count: usize, most: usize, purpose: u64| {
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by(|&a, &b| {
            spread(seed, purpose, a as u64).total_cmp(&spread(seed, purpose, b as u64)).then(a.cmp(&b))
        });
        order.truncate(most);
        order
    };
    let mut is_sample = vec![false; n];
    lowest(n, SAMPLES.min((n / 5).max(1)), u64::MAX).into_iter().for_each(|sample| is_sample[sample] = true);
    let runs = contig_runs(matrix);
    let starts = super::block_starts(matrix);
    let mut candidates: Vec<usize> = Vec::new();
    let mut seen = 0;
    for run in lowest(runs.len(), runs.len(), u64::MAX - 1) {
        if seen >= CONTIG_VARIANTS {
            break;
        }
        for index in runs[run].clone() {
            let block = &matrix.blocks()[index];
            seen += block.rows();
            candidates.extend(
                (0..block.rows())
                    .filter(|&row| block.sites[row].alleles() <= 2)
                    .map(|row| starts[index] + row),
            );
        }
    }
    candidates.sort_by(|&a, &b| {
        spread(seed, u64::MAX - 2, a as u64).total_cmp(&spread(seed, u64::MAX - 2, b as u64)).then(a.cmp(&b))
    });
    let mut is_variant = vec![false; matrix.variants()];
    let varying = candidates.into_iter().filter(|&variant| matrix.maf(variant) > 0.0);
    varying.take(VARIANTS).for_each(|variant| is_variant[variant] = true);
    let is_sample = &is_sample;
    Hidden::pick(matrix, |variant| {
        let is_hidden =
            move |sample: usize| is_sample[sample] && spread(seed ^ 1, variant as u64, sample as u64) < 0.5;
        is_variant[variant].then_some(is_hidden)
    })
}

fn list(masked: &GenotypeMatrix, hidden: &Hidden) -> Vec<Tried> {
    let mut out = Vec::new();
    for variant in 0..masked.variants() {
        let calls = hidden.of(variant);
        if calls.is_empty() {
            continue;
        }
        let (block, row) = masked.locate(variant);
        let ploidies = block.ploidies();
        for &(sample, truth) in calls {
            let sample = sample as usize;
            let group = block.groups.iter().find(|group| group.calls.ploidy() == ploidies[sample]);
            let counts = group.map(|group| group.calls.row(row).dosage_counts()).unwrap_or_default();
            let all: u32 = counts.iter().sum();
            if all > 0 {
                let spectrum = counts.iter().map(|&count| count as f32 / all as f32).collect();
                out.push(Tried { variant, sample, truth, spectrum, local: Vec::new() });
            }
        }
    }
    out
}

/// The Brier score of an estimate: the squared distance from the truth.
fn brier(estimate: &[f32], truth: u8) -> f64 {
    let square = |(dosage, &share): (usize, &f32)| {
        let wanted = if dosage == usize::from(truth) { 1.0 } else { 0.0 };
        (f64::from(share) - wanted).powi(2)
    };
    if estimate.first().is_none_or(|first| first.is_nan()) {
        return 1.0;
    }
    estimate.iter().enumerate().map(square).sum()
}

/// Votes along the contig of every tried call under a model.
fn local_votes(
    masked: &GenotypeMatrix,
    prepared: &Prepared,
    tried: &[Tried],
    model: CopyingModel,
) -> Vec<Vec<f32>> {
    let mut out: Vec<Vec<f32>> = tried.iter().map(|own| vec![f32::NAN; own.spectrum.len()]).collect();
    for run in contig_runs(masked) {
        let start = prepared.starts[run.start];
        let end = prepared.starts.get(run.end).copied().unwrap_or(masked.variants());
        let low = tried.partition_point(|own| own.variant < start);
        let high = tried.partition_point(|own| own.variant < end);
        if low == high {
            continue;
        }
        for contig in Contig::of(masked, run, &prepared.span) {
            let votes: Vec<(Vec<usize>, Vec<f32>)> = (0..contig.samples.len())
                .into_par_iter()
                .map(|target| {
                    let sample = contig.samples[target];
                    let own: Vec<usize> =
                        (low..high).filter(|&index| tried[index].sample == sample).collect();
                    let rows: Vec<usize> = own.iter().map(|&index| tried[index].variant - start).collect();
                    let votes = contig.votes(target, &rows, model);
                    (own, votes)
                })
                .collect();
            for (own, votes) in votes {
                for (index, votes) in own.into_iter().zip(votes.chunks(contig.width())) {
                    out[index] = votes.to_vec();
                }
            }
        }
    }
    out
}

/// Climbs from the usual model to a better one, by factors of 4, while that helps.
fn learn_copying(masked: &GenotypeMatrix, prepared: &Prepared, tried: &mut [Tried]) -> CopyingModel {
    let score = |votes: &[Vec<f32>], tried: &[Tried]| -> f64 {
        let blank = |own: &Tried| vec![f32::NAN; own.spectrum.len()];
        let one = |(votes, own): (&Vec<f32>, &Tried)| {
            let mut out = blank(own);
            mix(&blank(own), Some(votes), &own.spectrum, 1.0, &mut out);
            brier(&out, own.truth)
        };
        votes.iter().zip(tried).map(one).sum()
    };
    let mut best = Settings::default().copying;
    let mut votes = local_votes(masked, prepared, tried, best);
    let mut lowest = score(&votes, tried);
    for (is_mismatch, factor) in [(true, 4.0), (true, 0.25), (false, 4.0), (false, 0.25)] {
        for _ in 0..2 {
            let mut next = best;
            if is_mismatch {
                next.mismatch = (best.mismatch * factor).min(0.8);
            } else {
                next.changes = best.changes * factor;
            }
            let new = local_votes(masked, prepared, tried, next);
            let own = score(&new, tried);
            if next == best || own >= lowest {
                break;
            }
            (best, votes, lowest) = (next, new, own);
        }
    }
    tried.iter_mut().zip(votes).for_each(|(own, votes)| own.local = votes);
    best
}

/// The vote's settings and the weights of the two votes.
fn learn_votes(
    masked: &GenotypeMatrix,
    prepared: &Prepared,
    tried: &[Tried],
    options: NeighbourOptions,
    mut settings: Settings,
) -> Settings {
    let linked = options.linked.map_or(LINKED.to_vec(), |linked| vec![linked]);
    let nearest = options.nearest.map_or(NEAREST.to_vec(), |nearest| vec![nearest]);
    let local = options.local.map_or(LOCAL.to_vec(), |local| vec![local]);
    let models: Vec<VoteModel> = linked
        .iter()
        .flat_map(|&linked| {
            let nearest = nearest.iter();
            nearest
                .flat_map(move |&nearest| SHARPNESS.map(|sharpness| VoteModel { linked, nearest, sharpness }))
        })
        .collect();
    let groups: Vec<&[Tried]> = tried.chunk_by(|a, b| a.variant == b.variant).collect();
    let sums: Vec<Vec<f64>> =
        groups.par_iter().map(|group| try_variant(masked, prepared, group, &models, &local)).collect();
    let mut total = vec![0.0; models.len() * local.len()];
    for sums in &sums {
        total.iter_mut().zip(sums).for_each(|(total, own)| *total += own);
    }
    let mut best = 0;
    for (index, sum) in total.iter().enumerate() {
        if *sum < total[best] {
            best = index;
        }
    }
    settings.vote = models[best / local.len()];
    settings.local = local[best % local.len()];
    settings
}

/// Scores of all models and weights over one variant's tried calls.
fn try_variant(
    masked: &GenotypeMatrix,
    prepared: &Prepared,
    group: &[Tried],
    models: &[VoteModel],
    local: &[f32],
) -> Vec<f64> {
    let mut scores = vec![0.0; models.len() * local.len()];
    let variant = group[0].variant;
    let most = models.iter().map(|model| model.linked).max().unwrap_or(0);
    let nearest = models.iter().map(|model| model.nearest).max().unwrap_or(0);
    let calls = prepared.shares(masked, variant);
    let linked = prepared.tiles.most_linked(variant, most);
    let shares: Vec<Shares> =
        linked.iter().map(|linked| prepared.shares(masked, linked.variant as usize)).collect();
    let mut distances = Distances::default();
    for own in group {
        distances.start(calls.len());
        let mut done = 0;
        let mut ranked = Vec::new();
        let (mut votes, mut out) = (vec![0.0; own.spectrum.len()], vec![0.0; own.spectrum.len()]);
        for (index, model) in models.iter().enumerate() {
            let end = model.linked.min(linked.len());
            if end > done || ranked.is_empty() {
                distances.add(&linked[done..end], &shares[done..end], own.sample);
                ranked = distances.ranked(&calls, own.sample, nearest);
                done = end;
            }
            vote::tally(&ranked, &calls, *model, &mut votes);
            for (at, &weight) in local.iter().enumerate() {
                mix(&votes, Some(&own.local), &own.spectrum, weight, &mut out);
                scores[index * local.len() + at] += brier(&out, own.truth);
            }
        }
    }
    scores
}
