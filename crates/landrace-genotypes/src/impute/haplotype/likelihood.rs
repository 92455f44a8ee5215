//! Low coverage: haplotypes drawn by turns, each given the other and the likelihoods of the genotypes.
//!
//! The scheme is Gibbs sampling as in GLIMPSE (Rubinacci et al., Nature Genetics 2021, 53:120): with one haplotype
//! held, the likelihoods of genotypes are those of the other's alleles, and its mosaic is drawn from the haploid
//! model. Now and then the two are phased anew at their heterozygous variants, which single draws hardly change. After
//! the first rounds the chances given each draw are averaged.

use super::beam::{Beam, phase};
use super::chain::{Between, Scratch, States, draw_path, forward_backward};
use super::draws::Draws;
use super::kernel::{Emission, Step};
use super::model::Rates;
use super::rows::Haplotypes;

/// Likelihoods of dosages 0, 1 and 2 at each variant seen.
pub type Likelihoods = Vec<[f32; 3]>;

/// Rounds of draws.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rounds {
    pub(super) burn_in: usize,
    pub(super) kept: usize,
}

impl Default for Rounds {
    fn default() -> Self {
        Self { burn_in: 8, kept: 12 }
    }
}

/// The emission of a haplotype whose copied allele may be in error, by the likelihoods of its own alleles.
fn emission(own: [f32; 2], error: f32) -> Emission {
    let mix = |right: f32, wrong: f32| right * (1.0 - error) + wrong * error;
    Emission::new(mix(own[0], own[1]), mix(own[1], own[0]))
}

/// Chances of a haplotype's alleles at each variant seen, given the other haplotype's.
pub(super) fn given(likelihoods: &[[f32; 3]], other: &[u8], error: f32) -> Vec<Emission> {
    let one = |(own, &other): (&[f32; 3], &u8)| {
        emission([own[usize::from(other)], own[usize::from(other) + 1]], error)
    };
    likelihoods.iter().zip(other).map(one).collect()
}

/// The same of a haploid, or of a line whose two haplotypes are equal.
pub(super) fn alone(likelihoods: &[[f32; 3]], error: f32) -> Vec<Emission> {
    likelihoods.iter().map(|own| emission([own[0], own[2]], error)).collect()
}

/// The same where nothing is known of the other haplotype but how frequent its alleles are.
fn averaged(likelihoods: &[[f32; 3]], frequencies: &[f32], error: f32) -> Vec<Emission> {
    let one = |(own, &p): (&[f32; 3], &f32)| {
        emission([own[0] * (1.0 - p) + own[1] * p, own[1] * (1.0 - p) + own[2] * p], error)
    };
    likelihoods.iter().zip(frequencies).map(one).collect()
}

/// Variants by which donors are chosen, at most.
const SKETCH: usize = 1500;

/// What choosing donors needs of a stretch: all haplotypes at some frequent variants.
pub(super) struct Sketch {
    /// Indices among the variants seen.
    chosen: Vec<usize>,
    states: States,
    frequencies: Vec<f32>,
    steps: Vec<Step>,
}

impl Sketch {
    /// Takes variants whose rarer allele is not rare, evenly.
    pub(super) fn new(panel: &Haplotypes, seen: &[usize], places: &[f64], rates: Rates) -> Self {
        let frequent = |&index: &usize| (0.01..=0.99).contains(&panel.frequency(seen[index]));
        let all: Vec<usize> = (0..seen.len()).filter(frequent).collect();
        let every = all.len().div_ceil(SKETCH).max(1);
        let chosen: Vec<usize> = all.into_iter().step_by(every).collect();
        let rows: Vec<usize> = chosen.iter().map(|&index| seen[index]).collect();
        let at: Vec<f64> = rows.iter().map(|&row| places[row]).collect();
        Self {
            frequencies: rows.iter().map(|&row| panel.frequency(row) as f32).collect(),
            states: States::all(panel, &rows),
            steps: rates.steps(&at),
            chosen,
        }
    }

    /// The haplotypes most likely copied at some places, about `count`; ascending.
    pub(super) fn choose(
        &self,
        likelihoods: &[[f32; 3]],
        (count, error): (usize, f32),
        scratch: &mut Scratch,
    ) -> Vec<u32> {
        let own: Vec<[f32; 3]> = self.chosen.iter().map(|&index| likelihoods[index]).collect();
        let emissions = averaged(&own, &self.frequencies, error);
        let mut firsts = vec![0usize; self.states.count() + 1];
        self.states.members.iter().for_each(|member| firsts[member.0 as usize + 1] += 1);
        (0..self.states.count()).for_each(|state| firsts[state + 1] += firsts[state]);
        let every = (emissions.len() / 16).max(1);
        let mut lists: Vec<Vec<u32>> = Vec::new();
        forward_backward(&self.states, &self.steps, &emissions, scratch, |between: &Between<'_>| {
            if between.gap % every != every / 2 {
                return;
            }
            let mut ranked: Vec<(f32, usize)> = (between.f.iter().zip(between.g))
                .zip(&self.states.weights)
                .map(|((f, g), w)| f * g / w)
                .zip(0..)
                .collect();
            let kept = count.min(ranked.len());
            if kept < ranked.len() {
                ranked.select_nth_unstable_by(kept, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
                ranked.truncate(kept);
            }
            ranked.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            let members =
                ranked.iter().flat_map(|own| &self.states.members[firsts[own.1]..firsts[own.1 + 1]]);
            lists.push(members.map(|member| member.1).take(count).collect());
        });
        super::donors::by_rank(&lists, count)
    }
}

/// The rounds of a diploid.
pub(super) struct Gibbs<'a> {
    pub(super) states: &'a States,
    pub(super) steps: &'a [Step],
    pub(super) likelihoods: &'a [[f32; 3]],
    pub(super) error: f32,
    pub(super) rounds: Rounds,
}

impl Gibbs<'_> {
    /// Runs the rounds. In those that are kept, `keep` gets what the alleles of the haplotype of a side (0, then 1)
    /// are emitted by, and the alleles of the other that this was made from.
    pub(super) fn run(
        &self,
        draws: &mut Draws,
        scratch: &mut Scratch,
        mut keep: impl FnMut(&[Emission], &mut Scratch, &[u8], usize),
    ) {
        let mut haplotypes: [Vec<u8>; 2] = [Vec::new(), Vec::new()];
        let mut path: Vec<u32> = Vec::new();
        let n = self.states.count();
        let share = |row: usize| {
            let ones: f32 = self.states.row(row).iter().map(|&a| f32::from(a)).sum();
            ones / (255.0 * n.max(1) as f32)
        };
        let frequencies: Vec<f32> = (0..self.likelihoods.len()).map(share).collect();
        let first = averaged(self.likelihoods, &frequencies, self.error);
        draw_path(self.states, self.steps, &first, (scratch, draws), &mut path);
        haplotypes[1] = self.alleles(&path);
        for round in 0..self.rounds.burn_in + self.rounds.kept {
            for side in 0..2 {
                let emissions = given(self.likelihoods, &haplotypes[1 - side], self.error);
                draw_path(self.states, self.steps, &emissions, (scratch, draws), &mut path);
                haplotypes[side] = self.alleles(&path);
                if round >= self.rounds.burn_in {
                    keep(&emissions, scratch, &haplotypes[1 - side], side);
                }
            }
            if round % 2 == 1 {
                self.phase_anew(&mut haplotypes, draws);
            }
        }
    }

    fn alleles(&self, path: &[u32]) -> Vec<u8> {
        path.iter().enumerate().map(|(row, &state)| self.states.row(row)[state as usize] >> 7).collect()
    }

    /// Draws the phase of the heterozygous variants anew.
    fn phase_anew(&self, haplotypes: &mut [Vec<u8>; 2], draws: &mut Draws) {
        let calls: Vec<u8> = haplotypes[0].iter().zip(&haplotypes[1]).map(|(a, b)| a + b).collect();
        let beam = Beam { width: 8, floor: 5.0, error: self.error };
        let phases = phase(self.states, self.steps, &calls, beam);
        let mut left = draws.unit();
        let chosen = phases.iter().find(|phase| {
            left -= phase.weight;
            left < 0.0
        });
        let Some(chosen) = chosen.or(phases.first()) else { return };
        for side in 0..2 {
            haplotypes[side] = chosen.alleles.iter().map(|pair| pair[side]).collect();
        }
    }
}
