//! Random numbers: one stream a task, so that results depend on the seed alone and not on threads.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A stream of random numbers (xoshiro256++) that belongs to one task.
#[derive(Clone, Debug)]
pub struct Stream(Xoshiro256PlusPlus);

/// SplitMix64's finaliser: spreads every input bit over the whole word.
fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// A number that stands for `seed`, `purpose` and `index` together: the seed of a task, or of a group of tasks.
pub fn derive(seed: u64, purpose: &str, index: u64) -> u64 {
    let start = mix(seed.wrapping_add(0x9e37_79b9_7f4a_7c15));
    let named = purpose.bytes().fold(start, |word, byte| mix(word ^ u64::from(byte)).wrapping_add(1));
    mix(named ^ mix(index.wrapping_add(0xd1b5_4a32_d192_ed03)))
}

impl Stream {
    /// The stream of task `index` of those with this `purpose`.
    pub fn of(seed: u64, purpose: &str, index: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(derive(seed, purpose, index)))
    }

    /// A number in `0.0..1.0`, evenly.
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number in `low..high`, evenly.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number in `0..bound` (0 if the bound is 0), evenly, by Lemire's multiplication with rejection.
    pub fn below(&mut self, bound: u64) -> u64 {
        let threshold = bound.wrapping_neg().checked_rem(bound).unwrap_or(0);
        loop {
            let product = u128::from(self.0.next_u64()) * u128::from(bound);
            if product as u64 >= threshold {
                return (product >> 64) as u64;
            }
        }
    }

    /// An index into something of `length` items.
    pub fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// True with a given probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A standard normal number (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// An exponential number of a given mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// A Pareto number of a given shape, 1 at the least: the smaller the shape, the longer the tail.
    pub fn pareto(&mut self, shape: f64) -> f64 {
        (1.0 - self.unit()).powf(-1.0 / shape)
    }

    /// A gamma number of a given shape and of mean 1 (Marsaglia and Tsang 2000).
    pub fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let boost = (1.0 - self.unit()).powf(1.0 / shape);
            return self.gamma(shape + 1.0) * (shape + 1.0) * boost / shape;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            let u = 1.0 - self.unit();
            if v > 0.0 && u.ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v / shape;
            }
        }
    }

    /// A Poisson number of a given mean: events of rate 1 within that time (linear in the mean).
    pub fn poisson(&mut self, mean: f64) -> u64 {
        let mut events = 0;
        let mut time = self.exponential(1.0);
        while time < mean {
            events += 1;
            time += self.exponential(1.0);
        }
        events
    }

    /// Puts items in a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }

    /// An index drawn by running sums of weights.
    pub fn weighted(&mut self, running_sums: &[f64]) -> usize {
        let total = running_sums.last().copied().unwrap_or(0.0);
        let at = self.unit() * total;
        running_sums.partition_point(|&sum| sum <= at).min(running_sums.len().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_neighbouring_tasks_differ() {
        let mut first: Vec<u64> =
            (0..1000).map(|index| Stream::of(1, "reads", index).below(1 << 60)).collect();
        first.extend((0..1000).map(|index| Stream::of(1, "genome", index).below(1 << 60)));
        first.extend((2..1000).map(|seed| Stream::of(seed, "reads", 0).below(1 << 60)));
        let count = first.len();
        first.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), count);
    }

    #[test]
    fn numbers_have_their_means() {
        let mut stream = Stream::of(7, "test", 0);
        let n = 100_000;
        let mut mean = |draw: &mut dyn FnMut(&mut Stream) -> f64| {
            (0..n).map(|_| draw(&mut stream)).sum::<f64>() / f64::from(n)
        };
        assert!((mean(&mut Stream::unit) - 0.5).abs() < 0.01);
        assert!(mean(&mut Stream::normal).abs() < 0.02);
        assert!((mean(&mut |s| s.normal().powi(2)) - 1.0).abs() < 0.03);
        assert!((mean(&mut |s| s.exponential(3.0)) - 3.0).abs() < 0.05);
        assert!((mean(&mut |s| s.poisson(4.0) as f64) - 4.0).abs() < 0.05);
        assert!((mean(&mut |s| s.gamma(0.5)) - 1.0).abs() < 0.03);
        assert!((mean(&mut |s| s.gamma(4.0)) - 1.0).abs() < 0.02);
        assert!((mean(&mut |s| s.below(7) as f64) - 3.0).abs() < 0.05);
        // The mean of a Pareto number of shape a is a / (a - 1).
        assert!((mean(&mut |s| s.pareto(4.0)) - 4.0 / 3.0).abs() < 0.02);
    }
}
