//! Building and checking CIGARs.

use crate::alignment::{CigarKind, CigarOp};
use crate::options::Scoring;

/// Appends an operation, or lengthens the last one if it is of the same kind.
pub(crate) fn push(cigar: &mut Vec<CigarOp>, kind: CigarKind, length: u32) {
    if length == 0 {
        return;
    }
    match cigar.last_mut() {
        Some(last) if last.code() == kind as u32 => *last = CigarOp::new(kind, last.len() + length),
        _ => cigar.push(CigarOp::new(kind, length)),
    }
}

/// Score and edit distance of an alignment: `read` whole, `reference` from its first aligned base on, as codes.
pub(crate) fn score(cigar: &[CigarOp], read: &[u8], reference: &[u8], scoring: &Scoring) -> (i32, u32) {
    let (mut total, mut edits, mut at, mut place) = (0, 0, 0, 0);
    for op in cigar {
        let n = op.len() as usize;
        if op.code() == CigarKind::Match as u32 {
            for (&a, &b) in read[at..at + n].iter().zip(&reference[place..place + n]) {
                total += base_score(a, b, scoring);
                edits += u32::from(a != b || a > 3);
            }
        } else if matches!(op.code(), 1 | 2) {
            total -= scoring.gap_open + scoring.gap_extend * n as i32;
            edits += op.len();
        }
        at += if op.consumes_read() { n } else { 0 };
        place += if op.consumes_reference() { n } else { 0 };
    }
    (total, edits)
}

/// Score of two bases.
#[inline]
pub(crate) fn base_score(a: u8, b: u8, scoring: &Scoring) -> i32 {
    if a > 3 || b > 3 {
        -scoring.unknown
    } else if a == b {
        scoring.matched
    } else {
        -scoring.mismatch
    }
}

/// Moves each gap as far left as the bases allow, so that callers see one indel at one place. `reference` starts
/// at the first aligned base.
pub(crate) fn left_align(cigar: &mut [CigarOp], read: &[u8], reference: &[u8]) {
    if !cigar.iter().any(|op| matches!(op.code(), 1 | 2)) {
        return;
    }
    let (mut at, mut place) = (0, 0);
    for index in 0..cigar.len() {
        let op = cigar[index];
        let is_gap = matches!(op.code(), 1 | 2);
        let between = index > 0
            && index + 1 < cigar.len()
            && cigar[index - 1].code() == CigarKind::Match as u32
            && cigar[index + 1].code() == CigarKind::Match as u32;
        if is_gap && between {
            let n = op.len() as usize;
            // One base of the match before must stay.
            let room = cigar[index - 1].len() as usize - 1;
            let (bases, end) = if op.consumes_read() { (read, at + n) } else { (reference, place + n) };
            let shift = (0..room)
                .take_while(|&i| {
                    let (last, before) = (bases[end - 1 - i], bases[end - 1 - n - i]);
                    // The base that changes sides must be equal to its new partner as it was to the old one.
                    last == before && last < 4 && read[at - 1 - i] == reference[place - 1 - i]
                })
                .count() as u32;
            cigar[index - 1] = CigarOp::new(CigarKind::Match, cigar[index - 1].len() - shift);
            cigar[index + 1] = CigarOp::new(CigarKind::Match, cigar[index + 1].len() + shift);
            at -= shift as usize;
            place -= shift as usize;
        }
        at += if op.consumes_read() { op.len() as usize } else { 0 };
        place += if op.consumes_reference() { op.len() as usize } else { 0 };
    }
}
