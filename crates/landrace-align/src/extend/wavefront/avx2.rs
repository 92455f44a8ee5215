//! The wavefronts in AVX2. The plain twin is [`super::banded`]; a property test holds the two equal.

#![expect(unsafe_code, reason = "vector instructions, and code for AVX2 called where the processor has it")]

use std::arch::x86_64::{
    __m256i, _mm256_add_epi16, _mm256_and_si256, _mm256_blendv_epi8, _mm256_cmpeq_epi16, _mm256_cmpgt_epi16,
    _mm256_loadu_si256, _mm256_max_epi16, _mm256_or_si256, _mm256_set1_epi16, _mm256_setr_epi16,
    _mm256_storeu_si256, _mm256_sub_epi16,
};

use super::super::banded::{
    Banded, DELETION_GOES_ON, FROM_DELETION, FROM_INSERTION, FROM_START, INSERTION_GOES_ON, OUTSIDE, trace,
};
use crate::options::Scoring;
use crate::packed::UNKNOWN;

/// Cells a vector.
const LANES: usize = 16;
/// Far below any score; twice it still fits 16 bits.
const NEVER: i16 = -12_000;
/// Longest read and widest band: scores and wavefronts must fit 16 bits.
const LONGEST: usize = 8_000;

/// Buffers. Row `i` of a wavefront is at `i + 1`: there is room before the first, and a vector's after the last.
#[derive(Default)]
pub(super) struct Wavefronts {
    read: Vec<i16>,
    reversed: Vec<i16>,
    outside: Vec<i16>,
    start: Vec<i16>,
    best: [Vec<i16>; 3],
    insertion: [Vec<i16>; 2],
    deletion: Vec<i16>,
    top: Vec<i16>,
    top_at: Vec<i16>,
    moves: Vec<i16>,
}

/// Whether 16 bits hold the scores and all bases are known.
pub(super) fn fits(read: &[u8], reference: &[u8], band: usize, scoring: &Scoring) -> bool {
    let small = |cost: i32| (0..=100).contains(&cost);
    let costs = [scoring.matched, scoring.mismatch, scoring.gap_open, scoring.gap_extend, scoring.clip];
    read.len() <= LONGEST
        && band <= LONGEST
        && read.len() * scoring.matched.unsigned_abs() as usize <= 10_000
        && costs.into_iter().all(small)
        && !read.contains(&UNKNOWN)
        && !reference.contains(&UNKNOWN)
}

/// Aligns; call it only where the processor has AVX2 and [`fits`] says so.
pub(super) fn align(
    read: &[u8],
    reference: &[u8],
    band: usize,
    scoring: &Scoring,
    scratch: &mut Wavefronts,
) -> Option<Banded> {
    scratch.prepare(read, reference, band, scoring);
    // SAFETY: the caller has asked the processor for AVX2, and the function needs nothing else.
    unsafe { scratch.fill(read.len(), band, scoring) };
    let mut top = (0, 0);
    for (i, &value) in scratch.top[..read.len()].iter().enumerate() {
        let value = value - if i + 1 == read.len() { 0 } else { scoring.clip as i16 };
        if value > top.0 {
            top = (value, i);
        }
    }
    let (effective, last) = top;
    let k = scratch.top_at[last] as usize - (2 * last).min(scratch.top_at[last] as usize);
    let stride = band / 2 + 1;
    let moves = |i: usize, k: usize| {
        let t = 2 * i + k;
        scratch.moves[t * stride + i - lowest(t, band)] as u8
    };
    (effective > 0).then(|| trace((i32::from(effective), last, k), moves, read.len(), scoring))
}

/// First row of a wavefront.
fn lowest(t: usize, band: usize) -> usize {
    (t + 1).saturating_sub(band).div_ceil(2)
}

fn refill(buffer: &mut Vec<i16>, length: usize, value: i16) {
    buffer.clear();
    buffer.resize(length, value);
}

/// The vector that starts at an index.
#[inline]
#[target_feature(enable = "avx2")]
fn load(buffer: &[i16], at: usize) -> __m256i {
    let lanes = &buffer[at..at + LANES];
    // SAFETY: the slice holds a whole vector; the load needs no alignment.
    unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(buffer: &mut [i16], at: usize, value: __m256i) {
    let lanes = &mut buffer[at..at + LANES];
    // SAFETY: the slice holds a whole vector; the store needs no alignment.
    unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), value) };
}

impl Wavefronts {
    fn prepare(&mut self, read: &[u8], reference: &[u8], band: usize, scoring: &Scoring) {
        let n = read.len();
        let padding = || std::iter::repeat_n(0, LANES);
        self.read.clear();
        self.read.extend(read.iter().map(|&code| i16::from(code)).chain(padding()));
        let codes = reference[..n + band - 1].iter().rev();
        self.reversed.clear();
        self.reversed.extend(codes.clone().map(|&code| i16::from(code)).chain(padding()));
        self.outside.clear();
        self.outside.extend(codes.map(|&code| if code == OUTSIDE { NEVER } else { 0 }).chain(padding()));
        refill(&mut self.start, n + LANES, -scoring.clip as i16);
        self.start[0] = 0;
        let room = n + 2 + LANES;
        self.best.iter_mut().for_each(|buffer| refill(buffer, room, NEVER));
        self.insertion.iter_mut().for_each(|buffer| refill(buffer, room, NEVER));
        refill(&mut self.deletion, room, NEVER);
        refill(&mut self.top, n + LANES, NEVER);
        refill(&mut self.top_at, n + LANES, 0);
        let cells = (2 * n + band) * (band / 2 + 1) + LANES;
        if self.moves.len() < cells {
            self.moves.resize(cells, 0);
        }
    }

    #[target_feature(enable = "avx2")]
    fn fill(&mut self, length: usize, band: usize, scoring: &Scoring) {
        let stride = band / 2 + 1;
        for t in 0..2 * (length - 1) + band {
            let low = lowest(t, band);
            let high = (t / 2).min(length - 1);
            let place = length + band + low - 2 - t;
            self.advance(t, (low, high + 1 - low), (place, t * stride), scoring);
            // What lies beside the band must not be taken for a cell of it by the next wavefronts.
            for buffer in [&mut self.best[0], &mut self.insertion[0], &mut self.deletion] {
                buffer[low] = NEVER;
                buffer[high + 2] = NEVER;
            }
            let [now, before, earlier] = &mut self.best;
            std::mem::swap(before, earlier);
            std::mem::swap(now, before);
            self.insertion.swap(0, 1);
        }
    }

    /// Computes `n` cells of wavefront `t` from row `low` on; `place` is where their reference bases start, `moves`
    /// where their moves go.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn advance(
        &mut self,
        t: usize,
        (low, n): (usize, usize),
        (place, moves): (usize, usize),
        scoring: &Scoring,
    ) {
        let every = |value: i32| _mm256_set1_epi16(value as i16);
        let flag = |flag: u8| _mm256_set1_epi16(i16::from(flag));
        let (matched, mismatch) = (every(scoring.matched), every(-scoring.mismatch));
        let (open, extend) = (every(scoring.gap_open + scoring.gap_extend), every(scoring.gap_extend));
        let never = _mm256_set1_epi16(NEVER);
        let now = _mm256_set1_epi16(t as i16);
        let lanes = _mm256_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        let [best, before, earlier] = &mut self.best;
        let [insertion, inserted_before] = &mut self.insertion;
        for x in (0..n).step_by(LANES) {
            let row = low + x;
            let equal = _mm256_cmpeq_epi16(load(&self.read, row), load(&self.reversed, place + x));
            let step = _mm256_blendv_epi8(mismatch, matched, equal);
            let step = _mm256_add_epi16(step, load(&self.outside, place + x));
            let (start, diagonal) = (load(&self.start, row), load(earlier, row));
            let aligned = _mm256_add_epi16(_mm256_max_epi16(start, diagonal), step);
            let goes_diagonal = _mm256_cmpgt_epi16(diagonal, start);
            let how = _mm256_blendv_epi8(flag(FROM_START), _mm256_set1_epi16(0), goes_diagonal);

            let opened = _mm256_sub_epi16(load(before, row), open);
            let goes_on = _mm256_sub_epi16(load(inserted_before, row), extend);
            let by_insertion = _mm256_max_epi16(opened, goes_on);
            let insertion_flag =
                _mm256_and_si256(_mm256_cmpgt_epi16(goes_on, opened), flag(INSERTION_GOES_ON));

            let opened = _mm256_sub_epi16(load(before, row + 1), open);
            let goes_on = _mm256_sub_epi16(load(&self.deletion, row + 1), extend);
            let by_deletion = _mm256_max_epi16(opened, goes_on);
            let deletion_flag = _mm256_and_si256(_mm256_cmpgt_epi16(goes_on, opened), flag(DELETION_GOES_ON));

            let how =
                _mm256_blendv_epi8(how, flag(FROM_INSERTION), _mm256_cmpgt_epi16(by_insertion, aligned));
            let value = _mm256_max_epi16(aligned, by_insertion);
            let how = _mm256_blendv_epi8(how, flag(FROM_DELETION), _mm256_cmpgt_epi16(by_deletion, value));
            let value = _mm256_max_epi16(value, by_deletion);

            store(best, row + 1, value);
            store(insertion, row + 1, by_insertion);
            store(&mut self.deletion, row + 1, by_deletion);
            let flags = _mm256_or_si256(insertion_flag, deletion_flag);
            store(&mut self.moves, moves + x, _mm256_or_si256(how, flags));

            // An alignment ends with a pair of bases, not with a gap, and within the band.
            let is_cell = _mm256_cmpgt_epi16(every((n - x) as i32), lanes);
            let ends = _mm256_blendv_epi8(is_cell, _mm256_set1_epi16(0), _mm256_cmpgt_epi16(value, aligned));
            let end = _mm256_blendv_epi8(never, aligned, ends);
            let top = load(&self.top, row);
            let is_better = _mm256_cmpgt_epi16(end, top);
            store(&mut self.top, row, _mm256_max_epi16(end, top));
            let top_at = _mm256_blendv_epi8(load(&self.top_at, row), now, is_better);
            store(&mut self.top_at, row, top_at);
        }
    }
}
