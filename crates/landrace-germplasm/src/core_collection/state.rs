//! A core while it is searched: its entries, and what every exchange of an entry would change.
//!
//! Each objective keeps what it needs to tell, for one candidate, the change that taking it in place of *each* entry
//! would bring, in about the time that one evaluation takes: nearest and second nearest entries (as in the fast
//! interchange of Whitaker 1983 and Resende and Werneck 2007), sums of distances, sums of alleles.

use super::alleles::AlleleTable;
use super::distance::Square;
use super::rules::{NONE, Plan};

mod allelic;
mod nearest;

pub use allelic::Allelic;
pub(crate) use allelic::alleles_of;
use nearest::{AccessionNearest, EntryEntry, EntryNearest};

/// An objective over a core.
#[derive(Clone, Copy)]
pub(crate) enum Target<'a> {
    EntryNearest(&'a Square),
    AccessionNearest(&'a Square),
    EntryEntry(&'a Square),
    Allelic(Allelic, &'a AlleleTable),
}

/// An objective's account of the present core. Values are in the objective's own units.
pub(crate) trait Term: Send {
    /// The value of the present core.
    fn value(&self) -> f64;
    /// Adds `scale` times the change of value that taking `candidate` for the entry at each of the `places` brings.
    fn changes(&mut self, members: &[usize], candidate: usize, places: &[usize], scale: f64, out: &mut [f64]);
    /// Takes `candidate` for the entry at a place; `members` are those before.
    fn exchange(&mut self, members: &[usize], place: usize, candidate: usize);
}

impl<'a> Target<'a> {
    pub(crate) fn is_minimised(self) -> bool {
        matches!(self, Self::AccessionNearest(_))
    }

    /// Whether the changes for all entries cost no more than those for one.
    pub(crate) fn is_by_distance(self) -> bool {
        !matches!(self, Self::Allelic(..))
    }

    pub(crate) fn term(self, members: &[usize]) -> Box<dyn Term + 'a> {
        match self {
            Self::EntryNearest(square) => Box::new(EntryNearest::new(square, members)),
            Self::AccessionNearest(square) => Box::new(AccessionNearest::new(square, members)),
            Self::EntryEntry(square) => Box::new(EntryEntry::new(square, members)),
            Self::Allelic(kind, table) => Box::new(allelic::AlleleSums::new(kind, table, members)),
        }
    }

    /// The value of a core.
    pub(crate) fn value(self, members: &[usize]) -> f64 {
        self.term(members).value()
    }

    /// About how many numbers a look at one candidate reads.
    pub(crate) fn cost(self, size: usize) -> usize {
        match self {
            Self::EntryNearest(_) | Self::EntryEntry(_) => 2 * size,
            Self::AccessionNearest(square) => 2 * square.len(),
            Self::Allelic(_, table) => 2 * (table.pairs() + table.width()),
        }
    }
}

/// The present core and its objectives, each with the scale by which it counts (negative for what is minimised).
pub(crate) struct State<'a> {
    plan: &'a Plan,
    targets: Vec<(f64, Target<'a>)>,
    pub(crate) members: Vec<usize>,
    place: Vec<usize>,
    terms: Vec<(f64, Box<dyn Term + 'a>)>,
    changes: Vec<f64>,
    /// Entry of each group of which one may be chosen.
    holder: Vec<usize>,
}

impl<'a> State<'a> {
    pub(crate) fn new(plan: &'a Plan, targets: &[(f64, Target<'a>)], members: Vec<usize>) -> Self {
        let mut place = vec![NONE; plan.is_free.len()];
        let groups = plan.group.iter().filter(|&&group| group != NONE).max().map_or(0, |&most| most + 1);
        let mut holder = vec![NONE; groups];
        for (index, &member) in members.iter().enumerate() {
            place[member] = index;
            if plan.group[member] != NONE {
                holder[plan.group[member]] = member;
            }
        }
        let terms = targets.iter().map(|&(scale, target)| (scale, target.term(&members))).collect();
        let changes = vec![0.0; members.len()];
        Self { plan, targets: targets.to_vec(), members, place, terms, changes, holder }
    }

    /// The weighted value, to be maximised.
    pub(crate) fn value(&self) -> f64 {
        self.terms.iter().map(|(scale, term)| scale * term.value()).sum()
    }

    /// Whether an accession may come into the core in place of some entry.
    pub(crate) fn is_candidate(&self, accession: usize) -> bool {
        self.place[accession] == NONE && self.plan.is_free[accession]
    }

    /// Whether a candidate may take the place of an entry.
    pub(crate) fn may_exchange(&self, place: usize, candidate: usize) -> bool {
        let member = self.members[place];
        let group = self.plan.group[candidate];
        !self.plan.is_fixed[member]
            && self.plan.stratum[member] == self.plan.stratum[candidate]
            && (group == NONE || self.holder[group] == NONE || self.holder[group] == member)
    }

    /// The best exchange for a candidate among some places, and its change.
    pub(crate) fn best_exchange(&mut self, candidate: usize, places: &[usize]) -> Option<(usize, f64)> {
        let mut changes = std::mem::take(&mut self.changes);
        places.iter().for_each(|&place| changes[place] = 0.0);
        for (scale, term) in &mut self.terms {
            term.changes(&self.members, candidate, places, *scale, &mut changes);
        }
        let allowed = places.iter().filter(|&&place| self.may_exchange(place, candidate));
        let best = allowed
            .map(|&place| (place, changes[place]))
            .reduce(|best, next| if next.1 > best.1 { next } else { best });
        self.changes = changes;
        best
    }

    /// Places of the entries that may leave.
    pub(crate) fn open_places(&self) -> Vec<usize> {
        (0..self.members.len()).filter(|&place| !self.plan.is_fixed[self.members[place]]).collect()
    }

    /// Goes to another core.
    pub(crate) fn become_core(&mut self, members: &[usize]) {
        *self = Self::new(self.plan, &std::mem::take(&mut self.targets), members.to_vec());
    }

    /// Takes a candidate for the entry at a place.
    pub(crate) fn exchange(&mut self, place: usize, candidate: usize) {
        for (_, term) in &mut self.terms {
            term.exchange(&self.members, place, candidate);
        }
        let member = std::mem::replace(&mut self.members[place], candidate);
        self.place[member] = NONE;
        self.place[candidate] = place;
        if self.plan.group[member] != NONE {
            self.holder[self.plan.group[member]] = NONE;
        }
        if self.plan.group[candidate] != NONE {
            self.holder[self.plan.group[candidate]] = candidate;
        }
    }
}

#[cfg(test)]
mod tests;
