//! A marker's effect in log odds.

use super::saddle_point::{Trials, logistic};

const STEPS: usize = 60;

/// Effect and standard error by Firth's penalised likelihood (1993) along η + β h: the score T − (K'(β)) of the trials,
/// in which the normal part stands for the polygenic effects' own likelihood, plus half the slope of ln I(β). The error
/// is from the information at the estimate.
pub(super) fn firth(trials: &Trials<'_>, score: f64, variance: f64) -> (f64, f64) {
    let longest = trials.h.iter().fold(0.0f64, |most, h| most.max(h.abs()));
    let mut beta = score / variance;
    let limit = 2.0 / longest.max(f64::MIN_POSITIVE);
    beta = beta.clamp(-limit, limit);
    let mut information = variance;
    for _ in 0..STEPS {
        let (slope, own, third) = derivatives(trials, beta);
        information = own;
        let step = (score - slope + 0.5 * third / own) / own;
        let step = step.clamp(-limit, limit);
        beta += step;
        if step.abs() <= 1e-9 * beta.abs().max(1e-6 * limit) {
            break;
        }
    }
    (beta, 1.0 / information.sqrt())
}

/// The first three derivatives of the cumulant-generating function at β.
fn derivatives(trials: &Trials<'_>, beta: f64) -> (f64, f64, f64) {
    let (mut first, mut second, mut third) = (beta * trials.normal - trials.expected, trials.normal, 0.0);
    for (h, eta) in trials.h.iter().zip(trials.predictor) {
        let mean = logistic(beta.mul_add(*h, *eta));
        let weight = h * h * mean * (1.0 - mean);
        first += h * mean;
        second += weight;
        third += weight * h * (1.0 - 2.0 * mean);
    }
    (first, second, third)
}
