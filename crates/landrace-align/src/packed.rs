//! Bases in two bits: 32 to a word, so that a read is compared with the reference word by word.

/// Code of a base that is none of A, C, G and T.
pub(crate) const UNKNOWN: u8 = 4;

/// Bases a word.
pub(crate) const WORD: usize = 32;

/// Every second bit: one for each base of a word.
const EACH: u64 = 0x5555_5555_5555_5555;

const CODES: [u8; 256] = {
    let mut codes = [UNKNOWN; 256];
    let letters = *b"ACGT";
    let mut code = 0;
    while code < 4 {
        codes[letters[code] as usize] = code as u8;
        codes[letters[code].to_ascii_lowercase() as usize] = code as u8;
        code += 1;
    }
    codes[b'U' as usize] = 3;
    codes[b'u' as usize] = 3;
    codes
};

/// The code of a base: 0 to 3 for A, C, G, T (U), else [`UNKNOWN`].
pub(crate) fn code(base: u8) -> u8 {
    CODES[base as usize]
}

/// The code of the complementary base.
pub(crate) fn complement(code: u8) -> u8 {
    if code < UNKNOWN { 3 - code } else { UNKNOWN }
}

/// The bit (of every second) of each base in which two words differ.
pub(crate) fn differences(a: u64, b: u64) -> u64 {
    let x = a ^ b;
    (x | x >> 1) & EACH
}

/// The bits (of every second) of the first `n` bases of a word.
pub(crate) fn first(n: usize) -> u64 {
    if n >= WORD { EACH } else { EACH & ((1 << (2 * n)) - 1) }
}

/// Packs codes; what is unknown is packed as A.
pub(crate) fn pack(codes: &[u8], words: &mut Vec<u64>) {
    words.clear();
    words.extend(codes.chunks(WORD).map(|chunk| {
        chunk.iter().rev().fold(0, |word, &code| word << 2 | u64::from(if code < UNKNOWN { code } else { 0 }))
    }));
}

/// The mask, one bit of every second, of unknown bases.
pub(crate) fn pack_unknown(codes: &[u8], words: &mut Vec<u64>) {
    words.clear();
    words.extend(
        codes
            .chunks(WORD)
            .map(|chunk| chunk.iter().rev().fold(0, |word, &code| word << 2 | u64::from(code == UNKNOWN))),
    );
}

/// A long packed sequence as bytes, four bases a byte, with [`PackedSequence::PADDING`] bytes at its end.
#[derive(Clone, Copy)]
pub(crate) struct PackedSequence<'a>(pub(crate) &'a [u8]);

impl PackedSequence<'_> {
    /// Bytes beyond the last base that must be there.
    pub(crate) const PADDING: usize = 16;

    /// The 32 bases from a position on; the position must lie within the sequence.
    #[inline]
    pub(crate) fn word(&self, position: u64) -> u64 {
        let at = (position >> 2) as usize;
        let bytes: &[u8; 9] = self.0[at..at + 9].first_chunk().unwrap_or(&[0; 9]);
        let [low @ .., high] = bytes;
        let shift = (position & 3) * 2;
        // At shift 0 the high byte must vanish: shift in two steps.
        u64::from_le_bytes(*low) >> shift | u64::from(*high) << 1 << (63 - shift)
    }

    /// The code of one base.
    #[inline]
    pub(crate) fn code(&self, position: u64) -> u8 {
        self.0[(position >> 2) as usize] >> ((position & 3) * 2) & 3
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_at_any_offset_hold_the_bases(codes in prop::collection::vec(0u8..4, 40..200), at in 0usize..39) {
            let mut words = Vec::new();
            pack(&codes, &mut words);
            let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            bytes.extend([0; PackedSequence::PADDING]);
            let sequence = PackedSequence(&bytes);
            let word = sequence.word(at as u64);
            for i in 0..WORD.min(codes.len() - at) {
                prop_assert_eq!((word >> (2 * i) & 3) as u8, codes[at + i]);
                prop_assert_eq!(sequence.code((at + i) as u64), codes[at + i]);
            }
        }

        #[test]
        fn differences_are_counted(a in prop::collection::vec(0u8..4, 32), b in prop::collection::vec(0u8..4, 32)) {
            let (mut x, mut y) = (Vec::new(), Vec::new());
            pack(&a, &mut x);
            pack(&b, &mut y);
            let expected = a.iter().zip(&b).take(17).filter(|(a, b)| a != b).count();
            let mask = differences(x[0], y[0]) & first(17);
            prop_assert_eq!(mask.count_ones() as usize, expected);
        }
    }
}
