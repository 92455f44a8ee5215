//! A read as the caller holds it.

use landrace_genome::SampleIndex;

/// The code of a base that is not A, C, G or T.
pub(crate) const UNKNOWN: u8 = 4;

/// Codes 0 to 3 of A, C, G and T, else [`UNKNOWN`].
pub(crate) const fn base_code(letter: u8) -> u8 {
    match letter {
        b'A' | b'a' => 0,
        b'C' | b'c' => 1,
        b'G' | b'g' => 2,
        b'T' | b't' => 3,
        _ => UNKNOWN,
    }
}

/// The letter of a base's code.
pub(crate) const fn base_letter(code: u8) -> u8 {
    match code {
        0 => b'A',
        1 => b'C',
        2 => b'G',
        3 => b'T',
        _ => b'N',
    }
}

/// One primary alignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AlignedRead {
    /// First aligned base of the contig, 0-based.
    pub(crate) start: u64,
    /// One past the last aligned base.
    pub(crate) end: u64,
    /// Hash of the read's name: mates share it.
    pub(crate) fragment: u64,
    /// Whose read it is.
    pub(crate) sample: SampleIndex,
    /// Mapping quality, Phred scale.
    pub(crate) mapping_quality: u8,
    /// Whether the reverse strand was read.
    pub(crate) is_reverse: bool,
    /// Whether it is the second mate.
    pub(crate) is_second: bool,
    /// Operations as BAM packs them: `length << 4 | code`.
    pub(crate) cigar: Box<[u32]>,
    /// Codes of the bases, then their qualities.
    bases_and_qualities: Box<[u8]>,
}

/// What a stretch of a CIGAR does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stretch {
    /// Aligned bases.
    Aligned,
    /// Bases of the read alone.
    Insertion,
    /// Bases of the reference alone.
    Deletion,
    /// Bases of the reference that the read skips (`N`).
    Skip,
    /// Unaligned bases at an end.
    SoftClip,
}

/// A stretch of an alignment: what it is, where it starts on the contig and in the read, and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) stretch: Stretch,
    /// First base of the contig at or after the stretch, 0-based.
    pub(crate) start: u64,
    /// First base of the read.
    pub(crate) offset: usize,
    /// Number of bases.
    pub(crate) length: usize,
}

/// What is known of a read before its bases.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadPlace {
    pub(crate) start: u64,
    pub(crate) fragment: u64,
    pub(crate) sample: SampleIndex,
    pub(crate) mapping_quality: u8,
    pub(crate) is_reverse: bool,
    pub(crate) is_second: bool,
}

impl AlignedRead {
    /// Makes a read; `None` if the CIGAR does not fit the bases.
    pub(crate) fn new(place: ReadPlace, cigar: Box<[u32]>, bases_and_qualities: Box<[u8]>) -> Option<Self> {
        let sum = |codes: &[u32]| -> u64 {
            cigar.iter().filter(|op| codes.contains(&(**op & 15))).map(|op| u64::from(op >> 4)).sum()
        };
        let span = sum(&[0, 2, 3, 7, 8]);
        let bases = bases_and_qualities.len() as u64 / 2;
        if sum(&[0, 1, 4, 7, 8]) != bases || span == 0 {
            return None;
        }
        Some(Self {
            start: place.start,
            end: place.start + span,
            fragment: place.fragment,
            sample: place.sample,
            mapping_quality: place.mapping_quality,
            is_reverse: place.is_reverse,
            is_second: place.is_second,
            cigar,
            bases_and_qualities,
        })
    }

    /// Codes of the bases, on the contig's strand.
    pub(crate) fn bases(&self) -> &[u8] {
        &self.bases_and_qualities[..self.bases_and_qualities.len() / 2]
    }

    /// Base qualities, Phred scale.
    pub(crate) fn qualities(&self) -> &[u8] {
        &self.bases_and_qualities[self.bases_and_qualities.len() / 2..]
    }

    /// The stretches of the alignment, from the contig's left to right; hard clips and pads are left out.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Block> {
        let (mut start, mut offset) = (self.start, 0);
        self.cigar.iter().filter_map(move |op| {
            let length = (op >> 4) as usize;
            let stretch = match op & 15 {
                0 | 7 | 8 => Stretch::Aligned,
                1 => Stretch::Insertion,
                2 => Stretch::Deletion,
                3 => Stretch::Skip,
                4 => Stretch::SoftClip,
                _ => return None,
            };
            let block = Block { stretch, start, offset, length };
            if matches!(stretch, Stretch::Aligned | Stretch::Deletion | Stretch::Skip) {
                start += length as u64;
            }
            if matches!(stretch, Stretch::Aligned | Stretch::Insertion | Stretch::SoftClip) {
                offset += length;
            }
            (length > 0).then_some(block)
        })
    }

    /// The order of reads in a tile: by place, then by what tells reads of one place apart.
    pub(crate) fn order(&self) -> (u64, u64, bool, u64) {
        (self.start, self.fragment, self.is_second, self.end)
    }
}

/// Hash of a read's name: FNV-1a with a finalizer that spreads the low bits (`SplitMix64`'s).
pub(crate) fn name_hash(name: &[u8]) -> u64 {
    let hash = name.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A read from its place, a CIGAR as text and bases of one quality.
    pub(crate) fn read(start: u64, cigar: &str, bases: &str, quality: u8) -> AlignedRead {
        let mut ops = Vec::new();
        let mut length = 0;
        for letter in cigar.bytes() {
            if letter.is_ascii_digit() {
                length = length * 10 + u32::from(letter - b'0');
            } else {
                let code = b"MIDNSHP=X".iter().position(|&known| known == letter).unwrap();
                ops.push(length << 4 | u32::try_from(code).unwrap());
                length = 0;
            }
        }
        let mut packed: Vec<u8> = bases.bytes().map(base_code).collect();
        packed.extend(std::iter::repeat_n(quality, bases.len()));
        let place = ReadPlace {
            start,
            fragment: name_hash(format!("{start}{cigar}{bases}").as_bytes()),
            sample: SampleIndex(0),
            mapping_quality: 60,
            is_reverse: false,
            is_second: false,
        };
        AlignedRead::new(place, ops.into(), packed.into()).unwrap()
    }

    #[test]
    fn blocks_follow_the_cigar() {
        let read = read(100, "2S3M1I2M2D4M", "AACCCGTTACGT", 30);
        let blocks: Vec<_> = read.blocks().map(|b| (b.stretch, b.start, b.offset, b.length)).collect();
        assert_eq!(
            blocks,
            [
                (Stretch::SoftClip, 100, 0, 2),
                (Stretch::Aligned, 100, 2, 3),
                (Stretch::Insertion, 103, 5, 1),
                (Stretch::Aligned, 103, 6, 2),
                (Stretch::Deletion, 105, 8, 2),
                (Stretch::Aligned, 107, 8, 4),
            ]
        );
        assert_eq!(read.end, 111);
    }

    #[test]
    fn a_cigar_that_does_not_fit_is_refused() {
        let place = ReadPlace {
            start: 0,
            fragment: 0,
            sample: SampleIndex(0),
            mapping_quality: 0,
            is_reverse: false,
            is_second: false,
        };
        assert!(AlignedRead::new(place, [5 << 4].into(), vec![0; 8].into()).is_none());
    }
}
