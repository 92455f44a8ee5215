//! A whole set of genotypes in memory, for methods that need any variant at any time.

use std::sync::Arc;

use crate::block::{GenotypeBlock, Site, SiteCounts};
use crate::kernel::{PairSums, pair_sums};
use crate::plane::MISSING;
use crate::source::{GenotypeError, GenotypeSource, ParseStretch, SourceHeader, Stretch, for_each_block};

/// All blocks of a source, in its order. Two bits a call for diploids, and what the sites hold.
#[derive(Clone, Debug, Default)]
pub struct GenotypeMatrix {
    header: SourceHeader,
    blocks: Vec<GenotypeBlock>,
    /// Index of each block's first variant, and the number of variants at the end.
    starts: Vec<usize>,
}

impl GenotypeMatrix {
    /// Reads a source to its end.
    ///
    /// # Errors
    /// Returns an error if the source fails.
    pub fn from_source(source: &mut dyn GenotypeSource) -> Result<Self, GenotypeError> {
        let mut blocks = Vec::new();
        for_each_block(source, Ok, |block| {
            blocks.push(block);
            Ok(())
        })?;
        Ok(Self::from_blocks(source.header().clone(), blocks))
    }

    /// Puts blocks of the header's samples together.
    pub fn from_blocks(header: SourceHeader, blocks: Vec<GenotypeBlock>) -> Self {
        let blocks: Vec<GenotypeBlock> = blocks.into_iter().filter(|block| block.rows() > 0).collect();
        let mut starts = vec![0];
        for block in &blocks {
            starts.push(starts.last().copied().unwrap_or(0) + block.rows());
        }
        Self { header, blocks, starts }
    }

    /// Samples, contigs and what else the source said.
    pub fn header(&self) -> &SourceHeader {
        &self.header
    }

    /// Names of the samples.
    pub fn samples(&self) -> &[String] {
        &self.header.samples
    }

    /// The blocks, in order.
    pub fn blocks(&self) -> &[GenotypeBlock] {
        &self.blocks
    }

    /// Number of variants.
    pub fn variants(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    /// The block of a variant and its row there.
    ///
    /// # Panics
    /// Panics if there is no such variant; so do all that take a variant's index.
    pub fn locate(&self, variant: usize) -> (&GenotypeBlock, usize) {
        let block = self.starts.partition_point(|&start| start <= variant) - 1;
        (&self.blocks[block], variant - self.starts[block])
    }

    /// A variant's site.
    pub fn site(&self, variant: usize) -> &Site {
        let (block, row) = self.locate(variant);
        &block.sites[row]
    }

    /// Name of a variant's contig.
    pub fn contig(&self, variant: usize) -> &str {
        &self.locate(variant).0.contig
    }

    /// Counts of a variant's calls.
    pub fn counts(&self, variant: usize) -> SiteCounts {
        let (block, row) = self.locate(variant);
        block.counts(row)
    }

    /// How often each allele of a variant was called; the reference first.
    pub fn allele_counts(&self, variant: usize) -> Vec<u64> {
        self.counts(variant).alleles
    }

    /// Share of samples with a call.
    pub fn call_rate(&self, variant: usize) -> f64 {
        self.counts(variant).call_rate()
    }

    /// Minor allele frequency; 0 without calls.
    pub fn maf(&self, variant: usize) -> f64 {
        self.counts(variant).minor_frequency().unwrap_or(0.0)
    }

    /// Puts one code a sample into `out`: the non-reference dosage, or [`MISSING`].
    pub fn unpack(&self, variant: usize, out: &mut Vec<u8>) {
        let (block, row) = self.locate(variant);
        block.unpack(row, out);
    }

    /// Squared correlation of two variants' dosages (dosage / ploidy where ploidies differ) over the samples that
    /// have both: composite linkage disequilibrium, which needs no phase. `None` if either does not vary there.
    pub fn r2(&self, first: usize, second: usize) -> Option<f64> {
        let ((a, i), (b, j)) = (self.locate(first), self.locate(second));
        let same_groups = a.groups.len() == b.groups.len()
            && a.groups
                .iter()
                .zip(&b.groups)
                .all(|(x, y)| x.calls.ploidy() == y.calls.ploidy() && x.samples == y.samples);
        if !same_groups {
            return self.r2_of_unlike(first, second);
        }
        let mut sums = Sums::default();
        for (x, y) in a.groups.iter().zip(&b.groups) {
            let (x, y) = (x.calls.row(i), y.calls.row(j));
            sums.add(pair_sums(x.bits(), y.bits(), x.words()), f64::from(x.ploidy()));
        }
        sums.r2()
    }

    fn r2_of_unlike(&self, first: usize, second: usize) -> Option<f64> {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        self.unpack(first, &mut x);
        self.unpack(second, &mut y);
        let (p, q) = (self.locate(first).0.ploidies(), self.locate(second).0.ploidies());
        let mut sums = Sums::default();
        for sample in (0..x.len()).filter(|&sample| x[sample] != MISSING && y[sample] != MISSING) {
            let a = f64::from(x[sample]) / f64::from(p[sample]);
            let b = f64::from(y[sample]) / f64::from(q[sample]);
            sums.n += 1.0;
            sums.x += a;
            sums.y += b;
            sums.xx += a * a;
            sums.yy += b * b;
            sums.xy += a * b;
        }
        sums.r2()
    }

    /// The matrix as a source of blocks, for whatever folds over them.
    pub fn source(self: &Arc<Self>) -> MatrixSource {
        MatrixSource { matrix: self.clone(), header: self.header.clone(), next: 0 }
    }
}

/// Sums of dosages over ploidy.
#[derive(Default)]
struct Sums {
    n: f64,
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Sums {
    fn add(&mut self, own: PairSums, ploidy: f64) {
        self.n += own.n as f64;
        self.x += own.x as f64 / ploidy;
        self.y += own.y as f64 / ploidy;
        self.xx += own.xx as f64 / (ploidy * ploidy);
        self.yy += own.yy as f64 / (ploidy * ploidy);
        self.xy += own.xy as f64 / (ploidy * ploidy);
    }

    fn r2(&self) -> Option<f64> {
        let covariance = self.n * self.xy - self.x * self.y;
        let spread = (self.n * self.xx - self.x * self.x) * (self.n * self.yy - self.y * self.y);
        // Both spreads are sums of squares times n²; less than this is rounding.
        (spread > 1e-9).then(|| (covariance * covariance / spread).min(1.0))
    }
}

/// A matrix's blocks as a source.
pub struct MatrixSource {
    matrix: Arc<GenotypeMatrix>,
    header: SourceHeader,
    next: usize,
}

struct Held(Arc<GenotypeMatrix>);

impl ParseStretch for Held {
    fn blocks(&self, stretch: Stretch) -> Result<Vec<GenotypeBlock>, GenotypeError> {
        let index = usize::try_from(stretch.first).unwrap_or(usize::MAX);
        Ok(self.0.blocks.get(index).cloned().into_iter().collect())
    }
}

impl GenotypeSource for MatrixSource {
    fn header(&self) -> &SourceHeader {
        &self.header
    }

    fn declare(&mut self, contigs: Vec<String>) {
        self.header.declare(contigs);
    }

    fn next_stretch(&mut self) -> Result<Option<Stretch>, GenotypeError> {
        let index = self.next;
        self.next += 1;
        Ok((index < self.matrix.blocks.len()).then(|| Stretch { first: index as u64, ..Stretch::default() }))
    }

    fn extent(&self, stretch: &Stretch) -> Option<(String, u64, u64)> {
        let block = self.matrix.blocks.get(usize::try_from(stretch.first).ok()?)?;
        let position = |site: Option<&Site>| site?.position.map(landrace_genome::Position::get);
        Some((block.contig.to_string(), position(block.sites.first())?, position(block.sites.last())?))
    }

    fn parser(&self) -> Arc<dyn ParseStretch> {
        Arc::new(Held(self.matrix.clone()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::block::{CallGroup, Layers};
    use crate::plane::BitPlanes;

    /// A matrix of one contig whose samples have the ploidies given.
    fn matrix(ploidies: &[u8], rows: &[Vec<u8>]) -> GenotypeMatrix {
        let mut gatherer = crate::block::CallGatherer::new(ploidies.len());
        for row in rows {
            gatherer.push(ploidies, row);
        }
        let block = GenotypeBlock {
            contig: "1".into(),
            samples: ploidies.len(),
            sites: vec![Site::default(); rows.len()],
            groups: gatherer.take(2),
            layers: Layers::default(),
        };
        GenotypeMatrix::from_blocks(SourceHeader::default(), vec![block])
    }

    fn pearson_squared(pairs: &[(f64, f64)]) -> Option<f64> {
        let n = pairs.len() as f64;
        let (mx, my) =
            (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
        let cov: f64 = pairs.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum();
        let (vx, vy): (f64, f64) =
            (pairs.iter().map(|p| (p.0 - mx).powi(2)).sum(), pairs.iter().map(|p| (p.1 - my).powi(2)).sum());
        (vx * vy > 1e-12).then(|| cov * cov / (vx * vy))
    }

    proptest! {
        #[test]
        fn r2_is_that_of_the_dosages(calls in prop::collection::vec((0u8..2, 0u8..6, 0u8..6), 2..150)) {
            let ploidies: Vec<u8> = calls.iter().map(|call| if call.0 == 0 { 2 } else { 4 }).collect();
            let code = |code: u8, ploidy: u8| if code > ploidy { MISSING } else { code };
            let x: Vec<u8> = calls.iter().zip(&ploidies).map(|(call, &p)| code(call.1, p)).collect();
            let y: Vec<u8> = calls.iter().zip(&ploidies).map(|(call, &p)| code(call.2, p)).collect();
            let pairs: Vec<(f64, f64)> = x.iter().zip(&y).zip(&ploidies)
                .filter(|((x, y), _)| **x != MISSING && **y != MISSING)
                .map(|((&x, &y), &p)| (f64::from(x) / f64::from(p), f64::from(y) / f64::from(p)))
                .collect();
            let matrix = matrix(&ploidies, &[x, y]);
            match (matrix.r2(0, 1), pearson_squared(&pairs)) {
                (Some(own), Some(expected)) => prop_assert!((own - expected).abs() < 1e-9),
                (own, expected) => prop_assert_eq!(own.is_some(), expected.is_some()),
            }
        }
    }

    #[test]
    fn variants_are_found_across_blocks() {
        let mut calls = BitPlanes::new(2, 3);
        calls.push_row(&[0, 1, 2]);
        calls.push_row(&[MISSING, 1, 1]);
        let block = GenotypeBlock {
            contig: "a".into(),
            samples: 3,
            sites: vec![Site::default(); 2],
            groups: vec![CallGroup { samples: (0..3).collect(), calls }],
            layers: Layers::default(),
        };
        let other = GenotypeBlock { contig: "b".into(), ..block.clone() };
        let matrix = GenotypeMatrix::from_blocks(SourceHeader::default(), vec![block, other]);
        assert_eq!((matrix.variants(), matrix.contig(1), matrix.contig(2)), (4, "a", "b"));
        assert_eq!(matrix.allele_counts(3), [2, 2]);
        assert!((matrix.call_rate(1) - 2.0 / 3.0).abs() < 1e-12);
    }
}
