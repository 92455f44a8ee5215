//! Inbreeding and relationship by the decomposition A = T D T' (Henderson 1976; Quaas 1976).
//!
//! The relationship of a sire with all his mates comes from one pass up his ancestors and one pass down again (Colleau
//! 2002; Sargolzaei, Iwaisaki and Colleau 2005), here for eight sires at a time and over the ancestors of these sires
//! and their mates alone. An individual's diagonal is then 1 + half the relationship of its parents, generation after
//! generation. Autopolyploids differ in the diagonal and the Mendelian sampling alone (Kerr et al. 2012; Hamilton and
//! Kerr 2018).

use rayon::prelude::*;

use super::{Pedigree, UNKNOWN};
use crate::relationship::SampleMatrix;

mod ancestry;

pub(super) use ancestry::{Ancestry, LANES};

/// How chromosomes are passed on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inheritance {
    /// Copies of each chromosome: 2, 4, 6 ...
    pub ploidy: u8,
    /// The chance that two copies in a gamete come from one copy of the parent; 0 in diploids.
    pub double_reduction: f64,
}

impl Default for Inheritance {
    fn default() -> Self {
        Self { ploidy: 2, double_reduction: 0.0 }
    }
}

impl Inheritance {
    /// Pairs of copies within a gamete of ploidy P/2, as they count in the diagonal: (P/2 − 1) / 2.
    fn pairs(self) -> f64 {
        (f64::from(self.ploidy) / 2.0 - 1.0) / 2.0
    }

    /// The chance that two copies in a parent's gamete are identical by descent, given the parent's diagonal.
    fn gamete(self, diagonal: Option<f64>) -> f64 {
        let of_parent = diagonal.map_or(0.0, |own| self.inbreeding(own));
        self.double_reduction + (1.0 - self.double_reduction) * of_parent
    }

    /// The chance that two different copies of an individual are identical by descent, given its diagonal.
    pub fn inbreeding(self, diagonal: f64) -> f64 {
        (diagonal - 1.0) / (f64::from(self.ploidy) - 1.0)
    }

    /// The diagonal of an individual, given those of its parents and their relationship.
    fn diagonal(self, parents: [Option<f64>; 2], relationship: f64) -> f64 {
        let gametes: f64 = parents.iter().map(|&parent| self.gamete(parent)).sum();
        1.0 + self.pairs() * gametes + relationship / 2.0
    }

    /// What is left of its diagonal that its parents do not explain.
    fn sampling(self, parents: [Option<f64>; 2]) -> f64 {
        let gametes: f64 = parents.iter().map(|&parent| self.gamete(parent)).sum();
        let explained: f64 = parents.iter().flatten().sum();
        1.0 + self.pairs() * gametes - explained / 4.0
    }
}

/// Inbreeding of all individuals of a pedigree, and with it any part of the relationship matrix.
#[derive(Clone, Debug)]
pub struct Kinship<'a> {
    /// The pedigree.
    pub pedigree: &'a Pedigree,
    /// How chromosomes are passed on.
    pub inheritance: Inheritance,
    /// The diagonal of the relationship matrix.
    pub diagonal: Vec<f64>,
    /// Variance of Mendelian sampling of each individual, D of A = T D T'.
    pub sampling: Vec<f64>,
}

/// Offspring of one pair of parents: the parents, and the first of the offspring among those of its round.
type Mating = ([u32; 2], u32);

impl<'a> Kinship<'a> {
    /// Computes the inbreeding of all individuals.
    ///
    /// Memory: some 60 bytes an individual, and for each thread 80 bytes an ancestor that eight sires and their mates
    /// have.
    pub fn new(pedigree: &'a Pedigree, inheritance: Inheritance) -> Self {
        let n = pedigree.len();
        let mut own = Self { pedigree, inheritance, diagonal: vec![1.0; n], sampling: vec![1.0; n] };
        let rounds = rounds(pedigree);
        let most = rounds.iter().copied().max().unwrap_or(0);
        let mut starts = vec![0usize; most as usize + 2];
        rounds.iter().for_each(|&round| starts[round as usize + 1] += 1);
        (1..starts.len()).for_each(|round| starts[round] += starts[round - 1]);
        let mut sorted = vec![0u32; n];
        let mut next = starts.clone();
        for (at, &round) in rounds.iter().enumerate() {
            sorted[next[round as usize]] = at as u32;
            next[round as usize] += 1;
        }
        for round in starts.windows(2) {
            own.fill(&sorted[round[0]..round[1]]);
        }
        own
    }

    /// The inbreeding coefficient of an individual: the chance that two different copies that it has are identical by
    /// descent.
    pub fn inbreeding(&self, own: usize) -> f64 {
        self.inheritance.inbreeding(self.diagonal[own])
    }

    /// Fills in individuals whose ancestors are all filled in.
    fn fill(&mut self, individuals: &[u32]) {
        let parents = |own: u32| self.pedigree.parents[own as usize];
        let mut pairs: Vec<Mating> = Vec::new();
        for (at, &own) in (0u32..).zip(individuals) {
            let [sire, dam] = parents(own);
            if sire != UNKNOWN && dam != UNKNOWN && sire != dam {
                pairs.push(([sire, dam], at));
            }
        }
        let related = self.of_pairs(&mut pairs, individuals.len());
        for (&own, &related) in individuals.iter().zip(&related) {
            let [sire, dam] = parents(own);
            let diagonals = [sire, dam].map(|p| (p != UNKNOWN).then(|| self.diagonal[p as usize]));
            let related = if sire == dam { diagonals[0].unwrap_or(0.0) } else { related };
            self.diagonal[own as usize] = self.inheritance.diagonal(diagonals, related);
            self.sampling[own as usize] = self.inheritance.sampling(diagonals);
        }
    }

    /// Relationships of the parents, one an individual; 0 where it has no two different ones.
    fn of_pairs(&self, pairs: &mut [Mating], individuals: usize) -> Vec<f64> {
        let mut out = vec![0.0; individuals];
        // The side with fewer animals is walked up from.
        let distinct = |role: usize| {
            let mut all: Vec<u32> = pairs.iter().map(|(parents, _)| parents[role]).collect();
            all.par_sort_unstable();
            all.dedup();
            all.len()
        };
        if distinct(1) < distinct(0) {
            pairs.iter_mut().for_each(|(parents, _)| parents.swap(0, 1));
        }
        pairs.par_sort_unstable();
        let mut blocks: Vec<&[Mating]> = Vec::new();
        let mut rest = &*pairs;
        while let Some((first, _)) = rest.first() {
            let (mut sires, mut last, mut end) = (0, UNKNOWN, rest.len());
            for (at, (parents, _)) in rest.iter().enumerate() {
                if parents[0] != last {
                    (sires, last) = (sires + 1, parents[0]);
                }
                if sires > LANES {
                    end = at;
                    break;
                }
            }
            debug_assert!(first[0] != UNKNOWN);
            let (block, others) = rest.split_at(end);
            blocks.push(block);
            rest = others;
        }
        let found: Vec<Vec<f64>> = blocks
            .par_iter()
            .map_init(
                || ancestry::Marks::new(self.pedigree.len()),
                |marks, block| self.of_block(block, marks),
            )
            .collect();
        for ((_, at), value) in pairs.iter().zip(found.into_iter().flatten()) {
            out[*at as usize] = value;
        }
        out
    }

    /// Relationships of matings with at most [`LANES`] sires, in ascending order.
    fn of_block(&self, block: &[Mating], marks: &mut ancestry::Marks) -> Vec<f64> {
        let ancestry = Ancestry::of(self, block.iter().flat_map(|(parents, _)| *parents), marks);
        let mut sires: Vec<u32> = block.iter().map(|(parents, _)| parents[0]).collect();
        sires.dedup();
        let lanes: Vec<u32> = sires.iter().map(|&sire| marks.place(sire)).collect();
        let related = ancestry.related(&lanes);
        let mut lane = 0;
        let value = |(parents, _): &Mating| {
            while sires[lane] != parents[0] {
                lane += 1;
            }
            related[marks.place(parents[1]) as usize][lane]
        };
        block.iter().map(value).collect()
    }

    /// The relationship matrix of some individuals (A22): by passes over their ancestors alone.
    ///
    /// Memory: 8 bytes a pair of them, and for each thread 64 bytes an ancestor.
    pub fn relationship(&self, individuals: &[u32]) -> SampleMatrix {
        let mut marks = ancestry::Marks::new(self.pedigree.len());
        let ancestry = Ancestry::of(self, individuals.iter().copied(), &mut marks);
        let places: Vec<u32> = individuals.iter().map(|&own| marks.place(own)).collect();
        let starts: Vec<usize> = (0..places.len()).step_by(LANES).collect();
        // Rows of the lower half, eight at a time.
        let rows: Vec<Vec<f64>> = starts
            .par_iter()
            .map(|&start| {
                let lanes = &places[start..(start + LANES).min(places.len())];
                let related = ancestry.related(lanes);
                let row = |lane: usize| {
                    places[..=start + lane]
                        .iter()
                        .map(|&place| related[place as usize][lane])
                        .collect::<Vec<_>>()
                };
                (0..lanes.len()).flat_map(row).collect()
            })
            .collect();
        let samples = individuals.iter().map(|&own| self.pedigree.names[own as usize].clone()).collect();
        SampleMatrix { samples, values: rows.into_iter().flatten().collect() }
    }
}

/// The round in which each individual can be filled in: one after the later of its parents'. Those without offspring
/// come all in the last, so that their sires are walked up from once.
fn rounds(pedigree: &Pedigree) -> Vec<u32> {
    let mut out: Vec<u32> = Vec::with_capacity(pedigree.len());
    for parents in &pedigree.parents {
        let after = |&parent: &u32| if parent == UNKNOWN { 0 } else { out[parent as usize] + 1 };
        out.push(after(&parents[0]).max(after(&parents[1])));
    }
    let last = out.iter().copied().max().unwrap_or(0);
    for ((round, parents), is_parent) in out.iter_mut().zip(&pedigree.parents).zip(pedigree.has_offspring()) {
        if !is_parent && parents.iter().all(|&parent| parent != UNKNOWN) {
            *round = last;
        }
    }
    out
}
