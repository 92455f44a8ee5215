//! Places in a genome, each as a type of its own, so that 0-based and 1-based cannot be mixed up.

use std::fmt;
use std::num::NonZeroU64;

/// A 1-based position on a contig, as people read it and as VCF and SAM write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(NonZeroU64);

impl Position {
    /// Makes a position from its 1-based value; `None` for 0.
    pub const fn new(one_based: u64) -> Option<Self> {
        match NonZeroU64::new(one_based) {
            Some(value) => Some(Self(value)),
            None => None,
        }
    }

    /// Makes a position from a 0-based offset.
    pub const fn from_zero_based(offset: u64) -> Self {
        Self(NonZeroU64::MIN.saturating_add(offset))
    }

    /// The 1-based value.
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The 0-based offset.
    pub const fn zero_based(self) -> u64 {
        self.0.get() - 1
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A 0-based half-open range of bases, `start..end`, as BED writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    start: u64,
    end: u64,
}

impl Interval {
    /// Makes the range `start..end`; an end before the start is taken as the start (an empty range).
    pub const fn new(start: u64, end: u64) -> Self {
        Self { start, end: if end < start { start } else { end } }
    }

    /// First base, 0-based.
    pub const fn start(self) -> u64 {
        self.start
    }

    /// One past the last base, 0-based.
    pub const fn end(self) -> u64 {
        self.end
    }

    /// Number of bases.
    pub const fn len(self) -> u64 {
        self.end - self.start
    }

    /// Whether no base lies in the range.
    pub const fn is_empty(self) -> bool {
        self.end == self.start
    }

    /// Whether the 0-based `offset` lies in the range.
    pub const fn contains(self, offset: u64) -> bool {
        self.start <= offset && offset < self.end
    }

    /// Whether at least one base lies in both.
    pub const fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The range widened by `flank` on both sides and cut to `0..length`.
    pub fn widen(self, flank: u64, length: u64) -> Self {
        Self::new(self.start.saturating_sub(flank), self.end.saturating_add(flank).min(length))
    }
}

/// Index of a contig in its [`ContigDictionary`](crate::ContigDictionary).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContigId(pub u32);

impl ContigId {
    /// The index as a `usize`.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Index of a sample in a file's or a matrix's list of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SampleIndex(pub u32);

impl SampleIndex {
    /// The index as a `usize`.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_and_offsets_differ_by_one() {
        assert_eq!(Position::new(0), None);
        assert_eq!(Position::from_zero_based(0).get(), 1);
        assert_eq!(Position::new(7).map(Position::zero_based), Some(6));
    }

    #[test]
    fn neighbouring_ranges_do_not_overlap() {
        let left = Interval::new(0, 10);
        assert!(!left.overlaps(Interval::new(10, 12)));
        assert!(left.overlaps(Interval::new(9, 12)));
        assert_eq!(left.widen(5, 12), Interval::new(0, 12));
    }
}
