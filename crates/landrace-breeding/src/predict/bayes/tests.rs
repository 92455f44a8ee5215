use faer::Mat;
use faer::prelude::Solve;

use super::random::Random;
use super::*;
use crate::predict::coded::CodedCalls;
use crate::predict::coded::tests::matrix;

/// Samples of unlinked diploid markers, a few of which have effects; and the genetic values.
fn simulated(samples: usize, variants: usize, qtl: &[(usize, f64)], seed: u64) -> (CodedCalls, Vec<f64>) {
    let mut random = Random::of(seed, 0);
    let rows: Vec<Vec<u8>> = (0..variants)
        .map(|_| {
            let p = 0.1 + 0.8 * random.unit();
            (0..samples)
                .map(|_| {
                    if random.unit() < 0.02 {
                        255
                    } else {
                        u8::from(random.unit() < p) + u8::from(random.unit() < p)
                    }
                })
                .collect()
        })
        .collect();
    let coded = CodedCalls::of(&matrix(&vec![2; samples], &rows)).unwrap();
    let mut values = vec![0.0; samples];
    let mut z = vec![0.0; samples];
    for &(variant, effect) in qtl {
        coded.decode(variant, &mut z);
        values.iter_mut().zip(&z).for_each(|(value, z)| *value += effect * z);
    }
    (coded, values)
}

fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (a, b) = (mean(x), mean(y));
    let sum = |u: &[f64], c: f64, v: &[f64], d: f64| -> f64 {
        u.iter().zip(v).map(|(x, y)| (x - c) * (y - d)).sum()
    };
    sum(x, a, y, b) / (sum(x, a, x, a) * sum(y, b, y, b)).sqrt()
}

fn records(values: &[f64], noise: f64, seed: u64) -> Records {
    let mut random = Random::of(seed, 1);
    Records::of(&values.iter().map(|g| Some(10.0 + g + noise * random.normal())).collect::<Vec<_>>())
}

#[test]
fn ridge_of_fixed_variances_is_the_known_answer_with_weights_and_covariates() {
    let (samples, variants) = (60, 90);
    let (coded, values) = simulated(samples, variants, &[(3, 1.0), (40, -0.7)], 5);
    let mut records = records(&values, 0.5, 6);
    records.covariates = vec![(0..samples).map(|i| ((i * i) as f64).sin()).collect()];
    records.weights = (0..samples).map(|i| if i % 11 == 5 { 0.0 } else { 0.5 + (i % 3) as f64 }).collect();
    let (residual, effect) = (0.3, 0.05);
    let options = Options {
        rounds: 6000,
        burn_in: 200,
        chains: 2,
        fixed_variances: Some((residual, effect)),
        ..Options::new(Model::Ridge)
    };
    let fit = fit(&coded, &records, &options).unwrap();
    // The mixed model equations.
    let size = 2 + coded.variants().len();
    let mut columns = vec![vec![1.0; samples], records.covariates[0].clone()];
    for variant in 0..coded.variants().len() {
        let mut z = vec![0.0; samples];
        coded.decode(variant, &mut z);
        columns.push(z);
    }
    let product = |a: &[f64], b: &[f64]| fixed::product(a, b, &records.weights);
    let left = Mat::from_fn(size, size, |i, k| {
        product(&columns[i], &columns[k]) + if i == k && i > 1 { residual / effect } else { 0.0 }
    });
    let right = Mat::from_fn(size, 1, |i, _| product(&columns[i], &records.values));
    let inverse = left.partial_piv_lu().solve(Mat::<f64>::identity(size, size));
    let solution = &inverse * &right;
    for variant in 0..coded.variants().len() {
        let (own, sd) = (fit.effects[variant].mean, (inverse[(variant + 2, variant + 2)] * residual).sqrt());
        let expected = solution[(variant + 2, 0)];
        assert!((own - expected).abs() < 0.06 * sd, "{variant}: {own} {expected} {sd}");
        assert!(
            (fit.effects[variant].sd / sd - 1.0).abs() < 0.06,
            "{variant}: {} {sd}",
            fit.effects[variant].sd
        );
    }
    for k in 0..2 {
        let sd = (inverse[(k, k)] * residual).sqrt();
        assert!((fit.coefficients[k].0 - solution[(k, 0)]).abs() < 0.1 * sd, "{k}");
        assert!((fit.coefficients[k].1 / sd - 1.0).abs() < 0.06);
    }
    // A sample without a record has the value of its markers.
    let own: f64 = (0..coded.variants().len()).map(|v| columns[v + 2][5] * solution[(v + 2, 0)]).sum();
    assert!((fit.values[5].0 - own).abs() < 0.1 * fit.values[5].1, "{} {own}", fit.values[5].0);
}

#[test]
fn every_model_finds_large_effects_and_the_heritability() {
    let qtl = [(10, 0.8), (77, -0.6), (150, 0.9), (220, -0.7), (290, 0.5)];
    let (coded, values) = simulated(400, 300, &qtl, 11);
    let spread = values.iter().map(|g| g * g).sum::<f64>() / 400.0;
    let records = records(&values, spread.sqrt(), 12);
    let mut accuracy = Vec::new();
    for model in Model::ALL {
        let options = Options { rounds: 1500, burn_in: 300, chains: 2, ..Options::new(model) };
        let fit = fit(&coded, &records, &options).unwrap();
        let h2 = fit.parameter("heritability").unwrap();
        assert!((h2.mean - 0.5).abs() < 0.15, "{model:?}: {}", h2.mean);
        let own: Vec<f64> = fit.values.iter().map(|value| value.0).collect();
        accuracy.push(correlation(&own, &values));
        for (variant, effect) in qtl {
            assert_eq!(fit.effects[variant].mean > 0.0, effect > 0.0);
            if model == Model::BayesR || model == Model::BayesCpi {
                assert!(
                    fit.effects[variant].inclusion > 0.9,
                    "{model:?}: {}",
                    fit.effects[variant].inclusion
                );
                assert!((fit.effects[variant].mean - effect).abs() < 0.3, "{model:?} {variant}");
            }
        }
        if model == Model::BayesR {
            let others = (0..300).filter(|v| qtl.iter().all(|q| q.0 != *v));
            let mean = others.map(|v| fit.effects[v].inclusion).sum::<f64>() / 295.0;
            assert!(mean < 0.3, "{mean}");
            assert!(fit.unsettled().iter().all(|name| name.starts_with("share") || name.ends_with("scale")));
        }
    }
    // With few large effects, models that know of it are the better ones.
    assert!(accuracy[4] > accuracy[0] + 0.02, "{accuracy:?}");
    assert!(accuracy[3] > accuracy[0] + 0.02, "{accuracy:?}");
}

#[test]
fn the_same_seed_gives_the_same_at_any_number_of_threads() {
    let (coded, values) = simulated(90, 200, &[(10, 0.8)], 1);
    let records = records(&values, 1.0, 2);
    let options = Options { rounds: 60, burn_in: 10, ..Options::new(Model::BayesB) };
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fit(&coded, &records, &options)).unwrap()
    };
    assert_eq!(run(1), run(3));
}

/// Draws from the prior, then data from the effects, then effects from the data, again and again: effects must keep the
/// distribution of the prior (Geweke 2004).
#[test]
fn data_and_effects_in_turn_keep_the_prior() {
    use super::prior::{BayesCpi, Prior, Start};
    let (coded, _) = simulated(20, 6, &[], 3);
    let start = Start { variants: 6, genetic: 1.0, r2: 0.5, spread: 3.0 };
    let mut prior = BayesCpi::new(start);
    let mut random = Random::of(4, 0);
    let residual = 1.0f64;
    let z: Vec<Vec<f64>> = (0..6)
        .map(|variant| {
            let mut z = vec![0.0; 20];
            coded.decode(variant, &mut z);
            z
        })
        .collect();
    let mut effects = vec![0.0; 6];
    let (mut shares, mut kept, mut rounds) = (0.0, 0.0, 0.0);
    for round in 0..60_000 {
        let mut y: Vec<f64> = (0..20).map(|_| residual.sqrt() * random.normal()).collect();
        for (z, a) in z.iter().zip(&effects) {
            y.iter_mut().zip(z).for_each(|(y, z)| *y += a * z);
        }
        for variant in 0..6 {
            let rest =
                |i: usize| y[i] - (0..6).filter(|&k| k != variant).map(|k| effects[k] * z[k][i]).sum::<f64>();
            let product: f64 = (0..20).map(|i| z[variant][i] * rest(i)).sum();
            let squares: f64 = z[variant].iter().map(|z| z * z).sum();
            effects[variant] = prior.draw(variant, (product, squares), residual, &mut random).effect;
        }
        prior.update(&effects, residual, &mut random);
        if round >= 1000 {
            rounds += 1.0;
            shares += prior.values()[1];
            kept += effects.iter().filter(|&&a| a != 0.0).count() as f64 / 6.0;
        }
    }
    assert!((shares / rounds - 0.5).abs() < 0.02, "{}", shares / rounds);
    assert!((kept / rounds - 0.5).abs() < 0.02, "{}", kept / rounds);
}

#[test]
fn what_cannot_be_fitted_is_said() {
    let (coded, _) = simulated(10, 20, &[], 1);
    let fails =
        |values: &[Option<f64>], options: &Options| fit(&coded, &Records::of(values), options).unwrap_err();
    let options = Options::new(Model::BayesA);
    assert!(fails(&[Some(1.0); 10], &options).to_string().contains("do not vary"));
    let mut few = [None; 10];
    few[3] = Some(2.0);
    assert!(fails(&few, &options).to_string().contains("1 records are too few"));
    let values: Vec<Option<f64>> = (0..10).map(|i| Some(f64::from(i))).collect();
    let message = fails(&values, &Options { burn_in: 3000, ..options }).to_string();
    assert!(message.contains("ask for more rounds"), "{message}");
}
