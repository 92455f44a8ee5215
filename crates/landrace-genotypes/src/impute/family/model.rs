//! The model of one contig of one family: states of the plants, and haplotypes of the parents, learnt together.

use std::ops::Range;

use super::cross::{Cross, STATES, joint};
use super::{Family, Order, PlantAccount};
use crate::matrix::GenotypeMatrix;
use crate::plane::MISSING;

/// States of the widest model.
const MOST: usize = 4;
/// Chance that a call is wrong before any is counted, and the bounds of what is learnt.
const ERROR: f64 = 0.01;
const ERROR_BOUNDS: (f64, f64) = (0.001, 0.15);
/// Rounds of learning the parents' haplotypes and the error rates.
const ROUNDS: usize = 4;

/// The calls of a family along a contig, in the order of the map.
pub(super) struct Markers {
    /// Rows of the run, in order; those with more than two alleles are left out.
    rows: Vec<usize>,
    fractions: Vec<f64>,
    /// Markers × plants (the progeny): 0, 1, 2 copies of the alternate allele, 3 for missing.
    calls: Vec<u8>,
    /// Markers × 2.
    parents: Vec<[u8; 2]>,
    plants: usize,
    /// Markers × (plants + 2): whether the call is of a haploid.
    haploid: Vec<bool>,
}

/// What the model says of a run.
pub(super) struct Solved {
    /// For each row of the run, its index among the markers.
    index: Vec<Option<usize>>,
    samples: Vec<usize>,
    /// Markers × samples (progeny, then the parents) × 3.
    shares: Vec<[f32; 3]>,
    haploid: Vec<bool>,
    pub(super) plants: Vec<(usize, PlantAccount)>,
}

/// Error rates: of homozygotes, and of heterozygotes (one allele unseen).
#[derive(Clone, Copy)]
struct Errors {
    homozygous: f64,
    heterozygous: f64,
}

/// Which alleles the parents' haplotypes have at a marker: a probability for each combination, a bit a haplotype.
type Combinations = [f64; 16];

/// States, haplotypes and transitions of a cross.
struct Design {
    states: usize,
    haplotypes: usize,
    /// For each state, the haplotypes of its two copies.
    copies: [[usize; 2]; MOST],
    start: [f64; MOST],
    /// For each marker, transitions from the one before.
    steps: Vec<[[f64; MOST]; MOST]>,
}

impl Markers {
    pub(super) fn of(matrix: &GenotypeMatrix, run: Range<usize>, family: &Family, order: &Order) -> Self {
        let blocks = &matrix.blocks()[run];
        let places: Vec<(usize, usize)> = blocks
            .iter()
            .enumerate()
            .flat_map(|(index, block)| (0..block.rows()).map(move |row| (index, row)))
            .collect();
        let ploidies: Vec<Vec<u8>> = blocks.iter().map(crate::block::GenotypeBlock::ploidies).collect();
        let plants = family.progeny.len();
        let mut out = Self {
            rows: Vec::new(),
            fractions: Vec::new(),
            calls: Vec::new(),
            parents: Vec::new(),
            plants,
            haploid: Vec::new(),
        };
        let mut codes = Vec::new();
        let mut skipped = 0.0;
        for (&row, &fraction) in order.rows.iter().zip(&order.fractions) {
            let (index, own) = places[row];
            if blocks[index].sites[own].alleles() > 2 {
                skipped = add_fractions(skipped, fraction);
                continue;
            }
            blocks[index].unpack(own, &mut codes);
            let call = |sample: usize| match (codes[sample], ploidies[index][sample]) {
                (MISSING, _) => 3,
                (code, 1) => 2 * code.min(1),
                (code, _) => code.min(2),
            };
            out.rows.push(row);
            out.fractions.push(add_fractions(skipped, fraction));
            skipped = 0.0;
            out.calls.extend(family.progeny.iter().map(|&sample| call(sample)));
            out.parents.push(family.parents.map(call));
            let samples = family.progeny.iter().chain(&family.parents);
            out.haploid.extend(samples.map(|&sample| ploidies[index][sample] == 1));
        }
        out
    }

    fn call(&self, marker: usize, plant: usize) -> u8 {
        self.calls[marker * self.plants + plant]
    }
}

/// Recombination over two stretches, without interference.
fn add_fractions(a: f64, b: f64) -> f64 {
    a + b - 2.0 * a * b
}

impl Errors {
    /// Chance of a call (3: none) for a true dosage.
    fn chance(self, call: u8, truth: usize) -> f64 {
        match (call, truth) {
            (3, _) => 1.0,
            (1, 1) => 1.0 - self.heterozygous,
            (_, 1) => 0.5 * self.heterozygous,
            (call, truth) if usize::from(call) == truth => 1.0 - self.homozygous,
            _ => 0.5 * self.homozygous,
        }
    }
}

impl Design {
    fn of(cross: &Cross, fractions: &[f64]) -> Self {
        match cross {
            Cross::Lines { generations, .. } => {
                let apart = joint(generations, 0.5);
                let mut start = [0.0; MOST];
                for (to, row) in start.iter_mut().zip(&apart) {
                    *to = row.iter().sum();
                }
                let step = |&fraction: &f64| {
                    let joint = joint(generations, fraction);
                    let mut out = [[0.0; MOST]; MOST];
                    for (from, row) in joint.iter().enumerate() {
                        let all: f64 = row.iter().sum();
                        for to in 0..STATES {
                            out[from][to] =
                                if all > 0.0 { row[to] / all } else { f64::from(u8::from(from == to)) };
                        }
                    }
                    out
                };
                let steps = fractions.iter().map(step).collect();
                Self { states: STATES, haplotypes: 2, copies: [[0, 0], [0, 1], [1, 1], [0, 0]], start, steps }
            }
            Cross::Sibs => {
                // State: haplotype of the first parent (bit 0), of the second (bit 1).
                let step = |&fraction: &f64| {
                    let one = |differ: bool| if differ { fraction } else { 1.0 - fraction };
                    let mut out = [[0.0; MOST]; MOST];
                    for (from, row) in out.iter_mut().enumerate() {
                        for (to, chance) in row.iter_mut().enumerate() {
                            *chance = one((from ^ to) & 1 != 0) * one((from ^ to) & 2 != 0);
                        }
                    }
                    out
                };
                let steps = fractions.iter().map(step).collect();
                Self {
                    states: 4,
                    haplotypes: 4,
                    copies: [[0, 2], [1, 2], [0, 3], [1, 3]],
                    start: [0.25; MOST],
                    steps,
                }
            }
        }
    }

    fn combinations(&self) -> usize {
        1 << self.haplotypes
    }

    /// The dosage of a state where the haplotypes have these alleles.
    fn dosage(&self, state: usize, combination: usize) -> usize {
        self.copies[state].iter().map(|&haplotype| (combination >> haplotype) & 1).sum()
    }

    /// The dosage of a parent.
    fn parent_dosage(&self, parent: usize, combination: usize) -> usize {
        match self.haplotypes {
            2 => 2 * ((combination >> parent) & 1),
            _ => ((combination >> (2 * parent)) & 1) + ((combination >> (2 * parent + 1)) & 1),
        }
    }

    /// Crossovers between two states.
    fn crossovers(&self, from: usize, to: usize) -> u64 {
        match self.states {
            3 => from.abs_diff(to) as u64,
            _ => u64::from((from ^ to).count_ones()),
        }
    }

    /// How probable the combinations are by the parents' calls. A heterozygous line says nothing of its allele.
    fn prior(&self, calls: [u8; 2], errors: Errors) -> Combinations {
        let mut out = [0.0; 16];
        for (combination, share) in out.iter_mut().enumerate().take(self.combinations()) {
            *share = 1.0;
            for (parent, &call) in calls.iter().enumerate() {
                let is_line = self.haplotypes == 2;
                if !(is_line && call == 1) {
                    *share *= errors.chance(call, self.parent_dosage(parent, combination));
                }
            }
        }
        normalise(&mut out);
        out
    }

    /// Chance of each call (0, 1, 2) in each state.
    fn emissions(&self, combinations: &Combinations, errors: Errors) -> [[f64; MOST]; 3] {
        let mut out = [[0.0; MOST]; 3];
        for (call, row) in (0u8..).zip(out.iter_mut()) {
            for (state, chance) in row.iter_mut().enumerate().take(self.states) {
                *chance = (0..self.combinations())
                    .filter(|&own| combinations[own] > 0.0)
                    .map(|own| combinations[own] * errors.chance(call, self.dosage(state, own)))
                    .sum();
            }
        }
        out
    }

    fn advance(&self, marker: usize, from: &[f64; MOST]) -> [f64; MOST] {
        let step = &self.steps[marker];
        std::array::from_fn(|to| (0..self.states).map(|state| from[state] * step[state][to]).sum())
    }
}

fn normalise(shares: &mut [f64]) {
    let sum: f64 = shares.iter().sum();
    if sum > 0.0 {
        shares.iter_mut().for_each(|share| *share /= sum);
    }
}

/// Combinations that explain the calls at a marker, given how probable each plant's states are without it.
fn explain(
    design: &Design,
    markers: &Markers,
    marker: usize,
    errors: Errors,
    states: impl Fn(usize) -> [f64; MOST],
) -> Combinations {
    let mut logs = [f64::NEG_INFINITY; 16];
    let prior = design.prior(markers.parents[marker], errors);
    for combination in (0..design.combinations()).filter(|&own| prior[own] > 0.0) {
        logs[combination] = prior[combination].ln();
    }
    for plant in (0..markers.plants).filter(|&plant| markers.call(marker, plant) != 3) {
        let (call, own) = (markers.call(marker, plant), states(plant));
        for (combination, log) in logs.iter_mut().enumerate().take(design.combinations()) {
            let chance: f64 = (0..design.states)
                .map(|state| own[state] * errors.chance(call, design.dosage(state, combination)))
                .sum();
            *log += chance.max(1e-12).ln();
        }
    }
    let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut out = logs.map(|log| (log - highest).exp());
    normalise(&mut out);
    out
}

/// A first guess at the parents' haplotypes: marker by marker along the contig, what explains the calls best, given
/// the states that the markers before speak of. The first heterozygous marker of a parent names its haplotypes.
fn first_guess(design: &Design, markers: &Markers, errors: Errors) -> Vec<Combinations> {
    let mut states = vec![design.start; markers.plants];
    let mut out = Vec::with_capacity(markers.rows.len());
    for marker in 0..markers.rows.len() {
        if marker > 0 {
            states.iter_mut().for_each(|own| *own = design.advance(marker, own));
        }
        let mut own = explain(design, markers, marker, errors, |plant| states[plant]);
        break_ties(&mut own);
        let emissions = design.emissions(&own, errors);
        for (plant, states) in states.iter_mut().enumerate() {
            if let Some(row) = emissions.get(usize::from(markers.call(marker, plant))) {
                states.iter_mut().zip(row).for_each(|(share, chance)| *share *= chance);
                normalise(states);
            }
        }
        out.push(own);
    }
    out
}

/// Of combinations that are as probable as each other the first stays: which haplotype is called the first is
/// free.
fn break_ties(shares: &mut Combinations) {
    let highest = shares.iter().copied().fold(0.0, f64::max);
    let first = shares.iter().position(|&share| share > highest * (1.0 - 1e-6));
    for (index, share) in shares.iter_mut().enumerate() {
        if Some(index) != first && *share > highest * (1.0 - 1e-6) {
            *share = 0.0;
        }
    }
    normalise(shares);
}

/// Probabilities of the states of one plant at every marker: all calls taken together, and all but the marker's own.
struct PlantStates {
    with: Vec<[f64; MOST]>,
    without: Vec<[f64; MOST]>,
}

fn plant_states(
    design: &Design,
    markers: &Markers,
    emissions: &[[[f64; MOST]; 3]],
    plant: usize,
) -> PlantStates {
    let count = markers.rows.len();
    let emission = |marker: usize| -> [f64; MOST] {
        let call = usize::from(markers.call(marker, plant));
        emissions[marker].get(call).copied().unwrap_or([1.0; MOST])
    };
    let times = |a: &[f64; MOST], b: &[f64; MOST]| -> [f64; MOST] {
        let mut out = std::array::from_fn(|state| a[state] * b[state]);
        normalise(&mut out);
        out
    };
    let mut reached = Vec::with_capacity(count);
    let mut ahead = design.start;
    for marker in 0..count {
        if marker > 0 {
            ahead = design.advance(marker, &ahead);
        }
        reached.push(ahead);
        ahead = times(&ahead, &emission(marker));
    }
    let mut behind = [1.0; MOST];
    let (mut with, mut without) = (vec![[0.0; MOST]; count], vec![[0.0; MOST]; count]);
    for marker in (0..count).rev() {
        without[marker] = times(&reached[marker], &behind);
        with[marker] = times(&without[marker], &emission(marker));
        let own = times(&behind, &emission(marker));
        let step = &design.steps[marker];
        behind = std::array::from_fn(|from| (0..design.states).map(|to| step[from][to] * own[to]).sum());
        normalise(&mut behind);
    }
    PlantStates { with, without }
}

/// Error rates from how often calls differ from what the states speak of.
fn learn_errors(
    design: &Design,
    markers: &Markers,
    states: &[PlantStates],
    parents: &[Combinations],
) -> Errors {
    // A pair of counts (wrong, all) a kind, with a prior as strong as a hundred calls.
    let mut counts = [[100.0 * ERROR, 100.0]; 2];
    for (plant, own) in states.iter().enumerate() {
        for (marker, parents) in parents.iter().enumerate() {
            let call = markers.call(marker, plant);
            if call == 3 {
                continue;
            }
            for (dosage, share) in spectrum(design, &own.without[marker], parents).iter().enumerate() {
                let kind = usize::from(dosage == 1);
                counts[kind][1] += share;
                counts[kind][0] += if usize::from(call) == dosage { 0.0 } else { *share };
            }
        }
    }
    let rate = |[wrong, all]: [f64; 2]| (wrong / all).clamp(ERROR_BOUNDS.0, ERROR_BOUNDS.1);
    Errors { homozygous: rate(counts[0]), heterozygous: rate(counts[1]) }
}

/// Probabilities of the dosages from those of the states and of the parents' haplotypes.
fn spectrum(design: &Design, states: &[f64; MOST], parents: &Combinations) -> [f64; 3] {
    let mut out = [0.0; 3];
    for (combination, &share) in parents.iter().enumerate().filter(|(_, share)| **share > 1e-9) {
        for (state, &own) in states.iter().enumerate().take(design.states) {
            out[design.dosage(state, combination)] += share * own;
        }
    }
    normalise(&mut out);
    out
}

/// Learns the haplotypes and gives probabilities of every call.
pub(super) fn solve(markers: &Markers, family: &Family) -> Solved {
    let design = Design::of(&family.cross, &markers.fractions);
    let mut errors = Errors { homozygous: ERROR, heterozygous: 2.0 * ERROR };
    let mut parents = first_guess(&design, markers, errors);
    let mut states = Vec::new();
    for round in 0..=ROUNDS {
        let emissions: Vec<_> = parents.iter().map(|own| design.emissions(own, errors)).collect();
        states = (0..markers.plants).map(|plant| plant_states(&design, markers, &emissions, plant)).collect();
        if round < ROUNDS {
            parents = (0..markers.rows.len())
                .map(|marker| {
                    let own = |plant: usize| -> [f64; MOST] {
                        let states: &Vec<PlantStates> = &states;
                        states[plant].without[marker]
                    };
                    explain(&design, markers, marker, errors, own)
                })
                .collect();
            errors = learn_errors(&design, markers, &states, &parents);
        }
    }
    gather(&design, markers, family, &states, &parents)
}

fn gather(
    design: &Design,
    markers: &Markers,
    family: &Family,
    states: &[PlantStates],
    parents: &[Combinations],
) -> Solved {
    let samples: Vec<usize> = family.progeny.iter().chain(&family.parents).copied().collect();
    let mut shares = Vec::with_capacity(markers.rows.len() * samples.len());
    let single = |own: [f64; 3]| own.map(|share| share as f32);
    for (marker, of_parents) in parents.iter().enumerate() {
        shares.extend(states.iter().map(|own| single(spectrum(design, &own.with[marker], of_parents))));
        for parent in 0..2 {
            let mut own = [0.0; 3];
            for (combination, share) in of_parents.iter().enumerate().take(design.combinations()) {
                own[design.parent_dosage(parent, combination)] += share;
            }
            shares.push(single(own));
        }
    }
    let likeliest = |own: &[f64; MOST]| {
        let mut best = 0;
        (1..design.states).filter(|&state| own[state] > 0.8).for_each(|state| best = state);
        (own[best] > 0.8).then_some(best)
    };
    let account = |(own, (plant, &sample)): (&PlantStates, (usize, &usize))| {
        let mut out = PlantAccount::default();
        let mut before: Option<usize> = None;
        for (marker, of_parents) in parents.iter().enumerate() {
            if let Some(state) = likeliest(&own.with[marker]) {
                out.crossovers += before.map_or(0, |before| design.crossovers(before, state));
                before = Some(state);
            }
            let call = markers.call(marker, plant);
            if call != 3 {
                out.calls += 1;
                out.disagreeing +=
                    1.0 - spectrum(design, &own.without[marker], of_parents)[usize::from(call)];
            }
        }
        (sample, out)
    };
    let plants = states.iter().zip(family.progeny.iter().enumerate()).map(account).collect();
    let mut index = vec![None; markers.rows.iter().max().map_or(0, |last| last + 1)];
    markers.rows.iter().enumerate().for_each(|(marker, &row)| index[row] = Some(marker));
    Solved { index, samples, shares, haploid: markers.haploid.clone(), plants }
}

impl Solved {
    /// Puts a row's probabilities into `values` (samples × `width`). Of a sample in several families the surest
    /// stays.
    pub(super) fn put(&self, row: usize, width: usize, values: &mut [f32]) {
        let Some(marker) = self.index.get(row).copied().flatten() else { return };
        for (at, &sample) in self.samples.iter().enumerate() {
            let own = self.shares[marker * self.samples.len() + at];
            let to = &mut values[sample * width..(sample + 1) * width];
            let highest = |shares: &[f32]| shares.iter().copied().fold(0.0f32, f32::max);
            if !to[0].is_nan() && highest(to) >= highest(&own) {
                continue;
            }
            to.fill(0.0);
            if self.haploid[marker * self.samples.len() + at] {
                let all = (own[0] + own[2]).max(f32::MIN_POSITIVE);
                to[0] = own[0] / all;
                to[1] = own[2] / all;
            } else {
                to[..3].copy_from_slice(&own);
            }
        }
    }
}
