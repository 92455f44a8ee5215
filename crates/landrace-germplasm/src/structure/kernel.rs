//! Sums over the calls of one variant, or of one sample, that a step of the ancestry model needs, at the widest level the
//! processor has.
//!
//! A call is one byte, `ploidy << 4 | dosage`; 0 is a missing call, which adds nothing to any sum. Whichever side is
//! moved, the frequency at a call is h = Σ x_k f_k: of a variant, x are its frequencies in the ancestral populations and
//! f the samples' ancestries; of a sample, x is its ancestry and f the variants' frequencies. A line of calls counts either
//! one of two alleles, or one of several: the other alleles then have lines of their own.

use landrace_genotypes::kernel::{Level, level};

mod plain;
#[cfg(target_arch = "x86_64")]
mod x86;

/// Calls a step of the kernels: arrays are padded to a multiple of it, with missing calls and factors of ½ or so.
pub(super) const LANES: usize = 16;
/// Calls that the wide kernel works on at a time.
pub(super) const SPAN: usize = 256;

/// What a step needs of one line: the gradient, the information and the log-likelihood.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sums {
    /// Σ (g − n h) f_k / (h (1 − h)); of one allele of several Σ g f_k / h.
    pub(super) gradient: Vec<f64>,
    /// Σ n f_k f_l / (h (1 − h)), row by row; the lower triangle with the diagonal is filled. Of one allele of several
    /// Σ n f_k f_l / h.
    pub(super) information: Vec<f64>,
    /// Σ g ln h + (n − g) ln(1 − h); of one allele of several Σ g ln h.
    pub(super) likelihood: f64,
}

impl Sums {
    pub(super) fn new(k: usize) -> Self {
        Self { gradient: vec![0.0; k], information: vec![0.0; k * k], likelihood: 0.0 }
    }

    pub(super) fn clear(&mut self) {
        self.gradient.fill(0.0);
        self.information.fill(0.0);
        self.likelihood = 0.0;
    }
}

/// A stretch of calls and the factors that go with them: one array a population, as long as the calls.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) calls: &'a [u8],
    pub(super) factors: &'a [&'a [f32]],
    /// The highest ploidy of the calls.
    pub(super) ploidy: u8,
    /// Whether this is one of several alleles.
    pub(super) is_allele: bool,
}

/// Adds a stretch's sums at `x`.
pub(super) fn add_sums(line: Line<'_>, x: &[f32], out: &mut Sums) {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 if has_bytes_and_doubles() => return x86::add_sums_avx512(line, x, out),
        Level::Avx2 | Level::Avx512 if is_x86_feature_detected!("fma") => {
            return x86::add_sums_avx2(line, x, out);
        }
        _ => {}
    }
    plain::add_sums(line, x, out);
}

/// The log-likelihood of a stretch at `x`.
pub(super) fn likelihood(line: Line<'_>, x: &[f32]) -> f64 {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 if has_bytes_and_doubles() => return x86::likelihood_avx512(line, x),
        Level::Avx2 | Level::Avx512 if is_x86_feature_detected!("fma") => {
            return x86::likelihood_avx2(line, x);
        }
        _ => {}
    }
    plain::likelihood(line, x)
}

/// Whether the processor has the parts of AVX-512 that the level does not speak of.
#[cfg(target_arch = "x86_64")]
fn has_bytes_and_doubles() -> bool {
    is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512dq")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Calls of ploidy up to `ploidy`, factors that sum to 1 at each call, and a point.
    fn lines() -> impl Strategy<Value = (u8, Vec<u8>, Vec<Vec<f32>>, Vec<f32>, bool)> {
        (1usize..10, 1u8..=14, 1usize..40).prop_flat_map(|(k, ploidy, groups)| {
            let call = (0..=ploidy, 0u8..=15).prop_map(|(n, g)| if n == 0 { 0 } else { (n << 4) | g.min(n) });
            let length = groups * LANES;
            let factors = prop::collection::vec(prop::collection::vec(0.01f32..1.0, length), k);
            (
                Just(ploidy),
                prop::collection::vec(call, length),
                factors,
                prop::collection::vec(1e-6f32..0.999, k),
                any::<bool>(),
            )
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn every_level_gives_the_same_bits_and_the_sums_are_right((ploidy, calls, mut factors, x, is_allele) in lines()) {
            for at in 0..calls.len() {
                let total: f32 = factors.iter().map(|f| f[at]).sum();
                factors.iter_mut().for_each(|f| f[at] /= total);
            }
            let factors: Vec<&[f32]> = factors.iter().map(Vec::as_slice).collect();
            let line = Line { calls: &calls, factors: &factors, ploidy, is_allele };
            let k = factors.len();
            let (mut own, mut plain_sums) = (Sums::new(k), Sums::new(k));
            add_sums(line, &x, &mut own);
            plain::add_sums(line, &x, &mut plain_sums);
            prop_assert_eq!(&own, &plain_sums);
            #[cfg(target_arch = "x86_64")]
            if level() >= Level::Avx2 && is_x86_feature_detected!("fma") {
                let mut sums = Sums::new(k);
                x86::add_sums_avx2(line, &x, &mut sums);
                prop_assert_eq!(&sums, &plain_sums);
                prop_assert_eq!(x86::likelihood_avx2(line, &x).to_bits(), plain::likelihood(line, &x).to_bits());
            }
            prop_assert_eq!(likelihood(line, &x).to_bits(), plain::likelihood(line, &x).to_bits());
            let mut exact = Sums::new(k);
            for (at, &call) in calls.iter().enumerate() {
                let (g, n) = (f64::from(call & 15), f64::from(call >> 4));
                let h: f64 = (0..k).map(|a| f64::from(x[a]) * f64::from(factors[a][at])).sum();
                let (slope, weight) =
                    if is_allele { (g / h, n / h) } else { ((g - n * h) / (h * (1.0 - h)), n / (h * (1.0 - h))) };
                exact.likelihood += g * h.ln() + if is_allele { 0.0 } else { (n - g) * (1.0 - h).ln() };
                for a in 0..k {
                    exact.gradient[a] += slope * f64::from(factors[a][at]);
                    for b in 0..=a {
                        exact.information[a * k + b] +=
                            weight * f64::from(factors[a][at]) * f64::from(factors[b][at]);
                    }
                }
            }
            let size = 1.0 + exact.information.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
            prop_assert!((own.likelihood - exact.likelihood).abs() < 1e-4 * (1.0 + exact.likelihood.abs()));
            prop_assert!((likelihood(line, &x) - exact.likelihood).abs() < 1e-4 * (1.0 + exact.likelihood.abs()));
            for (a, b) in own.gradient.iter().zip(&exact.gradient) {
                prop_assert!((a - b).abs() < 1e-3 * size, "{} {}", a, b);
            }
            for a in 0..k {
                for b in 0..=a {
                    let (own, exact) = (own.information[a * k + b], exact.information[a * k + b]);
                    prop_assert!((own - exact).abs() < 1e-3 * size, "{} {}", own, exact);
                }
            }
        }
    }
}
