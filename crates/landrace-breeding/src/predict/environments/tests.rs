//! The model against the same done the long way.

use faer::Mat;

use super::dense::Dense;
use super::grid::Grid;
use super::*;
use crate::phenotype::TraitName;
use crate::predict::several_kernels::Problem;
use crate::predict::tests::flock;
use crate::predict::{Refit, Scheme};

/// Records of three environments, some missing; weights if asked for.
fn trial(seed: usize, missing: usize, is_weighted: bool) -> (Population, EnvironmentTrial) {
    let (genotypes, set) = flock(40, 90, 2 * seed as u64 + 2);
    let set_of = |environment: usize| {
        let noise = |i: usize| (((i * 7919 + environment * 104_729 + seed) % 997) as f64 / 997.0 - 0.5) * 1.5;
        let kept: Vec<usize> = (0..set.samples.len())
            .filter(|k| missing == 0 || !(k + 2 * environment).is_multiple_of(missing))
            .collect();
        // A second trait of the same lines stands for the interaction: values of the line after.
        let other = |k: usize| set.values[(k * 3 + environment) % set.values.len()];
        AnalysisSet {
            name: TraitName {
                name: "yield".into(),
                environment: Some(format!("E{environment}")),
                unit: None,
            },
            samples: kept.iter().map(|&k| set.samples[k]).collect(),
            values: kept
                .iter()
                .map(|&k| set.values[k] + 0.3 * other(k) + environment as f64 + noise(k))
                .collect(),
            weights: is_weighted.then(|| kept.iter().map(|k| 0.5 + (k % 5) as f64 / 4.0).collect()),
            design: Design::default(),
            without_covariates: 0,
        }
    };
    let sets = (0..3).map(set_of).collect();
    (Population::of_genotypes(genotypes), EnvironmentTrial { name: "yield".into(), sets })
}

fn near(a: f64, b: f64, within: f64) -> bool {
    (a - b).abs() <= within * (1.0 + a.abs().max(b.abs()))
}

#[test]
fn grid_and_covariance_have_the_same_likelihood_and_values() {
    for (seed, missing) in [(1, 0), (2, 4), (3, 3), (4, 7)] {
        let (population, trial) = trial(seed, missing, false);
        let records = trial.records(&population).unwrap();
        let grid = Grid::new(records.spectrum.as_ref().unwrap(), &records, records.empty());
        let dense = Dense::new(&records);
        let relation =
            |_| Mat::from_fn(records.lines.len(), 40, |l, i| records.kernel.get(i, records.lines[l]));
        let chunks = Chunks { relation: &relation, count: 1 };
        for (main, interaction) in [(0.4, 0.2), (2.0, 0.01), (0.05, 0.9), (1.0, 0.0)] {
            let ratios = Ratios { main, interaction };
            let (a, b) = (grid.at(ratios).unwrap(), dense.at(ratios).unwrap());
            assert!(near(a.likelihood, b.likelihood, 1e-9), "{} {}", a.likelihood, b.likelihood);
            assert!(near(a.residual, b.residual, 1e-9));
            assert!(a.means.iter().zip(&b.means).all(|(a, b)| near(*a, *b, 1e-8)));
            assert!(a.dual.iter().zip(&b.dual).all(|(a, b)| near(*a, *b, 1e-8)));
            let (a, b) =
                (grid.explained(ratios, &chunks).unwrap(), dense.explained(ratios, &chunks).unwrap());
            assert!(a.concat().iter().zip(&b.concat()).all(|(a, b)| near(*a, *b, 1e-8)));
        }
    }
}

/// The records as one trait with the environments as covariates, and the two kernels among them.
fn stacked(records: &Records<'_>) -> (AnalysisSet, Vec<Mat<f64>>) {
    let cells = &records.cells;
    let n = cells.len();
    let kernel =
        |a: usize, b: usize| records.kernel.get(records.lines[cells[a].line], records.lines[cells[b].line]);
    let same = |a: usize, b: usize| if cells[a].environment == cells[b].environment { 1.0 } else { 0.0 };
    let dummy =
        |j: usize| cells.iter().map(|own| if own.environment == j { 1.0 } else { 0.0 }).collect::<Vec<f64>>();
    let set = AnalysisSet {
        name: TraitName { name: "yield".into(), environment: None, unit: None },
        samples: cells.iter().map(|own| records.lines[own.line]).collect(),
        values: cells.iter().map(|own| own.value).collect(),
        weights: Some(cells.iter().map(|own| own.weight).collect()),
        design: Design {
            names: vec!["E1".into(), "E2".into()],
            columns: vec![dummy(1), dummy(2)],
            notes: Vec::new(),
        },
        without_covariates: 0,
    };
    (set, vec![Mat::from_fn(n, n, kernel), Mat::from_fn(n, n, |a, b| same(a, b) * kernel(a, b))])
}

#[test]
fn variances_and_values_are_those_of_plain_restricted_likelihood() {
    for (seed, missing, is_weighted) in [(1, 0, false), (2, 4, false), (3, 5, true)] {
        let (population, trial) = trial(seed, missing, is_weighted);
        let fit = trial.fit(&population).unwrap();
        let records = trial.records(&population).unwrap();
        let (set, kernels) = stacked(&records);
        let own: Vec<f64> = fit.variances.iter().map(|own| own.value).collect();
        let problem = Problem { kernels, set: &set };
        let likeliest = problem.likeliest(&own).unwrap();
        let here = problem.at(&own).unwrap();
        assert!(likeliest.likelihood - here.likelihood < 1e-4, "{own:?} {:?}", likeliest.variances);
        let total: f64 = own.iter().sum();
        assert!(own.iter().zip(&likeliest.variances).all(|(a, b)| (a - b).abs() < 5e-3 * total));
        // Values and reliabilities at the same variances: u = cᵀ P y, and cᵀ P c of their variance explained.
        let n = set.samples.len();
        for i in 0..population.samples().len() {
            for j in 0..=3 {
                let covariance = |a: usize| {
                    let interaction = if records.cells[a].environment == j { own[1] } else { 0.0 };
                    (own[0] + interaction) * records.kernel.get(i, set.samples[a])
                };
                let c: Vec<f64> = (0..n).map(covariance).collect();
                let value: f64 = c.iter().zip(&here.projected).map(|(c, p)| c * p).sum();
                let explained: f64 =
                    (0..n).map(|a| (0..n).map(|b| c[a] * here.projection[(a, b)] * c[b]).sum::<f64>()).sum();
                let prior = if j == 3 { own[0] } else { own[0] + own[1] };
                let found = if j == 3 { &fit.overall } else { &fit.environments[j] };
                assert!(near(found.values[i], value, 1e-6), "{} {value}", found.values[i]);
                let whole = prior * records.kernel.get(i, i);
                if whole > 1e-6 {
                    assert!(near(found.reliabilities[i], (explained / whole).clamp(0.0, 1.0), 1e-5));
                }
            }
        }
    }
}

#[test]
fn schemes_leave_out_what_they_say() {
    let (population, trial) = trial(5, 4, false);
    let fit = trial.fit(&population).unwrap();
    let scheme = Scheme::Random { folds: 4, repeats: 2, seed: 1 };
    let found = trial.cross_validate(&population, &fit, &scheme, (Refit::EachFold, 0.1)).unwrap();
    let names: Vec<&str> = found.iter().map(|own| own.scheme.name()).collect();
    assert_eq!(names, ["CV1", "CV2", "CV0"]);
    let records: usize = trial.sets.iter().map(|set| set.samples.len()).sum();
    let count = |own: &EnvironmentValidation| own.splits.iter().map(|split| split.2.len()).sum::<usize>();
    let once = |sample: &usize| trial.sets.iter().filter(|set| set.samples.contains(sample)).count() == 1;
    // Lines in one environment are not seen elsewhere.
    let alone = trial.lines().iter().filter(|sample| once(sample)).count();
    let expected = [2 * records, 2 * (records - alone), records];
    assert_eq!(found.iter().map(count).collect::<Vec<_>>(), expected);
    // A line's records are left out together in CV1, and never all together in CV2.
    for (validation, all) in found.iter().zip([true, false]) {
        for (_, _, held) in &validation.splits {
            for own in held {
                let here = held.iter().filter(|other| other.sample == own.sample).count();
                let has = trial.sets.iter().filter(|set| set.samples.contains(&own.sample)).count();
                assert_eq!(here == has, all, "{here} of {has}");
            }
        }
    }
    assert!(found[2].splits.iter().flat_map(|split| &split.2).all(|own| own.predicted[2].is_none()));
}

#[test]
fn predictions_of_left_out_records_are_those_of_a_fit_without_them() {
    let (population, whole) = trial(6, 5, false);
    let fit = whole.fit(&population).unwrap();
    let scheme = Scheme::Random { folds: 3, repeats: 1, seed: 7 };
    let found = whole.cross_validate(&population, &fit, &scheme, (Refit::EachFold, 0.1)).unwrap();
    for (_, _, held) in &found[1].splits {
        let mut part = whole.clone();
        for (j, set) in part.sets.iter_mut().enumerate() {
            let is_held = |sample: usize| held.iter().any(|own| own.environment == j && own.sample == sample);
            let kept: Vec<usize> = (0..set.samples.len()).filter(|&k| !is_held(set.samples[k])).collect();
            set.values = kept.iter().map(|&k| set.values[k]).collect();
            set.samples = kept.iter().map(|&k| set.samples[k]).collect();
        }
        let fit = part.fit(&population).unwrap();
        for own in held {
            let values = &fit.environments[own.environment];
            let slow = values.mean + values.values[own.sample];
            let fast = own.predicted[0].unwrap();
            assert!((slow - fast).abs() < 0.02, "{slow} {fast}");
        }
    }
}

#[test]
fn one_environment_and_lines_apart_are_refused() {
    let (population, mut trial) = trial(5, 0, false);
    let half = trial.sets[0].samples.len() / 2;
    let mut apart = trial.clone();
    apart.sets.truncate(2);
    for (j, set) in apart.sets.iter_mut().enumerate() {
        let kept = if j == 0 { 0..half } else { half..set.samples.len() };
        set.samples = set.samples[kept.clone()].to_vec();
        set.values = set.values[kept].to_vec();
    }
    let message = apart.fit(&population).unwrap_err().to_string();
    assert!(message.contains("no line has records in two environments"), "{message}");
    trial.sets.truncate(1);
    let message = trial.fit(&population).unwrap_err().to_string();
    assert!(message.contains("records of one environment"), "{message}");
}
