//! The lazy greedy choice.

use std::cmp::Ordering;
use std::collections::{BTreeSet, BinaryHeap, HashSet};

use landrace_genome::length::format_bases;

use super::worth::Worth;
use super::{Candidates, Linkage, MarkerError, Panel, PanelRequest, Purpose};

/// A candidate and what it added when it was last looked at, with the size of the panel then.
#[derive(Clone, Copy)]
struct Offer {
    gain: f64,
    candidate: usize,
    seen_at: usize,
}

impl PartialEq for Offer {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Offer {}

impl PartialOrd for Offer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Offer {
    /// The largest gain first; of equal ones the first in genome order.
    fn cmp(&self, other: &Self) -> Ordering {
        self.gain.total_cmp(&other.gain).then(other.candidate.cmp(&self.candidate))
    }
}

/// Chooses a panel: the markers asked for by name first, then at each step the candidate that adds most.
///
/// # Errors
/// Returns an error if nothing is asked for, if the balance is out of range, or if the lists contradict.
pub fn select(
    candidates: &Candidates,
    linkage: &Linkage,
    request: &PanelRequest,
) -> Result<Panel, MarkerError> {
    check(candidates, request)?;
    let mut choosing = Choosing::new(candidates, linkage, request);
    for &candidate in &request.included {
        if !choosing.places.contains(&candidate) {
            choosing.take(candidate, true);
        }
    }
    choosing.fill(request);
    let Choosing { taken, worth, .. } = choosing;
    let total = worth.total();
    let mut panel = Panel::new(candidates, linkage, taken);
    panel.worth = total;
    panel.crowded = crowded(candidates, request);
    panel.shortfall = shortfall(candidates, request, panel.choices.len());
    Ok(panel)
}

fn check(candidates: &Candidates, request: &PanelRequest) -> Result<(), MarkerError> {
    if request.count == 0 {
        return Err(MarkerError::NoCount);
    }
    if !(0.0..=1.0).contains(&request.balance) {
        return Err(MarkerError::BadBalance);
    }
    let excluded: HashSet<usize> = request.excluded.iter().copied().collect();
    if let Some(&both) = request.included.iter().find(|index| excluded.contains(index)) {
        return Err(MarkerError::Both(candidates.label(both)));
    }
    let forced = request.included.iter().collect::<HashSet<_>>().len();
    if forced > request.count {
        return Err(MarkerError::TooManyIncluded { forced, count: request.count });
    }
    Ok(())
}

struct Choosing<'a> {
    candidates: &'a Candidates,
    worth: Worth<'a>,
    /// Chosen candidates in genome order.
    places: BTreeSet<usize>,
    taken: Vec<(usize, Purpose)>,
}

impl<'a> Choosing<'a> {
    fn new(candidates: &'a Candidates, linkage: &'a Linkage, request: &PanelRequest) -> Self {
        let worth = Worth::new(candidates, linkage, request.count, request.balance);
        Self { candidates, worth, places: BTreeSet::new(), taken: Vec::new() }
    }

    /// Takes candidates until the panel is full or none is left that keeps the spacing.
    fn fill(&mut self, request: &PanelRequest) {
        let excluded: HashSet<usize> = request.excluded.iter().copied().collect();
        let mut offers: BinaryHeap<Offer> = (0..self.candidates.all().len())
            .filter(|index| !excluded.contains(index) && !self.places.contains(index))
            .map(|candidate| Offer { gain: self.worth.gain(candidate), candidate, seen_at: self.taken.len() })
            .collect();
        while self.taken.len() < request.count {
            let Some(offer) = offers.pop() else { return };
            if !self.keeps(offer.candidate, request.spacing) {
                continue;
            }
            // A gain only shrinks as the panel grows: an offer that still leads after a fresh look is the best.
            if offer.seen_at == self.taken.len() {
                self.take(offer.candidate, false);
            } else {
                let gain = self.worth.gain(offer.candidate);
                offers.push(Offer { gain, candidate: offer.candidate, seen_at: self.taken.len() });
            }
        }
    }

    /// Whether a candidate keeps the spacing to the markers on both sides.
    fn keeps(&self, candidate: usize, spacing: u64) -> bool {
        let (before, after) = self.sides(candidate);
        [before, after].into_iter().flatten().all(|distance| distance >= spacing)
    }

    /// Bases to the chosen markers before and after a candidate, on its contig.
    fn sides(&self, candidate: usize) -> (Option<u64>, Option<u64>) {
        let all = self.candidates.all();
        let own = &all[candidate];
        let distance = |&other: &usize| {
            (all[other].contig == own.contig).then(|| all[other].position.get().abs_diff(own.position.get()))
        };
        let before = self.places.range(..candidate).next_back().and_then(distance);
        let after = self.places.range(candidate + 1..).next().and_then(distance);
        (before, after)
    }

    fn take(&mut self, candidate: usize, is_included: bool) {
        let all = self.candidates.all();
        let own = &all[candidate];
        let length = self.candidates.contigs().get(own.contig).length;
        let (before, after) = self.sides(candidate);
        let left = before.unwrap_or(own.position.zero_based());
        let right = after.unwrap_or(length - own.position.zero_based());
        let newly = self.worth.add(candidate);
        let places = || newly.iter().chain([&candidate]).map(|&index| all[index].position.get());
        let span = places().max().unwrap_or(0) - places().min().unwrap_or(0);
        let is_first = before.is_none() && after.is_none();
        let purpose = Purpose { is_included, newly_tagged: newly.len(), span, gap: left + right, is_first };
        self.places.insert(candidate);
        self.taken.push((candidate, purpose));
    }
}

/// Neighbouring markers asked for by name that stand closer than the spacing.
fn crowded(candidates: &Candidates, request: &PanelRequest) -> Vec<(usize, usize)> {
    let all = candidates.all();
    let forced: Vec<usize> = request.included.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let is_close = |a: usize, b: usize| {
        all[a].contig == all[b].contig && all[b].position.get() - all[a].position.get() < request.spacing
    };
    forced.windows(2).filter(|pair| is_close(pair[0], pair[1])).map(|pair| (pair[0], pair[1])).collect()
}

fn shortfall(candidates: &Candidates, request: &PanelRequest, chosen: usize) -> Option<String> {
    if chosen >= request.count {
        return None;
    }
    let excluded = request.excluded.iter().collect::<HashSet<_>>().len();
    let left = candidates.all().len() - excluded;
    let wanted = request.count;
    Some(if chosen == left {
        format!(
            "{chosen} of {wanted} markers: there are no more candidates; loosen the filters before to get more"
        )
    } else {
        let spacing = format_bases(request.spacing);
        format!(
            "{chosen} of {wanted} markers: each of the other {} candidates is closer than {spacing} to a marker; \
             lower the spacing to get more",
            left - chosen
        )
    })
}
