//! Looking for a mate near its anchor: every diagonal of the window is compared, 32 bases at a time.

use landrace_genome::ContigId;

use crate::candidate::{Candidate, CandidateScratch, Search};
use crate::packed::{WORD, differences, first};
use crate::prepared::{PreparedRead, Strand};
use crate::syncmer::K;

impl Search<'_> {
    /// The best place of a read on one strand whose first base lies in `low..=high`, if one is better than chance
    /// would give.
    pub(crate) fn rescue(
        &self,
        read: &PreparedRead,
        contig: ContigId,
        (is_reverse, low, high): (bool, i64, i64),
        scratch: &mut CandidateScratch,
    ) -> Option<Candidate> {
        if read.len() < K {
            return None;
        }
        let (start, end) = self.index.bounds(contig);
        let low = low.max(start as i64);
        let high = high.min(end as i64 - read.len() as i64);
        let strand = read.strand(is_reverse);
        let (place, differing) = self.nearest_diagonal(strand, low, high)?;
        let length = read.len() as f64;
        // A wrong diagonal agrees in a quarter of its bases: ask for five standard deviations more.
        if f64::from(differing) > length * 0.75 - 5.0 * (length * 0.1875).sqrt() {
            return None;
        }
        let mut mask = Vec::new();
        let mut candidate = self.score_diagonal(read, is_reverse, place, contig, &mut mask);
        if !candidate.is_final {
            self.refine(read, &mut candidate, scratch);
        }
        Some(candidate)
    }

    /// The diagonal in `low..=high` with the fewest differences; the first of equal ones.
    fn nearest_diagonal(&self, strand: &Strand, low: i64, high: i64) -> Option<(i64, u32)> {
        let sequence = self.index.sequence();
        let length = strand.codes.len();
        let mut best: Option<(i64, u32)> = None;
        for place in low..=high {
            let mut differing = 0;
            let limit = best.map_or(u32::MAX, |best| best.1);
            for (at, &word) in strand.words.iter().enumerate() {
                let begin = at * WORD;
                let other = sequence.word(place as u64 + begin as u64);
                differing += (differences(word, other) & first(length - begin)).count_ones();
                if differing >= limit {
                    break;
                }
            }
            if differing < limit {
                best = Some((place, differing));
            }
        }
        best
    }
}
