//! Imputing from a panel of phased haplotypes.

use rayon::prelude::*;

use super::beam::{Beam, Phase, phase};
use super::chain::{Scratch, States, forward_backward};
use super::donors::{Columns, by_rank, centres};
use super::draws::Draws;
use super::gaps::{Gaps, Routes};
use super::kernel::{Emission, Step};
use super::likelihood::{Gibbs, Likelihoods, Rounds, Sketch, alone};
use super::model::{Expected, Rates, expect, posterior};
use super::pbwt::longest_matches;
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

/// The calls of a sample at the variants seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Calls {
    /// Dosages 0, 1, 2 or [`MISSING`] of a diploid.
    Diploid(Vec<u8>),
    /// Alleles 0, 1 or [`MISSING`] of a haploid, or of an inbred line.
    Haploid(Vec<u8>),
    /// Likelihoods of a diploid's dosages.
    Likelihoods(Likelihoods),
    /// Likelihoods of a haploid's alleles, or an inbred line's, as those of dosages 0 and 2.
    HaploidLikelihoods(Likelihoods),
}

/// What is known of a sample after imputation, one value a variant of the panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImputedSample {
    /// Chances of dosage 1 and 2 of a diploid; of allele 1, and nothing, of a haploid.
    pub chances: Vec<[f32; 2]>,
    /// The likeliest alleles, phased; the second is that of a diploid alone.
    pub alleles: Vec<[u8; 2]>,
    /// Whether it is one haplotype.
    pub is_haploid: bool,
}

/// How much work imputation does.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Haplotypes that a sample may copy in a stretch. If the panel has fewer different ones, all serve.
    pub states: usize,
    /// Pairs of haplotypes that are followed while phasing.
    pub beam: usize,
    /// Phases that imputation averages over.
    pub phases: usize,
    /// Whether variants that were not seen are imputed.
    pub fills_gaps: bool,
    /// Haplotypes that a sample of low coverage may copy.
    pub sketched: usize,
    /// Seed of what is drawn.
    pub seed: u64,
}

impl Default for Effort {
    fn default() -> Self {
        Self { states: 800, beam: 16, phases: 8, fills_gaps: true, sketched: 600, seed: 1 }
    }
}

/// What the samples of a stretch have in common.
struct Prepared<'a> {
    stretch: Stretch<'a>,
    gaps: Gaps,
    steps: Vec<Step>,
    rates: Rates,
    effort: Effort,
}

/// The haplotypes that a sample may copy.
struct Donors {
    states: States,
    routes: Routes,
}

/// Imputes samples from their calls at the variants seen.
pub fn impute_stretch(
    stretch: Stretch<'_>,
    calls: &[Calls],
    rates: Rates,
    effort: Effort,
) -> Vec<ImputedSample> {
    let change = |a: usize, b: usize| rates.change_over(stretch.places[b] - stretch.places[a]);
    let gaps = if effort.fills_gaps {
        Gaps::new(stretch.panel, stretch.seen, change)
    } else {
        Gaps::none(stretch.seen.len())
    };
    let places: Vec<f64> = stretch.seen.iter().map(|&row| stretch.places[row]).collect();
    let prepared = Prepared { stretch, gaps, steps: rates.steps(&places), rates, effort };
    let states = States::all(stretch.panel, stretch.seen);
    if states.count() <= effort.states {
        let donors = Donors { routes: prepared.gaps.routes(&states), states };
        let work = |scratch: &mut Scratch, calls: &Calls| prepared.sample(&donors, calls, scratch);
        return calls.par_iter().map_init(Scratch::default, work).collect();
    }
    drop(states);
    let chosen = choose_donors(&prepared, calls);
    let sketch = calls
        .iter()
        .any(Calls::is_likelihood)
        .then(|| Sketch::new(stretch.panel, stretch.seen, stretch.places, rates));
    let work = |scratch: &mut Scratch, (calls, chosen): (&Calls, &Vec<u32>)| match (calls, &sketch) {
        (Calls::Likelihoods(own) | Calls::HaploidLikelihoods(own), Some(sketch)) => {
            let chosen = sketch.choose(own, (effort.sketched, rates.error as f32), scratch);
            prepared.sample(&prepared.donors(&chosen), calls, scratch)
        }
        _ => prepared.sample(&prepared.donors(chosen), calls, scratch),
    };
    calls.par_iter().zip(&chosen).map_init(Scratch::default, work).collect()
}

/// Chooses the haplotypes of each sample: for its first phase by homozygous calls, then by the longest matches of
/// its haplotypes.
fn choose_donors(prepared: &Prepared<'_>, calls: &[Calls]) -> Vec<Vec<u32>> {
    let Stretch { panel, seen, .. } = prepared.stretch;
    if calls.iter().all(Calls::is_likelihood) {
        return vec![Vec::new(); calls.len()];
    }
    let count = prepared.effort.states;
    let columns = Columns::new(panel, seen);
    let centres = centres(seen.len(), (seen.len() / 24).max(4));
    let beam = Beam { width: 4, floor: 6.0, error: prepared.rates.error as f32 };
    // The first guess of each sample's haplotypes.
    let guesses: Vec<Vec<Vec<u8>>> = calls
        .par_iter()
        .map(|calls| match calls {
            Calls::Haploid(alleles) => vec![alleles.clone()],
            Calls::Likelihoods(_) | Calls::HaploidLikelihoods(_) => Vec::new(),
            Calls::Diploid(calls) => {
                let first = columns.choose(calls, &centres, count.min(400));
                let states = States::chosen(panel, seen, &first);
                let best = phase(&states, &prepared.steps, calls, beam).swap_remove(0);
                [0, 1].map(|side| best.alleles.iter().map(|pair| pair[side]).collect()).into()
            }
        })
        .collect();
    let queries: Vec<&Vec<u8>> = guesses.iter().flatten().collect();
    let (own, all) = (panel.haplotypes(), panel.haplotypes() + queries.len());
    let frequent: Vec<u8> = seen.iter().map(|&row| u8::from(panel.frequency(row) > 0.5)).collect();
    let allele = |variant: usize, haplotype: usize| match haplotype.checked_sub(own) {
        None => panel.allele(seen[variant], haplotype),
        Some(query) => match queries[query][variant] {
            MISSING => frequent[variant],
            allele => allele,
        },
    };
    let numbers: Vec<u32> = (own as u32..all as u32).collect();
    let each = count.div_ceil(centres.len().max(1)).max(8);
    let may = |_: u32, other: u32| (other as usize) < own;
    let mut lists = longest_matches((seen.len(), all), allele, (&numbers, &centres), each, may).into_iter();
    let mut own_lists = |guess: &Vec<Vec<u8>>| lists.by_ref().take(guess.len()).flatten().collect::<Vec<_>>();
    guesses.iter().map(|guess| by_rank(&own_lists(guess), count)).collect()
}

/// Learns how often haplotypes change from some samples' calls in a stretch, by expectation and maximisation.
pub(super) fn learn(stretch: Stretch<'_>, calls: &[Calls], start: Rates, effort: Effort) -> Rates {
    const ROUNDS: usize = 4;
    let places: Vec<f64> = stretch.seen.iter().map(|&row| stretch.places[row]).collect();
    let mut rates = start;
    let mut prepared =
        Prepared { stretch, gaps: Gaps::none(places.len()), steps: rates.steps(&places), rates, effort };
    let states = States::all(stretch.panel, stretch.seen);
    let is_shared = states.count() <= effort.states;
    let shared = Donors { routes: Routes::default(), states };
    let chosen = if is_shared { vec![Vec::new(); calls.len()] } else { choose_donors(&prepared, calls) };
    for _ in 0..ROUNDS {
        prepared.rates = rates;
        prepared.steps = rates.steps(&places);
        let count = |scratch: &mut Scratch, (calls, chosen): (&Calls, &Vec<u32>)| {
            let own = (!is_shared).then(|| States::chosen(stretch.panel, stretch.seen, chosen));
            prepared.expected(own.as_ref().unwrap_or(&shared.states), &places, calls, scratch)
        };
        let counts: Vec<Expected> = calls.par_iter().zip(&chosen).map_init(Scratch::default, count).collect();
        let mut sum = Expected::default();
        counts.iter().for_each(|count| sum.add(count));
        rates = sum.rates(rates);
    }
    rates
}

impl Prepared<'_> {
    fn donors(&self, chosen: &[u32]) -> Donors {
        let states = States::chosen(self.stretch.panel, self.stretch.seen, chosen);
        Donors { routes: self.gaps.routes(&states), states }
    }

    fn expected(&self, states: &States, places: &[f64], calls: &Calls, scratch: &mut Scratch) -> Expected {
        let mut sum = Expected::default();
        let mut add =
            |alleles: &[u8]| sum.add(&expect(states, (&self.steps, places, self.rates), alleles, scratch));
        match calls {
            Calls::Haploid(alleles) => add(alleles),
            Calls::Likelihoods(_) | Calls::HaploidLikelihoods(_) => {}
            Calls::Diploid(calls) => {
                let beam = Beam { width: 4, floor: 6.0, error: self.rates.error as f32 };
                if let Some(best) = phase(states, &self.steps, calls, beam).first() {
                    for side in 0..2 {
                        add(&best.alleles.iter().map(|pair| pair[side]).collect::<Vec<u8>>());
                    }
                }
            }
        }
        sum
    }

    fn sample(&self, donors: &Donors, calls: &Calls, scratch: &mut Scratch) -> ImputedSample {
        match calls {
            Calls::Diploid(calls) => self.diploid(donors, calls, scratch),
            Calls::Haploid(alleles) => ImputedSample::of_haploid(&self.haploid(donors, alleles, scratch)),
            Calls::Likelihoods(own) => self.low_coverage(donors, own, scratch),
            Calls::HaploidLikelihoods(own) => {
                let emissions = alone(own, self.rates.error as f32);
                ImputedSample::of_haploid(&self.chances(donors, &emissions, scratch))
            }
        }
    }

    fn diploid(&self, donors: &Donors, calls: &[u8], scratch: &mut Scratch) -> ImputedSample {
        let beam = Beam { width: self.effort.beam, floor: 9.0, error: self.rates.error as f32 };
        let mut phases = phase(&donors.states, &self.steps, calls, beam);
        phases.truncate(self.effort.phases.max(1));
        phases.retain(|phase| phase.weight > 0.01);
        let total: f64 = phases.iter().map(|phase| phase.weight).sum();
        let mut out =
            ImputedSample { chances: vec![[0.0; 2]; self.stretch.panel.rows()], ..ImputedSample::default() };
        let mut first: Option<[Vec<f32>; 2]> = None;
        for Phase { weight, alleles } in &phases {
            let shares = [0, 1].map(|side| {
                let own: Vec<u8> = alleles.iter().map(|pair| pair[side]).collect();
                self.haploid(donors, &own, scratch)
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
        out.alleles =
            out.chances.iter().zip(a.iter().zip(&b)).map(|(c, (&a, &b))| likeliest(*c, a, b)).collect();
        out
    }

    /// Chance of allele 1 at each of the panel's variants, of one haplotype whose alleles were seen.
    fn haploid(&self, donors: &Donors, alleles: &[u8], scratch: &mut Scratch) -> Vec<f32> {
        let error = self.rates.error as f32;
        let emissions: Vec<Emission> = alleles.iter().map(|&a| Emission::of_allele(a, error)).collect();
        let mut out = self.chances(donors, &emissions, scratch);
        for (&row, &allele) in self.stretch.seen.iter().zip(alleles) {
            if allele != MISSING {
                out[row] = f32::from(allele);
            }
        }
        out
    }

    /// Chance of allele 1 at each of the panel's variants, of one haplotype, by what was seen.
    fn chances(&self, donors: &Donors, emissions: &[Emission], scratch: &mut Scratch) -> Vec<f32> {
        let mut out = vec![0f32; self.stretch.panel.rows()];
        let mut sums = Vec::new();
        forward_backward(&donors.states, &self.steps, emissions, scratch, |between| {
            self.gaps.spread(&donors.routes, &donors.states, between, &mut sums, &mut out);
            if let Some(behind) = between.gap.checked_sub(1) {
                out[self.stretch.seen[behind]] =
                    posterior(&donors.states, &self.steps, between, behind).1 as f32;
            }
        });
        out
    }

    /// A diploid of few reads: the chances given many draws of its haplotypes, averaged.
    fn low_coverage(
        &self,
        donors: &Donors,
        likelihoods: &[[f32; 3]],
        scratch: &mut Scratch,
    ) -> ImputedSample {
        let task = likelihoods.iter().fold(self.stretch.seen.len() as u64, |sum, own| {
            sum.rotate_left(5)
                ^ u64::from(own[0].to_bits() ^ own[1].to_bits().rotate_left(8) ^ own[2].to_bits())
        });
        let mut draws = Draws::new(self.effort.seed, task);
        let rounds = Rounds::default();
        let gibbs = Gibbs {
            states: &donors.states,
            steps: &self.steps,
            likelihoods,
            error: self.rates.error as f32,
            rounds,
        };
        let rows = self.stretch.panel.rows();
        let mut sums = vec![[0f32; 2]; rows];
        let mut last: [Vec<f32>; 2] = [vec![0.0; rows], vec![0.0; rows]];
        let share = 1.0 / rounds.kept as f32;
        let mut is_seen = vec![false; rows];
        self.stretch.seen.iter().for_each(|&row| is_seen[row] = true);
        gibbs.run(&mut draws, scratch, |emissions, scratch, other, side| {
            last[side] = self.chances(donors, emissions, scratch);
            // Where there were reads the two haplotypes hang together: one is as drawn.
            for (&row, &other) in self.stretch.seen.iter().zip(other) {
                let own = last[side][row];
                let [one, two] = if other == 0 { [own, 0.0] } else { [1.0 - own, own] };
                sums[row][0] += share / 2.0 * one;
                sums[row][1] += share / 2.0 * two;
            }
            if side == 1 {
                for row in (0..rows).filter(|&row| !is_seen[row]) {
                    let (a, b) = (last[0][row], last[1][row]);
                    sums[row][0] += share * (a * (1.0 - b) + b * (1.0 - a));
                    sums[row][1] += share * a * b;
                }
            }
        });
        let alleles =
            sums.iter().zip(last[0].iter().zip(&last[1])).map(|(c, (&a, &b))| likeliest(*c, a, b)).collect();
        ImputedSample { chances: sums, alleles, is_haploid: false }
    }
}

impl Calls {
    fn is_likelihood(&self) -> bool {
        matches!(self, Self::Likelihoods(_) | Self::HaploidLikelihoods(_))
    }
}

impl ImputedSample {
    fn of_haploid(shares: &[f32]) -> Self {
        Self {
            chances: shares.iter().map(|&share| [share, 0.0]).collect(),
            alleles: shares.iter().map(|&share| [u8::from(share >= 0.5), 0]).collect(),
            is_haploid: true,
        }
    }
}

/// The likeliest genotype, in the order in which the haplotypes carry it.
pub(super) fn likeliest(chances: [f32; 2], a: f32, b: f32) -> [u8; 2] {
    let none = 1.0 - chances[0] - chances[1];
    if chances[1] >= chances[0] && chances[1] >= none {
        [1, 1]
    } else if chances[0] >= none {
        if a >= b { [1, 0] } else { [0, 1] }
    } else {
        [0, 0]
    }
}
