//! Principal components of the samples, exactly: the relationship matrix from blocks, then its eigenvectors.

use std::io::Write;
use std::sync::Arc;

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, Par};
use rayon::prelude::*;

use crate::block::GenotypeBlock;
use crate::plane::MISSING;
use crate::source::{GenotypeError, GenotypeSource, for_each_block};

/// Principal components.
#[derive(Clone, Debug)]
pub struct PrincipalComponents {
    /// Names of the samples.
    pub samples: Arc<[String]>,
    /// For each component, one coordinate a sample; unit length.
    pub vectors: Vec<Vec<f64>>,
    /// Variance of each component, falling.
    pub values: Vec<f64>,
    /// Sum of all eigenvalues, also of components not kept.
    pub total: f64,
    /// Variants that went in.
    pub used: u64,
    /// Variants left out because all calls are the same, or missing.
    pub monomorphic: u64,
    /// Missing calls that counted as the variant's mean.
    pub imputed: u64,
}

/// Rows and columns of the relationship matrix that one task adds to.
const TILE: usize = 256;

/// Computes the first `components` principal components of a source's samples.
///
/// Each call counts as z = (x/P − p) / √(p(1 − p)/P̄): x is the non-reference dosage, P the sample's ploidy, p the
/// frequency, P̄ the mean ploidy of those called; a missing call counts as the mean, z = 0. The components are the
/// eigenvectors of G = Σ z zᵀ / m (Patterson, Price and Reich 2006; for diploids VanRaden's second matrix). Of the
/// two signs of a vector, that which makes the coordinate of largest size positive is given (the first of equals).
/// Memory: n² numbers of eight bytes for n samples, three times, whatever the number of variants.
///
/// # Errors
/// Returns an error if the source fails, if there are fewer than two samples, or if no variant varies.
pub fn principal_components(
    source: &mut dyn GenotypeSource,
    components: usize,
) -> Result<PrincipalComponents, GenotypeError> {
    let samples = source.header().samples.clone();
    let n = samples.len();
    if n < 2 {
        return Err(GenotypeError::Request(format!("{n} samples; principal components need two at least")));
    }
    let mut sum = Relationship::new(n);
    for_each_block(
        source,
        |block| Ok(Standardised::of(&block)),
        |block| {
            sum.add(&block);
            Ok(())
        },
    )?;
    if sum.used == 0 {
        return Err(GenotypeError::Request("no variant varies among the samples; filter less".to_owned()));
    }
    let (vectors, values, total) = sum.eigen(components.min(n))?;
    let Relationship { used, monomorphic, imputed, .. } = sum;
    Ok(PrincipalComponents { samples, vectors, values, total, used, monomorphic, imputed })
}

/// A block's variants that vary: samples × variants.
struct Standardised {
    z: Mat<f64>,
    monomorphic: u64,
    imputed: u64,
}

impl Standardised {
    fn of(block: &GenotypeBlock) -> Self {
        let ploidies = block.ploidies();
        let (mut codes, mut columns) = (Vec::new(), Vec::new());
        let (mut monomorphic, mut imputed) = (0, 0);
        for row in 0..block.rows() {
            block.unpack(row, &mut codes);
            match standardise(&codes, &ploidies) {
                Some((z, missing)) => {
                    columns.push(z);
                    imputed += missing;
                }
                None => monomorphic += 1,
            }
        }
        let z = Mat::from_fn(block.samples, columns.len(), |sample, variant| columns[variant][sample]);
        Self { z, monomorphic, imputed }
    }
}

/// One variant's z, and how many calls were missing; `None` if it does not vary.
fn standardise(codes: &[u8], ploidies: &[u8]) -> Option<(Vec<f64>, u64)> {
    let (mut dosage, mut copies, mut called) = (0u64, 0u64, 0u64);
    for (&code, &ploidy) in codes.iter().zip(ploidies).filter(|(code, _)| **code != MISSING) {
        dosage += u64::from(code);
        copies += u64::from(ploidy);
        called += 1;
    }
    if dosage == 0 || dosage == copies {
        return None;
    }
    let p = dosage as f64 / copies as f64;
    let mean_ploidy = copies as f64 / called as f64;
    let scale = (mean_ploidy / (p * (1.0 - p))).sqrt();
    let z = codes.iter().zip(ploidies).map(|(&code, &ploidy)| match code {
        MISSING => 0.0,
        code => (f64::from(code) / f64::from(ploidy) - p) * scale,
    });
    Some((z.collect(), codes.len() as u64 - called))
}

/// The sum of z zᵀ, tile by tile of its lower half.
struct Relationship {
    n: usize,
    tiles: Vec<Tile>,
    used: u64,
    monomorphic: u64,
    imputed: u64,
}

struct Tile {
    row: usize,
    column: usize,
    sum: Mat<f64>,
}

/// Eigenvectors and eigenvalues, falling, and the sum of all eigenvalues.
type Eigen = (Vec<Vec<f64>>, Vec<f64>, f64);

impl Relationship {
    fn new(n: usize) -> Self {
        let starts = || (0..n).step_by(TILE);
        let tiles = starts()
            .flat_map(|row| starts().filter(move |&column| column <= row).map(move |column| (row, column)))
            .map(|(row, column)| {
                let sum = Mat::zeros(TILE.min(n - row), TILE.min(n - column));
                Tile { row, column, sum }
            })
            .collect();
        Self { n, tiles, used: 0, monomorphic: 0, imputed: 0 }
    }

    /// Adds a block. Each tile is one sequential product, so that sums do not depend on the number of threads.
    fn add(&mut self, block: &Standardised) {
        let z = &block.z;
        self.tiles.par_iter_mut().for_each(|tile| {
            let left = z.subrows(tile.row, tile.sum.nrows());
            let right = z.subrows(tile.column, tile.sum.ncols());
            matmul(tile.sum.as_mut(), Accum::Add, left, right.transpose(), 1.0, Par::Seq);
        });
        self.used += z.ncols() as u64;
        self.monomorphic += block.monomorphic;
        self.imputed += block.imputed;
    }

    /// The first eigenvectors and eigenvalues of the mean, and the sum of all eigenvalues.
    fn eigen(&self, components: usize) -> Result<Eigen, GenotypeError> {
        let mut g = Mat::zeros(self.n, self.n);
        for tile in &self.tiles {
            for j in 0..tile.sum.ncols() {
                for i in 0..tile.sum.nrows() {
                    let value = tile.sum[(i, j)] / self.used as f64;
                    g[(tile.row + i, tile.column + j)] = value;
                    g[(tile.column + j, tile.row + i)] = value;
                }
            }
        }
        let total = (0..self.n).map(|i| g[(i, i)]).sum();
        let (vectors, values) = symmetric_eigen(g)?;
        let last = self.n;
        let chosen = (0..components).map(|k| last - 1 - k);
        let vectors = chosen.clone().map(|k| with_fixed_sign((0..self.n).map(|i| vectors[(i, k)]).collect()));
        Ok((vectors.collect(), chosen.map(|k| values[k]).collect(), total))
    }
}

/// Eigenvectors (columns) and rising eigenvalues of a symmetric matrix, at a constant degree of parallelism.
fn symmetric_eigen(matrix: Mat<f64>) -> Result<(Mat<f64>, Vec<f64>), GenotypeError> {
    let n = matrix.nrows();
    let (mut vectors, mut values) = (Mat::zeros(n, n), Diag::zeros(n));
    let parameters = faer::Spec::default();
    let scratch = self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::Yes, Par::Seq, parameters);
    let mut memory = MemBuffer::new(scratch);
    let target: Option<MatMut<'_, f64>> = Some(vectors.as_mut());
    self_adjoint_evd(
        matrix.as_ref(),
        values.as_mut(),
        target,
        Par::Seq,
        MemStack::new(&mut memory),
        parameters,
    )
    .map_err(|_| {
        GenotypeError::Request("the eigenvectors do not converge; filter the variants".to_owned())
    })?;
    let values = values.column_vector().iter().copied().collect();
    Ok((vectors, values))
}

fn with_fixed_sign(mut vector: Vec<f64>) -> Vec<f64> {
    let mut largest = 0.0f64;
    for &value in &vector {
        // Sizes that differ by rounding alone count as equal.
        if value.abs() > largest.abs() * (1.0 + 1e-9) {
            largest = value;
        }
    }
    if largest < 0.0 {
        vector.iter_mut().for_each(|value| *value = -*value);
    }
    vector
}

impl PrincipalComponents {
    /// The coordinates as a table: sample, PC1, PC2 ...
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write_vectors(&self, out: &mut impl Write) -> std::io::Result<()> {
        let names: Vec<String> = (1..=self.vectors.len()).map(|k| format!("\tPC{k}")).collect();
        writeln!(out, "sample{}", names.concat())?;
        for (index, sample) in self.samples.iter().enumerate() {
            let row: Vec<String> =
                self.vectors.iter().map(|vector| format!("\t{:.9}", vector[index])).collect();
            writeln!(out, "{sample}{}", row.concat())?;
        }
        Ok(())
    }

    /// The eigenvalues as a table: component, eigenvalue, share of the variance.
    pub fn value_table(&self) -> String {
        let rows = self.values.iter().zip(1..).map(|(value, k)| {
            let share = value / self.total;
            format!("PC{k}\t{value:.9}\t{share:.9}\n")
        });
        "component\teigenvalue\tshare_of_variance\n".to_owned() + &rows.collect::<String>()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::block::{CallGatherer, Layers, Site};
    use crate::matrix::GenotypeMatrix;
    use crate::source::SourceHeader;

    /// Samples of ploidies 2 and 4; codes above the ploidy are missing.
    fn matrix(ploidies: &[u8], rows: &[Vec<u8>]) -> Arc<GenotypeMatrix> {
        let block = |rows: &[Vec<u8>]| {
            let mut gatherer = CallGatherer::new(ploidies.len());
            rows.iter().for_each(|row| gatherer.push(ploidies, row));
            GenotypeBlock {
                contig: "1".into(),
                samples: ploidies.len(),
                sites: vec![Site::default(); rows.len()],
                groups: gatherer.take(2),
                layers: Layers::default(),
            }
        };
        let samples = (0..ploidies.len()).map(|index| index.to_string()).collect();
        let header = SourceHeader { samples, ..SourceHeader::default() };
        let (first, second) = rows.split_at(rows.len() / 2);
        Arc::new(GenotypeMatrix::from_blocks(header, vec![block(first), block(second)]))
    }

    /// The mean of z zᵀ, number by number.
    fn relationship(ploidies: &[u8], rows: &[Vec<u8>]) -> Vec<Vec<f64>> {
        let n = ploidies.len();
        let (mut g, mut used) = (vec![vec![0.0; n]; n], 0.0);
        for row in rows {
            let called = || (0..n).filter(|&i| row[i] != MISSING);
            let copies: f64 = called().map(|i| f64::from(ploidies[i])).sum();
            let p = called().map(|i| f64::from(row[i])).sum::<f64>() / copies;
            if !(p > 0.0 && p < 1.0) {
                continue;
            }
            let spread = (p * (1.0 - p) / (copies / called().count() as f64)).sqrt();
            let z: Vec<f64> = (0..n)
                .map(|i| {
                    if row[i] == MISSING {
                        0.0
                    } else {
                        (f64::from(row[i]) / f64::from(ploidies[i]) - p) / spread
                    }
                })
                .collect();
            (0..n).for_each(|i| (0..n).for_each(|j| g[i][j] += z[i] * z[j]));
            used += 1.0;
        }
        g.iter_mut().flatten().for_each(|value| *value /= used);
        g
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn components_are_eigenvectors_and_do_not_depend_on_threads(
            (ploidies, rows) in (3usize..24).prop_flat_map(|n| {
                let ploidies = prop::collection::vec(prop_oneof![Just(2u8), Just(4u8)], n);
                (ploidies, prop::collection::vec(prop::collection::vec(0u8..6, n), 6..60))
            }),
        ) {
            let rows: Vec<Vec<u8>> = rows.iter().map(|row| row.iter().zip(&ploidies)
                .map(|(&code, &ploidy)| if code > ploidy { MISSING } else { code }).collect()).collect();
            let matrix = matrix(&ploidies, &rows);
            let run = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| principal_components(&mut matrix.source(), 3)).unwrap()
            };
            let (one, three) = (run(1), run(3));
            prop_assert_eq!(&one.vectors, &three.vectors);
            prop_assert_eq!(&one.values, &three.values);
            let g = relationship(&ploidies, &rows);
            prop_assert!((one.total - (0..g.len()).map(|i| g[i][i]).sum::<f64>()).abs() < 1e-9);
            for (vector, value) in one.vectors.iter().zip(&one.values) {
                prop_assert!((vector.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-9);
                for (row, own) in g.iter().zip(vector) {
                    let product: f64 = row.iter().zip(vector).map(|(a, b)| a * b).sum();
                    prop_assert!((product - value * own).abs() < 1e-8);
                }
            }
            prop_assert!(one.values.is_sorted_by(|a, b| a >= b));
        }
    }
}
