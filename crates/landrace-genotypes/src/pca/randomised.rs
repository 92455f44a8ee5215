//! Components by a block Krylov method.

use faer::Mat;

use super::eigen::{orthonormalise, random, ritz_of};
use super::stream::{Open, Passes};
use super::{PrincipalComponents, nothing_varies};
use crate::gram::PANEL;
use crate::source::{GenotypeError, GenotypeSource};

/// Passes at most, after the one that counts.
const PASSES: usize = 12;

/// Share of the gap to the next eigenvalue that a residual may have: about the error of the vector.
const SURE: f64 = 1e-4;

/// Vectors beyond those wanted, at least.
const SPARE: usize = 10;

pub(super) fn compute(
    mut out: PrincipalComponents,
    source: &mut dyn GenotypeSource,
    open: &Open<'_>,
    (components, seed): (usize, u64),
) -> Result<PrincipalComponents, GenotypeError> {
    let n = out.samples.len();
    let passes = Passes::new(source, open)?;
    out.count(passes.seen);
    if out.used == 0 {
        return Err(nothing_varies());
    }
    out.total = passes.trace / out.used as f64;
    let wanted = components.min(n);
    // Vectors go by 48 through the kernels: fewer would not be faster.
    let width = ((wanted + SPARE).div_ceil(PANEL) * PANEL).min(n);
    let mut next = random(n, width, seed);
    orthonormalise(&mut next);
    let (mut basis, mut image) = (Mat::zeros(n, 0), Mat::zeros(n, 0));
    for pass in 1..=PASSES {
        let product = passes.gram_product(&next)?;
        basis = beside(&basis, &next);
        image = beside(&image, &product);
        let count = (wanted + 1).min(basis.ncols());
        let (vectors, values, residuals) = ritz_of(basis.as_ref(), image.as_ref(), count)?;
        let sure = converged(&values, &residuals, wanted);
        let is_whole = basis.ncols() >= n;
        if is_whole || sure >= above_gap(&values, wanted) && pass > 2 || pass == PASSES {
            out.take(&Mat::from_fn(n, wanted, |i, k| vectors[(i, k)]), values[..wanted].to_vec());
            out.passes = pass + 1;
            out.converged = if is_whole { wanted } else { sure };
            break;
        }
        // The new directions alone: those in the basis are taken out.
        let mut all = beside(&basis, &product);
        orthonormalise(&mut all);
        let (first, room) = (basis.ncols(), width.min(n - basis.ncols()));
        next = Mat::from_fn(n, room, |i, k| all[(i, first + k)]);
    }
    Ok(out)
}

fn beside(left: &Mat<f64>, right: &Mat<f64>) -> Mat<f64> {
    let first = left.ncols();
    Mat::from_fn(right.nrows(), first + right.ncols(), |i, k| {
        if k < first { left[(i, k)] } else { right[(i, k - first)] }
    })
}

/// How many of the first components have a residual that is small beside the gap to their neighbours.
fn converged(values: &[f64], residuals: &[f64], wanted: usize) -> usize {
    let gap = |k: usize| {
        let below = values.get(k + 1).map_or(values[k], |next| values[k] - next);
        if k == 0 { below } else { below.min(values[k - 1] - values[k]) }
    };
    (0..wanted).take_while(|&k| residuals[k] <= SURE * gap(k)).count()
}

/// Components above the largest relative drop of the eigenvalues.
fn above_gap(values: &[f64], wanted: usize) -> usize {
    let drop = |k: usize| values.get(k).map_or(1.0, |next| values[k - 1] / next.max(f64::MIN_POSITIVE));
    (1..=wanted.min(values.len().saturating_sub(1)))
        .max_by(|&a, &b| drop(a).total_cmp(&drop(b)).then(b.cmp(&a)))
        .unwrap_or(wanted)
}
