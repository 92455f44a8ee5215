//! Small square matrices, of traits × traits.

/// A square matrix, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Square {
    n: usize,
    cells: Vec<f64>,
}

impl Square {
    /// A matrix of zeros.
    pub fn zeros(n: usize) -> Self {
        Self { n, cells: vec![0.0; n * n] }
    }

    /// A matrix of what a function says of row and column.
    pub fn from_fn(n: usize, f: impl Fn(usize, usize) -> f64) -> Self {
        Self { n, cells: (0..n * n).map(|at| f(at / n, at % n)).collect() }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.n
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// A cell.
    ///
    /// # Panics
    /// Panics if there is no such cell.
    pub fn get(&self, row: usize, column: usize) -> f64 {
        self.cells[row * self.n + column]
    }

    /// Adds to a cell.
    pub(crate) fn add(&mut self, row: usize, column: usize, value: f64) {
        self.cells[row * self.n + column] += value;
    }

    /// The product with a column.
    pub(crate) fn times(&self, column: &[f64]) -> Vec<f64> {
        self.cells.chunks(self.n.max(1)).map(|row| row.iter().zip(column).map(|(a, b)| a * b).sum()).collect()
    }

    /// The lower factor L with L L' = self; `None` if it is not positive definite.
    pub(crate) fn factor(&self) -> Option<Self> {
        let mut l = Self::zeros(self.n);
        for i in 0..self.n {
            for j in 0..=i {
                let sum: f64 = (0..j).map(|k| l.get(i, k) * l.get(j, k)).sum();
                let left = self.get(i, j) - sum;
                if i == j {
                    if left <= 1e-13 * self.get(i, i) || !left.is_finite() {
                        return None;
                    }
                    l.add(i, i, left.sqrt());
                } else {
                    l.add(i, j, left / l.get(j, j));
                }
            }
        }
        Some(l)
    }

    /// Inverse and log determinant of a positive definite matrix.
    pub(crate) fn inverse(&self) -> Option<(Self, f64)> {
        let l = self.factor()?;
        let n = self.n;
        // The inverse of L, then its square.
        let mut half = Self::zeros(n);
        for j in 0..n {
            half.add(j, j, 1.0 / l.get(j, j));
            for i in j + 1..n {
                let sum: f64 = (j..i).map(|k| l.get(i, k) * half.get(k, j)).sum();
                half.add(i, j, -sum / l.get(i, i));
            }
        }
        let log = (0..n).map(|i| 2.0 * l.get(i, i).ln()).sum();
        let cell = |i: usize, j: usize| (i.max(j)..n).map(|k| half.get(k, i) * half.get(k, j)).sum();
        Some((Self::from_fn(n, cell), log))
    }
}
