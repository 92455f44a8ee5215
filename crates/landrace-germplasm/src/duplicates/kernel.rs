//! Calls of two samples compared by bits: how many loci both have, and at how many they differ.
//!
//! A panel's row holds, for every 512 loci, eight words of each plane of the genotype's code in turn; all ones is a
//! missing call. The plain body is the twin of the vectors in [`x86`].

use landrace_genotypes::kernel::{Level, level};

#[cfg(target_arch = "x86_64")]
mod x86;

/// Loci that both samples have a call of, and those at which the calls differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) compared: u32,
    pub(super) different: u32,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.compared += other.compared;
        self.different += other.different;
    }
}

/// Adds the counts of one row against others, which follow each other.
pub(super) fn compare(own: &[u64], others: &[u64], planes: usize, out: &mut [Counts]) {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 => return x86::avx512(own, others, planes, out),
        Level::Avx2 => return x86::avx2(own, others, planes, out),
        Level::Scalar => {}
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = level() == Level::Scalar;
    plain(own, others, planes, out);
}

#[inline(always)]
fn plain(own: &[u64], others: &[u64], planes: usize, out: &mut [Counts]) {
    for (other, counts) in others.chunks_exact(own.len().max(1)).zip(out) {
        let mut sums = Counts::default();
        for (a, b) in own.chunks_exact(8 * planes).zip(other.chunks_exact(8 * planes)) {
            for word in 0..8 {
                let (mut lost_a, mut lost_b, mut differs) = (!0u64, !0u64, 0u64);
                for plane in 0..planes {
                    let (x, y) = (a[plane * 8 + word], b[plane * 8 + word]);
                    lost_a &= x;
                    lost_b &= y;
                    differs |= x ^ y;
                }
                let lost = lost_a | lost_b;
                sums.compared += (!lost).count_ones();
                sums.different += (differs & !lost).count_ones();
            }
        }
        *counts += sums;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_level_counts_the_same(
            (planes, own, others) in (1usize..6, 1usize..4, 0usize..5).prop_flat_map(|(planes, slabs, others)| {
                // Few bits are 0, so that missing calls are many.
                let words = |n: usize| prop::collection::vec((any::<u64>(), any::<u64>()).prop_map(|(a, b)| a | b), n);
                (Just(planes), words(slabs * planes * 8), words(slabs * planes * 8 * others))
            }),
        ) {
            let n = others.len() / own.len();
            let mut expected = vec![Counts::default(); n];
            plain(&own, &others, planes, &mut expected);
            let mut found = vec![Counts::default(); n];
            compare(&own, &others, planes, &mut found);
            prop_assert_eq!(&found, &expected);
            #[cfg(target_arch = "x86_64")]
            if level() >= Level::Avx2 {
                let mut found = vec![Counts::default(); n];
                x86::avx2(&own, &others, planes, &mut found);
                prop_assert_eq!(&found, &expected);
            }
        }
    }
}
