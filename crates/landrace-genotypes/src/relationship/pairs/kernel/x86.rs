//! The plain bodies compiled for AVX2, and vectors by hand for AVX-512.

#![allow(unsafe_code, reason = "calls of functions compiled for features that were found at run time")]

use super::plain;
use super::{KingCounts, StateCounts};

/// A module of the kernels compiled with the named processor features.
macro_rules! level {
    ($level:ident, $features:literal) => {
        pub(super) mod $level {
            use super::*;

            pub(in super::super) fn king(a: &[u64], b: &[u64]) -> KingCounts {
                #[target_feature(enable = $features)]
                fn body(a: &[u64], b: &[u64]) -> KingCounts {
                    plain::king(a, b)
                }
                // SAFETY: `level()` gives this level only if the processor has the features.
                unsafe { body(a, b) }
            }

            pub(in super::super) fn states(a: &[u64], b: &[u64], steps: usize) -> StateCounts {
                #[target_feature(enable = $features)]
                fn body(a: &[u64], b: &[u64], steps: usize) -> StateCounts {
                    plain::states(a, b, steps)
                }
                // SAFETY: `level()` gives this level only if the processor has the features.
                unsafe { body(a, b, steps) }
            }

            pub(in super::super) fn both(a: &[u64], b: &[u64]) -> u32 {
                #[target_feature(enable = $features)]
                fn body(a: &[u64], b: &[u64]) -> u32 {
                    plain::both(a, b)
                }
                // SAFETY: `level()` gives this level only if the processor has the features.
                unsafe { body(a, b) }
            }
        }
    };
}

level!(avx2, "popcnt,avx2,bmi1,bmi2");

/// By hand: left to itself, the compiler gathers words across the loop, at three times the cost.
pub(super) mod avx512 {
    use std::arch::x86_64::{
        __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_loadu_si512, _mm512_or_si512,
        _mm512_popcnt_epi64, _mm512_reduce_add_epi64, _mm512_setzero_si512, _mm512_ternarylogic_epi64,
    };

    use super::*;

    /// (a ^ b) & c.
    const DIFFERS: i32 = 0b0010_1000;
    type Eight = [u64; 8];

    #[target_feature(enable = "avx512f")]
    fn load(eight: &Eight) -> __m512i {
        // SAFETY: eight words are a vector.
        unsafe { _mm512_loadu_si512(eight.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx512f,avx512vpopcntdq")]
    fn tally(counts: __m512i, bits: __m512i) -> __m512i {
        _mm512_add_epi64(counts, _mm512_popcnt_epi64(bits))
    }

    #[target_feature(enable = "avx512f")]
    fn total(counts: __m512i) -> u32 {
        _mm512_reduce_add_epi64(counts) as u32
    }

    pub(in super::super) fn king(a: &[u64], b: &[u64]) -> KingCounts {
        // SAFETY: `level()` gives this level only if the processor has the features.
        unsafe { king_body(a, b) }
    }

    #[target_feature(enable = "avx512f,avx512vl,avx512vpopcntdq")]
    fn king_body(a: &[u64], b: &[u64]) -> KingCounts {
        let zero = _mm512_setzero_si512();
        let (mut both, mut first, mut second, mut opposite, mut homozygous) = (zero, zero, zero, zero, zero);
        let (a, b) = (a.as_chunks::<8>().0.as_chunks::<3>().0, b.as_chunks::<8>().0.as_chunks::<3>().0);
        for ([het_a, hom_a, alt_a], [het_b, hom_b, alt_b]) in a.iter().zip(b) {
            let (het_a, hom_a, alt_a) = (load(het_a), load(hom_a), load(alt_a));
            let (het_b, hom_b, alt_b) = (load(het_b), load(hom_b), load(alt_b));
            let homs = _mm512_and_si512(hom_a, hom_b);
            both = tally(both, _mm512_and_si512(het_a, het_b));
            first = tally(first, _mm512_and_si512(het_a, hom_b));
            second = tally(second, _mm512_and_si512(hom_a, het_b));
            homozygous = tally(homozygous, homs);
            opposite = tally(opposite, _mm512_ternarylogic_epi64::<DIFFERS>(alt_a, alt_b, homs));
        }
        KingCounts {
            both: total(both),
            first: total(first),
            second: total(second),
            opposite: total(opposite),
            homozygous: total(homozygous),
        }
    }

    pub(in super::super) fn states(a: &[u64], b: &[u64], steps: usize) -> StateCounts {
        // SAFETY: `level()` gives this level only if the processor has the features.
        unsafe {
            match steps {
                1 => states_body(a, b, 1),
                2 => states_body(a, b, 2),
                4 => states_body(a, b, 4),
                6 => states_body(a, b, 6),
                8 => states_body(a, b, 8),
                _ => states_body(a, b, steps),
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512vpopcntdq")]
    fn states_body(a: &[u64], b: &[u64], steps: usize) -> StateCounts {
        let zero = _mm512_setzero_si512();
        let (mut compared, mut different, mut opposite, mut distance) = (zero, zero, zero, zero);
        let size = steps + 1;
        let (a, b) = (a.as_chunks::<8>().0.chunks_exact(size), b.as_chunks::<8>().0.chunks_exact(size));
        for (a, b) in a.zip(b) {
            let valid = _mm512_and_si512(load(&a[steps]), load(&b[steps]));
            let mut any = zero;
            for (a, b) in a[..steps].iter().zip(&b[..steps]) {
                let differs = _mm512_ternarylogic_epi64::<DIFFERS>(load(a), load(b), valid);
                any = _mm512_or_si512(any, differs);
                distance = tally(distance, differs);
            }
            compared = tally(compared, valid);
            different = tally(different, any);
            // Steps are nested: the ends are exchanged where the first step differs and the last differs too.
            let (any_a, all_a, any_b, all_b) =
                (load(&a[0]), load(&a[steps - 1]), load(&b[0]), load(&b[steps - 1]));
            let apart = _mm512_ternarylogic_epi64::<DIFFERS>(any_a, any_b, valid);
            opposite = tally(opposite, _mm512_ternarylogic_epi64::<DIFFERS>(all_a, all_b, apart));
        }
        StateCounts {
            compared: total(compared),
            different: total(different),
            opposite: total(opposite),
            distance: _mm512_reduce_add_epi64(distance) as u64,
        }
    }

    pub(in super::super) fn both(a: &[u64], b: &[u64]) -> u32 {
        // SAFETY: `level()` gives this level only if the processor has the features.
        unsafe { both_body(a, b) }
    }

    #[target_feature(enable = "avx512f,avx512vl,avx512vpopcntdq")]
    fn both_body(a: &[u64], b: &[u64]) -> u32 {
        let mut counts = _mm512_setzero_si512();
        for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
            counts = tally(counts, _mm512_and_si512(load(a), load(b)));
        }
        total(counts)
    }
}
