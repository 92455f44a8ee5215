//! The tail of a score: a sum of Bernoulli trials and a normal part.

use landrace_genotypes::significance::ln_chi_squared_tail;

/// Newton steps at most, and halvings of the bracket.
const STEPS: usize = 200;

/// S = Σ h (y − μ) + N(0, v) with independent y of chance μ = logistic(η).
pub(super) struct Trials<'a> {
    pub(super) predictor: &'a [f64],
    pub(super) means: &'a [f64],
    pub(super) h: &'a [f64],
    /// v.
    pub(super) normal: f64,
    /// Σ h μ.
    pub(super) expected: f64,
}

/// 1 / (1 + e^−η).
pub(super) fn logistic(eta: f64) -> f64 {
    1.0 / (1.0 + (-eta).exp())
}

/// ln (1 + e^η).
pub(super) fn softplus(eta: f64) -> f64 {
    eta.max(0.0) + (-eta.abs()).exp().ln_1p()
}

impl<'a> Trials<'a> {
    /// `variance` is that of the whole score; what the trials do not give of it is normal.
    pub(super) fn new(predictor: &'a [f64], means: &'a [f64], h: &'a [f64], variance: f64) -> Self {
        let own: f64 = h.iter().zip(means).map(|(h, mean)| h * h * mean * (1.0 - mean)).sum();
        let normal = variance - own;
        let normal = if normal > 1e-9 * variance { normal } else { 0.0 };
        let expected = h.iter().zip(means).map(|(h, mean)| h * mean).sum();
        Self { predictor, means, h, normal, expected }
    }

    /// First and second derivative of the cumulant-generating function at t.
    pub(super) fn slopes(&self, t: f64) -> (f64, f64) {
        let (mut first, mut second) = (t * self.normal - self.expected, self.normal);
        for (h, eta) in self.h.iter().zip(self.predictor) {
            let mean = logistic(t.mul_add(*h, *eta));
            first += h * mean;
            second += h * h * mean * (1.0 - mean);
        }
        (first, second)
    }

    fn cumulant(&self, t: f64) -> f64 {
        let trials = self.h.iter().zip(self.predictor);
        let sum: f64 = trials.map(|(h, eta)| softplus(t.mul_add(*h, *eta)) - softplus(*eta)).sum();
        sum + t * (0.5 * t * self.normal - self.expected)
    }

    /// The greatest value of the trials (the least, with `sign` −1) and the logarithm of its probability.
    fn end(&self, sign: f64) -> (f64, f64) {
        let (mut value, mut ln_chance) = (0.0, 0.0);
        for ((h, mean), eta) in self.h.iter().zip(self.means).zip(self.predictor) {
            let h = sign * h;
            if h > 0.0 {
                value += h * (1.0 - mean);
                ln_chance -= softplus(-eta);
            } else if h < 0.0 {
                value -= h * mean;
                ln_chance -= softplus(*eta);
            }
        }
        (value, ln_chance)
    }

    /// ln of P(S ≥ q) + P(S ≤ −q) for q > 0; `None` if neither tail could be found.
    pub(super) fn ln_two_sided(&self, q: f64) -> Option<f64> {
        let (upper, lower) = (self.ln_tail(q, 1.0)?, self.ln_tail(q, -1.0)?);
        let most = upper.max(lower);
        if most == f64::NEG_INFINITY {
            return None;
        }
        Some((most + ((upper - most).exp() + (lower - most).exp()).ln()).min(0.0))
    }

    /// ln P(sign S ≥ q).
    pub(super) fn ln_tail(&self, q: f64, sign: f64) -> Option<f64> {
        if self.normal == 0.0 {
            let (end, ln_chance) = self.end(sign);
            if q > end * (1.0 + 1e-9) {
                return Some(f64::NEG_INFINITY);
            }
            if q > end * (1.0 - 1e-9) {
                return Some(ln_chance);
            }
        }
        let t = self.saddle(q, sign)?;
        let second = self.slopes(sign * t).1;
        let w = (2.0 * (t * q - self.cumulant(sign * t))).max(0.0).sqrt();
        let u = t * second.sqrt();
        if !(w > 0.0 && u > 0.0) {
            return None;
        }
        let root = w + (u / w).ln() / w;
        let beyond = ln_chi_squared_tail(root * root, 1) + 0.5f64.ln();
        Some(if root >= 0.0 { beyond } else { (-beyond.exp()).ln_1p() })
    }

    /// t > 0 where the slope in the direction of `sign` is q: Newton steps that stay within a bracket.
    fn saddle(&self, q: f64, sign: f64) -> Option<f64> {
        let slopes = |t: f64| {
            let (first, second) = self.slopes(sign * t);
            (sign * first - q, second)
        };
        let (mut low, mut high) = (0.0, f64::INFINITY);
        let mut t = q / self.slopes(0.0).1;
        for _ in 0..STEPS {
            let (off, slope) = slopes(t);
            if off > 0.0 {
                high = t
            } else {
                low = t
            }
            let mut next = t - off / slope;
            if !(next > low && next < high) {
                next = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * t };
            }
            if (next - t).abs() <= 1e-10 * t {
                return Some(next);
            }
            t = next;
        }
        (high.is_finite() && high - low <= 1e-6 * high).then_some(t)
    }
}
