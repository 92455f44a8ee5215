//! Signs that a variant is not one locus but several, whose reads were laid over each other: more heterozygotes
//! than mating gives, more reads than the other variants have, and heterozygotes whose reads are not in balance.
//!
//! The first and the last are those of HDplot (McKinney, Waples, Seeb and Seeb 2017), extended to any ploidy.

use crate::block::GenotypeBlock;
use crate::plane::MISSING;

/// Reads of the heterozygotes of a variant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Balance {
    /// Share of the reference allele among their reads.
    pub reference_share: f64,
    /// How far their reference reads are from what their dosages say, in standard deviations of a fair draw of
    /// every read; positive if there are too many.
    pub z: f64,
}

impl Balance {
    /// Sums over the heterozygotes of a variant, from the layer of allele depths; all other alleles count as
    /// one. `None` without that layer or without reads. `codes` are the variant's, unpacked.
    pub fn of(block: &GenotypeBlock, row: usize, codes: &[u8], ploidies: &[u8]) -> Option<Self> {
        let depths = block.layers.allele_depths.as_ref()?;
        let (mut reference, mut reads, mut expected, mut variance) = (0.0, 0.0, 0.0, 0.0);
        for (sample, (&code, &ploidy)) in codes.iter().zip(ploidies).enumerate() {
            if code == MISSING || code == 0 || code >= ploidy {
                continue;
            }
            let own = depths.call(row, sample);
            let all: f64 = own.iter().filter(|&&n| n > 0).map(|&n| f64::from(n)).sum();
            let share = 1.0 - f64::from(code) / f64::from(ploidy);
            reference += f64::from(own.first().copied().unwrap_or(0).max(0));
            reads += all;
            expected += all * share;
            variance += all * share * (1.0 - share);
        }
        (reads > 0.0).then(|| Self {
            reference_share: reference / reads,
            z: (reference - expected) / f64::sqrt(variance),
        })
    }
}

/// Mean depth of a variant over the samples whose depth is known; `None` without any.
pub fn mean_depth(block: &GenotypeBlock, row: usize) -> Option<f64> {
    let known = block.layers.depth.as_ref()?.row(row).iter().filter(|&&depth| depth >= 0);
    let (sum, n) = known.fold((0u64, 0u64), |(sum, n), &depth| (sum + depth.unsigned_abs() as u64, n + 1));
    (n > 0).then(|| sum as f64 / n as f64)
}

/// Bins of each doubling of depth.
const BINS: f64 = 128.0;
/// Doublings below 1 and above that are told apart.
const DOUBLINGS: (f64, f64) = (12.0, 24.0);

/// How many variants have which mean depth, in fixed memory: the same in whatever order they come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DepthProfile {
    /// By the logarithm of depth; empty until the first.
    counts: Vec<u64>,
}

impl DepthProfile {
    /// Counts a variant; those without reads are left out.
    pub fn add(&mut self, mean_depth: f64) {
        if mean_depth > 0.0 {
            self.counts.resize(((DOUBLINGS.0 + DOUBLINGS.1) * BINS) as usize, 0);
            let bin = ((mean_depth.log2() + DOUBLINGS.0) * BINS).max(0.0) as usize;
            let last = self.counts.len() - 1;
            self.counts[bin.min(last)] += 1;
        }
    }

    /// Takes over another's counts.
    pub fn merge(&mut self, other: &Self) {
        self.counts.resize(self.counts.len().max(other.counts.len()), 0);
        self.counts.iter_mut().zip(&other.counts).for_each(|(own, other)| *own += other);
    }

    /// The scale on which a variant's depth is judged: the median, and half the distance between the points
    /// below which 16 and 84 of 100 variants lie, both of the logarithm, so that collapsed paralogs do not hide
    /// themselves by widening it. `None` if all variants are alike or there are fewer than ten.
    pub fn scale(&self) -> Option<DepthScale> {
        let all: u64 = self.counts.iter().sum();
        let spread = (self.quantile(0.841_344_746) - self.quantile(0.158_655_254)) / 2.0;
        (all >= 10 && spread > 0.0).then(|| DepthScale { center: self.quantile(0.5), spread })
    }

    /// Binary logarithm of the depth below which a share of the variants lies, even within a bin.
    fn quantile(&self, share: f64) -> f64 {
        let all: u64 = self.counts.iter().sum();
        let (rank, mut before) = (share * all as f64, 0.0);
        for (bin, &count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let own = count as f64;
            if before + own >= rank {
                return (bin as f64 + (rank - before) / own) / BINS - DOUBLINGS.0;
            }
            before += own;
        }
        0.0
    }
}

/// Where the depths of most variants lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DepthScale {
    center: f64,
    spread: f64,
}

impl DepthScale {
    /// How many standard deviations above the set a mean depth is, on the logarithm; `None` without reads.
    pub fn z(self, mean_depth: f64) -> Option<f64> {
        (mean_depth > 0.0).then(|| (mean_depth.log2() - self.center) / self.spread)
    }

    /// The median depth of the set.
    pub fn median(self) -> f64 {
        self.center.exp2()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{CallGroup, Grid, Layers, Ragged, Site};
    use crate::plane::BitPlanes;

    #[test]
    fn paralogs_stand_out_in_depth() {
        let mut profile = DepthProfile::default();
        // 900 loci about 20 reads deep, 100 of twice that.
        (0..900).for_each(|i| profile.add(20.0 * (1.0 + (f64::from(i % 90) - 44.5) / 300.0)));
        (0..100).for_each(|i| profile.add(40.0 * (1.0 + (f64::from(i) - 49.5) / 300.0)));
        let scale = profile.scale().unwrap();
        assert!((scale.median() / 20.0 - 1.0).abs() < 0.05, "{}", scale.median());
        assert!(scale.z(40.0).unwrap() > 4.0 && scale.z(20.0).unwrap().abs() < 0.3);
        assert_eq!(scale.z(0.0), None);
        assert_eq!(DepthProfile::default().scale(), None);
    }

    #[test]
    fn balance_is_that_of_the_dosages() {
        // Tetraploids of dosage 1 (three quarters of the reads are the reference's), 2, 0 and missing.
        let mut calls = BitPlanes::new(4, 4);
        calls.push_row(&[1, 2, 0, MISSING]);
        let mut depths = Ragged::new(4);
        depths.push_row(2, &[75, 25, 50, 50, 9, 0, -1, -1]);
        let mut depth = Grid::new(4);
        depth.push_row(&[100, 100, 9, -1]);
        let block = GenotypeBlock {
            contig: "1".into(),
            samples: 4,
            sites: vec![Site::default()],
            groups: vec![CallGroup { samples: (0..4).collect(), calls }],
            layers: Layers { allele_depths: Some(depths), depth: Some(depth), ..Layers::default() },
        };
        let balance = Balance::of(&block, 0, &[1, 2, 0, MISSING], &[4; 4]).unwrap();
        assert_eq!((balance.reference_share, balance.z), (0.625, 0.0));
        // As diploids they would be out of balance: 125 of 200 heterozygous reads.
        let balance = Balance::of(&block, 0, &[1, 1, 0, MISSING], &[2; 4]).unwrap();
        assert!((balance.z - 25.0 / 50f64.sqrt()).abs() < 1e-12);
        assert!((mean_depth(&block, 0).unwrap() - 209.0 / 3.0).abs() < 1e-12);
    }
}
