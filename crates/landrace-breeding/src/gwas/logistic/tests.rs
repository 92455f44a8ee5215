use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::*;

fn uniform(random: &mut Xoshiro256PlusPlus) -> f64 {
    (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

fn normal(random: &mut Xoshiro256PlusPlus) -> f64 {
    let (a, b) = (uniform(random), uniform(random));
    (-2.0 * (1.0 - a).ln()).sqrt() * (2.0 * std::f64::consts::PI * b).cos()
}

/// Sixty samples that R can make too: trait, mean and covariate, marker.
fn small() -> (Vec<f64>, Vec<Vec<f64>>, Vec<f64>) {
    let g: Vec<f64> = (0..60).map(|i| if i % 4 < 2 { f64::from((i * 7) % 3) } else { 0.0 }).collect();
    let z: Vec<f64> = (0..60).map(|i| f64::from(i).sin()).collect();
    let y = (0..60u32)
        .map(|i| {
            let liability = (1.3 * f64::from(i)).sin() + 0.5 * g[i as usize] + 0.3 * z[i as usize];
            f64::from(u8::from(liability > 0.6))
        })
        .collect();
    (y, vec![vec![1.0; 60], z], g)
}

fn one_column(g: &[f64]) -> Mat<f64> {
    Mat::from_fn(g.len(), 1, |i, _| g[i])
}

fn frame(y: &[f64], covariates: &[Vec<f64>], kinship: Option<&SampleMatrix>) -> LogisticFrame {
    let data = TraitData { name: "blight".to_owned(), values: y.to_vec() };
    LogisticFrame::new(kinship, covariates, &[data]).unwrap()
}

fn tests(frame: &LogisticFrame, columns: Mat<f64>) -> Vec<Association> {
    let found = frame.test(&Coded::of_columns(columns), &mut MarkerAccount::default());
    found.into_iter().map(|own| own.unwrap().remove(0)).collect()
}

#[test]
fn without_relationship_the_score_test_is_that_of_r() {
    // i <- 0:59; g <- (i*7) %% 3 * ((i %% 4) < 2); z <- sin(i); y <- as.numeric(sin(1.3*i) + 0.5*g + 0.3*z > 0.6)
    // anova(glm(y ~ z, binomial), glm(y ~ z + g, binomial), test = "Rao")
    let (y, x, g) = small();
    let frame = frame(&y, &x, None);
    let model = &frame.traits[0].1;
    assert!((model.effects[0] + 0.336_843_360_292_2).abs() < 1e-9);
    assert!((model.effects[1] - 0.011_317_861_418_5).abs() < 1e-9);
    let found = tests(&frame, one_column(&g)).remove(0);
    let p = found.ln_p_normal.unwrap().exp();
    assert!((p / 0.025_640_390_469_6 - 1.0).abs() < 1e-6, "{p}");
    // The estimate without a penalty is 0.7814 with error 0.3635; the penalty draws it a little towards 0.
    assert!((0.70..0.7815).contains(&found.beta) && (found.se / 0.3635 - 1.0).abs() < 0.05, "{found:?}");
}

/// P(|S| ≥ q) by all outcomes of the trials.
fn exact_two_sided(predictor: &[f64], h: &[f64], normal_part: f64, q: f64) -> f64 {
    let n = h.len();
    let tail = |z: f64| {
        if normal_part > 0.0 {
            landrace_genotypes::significance::normal_tail(z / normal_part.sqrt())
        } else {
            f64::from(u8::from(z <= 1e-12))
        }
    };
    let mut sum = 0.0;
    for outcome in 0u32..1 << n {
        let (mut chance, mut value) = (1.0, 0.0);
        for i in 0..n {
            let mean = saddle_point::logistic(predictor[i]);
            let is_case = outcome >> i & 1 == 1;
            chance *= if is_case { mean } else { 1.0 - mean };
            value += h[i] * (f64::from(u8::from(is_case)) - mean);
        }
        sum += chance * (tail(q - value) + tail(q + value));
    }
    sum
}

#[test]
fn the_saddle_point_tail_is_that_of_all_outcomes() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(3);
    for normal_part in [0.0, 0.3] {
        let predictor: Vec<f64> = (0..15).map(|_| -1.5 + 0.7 * normal(&mut random)).collect();
        let h: Vec<f64> = (0..15).map(|_| 0.2 + uniform(&mut random)).collect();
        let means: Vec<f64> = predictor.iter().map(|&eta| saddle_point::logistic(eta)).collect();
        let own: f64 = h.iter().zip(&means).map(|(h, mean)| h * h * mean * (1.0 - mean)).sum();
        let variance = own + normal_part;
        let trials = Trials::new(&predictor, &means, &h, variance);
        for deviations in [2.2, 3.0, 3.7] {
            let q = deviations * variance.sqrt();
            let exact = exact_two_sided(&predictor, &h, normal_part, q);
            let found = trials.ln_two_sided(q).unwrap().exp();
            let by_normal = ln_chi_squared_tail(deviations * deviations, 1).exp();
            assert!((found / exact - 1.0).abs() < 0.1, "{normal_part} {deviations}: {found} {exact}");
            assert!((found - exact).abs() < 0.5 * (by_normal - exact).abs(), "{by_normal}");
        }
    }
}

#[test]
fn the_greatest_outcome_has_its_own_chance() {
    let (predictor, h) = ([-1.0, 0.5, 0.2], [1.0, 2.0, 0.5]);
    let means = predictor.map(saddle_point::logistic);
    let own: f64 = h.iter().zip(&means).map(|(h, mean)| h * h * mean * (1.0 - mean)).sum();
    let trials = Trials::new(&predictor, &means, &h, own);
    let most: f64 = h.iter().zip(&means).map(|(h, mean)| h * (1.0 - mean)).sum();
    let ln_p = trials.ln_tail(most, 1.0).unwrap();
    let exact: f64 = means.iter().product();
    assert!((ln_p.exp() / exact - 1.0).abs() < 1e-9, "{} {exact}", ln_p.exp());
    assert_eq!(trials.ln_tail(1.01 * most, 1.0), Some(f64::NEG_INFINITY));
    assert_eq!(trials.ln_two_sided(2.0 * most), None);
}

/// Families of five: relationship 0.5 within.
fn families(n: usize) -> SampleMatrix {
    let names: Vec<String> = (0..n).map(|i| format!("s{i}")).collect();
    let value = |(i, k): (usize, usize)| match (i == k, i / 5 == k / 5) {
        (true, _) => 1.0,
        (_, true) => 0.5,
        _ => 0.0,
    };
    let values = (0..n).flat_map(|i| (0..=i).map(move |k| (i, k))).map(value).collect();
    SampleMatrix { samples: names.into(), values }
}

fn simulated(random: &mut Xoshiro256PlusPlus, n: usize, (intercept, tau): (f64, f64)) -> Vec<f64> {
    let mut shared = 0.0;
    let one = |i: usize| {
        if i.is_multiple_of(5) {
            shared = normal(random);
        }
        let polygenic = (0.5 * tau).sqrt() * (shared + normal(random));
        f64::from(u8::from(uniform(random) < saddle_point::logistic(intercept + polygenic)))
    };
    (0..n).map(one).collect()
}

#[test]
fn variance_and_scores_satisfy_their_equations() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(8);
    let n = 200;
    let y = simulated(&mut random, n, (-0.5, 3.0));
    let kinship = families(n);
    let covariates = vec![vec![1.0; n], (0..n).map(|_| normal(&mut random)).collect()];
    let frame = frame(&y, &covariates, Some(&kinship));
    let model = &frame.traits[0].1;
    assert!(model.bound.is_none() && model.tau > 0.3, "{}", model.tau);
    // P by its definition.
    let k = kinship.centred();
    let sigma = Mat::from_fn(n, n, |i, j| {
        model.tau * k.get(i, j) + if i == j { 1.0 / model.weights[i] } else { 0.0 }
    });
    let inverse = {
        let mut unit = Mat::from_fn(n, n, |i, j| f64::from(u8::from(i == j)));
        crate::predict::cholesky::Cholesky::of(sigma).unwrap().solve(unit.as_mut());
        unit
    };
    let x = Mat::from_fn(n, 2, |i, j| covariates[j][i]);
    let along = &inverse * &x;
    let mut normal_inverse = along.transpose().to_owned();
    crate::predict::cholesky::Cholesky::of(x.transpose() * &along).unwrap().solve(normal_inverse.as_mut());
    let p = &inverse - &along * normal_inverse;
    let dense_k = Mat::from_fn(n, n, |i, j| k.get(i, j));
    let r = Mat::from_fn(n, 1, |i, _| model.residuals[i]);
    let quadratic = (r.transpose() * &dense_k * &r)[(0, 0)];
    let pk = &p * &dense_k;
    let trace: f64 = (0..n).map(|i| pk[(i, i)]).sum();
    assert!((quadratic / trace - 1.0).abs() < 1e-5, "{quadratic} {trace}");
    let fixed = x.transpose() * &r;
    assert!(fixed[(0, 0)].abs() < 1e-6 && fixed[(1, 0)].abs() < 1e-6);
    // Score test of a marker.
    let g: Vec<f64> = (0..n).map(|_| f64::from(uniform(&mut random) < 0.2)).collect();
    let column = one_column(&g);
    let score = (column.transpose() * &r)[(0, 0)];
    let variance = (column.transpose() * &p * &column)[(0, 0)];
    let found = tests(&frame, column).remove(0);
    let expected = ln_chi_squared_tail(score * score / variance, 1);
    assert!((found.ln_p_normal.unwrap() - expected).abs() < 1e-7);
}

/// Shares of null markers at or below 1e-3 and 1e-4, by the normal distribution and by saddle point.
fn false_positives(
    seed: u64,
    (n, rounds, markers): (usize, usize, usize),
    model: (f64, f64),
) -> [[f64; 2]; 2] {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut counts = [[0.0; 2]; 2];
    let kinship = families(n);
    for _ in 0..rounds {
        let y = simulated(&mut random, n, model);
        let frame = frame(&y, &[vec![1.0; n]], (model.1 > 0.0).then_some(&kinship));
        let frequency: Vec<f64> = (0..markers).map(|_| 0.01 + 0.04 * uniform(&mut random)).collect();
        let mut column = |k: usize| -> Vec<f64> {
            (0..n)
                .map(|_| (0..2).map(|_| f64::from(u8::from(uniform(&mut random) < frequency[k]))).sum())
                .collect()
        };
        let columns: Vec<Vec<f64>> = (0..markers).map(&mut column).collect();
        for own in tests(&frame, Mat::from_fn(n, markers, |i, k| columns[k][i])) {
            for (kind, ln_p) in [own.ln_p_normal.unwrap(), own.ln_p].into_iter().enumerate() {
                counts[kind][0] += f64::from(u8::from(ln_p <= 1e-3f64.ln()));
                counts[kind][1] += f64::from(u8::from(ln_p <= 1e-4f64.ln()));
            }
        }
    }
    counts.map(|own| own.map(|count| count / (rounds * markers) as f64))
}

#[test]
fn few_cases_and_rare_alleles_give_no_more_findings_than_asked() {
    // 5 cases in 100, alleles of 1 to 5%: 40,000 null markers, with and without families.
    for (seed, model) in [(1, (-2.94, 0.0)), (2, (-3.3, 1.0))] {
        let [by_normal, by_saddle] = false_positives(seed, (400, 100, 400), model);
        println!("{by_normal:?} {by_saddle:?}");
        assert!((0.4e-3..1.6e-3).contains(&by_saddle[0]), "{by_saddle:?}");
        assert!(by_saddle[1] <= 3e-4, "{by_saddle:?}");
        assert!(by_normal[0] > 2e-3 && by_normal[1] > 1e-3, "{by_normal:?}");
    }
}

#[test]
fn carriers_who_are_all_cases_have_a_finite_effect() {
    let n = 200;
    let y: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i % 20 == 0))).collect();
    let g: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i % 40 == 0))).collect();
    let found = tests(&frame(&y, &[vec![1.0; n]], None), one_column(&g)).remove(0);
    assert!((3.0..9.0).contains(&found.beta) && (0.5..3.0).contains(&found.se), "{found:?}");
    assert!(found.ln_p > found.ln_p_normal.unwrap());
}

#[test]
fn separated_classes_and_bad_data_are_refused() {
    let (y, _, _) = small();
    let fit = |covariates: &[Vec<f64>]| LogisticNull::fit(&y, covariates, None).err();
    let mean = vec![1.0; 60];
    let separating: Vec<f64> = (0..60).map(|i| 3.0 * y[i] + (i as f64).sin()).collect();
    let wave: Vec<f64> = (0..60).map(|i| f64::from(i).cos()).collect();
    assert_eq!(fit(&[mean.clone(), wave.clone(), separating]), Some(LogisticError::Separated(2)));
    // A rare level whose samples are all cases.
    let cases: Vec<usize> = (0..60).filter(|&i| y[i] > 0.0).take(2).collect();
    let level = (0..60).map(|i| f64::from(u8::from(cases.contains(&i)))).collect();
    assert_eq!(fit(&[mean.clone(), level]), Some(LogisticError::Separated(1)));
    assert_eq!(
        fit(&[mean.clone(), wave.clone(), wave]),
        Some(LogisticError::Model(crate::mixed_model::ModelError::Collinear(2)))
    );
    assert!(matches!(
        LogisticNull::fit(&[1.0; 60], &[mean], None).err(),
        Some(LogisticError::Model(crate::mixed_model::ModelError::Constant))
    ));
}
