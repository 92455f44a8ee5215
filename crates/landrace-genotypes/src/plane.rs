//! Genotype calls as bit planes: one bit of the dosage a plane, 64 samples a word.

use crate::kernel;

/// The highest ploidy that four planes hold.
pub const MAX_PLOIDY: u8 = 14;

/// Code of a missing call in unpacked rows.
pub const MISSING: u8 = 0xff;

/// Non-reference dosages of `rows` variants × `columns` samples of one ploidy.
///
/// For ploidy P there are `ceil(log2(P + 2))` planes; all ones is a missing call. Rows are padded to whole words
/// with missing calls, so that every count over a row is a count over its samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BitPlanes {
    ploidy: u8,
    planes: usize,
    columns: usize,
    words: usize,
    bits: Vec<u64>,
}

/// One variant's calls: the planes, from the lowest bit of the dosage.
#[derive(Clone, Copy, Debug)]
pub struct PlaneRow<'a> {
    ploidy: u8,
    words: usize,
    bits: &'a [u64],
}

/// Planes that a ploidy needs: `ceil(log2(ploidy + 2))`.
pub fn planes_for(ploidy: u8) -> usize {
    (usize::from(ploidy) + 2).next_power_of_two().trailing_zeros() as usize
}

impl BitPlanes {
    /// Makes planes without rows. The ploidy is 1 to [`MAX_PLOIDY`].
    pub fn new(ploidy: u8, columns: usize) -> Self {
        debug_assert!((1..=MAX_PLOIDY).contains(&ploidy));
        let planes = planes_for(ploidy);
        Self { ploidy, planes, columns, words: columns.div_ceil(64), bits: Vec::new() }
    }

    /// Copies of each chromosome.
    pub fn ploidy(&self) -> u8 {
        self.ploidy
    }

    /// Samples a row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Words a plane of a row.
    pub fn words(&self) -> usize {
        self.words
    }

    /// Number of variants.
    pub fn rows(&self) -> usize {
        self.bits.len().checked_div(self.planes * self.words).unwrap_or(0)
    }

    /// Appends a variant from one code a sample: the dosage, or [`MISSING`]. Codes beyond the ploidy become
    /// missing.
    pub fn push_row(&mut self, codes: &[u8]) {
        debug_assert_eq!(codes.len(), self.columns);
        let start = self.bits.len();
        self.bits.resize(start + self.planes * self.words, 0);
        let row = &mut self.bits[start..];
        let mut chunk = [MISSING; 64];
        for (word, codes) in codes.chunks(64).enumerate() {
            for (to, &code) in chunk.iter_mut().zip(codes) {
                *to = if code > self.ploidy { MISSING } else { code };
            }
            chunk[codes.len()..].fill(MISSING);
            for plane in 0..self.planes {
                row[plane * self.words + word] = gather_bit(&chunk, plane);
            }
        }
    }

    /// Appends a variant from its planes, lowest bit first, each of [`BitPlanes::words`] words.
    pub fn push_planes(&mut self, planes: &[u64]) {
        debug_assert_eq!(planes.len(), self.planes * self.words);
        let start = self.bits.len();
        self.bits.extend_from_slice(planes);
        let used = self.columns % 64;
        if used != 0 {
            for plane in 0..self.planes {
                self.bits[start + (plane + 1) * self.words - 1] |= !0 << used;
            }
        }
    }

    /// The calls of a variant.
    pub fn row(&self, row: usize) -> PlaneRow<'_> {
        let size = self.planes * self.words;
        PlaneRow { ploidy: self.ploidy, words: self.words, bits: &self.bits[row * size..(row + 1) * size] }
    }

    /// Makes one call missing.
    pub fn set_missing(&mut self, row: usize, column: usize) {
        let start = row * self.planes * self.words + column / 64;
        for plane in 0..self.planes {
            self.bits[start + plane * self.words] |= 1 << (column % 64);
        }
    }

    /// Keeps the rows whose flag is set.
    pub fn keep_rows(&mut self, keep: &[bool]) {
        let size = self.planes * self.words;
        let mut to = 0;
        for (row, _) in keep.iter().enumerate().filter(|(_, keep)| **keep) {
            self.bits.copy_within(row * size..(row + 1) * size, to);
            to += size;
        }
        self.bits.truncate(to);
    }

    /// The same rows with the named columns alone, in the order given.
    pub fn with_columns(&self, columns: &[usize]) -> Self {
        let mut out = Self::new(self.ploidy, columns.len());
        let (mut codes, mut chosen) = (Vec::new(), Vec::with_capacity(columns.len()));
        for row in 0..self.rows() {
            self.row(row).unpack(self.columns, &mut codes);
            chosen.clear();
            chosen.extend(columns.iter().map(|&column| codes[column]));
            out.push_row(&chosen);
        }
        out
    }
}

impl<'a> PlaneRow<'a> {
    /// Copies of each chromosome.
    pub fn ploidy(self) -> u8 {
        self.ploidy
    }

    /// Number of planes.
    pub fn planes(self) -> usize {
        planes_for(self.ploidy)
    }

    /// Words a plane.
    pub fn words(self) -> usize {
        self.words
    }

    /// The planes one after another, lowest bit of the dosage first.
    pub fn bits(self) -> &'a [u64] {
        self.bits
    }

    /// The dosage of a sample; `None` if missing.
    pub fn dosage(self, column: usize) -> Option<u8> {
        let (word, bit) = (column / 64, column % 64);
        let planes = self.planes();
        let code = (0..planes).fold(0, |code, plane| {
            code | (((self.bits[plane * self.words + word] >> bit) & 1) as u8) << plane
        });
        (code <= self.ploidy).then_some(code)
    }

    /// Puts one code a sample into `out`: the dosage, or [`MISSING`].
    pub fn unpack(self, columns: usize, out: &mut Vec<u8>) {
        out.clear();
        out.resize(self.words * 64, 0);
        for plane in 0..self.planes() {
            for (word, &bits) in self.bits[plane * self.words..(plane + 1) * self.words].iter().enumerate() {
                scatter_bit(bits, plane, &mut out[word * 64..(word + 1) * 64]);
            }
        }
        out.truncate(columns);
        for code in out {
            if *code > self.ploidy {
                *code = MISSING;
            }
        }
    }

    /// How many samples have each dosage: `counts[d]` for 0 to the ploidy.
    pub fn dosage_counts(self) -> Vec<u32> {
        kernel::dosage_counts(self.bits, self.words, self.ploidy)
    }
}

const LOW_BITS: u64 = 0x0101_0101_0101_0101;

/// Bit `bit` of 64 codes as one word.
fn gather_bit(codes: &[u8; 64], bit: usize) -> u64 {
    let mut word = 0;
    for (index, eight) in codes.as_chunks::<8>().0.iter().enumerate() {
        let bits = (u64::from_le_bytes(*eight) >> bit) & LOW_BITS;
        // The product moves the lowest bit of byte i to bit 56 + i.
        word |= (bits.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * index);
    }
    word
}

/// Adds the bits of a word to bit `bit` of 64 codes.
fn scatter_bit(word: u64, bit: usize, codes: &mut [u8]) {
    for (index, eight) in codes.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let byte = (word >> (8 * index)) & 0xff;
        // Each byte gets all eight bits, keeps its own, and turns it into 1.
        let spread = byte.wrapping_mul(LOW_BITS) & 0x8040_2010_0804_0201;
        let ones = ((spread + 0x7f7f_7f7f_7f7f_7f7f) >> 7) & LOW_BITS;
        *eight = (u64::from_le_bytes(*eight) | (ones << bit)).to_le_bytes();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn planes_follow_the_ploidy() {
        assert_eq!([1, 2, 3, 4, 6, 7, 8, 14].map(planes_for), [2, 2, 3, 3, 3, 4, 4, 4]);
    }

    pub(crate) fn calls() -> impl Strategy<Value = (u8, Vec<u8>)> {
        (1u8..=MAX_PLOIDY).prop_flat_map(|ploidy| {
            let code = prop_oneof![4 => 0..=ploidy, 1 => Just(MISSING)];
            (Just(ploidy), prop::collection::vec(code, 1..200))
        })
    }

    proptest! {
        #[test]
        fn rows_are_read_back_equal((ploidy, codes) in calls()) {
            let mut planes = BitPlanes::new(ploidy, codes.len());
            planes.push_row(&codes);
            planes.push_row(&codes);
            let mut back = Vec::new();
            planes.row(1).unpack(codes.len(), &mut back);
            prop_assert_eq!(&back, &codes);
            for (column, &code) in codes.iter().enumerate() {
                prop_assert_eq!(planes.row(0).dosage(column), (code != MISSING).then_some(code));
            }
        }

        #[test]
        fn columns_are_chosen_in_order((ploidy, codes) in calls(), seed in any::<u64>()) {
            let mut planes = BitPlanes::new(ploidy, codes.len());
            planes.push_row(&codes);
            let columns: Vec<usize> = (0..codes.len()).filter(|i| (seed >> (i % 64)) & 1 == 1).rev().collect();
            let chosen = planes.with_columns(&columns);
            for (to, &from) in columns.iter().enumerate() {
                prop_assert_eq!(chosen.row(0).dosage(to), planes.row(0).dosage(from));
            }
        }

        #[test]
        fn one_call_becomes_missing_and_no_other((ploidy, codes) in calls()) {
            let mut planes = BitPlanes::new(ploidy, codes.len());
            planes.push_row(&codes);
            let before = planes.clone();
            let column = codes.len() / 2;
            planes.set_missing(0, column);
            for other in 0..codes.len() {
                let expected = if other == column { None } else { before.row(0).dosage(other) };
                prop_assert_eq!(planes.row(0).dosage(other), expected);
            }
        }
    }
}
