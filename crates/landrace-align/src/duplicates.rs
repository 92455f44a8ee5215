//! Which fragments are copies of one molecule, decided exactly as Picard MarkDuplicates decides it.
//!
//! While reads are aligned, each fragment leaves signatures: the unclipped 5' ends of its mates, their
//! orientation, the library, the sum of base qualities of 15 and above. Pairs of one signature are copies of
//! each other and the best stays. A read without a mapped mate is a copy if a mate of some pair starts at its
//! place in its orientation; else the best of those that start there stays. Ties go to the lower tile, x and y
//! that the read name tells (16 bits each, as Picard keeps them), then to the earlier record of the file. The
//! signatures are sorted in bounded memory, so nothing is read twice.

use std::path::Path;

use landrace_genome::FileError;

use crate::alignment::{Alignment, CigarOp, FragmentAlignment};
use crate::record::WholeRead;
use crate::sort::RowSorter;

mod location;
#[cfg(test)]
mod tests;

/// What happens to duplicates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DuplicatePolicy {
    /// They are flagged.
    #[default]
    Mark,
    /// They are not looked for.
    Keep,
    /// They are left out of the file, with all records of the fragment.
    Remove,
}

/// The signatures of a run of fragments.
///
/// A pair is five numbers, of which the first two and the third without its low 31 bits say which pairs are
/// copies of each other; the rest orders them, the best first. A single end is four, likewise; an end of a pair
/// has the first two alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signatures {
    pairs: Vec<[u64; 5]>,
    ends: Vec<[u64; 2]>,
    singles: Vec<[u64; 4]>,
}

/// Low bits that hold score and tile, not what makes copies.
const ORDER_BITS: u32 = 31;
/// Added to unclipped positions, which may lie before the contig.
const BIAS: i64 = 1 << 31;

/// An end of a fragment: where its 5' base would lie if nothing were clipped.
#[derive(Clone, Copy)]
struct FivePrime {
    contig: u64,
    position: u64,
    is_reverse: bool,
    /// Where the record starts, and which mate it is: the order of records in the file.
    start: u64,
    mate: u64,
    score: u64,
}

impl FivePrime {
    fn of(alignment: &Alignment, read: &WholeRead<'_>, mate: u64) -> Self {
        let clip = |op: Option<&CigarOp>| op.filter(|op| op.is_clip()).map_or(0, |op| i64::from(op.len()));
        // 1-based, as Picard counts: the two ends of a pair are compared with each other.
        let position = if alignment.is_reverse {
            alignment.end() as i64 + clip(alignment.cigar.last())
        } else {
            alignment.start as i64 + 1 - clip(alignment.cigar.first())
        };
        let sum: u64 = read.read.qualities.iter().filter(|&&q| q >= 15).map(|&q| u64::from(q)).sum();
        Self {
            contig: u64::from(alignment.contig.0),
            position: (position + BIAS) as u64,
            is_reverse: alignment.is_reverse,
            start: alignment.start,
            mate,
            score: sum.min(16_383),
        }
    }

    fn end_row(&self, library: u16) -> [u64; 2] {
        let place = (u64::from(library) << 48) | (self.contig << 16) | u64::from(self.is_reverse);
        [place, self.position << ORDER_BITS]
    }
}

impl Signatures {
    /// Notes a fragment of a library; `number` is its number in the order of reading.
    pub(crate) fn note(
        &mut self,
        reads: (WholeRead<'_>, Option<WholeRead<'_>>),
        alignment: &FragmentAlignment,
        (number, library): (u64, u16),
    ) {
        let first = alignment.first.primary.as_ref().map(|at| FivePrime::of(at, &reads.0, 0));
        let second = alignment.second.as_ref().and_then(|second| second.primary.as_ref());
        let second = reads.1.and_then(|read| second.map(|at| FivePrime::of(at, &read, 1)));
        let location = location::of(reads.0.read.name);
        match (first, second) {
            (Some(first), Some(second)) => {
                self.ends.extend([first.end_row(library), second.end_row(library)]);
                self.pairs.push(pair_row(first, second, (number, library), location));
            }
            (Some(end), None) | (None, Some(end)) => {
                let [place, position] = end.end_row(library);
                let [tile, x, y] = location;
                let ordered = position | order(end.score, tile);
                let tie = (x << 48) | (y << 32) | end.start;
                self.singles.push([place, ordered, tie, (number << 1) | end.mate]);
            }
            (None, None) => {}
        }
    }
}

/// The best score first, then the lowest tile.
fn order(score: u64, tile: u64) -> u64 {
    ((0x7fff - score) << 16) | tile
}

fn pair_row(
    first: FivePrime,
    second: FivePrime,
    (number, library): (u64, u16),
    location: [u64; 3],
) -> [u64; 5] {
    let place = |end: &FivePrime| (end.contig, end.position, end.start, end.mate);
    let (left, right) = if place(&first) <= place(&second) { (first, second) } else { (second, first) };
    let is_same_base = (left.contig, left.position) == (right.contig, right.position);
    let orientation = match (left.is_reverse, right.is_reverse) {
        (false, false) => 0,
        (true, true) => 2,
        // At one base it depends on the order of the records which comes first.
        (true, false) if !is_same_base => 3,
        _ => 1,
    };
    let [tile, x, y] = location;
    [
        (u64::from(library) << 48) | (left.contig << 16) | orientation,
        (right.contig << 33) | left.position,
        (right.position << ORDER_BITS) | order(left.score + right.score, tile),
        (x << 48) | (y << 32) | left.start,
        (number << 1) | left.mate,
    ]
}

/// A set of fragments, one bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FragmentSet(Vec<u64>);

impl FragmentSet {
    fn insert(&mut self, fragment: u64) {
        let word = (fragment / 64) as usize;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (fragment % 64);
    }

    /// Whether the fragment is in the set.
    pub(crate) fn contains(&self, fragment: u64) -> bool {
        self.0.get((fragment / 64) as usize).is_some_and(|word| word >> (fragment % 64) & 1 == 1)
    }
}

/// Gathers the signatures of a sample and decides.
pub(crate) struct DuplicateFinder {
    pairs: RowSorter<5>,
    ends: RowSorter<2>,
    singles: RowSorter<4>,
}

impl DuplicateFinder {
    /// A finder that holds about `memory` bytes and spills to `folder`.
    pub(crate) fn new(memory: usize, folder: &Path) -> Self {
        Self {
            pairs: RowSorter::new(memory / 2, folder),
            ends: RowSorter::new(memory / 4, folder),
            singles: RowSorter::new(memory / 4, folder),
        }
    }

    /// Adds signatures.
    pub(crate) fn push(&mut self, signatures: &Signatures) -> Result<(), FileError> {
        self.pairs.extend(&signatures.pairs)?;
        self.ends.extend(&signatures.ends)?;
        self.singles.extend(&signatures.singles)
    }

    /// The fragments that are copies of a better one.
    pub(crate) fn decide(self) -> Result<FragmentSet, FileError> {
        let mut found = FragmentSet::default();
        decide_pairs(self.pairs, &mut found)?;
        decide_singles(self.singles, self.ends, &mut found)?;
        Ok(found)
    }
}

fn decide_pairs(pairs: RowSorter<5>, found: &mut FragmentSet) -> Result<(), FileError> {
    let pairs = pairs.sorted()?;
    let mut pairs = pairs.read()?;
    let mut last = None;
    while let Some(row) = pairs.next()? {
        let copies_of = Some((row[0], row[1], row[2] >> ORDER_BITS));
        if last == copies_of {
            found.insert(row[4] >> 1);
        }
        last = copies_of;
    }
    Ok(())
}

fn decide_singles(
    singles: RowSorter<4>,
    ends: RowSorter<2>,
    found: &mut FragmentSet,
) -> Result<(), FileError> {
    let (singles, ends) = (singles.sorted()?, ends.sorted()?);
    let (mut singles, mut ends) = (singles.read()?, ends.read()?);
    let place = |first: u64, second: u64| (first, second >> ORDER_BITS);
    let mut end = ends.next()?.map(|row| place(row[0], row[1]));
    let mut last = None;
    while let Some(row) = singles.next()? {
        let own = place(row[0], row[1]);
        while end.is_some_and(|end| end < own) {
            end = ends.next()?.map(|row| place(row[0], row[1]));
        }
        if end == Some(own) || last == Some(own) {
            found.insert(row[3] >> 1);
        }
        last = Some(own);
    }
    Ok(())
}
