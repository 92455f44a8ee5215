//! Predictions against the same done the long way.

use std::sync::Arc;

use faer::Mat;
use landrace_genotypes::block::{CallGroup, GenotypeBlock, Layers, Site};
use landrace_genotypes::plane::{BitPlanes, MISSING};
use landrace_genotypes::{GenotypeMatrix, SourceHeader};
use proptest::prelude::*;

use super::cross_validation::by_refitting;
use super::*;
use crate::phenotype::{Design, TraitName};

/// Numbers from 0 to 1.
fn numbers(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x1234_5678;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1u32 << 31)
    }
}

/// Genotypes of samples, by ploidy, variant by variant; codes beyond the ploidy are missing.
pub(super) fn matrix(ploidies: &[u8], rows: &[Vec<u8>]) -> GenotypeMatrix {
    let group = |ploidy: u8| {
        let samples: Arc<[usize]> = (0..ploidies.len()).filter(|&i| ploidies[i] == ploidy).collect();
        let mut calls = BitPlanes::new(ploidy, samples.len());
        for row in rows {
            calls.push_row(&samples.iter().map(|&i| row[i]).collect::<Vec<u8>>());
        }
        CallGroup { samples, calls }
    };
    let groups = [2, 4].map(group).into_iter().filter(|group| !group.samples.is_empty()).collect();
    let site = |index: usize| Site {
        position: landrace_genome::Position::new(index as u64 * 100 + 1),
        id: format!("m{index}").into(),
        reference: "A".into(),
        alternates: vec!["C".into()],
        ..Site::default()
    };
    let block = GenotypeBlock {
        contig: "1".into(),
        samples: ploidies.len(),
        sites: (0..rows.len()).map(site).collect(),
        groups,
        layers: Layers::default(),
    };
    let samples = (0..ploidies.len()).map(|index| format!("s{index}")).collect();
    GenotypeMatrix::from_blocks(SourceHeader { samples, ..SourceHeader::default() }, vec![block])
}

/// Samples whose trait is a sum over their variants and noise, some without records.
pub(super) fn flock(n: usize, m: usize, seed: u64) -> (GenotypeMatrix, AnalysisSet) {
    let mut next = numbers(seed);
    let ploidies: Vec<u8> = (0..n).map(|i| if i % 5 == 4 { 4 } else { 2 }).collect();
    let mut values = vec![0.0; n];
    let rows: Vec<Vec<u8>> = (0..m)
        .map(|_| {
            let (p, effect) = (0.1 + 0.8 * next(), next() - 0.5);
            (0..n)
                .map(|i| {
                    let shift = if i % 2 == 0 { p } else { 0.5 * p + 0.2 };
                    let x = (0..ploidies[i]).filter(|_| next() < shift).count() as u8;
                    values[i] += f64::from(x) / f64::from(ploidies[i]) * effect;
                    if next() < 0.02 { MISSING } else { x }
                })
                .collect()
        })
        .collect();
    let samples: Vec<usize> = (0..n).filter(|i| i % 7 != 3).collect();
    let x: Vec<f64> = samples.iter().map(|_| next()).collect();
    let noise = (m as f64).sqrt() * 0.15;
    let y =
        samples.iter().zip(&x).map(|(&i, x)| 10.0 + values[i] + 2.0 * x + noise * (next() - 0.5)).collect();
    let weights = (seed % 2 == 1).then(|| samples.iter().map(|_| 0.5 + next()).collect());
    let design = if seed.is_multiple_of(3) {
        Design { names: vec!["x".to_owned()], columns: vec![x], notes: Vec::new() }
    } else {
        Design::default()
    };
    let name = TraitName { name: "yield".to_owned(), environment: None, unit: None };
    (
        matrix(&ploidies, &rows),
        AnalysisSet { name, samples, values: y, weights, design, without_covariates: 0 },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn left_out_records_are_predicted_as_by_fitting_anew(seed in 0u64..1000, folds in 2usize..9) {
        let (genotypes, set) = flock(45, 80, seed);
        let population = Population::of_genotypes(genotypes);
        let method = Gblup::default();
        let splits = Scheme::Random { folds, repeats: 1, seed }.splits(&set).unwrap();
        let fast = method.cross_validate(&population, &set, &splits).unwrap();
        let slow = by_refitting(&method, &population, &set, &splits).unwrap();
        let spread = set.values.iter().copied().fold(0.0, f64::max);
        for (fast, slow) in fast.iter().flatten().zip(slow.iter().flatten()) {
            prop_assert_eq!(fast.record, slow.record);
            // λ is found to a thousandth here, to 1e-6 there.
            prop_assert!((fast.predicted - slow.predicted).abs() < 2e-4 * spread, "{fast:?} {slow:?}");
            prop_assert!((fast.observed - slow.observed).abs() < 2e-4 * spread, "{fast:?} {slow:?}");
        }
    }

    #[test]
    fn values_and_reliabilities_solve_the_mixed_model_equations(seed in 0u64..1000) {
        let (genotypes, set) = flock(40, 70, seed);
        let population = Population::of_genotypes(genotypes);
        let fit = Gblup::default().fit(&population, &set).unwrap();
        let kernel = population.relationship().unwrap();
        let (vg, ve) = (fit.variances[0].value, fit.variances[1].value);
        let n = set.samples.len();
        // var(y) and its inverse, by hand.
        let weight = |i: usize| set.weights.as_ref().map_or(1.0, |w| w[i]);
        let v = Mat::from_fn(n, n, |i, k| {
            vg * kernel.get(set.samples[i], set.samples[k]) + if i == k { ve / weight(i) } else { 0.0 }
        });
        let factor = cholesky::Cholesky::of(v).unwrap();
        let x = kernel_fit::columns(&set);
        let mut vx = Mat::from_fn(n, x.len(), |i, k| x[k][i]);
        factor.solve(vx.as_mut());
        let inner = cholesky::Cholesky::of(Mat::from_fn(x.len(), x.len(), |a, b| (0..n).map(|i| x[a][i] * vx[(i, b)]).sum())).unwrap();
        let vy = factor.solved(&set.values);
        let beta = inner.solved(&x.iter().map(|x| x.iter().zip(&vy).map(|(a, b)| a * b).sum()).collect::<Vec<f64>>());
        for i in 0..kernel.len() {
            let k: Vec<f64> = set.samples.iter().map(|&t| vg * kernel.get(i, t)).collect();
            let vk = factor.solved(&k);
            let residual = |j: usize| set.values[j] - x.iter().zip(&beta).map(|(x, b)| x[j] * b).sum::<f64>();
            let value: f64 = (0..n).map(|j| vk[j] * residual(j)).sum();
            prop_assert!((value - fit.values[i]).abs() < 1e-6, "{value} {}", fit.values[i]);
            let xk: Vec<f64> = x.iter().map(|x| x.iter().zip(&vk).map(|(a, b)| a * b).sum()).collect();
            let taken: f64 = inner.solved(&xk).iter().zip(&xk).map(|(a, b)| a * b).sum();
            let explained: f64 = k.iter().zip(&vk).map(|(a, b)| a * b).sum();
            let reliability = (explained - taken) / (vg * kernel.get(i, i));
            let own = fit.reliabilities.as_ref().unwrap()[i];
            prop_assert!((reliability.clamp(0.0, 1.0) - own).abs() < 1e-6, "{reliability} {own}");
        }
        // Markers: their effects add up to the values.
        let by_markers = fit.effects.as_ref().unwrap().values(population.genotypes().unwrap());
        for (own, other) in by_markers.iter().zip(&fit.values) {
            prop_assert!((own - other).abs() < 1e-5, "{own} {other}");
        }
    }
}

#[test]
fn a_level_that_one_fold_alone_has_is_dropped_there() {
    let (genotypes, mut set) = flock(40, 60, 4);
    let column = (0..set.samples.len()).map(|i| f64::from(u8::from(i < 5))).collect();
    set.design = Design { names: vec!["batch=2".to_owned()], columns: vec![column], notes: Vec::new() };
    let mut cells = vec![None; 40];
    set.samples.iter().enumerate().for_each(|(i, &sample)| cells[sample] = Some((i / 5).to_string()));
    let population = Population::of_genotypes(genotypes);
    let splits = Scheme::Groups { column: "fold".to_owned(), cells }.splits(&set).unwrap();
    let held = Gblup::default().cross_validate(&population, &set, &splits).unwrap();
    assert_eq!(held.iter().flatten().count(), set.samples.len());
    assert!(held[0].iter().all(|own| (own.observed - set.values[own.record]).abs() < 1e-12));
}

#[test]
fn schemes_leave_out_what_they_say() {
    let (_, set) = flock(30, 10, 1);
    let n = set.samples.len();
    let splits = Scheme::Random { folds: 4, repeats: 2, seed: 1 }.splits(&set).unwrap();
    assert_eq!(splits.len(), 8);
    for repeat in [1, 2] {
        let mut all: Vec<usize> = splits
            .iter()
            .filter(|split| split.repeat == repeat)
            .flat_map(|split| split.tested.clone())
            .collect();
        all.sort_unstable();
        assert_eq!(all, (0..n).collect::<Vec<_>>());
    }
    assert_ne!(splits[0].tested, splits[4].tested);
    let times: Vec<Option<f64>> = (0..30).map(|i| (i > 0).then(|| 2000.0 + f64::from(i / 10))).collect();
    let forward = Scheme::Forward { column: "year".to_owned(), times, from: None }.splits(&set).unwrap();
    assert_eq!(forward.len(), 2);
    let last = &forward[1];
    assert_eq!(last.name, "2002");
    // The sample without a time is neither trained on nor tested.
    let first = set.samples.iter().position(|&sample| sample == 0).unwrap();
    assert!(last.left_out.contains(&first) && !last.tested.contains(&first));
    let message = |scheme: Scheme| scheme.splits(&set).unwrap_err().to_string();
    assert!(message(Scheme::Random { folds: 1, repeats: 1, seed: 1 }).contains("ask for 2 to"));
    assert!(
        message(Scheme::Groups { column: "family".to_owned(), cells: vec![None; 30] }).contains("'family'")
    );
}

#[test]
fn results_do_not_depend_on_threads() {
    let (genotypes, set) = flock(60, 90, 3);
    let genotypes = Arc::new(genotypes);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let population = Population::of_genotypes((*genotypes).clone());
            let splits = Scheme::Random { folds: 5, repeats: 1, seed: 1 }.splits(&set).unwrap();
            let fit = Gblup::default().fit(&population, &set).unwrap();
            (fit, Gblup::default().cross_validate(&population, &set, &splits).unwrap())
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn kernels_and_dominance_leave_out_as_by_fitting_anew() {
    let (genotypes, set) = diploids(150, 60, 4);
    let population = Population::of_genotypes(genotypes);
    let splits = Scheme::Random { folds: 5, repeats: 1, seed: 2 }.splits(&set).unwrap();
    let spread = 1e-3 * set.values.iter().copied().fold(0.0, f64::max);
    let methods: [Box<dyn Method>; 2] = [Box::new(Gaussian::default()), Box::new(Dominance::default())];
    for method in methods {
        let fast = method.cross_validate(&population, &set, &splits).unwrap();
        let slow = by_refitting(method.as_ref(), &population, &set, &splits).unwrap();
        for (fast, slow) in fast.iter().flatten().zip(slow.iter().flatten()) {
            assert!((fast.predicted - slow.predicted).abs() < spread, "{} {fast:?} {slow:?}", method.name());
        }
    }
}

#[test]
fn dominance_is_told_from_additive_effects() {
    let (genotypes, set) = diploids(400, 60, 8);
    let population = Population::of_genotypes(genotypes);
    let fit = Dominance::default().fit(&population, &set).unwrap();
    assert!(fit.notes.is_empty(), "{:?}", fit.notes);
    let size = |kernel: &landrace_genotypes::relationship::SampleMatrix| kernel.mean_diagonal();
    let additive = fit.variances[0].value * size(population.relationship().unwrap());
    let dominance = fit.variances[1].value * size(population.dominance().unwrap());
    // Effects of dominance were drawn as large as the additive ones.
    assert!(dominance > 0.1 * additive && dominance < additive, "{additive} {dominance}");
    let gblup = Gblup::default().fit(&population, &set).unwrap();
    let ve = |fit: &Fit| fit.variances.last().unwrap().value;
    assert!(ve(&fit) < ve(&gblup));
}

/// Diploids with additive and dominance effects.
fn diploids(n: usize, m: usize, seed: u64) -> (GenotypeMatrix, AnalysisSet) {
    let mut next = numbers(seed);
    let mut y = vec![0.0; n];
    let rows: Vec<Vec<u8>> = (0..m)
        .map(|_| {
            let (p, a, d) = (0.3 + 0.4 * next(), next() - 0.5, next() - 0.3);
            (0..n)
                .map(|i| {
                    let x = u8::from(next() < p) + u8::from(next() < p);
                    y[i] += f64::from(x) * a + if x == 1 { d } else { 0.0 };
                    x
                })
                .collect()
        })
        .collect();
    let values = y.iter().map(|own| own + 2.0 * (next() + next() - 1.0)).collect();
    let name = TraitName { name: "weight".to_owned(), environment: None, unit: None };
    let (samples, design) = ((0..n).collect(), Design::default());
    (
        matrix(&vec![2; n], &rows),
        AnalysisSet { name, samples, values, weights: None, design, without_covariates: 0 },
    )
}
