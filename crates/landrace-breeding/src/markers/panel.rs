//! A chosen panel: each marker with what it stands for and why it was taken.

use landrace_genome::ContigId;
use landrace_genome::length::format_bases;

use super::{Candidates, Linkage};

/// Why a marker was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Purpose {
    /// Whether it was asked for by name.
    pub is_included: bool,
    /// Neighbours that no marker had tagged before.
    pub newly_tagged: usize,
    /// Bases from the first to the last of those, the marker with them.
    pub span: u64,
    /// Bases between the markers (or contig ends) on its two sides when it was taken.
    pub gap: u64,
    /// Whether it was the first marker of its contig.
    pub is_first: bool,
}

/// A marker of a panel.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Its index among the candidates.
    pub candidate: usize,
    /// Why it was taken.
    pub purpose: Purpose,
    /// Neighbours that it tags, whether or not others do.
    pub tagged: usize,
    /// Mean r² with those; `None` without any.
    pub mean_r2: Option<f64>,
    /// Bases to the panel's marker before it; `None` if it is the first of its contig.
    pub before: Option<u64>,
    /// Bases to the panel's marker after it; `None` if it is the last of its contig.
    pub after: Option<u64>,
}

/// Markers in the order in which they were taken: the best first.
#[derive(Clone, Debug, Default)]
pub struct Panel {
    /// The markers.
    pub choices: Vec<Choice>,
    /// Worth of the panel, from 0 to 1 (see the [module](super)).
    pub worth: f64,
    /// Why there are fewer markers than asked for, if so.
    pub shortfall: Option<String>,
    /// Pairs of included markers that stand closer than the spacing.
    pub crowded: Vec<(usize, usize)>,
}

impl Panel {
    /// Puts the panel together from the candidates taken and their purposes, in order.
    pub(super) fn new(candidates: &Candidates, linkage: &Linkage, taken: Vec<(usize, Purpose)>) -> Self {
        let mut order: Vec<usize> = taken.iter().map(|(candidate, _)| *candidate).collect();
        order.sort_unstable();
        let all = candidates.all();
        let distance = |a: usize, b: usize| {
            (all[a].contig == all[b].contig).then(|| all[b].position.get() - all[a].position.get())
        };
        let choose = |(candidate, purpose): (usize, Purpose)| {
            let place = order.partition_point(|&other| other < candidate);
            let tags = linkage.tags(candidate);
            let sum: f64 = tags.iter().map(|tag| f64::from(tag.r2)).sum();
            Choice {
                candidate,
                purpose,
                tagged: tags.len(),
                mean_r2: (!tags.is_empty()).then(|| sum / tags.len() as f64),
                before: place.checked_sub(1).and_then(|before| distance(order[before], candidate)),
                after: order.get(place + 1).and_then(|&after| distance(candidate, after)),
            }
        };
        Self { choices: taken.into_iter().map(choose).collect(), ..Self::default() }
    }

    /// Indices of the chosen candidates, in genome order.
    pub fn in_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = self.choices.iter().map(|choice| choice.candidate).collect();
        order.sort_unstable();
        order
    }

    /// The distances in bases between neighbouring markers, in genome order.
    pub fn gaps(&self, candidates: &Candidates) -> Vec<u64> {
        let all = candidates.all();
        self.in_order()
            .windows(2)
            .filter(|pair| all[pair[0]].contig == all[pair[1]].contig)
            .map(|pair| all[pair[1]].position.get() - all[pair[0]].position.get())
            .collect()
    }

    /// The longest stretch without a marker, contig ends included: contig, first base (0-based) and length. Of
    /// equal ones the first.
    pub fn widest_gap(&self, candidates: &Candidates) -> Option<(ContigId, u64, u64)> {
        let all = candidates.all();
        let order = self.in_order();
        let mut widest: Option<(ContigId, u64, u64)> = None;
        for (id, contig) in candidates.contigs().iter() {
            let places = order.iter().filter(|&&c| all[c].contig == id).map(|&c| all[c].position.get());
            let mut start = 0;
            for end in places.chain([contig.length]) {
                let length = end.saturating_sub(start);
                if widest.is_none_or(|(_, _, most)| length > most) {
                    widest = Some((id, start, length));
                }
                start = end;
            }
        }
        widest
    }

    /// Share of the candidates that are in the panel or tagged by a marker of it.
    pub fn share_tagged(&self, candidates: &Candidates, linkage: &Linkage) -> f64 {
        let mut is_tagged = vec![false; candidates.all().len()];
        for choice in &self.choices {
            is_tagged[choice.candidate] = true;
            for tag in linkage.tags(choice.candidate) {
                is_tagged[tag.neighbour as usize] = true;
            }
        }
        is_tagged.iter().filter(|&&tagged| tagged).count() as f64 / is_tagged.len().max(1) as f64
    }

    /// Why a marker was taken, in words.
    pub fn reason(&self, choice: &Choice, candidates: &Candidates, threshold: f64) -> String {
        let Purpose { is_included, newly_tagged, span, gap, is_first } = choice.purpose;
        let contig = &candidates.contigs().get(candidates.all()[choice.candidate].contig).name;
        let mut parts = Vec::new();
        if is_included {
            parts.push("asked for by name".to_owned());
        }
        match newly_tagged {
            0 => {}
            1 => parts.push(format!("tags 1 marker {} away (r² ≥ {threshold})", format_bases(span))),
            n => parts.push(format!("tags {n} markers over {} (r² ≥ {threshold})", format_bases(span))),
        }
        if is_first {
            parts.push(format!("first marker of {contig} ({})", format_bases(gap)));
        } else {
            parts.push(format!("fills a gap of {} on {contig}", format_bases(gap)));
        }
        parts.join("; ")
    }
}
