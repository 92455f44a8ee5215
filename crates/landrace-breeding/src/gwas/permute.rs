//! The threshold that chance passes once in so many scans, by permuting residuals.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use landrace_genotypes::significance::ln_f_tail;
use landrace_genotypes::{GenotypeError, GenotypeSource, for_each_block};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::coding::{CodeScratch, Coder, MarkerAccount};
use super::frame::{Fitted, Frame};
use super::marker_test::MarkerTest;
use super::scan::{Group, Scanned};

/// A trait's residuals, permuted, in directions where all samples are independent and of one variance.
struct Permuted {
    /// √h of each sample (padded).
    roots: Vec<f64>,
    /// An orthonormal basis of the covariates, then residuals of unit length: samples (padded) × columns.
    columns: Mat<f64>,
    covariates: usize,
    degrees: f64,
}

/// For each trait of a group, the least ln p of each of `count` scans in which the trait's residuals were permuted, lowest
/// first. λ stays that of the model without markers, under which the whitened residuals can be exchanged (with LOCO that
/// of each contig); each permutation is the same in all blocks. Of markers with several columns the first is looked at.
///
/// # Errors
/// Returns an error if the source fails.
pub fn permuted_minima(
    source: &mut dyn GenotypeSource,
    group: &Group,
    scanned: Scanned<'_>,
    (count, seed): (usize, u64),
) -> Result<Vec<Vec<f64>>, GenotypeError> {
    let frames = group.frames.each();
    let permuted: Vec<(Option<&str>, Vec<Permuted>)> =
        frames.iter().map(|(contig, frame)| (*contig, of_frame(*frame, count, seed))).collect();
    let coder = Coder { samples: &group.samples, coding: scanned.coding, filter: scanned.filter };
    let traits = group.traits.len();
    let mut best = vec![vec![0.0f64; count]; traits];
    let mut degrees = vec![1.0; traits];
    permuted.iter().flat_map(|own| own.1.iter().enumerate()).for_each(|(of, own)| degrees[of] = own.degrees);
    for_each_block(
        source,
        |block| {
            let frame = group.frames.linear(&block.contig)?;
            let is_it = |own: &&(Option<&str>, Vec<Permuted>)| own.0.is_none_or(|own| own == &*block.contig);
            let own = permuted.iter().find(is_it).map_or(&[][..], |own| &own.1);
            let (mut scratch, mut account) = (CodeScratch::default(), MarkerAccount::default());
            let (mut row, mut out) = (0, vec![vec![0.0f64; count]; traits]);
            while row < block.rows() {
                let (coded, next) = coder.code(&block, row, &mut account, &mut scratch);
                let firsts: Vec<usize> = coded.markers.iter().map(|marker| marker.columns.start).collect();
                let rotated = frame.rotate(&coded.columns);
                own.iter().zip(&mut out).for_each(|(own, out)| own.raise(&rotated, &firsts, out));
                row = next;
            }
            Ok(out)
        },
        |own| {
            for (best, own) in best.iter_mut().flatten().zip(own.into_iter().flatten()) {
                *best = best.max(own);
            }
            Ok(())
        },
    )?;
    let ln_p = |r2: f64, degrees: f64| ln_f_tail(r2 * degrees / (1.0 - r2), 1.0, degrees);
    for (best, degrees) in best.iter_mut().zip(degrees) {
        best.iter_mut().for_each(|r2| *r2 = ln_p(*r2, degrees));
        best.sort_by(f64::total_cmp);
    }
    Ok(best)
}

fn of_frame(frame: &dyn MarkerTest, count: usize, seed: u64) -> Vec<Permuted> {
    frame.linear().map_or(&[][..], Frame::fitted).iter().map(|own| Permuted::of(own, count, seed)).collect()
}

impl Permuted {
    fn of(own: &Fitted, count: usize, seed: u64) -> Self {
        let rotated = &own.rotated;
        let lambda = own.null.as_ref().map_or(0.0, |null| null.lambda);
        let root = |i: usize| {
            if i < rotated.samples { 1.0 / (lambda * rotated.values[i] + 1.0).sqrt() } else { 0.0 }
        };
        let roots: Vec<f64> = (0..rotated.values.len()).map(root).collect();
        let whitened = |x: &[f64]| x.iter().zip(&roots).map(|(x, root)| x * root).collect::<Vec<f64>>();
        let mut basis: Vec<Vec<f64>> = Vec::new();
        for x in &rotated.x {
            let mut column = whitened(x);
            reduce(&mut column, &basis);
            basis.push(column);
        }
        let mut residuals = whitened(&rotated.y);
        reduce(&mut residuals, &basis);
        let permuted = (0..count as u64).map(|index| {
            let mut source =
                Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_mul(0x9e37_79b9).wrapping_add(index));
            let mut column = residuals.clone();
            for i in (1..rotated.samples).rev() {
                let other = (source.next_u64() % (i as u64 + 1)) as usize;
                column.swap(i, other);
            }
            reduce(&mut column, &basis);
            column
        });
        let all: Vec<Vec<f64>> = basis.iter().cloned().chain(permuted).collect();
        let columns = Mat::from_fn(roots.len(), all.len(), |i, k| all[k][i]);
        let covariates = rotated.x.len();
        let degrees = rotated.samples as f64 - covariates as f64 - 1.0;
        Self { roots, columns, covariates, degrees }
    }

    /// Raises the greatest r² of each permutation by those of some markers.
    fn raise(&self, rotated: &Mat<f64>, firsts: &[usize], best: &mut [f64]) {
        if firsts.is_empty() {
            return;
        }
        let z = Mat::from_fn(rotated.nrows(), firsts.len(), |i, k| rotated[(i, firsts[k])] * self.roots[i]);
        let mut along = Mat::zeros(self.columns.ncols(), firsts.len());
        matmul(along.as_mut(), Accum::Replace, self.columns.transpose(), z.as_ref(), 1.0, Par::Seq);
        for k in 0..firsts.len() {
            let (column, along) = (z.col_as_slice(k), along.col_as_slice(k));
            let all: f64 = column.iter().map(|x| x * x).sum();
            let explained: f64 = along[..self.covariates].iter().map(|x| x * x).sum();
            let left = all - explained;
            if left <= 1e-6 * all {
                continue;
            }
            for (best, along) in best.iter_mut().zip(&along[self.covariates..]) {
                *best = best.max(along * along / left);
            }
        }
    }
}

/// Takes a basis out of a column (twice, for accuracy) and makes it of unit length.
fn reduce(column: &mut [f64], basis: &[Vec<f64>]) {
    for other in basis.iter().chain(basis) {
        let along: f64 = column.iter().zip(other).map(|(a, b)| a * b).sum();
        column.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
    }
    let length = column.iter().map(|a| a * a).sum::<f64>().sqrt();
    column.iter_mut().for_each(|a| *a /= length);
}
