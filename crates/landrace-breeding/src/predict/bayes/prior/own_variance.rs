//! Priors where each effect has a variance of its own.

use super::super::random::Random;
use super::{Drawn, FREEDOM, Prior, SHAPE, Start, normal};

/// Degrees of freedom as a whole number.
const WHOLE: u32 = 5;

/// The scale S of the variances: gamma distributed.
#[derive(Clone, Debug)]
struct Scale {
    value: f64,
    rate: f64,
}

impl Scale {
    /// Begins at the mode.
    fn new(value: f64) -> Self {
        Self { value, rate: (SHAPE - 1.0) / value }
    }

    /// Draws it given the variances.
    fn update(&mut self, variances: &[f64], random: &mut Random) {
        let shape = SHAPE + variances.len() as f64 * FREEDOM / 2.0;
        let rate = self.rate + variances.iter().map(|variance| 0.5 / variance).sum::<f64>();
        self.value = random.gamma(shape) / rate;
    }
}

/// A variance an effect: effects follow Student's t.
pub(in super::super) struct BayesA {
    variances: Vec<f64>,
    scale: Scale,
}

impl BayesA {
    pub(in super::super) fn new(start: Start) -> Self {
        let scale = start.scale();
        Self { variances: vec![scale / (FREEDOM + 2.0); start.variants], scale: Scale::new(scale) }
    }
}

impl Prior for BayesA {
    #[inline(always)]
    fn draw(&mut self, variant: usize, product: (f64, f64), residual: f64, random: &mut Random) -> Drawn {
        let drawn = normal(product, residual, self.variances[variant], random);
        let squares = self.scale.value + drawn.effect * drawn.effect;
        self.variances[variant] = squares / random.small_chi_square(WHOLE + 1);
        drawn
    }

    fn update(&mut self, _: &[f64], _: f64, random: &mut Random) {
        self.scale.update(&self.variances, random);
    }

    fn names(&self) -> &'static [&'static str] {
        &["scale"]
    }

    fn values(&self) -> Vec<f64> {
        vec![self.scale.value]
    }
}

/// As BayesA, but some effects are 0. Whether one is does not depend on its last value, only on its variance.
pub(in super::super) struct BayesB {
    variances: Vec<f64>,
    scale: Scale,
    share: f64,
    included: usize,
}

/// The prior of the share of effects that are not 0: as if so many had been seen, half of them not 0.
pub(super) const SEEN: f64 = 10.0;

impl BayesB {
    pub(in super::super) fn new(start: Start) -> Self {
        let scale = start.scale() / 0.5;
        Self {
            variances: vec![scale / (FREEDOM + 2.0); start.variants],
            scale: Scale::new(scale),
            share: 0.5,
            included: 0,
        }
    }
}

impl Prior for BayesB {
    #[inline(always)]
    fn draw(&mut self, variant: usize, product: (f64, f64), residual: f64, random: &mut Random) -> Drawn {
        let variance = self.variances[variant];
        let inclusion = super::mixture::inclusion(product, residual, variance, self.share);
        let freedom = WHOLE + 1;
        if random.unit() < inclusion {
            self.included += 1;
            let drawn = normal(product, residual, variance, random);
            let squares = self.scale.value + drawn.effect * drawn.effect;
            self.variances[variant] = squares / random.small_chi_square(freedom);
            return super::mixture::weighed(drawn, inclusion);
        }
        self.variances[variant] = self.scale.value / random.small_chi_square(WHOLE);
        super::mixture::left_out(product, residual, variance, inclusion)
    }

    fn update(&mut self, effects: &[f64], _: f64, random: &mut Random) {
        self.scale.update(&self.variances, random);
        let (own, all) = (self.included as f64, effects.len() as f64);
        self.share = random.beta(own + SEEN / 2.0, all - own + SEEN / 2.0);
        self.included = 0;
    }

    fn names(&self) -> &'static [&'static str] {
        &["scale", "share_in_model"]
    }

    fn values(&self) -> Vec<f64> {
        vec![self.scale.value, self.share]
    }
}

/// Double exponential effects as a mixture of normal ones: a ~ N(0, σe² τ²), τ² exponential.
pub(in super::super) struct Lasso {
    squares: Vec<f64>,
    lambda: f64,
    rate: f64,
}

impl Lasso {
    pub(in super::super) fn new(start: Start) -> Self {
        let squared = 2.0 * (1.0 - start.r2) / start.r2 * start.spread;
        Self {
            squares: vec![2.0 / squared; start.variants],
            lambda: squared.sqrt(),
            rate: (SHAPE - 1.0) / squared,
        }
    }
}

/// The largest 1/τ², for effects that are drawn as good as 0.
const LARGEST: f64 = 1e12;

impl Prior for Lasso {
    #[inline(always)]
    fn draw(&mut self, variant: usize, product: (f64, f64), residual: f64, random: &mut Random) -> Drawn {
        let drawn = normal(product, residual, residual * self.squares[variant], random);
        let mean = residual.sqrt() * self.lambda / drawn.effect.abs().max(1e-150);
        let inverse = random.inverse_gaussian(mean, self.lambda * self.lambda);
        self.squares[variant] = 1.0 / inverse.clamp(1.0 / LARGEST, LARGEST);
        drawn
    }

    fn update(&mut self, effects: &[f64], _: f64, random: &mut Random) {
        let rate = self.rate + 0.5 * self.squares.iter().sum::<f64>();
        self.lambda = (random.gamma(SHAPE + effects.len() as f64) / rate).sqrt();
    }

    fn of_residual(&self, effects: &[f64]) -> (f64, f64) {
        let sum = effects.iter().zip(&self.squares).map(|(a, tau)| a * a / tau).sum();
        (sum, effects.len() as f64)
    }

    fn names(&self) -> &'static [&'static str] {
        &["lambda"]
    }

    fn values(&self) -> Vec<f64> {
        vec![self.lambda]
    }
}
