//! Cholesky factors, the same at any number of threads.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::reborrow::ReborrowMut;
use faer::{Mat, MatMut, MatRef, Par};

/// Share of a diagonal element that must be left as pivot.
const LEAST_PIVOT: f64 = 1e-11;

/// A = L Lᵀ.
pub(crate) struct Cholesky {
    factor: Mat<f64>,
}

impl Cholesky {
    /// The factor of a symmetric matrix, of which the lower half is read; `None` if it is not positive definite beyond
    /// rounding.
    pub(crate) fn of(mut matrix: Mat<f64>) -> Option<Self> {
        let n = matrix.nrows();
        let before: Vec<f64> = (0..n).map(|i| matrix[(i, i)]).collect();
        let parameters = faer::Spec::default();
        let scratch = llt::factor::cholesky_in_place_scratch::<f64>(n, Par::Seq, parameters);
        let mut memory = MemBuffer::new(scratch);
        let stack = MemStack::new(&mut memory);
        let regularisation = llt::factor::LltRegularization::default();
        llt::factor::cholesky_in_place(matrix.as_mut(), regularisation, Par::Seq, stack, parameters).ok()?;
        let is_sound = |(i, before): (usize, &f64)| matrix[(i, i)].powi(2) > LEAST_PIVOT * before;
        before.iter().enumerate().all(is_sound).then_some(Self { factor: matrix })
    }

    /// ln |A|.
    pub(crate) fn log_determinant(&self) -> f64 {
        (0..self.factor.nrows()).map(|i| 2.0 * self.factor[(i, i)].ln()).sum()
    }

    /// L⁻¹ B in place.
    pub(crate) fn half_solve(&self, rhs: MatMut<'_, f64>) {
        solve_lower_triangular_in_place(self.factor.as_ref(), rhs, Par::Seq);
    }

    /// L⁻ᵀ B in place.
    pub(crate) fn second_half_solve(&self, rhs: MatMut<'_, f64>) {
        solve_upper_triangular_in_place(self.factor.transpose(), rhs, Par::Seq);
    }

    /// A⁻¹ B in place.
    pub(crate) fn solve(&self, mut rhs: MatMut<'_, f64>) {
        self.half_solve(rhs.rb_mut());
        self.second_half_solve(rhs);
    }

    /// L, of which the lower half counts.
    pub(crate) fn lower(&self) -> MatRef<'_, f64> {
        self.factor.as_ref()
    }

    /// A⁻¹ b.
    pub(crate) fn solved(&self, values: &[f64]) -> Vec<f64> {
        let mut rhs = Mat::from_fn(values.len(), 1, |i, _| values[i]);
        self.solve(rhs.as_mut());
        (0..values.len()).map(|i| rhs[(i, 0)]).collect()
    }
}

/// Adds `factor` B Bᵀ to the lower half of A.
pub(crate) fn add_square(out: MatMut<'_, f64>, b: MatRef<'_, f64>, factor: f64) {
    use faer::linalg::matmul::triangular::{BlockStructure, matmul};
    let (lower, full) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
    matmul(out, lower, faer::Accum::Add, b, full, b.transpose(), full, factor, Par::Seq);
}
