//! Orthonormal bases.

/// Σ a b, in eight sums side by side.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (left, right) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = left.remainder().iter().zip(right.remainder()).map(|(a, b)| a * b).sum();
    let mut parts = [0.0; 8];
    for (a, b) in left.zip(right) {
        parts.iter_mut().zip(a).zip(b).for_each(|((part, a), b)| *part += a * b);
    }
    parts.iter().sum::<f64>() + rest
}

/// An orthonormal basis of columns (Gram and Schmidt, twice), and each column in terms of it.
#[derive(Clone, Default)]
pub(super) struct Basis {
    pub(super) columns: Vec<Vec<f64>>,
    terms: Vec<Vec<f64>>,
}

impl Basis {
    /// Adds a column if the basis leaves more than a part of what its first `covariates` columns leave.
    pub(super) fn add(&mut self, mut column: Vec<f64>, covariates: usize, part: f64) -> bool {
        let mut along = vec![0.0; self.columns.len()];
        let mut before = dot(&column, &column);
        for turn in 0..2 {
            for (index, other) in self.columns.iter().enumerate() {
                let own = dot(&column, other);
                along[index] += own;
                column.iter_mut().zip(other).for_each(|(a, b)| *a -= own * b);
                if turn == 0 && index < covariates {
                    before -= own * own;
                }
            }
        }
        let left = dot(&column, &column);
        if left <= part * before || left <= 0.0 {
            return false;
        }
        let length = left.sqrt();
        column.iter_mut().for_each(|x| *x /= length);
        along.push(length);
        self.columns.push(column);
        self.terms.push(along);
        true
    }

    /// The basis of the first columns.
    pub(super) fn first(&self, count: usize) -> Self {
        Self { columns: self.columns[..count].to_vec(), terms: self.terms[..count].to_vec() }
    }

    /// Forgets the columns from one on.
    pub(super) fn cut(&mut self, first: usize) {
        self.columns.truncate(first);
        self.terms.truncate(first);
    }

    /// Takes the basis from column `first` on out of a column.
    pub(super) fn reduce(&self, column: &mut [f64], first: usize) {
        for other in self.columns[first..].iter().chain(&self.columns[first..]) {
            let own = dot(column, other);
            column.iter_mut().zip(other).for_each(|(a, b)| *a -= own * b);
        }
    }

    /// The direction that is at right angles to all columns but one: rows of the inverse of the columns' terms.
    pub(super) fn dual(&self, column: usize) -> Vec<f64> {
        let size = self.columns.len();
        let mut out = vec![0.0; size];
        for k in column..size {
            let before: f64 = (column..k).map(|i| self.terms[k][i] * out[i]).sum();
            out[k] = (f64::from(u8::from(k == column)) - before) / self.terms[k][k];
        }
        out
    }
}
