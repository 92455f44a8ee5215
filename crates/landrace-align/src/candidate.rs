//! Places of a read, scored: every diagonal with a seed without gaps, neighbouring diagonals with one gap, and
//! the few that matter by dynamic programming.

use std::cmp::Reverse;

use landrace_genome::ContigId;

use crate::alignment::{CigarKind, CigarOp};
use crate::extend::banded::{Banded, OUTSIDE};
use crate::extend::cigar::push;
use crate::extend::one_gap::{Masked, OneGapScratch, one_gap};
use crate::extend::ungapped::{Diagonal, best_segment, difference_mask};
use crate::extend::wavefront::{self, WavefrontScratch};
use crate::index::Index;
use crate::options::AlignOptions;
use crate::packed::UNKNOWN;
use crate::prepared::PreparedRead;
use crate::seeding::{Hit, SeedScratch, collect_hits, collect_near_hits};
use crate::syncmer::mix;

/// Diagonals to the right of one that are tried together with it.
const NEIGHBOURS: usize = 4;
/// Diagonals beyond which poorly supported ones are left out.
const MANY: usize = 64;
/// Candidates that get dynamic programming.
const REFINED: usize = 4;

/// A scored place of a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) is_reverse: bool,
    pub(crate) contig: ContigId,
    /// Place in the concatenation of the read's first base, as the left end of the alignment has it.
    pub(crate) first: i64,
    /// The same as the right end has it; another one if there are gaps.
    pub(crate) last: i64,
    /// Score less the penalties of clipping.
    pub(crate) effective: i32,
    pub(crate) score: i32,
    /// First aligned base of the strand.
    pub(crate) begin: u32,
    /// One past its last aligned base.
    pub(crate) end: u32,
    /// With gaps: the alignment, clips included.
    pub(crate) cigar: Option<Vec<CigarOp>>,
    /// Whether no alignment nearby can be better.
    pub(crate) is_final: bool,
}

impl Candidate {
    /// Aligned bases of the read as it was sequenced.
    pub(crate) fn span(&self, length: usize) -> (u32, u32) {
        if self.is_reverse {
            (length as u32 - self.end, length as u32 - self.begin)
        } else {
            (self.begin, self.end)
        }
    }

    /// Whether two candidates say nearly the same of a read.
    pub(crate) fn is_near(&self, other: &Self, length: usize) -> bool {
        let tolerance = (length as i64 / 20).max(4);
        self.is_reverse == other.is_reverse
            && self.contig == other.contig
            && ((self.first - other.first).abs() <= tolerance || (self.last - other.last).abs() <= tolerance)
    }

    /// A number that orders equal candidates by chance, the same in every run.
    pub(crate) fn lot(&self, name_hash: u64) -> u64 {
        mix(name_hash ^ (self.first as u64) << 1 ^ u64::from(self.is_reverse))
    }
}

/// Buffers of one thread.
#[derive(Default)]
pub(crate) struct CandidateScratch {
    pub(crate) seeds: SeedScratch,
    one_gap: OneGapScratch,
    wavefront: WavefrontScratch,
    runs: Vec<(Hit, u32)>,
    masks: Vec<Vec<u64>>,
    reference: Vec<u8>,
}

/// The index and the options, as all of the kernel needs them.
#[derive(Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) index: &'a Index,
    pub(crate) options: &'a AlignOptions,
}

impl Search<'_> {
    /// The candidates of a read, best first, and the share of its seeds whose hits were cut short.
    pub(crate) fn candidates(
        &self,
        read: &PreparedRead,
        name_hash: u64,
        scratch: &mut CandidateScratch,
    ) -> (Vec<Candidate>, f64) {
        let cut = collect_hits(self.index, read, self.options, &mut scratch.seeds);
        let candidates = self.score_hits(read, name_hash, scratch);
        if candidates.first().is_some_and(|best| best.score >= self.options.min_score) {
            return (candidates, cut);
        }
        collect_near_hits(self.index, read, &mut scratch.seeds);
        if scratch.seeds.hits.is_empty() {
            return (candidates, cut);
        }
        (self.score_hits(read, name_hash, scratch), cut)
    }

    /// The candidates that the hits give, best first.
    fn score_hits(
        &self,
        read: &PreparedRead,
        name_hash: u64,
        scratch: &mut CandidateScratch,
    ) -> Vec<Candidate> {
        self.gather_runs(scratch);
        let mut candidates = self.score_runs(read, scratch);
        sort(&mut candidates, name_hash);
        self.refine_best(read, &mut candidates, scratch);
        sort(&mut candidates, name_hash);
        thin(&mut candidates, read.len());
        candidates
    }

    /// Diagonals with their numbers of hits, the best supported ones if there are too many, in order of place.
    fn gather_runs(&self, scratch: &mut CandidateScratch) {
        let CandidateScratch { seeds, runs, .. } = scratch;
        runs.clear();
        for &hit in &seeds.hits {
            match runs.last_mut() {
                Some((first, votes)) if first.is_with(hit) && !self.crosses(*first, hit) => *votes += 1,
                _ => runs.push((hit, 1)),
            }
        }
        let limit = self.options.max_candidates;
        if runs.len() > MANY {
            // Where there are many, one with a small share of the best one's hits is far from it in score.
            let most = runs.iter().map(|run| run.1).max().unwrap_or(0);
            runs.retain(|run| run.1 * 8 >= most);
        }
        if runs.len() > limit {
            runs.select_nth_unstable_by_key(limit, |&(hit, votes)| (Reverse(votes), hit));
            runs.truncate(limit);
            runs.sort_unstable();
        }
    }

    /// Whether two hits of one diagonal lie on different contigs.
    fn crosses(&self, a: Hit, b: Hit) -> bool {
        // Hits of one diagonal come in order of position; contigs are long, so this is rare and cheap to ask.
        let place = |hit: Hit| (hit.diagonal() + i64::from(hit.position())) as u64;
        let (_, end) = self.index.bounds(self.index.contig_at(place(a)));
        place(b) >= end
    }

    fn score_runs(&self, read: &PreparedRead, scratch: &mut CandidateScratch) -> Vec<Candidate> {
        let runs = std::mem::take(&mut scratch.runs);
        let mut masks = std::mem::take(&mut scratch.masks);
        masks.resize_with(runs.len().max(masks.len()), Vec::new);
        let mut candidates = Vec::with_capacity(runs.len());
        for (&(hit, _), mask) in runs.iter().zip(&mut masks) {
            let contig = self.index.contig_at((hit.diagonal() + i64::from(hit.position())) as u64);
            candidates.push(self.score_diagonal(read, hit.is_reverse(), hit.diagonal(), contig, mask));
        }
        let singles = candidates.len();
        for left in 0..singles {
            for right in left + 1..(left + 1 + NEIGHBOURS).min(singles) {
                let joined = self.join(
                    read,
                    (&candidates[left], &masks[left]),
                    (&candidates[right], &masks[right]),
                    &mut scratch.one_gap,
                );
                candidates.extend(joined);
            }
        }
        (scratch.runs, scratch.masks) = (runs, masks);
        candidates
    }

    /// Scores a read on one diagonal without gaps.
    pub(crate) fn score_diagonal(
        &self,
        read: &PreparedRead,
        is_reverse: bool,
        place: i64,
        contig: ContigId,
        mask: &mut Vec<u64>,
    ) -> Candidate {
        let scoring = &self.options.scoring;
        let strand = read.strand(is_reverse);
        let diagonal = Diagonal::new(place, read.len(), self.index.bounds(contig));
        difference_mask(self.index, strand, diagonal, mask);
        let found = best_segment(mask, diagonal, read.len(), scoring);
        let deficit = read.len() as i32 * scoring.matched - found.effective;
        Candidate {
            is_reverse,
            contig,
            first: place,
            last: place,
            effective: found.effective,
            score: found.score,
            begin: found.begin,
            end: found.end,
            cigar: None,
            is_final: deficit <= scoring.gap_open + scoring.gap_extend,
        }
    }

    /// Joins two diagonals by one gap, in the order that fits, if that is better than either.
    fn join(
        &self,
        read: &PreparedRead,
        (a, a_mask): (&Candidate, &Vec<u64>),
        (b, b_mask): (&Candidate, &Vec<u64>),
        scratch: &mut OneGapScratch,
    ) -> Option<Candidate> {
        let scoring = &self.options.scoring;
        let apart = b.first - a.first;
        if a.is_reverse != b.is_reverse || a.contig != b.contig || apart > i64::from(self.options.max_gap) {
            return None;
        }
        let better = a.effective.max(b.effective);
        let cost = scoring.gap_open + scoring.gap_extend * apart as i32;
        let covered = (a.end.max(b.end) - a.begin.min(b.begin)) as i32 * scoring.matched;
        if covered.min(a.score + b.score) - cost <= better {
            return None;
        }
        let bounds = self.index.bounds(a.contig);
        let masked = |candidate: &Candidate, mask| Masked {
            diagonal: Diagonal::new(candidate.first, read.len(), bounds),
            mask,
        };
        let (a_masked, b_masked) = (masked(a, a_mask.as_slice()), masked(b, b_mask.as_slice()));
        let (left, right) =
            if a.begin + a.end <= b.begin + b.end { (a_masked, b_masked) } else { (b_masked, a_masked) };
        let found = one_gap(&left, &right, read.len(), scoring, scratch)?;
        if found.effective <= better {
            return None;
        }
        let shift = (right.diagonal.place - left.diagonal.place) as i32;
        let mut cigar = Vec::with_capacity(5);
        push(&mut cigar, CigarKind::SoftClip, found.begin);
        push(&mut cigar, CigarKind::Match, found.split - found.begin);
        let resumed = found.split + (-shift).max(0) as u32;
        let kind = if shift > 0 { CigarKind::Deletion } else { CigarKind::Insertion };
        push(&mut cigar, kind, shift.unsigned_abs());
        push(&mut cigar, CigarKind::Match, found.end - resumed);
        push(&mut cigar, CigarKind::SoftClip, read.len() as u32 - found.end);
        let deficit = read.len() as i32 * scoring.matched - found.effective;
        Some(Candidate {
            is_reverse: a.is_reverse,
            contig: a.contig,
            first: left.diagonal.place,
            last: right.diagonal.place,
            effective: found.effective,
            score: found.score,
            begin: found.begin,
            end: found.end,
            cigar: Some(cigar),
            is_final: deficit <= scoring.gap_open + scoring.gap_extend,
        })
    }

    /// Dynamic programming for the best candidates that it could make better.
    fn refine_best(&self, read: &PreparedRead, candidates: &mut [Candidate], scratch: &mut CandidateScratch) {
        let Some(best) = candidates.first().map(|best| best.effective) else { return };
        let mut left = REFINED;
        for candidate in candidates.iter_mut() {
            if left == 0 || candidate.effective < best - 40 {
                break;
            }
            if !candidate.is_final {
                self.refine(read, candidate, scratch);
                left -= 1;
            }
        }
    }

    /// Aligns a candidate by dynamic programming in a band that holds every better alignment.
    pub(crate) fn refine(
        &self,
        read: &PreparedRead,
        candidate: &mut Candidate,
        scratch: &mut CandidateScratch,
    ) {
        let scoring = &self.options.scoring;
        let deficit = read.len() as i32 * scoring.matched - candidate.effective;
        // All gaps of a better alignment together cost less than what is missing now.
        let reach = (deficit - scoring.gap_open - 1) / scoring.gap_extend.max(1);
        let reach = i64::from(reach.clamp(0, self.options.max_gap as i32));
        let low = candidate.first.min(candidate.last) - reach;
        let band = (candidate.first.max(candidate.last) + reach - low + 1) as usize;
        let strand = read.strand(candidate.is_reverse);
        self.fetch(candidate.contig, low, read.len() + band, &mut scratch.reference);
        candidate.is_final = true;
        let found =
            wavefront::align(&strand.codes, &scratch.reference, band, scoring, &mut scratch.wavefront);
        let Some(found) = found.filter(|found| found.effective > candidate.effective) else { return };
        self.take(candidate, found, low);
    }

    fn take(&self, candidate: &mut Candidate, found: Banded, low: i64) {
        let gaps: i64 = found
            .cigar
            .iter()
            .map(|op| match op.code() {
                1 => -i64::from(op.len()),
                2 => i64::from(op.len()),
                _ => 0,
            })
            .sum();
        candidate.first = low + found.start as i64 - i64::from(found.begin);
        candidate.last = candidate.first + gaps;
        (candidate.effective, candidate.score) = (found.effective, found.score);
        (candidate.begin, candidate.end) = (found.begin, found.end);
        candidate.cigar = found.cigar.iter().any(|op| matches!(op.code(), 1 | 2)).then_some(found.cigar);
    }

    /// The codes of the reference from a place on, [`OUTSIDE`] beyond the contig.
    pub(crate) fn fetch(&self, contig: ContigId, place: i64, length: usize, out: &mut Vec<u8>) {
        let (start, end) = self.index.bounds(contig);
        let sequence = self.index.sequence();
        out.clear();
        out.extend((place..place + length as i64).map(|place| {
            if place < start as i64 || place >= end as i64 { OUTSIDE } else { sequence.code(place as u64) }
        }));
        let last = (place + length as i64).max(0) as u64;
        for &(gap_start, gap_end) in self.index.gaps_in(place.max(0) as u64, last) {
            let from = (gap_start as i64 - place).max(0) as usize;
            let to = ((gap_end as i64 - place) as usize).min(length);
            out[from..to].iter_mut().filter(|code| **code != OUTSIDE).for_each(|code| *code = UNKNOWN);
        }
    }
}

/// Best first; equal ones by lot.
pub(crate) fn sort(candidates: &mut [Candidate], name_hash: u64) {
    candidates.sort_by_cached_key(|c| (Reverse(c.effective), c.lot(name_hash), c.last, c.contig));
}

/// Leaves out candidates that say nearly the same as a better one.
fn thin(candidates: &mut Vec<Candidate>, length: usize) {
    let mut kept: Vec<Candidate> = Vec::with_capacity(candidates.len());
    for candidate in candidates.drain(..) {
        // Only the best few matter here; comparing all with all would cost more than it saves.
        if !kept.iter().take(8).any(|better| better.is_near(&candidate, length)) {
            kept.push(candidate);
        }
    }
    *candidates = kept;
}
