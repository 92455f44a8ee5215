//! The likelihood of λ and its derivatives, from sums in which all columns of X are fitted.

use super::moments::Moments;

/// Which likelihood is made greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Criterion {
    /// Restricted.
    Reml,
    /// Full.
    Ml,
}

/// Numbers of samples and of columns of X.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) samples: usize,
    pub(crate) fitted: usize,
}

impl Size {
    /// Degrees of freedom of the residuals.
    pub(crate) fn degrees(self) -> f64 {
        self.samples as f64 - self.fitted as f64
    }

    fn weight(self, criterion: Criterion) -> f64 {
        match criterion {
            Criterion::Reml => self.degrees(),
            Criterion::Ml => self.samples as f64,
        }
    }
}

impl Criterion {
    /// First and second derivative of the log-likelihood by ln λ; `yy` are yᵀPy, yᵀPPy, yᵀPPPy.
    pub(crate) fn derivatives(self, moments: &Moments, yy: [f64; 3], size: Size) -> (f64, f64) {
        let weight = size.weight(self);
        let [trace, trace_two] = match self {
            Self::Reml => moments.projected_traces(),
            Self::Ml => moments.traces,
        };
        let [one, two, three] = yy;
        let slope = one - two;
        let first = 0.5 * (weight * slope / one - (weight - trace));
        let bend = one + three - 2.0 * two;
        let second = 0.5 * (weight + trace_two - 2.0 * trace)
            - 0.5 * weight * (2.0 * bend * one - slope * slope) / (one * one);
        (first, second + first)
    }

    /// The log-likelihood. `log_h` is Σ ln(λ d + 1); `log_plain` is ln |XᵀX|, which the restricted one takes off.
    pub(crate) fn value(self, moments: &Moments, yy: f64, size: Size, (log_h, log_plain): (f64, f64)) -> f64 {
        let weight = size.weight(self);
        let constant = 0.5 * weight * (weight.ln() - (2.0 * std::f64::consts::PI).ln() - 1.0);
        let own = match self {
            Self::Reml => moments.log_determinant - log_plain,
            Self::Ml => 0.0,
        };
        constant - 0.5 * (log_h + own + weight * yy.ln())
    }
}

/// Σ ln(λ d + 1): the logarithm of products of sixteen.
pub(crate) fn log_weights(values: &[f64], lambda: f64) -> f64 {
    let mut sum = 0.0;
    for values in values.chunks(16) {
        let product = values.iter().fold(1.0, |product: f64, &value| product * lambda.mul_add(value, 1.0));
        sum += if product.is_finite() {
            product.ln()
        } else {
            values.iter().map(|&value| (lambda * value).ln_1p()).sum()
        };
    }
    sum
}
