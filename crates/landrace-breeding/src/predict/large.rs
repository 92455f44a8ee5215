//! GBLUP of many samples: variances by restricted maximum likelihood, breeding values, marker effects and reliabilities,
//! from products of the calls with vectors alone. No matrix of samples × samples is formed.
//!
//! y = X b + Z a + e with a ~ N(0, σg²/k), k = Σ P p q, so that Z a ~ N(0, G σg²) with VanRaden's (2008) first matrix,
//! and e ~ N(0, σe²/w). With A = P W^½ G W^½ P, P being the projection off X, and δ = σe²/σg², the restricted
//! likelihood needs y'(A + δ)⁻¹y and log|A + δ|. A Krylov space of A serves all δ at once (the Lanczos form of conjugate
//! gradients): one run for y, and together with it one for each of some random vectors, whose Gauss quadrature gives
//! the log-determinant (Ubaru, Chen and Saad 2017) with Monte-Carlo error, as BOLT-LMM's random probes do (Loh et al.
//! 2015). The error is estimated by leaving probes out in turn.

use landrace_genotypes::GenotypeError;

use super::bayes::Records;
use super::bayes::fixed::Fixed;
use super::coded::CodedCalls;

pub(crate) mod association;
mod krylov;
mod likelihood;
mod operator;
mod reliability;

use krylov::Krylov;
use likelihood::Likelihood;
use operator::Operator;

/// How exactly to compute.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Random vectors for the log-determinant and the reliabilities.
    pub probes: usize,
    /// Length of what is left of y, as a share of y, at which the iteration ends.
    pub tolerance: f64,
    /// Steps at most.
    pub most_steps: usize,
    /// Seed of the random vectors.
    pub seed: u64,
    /// The genetic share of the variance σg²/(σg² + σe²), if it is known and not to be estimated.
    pub share: Option<f64>,
}

impl Default for Options {
    fn default() -> Self {
        Self { probes: 15, tolerance: 1e-5, most_steps: 300, seed: 1, share: None }
    }
}

/// What comes out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LargeFit {
    /// Genetic value of each sample, as deviation from the samples' mean.
    pub values: Vec<f64>,
    /// Reliability of each value, of samples with a record; approximate. NaN for others.
    pub reliabilities: Vec<f64>,
    /// Effect of each variant of the calls, a copy of the alternate allele.
    pub effects: Vec<f64>,
    /// Intercept and covariates.
    pub coefficients: Vec<f64>,
    /// σg², the genetic variance on the scale of the relationship matrix.
    pub genetic: f64,
    /// σe².
    pub residual: f64,
    /// σg²/(σg² + σe²).
    pub share: f64,
    /// Its standard error, from the curvature of the likelihood; NaN if it was given.
    pub share_se: f64,
    /// Its Monte-Carlo error; 0 if it was given.
    pub share_error: f64,
    /// Diagonal of the relationship matrix.
    pub diagonals: Vec<f64>,
    /// Restricted log-likelihood, without the constant.
    pub likelihood: f64,
    /// Products with the calls that were made.
    pub steps: usize,
    /// Length of what is left of y, as a share of y.
    pub left: f64,
}

/// Fits the records of a trait, and values all samples.
///
/// Memory: the calls (two bits each for diploids), 4 bytes a sample, step and random vector, and 8 bytes a variant and
/// random vector, three times.
///
/// # Errors
/// Returns an error if there are fewer than three records, they do not vary, covariates are combinations of others, or no
/// variant varies.
pub fn fit(calls: &CodedCalls, records: &Records, options: &Options) -> Result<LargeFit, GenotypeError> {
    let fail = |message: String| Err(GenotypeError::Request(message));
    if calls.variants().is_empty() {
        return fail("no variant varies among the samples; filter less".to_owned());
    }
    let fixed = Fixed::of(records)?;
    let freedom = records.count() as f64 - fixed.basis.len() as f64;
    if freedom < 2.0 {
        return fail(format!(
            "{} records are too few for {} fixed effects; two more are needed at least",
            records.count(),
            fixed.basis.len()
        ));
    }
    let operator = Operator::new(calls, records, &fixed);
    let mut y = operator.whitened(&records.values);
    let spread = y.iter().map(|y| y * y).sum::<f64>();
    operator.project(&mut y);
    let length = y.iter().map(|y| y * y).sum::<f64>();
    if !length.is_finite() || length <= 1e-12 * spread {
        return fail("the records do not vary; there is nothing to predict".to_owned());
    }
    let mut krylov = Krylov::new(&operator, y, options);
    loop {
        krylov.extend(&operator);
        let is_last = krylov.steps() >= options.most_steps || krylov.is_spent();
        if !krylov.steps().is_multiple_of(5) && !is_last {
            continue;
        }
        let likelihood = Likelihood::of(&krylov, freedom);
        let delta = options.share.map_or_else(|| likelihood.best(None), |share| (1.0 - share) / share);
        let left = krylov.left(0, delta).max(0.1 * krylov.largest_left(delta));
        if left < options.tolerance || is_last {
            return Ok(finish(&operator, &krylov, (&likelihood, delta), options));
        }
    }
}

/// Values, effects and reliabilities at the best δ.
fn finish(
    operator: &Operator<'_>,
    krylov: &Krylov,
    (likelihood, delta): (&Likelihood, f64),
    options: &Options,
) -> LargeFit {
    let solution = krylov.solution(0, delta);
    let effects = operator.effects(&solution);
    let values = operator.values(&effects);
    let coefficients = operator.coefficients(&values);
    let genetic = likelihood.genetic(delta);
    let diagonal = operator.diagonal();
    let (share_se, share_error) =
        if options.share.is_some() { (f64::NAN, 0.0) } else { likelihood.errors(delta) };
    LargeFit {
        reliabilities: reliability::of(operator, krylov, &diagonal, delta),
        values,
        effects,
        coefficients,
        genetic,
        residual: genetic * delta,
        share: 1.0 / (1.0 + delta),
        share_se,
        share_error,
        diagonals: diagonal,
        likelihood: likelihood.at(delta, None),
        steps: krylov.steps(),
        left: krylov.left(0, delta),
    }
}

#[cfg(test)]
mod tests;
