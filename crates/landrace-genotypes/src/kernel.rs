//! Counts over bit planes: exact integers from popcounts, at the widest level the processor has.
//!
//! The bodies are those of [`plain`]; here they are compiled again for processors with wider words and chosen at
//! run time. `LANDRACE_SIMD` (`scalar`, `avx2`, `avx512`) caps the level, for tests and comparisons.

use std::sync::OnceLock;

pub mod plain;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use plain::{ColumnCounts, MendelCounts, PairCounts, PairSums, SPARE_PLACES};

/// What the processor offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Any processor.
    Scalar,
    /// x86-64 with POPCNT and AVX2.
    Avx2,
    /// x86-64 with AVX-512 and VPOPCNTDQ.
    Avx512,
}

/// The level in use.
pub fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let cap = match std::env::var("LANDRACE_SIMD").as_deref() {
            Ok("scalar") => Level::Scalar,
            Ok("avx2") => Level::Avx2,
            _ => Level::Avx512,
        };
        available().min(cap)
    })
}

#[cfg(target_arch = "x86_64")]
fn available() -> Level {
    let has_avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt");
    let has_avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vpopcntdq");
    match (has_avx2, has_avx512) {
        (true, true) => Level::Avx512,
        (true, false) => Level::Avx2,
        _ => Level::Scalar,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn available() -> Level {
    // NEON counts bits in the plain code already.
    Level::Scalar
}

/// How many samples have each dosage, 0 to the ploidy. `bits` holds the planes of one row, `words` words each.
pub fn dosage_counts(bits: &[u64], words: usize, ploidy: u8) -> Vec<u32> {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 => return x86::avx512::dosage_counts(bits, words, ploidy),
        Level::Avx2 => return x86::avx2::dosage_counts(bits, words, ploidy),
        Level::Scalar => {}
    }
    plain::dosage_counts(bits, words, ploidy)
}

/// Sums over the samples that two variants of one ploidy both have.
pub fn pair_sums(x: &[u64], y: &[u64], words: usize) -> PairSums {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 => return x86::avx512::pair_sums(x, y, words),
        Level::Avx2 => return x86::avx2::pair_sums(x, y, words),
        Level::Scalar => {}
    }
    plain::pair_sums(x, y, words)
}

/// Compares two samples over the variants of a block, given as steps: `steps[t]` has a bit for each variant whose
/// dosage is above `t`; the last plane has a bit for each call that is there.
pub fn compare_samples(x: &[u64], y: &[u64], words: usize) -> PairCounts {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 => return x86::avx512::compare_samples(x, y, words),
        Level::Avx2 => return x86::avx2::compare_samples(x, y, words),
        Level::Scalar => {}
    }
    plain::compare_samples(x, y, words)
}

/// Compares a sample with others as parent and offspring, in either direction. Each has, for ploidy P, planes of the
/// variants with dosage 0, at most 1 ... at most P/2 − 1, then above P/2, above P/2 + 1 ... P, then those called;
/// `others` holds one after another, and `counts` gets one of each.
pub fn mendel_pairs(own: &[u64], others: &[u64], words: usize, counts: &mut [MendelCounts]) {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 => return x86::avx512::mendel_pairs(own, others, words, counts),
        Level::Avx2 => return x86::avx2::mendel_pairs(own, others, words, counts),
        Level::Scalar => {}
    }
    plain::mendel_pairs(own, others, words, counts);
}

/// Splits a row of a `.bed`, two bits a call from the lowest, into the two planes of the dosage of A1, `planes`
/// being both, one after the other: 00 is two copies, 01 missing, 10 one, 11 none.
pub fn split_pairs(bytes: &[u8], planes: &mut [u64]) {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 => return x86::avx512::split_pairs(bytes, planes),
        Level::Avx2 => return x86::avx2::split_pairs(bytes, planes),
        Level::Scalar => {}
    }
    plain::split_pairs(bytes, planes)
}

/// Adds a row of `words` words a plane to the counts of its columns.
pub fn count_columns(row: &[u64], words: usize, ploidy: u8, counts: &mut ColumnCounts) {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 => return x86::avx512::count_columns(row, words, ploidy, counts),
        Level::Avx2 => return x86::avx2::count_columns(row, words, ploidy, counts),
        Level::Scalar => {}
    }
    plain::count_columns(row, words, ploidy, counts);
}

/// Adds what the columns' counters hold to their totals; to be called after the last row.
pub fn empty_columns(counts: &mut ColumnCounts) {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 => return x86::avx512::empty_columns(counts),
        Level::Avx2 => return x86::avx2::empty_columns(counts),
        Level::Scalar => {}
    }
    plain::empty_columns(counts);
}

/// Writes the places of the bits that are set in words of which `flip` turns bits round, and gives their number;
/// `places` has room for all and [`SPARE_PLACES`] more.
pub fn bits_set(words: &[u64], flip: u64, places: &mut [u32]) -> usize {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 => return x86::avx512::bits_set(words, flip, places),
        Level::Avx2 => return x86::avx2::bits_set(words, flip, places),
        Level::Scalar => {}
    }
    plain::bits_set(words, flip, places)
}
