//! How much two groups differ: Hudson's and Weir and Cockerham's Fst, and Nei's distance.

use super::counts::LocusCalls;
use super::locus::LocusDiversity;
use super::variance::{Node, of_two};

/// Sums over the loci that both groups of a pair have.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PairSums {
    /// Loci with two gene copies and more in each.
    pub loci: u64,
    /// Hudson's numerator: unlike pairs between the groups less those within (Bhatia et al. 2013).
    pub hudson: f64,
    /// Hudson's denominator: unlike pairs between the groups, the mean number of differences d_xy.
    pub between: f64,
    /// Weir and Cockerham's component among the groups.
    pub among: f64,
    /// Sum of their three components.
    pub total: f64,
    /// Chance that two copies of the first group are alike, less the bias of a small sample (Nei 1978).
    pub alike_first: f64,
    /// The same of the second.
    pub alike_second: f64,
    /// Chance that a copy of each are alike.
    pub alike_between: f64,
}

impl PairSums {
    /// Adds other loci.
    pub fn add(&mut self, other: &Self) {
        self.loci += other.loci;
        let pairs = [
            (&mut self.hudson, other.hudson),
            (&mut self.between, other.between),
            (&mut self.among, other.among),
            (&mut self.total, other.total),
            (&mut self.alike_first, other.alike_first),
            (&mut self.alike_second, other.alike_second),
            (&mut self.alike_between, other.alike_between),
        ];
        pairs.into_iter().for_each(|(own, more)| *own += more);
    }

    /// Hudson's Fst, the ratio of the sums.
    pub fn hudson_fst(&self) -> Option<f64> {
        ratio(self.hudson, self.between)
    }

    /// Weir and Cockerham's θ, the ratio of the sums.
    pub fn weir_cockerham(&self) -> Option<f64> {
        ratio(self.among, self.total)
    }

    /// Nei's (1978) standard genetic distance.
    pub fn nei_distance(&self) -> Option<f64> {
        let identity = ratio(self.alike_between, (self.alike_first * self.alike_second).sqrt())?;
        Some((-identity.ln()).max(0.0)).filter(|distance| distance.is_finite())
    }
}

/// The quotient; `None` unless the divisor is above 0.
pub fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// What a locus knows of each group, for all pairs.
pub struct PairLocus<'a> {
    locus: LocusCalls<'a>,
    nodes: Vec<Option<Node>>,
    groups: &'a [LocusDiversity],
    varies: bool,
}

impl<'a> PairLocus<'a> {
    /// Prepares a locus whose groups are measured.
    pub fn new(locus: LocusCalls<'a>, groups: &'a [LocusDiversity]) -> Self {
        let nodes = (0..groups.len()).map(|group| Node::of(&locus, group)).collect();
        Self { locus, nodes, groups, varies: locus.varies() }
    }

    /// The locus's part of a pair's sums.
    pub fn pair(&self, first: usize, second: usize) -> PairSums {
        let mut out = PairSums::default();
        let (Some(a), Some(b)) = (&self.nodes[first], &self.nodes[second]) else { return out };
        let (Some(own), Some(other)) = (self.groups[first].unbiased, self.groups[second].unbiased) else {
            return out;
        };
        out.loci = 1;
        if !self.varies {
            (out.alike_first, out.alike_second, out.alike_between) = (1.0, 1.0, 1.0);
            return out;
        }
        let (mut products, mut together) = (0.0, 0.0);
        for (&x, &y) in self.locus.alleles(first).iter().zip(self.locus.alleles(second)) {
            let (x, y) = (f64::from(x), f64::from(y));
            products += x * y;
            together += (x + y) * (x + y);
        }
        out.alike_between = products / (a.copies * b.copies);
        out.between = 1.0 - out.alike_between;
        out.hudson = out.between - (own + other) / 2.0;
        (out.alike_first, out.alike_second) = (1.0 - own, 1.0 - other);
        if let Some((among, total)) = of_two(a, b, together / (a.copies + b.copies)) {
            (out.among, out.total) = (among, total);
        }
        out
    }
}
