//! The inner loops compiled for AVX2 and AVX-512 and chosen at run time. The bodies are plain code with a fixed
//! number of lanes, so that every level gives the same numbers.

#![allow(unsafe_code, reason = "calls of functions compiled for features that were found at run time")]

use super::copying::{self, Backward, Step};
use super::linkage::{self, LaneSums};
use super::vote;

/// Defines a function that runs a plain body at the level of the processor.
macro_rules! dispatched {
    ($(fn $name:ident($($arg:ident: $kind:ty),*) $(-> $out:ty)? = $body:path;)*) => {$(
        pub(super) fn $name($($arg: $kind),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "popcnt,avx2,bmi1,bmi2")]
                fn avx2($($arg: $kind),*) $(-> $out)? {
                    $body($($arg),*)
                }
                #[target_feature(enable = "popcnt,avx2,bmi1,bmi2,avx512f,avx512vl,avx512vpopcntdq")]
                fn avx512($($arg: $kind),*) $(-> $out)? {
                    $body($($arg),*)
                }
                match crate::kernel::level() {
                    // SAFETY: `level()` gives this level only if the processor has the features.
                    crate::kernel::Level::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: `level()` gives this level only if the processor has the features.
                    crate::kernel::Level::Avx2 => return unsafe { avx2($($arg),*) },
                    crate::kernel::Level::Scalar => {}
                }
            }
            $body($($arg),*)
        }
    )*};
}

dispatched! {
    fn lane_sums(own: &[u64], tile: &[u64], planes: usize) -> LaneSums = linkage::lane_sums_plain;
    fn add_distances(distance: &mut vote::Distances, shares: &[f32], own: f32, weight: f32) = vote::add_distances_plain;
    fn step_forward(step: Step<'_>, from: &[f32], to: &mut [f32]) -> f32 = copying::step_forward_plain;
    fn step_backward(step: Backward<'_>, behind: &mut [f32]) = copying::step_backward_plain;
}
