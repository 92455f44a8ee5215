//! How often haplotypes change and err, given or learnt from the calls.

use super::chain::{Between, Scratch, States, forward_backward};
use super::kernel::{self, Emission, Step};

/// Genotyping errs at least as often as this.
const LEAST_ERROR: f64 = 1e-4;

/// Rates of the model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Changes of haplotype a centimorgan.
    pub change: f64,
    /// Chance that an allele differs from the one copied.
    pub error: f64,
}

impl Rates {
    /// Those of a population of effective size `ne` whose `haplotypes` may be copied: 4 Ne d / H changes over d
    /// morgans, and the error of Li and Stephens: θ / 2(θ + H), with 1/θ the sum of 1/i below H.
    pub fn of_population(ne: f64, haplotypes: usize) -> Self {
        let copies = haplotypes.max(2) as f64;
        let theta = 1.0 / (1..haplotypes.max(2)).map(|i| 1.0 / i as f64).sum::<f64>();
        Self { change: 0.04 * ne / copies, error: (theta / (2.0 * (theta + copies))).max(LEAST_ERROR) }
    }

    /// The effective size that these changes mean for so many haplotypes.
    pub fn effective_size(self, haplotypes: usize) -> f64 {
        self.change * haplotypes as f64 / 0.04
    }

    /// Chance of a change over some centimorgans.
    pub(super) fn change_over(self, centimorgans: f64) -> f64 {
        -(-self.change * centimorgans.max(1e-9)).exp_m1()
    }

    /// The steps between variants at these places; the first is not used.
    pub(super) fn steps(self, places: &[f64]) -> Vec<Step> {
        let step = |distance: f64| {
            let jump = self.change_over(distance);
            Step { stay: (1.0 - jump) as f32, jump: jump as f32 }
        };
        let first = (!places.is_empty()).then(|| step(0.0));
        first.into_iter().chain(places.windows(2).map(|pair| step(pair[1] - pair[0]))).collect()
    }
}

/// Expected changes and errors of some haplotypes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Expected {
    changes: f64,
    centimorgans: f64,
    errors: f64,
    alleles: f64,
}

impl Expected {
    pub(super) fn add(&mut self, other: &Self) {
        self.changes += other.changes;
        self.centimorgans += other.centimorgans;
        self.errors += other.errors;
        self.alleles += other.alleles;
    }

    /// The change that these counts give, with the error as it was.
    pub(super) fn rates(&self, before: Rates) -> Rates {
        let is_known = self.centimorgans > 0.0;
        let change =
            if is_known { (self.changes / self.centimorgans).clamp(1e-3, 1e4) } else { before.change };
        Rates { change, ..before }
    }

    /// The change and the error that these counts give.
    pub(super) fn rates_and_error(&self, before: Rates) -> Rates {
        let error = if self.alleles > 0.0 {
            (self.errors / self.alleles).clamp(LEAST_ERROR, 0.05)
        } else {
            before.error
        };
        Rates { error, ..self.rates(before) }
    }
}

/// Counts what the model expects of a haplotype whose alleles were seen.
pub(super) fn expect(
    states: &States,
    (steps, places, rates): (&[Step], &[f64], Rates),
    alleles: &[u8],
    scratch: &mut Scratch,
) -> Expected {
    let emissions: Vec<Emission> =
        alleles.iter().map(|&allele| Emission::of_allele(allele, rates.error as f32)).collect();
    let mut out = Expected::default();
    forward_backward(states, steps, &emissions, scratch, |between: &Between<'_>| {
        let Some(behind) = between.gap.checked_sub(1) else { return };
        let (both, carried) = posterior(states, steps, between, behind);
        if alleles[behind] < 2 {
            out.alleles += 1.0;
            out.errors += if alleles[behind] == 1 { 1.0 - carried } else { carried };
        }
        if between.gap < places.len() {
            let step = steps[between.gap];
            let (stay, jump) = (f64::from(step.stay) * both, f64::from(step.jump));
            let distance = (places[between.gap] - places[behind]).max(1e-9);
            let events = rates.change * distance;
            // Given that there was a change, their number is that of a truncated Poisson.
            out.changes += jump / (stay + jump) * events / -(-events).exp_m1();
            out.centimorgans += distance;
        }
    });
    out
}

/// The sum of `f g`, and the chance that the haplotype copied at the variant behind carries allele 1.
pub(super) fn posterior(states: &States, steps: &[Step], between: &Between<'_>, behind: usize) -> (f64, f64) {
    let [all, both, first, _] = kernel::shares(between.f, between.g, &states.weights, states.row(behind));
    let step = steps.get(between.gap).copied().unwrap_or(Step { stay: 1.0, jump: 0.0 });
    let (scale, ahead) = (f64::from(between.scale), f64::from(between.ahead));
    let all = f64::from(all) * scale * ahead;
    let (stay, jump) = (f64::from(step.stay), f64::from(step.jump));
    let carried = stay * f64::from(both) * scale * ahead + jump * f64::from(first) * scale;
    (all, (carried / (stay * all + jump)).clamp(0.0, 1.0))
}
