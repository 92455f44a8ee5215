//! The plain bodies compiled for AVX2 and AVX-512, where the compiler counts the bits of whole vectors.

#![expect(unsafe_code, reason = "calls of functions compiled for features that were found at run time")]

use super::plain::{self, ColumnCounts, MendelCounts, PairCounts, PairSums};

/// A module of the kernels compiled with the named processor features.
macro_rules! level {
    ($level:ident, $features:literal) => {
        pub(super) mod $level {
            use super::*;

            pub(in crate::kernel) fn dosage_counts(bits: &[u64], words: usize, ploidy: u8) -> Vec<u32> {
                #[target_feature(enable = $features)]
                fn body(bits: &[u64], words: usize, ploidy: u8) -> Vec<u32> {
                    plain::dosage_counts(bits, words, ploidy)
                }
                // SAFETY: `level()` gives this level only if the processor has the features.
                unsafe { body(bits, words, ploidy) }
            }

            pub(in crate::kernel) fn pair_sums(x: &[u64], y: &[u64], words: usize) -> PairSums {
                #[target_feature(enable = $features)]
                fn body(x: &[u64], y: &[u64], words: usize) -> PairSums {
                    plain::pair_sums(x, y, words)
                }
                // SAFETY: `level()` gives this level only if the processor has the features.
                unsafe { body(x, y, words) }
            }

            pub(in crate::kernel) fn compare_samples(x: &[u64], y: &[u64], words: usize) -> PairCounts {
                #[target_feature(enable = $features)]
                fn body(x: &[u64], y: &[u64], words: usize) -> PairCounts {
                    plain::compare_samples(x, y, words)
                }
                // SAFETY: `level()` gives this level only if the processor has the features.
                unsafe { body(x, y, words) }
            }

            pub(in crate::kernel) fn mendel_pairs(
                own: &[u64],
                others: &[u64],
                words: usize,
                counts: &mut [MendelCounts],
            ) {
                #[target_feature(enable = $features)]
                fn body(own: &[u64], others: &[u64], words: usize, counts: &mut [MendelCounts]) {
                    plain::mendel_pairs(own, others, words, counts);
                }
                // SAFETY: `level()` gives this level only if the processor has the features.
                unsafe { body(own, others, words, counts) }
            }

            pub(in crate::kernel) fn split_pairs(bytes: &[u8], planes: &mut [u64]) {
                #[target_feature(enable = $features)]
                fn body(bytes: &[u8], planes: &mut [u64]) {
                    plain::split_pairs(bytes, planes)
                }
                // SAFETY: `level()` gives this level only if the processor has the features.
                unsafe { body(bytes, planes) }
            }

            pub(in crate::kernel) fn count_columns(
                row: &[u64],
                words: usize,
                ploidy: u8,
                counts: &mut ColumnCounts,
            ) {
                #[target_feature(enable = $features)]
                fn body(row: &[u64], words: usize, ploidy: u8, counts: &mut ColumnCounts) {
                    plain::count_columns(row, words, ploidy, counts);
                }
                // SAFETY: `level()` gives this level only if the processor has the features.
                unsafe { body(row, words, ploidy, counts) }
            }

            pub(in crate::kernel) fn bits_set(words: &[u64], flip: u64, places: &mut [u32]) -> usize {
                #[target_feature(enable = $features)]
                fn body(words: &[u64], flip: u64, places: &mut [u32]) -> usize {
                    plain::bits_set(words, flip, places)
                }
                // SAFETY: `level()` gives this level only if the processor has the features.
                unsafe { body(words, flip, places) }
            }

            pub(in crate::kernel) fn empty_columns(counts: &mut ColumnCounts) {
                #[target_feature(enable = $features)]
                fn body(counts: &mut ColumnCounts) {
                    plain::empty_columns(counts);
                }
                // SAFETY: `level()` gives this level only if the processor has the features.
                unsafe { body(counts) }
            }
        }
    };
}

level!(avx2, "popcnt,avx2,bmi1,bmi2");
level!(avx512, "popcnt,avx2,bmi1,bmi2,avx512f,avx512vl,avx512vpopcntdq");
