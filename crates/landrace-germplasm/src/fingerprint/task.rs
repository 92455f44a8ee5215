//! What is asked for: the pairs, how often each is to be told apart, what a marker costs, and which markers go together.

use super::calls::{Profiles, differ};
use super::pairs::PairSet;
use rayon::prelude::*;

/// Cost of a marker without an assay score.
pub const UNIT: u32 = 1000;

/// Which markers may be chosen together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// Contig of each marker.
    pub contig: Vec<usize>,
    /// Place of each marker on its contig, in the unit of the spacing; `None` where unknown.
    pub place: Vec<Option<f64>>,
    /// Least distance of two markers of a contig; 0 for any.
    pub spacing: f64,
    /// Fewest and most markers of each contig.
    pub quota: Vec<(usize, usize)>,
}

impl Rules {
    /// Rules that allow everything.
    pub fn none(markers: usize) -> Self {
        Self {
            contig: vec![0; markers],
            place: vec![None; markers],
            spacing: 0.0,
            quota: vec![(0, usize::MAX)],
        }
    }

    /// Whether nothing is ruled out.
    pub fn are_loose(&self) -> bool {
        self.spacing <= 0.0 && self.quota.iter().all(|&(least, most)| least == 0 && most == usize::MAX)
    }

    /// Whether two markers are too near to each other.
    pub fn conflict(&self, a: usize, b: usize) -> bool {
        match (self.place[a], self.place[b]) {
            (Some(x), Some(y)) => a != b && self.contig[a] == self.contig[b] && (x - y).abs() < self.spacing,
            _ => false,
        }
    }

    /// Whether a marker may join those chosen.
    pub fn allow(&self, chosen: &[usize], marker: usize) -> bool {
        let contig = self.contig[marker];
        let same = chosen.iter().filter(|&&other| self.contig[other] == contig).count();
        same < self.quota[contig].1
            && (self.spacing <= 0.0 || !chosen.iter().any(|&other| self.conflict(other, marker)))
    }

    /// Whether a marker may leave those chosen: the least number of its contig stays.
    pub fn allow_without(&self, chosen: &[usize], marker: usize) -> bool {
        let contig = self.contig[marker];
        let least = self.quota[contig].0;
        least == 0 || chosen.iter().filter(|&&other| self.contig[other] == contig).count() > least
    }

    /// Contigs that lack markers, with how many.
    pub fn lacking(&self, chosen: &[usize]) -> Vec<(usize, usize)> {
        let missing = |(contig, &(least, _)): (usize, &(usize, usize))| {
            let have = chosen.iter().filter(|&&marker| self.contig[marker] == contig).count();
            (have < least).then(|| (contig, least - have))
        };
        self.quota.iter().enumerate().filter_map(missing).collect()
    }

    pub(super) fn subset(&self, markers: &[usize]) -> Self {
        Self {
            contig: markers.iter().map(|&marker| self.contig[marker]).collect(),
            place: markers.iter().map(|&marker| self.place[marker]).collect(),
            spacing: self.spacing,
            quota: self.quota.clone(),
        }
    }
}

/// A set multi-cover: each required pair must differ at `depth` of the chosen markers.
#[derive(Clone, Debug)]
pub struct Task {
    /// Classes of the accessions at the markers that may be chosen.
    pub profiles: Profiles,
    /// Pairs to be told apart.
    pub required: PairSet,
    /// At how many markers.
    pub depth: u8,
    /// Cost of each marker, in thousandths.
    pub cost: Vec<u32>,
    /// Markers that must be chosen.
    pub forced: Vec<usize>,
    /// Which go together.
    pub rules: Rules,
}

impl Task {
    /// Cost of a set of markers.
    pub fn cost_of(&self, chosen: &[usize]) -> u64 {
        chosen.iter().map(|&marker| u64::from(self.cost[marker])).sum()
    }

    /// Required pairs (a, b, times told apart), a > b, that the chosen markers tell apart fewer than `below` times.
    pub fn pairs_below(&self, chosen: &[usize], below: u8) -> Vec<(u32, u32, u8)> {
        let samples = self.profiles.samples();
        let row = |a: usize| {
            let mut counts = vec![0u8; a];
            for &marker in chosen {
                add_row(&mut counts, self.profiles.marker(marker), a);
            }
            let of = |b: usize| (counts[b] < below).then_some((a as u32, b as u32, counts[b]));
            self.required.partners(a).filter_map(of).collect::<Vec<_>>()
        };
        (0..samples).into_par_iter().map(row).collect::<Vec<_>>().concat()
    }

    /// How often each pair is told apart: for a sample, those before it.
    pub fn counts(&self, chosen: &[usize]) -> Vec<Vec<u8>> {
        let row = |a: usize| {
            let mut counts = vec![0u8; a];
            for &marker in chosen {
                add_row(&mut counts, self.profiles.marker(marker), a);
            }
            counts
        };
        (0..self.profiles.samples()).into_par_iter().map(row).collect()
    }

    /// The task with some of the markers alone.
    pub(super) fn with_markers(&self, markers: &[usize]) -> Self {
        let rows: Vec<&[u8]> = markers.iter().map(|&marker| self.profiles.marker(marker)).collect();
        let forced = markers.iter().enumerate().filter(|(_, marker)| self.forced.contains(marker));
        Self {
            profiles: Profiles::new(self.profiles.samples(), &rows),
            required: self.required.clone(),
            depth: self.depth,
            cost: markers.iter().map(|&marker| self.cost[marker]).collect(),
            forced: forced.map(|(place, _)| place).collect(),
            rules: self.rules.subset(markers),
        }
    }
}

/// Adds 1 for each sample before `a` that differs from it at a marker.
fn add_row(counts: &mut [u8], codes: &[u8], a: usize) {
    let own = codes[a];
    if own == super::calls::NO_CLASS {
        return;
    }
    for (count, &code) in counts.iter_mut().zip(&codes[..a]) {
        *count = count.saturating_add(u8::from(differ(own, code)));
    }
}
