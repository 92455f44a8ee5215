//! The binomial distribution and exact intervals of a share.

/// ln Γ(x) for x > 0, by Lanczos's series (g = 7, nine terms; Press et al., Numerical Recipes).
pub fn ln_gamma(x: f64) -> f64 {
    const TERMS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        return (std::f64::consts::PI / (std::f64::consts::PI * x).sin()).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let sum = (1..9).fold(TERMS[0], |sum, k| sum + TERMS[k] / (x + k as f64));
    let t = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

/// ln of n over k.
pub fn ln_choose(n: u64, k: u64) -> f64 {
    if k == 0 || k == n {
        return 0.0;
    }
    ln_gamma(n as f64 + 1.0) - ln_gamma(k as f64 + 1.0) - ln_gamma((n - k) as f64 + 1.0)
}

/// The chance of `k` of `n` where each has the chance `p`.
pub fn binomial(k: u64, n: u64, p: f64) -> f64 {
    if k > n {
        return 0.0;
    }
    if p <= 0.0 || p >= 1.0 {
        let certain = if p <= 0.0 { 0 } else { n };
        return f64::from(u8::from(k == certain));
    }
    (ln_choose(n, k) + k as f64 * p.ln() + (n - k) as f64 * (-p).ln_1p()).exp()
}

/// The chance of at most `k` of `n`.
pub fn binomial_up_to(k: u64, n: u64, p: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    1.0 - incomplete_beta(k as f64 + 1.0, (n - k) as f64, p)
}

/// The regularised incomplete beta function I(x; a, b), by its continued fraction (Lentz's method).
pub fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, 1.0 - x) / b
    }
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let (mut c, mut out) = (1.0, d);
    for m in 1..10_000 {
        let m = f64::from(m);
        for term in [
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        ] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            out *= d * c;
        }
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    out
}

/// The value below which a beta-distributed value lies with the chance `share`, by halving.
pub fn beta_quantile(share: f64, a: f64, b: f64) -> f64 {
    root(|x| incomplete_beta(a, b, x) - share)
}

/// Where a function that grows from 0 to 1 crosses zero.
pub(crate) fn root(grows: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if grows(middle) < 0.0 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The exact interval of Clopper and Pearson (1934) for `k` of `n`, at a two-sided confidence such as 0.95.
pub fn clopper_pearson(k: u64, n: u64, confidence: f64) -> [f64; 2] {
    let tail = (1.0 - confidence) / 2.0;
    let (k, n) = (k as f64, n as f64);
    let low = if k == 0.0 { 0.0 } else { beta_quantile(tail, k, n - k + 1.0) };
    let high = if k >= n { 1.0 } else { beta_quantile(1.0 - tail, k + 1.0, n - k) };
    [low, high]
}

/// The interval of Jeffreys's prior: quantiles of Beta(k + 1/2, n − k + 1/2), 0 and 1 at the ends (Brown et al. 2001).
pub fn jeffreys(k: u64, n: u64, confidence: f64) -> [f64; 2] {
    let tail = (1.0 - confidence) / 2.0;
    let (a, b) = (k as f64 + 0.5, (n - k) as f64 + 0.5);
    let low = if k == 0 { 0.0 } else { beta_quantile(tail, a, b) };
    let high = if k >= n { 1.0 } else { beta_quantile(1.0 - tail, a, b) };
    [low, high]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn intervals_are_those_of_r() {
        // R: binom.test(3, 400)$conf.int; qbeta(c(.025, .975), 3.5, 397.5)
        let near = |own: [f64; 2], r: [f64; 2]| (0..2).all(|i| (own[i] - r[i]).abs() < 1e-7);
        assert!(near(clopper_pearson(3, 400, 0.95), [0.001_549_358_95, 0.021_760_668_51]));
        assert!(near(clopper_pearson(0, 300, 0.95), [0.0, 0.012_220_974_69]));
        assert!(near(jeffreys(3, 400, 0.95), [0.002_116_722_22, 0.019_878_627_80]));
        assert_eq!(clopper_pearson(5, 5, 0.95)[1], 1.0);
    }

    proptest! {
        #[test]
        fn sums_equal_the_beta_function(n in 1u64..200, k in 0u64..200, p in 0.001f64..0.999) {
            let k = k.min(n);
            let sum: f64 = (0..=k).map(|i| binomial(i, n, p)).sum();
            prop_assert!((sum - binomial_up_to(k, n, p)).abs() < 1e-9);
        }

        #[test]
        fn the_exact_interval_covers(n in 1u64..60, p in 0.01f64..0.99) {
            let covered: f64 = (0..=n).filter(|&k| {
                let [low, high] = clopper_pearson(k, n, 0.9);
                low <= p && p <= high
            }).map(|k| binomial(k, n, p)).sum();
            prop_assert!(covered >= 0.9 - 1e-9, "{}", covered);
        }
    }
}
