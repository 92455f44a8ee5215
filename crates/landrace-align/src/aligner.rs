//! The aligner: batches of reads in, alignments out. What comes out depends on the reads, the index, the options
//! and the insert-size model, never on batches or threads.

use landrace_genome::read::{PairBatch, Read};

use crate::alignment::{Alignment, CigarKind, FragmentAlignment, ReadAlignment};
use crate::candidate::{Candidate, CandidateScratch, Search, sort};
use crate::extend::cigar::{left_align, push, score};
use crate::index::Index;
use crate::insert_size::{InsertSizeModel, observed};
use crate::options::AlignOptions;
use crate::pairing::{BestPair, Mate};
use crate::prepared::PreparedRead;
use crate::quality::{self, Competition, overlap};
use crate::syncmer::mix;

/// Aligns reads to one reference.
#[derive(Clone, Copy)]
pub struct Aligner<'a> {
    index: &'a Index,
    options: AlignOptions,
}

/// Buffers of one thread.
#[derive(Default)]
pub struct Scratch {
    reads: [PreparedRead; 2],
    candidates: CandidateScratch,
    reference: Vec<u8>,
}

/// A place that was chosen for a read, with its quality.
struct Chosen {
    candidate: Candidate,
    competition: Competition,
    quality: f64,
}

impl<'a> Aligner<'a> {
    /// An aligner over an index.
    pub fn new(index: &'a Index, options: AlignOptions) -> Self {
        Self { index, options }
    }

    fn search(&self) -> Search<'_> {
        Search { index: self.index, options: &self.options }
    }

    /// Learns how the mates of a sequencing unit lie from its first pairs; single reads give the usual library.
    pub fn learn_insert_size(&self, pairs: &PairBatch) -> InsertSizeModel {
        let mut scratch = Scratch::default();
        let mates = pairs.first.iter().zip(pairs.second.iter());
        InsertSizeModel::learn(mates.filter_map(|(first, second)| {
            let name_hash = hash_name(first.name);
            let sure = [first, second].map(|read| {
                scratch.reads[0].set(read.sequence);
                let (candidates, _) =
                    self.search().candidates(&scratch.reads[0], name_hash, &mut scratch.candidates);
                let length = read.sequence.len();
                let best = candidates.first()?;
                let competition = Competition::of(best, &candidates, length, &self.options.scoring);
                // As sure as BWA-MEM asks for: the second at most 80% of the best.
                let is_sure = competition.second.unwrap_or(0) * 5 <= best.score * 4
                    && best.score * 2 >= length as i32 * self.options.scoring.matched;
                is_sure.then(|| (best.clone(), length))
            });
            let [Some((a, a_length)), Some((b, b_length))] = sure else { return None };
            observed(&a, a_length, &b, b_length)
        }))
    }

    /// Aligns a batch on the current thread.
    pub fn align_batch(
        &self,
        scratch: &mut Scratch,
        pairs: &PairBatch,
        model: &InsertSizeModel,
    ) -> Vec<FragmentAlignment> {
        if pairs.second.is_empty() {
            return pairs.first.iter().map(|read| self.align_single(scratch, read)).collect();
        }
        let mates = pairs.first.iter().zip(pairs.second.iter());
        mates.map(|(first, second)| self.align_pair(scratch, [first, second], model)).collect()
    }

    fn align_single(&self, scratch: &mut Scratch, read: Read<'_>) -> FragmentAlignment {
        let Scratch { reads: [prepared, _], candidates: buffers, reference } = scratch;
        prepared.set(read.sequence);
        let (candidates, cut) = self.search().candidates(prepared, hash_name(read.name), buffers);
        let mate = Mate { read: prepared, candidates };
        let chosen = (!mate.candidates.is_empty()).then(|| self.judge_alone(&mate, 0, cut));
        let first = self.report(&mate, chosen, reference);
        FragmentAlignment { first, second: None, is_proper_pair: false }
    }

    fn align_pair(
        &self,
        scratch: &mut Scratch,
        reads: [Read<'_>; 2],
        model: &InsertSizeModel,
    ) -> FragmentAlignment {
        let Scratch { reads: prepared, candidates: buffers, reference } = scratch;
        let name_hash = hash_name(reads[0].name);
        for (prepared, read) in prepared.iter_mut().zip(reads) {
            prepared.set(read.sequence);
        }
        let search = self.search();
        let mut cuts = [0.0; 2];
        let mut mates = [0, 1].map(|mate| {
            let read = &prepared[mate];
            let (candidates, cut) = search.candidates(read, name_hash, buffers);
            cuts[mate] = cut;
            Mate { read, candidates }
        });
        search.settle_mates(&mut mates, model, buffers);
        mates.iter_mut().for_each(|mate| sort(&mut mate.candidates, name_hash));
        let pair = search.best_pair(&mates, model, name_hash);
        let alone = self.score_alone(&mates);
        let chosen = match pair.filter(|pair| pair.score > alone) {
            Some(pair) => self.judge_pair(&mates, pair, alone, cuts).map(Some),
            None => [0, 1]
                .map(|m| (!mates[m].candidates.is_empty()).then(|| self.judge_alone(&mates[m], 0, cuts[m]))),
        };
        let is_proper_pair = match &chosen {
            [Some(a), Some(b)] => {
                let lengths = [prepared[0].len(), prepared[1].len()];
                let is_reported = |c: &Chosen| c.candidate.score >= self.options.min_score;
                is_reported(a)
                    && is_reported(b)
                    && model.proper((&a.candidate, lengths[0]), (&b.candidate, lengths[1])).is_some()
            }
            _ => false,
        };
        let [first, second] = chosen;
        let first = self.report(&mates[0], first, reference);
        let second = self.report(&mates[1], second, reference);
        FragmentAlignment { first, second: Some(second), is_proper_pair }
    }

    /// The score of the best places of both mates, wherever they lie.
    fn score_alone(&self, mates: &[Mate<'_>; 2]) -> i32 {
        let [a, b] = mates.each_ref().map(|mate| mate.candidates.first().map_or(0, |best| best.effective));
        a + b - self.options.unpaired_penalty
    }

    fn judge_alone(&self, mate: &Mate<'_>, index: usize, cut: f64) -> Chosen {
        let scoring = &self.options.scoring;
        let candidate = mate.candidates[index].clone();
        let competition = Competition::of(&candidate, &mate.candidates, mate.read.len(), scoring);
        // What is only reached by seeds of 20 bases has a second of that score somewhere.
        let quality = quality::single(&candidate, competition, 19 * scoring.matched, scoring) * (1.0 - cut);
        Chosen { candidate, competition, quality }
    }

    /// Qualities of a pair: what the pair as a whole says lifts what each read says alone, as in BWA-MEM.
    fn judge_pair(&self, mates: &[Mate<'_>; 2], pair: BestPair, alone: i32, cuts: [f64; 2]) -> [Chosen; 2] {
        let scoring = &self.options.scoring;
        let second = pair.second.map_or(alone, |second| second.max(alone));
        let crowd = if pair.count > 0 { 4.343 * f64::from(pair.count + 1).ln() } else { 0.0 };
        let together = (quality::from_difference(pair.score - second, scoring) - crowd).clamp(0.0, 60.0)
            * (1.0 - 0.5 * (cuts[0] + cuts[1]));
        [0, 1].map(|mate| {
            let mut chosen = self.judge_alone(&mates[mate], pair.chosen[mate], cuts[mate]);
            let own = chosen.quality;
            chosen.quality = if own > together { own } else { together.min(own + 40.0) };
            chosen
        })
    }

    /// The chosen place and, if parts of the read are left over, those of the parts.
    fn report(&self, mate: &Mate<'_>, chosen: Option<Chosen>, reference: &mut Vec<u8>) -> ReadAlignment {
        let Some(chosen) = chosen.filter(|chosen| chosen.candidate.score >= self.options.min_score) else {
            return ReadAlignment::default();
        };
        let length = mate.read.len();
        let (begin, end) = chosen.candidate.span(length);
        let mut supplementary = Vec::new();
        if begin.max(length as u32 - end) >= self.options.min_score as u32 {
            let other = mate.candidates.iter().enumerate().find(|(_, other)| {
                other.score >= self.options.min_score && !overlap(&chosen.candidate, other, length)
            });
            if let Some((index, _)) = other {
                let part = self.judge_alone(mate, index, 0.0);
                supplementary.push(self.write(mate.read, &part, reference));
            }
        }
        ReadAlignment { primary: Some(self.write(mate.read, &chosen, reference)), supplementary }
    }

    /// A candidate as it is reported: CIGAR with gaps to the left, score and edits counted base by base.
    fn write(&self, read: &PreparedRead, chosen: &Chosen, reference: &mut Vec<u8>) -> Alignment {
        let candidate = &chosen.candidate;
        let mut cigar = candidate.cigar.clone().unwrap_or_else(|| {
            let mut cigar = Vec::with_capacity(3);
            push(&mut cigar, CigarKind::SoftClip, candidate.begin);
            push(&mut cigar, CigarKind::Match, candidate.end - candidate.begin);
            push(&mut cigar, CigarKind::SoftClip, read.len() as u32 - candidate.end);
            cigar
        });
        let place = candidate.first + i64::from(candidate.begin);
        let span: u32 = cigar.iter().filter(|op| op.consumes_reference()).map(|op| op.len()).sum();
        self.search().fetch(candidate.contig, place, span as usize, reference);
        let codes = &read.strand(candidate.is_reverse).codes;
        left_align(&mut cigar, codes, reference);
        let (score, edit_distance) = score(&cigar, codes, reference, &self.options.scoring);
        Alignment {
            contig: candidate.contig,
            start: (place - self.index.bounds(candidate.contig).0 as i64) as u64,
            is_reverse: candidate.is_reverse,
            mapping_quality: quality::rounded(chosen.quality),
            cigar,
            score,
            second_score: chosen.competition.second_score,
            edit_distance,
        }
    }
}

/// A hash of a read's name, which decides between equal places.
fn hash_name(name: &[u8]) -> u64 {
    name.chunks(8).fold(name.len() as u64, |hash, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        mix(hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from_le_bytes(word))
    })
}

#[cfg(test)]
mod tests;
