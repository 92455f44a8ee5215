//! Counts over pairs of variants whose calls take three values, as PLINK lays them out: a call is there, it is
//! homozygous, it is homozygous for the alternate allele.
//!
//! A row is three planes of `words` words: *called*, *homozygous* (within called) and *alternate* (within
//! homozygous). With a = −1, 0 or 1 for no, one or two copies, the sums over the pair's common samples need seven
//! counts of bits, and two where neither variant has a missing call.

use crate::kernel::{Level, level};

pub mod plain;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

/// Bits counted over the samples that both variants have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TernaryCounts {
    /// Samples that both have.
    pub called: u64,
    /// Of these, homozygous at the first.
    pub first_homozygous: u64,
    /// Of these, of the alternate allele.
    pub first_alternate: u64,
    /// Homozygous at the second.
    pub second_homozygous: u64,
    /// Of these, of the alternate allele.
    pub second_alternate: u64,
    /// Homozygous at both.
    pub both_homozygous: u64,
    /// Of these, of the alternate allele at one and not at the other.
    pub opposite: u64,
}

/// All counts of a pair.
pub fn ternary_counts(first: &[u64], second: &[u64], words: usize) -> TernaryCounts {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 => return x86::avx512::ternary_counts(first, second, words),
        Level::Avx2 => return x86::avx2::ternary_counts(first, second, words),
        Level::Scalar => {}
    }
    plain::ternary_counts(first, second, words)
}

/// Samples homozygous at both variants, and of these the opposite ones: all that a pair without missing calls needs.
pub fn ternary_products(first: &[u64], second: &[u64], words: usize) -> (u64, u64) {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 => return x86::avx512::ternary_products(first, second, words),
        Level::Avx2 => return x86::avx2::ternary_products(first, second, words),
        Level::Scalar => {}
    }
    plain::ternary_products(first, second, words)
}

/// Samples homozygous for the alternate allele at the first variant that are so at the second, and that are
/// homozygous there: with the counts above, all nine cells of the pair's table.
pub fn ternary_alternates(first: &[u64], second: &[u64], words: usize) -> (u64, u64) {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 => return x86::avx512::ternary_alternates(first, second, words),
        Level::Avx2 => return x86::avx2::ternary_alternates(first, second, words),
        Level::Scalar => {}
    }
    plain::ternary_alternates(first, second, words)
}
