//! Which k-mers are seeds, and which further ones give each its context.
//!
//! A k-mer is a closed syncmer if the smallest of its s-mers, by a hash that is the same on both strands, is its
//! first or its last (Edgar 2021): about one k-mer in five, at least one in any `K - S` that follow one another,
//! and the same ones whichever strand is read. The context of a syncmer is one syncmer out of each of two
//! windows downstream, chosen by the randstrobe rule (Sahlin 2021) so that neighbours do not choose alike.

/// Bases of a seed.
pub(crate) const K: usize = 20;
/// Bases of the s-mers that decide which k-mers are seeds.
pub(crate) const S: usize = 11;

/// Window of the second strobe, in bases after the start of the first: first and last start.
const SECOND: (u32, u32) = (8, 28);
/// Window of the third strobe.
const THIRD: (u32, u32) = (29, 60);
/// Bases that a seed and its whole context may span.
pub(crate) const SPAN: usize = THIRD.1 as usize + K;

/// A seed: where it starts and the bijective hash of its bases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Syncmer {
    pub(crate) position: u32,
    pub(crate) hash: u64,
}

/// Buffers of the scan.
#[derive(Default)]
pub(crate) struct SyncmerScratch {
    hashes: Vec<u32>,
    minima: Vec<u32>,
}

/// A bijection of 64 bits that leaves no pattern (Stafford's variant 13, as in SplitMix64).
#[inline]
pub(crate) fn mix(x: u64) -> u64 {
    let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

/// The reverse complement of a k-mer's code (first base in the highest bits).
fn reverse_complement(code: u64) -> u64 {
    let x = !code;
    let x = (x >> 2 & 0x3333_3333_3333_3333) | (x & 0x3333_3333_3333_3333) << 2;
    let x = (x >> 4 & 0x0f0f_0f0f_0f0f_0f0f) | (x & 0x0f0f_0f0f_0f0f_0f0f) << 4;
    x.swap_bytes() >> (64 - 2 * K)
}

/// The seeds of a sequence of codes, in order; those of its reverse complement go to `reverse` if it is given,
/// in the order of that strand. A k-mer with an unknown base is no seed.
pub(crate) fn syncmers(
    codes: &[u8],
    scratch: &mut SyncmerScratch,
    forward: &mut Vec<Syncmer>,
    reverse: Option<&mut Vec<Syncmer>>,
) {
    forward.clear();
    let start_of_reverse = codes.len().saturating_sub(K);
    let mut mirrored = Vec::new();
    if codes.len() >= K {
        hash_words(codes, &mut scratch.hashes);
        slide_minimum(&scratch.hashes, &mut scratch.minima);
        scan(codes, scratch, |position, code| {
            forward.push(Syncmer { position, hash: mix(code) });
            if reverse.is_some() {
                let position = start_of_reverse as u32 - position;
                mirrored.push(Syncmer { position, hash: mix(reverse_complement(code)) });
            }
        });
    }
    if let Some(reverse) = reverse {
        reverse.clear();
        reverse.extend(mirrored.into_iter().rev());
    }
}

/// The hash by which s-mers are ordered, the same on both strands.
fn order(forward: u32, reverse: u32) -> u32 {
    let canonical = forward.min(reverse).wrapping_add(1).wrapping_mul(0x9e37_79b1);
    (canonical ^ canonical >> 15).wrapping_mul(0x85eb_ca77)
}

/// Whether a k-mer, given as its code and that of its reverse complement, is a seed.
fn is_syncmer(forward: u64, reverse: u64) -> bool {
    let mask = (1 << (2 * S)) - 1;
    let hash = |i: usize| {
        let word = forward >> (2 * (K - S - i)) & mask;
        order(word as u32, (reverse >> (2 * i) & mask) as u32)
    };
    let inner = (1..K - S).map(hash).min().unwrap_or(u32::MAX);
    hash(0).min(hash(K - S)) <= inner
}

/// The seeds that a k-mer of codes gives with one base changed: calls `found` with the hashes of both strands.
/// Nothing if a base is unknown.
pub(crate) fn changed_syncmers(codes: &[u8], mut found: impl FnMut(u64, u64)) {
    if codes.len() != K || codes.iter().any(|&code| code > 3) {
        return;
    }
    let forward = codes.iter().fold(0u64, |word, &code| word << 2 | u64::from(code));
    let reverse = reverse_complement(forward);
    for at in 0..K {
        for change in 1..4 {
            let (forward, reverse) = (forward ^ change << (2 * (K - 1 - at)), reverse ^ change << (2 * at));
            if is_syncmer(forward, reverse) {
                found(mix(forward), mix(reverse));
            }
        }
    }
}

/// Calls `found` with the start and the code of every syncmer.
fn scan(codes: &[u8], scratch: &SyncmerScratch, mut found: impl FnMut(u32, u64)) {
    let (mut code, mut known) = (0u64, 0usize);
    for (end, &base) in codes.iter().enumerate() {
        code = (code << 2 | u64::from(base & 3)) & ((1 << (2 * K)) - 1);
        known = if base < 4 { known + 1 } else { 0 };
        if known < K {
            continue;
        }
        let start = end + 1 - K;
        let minimum = scratch.minima[start];
        if scratch.hashes[start] == minimum || scratch.hashes[start + K - S] == minimum {
            found(start as u32, code);
        }
    }
}

/// The hash of each s-mer, the same on both strands.
fn hash_words(codes: &[u8], hashes: &mut Vec<u32>) {
    hashes.clear();
    let (mut forward, mut reverse) = (0u32, 0u32);
    for (end, &base) in codes.iter().enumerate() {
        let base = u32::from(base & 3);
        forward = (forward << 2 | base) & ((1 << (2 * S)) - 1);
        reverse = reverse >> 2 | (3 - base) << (2 * (S - 1));
        if end + 1 >= S {
            hashes.push(order(forward, reverse));
        }
    }
}

/// The minimum over each window of `K - S + 1` values, by doubling: passes that the compiler vectorises.
fn slide_minimum(values: &[u32], minima: &mut Vec<u32>) {
    const WIDTH: usize = K - S + 1;
    minima.clear();
    minima.extend_from_slice(values);
    let mut width = 1;
    while width < WIDTH {
        let step = width.min(WIDTH - width);
        let n = minima.len().saturating_sub(step);
        for i in 0..n {
            minima[i] = minima[i].min(minima[i + step]);
        }
        minima.truncate(n);
        width += step;
    }
}

/// The second and third strobe of a seed: hashes, 0 where there is none.
pub(crate) struct Context {
    pub(crate) second: u64,
    pub(crate) third: u64,
    /// Strobes of the context whose windows end within the sequence, so that the choice is sure: 0, 1 or 2.
    pub(crate) sure: u8,
}

/// The context of seed `index` in a sequence of `length` bases.
pub(crate) fn context(seeds: &[Syncmer], index: usize, length: usize) -> Context {
    let first = seeds[index];
    let later = &seeds[index + 1..];
    let choose = |(from, to): (u32, u32)| {
        let window = later
            .iter()
            .skip_while(|seed| seed.position < first.position + from)
            .take_while(|seed| seed.position <= first.position + to);
        window.map(|seed| seed.hash).min_by_key(|&hash| mix(hash ^ first.hash)).unwrap_or(0)
    };
    let fits = |(_, to): (u32, u32)| first.position as usize + to as usize + K <= length;
    let sure = if fits(THIRD) { 2 } else { u8::from(fits(SECOND)) };
    Context { second: choose(SECOND), third: choose(THIRD), sure }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::packed::complement;

    fn both(codes: &[u8]) -> (Vec<Syncmer>, Vec<Syncmer>) {
        let (mut forward, mut reverse) = (Vec::new(), Vec::new());
        syncmers(codes, &mut SyncmerScratch::default(), &mut forward, Some(&mut reverse));
        (forward, reverse)
    }

    proptest! {
        #[test]
        fn the_other_strand_has_the_same_seeds(codes in prop::collection::vec(0u8..5, 0..300)) {
            let flipped: Vec<u8> = codes.iter().rev().map(|&code| complement(code)).collect();
            let (forward, reverse) = both(&codes);
            let (other_forward, other_reverse) = both(&flipped);
            prop_assert_eq!(&forward, &other_reverse);
            prop_assert_eq!(&reverse, &other_forward);
        }

        #[test]
        fn no_stretch_is_without_a_seed(codes in prop::collection::vec(0u8..4, K..300)) {
            let (seeds, _) = both(&codes);
            let mut last = 0;
            for seed in &seeds {
                prop_assert!(seed.position - last < (K - S) as u32 + 1);
                last = seed.position;
            }
            prop_assert!(codes.len() - K - (last as usize) < K - S);
        }
    }

    proptest! {
        #[test]
        fn a_changed_base_gives_the_seeds_of_the_changed_sequence(
            codes in prop::collection::vec(0u8..4, K),
            at in 0..K,
            change in 1u8..4,
        ) {
            let mut changed = codes.clone();
            changed[at] ^= change;
            let (forward, reverse) = both(&changed);
            let mut found = Vec::new();
            changed_syncmers(&codes, |a, b| found.push((a, b)));
            let expected = forward.first().map(|seed| (seed.hash, reverse[0].hash));
            prop_assert_eq!(expected.is_some_and(|pair| found.contains(&pair)), expected.is_some());
            let all = (0..K).flat_map(|at| (1..4).map(move |change| (at, change)));
            let count = all.filter(|&(at, change)| {
                let mut changed = codes.clone();
                changed[at] ^= change;
                !both(&changed).0.is_empty()
            });
            prop_assert_eq!(found.len(), count.count());
        }
    }

    #[test]
    fn about_one_k_mer_in_five_is_a_seed() {
        let codes: Vec<u8> = (0..100_000u64).map(|i| (mix(i) & 3) as u8).collect();
        let seeds = both(&codes).0.len();
        assert!((18_000..22_000).contains(&seeds), "{seeds}");
    }
}
