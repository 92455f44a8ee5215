//! Reliabilities of single-step values, exactly, by way of the records: with c the covariances of an individual with the
//! individuals of the records (a column of H) and P the inverse of Z H Zᵀ + λ W⁻¹ less what the fixed effects take, the
//! squared correlation of true and predicted value is cᵀ P c / h.

use faer::Mat;
use rayon::prelude::*;

use super::additive::LANES;
use super::records::Records;
use super::{Relationship, additive};
use crate::predict::cholesky::Cholesky;

/// Records beyond which there are none: their matrix takes 8 bytes a pair.
const RECORDS: usize = 10_000;

/// Products beyond which there are none: a minute or two on two cores.
const PRODUCTS: f64 = 4e12;

/// Individuals of one task.
const AT_ONCE: usize = 16 * LANES;

/// Reliability and diagonal of H of each individual.
pub(super) struct Reliabilities {
    pub(super) values: Vec<f64>,
    pub(super) diagonal: Vec<f64>,
}

/// Of all individuals, at a ratio of residual and additive variance; `None` where it is too much work.
pub(super) fn of(relationship: &Relationship<'_>, records: &Records, lambda: f64) -> Option<Reliabilities> {
    let (n, r) = (relationship.len(), records.values.len());
    let products = n as f64 * ((r * r) as f64 + n as f64);
    if r > RECORDS || products > PRODUCTS {
        return None;
    }
    let owners: Vec<usize> = records.individuals.iter().map(|&own| own as usize).collect();
    let mut covariance = Mat::zeros(r, r);
    for (start, columns) in columns(relationship, &owners) {
        for (lane, column) in columns.iter().enumerate() {
            owners.iter().enumerate().for_each(|(i, &own)| covariance[(i, start + lane)] = column[own]);
        }
    }
    (0..r).for_each(|i| covariance[(i, i)] += lambda / records.weight(i));
    let covariance = Cholesky::of(covariance)?;
    let fixed =
        Mat::from_fn(r, records.fixed.len() + 1, |i, k| if k == 0 { 1.0 } else { records.fixed[k - 1][i] });
    let mut solved = fixed.clone();
    covariance.solve(solved.as_mut());
    let information = Cholesky::of(fixed.transpose() * &solved)?;
    let some: Vec<usize> = (0..n).step_by(AT_ONCE).collect();
    let parts: Vec<Vec<(f64, f64)>> = some
        .into_par_iter()
        .map(|start| {
            let individuals: Vec<usize> = (start..n.min(start + AT_ONCE)).collect();
            let mut diagonal = Vec::with_capacity(individuals.len());
            let mut c = Mat::zeros(r, individuals.len());
            for (first, columns) in columns(relationship, &individuals) {
                for (lane, column) in columns.iter().enumerate() {
                    diagonal.push(column[individuals[first + lane]]);
                    owners.iter().enumerate().for_each(|(i, &own)| c[(i, first + lane)] = column[own]);
                }
            }
            let mut half = c.clone();
            covariance.half_solve(half.as_mut());
            let along = solved.transpose() * &c;
            let one = |k: usize| {
                let all: f64 = half.col_as_slice(k).iter().map(|x| x * x).sum();
                let along = along.col_as_slice(k);
                let fixed: f64 = information.solved(along).iter().zip(along).map(|(a, b)| a * b).sum();
                (((all - fixed) / diagonal[k]).clamp(0.0, 1.0), diagonal[k])
            };
            (0..individuals.len()).map(one).collect()
        })
        .collect();
    let (values, diagonal) = parts.into_iter().flatten().unzip();
    Some(Reliabilities { values, diagonal })
}

/// Columns of H of some individuals, a few at a time, with the place of the first.
fn columns<'a>(
    relationship: &'a Relationship<'_>,
    individuals: &'a [usize],
) -> impl Iterator<Item = (usize, Vec<Vec<f64>>)> + 'a {
    individuals.chunks(LANES).enumerate().map(|(chunk, some)| {
        let mut x: Vec<additive::Row> = vec![[0.0; LANES]; relationship.len()];
        some.iter().enumerate().for_each(|(lane, &own)| x[own][lane] = 1.0);
        relationship.times(&mut x);
        (chunk * LANES, (0..some.len()).map(|lane| x.iter().map(|row| row[lane]).collect()).collect())
    })
}
