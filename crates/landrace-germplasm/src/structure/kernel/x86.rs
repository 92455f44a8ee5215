//! The plain bodies compiled for AVX2 with FMA and for AVX-512.

#![allow(unsafe_code, reason = "functions for features that were found at run time")]

use super::plain::{likelihood_of_any, sums_of_any};
use super::{Line, Sums};

/// See [`super::add_sums`].
pub(super) fn add_sums_avx512(line: Line<'_>, x: &[f32], out: &mut Sums) {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
    fn body(line: Line<'_>, x: &[f32], out: &mut Sums) {
        sums_of_any(line, x, out);
    }
    // SAFETY: `level()` gives this level only if the processor has AVX-512.
    unsafe { body(line, x, out) }
}

/// See [`super::add_sums`].
pub(super) fn add_sums_avx2(line: Line<'_>, x: &[f32], out: &mut Sums) {
    #[target_feature(enable = "avx2,fma")]
    fn body(line: Line<'_>, x: &[f32], out: &mut Sums) {
        sums_of_any(line, x, out);
    }
    // SAFETY: called only if the processor has AVX2 and FMA.
    unsafe { body(line, x, out) }
}

/// See [`super::likelihood`].
pub(super) fn likelihood_avx512(line: Line<'_>, x: &[f32]) -> f64 {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
    fn body(line: Line<'_>, x: &[f32]) -> f64 {
        likelihood_of_any(line, x)
    }
    // SAFETY: `level()` gives this level only if the processor has AVX-512.
    unsafe { body(line, x) }
}

/// See [`super::likelihood`].
pub(super) fn likelihood_avx2(line: Line<'_>, x: &[f32]) -> f64 {
    #[target_feature(enable = "avx2,fma")]
    fn body(line: Line<'_>, x: &[f32]) -> f64 {
        likelihood_of_any(line, x)
    }
    // SAFETY: called only if the processor has AVX2 and FMA.
    unsafe { body(line, x) }
}
