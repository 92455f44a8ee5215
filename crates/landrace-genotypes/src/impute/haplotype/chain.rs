//! The Li-Stephens model of one haplotype: a mosaic of others, forward and backward.
//!
//! Li and Stephens, Genetics 2003, 165:2213. The step between variants costs O(states), since a change of haplotype
//! goes to each with its weight.

use super::draws::Draws;
use super::kernel::{self, Emission, Step};
use super::rows::Haplotypes;

/// Floats of forward sums that are kept; longer chains keep every so many and compute the rest again.
const KEPT: usize = 4 << 20;

/// The haplotypes that may be copied, at the variants that were seen. Equal ones are one state.
#[derive(Clone, Debug, Default)]
pub(super) struct States {
    /// Chance of each state at a change; they sum to 1.
    pub(super) weights: Vec<f32>,
    /// Variants × states: the allele in 255ths.
    pub(super) alleles: Vec<u8>,
    /// State and haplotype of each haplotype that may be copied, by state.
    pub(super) members: Vec<(u32, u32)>,
}

impl States {
    /// Every haplotype, those equal at the rows put together.
    pub(super) fn all(panel: &Haplotypes, rows: &[usize]) -> Self {
        let (classes, count) = panel.classes(rows.iter().copied());
        let mut members: Vec<(u32, u32)> = classes.into_iter().zip(0..).collect();
        members.sort_unstable();
        let mut weights = vec![0f32; count];
        members.iter().for_each(|member| weights[member.0 as usize] += 1.0);
        weights.iter_mut().for_each(|weight| *weight /= panel.haplotypes().max(1) as f32);
        let mut first = members.clone();
        first.dedup_by_key(|member| member.0);
        let haplotypes: Vec<u32> = first.iter().map(|member| member.1).collect();
        Self { weights, alleles: gather(panel, rows, &haplotypes), members }
    }

    /// The haplotypes named.
    pub(super) fn chosen(panel: &Haplotypes, rows: &[usize], haplotypes: &[u32]) -> Self {
        Self {
            weights: vec![1.0 / haplotypes.len().max(1) as f32; haplotypes.len()],
            alleles: gather(panel, rows, haplotypes),
            members: (0..).zip(haplotypes.iter().copied()).collect(),
        }
    }

    /// Number of states.
    pub(super) fn count(&self) -> usize {
        self.weights.len()
    }

    /// The alleles of the states at the n-th variant seen.
    pub(super) fn row(&self, row: usize) -> &[u8] {
        &self.alleles[row * self.count()..(row + 1) * self.count()]
    }
}

fn gather(panel: &Haplotypes, rows: &[usize], haplotypes: &[u32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(rows.len() * haplotypes.len());
    for &row in rows {
        let bits = panel.row(row);
        out.extend(haplotypes.iter().map(|&h| 255 * ((bits[h as usize / 64] >> (h % 64)) & 1) as u8));
    }
    out
}

/// Buffers of one thread.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Forward vectors at every so many variants.
    marks: Vec<f32>,
    /// Forward vectors of a run of variants.
    run: Vec<f32>,
    /// One over the sum of the forward vector of each variant.
    scales: Vec<f32>,
    backward: Vec<f32>,
}

/// Between two variants seen (or before the first, or after the last): all that lies behind in `f`, all that lies
/// ahead in `g`, not yet brought together.
pub(super) struct Between<'a> {
    /// Index of the variant ahead; their number after the last.
    pub(super) gap: usize,
    /// Forward vector of the variant behind; times `scale` it sums to 1.
    pub(super) f: &'a [f32],
    pub(super) scale: f32,
    /// Backward vector of the variant ahead with what was seen there; times `ahead` its mean by weights is 1.
    pub(super) g: &'a [f32],
    pub(super) ahead: f32,
}

/// Runs the model for one haplotype with `emissions[v]` at the v-th variant and `steps[v]` before it (the first is
/// not used); `visit` gets every gap, from the last to the first. Gives the log-likelihood.
pub(super) fn forward_backward(
    states: &States,
    steps: &[Step],
    emissions: &[Emission],
    scratch: &mut Scratch,
    mut visit: impl FnMut(&Between<'_>),
) -> f64 {
    let (variants, n) = (emissions.len(), states.count());
    let size = run_length(variants, n);
    let log_likelihood = forward(states, steps, emissions, scratch);
    let Scratch { marks, run, scales, backward } = scratch;
    backward.clear();
    backward.resize(n, 1.0);
    let mut ahead = 1.0;
    let mut loaded = variants.saturating_sub(1) / size;
    for variant in (0..variants).rev() {
        if variant / size != loaded {
            loaded = variant / size;
            let first = loaded * size;
            run[..n].copy_from_slice(&marks[loaded * n..(loaded + 1) * n]);
            for next in first + 1..(first + size).min(variants) {
                step_forward(states, steps, emissions, run, (next, size), scales[next - 1]);
            }
        }
        let f = &run[variant % size * n..][..n];
        visit(&Between { gap: variant + 1, f, scale: scales[variant], g: backward, ahead });
        // Nothing lies beyond the last variant: its vector is 1 as it stands.
        let step = steps.get(variant + 1).copied().unwrap_or(Step { stay: 1.0, jump: 0.0 });
        let step = Step { stay: step.stay * ahead, jump: step.jump };
        let sum = kernel::retreat(backward, &states.weights, states.row(variant), step, emissions[variant]);
        ahead = 1.0 / sum;
    }
    visit(&Between { gap: 0, f: &states.weights, scale: 1.0, g: backward, ahead });
    log_likelihood
}

/// Draws a mosaic given what was seen: the state at each variant, into `path`.
pub(super) fn draw_path(
    states: &States,
    steps: &[Step],
    emissions: &[Emission],
    (scratch, draws): (&mut Scratch, &mut Draws),
    path: &mut Vec<u32>,
) {
    let (variants, n) = (emissions.len(), states.count());
    let size = run_length(variants, n);
    forward(states, steps, emissions, scratch);
    let Scratch { marks, run, scales, .. } = scratch;
    path.clear();
    path.resize(variants, 0);
    let mut loaded = variants.saturating_sub(1) / size;
    for variant in (0..variants).rev() {
        if variant / size != loaded {
            loaded = variant / size;
            let first = loaded * size;
            run[..n].copy_from_slice(&marks[loaded * n..(loaded + 1) * n]);
            for next in first + 1..(first + size).min(variants) {
                step_forward(states, steps, emissions, run, (next, size), scales[next - 1]);
            }
        }
        let f = &run[variant % size * n..][..n];
        let ahead = path.get(variant + 1).copied();
        let total = 1.0 / scales[variant];
        path[variant] = match ahead {
            Some(state) => {
                let step = steps[variant + 1];
                let stay = step.stay * f[state as usize] * scales[variant];
                let jump = step.jump * states.weights[state as usize];
                if draws.unit() * f64::from(stay + jump) < f64::from(stay) {
                    state
                } else {
                    draws.index(f, total) as u32
                }
            }
            None => draws.index(f, total) as u32,
        };
    }
}

fn run_length(variants: usize, states: usize) -> usize {
    if variants * states <= KEPT { variants.max(1) } else { variants.isqrt().max(1) }
}

/// Fills the marks, the last run and the scales.
fn forward(states: &States, steps: &[Step], emissions: &[Emission], scratch: &mut Scratch) -> f64 {
    let (variants, n) = (emissions.len(), states.count());
    let size = run_length(variants, n);
    let Scratch { marks, run, scales, .. } = scratch;
    scales.clear();
    marks.clear();
    run.resize(size.min(variants.max(1)) * n, 0.0);
    let mut log_likelihood = 0.0;
    for variant in 0..variants {
        let sum = if variant == 0 {
            run[..n].copy_from_slice(&states.weights);
            kernel::emit(&mut run[..n], states.row(0), emissions[0])
        } else {
            step_forward(states, steps, emissions, run, (variant, size), scales[variant - 1])
        };
        if variant % size == 0 {
            marks.extend_from_slice(&run[..n]);
        }
        log_likelihood += f64::from(sum).ln();
        scales.push(1.0 / sum);
    }
    log_likelihood
}

/// Makes the forward vector of a variant from that before it, within the run.
fn step_forward(
    states: &States,
    steps: &[Step],
    emissions: &[Emission],
    run: &mut [f32],
    (variant, size): (usize, usize),
    scale: f32,
) -> f32 {
    let n = states.count();
    let (to, from) = (variant % size * n, (variant - 1) % size * n);
    run.copy_within(from..from + n, to);
    let step = Step { stay: steps[variant].stay * scale, jump: steps[variant].jump };
    kernel::advance(&mut run[to..to + n], &states.weights, states.row(variant), step, emissions[variant])
}
