//! Sums over stretches of the genome, which bootstrap and intervals go by: linked loci are drawn together.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

/// Stretches that are held at most; where there are more, neighbours are joined.
const MOST: usize = 1024;

/// Sums of as many columns over stretches of the genome, in its order.
#[derive(Clone, Debug, Default)]
pub struct Stretches {
    width: usize,
    sums: Vec<Vec<f64>>,
    /// Keys that one stretch holds.
    keys: usize,
    keys_of_last: usize,
    last: Option<(String, u64)>,
}

/// How often each stretch is drawn in each replicate.
#[derive(Clone, Debug, Default)]
pub struct Draws {
    times: Vec<Vec<u16>>,
}

/// The ends of a 95% interval.
pub type Interval = Option<(f64, f64)>;

impl Stretches {
    /// Without stretches; `width` columns.
    pub fn new(width: usize) -> Self {
        Self { width, keys: 1, ..Self::default() }
    }

    /// Adds sums under a key; equal keys follow each other. Joins neighbours when there are too many stretches, which
    /// depends on the keys alone.
    pub fn add(&mut self, contig: &str, index: u64, sums: &[f64]) {
        let is_same = self.last.as_ref().is_some_and(|last| last.0 == contig && last.1 == index);
        if !is_same {
            self.last = Some((contig.to_owned(), index));
            if self.sums.is_empty() || self.keys_of_last == self.keys {
                if self.sums.len() == MOST {
                    self.join();
                }
                self.sums.push(vec![0.0; self.width]);
                self.keys_of_last = 0;
            }
            self.keys_of_last += 1;
        }
        if let Some(last) = self.sums.last_mut() {
            last.iter_mut().zip(sums).for_each(|(own, value)| *own += value);
        }
    }

    fn join(&mut self) {
        let mut joined: Vec<Vec<f64>> = Vec::with_capacity(MOST);
        for pair in self.sums.chunks(2) {
            let mut sums = pair[0].clone();
            pair.iter().skip(1).for_each(|other| sums.iter_mut().zip(other).for_each(|(a, b)| *a += b));
            joined.push(sums);
        }
        self.sums = joined;
        self.keys *= 2;
    }

    /// Number of stretches.
    pub fn len(&self) -> usize {
        self.sums.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// The sum of a column over all.
    pub fn total(&self, column: usize) -> f64 {
        self.sums.iter().map(|own| own[column]).sum()
    }

    /// Draws as many stretches as there are, with putting back, `replicates` times.
    pub fn draw(&self, replicates: usize, seed: u64) -> Draws {
        let count = self.sums.len() as u64;
        let draw = |replicate: usize| {
            let mut random =
                Xoshiro256PlusPlus::seed_from_u64(seed ^ (replicate as u64).wrapping_mul(0x9e37_79b9));
            let mut times = vec![0u16; self.sums.len()];
            for _ in 0..count {
                // The high half of the product is a number below `count`, each as likely to within 2⁻⁵³.
                let place = ((u128::from(random.next_u64()) * u128::from(count)) >> 64) as usize;
                times[place] += 1;
            }
            times
        };
        Draws { times: (0..replicates).into_par_iter().map(draw).collect() }
    }

    /// The 95% percentile interval of a statistic of some columns' sums; `None` with fewer than two stretches or
    /// where most replicates have no value.
    pub fn interval(
        &self,
        draws: &Draws,
        columns: &[usize],
        statistic: impl Fn(&[f64]) -> Option<f64>,
    ) -> Interval {
        if self.sums.len() < 2 {
            return None;
        }
        let values: Vec<Vec<f64>> =
            columns.iter().map(|&column| self.sums.iter().map(|own| own[column]).collect()).collect();
        let mut sums = vec![0.0; columns.len()];
        let mut found: Vec<f64> = Vec::with_capacity(draws.times.len());
        for times in &draws.times {
            for (sum, values) in sums.iter_mut().zip(&values) {
                *sum = values.iter().zip(times).map(|(value, &times)| value * f64::from(times)).sum();
            }
            found.extend(statistic(&sums).filter(|value| value.is_finite()));
        }
        if 2 * found.len() <= draws.times.len() {
            return None;
        }
        found.sort_by(f64::total_cmp);
        Some((quantile(&found, 0.025), quantile(&found, 0.975)))
    }
}

/// A quantile of sorted values, between neighbours by proportion.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (low, rest) = (place.floor() as usize, place.fract());
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + rest * (sorted[high] - sorted[low])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_joined_and_nothing_is_lost() {
        for keys in [1u64, 5, 1024, 1025, 1500, 5000] {
            let mut own = Stretches::new(2);
            for key in 0..keys {
                own.add("1", key, &[1.0, key as f64]);
                own.add("1", key, &[1.0, 0.0]);
            }
            assert_eq!(own.total(0), 2.0 * keys as f64);
            assert_eq!(own.total(1), (keys * (keys - 1) / 2) as f64);
            assert!(own.len() <= MOST && (own.len() > MOST / 2 || keys < 1024), "{} {keys}", own.len());
            // Each but the last holds as many keys.
            let first = own.sums[0][0];
            assert!(own.sums[..own.len() - 1].iter().all(|sums| sums[0] == first));
        }
    }

    #[test]
    fn the_interval_of_a_mean_is_that_of_its_spread() {
        let mut own = Stretches::new(2);
        for key in 0..400u64 {
            own.add("1", key, &[(key % 2) as f64, 1.0]);
        }
        let draws = own.draw(2000, 3);
        let (low, high) = own.interval(&draws, &[0, 1], |sums| Some(sums[0] / sums[1])).unwrap();
        // Standard error 0.5 / sqrt(400) = 0.025.
        assert!((low - 0.451).abs() < 0.004 && (high - 0.549).abs() < 0.004, "{low} {high}");
        assert_eq!(own.interval(&draws, &[0], |_| None), None);
    }
}
