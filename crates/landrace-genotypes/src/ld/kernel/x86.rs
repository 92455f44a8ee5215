//! The plain bodies compiled for AVX2 and AVX-512, where the compiler counts the bits of whole vectors.

#![expect(unsafe_code, reason = "calls of functions compiled for features that were found at run time")]

use super::TernaryCounts;
use super::plain;

/// A module of the kernels compiled with the named processor features.
macro_rules! level {
    ($level:ident, $features:literal) => {
        pub(super) mod $level {
            use super::*;

            pub(in crate::ld::kernel) fn ternary_counts(x: &[u64], y: &[u64], words: usize) -> TernaryCounts {
                #[target_feature(enable = $features)]
                fn body(x: &[u64], y: &[u64], words: usize) -> TernaryCounts {
                    plain::ternary_counts(x, y, words)
                }
                // SAFETY: `level()` gives this level only if the processor has the features.
                unsafe { body(x, y, words) }
            }

            pub(in crate::ld::kernel) fn ternary_products(x: &[u64], y: &[u64], words: usize) -> (u64, u64) {
                #[target_feature(enable = $features)]
                fn body(x: &[u64], y: &[u64], words: usize) -> (u64, u64) {
                    plain::ternary_products(x, y, words)
                }
                // SAFETY: `level()` gives this level only if the processor has the features.
                unsafe { body(x, y, words) }
            }

            pub(in crate::ld::kernel) fn ternary_alternates(
                x: &[u64],
                y: &[u64],
                words: usize,
            ) -> (u64, u64) {
                #[target_feature(enable = $features)]
                fn body(x: &[u64], y: &[u64], words: usize) -> (u64, u64) {
                    plain::ternary_alternates(x, y, words)
                }
                // SAFETY: `level()` gives this level only if the processor has the features.
                unsafe { body(x, y, words) }
            }
        }
    };
}

level!(avx2, "popcnt,avx2,bmi1,bmi2");
level!(avx512, "popcnt,avx2,bmi1,bmi2,avx512f,avx512vl,avx512vpopcntdq");
