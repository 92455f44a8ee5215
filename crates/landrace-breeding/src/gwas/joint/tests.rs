use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::*;
use crate::multi_trait::Square;
use crate::predict::cholesky::Cholesky;

fn uniform(random: &mut Xoshiro256PlusPlus) -> f64 {
    (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

fn normal(random: &mut Xoshiro256PlusPlus) -> f64 {
    let (a, b) = (uniform(random), uniform(random));
    (-2.0 * (1.0 - a).ln()).sqrt() * (2.0 * std::f64::consts::PI * b).cos()
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

/// Values of lines in environments: `loadings` and `scales` make genetic and residual covariances unequal.
fn environments(random: &mut Xoshiro256PlusPlus, n: usize, d: usize, scales: &[f64]) -> Vec<TraitData> {
    let mut family = vec![0.0; d + 1];
    let mut y = vec![vec![0.0; n]; d];
    for i in 0..n {
        if i.is_multiple_of(5) {
            family.iter_mut().for_each(|own| *own = normal(random));
        }
        let own: Vec<f64> = (0..=d).map(|k| (family[k] + normal(random)) / 2f64.sqrt()).collect();
        let line = normal(random);
        for (j, column) in y.iter_mut().enumerate() {
            column[i] = scales[j] * (own[d] + 0.7 * own[j] + 0.5 * line + normal(random));
        }
    }
    let name = |j: usize| format!("E{j}");
    y.into_iter().enumerate().map(|(j, values)| TraitData { name: name(j), values }).collect()
}

fn frame(n: usize, covariates: &[Vec<f64>], traits: &[TraitData], what: (JointTest, Refit)) -> JointFrame {
    let samples: Vec<usize> = (0..n).collect();
    let data = GroupData { samples: &samples, weights: None, covariates, traits };
    JointFrame::new(Some(&families(n)), &data, (what.0, what.1, "yield")).unwrap()
}

/// Effects and their covariance by the whole covariance of samples × traits.
fn dense(frame: &JointFrame, covariates: &[Vec<f64>], traits: &[TraitData], g: &[f64]) -> (Vec<f64>, Square) {
    let (n, d, c) = (g.len(), traits.len(), covariates.len() + 1);
    let k = families(n).centred();
    let own = &frame.covariances;
    let v = Mat::from_fn(n * d, n * d, |r, s| {
        let (i, a, j, b) = (r / d, r % d, s / d, s % d);
        k.get(i, j) * own.genetic.get(a, b) + if i == j { own.residual.get(a, b) } else { 0.0 }
    });
    let factor = Cholesky::of(v).unwrap();
    let column = |k: usize| covariates.get(k).map_or(g, Vec::as_slice);
    let x = Mat::from_fn(n * d, c * d, |r, s| if r % d == s % d { column(s / d)[r / d] } else { 0.0 });
    let mut solved = x.clone();
    factor.solve(solved.as_mut());
    let y = Mat::from_fn(n * d, 1, |r, _| traits[r % d].values[r / d]);
    let left = x.transpose() * &solved;
    let right = solved.transpose() * y;
    let (inverse, _) = Square::from_fn(c * d, |i, j| left[(i, j)]).inverse().unwrap();
    let all = inverse.times(&(0..c * d).map(|i| right[(i, 0)]).collect::<Vec<_>>());
    let first = (c - 1) * d;
    (all[first..].to_vec(), Square::from_fn(d, |i, j| inverse.get(first + i, first + j)))
}

#[test]
fn effects_are_those_of_dense_least_squares() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(5);
    let n = 100;
    for d in [2, 3, FREE + 1] {
        let scales: Vec<f64> = (0..d).map(|j| 1.0 + j as f64).collect();
        let traits = environments(&mut random, n, d, &scales);
        let covariates = vec![vec![1.0; n], (0..n).map(|_| normal(&mut random)).collect()];
        let g: Vec<f64> = (0..n).map(|_| (2.0 * uniform(&mut random)).round()).collect();
        let frame = frame(n, &covariates, &traits, (JointTest::Environments, Refit::None));
        assert_eq!(frame.is_free, d <= FREE);
        let columns = Mat::from_fn(n, 1, |i, _| g[i]);
        let found = frame.test(&Coded::of_columns(columns), &mut MarkerAccount::default()).remove(0).unwrap();
        let (beta, covariance) = dense(&frame, &covariates, &traits, &g);
        for (j, (own, se)) in found[0].effects.iter().enumerate() {
            assert!(
                (own / beta[j] - 1.0).abs() < 1e-7 && (se / covariance.get(j, j).sqrt() - 1.0).abs() < 1e-7
            );
        }
        // The interaction by contrasts with the first environment.
        let q = d - 1;
        let difference: Vec<f64> = (1..d).map(|j| beta[j] - beta[0]).collect();
        let contrasts = Square::from_fn(q, |i, j| {
            covariance.get(i + 1, j + 1) - covariance.get(i + 1, 0) - covariance.get(0, j + 1)
                + covariance.get(0, 0)
        });
        let (inverse, _) = contrasts.inverse().unwrap();
        let wald: f64 = inverse.times(&difference).iter().zip(&difference).map(|(a, b)| a * b).sum();
        let left = (n - 3) as f64;
        let ln_p = if d <= FREE {
            let degrees = left - q as f64 + 1.0;
            ln_f_tail(wald * degrees / left / q as f64, q as f64, degrees)
        } else {
            ln_f_tail(wald / q as f64, q as f64, left * q as f64)
        };
        assert!((found[1].ln_p - ln_p).abs() < 1e-6, "{} {ln_p}", found[1].ln_p);
    }
}

#[test]
fn unrelated_samples_have_hotellings_test() {
    // With a relationship that explains nothing the interaction is Hotelling's test of the differences, exactly, whose F
    // for two environments is the square of t of a regression of the difference.
    let mut random = Xoshiro256PlusPlus::seed_from_u64(17);
    let n = 50;
    let y: Vec<Vec<f64>> = (0..2).map(|_| (0..n).map(|_| normal(&mut random)).collect()).collect();
    let g: Vec<f64> = (0..n).map(|_| (2.0 * uniform(&mut random)).round()).collect();
    let own = |residual: f64| Covariances {
        genetic: Square::zeros(2),
        residual: Square::from_fn(2, |i, j| if i == j { residual } else { 0.0 }),
        effects: Vec::new(),
        deviance: 0.0,
    };
    let covariates = vec![vec![1.0; n]];
    let traits: Vec<TraitData> =
        y.iter().map(|values| TraitData { name: "t".into(), values: values.clone() }).collect();
    let spectrum = Spectrum::of(&families(n).centred()).unwrap();
    let data = Data::of(&spectrum, &covariates, &traits).unwrap();
    let column = Mat::from_fn(n, 1, |i, _| g[i]);
    let turned = spectrum.vectors().transpose() * column;
    let found = gls::estimate(&data, &own(1.0), turned.col_as_slice(0)).unwrap();
    let mean = g.iter().sum::<f64>() / n as f64;
    let square: f64 = g.iter().map(|x| (x - mean).powi(2)).sum();
    let slope = |y: &[f64]| g.iter().zip(y).map(|(x, y)| (x - mean) * y).sum::<f64>() / square;
    assert!((found.beta[0] - slope(&y[0])).abs() < 1e-10 && (found.beta[1] - slope(&y[1])).abs() < 1e-10);
    assert!((found.covariance.get(0, 0) * square - 1.0).abs() < 1e-10);
}

/// Shares of null markers with p up to 0.05 and 0.01, of mean and interaction.
fn null_shares(d: usize, refit: Refit) -> [[f64; 2]; 2] {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(23);
    let (n, rounds, markers) = (150, 12, 250);
    let scales: Vec<f64> = (0..d).map(|j| 1.0 + 0.5 * j as f64).collect();
    let mut counts = [[0.0; 2]; 2];
    for _ in 0..rounds {
        let traits = environments(&mut random, n, d, &scales);
        let frame = frame(n, &[vec![1.0; n]], &traits, (JointTest::Environments, refit));
        // Alleles that run in families, as the polygenic effects do.
        let columns: Vec<Vec<f64>> = (0..markers)
            .map(|_| {
                let mut parent = 0.0;
                let mut one = |i: usize| {
                    if i.is_multiple_of(5) {
                        parent = 2.0 * (uniform(&mut random) * 2.0).floor();
                    }
                    let own = 2.0 * (uniform(&mut random) * 2.0).floor();
                    if uniform(&mut random) < 0.5 { parent } else { own }
                };
                (0..n).map(&mut one).collect()
            })
            .collect();
        let columns = Mat::from_fn(n, markers, |i, k| columns[k][i]);
        for own in
            frame.test(&Coded::of_columns(columns), &mut MarkerAccount::default()).into_iter().flatten()
        {
            for (count, own) in counts.iter_mut().zip(&own) {
                count[0] += f64::from(u8::from(own.ln_p <= 0.05f64.ln()));
                count[1] += f64::from(u8::from(own.ln_p <= 0.01f64.ln()));
            }
        }
    }
    counts.map(|own| own.map(|count| count / (rounds * markers) as f64))
}

#[test]
fn markers_without_effect_pass_as_often_as_they_should() {
    for (d, refit) in [(3, Refit::Promising), (FREE + 2, Refit::None)] {
        for own in null_shares(d, refit) {
            assert!((0.035..0.065).contains(&own[0]) && (0.005..0.017).contains(&own[1]), "{d}: {own:?}");
        }
    }
}

#[test]
fn refitted_covariances_are_likelier_and_lower_the_variance_of_a_large_effect() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(31);
    let n = 200;
    let mut traits = environments(&mut random, n, 2, &[1.0, 2.0]);
    let g: Vec<f64> = (0..n).map(|_| 2.0 * uniform(&mut random).round()).collect();
    for (own, effect) in traits.iter_mut().zip([1.0, -1.5]) {
        own.values.iter_mut().zip(&g).for_each(|(y, g)| *y += effect * g);
    }
    let tested = |refit| {
        let frame = frame(n, &[vec![1.0; n]], &traits, (JointTest::Traits, refit));
        let columns = Mat::from_fn(n, 1, |i, _| g[i]);
        frame.test(&Coded::of_columns(columns), &mut MarkerAccount::default()).remove(0).unwrap().remove(0)
    };
    let (fixed, promising, all) = (tested(Refit::None), tested(Refit::Promising), tested(Refit::All));
    assert_eq!(promising.effects, all.effects);
    assert_eq!((promising.ln_p, promising.covariance), (all.ln_p, all.covariance.clone()));
    assert!(all.ln_p < fixed.ln_p && fixed.ln_p < -40.0, "{} {}", all.ln_p, fixed.ln_p);
    assert!((all.effects[0].0 - 1.0).abs() < 0.3 && (all.effects[1].0 + 1.5).abs() < 0.6);
    assert_eq!(all.covariance.len(), 3);
}
