//! The ancestors of a few individuals, close together in memory, and the two passes over them.

use super::{Kinship, UNKNOWN};

/// Individuals whose relationships are found in one go.
pub(crate) const LANES: usize = 8;

/// Which individuals are among the ancestors, and where; taken up again without clearing.
pub(crate) struct Marks {
    stamp: u32,
    /// Stamp and place of each individual.
    marks: Vec<(u32, u32)>,
    stack: Vec<u32>,
}

impl Marks {
    pub(crate) fn new(individuals: usize) -> Self {
        Self { stamp: 0, marks: vec![(0, 0); individuals], stack: Vec::new() }
    }

    /// Where an individual stands among the ancestors found last.
    pub(crate) fn place(&self, own: u32) -> u32 {
        self.marks[own as usize].1
    }

    /// Marks an individual; whether it is new.
    fn mark(&mut self, own: u32) -> bool {
        let mark = &mut self.marks[own as usize];
        let is_new = mark.0 != self.stamp;
        mark.0 = self.stamp;
        is_new
    }
}

/// Some individuals and all their ancestors, each after its parents.
pub(crate) struct Ancestry {
    /// Places of the parents among them.
    parents: Vec<[u32; 2]>,
    sampling: Vec<f64>,
}

impl Ancestry {
    /// The ancestors of individuals; `marks` then tells where each stands.
    pub(crate) fn of(
        kinship: &Kinship<'_>,
        individuals: impl Iterator<Item = u32>,
        marks: &mut Marks,
    ) -> Self {
        let pedigree = kinship.pedigree;
        marks.stamp += 1;
        let mut members = Vec::new();
        for own in individuals {
            if marks.mark(own) {
                marks.stack.push(own);
            }
            while let Some(own) = marks.stack.pop() {
                members.push(own);
                for parent in pedigree.parents[own as usize] {
                    if parent != UNKNOWN && marks.mark(parent) {
                        marks.stack.push(parent);
                    }
                }
            }
        }
        let highest = members.iter().max().map_or(0, |&own| own as usize + 1);
        if members.len() * 8 > highest {
            // Looking through all is faster than sorting many.
            let stamp = marks.stamp;
            members.clear();
            members.extend((0..highest as u32).filter(|&own| marks.marks[own as usize].0 == stamp));
        } else {
            members.sort_unstable();
        }
        (0..).zip(&members).for_each(|(place, &own)| marks.marks[own as usize].1 = place);
        let place = |parent: u32| if parent == UNKNOWN { UNKNOWN } else { marks.place(parent) };
        let parents = members.iter().map(|&own| pedigree.parents[own as usize].map(place)).collect();
        let sampling = members.iter().map(|&own| kinship.sampling[own as usize]).collect();
        Self { parents, sampling }
    }

    /// Relationships of at most [`LANES`] of them, given by place, with each: one column a lane.
    pub(crate) fn related(&self, lanes: &[u32]) -> Vec<[f64; LANES]> {
        let mut out = vec![[0.0; LANES]; self.parents.len()];
        lanes.iter().enumerate().for_each(|(lane, &place)| out[place as usize][lane] = 1.0);
        let highest = lanes.iter().max().map_or(0, |&place| place as usize + 1);
        // Up: what of each ancestor's genes the lanes have; then the variance that comes with them.
        for own in (0..highest).rev() {
            let half = out[own].map(|share| share / 2.0);
            for parent in self.parents[own].into_iter().filter(|&parent| parent != UNKNOWN) {
                let to = &mut out[parent as usize];
                (0..LANES).for_each(|lane| to[lane] += half[lane]);
            }
            let sampling = self.sampling[own];
            out[own].iter_mut().for_each(|share| *share *= sampling);
        }
        // Down: own variance and half of what each parent has.
        for own in 0..out.len() {
            let mut value = out[own];
            for parent in self.parents[own].into_iter().filter(|&parent| parent != UNKNOWN) {
                let from = &out[parent as usize];
                (0..LANES).for_each(|lane| value[lane] += from[lane] / 2.0);
            }
            out[own] = value;
        }
        out
    }
}
