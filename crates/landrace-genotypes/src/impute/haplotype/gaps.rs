//! The variants between those that were seen: their alleles from the haplotypes copied on both sides.
//!
//! Within a gap, haplotypes that agree at all its variants are one class; sums are taken by class, then each variant
//! adds the classes that carry its rarer allele. The model is exact at each variant: the changes of haplotype before
//! and after it are told apart.

use super::chain::{Between, States};
use super::rows::Haplotypes;

/// A variant in a gap.
#[derive(Clone, Copy, Debug)]
struct Inner {
    /// Row in the panel.
    row: u32,
    /// Chance of a change between the variant behind and this one, and between this one and that ahead.
    before: f32,
    after: f32,
    /// Its classes in `carriers`.
    carriers: (u32, u32),
    /// Whether the classes carry allele 0.
    is_flipped: bool,
}

/// A gap: the variants between two that were seen.
#[derive(Clone, Debug, Default)]
struct Gap {
    inner: Vec<Inner>,
    carriers: Vec<u32>,
    /// Class of each haplotype.
    classes: Vec<u32>,
    count: usize,
}

/// All gaps of a stretch; there is one more than variants seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Gaps {
    gaps: Vec<Gap>,
}

/// What of a state goes to a class.
#[derive(Clone, Copy, Debug)]
struct Pair {
    state: u32,
    class: u32,
    share: f32,
}

/// The states of a target by the classes of every gap.
#[derive(Clone, Debug, Default)]
pub(super) struct Routes {
    pairs: Vec<Pair>,
    ends: Vec<usize>,
}

impl Gaps {
    /// The gaps of the panel's rows between `seen` (ascending); `change(a, b)` is the chance of a change between two
    /// rows.
    pub(super) fn new(
        panel: &Haplotypes,
        seen: &[usize],
        change: impl Fn(usize, usize) -> f64 + Sync,
    ) -> Self {
        use rayon::prelude::*;
        let gaps = (0..=seen.len()).into_par_iter().map(|gap| {
            let behind = gap.checked_sub(1).map(|index| seen[index]);
            let ahead = seen.get(gap).copied();
            let rows = behind.map_or(0, |row| row + 1)..ahead.unwrap_or(panel.rows());
            let ends = |row: usize| {
                (behind.map_or(0.0, |from| change(from, row)), ahead.map_or(0.0, |to| change(row, to)))
            };
            Gap::new(panel, rows, ends)
        });
        Self { gaps: gaps.collect() }
    }

    /// Gaps without variants around so many that were seen.
    pub(super) fn none(seen: usize) -> Self {
        Self { gaps: vec![Gap::default(); seen + 1] }
    }

    /// How the states' members fall into the classes.
    pub(super) fn routes(&self, states: &States) -> Routes {
        let mut sizes = vec![0f32; states.count()];
        states.members.iter().for_each(|member| sizes[member.0 as usize] += 1.0);
        let mut routes = Routes::default();
        let mut own: Vec<u32> = Vec::new();
        for gap in &self.gaps {
            if !gap.inner.is_empty() {
                for group in states.members.chunk_by(|a, b| a.0 == b.0) {
                    let state = group[0].0;
                    own.clear();
                    own.extend(group.iter().map(|member| gap.classes[member.1 as usize]));
                    own.sort_unstable();
                    routes.pairs.extend(own.chunk_by(|a, b| a == b).map(|class| Pair {
                        state,
                        class: class[0],
                        share: class.len() as f32 / sizes[state as usize],
                    }));
                }
            }
            routes.ends.push(routes.pairs.len());
        }
        routes
    }

    /// Puts the chance of allele 1 at each variant of a gap into `out`, indexed by the panel's rows.
    pub(super) fn spread(
        &self,
        routes: &Routes,
        states: &States,
        between: &Between<'_>,
        sums: &mut Vec<[f32; 4]>,
        out: &mut [f32],
    ) {
        let gap = &self.gaps[between.gap];
        if gap.inner.is_empty() {
            return;
        }
        sums.clear();
        sums.resize(gap.count, [0.0; 4]);
        let start = between.gap.checked_sub(1).map_or(0, |before| routes.ends[before]);
        let mut all = 0f32;
        for pair in &routes.pairs[start..routes.ends[between.gap]] {
            let state = pair.state as usize;
            let (f, g) = (between.f[state] * between.scale * pair.share, between.g[state] * between.ahead);
            let weight = states.weights[state] * pair.share;
            let sum = &mut sums[pair.class as usize];
            let both = f * g;
            sum[0] += both;
            sum[1] += f;
            sum[2] += weight * g;
            sum[3] += weight;
            all += both;
        }
        for inner in &gap.inner {
            let (before, after) = (inner.before, inner.after);
            let parts = [
                (1.0 - before) * (1.0 - after),
                (1.0 - before) * after,
                before * (1.0 - after),
                before * after,
            ];
            let mut own = [0f32; 4];
            for &class in &gap.carriers[inner.carriers.0 as usize..inner.carriers.1 as usize] {
                let sum = &sums[class as usize];
                (0..4).for_each(|part| own[part] += sum[part]);
            }
            let carried: f32 = (0..4).map(|part| parts[part] * own[part]).sum();
            let share = carried / (parts[0] * all + parts[1] + parts[2] + parts[3]);
            let share = share.clamp(0.0, 1.0);
            out[inner.row as usize] = if inner.is_flipped { 1.0 - share } else { share };
        }
    }
}

impl Gap {
    fn new(panel: &Haplotypes, rows: std::ops::Range<usize>, ends: impl Fn(usize) -> (f64, f64)) -> Self {
        if rows.is_empty() {
            return Self::default();
        }
        let (classes, count) = panel.classes(rows.clone());
        // One haplotype of each class.
        let mut example = vec![u32::MAX; count];
        for (&class, haplotype) in classes.iter().zip(0..) {
            if example[class as usize] == u32::MAX {
                example[class as usize] = haplotype;
            }
        }
        let mut carriers = Vec::new();
        let number = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        let inner = rows
            .map(|row| {
                let is_carrier = |class: usize| panel.allele(row, example[class] as usize) == 1;
                let ones = (0..count).filter(|&class| is_carrier(class)).count();
                let is_flipped = 2 * ones > count;
                let start = number(carriers.len());
                carriers.extend((0..count).filter(|&class| is_carrier(class) != is_flipped).map(number));
                let (before, after) = ends(row);
                Inner {
                    row: number(row),
                    before: before as f32,
                    after: after as f32,
                    carriers: (start, number(carriers.len())),
                    is_flipped,
                }
            })
            .collect();
        Self { inner, carriers, classes, count }
    }
}
