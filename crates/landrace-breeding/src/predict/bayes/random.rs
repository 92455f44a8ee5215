//! Random numbers of a chain.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A stream of random numbers that belongs to one chain.
#[derive(Clone, Debug)]
pub(in crate::predict) struct Random {
    source: Xoshiro256PlusPlus,
    spare: Option<f64>,
}

impl Random {
    /// The stream of a chain.
    pub(in crate::predict) fn of(seed: u64, chain: usize) -> Self {
        let mut own = Xoshiro256PlusPlus::seed_from_u64(seed);
        // Each jump is 2¹²⁸ numbers.
        for _ in 0..chain {
            own.jump();
        }
        Self { source: own, spare: None }
    }

    /// A number in `0.0..1.0`.
    #[inline(always)]
    pub(in crate::predict) fn unit(&mut self) -> f64 {
        (self.source.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A number above 0 and up to 1.
    #[inline(always)]
    fn positive(&mut self) -> f64 {
        1.0 - self.unit()
    }

    /// A standard normal number (Marsaglia's polar method).
    #[inline(always)]
    pub(in crate::predict) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let square = x * x + y * y;
            if square < 1.0 && square > 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.spare = Some(y * factor);
                return x * factor;
            }
        }
    }

    /// A gamma number of a shape, scale 1 (Marsaglia and Tsang 2000).
    pub(super) fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let boost = self.positive().powf(1.0 / shape);
            return self.gamma(shape + 1.0) * boost;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && self.positive().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    /// A χ² number.
    pub(super) fn chi_square(&mut self, freedom: f64) -> f64 {
        2.0 * self.gamma(0.5 * freedom)
    }

    /// A χ² number of few whole degrees of freedom: exponentials in pairs, and a squared normal number if they are odd.
    #[inline(always)]
    pub(super) fn small_chi_square(&mut self, freedom: u32) -> f64 {
        let product: f64 = (0..freedom / 2).fold(1.0, |product, _| product * self.positive());
        let even = -2.0 * product.ln();
        if freedom.is_multiple_of(2) { even } else { even + self.normal().powi(2) }
    }

    /// A beta number.
    pub(super) fn beta(&mut self, a: f64, b: f64) -> f64 {
        let (x, y) = (self.gamma(a), self.gamma(b));
        x / (x + y)
    }

    /// An inverse Gaussian number (Michael, Schucany and Haas 1976).
    #[inline(always)]
    pub(super) fn inverse_gaussian(&mut self, mean: f64, shape: f64) -> f64 {
        let y = self.normal().powi(2) * mean / (2.0 * shape);
        // 1 + y − √(y (y + 2)), without cancellation.
        let x = mean / (1.0 + y + (y * (y + 2.0)).sqrt());
        if self.unit() * (mean + x) <= mean { x } else { mean * mean / x }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_means_and_variances() {
        let mut random = Random::of(3, 2);
        let mut check = |mean: f64, variance: f64, draw: &mut dyn FnMut(&mut Random) -> f64| {
            let n = 200_000;
            let values: Vec<f64> = (0..n).map(|_| draw(&mut random)).collect();
            let own = values.iter().sum::<f64>() / f64::from(n);
            let spread = values.iter().map(|x| (x - own).powi(2)).sum::<f64>() / f64::from(n);
            assert!((own - mean).abs() < 5.0 * (variance / f64::from(n)).sqrt(), "{own} {mean}");
            assert!((spread / variance - 1.0).abs() < 0.05, "{spread} {variance}");
        };
        check(0.0, 1.0, &mut Random::normal);
        check(5.0, 10.0, &mut |r| r.small_chi_square(5));
        check(6.0, 12.0, &mut |r| r.small_chi_square(6));
        check(7.0, 14.0, &mut |r| r.chi_square(7.0));
        check(0.25, 0.25 * 0.75 / 9.0, &mut |r| r.beta(2.0, 6.0));
        check(1.5, 1.5f64.powi(3) / 4.0, &mut |r| r.inverse_gaussian(1.5, 4.0));
    }

    #[test]
    fn chains_have_streams_of_their_own() {
        let (mut a, mut b) = (Random::of(1, 0), Random::of(1, 1));
        assert!((0..100).all(|_| a.unit() != b.unit()));
    }
}
