//! Sampling plans: how many seeds to test, and how many off-types to accept.

use landrace_genotypes::GenotypeError;

use super::TestError;
use crate::binomial::binomial_up_to;

/// Groups or seeds that are tried at most.
const MOST: u64 = 1_000_000;

/// How a lot is tested: so many groups of so many seeds; single seeds are groups of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Testing {
    /// Seeds a group.
    pub seeds_each: u64,
    /// How often the test of a group errs.
    pub error: TestError,
}

impl Testing {
    /// The chance that a group tests positive where a share `p` of the seeds is off-type.
    pub fn positive(&self, p: f64) -> f64 {
        self.error.seen(1.0 - (1.0 - p).powf(self.seeds_each as f64))
    }
}

/// A plan: accept the lot if at most `accept` of `tests` are positive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Seeds, or groups, to test.
    pub tests: u64,
    /// Off-types, or positive groups, that are still accepted.
    pub accept: u64,
    /// How each is tested.
    pub testing: Testing,
}

/// A share of off-types, and the chance of the wrong decision there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Share of off-types.
    pub share: f64,
    /// The most that the chance of the wrong decision may be.
    pub risk: f64,
}

impl Plan {
    /// The chance that a lot with a share `p` of off-types is accepted.
    pub fn accepts(&self, p: f64) -> f64 {
        binomial_up_to(self.accept, self.tests, self.testing.positive(p))
    }

    /// The operating characteristic: the chance of acceptance at shares from 0 to `most`, in `steps`.
    pub fn curve(&self, most: f64, steps: usize) -> Vec<(f64, f64)> {
        (0..=steps)
            .map(|step| {
                let share = most * step as f64 / steps as f64;
                (share, self.accepts(share))
            })
            .collect()
    }

    /// The share of off-types that is accepted with a chance, by halving.
    pub fn share_accepted(&self, chance: f64) -> f64 {
        crate::binomial::root(|p| chance - self.accepts(p))
    }
}

fn request(message: String) -> GenotypeError {
    GenotypeError::Request(message)
}

/// The plan of the fewest tests that accepts a lot of the acceptable quality with at least 1 − the producer's risk,
/// and one of the lowest tolerable quality with at most the consumer's risk.
///
/// # Errors
/// Returns an error if the two qualities cannot be told apart.
pub fn smallest_plan(acceptable: Limit, lowest: Limit, testing: Testing) -> Result<Plan, GenotypeError> {
    testing.error.check()?;
    if !(0.0..1.0).contains(&acceptable.share)
        || !(0.0..=1.0).contains(&lowest.share)
        || acceptable.share >= lowest.share
    {
        return Err(request(format!(
            "the acceptable share of off-types ({}) must be below the lowest tolerable quality's ({}); give shares such \
             as --aql 0.005 --lql 0.02",
            acceptable.share, lowest.share
        )));
    }
    let [good, bad] = [acceptable.share, lowest.share].map(|share| testing.positive(share));
    let enough = |tests: u64, accept: u64| binomial_up_to(accept, tests, bad) <= lowest.risk;
    let mut tests = 1;
    for accept in 0.. {
        tests = fewest(tests.max(accept + 1), |tests| enough(tests, accept)).ok_or_else(|| {
            request(format!(
                "no plan of up to {MOST} tests tells {} from {} off-types at these risks; allow higher risks, or smaller \
                 groups",
                acceptable.share, lowest.share
            ))
        })?;
        if 1.0 - binomial_up_to(accept, tests, good) <= acceptable.risk {
            return Ok(Plan { tests, accept, testing });
        }
    }
    unreachable!("the loop ends when the tests run out")
}

/// The least number from `from` on that satisfies a condition that stays satisfied.
fn fewest(from: u64, is_enough: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut low, mut high) = (from, from);
    while !is_enough(high) {
        if high >= MOST {
            return None;
        }
        low = high + 1;
        high = (high * 2).min(MOST);
    }
    while low < high {
        let middle = low.midpoint(high);
        if is_enough(middle) { high = middle } else { low = middle + 1 }
    }
    Some(low)
}

/// The plan of a given number of tests: the fewest off-types with which a lot of the population standard is accepted
/// with at least 1 − the risk, as UPOV's uniformity tables (TGP/8) have it.
///
/// # Errors
/// Returns an error if there are no tests, or the standard is none.
pub fn plan_for(tests: u64, standard: Limit, testing: Testing) -> Result<Plan, GenotypeError> {
    testing.error.check()?;
    if tests == 0 || tests > MOST {
        return Err(request(format!("{tests} tests; plan for 1 to {MOST}")));
    }
    if !(0.0..1.0).contains(&standard.share) {
        return Err(request(format!(
            "a share of off-types of {}; give one from 0 to below 1",
            standard.share
        )));
    }
    let positive = testing.positive(standard.share);
    let is_enough = |accept: u64| binomial_up_to(accept, tests, positive) >= 1.0 - standard.risk;
    let accept = (0..=tests).find(|&accept| is_enough(accept)).unwrap_or(tests);
    Ok(Plan { tests, accept, testing })
}

/// For each number of off-types, the largest number of tests that it is accepted for, while at most `most` tests.
///
/// # Errors
/// Returns an error as [`plan_for`] does.
pub fn table(most: u64, standard: Limit, testing: Testing) -> Result<Vec<Plan>, GenotypeError> {
    plan_for(most, standard, testing)?;
    let positive = testing.positive(standard.share);
    let mut out = Vec::new();
    let mut from = 1;
    for accept in 0.. {
        // The chance of acceptance falls with the number of tests.
        let fails = |tests: u64| binomial_up_to(accept, tests, positive) < 1.0 - standard.risk;
        let last = fewest(from, fails).map_or(most, |first| (first - 1).min(most));
        if last >= from {
            out.push(Plan { tests: last, accept, testing });
        }
        from = last + 1;
        if from > most {
            return Ok(out);
        }
    }
    unreachable!("the loop ends at the most tests")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::binomial::binomial;

    const SEEDS: Testing = Testing { seeds_each: 1, error: TestError { false_off_type: 0.0, missed: 0.0 } };

    #[test]
    fn upovs_table_of_one_percent() {
        // TGP/8: population standard 1%, acceptance probability 95%: sample sizes and off-types.
        let standard = Limit { share: 0.01, risk: 0.05 };
        let rows: Vec<(u64, u64)> =
            table(200, standard, SEEDS).unwrap().iter().map(|plan| (plan.tests, plan.accept)).collect();
        assert_eq!(rows, [(5, 0), (35, 1), (82, 2), (137, 3), (198, 4), (200, 5)]);
        assert_eq!(plan_for(20, standard, SEEDS).unwrap().accept, 1);
        assert_eq!(plan_for(100, standard, SEEDS).unwrap().accept, 3);
    }

    #[test]
    fn known_plans() {
        // Zero acceptance: n = ln(0.05) / ln(0.99) = 299 for 95% confidence of less than 1%.
        let plan = smallest_plan(Limit { share: 0.0, risk: 0.05 }, Limit { share: 0.01, risk: 0.05 }, SEEDS)
            .unwrap();
        assert_eq!((plan.tests, plan.accept), (299, 0));
        let plan =
            smallest_plan(Limit { share: 0.005, risk: 0.05 }, Limit { share: 0.02, risk: 0.05 }, SEEDS)
                .unwrap();
        assert!(plan.accepts(0.005) >= 0.95 && plan.accepts(0.02) <= 0.05);
        assert!(
            smallest_plan(Limit { share: 0.02, risk: 0.05 }, Limit { share: 0.01, risk: 0.05 }, SEEDS)
                .unwrap_err()
                .to_string()
                .contains("must be below")
        );
        // In pools of 10, one positive pool counts up to ten seeds.
        let pools = Testing { seeds_each: 10, ..SEEDS };
        let pooled =
            smallest_plan(Limit { share: 0.0, risk: 0.05 }, Limit { share: 0.01, risk: 0.05 }, pools)
                .unwrap();
        assert_eq!((pooled.tests, pooled.accept), (30, 0));
    }

    proptest! {
        #[test]
        fn plans_are_the_smallest(aql in 0.001f64..0.02, times in 2.0f64..8.0, alpha in 0.01f64..0.2, beta in 0.01f64..0.2) {
            let (acceptable, lowest) = (Limit { share: aql, risk: alpha }, Limit { share: aql * times, risk: beta });
            let plan = smallest_plan(acceptable, lowest, SEEDS).unwrap();
            let accepts = |tests: u64, accept: u64, p: f64| (0..=accept).map(|k| binomial(k, tests, p)).sum::<f64>();
            prop_assert!(accepts(plan.tests, plan.accept, acceptable.share) >= 1.0 - alpha - 1e-9);
            prop_assert!(accepts(plan.tests, plan.accept, lowest.share) <= beta + 1e-9);
            // One test fewer satisfies no number of off-types.
            for accept in 0..=plan.accept + 1 {
                let fewer = plan.tests - 1;
                let is_plan = accepts(fewer, accept, acceptable.share) >= 1.0 - alpha + 1e-9
                    && accepts(fewer, accept, lowest.share) <= beta - 1e-9;
                prop_assert!(!is_plan);
            }
        }
    }
}
