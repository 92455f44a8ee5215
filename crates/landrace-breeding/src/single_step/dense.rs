//! Dense symmetric matrices: inverses and products, the same at any number of threads.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;

use crate::predict::cholesky::Cholesky;

/// Columns of one task.
const COLUMNS: usize = 128;

/// The columns of a matrix, in stretches, computed apart.
fn by_columns(rows: usize, columns: usize, some: impl Fn(usize, usize) -> Mat<f64> + Sync) -> Mat<f64> {
    let starts: Vec<usize> = (0..columns).step_by(COLUMNS).collect();
    let parts: Vec<Mat<f64>> =
        starts.par_iter().map(|&start| some(start, COLUMNS.min(columns - start))).collect();
    Mat::from_fn(rows, columns, |i, k| parts[k / COLUMNS][(i, k % COLUMNS)])
}

/// The inverse of a symmetric positive definite matrix.
pub(super) fn inverse(matrix: Mat<f64>) -> Option<Mat<f64>> {
    let n = matrix.nrows();
    let factor = Cholesky::of(matrix)?;
    Some(by_columns(n, n, |start, width| {
        let mut unit = Mat::from_fn(n, width, |i, k| f64::from(u8::from(i == start + k)));
        factor.solve(unit.as_mut());
        unit
    }))
}

/// A B.
pub(super) fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    by_columns(a.nrows(), b.ncols(), |start, width| {
        let mut out = Mat::zeros(a.nrows(), width);
        matmul(out.as_mut(), Accum::Replace, a, b.subcols(start, width), 1.0, Par::Seq);
        out
    })
}
