use proptest::prelude::*;

use super::*;
use crate::plane::{BitPlanes, MAX_PLOIDY, MISSING};

fn two_rows() -> impl Strategy<Value = (u8, Vec<(u8, u8)>)> {
    (1u8..=MAX_PLOIDY).prop_flat_map(|ploidy| {
        let code = move || prop_oneof![5 => 0..=ploidy, 1 => Just(MISSING)];
        (Just(ploidy), prop::collection::vec((code(), code()), 1..700))
    })
}

/// Every level that this processor has gives what the plain code gives.
fn agree<T: PartialEq + std::fmt::Debug>(plain: T, avx2: impl Fn() -> T, avx512: impl Fn() -> T) {
    if available() >= Level::Avx2 {
        assert_eq!(avx2(), plain);
    }
    if available() >= Level::Avx512 {
        assert_eq!(avx512(), plain);
    }
}

proptest! {
    #[test]
    fn counts_are_those_of_the_calls((ploidy, calls) in two_rows()) {
        let mut planes = BitPlanes::new(ploidy, calls.len());
        planes.push_row(&calls.iter().map(|pair| pair.0).collect::<Vec<_>>());
        let row = planes.row(0);
        let counts = plain::dosage_counts(row.bits(), row.words(), ploidy);
        for dosage in 0..=ploidy {
            let expected = calls.iter().filter(|pair| pair.0 == dosage).count();
            prop_assert_eq!(counts[usize::from(dosage)] as usize, expected);
        }
        #[cfg(target_arch = "x86_64")]
        agree(
            counts,
            || x86::avx2::dosage_counts(row.bits(), row.words(), ploidy),
            || x86::avx512::dosage_counts(row.bits(), row.words(), ploidy),
        );
    }

    #[test]
    fn bits_are_found_in_order(
        words in prop::collection::vec(prop_oneof![Just(0), Just(!0), any::<u64>()], 0..9), flipped: bool,
    ) {
        let flip = if flipped { !0 } else { 0 };
        let all = (0u32..).take(64 * words.len());
        let by_hand: Vec<u32> =
            all.filter(|at| ((words[*at as usize / 64] ^ flip) >> (at % 64)) & 1 == 1).collect();
        let found = |find: fn(&[u64], u64, &mut [u32]) -> usize| {
            let mut places = vec![0; 64 * words.len() + SPARE_PLACES];
            let found = find(&words, flip, &mut places);
            places.truncate(found);
            places
        };
        prop_assert_eq!(found(plain::bits_set), by_hand.clone());
        #[cfg(target_arch = "x86_64")]
        agree(by_hand, || found(x86::avx2::bits_set), || found(x86::avx512::bits_set));
    }

    #[test]
    fn columns_are_counted_as_one_would_by_hand((ploidy, calls) in two_rows(), rows in 1usize..600) {
        let mut planes = BitPlanes::new(ploidy, calls.len());
        planes.push_row(&calls.iter().map(|pair| pair.0).collect::<Vec<_>>());
        planes.push_row(&calls.iter().map(|pair| pair.1).collect::<Vec<_>>());
        type Count = fn(&[u64], usize, u8, &mut ColumnCounts);
        let counted = |count: Count, empty: fn(&mut ColumnCounts)| {
            let mut columns = ColumnCounts::new(calls.len());
            for row in (0..rows).map(|row| planes.row(row % 2)) {
                count(row.bits(), row.words(), ploidy, &mut columns);
            }
            empty(&mut columns);
            (0..calls.len()).map(|column| columns.of(column)).collect::<Vec<_>>()
        };
        let plain = counted(plain::count_columns, plain::empty_columns);
        for (found, (first, second)) in plain.iter().zip(&calls) {
            let of = |is: &dyn Fn(u8) -> bool| {
                (u64::from(is(*first)) * rows.div_ceil(2) as u64) + u64::from(is(*second)) * (rows / 2) as u64
            };
            let expected = [
                of(&|code| code == MISSING),
                of(&|code| code != MISSING && code > 0 && code < ploidy),
                of(&|code| code == ploidy),
            ];
            prop_assert_eq!(*found, expected);
        }
        #[cfg(target_arch = "x86_64")]
        agree(
            plain,
            || counted(x86::avx2::count_columns, x86::avx2::empty_columns),
            || counted(x86::avx512::count_columns, x86::avx512::empty_columns),
        );
    }

    #[test]
    fn sums_are_those_of_the_pairs((ploidy, calls) in two_rows()) {
        let mut planes = BitPlanes::new(ploidy, calls.len());
        planes.push_row(&calls.iter().map(|pair| pair.0).collect::<Vec<_>>());
        planes.push_row(&calls.iter().map(|pair| pair.1).collect::<Vec<_>>());
        let (a, b) = (planes.row(0), planes.row(1));
        let mut expected = PairSums::default();
        for &(x, y) in calls.iter().filter(|(x, y)| *x != MISSING && *y != MISSING) {
            let (x, y) = (u64::from(x), u64::from(y));
            expected += PairSums { n: 1, x, y, xx: x * x, yy: y * y, xy: x * y };
        }
        let sums = plain::pair_sums(a.bits(), b.bits(), a.words());
        prop_assert_eq!(sums, expected);
        #[cfg(target_arch = "x86_64")]
        agree(
            sums,
            || x86::avx2::pair_sums(a.bits(), b.bits(), a.words()),
            || x86::avx512::pair_sums(a.bits(), b.bits(), a.words()),
        );
    }

    #[test]
    fn pairs_of_bits_become_planes(bytes in prop::collection::vec(any::<u8>(), 1..120)) {
        let samples = 4 * bytes.len();
        let words = samples.div_ceil(64);
        let mut planes = vec![0; 2 * words];
        plain::split_pairs(&bytes, &mut planes);
        let mut calls = BitPlanes::new(2, samples);
        calls.push_planes(&planes);
        for sample in 0..samples {
            let expected = [Some(2), None, Some(1), Some(0)][usize::from(bytes[sample / 4] >> (2 * (sample % 4)) & 3)];
            prop_assert_eq!(calls.row(0).dosage(sample), expected);
        }
        #[cfg(target_arch = "x86_64")]
        {
            let made = |split: fn(&[u8], &mut [u64])| {
                let mut own = vec![0; 2 * words];
                split(&bytes, &mut own);
                own
            };
            agree(planes.clone(), || made(x86::avx2::split_pairs), || made(x86::avx512::split_pairs));
        }
    }
}
