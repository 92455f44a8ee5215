//! Logarithms of factorials.

use std::sync::LazyLock;

/// Factorials that are kept: those of the numbers below.
const KEPT: usize = 1 << 15;

static TABLE: LazyLock<Vec<f64>> = LazyLock::new(|| {
    // What rounding took from the sum is carried along, so that the last is as exact as the first.
    let (mut sum, mut lost) = (0.0f64, 0.0f64);
    let mut out = vec![0.0; KEPT];
    for (n, own) in out.iter_mut().enumerate().skip(1) {
        let term = (n as f64).ln();
        let next = sum + term;
        lost += if sum > term { (sum - next) + term } else { (term - next) + sum };
        sum = next;
        *own = sum + lost;
    }
    out
});

/// ln n!, to rounding: by Stirling's series where no table reaches.
#[inline]
pub(super) fn ln(n: u64) -> f64 {
    if let Some(known) = TABLE.get(n as usize) {
        return *known;
    }
    let x = n as f64;
    (x + 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + (1.0 / 12.0 - 1.0 / (360.0 * x * x)) / x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factorials_are_continuous_and_known() {
        assert_eq!((ln(0), ln(1)), (0.0, 0.0));
        assert!((ln(20) - 2_432_902_008_176_640_000f64.ln()).abs() < 1e-14);
        let beyond = KEPT as u64;
        assert!((ln(beyond) - ln(beyond - 1) - (beyond as f64).ln()).abs() < 1e-9);
    }
}
