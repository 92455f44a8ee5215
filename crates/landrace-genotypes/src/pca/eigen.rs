//! Eigenvectors of symmetric matrices: all of a small one, the first of a large one. In 64-bit numbers, and the same
//! at any number of threads.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use crate::source::GenotypeError;

/// Samples up to which all eigenvectors are computed at once.
const SMALL: usize = 512;

/// Rows of a matrix that one task multiplies.
const ROWS: usize = 128;

/// Eigenvectors (columns) and rising eigenvalues of a symmetric matrix, of which the lower half is read.
///
/// # Errors
/// Returns an error if the iteration does not converge, which happens for numbers that are not finite alone.
pub fn all(matrix: MatRef<'_, f64>) -> Result<(Mat<f64>, Vec<f64>), GenotypeError> {
    let n = matrix.nrows();
    let (mut vectors, mut values) = (Mat::zeros(n, n), Diag::zeros(n));
    let parameters = faer::Spec::default();
    let scratch = self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::Yes, Par::Seq, parameters);
    let mut memory = MemBuffer::new(scratch);
    let target: Option<MatMut<'_, f64>> = Some(vectors.as_mut());
    self_adjoint_evd(matrix, values.as_mut(), target, Par::Seq, MemStack::new(&mut memory), parameters)
        .map_err(|_| {
            GenotypeError::Request("the eigenvectors do not converge; filter the variants".to_owned())
        })?;
    let values = values.column_vector().iter().copied().collect();
    Ok((vectors, values))
}

/// The `wanted` first eigenvectors (columns) and falling eigenvalues of a matrix without negative eigenvalues, which is
/// used up.
///
/// Large ones by subspace iteration with Chebyshev filters (Zhou et al. 2006), until the residuals are 1e-11 of the
/// first eigenvalue; if that fails, all are computed.
pub(super) fn first(mut matrix: Mat<f64>, wanted: usize) -> Result<(Mat<f64>, Vec<f64>), GenotypeError> {
    let n = matrix.nrows();
    let wanted = wanted.min(n);
    let width = wanted + (wanted / 2).max(24);
    let mut found = Vec::new();
    if n > SMALL && 4 * width < n {
        found = filtered(&mut matrix, wanted, width)?;
    }
    if found.len() < wanted {
        // Those found are taken out of the matrix: the first of what is left are the next.
        let (vectors, values) = all(matrix.as_ref())?;
        let rest = (0..wanted - found.len()).map(|k| n - 1 - k);
        found.extend(rest.map(|k| ((0..n).map(|i| vectors[(i, k)]).collect(), values[k])));
    }
    let chosen = Mat::from_fn(n, wanted, |i, k| found[k].0[i]);
    Ok((chosen, found.iter().map(|pair| pair.1).collect()))
}

/// Rounds of filters at most.
const ROUNDS: usize = 60;

/// An eigenvector and its value.
type Pair = (Vec<f64>, f64);

/// The first eigenvectors, as many as are found; each is taken out of the matrix when it is sure.
fn filtered(matrix: &mut Mat<f64>, wanted: usize, width: usize) -> Result<Vec<Pair>, GenotypeError> {
    let n = matrix.nrows();
    let mut found: Vec<Pair> = Vec::new();
    let mut basis = random(n, width, 0);
    orthonormalise(&mut basis);
    let mut limit = None;
    for round in 0..ROUNDS {
        let (vectors, values, residuals) = ritz(matrix.as_ref(), &basis)?;
        let limit = *limit.get_or_insert(1e-11 * values[0].max(f64::MIN_POSITIVE));
        let sure =
            residuals.iter().take(wanted - found.len()).take_while(|&&residual| residual <= limit).count();
        for k in 0..sure {
            found.push(((0..n).map(|i| vectors[(i, k)]).collect(), values[k]));
        }
        if found.len() == wanted {
            break;
        }
        take_out(matrix, &found[found.len() - sure..]);
        let rest = Mat::from_fn(n, width - found.len(), |i, k| vectors[(i, sure + k)]);
        let (top, edge) = (values[sure], values[values.len() - 1].max(1e-300));
        // A random start does not know how large the first eigenvalue is: the first rounds show it.
        let degree = if round < 4 { 2 } else { degree(top / edge) };
        basis = filter(matrix.as_ref(), rest, (top, edge), degree);
        if orthonormalise(&mut basis) < basis.ncols() {
            break;
        }
    }
    Ok(found)
}

/// Subtracts eigenvectors times their values.
fn take_out(matrix: &mut Mat<f64>, pairs: &[Pair]) {
    for (vector, value) in pairs {
        for k in 0..matrix.ncols() {
            let scale = value * vector[k];
            for i in 0..matrix.nrows() {
                matrix[(i, k)] -= scale * vector[i];
            }
        }
    }
}

/// The highest degree, up to 24, that does not magnify the first eigenvector more than 1e7 times, so that the others
/// stay above the rounding.
fn degree(ratio: f64) -> usize {
    let growth = (2.0 * ratio.max(1.0) - 1.0).acosh().max(1e-3);
    ((1e7f64.acosh() / growth) as usize).clamp(2, 24)
}

/// Chebyshev polynomial that is small from 0 to `edge` and largest at `top`, scaled to 1 there.
fn filter(matrix: MatRef<'_, f64>, start: Mat<f64>, (top, edge): (f64, f64), degree: usize) -> Mat<f64> {
    let half = edge / 2.0;
    let mut sigma = half / (top - half).max(half);
    let first = sigma;
    let shifted = |x: &Mat<f64>, scale: f64| {
        let mut y = product(matrix, x.as_ref());
        columns(&mut y, x, |y, x| *y = (*y - half * x) * scale);
        y
    };
    let mut before = start;
    let mut own = shifted(&before, sigma / half);
    for _ in 1..degree {
        let next_sigma = 1.0 / (2.0 / first - sigma);
        let mut next = shifted(&own, 2.0 * next_sigma / half);
        columns(&mut next, &before, |next, before| *next -= sigma * next_sigma * before);
        (before, own, sigma) = (own, next, next_sigma);
    }
    own
}

fn columns(out: &mut Mat<f64>, other: &Mat<f64>, with: impl Fn(&mut f64, f64)) {
    for k in 0..out.ncols() {
        for i in 0..out.nrows() {
            with(&mut out[(i, k)], other[(i, k)]);
        }
    }
}

/// Matrix times block, rows in parallel.
pub(super) fn product(matrix: MatRef<'_, f64>, block: MatRef<'_, f64>) -> Mat<f64> {
    let (n, width) = (matrix.nrows(), block.ncols());
    let starts: Vec<usize> = (0..n).step_by(ROWS).collect();
    let parts: Vec<Mat<f64>> = starts
        .par_iter()
        .map(|&first| {
            let rows = ROWS.min(n - first);
            let mut out = Mat::zeros(rows, width);
            matmul(out.as_mut(), Accum::Replace, matrix.subrows(first, rows), block, 1.0, Par::Seq);
            out
        })
        .collect();
    Mat::from_fn(n, width, |i, k| parts[i / ROWS][(i % ROWS, k)])
}

/// Vectors, falling values, and lengths of the residuals.
type Ritz = (Mat<f64>, Vec<f64>, Vec<f64>);

/// Ritz vectors and falling values of a matrix in a basis, with the lengths of the residuals.
fn ritz(matrix: MatRef<'_, f64>, basis: &Mat<f64>) -> Result<Ritz, GenotypeError> {
    let image = product(matrix, basis.as_ref());
    ritz_of(basis.as_ref(), image.as_ref(), basis.ncols())
}

/// As [`ritz`], with the matrix's product with the basis at hand; the first `count` vectors.
pub(super) fn ritz_of(
    basis: MatRef<'_, f64>,
    image: MatRef<'_, f64>,
    count: usize,
) -> Result<Ritz, GenotypeError> {
    let width = basis.ncols();
    let inner = product(basis.transpose(), image);
    let inner = Mat::from_fn(width, width, |i, k| (inner[(i, k)] + inner[(k, i)]) / 2.0);
    let (turn, values) = all(inner.as_ref())?;
    let turn = Mat::from_fn(width, count, |i, k| turn[(i, width - 1 - k)]);
    let values: Vec<f64> = (0..count).map(|k| values[width - 1 - k]).collect();
    let (vectors, image) = (product(basis, turn.as_ref()), product(image, turn.as_ref()));
    let residual = |k: usize| {
        (0..basis.nrows()).map(|i| (image[(i, k)] - values[k] * vectors[(i, k)]).powi(2)).sum::<f64>().sqrt()
    };
    let residuals = (0..count).map(residual).collect();
    Ok((vectors, values, residuals))
}

/// Numbers between −1 and 1 from a seed.
pub(super) fn random(rows: usize, columns: usize, seed: u64) -> Mat<f64> {
    let mut source = Xoshiro256PlusPlus::seed_from_u64(seed);
    Mat::from_fn(rows, columns, |_, _| (source.next_u64() >> 11) as f64 / (1u64 << 52) as f64 - 1.0)
}

/// Makes the columns orthonormal (Gram-Schmidt, twice); those that depend on the ones before become 0. Gives the number of
/// the others.
pub(super) fn orthonormalise(basis: &mut Mat<f64>) -> usize {
    let (rows, mut rank) = (basis.nrows(), 0);
    for k in 0..basis.ncols() {
        let before: f64 = norm(basis, k);
        for _ in 0..2 {
            let own: Vec<f64> = (0..rows).map(|i| basis[(i, k)]).collect();
            let shares: Vec<f64> = (0..k)
                .into_par_iter()
                .map(|other| (0..rows).map(|i| basis[(i, other)] * own[i]).sum::<f64>())
                .collect();
            for (other, share) in shares.into_iter().enumerate() {
                for i in 0..rows {
                    let part = share * basis[(i, other)];
                    basis[(i, k)] -= part;
                }
            }
        }
        let size = norm(basis, k);
        let is_new = size > 1e-12 * before && size > 0.0;
        rank += usize::from(is_new);
        let scale = if is_new { 1.0 / size } else { 0.0 };
        (0..rows).for_each(|i| basis[(i, k)] *= scale);
    }
    rank
}

fn norm(basis: &Mat<f64>, k: usize) -> f64 {
    (0..basis.nrows()).map(|i| basis[(i, k)] * basis[(i, k)]).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_large_matrix_are_those_of_all() {
        // A few large values above a bulk whose edge is dense: spread out, and nearly alike.
        let n = 640;
        let mut frame = random(n, n, 3);
        assert_eq!(orthonormalise(&mut frame), n);
        let bulk = |k: usize| 2.0 * (1.0 - k as f64 / n as f64);
        let spread = |k: usize| if k < 4 { 50.0 / (1.0 + k as f64) } else { bulk(k) };
        let alike = |k: usize| if k < 7 { 40.0 - k as f64 } else { bulk(k) };
        for value in [&spread as &dyn Fn(usize) -> f64, &alike] {
            let scaled = Mat::from_fn(n, n, |i, k| frame[(i, k)] * value(k));
            let matrix = product(scaled.as_ref(), frame.as_ref().transpose());
            assert_eq!(filtered(&mut matrix.clone(), 12, 36).unwrap().len(), 12);
            let (vectors, values) = first(matrix, 12).unwrap();
            for k in 0..12 {
                assert!((values[k] - value(k)).abs() < 1e-9, "{k}: {} {}", values[k], value(k));
                let cosine: f64 = (0..n).map(|i| vectors[(i, k)] * frame[(i, k)]).sum();
                assert!((cosine.abs() - 1.0).abs() < 1e-9, "{k}: {cosine}");
            }
        }
    }
}
