//! The priors of the effects, and how an effect is drawn under each.

use super::random::Random;
use super::{Model, Options};

mod mixture;
mod own_variance;

pub(super) use mixture::{BayesCpi, BayesR};
pub(super) use own_variance::{BayesA, BayesB, Lasso};

/// Degrees of freedom of the scaled inverse χ² priors.
pub(super) const FREEDOM: f64 = 5.0;
/// Shape of the gamma priors.
const SHAPE: f64 = 1.1;

/// An effect that was drawn, and what is known of it given all else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drawn {
    pub(super) effect: f64,
    pub(super) mean: f64,
    /// Mean of the square.
    pub(super) square: f64,
    /// Probability that it is not 0.
    pub(super) inclusion: f64,
}

/// A prior with its state.
pub(super) trait Prior: Send {
    /// Draws the effect of a variant, given z'W(y − all else) and z'Wz.
    fn draw(&mut self, variant: usize, product: (f64, f64), residual: f64, random: &mut Random) -> Drawn;

    /// Draws its own parameters, given all effects and the residual variance.
    fn update(&mut self, effects: &[f64], residual: f64, random: &mut Random);

    /// What the effects tell of the residual variance: a sum of squares and its degrees of freedom.
    fn of_residual(&self, _effects: &[f64]) -> (f64, f64) {
        (0.0, 0.0)
    }

    /// Names of the parameters that are followed.
    fn names(&self) -> &'static [&'static str];

    /// Their values.
    fn values(&self) -> Vec<f64>;
}

/// The scales that the defaults begin with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) variants: usize,
    /// Variance of the records that the prior gives to the markers.
    pub(super) genetic: f64,
    /// Share of the variance that the prior gives to the markers.
    pub(super) r2: f64,
    /// Sum of the variances of z.
    pub(super) spread: f64,
}

impl Start {
    /// Scale of the scaled inverse χ² of an effect's variance, whose mode it sets.
    fn scale(self) -> f64 {
        self.genetic / self.spread * (FREEDOM + 2.0)
    }
}

/// An effect with a normal prior of variance `variance`.
#[inline(always)]
fn normal(product: (f64, f64), residual: f64, variance: f64, random: &mut Random) -> Drawn {
    let precision = product.1 + residual / variance;
    let mean = product.0 / precision;
    let spread = residual / precision;
    let effect = mean + spread.sqrt() * random.normal();
    Drawn { effect, mean, square: mean * mean + spread, inclusion: 1.0 }
}

/// One variance for all effects.
pub(super) struct Ridge {
    variance: f64,
    scale: f64,
    is_fixed: bool,
}

impl Ridge {
    pub(super) fn new(start: Start, options: &Options) -> Self {
        debug_assert!(options.model == Model::Ridge);
        let scale = start.scale();
        let fixed = options.fixed_variances.map(|fixed| fixed.1);
        Self { variance: fixed.unwrap_or(scale / (FREEDOM + 2.0)), scale, is_fixed: fixed.is_some() }
    }
}

impl Prior for Ridge {
    #[inline(always)]
    fn draw(&mut self, _: usize, product: (f64, f64), residual: f64, random: &mut Random) -> Drawn {
        normal(product, residual, self.variance, random)
    }

    fn update(&mut self, effects: &[f64], _: f64, random: &mut Random) {
        if !self.is_fixed {
            let squares: f64 = effects.iter().map(|a| a * a).sum();
            self.variance = (self.scale + squares) / random.chi_square(FREEDOM + effects.len() as f64);
        }
    }

    fn names(&self) -> &'static [&'static str] {
        &["effect_variance"]
    }

    fn values(&self) -> Vec<f64> {
        vec![self.variance]
    }
}
