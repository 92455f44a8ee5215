//! Logarithms of tail probabilities, which stay true where the probabilities themselves are too small for a number.

use super::chi_squared_tail;

/// ln Γ(x) for x above 0: Stirling's series after the argument is raised above 12.
pub fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < 12.0 {
        product *= x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0];
    let rest = series.iter().rev().fold(0.0, |sum, term| sum * square + term) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + rest - product.ln()
}

/// ln P(F > f) for an F statistic with `first` and `second` degrees of freedom.
pub fn ln_f_tail(f: f64, first: f64, second: f64) -> f64 {
    if f.is_nan() {
        return f64::NAN;
    }
    if f <= 0.0 {
        return 0.0;
    }
    let ratio = first * f / second;
    // P = I_x(second / 2, first / 2) with x = 1 / (1 + ratio).
    let (a, b) = (second / 2.0, first / 2.0);
    let (ln_x, ln_rest) = (-ratio.ln_1p(), ratio.ln() - ratio.ln_1p());
    let front = a * ln_x + b * ln_rest + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b);
    let x = ln_x.exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        return front + (beta_fraction(a, b, x) / a).ln();
    }
    let below = front.exp() * beta_fraction(b, a, ln_rest.exp()) / b;
    (-below.min(1.0)).ln_1p()
}

/// The continued fraction of the incomplete beta function, by Lentz's method.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let keep = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / keep(1.0 - (a + b) * x / (a + 1.0));
    let mut out = d;
    for step in 1..10_000 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / keep(1.0 + even * d);
        c = keep(1.0 + even / c);
        out *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / keep(1.0 + odd * d);
        c = keep(1.0 + odd / c);
        out *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    out
}

/// ln P(χ² > statistic) with whole degrees of freedom.
pub fn ln_chi_squared_tail(statistic: f64, degrees: u32) -> f64 {
    let plain = chi_squared_tail(statistic, degrees);
    if plain > 1e-200 || degrees == 0 || statistic.is_nan() {
        return plain.ln();
    }
    // Γ(a, x) = xᵃ e⁻ˣ / (x + 1 − a − 1(1 − a) / (x + 3 − a − ...)), from the far end.
    let (a, x) = (f64::from(degrees) / 2.0, statistic / 2.0);
    let fraction = (1..200).rev().fold(0.0, |rest, k| {
        let k = f64::from(k);
        k * (k - a) / (x + 2.0 * k + 1.0 - a - rest)
    });
    a * x.ln() - x - ln_gamma(a) - (x + 1.0 - a - fraction).ln()
}

/// The χ² statistic of one degree of freedom that has a tail probability, given by its logarithm.
pub fn chi_squared_of_ln_tail(ln_p: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while ln_chi_squared_tail(high, 1) > ln_p && high < 1e12 {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if ln_chi_squared_tail(middle, 1) > ln_p {
            low = middle
        } else {
            high = middle
        }
        if high - low <= 1e-13 * high {
            break;
        }
    }
    0.5 * (low + high)
}

/// A probability from its natural logarithm, seven digits: `1.234567e-08`, and as well where it is below what numbers
/// hold, as `3.210987e-412`.
pub fn probability_text(ln_p: f64) -> String {
    if ln_p.is_nan() {
        return "NA".to_owned();
    }
    if ln_p > -690.0 {
        return format!("{:.6e}", ln_p.exp());
    }
    let tens = ln_p / std::f64::consts::LN_10;
    let exponent = tens.floor();
    let digits = format!("{:.6}", 10f64.powf(tens - exponent));
    match digits.strip_prefix("10.") {
        Some(_) => format!("1.000000e{:.0}", exponent + 1.0),
        None => format!("{digits}e{exponent:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(own: f64, expected: f64, tolerance: f64) {
        assert!((own - expected).abs() <= tolerance * expected.abs(), "{own} {expected}");
    }

    #[test]
    fn gamma_is_that_of_factorials() {
        for (n, factorial) in [(1.0, 1.0), (5.0, 24.0), (11.0, 3_628_800.0)] {
            assert!((ln_gamma(n) - f64::ln(factorial)).abs() < 1e-12);
        }
        near(ln_gamma(0.5), 0.572_364_942_924_700_1, 1e-13);
        near(ln_gamma(1000.5), 5_908.674_175_848_678, 1e-14);
    }

    #[test]
    fn f_tails_are_those_of_r() {
        // R: pf(x, a, b, lower.tail = FALSE, log.p = TRUE)
        for (f, first, second, expected) in F_TAILS {
            near(ln_f_tail(f, first, second), expected, 1e-10);
        }
        assert_eq!(ln_f_tail(0.0, 1.0, 7.0), 0.0);
        assert!(ln_f_tail(f64::NAN, 1.0, 7.0).is_nan());
    }

    #[test]
    fn chi_squared_tails_are_those_of_r() {
        // R: pchisq(x, df, lower.tail = FALSE, log.p = TRUE)
        for (x, degrees, expected) in CHI_TAILS {
            near(ln_chi_squared_tail(x, degrees), expected, 1e-10);
        }
        near(chi_squared_of_ln_tail(0.5f64.ln()), 0.454_936_423_119_572_8, 1e-9);
        near(chi_squared_of_ln_tail(ln_chi_squared_tail(3000.0, 1)), 3000.0, 1e-9);
    }

    #[test]
    fn probabilities_are_written_below_the_least_number() {
        assert_eq!(probability_text(0.0), "1.000000e0");
        assert_eq!(probability_text(-2000.0 * std::f64::consts::LN_10 - 1.0), "3.678794e-2001");
        assert_eq!(probability_text(-1000.0 * std::f64::consts::LN_10 * (1.0 - 1e-16)), "1.000000e-1000");
        assert_eq!(probability_text(f64::NAN), "NA");
    }

    /// Statistic, degrees of freedom, logarithm.
    const F_TAILS: [(f64, f64, f64, f64); 7] = [
        (0.001, 1.0, 100.0, -0.025486120326561654),
        (0.5, 1.0, 1408.0, -0.7347671356835688),
        (3.9, 1.0, 1408.0, -3.026579004386007),
        (66.0, 1.0, 1408.0, -34.56240205728608),
        (2500.0, 1.0, 300.0, -338.06108176531814),
        (1000000.0, 1.0, 2000.0, -6220.631470664943),
        (4.2, 3.0, 37.0, -4.439055700133279),
    ];
    /// Statistic, degrees of freedom, logarithm.
    const CHI_TAILS: [(f64, u32, f64); 6] = [
        (0.3, 1, -0.5380556507217004),
        (3.84, 1, -2.9948622271800254),
        (40.0, 1, -22.093833084219643),
        (1500.0, 1, -753.8830671053823),
        (5000.0, 2, -2500.0),
        (2400.0, 5, -1189.6483178774417),
    ];
}
