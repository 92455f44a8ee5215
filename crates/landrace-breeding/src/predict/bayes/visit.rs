//! One visit of a block: the effects are drawn one after another, and the products with the residual are kept up to
//! date through the block's own products.

#![allow(unsafe_code, reason = "the same body compiled for features that were found at run time")]

#[cfg(target_arch = "x86_64")]
use landrace_genotypes::kernel::{Level, level};

use super::blocks::{BLOCK, Products};
use super::prior::Prior;
use super::random::Random;

/// Sums over the rounds that count, of a variant.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Moments {
    /// Mean of the effect given all else.
    pub(super) mean: f64,
    /// Mean of its square given all else.
    pub(super) square: f64,
    /// Probability that it is not 0, given all else.
    pub(super) inclusion: f64,
}

/// A block of variants, as a visit needs it.
pub(super) struct Visit<'a> {
    /// Index of the first variant.
    pub(super) first: usize,
    pub(super) products: &'a Products,
    /// Σ w z² of each.
    pub(super) squares: &'a [f64],
    /// z'W r of each; changed on the way.
    pub(super) residual: &'a mut [f64; BLOCK],
    pub(super) effects: &'a mut [f64],
    /// New effect less the old.
    pub(super) changes: &'a mut [f64; BLOCK],
    /// Sums to add to; `None` during the burn-in.
    pub(super) moments: Option<&'a mut [Moments]>,
    pub(super) residual_variance: f64,
}

/// Draws the effects of a block.
pub(super) fn visit<P: Prior>(block: Visit<'_>, prior: &mut P, random: &mut Random) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512vl")]
        fn avx512<P: Prior>(block: Visit<'_>, prior: &mut P, random: &mut Random) {
            body(block, prior, random);
        }
        #[target_feature(enable = "avx2")]
        fn avx2<P: Prior>(block: Visit<'_>, prior: &mut P, random: &mut Random) {
            body(block, prior, random);
        }
        match level() {
            // SAFETY: `level()` gives this level only if the processor has AVX-512.
            Level::Avx512 => return unsafe { avx512(block, prior, random) },
            // SAFETY: `level()` gives this level only if the processor has AVX2.
            Level::Avx2 => return unsafe { avx2(block, prior, random) },
            Level::Scalar => {}
        }
    }
    body(block, prior, random);
}

#[inline(always)]
fn body<P: Prior>(mut block: Visit<'_>, prior: &mut P, random: &mut Random) {
    for k in 0..block.effects.len() {
        let (old, squares) = (block.effects[k], block.squares[k]);
        let product = block.residual[k] + squares * old;
        let drawn = prior.draw(block.first + k, (product, squares), block.residual_variance, random);
        block.effects[k] = drawn.effect;
        let change = drawn.effect - old;
        block.changes[k] = change;
        if change != 0.0 {
            let own: &[f32; BLOCK] = &block.products.as_chunks::<BLOCK>().0[k];
            for (residual, &product) in block.residual.iter_mut().zip(own) {
                *residual -= f64::from(product) * change;
            }
        }
        if let Some(moments) = &mut block.moments {
            let own = &mut moments[k];
            own.mean += drawn.mean;
            own.square += drawn.square;
            own.inclusion += drawn.inclusion;
        }
    }
}
