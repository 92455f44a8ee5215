use landrace_genotypes::relationship::SampleMatrix;

use super::*;

/// Numbers that look drawn, between −1 and 1.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// A relationship of products of `rank` columns; a trait of it and residuals; a covariate.
fn example(n: usize, rank: usize) -> (SampleMatrix, Vec<f64>, Vec<Vec<f64>>) {
    let mut draw = noise(7);
    let z: Vec<Vec<f64>> = (0..n).map(|_| (0..rank).map(|_| draw()).collect()).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / rank as f64;
    let values = (0..n).flat_map(|i| (0..=i).map(move |k| (i, k))).map(|(i, k)| dot(&z[i], &z[k])).collect();
    let names: Vec<String> = (0..n).map(|i| format!("s{i}")).collect();
    let effects: Vec<f64> = (0..rank).map(|_| draw()).collect();
    let covariate: Vec<f64> = (0..n).map(|_| draw()).collect();
    let y = (0..n).map(|i| 3.0 + 0.5 * covariate[i] + dot(&z[i], &effects) * 3.0 + 0.4 * draw()).collect();
    (SampleMatrix { samples: names.into(), values }, y, vec![vec![1.0; n], covariate])
}

/// ln det and inverse by Gauss-Jordan.
fn invert(matrix: &[Vec<f64>]) -> (f64, Vec<Vec<f64>>) {
    let n = matrix.len();
    let mut rows: Vec<Vec<f64>> = (0..n)
        .map(|i| matrix[i].iter().copied().chain((0..n).map(|k| f64::from(u8::from(i == k)))).collect())
        .collect();
    let mut log = 0.0;
    for i in 0..n {
        let pivot: f64 = rows[i][i];
        log += pivot.ln();
        rows[i].iter_mut().for_each(|cell| *cell /= pivot);
        let own = rows[i].clone();
        for k in (0..n).filter(|&k| k != i) {
            let factor = rows[k][i];
            (0..2 * n).for_each(|c| rows[k][c] -= factor * own[c]);
        }
    }
    (log, rows.iter().map(|row| row[n..].to_vec()).collect())
}

/// Restricted and full log-likelihood at λ, beta and σe², from the matrices themselves.
fn plainly(
    kinship: &SampleMatrix,
    y: &[f64],
    x: &[Vec<f64>],
    weights: &[f64],
    lambda: f64,
) -> (f64, f64, Vec<f64>, f64) {
    let (n, c) = (y.len(), x.len());
    let h: Vec<Vec<f64>> = (0..n)
        .map(|i| {
            (0..n).map(|k| lambda * kinship.get(i, k) + if i == k { 1.0 / weights[i] } else { 0.0 }).collect()
        })
        .collect();
    let (log_h, inverse) = invert(&h);
    let product = |a: &[f64], b: &[f64]| -> f64 {
        (0..n).map(|i| a[i] * (0..n).map(|k| inverse[i][k] * b[k]).sum::<f64>()).sum()
    };
    let xx: Vec<Vec<f64>> = (0..c).map(|i| (0..c).map(|k| product(&x[i], &x[k])).collect()).collect();
    let plain: Vec<Vec<f64>> = (0..c)
        .map(|i| (0..c).map(|k| (0..n).map(|s| weights[s] * x[i][s] * x[k][s]).sum()).collect())
        .collect();
    let (log_xx, xx_inverse) = invert(&xx);
    let beta: Vec<f64> = (0..c).map(|i| (0..c).map(|k| xx_inverse[i][k] * product(&x[k], y)).sum()).collect();
    let e: Vec<f64> = (0..n).map(|s| y[s] - (0..c).map(|k| beta[k] * x[k][s]).sum::<f64>()).collect();
    let yy = product(&e, &e);
    let log_h = log_h + weights.iter().map(|w| w.ln()).sum::<f64>();
    let tau = 2.0 * std::f64::consts::PI;
    let (df, all) = ((n - c) as f64, n as f64);
    let reml = -0.5 * (df * (tau * yy / df).ln() + df + log_h + log_xx - invert(&plain).0);
    let ml = -0.5 * (all * (tau * yy / all).ln() + all + log_h);
    (reml, ml, beta, yy / df)
}

#[test]
fn the_fit_is_the_greatest_of_the_plain_likelihood() {
    let (kinship, y, x) = example(45, 60);
    for weights in [vec![1.0; 45], (0..45).map(|i| 0.5 + f64::from(i % 7) / 3.0).collect()] {
        let spectrum = Spectrum::weighted(&kinship, Some(&weights)).unwrap();
        let rotated = spectrum.rotate(&y, &x);
        let model = fit_null(&rotated).unwrap();
        let at = |lambda: f64| plainly(&kinship, &y, &x, &weights, lambda);
        let (reml, _, beta, ve) = at(model.lambda);
        assert!((reml - model.loglik_reml).abs() < 1e-8, "{reml} {model:?}");
        assert!((at(model.lambda_ml).1 - model.loglik_ml).abs() < 1e-8);
        for factor in [0.999, 1.001] {
            assert!(at(model.lambda * factor).0 < reml);
            assert!(at(model.lambda_ml * factor).1 < model.loglik_ml);
        }
        assert!((ve - model.ve).abs() < 1e-9 && (model.vg - ve * model.lambda).abs() < 1e-9);
        for (own, plain) in model.beta.iter().zip(&beta) {
            assert!((own - plain).abs() < 1e-8);
        }
        // u = λ K V⁻¹ (y − X b) = K a.
        let (u, a) = (model.breeding_values(&spectrum, &rotated), model.dual(&spectrum, &rotated));
        for i in 0..45 {
            let through: f64 = (0..45).map(|k| kinship.get(i, k) * a[k]).sum();
            assert!((u[i] - through).abs() < 1e-8, "{} {through}", u[i]);
            let e = y[i] - beta[0] * x[0][i] - beta[1] * x[1][i] - u[i];
            assert!((a[i] - model.lambda * weights[i] * e).abs() < 1e-7);
        }
        let along = model.vg * rotated.mean_value();
        assert!((model.h2 - along / (along + model.ve)).abs() < 1e-12 && model.h2_se.is_some());
    }
}

#[test]
fn what_cannot_be_fitted_is_said() {
    let (kinship, y, x) = example(12, 20);
    let spectrum = Spectrum::of(&kinship).unwrap();
    let fails = |y: &[f64], x: &[Vec<f64>]| fit_null(&spectrum.rotate(y, x)).unwrap_err();
    assert_eq!(fails(&[2.5; 12], &x), ModelError::Constant);
    let twice = [x.clone(), vec![x[1].iter().map(|v| 3.0 - 2.0 * v).collect()]].concat();
    assert_eq!(fails(&y, &twice), ModelError::Collinear(2));
    let many: Vec<Vec<f64>> =
        (0..12).map(|k| (0..12).map(|i| f64::from(u8::from(i >= k))).collect()).collect();
    assert_eq!(fails(&y, &many), ModelError::TooFew { samples: 12, covariates: 12 });
    let none = SampleMatrix { samples: kinship.samples.clone(), values: vec![0.0; 78] };
    assert!(Spectrum::of(&none).is_err());
    let gap = SampleMatrix { values: vec![f64::NAN; 78], ..none };
    assert!(Spectrum::of(&gap).unwrap_err().to_string().contains("'s0' and 's0' is not known"));
}

#[test]
fn ends_of_the_range_are_named() {
    let (kinship, _, x) = example(40, 3);
    let spectrum = Spectrum::of(&kinship).unwrap();
    let mut draw = noise(99);
    let all_of_it: Vec<f64> = (0..40).map(|i| kinship.get(i, 0) + 2.0).collect();
    let rotated = spectrum.rotate(&all_of_it, &x[..1]);
    assert_eq!(fit_null(&rotated).unwrap().bound, Some(Bound::High));
    // Alternating within pairs of one genotype: less alike than chance.
    let mut values = Vec::new();
    for i in 0..40usize {
        values.extend((0..=i).map(|k| f64::from(u8::from(i / 2 == k / 2))));
    }
    let pairs = SampleMatrix { samples: kinship.samples.clone(), values };
    let against: Vec<f64> = (0..40).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 } + 0.1 * draw()).collect();
    let spectrum = Spectrum::of(&pairs).unwrap();
    let model = fit_null(&spectrum.rotate(&against, &x[..1])).unwrap();
    assert_eq!((model.bound, model.h2_se), (Some(Bound::Low), None));
}
