use proptest::prelude::*;

use super::*;
use crate::ld::rows::tests::block;

/// A correction by a full matrix.
fn correct(n: usize, v: Option<&[f64]>, covariates: &[Vec<f64>]) -> Result<Correction, GenotypeError> {
    let samples = (0..n).map(|i| i.to_string()).collect();
    let values = |v: &[f64]| (0..n).flat_map(|i| v[i * n..=i * n + i].to_vec()).collect();
    let matrix = v.map(|v| SampleMatrix { samples, values: values(v) });
    let places: Vec<usize> = (0..n).collect();
    Correction::new(n, matrix.as_ref().map(|matrix| (matrix, &places[..])), covariates)
}

/// Solves A x = b for a small positive definite A by Gauss-Jordan.
fn solve(a: &[f64], n: usize, b: &[f64]) -> Vec<f64> {
    let mut m: Vec<Vec<f64>> = (0..n).map(|i| [&a[i * n..(i + 1) * n], &b[i..=i]].concat()).collect();
    for k in 0..n {
        let pivot = m[k].iter().map(|value| value / m[k][k]).collect::<Vec<f64>>();
        for i in (0..n).filter(|&i| i != k) {
            let factor = m[i][k];
            (0..=n).for_each(|j| m[i][j] -= factor * pivot[j]);
        }
        m[k] = pivot;
    }
    m.iter().map(|row| row[n]).collect()
}

/// r²_VS by generalised least squares, as the definition has it: residuals of x and y given the constant and S, and
/// their covariance under V⁻¹.
fn by_definition(v: &[f64], n: usize, s: &[Vec<f64>], x: &[f64], y: &[f64]) -> Option<f64> {
    let inner = |a: &[f64], b: &[f64]| a.iter().zip(solve(v, n, b)).map(|(a, b)| a * b).sum::<f64>();
    let design: Vec<Vec<f64>> = std::iter::once(vec![1.0; n]).chain(s.iter().cloned()).collect();
    let q = design.len();
    let gram: Vec<f64> = (0..q * q).map(|k| inner(&design[k / q], &design[k % q])).collect();
    let residual = |x: &[f64]| {
        let right: Vec<f64> = design.iter().map(|column| inner(column, x)).collect();
        let beta = solve(&gram, q, &right);
        (0..n).map(|i| x[i] - (0..q).map(|k| beta[k] * design[k][i]).sum::<f64>()).collect::<Vec<f64>>()
    };
    let (x, y) = (residual(x), residual(y));
    let (xx, yy, xy) = (inner(&x, &x), inner(&y, &y), inner(&x, &y));
    (xx > 1e-9 && yy > 1e-9).then(|| xy * xy / (xx * yy))
}

proptest! {
    #[test]
    fn corrected_r2_is_that_of_the_definition(
        n in 6usize..14, ploidy in prop::sample::select(vec![1u8, 2, 4, 6]),
        values in prop::collection::vec(-1.0f64..1.0, 400), calls in prop::collection::vec(0u8..42, 28),
        with_kinship in any::<bool>(), covariates in 0usize..3,
    ) {
        let mut v = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..n {
                v[i * n + j] = (0..n).map(|k| values[i * n + k] * values[j * n + k]).sum::<f64>()
                    + if i == j { 0.5 } else { 0.0 };
            }
        }
        let identity: Vec<f64> = (0..n * n).map(|k| if k / n == k % n { 1.0 } else { 0.0 }).collect();
        let s: Vec<Vec<f64>> = (0..covariates).map(|k| values[200 + k * n..200 + (k + 1) * n].to_vec()).collect();
        let codes: Vec<Vec<u8>> =
            (0..2).map(|row| (0..n).map(|i| calls[row * 14 + i] % (ploidy + 1)).collect()).collect();
        prop_assume!(codes.iter().all(|row| row.iter().any(|&code| code != row[0])));
        let shares = |row: usize| codes[row].iter().map(|&c| f64::from(c) / f64::from(ploidy)).collect::<Vec<f64>>();
        let expected = by_definition(if with_kinship { &v } else { &identity }, n, &s, &shares(0), &shares(1));
        let correction = correct(n, with_kinship.then_some(&v[..]), &s).unwrap();
        prop_assert_eq!(correction.ridge, 0.0);
        let prepared = correction.prepare(&block(&vec![ploidy; n], &codes), 0.0).unwrap();
        if let Some(expected) = expected {
            let (_, r) = prepared.store.correlation(0, 1).unwrap();
            prop_assert!((r * r - expected).abs() < 1e-6, "{} {}", r * r, expected);
        }
    }
}

#[test]
fn what_structure_explains_correlates_with_nothing() {
    let codes = vec![vec![0, 0, 0, 2, 2, 2], vec![0, 1, 0, 2, 2, 1]];
    let groups = vec![0.0, 0.0, 0.0, 1.0, 1.0, 1.0];
    let correction = correct(6, None, &[groups.clone(), groups]).unwrap();
    let prepared = correction.prepare(&block(&[2; 6], &codes), 0.0).unwrap();
    assert_eq!(prepared.store.correlation(0, 1), None);
    assert!((prepared.store.correlation(1, 1).unwrap().1 - 1.0).abs() < 1e-12);
}

#[test]
fn a_singular_relationship_gets_a_ridge_and_nonsense_is_refused() {
    let ones = vec![1.0; 9];
    assert!((correct(3, Some(&ones), &[]).unwrap().ridge - 0.01).abs() < 1e-12);
    let wrong = [1.0, 5.0, 0.0, 5.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    assert!(correct(3, Some(&wrong), &[]).is_err());
}
