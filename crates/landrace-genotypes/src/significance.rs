//! Tails of the distributions that tests on genotypes use.

mod log_tail;

pub use log_tail::{chi_squared_of_ln_tail, ln_chi_squared_tail, ln_f_tail, ln_gamma, probability_text};

/// P-value of a chi-squared statistic with whole degrees of freedom; 1 without any.
pub fn chi_squared_tail(statistic: f64, degrees: u32) -> f64 {
    if degrees == 0 { 1.0 } else { upper_gamma(f64::from(degrees) / 2.0, statistic.max(0.0) / 2.0) }
}

/// Probability that a standard normal value is above `z`.
pub fn normal_tail(z: f64) -> f64 {
    let beyond = erfc(z.abs() / std::f64::consts::SQRT_2) / 2.0;
    if z < 0.0 { 1.0 - beyond } else { beyond }
}

/// Fisher's exact test of two shares, two-sided: `first` of `of_first` against `second` of `of_second`. The
/// p-value is the probability of all tables with these margins that are no likelier than the one seen.
pub fn fisher_exact(first: u64, of_first: u64, second: u64, of_second: u64) -> f64 {
    let marked = first + second;
    let least = marked.saturating_sub(of_second);
    let most = marked.min(of_first);
    // Probability of k + 1 over that of k, for the hypergeometric count k of the first group.
    let step = |k: u64| {
        let up = (of_first - k) as f64 * (marked - k) as f64;
        up / ((k + 1) as f64 * (of_second + k + 1 - marked) as f64)
    };
    two_sided(first, (least, most, 1), step)
}

/// The two-sided p-value of a count whose distribution has one peak: the probability of all counts that are no
/// likelier. `range` holds the least and the greatest count and the step between counts; `ratio(k)` is the
/// probability of k + step over that of k.
pub(crate) fn two_sided(seen: u64, range: (u64, u64, u64), ratio: impl Fn(u64) -> f64) -> f64 {
    let sums = sums(seen, range, ratio);
    if sums.total == 0.0 { 1.0 } else { ((sums.rarer + sums.tied) / sums.total).min(1.0) }
}

/// Probabilities relative to the peak's, summed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TailSums {
    /// All counts.
    pub(crate) total: f64,
    /// Counts less likely than the one seen.
    pub(crate) rarer: f64,
    /// Counts as likely as the one seen, itself included.
    pub(crate) tied: f64,
}

/// Sums outwards from the peak, so that nothing overflows, and no further than matters.
pub(crate) fn sums(seen: u64, (least, most, step): (u64, u64, u64), ratio: impl Fn(u64) -> f64) -> TailSums {
    if seen < least || seen > most {
        return TailSums::default();
    }
    let peak = peak((least, most, step), &ratio);
    // The probability of the count seen, by the same products as below.
    let mut own = 1.0;
    let mut at = peak;
    while at < seen {
        own *= ratio(at);
        at += step;
    }
    while at > seen {
        at -= step;
        own /= ratio(at);
    }
    let mut out = TailSums::default();
    // What is smaller than this part of a sum is lost in its rounding.
    const NOTHING: f64 = 1e-18;
    let mut add = |weight: f64| {
        out.total += weight;
        if weight < own * (1.0 - 1e-9) {
            out.rarer += weight;
        } else if weight <= own * (1.0 + 1e-9) {
            out.tied += weight;
        }
        weight < own * (1.0 - 1e-9) && weight <= NOTHING * out.rarer
    };
    let (mut at, mut weight) = (peak, 1.0);
    while !add(weight) && at + step <= most {
        weight *= ratio(at);
        at += step;
    }
    let (mut at, mut weight) = (peak, 1.0);
    while at >= least + step {
        at -= step;
        weight /= ratio(at);
        if add(weight) {
            break;
        }
    }
    out
}

/// The likeliest count, by halving: the ratio falls as the count grows.
fn peak((least, most, step): (u64, u64, u64), ratio: &impl Fn(u64) -> f64) -> u64 {
    let (mut low, mut high) = (0, (most - least) / step);
    while low < high {
        let middle = (low + high) / 2;
        if ratio(least + middle * step) > 1.0 { low = middle + 1 } else { high = middle }
    }
    least + low * step
}

/// The regularised upper incomplete gamma function Q(a, x) for half-integer a, by Q(a + 1, x) = Q(a, x) +
/// xᵃ e⁻ˣ / Γ(a + 1) from Q(1/2, x) = erfc(√x) or Q(1, x) = e⁻ˣ.
fn upper_gamma(a: f64, x: f64) -> f64 {
    let is_whole = a.fract() == 0.0;
    let (mut q, mut at, mut term) = if is_whole {
        ((-x).exp(), 1.0, x * (-x).exp())
    } else {
        (erfc(x.sqrt()), 0.5, 2.0 * (x / std::f64::consts::PI).sqrt() * (-x).exp())
    };
    while at < a - 0.25 {
        q += term;
        at += 1.0;
        term *= x / at;
    }
    q.clamp(0.0, 1.0)
}

/// The complementary error function: its series near 0, its continued fraction beyond.
fn erfc(x: f64) -> f64 {
    let scale = std::f64::consts::PI.sqrt();
    if x < 2.0 {
        let (mut term, mut sum) = (x, x);
        for k in 1..200 {
            term *= -x * x / f64::from(k);
            sum += term / f64::from(2 * k + 1);
        }
        return 1.0 - 2.0 * sum / scale;
    }
    let fraction = (1..60).rev().fold(x, |rest, k| x + f64::from(k) / 2.0 / rest);
    (-x * x).exp() / (fraction * scale)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tails_are_those_of_tables() {
        for (degrees, point) in
            [(1, 3.841_459), (2, 5.991_465), (3, 7.814_728), (4, 9.487_729), (11, 19.675_138)]
        {
            assert!((chi_squared_tail(point, degrees) - 0.05).abs() < 1e-6, "{degrees}");
        }
        assert!(
            (erfc(0.5) - 0.479_500_122_2).abs() < 1e-9 && (erfc(3.0) / 2.209_049_7e-5 - 1.0).abs() < 1e-6
        );
        assert!(
            (normal_tail(1.959_963_985) - 0.025).abs() < 1e-9
                && (normal_tail(-1.0) - 0.841_344_746).abs() < 1e-8
        );
    }

    #[test]
    fn fisher_tests_the_lady_tasting_tea() {
        assert!((fisher_exact(3, 4, 1, 4) - 0.485_714_285_7).abs() < 1e-9);
        // R: fisher.test(matrix(c(1, 9, 11, 3), 2))
        assert!((fisher_exact(1, 10, 11, 14) - 0.002_759_456_1).abs() < 1e-9);
        assert_eq!(fisher_exact(0, 5, 0, 9), 1.0);
        assert_eq!(fisher_exact(5, 5, 9, 9), 1.0);
    }

    proptest! {
        #[test]
        fn fisher_equals_enumeration(a in 0u64..20, b in 0u64..20, c in 0u64..20, d in 0u64..20) {
            let log_factorial = |n: u64| (1..=n).map(|i| (i as f64).ln()).sum::<f64>();
            let log_choose = |n: u64, k: u64| log_factorial(n) - log_factorial(k) - log_factorial(n - k);
            let (of_first, of_second, marked) = (a + b, c + d, a + c);
            let weight = |k: u64| (log_choose(of_first, k) + log_choose(of_second, marked - k)).exp();
            let all: Vec<u64> = (marked.saturating_sub(of_second)..=marked.min(of_first)).collect();
            let total: f64 = all.iter().map(|&k| weight(k)).sum();
            let tail: f64 = all.iter().map(|&k| weight(k)).filter(|&w| w <= weight(a) * (1.0 + 1e-9)).sum();
            prop_assert!((fisher_exact(a, of_first, c, of_second) - tail / total).abs() < 1e-9);
        }
    }
}
