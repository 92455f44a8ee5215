//! Purity of seed lots: from counts, single seeds, pooled reads or tested groups, and the plans that such tests follow.

use landrace_genotypes::GenotypeError;

use crate::binomial::{binomial_up_to, clopper_pearson, incomplete_beta, jeffreys};

pub mod lot;
pub mod plan;
pub mod pool;
pub mod seeds;

/// How often a test errs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TestError {
    /// Chance that a seed true to type is called an off-type.
    pub false_off_type: f64,
    /// Chance that an off-type is called true.
    pub missed: f64,
}

impl TestError {
    /// The share of seeds called off-types where a share `p` is: by both errors.
    pub fn seen(&self, p: f64) -> f64 {
        p * (1.0 - self.missed) + (1.0 - p) * self.false_off_type
    }

    /// The share of off-types behind a share called so (Rogan and Gladen 1978), within 0 and 1.
    pub fn behind(&self, seen: f64) -> f64 {
        ((seen - self.false_off_type) / (1.0 - self.missed - self.false_off_type)).clamp(0.0, 1.0)
    }

    /// # Errors
    /// Returns an error if the test tells nothing.
    pub fn check(&self) -> Result<(), GenotypeError> {
        if self.false_off_type + self.missed >= 1.0 {
            return Err(GenotypeError::Request(format!(
                "a test that calls {} of the true seeds off-types and misses {} of the off-types tells nothing; give \
                 rates whose sum is below 1",
                self.false_off_type, self.missed
            )));
        }
        Ok(())
    }
}

/// A share of off-types with its intervals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OffTypes {
    /// Off-types or positive groups, of so many tested.
    pub counted: [u64; 2],
    /// Seeds a group; 1 for single seeds.
    pub seeds_each: u64,
    /// The likeliest share of off-types.
    pub share: f64,
    /// Exact interval (Clopper and Pearson).
    pub exact: [f64; 2],
    /// Jeffreys's interval.
    pub jeffreys: [f64; 2],
}

impl OffTypes {
    /// The share of off-types from `off` of `tested` single seeds, or of groups of `seeds_each` seeds of which one
    /// off-type makes the group positive.
    ///
    /// # Errors
    /// Returns an error if nothing was tested, more were off than tested, or the test tells nothing.
    pub fn count(
        off: u64,
        tested: u64,
        seeds_each: u64,
        error: &TestError,
        confidence: f64,
    ) -> Result<Self, GenotypeError> {
        let request = |message: String| Err(GenotypeError::Request(message));
        error.check()?;
        if tested == 0 || seeds_each == 0 {
            return request("nothing was tested; a share needs at least one seed".to_owned());
        }
        if off > tested {
            return request(format!(
                "{off} off-types of {tested} tested; there cannot be more than were tested"
            ));
        }
        // The share of positive groups grows with that of off-types, so the ends of the interval carry over.
        let share = |seen: f64| 1.0 - (1.0 - error.behind(seen)).powf(1.0 / seeds_each as f64);
        Ok(Self {
            counted: [off, tested],
            seeds_each,
            share: share(off as f64 / tested as f64),
            exact: clopper_pearson(off, tested, confidence).map(share),
            jeffreys: jeffreys(off, tested, confidence).map(share),
        })
    }

    /// Probability that the share of off-types is at most `standard`, by Jeffreys's prior.
    pub fn chance_within(&self, standard: f64, error: &TestError) -> f64 {
        let positive = error.seen(1.0 - (1.0 - standard).powf(self.seeds_each as f64));
        let [off, tested] = self.counted.map(|count| count as f64);
        incomplete_beta(off + 0.5, tested - off + 0.5, positive)
    }

    /// One-sided exact p-value of "the lot has no more off-types than the standard": the chance of at least as many.
    pub fn p_above(&self, standard: f64, error: &TestError) -> f64 {
        let positive = error.seen(1.0 - (1.0 - standard).powf(self.seeds_each as f64));
        match self.counted {
            [0, _] => 1.0,
            [off, tested] => 1.0 - binomial_up_to(off - 1, tested, positive),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_as_exact_as_seeds() {
        let none = TestError::default();
        let seeds = OffTypes::count(3, 400, 1, &none, 0.95).unwrap();
        assert!((seeds.share - 0.0075).abs() < 1e-12 && (seeds.exact[1] - 0.021_760_67).abs() < 1e-6);
        // 10 groups of 30, 2 positive: 1 − 0.8^(1/30).
        let groups = OffTypes::count(2, 10, 30, &none, 0.95).unwrap();
        assert!((groups.share - 0.007_410_5).abs() < 1e-6);
        assert!(groups.exact[0] < groups.share && groups.share < groups.exact[1]);
        let mistaken = TestError { false_off_type: 0.01, missed: 0.0 };
        assert_eq!(OffTypes::count(3, 400, 1, &mistaken, 0.95).unwrap().share, 0.0);
        assert!((seeds.p_above(0.0075, &none) - 0.577).abs() < 0.01, "{}", seeds.p_above(0.0075, &none));
        assert!(seeds.chance_within(0.03, &none) > 0.99);
    }

    #[test]
    fn mistakes_are_refused() {
        let none = TestError::default();
        assert!(
            OffTypes::count(4, 3, 1, &none, 0.95).unwrap_err().to_string().contains("more than were tested")
        );
        assert!(OffTypes::count(0, 0, 1, &none, 0.95).is_err());
        let blind = TestError { false_off_type: 0.5, missed: 0.5 };
        assert!(OffTypes::count(0, 9, 1, &blind, 0.95).unwrap_err().to_string().contains("tells nothing"));
    }
}
