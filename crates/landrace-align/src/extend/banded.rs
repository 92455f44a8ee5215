//! Banded affine alignment of a whole read, its ends clipped where that pays: the plain kernel, row by row.
//! [`super::wavefront`] is its fast twin.

use super::cigar::{base_score, push};
use crate::alignment::{CigarKind, CigarOp};
use crate::options::Scoring;

/// Code of a place off the contig.
pub(crate) const OUTSIDE: u8 = 5;
/// Far below any score, far above overflow.
const NEVER: i32 = -1_000_000;

pub(super) const FROM_START: u8 = 3;
pub(super) const FROM_DELETION: u8 = 1;
pub(super) const FROM_INSERTION: u8 = 2;
pub(super) const DELETION_GOES_ON: u8 = 4;
pub(super) const INSERTION_GOES_ON: u8 = 8;

/// An alignment found by dynamic programming.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Banded {
    /// Score less the penalties of clipping.
    pub(crate) effective: i32,
    pub(crate) score: i32,
    pub(crate) begin: u32,
    pub(crate) end: u32,
    /// Offset in `reference` of the first aligned base.
    pub(crate) start: usize,
    /// Clips included.
    pub(crate) cigar: Vec<CigarOp>,
}

/// Buffers.
#[derive(Default)]
pub(crate) struct BandedScratch {
    best: Vec<i32>,
    insertion: Vec<i32>,
    moves: Vec<u8>,
}

/// Aligns `read` to `reference`, where read base `i` may lie at `reference[i]` to `reference[i + band - 1]`: the
/// reference is given as `read.len() + band - 1` codes, [`OUTSIDE`] where there is no base. Gaps lie as far left
/// as ties allow. `None` if nothing aligns.
pub(crate) fn banded(
    read: &[u8],
    reference: &[u8],
    band: usize,
    scoring: &Scoring,
    scratch: &mut BandedScratch,
) -> Option<Banded> {
    let (length, open, extend) = (read.len(), scoring.gap_open + scoring.gap_extend, scoring.gap_extend);
    let BandedScratch { best, insertion, moves } = scratch;
    // Cell `k` of row `i` holds read base `i` at `reference[i + k]`; the row above has the same diagonal at `k`.
    best.clear();
    best.resize(band + 1, NEVER);
    insertion.clear();
    insertion.resize(band + 1, NEVER);
    moves.clear();
    moves.resize(length * band, 0);
    let mut top = (NEVER, 0, 0);
    for (i, &base) in read.iter().enumerate() {
        let start = if i == 0 { 0 } else { -scoring.clip };
        let at_end = if i + 1 == length { 0 } else { scoring.clip };
        let (mut deletion, mut deletion_goes_on) = (NEVER, 0);
        let window = &reference[i..i + band];
        let row = &mut moves[i * band..(i + 1) * band];
        for k in 0..band {
            let other = window[k];
            let step = if other == OUTSIDE { NEVER } else { base_score(base, other, scoring) };
            let (from, mut how) = if start >= best[k] { (start, FROM_START) } else { (best[k], 0) };
            let mut value = from + step;
            // From the row above, one diagonal to the right: this base is inserted.
            let inserted = {
                let (opened, goes_on) = (best[k + 1] - open, insertion[k + 1] - extend);
                if goes_on > opened {
                    how |= INSERTION_GOES_ON;
                    goes_on
                } else {
                    opened
                }
            };
            if inserted > value {
                value = inserted;
                how = (how & !3) | FROM_INSERTION;
            }
            how |= deletion_goes_on;
            if deletion > value {
                value = deletion;
                how = (how & !3) | FROM_DELETION;
            }
            let (opened, goes_on) = (value - open, deletion - extend);
            deletion_goes_on = if goes_on > opened { DELETION_GOES_ON } else { 0 };
            deletion = goes_on.max(opened);
            best[k] = value;
            insertion[k] = inserted;
            row[k] = how;
            if value - at_end > top.0 && how & 3 != FROM_INSERTION && how & 3 != FROM_DELETION {
                top = (value - at_end, i, k);
            }
        }
    }
    let moves = |i: usize, k: usize| moves[i * band + k];
    (top.0 > 0).then(|| trace(top, moves, length, scoring))
}

/// Walks back from the best end: effective score, read base and band offset. `moves` gives how a cell was reached.
pub(super) fn trace(
    top: (i32, usize, usize),
    moves: impl Fn(usize, usize) -> u8,
    length: usize,
    scoring: &Scoring,
) -> Banded {
    let (effective, last, mut k) = top;
    let mut i = last;
    let mut backwards = Vec::new();
    push(&mut backwards, CigarKind::SoftClip, (length - 1 - last) as u32);
    loop {
        match moves(i, k) & 3 {
            FROM_DELETION => loop {
                push(&mut backwards, CigarKind::Deletion, 1);
                let goes_on = moves(i, k) & DELETION_GOES_ON != 0;
                k -= 1;
                if !goes_on {
                    break;
                }
            },
            FROM_INSERTION => loop {
                push(&mut backwards, CigarKind::Insertion, 1);
                let goes_on = moves(i, k) & INSERTION_GOES_ON != 0;
                i -= 1;
                k += 1;
                if !goes_on {
                    break;
                }
            },
            from => {
                push(&mut backwards, CigarKind::Match, 1);
                if from == FROM_START {
                    break;
                }
                i -= 1;
            }
        }
    }
    push(&mut backwards, CigarKind::SoftClip, i as u32);
    backwards.reverse();
    let clips = i32::from(i > 0) + i32::from(last + 1 < length);
    let score = effective + clips * scoring.clip;
    Banded { effective, score, begin: i as u32, end: last as u32 + 1, start: i + k, cigar: backwards }
}
