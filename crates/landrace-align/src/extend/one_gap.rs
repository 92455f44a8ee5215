//! The best alignment that begins on one diagonal and ends on another: exact for a single insertion or
//! deletion.

use super::ungapped::Diagonal;
use crate::options::Scoring;
use crate::packed::WORD;

/// An alignment with one gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OneGap {
    pub(crate) effective: i32,
    pub(crate) score: i32,
    pub(crate) begin: u32,
    pub(crate) end: u32,
    /// Bases of the read before the gap, clipped ones included.
    pub(crate) split: u32,
}

/// Buffers.
#[derive(Default)]
pub(crate) struct OneGapScratch {
    /// For each end within the read: the best effective score on the left diagonal, and where it begins.
    prefix: Vec<(i32, u32)>,
}

fn differs(mask: &[u64], at: usize) -> bool {
    mask[at / WORD] >> (2 * (at % WORD)) & 1 == 1
}

/// A diagonal with its mask of differences.
pub(crate) struct Masked<'a> {
    pub(crate) diagonal: Diagonal,
    pub(crate) mask: &'a [u64],
}

/// The best alignment from `left` to `right`; the gap lies as far left as it can. `None` if the two diagonals
/// leave no room on both sides of the gap.
pub(crate) fn one_gap(
    left: &Masked<'_>,
    right: &Masked<'_>,
    length: usize,
    scoring: &Scoring,
    scratch: &mut OneGapScratch,
) -> Option<OneGap> {
    let shift = right.diagonal.place - left.diagonal.place;
    let cost = scoring.gap_open + scoring.gap_extend * i32::try_from(shift.unsigned_abs()).ok()?;
    // A deletion takes no bases of the read, an insertion takes as many as the diagonals are apart.
    let inserted = usize::try_from(-shift).unwrap_or(0);
    fill_prefix(left, scoring, &mut scratch.prefix);
    let step = |at: usize| if differs(right.mask, at) { -scoring.mismatch } else { scoring.matched };
    let (from, to) = (right.diagonal.from as usize, right.diagonal.to as usize);
    let (mut value, mut end) = (if to < length { -scoring.clip } else { 0 }, to);
    let mut best: Option<OneGap> = None;
    for at in (from..to).rev() {
        value += step(at);
        if value <= step(at) - scoring.clip {
            value = step(at) - scoring.clip;
            end = at + 1;
        }
        // The right part starts at `at`; the left part ends before the inserted bases.
        let Some(split) = at.checked_sub(inserted) else { break };
        let left_from = left.diagonal.from as usize;
        if split <= left_from || split - left_from > scratch.prefix.len() {
            continue;
        }
        let (prefix, begin) = scratch.prefix[split - left_from - 1];
        let effective = prefix + value - cost;
        if best.is_none_or(|best| effective >= best.effective) {
            let clips = i32::from(begin > 0) + i32::from(end < length);
            let score = effective + clips * scoring.clip;
            best = Some(OneGap { effective, score, begin, end: end as u32, split: split as u32 });
        }
    }
    best
}

fn fill_prefix(left: &Masked<'_>, scoring: &Scoring, prefix: &mut Vec<(i32, u32)>) {
    prefix.clear();
    let Diagonal { from, to, .. } = left.diagonal;
    let (mut value, mut begin) = (if from > 0 { -scoring.clip } else { 0 }, from);
    for at in from..to {
        if value <= -scoring.clip {
            value = -scoring.clip;
            begin = at;
        }
        value += if differs(left.mask, at as usize) { -scoring.mismatch } else { scoring.matched };
        prefix.push((value, begin));
    }
}
