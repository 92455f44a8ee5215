use landrace_genotypes::relationship::SampleMatrix;

use super::likelihood::Likelihood;
use super::*;
use crate::minimise::differences;
use crate::phenotype::{AnalysisSet, Design, TraitName};

/// Numbers like normal ones, always the same.
fn normal(state: &mut u64) -> f64 {
    let mut sum = -6.0;
    for _ in 0..12 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        sum += (*state >> 11) as f64 / (1u64 << 53) as f64;
    }
    sum
}

/// Eigenvalues, covariates and two traits with known covariances.
fn data(n: usize) -> (Vec<f64>, Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let mut state = 5;
    let values: Vec<f64> = (0..n).map(|i| 3.0 * (i as f64 / n as f64).powi(3)).collect();
    let x = vec![(0..n).map(|_| normal(&mut state)).collect(), (0..n).map(|_| normal(&mut state)).collect()];
    let mut y = vec![Vec::new(), Vec::new()];
    for (i, value) in values.iter().enumerate() {
        let (a, b) = (normal(&mut state), normal(&mut state));
        let (c, e) = (normal(&mut state), normal(&mut state));
        let (x, z): (&Vec<f64>, &Vec<f64>) = (&x[0], &x[1]);
        y[0].push(10.0 * (0.5 * x[i] + value.sqrt() * a + 0.8 * c));
        y[1].push(x[i] - z[i] + value.sqrt() * (0.6 * a + 0.8 * b) + 0.6 * e - 0.3 * c);
    }
    (values, x, y)
}

#[test]
fn covariances_are_found_again() {
    let (values, x, y) = data(4000);
    let found = Covariances::estimate(&values, &x, &y).unwrap();
    let near =
        |found: f64, truth: f64, by: f64| assert!((found - truth).abs() < by, "{found} against {truth}");
    near(found.genetic.get(0, 0), 100.0, 12.0);
    near(found.genetic.get(1, 0), 6.0, 0.9);
    // The likelihood of these very numbers is highest at 0.86 (a grid of the second trait alone says so too).
    near(found.genetic.get(1, 1), 1.0, 0.2);
    near(found.residual.get(0, 0), 64.0, 8.0);
    near(found.residual.get(0, 1), -2.4, 0.6);
    near(found.residual.get(1, 1), 0.45, 0.08);
    near(found.correlations().get(0, 1), 0.6, 0.06);
    near(found.effects[0][0], 5.0, 0.5);
    near(found.effects[1][1], -1.0, 0.05);
}

#[test]
fn the_slope_is_that_of_the_likelihood() {
    let (values, x, y) = data(60);
    let likelihood = Likelihood::new(&values, &x, &y);
    let point = [3.0, 0.5, 0.7, 6.0, -0.4, 0.9];
    let numeric = differences(&|at| likelihood.at(at).unwrap().deviance, &point);
    let own = likelihood.at(&point).unwrap().gradient;
    numeric.iter().zip(&own).for_each(|(a, b)| assert!((a - b).abs() < 1e-4 * (1.0 + b.abs()), "{a} {b}"));
}

#[test]
fn one_trait_twice_is_refused() {
    let (values, x, mut y) = data(50);
    y[1] = y[0].iter().map(|value| 2.0 * value).collect();
    assert!(Covariances::estimate(&values, &x, &y).unwrap_err().to_string().contains("is a combination"));
    assert!(Covariances::estimate(&values[..4], &[vec![1.0; 4]], &[vec![1.0; 4], vec![2.0; 4]]).is_err());
}

/// A relationship matrix of families and records of two traits, the second missing for some.
fn population(n: usize) -> (SampleMatrix, Vec<AnalysisSet>, Vec<f64>) {
    let mut state = 11;
    let markers: Vec<Vec<f64>> = (0..n).map(|_| (0..300).map(|_| normal(&mut state)).collect()).collect();
    let product =
        |i: usize, j: usize| markers[i].iter().zip(&markers[j]).map(|(a, b)| a * b).sum::<f64>() / 300.0;
    let values = (0..n).flat_map(|i| (0..=i).map(move |j| (i, j))).map(|(i, j)| product(i, j)).collect();
    let samples: Vec<String> = (0..n).map(|i| format!("s{i}")).collect();
    let kinship = SampleMatrix { samples: samples.into(), values };
    let effects: Vec<f64> = (0..300).map(|_| normal(&mut state) / 300f64.sqrt()).collect();
    let truth: Vec<f64> =
        markers.iter().map(|own| own.iter().zip(&effects).map(|(a, b)| a * b).sum()).collect();
    let name = |name: &str| TraitName { name: name.to_owned(), environment: None, unit: None };
    let set = |name: TraitName, samples: Vec<usize>, values: Vec<f64>| AnalysisSet {
        name,
        samples,
        values,
        weights: None,
        design: Design::default(),
        without_covariates: 0,
    };
    let first: Vec<f64> = truth.iter().map(|g| 5.0 + g + 0.5 * normal(&mut state)).collect();
    let second: Vec<f64> = truth.iter().map(|g| 2.0 * g + 3.0 * normal(&mut state)).collect();
    let few: Vec<usize> = (0..n).filter(|i| i % 3 > 0).collect();
    let of_few = few.iter().map(|&i| second[i]).collect();
    (kinship, vec![set(name("a"), (0..n).collect(), first), set(name("b"), few, of_few)], truth)
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (p, q) = (mean(a), mean(b));
    let sum = |f: &dyn Fn(f64, f64) -> f64| a.iter().zip(b).map(|(x, y)| f(x - p, y - q)).sum::<f64>();
    sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt()
}

#[test]
fn a_trait_that_is_missing_borrows_from_the_other() {
    let (kinship, sets, truth) = population(200);
    let found = evaluate(&kinship, &sets, Some(&[1.0, -0.25])).unwrap();
    assert_eq!((found.complete, found.values.len()), (sets[1].samples.len(), 3));
    let [a, b, index] = found.values.as_slice() else { panic!("two traits and the index") };
    let without: Vec<usize> = (0..200).step_by(3).collect();
    let of = |values: &[f64]| without.iter().map(|&i| values[i]).collect::<Vec<_>>();
    assert!(correlation(&of(&b.values), &of(&truth)) > 0.7);
    assert!(a.reliabilities.iter().all(|r| (0.0..=1.0).contains(r)));
    for i in 0..200 {
        assert!((index.values[i] - a.values[i] + 0.25 * b.values[i]).abs() < 1e-9);
    }
}
