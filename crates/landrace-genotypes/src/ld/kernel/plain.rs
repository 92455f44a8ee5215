//! The kernels in plain words, which the others must agree with.

#![allow(clippy::needless_range_loop, reason = "six planes run side by side; the index keeps the loop plain")]

use super::TernaryCounts;

/// See [`super::ternary_counts`].
#[inline(always)]
pub fn ternary_counts(first: &[u64], second: &[u64], words: usize) -> TernaryCounts {
    let (mut called, mut first_homozygous, mut first_alternate) = (0, 0, 0);
    let (mut second_homozygous, mut second_alternate, mut both_homozygous, mut opposite) = (0, 0, 0, 0);
    let (v, rest) = first.split_at(words);
    let (h, s) = rest.split_at(words);
    let (w, rest) = second.split_at(words);
    let (k, t) = rest.split_at(words);
    let s = &s[..words];
    let t = &t[..words];
    let h = &h[..words];
    let k = &k[..words];
    let w = &w[..words];
    for i in 0..words {
        let both = h[i] & k[i];
        called += u64::from((v[i] & w[i]).count_ones());
        first_homozygous += u64::from((h[i] & w[i]).count_ones());
        first_alternate += u64::from((s[i] & w[i]).count_ones());
        second_homozygous += u64::from((k[i] & v[i]).count_ones());
        second_alternate += u64::from((t[i] & v[i]).count_ones());
        both_homozygous += u64::from(both.count_ones());
        opposite += u64::from((both & (s[i] ^ t[i])).count_ones());
    }
    TernaryCounts {
        called,
        first_homozygous,
        first_alternate,
        second_homozygous,
        second_alternate,
        both_homozygous,
        opposite,
    }
}

/// See [`super::ternary_products`].
#[inline(always)]
pub fn ternary_products(first: &[u64], second: &[u64], words: usize) -> (u64, u64) {
    let (h, s) = (&first[words..2 * words], &first[2 * words..3 * words]);
    let (k, t) = (&second[words..2 * words], &second[2 * words..3 * words]);
    let (mut homozygous, mut opposite) = (0, 0);
    for i in 0..words {
        let both = h[i] & k[i];
        homozygous += u64::from(both.count_ones());
        opposite += u64::from((both & (s[i] ^ t[i])).count_ones());
    }
    (homozygous, opposite)
}

/// See [`super::ternary_alternates`].
#[inline(always)]
pub fn ternary_alternates(first: &[u64], second: &[u64], words: usize) -> (u64, u64) {
    let s = &first[2 * words..3 * words];
    let (k, t) = (&second[words..2 * words], &second[2 * words..3 * words]);
    let (mut alternate, mut homozygous) = (0, 0);
    for i in 0..words {
        alternate += u64::from((s[i] & t[i]).count_ones());
        homozygous += u64::from((s[i] & k[i]).count_ones());
    }
    (alternate, homozygous)
}
