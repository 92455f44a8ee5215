//! One pass over the loci: sums of each group, each pair and each stretch of the genome.

use landrace_genotypes::{GenotypeBlock, GenotypeError, GenotypeSource, for_each_block};

use super::Sinks;
use super::counts::{BlockCalls, LocusCalls};
use super::grouping::Grouping;
use super::locus::LocusDiversity;
use super::pairs::{PairLocus, PairSums};
use super::stretches::Stretches;
use super::tables;
use super::variance::{Components, of_all};

/// A locus and the measures of its groups.
pub(super) type Measured<'a> = (&'a LocusCalls<'a>, &'a [LocusDiversity]);

/// Sums of one group over its loci.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GroupSums {
    /// Loci with a call.
    pub loci: u64,
    /// Calls.
    pub calls: u64,
    /// Loci with two alleles and more.
    pub polymorphic: u64,
    /// Alleles.
    pub alleles: u64,
    /// Alleles that no other group has.
    pub private: u64,
    /// Σ 1 / Σ p².
    pub effective: f64,
    /// Σ of Shannon's index.
    pub shannon: f64,
    /// Σ 1 − Σ p².
    pub expected: f64,
    /// Σ of polymorphism information contents.
    pub information: f64,
    /// Σ of observed heterozygosities, and loci that have one.
    pub observed: (f64, u64),
    /// Σ of Nei's unbiased expectations, and loci that have one.
    pub unbiased: (f64, u64),
    /// Σ of expectations between samples, and loci that have one.
    pub between: (f64, u64),
    /// Observed and expected (between samples) over the loci that have both.
    pub inbreeding: (f64, f64),
}

impl GroupSums {
    fn add_locus(&mut self, calls: u32, own: &LocusDiversity) {
        let Some(expected) = own.expected else { return };
        self.loci += 1;
        self.calls += u64::from(calls);
        self.polymorphic += u64::from(own.alleles > 1);
        self.alleles += u64::from(own.alleles);
        self.effective += 1.0 / own.homozygosity;
        self.expected += expected;
        self.shannon += own.shannon.unwrap_or(0.0);
        self.information += own.information.unwrap_or(0.0);
        for (sum, value) in [
            (&mut self.observed, own.observed),
            (&mut self.unbiased, own.unbiased),
            (&mut self.between, own.between),
        ] {
            sum.0 += value.unwrap_or(0.0);
            sum.1 += u64::from(value.is_some());
        }
        if let (Some(observed), Some(between)) = (own.observed, own.between) {
            self.inbreeding.0 += observed;
            self.inbreeding.1 += between;
        }
    }

    fn merge(&mut self, other: &Self) {
        self.loci += other.loci;
        self.calls += other.calls;
        self.polymorphic += other.polymorphic;
        self.alleles += other.alleles;
        self.private += other.private;
        self.effective += other.effective;
        self.shannon += other.shannon;
        self.expected += other.expected;
        self.information += other.information;
        for (own, more) in [
            (&mut self.observed, other.observed),
            (&mut self.unbiased, other.unbiased),
            (&mut self.between, other.between),
        ] {
            own.0 += more.0;
            own.1 += more.1;
        }
        self.inbreeding.0 += other.inbreeding.0;
        self.inbreeding.1 += other.inbreeding.1;
    }
}

/// Sums over loci.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    /// Loci read.
    pub loci: u64,
    /// Loci of several alternate alleles that count as reference against all others.
    pub collapsed: u64,
    /// Loci without a place.
    pub unplaced: u64,
    /// Of each group; the last is all together.
    pub groups: Vec<GroupSums>,
    /// Of each pair of groups.
    pub pairs: Vec<PairSums>,
    /// Components of variance over all groups.
    pub components: Components,
    /// Loci by the least number of gene copies that a group has there.
    pub least_copies: Vec<u64>,
}

/// Columns of [`Stretches`].
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    /// Groups, all together included.
    pub groups: usize,
    /// Pairs of groups.
    pub pairs: usize,
}

impl Columns {
    /// Observed heterozygosity, expected heterozygosity between samples (over the same loci), Nei's expectation and
    /// the loci that have it.
    pub fn group(self, group: usize) -> [usize; 4] {
        std::array::from_fn(|k| 4 * group + k)
    }

    /// Hudson's numerator and denominator, Weir and Cockerham's component and total.
    pub fn pair(self, pair: usize) -> [usize; 4] {
        std::array::from_fn(|k| 4 * self.groups + 4 * pair + k)
    }

    /// The components over all groups, by level.
    pub fn components(self) -> [usize; 4] {
        std::array::from_fn(|k| 4 * self.groups + 4 * self.pairs + k)
    }

    /// Number of columns.
    pub fn width(self) -> usize {
        4 * self.groups + 4 * self.pairs + 4
    }
}

impl Sums {
    fn new(grouping: &Grouping, pairs: usize) -> Self {
        Self {
            groups: vec![GroupSums::default(); grouping.len() + 1],
            pairs: vec![PairSums::default(); pairs],
            ..Self::default()
        }
    }

    fn merge(&mut self, other: &Self) {
        self.loci += other.loci;
        self.collapsed += other.collapsed;
        self.unplaced += other.unplaced;
        self.groups.iter_mut().zip(&other.groups).for_each(|(own, more)| own.merge(more));
        self.pairs.iter_mut().zip(&other.pairs).for_each(|(own, more)| own.add(more));
        self.components.add(&other.components);
        add_at_length(&mut self.least_copies, &other.least_copies);
    }

    fn add_locus(&mut self, (locus, own): Measured<'_>, columns: &mut [f64], plan: &Plan<'_>) {
        let layout = plan.columns;
        self.loci += 1;
        let last = own.len() - 1;
        for (group, measured) in own.iter().enumerate() {
            self.groups[group].add_locus(locus.groups[group].samples, measured);
            let [observed, between, unbiased, loci] = layout.group(group);
            if let (Some(seen), Some(expected)) = (measured.observed, measured.between) {
                columns[observed] += seen;
                columns[between] += expected;
            }
            columns[unbiased] += measured.unbiased.unwrap_or(0.0);
            columns[loci] += f64::from(u8::from(measured.unbiased.is_some()));
        }
        let least = own[..last].iter().map(|own| own.copies).min().unwrap_or(0) as usize;
        if self.least_copies.len() <= least {
            self.least_copies.resize(least + 1, 0);
        }
        self.least_copies[least] += 1;
        self.add_pairs(locus, own, columns, plan);
    }

    fn add_components(&mut self, components: &Components, columns: &mut [f64], layout: Columns) {
        self.components.add(components);
        layout.components().iter().zip(components.sigma).for_each(|(&at, sigma)| columns[at] += sigma);
    }

    fn add_pairs(
        &mut self,
        locus: &LocusCalls<'_>,
        own: &[LocusDiversity],
        columns: &mut [f64],
        plan: &Plan<'_>,
    ) {
        if plan.pairs.is_empty() {
            return;
        }
        let prepared = PairLocus::new(*locus, own);
        for (pair, &(first, second)) in plan.pairs.iter().enumerate() {
            let sums = prepared.pair(first, second);
            self.pairs[pair].add(&sums);
            let values = [sums.hudson, sums.between, sums.among, sums.total];
            plan.columns.pair(pair).iter().zip(values).for_each(|(&at, value)| columns[at] += value);
        }
    }
}

fn add_at_length(own: &mut Vec<u64>, other: &[u64]) {
    if own.len() < other.len() {
        own.resize(other.len(), 0);
    }
    own.iter_mut().zip(other).for_each(|(own, more)| *own += more);
}

/// What the pass needs to know.
pub(super) struct Plan<'a> {
    pub(super) grouping: &'a Grouping,
    pub(super) pairs: Vec<(usize, usize)>,
    pub(super) columns: Columns,
    /// Bases of a stretch.
    pub(super) stretch: u64,
}

/// A run of loci of one stretch.
struct Piece {
    /// Its number on the contig; `None` for loci without a place.
    index: Option<u64>,
    columns: Vec<f64>,
}

/// What a block adds.
struct Part {
    contig: std::sync::Arc<str>,
    sums: Sums,
    pieces: Vec<Piece>,
    markers: Vec<u8>,
    private: Vec<u8>,
}

/// Goes through the loci once, writes a line a locus and a line a private allele.
pub(super) fn fold(
    source: &mut dyn GenotypeSource,
    plan: &Plan<'_>,
    sinks: &mut Sinks<'_>,
) -> Result<(Sums, Stretches), GenotypeError> {
    let mut all = Sums::new(plan.grouping, plan.pairs.len());
    let mut stretches = Stretches::new(plan.columns.width());
    let mut unplaced = 0;
    tables::write_heads(sinks)?;
    for_each_block(
        source,
        |block| Ok(part(&block, plan)),
        |part| {
            all.merge(&part.sums);
            for piece in part.pieces {
                match piece.index {
                    Some(index) => stretches.add(&part.contig, index, &piece.columns),
                    None => {
                        stretches.add("", unplaced, &piece.columns);
                        unplaced += 1;
                    }
                }
            }
            sinks.markers.write_all(&part.markers)?;
            Ok(sinks.private.write_all(&part.private)?)
        },
    )?;
    Ok((all, stretches))
}

fn part(block: &GenotypeBlock, plan: &Plan<'_>) -> Part {
    let calls = BlockCalls::of(block, plan.grouping);
    let width = plan.columns.width();
    let mut out = Part {
        contig: block.contig.clone(),
        sums: Sums::new(plan.grouping, plan.pairs.len()),
        pieces: Vec::new(),
        markers: Vec::new(),
        private: Vec::new(),
    };
    // Loci without a place stand alone, unless their sums would take more than 16 MiB a block.
    let together = 1 + block.rows() * width / (1 << 21);
    let mut own = Vec::with_capacity(plan.columns.groups);
    let mut free = 0;
    for row in 0..calls.rows() {
        let locus = calls.locus(row);
        let site = &block.sites[row];
        out.sums.collapsed += u64::from(site.alleles() > locus.width());
        let position = site.position.filter(|_| &*block.contig != "0");
        let index = position.map(|position| (position.get() - 1) / plan.stretch);
        let is_same = match index {
            Some(_) => out.pieces.last().is_some_and(|last: &Piece| last.index == index),
            None => free % together != 0 && out.pieces.last().is_some_and(|last| last.index.is_none()),
        };
        if index.is_none() {
            free += 1;
            out.sums.unplaced += 1;
        }
        if !is_same {
            out.pieces.push(Piece { index, columns: vec![0.0; width] });
        }
        own.clear();
        own.extend((0..locus.groups.len()).map(|group| LocusDiversity::of(&locus, group)));
        let components = of_all(&locus, &plan.grouping.region_of).filter(|_| plan.grouping.len() > 1);
        if let Some(Piece { columns, .. }) = out.pieces.last_mut() {
            out.sums.add_locus((&locus, &own), columns, plan);
            components.iter().for_each(|own| out.sums.add_components(own, columns, plan.columns));
        }
        tables::put_private((block, row), &locus, plan.grouping, (&mut out.private, &mut out.sums.groups));
        tables::put_marker((block, row), (&locus, &own), components.as_ref(), &mut out.markers);
    }
    out
}
