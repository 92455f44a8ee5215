//! Diversity of groups of samples: heterozygosity, allelic richness, private alleles, differentiation.
//!
//! Everything is counted by gene copies, so that it holds at any ploidy and for mixed ploidies, for biallelic variants and
//! for microsatellites alike. One pass over the loci sums up what the tables need; its memory depends on groups and
//! alleles, not on samples times variants. Missing calls are left out locus by locus, and nothing is imputed.

use std::io::Write;

use landrace_genotypes::{GenotypeError, GenotypeSource, for_each_block};

pub mod accessible;
pub mod counts;
pub mod fold;
pub mod grouping;
pub mod kernel;
pub mod locus;
pub mod pairs;
pub mod permute;
pub mod rarefy;
pub mod stretches;
mod tables;
#[cfg(test)]
mod tests;
pub mod variance;
pub mod windows;

pub use fold::{Columns, GroupSums, Sums};
pub use grouping::Grouping;
pub use locus::LocusDiversity;
pub use pairs::{PairSums, ratio};
pub use rarefy::Rarefied;
pub use stretches::Interval;
pub use tables::{AmovaRow, GROUP_COLUMNS, amova_rows, write_amova, write_groups, write_pairs};

use counts::BlockCalls;
use fold::Plan;
use rarefy::LogFactorials;
use stretches::Stretches;

/// How intervals are made.
#[derive(Clone, Copy, Debug)]
pub struct Bootstrap {
    /// Bases of a stretch that is drawn as a whole.
    pub stretch: u64,
    /// Replicates; none with 0.
    pub replicates: usize,
    /// Where the draws start.
    pub seed: u64,
}

/// Where the lines of loci and of private alleles go.
pub struct Sinks<'a> {
    /// A line a locus.
    pub markers: &'a mut dyn Write,
    /// A line an allele that one group alone has.
    pub private: &'a mut dyn Write,
}

/// Diversity within and between groups.
#[derive(Clone, Debug, Default)]
pub struct Diversity {
    /// The groups.
    pub grouping: Grouping,
    /// Samples of each group; the last is all together.
    pub sizes: Vec<usize>,
    /// Sums over the loci.
    pub sums: Sums,
    /// 95% intervals of Nei's expected heterozygosity and of F, of each group; the last is all together.
    pub within: Vec<[Interval; 2]>,
    /// Pairs of groups.
    pub pairs: Vec<(usize, usize)>,
    /// 95% intervals of Hudson's and of Weir and Cockerham's Fst of each pair.
    pub between: Vec<[Interval; 2]>,
    /// 95% interval of Weir and Cockerham's θ over all groups; with regions, that among regions.
    pub overall: Interval,
    /// Stretches that the intervals were drawn from.
    pub stretches: usize,
    /// Numbers of alleles in samples of one size, once [`rarefy`] was run; the size.
    pub rarefied: Option<(u32, Rarefied)>,
}

/// Measures groups in one pass.
///
/// # Errors
/// Returns an error if the source or a sink fails, or if there are no loci.
pub fn measure(
    source: &mut dyn GenotypeSource,
    grouping: &Grouping,
    bootstrap: &Bootstrap,
    mut sinks: Sinks<'_>,
) -> Result<Diversity, GenotypeError> {
    let pairs = grouping.pairs();
    let columns = Columns { groups: grouping.len() + 1, pairs: pairs.len() };
    let plan = Plan { grouping, pairs, columns, stretch: bootstrap.stretch.max(1) };
    let (sums, stretches) = fold::fold(source, &plan, &mut sinks)?;
    if sums.groups.last().is_none_or(|all| all.loci == 0) {
        let message = match sums.loci {
            0 => "no variants; diversity needs some",
            _ => "all calls of the grouped samples are missing; choose other samples, or look at the file",
        };
        return Err(GenotypeError::Request(message.to_owned()));
    }
    let mut sizes = grouping.sizes();
    sizes.push(sizes.iter().sum());
    let (within, between, overall) = intervals(&stretches, &plan, bootstrap);
    Ok(Diversity {
        grouping: grouping.clone(),
        sizes,
        sums,
        within,
        pairs: plan.pairs,
        between,
        overall,
        stretches: stretches.len(),
        rarefied: None,
    })
}

type Intervals = (Vec<[Interval; 2]>, Vec<[Interval; 2]>, Interval);

fn intervals(stretches: &Stretches, plan: &Plan<'_>, bootstrap: &Bootstrap) -> Intervals {
    use rayon::prelude::*;
    let columns = plan.columns;
    let draws = stretches.draw(bootstrap.replicates, bootstrap.seed);
    let quotient = |sums: &[f64]| ratio(sums[0], sums[1]);
    let of_group = |group: usize| {
        let [observed, between, unbiased, loci] = columns.group(group);
        let inbreeding = |sums: &[f64]| ratio(sums[0], sums[1]).map(|share| 1.0 - share);
        [
            stretches.interval(&draws, &[unbiased, loci], quotient),
            stretches.interval(&draws, &[observed, between], inbreeding),
        ]
    };
    let of_pair = |pair: usize| {
        let [hudson, between, among, total] = columns.pair(pair);
        [
            stretches.interval(&draws, &[hudson, between], quotient),
            stretches.interval(&draws, &[among, total], quotient),
        ]
    };
    let top = usize::from(plan.grouping.region_of.is_empty());
    let share = |sums: &[f64]| ratio(sums[top], sums.iter().sum());
    (
        (0..columns.groups).into_par_iter().map(of_group).collect(),
        (0..columns.pairs).into_par_iter().map(of_pair).collect(),
        stretches.interval(&draws, &columns.components(), share),
    )
}

impl Diversity {
    /// Inbreeding coefficient F of a group, 1 − observed / expected heterozygosity, over the loci that have both.
    pub fn inbreeding(&self, group: usize) -> Option<f64> {
        let (observed, expected) = self.sums.groups[group].inbreeding;
        ratio(observed, expected).map(|share| 1.0 - share)
    }

    /// The number of gene copies to rarefy to: the largest that 95 in 100 loci have in every group; `None` if it is
    /// below 2.
    pub fn copies_to_rarefy_to(&self) -> Option<u32> {
        let counts = &self.sums.least_copies;
        let wanted = (0.95 * self.sums.loci as f64).ceil() as u64;
        let mut above = 0;
        let found = (0..counts.len()).rev().find(|&copies| {
            above += counts[copies];
            above >= wanted
        })?;
        u32::try_from(found).ok().filter(|&copies| copies >= 2)
    }
}

/// Numbers of alleles expected among `copies` gene copies of each group, over the loci where every group has as many: a
/// second pass.
///
/// # Errors
/// Returns an error if the source fails, or if no locus has as many copies in every group.
pub fn rarefy(
    source: &mut dyn GenotypeSource,
    diversity: &mut Diversity,
    copies: u32,
) -> Result<(), GenotypeError> {
    let groups = diversity.grouping.len() + 1;
    let most = diversity.sizes.last().copied().unwrap_or(0) * 14;
    let factorials = LogFactorials::new(u32::try_from(most).unwrap_or(u32::MAX));
    let mut all = Rarefied::new(groups);
    let grouping = &diversity.grouping;
    for_each_block(
        source,
        |block| {
            let calls = BlockCalls::of(&block, grouping);
            let mut own = Rarefied::new(groups);
            (0..calls.rows()).for_each(|row| own.add(&calls.locus(row), copies, &factorials));
            Ok(own)
        },
        |own| {
            all.merge(&own);
            Ok(())
        },
    )?;
    if all.loci == 0 {
        return Err(GenotypeError::Request(format!(
            "no locus has {copies} gene copies in every group; rarefy to fewer"
        )));
    }
    diversity.rarefied = Some((copies, all));
    Ok(())
}
