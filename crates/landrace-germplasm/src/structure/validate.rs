//! How well a number of populations foretells calls that it has not seen: cross-validation over single calls, as ADMIXTURE
//! does it (Alexander and Lange 2011), but with frequencies that allow for what a population did not show.

use std::ops::Range;

use rayon::prelude::*;

use super::calls::Calls;
use super::random::mix;
use super::step::Model;
use super::{Ancestry, Options, Panel, even};

/// Variants a task.
const LINES: usize = 64;

/// What cross-validation says of a number of populations.
#[derive(Clone, Debug, PartialEq)]
pub struct Validation {
    /// Mean deviance of a hidden call: 2 Σ g ln(g / (n h)) over its alleles.
    pub error: f64,
    /// Standard error of that mean, from the folds.
    pub standard_error: f64,
    /// The mean of each fold.
    pub folds: Vec<f64>,
    /// Whether all fits converged.
    pub has_converged: bool,
}

impl Panel {
    /// Hides each call once, in `folds` parts drawn by the seed, fits what is left, and compares. Each fit begins from
    /// the ancestries given, drawn towards even shares; frequencies are found anew.
    ///
    /// Memory: two bytes a call more.
    pub fn cross_validate(&self, ancestry: &Ancestry, folds: usize, options: &Options) -> Validation {
        let k = ancestry.names.len();
        let start: Vec<Vec<f64>> = ancestry
            .shares
            .iter()
            .map(|shares| match shares {
                Some(shares) => shares.iter().map(|share| 0.9 * share + 0.1 / k as f64).collect(),
                None => even(k),
            })
            .collect();
        let mut has_converged = true;
        let errors = (0..folds).map(|fold| {
            let key = mix(options.seed ^ 0x5eed_f01d);
            let is_hidden = |column: usize, sample: usize| {
                mix(key ^ (((column as u64) << 32) | sample as u64)) % folds as u64 == fold as u64
            };
            let calls = self.calls.without(is_hidden);
            let fit = super::fit_shares(&calls, &start, options.sweeps);
            has_converged &= fit.has_converged;
            deviance(&self.calls, (&calls, &fit.model), is_hidden)
        });
        let sums: Vec<(f64, u64)> = errors.collect();
        let means: Vec<f64> = sums.iter().map(|&(sum, calls)| sum / calls.max(1) as f64).collect();
        let (sum, calls) = sums.iter().fold((0.0, 0), |all, own| (all.0 + own.0, all.1 + own.1));
        let error = sum / calls.max(1) as f64;
        let spread: f64 = means.iter().map(|mean| (mean - error).powi(2)).sum();
        let standard_error = (spread / (folds * folds.saturating_sub(1)).max(1) as f64).sqrt();
        Validation { error, standard_error, folds: means, has_converged }
    }
}

/// The deviance of the hidden calls, and their number.
fn deviance(
    calls: &Calls,
    (seen, model): (&Calls, &Model),
    is_hidden: impl Fn(usize, usize) -> bool + Sync,
) -> (f64, u64) {
    let variants: Vec<_> = calls.variants().collect();
    let of_chunk = |chunk: &[Range<usize>]| {
        let (mut sum, mut count) = (0.0, 0);
        for columns in chunk {
            let first = columns.start;
            let hidden = (0..calls.samples)
                .filter(|&sample| calls.column(first)[sample] != 0 && is_hidden(first, sample));
            let hidden: Vec<usize> = hidden.collect();
            count += hidden.len() as u64;
            for column in columns.clone() {
                let frequencies = foretold(seen, model, column, columns.len());
                for &sample in &hidden {
                    let call = calls.column(column)[sample];
                    let (g, n) = (f64::from(call & 15), f64::from(call >> 4));
                    let own = frequencies.iter().zip(&model.ancestry);
                    let h: f64 = own.map(|(f, q)| f * f64::from(q[sample])).sum();
                    sum += part(g, n * h);
                    if column < calls.border {
                        sum += part(n - g, n * (1.0 - h));
                    }
                }
            }
        }
        (sum, count)
    };
    let parts: Vec<(f64, u64)> = variants.par_chunks(LINES).map(of_chunk).collect();
    parts.iter().fold((0.0, 0), |all, own| (all.0 + own.0, all.1 + own.1))
}

/// The frequencies of a column in the populations, as calls are foretold by them: drawn to the mean of all samples as if
/// one gene copy more had been seen in each population, so that an allele that a population of few samples did not show
/// is not held for impossible. The mean is drawn to even frequencies by half a copy an allele.
fn foretold(seen: &Calls, model: &Model, column: usize, alleles: usize) -> Vec<f64> {
    let row = seen.column(column);
    let (mut own, mut all) = (0.0, 0.0);
    let mut copies = vec![0.0; model.k()];
    for (sample, &call) in row.iter().enumerate().take(seen.samples).filter(|(_, call)| **call != 0) {
        own += f64::from(call & 15);
        all += f64::from(call >> 4);
        for (copies, q) in copies.iter_mut().zip(&model.ancestry) {
            *copies += f64::from(call >> 4) * f64::from(q[sample]);
        }
    }
    let mean = (own + 0.5) / (all + 0.5 * alleles.max(2) as f64);
    let of = |(f, copies): (&Vec<f32>, &f64)| (copies * f64::from(f[column]) + mean) / (copies + 1.0);
    model.frequency.iter().zip(&copies).map(of).collect()
}

/// 2 g ln(g / expected).
fn part(g: f64, expected: f64) -> f64 {
    if g > 0.0 { 2.0 * g * (g / expected).ln() } else { 0.0 }
}

/// The place of the least error, the first of equal ones, and the first whose error is within one standard error of it.
pub fn choose(validations: &[Validation]) -> Option<(usize, usize)> {
    let least =
        |best: usize, own: usize| if validations[own].error < validations[best].error { own } else { best };
    let best = (0..validations.len()).reduce(least)?;
    let most = validations[best].error + validations[best].standard_error;
    let simplest = validations.iter().position(|own| own.error <= most).unwrap_or(best);
    Some((best, simplest))
}
