//! Sums of dosages over groups of samples, from bit planes, at the widest level that the processor has.

use landrace_genotypes::kernel::{Level, level};

pub mod plain;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use plain::{DosageSums, Members};

/// The sums of each group over one row of planes: `bits` holds the planes one after another, lowest bit of the dosage
/// first, `words` words each.
pub fn group_sums(bits: &[u64], words: usize, members: &Members, out: &mut [DosageSums]) {
    #[cfg(target_arch = "x86_64")]
    match level() {
        Level::Avx512 => return x86::avx512::group_sums(bits, words, members, out),
        Level::Avx2 => return x86::avx2::group_sums(bits, words, members, out),
        Level::Scalar => {}
    }
    plain::group_sums(bits, words, members, out);
}

#[cfg(test)]
mod tests {
    use landrace_genotypes::plane::{BitPlanes, MISSING};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sums_are_those_of_the_calls(
            calls in (1u8..=8).prop_flat_map(|ploidy| (
                Just(ploidy),
                prop::collection::vec((prop_oneof![4 => 0..=ploidy, 1 => Just(MISSING)], 0usize..4), 1..300),
            ))
        ) {
            let (ploidy, calls) = calls;
            let codes: Vec<u8> = calls.iter().map(|call| call.0).collect();
            let mut planes = BitPlanes::new(ploidy, codes.len());
            planes.push_row(&codes);
            let mut masks: Vec<Vec<(u32, u64)>> = vec![Vec::new(); 3];
            let mut expected = vec![DosageSums::default(); 3];
            for (column, &(code, group)) in calls.iter().enumerate().filter(|(_, call)| call.1 < 3) {
                let word = (column / 64) as u32;
                match masks[group].last_mut() {
                    Some((last, mask)) if *last == word => *mask |= 1 << (column % 64),
                    _ => masks[group].push((word, 1 << (column % 64))),
                }
                if code != MISSING {
                    expected[group].called += 1;
                    expected[group].dosage += u32::from(code);
                    expected[group].squares += u32::from(code) * u32::from(code);
                }
            }
            let members = Members::new(masks);
            let row = planes.row(0);
            let mut own = vec![DosageSums::default(); 3];
            plain::group_sums(row.bits(), row.words(), &members, &mut own);
            prop_assert_eq!(&own, &expected);
            group_sums(row.bits(), row.words(), &members, &mut own);
            prop_assert_eq!(&own, &expected);
        }
    }
}
