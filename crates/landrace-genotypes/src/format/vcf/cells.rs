//! The sample columns of a line, eight bytes at a time: finding their ends, and reading diploid calls of two
//! alleles without looking at anything else.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use crate::plane::MISSING;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
const TABS: u64 = ONES * b'\t' as u64;

/// Eight bytes of a text, the first in the lowest byte.
fn word(text: &[u8], at: usize) -> Option<u64> {
    text.get(at..)?.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes))
}

/// The lowest byte of a word.
fn low_byte(word: u64) -> u8 {
    word.to_le_bytes()[0]
}

/// Where the next tab is, from `at` on; the text's length if there is none.
pub(super) fn tab_from(text: &[u8], mut at: usize) -> usize {
    while let Some(bytes) = word(text, at) {
        let other = bytes ^ TABS;
        // The lowest byte that is zero gets its high bit; only bytes above it may get one wrongly.
        let zeros = other.wrapping_sub(ONES) & !other & HIGHS;
        if zeros != 0 {
            return at + zeros.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(|&byte| byte == b'\t').unwrap_or(rest.len())
}

/// The tab-separated cells of the sample columns.
#[derive(Clone)]
pub(super) struct Cells<'a> {
    text: &'a [u8],
    /// Start of the next cell; beyond the text's length when there is none.
    at: usize,
}

impl<'a> Cells<'a> {
    pub(super) fn of(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }
}

impl<'a> Iterator for Cells<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let from = self.at;
        if from > self.text.len() {
            return None;
        }
        let to = tab_from(self.text, from);
        self.at = to + 1;
        self.text.get(from..to)
    }
}

/// Reads calls of `0`, `1` and `.` at the fixed width of four bytes a call, two calls at a time, into one code a
/// sample; gives the number of phased heterozygotes, or `None` if a call is of another kind.
pub(super) fn read_fixed(calls: &[u8], codes: &mut [u8]) -> Option<u64> {
    if calls.len() + 1 != 4 * codes.len() {
        return None;
    }
    let is_phased = calls.get(1) == Some(&b'|');
    let both = u64::from_le_bytes(if is_phased { *b"0|0\t0|0\t" } else { *b"0/0\t0/0\t" });
    /// The lowest bit of each allele.
    const ALLELES: u64 = 0x0001_0001_0001_0001;
    const FIRST: u64 = 0x0000_0001_0000_0001;
    let (pairs, last) = codes.as_chunks_mut::<2>();
    let mut phased = 0u64;
    let mut rest = calls;
    for pair in pairs {
        let differs = rest.first_chunk::<8>().map(|eight| u64::from_le_bytes(*eight) ^ both);
        match differs {
            Some(differs) if differs & !ALLELES == 0 => {
                let sums = differs + (differs >> 16);
                *pair = [low_byte(sums) & 3, low_byte(sums >> 32) & 3];
                let heterozygous = (differs ^ (differs >> 16)) & FIRST;
                phased += u64::from(is_phased) * u64::from(heterozygous.count_ones());
            }
            _ => {
                for (code, call) in pair.iter_mut().zip(rest.chunks(4)) {
                    phased += u64::from(read_call(call, code)?);
                }
            }
        }
        rest = rest.get(8..).unwrap_or_default();
    }
    for code in last {
        phased += u64::from(read_call(rest, code)?);
    }
    Some(phased)
}

/// Reads one call of three bytes, with or without a tab behind it; gives whether it is a phased heterozygote.
fn read_call(call: &[u8], code: &mut u8) -> Option<bool> {
    match call {
        [call @ .., b'\t'] | call => match call {
            [b'.', b'/' | b'|', b'.'] => {
                *code = MISSING;
                Some(false)
            }
            &[a @ (b'0' | b'1'), separator @ (b'/' | b'|'), b @ (b'0' | b'1')] => {
                *code = (a & 1) + (b & 1);
                Some(separator == b'|' && a != b)
            }
            _ => None,
        },
    }
}

/// Reads the calls of `0`, `1` and `.` that begin each cell; as [`read_fixed`].
pub(super) fn read_leading(calls: &[u8], codes: &mut [u8]) -> Option<u64> {
    let is_phased = calls.get(1) == Some(&b'|');
    let known = u64::from_le_bytes(if is_phased { *b"0|0:\0\0\0\0" } else { *b"0/0:\0\0\0\0" });
    /// All bits of the call and its colon but the lowest of each allele.
    const SAME: u64 = 0xffff_ffff & !0x0001_0001;
    const BEHIND: u64 = 0xffff_ffff_0000_0000;
    let (mut at, mut phased) = (0, 0u64);
    for code in codes {
        if let Some(bytes) = word(calls, at)
            && (bytes ^ known) & SAME == 0
        {
            let (first, second) = (bytes & 1, (bytes >> 16) & 1);
            *code = low_byte(first + second);
            phased += u64::from(is_phased) * (first ^ second);
            let other = bytes ^ TABS;
            let zeros = other.wrapping_sub(ONES) & !other & HIGHS & BEHIND;
            at = match zeros {
                0 => tab_from(calls, at + 8) + 1,
                zeros => at + zeros.trailing_zeros() as usize / 8 + 1,
            };
            continue;
        }
        let call = calls.get(at..at + 3)?;
        if !matches!(calls.get(at + 3), None | Some(b':' | b'\t')) {
            return None;
        }
        phased += u64::from(read_call(call, code)?);
        at = tab_from(calls, at + 3) + 1;
    }
    Some(phased)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn expected(cell: &str) -> u8 {
        match &cell[..3] {
            "./." | ".|." => MISSING,
            call => call.bytes().map(|b| u8::from(b == b'1')).sum(),
        }
    }

    fn call() -> impl Strategy<Value = String> {
        let allele = || prop_oneof![Just('0'), Just('1')];
        let known = (allele(), prop_oneof![Just('/'), Just('|')], allele());
        prop_oneof![
            9 => known.prop_map(|(a, separator, b)| format!("{a}{separator}{b}")),
            1 => prop_oneof![Just("./.".to_owned()), Just(".|.".to_owned())],
        ]
    }

    proptest! {
        #[test]
        fn cells_are_those_of_split(text in "[01/|.:\t,é]{0,60}") {
            let plain: Vec<&[u8]> = text.as_bytes().split(|&b| b == b'\t').collect();
            prop_assert_eq!(Cells::of(text.as_bytes()).collect::<Vec<_>>(), plain);
        }

        #[test]
        fn calls_are_read_at_fixed_width(calls in prop::collection::vec(call(), 1..40)) {
            let mut codes = vec![7; calls.len()];
            let phased = read_fixed(calls.join("\t").as_bytes(), &mut codes);
            prop_assert_eq!(&codes, &calls.iter().map(|call| expected(call)).collect::<Vec<u8>>());
            let heterozygous = calls.iter().filter(|call| matches!(call.as_str(), "0|1" | "1|0")).count();
            prop_assert_eq!(phased, Some(heterozygous as u64));
        }

        #[test]
        fn calls_are_read_before_other_fields(calls in prop::collection::vec((call(), "(:[0-9,.]{1,12}){0,3}"), 1..40)) {
            let cells: Vec<String> = calls.iter().map(|(call, rest)| format!("{call}{rest}")).collect();
            let mut codes = vec![7; calls.len()];
            let phased = read_leading(cells.join("\t").as_bytes(), &mut codes);
            prop_assert_eq!(&codes, &cells.iter().map(|cell| expected(cell)).collect::<Vec<u8>>());
            let heterozygous = calls.iter().filter(|call| matches!(call.0.as_str(), "0|1" | "1|0")).count();
            prop_assert_eq!(phased, Some(heterozygous as u64));
        }

        #[test]
        fn other_calls_are_left_alone(calls in prop::collection::vec(call(), 1..20), other in "[01./|:\t2-9a]{1,6}", at in any::<prop::sample::Index>()) {
            let mut calls = calls;
            let at = at.index(calls.len());
            let is_call = other.len() == 3 && expected(&other) < 3 && other.bytes().all(|b| b"01/|".contains(&b)) && b"/|".contains(&other.as_bytes()[1])
                && !b"/|".contains(&other.as_bytes()[0]) && !b"/|".contains(&other.as_bytes()[2]);
            prop_assume!(!is_call && other != "./." && other != ".|.");
            calls[at] = other;
            let mut codes = vec![0; calls.len()];
            prop_assert_eq!(read_fixed(calls.join("\t").as_bytes(), &mut codes), None);
        }
    }
}
