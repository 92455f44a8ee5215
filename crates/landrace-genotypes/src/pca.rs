//! Principal components of the samples: exactly, from the relationship matrix, or by random projection in a few passes
//! over the calls.

use std::io::Write;
use std::sync::Arc;

use faer::Mat;

use crate::gram::{Gram, RowTables};
use crate::source::{GenotypeError, GenotypeSource, for_each_block};

pub mod eigen;
mod loadings;
mod outliers;
mod randomised;
mod stream;

pub use loadings::{Loadings, Projection};
pub use outliers::{Outlier, outliers};
pub use stream::Open;

use stream::Ready;

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
    /// How they were computed.
    pub method: Method,
    /// Passes over the calls.
    pub passes: usize,
    /// Components that are sure to about four digits: all if exact; else those above the gap in the eigenvalues.
    pub converged: usize,
}

/// How components are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// From the relationship matrix, to the last digits.
    Exact,
    /// By a block Krylov method on random vectors, which reads the calls a few times and holds no matrix of samples ×
    /// samples.
    Randomised,
}

impl Method {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Randomised => "randomised",
        }
    }

    /// What suits so many samples: exact up to 5,000, where it is the faster too.
    pub fn for_samples(samples: usize) -> Self {
        if samples <= 5000 { Self::Exact } else { Self::Randomised }
    }
}

/// Computes the first `components` principal components of a source's samples, exactly.
///
/// Each call counts as z = (x/P − p) / √(p(1 − p)/P̄): x is the non-reference dosage, P the sample's ploidy, p the
/// frequency, P̄ the mean ploidy of those called; a missing call counts as the mean, z = 0. The components are the
/// eigenvectors of G = Σ z zᵀ / m (Patterson, Price and Reich 2006; for diploids VanRaden's second matrix). Of the
/// two signs of a vector, that which makes the coordinate of largest size positive is given (the first of equals).
/// Memory: n² numbers of eight bytes for n samples, twice, whatever the number of variants.
///
/// # Errors
/// Returns an error if the source fails, if there are no samples, or if no variant varies. A sample by itself has no
/// components: it is given without any, so that a workflow goes on.
pub fn principal_components(
    source: &mut dyn GenotypeSource,
    components: usize,
) -> Result<PrincipalComponents, GenotypeError> {
    let mut out = PrincipalComponents::empty(source, Method::Exact)?;
    let n = out.samples.len();
    if n == 1 {
        return Ok(out);
    }
    let mut sum = Gram::new(n);
    for_each_block(
        source,
        |block| Ok(Ready::of(block)),
        |ready: Ready| {
            out.count(ready.seen());
            sum.add(&RowTables::from_parts(&ready.block, ready.parts));
            Ok(())
        },
    )?;
    if out.used == 0 {
        return Err(nothing_varies());
    }
    let (values, _) = sum.finish();
    let used = out.used as f64;
    let g = Mat::from_fn(n, n, |i, k| values[i.max(k) * (i.max(k) + 1) / 2 + i.min(k)] / used);
    drop(values);
    out.total = (0..n).map(|i| g[(i, i)]).sum();
    let (vectors, values) = eigen::first(g, components)?;
    out.take(&vectors, values);
    out.passes = 1;
    out.converged = out.values.len();
    Ok(out)
}

/// Computes the first `components` principal components by random projection (block Krylov: Musco and Musco 2015; the
/// randomised singular value decomposition of Halko et al. 2011 with all its powers kept), from random vectors of
/// `seed`. It stops when the components above the largest gap in the eigenvalues are sure to about four digits, or
/// after twelve passes.
///
/// Memory: the calls in two bits (three or four at higher ploidy) as long as they take at most 256 MiB, else `open` is
/// called for each pass; and 48 numbers a sample and pass.
///
/// # Errors
/// As [`principal_components`].
pub fn randomised_components(
    source: &mut dyn GenotypeSource,
    open: &Open<'_>,
    components: usize,
    seed: u64,
) -> Result<PrincipalComponents, GenotypeError> {
    let out = PrincipalComponents::empty(source, Method::Randomised)?;
    if out.samples.len() == 1 {
        return Ok(out);
    }
    randomised::compute(out, source, open, (components, seed))
}

fn nothing_varies() -> GenotypeError {
    GenotypeError::Request("no variant varies among the samples; filter less".to_owned())
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
    fn empty(source: &dyn GenotypeSource, method: Method) -> Result<Self, GenotypeError> {
        let samples = source.header().samples.clone();
        if samples.is_empty() {
            return Err(GenotypeError::Request("no samples; principal components place samples".to_owned()));
        }
        let (vectors, values) = (Vec::new(), Vec::new());
        let (used, monomorphic, imputed) = (0, 0, 0);
        Ok(Self {
            samples,
            vectors,
            values,
            total: 0.0,
            used,
            monomorphic,
            imputed,
            method,
            passes: 0,
            converged: 0,
        })
    }

    fn count(&mut self, seen: stream::Seen) {
        self.used += seen.used;
        self.monomorphic += seen.monomorphic;
        self.imputed += seen.missing;
    }

    fn take(&mut self, vectors: &Mat<f64>, values: Vec<f64>) {
        let vector = |k: usize| with_fixed_sign((0..vectors.nrows()).map(|i| vectors[(i, k)]).collect());
        self.vectors = (0..values.len()).map(vector).collect();
        self.values = values;
    }

    /// The coordinates as a table: sample, PC1, PC2 ...
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write_vectors(&self, out: &mut impl Write) -> std::io::Result<()> {
        let coordinates = |index: usize| self.vectors.iter().map(move |vector| vector[index]);
        write_coordinates(out, &self.samples, self.vectors.len(), coordinates)
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

/// Coordinates as a table: sample, PC1, PC2 ...
fn write_coordinates<I: Iterator<Item = f64>>(
    out: &mut impl Write,
    samples: &[String],
    components: usize,
    coordinates: impl Fn(usize) -> I,
) -> std::io::Result<()> {
    let names: Vec<String> = (1..=components).map(|k| format!("\tPC{k}")).collect();
    writeln!(out, "sample{}", names.concat())?;
    for (index, sample) in samples.iter().enumerate() {
        let row: Vec<String> = coordinates(index).map(|value| format!("\t{value:.9}")).collect();
        writeln!(out, "{sample}{}", row.concat())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::GenotypeBlock;
    use crate::block::{CallGatherer, Layers, Site};
    use crate::matrix::GenotypeMatrix;
    use crate::plane::MISSING;
    use crate::source::SourceHeader;

    /// Samples of ploidies 2 and 4; codes above the ploidy are missing.
    fn matrix(ploidies: &[u8], rows: &[Vec<u8>]) -> Arc<GenotypeMatrix> {
        let site = |index: usize| Site { id: index.to_string().into(), ..Site::default() };
        let block = |start: usize, rows: &[Vec<u8>]| {
            let mut gatherer = CallGatherer::new(ploidies.len());
            rows.iter().for_each(|row| gatherer.push(ploidies, row));
            GenotypeBlock {
                contig: "1".into(),
                samples: ploidies.len(),
                sites: (start..start + rows.len()).map(site).collect(),
                groups: gatherer.take(2),
                layers: Layers::default(),
            }
        };
        let samples = (0..ploidies.len()).map(|index| index.to_string()).collect();
        let header = SourceHeader { samples, ..SourceHeader::default() };
        let (first, second) = rows.split_at(rows.len() / 2);
        Arc::new(GenotypeMatrix::from_blocks(header, vec![block(0, first), block(first.len(), second)]))
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
            prop_assert!((one.total - (0..g.len()).map(|i| g[i][i]).sum::<f64>()).abs() < 1e-5);
            for (vector, value) in one.vectors.iter().zip(&one.values) {
                prop_assert!((vector.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-9);
                for (row, own) in g.iter().zip(vector) {
                    let product: f64 = row.iter().zip(vector).map(|(a, b)| a * b).sum();
                    prop_assert!((product - value * own).abs() < 1e-5);
                }
            }
            prop_assert!(one.values.is_sorted_by(|a, b| a >= b));
        }
    }

    /// Three populations, some calls missing.
    fn populations(n: usize, m: usize, ploidy: u8) -> Arc<GenotypeMatrix> {
        let mut state = 12_345u64;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / f64::from(1u32 << 31)
        };
        let rows: Vec<Vec<u8>> = (0..m)
            .map(|_| {
                let p: Vec<f64> = (0..3).map(|_| 0.1 + 0.8 * next()).collect();
                (0..n)
                    .map(|i| {
                        let x = (0..ploidy).filter(|_| next() < p[i % 3]).count() as u8;
                        if next() < 0.03 { MISSING } else { x }
                    })
                    .collect()
            })
            .collect();
        matrix(&vec![ploidy; n], &rows)
    }

    #[test]
    fn random_projection_agrees_with_the_exact_components_above_the_gap() {
        for ploidy in [2, 4] {
            let matrix = populations(150, 900, ploidy);
            let exact = principal_components(&mut matrix.source(), 6).unwrap();
            let open = || Ok(Box::new(matrix.source()) as Box<dyn GenotypeSource>);
            let run = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| randomised_components(&mut matrix.source(), &open, 6, 1)).unwrap()
            };
            let (one, three) = (run(1), run(3));
            assert_eq!(one.vectors, three.vectors);
            assert!(one.converged >= 2, "{} {}", one.converged, one.passes);
            assert!((one.total / exact.total - 1.0).abs() < 1e-6);
            for k in 0..2 {
                assert!((one.values[k] / exact.values[k] - 1.0).abs() < 1e-5);
                for (a, b) in one.vectors[k].iter().zip(&exact.vectors[k]) {
                    assert!((a - b).abs() < 1e-4, "{a} {b}");
                }
            }
        }
    }

    #[test]
    fn samples_projected_onto_their_own_components_come_back() {
        let matrix = populations(60, 400, 2);
        let pca = principal_components(&mut matrix.source(), 3).unwrap();
        let loadings = Loadings::of(&pca, &mut matrix.source()).unwrap();
        let mut text = Vec::new();
        loadings.write(&mut text).unwrap();
        let again = Loadings::parse(&String::from_utf8(text).unwrap(), "loadings.tsv").unwrap();
        let back = again.project(&mut matrix.source()).unwrap();
        assert_eq!((back.matched, back.flipped, back.absent), (400, 0, 0));
        for (k, vector) in pca.vectors.iter().enumerate() {
            for (i, own) in vector.iter().enumerate() {
                // Missing calls weigh nothing here, and counted as the mean there.
                assert!((back.coordinates[i][k] - own).abs() < 0.02, "{} {own}", back.coordinates[i][k]);
            }
        }
    }
}
