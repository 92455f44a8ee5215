//! Counts over the bits of two samples, at the widest level the processor has.

#[cfg(target_arch = "x86_64")]
use crate::kernel::{Level, level};

mod plain;
#[cfg(target_arch = "x86_64")]
mod x86;

/// What KING needs of two diploid samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct KingCounts {
    /// Variants at which both are heterozygous.
    pub(crate) both: u32,
    /// Variants at which the first is heterozygous and the second homozygous.
    pub(crate) first: u32,
    /// Variants at which the second is heterozygous and the first homozygous.
    pub(crate) second: u32,
    /// Variants at which both are homozygous, for different alleles.
    pub(crate) opposite: u32,
    /// Variants at which both are homozygous.
    pub(crate) homozygous: u32,
}

impl std::ops::AddAssign for KingCounts {
    fn add_assign(&mut self, other: Self) {
        self.both += other.both;
        self.first += other.first;
        self.second += other.second;
        self.opposite += other.opposite;
        self.homozygous += other.homozygous;
    }
}

/// How alike two samples are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StateCounts {
    /// Variants at which both have a call.
    pub(crate) compared: u32,
    /// Variants at which the calls differ.
    pub(crate) different: u32,
    /// Variants at which one has the alternate allele alone and the other not at all.
    pub(crate) opposite: u32,
    /// Sum of the differences, in steps.
    pub(crate) distance: u64,
}

impl std::ops::AddAssign for StateCounts {
    fn add_assign(&mut self, other: Self) {
        self.compared += other.compared;
        self.different += other.different;
        self.opposite += other.opposite;
        self.distance += other.distance;
    }
}

/// Compares two diploid samples: eight words each of heterozygotes, homozygotes, and homozygotes of the alternate
/// allele, in turn.
pub(crate) fn king(a: &[u64], b: &[u64]) -> KingCounts {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 => return x86::avx512::king(a, b),
        Level::Avx2 => return x86::avx2::king(a, b),
        Level::Scalar => {}
    }
    plain::king(a, b)
}

/// Compares two samples: eight words each of every step and of the calls, in turn.
pub(crate) fn states(a: &[u64], b: &[u64], steps: usize) -> StateCounts {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 => return x86::avx512::states(a, b, steps),
        Level::Avx2 => return x86::avx2::states(a, b, steps),
        Level::Scalar => {}
    }
    plain::states(a, b, steps)
}

/// Counts the bits that two rows both have.
pub(crate) fn both(a: &[u64], b: &[u64]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 => return x86::avx512::both(a, b),
        Level::Avx2 => return x86::avx2::both(a, b),
        Level::Scalar => {}
    }
    plain::both(a, b)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_level_counts_the_same(
            (steps, a, b) in (1usize..15, 0usize..4).prop_flat_map(|(steps, groups)| {
                let words = || prop::collection::vec(any::<u64>(), groups * 24 * (steps + 1));
                (Just(steps), words(), words())
            }),
        ) {
            prop_assert_eq!(king(&a, &b), plain::king(&a, &b));
            prop_assert_eq!(states(&a, &b, steps), plain::states(&a, &b, steps));
            prop_assert_eq!(both(&a, &b), plain::both(&a, &b));
            #[cfg(target_arch = "x86_64")]
            if level() >= Level::Avx2 {
                prop_assert_eq!(x86::avx2::king(&a, &b), plain::king(&a, &b));
                prop_assert_eq!(x86::avx2::states(&a, &b, steps), plain::states(&a, &b, steps));
                prop_assert_eq!(x86::avx2::both(&a, &b), plain::both(&a, &b));
            }
        }
    }
}
