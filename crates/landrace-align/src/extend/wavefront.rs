//! Banded affine alignment along wavefronts, sixteen cells at a time: the fast twin of [`super::banded`].
//!
//! The cells `(i, k)` of one wavefront, `2 i + k = t`, depend on those of the two wavefronts before it only, so
//! that any number of them is computed together. AVX2 is chosen at run time; without it the plain kernel runs.

use super::banded::{self, Banded, BandedScratch};
use crate::options::Scoring;

#[cfg(target_arch = "x86_64")]
mod avx2;

/// Buffers.
#[derive(Default)]
pub(crate) struct WavefrontScratch {
    plain: BandedScratch,
    #[cfg(target_arch = "x86_64")]
    fast: avx2::Wavefronts,
}

/// As [`banded::banded`], with the same result.
pub(crate) fn align(
    read: &[u8],
    reference: &[u8],
    band: usize,
    scoring: &Scoring,
    scratch: &mut WavefrontScratch,
) -> Option<Banded> {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && avx2::fits(read, reference, band, scoring) {
        return avx2::align(read, reference, band, scoring, &mut scratch.fast);
    }
    banded::banded(read, reference, band, scoring, &mut scratch.plain)
}
