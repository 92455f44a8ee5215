//! r² freed of population structure and of kinship (Mangin and others 2012).
//!
//! In structured panels variants far apart are correlated, because whole groups and families share alleles. r²_S is
//! the squared partial correlation given the structure S; r²_V the squared correlation under the covariance V between
//! individuals; r²_VS both. All are plain correlations of residuals: dosages are multiplied by L⁻¹ (V = L Lᵀ), and
//! what the likewise whitened constant and covariates explain is taken away.

use std::sync::atomic::{AtomicU64, Ordering};

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};

use crate::block::GenotypeBlock;
use crate::ld::band::{PairStore, Place, Prepared};
use crate::ld::pairs::PairColumns;
use crate::ld::rows::Rows;
use crate::plane::MISSING;
use crate::relationship::SampleMatrix;
use crate::source::GenotypeError;

#[cfg(test)]
mod tests;

/// Share of the mean diagonal below which a pivot of V counts as none.
const LEAST_PIVOT: f64 = 1e-6;
/// Ridge added then, as a share of the mean diagonal.
const RIDGE: f64 = 0.01;
/// Share of a variant's sum of squares below which nothing is left of it.
const LEAST_REST: f64 = 1e-9;

/// What dosages are freed of.
#[derive(Debug)]
pub struct Correction {
    samples: usize,
    /// Missing calls that counted as the variant's mean.
    imputed: AtomicU64,
    /// L⁻¹; `None` without kinship.
    whitener: Option<Mat<f64>>,
    /// Orthonormal columns that span the whitened constant and covariates.
    basis: Mat<f64>,
    /// What was added to the diagonal of V.
    pub ridge: f64,
}

impl Correction {
    /// Prepares the correction: V is the relationship of samples `places` of a matrix; each covariate has one value a
    /// sample. If V is not positive definite, 1% of its mean diagonal is added to the diagonal.
    ///
    /// # Errors
    /// Returns an error if V is of no use.
    pub fn new(
        samples: usize,
        relationship: Option<(&SampleMatrix, &[usize])>,
        covariates: &[Vec<f64>],
    ) -> Result<Self, GenotypeError> {
        let mut ridge = 0.0;
        let whitener = match relationship {
            None => None,
            Some((matrix, places)) => {
                let row = |&a: &usize| places.iter().map(move |&b| matrix.get(a, b));
                let v: Vec<f64> = places.iter().flat_map(row).collect();
                let mean = (0..samples).map(|i| v[i * samples + i]).sum::<f64>() / samples.max(1) as f64;
                let factor = cholesky(&v, samples, 0.0, LEAST_PIVOT * mean).or_else(|| {
                    ridge = RIDGE * mean;
                    cholesky(&v, samples, ridge, LEAST_PIVOT * mean)
                });
                let factor = factor.ok_or_else(|| {
                    let message = "the relationship matrix has large negative eigenvalues; give one made from genotypes";
                    GenotypeError::Request(message.to_owned())
                })?;
                Some(inverse(&factor, samples))
            }
        };
        let constant = vec![1.0; samples];
        let columns = std::iter::once(&constant).chain(covariates);
        let columns = columns.map(|column| match &whitener {
            None => column.clone(),
            Some(whitener) => {
                (0..samples).map(|i| (0..=i).map(|j| whitener[(i, j)] * column[j]).sum()).collect()
            }
        });
        let basis = orthonormal(columns.collect());
        let basis = Mat::from_fn(samples, basis.len(), |i, k| basis[k][i]);
        Ok(Self { samples, imputed: AtomicU64::new(0), whitener, basis, ridge })
    }

    /// Missing calls that counted as the variant's mean so far.
    pub fn imputed(&self) -> u64 {
        self.imputed.load(Ordering::Relaxed)
    }

    /// A block's residuals, each of length 1, of the variants that vary and have at least this minor allele
    /// frequency. Missing calls count as the variant's mean.
    ///
    /// # Errors
    /// None so far; the signature is that of all preparations.
    pub fn prepare(&self, block: &GenotypeBlock, min_maf: f64) -> Result<Prepared<Residuals>, GenotypeError> {
        let rows = Rows::pack(block);
        let is_wanted = |row: &usize| {
            !rows.sums(*row).is_constant() && rows.sums(*row).minor_frequency() >= min_maf - 1e-9
        };
        let keep: Vec<usize> = (0..block.rows()).filter(is_wanted).collect();
        let (ploidies, mut codes, mut imputed) = (block.ploidies(), Vec::new(), 0);
        let mut x = Mat::zeros(self.samples, keep.len());
        for (column, &row) in keep.iter().enumerate() {
            block.unpack(row, &mut codes);
            let shares = || {
                let called = codes.iter().zip(&ploidies).filter(|(code, _)| **code != MISSING);
                called.map(|(&code, &ploidy)| f64::from(code) / f64::from(ploidy))
            };
            let called = shares().count();
            let mean = shares().sum::<f64>() / called.max(1) as f64;
            imputed += (codes.len() - called) as u64;
            for (sample, (&code, &ploidy)) in codes.iter().zip(&ploidies).enumerate() {
                x[(sample, column)] =
                    if code == MISSING { 0.0 } else { f64::from(code) / f64::from(ploidy) - mean };
            }
        }
        self.imputed.fetch_add(imputed, Ordering::Relaxed);
        let store = self.residuals(x);
        let places = keep.iter().map(|&row| Place::of(&block.contig, &block.sites[row])).collect();
        Ok(Prepared { places, store, left_out: (block.rows() - keep.len()) as u64 })
    }

    fn residuals(&self, x: Mat<f64>) -> Residuals {
        let (n, m) = (x.nrows(), x.ncols());
        let mut e = match &self.whitener {
            None => x,
            Some(whitener) => {
                let mut e = Mat::zeros(n, m);
                matmul(e.as_mut(), Accum::Replace, whitener.as_ref(), x.as_ref(), 1.0, Par::Seq);
                e
            }
        };
        let before: Vec<f64> = (0..m).map(|j| (0..n).map(|i| e[(i, j)].powi(2)).sum()).collect();
        let mut explained = Mat::zeros(self.basis.ncols(), m);
        matmul(explained.as_mut(), Accum::Replace, self.basis.transpose(), e.as_ref(), 1.0, Par::Seq);
        matmul(e.as_mut(), Accum::Add, self.basis.as_ref(), explained.as_ref(), -1.0, Par::Seq);
        let mut out = Residuals { samples: n, values: Vec::with_capacity(n * m), count: m };
        for (j, before) in before.into_iter().enumerate() {
            let squares: f64 = (0..n).map(|i| e[(i, j)].powi(2)).sum();
            // What is left of a variant that structure explains is rounding: it correlates with nothing.
            let scale = if squares > LEAST_REST * before { 1.0 / squares.sqrt() } else { 0.0 };
            out.values.extend((0..n).map(|i| e[(i, j)] * scale));
        }
        out
    }
}

/// Variants as residuals of length 1; all zeros where nothing is left.
#[derive(Clone, Debug, Default)]
pub struct Residuals {
    samples: usize,
    values: Vec<f64>,
    count: usize,
}

impl Residuals {
    fn column(&self, index: usize) -> &[f64] {
        &self.values[index * self.samples..(index + 1) * self.samples]
    }
}

impl PairStore for Residuals {
    fn held(&self) -> usize {
        self.count
    }

    fn fits_with(&self, other: &Self) -> bool {
        self.count == 0 || other.count == 0 || self.samples == other.samples
    }

    fn take_over(&mut self, other: &Self) {
        self.samples = other.samples;
        self.values.extend_from_slice(&other.values);
        self.count += other.count;
    }

    fn let_go(&mut self, count: usize) {
        self.values.drain(..count * self.samples);
        self.count -= count;
    }

    fn correlation(&self, first: usize, second: usize) -> Option<(u64, f64)> {
        let (a, b) = (self.column(first), self.column(second));
        // Eight sums in a fixed order: as wide as the processor's vectors, and the same everywhere.
        let mut sums = [0.0; 8];
        let (a8, a_rest) = a.as_chunks::<8>();
        let (b8, b_rest) = b.as_chunks::<8>();
        for (a, b) in a8.iter().zip(b8) {
            for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                *sum += a * b;
            }
        }
        let r = sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>();
        let is_there = |column: &[f64]| column.iter().any(|value| *value != 0.0);
        (r != 0.0 || (is_there(a) && is_there(b))).then(|| (self.samples as u64, r.clamp(-1.0, 1.0)))
    }
}

impl PairColumns for Residuals {
    fn header(_with_haplotypes: bool) -> &'static str {
        ""
    }

    fn columns(&self, _first: usize, _second: usize, _with_haplotypes: bool, _out: &mut String) {}
}

/// The lower factor of V + ridge·I, row by row; `None` if a pivot is below `least`.
fn cholesky(v: &[f64], n: usize, ridge: f64, least: f64) -> Option<Vec<f64>> {
    let mut l = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let (row, other) = (&l[i * n..i * n + j], &l[j * n..j * n + j]);
            let rest = v[i * n + j] - dot(row, other);
            if i == j {
                let pivot = rest + ridge;
                if pivot.is_nan() || pivot <= least {
                    return None;
                }
                l[i * n + j] = pivot.sqrt();
            } else {
                l[i * n + j] = rest / l[j * n + j];
            }
        }
    }
    Some(l)
}

/// The inverse of a lower factor.
fn inverse(l: &[f64], n: usize) -> Mat<f64> {
    // Row k of the transposed inverse holds column k, so that sums run along rows.
    let mut transposed = vec![0.0; n * n];
    for k in 0..n {
        transposed[k * n + k] = 1.0 / l[k * n + k];
        for i in k + 1..n {
            let sum = dot(&l[i * n + k..i * n + i], &transposed[k * n + k..k * n + i]);
            transposed[k * n + i] = -sum / l[i * n + i];
        }
    }
    Mat::from_fn(n, n, |i, j| transposed[j * n + i])
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let ((a8, a_rest), (b8, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a8.iter().zip(b8) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

/// Orthonormal columns of the same span (Gram-Schmidt, twice); columns that depend on those before go.
fn orthonormal(columns: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let mut out: Vec<Vec<f64>> = Vec::new();
    for mut column in columns {
        let before = dot(&column, &column);
        for _ in 0..2 {
            for own in &out {
                let share = dot(own, &column);
                column.iter_mut().zip(own).for_each(|(value, own)| *value -= share * own);
            }
        }
        let rest = dot(&column, &column);
        if rest > 1e-12 * before && rest > 0.0 {
            column.iter_mut().for_each(|value| *value /= rest.sqrt());
            out.push(column);
        }
    }
    out
}
