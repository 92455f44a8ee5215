//! What genotypes add to the pedigree's relationship: G on the scale of A22, and its inverse, whole or by a core (APY).

use faer::{Mat, MatRef};
use landrace_genotypes::pedigree::Kinship;
use landrace_genotypes::relationship::SampleMatrix;

use super::SingleStepError;
use super::additive::{LANES, Row};
use super::dense::{inverse, product};
use crate::predict::cholesky::Cholesky;

/// How G and A22 are put together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GenomicOptions {
    /// Weight of A22 beside G: what the markers do not see, and it makes the matrix invertible.
    pub pedigree_weight: f64,
    /// Whether G is brought to the means of A22's diagonal and other elements (Chen et al. 2011; Christensen 2012).
    pub align: bool,
    /// Individuals that G is inverted by (Misztal et al. 2014), spread evenly over the genotyped; `None` for all.
    pub core: Option<usize>,
}

impl Default for GenomicOptions {
    fn default() -> Self {
        Self { pedigree_weight: 0.05, align: true, core: None }
    }
}

/// How G was changed: `intercept` + `slope` G.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alignment {
    /// Added to all elements.
    pub intercept: f64,
    /// What all elements were multiplied by.
    pub slope: f64,
}

/// The genotyped individuals and what they add to A⁻¹ and to A.
#[derive(Debug)]
pub struct Genomic {
    /// Their numbers in the pedigree.
    pub genotyped: Vec<u32>,
    /// How G was brought to the scale of A22.
    pub alignment: Alignment,
    /// G⁻¹ − A22⁻¹.
    inverse: Mat<f64>,
    /// A22⁻¹ (G − A22) A22⁻¹.
    forward: Mat<f64>,
}

impl Genomic {
    pub(super) fn new(
        kinship: &Kinship<'_>,
        g: &SampleMatrix,
        genotyped: Vec<u32>,
        options: &GenomicOptions,
    ) -> Result<Self, SingleStepError> {
        let n = genotyped.len();
        if n != g.len() || n < 2 {
            let message = format!(
                "{n} of the genotyped individuals are in the pedigree; single-step needs two and more"
            );
            return Err(SingleStepError::Request(message));
        }
        let a22 = kinship.relationship(&genotyped);
        let alignment =
            if options.align { align(&a22, g)? } else { Alignment { intercept: 0.0, slope: 1.0 } };
        let weight = options.pedigree_weight;
        let mixed = |i: usize, k: usize| {
            (1.0 - weight) * (alignment.intercept + alignment.slope * g.get(i, k)) + weight * a22.get(i, k)
        };
        let mixed = Mat::from_fn(n, n, mixed);
        let of_pedigree = Mat::from_fn(n, n, |i, k| a22.get(i, k));
        let singular =
            |what: &str, remedy: &str| SingleStepError::Request(format!("{what} has no inverse; {remedy}"));
        let a_inverse = inverse(of_pedigree).ok_or_else(|| {
            singular(
                "the pedigree's relationship of the genotyped",
                "leave out individuals that are copies of others",
            )
        })?;
        let no_inverse = || {
            singular(
                "the genomic relationship",
                "give the pedigree more weight beside it, or leave out samples that are copies of others",
            )
        };
        let (g, mut correction) = match options.core.filter(|&core| core < n) {
            None => {
                let inverse = inverse(mixed.clone()).ok_or_else(no_inverse)?;
                (mixed, inverse)
            }
            Some(core) => by_core(mixed.as_ref(), core).ok_or_else(no_inverse)?,
        };
        let mut forward = product(a_inverse.as_ref(), product(g.as_ref(), a_inverse.as_ref()).as_ref());
        for k in 0..n {
            for i in 0..n {
                correction[(i, k)] -= a_inverse[(i, k)];
                forward[(i, k)] -= a_inverse[(i, k)];
            }
        }
        Ok(Self { genotyped, alignment, inverse: correction, forward })
    }

    /// Adds (G⁻¹ − A22⁻¹) x.
    pub(super) fn add_inverse(&self, x: &[f64], out: &mut [f64]) {
        let own = Mat::from_fn(self.genotyped.len(), 1, |i, _| x[self.genotyped[i] as usize]);
        let added = product(self.inverse.as_ref(), own.as_ref());
        self.genotyped.iter().enumerate().for_each(|(i, &at)| out[at as usize] += added[(i, 0)]);
    }

    pub(super) fn add_inverse_diagonal(&self, out: &mut [f64]) {
        self.genotyped.iter().enumerate().for_each(|(i, &at)| out[at as usize] += self.inverse[(i, i)]);
    }

    /// A22⁻¹ (G − A22) A22⁻¹ X2 where the individuals are genotyped, else 0.
    pub(super) fn spread(&self, x: &[Row]) -> Vec<Row> {
        let own = Mat::from_fn(self.genotyped.len(), LANES, |i, lane| x[self.genotyped[i] as usize][lane]);
        let added = product(self.forward.as_ref(), own.as_ref());
        let mut out = vec![[0.0; LANES]; x.len()];
        for (i, &at) in self.genotyped.iter().enumerate() {
            (0..LANES).for_each(|lane| out[at as usize][lane] = added[(i, lane)]);
        }
        out
    }
}

/// Means of the diagonal and of the other elements.
fn means(matrix: &SampleMatrix) -> (f64, f64) {
    let n = matrix.len();
    let diagonal: f64 = (0..n).map(|i| matrix.get(i, i)).sum();
    let all: f64 = matrix.values.iter().sum();
    (diagonal / n as f64, (all - diagonal) / (n * (n - 1) / 2) as f64)
}

fn align(a22: &SampleMatrix, g: &SampleMatrix) -> Result<Alignment, SingleStepError> {
    let ((own, between), (g_own, g_between)) = (means(a22), means(g));
    let spread = g_own - g_between;
    if !spread.is_finite() || spread < 1e-9 {
        let message = "the genomic relationship is the same for all pairs; are these the genotypes of different samples?";
        return Err(SingleStepError::Request(message.to_owned()));
    }
    let slope = (own - between) / spread;
    Ok(Alignment { intercept: between - slope * g_between, slope })
}

/// G as a core explains it, and its inverse (Misztal et al. 2014): others depend on each other through the core alone.
fn by_core(g: MatRef<'_, f64>, core: usize) -> Option<(Mat<f64>, Mat<f64>)> {
    let n = g.nrows();
    let core = core.max(1);
    // Evenly spread: individuals are in the order of their genotypes, which is often that of families or years.
    let chosen: Vec<usize> = (0..core).map(|k| k * n / core).collect();
    let others: Vec<usize> = (0..n).filter(|i| chosen.binary_search(i).is_err()).collect();
    let of = |rows: &[usize], columns: &[usize]| {
        Mat::from_fn(rows.len(), columns.len(), |i, k| g[(rows[i], columns[k])])
    };
    let gcc = of(&chosen, &chosen);
    let factor = Cholesky::of(gcc.clone())?;
    let gcn = of(&chosen, &others);
    // P' = Gcc⁻¹ Gcn, a column for each of the others.
    let mut weights = gcn.clone();
    factor.solve(weights.as_mut());
    let left: Vec<f64> = (0..others.len())
        .map(|k| g[(others[k], others[k])] - (0..core).map(|i| weights[(i, k)] * gcn[(i, k)]).sum::<f64>())
        .collect();
    if left.iter().any(|&own| own <= 1e-10) {
        return None;
    }
    let explained = product(weights.transpose(), gcn.as_ref());
    let scaled = Mat::from_fn(core, others.len(), |i, k| weights[(i, k)] / left[k]);
    let of_core = product(scaled.as_ref(), weights.transpose());
    let core_inverse = inverse(gcc)?;
    let (mut whole, mut inverted) = (Mat::zeros(n, n), Mat::zeros(n, n));
    for (i, &a) in chosen.iter().enumerate() {
        for (k, &b) in chosen.iter().enumerate() {
            whole[(a, b)] = g[(a, b)];
            inverted[(a, b)] = core_inverse[(i, k)] + of_core[(i, k)];
        }
        for (k, &b) in others.iter().enumerate() {
            (whole[(a, b)], whole[(b, a)]) = (g[(a, b)], g[(a, b)]);
            (inverted[(a, b)], inverted[(b, a)]) = (-scaled[(i, k)], -scaled[(i, k)]);
        }
    }
    for (i, &a) in others.iter().enumerate() {
        for (k, &b) in others.iter().enumerate() {
            whole[(a, b)] = explained[(i, k)];
        }
        whole[(a, a)] = g[(a, a)];
        inverted[(a, a)] = 1.0 / left[i];
    }
    Some((whole, inverted))
}
