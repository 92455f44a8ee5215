//! The plain body compiled for AVX2 and AVX-512 with fused multiply-adds.

#![expect(unsafe_code, reason = "calls of functions compiled for features that were found at run time")]

use super::{Parts, plain};

/// A module of the kernel compiled with the named processor features.
macro_rules! level {
    ($level:ident, $features:literal) => {
        pub(super) mod $level {
            use super::*;

            /// See [`crate::mixed_model::kernel::add_moments`].
            pub(in crate::mixed_model::kernel) fn add_moments(
                values: &[f64],
                columns: &[&[f64]],
                lambda: f64,
                sums: &mut [[Parts; 3]],
                traces: &mut [Parts; 2],
            ) {
                #[target_feature(enable = $features)]
                fn body(
                    values: &[f64],
                    columns: &[&[f64]],
                    lambda: f64,
                    sums: &mut [[Parts; 3]],
                    traces: &mut [Parts; 2],
                ) {
                    plain::add_moments(values, columns, lambda, sums, traces);
                }
                // SAFETY: called only if the processor has the features.
                unsafe { body(values, columns, lambda, sums, traces) }
            }
        }
    };
}

level!(avx2, "avx2,fma");
level!(avx512, "avx512f,avx512vl,fma");
