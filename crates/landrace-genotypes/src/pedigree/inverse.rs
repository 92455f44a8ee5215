//! The inverse of the relationship matrix, written down from the pedigree (Henderson 1976; Quaas 1976).

use rayon::prelude::*;

use super::{Kinship, UNKNOWN};
use crate::source::GenotypeError;

/// A sparse symmetric matrix: the lower half, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SparseSymmetric {
    /// Where each row begins in `columns` and `values`; one more than rows.
    pub starts: Vec<usize>,
    /// Columns of each row, ascending; the diagonal is the last.
    pub columns: Vec<u32>,
    /// The values.
    pub values: Vec<f64>,
}

impl SparseSymmetric {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A row of the lower half: columns and values.
    pub fn row(&self, row: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.starts[row]..self.starts[row + 1];
        self.columns[range.clone()]
            .iter()
            .map(|&column| column as usize)
            .zip(self.values[range].iter().copied())
    }

    /// The product with a vector.
    pub fn multiply(&self, vector: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.len()];
        for own in 0..self.len() {
            let mut sum = 0.0;
            for (column, value) in self.row(own) {
                sum += value * vector[column];
                if column != own {
                    out[column] += value * vector[own];
                }
            }
            out[own] += sum;
        }
        out
    }
}

impl Kinship<'_> {
    /// The inverse of the relationship matrix. Memory: some 50 bytes an individual.
    ///
    /// # Errors
    /// Returns an error that names an individual without Mendelian sampling: the offspring of wholly inbred parents
    /// that are one another's copies. The matrix is then singular.
    pub fn inverse(&self) -> Result<SparseSymmetric, GenotypeError> {
        let pedigree = self.pedigree;
        if let Some(own) = self.sampling.iter().position(|&sampling| sampling <= 1e-10) {
            return Err(GenotypeError::Request(format!(
                "the relationship matrix has no inverse: '{}' descends from wholly inbred parents and is their copy; \
                 leave out such copies, or selfings beyond some thirty generations",
                pedigree.names[own]
            )));
        }
        // What offspring add to their parents' rows: the mate with the lower number, and a quarter of 1 / sampling.
        let mut mates: Vec<(u32, u32, f64)> = Vec::new();
        let mut diagonal: Vec<f64> = self.sampling.iter().map(|sampling| 1.0 / sampling).collect();
        for (own, &[sire, dam]) in pedigree.parents.iter().enumerate() {
            let quarter = 0.25 / self.sampling[own];
            let known = [sire, dam].into_iter().filter(|&parent| parent != UNKNOWN);
            known.for_each(|parent| diagonal[parent as usize] += quarter);
            if sire == dam && sire != UNKNOWN {
                // A selfing parent counts once more for each of the two ways round.
                diagonal[sire as usize] += 2.0 * quarter;
            } else if sire != UNKNOWN && dam != UNKNOWN {
                mates.push((sire.max(dam), sire.min(dam), quarter));
            }
        }
        // A stable sort: sums go in the pedigree's order.
        mates.par_sort_by_key(|&(high, low, _)| (high, low));
        let mut out = SparseSymmetric { starts: vec![0], ..SparseSymmetric::default() };
        let mut rest = &mates[..];
        let mut row: Vec<(u32, f64)> = Vec::new();
        for (own, &[sire, dam]) in pedigree.parents.iter().enumerate() {
            row.clear();
            let half = -0.5 / self.sampling[own];
            row.extend(
                [sire, dam].into_iter().filter(|&parent| parent != UNKNOWN).map(|parent| (parent, half)),
            );
            let end = rest.iter().take_while(|&&(high, ..)| high as usize == own).count();
            row.extend(rest[..end].iter().map(|&(_, low, quarter)| (low, quarter)));
            rest = &rest[end..];
            row.sort_by_key(|&(column, _)| column);
            for &(column, value) in &row {
                let is_same = out.columns.len() > out.starts[own] && out.columns.last() == Some(&column);
                match out.values.last_mut().filter(|_| is_same) {
                    Some(last) => *last += value,
                    None => {
                        out.columns.push(column);
                        out.values.push(value);
                    }
                }
            }
            out.columns.push(own as u32);
            out.values.push(diagonal[own]);
            out.starts.push(out.columns.len());
        }
        Ok(out)
    }
}
