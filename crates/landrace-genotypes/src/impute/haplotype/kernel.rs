//! The loops over copied haplotypes: one pass a site, chosen at run time for the processor's vectors.
//!
//! Sums are kept in sixteen lanes that are added in a fixed order, so that every level gives the same bits.

use crate::kernel::{Level, level};

pub(super) mod plain;
#[cfg(target_arch = "x86_64")]
mod x86;

/// The chance of what was seen at a site, by the copied allele: `base + slope × allele`, the allele in 255ths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Emission {
    pub(super) base: f32,
    pub(super) slope: f32,
}

impl Emission {
    /// Nothing was seen.
    pub(super) const NONE: Self = Self { base: 1.0, slope: 0.0 };

    /// From the chances given that allele 0 or 1 is copied.
    pub(super) fn new(zero: f32, one: f32) -> Self {
        Self { base: zero, slope: (one - zero) / 255.0 }
    }

    /// Allele 0 or 1 was seen, with this chance of an error; any other number is nothing seen.
    pub(super) fn of_allele(allele: u8, error: f32) -> Self {
        match allele {
            0 => Self::new(1.0 - error, error),
            1 => Self::new(error, 1.0 - error),
            _ => Self::NONE,
        }
    }
}

/// What a step to the next site multiplies: staying on the same haplotype, and changing to any.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) stay: f32,
    pub(super) jump: f32,
}

macro_rules! dispatched {
    ($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),*) -> $out:ty) => {
        $(#[$doc])*
        pub(super) fn $name($($arg: $type),*) -> $out {
            #[cfg(target_arch = "x86_64")]
            match level() {
                Level::Avx512 => return x86::avx512::$name($($arg),*),
                Level::Avx2 => return x86::avx2::$name($($arg),*),
                Level::Scalar => {}
            }
            #[cfg(not(target_arch = "x86_64"))]
            let _ = level() == Level::Scalar;
            plain::$name($($arg),*)
        }
    };
}

dispatched! {
    /// `f = (stay f + jump w) e`; gives the sum.
    fn advance(f: &mut [f32], weights: &[f32], alleles: &[u8], step: Step, emission: Emission) -> f32
}
dispatched! {
    /// `g = (stay g + jump) e`; gives the sum of `w g`.
    fn retreat(g: &mut [f32], weights: &[f32], alleles: &[u8], step: Step, emission: Emission) -> f32
}
dispatched! {
    /// `f = stay f + jump w`; gives the sum, and that of `f × allele`.
    fn predict(f: &mut [f32], weights: &[f32], alleles: &[u8], step: Step) -> (f32, f32)
}
dispatched! {
    /// `f = f e`; gives the sum.
    fn emit(f: &mut [f32], alleles: &[u8], emission: Emission) -> f32
}
dispatched! {
    /// Sums of `f g`, and of `f g`, `f` and `w g` times the allele.
    fn shares(f: &[f32], g: &[f32], weights: &[f32], alleles: &[u8]) -> [f32; 4]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Pass = fn(&mut [f32], &[f32], &[u8], Step, Emission) -> f32;

    proptest! {
        #[test]
        fn every_level_gives_the_same_bits(
            states in prop::collection::vec((0f32..1.0, 0f32..1.0, any::<u8>()), 1..100),
            stay in 0f32..1.0,
            zero in 0f32..1.0,
        ) {
            let (f, alleles): (Vec<f32>, Vec<u8>) = states.iter().map(|state| (state.0, state.2)).unzip();
            let weights: Vec<f32> = states.iter().map(|state| state.1).collect();
            let (step, emission) = (Step { stay, jump: 1.0 - stay }, Emission::new(zero, 1.0 - zero));
            let run = |kernel: Pass| {
                let mut own = f.clone();
                let sum = kernel(&mut own, &weights, &alleles, step, emission);
                (own, sum.to_bits())
            };
            prop_assert_eq!(run(advance), run(plain::advance));
            prop_assert_eq!(run(retreat), run(plain::retreat));
            let (mut ours, mut plainly) = (f.clone(), f.clone());
            prop_assert_eq!(
                predict(&mut ours, &weights, &alleles, step),
                plain::predict(&mut plainly, &weights, &alleles, step)
            );
            prop_assert_eq!(emit(&mut ours, &alleles, emission), plain::emit(&mut plainly, &alleles, emission));
            prop_assert_eq!(&ours, &plainly);
            prop_assert_eq!(shares(&f, &ours, &weights, &alleles), plain::shares(&f, &ours, &weights, &alleles));
        }
    }
}
