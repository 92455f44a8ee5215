//! Counts of each sample over the variants of a block.

use crate::block::layer::ABSENT;
use crate::block::{CallGroup, GenotypeBlock, SiteCounts};
use crate::kernel::{ColumnCounts, SPARE_PLACES, bits_set, count_columns, empty_columns};
use crate::plane::MISSING;

/// Parts of one in which expected heterozygotes are summed: whole numbers add up to the same in any order.
const PARTS: f64 = (1u64 << 32) as f64;

/// Counts of one sample over the variants.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SampleTally {
    /// Variants with a call.
    pub called: u64,
    /// Heterozygous calls.
    pub heterozygous: u64,
    /// Calls that could be heterozygous: those of ploidy 2 and more.
    pub could_be_heterozygous: u64,
    /// Calls of the alternate alleles alone.
    pub alternate: u64,
    /// Heterozygotes that random mating would give among its calls, at the frequencies of the set, in parts of
    /// 2⁻³².
    pub expected_parts: u64,
    /// Variants at which it alone has an allele, once.
    pub singletons: u64,
    /// Sum of the depths that are known, and how many are.
    pub depth: (u64, u64),
    /// Sum of the genotype qualities that are known, rounded each, and how many are.
    pub genotype_quality: (u64, u64),
}

impl SampleTally {
    /// Share of heterozygous calls; `None` without calls that could be.
    pub fn heterozygosity(&self) -> Option<f64> {
        (self.could_be_heterozygous > 0).then(|| self.heterozygous as f64 / self.could_be_heterozygous as f64)
    }

    /// Heterozygotes expected among its calls: Σ 1 − Σ pᴾ over the alleles of each.
    pub fn expected_heterozygous(&self) -> f64 {
        self.expected_parts as f64 / PARTS
    }

    /// Inbreeding coefficient by the method of moments: 1 − heterozygotes seen / expected, which is PLINK's
    /// `(O(HOM) − E(HOM)) / (N − E(HOM))`; `None` where none is expected.
    pub fn inbreeding(&self) -> Option<f64> {
        (self.expected_parts > 0).then(|| 1.0 - self.heterozygous as f64 / self.expected_heterozygous())
    }

    /// Takes over another's counts.
    pub fn merge(&mut self, other: &Self) {
        self.called += other.called;
        self.heterozygous += other.heterozygous;
        self.could_be_heterozygous += other.could_be_heterozygous;
        self.alternate += other.alternate;
        self.expected_parts += other.expected_parts;
        self.singletons += other.singletons;
        self.depth = (self.depth.0 + other.depth.0, self.depth.1 + other.depth.1);
        self.genotype_quality.0 += other.genotype_quality.0;
        self.genotype_quality.1 += other.genotype_quality.1;
    }
}

/// The counts of every sample of a block, whose variants' counts are at hand.
pub(super) fn count(block: &GenotypeBlock, counts: &[SiteCounts]) -> Vec<SampleTally> {
    let mut out = vec![SampleTally::default(); block.samples];
    for group in &block.groups {
        count_group(group, counts, &mut out);
    }
    for (row, counts) in counts.iter().enumerate() {
        if block.sites[row].alleles() > 2 {
            mend_multiallelic(block, row, &mut out);
        }
        if counts.alleles.contains(&1) {
            add_singletons(block, row, counts, &mut out);
        }
        add_layers(block, row, &mut out);
    }
    out
}

fn count_group(group: &CallGroup, counts: &[SiteCounts], out: &mut [SampleTally]) {
    let ploidy = group.calls.ploidy();
    let mut columns = ColumnCounts::new(group.samples.len());
    let mut expected = Expected::new(group.samples.len());
    for (row, counts) in counts.iter().enumerate() {
        let calls = group.calls.row(row);
        count_columns(calls.bits(), calls.words(), ploidy, &mut columns);
        expected.add(expected_parts(counts, ploidy), counts, columns.missing());
    }
    empty_columns(&mut columns);
    let rows = counts.len() as u64;
    for (column, &sample) in group.samples.iter().enumerate() {
        let (own, [missing, heterozygous, alternate]) = (&mut out[sample], columns.of(column));
        own.called = rows - missing;
        own.could_be_heterozygous = if ploidy > 1 { own.called } else { 0 };
        own.heterozygous = heterozygous;
        own.alternate = alternate;
        own.expected_parts = expected.of(column);
    }
}

/// Sums over the variants at which each sample is called: the sum over all less those of missing calls, or, where
/// most calls are missing, those of the others.
struct Expected {
    all: u64,
    less: Vec<u64>,
    more: Vec<u64>,
    places: Vec<u32>,
}

impl Expected {
    fn new(samples: usize) -> Self {
        // Columns of padding are counted and never asked for.
        let columns = samples.next_multiple_of(64);
        Self {
            all: 0,
            less: vec![0; columns],
            more: vec![0; columns],
            places: vec![0; columns + SPARE_PLACES],
        }
    }

    /// Adds a variant, given the missing calls of the samples.
    fn add(&mut self, parts: u64, counts: &SiteCounts, missing: &[u64]) {
        if parts == 0 {
            return;
        }
        let is_mostly_missing = 2 * counts.called < counts.samples as u64;
        let (columns, flip) = match is_mostly_missing {
            true => (&mut self.more, !0),
            false => (&mut self.less, 0),
        };
        self.all += if is_mostly_missing { 0 } else { parts };
        // Rows are padded to more words than hold samples.
        let words = &missing[..missing.len().min(columns.len() / 64)];
        let found = bits_set(words, flip, &mut self.places);
        for &place in &self.places[..found] {
            columns[place as usize] += parts;
        }
    }

    fn of(&self, column: usize) -> u64 {
        self.all - self.less[column] + self.more[column]
    }
}

/// The chance that a sample of the ploidy is heterozygous under random mating, in parts.
fn expected_parts(counts: &SiteCounts, ploidy: u8) -> u64 {
    let all = counts.alleles_called();
    if all == 0 || ploidy < 2 {
        return 0;
    }
    let alike = counts.alleles.iter().map(|&n| (n as f64 / all as f64).powi(ploidy.into())).sum::<f64>();
    ((1.0 - alike).max(0.0) * PARTS).round() as u64
}

/// Two different alternate alleles look like one in the dosage: such calls are heterozygous.
fn mend_multiallelic(block: &GenotypeBlock, row: usize, out: &mut [SampleTally]) {
    let Some(calls) = block.layers.alleles.as_ref().and_then(|alleles| alleles.row(row)) else { return };
    let mut codes = Vec::new();
    block.unpack(row, &mut codes);
    for ((own, call), &code) in out.iter_mut().zip(calls).zip(&codes) {
        let ploidy = call.iter().filter(|&&allele| allele != ABSENT).count();
        if usize::from(code) == ploidy && call[..ploidy].iter().any(|&allele| allele != call[0]) {
            own.heterozygous += 1;
            own.alternate -= 1;
        }
    }
}

/// Finds who has the alleles that were called once.
fn add_singletons(block: &GenotypeBlock, row: usize, counts: &SiteCounts, out: &mut [SampleTally]) {
    if counts.alleles.len() > 2 {
        let Some(calls) = block.layers.alleles.as_ref().and_then(|alleles| alleles.row(row)) else { return };
        for (own, call) in out.iter_mut().zip(calls) {
            let once = call.iter().filter(|&&allele| counts.alleles.get(usize::from(allele)) == Some(&1));
            own.singletons += once.count() as u64;
        }
        return;
    }
    let mut codes = Vec::new();
    block.unpack(row, &mut codes);
    for ((own, &code), ploidy) in out.iter_mut().zip(&codes).zip(block.ploidies()) {
        let has_one = |allele: usize, copies: u8| counts.alleles[allele] == 1 && copies == 1;
        let is_single = code != MISSING && (has_one(1, code) || has_one(0, ploidy - code));
        own.singletons += u64::from(is_single);
    }
}

fn add_layers(block: &GenotypeBlock, row: usize, out: &mut [SampleTally]) {
    if let Some(depth) = &block.layers.depth {
        for (own, &depth) in out.iter_mut().zip(depth.row(row)) {
            if let Ok(depth) = u64::try_from(depth) {
                own.depth = (own.depth.0 + depth, own.depth.1 + 1);
            }
        }
    }
    if let Some(quality) = &block.layers.genotype_quality {
        for (own, &quality) in out.iter_mut().zip(quality.row(row)) {
            if quality >= 0.0 {
                let sum = own.genotype_quality.0 + quality.round() as u64;
                own.genotype_quality = (sum, own.genotype_quality.1 + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::block::{CallGatherer, Layers, Site};

    fn block(ploidies: &[u8], rows: &[Vec<u8>]) -> GenotypeBlock {
        let mut gatherer = CallGatherer::new(ploidies.len());
        rows.iter().for_each(|row| gatherer.push(ploidies, row));
        GenotypeBlock {
            contig: "1".into(),
            samples: ploidies.len(),
            sites: vec![Site::default(); rows.len()],
            groups: gatherer.take(2),
            layers: Layers::default(),
        }
    }

    /// The same, one call at a time.
    fn plainly(ploidies: &[u8], rows: &[Vec<u8>]) -> Vec<SampleTally> {
        let mut out = vec![SampleTally::default(); ploidies.len()];
        for row in rows {
            let called = || (0..row.len()).filter(|&s| row[s] != MISSING);
            let all: u64 = called().map(|s| u64::from(ploidies[s])).sum();
            let alternate: u64 = called().map(|s| u64::from(row[s])).sum();
            for s in called() {
                let (own, ploidy) = (&mut out[s], ploidies[s]);
                own.called += 1;
                own.could_be_heterozygous += u64::from(ploidy > 1);
                own.heterozygous += u64::from(row[s] > 0 && row[s] < ploidy);
                own.alternate += u64::from(row[s] == ploidy);
                let (other, others) = (ploidy - row[s], all - alternate);
                own.singletons += u64::from((alternate == 1 && row[s] == 1) || (others == 1 && other == 1));
                let p = alternate as f64 / all as f64;
                let alike = p.powi(ploidy.into()) + (1.0 - p).powi(ploidy.into());
                if ploidy > 1 {
                    own.expected_parts += ((1.0 - alike).max(0.0) * PARTS).round() as u64;
                }
            }
        }
        out
    }

    proptest! {
        #[test]
        fn samples_are_counted_as_one_would_by_hand(
            kinds in prop::collection::vec(0usize..4, 1..150),
            calls in prop::collection::vec(any::<u64>(), 1..90),
            gaps in 0u64..8,
        ) {
            let ploidies: Vec<u8> = kinds.iter().map(|&kind| [1, 2, 4, 6][kind]).collect();
            let rows: Vec<Vec<u8>> = calls.iter().map(|seed| {
                ploidies.iter().zip(0u64..).map(|(&ploidy, sample)| {
                    let draw = (seed ^ sample.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40;
                    if draw % 8 < gaps { MISSING } else { (draw / 8 % (u64::from(ploidy) + 1)) as u8 }
                }).collect()
            }).collect();
            let block = block(&ploidies, &rows);
            let counts: Vec<SiteCounts> = (0..rows.len()).map(|row| block.counts(row)).collect();
            let (found, plain) = (count(&block, &counts), plainly(&ploidies, &rows));
            for (own, expected) in found.iter().zip(&plain) {
                // The rounding of each part may differ by one.
                prop_assert!(own.expected_parts.abs_diff(expected.expected_parts) <= rows.len() as u64);
                prop_assert_eq!(SampleTally { expected_parts: 0, ..*own }, SampleTally { expected_parts: 0, ..*expected });
            }
        }
    }

    #[test]
    fn inbreeding_is_that_of_the_moments() {
        let own = SampleTally { heterozygous: 3, expected_parts: 12 << 32, ..SampleTally::default() };
        assert_eq!(own.inbreeding(), Some(0.75));
        assert_eq!(SampleTally::default().inbreeding(), None);
    }
}
