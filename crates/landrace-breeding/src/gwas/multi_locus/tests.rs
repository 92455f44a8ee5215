//! Beside ordinary and generalised least squares by normal equations.

use std::sync::Arc;

use faer::Mat;
use landrace_genotypes::relationship::SampleMatrix;
use landrace_genotypes::significance::ln_f_tail;

use super::basis::dot;
use super::candidates::Proposal;
use super::*;
use crate::gwas::coding::{Coded, MarkerAccount};

const N: usize = 60;

fn draw(i: usize, k: usize) -> f64 {
    let mut x = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ (k as u64 + 7).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 32)) % 100_003) as f64 / 100_003.0 - 0.5
}

fn dosages(k: usize) -> Vec<f64> {
    (0..N).map(|i| ((draw(i, k) + 0.5) * 5.0).floor()).collect()
}

/// Like another, but for every twelfth sample.
fn like(other: &[f64]) -> Vec<f64> {
    other.iter().enumerate().map(|(i, x)| if i % 12 == 0 { 4.0 - x } else { *x }).collect()
}

fn marker(contig: &str, position: u64, columns: std::ops::Range<usize>) -> Marker {
    Marker {
        row: 0,
        contig: contig.into(),
        position: Some(position),
        id: format!("{contig}_{position}").into(),
        effect: "G".into(),
        other: "A".into(),
        missing: 0,
        frequency: 0.5,
        classes: Box::default(),
        columns,
    }
}

fn coded(contig: &str, position: u64, columns: &[Vec<f64>]) -> Coded {
    let mut own = marker(contig, position, 0..columns.len());
    if columns.len() > 1 {
        own.classes = (0..=columns.len()).map(|class| class as f64).collect();
    }
    Coded { markers: vec![own], columns: Mat::from_fn(N, columns.len(), |i, k| columns[k][i]) }
}

fn pseudo(contig: &str, position: u64, columns: &[Vec<f64>]) -> Pseudo {
    let own = coded(contig, position, columns);
    Pseudo::new(&own.markers[0], &own.columns)
}

/// Effects, standard errors and ln p of the last `k` columns by (XᵀV⁻¹X)⁻¹XᵀV⁻¹y; `inverse` is V⁻¹.
fn least_squares(
    x: &[Vec<f64>],
    y: &[f64],
    k: usize,
    inverse: &dyn Fn(usize, usize) -> f64,
) -> (Vec<(f64, f64)>, f64) {
    let form = |a: &[f64], b: &[f64]| -> f64 {
        (0..N).map(|i| a[i] * (0..N).map(|j| inverse(i, j) * b[j]).sum::<f64>()).sum()
    };
    let solve = |columns: &[Vec<f64>]| {
        crate::mixed_model::solve(
            columns.len(),
            |i, j| form(&columns[i], &columns[j]),
            |i| form(&columns[i], y),
        )
    };
    let left = |columns: &[Vec<f64>]| {
        let (beta, _) = solve(columns);
        let fitted: Vec<f64> =
            (0..N).map(|i| y[i] - beta.iter().zip(columns).map(|(b, x)| b * x[i]).sum::<f64>()).collect();
        form(&fitted, &fitted)
    };
    let (beta, diagonal) = solve(x);
    let degrees = (N - x.len()) as f64;
    let (full, reduced) = (left(x), left(&x[..x.len() - k]));
    let variance = full / degrees;
    let effects = beta.iter().zip(&diagonal).map(|(b, d)| (*b, (variance * d).sqrt()));
    let f = (reduced - full) / k as f64 / variance;
    (effects.skip(x.len() - k).collect(), ln_f_tail(f, k as f64, degrees))
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-8 * b.abs().max(1.0)
}

struct Case {
    y: Vec<f64>,
    covariates: Vec<Vec<f64>>,
    qtn: Vec<joint::Pseudo>,
}

fn case() -> Case {
    let (a, b, c) = (dosages(1), dosages(2), dosages(3));
    let classes: Vec<Vec<f64>> = (1..3)
        .map(|class| c.iter().map(|x| f64::from(u8::from((*x as u8).min(2) == class))).collect())
        .collect();
    let y = (0..N).map(|i| a[i] - 0.8 * b[i] + c[i] + 3.0 * draw(i, 40)).collect();
    let covariates = vec![vec![1.0; N], (0..N).map(|i| draw(i, 50)).collect()];
    Case {
        y,
        covariates,
        qtn: vec![pseudo("1", 1000, &[a]), pseudo("1", 9_000_000, &[b]), pseudo("2", 500, &classes)],
    }
}

fn check(
    model: &JointModel,
    own: &Coded,
    (x, y): (&[Vec<f64>], &[f64]),
    inverse: &dyn Fn(usize, usize) -> f64,
) {
    let k = own.columns.ncols();
    let test = model.test(own, &mut MarkerAccount::default()).pop().flatten().unwrap();
    let (effects, ln_p) = least_squares(x, y, k, inverse);
    let ours = if k > 1 { test.effects.clone() } else { vec![(test.beta, test.se)] };
    for (own, other) in ours.iter().zip(&effects) {
        assert!(near(own.0, other.0) && near(own.1, other.1), "{own:?} {other:?}");
    }
    assert!(near(test.ln_p, ln_p), "{} {ln_p}", test.ln_p);
}

/// Markers elsewhere, near and alike, far and the same, of classes, and the pseudo-QTN themselves.
fn check_all(model: &JointModel, case: &Case, inverse: &dyn Fn(usize, usize) -> f64) {
    let columns = |without: &[usize]| -> Vec<Vec<f64>> {
        let kept = case.qtn.iter().enumerate().filter(|own| !without.contains(&own.0));
        case.covariates.iter().chain(kept.flat_map(|own| &own.1.columns)).cloned().collect()
    };
    let check = |own: &Coded, without: &[usize]| {
        let mut x = columns(without);
        x.extend((0..own.columns.ncols()).map(|k| own.columns.col_as_slice(k).to_vec()));
        check(model, own, (&x, &case.y), inverse);
    };
    let first = &case.qtn[0].columns[0];
    check(&coded("3", 10, &[dosages(9)]), &[]);
    check(&coded("1", 1500, &[dosages(9)]), &[]);
    check(&coded("1", 1500, &[like(first)]), &[0]);
    check(&coded("1", 9_100_000, &[like(first)]), &[]);
    check(&coded("3", 10, &[first.iter().map(|x| 4.0 - x).collect()]), &[0]);
    check(&coded("3", 10, &[dosages(10), dosages(11)]), &[]);
    for (index, own) in case.qtn.iter().enumerate() {
        let position = own.marker.position.unwrap();
        check(&coded(&own.marker.contig, position, &own.columns), &[index]);
    }
}

#[test]
fn tests_are_least_squares_beside_the_others() {
    let case = case();
    let space = Arc::new(Space::new(None, None).unwrap());
    let model = JointModel::first(&space, (&case.y, &case.covariates), 1_000_000).unwrap();
    let model = model.with(case.qtn.clone()).unwrap();
    check_all(&model, &case, &|i, j| f64::from(u8::from(i == j)));
    // A combination that is like none of them is explained by them.
    let [a, b, c] = [0, 1, 2].map(|index| &case.qtn[index].columns[0]);
    let both = (0..N).map(|i| a[i] + b[i] + 3.0 * c[i]).collect();
    let mut account = MarkerAccount::default();
    assert_eq!(model.test(&coded("5", 1, &[both]), &mut account).pop().flatten(), None);
    assert_eq!(account.collinear, 1);
}

#[test]
fn weights_are_those_of_the_residuals() {
    let case = case();
    let weights: Vec<f64> = (0..N).map(|i| 1.0 + draw(i, 60)).collect();
    let space = Arc::new(Space::new(None, Some(&weights)).unwrap());
    let model = JointModel::first(&space, (&case.y, &case.covariates), 1_000_000).unwrap();
    let model = model.with(case.qtn.clone()).unwrap();
    check_all(&model, &case, &|i, j| if i == j { weights[i] } else { 0.0 });
}

fn kinship() -> SampleMatrix {
    let of = |i: usize, k: usize| (0..40).map(|j| draw(i % 20, 100 + j) * draw(k % 20, 100 + j)).sum::<f64>();
    let values = (0..N).flat_map(|i| (0..=i).map(move |k| (i, k))).map(|(i, k)| of(i, k)).collect();
    SampleMatrix { samples: (0..N).map(|i| format!("s{i}")).collect::<Vec<_>>().into(), values }
}

#[test]
fn beside_a_relationship_they_are_generalised_least_squares() {
    let mut case = case();
    let kinship = kinship();
    (0..N).for_each(|i| case.y[i] += 6.0 * draw(i % 20, 70));
    let space = Arc::new(Space::new(Some(&kinship), None).unwrap());
    let model = JointModel::first(&space, (&case.y, &case.covariates), 1_000_000).unwrap();
    let model = model.with(case.qtn.clone()).unwrap();
    let lambda = model.null().unwrap().lambda;
    assert!(lambda > 0.1, "{lambda}");
    let centred = kinship.centred();
    let unit = |i: usize, k: usize| f64::from(u8::from(i == k));
    let inverse: Vec<Vec<f64>> = (0..N)
        .map(|column| {
            let v = |i: usize, k: usize| lambda * centred.get(i, k) + unit(i, k);
            crate::mixed_model::solve(N, v, |i| unit(i, column)).0
        })
        .collect();
    check_all(&model, &case, &|i, j| inverse[i][j]);
}

#[test]
fn shares_are_what_would_be_lost() {
    let case = case();
    let space = Arc::new(Space::new(None, None).unwrap());
    let none = JointModel::first(&space, (&case.y, &case.covariates), 1_000_000).unwrap();
    let model = none.with(case.qtn.clone()).unwrap();
    assert_eq!(none.share(), 0.0);
    for (index, own) in model.own_tests().iter().enumerate() {
        let mut others = case.qtn.clone();
        others.remove(index);
        let without = none.with(others).unwrap().share();
        assert!(near(own.share, model.share() - without), "{} {} {without}", own.share, model.share());
    }
}

fn proposal(qtn: Vec<Pseudo>) -> Proposal {
    let candidates = qtn.into_iter().enumerate().map(|(k, own)| (own, -30.0 + k as f64)).collect();
    Proposal { tests: 1000, candidates }
}

#[test]
fn blink_takes_as_many_as_the_criterion_bears() {
    let case = case();
    let space = Arc::new(Space::new(None, None).unwrap());
    let model = JointModel::first(&space, (&case.y, &case.covariates), 1_000_000).unwrap();
    let mut all = case.qtn.clone();
    all.insert(1, pseudo("4", 1, &[like(&all[0].columns[0])]));
    all.extend((20..24).map(|k| pseudo("6", k as u64, &[dosages(k)])));
    let chosen = blink::choose(&model, proposal(all.clone()));
    all.remove(1);
    let criterion = |count: usize| {
        let own = model.with(all[..count].to_vec()).unwrap();
        let left = (1.0 - own.share()) * dot(&model.beside, &model.beside);
        let columns: usize = all[..count].iter().map(|own| own.columns.len()).sum();
        N as f64 * (left / N as f64).ln() + columns as f64 * (N as f64).ln()
    };
    let best = (0..=all.len()).min_by(|a, b| criterion(*a).total_cmp(&criterion(*b))).unwrap();
    assert!(best >= 3, "{best}");
    let names = |own: &[Pseudo]| own.iter().map(|own| own.marker.id.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&chosen), names(&all[..best]));
}

#[test]
fn farmcpu_compares_sets_by_restricted_likelihood() {
    let case = case();
    let space = Arc::new(Space::new(None, None).unwrap());
    let model = JointModel::first(&space, (&case.y, &case.covariates), 1_000_000).unwrap();
    let ours = |set: &[&Pseudo]| farmcpu::likelihood(&model, set.iter().copied());
    let theirs = |set: &[&Pseudo]| {
        let of = |i: usize, k: usize| set.iter().map(|own| own.unit[i] * own.unit[k]).sum::<f64>();
        let values = (0..N).flat_map(|i| (0..=i).map(move |k| (i, k))).map(|(i, k)| of(i, k)).collect();
        let samples = (0..N).map(|i| format!("s{i}")).collect::<Vec<_>>().into();
        let space = Space::new(Some(&SampleMatrix { samples, values }), None).unwrap();
        space.fit(&case.y, &case.covariates).unwrap().1.unwrap().loglik_reml
    };
    let others = [pseudo("3", 7, &[dosages(30)]), pseudo("3", 8, &[dosages(31)])];
    let sets: [&[&Pseudo]; 3] =
        [&[&case.qtn[0]], &[&case.qtn[0], &case.qtn[1], &others[0]], &[&others[0], &others[1]]];
    for pair in sets.windows(2) {
        let (own, other) = (ours(pair[0]) - ours(pair[1]), theirs(pair[0]) - theirs(pair[1]));
        assert!((own - other).abs() < 5e-3, "{own} {other}");
    }
}

#[test]
fn samples_bear_n_over_ln_n() {
    assert_eq!(most(281, 4), 49);
    assert_eq!(most(374, 4), 63);
    assert_eq!(most(8, 4), 1);
    assert_eq!(most(3, 2), 0);
}

/// A trait that is one marker's dosage: the least p-value, not none.
#[test]
fn a_marker_may_explain_all_of_the_trait() {
    let case = case();
    let y = &case.qtn[0].columns[0];
    let space = Arc::new(Space::new(None, None).unwrap());
    let model = JointModel::first(&space, (y, &case.covariates), 1_000_000).unwrap();
    let own = coded("1", 1000, std::slice::from_ref(y));
    let test = model.test(&own, &mut MarkerAccount::default()).pop().flatten().unwrap();
    assert!(near(test.beta, 1.0) && test.se > 0.0 && test.se < 1e-6, "{test:?}");
    assert!(test.ln_p < -500.0, "{test:?}");
    assert!(model.with(vec![case.qtn[0].clone()]).is_err());
}
