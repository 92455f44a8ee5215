//! Where a fit begins: principal components of a part of the variants, the corners of the cloud of samples in them, and
//! each sample's place between the corners.

use rayon::prelude::*;

use super::calls::Calls;
use super::random::Stream;

/// Variants that the components are made of, at most.
const VARIANTS: usize = 6144;
/// Variants a task.
const LINES: usize = 256;
/// Powers of the relationship matrix.
const POWERS: usize = 5;

/// Coordinates of the samples in `components` principal components (samples × components, scaled by the singular
/// values), from every so-manieth variant, by subspace iteration.
pub(super) fn components(calls: &Calls, components: usize, stream: &mut Stream) -> Vec<Vec<f64>> {
    let n = calls.samples;
    let width = (components + 8).min(n);
    let columns: Vec<usize> = calls.variants().flatten().collect();
    let chosen: Vec<usize> =
        columns.iter().copied().step_by(columns.len().div_ceil(VARIANTS).max(1)).collect();
    let mut basis: Vec<Vec<f64>> = (0..width).map(|_| (0..n).map(|_| stream.normal()).collect()).collect();
    orthonormalise(&mut basis);
    let mut image = basis.clone();
    for _ in 0..POWERS {
        basis = image;
        orthonormalise(&mut basis);
        image = relate(calls, &chosen, &basis);
    }
    // Rayleigh and Ritz: the eigenvectors within the subspace.
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let small: Vec<Vec<f64>> = basis.iter().map(|a| image.iter().map(|b| product(a, b)).collect()).collect();
    let (values, vectors) = eigen(small);
    let count = components.min(values.len());
    (0..n)
        .map(|i| {
            (0..count)
                .map(|c| {
                    let coordinate: f64 = basis.iter().zip(&vectors).map(|(b, v)| b[i] * v[c]).sum();
                    coordinate * values[c].max(0.0).sqrt()
                })
                .collect()
        })
        .collect()
}

/// Σ z zᵀ of the chosen variants times each vector; a missing call counts as the mean.
fn relate(calls: &Calls, chosen: &[usize], basis: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let (n, width) = (calls.samples, basis.len());
    let basis: Vec<Vec<f32>> =
        basis.iter().map(|own| own.iter().map(|&value| value as f32).collect()).collect();
    let parts: Vec<Vec<Vec<f32>>> = chosen
        .par_chunks(LINES)
        .map(|variants| {
            let mut out = vec![vec![0.0f32; n]; width];
            let mut z = vec![0.0f32; n];
            for &variant in variants {
                standardise(&calls.column(variant)[..n], &mut z);
                for (out, basis) in out.iter_mut().zip(&basis) {
                    let weight = dot(&z, basis);
                    out.iter_mut().zip(&z).for_each(|(out, z)| *out += weight * z);
                }
            }
            out
        })
        .collect();
    let mut out = vec![vec![0.0; n]; width];
    for part in &parts {
        for (out, part) in out.iter_mut().zip(part) {
            out.iter_mut().zip(part).for_each(|(out, &part)| *out += f64::from(part));
        }
    }
    out
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 16];
    let (a, a_rest) = a.as_chunks::<16>();
    let (b, b_rest) = b.as_chunks::<16>();
    for (a, b) in a.iter().zip(b) {
        for lane in 0..16 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

/// (g / n − p) / √(p (1 − p)); 0 where missing.
fn standardise(calls: &[u8], out: &mut [f32]) {
    let (mut alleles, mut copies) = (0u64, 0u64);
    for &call in calls {
        alleles += u64::from(call & 15);
        copies += u64::from(call >> 4);
    }
    let p = alleles as f32 / copies.max(1) as f32;
    let spread = (p * (1.0 - p)).sqrt();
    let table: Vec<f32> = (0..=255u8)
        .map(|call| match call >> 4 {
            0 => 0.0,
            _ if spread <= 0.0 => 0.0,
            n => (f32::from(call & 15) / f32::from(n) - p) / spread,
        })
        .collect();
    out.iter_mut().zip(calls).for_each(|(out, &call)| *out = table[usize::from(call)]);
}

fn orthonormalise(vectors: &mut [Vec<f64>]) {
    for k in 0..vectors.len() {
        let (done, rest) = vectors.split_at_mut(k);
        let own = &mut rest[0];
        // Twice is enough.
        for _ in 0..2 {
            for other in done.iter() {
                let along: f64 = own.iter().zip(other).map(|(a, b)| a * b).sum();
                own.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
            }
        }
        let length = own.iter().map(|a| a * a).sum::<f64>().sqrt();
        own.iter_mut().for_each(|a| *a = if length > 1e-12 { *a / length } else { 0.0 });
    }
}

/// Eigenvalues, falling, and eigenvectors (`[row][which]`) of a small symmetric matrix, by Jacobi's rotations.
pub(super) fn eigen(mut a: Vec<Vec<f64>>) -> (Vec<f64>, Vec<Vec<f64>>) {
    let n = a.len();
    let mut v: Vec<Vec<f64>> =
        (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    for _ in 0..60 {
        let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i][j].powi(2)).sum();
        let whole: f64 = (0..n).map(|i| a[i][i].powi(2)).sum();
        if off <= 1e-24 * whole {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut v, (p, q));
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[j][j].total_cmp(&a[i][i]).then(i.cmp(&j)));
    let values = order.iter().map(|&i| a[i][i]).collect();
    let vectors = v.iter().map(|row| order.iter().map(|&i| row[i]).collect()).collect();
    (values, vectors)
}

/// Makes one entry off the diagonal 0.
fn rotate(a: &mut [Vec<f64>], v: &mut [Vec<f64>], (p, q): (usize, usize)) {
    if a[p][q] == 0.0 {
        return;
    }
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let t = if theta == 0.0 { 1.0 } else { t };
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    for row in a.iter_mut() {
        (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
    }
    let (mut x, mut y) = (a[p].clone(), a[q].clone());
    for (x, y) in x.iter_mut().zip(y.iter_mut()) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
    (a[p], a[q]) = (x, y);
    for row in v.iter_mut() {
        (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
    }
}

/// Ancestries from the samples' places between `k` corners of their cloud. The first start takes the farthest samples one
/// after the other; others look for corners along random directions.
pub(super) fn ancestries(places: &[Vec<f64>], k: usize, mut by_chance: Option<&mut Stream>) -> Vec<Vec<f64>> {
    let mut corners: Vec<usize> = Vec::new();
    // Directions that the corners so far span, from the first on.
    let mut span: Vec<Vec<f64>> = Vec::new();
    let dimensions = places.first().map_or(0, Vec::len);
    let middle: Vec<f64> = (0..dimensions)
        .map(|c| places.iter().map(|place| place[c]).sum::<f64>() / places.len() as f64)
        .collect();
    for corner in 0..k.min(dimensions + 1) {
        let origin = corners.first().map_or(&middle, |&first| &places[first]);
        let direction: Option<Vec<f64>> =
            by_chance.as_mut().map(|stream| (0..dimensions).map(|_| stream.normal()).collect());
        let beyond = |place: &Vec<f64>| {
            let mut rest: Vec<f64> = place.iter().zip(origin).map(|(a, b)| a - b).collect();
            remove(&mut rest, &span);
            match &direction {
                None => rest.iter().map(|x| x * x).sum::<f64>(),
                Some(direction) => rest.iter().zip(direction).map(|(a, b)| a * b).sum::<f64>().abs(),
            }
        };
        let scores: Vec<f64> = places.iter().map(beyond).collect();
        let best = (0..places.len()).fold(0, |best, i| if scores[i] > scores[best] { i } else { best });
        if corner > 0 {
            let mut axis: Vec<f64> = places[best].iter().zip(origin).map(|(a, b)| a - b).collect();
            remove(&mut axis, &span);
            let length = axis.iter().map(|x| x * x).sum::<f64>().sqrt();
            if length > 1e-9 {
                axis.iter_mut().for_each(|x| *x /= length);
                span.push(axis);
            }
        }
        corners.push(best);
    }
    let corners: Vec<&Vec<f64>> = corners.iter().map(|&corner| &places[corner]).collect();
    places
        .iter()
        .map(|place| {
            let mut shares = between(place, &corners);
            shares.resize(k, 0.0);
            // Nothing begins at a bound.
            shares.iter().map(|share| 0.9 * share + 0.1 / k as f64).collect()
        })
        .collect()
}

fn remove(vector: &mut [f64], span: &[Vec<f64>]) {
    for axis in span {
        let along: f64 = vector.iter().zip(axis).map(|(a, b)| a * b).sum();
        vector.iter_mut().zip(axis).for_each(|(a, b)| *a -= along * b);
    }
}

/// The shares of the corners whose mixture lies nearest to a place: least squares within the simplex, by pairs.
fn between(place: &[f64], corners: &[&Vec<f64>]) -> Vec<f64> {
    let k = corners.len();
    let mut shares = vec![1.0 / k as f64; k];
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for _ in 0..100 * k {
        let mixed: Vec<f64> = (0..place.len())
            .map(|c| corners.iter().zip(&shares).map(|(own, share)| own[c] * share).sum())
            .collect();
        let rest: Vec<f64> = place.iter().zip(&mixed).map(|(a, b)| a - b).collect();
        let slopes: Vec<f64> = corners.iter().map(|corner| product(&rest, corner)).collect();
        let to = (0..k).fold(0, |best, a| if slopes[a] > slopes[best] { a } else { best });
        let givers = (0..k).filter(|&a| shares[a] > 0.0);
        let from = givers.fold(to, |worst, a| if slopes[a] < slopes[worst] { a } else { worst });
        let apart: Vec<f64> = corners[to].iter().zip(corners[from]).map(|(a, b)| a - b).collect();
        let curvature = product(&apart, &apart);
        if curvature <= 0.0 || slopes[to] - slopes[from] <= 1e-9 * curvature {
            break;
        }
        let amount = ((slopes[to] - slopes[from]) / curvature).min(shares[from]);
        shares[to] += amount;
        shares[from] -= amount;
    }
    shares
}
