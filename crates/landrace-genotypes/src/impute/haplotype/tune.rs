//! Rates chosen by how well known alleles are foretold from the rest.
//!
//! The likeliest rates are not those that impute best where the model is too simple. What counts is each known
//! allele's chance given all others: that is had from one run of the model, by taking the allele's own part out again.

use super::chain::{Between, Scratch, States, forward_backward};
use super::kernel::{Emission, Step};
use super::model::Rates;
use crate::plane::MISSING;

/// Factors by which the change is tried.
pub(super) const CHANGES: [f64; 8] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0];
/// A chance counts as at least this, so that single odd calls do not decide.
const LEAST_CHANCE: f64 = 0.01;

/// What the allele of a copy counts that is itself imputed: it may have come from this very call.
const ECHO: f32 = 0.05;

/// How much of the copies at the variant behind carry allele 0 and 1; those that were not seen count little.
pub(super) fn votes(states: &States, steps: &[Step], between: &Between<'_>, behind: usize) -> [f32; 2] {
    const LANES: usize = 16;
    let step = steps.get(between.gap).copied().unwrap_or(Step { stay: 1.0, jump: 0.0 });
    let stay = step.stay * between.ahead;
    let (mut all, mut ones) = ([0f32; LANES], [0f32; LANES]);
    let chunks = between.f.chunks(LANES).zip(between.g.chunks(LANES)).zip(states.row(behind).chunks(LANES));
    for ((f, g), alleles) in chunks {
        for (lane, ((f, g), &allele)) in f.iter().zip(g).zip(alleles).enumerate() {
            let weight = if allele == 0 || allele == 255 { 1.0 } else { ECHO };
            let mass = f * (stay * g + step.jump) * weight;
            all[lane] += mass;
            ones[lane] += mass * f32::from(allele);
        }
    }
    let (all, ones) = (all.iter().sum::<f32>(), ones.iter().sum::<f32>() / 255.0);
    [(all - ones).max(0.0), ones]
}

/// The sum of the logarithms of the chances of a haplotype's known alleles, each given all others.
pub(super) fn foretold(
    states: &States,
    (places, rates): (&[f64], Rates),
    alleles: &[u8],
    scratch: &mut Scratch,
) -> f64 {
    let steps = rates.steps(places);
    let error = rates.error as f32;
    let emissions: Vec<Emission> = alleles.iter().map(|&allele| Emission::of_allele(allele, error)).collect();
    let mut sum = 0.0;
    forward_backward(states, &steps, &emissions, scratch, |between| {
        let Some(behind) = between.gap.checked_sub(1) else { return };
        let allele = alleles[behind];
        if allele == MISSING {
            return;
        }
        let masses = votes(states, &steps, between, behind).map(f64::from);
        let (agree, differ) = (masses[usize::from(allele)], masses[usize::from(1 - allele)]);
        // Without its own part, which favours the copies that agree by (1 − error) to error.
        let (agree, differ) = (agree / (1.0 - rates.error), differ / rates.error);
        let chance = agree / (agree + differ);
        let seen = chance * (1.0 - rates.error) + (1.0 - chance) * rates.error;
        sum += seen.max(LEAST_CHANCE).ln();
    });
    sum
}

/// The factor whose sum is the greatest, the smallest of equals.
pub(super) fn best(factors: &[f64], sums: &[f64]) -> f64 {
    let mut found = (f64::NEG_INFINITY, 1.0);
    for (&factor, &sum) in factors.iter().zip(sums) {
        if sum > found.0 {
            found = (sum, factor);
        }
    }
    found.1
}
