//! Which candidates stand for which of their neighbours.

use rayon::prelude::*;

use super::Candidates;

/// A neighbour that a candidate stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tag {
    /// The neighbour's index among the candidates.
    pub neighbour: u32,
    /// Their squared correlation.
    pub r2: f32,
}

/// For each candidate, the neighbours within a window that it tags, nearest index first.
#[derive(Clone, Debug, Default)]
pub struct Linkage {
    starts: Vec<usize>,
    tags: Vec<Tag>,
    /// The r² from which a neighbour counts as tagged.
    pub threshold: f64,
}

impl Linkage {
    /// No candidate tags another.
    pub fn none(candidates: usize) -> Self {
        Self { starts: vec![0; candidates + 1], tags: Vec::new(), threshold: 1.0 }
    }

    /// Asks `r2` for each pair of candidates of a contig at most `window` bases and `most` candidates apart, and
    /// keeps those of `threshold` and above. `r2` is `None` where it is not known.
    pub fn find(
        candidates: &Candidates,
        (window, most): (u64, usize),
        threshold: f64,
        r2: impl Fn(usize, usize) -> Option<f64> + Sync,
    ) -> Self {
        let all = candidates.all();
        let right: Vec<Vec<Tag>> = (0..all.len())
            .into_par_iter()
            .map(|index| {
                let own = &all[index];
                (index + 1..all.len().min(index + 1 + most))
                    .take_while(|&other| {
                        all[other].contig == own.contig
                            && all[other].position.get() - own.position.get() <= window
                    })
                    .filter_map(|other| {
                        let r2 = r2(index, other).filter(|&r2| r2 >= threshold)?;
                        Some(Tag { neighbour: u32::try_from(other).ok()?, r2: r2.min(1.0) as f32 })
                    })
                    .collect()
            })
            .collect();
        Self::both_ways(&right, threshold)
    }

    /// Turns the tags to the right of each candidate into the tags on both sides.
    fn both_ways(right: &[Vec<Tag>], threshold: f64) -> Self {
        let mut starts = vec![0; right.len() + 1];
        for (index, tags) in right.iter().enumerate() {
            starts[index + 1] += tags.len();
            for tag in tags {
                starts[tag.neighbour as usize + 1] += 1;
            }
        }
        for index in 0..right.len() {
            starts[index + 1] += starts[index];
        }
        let mut next = starts.clone();
        let mut all = vec![Tag { neighbour: 0, r2: 0.0 }; starts[right.len()]];
        // Left neighbours come in ascending order before the right ones, since each is met before its mate.
        for (index, tags) in right.iter().enumerate() {
            for tag in tags {
                let mate = tag.neighbour as usize;
                let own = u32::try_from(index).unwrap_or(u32::MAX);
                all[next[mate]] = Tag { neighbour: own, r2: tag.r2 };
                next[mate] += 1;
            }
        }
        for (index, tags) in right.iter().enumerate() {
            for tag in tags {
                all[next[index]] = *tag;
                next[index] += 1;
            }
        }
        Self { starts, tags: all, threshold }
    }

    /// The neighbours that a candidate tags, in genome order.
    pub fn tags(&self, candidate: usize) -> &[Tag] {
        &self.tags[self.starts[candidate]..self.starts[candidate + 1]]
    }
}
