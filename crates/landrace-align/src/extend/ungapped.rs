//! The best alignment of a read on one diagonal, ends clipped where that pays.

use crate::index::Index;
use crate::options::Scoring;
use crate::packed::{WORD, differences, first};
use crate::prepared::Strand;

/// Where a diagonal of a read lies on its contig.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Diagonal {
    /// Place of the read's first base; may lie before the contig.
    pub(crate) place: i64,
    /// First base of the read that lies on the contig.
    pub(crate) from: u32,
    /// One past the last base of the read that lies on the contig.
    pub(crate) to: u32,
}

impl Diagonal {
    /// The diagonal at a place, cut to the contig's bounds.
    pub(crate) fn new(place: i64, length: usize, (start, end): (u64, u64)) -> Self {
        let length = length as i64;
        let from = (start as i64 - place).clamp(0, length) as u32;
        let to = (end as i64 - place).clamp(i64::from(from), length) as u32;
        Self { place, from, to }
    }
}

/// Effective score where nothing is aligned.
const NOTHING: i32 = -1_000;

/// An alignment without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ungapped {
    /// Score less the penalties of clipping.
    pub(crate) effective: i32,
    /// Score.
    pub(crate) score: i32,
    /// First aligned base of the read.
    pub(crate) begin: u32,
    /// One past its last aligned base.
    pub(crate) end: u32,
}

/// Puts a bit (of every second) for each base that differs or is unknown into `mask`, 32 bases a word counted
/// from the read's first; bases off the contig count as different. Gives the number of differing bases.
pub(crate) fn difference_mask(
    index: &Index,
    strand: &Strand,
    diagonal: Diagonal,
    mask: &mut Vec<u64>,
) -> u32 {
    let sequence = index.sequence();
    let length = strand.codes.len();
    mask.clear();
    let (from, to) = (diagonal.from as usize, diagonal.to as usize);
    for (at, (&word, &unknown)) in strand.words.iter().zip(&strand.unknown).enumerate() {
        let begin = at * WORD;
        let inside = first(to.saturating_sub(begin)) & !first(from.saturating_sub(begin));
        let all = first(length - begin);
        if inside == 0 {
            mask.push(all);
            continue;
        }
        let place = diagonal.place + begin as i64;
        // Only a read that hangs over the start of the first contig has a negative place.
        let reference =
            if place >= 0 { sequence.word(place as u64) } else { sequence.word(0) << (2 * -place) };
        mask.push((differences(word, reference) | unknown | !inside) & all);
    }
    let start = diagonal.place + i64::from(diagonal.from);
    let end = diagonal.place + i64::from(diagonal.to);
    for &(gap_start, gap_end) in index.gaps_in(start.max(0) as u64, end.max(0) as u64) {
        for place in (gap_start as i64).max(start)..(gap_end as i64).min(end) {
            let at = (place - diagonal.place) as usize;
            mask[at / WORD] |= 1 << (2 * (at % WORD));
        }
    }
    mask.iter().map(|word| word.count_ones()).sum()
}

/// The best alignment on a diagonal, by its mask of differences. Runs over the differences, not the bases.
pub(crate) fn best_segment(mask: &[u64], diagonal: Diagonal, length: usize, scoring: &Scoring) -> Ungapped {
    let (from, to) = (diagonal.from as i32, diagonal.to as i32);
    let mut begin = from;
    let mut value = if from > 0 { -scoring.clip } else { 0 };
    let mut run_start = from;
    let mut best = Ungapped { effective: NOTHING, score: 0, begin: 0, end: 0 };
    let mut consider = |effective: i32, begin: i32, end: i32| {
        if effective > best.effective && end > begin {
            let clips = i32::from(begin > 0) + i32::from((end as usize) < length);
            let score = effective + clips * scoring.clip;
            best = Ungapped { effective, score, begin: begin as u32, end: end as u32 };
        }
    };
    for (at, &word) in mask.iter().enumerate() {
        let mut word = word;
        while word != 0 {
            let position = (at * WORD) as i32 + word.trailing_zeros() as i32 / 2;
            word &= word - 1;
            if position < from || position >= to {
                continue;
            }
            value += (position - run_start) * scoring.matched;
            consider(value - scoring.clip, begin, position);
            value -= scoring.mismatch;
            run_start = position + 1;
            if value <= -scoring.clip {
                value = -scoring.clip;
                begin = run_start;
            }
        }
    }
    value += (to - run_start).max(0) * scoring.matched;
    let at_end = if (to as usize) < length { scoring.clip } else { 0 };
    consider(value - at_end, begin, to);
    best
}
