//! Compound symmetric covariances of many environments.

use super::gls::Data;
use crate::mixed_model::{ModelError, NullModel, Rotated, fit_null};
use crate::multi_trait::{Covariances, Square};

/// Columns are padded with zeros to a multiple of this.
const LANES: usize = 8;

/// Vg and Ve with one variance and one covariance each, over environments brought to one variance: the mean over
/// environments and its contrasts are independent, with a single-trait model each.
///
/// # Errors
/// Returns an error if one of the two cannot be fitted.
pub(super) fn estimate(data: &Data) -> Result<Covariances, ModelError> {
    let d = data.y.len();
    let scales: Vec<f64> = data.y.iter().map(|own| residual_root(own, data)).collect();
    let unit: Vec<Vec<f64>> =
        data.y.iter().zip(&scales).map(|(own, scale)| own.iter().map(|v| v / scale).collect()).collect();
    let along = |weights: &[f64]| -> Vec<f64> {
        let one = |i: usize| unit.iter().zip(weights).map(|(own, weight)| own[i] * weight).sum();
        (0..data.values.len()).map(one).collect()
    };
    let mean = fit_null(&stacked(data, &[along(&vec![1.0 / (d as f64).sqrt(); d])]))?;
    let contrasts: Vec<Vec<f64>> = (1..d).map(|k| along(&helmert(d, k))).collect();
    let contrast = fit_null(&stacked(data, &contrasts))?;
    let of = |part: &dyn Fn(&NullModel) -> f64| {
        let (main, rest) = (part(&mean), part(&contrast));
        Square::from_fn(d, |i, j| {
            let own = (main - rest) / d as f64 + if i == j { rest } else { 0.0 };
            own * scales[i] * scales[j]
        })
    };
    Ok(Covariances {
        genetic: of(&|own| own.vg),
        residual: of(&|own| own.ve),
        effects: Vec::new(),
        deviance: -2.0 * (mean.loglik_reml + contrast.loglik_reml),
    })
}

/// The k-th Helmert contrast of d numbers, of unit length.
fn helmert(d: usize, k: usize) -> Vec<f64> {
    let length = ((k * (k + 1)) as f64).sqrt();
    (0..d)
        .map(|i| match i.cmp(&k) {
            std::cmp::Ordering::Less => 1.0 / length,
            std::cmp::Ordering::Equal => -(k as f64) / length,
            std::cmp::Ordering::Greater => 0.0,
        })
        .collect()
}

/// Root of the variance that covariates leave of a trait, relationship aside.
fn residual_root(y: &[f64], data: &Data) -> f64 {
    let mut rest: f64 = y.iter().map(|v| v * v).sum();
    for k in 0..data.basis.ncols() {
        let along: f64 = data.basis.col(k).iter().zip(y).map(|(a, b)| a * b).sum();
        rest -= along * along;
    }
    (rest / (y.len() - data.basis.ncols()) as f64).sqrt()
}

/// Several columns as one trait: samples, eigenvalues and covariates once for each.
fn stacked(data: &Data, columns: &[Vec<f64>]) -> Rotated {
    let (n, times) = (data.values.len(), columns.len());
    let padded = (n * times).next_multiple_of(LANES);
    let pad = |mut own: Vec<f64>| {
        own.resize(padded, 0.0);
        own
    };
    let block = |column: &Vec<f64>, at: usize| {
        let mut out = vec![0.0; n * times];
        out[at * n..(at + 1) * n].copy_from_slice(column);
        pad(out)
    };
    Rotated {
        samples: n * times,
        values: pad(data.values.repeat(times)),
        y: pad(columns.concat()),
        x: (0..times)
            .flat_map(|at| data.x.iter().map(move |column| (column, at)))
            .map(|(c, at)| block(c, at))
            .collect(),
    }
}
