//! Choosing the places of both mates together.

use crate::candidate::{Candidate, CandidateScratch, Search};
use crate::insert_size::InsertSizeModel;
use crate::prepared::PreparedRead;
use crate::syncmer::mix;

/// Pairs whose mates get dynamic programming.
const REFINED_PAIRS: usize = 12;

/// A mate: its read and its candidates, best first.
pub(crate) struct Mate<'a> {
    pub(crate) read: &'a PreparedRead,
    pub(crate) candidates: Vec<Candidate>,
}

/// The best pair of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BestPair {
    /// Index of the candidate of each mate.
    pub(crate) chosen: [usize; 2],
    /// Sum of the effective scores and of the insert size's bonus.
    pub(crate) score: i32,
    /// The same of the best pair elsewhere; `None` if there is none.
    pub(crate) second: Option<i32>,
    /// Other pairs about as good as the second.
    pub(crate) count: u32,
}

impl Search<'_> {
    /// The best pair of candidates that lie as the library tells.
    pub(crate) fn best_pair(
        &self,
        mates: &[Mate<'_>; 2],
        model: &InsertSizeModel,
        name_hash: u64,
    ) -> Option<BestPair> {
        let pairs = self.proper_pairs(mates, model);
        let lot = |&(score, a, b): &(i32, usize, usize)| {
            let lots =
                mates[0].candidates[a].lot(name_hash) ^ mates[1].candidates[b].lot(name_hash).rotate_left(32);
            (score, mix(lots), a, b)
        };
        let &(score, a, b) = pairs.iter().max_by_key(|pair| lot(pair))?;
        let near = self.options.scoring.gap_open + self.options.scoring.gap_extend;
        let others = pairs.iter().filter(|&&(_, x, y)| {
            let is_near = |mate: usize, i: usize, j: usize| {
                let Mate { read, candidates } = &mates[mate];
                i == j || candidates[i].is_near(&candidates[j], read.len())
            };
            !(is_near(0, a, x) && is_near(1, b, y))
        });
        let second = others.clone().map(|pair| pair.0).max();
        let count = second.map_or(0, |second| others.filter(|pair| pair.0 >= second - near).count() as u32);
        Some(BestPair { chosen: [a, b], score, second, count })
    }

    /// All pairs of candidates that lie as the library tells: score and indices.
    fn proper_pairs(&self, mates: &[Mate<'_>; 2], model: &InsertSizeModel) -> Vec<(i32, usize, usize)> {
        let lengths = mates.each_ref().map(|mate| mate.read.len());
        let mut order: Vec<(bool, i64, usize)> =
            mates[1].candidates.iter().enumerate().map(|(i, c)| (c.is_reverse, c.first, i)).collect();
        order.sort_unstable();
        let mut pairs = Vec::new();
        for (index, anchor) in mates[0].candidates.iter().enumerate() {
            let (is_reverse, low, high) = model.mate_window(anchor, lengths[0], lengths[1]);
            let slack = i64::from(self.options.max_gap);
            let from =
                order.partition_point(|&(strand, place, _)| (strand, place) < (is_reverse, low - slack));
            let inside = order[from..]
                .iter()
                .take_while(|&&(strand, place, _)| strand == is_reverse && place <= high + slack);
            for &(_, _, mate) in inside {
                let other = &mates[1].candidates[mate];
                if let Some(insert) = model.proper((anchor, lengths[0]), (other, lengths[1])) {
                    let bonus = model.bonus(insert, self.options.scoring.matched);
                    pairs.push((anchor.effective + other.effective + bonus, index, mate));
                }
            }
        }
        pairs
    }

    /// Near the best places of each mate, searches for the other where it has no candidate; then aligns, by dynamic
    /// programming, the mates of pairs that this could make the best.
    pub(crate) fn settle_mates(
        &self,
        mates: &mut [Mate<'_>; 2],
        model: &InsertSizeModel,
        scratch: &mut CandidateScratch,
    ) {
        let [first, second] = mates;
        let anchors = [self.anchors(first), self.anchors(second)];
        self.settle(&first.candidates[..anchors[0]], first.read.len(), second, model, scratch);
        // What was added for the second mate is not an anchor of its own.
        let (own, length) = (second.candidates[..anchors[1]].to_vec(), second.read.len());
        self.settle(&own, length, first, model, scratch);
        self.refine_pairs(mates, model, scratch);
    }

    /// Dynamic programming for the members of the most promising pairs: clipped ones first, since it is behind a
    /// clip that a gap hides.
    fn refine_pairs(
        &self,
        mates: &mut [Mate<'_>; 2],
        model: &InsertSizeModel,
        scratch: &mut CandidateScratch,
    ) {
        let mut pairs = self.proper_pairs(mates, model);
        let Some(best) = pairs.iter().map(|pair| pair.0).max() else { return };
        let gap = self.options.scoring.gap_open + self.options.scoring.gap_extend;
        let highest = |mate: &Mate<'_>, c: &Candidate| {
            let perfect = mate.read.len() as i32 * self.options.scoring.matched;
            if c.is_final { c.effective } else { perfect - gap }
        };
        let is_clipped = |mate: &Mate<'_>, c: &Candidate| {
            !c.is_final && (c.begin > 0 || (c.end as usize) < mate.read.len())
        };
        let [first, second] = &*mates;
        pairs.retain(|&(_, a, b)| {
            let (a, b) = (&first.candidates[a], &second.candidates[b]);
            // What cannot even come near the best pair is left as it is.
            !(a.is_final && b.is_final) && highest(first, a) + highest(second, b) >= best - gap
        });
        pairs.sort_by_key(|&(score, a, b)| {
            let clipped =
                is_clipped(first, &first.candidates[a]) || is_clipped(second, &second.candidates[b]);
            (std::cmp::Reverse((clipped, score)), a, b)
        });
        for (_, a, b) in pairs.into_iter().take(REFINED_PAIRS) {
            for (mate, index) in mates.iter_mut().zip([a, b]) {
                if !mate.candidates[index].is_final {
                    self.refine(mate.read, &mut mate.candidates[index], scratch);
                }
            }
        }
    }

    /// How many of a mate's candidates are good enough to look for the other near them.
    fn anchors(&self, mate: &Mate<'_>) -> usize {
        let best = mate.candidates.first().map_or(0, |best| best.effective);
        let lowest = best - self.options.unpaired_penalty;
        let is_good = |c: &&Candidate| c.effective >= lowest && c.score >= self.options.min_score;
        mate.candidates.iter().take(self.options.max_rescues).take_while(is_good).count()
    }

    fn settle(
        &self,
        anchors: &[Candidate],
        length: usize,
        mate: &mut Mate<'_>,
        model: &InsertSizeModel,
        scratch: &mut CandidateScratch,
    ) {
        for anchor in anchors {
            let pairs_with =
                |other: &Candidate| model.proper((anchor, length), (other, mate.read.len())).is_some();
            if mate.candidates.iter().any(pairs_with) {
                continue;
            }
            let window = model.mate_window(anchor, length, mate.read.len());
            let rescued = self.rescue(mate.read, anchor.contig, window, scratch);
            mate.candidates.extend(rescued.filter(|c| c.score >= self.options.min_score * 3 / 4));
        }
    }
}
