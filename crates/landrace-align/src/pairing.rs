//! Choosing the places of both mates together.

use crate::candidate::{Candidate, CandidateScratch, Search};
use crate::insert_size::InsertSizeModel;
use crate::prepared::PreparedRead;
use crate::syncmer::mix;

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
    /// Sum of the scores and of the insert size's bonus.
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
                    pairs.push((anchor.score + other.score + bonus, index, mate));
                }
            }
        }
        pairs
    }

    /// Near the best places of each mate, makes sure of the other: its candidate there gets dynamic programming if
    /// that could matter, and where there is none it is searched for.
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
    }

    /// How many of a mate's candidates are good enough to look for the other near them.
    fn anchors(&self, mate: &Mate<'_>) -> usize {
        let best = mate.candidates.first().map_or(0, |best| best.score);
        let lowest = (best - self.options.unpaired_penalty).max(self.options.min_score);
        mate.candidates.iter().take(self.options.max_rescues).take_while(|c| c.score >= lowest).count()
    }

    fn settle(
        &self,
        anchors: &[Candidate],
        length: usize,
        mate: &mut Mate<'_>,
        model: &InsertSizeModel,
        scratch: &mut CandidateScratch,
    ) {
        let best = mate.candidates.first().map_or(0, |best| best.effective);
        for anchor in anchors {
            let pairs_with =
                |other: &&mut Candidate| model.proper((anchor, length), (other, mate.read.len())).is_some();
            // Candidates come best first, those that were added last.
            match mate.candidates.iter_mut().find(pairs_with) {
                Some(partner) if partner.is_final || partner.effective >= best => {}
                Some(partner) => self.refine(mate.read, partner, scratch),
                None => {
                    let window = model.mate_window(anchor, length, mate.read.len());
                    let rescued = self.rescue(mate.read, anchor.contig, window, scratch);
                    mate.candidates.extend(rescued.filter(|c| c.score >= self.options.min_score * 3 / 4));
                }
            }
        }
    }
}
