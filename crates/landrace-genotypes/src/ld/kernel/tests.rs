use proptest::prelude::*;

use super::*;

/// Rows of codes 0, 1, 2 or 3 (missing) as three planes.
fn planes(codes: &[u8], words: usize) -> Vec<u64> {
    let mut out = vec![0; 3 * words];
    for (index, &code) in codes.iter().enumerate().filter(|(_, code)| **code < 3) {
        let (word, bit) = (index / 64, 1u64 << (index % 64));
        out[word] |= bit;
        if code != 1 {
            out[words + word] |= bit;
        }
        if code == 2 {
            out[2 * words + word] |= bit;
        }
    }
    out
}

proptest! {
    #[test]
    fn every_level_counts_as_by_hand(calls in prop::collection::vec((0u8..4, 0u8..4), 1..700), pad in 0usize..9) {
        let (x, y): (Vec<u8>, Vec<u8>) = calls.iter().copied().unzip();
        let words = x.len().div_ceil(64) + pad;
        let (a, b) = (planes(&x, words), planes(&y, words));
        let count = |test: &dyn Fn(u8, u8) -> bool| {
            calls.iter().filter(|(x, y)| *x < 3 && *y < 3 && test(*x, *y)).count() as u64
        };
        let expected = TernaryCounts {
            called: count(&|_, _| true),
            first_homozygous: count(&|x, _| x != 1),
            first_alternate: count(&|x, _| x == 2),
            second_homozygous: count(&|_, y| y != 1),
            second_alternate: count(&|_, y| y == 2),
            both_homozygous: count(&|x, y| x != 1 && y != 1),
            opposite: count(&|x, y| x.abs_diff(y) == 2),
        };
        prop_assert_eq!(plain::ternary_counts(&a, &b, words), expected);
        prop_assert_eq!(ternary_counts(&a, &b, words), expected);
        let products = (expected.both_homozygous, expected.opposite);
        prop_assert_eq!(plain::ternary_products(&a, &b, words), products);
        prop_assert_eq!(ternary_products(&a, &b, words), products);
        let alternate = (count(&|x, y| x == 2 && y == 2), count(&|x, y| x == 2 && y != 1));
        prop_assert_eq!(plain::ternary_alternates(&a, &b, words), alternate);
        prop_assert_eq!(ternary_alternates(&a, &b, words), alternate);
        #[cfg(target_arch = "x86_64")]
        if level() >= Level::Avx2 {
            prop_assert_eq!(x86::avx2::ternary_counts(&a, &b, words), expected);
            prop_assert_eq!(x86::avx2::ternary_products(&a, &b, words), products);
            prop_assert_eq!(x86::avx2::ternary_alternates(&a, &b, words), alternate);
        }
    }
}
