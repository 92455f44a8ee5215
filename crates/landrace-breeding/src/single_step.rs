//! Single-step genomic prediction: pedigree and genotypes in one relationship, so that individuals without genotypes
//! gain from those with (Legarra et al. 2009; Christensen and Lund 2010; Aguilar et al. 2010).
//!
//! H⁻¹ = A⁻¹ + [0 0; 0 G⁻¹ − A22⁻¹], with G brought to the scale of A22 and mixed with a little of it. The mixed model
//! equations are solved by preconditioned conjugate gradients; the variance ratio is the restricted maximum likelihood
//! one, found without a decomposition of H, by Lanczos quadrature over the records.

use landrace_genotypes::GenotypeError;
use landrace_genotypes::pedigree::{Kinship, SparseSymmetric};
use landrace_genotypes::relationship::SampleMatrix;
use rayon::prelude::*;

mod additive;
mod dense;
mod genomic;
mod lanczos;
mod likelihood;
mod method;
mod records;
mod reliability;
mod solve;

pub use genomic::{Alignment, Genomic, GenomicOptions};
pub use likelihood::{Ratio, estimate};
pub use method::SingleStep;
pub use records::Records;
pub use solve::{Solution, Solver, solve};

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum SingleStepError {
    /// Pedigree or genotypes cannot be used.
    #[error(transparent)]
    Genotypes(#[from] GenotypeError),
    /// What is asked for cannot be done.
    #[error("{0}")]
    Request(String),
}

/// The relationship of all individuals of a pedigree, some of whom may be genotyped.
#[derive(Debug)]
pub struct Relationship<'a> {
    /// The pedigree with its inbreeding.
    pub kinship: &'a Kinship<'a>,
    /// A⁻¹.
    pub inverse: SparseSymmetric,
    /// What the genotypes add; `None` for the pedigree alone.
    pub genomic: Option<Genomic>,
}

impl<'a> Relationship<'a> {
    /// The pedigree alone.
    ///
    /// # Errors
    /// Returns an error if A has no inverse.
    pub fn of_pedigree(kinship: &'a Kinship<'a>) -> Result<Self, SingleStepError> {
        Ok(Self { kinship, inverse: kinship.inverse()?, genomic: None })
    }

    /// The pedigree, and the genomic relationship of those of its individuals that are genotyped, given by number in the
    /// matrix's order.
    ///
    /// Memory: three squares of the genotyped, of 8 bytes a pair.
    ///
    /// # Errors
    /// Returns an error if A has no inverse, or if G cannot be brought to the scale of A22.
    pub fn single_step(
        kinship: &'a Kinship<'a>,
        g: &SampleMatrix,
        genotyped: Vec<u32>,
        options: &GenomicOptions,
    ) -> Result<Self, SingleStepError> {
        let genomic = Genomic::new(kinship, g, genotyped, options)?;
        Ok(Self { kinship, inverse: kinship.inverse()?, genomic: Some(genomic) })
    }

    /// Number of individuals.
    pub fn len(&self) -> usize {
        self.kinship.pedigree.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// H⁻¹ x.
    pub fn inverse_times(&self, x: &[f64]) -> Vec<f64> {
        let mut out = self.inverse.multiply(x);
        if let Some(genomic) = &self.genomic {
            genomic.add_inverse(x, &mut out);
        }
        out
    }

    /// The diagonal of H⁻¹.
    pub fn inverse_diagonal(&self) -> Vec<f64> {
        let last = |own: usize| self.inverse.values[self.inverse.starts[own + 1] - 1];
        let mut out: Vec<f64> = (0..self.len()).map(last).collect();
        if let Some(genomic) = &self.genomic {
            genomic.add_inverse_diagonal(&mut out);
        }
        out
    }

    /// H as a whole: 8 bytes a pair of individuals.
    pub fn whole(&self) -> SampleMatrix {
        let n = self.len();
        let starts: Vec<usize> = (0..n).step_by(additive::LANES).collect();
        // Rows of the lower half, some at a time: H is symmetric.
        let rows = starts.par_iter().map(|&start| {
            let end = (start + additive::LANES).min(n);
            let mut x = vec![[0.0; additive::LANES]; n];
            (start..end).for_each(|own| x[own][own - start] = 1.0);
            self.times(&mut x);
            let of = |own: usize| x[..=own].iter().map(move |row| row[own - start]).collect::<Vec<f64>>();
            (start..end).flat_map(of).collect::<Vec<f64>>()
        });
        let rows: Vec<Vec<f64>> = rows.collect();
        SampleMatrix {
            samples: self.kinship.pedigree.names.clone(),
            values: rows.into_iter().flatten().collect(),
        }
    }

    /// H X of several columns: A X + A2 A22⁻¹ (G − A22) A22⁻¹ A2' X.
    pub(crate) fn times(&self, x: &mut [additive::Row]) {
        additive::multiply(self.kinship, x);
        let Some(genomic) = &self.genomic else { return };
        let mut beside = genomic.spread(x);
        additive::multiply(self.kinship, &mut beside);
        for (own, add) in x.iter_mut().zip(&beside) {
            (0..own.len()).for_each(|lane| own[lane] += add[lane]);
        }
    }
}

#[cfg(test)]
mod tests;
