//! Imputing from a panel of phased haplotypes.

use rayon::prelude::*;

use super::beam::{Beam, Phase, phase};
use super::chain::{Scratch, States, forward_backward};
use super::gaps::{Gaps, Routes};
use super::kernel::{Emission, Step};
use super::model::{Rates, learn, posterior};
use super::rows::Haplotypes;
use crate::plane::MISSING;

/// A stretch of a contig: the panel, and where in it the targets have calls.
#[derive(Clone, Copy, Debug)]
pub struct Stretch<'a> {
    /// The panel's haplotypes.
    pub panel: &'a Haplotypes,
    /// Place of each of the panel's variants on the genetic map, in centimorgans.
    pub places: &'a [f64],
    /// Rows of the panel at which the targets have calls, ascending.
    pub seen: &'a [usize],
}

/// What is known of a sample after imputation, one value a variant of the panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImputedSample {
    /// Chances of dosage 1 and 2 (of dosage 1 and nothing, for haploids).
    pub chances: Vec<[f32; 2]>,
    /// The likeliest pair of alleles, phased.
    pub alleles: Vec<[u8; 2]>,
}

/// How much work imputation does.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Pairs of haplotypes that are followed while phasing.
    pub beam: usize,
    /// Phases that imputation averages over.
    pub phases: usize,
    /// Samples from which rates are learnt.
    pub learners: usize,
    /// Rounds of learning.
    pub rounds: usize,
}

impl Default for Effort {
    fn default() -> Self {
        Self { beam: 16, phases: 8, learners: 24, rounds: 4 }
    }
}

struct Prepared<'a> {
    stretch: Stretch<'a>,
    states: States,
    gaps: Gaps,
    routes: Routes,
    steps: Vec<Step>,
    rates: Rates,
    effort: Effort,
}

/// Imputes diploid samples from their calls (0, 1, 2 or [`MISSING`]) at the variants seen; `calls[sample][seen]`.
pub fn impute_diploids(
    stretch: Stretch<'_>,
    calls: &[Vec<u8>],
    rates: Option<Rates>,
    effort: Effort,
) -> (Vec<ImputedSample>, Rates) {
    let states = States::all(stretch.panel, stretch.seen);
    let places: Vec<f64> = stretch.seen.iter().map(|&row| stretch.places[row]).collect();
    let rates = rates.unwrap_or_else(|| {
        let start = Rates::of_population(1e5, stretch.panel.haplotypes());
        let every = calls.len().div_ceil(effort.learners.max(1)).max(1);
        let some: Vec<&[u8]> = calls.iter().step_by(every).map(Vec::as_slice).collect();
        learn(&states, &places, &some, start, effort.rounds)
    });
    let change = |a: usize, b: usize| rates.change_over(stretch.places[b] - stretch.places[a]);
    let gaps = Gaps::new(stretch.panel, stretch.seen, change);
    let routes = gaps.routes(&states);
    let steps = rates.steps(&places);
    let prepared = Prepared { stretch, states, gaps, routes, steps, rates, effort };
    let samples = calls.par_iter().map_init(Scratch::default, |scratch, calls| prepared.diploid(calls, scratch));
    (samples.collect(), rates)
}

impl Prepared<'_> {
    fn diploid(&self, calls: &[u8], scratch: &mut Scratch) -> ImputedSample {
        let error = self.rates.error as f32;
        let beam = Beam { width: self.effort.beam, floor: 9.0, error };
        let mut phases = phase(&self.states, &self.steps, calls, beam);
        phases.truncate(self.effort.phases.max(1));
        phases.retain(|phase| phase.weight > 0.01);
        let total: f64 = phases.iter().map(|phase| phase.weight).sum();
        let rows = self.stretch.panel.rows();
        let mut out = ImputedSample { chances: vec![[0.0; 2]; rows], alleles: Vec::new() };
        let mut first: Option<[Vec<f32>; 2]> = None;
        for Phase { weight, alleles } in &phases {
            let shares = [0, 1].map(|side| {
                let own: Vec<u8> = alleles.iter().map(|pair| pair[side]).collect();
                self.haploid(&own, scratch)
            });
            let weight = (weight / total) as f32;
            for (chance, (&a, &b)) in out.chances.iter_mut().zip(shares[0].iter().zip(&shares[1])) {
                chance[0] += weight * (a * (1.0 - b) + b * (1.0 - a));
                chance[1] += weight * a * b;
            }
            first.get_or_insert(shares);
        }
        for (&row, &call) in self.stretch.seen.iter().zip(calls) {
            if call != MISSING {
                out.chances[row] = [f32::from(u8::from(call == 1)), f32::from(u8::from(call == 2))];
            }
        }
        let [a, b] = first.unwrap_or_default();
        out.alleles = out.chances.iter().zip(a.iter().zip(&b)).map(|(c, (&a, &b))| likeliest(*c, a, b)).collect();
        out
    }

    /// Chance of allele 1 at each of the panel's variants, of one haplotype.
    fn haploid(&self, alleles: &[u8], scratch: &mut Scratch) -> Vec<f32> {
        let error = self.rates.error as f32;
        let emissions: Vec<Emission> = alleles.iter().map(|&a| Emission::of_allele(a, error)).collect();
        let mut out = vec![0f32; self.stretch.panel.rows()];
        let mut sums = Vec::new();
        forward_backward(&self.states, &self.steps, &emissions, scratch, |between| {
            self.gaps.spread(&self.routes, &self.states, between, &mut sums, &mut out);
            let Some(behind) = between.gap.checked_sub(1) else { return };
            out[self.stretch.seen[behind]] = match alleles[behind] {
                MISSING => posterior(&self.states, &self.steps, between, behind).1 as f32,
                allele => f32::from(allele),
            };
        });
        out
    }
}

/// The likeliest genotype, in the order in which the haplotypes carry it.
fn likeliest(chances: [f32; 2], a: f32, b: f32) -> [u8; 2] {
    let none = 1.0 - chances[0] - chances[1];
    if chances[1] >= chances[0] && chances[1] >= none {
        [1, 1]
    } else if chances[0] >= none {
        if a >= b { [1, 0] } else { [0, 1] }
    } else {
        [0, 0]
    }
}
