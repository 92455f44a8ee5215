//! What the aligner says of a read: where it lies, how, and how surely.

use landrace_genome::ContigId;

/// A CIGAR operation as BAM packs it: `length << 4 | code`, code 0 to 8 for `MIDNSHP=X`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CigarOp(pub u32);

/// What a CIGAR operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum CigarKind {
    /// Bases of read and reference, equal or not (`M`).
    Match = 0,
    /// Bases of the read alone (`I`).
    Insertion = 1,
    /// Bases of the reference alone (`D`).
    Deletion = 2,
    /// Bases of the read that are not aligned (`S`).
    SoftClip = 4,
    /// Bases that the record leaves out (`H`).
    HardClip = 5,
}

impl CigarOp {
    /// Packs an operation.
    pub const fn new(kind: CigarKind, length: u32) -> Self {
        Self((length << 4) | kind as u32)
    }

    /// Number of bases.
    pub const fn len(self) -> u32 {
        self.0 >> 4
    }

    /// Whether it covers no base.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// BAM's code, 0 to 8.
    pub const fn code(self) -> u32 {
        self.0 & 15
    }

    /// Whether it moves along the reference (`M`, `D`, `N`, `=`, `X`).
    pub const fn consumes_reference(self) -> bool {
        matches!(self.code(), 0 | 2 | 3 | 7 | 8)
    }

    /// Whether it moves along the read (`M`, `I`, `S`, `=`, `X`).
    pub const fn consumes_read(self) -> bool {
        matches!(self.code(), 0 | 1 | 4 | 7 | 8)
    }

    /// Whether it is a soft or hard clip.
    pub const fn is_clip(self) -> bool {
        matches!(self.code(), 4 | 5)
    }
}

impl std::fmt::Debug for CigarOp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let letter = char::from(b"MIDNSHP=X??????"[self.code() as usize % 15]);
        write!(f, "{}{letter}", self.len())
    }
}

/// One placement of a read, or of a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alignment {
    /// Contig of the reference.
    pub contig: ContigId,
    /// First aligned base of the contig, 0-based.
    pub start: u64,
    /// Whether the reverse complement of the read is aligned.
    pub is_reverse: bool,
    /// Mapping quality, Phred scale, 0 to 60 (`MAPQ`).
    pub mapping_quality: u8,
    /// From the contig's left to right; clips included, so that it spans the whole read.
    pub cigar: Vec<CigarOp>,
    /// Alignment score (`AS`).
    pub score: i32,
    /// Score of the best other place of the same bases (`XS`); `None` if none was found.
    pub second_score: Option<i32>,
    /// Mismatches plus inserted and deleted bases (`NM`).
    pub edit_distance: u32,
}

impl Alignment {
    /// Bases of the reference that the alignment spans.
    pub fn reference_span(&self) -> u64 {
        self.cigar.iter().filter(|op| op.consumes_reference()).map(|op| u64::from(op.len())).sum()
    }

    /// One past the last aligned base of the contig, 0-based.
    pub fn end(&self) -> u64 {
        self.start + self.reference_span()
    }
}

/// All that is written of one read: nothing if it is unmapped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadAlignment {
    /// The place of the read; `None` if it was not found.
    pub primary: Option<Alignment>,
    /// Further parts of a read that lies in pieces (split reads); `SA` ties them together.
    pub supplementary: Vec<Alignment>,
}

/// A pair, or a single read (then `second` is `None`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FragmentAlignment {
    /// First mate, or the single read.
    pub first: ReadAlignment,
    /// Second mate.
    pub second: Option<ReadAlignment>,
    /// Whether both mates lie as the library's insert sizes and orientation tell.
    pub is_proper_pair: bool,
}
