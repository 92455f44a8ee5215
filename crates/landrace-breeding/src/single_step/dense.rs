//! Dense symmetric matrices: inverses and products, the same at any number of threads.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::reborrow::ReborrowMut;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Columns of one task.
const COLUMNS: usize = 128;

/// Share of a diagonal element that must be left as pivot.
const LEAST_PIVOT: f64 = 1e-11;

/// The Cholesky factor of a symmetric matrix, of which the lower half is read; `None` if it is not positive definite
/// beyond rounding.
pub(super) fn factor(mut matrix: Mat<f64>) -> Option<Mat<f64>> {
    let n = matrix.nrows();
    let before: Vec<f64> = (0..n).map(|i| matrix[(i, i)]).collect();
    let parameters = faer::Spec::default();
    let mut memory = MemBuffer::new(llt::factor::cholesky_in_place_scratch::<f64>(n, Par::Seq, parameters));
    let stack = MemStack::new(&mut memory);
    let regularisation = llt::factor::LltRegularization::default();
    llt::factor::cholesky_in_place(matrix.as_mut(), regularisation, Par::Seq, stack, parameters).ok()?;
    let is_sound = |(i, before): (usize, &f64)| matrix[(i, i)].powi(2) > LEAST_PIVOT * before;
    before.iter().enumerate().all(is_sound).then_some(matrix)
}

/// A⁻¹ B in place, given A's factor.
pub(super) fn solve(factor: MatRef<'_, f64>, mut rhs: MatMut<'_, f64>) {
    solve_lower_triangular_in_place(factor, rhs.rb_mut(), Par::Seq);
    solve_upper_triangular_in_place(factor.transpose(), rhs, Par::Seq);
}

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
    let factor = factor(matrix)?;
    Some(by_columns(n, n, |start, width| {
        let mut unit = Mat::from_fn(n, width, |i, k| f64::from(u8::from(i == start + k)));
        solve(factor.as_ref(), unit.as_mut());
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
