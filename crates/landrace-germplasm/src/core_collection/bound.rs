//! How good a core can be at most: bounds that no core can pass, objective by objective.

use landrace_genotypes::plane::MISSING;
use rayon::prelude::*;

use super::alleles::AlleleTable;
use super::distance::Square;
use super::relax;
use super::rules::Plan;
use super::state::{Allelic, Target, alleles_of};

mod packing;

/// 32-bit distances and sums are sure to so much of their size.
const ROUNDING: f64 = 2e-6;

/// Rounds of an ascent or relaxation by the size of the collection.
fn rounds(n: usize, numbers_a_round: usize) -> usize {
    let _ = n;
    (8_000_000_000 / numbers_a_round.max(1)).clamp(30, 1000)
}

/// A bound of an objective over all cores that the rules allow, and how it was had. `members` is the best core known.
pub(crate) fn bound(plan: &Plan, target: Target<'_>, members: &[usize]) -> (f64, &'static str) {
    match target {
        Target::AccessionNearest(square) => {
            (median(plan, square, members), "Lagrangian relaxation of the p-median")
        }
        Target::EntryNearest(square) => {
            (packing::packing(plan, square), "clique covers of the pairs nearer than each distance")
        }
        Target::EntryEntry(square) => {
            let simple = largest_pairs(plan, square);
            let relaxed = square.is_euclidean().then(|| relax::dispersion(plan, square, 500).bound).flatten();
            match relaxed.filter(|relaxed| *relaxed < simple) {
                Some(relaxed) => (relaxed, "concave relaxation"),
                None => (simple, "largest distances of each accession"),
            }
        }
        Target::Allelic(Allelic::Coverage, table) => {
            (coverage(plan, table, members), "alleles each accession adds")
        }
        Target::Allelic(kind, table) => {
            // As if each locus could be even.
            let ceiling = kind.of_sum(relax::Most::of(kind, table).sum(), table.loci(), 1);
            let relaxed =
                relax::alleles(plan, kind, table, rounds(0, plan.is_free.len() * table.loci() * 4).min(200))
                    .bound;
            match relaxed.filter(|relaxed| *relaxed < ceiling) {
                Some(relaxed) => (relaxed, "concave relaxation"),
                None => (ceiling, "even frequencies at each locus"),
            }
        }
    }
}

/// Accession to nearest entry: the mean of min distances is at least that of the Lagrangian dual of the p-median,
/// Σ u_i + the sum over the best s columns j of Σ_i min(0, d_ij − u_i), for any u; u goes uphill by subgradients.
fn median(plan: &Plan, square: &Square, members: &[usize]) -> f64 {
    let n = square.len();
    let upper: f64 = (0..n).map(|i| nearest(square.row(i), members)).sum();
    let mut prices: Vec<f32> = (0..n).map(|i| second(square.row(i), members)).collect();
    let (mut best, mut best_prices, mut pace, mut stale) = (0.0f64, prices.clone(), 1.0, 0);
    for _ in 0..rounds(n, n * n) {
        let savings: Vec<f64> = square.rows().map(|row| saving(row, &prices)).collect();
        let (sum, open) = plan.best(&savings);
        let lower = prices.iter().map(|&price| f64::from(price)).sum::<f64>() - sum;
        if lower > best + 1e-6 * best.abs() {
            (best, best_prices, stale) = (lower, prices.clone(), 0);
        } else {
            stale += 1;
            if stale == 8 {
                (pace, stale) = (pace * 0.6, 0);
                prices.clone_from(&best_prices);
                continue;
            }
        }
        let mut served = vec![0i32; n];
        for &entry in &open {
            let near = square.row(entry).iter().zip(&prices);
            served.iter_mut().zip(near).for_each(|(count, (&d, &price))| *count += i32::from(d < price));
        }
        let norm: f64 = served.iter().map(|&count| f64::from((1 - count).pow(2))).sum();
        if norm == 0.0 || upper - lower <= 1e-7 * upper || pace < 1e-4 {
            break;
        }
        let step = (pace * (upper - lower) / norm) as f32;
        for (price, count) in prices.iter_mut().zip(served) {
            *price = (*price + step * (1 - count) as f32).max(0.0);
        }
    }
    (best / n as f64 * (1.0 - ROUNDING)).max(0.0)
}

/// What a column saves at these prices: Σ max(0, u_i − d_ij).
fn saving(row: &[f32], prices: &[f32]) -> f64 {
    let part = |(row, prices): (&[f32], &[f32])| {
        let mut lanes = [0f32; 8];
        for (row, prices) in row.chunks(8).zip(prices.chunks(8)) {
            for (lane, (&distance, &price)) in lanes.iter_mut().zip(row.iter().zip(prices)) {
                *lane += (price - distance).max(0.0);
            }
        }
        lanes.iter().map(|&lane| f64::from(lane)).sum::<f64>()
    };
    row.chunks(256).zip(prices.chunks(256)).map(part).sum()
}

fn nearest(row: &[f32], members: &[usize]) -> f64 {
    f64::from(members.iter().map(|&member| row[member]).fold(f32::INFINITY, f32::min))
}

fn second(row: &[f32], members: &[usize]) -> f32 {
    let (mut near, mut next) = (f32::INFINITY, f32::INFINITY);
    for &member in members {
        let distance = row[member];
        (near, next) = if distance < near { (distance, near) } else { (near, next.min(distance)) };
    }
    if next.is_finite() { next } else { near }
}

/// Entry to entry: no entry's sum of distances is above that of its s − 1 farthest accessions.
fn largest_pairs(plan: &Plan, square: &Square) -> f64 {
    if plan.size < 2 {
        return 0.0;
    }
    let free: Vec<usize> = (0..square.len()).filter(|&i| plan.is_free[i]).collect();
    let others = plan.size - 1;
    let sum = |i: usize| {
        let row = square.row(i);
        let mut own: Vec<f32> = free.iter().filter(|&&j| j != i).map(|&j| row[j]).collect();
        if own.len() < others {
            return 0.0;
        }
        own.select_nth_unstable_by(others - 1, |a, b| b.total_cmp(a));
        own[..others].iter().map(|&d| f64::from(d)).sum()
    };
    let sums: Vec<f64> = (0..square.len()).into_par_iter().map(sum).collect();
    plan.best(&sums).0 / (plan.size * others) as f64 * (1.0 + ROUNDING)
}

/// Coverage: a core has no more alleles than some core and all that the best s accessions would add to it, for what an
/// accession adds only falls (submodularity).
fn coverage(plan: &Plan, table: &AlleleTable, members: &[usize]) -> f64 {
    let all = table.alleles().max(1) as f64;
    let mut has = [vec![false; table.pairs()], vec![false; table.pairs()]];
    let mut wide = vec![false; table.width()];
    for &member in members {
        for (locus, &code) in table.codes(member).iter().enumerate().filter(|(_, code)| **code != MISSING) {
            has[0][locus] |= code < table.steps();
            has[1][locus] |= code > 0;
        }
        wide.iter_mut().zip(table.frequencies(member)).for_each(|(has, &p)| *has |= p > 0.0);
    }
    let adds = |i: usize| {
        let new = |(locus, &code): (usize, &u8)| {
            u32::from(code != MISSING && code < table.steps() && !has[0][locus])
                + u32::from(code != MISSING && code > 0 && !has[1][locus])
        };
        let pairs: u32 = table.codes(i).iter().enumerate().map(new).sum();
        let others = wide.iter().zip(table.frequencies(i)).filter(|(has, p)| !**has && **p > 0.0);
        f64::from(pairs) + others.count() as f64
    };
    let gains: Vec<f64> = (0..plan.is_free.len()).into_par_iter().map(adds).collect();
    ((alleles_of(table, members) as f64 + plan.best(&gains).0) / all).min(1.0)
}
