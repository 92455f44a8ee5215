//! The plain body compiled for AVX2 and AVX-512, where bits are counted by the processor.

#![expect(unsafe_code, reason = "calls of functions compiled for features that were found at run time")]

use super::plain::{self, DosageSums, Members};

/// A module of the kernel compiled with the named processor features.
macro_rules! level {
    ($level:ident, $features:literal) => {
        pub(super) mod $level {
            use super::*;

            pub(in crate::diversity::kernel) fn group_sums(
                bits: &[u64],
                words: usize,
                members: &Members,
                out: &mut [DosageSums],
            ) {
                #[target_feature(enable = $features)]
                fn body(bits: &[u64], words: usize, members: &Members, out: &mut [DosageSums]) {
                    plain::group_sums(bits, words, members, out);
                }
                // SAFETY: `level()` gives this level only if the processor has the features.
                unsafe { body(bits, words, members, out) }
            }
        }
    };
}

level!(avx2, "popcnt,avx2,bmi1,bmi2");
level!(avx512, "popcnt,avx2,bmi1,bmi2,avx512f,avx512vl,avx512vpopcntdq");
