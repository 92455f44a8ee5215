//! How many independent tests the markers amount to, by the eigenvalues of their correlations.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use landrace_genotypes::pca::eigen;
use landrace_genotypes::{GenotypeError, GenotypeSource, for_each_block};

use super::coding::{CodeScratch, Coded, Coder, MarkerAccount};
use super::scan::Scanned;

/// Numbers of tests.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EffectiveTests {
    /// Markers.
    pub markers: usize,
    /// Li and Ji (2005, Heredity 95:221).
    pub li_ji: f64,
    /// Galwey (2009, Genet. Epidemiol. 33:559).
    pub galwey: f64,
}

/// Estimates the number of independent tests among the markers that would be tested on some samples. Markers are taken
/// by blocks of at most 256 neighbours of a contig; those of different blocks count as independent.
///
/// # Errors
/// Returns an error if the source fails.
pub fn effective_tests(
    source: &mut dyn GenotypeSource,
    samples: &[usize],
    scanned: Scanned<'_>,
) -> Result<EffectiveTests, GenotypeError> {
    let coder = Coder { samples, coding: scanned.coding, filter: scanned.filter };
    let mut all = EffectiveTests::default();
    for_each_block(
        source,
        |block| {
            let (mut scratch, mut account) = (CodeScratch::default(), MarkerAccount::default());
            let (mut row, mut out) = (0, EffectiveTests::default());
            while row < block.rows() {
                let (coded, next) = coder.code(&block, row, &mut account, &mut scratch);
                out.add(of_block(&coded)?);
                row = next;
            }
            Ok(out)
        },
        |own| {
            all.add(own);
            Ok(())
        },
    )?;
    Ok(all)
}

impl EffectiveTests {
    fn add(&mut self, other: Self) {
        self.markers += other.markers;
        self.li_ji += other.li_ji;
        self.galwey += other.galwey;
    }
}

fn of_block(coded: &Coded) -> Result<EffectiveTests, GenotypeError> {
    let mut z = coded.columns.clone();
    let width = z.ncols();
    for k in 0..width {
        let column = z.col_as_slice_mut(k);
        let mean = column.iter().sum::<f64>() / column.len() as f64;
        column.iter_mut().for_each(|value| *value -= mean);
        let length = column.iter().map(|value| value * value).sum::<f64>().sqrt();
        column.iter_mut().for_each(|value| *value /= length);
    }
    let mut correlations = Mat::zeros(width, width);
    matmul(correlations.as_mut(), Accum::Replace, z.transpose(), z.as_ref(), 1.0, Par::Seq);
    let (_, values) = eigen::all(correlations.as_ref())?;
    Ok(EffectiveTests {
        markers: coded.markers.len(),
        li_ji: values.iter().map(|&value| share(value)).sum(),
        galwey: galwey(&values),
    })
}

/// What an eigenvalue counts for: 1 if it is 1 or more, and its fraction. Rounding does not make 2 of 1.999...
fn share(value: f64) -> f64 {
    let near = value.round();
    let value = if (value - near).abs() < 1e-9 { near } else { value.max(0.0) };
    f64::from(u8::from(value >= 1.0)) + value.fract()
}

fn galwey(values: &[f64]) -> f64 {
    let above = || values.iter().filter(|&&value| value > 1e-9);
    let sum: f64 = above().sum();
    if sum > 0.0 { above().map(|value| value.sqrt()).sum::<f64>().powi(2) / sum } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_markers_are_one_test_and_unlike_ones_are_many() {
        let column = |k: usize, i: usize| f64::from(u8::from((i >> k) & 1 == 1));
        let coded = |of: &[usize]| Coded {
            markers: Vec::new(),
            columns: Mat::from_fn(16, of.len(), |i, k| column(of[k], i)),
        };
        let alike = of_block(&coded(&[0, 0, 0])).unwrap();
        assert!((alike.li_ji - 1.0).abs() < 1e-9 && (alike.galwey - 1.0).abs() < 1e-6, "{alike:?}");
        let unlike = of_block(&coded(&[0, 1, 2, 3])).unwrap();
        assert!((unlike.li_ji - 4.0).abs() < 1e-9 && (unlike.galwey - 4.0).abs() < 1e-6);
        let both = of_block(&coded(&[0, 0, 1])).unwrap();
        assert!((both.li_ji - 2.0).abs() < 1e-9, "{both:?}");
    }
}
