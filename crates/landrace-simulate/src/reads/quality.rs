//! Base qualities that fall along the read, and errors that follow them.

use super::ReadsError;
use crate::random::Stream;
use crate::sequence::substitute;

/// The model of base qualities, on the Phred scale. Each read has a level of its own; along the read the quality
/// falls, slowly first, and wavers. A base is wrong with the probability that its quality states.
#[derive(Clone, Debug)]
pub struct QualityProfile {
    /// Mean at the first base.
    pub start: f64,
    /// Mean at the last base of a first mate.
    pub end: f64,
    /// By how much the second mate's last base is worse.
    pub second_mate: f64,
    /// Standard deviation between reads.
    pub between_reads: f64,
    /// Standard deviation within a read.
    pub within_read: f64,
    /// The best quality there is.
    pub best: u8,
    /// Whether qualities are written in four steps (2, 12, 23, 37), as the newer Illumina machines do; errors then
    /// follow the steps.
    pub is_binned: bool,
}

impl Default for QualityProfile {
    fn default() -> Self {
        Self {
            start: 37.0,
            end: 31.0,
            second_mate: 2.0,
            between_reads: 2.0,
            within_read: 3.0,
            best: 41,
            is_binned: false,
        }
    }
}

/// The least quality.
const WORST: u8 = 2;
/// How much of its deviation a base shares with the one before.
const PERSISTENCE: f64 = 0.8;

impl QualityProfile {
    pub(super) fn check(&self) -> Result<(), ReadsError> {
        let fail = |name, value: String, range| Err(ReadsError::Option { name, value, range });
        if !(WORST..=60).contains(&self.best) {
            return fail("the best base quality", self.best.to_string(), "2 to 60");
        }
        match [self.start, self.end].into_iter().find(|quality| !(2.0..=60.0).contains(quality)) {
            Some(quality) => fail("the base quality", quality.to_string(), "2 to 60"),
            None => Ok(()),
        }
    }

    /// Gives each base of mate `number` (0 or 1) a quality, and makes it wrong as often as that says.
    pub(super) fn sequence(&self, stream: &mut Stream, number: usize, bases: &mut [u8]) -> Vec<u8> {
        let level = self.between_reads * stream.normal();
        let fall = self.start - self.end + if number == 1 { self.second_mate } else { 0.0 };
        let last = bases.len().saturating_sub(1).max(1) as f64;
        let fresh = (1.0 - PERSISTENCE * PERSISTENCE).sqrt();
        let mut deviation = stream.normal();
        (0..)
            .zip(bases)
            .map(|(cycle, base)| {
                let along = f64::from(cycle) / last;
                let mean = self.start + level - fall * along * along.sqrt();
                let quality = (mean + self.within_read * deviation).round();
                let quality = quality.clamp(f64::from(WORST), f64::from(self.best)) as u8;
                let quality = if self.is_binned { step_of(quality) } else { quality };
                if stream.chance(error_probability(quality)) {
                    *base = substitute(stream, *base, 1.0 / 3.0);
                }
                deviation = PERSISTENCE * deviation + fresh * stream.normal();
                quality
            })
            .collect()
    }
}

/// The step that stands for a quality.
fn step_of(quality: u8) -> u8 {
    match quality {
        ..=2 => 2,
        3..=17 => 12,
        18..=29 => 23,
        _ => 37,
    }
}

/// The probability of an error that a Phred quality states.
pub(super) fn error_probability(quality: u8) -> f64 {
    10f64.powf(-f64::from(quality) / 10.0)
}
