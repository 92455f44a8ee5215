use std::sync::Arc;

use super::*;
use crate::block::{CallGatherer, Layers, Site};
use crate::impute::{Accuracy, Hidden, spread};
use crate::source::SourceHeader;
use landrace_genome::Position;

/// Samples that are mosaics of a few ancestors of one ploidy, with a share of the calls missing.
fn mosaics(ploidy: u8, samples: usize, rows: usize, seed: u64) -> GenotypeMatrix {
    let ancestors = 6;
    let ancestor = |index: usize, row: usize| -> u8 {
        (spread(seed, 1000 + index as u64, row as u64) * f64::from(ploidy + 1)) as u8
    };
    let mut gatherer = CallGatherer::new(samples);
    let mut from: Vec<usize> = (0..samples).map(|sample| sample % ancestors).collect();
    for row in 0..rows {
        let mut codes = Vec::new();
        for (sample, from) in from.iter_mut().enumerate() {
            if spread(seed, 2000 + sample as u64, row as u64) < 0.02 {
                *from = (spread(seed, 3000 + sample as u64, row as u64) * ancestors as f64) as usize;
            }
            let is_missing = spread(seed, 4000 + sample as u64, row as u64) < 0.1;
            codes.push(if is_missing { MISSING } else { ancestor(*from, row) });
        }
        gatherer.push(&vec![ploidy; samples], &codes);
    }
    let site = |row: usize| Site {
        position: Position::new(1000 * row as u64 + 1),
        alternates: vec!["C".into()],
        reference: "A".into(),
        ..Site::default()
    };
    let block = GenotypeBlock {
        contig: "1".into(),
        samples,
        sites: (0..rows).map(site).collect(),
        groups: gatherer.take(2),
        layers: Layers::default(),
    };
    let names: Arc<[String]> = (0..samples).map(|index| index.to_string()).collect();
    GenotypeMatrix::from_blocks(SourceHeader { samples: names, ..Default::default() }, vec![block])
}

fn accuracy(matrix: &GenotypeMatrix, options: NeighbourOptions) -> Accuracy {
    let hidden = Hidden::draw(matrix, 0.05, 7);
    let masked = hidden.hide(matrix);
    let mut method = Neighbours::new(options);
    method.learn(&masked, 1).unwrap();
    method.prepare(&masked).unwrap();
    let mut out = Accuracy::default();
    for run in method.runs(&masked) {
        for estimates in method.fill(&masked, run, Asked::Hidden(&hidden)).unwrap() {
            out.add(&estimates, &masked, &hidden, 0.0);
        }
    }
    out
}

#[test]
fn mosaics_of_few_ancestors_are_seen_through_at_any_ploidy() {
    for ploidy in [1, 2, 4, 6] {
        let matrix = mosaics(ploidy, 60, 200, u64::from(ploidy));
        let found = accuracy(&matrix, NeighbourOptions::default()).all;
        let (own, plain) = (found.method.concordance().unwrap(), found.plain.concordance().unwrap());
        assert!(own > 0.9 && own > plain + 0.2, "ploidy {ploidy}: {own} {plain}");
    }
}

#[test]
fn each_vote_alone_beats_the_plain_guess() {
    let matrix = mosaics(2, 60, 200, 9);
    for local in [0.0, 1.0] {
        let options = NeighbourOptions { local: Some(local), ..NeighbourOptions::default() };
        let found = accuracy(&matrix, options).all;
        let (own, plain) = (found.method.concordance().unwrap(), found.plain.concordance().unwrap());
        assert!(own > plain + 0.2, "{local}: {own} {plain}");
    }
}

#[test]
fn the_fast_loops_give_what_the_plain_ones_give() {
    let matrix = mosaics(4, 75, 90, 3);
    let span = GenomeSpan::of(&matrix);
    let contig = &Contig::of(&matrix, 0..1, &span)[0];
    let model = CopyingModel { mismatch: 0.1, changes: 20.0 };
    let rows: Vec<usize> = (0..90).collect();
    for target in [0, 40, 74] {
        let fast = contig.votes(target, &rows, model);
        let plain = plain_votes(&matrix, target, model);
        for (a, b) in fast.iter().zip(&plain) {
            assert!((f64::from(*a) - b).abs() < 1e-4, "{a} {b}");
        }
    }
}

/// The copying model in plain words, in f64, over one contig without gaps in its map.
fn plain_votes(matrix: &GenotypeMatrix, target: usize, model: CopyingModel) -> Vec<f64> {
    let (n, rows) = (matrix.samples().len(), matrix.variants());
    let mut calls = Vec::new();
    for row in 0..rows {
        let mut codes = Vec::new();
        matrix.unpack(row, &mut codes);
        calls.push(codes);
    }
    let likelihood = |row: usize, state: usize| -> f64 {
        let by = |difference: u8| match difference {
            0 => 1.0,
            d => model.mismatch * 0.5f64.powi(i32::from(d) - 1),
        };
        let own = calls[row][target];
        if own == MISSING {
            return 1.0;
        }
        if calls[row][state] != MISSING {
            return by(own.abs_diff(calls[row][state]));
        }
        let count = |dosage: u8| calls[row].iter().filter(|&&code| code == dosage).count() as f64 + 0.5;
        let all: f64 = (0..=4).map(count).sum();
        (0..=4).map(|dosage| count(dosage) / all * by(own.abs_diff(dosage))).sum()
    };
    let others: Vec<usize> = (0..n).filter(|&state| state != target).collect();
    let gap = 1.0 / (rows - 1) as f64;
    let change = 1.0 - (-(gap * model.changes + 0.01)).exp();
    let even = 1.0 / others.len() as f64;
    let mut ahead: Vec<Vec<f64>> = Vec::new();
    for row in 0..rows {
        let mut next: Vec<f64> = (0..others.len())
            .map(|s| {
                let before = ahead.last().map_or(even, |before| (1.0 - change) * before[s] + change * even);
                before * likelihood(row, others[s])
            })
            .collect();
        let sum: f64 = next.iter().sum();
        next.iter_mut().for_each(|share| *share /= sum);
        ahead.push(next);
    }
    let mut behind = vec![1.0; others.len()];
    let mut out = vec![0.0; rows * 5];
    for row in (0..rows).rev() {
        let mut shares = [0.0; 5];
        for (s, &state) in others.iter().enumerate() {
            if calls[row][state] != MISSING {
                shares[usize::from(calls[row][state])] += ahead[row][s] * behind[s];
            }
        }
        let sum: f64 = shares.iter().sum();
        shares.iter().enumerate().for_each(|(dosage, share)| out[row * 5 + dosage] = share / sum);
        let passed: Vec<f64> =
            others.iter().zip(&behind).map(|(&state, b)| b * likelihood(row, state)).collect();
        let mean = passed.iter().sum::<f64>() * even;
        behind = passed.iter().map(|own| ((1.0 - change) * own + change * mean) / mean).collect();
    }
    out
}
