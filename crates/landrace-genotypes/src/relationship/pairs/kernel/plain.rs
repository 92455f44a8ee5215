//! The kernels in plain words, which are also compiled for wider processors. Eight words at a time are counted side by
//! side, which is one vector of AVX-512.

use super::{KingCounts, StateCounts};

type Eight = [u64; 8];

#[inline(always)]
fn total(counts: Eight) -> u32 {
    counts.iter().sum::<u64>() as u32
}

/// Adds the bits of eight words, word by word.
#[inline(always)]
fn tally(counts: &mut Eight, bits: Eight) {
    for (count, bits) in counts.iter_mut().zip(bits) {
        *count += u64::from(bits.count_ones());
    }
}

#[inline(always)]
fn combine<const N: usize>(parts: [&Eight; N], with: impl Fn([u64; N]) -> u64) -> Eight {
    std::array::from_fn(|word| with(std::array::from_fn(|part| parts[part][word])))
}

/// See [`super::king`].
#[inline(always)]
pub(super) fn king(a: &[u64], b: &[u64]) -> KingCounts {
    let (mut both, mut first, mut second) = ([0; 8], [0; 8], [0; 8]);
    let (mut opposite, mut homozygous) = ([0; 8], [0; 8]);
    let (a, b) = (a.as_chunks::<8>().0.as_chunks::<3>().0, b.as_chunks::<8>().0.as_chunks::<3>().0);
    for ([het_a, hom_a, alt_a], [het_b, hom_b, alt_b]) in a.iter().zip(b) {
        tally(&mut both, combine([het_a, het_b], |[a, b]| a & b));
        tally(&mut first, combine([het_a, hom_b], |[a, b]| a & b));
        tally(&mut second, combine([hom_a, het_b], |[a, b]| a & b));
        let homs = combine([hom_a, hom_b], |[a, b]| a & b);
        tally(&mut homozygous, homs);
        tally(&mut opposite, combine([&homs, alt_a, alt_b], |[homs, a, b]| homs & (a ^ b)));
    }
    let [both, first, second, opposite, homozygous] = [both, first, second, opposite, homozygous].map(total);
    KingCounts { both, first, second, opposite, homozygous }
}

/// See [`super::states`].
#[inline(always)]
pub(super) fn states(a: &[u64], b: &[u64], steps: usize) -> StateCounts {
    match steps {
        1 => states_of(a, b, 1),
        2 => states_of(a, b, 2),
        4 => states_of(a, b, 4),
        6 => states_of(a, b, 6),
        8 => states_of(a, b, 8),
        _ => states_of(a, b, steps),
    }
}

#[inline(always)]
fn states_of(a: &[u64], b: &[u64], steps: usize) -> StateCounts {
    let (mut compared, mut different) = ([0; 8], [0; 8]);
    let (mut opposite, mut distance) = ([0; 8], [0; 8]);
    let size = steps + 1;
    let (a, b) = (a.as_chunks::<8>().0.chunks_exact(size), b.as_chunks::<8>().0.chunks_exact(size));
    for (a, b) in a.zip(b) {
        let valid = combine([&a[steps], &b[steps]], |[a, b]| a & b);
        let mut any = [0; 8];
        for (a, b) in a[..steps].iter().zip(&b[..steps]) {
            let differs = combine([a, b, &valid], |[a, b, valid]| (a ^ b) & valid);
            any = combine([&any, &differs], |[any, differs]| any | differs);
            tally(&mut distance, differs);
        }
        tally(&mut compared, valid);
        tally(&mut different, any);
        // Steps are nested: the ends are exchanged where the first step differs and the last differs too.
        let ends = [&a[0], &a[steps - 1], &b[0], &b[steps - 1], &valid];
        tally(
            &mut opposite,
            combine(ends, |[any_a, all_a, any_b, all_b, valid]| (any_a ^ any_b) & (all_a ^ all_b) & valid),
        );
    }
    let [compared, different, opposite] = [compared, different, opposite].map(total);
    StateCounts { compared, different, opposite, distance: distance.iter().sum() }
}

/// See [`super::both`].
#[inline(always)]
pub(super) fn both(a: &[u64], b: &[u64]) -> u32 {
    let mut counts = [0; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        tally(&mut counts, combine([a, b], |[a, b]| a & b));
    }
    total(counts)
}
