//! Priors where effects are 0 or come from a few normal distributions.

use super::super::random::Random;
use super::own_variance::SEEN;
use super::{Drawn, FREEDOM, Prior, Start, normal};

/// Probability that an effect is not 0, its size integrated out.
#[inline(always)]
pub(super) fn inclusion(product: (f64, f64), residual: f64, variance: f64, share: f64) -> f64 {
    let lambda = residual / variance;
    let precision = product.1 + lambda;
    let exponent = 0.5 * product.0 * product.0 / (residual * precision);
    let odds = (1.0 - share) / share * (precision / lambda).sqrt() * (-exponent).exp();
    1.0 / (1.0 + odds)
}

/// Moments of an effect that was drawn as not 0, over both possibilities.
#[inline(always)]
pub(super) fn weighed(drawn: Drawn, inclusion: f64) -> Drawn {
    Drawn { mean: inclusion * drawn.mean, square: inclusion * drawn.square, inclusion, ..drawn }
}

/// An effect that was drawn as 0, with its moments over both possibilities.
#[inline(always)]
pub(super) fn left_out(product: (f64, f64), residual: f64, variance: f64, inclusion: f64) -> Drawn {
    let precision = product.1 + residual / variance;
    let mean = product.0 / precision;
    let square = mean * mean + residual / precision;
    Drawn { effect: 0.0, mean: inclusion * mean, square: inclusion * square, inclusion }
}

/// 0, or normal with one variance; the share is estimated.
pub(in super::super) struct BayesCpi {
    variance: f64,
    scale: f64,
    share: f64,
    included: usize,
}

impl BayesCpi {
    pub(in super::super) fn new(start: Start) -> Self {
        let scale = start.scale() / 0.5;
        Self { variance: scale / (FREEDOM + 2.0), scale, share: 0.5, included: 0 }
    }
}

impl Prior for BayesCpi {
    #[inline(always)]
    fn draw(&mut self, _: usize, product: (f64, f64), residual: f64, random: &mut Random) -> Drawn {
        let inclusion = inclusion(product, residual, self.variance, self.share);
        if random.unit() < inclusion {
            self.included += 1;
            return weighed(normal(product, residual, self.variance, random), inclusion);
        }
        left_out(product, residual, self.variance, inclusion)
    }

    fn update(&mut self, effects: &[f64], _: f64, random: &mut Random) {
        let squares: f64 = effects.iter().map(|a| a * a).sum();
        let (own, all) = (self.included as f64, effects.len() as f64);
        self.variance = (self.scale + squares) / random.chi_square(FREEDOM + own);
        self.share = random.beta(own + SEEN / 2.0, all - own + SEEN / 2.0);
        self.included = 0;
    }

    fn names(&self) -> &'static [&'static str] {
        &["effect_variance", "share_in_model"]
    }

    fn values(&self) -> Vec<f64> {
        vec![self.variance, self.share]
    }
}

/// Variances of the classes beside 0, as parts of the genetic variance.
const PARTS: [f64; 3] = [1e-4, 1e-3, 1e-2];

/// 0, or normal with one of three variances that are parts of the genetic one; shares are estimated.
pub(in super::super) struct BayesR {
    genetic: f64,
    scale: f64,
    shares: [f64; 4],
    counts: [usize; 4],
    /// Σ a² over the parts.
    squares: f64,
}

impl BayesR {
    pub(in super::super) fn new(start: Start) -> Self {
        // The mode of the prior is the markers' share of the variance.
        let scale = start.genetic * (FREEDOM + 2.0);
        let shares = [0.95, 0.03, 0.015, 0.005];
        Self { genetic: start.genetic, scale, shares, counts: [0; 4], squares: 0.0 }
    }
}

impl Prior for BayesR {
    #[inline(always)]
    fn draw(&mut self, _: usize, product: (f64, f64), residual: f64, random: &mut Random) -> Drawn {
        // Odds against the class of 0, its exponent 0, all times e to the minus largest exponent.
        let lambdas = PARTS.map(|part| residual / (part * self.genetic));
        let precisions = lambdas.map(|lambda| product.1 + lambda);
        let half = 0.5 * product.0 * product.0 / residual;
        let largest = half / precisions[2];
        let mut weights = [self.shares[0] * (-largest).exp(), 0.0, 0.0, 0.0];
        for k in 0..3 {
            let exponent = half / precisions[k] - largest;
            weights[k + 1] = self.shares[k + 1] * (lambdas[k] / precisions[k]).sqrt() * exponent.exp();
        }
        let total: f64 = weights.iter().sum();
        let (mut mean, mut square) = (0.0, 0.0);
        for k in 0..3 {
            let (share, own) = (weights[k + 1] / total, product.0 / precisions[k]);
            mean += share * own;
            square += share * (own * own + residual / precisions[k]);
        }
        let inclusion = 1.0 - weights[0] / total;
        let at = random.unit() * total;
        let class = if at < weights[0] {
            0
        } else if at < weights[0] + weights[1] {
            1
        } else if at < weights[0] + weights[1] + weights[2] {
            2
        } else {
            3
        };
        self.counts[class] += 1;
        if class == 0 {
            return Drawn { effect: 0.0, mean, square, inclusion };
        }
        let precision = precisions[class - 1];
        let effect = product.0 / precision + (residual / precision).sqrt() * random.normal();
        self.squares += effect * effect / PARTS[class - 1];
        Drawn { effect, mean, square, inclusion }
    }

    fn update(&mut self, _: &[f64], _: f64, random: &mut Random) {
        let included: usize = self.counts[1..].iter().sum();
        self.genetic = (self.scale + self.squares) / random.chi_square(FREEDOM + included as f64);
        let draws = self.counts.map(|count| random.gamma(count as f64 + 1.0));
        let total: f64 = draws.iter().sum();
        self.shares = draws.map(|draw| draw / total);
        (self.counts, self.squares) = ([0; 4], 0.0);
    }

    fn names(&self) -> &'static [&'static str] {
        &["genetic_scale", "share_zero", "share_small", "share_medium", "share_large"]
    }

    fn values(&self) -> Vec<f64> {
        let [zero, small, medium, large] = self.shares;
        vec![self.genetic, zero, small, medium, large]
    }
}
