//! The plain bodies compiled for AVX2 and AVX-512, where the compiler works on whole vectors.

#![expect(unsafe_code, reason = "calls of functions compiled for features that were found at run time")]

use super::{Emission, Step, plain};

/// One function compiled with the named processor features.
macro_rules! compiled {
    ($features:literal, fn $name:ident($($arg:ident: $type:ty),*) -> $out:ty) => {
        pub(in super::super) fn $name($($arg: $type),*) -> $out {
            #[target_feature(enable = $features)]
            fn body($($arg: $type),*) -> $out {
                plain::$name($($arg),*)
            }
            // SAFETY: `level()` gives this level only if the processor has the features.
            unsafe { body($($arg),*) }
        }
    };
}

/// A module of the loops compiled with the named processor features.
macro_rules! at_level {
    ($level:ident, $features:literal) => {
        pub(super) mod $level {
            use super::*;

            compiled! { $features,
                fn advance(f: &mut [f32], weights: &[f32], alleles: &[u8], step: Step, emission: Emission) -> f32
            }
            compiled! { $features,
                fn retreat(g: &mut [f32], weights: &[f32], alleles: &[u8], step: Step, emission: Emission) -> f32
            }
            compiled! { $features,
                fn predict(f: &mut [f32], weights: &[f32], alleles: &[u8], step: Step) -> (f32, f32)
            }
            compiled! { $features, fn emit(f: &mut [f32], alleles: &[u8], emission: Emission) -> f32 }
            compiled! { $features,
                fn shares(f: &[f32], g: &[f32], weights: &[f32], alleles: &[u8]) -> [f32; 4]
            }
        }
    };
}

at_level!(avx2, "avx2");
at_level!(avx512, "avx2,avx512f,avx512vl");
