//! From chains to means, standard deviations, and whether the chains agree.

use super::blocks::Blocks;
use super::chain::Posterior;
use super::fixed::Fixed;
use crate::predict::coded::CodedCalls;

/// The posterior of a variant's effect.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EffectSummary {
    /// Posterior mean, a copy of the alternate allele.
    pub mean: f64,
    /// Posterior standard deviation.
    pub sd: f64,
    /// Posterior probability that it is not 0; 1 where the model lets all markers have an effect.
    pub inclusion: f64,
}

/// A parameter that was followed round by round.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Such as `residual_variance`, `genetic_variance`, `heritability`.
    pub name: &'static str,
    /// Posterior mean.
    pub mean: f64,
    /// Posterior standard deviation.
    pub sd: f64,
    /// Potential scale reduction of the halves of the chains (Gelman et al. 2013): 1 if they agree; above 1.1, more
    /// rounds are due.
    pub rhat: f64,
    /// Independent draws that the rounds are worth (Geyer 1992).
    pub effective: f64,
    /// Its value each round, chain by chain.
    pub chains: Vec<Vec<f64>>,
}

/// What the chains say together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BayesFit {
    /// One a variant of the calls.
    pub effects: Vec<EffectSummary>,
    /// Posterior mean and standard deviation of each sample's genetic value, as deviation from the samples' mean.
    pub values: Vec<(f64, f64)>,
    /// Largest potential scale reduction among the genetic values.
    pub values_rhat: f64,
    /// Posterior mean and standard deviation of intercept and covariates.
    pub coefficients: Vec<(f64, f64)>,
    /// Variances and what else the model estimates.
    pub parameters: Vec<Parameter>,
}

impl BayesFit {
    /// A parameter by name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// The parameters whose chains do not agree.
    pub fn unsettled(&self) -> Vec<&'static str> {
        self.parameters
            .iter()
            .filter(|parameter| parameter.rhat > 1.1)
            .map(|parameter| parameter.name)
            .collect()
    }
}

/// Puts the chains together.
pub(super) fn merge(calls: &CodedCalls, blocks: &Blocks, fixed: &Fixed, chains: Vec<Posterior>) -> BayesFit {
    let rounds: f64 = chains.iter().map(|chain| chain.rounds as f64).sum();
    let effect = |variant: usize| {
        let sum = |part: &dyn Fn(&Posterior) -> f64| chains.iter().map(part).sum::<f64>() / rounds;
        let mean = sum(&|chain| chain.effects[variant].mean);
        let square = sum(&|chain| chain.effects[variant].square);
        let scale = blocks.scales[variant];
        EffectSummary {
            mean: mean * scale,
            sd: (square - mean * mean).max(0.0).sqrt() * scale,
            inclusion: sum(&|chain| chain.effects[variant].inclusion),
        }
    };
    let of_sums = |part: &dyn Fn(&Posterior) -> (f64, f64)| {
        let (sum, squares) = chains.iter().map(part).fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
        let mean = sum / rounds;
        (mean, (squares / rounds - mean * mean).max(0.0).sqrt())
    };
    let names = chains.first().map_or(&[][..], |chain| &chain.names);
    BayesFit {
        effects: (0..calls.variants().len()).map(effect).collect(),
        values: (0..calls.samples()).map(|i| of_sums(&|chain| chain.values[i])).collect(),
        values_rhat: (0..calls.samples()).map(|i| value_rhat(&chains, i)).fold(1.0, f64::max),
        coefficients: (0..fixed.basis.len()).map(|k| of_sums(&|chain| chain.coefficients[k])).collect(),
        parameters: names.iter().enumerate().map(|(index, name)| parameter(name, index, &chains)).collect(),
    }
}

fn mean_of(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn variance_of(values: &[f64]) -> f64 {
    let mean = mean_of(values);
    values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0).max(1.0)
}

/// Potential scale reduction of a sample's genetic value, from whole chains.
fn value_rhat(chains: &[Posterior], sample: usize) -> f64 {
    if chains.len() < 2 {
        return 1.0;
    }
    let n = chains[0].rounds as f64;
    let means: Vec<f64> = chains.iter().map(|chain| chain.values[sample].0 / n).collect();
    let within = chains.iter().zip(&means).map(|(chain, mean)| chain.values[sample].1 / n - mean * mean);
    let within = within.sum::<f64>() / chains.len() as f64;
    if within > 0.0 { ((n - 1.0) / n + variance_of(&means) / within).sqrt() } else { 1.0 }
}

fn parameter(name: &'static str, index: usize, chains: &[Posterior]) -> Parameter {
    let own: Vec<Vec<f64>> = chains.iter().map(|chain| chain.traces[index].clone()).collect();
    let all: Vec<f64> = own.iter().flatten().copied().collect();
    let halves: Vec<&[f64]> = own
        .iter()
        .flat_map(|trace| {
            let half = trace.len() / 2;
            [&trace[..half], &trace[trace.len() - half..]]
        })
        .collect();
    Parameter {
        name,
        mean: mean_of(&all),
        sd: variance_of(&all).sqrt(),
        rhat: rhat(&halves),
        effective: own.iter().map(|trace| effective(trace)).sum(),
        chains: own,
    }
}

/// Potential scale reduction of stretches of equal length.
fn rhat(stretches: &[&[f64]]) -> f64 {
    let n = stretches.first().map_or(0, |stretch| stretch.len()) as f64;
    if n < 2.0 {
        return 1.0;
    }
    let means: Vec<f64> = stretches.iter().map(|stretch| mean_of(stretch)).collect();
    let within = mean_of(&stretches.iter().map(|stretch| variance_of(stretch)).collect::<Vec<_>>());
    if within > 0.0 { ((n - 1.0) / n + variance_of(&means) / within).sqrt() } else { 1.0 }
}

/// Effective number of draws: autocorrelations are added up in pairs as long as pairs are above 0 (Geyer 1992).
fn effective(trace: &[f64]) -> f64 {
    let (n, mean, variance) = (trace.len(), mean_of(trace), variance_of(trace));
    if variance.is_nan() || variance <= 0.0 {
        return n as f64;
    }
    let correlation = |lag: usize| {
        let sum: f64 = trace.iter().zip(&trace[lag..]).map(|(a, b)| (a - mean) * (b - mean)).sum();
        sum / (n as f64 * variance)
    };
    let mut sum = -1.0;
    for lag in (0..n.saturating_sub(1)).step_by(2) {
        let pair = correlation(lag) + correlation(lag + 1);
        if pair <= 0.0 {
            break;
        }
        sum += 2.0 * pair;
    }
    (n as f64 / sum.max(1e-3)).min(n as f64)
}
