use faer::{Mat, Side};

use super::*;
use crate::predict::bayes::random::Random;
use crate::predict::coded::tests::matrix;

/// Samples of five families, so that they are related, and records with half their variance genetic.
fn simulated(samples: usize, variants: usize) -> (CodedCalls, Records) {
    let mut random = Random::of(21, 0);
    let mut values = vec![0.0; samples];
    let rows: Vec<Vec<u8>> = (0..variants)
        .map(|_| {
            let p: Vec<f64> = (0..5).map(|_| 0.1 + 0.8 * random.unit()).collect();
            let row: Vec<u8> = (0..samples)
                .map(|i| {
                    let copy = |random: &mut Random| u8::from(random.unit() < p[i % 5]);
                    copy(&mut random) + copy(&mut random)
                })
                .collect();
            let effect = random.normal();
            values.iter_mut().zip(&row).for_each(|(g, &x)| *g += effect * f64::from(x));
            row
        })
        .collect();
    let mean = values.iter().sum::<f64>() / samples as f64;
    let sd = (values.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / samples as f64).sqrt();
    let mut records = Records::of(&values.iter().map(|g| Some(g / sd + random.normal())).collect::<Vec<_>>());
    records.weights = (0..samples).map(|i| if i % 17 == 3 { 0.0 } else { 1.0 + (i % 2) as f64 }).collect();
    records.covariates = vec![(0..samples).map(|i| (i as f64).cos()).collect()];
    (CodedCalls::of(&matrix(&vec![2; samples], &rows)).unwrap(), records)
}

/// The relationship matrix, and W^½ X.
fn dense(coded: &CodedCalls, records: &Records) -> (Mat<f64>, Mat<f64>) {
    let (n, m) = (coded.samples(), coded.variants().len());
    let mut z = Mat::<f64>::zeros(n, m);
    for j in 0..m {
        coded.decode(j, z.col_as_slice_mut(j));
    }
    let k: f64 = coded.variants().iter().map(|v| v.ploidy * v.frequency * (1.0 - v.frequency)).sum();
    let g = &z * z.transpose() * faer::Scale(1.0 / k);
    let x = Mat::from_fn(n, 2, |i, c| {
        records.weights[i].sqrt() * if c == 0 { 1.0 } else { records.covariates[0][i] }
    });
    (g, x)
}

/// Exact: (A, P, y'P) on the whitened scale.
fn exact(coded: &CodedCalls, records: &Records) -> (Mat<f64>, Mat<f64>, Mat<f64>, Mat<f64>) {
    use faer::prelude::Solve;
    let n = coded.samples();
    let (g, x) = dense(coded, records);
    let root = |i: usize| records.weights[i].sqrt();
    let has = |i: usize| f64::from(u8::from(records.weights[i] > 0.0));
    let inverse = (x.transpose() * &x).partial_piv_lu().solve(Mat::<f64>::identity(2, 2));
    let hat = &x * inverse * x.transpose();
    let p = Mat::from_fn(n, n, |i, k| if i == k { has(i) } else { 0.0 } - hat[(i, k)]);
    let b = Mat::from_fn(n, n, |i, k| root(i) * g[(i, k)] * root(k));
    let y = Mat::from_fn(n, 1, |i, _| root(i) * records.values[i]);
    (&p * b * &p, p.clone(), &p * y, g)
}

#[test]
fn values_variances_and_reliabilities_are_those_of_the_exact_answer() {
    let (coded, records) = simulated(300, 500);
    let options = Options { probes: 60, ..Options::default() };
    let fit = fit(&coded, &records, &options).unwrap();
    let (a, p, y, g) = exact(&coded, &records);
    let n = coded.samples();
    let eigen = a.self_adjoint_eigen(Side::Lower).unwrap();
    let freedom = records.count() - 2;
    // The projected directions have eigenvalues of 0, the smallest of all.
    let own: Vec<(f64, f64)> = (n - freedom..n)
        .map(|k| (eigen.S()[k].max(0.0), (0..n).map(|i| eigen.U()[(i, k)] * y[(i, 0)]).sum::<f64>()))
        .collect();
    let reml = |delta: f64| {
        let quadratic: f64 = own.iter().map(|(s, u)| u * u / (s + delta)).sum();
        let determinant: f64 = own.iter().map(|(s, _)| (s + delta).ln()).sum();
        -0.5 * (freedom as f64 * (quadratic / freedom as f64).ln() + determinant)
    };
    let best = (1..1000)
        .map(|k| f64::from(k) / 1000.0)
        .max_by(|a, b| reml(1.0 / a - 1.0).total_cmp(&reml(1.0 / b - 1.0)));
    let best = best.unwrap();
    assert!(
        (fit.share - best).abs() < 4.0 * fit.share_error + 0.001,
        "{} {best} {}",
        fit.share,
        fit.share_error
    );
    assert!(fit.share_error < 0.5 * fit.share_se, "{} {}", fit.share_error, fit.share_se);
    // Values at the same share.
    let delta = 1.0 / fit.share - 1.0;
    let solution: Vec<f64> = (0..n)
        .map(|i| {
            let first = n - freedom;
            own.iter().enumerate().map(|(k, (s, u))| eigen.U()[(i, first + k)] * u / (s + delta)).sum::<f64>()
                * records.weights[i].sqrt()
        })
        .collect();
    let values: Vec<f64> = (0..n).map(|i| (0..n).map(|k| g[(i, k)] * solution[k]).sum()).collect();
    let spread = values.iter().map(|v| v * v).sum::<f64>().sqrt();
    let apart: f64 = values.iter().zip(&fit.values).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    assert!(apart < 1e-4 * spread, "{}", apart / spread);
    // Reliabilities.
    let inverse = Mat::from_fn(n, n, |i, j| {
        let first = n - freedom;
        (0..freedom)
            .map(|k| eigen.U()[(i, first + k)] * eigen.U()[(j, first + k)] / (own[k].0 + delta))
            .sum::<f64>()
    });
    let middle = &a * inverse * &a;
    let mut wrong = 0.0;
    for i in 0..n {
        if records.weights[i] > 0.0 {
            let exact = middle[(i, i)] / (records.weights[i] * g[(i, i)]);
            wrong += (exact - fit.reliabilities[i]).powi(2) / records.count() as f64;
        } else {
            assert!(fit.reliabilities[i].is_nan());
        }
    }
    assert!(wrong.sqrt() < 0.03, "{}", wrong.sqrt());
    assert!((p[(0, 0)] - 1.0).abs() < 0.1);
}

#[test]
fn a_share_can_be_given_and_threads_change_nothing() {
    let (coded, records) = simulated(120, 200);
    let options = Options { share: Some(0.4), probes: 3, ..Options::default() };
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fit(&coded, &records, &options)).unwrap()
    };
    let (one, three) = (run(1), run(3));
    assert_eq!((one.share * 1e9).round(), 4e8);
    assert_eq!(one.values, three.values);
    assert_eq!(one.effects, three.effects);
    let constant = Records::of(&[Some(1.0); 120]);
    assert!(fit(&coded, &constant, &options).unwrap_err().to_string().contains("do not vary"));
}

#[test]
fn scores_of_markers_are_exact_and_their_variances_nearly() {
    use crate::predict::large::association::AssociationSpace;
    let (coded, records) = simulated(300, 500);
    let options = Options { tolerance: 1e-7, ..Options::default() };
    let space = AssociationSpace::new(&coded, &records, 1).unwrap();
    let model = space.model(&records, &options).unwrap();
    let (a, p, y, _) = exact(&coded, &records);
    let (n, delta) = (coded.samples(), model.fit.residual / model.fit.genetic);
    use faer::prelude::Solve;
    let shifted = Mat::from_fn(n, n, |i, k| a[(i, k)] + if i == k { delta } else { 0.0 });
    let solved = shifted.partial_piv_lu().solve(&y);
    let length: f64 = (0..n).map(|i| y[(i, 0)] * solved[(i, 0)]).sum();
    assert!((model.length / length - 1.0).abs() < 1e-6, "{} {length}", model.length);
    let (mut off, markers) = (0.0, 40);
    for marker in 0..markers {
        let mut z = vec![0.0; n];
        coded.decode(marker, &mut z);
        let x = &p * Mat::from_fn(n, 1, |i, _| records.weights[i].sqrt() * z[i]);
        let dot = |v: &[f64]| (0..n).map(|i| x[(i, 0)] * v[i]).sum::<f64>();
        let score: f64 = (0..n).map(|i| x[(i, 0)] * solved[(i, 0)]).sum();
        let inverse = shifted.partial_piv_lu().solve(&x);
        let form: f64 = (0..n).map(|i| x[(i, 0)] * inverse[(i, 0)]).sum();
        assert!((dot(&model.solution) - score).abs() < 1e-5 * (form * length).sqrt(), "{marker}");
        let (mut own, mut rest) = (0.0, (0..n).map(|i| x[(i, 0)].powi(2)).sum::<f64>());
        for (vector, inverse) in space.components().iter().zip(&model.inverses) {
            own += dot(vector).powi(2) * inverse;
            rest -= dot(vector).powi(2);
        }
        own += model.rest.form(rest);
        off += (own / form - 1.0).powi(2) / f64::from(markers as u32);
    }
    // Of some 280 components 200 are exact; standard errors are off by half as much.
    assert!(off.sqrt() < 0.04, "{}", off.sqrt());
    assert!(model.off < 0.02 && model.off > 0.0, "{}", model.off);
}
