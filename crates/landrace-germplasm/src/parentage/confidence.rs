//! What the odds of an assignment are worth: simulated offspring, scored as the real ones.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::inherit::Inheritance;
use landrace_genotypes::plane::MISSING;

/// Random draws of one simulated offspring.
pub(crate) struct Draws(Xoshiro256PlusPlus);

impl Draws {
    /// The draws of task `index`.
    pub(crate) fn new(seed: u64, index: u64) -> Self {
        let mut word = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ index.wrapping_add(0x632b_e59b_d9b4_e019);
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(Xoshiro256PlusPlus::seed_from_u64(word ^ (word >> 31)))
    }

    /// From 0 to below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// One of `length`.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        ((self.unit() * length as f64) as usize).min(length.saturating_sub(1))
    }

    /// A dosage by its chances.
    pub(crate) fn dosage(&mut self, chances: &[f64]) -> u8 {
        let (mut rest, mut at) = (self.unit(), 0);
        while at + 1 < chances.len() && rest >= chances[at] {
            rest -= chances[at];
            at += 1;
        }
        at as u8
    }
}

/// Draws genotypes of parents and offspring at the markers of a panel.
pub(crate) struct Crosses<'a> {
    pub(crate) inheritance: &'a Inheritance,
    /// Chances of the genotypes of an unrelated individual, and of its gametes, at each marker.
    pub(crate) base: Vec<Vec<f64>>,
    pub(crate) gametes: Vec<Vec<f64>>,
    /// Chances of the genotypes behind each call, at each marker.
    pub(crate) behind: Vec<Vec<Vec<f64>>>,
}

impl Crosses<'_> {
    /// The genotype behind an individual's calls, drawn. Nobody's is drawn whole.
    pub(crate) fn parent(&self, codes: Option<&[u8]>, draws: &mut Draws) -> Vec<u8> {
        let own = |marker: usize, draws: &mut Draws| match codes {
            Some(codes) if codes[marker] != MISSING => {
                draws.dosage(&self.behind[marker][usize::from(codes[marker])])
            }
            _ => draws.dosage(&self.base[marker]),
        };
        (0..self.base.len()).map(|marker| own(marker, draws)).collect()
    }

    /// The calls of an offspring, with errors, and missing where `pattern` is. An unknown parent is drawn.
    pub(crate) fn offspring(
        &self,
        parents: [Option<&[u8]>; 2],
        pattern: &[u8],
        draws: &mut Draws,
    ) -> Vec<u8> {
        let kept = self.inheritance.kept();
        let mut out = Vec::with_capacity(pattern.len());
        for (marker, &shown) in pattern.iter().enumerate() {
            let mut own = 0;
            for parent in parents {
                own += match parent {
                    Some(codes) => draws.dosage(self.inheritance.gamete(codes[marker])),
                    None => draws.dosage(&self.gametes[marker]),
                };
            }
            if own == 1 && self.inheritance.is_of_lines() && draws.unit() >= kept {
                own = 2 * draws.dosage(&[0.5, 0.5]);
            }
            own = self.inheritance.call(own, draws.unit());
            out.push(if shown == MISSING { MISSING } else { own });
        }
        out
    }
}

/// A simulated assignment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trial {
    pub(crate) log_odds: f64,
    pub(crate) is_right: bool,
}

/// The confidence of assignments at or above some odds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Least natural logarithm of the odds.
    pub least: f64,
    /// Share of the simulated offspring that reach it.
    pub assigned: f64,
    /// Share of those that are wrong.
    pub wrong: f64,
}

/// What odds are worth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    /// Simulated offspring.
    pub trials: usize,
    /// The levels asked for, in their order; `None` where no odds reach a level.
    pub levels: [Option<Level>; 2],
    /// Odds, growing, and the share that is right at them and up to the next.
    steps: Vec<(f64, f64)>,
}

impl Calibration {
    /// Learns from simulated assignments. A level is the lowest odds (at least even) from which on the share that is
    /// wrong, with one more wrong added for what the simulation did not meet, stays within what it allows.
    pub(crate) fn learn(mut trials: Vec<Trial>, levels: [f64; 2]) -> Self {
        trials.sort_by(|a, b| b.log_odds.total_cmp(&a.log_odds).then(a.is_right.cmp(&b.is_right)));
        let all = trials.len();
        let found = levels.map(|level| {
            let (mut wrong, mut best) = (0usize, None);
            for (place, trial) in trials.iter().enumerate().take_while(|(_, trial)| trial.log_odds >= 0.0) {
                wrong += usize::from(!trial.is_right);
                let is_last = trials.get(place + 1).is_none_or(|next| next.log_odds < trial.log_odds);
                let taken = place + 1;
                if is_last && (wrong + 1) as f64 <= (1.0 - level) * (taken + 1) as f64 {
                    let share = wrong as f64 / taken as f64;
                    best = Some(Level {
                        least: trial.log_odds,
                        assigned: taken as f64 / all as f64,
                        wrong: share,
                    });
                }
            }
            best
        });
        Self { trials: all, levels: found, steps: steps(&trials) }
    }

    /// The share of simulated assignments at these odds that is right; never more than the trials can tell.
    pub fn confidence(&self, log_odds: f64) -> f64 {
        let most = 1.0 - 1.0 / (self.trials as f64 + 2.0);
        let at = self.steps.partition_point(|step| step.0 <= log_odds);
        let own = if at == 0 { self.steps.first().map_or(0.0, |step| step.1) } else { self.steps[at - 1].1 };
        own.min(most)
    }
}

/// The share that is right as a function of the odds that never falls (pool of adjacent violators). Trials are in
/// falling order.
fn steps(trials: &[Trial]) -> Vec<(f64, f64)> {
    // Lowest odds, right, all.
    let mut pools: Vec<(f64, f64, f64)> = Vec::new();
    for trial in trials.iter().rev() {
        pools.push((trial.log_odds, f64::from(u8::from(trial.is_right)), 1.0));
        while let [.., before, last] = pools.as_slice() {
            if before.1 * last.2 < last.1 * before.2 {
                break;
            }
            let merged = (before.0, before.1 + last.1, before.2 + last.2);
            pools.truncate(pools.len() - 2);
            pools.push(merged);
        }
    }
    pools.into_iter().map(|(odds, right, all)| (odds, right / all)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_keep_their_error() {
        let mut draws = Draws::new(3, 0);
        let trials: Vec<Trial> = (0..20_000)
            .map(|_| {
                let log_odds = draws.unit() * 10.0 - 2.0;
                Trial { log_odds, is_right: draws.unit() < 1.0 / (1.0 + (-log_odds).exp()) }
            })
            .collect();
        let learnt = Calibration::learn(trials, [0.99, 0.95]);
        let [strict, lax] = learnt.levels.map(Option::unwrap);
        assert!(strict.wrong <= 0.01 && lax.wrong <= 0.05 && strict.least > lax.least);
        assert!(strict.wrong > 0.007 && lax.assigned > strict.assigned);
        assert!((learnt.confidence(1.0) - 0.73).abs() < 0.05, "{}", learnt.confidence(1.0));
        assert!(learnt.confidence(9.0) > 0.99 && learnt.confidence(-5.0) < 0.3);
    }

    #[test]
    fn what_is_never_right_is_never_confident() {
        let trials = vec![Trial { log_odds: 3.0, is_right: false }; 500];
        let learnt = Calibration::learn(trials, [0.99, 0.95]);
        assert_eq!(learnt.levels, [None, None]);
        assert_eq!(learnt.confidence(4.0), 0.0);
        assert_eq!(Calibration::learn(Vec::new(), [0.99, 0.95]).confidence(4.0), 0.0);
    }
}
