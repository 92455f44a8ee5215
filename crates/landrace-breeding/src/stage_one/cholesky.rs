//! Cholesky factors of sparse symmetric matrices: minimum degree, elimination tree, rows of the factor one by one.
//!
//! Davis 2006, Direct Methods for Sparse Linear Systems, gives the method (up-looking factorisation).

use std::collections::BTreeSet;

const NONE: usize = usize::MAX;

/// A symmetric matrix by the rows of its lower triangle, in a fixed pattern.
#[derive(Clone, Debug, Default)]
pub(super) struct Symmetric {
    /// Order.
    pub(super) n: usize,
    /// Start of each row in `columns`; one more than rows.
    pub(super) starts: Vec<usize>,
    /// Columns of each row, ascending, the diagonal last.
    pub(super) columns: Vec<usize>,
    /// Values.
    pub(super) values: Vec<f64>,
}

/// The order and the pattern of a factor, which serve every matrix of the same pattern.
#[derive(Clone, Debug)]
pub(super) struct Symbolic {
    /// `order[k]` is eliminated as the k-th.
    order: Vec<usize>,
    place: Vec<usize>,
    parent: Vec<usize>,
    /// Start of each column of the factor.
    starts: Vec<usize>,
    /// Upper triangle in the new order by columns: row in the new order, and where its value stands.
    upper: Vec<Vec<(usize, usize)>>,
}

/// A factor L, by columns, the diagonal first.
#[derive(Clone, Debug)]
pub(super) struct Factor<'a> {
    symbolic: &'a Symbolic,
    rows: Vec<usize>,
    values: Vec<f64>,
}

impl Symmetric {
    /// A matrix of the entries of rows of a design: each record is a list of columns and values of `W`, and the matrix
    /// is `W'W`; the diagonal is always there.
    pub(super) fn cross_product(n: usize, records: &[Vec<(usize, f64)>]) -> Self {
        let mut entries: Vec<std::collections::BTreeMap<usize, f64>> = vec![Default::default(); n];
        for (i, row) in entries.iter_mut().enumerate() {
            row.insert(i, 0.0);
        }
        for record in records {
            for &(i, x) in record {
                for &(j, y) in record.iter().filter(|own| own.0 <= i) {
                    *entries[i].entry(j).or_insert(0.0) += x * y;
                }
            }
        }
        let mut out = Self { n, starts: vec![0], ..Self::default() };
        for row in entries {
            out.columns.extend(row.keys());
            out.values.extend(row.values());
            out.starts.push(out.columns.len());
        }
        out
    }

    /// A matrix of rows of the lower triangle, the diagonal last.
    pub(super) fn of_rows(rows: Vec<Vec<(usize, f64)>>) -> Self {
        let mut out = Self { n: rows.len(), starts: vec![0], ..Self::default() };
        for row in rows {
            out.columns.extend(row.iter().map(|own| own.0));
            out.values.extend(row.iter().map(|own| own.1));
            out.starts.push(out.columns.len());
        }
        out
    }

    /// Entries as (row, column, place of the value).
    pub(super) fn entries(&self) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        (0..self.n)
            .flat_map(move |i| (self.starts[i]..self.starts[i + 1]).map(move |at| (i, self.columns[at], at)))
    }
}

impl Symbolic {
    /// Chooses the order and finds the pattern of the factor.
    pub(super) fn of(matrix: &Symmetric) -> Self {
        let order = minimum_degree(matrix);
        let n = matrix.n;
        let mut place = vec![0; n];
        order.iter().enumerate().for_each(|(k, &i)| place[i] = k);
        let mut upper: Vec<Vec<(usize, usize)>> = vec![Vec::new(); n];
        for (i, j, at) in matrix.entries() {
            let (a, b) = (place[i].min(place[j]), place[i].max(place[j]));
            upper[b].push((a, at));
        }
        let mut out = Self { order, place, parent: vec![NONE; n], starts: vec![0; n + 1], upper };
        out.eliminate();
        out
    }

    /// The elimination tree and the lengths of the factor's columns.
    fn eliminate(&mut self) {
        let n = self.order.len();
        let mut ancestor = vec![NONE; n];
        for k in 0..n {
            for &(row, _) in &self.upper[k] {
                let mut i = row;
                while i != NONE && i < k {
                    let next = ancestor[i];
                    ancestor[i] = k;
                    if next == NONE {
                        self.parent[i] = k;
                    }
                    i = next;
                }
            }
        }
        let mut counts = vec![1; n];
        let (mut mark, mut stack) = (vec![NONE; n], Vec::new());
        for k in 0..n {
            self.reach(k, &mut mark, &mut stack);
            stack.iter().for_each(|&i: &usize| counts[i] += 1);
        }
        for (k, count) in counts.into_iter().enumerate() {
            self.starts[k + 1] = self.starts[k] + count;
        }
    }

    /// Columns that row `k` of the factor holds, each before those that depend on it.
    fn reach(&self, k: usize, mark: &mut [usize], found: &mut Vec<usize>) {
        found.clear();
        mark[k] = k;
        let mut path = Vec::new();
        let mut paths: Vec<Vec<usize>> = Vec::new();
        for &(row, _) in &self.upper[k] {
            let mut i = row;
            while i < k && mark[i] != k {
                mark[i] = k;
                path.push(i);
                i = self.parent[i];
            }
            if !path.is_empty() {
                paths.push(std::mem::take(&mut path));
            }
        }
        // A path found later may lie below an earlier one.
        paths.into_iter().rev().for_each(|own| found.extend(own));
    }

    /// Factors a matrix of this pattern.
    ///
    /// # Errors
    /// Returns the row whose pivot is not above 0 against its diagonal: the matrix is singular there.
    pub(super) fn factor(&self, values: &[f64]) -> Result<Factor<'_>, usize> {
        let n = self.order.len();
        let mut factor =
            Factor { symbolic: self, rows: vec![0; self.starts[n]], values: vec![0.0; self.starts[n]] };
        let mut next = self.starts[..n].to_vec();
        let mut row = vec![0.0; n];
        let (mut mark, mut found) = (vec![NONE; n], Vec::new());
        for k in 0..n {
            self.reach(k, &mut mark, &mut found);
            let mut diagonal = 0.0;
            for &(i, at) in &self.upper[k] {
                if i == k { diagonal += values[at] } else { row[i] += values[at] }
            }
            let whole = diagonal;
            for &i in &found {
                let own = row[i] / factor.values[self.starts[i]];
                row[i] = 0.0;
                for at in self.starts[i] + 1..next[i] {
                    row[factor.rows[at]] -= factor.values[at] * own;
                }
                diagonal -= own * own;
                (factor.rows[next[i]], factor.values[next[i]]) = (k, own);
                next[i] += 1;
            }
            if diagonal <= 1e-10 * whole || !diagonal.is_finite() {
                return Err(self.order[k]);
            }
            (factor.rows[next[k]], factor.values[next[k]]) = (k, diagonal.sqrt());
            next[k] += 1;
        }
        Ok(factor)
    }
}

impl Factor<'_> {
    /// Logarithm of the determinant.
    pub(super) fn log_determinant(&self) -> f64 {
        let starts = &self.symbolic.starts;
        starts[..starts.len() - 1].iter().map(|&at| 2.0 * self.values[at].ln()).sum()
    }

    /// Solves for a right-hand side in place.
    pub(super) fn solve(&self, right: &mut [f64]) {
        let mut x: Vec<f64> = self.symbolic.order.iter().map(|&i| right[i]).collect();
        self.forward(&mut x, 0);
        let starts = &self.symbolic.starts;
        for k in (0..x.len()).rev() {
            let own = starts[k] + 1..starts[k + 1];
            let sum: f64 = own.map(|at| self.values[at] * x[self.rows[at]]).sum();
            x[k] = (x[k] - sum) / self.values[starts[k]];
        }
        self.symbolic.order.iter().zip(x).for_each(|(&i, value)| right[i] = value);
    }

    fn forward(&self, x: &mut [f64], first: usize) {
        let starts = &self.symbolic.starts;
        for k in first..x.len() {
            if x[k] == 0.0 {
                continue;
            }
            x[k] /= self.values[starts[k]];
            let own = x[k];
            for at in starts[k] + 1..starts[k + 1] {
                x[self.rows[at]] -= self.values[at] * own;
            }
        }
    }

    /// `v' C^-1 v` for a sparse `v`.
    pub(super) fn quadratic(&self, sparse: &[(usize, f64)], scratch: &mut Vec<f64>) -> f64 {
        scratch.clear();
        scratch.resize(self.symbolic.order.len(), 0.0);
        let mut first = usize::MAX;
        for &(i, value) in sparse {
            let at = self.symbolic.place[i];
            scratch[at] += value;
            first = first.min(at);
        }
        if first == usize::MAX {
            return 0.0;
        }
        self.forward(scratch, first);
        scratch[first..].iter().map(|x| x * x).sum()
    }
}

/// Eliminates the node of fewest neighbours, ties by the smallest number, and joins its neighbours.
fn minimum_degree(matrix: &Symmetric) -> Vec<usize> {
    let n = matrix.n;
    let mut neighbours: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); n];
    for (i, j, _) in matrix.entries().filter(|own| own.0 != own.1) {
        neighbours[i].insert(j);
        neighbours[j].insert(i);
    }
    let mut queue: BTreeSet<(usize, usize)> = (0..n).map(|i| (neighbours[i].len(), i)).collect();
    let mut order = Vec::with_capacity(n);
    while let Some((degree, node)) = queue.pop_first() {
        if degree == queue.len() {
            // Fewest neighbours are all others: what is left is full, and any order does.
            order.push(node);
            order.extend(queue.iter().map(|own| own.1));
            break;
        }
        order.push(node);
        let own: Vec<usize> = std::mem::take(&mut neighbours[node]).into_iter().collect();
        for &i in &own {
            queue.remove(&(neighbours[i].len(), i));
            neighbours[i].remove(&node);
            neighbours[i].extend(own.iter().copied().filter(|&j| j != i));
            queue.insert((neighbours[i].len(), i));
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_as_the_dense_matrix_does() {
        let mut state = 7u64;
        let mut random = |n: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            usize::try_from(state >> 33).unwrap() % n
        };
        let records: Vec<Vec<(usize, f64)>> =
            (0..60).map(|_| vec![(random(8), 1.0), (8 + random(5), 0.5), (13 + random(4), 2.0)]).collect();
        let mut matrix = Symmetric::cross_product(17, &records);
        let diagonal: Vec<usize> = matrix.entries().filter(|own| own.0 == own.1).map(|own| own.2).collect();
        diagonal.iter().for_each(|&at| matrix.values[at] += 1.0);
        let mut dense = vec![vec![0.0; 17]; 17];
        for (i, j, at) in matrix.entries() {
            dense[i][j] = matrix.values[at];
            dense[j][i] = matrix.values[at];
        }
        let symbolic = Symbolic::of(&matrix);
        let factor = symbolic.factor(&matrix.values).unwrap();
        let right: Vec<f64> = (0..17).map(f64::from).collect();
        let mut x = right.clone();
        factor.solve(&mut x);
        for i in 0..17 {
            let product: f64 = (0..17).map(|j| dense[i][j] * x[j]).sum();
            assert!((product - right[i]).abs() < 1e-9);
        }
        let sparse = [(3, 1.0), (9, -2.0)];
        let mut full = vec![0.0; 17];
        (full[3], full[9]) = (1.0, -2.0);
        factor.solve(&mut full);
        assert!((factor.quadratic(&sparse, &mut Vec::new()) - (full[3] - 2.0 * full[9])).abs() < 1e-10);
        let zeros: Vec<f64> = vec![0.0; matrix.values.len()];
        assert!(symbolic.factor(&zeros).is_err());
    }
}
