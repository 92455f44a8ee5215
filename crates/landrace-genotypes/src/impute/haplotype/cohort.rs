//! Without a panel: every sample copies the others' haplotypes, as they are known so far, in rounds.
//!
//! A haplotype's allele is held in 255ths, 0 and 255 for those that were seen: heterozygous calls are half and half
//! until they are phased, missing ones as frequent as in the cohort until they are imputed. In each round all samples
//! are worked on by what the round before left, so that their order does not matter. Rates are learnt in the first
//! rounds; the last are averaged. A missing allele is told by the copies that were seen: those that are themselves
//! imputed count little, since they may echo the sample's own calls.

use rayon::prelude::*;

use super::beam::{Beam, Phase, phase};
use super::chain::{Scratch, States, forward_backward};
use super::donors::{by_rank, centres};
use super::draws::Draws;
use super::kernel::{Emission, Step};
use super::model::{Expected, Rates, expect};
use super::pbwt::longest_matches;
use super::reference::{Effort, likeliest};
use super::tune::{CHANGES, best, foretold, votes};
use crate::plane::MISSING;

/// The calls of a stretch, sample by sample.
#[derive(Clone, Debug)]
pub struct CohortCalls {
    /// Place of each variant on the genetic map, in centimorgans.
    pub places: Vec<f64>,
    /// For each sample its dosages (0, 1, 2 or [`MISSING`]), or alleles (0, 1 or [`MISSING`]) of one haplotype.
    pub calls: Vec<Vec<u8>>,
    /// Whether each sample is one haplotype.
    pub is_haploid: Vec<bool>,
}

/// What was found of a sample in the cohort.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CohortSample {
    /// Variant and chances of dosage 1 and 2 (of allele 1, and nothing, of one haplotype) of each missing call.
    pub missing: Vec<(usize, [f32; 2])>,
    /// The likeliest alleles at every variant, phased; the second is that of a diploid alone.
    pub alleles: Vec<[u8; 2]>,
    /// Whether it is one haplotype.
    pub is_haploid: bool,
}

/// Rounds of phasing: those that only lead there, and those that are averaged.
const LEADING: usize = 6;
const AVERAGED: usize = 4;
/// The same where every sample is one haplotype.
const HAPLOID_LEADING: usize = 3;
/// Rounds after which the rates are learnt anew.
const LEARNING: usize = 2;
/// What of a change's weight goes evenly to all donors.
const EVEN: f32 = 0.1;
/// Gaps from one look at what is copied to the next.
const LOOK: usize = 4;
/// Samples from which they are learnt.
const LEARNERS: usize = 48;

struct Cohort<'a> {
    calls: &'a CohortCalls,
    effort: Effort,
    /// First column of each sample, and their number at the end.
    starts: Vec<usize>,
    /// Variants × columns: alleles in 255ths.
    alleles: Vec<u8>,
    rates: Rates,
    steps: Vec<Step>,
    /// For each sample, how much of it each column was copied into; empty before the first round.
    copied: Vec<Vec<f32>>,
}

/// What a round found of a sample.
#[derive(Default)]
struct Found {
    columns: Vec<Vec<u8>>,
    chances: Vec<[f32; 2]>,
    expected: Expected,
    /// Column by column, how much was copied.
    copied: Vec<f32>,
}

/// Phases and imputes a cohort from itself. Gives the samples and the rates that were learnt, if none are given.
pub fn impute_cohort(
    calls: &CohortCalls,
    rates: Option<Rates>,
    effort: Effort,
) -> (Vec<CohortSample>, Rates) {
    let mut cohort = Cohort::new(calls, rates, effort);
    let all_haploid = calls.is_haploid.iter().all(|&is_haploid| is_haploid);
    let (leading, averaged) = if all_haploid { (HAPLOID_LEADING, 1) } else { (LEADING, AVERAGED) };
    let missing: Vec<Vec<usize>> = calls
        .calls
        .iter()
        .map(|calls| (0..calls.len()).filter(|&variant| calls[variant] == MISSING).collect())
        .collect();
    let mut sums: Vec<Vec<[f32; 2]>> = missing.iter().map(|own| vec![[0.0; 2]; own.len()]).collect();
    for round in 0..leading + averaged {
        let is_last = round >= leading;
        let chosen = cohort.donors();
        let learns = rates.is_none() && round < LEARNING;
        let found: Vec<Found> = (0..calls.calls.len())
            .into_par_iter()
            .map_init(Scratch::default, |scratch, sample| {
                cohort.round(sample, (round, is_last, learns), (&chosen, &missing[sample]), scratch)
            })
            .collect();
        let mut expected = Expected::default();
        for (sample, found) in found.into_iter().enumerate() {
            expected.add(&found.expected);
            cohort.put(sample, &found.columns);
            if !found.copied.is_empty() {
                cohort.copied[sample] = found.copied;
            }
            if is_last {
                for (sum, chance) in sums[sample].iter_mut().zip(found.chances) {
                    (0..2).for_each(|dosage| sum[dosage] += chance[dosage] / averaged as f32);
                }
            }
        }
        if learns {
            cohort.rates = expected.rates_and_error(cohort.rates);
            if round + 1 == LEARNING {
                cohort.tune();
            }
            cohort.steps = cohort.rates.steps(&calls.places);
        }
    }
    let samples = missing.into_iter().zip(sums).enumerate();
    let samples = samples.map(|(sample, (missing, sums))| cohort.finish(sample, missing, sums)).collect();
    (samples, cohort.rates)
}

impl<'a> Cohort<'a> {
    fn new(calls: &'a CohortCalls, rates: Option<Rates>, effort: Effort) -> Self {
        let mut starts = vec![0];
        for &is_haploid in &calls.is_haploid {
            starts.push(starts[starts.len() - 1] + if is_haploid { 1 } else { 2 });
        }
        let columns = starts[starts.len() - 1];
        // Few close copies foretell better than many, and a cohort's rounds are many.
        let effort = Effort { states: effort.states.div_ceil(4), ..effort };
        let rates = rates.unwrap_or_else(|| Rates { error: 0.005, ..Rates::of_population(2e3, columns) });
        let mut alleles = Vec::with_capacity(calls.places.len() * columns);
        for variant in 0..calls.places.len() {
            let (mut sum, mut copies) = (0u64, 0u64);
            for (own, &is_haploid) in calls.calls.iter().zip(&calls.is_haploid) {
                if own[variant] != MISSING {
                    sum += u64::from(own[variant]);
                    copies += if is_haploid { 1 } else { 2 };
                }
            }
            let frequency = (255 * sum).checked_div(copies).unwrap_or(0).clamp(1, 254) as u8;
            for (own, &is_haploid) in calls.calls.iter().zip(&calls.is_haploid) {
                match (own[variant], is_haploid) {
                    (MISSING, true) => alleles.push(frequency),
                    (MISSING, false) => alleles.extend([frequency; 2]),
                    (allele, true) => alleles.push(255 * allele.min(1)),
                    (dosage, false) => alleles.extend([[0, 128, 255][usize::from(dosage.min(2))]; 2]),
                }
            }
        }
        let copied = vec![Vec::new(); calls.calls.len()];
        Self { calls, effort, starts, alleles, rates, steps: rates.steps(&calls.places), copied }
    }

    fn columns(&self) -> usize {
        self.starts[self.starts.len() - 1]
    }

    /// The columns that each sample may copy; `None` for all others.
    fn donors(&self) -> Option<Vec<Vec<u32>>> {
        let (variants, columns) = (self.calls.places.len(), self.columns());
        if columns <= self.effort.states {
            return None;
        }
        let centres = centres(variants, 24);
        let mut sample_of = vec![0u32; columns];
        for (sample, pair) in self.starts.windows(2).enumerate() {
            sample_of[pair[0]..pair[1]].fill(sample as u32);
        }
        let queries: Vec<u32> = (0..columns as u32).collect();
        let each = (2 * self.effort.states).div_ceil(centres.len().max(1)).max(8);
        let lists = longest_matches(
            (variants, columns),
            |variant, column| u8::from(self.alleles[variant * columns + column] >= 128),
            (&queries, &centres),
            each,
            |query, other| sample_of[query as usize] != sample_of[other as usize],
        );
        let own = self.starts.windows(2).map(|pair| {
            let lists: Vec<Vec<u32>> = lists[pair[0]..pair[1]].iter().flatten().cloned().collect();
            by_rank(&lists, self.effort.states)
        });
        Some(own.collect())
    }

    fn states(&self, sample: usize, chosen: &Option<Vec<Vec<u32>>>) -> States {
        let own = self.starts[sample]..self.starts[sample + 1];
        let columns: Vec<usize> = match chosen {
            Some(chosen) => chosen[sample].iter().map(|&column| column as usize).collect(),
            None => (0..self.columns()).filter(|column| !own.contains(column)).collect(),
        };
        let mut alleles = Vec::with_capacity(columns.len() * self.calls.places.len());
        for row in self.alleles.chunks_exact(self.columns()) {
            alleles.extend(columns.iter().map(|&column| row[column]));
        }
        States {
            weights: self.weights(sample, &columns),
            alleles,
            members: (0..).zip(columns.iter().map(|&column| column as u32)).collect(),
        }
    }

    /// The chance of each donor at a change: as much as was copied of it in the round before, and a little of all,
    /// so that relatives and the sample's own population are preferred.
    fn weights(&self, sample: usize, columns: &[usize]) -> Vec<f32> {
        let even = 1.0 / columns.len().max(1) as f32;
        let copied = &self.copied[sample];
        let total: f32 = columns.iter().filter_map(|&column| copied.get(column)).sum();
        if total <= 0.0 {
            return vec![even; columns.len()];
        }
        columns.iter().map(|&column| EVEN * even + (1.0 - EVEN) * copied[column] / total).collect()
    }

    /// Works on a sample: its phase, its missing alleles, and what they say of the rates.
    fn round(
        &self,
        sample: usize,
        (round, is_last, learns): (usize, bool, bool),
        (chosen, missing): (&Option<Vec<Vec<u32>>>, &[usize]),
        scratch: &mut Scratch,
    ) -> Found {
        let calls = &self.calls.calls[sample];
        let is_haploid = self.calls.is_haploid[sample];
        let learns = learns && sample.is_multiple_of(self.calls.calls.len().div_ceil(LEARNERS).max(1));
        let is_known = missing.is_empty() && (is_haploid || !calls.contains(&1));
        if (is_known && !learns) || self.columns() < 3 {
            return Found::default();
        }
        let states = self.states(sample, chosen);
        let phases = if is_haploid {
            vec![Phase { weight: 1.0, alleles: calls.iter().map(|&allele| [allele, MISSING]).collect() }]
        } else {
            self.phases(&states, calls, (sample, round, is_last))
        };
        let sides = if is_haploid { 1 } else { 2 };
        let mut found = Found { chances: vec![[0.0; 2]; missing.len()], ..Found::default() };
        for Phase { weight, alleles } in &phases {
            let mut shares: Vec<Vec<f32>> = Vec::new();
            for side in 0..sides {
                let own: Vec<u8> = alleles.iter().map(|pair| pair[side]).collect();
                if learns && shares.len() == side && found.columns.is_empty() {
                    let given = (self.steps.as_slice(), self.calls.places.as_slice(), self.rates);
                    found.expected.add(&expect(&states, given, &own, scratch));
                }
                shares.push(self.missing_alleles(&states, &own, scratch, &mut found.copied));
            }
            for (index, chance) in found.chances.iter_mut().enumerate() {
                let (a, b) = (shares[0][index], if is_haploid { 0.0 } else { shares[1][index] });
                chance[0] += *weight as f32 * (a * (1.0 - b) + b * (1.0 - a));
                chance[1] += *weight as f32 * a * b;
            }
            if found.columns.is_empty() {
                found.columns = (0..sides).map(|side| soft(alleles, side, missing, &shares[side])).collect();
            }
        }
        found
    }

    /// In the leading rounds one phase, drawn; in the last ones the likeliest, by their weights.
    fn phases(
        &self,
        states: &States,
        calls: &[u8],
        (sample, round, is_last): (usize, usize, bool),
    ) -> Vec<Phase> {
        let width = if is_last { self.effort.beam } else { self.effort.beam.div_ceil(2) };
        let beam = Beam { width, floor: 6.0, error: self.rates.error as f32 };
        let mut phases = phase(states, &self.steps, calls, beam);
        if is_last {
            phases.truncate(2);
            let total: f64 = phases.iter().map(|phase| phase.weight).sum();
            phases.iter_mut().for_each(|phase| phase.weight /= total);
            return phases;
        }
        let task = (sample as u64) << 8 | round as u64;
        let mut left = Draws::new(self.effort.seed, task).unit();
        let chosen = phases.iter().position(|phase| {
            left -= phase.weight;
            left < 0.0
        });
        let mut phase = phases.swap_remove(chosen.unwrap_or(0));
        phase.weight = 1.0;
        vec![phase]
    }

    /// The chance of allele 1 at each variant where the haplotype's allele is missing.
    fn missing_alleles(
        &self,
        states: &States,
        alleles: &[u8],
        scratch: &mut Scratch,
        copied: &mut Vec<f32>,
    ) -> Vec<f32> {
        let error = self.rates.error as f32;
        let emissions: Vec<Emission> = alleles.iter().map(|&a| Emission::of_allele(a, error)).collect();
        let mut out = Vec::new();
        copied.resize(self.columns(), 0.0);
        forward_backward(states, &self.steps, &emissions, scratch, |between| {
            let Some(behind) = between.gap.checked_sub(1) else { return };
            if behind % LOOK == LOOK / 2 {
                let sum: f32 = between.f.iter().zip(between.g).map(|(f, g)| f * g).sum();
                for (member, (f, g)) in states.members.iter().zip(between.f.iter().zip(between.g)) {
                    copied[member.1 as usize] += f * g / sum;
                }
            }
            if alleles[behind] == MISSING {
                let [zero, one] = votes(states, &self.steps, between, behind);
                out.push(one / (zero + one).max(f32::MIN_POSITIVE));
            }
        });
        out.reverse();
        out
    }

    /// Chooses the rates by which some samples' known alleles are foretold best.
    fn tune(&mut self) {
        let chosen = self.donors();
        let every = self.calls.calls.len().div_ceil(LEARNERS).max(1);
        let learners: Vec<usize> = (0..self.calls.calls.len()).step_by(every).collect();
        let width = self.columns();
        let try_rates = |cohort: &Self, rates: Vec<Rates>| -> Vec<f64> {
            let sums = learners.par_iter().map_init(Scratch::default, |scratch, &sample| {
                let states = cohort.states(sample, &chosen);
                let mut sums = vec![0.0; rates.len()];
                for column in cohort.starts[sample]..cohort.starts[sample + 1] {
                    let calls = cohort.calls.calls[sample].iter().enumerate();
                    let alleles: Vec<u8> = calls
                        .map(|(variant, &call)| match call {
                            MISSING => MISSING,
                            _ => u8::from(cohort.alleles[variant * width + column] >= 128),
                        })
                        .collect();
                    for (sum, &rates) in sums.iter_mut().zip(&rates) {
                        *sum += foretold(&states, (&cohort.calls.places, rates), &alleles, scratch);
                    }
                }
                sums
            });
            let all: Vec<Vec<f64>> = sums.collect();
            (0..rates.len()).map(|index| all.iter().map(|own| own[index]).sum()).collect()
        };
        let now = self.rates;
        let tried = CHANGES.map(|factor| Rates { change: now.change * factor, ..now });
        self.rates.change *= best(&CHANGES, &try_rates(self, tried.to_vec()));
    }

    fn put(&mut self, sample: usize, columns: &[Vec<u8>]) {
        let width = self.columns();
        for (own, column) in columns.iter().zip(self.starts[sample]..) {
            for (variant, &allele) in own.iter().enumerate() {
                self.alleles[variant * width + column] = allele;
            }
        }
    }

    fn finish(&self, sample: usize, missing: Vec<usize>, sums: Vec<[f32; 2]>) -> CohortSample {
        let width = self.columns();
        let start = self.starts[sample];
        let is_haploid = self.calls.is_haploid[sample];
        let share =
            |variant: usize, side: usize| f32::from(self.alleles[variant * width + start + side]) / 255.0;
        let mut alleles: Vec<[u8; 2]> = self.calls.calls[sample]
            .iter()
            .enumerate()
            .map(|(variant, &call)| match (call, is_haploid) {
                (1, false) => {
                    if share(variant, 0) >= share(variant, 1) {
                        [1, 0]
                    } else {
                        [0, 1]
                    }
                }
                (2, _) => [1, 1],
                (call, _) => [call.min(1); 2],
            })
            .collect();
        for (&variant, &chances) in missing.iter().zip(&sums) {
            alleles[variant] = if is_haploid {
                [u8::from(chances[0] >= 0.5); 2]
            } else {
                likeliest(chances, share(variant, 0), share(variant, 1))
            };
        }
        CohortSample { missing: missing.into_iter().zip(sums).collect(), alleles, is_haploid }
    }
}

/// A haplotype's alleles in 255ths, those that are missing by their chances.
fn soft(alleles: &[[u8; 2]], side: usize, missing: &[usize], shares: &[f32]) -> Vec<u8> {
    let mut out: Vec<u8> = alleles.iter().map(|pair| if pair[side] == 1 { 255 } else { 0 }).collect();
    for (&variant, &share) in missing.iter().zip(shares) {
        // 0 and 255 are of alleles that were seen.
        out[variant] = (255.0 * share).round().clamp(1.0, 254.0) as u8;
    }
    out
}
