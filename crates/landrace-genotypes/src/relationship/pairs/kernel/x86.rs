//! The plain bodies compiled for AVX2 and AVX-512, where the compiler counts the bits of whole vectors.

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
level!(avx512, "popcnt,avx2,bmi1,bmi2,avx512f,avx512vl,avx512vpopcntdq");
