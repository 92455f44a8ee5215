use landrace_genotypes::pedigree::{Inheritance, Kinship, Pedigree, UNKNOWN};
use landrace_genotypes::relationship::SampleMatrix;
use landrace_simulate::random::Stream;

use super::*;
use crate::predict::cholesky::Cholesky;

/// A flock of a few generations: parents, dosages at unlinked loci by individual.
fn flock(seed: u64, sizes: &[usize], loci: usize) -> (Pedigree, Vec<Vec<f64>>) {
    let mut draws = Stream::of(seed, "flock", 0);
    let (mut parents, mut copies): (Vec<[u32; 2]>, Vec<Vec<[u8; 2]>>) = (Vec::new(), Vec::new());
    let frequencies: Vec<f64> = (0..loci).map(|_| draws.between(0.1, 0.9)).collect();
    let mut before = 0..0usize;
    for &size in sizes {
        let start = parents.len();
        for _ in 0..size {
            if before.is_empty() {
                parents.push([UNKNOWN; 2]);
                copies.push(
                    frequencies.iter().map(|&p| [0; 2].map(|_: u8| u8::from(draws.chance(p)))).collect(),
                );
                continue;
            }
            // A fifth of them are sires.
            let rams = (before.len() / 5).max(1);
            let sire = before.start + draws.index(rams);
            let dam = before.start + rams + draws.index(before.len() - rams);
            let gametes: Vec<[u8; 2]> = (0..loci)
                .map(|locus| [copies[sire][locus][draws.index(2)], copies[dam][locus][draws.index(2)]])
                .collect();
            parents.push([sire as u32, dam as u32]);
            copies.push(gametes);
        }
        before = start..parents.len();
    }
    let names = (0..parents.len()).map(|at| format!("a{at}")).collect();
    let dosages = copies.iter().map(|own| own.iter().map(|c| f64::from(c[0] + c[1])).collect()).collect();
    (Pedigree::from_parents(names, parents).unwrap(), dosages)
}

/// VanRaden's first matrix.
fn genomic(dosages: &[Vec<f64>], some: &[u32]) -> SampleMatrix {
    let loci = dosages[0].len();
    let mean: Vec<f64> = (0..loci)
        .map(|l| some.iter().map(|&i| dosages[i as usize][l]).sum::<f64>() / some.len() as f64)
        .collect();
    let scale: f64 = mean.iter().map(|m| m * (1.0 - m / 2.0)).sum();
    let value = |a: u32, b: u32| -> f64 {
        let (a, b) = (&dosages[a as usize], &dosages[b as usize]);
        (0..loci).map(|l| (a[l] - mean[l]) * (b[l] - mean[l])).sum::<f64>() / scale
    };
    let values =
        (0..some.len()).flat_map(|i| (0..=i).map(move |k| (i, k))).map(|(i, k)| value(some[i], some[k]));
    SampleMatrix { samples: some.iter().map(u32::to_string).collect(), values: values.collect() }
}

/// H as a whole, column by column.
fn whole(relationship: &Relationship<'_>) -> Vec<Vec<f64>> {
    let matrix = relationship.whole();
    (0..matrix.len()).map(|k| (0..matrix.len()).map(|i| matrix.get(i, k)).collect()).collect()
}

#[test]
fn the_relationship_and_its_inverse_agree() {
    let (pedigree, dosages) = flock(1, &[20, 30, 30], 400);
    let kinship = Kinship::new(&pedigree, Inheritance::default());
    let some: Vec<u32> = (0..80).filter(|own| own % 3 != 0).collect();
    let g = genomic(&dosages, &some);
    for core in [None, Some(20)] {
        let options = GenomicOptions { core, ..GenomicOptions::default() };
        let relationship = Relationship::single_step(&kinship, &g, some.clone(), &options).unwrap();
        let h = whole(&relationship);
        let diagonal = relationship.inverse_diagonal();
        for (k, column) in h.iter().enumerate() {
            for (i, value) in relationship.inverse_times(column).into_iter().enumerate() {
                assert!((value - f64::from(u8::from(i == k))).abs() < 1e-8, "{i} {k} {value}");
            }
            let mut unit = vec![0.0; h.len()];
            unit[k] = 1.0;
            assert!((relationship.inverse_times(&unit)[k] - diagonal[k]).abs() < 1e-9);
        }
        // Genotyped pairs have the mixed G, whose means are those of A22.
        let a22 = kinship.relationship(&some);
        let mean = |value: &dyn Fn(usize, usize) -> f64, is_own: bool| {
            let pairs: Vec<f64> = (0..some.len())
                .flat_map(|i| (0..some.len()).map(move |k| (i, k)))
                .filter(|(i, k)| (i == k) == is_own)
                .map(|(i, k)| value(i, k))
                .collect();
            pairs.iter().sum::<f64>() / pairs.len() as f64
        };
        if core.is_none() {
            for is_own in [true, false] {
                let ours = mean(&|i, k| h[some[i] as usize][some[k] as usize], is_own);
                let theirs = mean(&|i, k| a22.get(i, k), is_own);
                assert!((ours - theirs).abs() < 1e-8, "{ours} {theirs}");
            }
        }
    }
}

#[test]
fn a_core_of_all_is_the_whole_and_g_of_the_pedigree_changes_nothing() {
    let (pedigree, dosages) = flock(2, &[15, 25], 300);
    let kinship = Kinship::new(&pedigree, Inheritance::default());
    let some: Vec<u32> = (10..40).collect();
    let g = genomic(&dosages, &some);
    let of = |core| {
        let options = GenomicOptions { core, ..GenomicOptions::default() };
        whole(&Relationship::single_step(&kinship, &g, some.clone(), &options).unwrap())
    };
    let (a, b) = (of(None), of(Some(30)));
    assert!(a.iter().flatten().zip(b.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-9));
    let same = kinship.relationship(&some);
    let relationship = Relationship::single_step(&kinship, &same, some, &GenomicOptions::default()).unwrap();
    let pedigree = Relationship::of_pedigree(&kinship).unwrap();
    let (a, b) = (whole(&relationship), whole(&pedigree));
    assert!(a.iter().flatten().zip(b.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-8));
}

/// Records of all but the last of a flock, with their true values.
fn records(dosages: &[Vec<f64>], seed: u64, heritability: f64) -> (Records, Vec<f64>) {
    let mut draws = Stream::of(seed, "effects", 0);
    let effects: Vec<f64> = dosages[0].iter().map(|_| draws.normal()).collect();
    let raw: Vec<f64> =
        dosages.iter().map(|own| own.iter().zip(&effects).map(|(x, a)| x * a).sum()).collect();
    let mean = raw.iter().sum::<f64>() / raw.len() as f64;
    let variance = raw.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / raw.len() as f64;
    let truth: Vec<f64> = raw.iter().map(|x| (x - mean) / variance.sqrt()).collect();
    let noise = ((1.0 - heritability) / heritability).sqrt();
    let individuals: Vec<u32> = (0..dosages.len() as u32).collect();
    let values = truth.iter().map(|u| 10.0 + u + noise * draws.normal()).collect();
    (Records::new(individuals, values), truth)
}

#[test]
fn equations_and_likelihood_agree_with_the_dense_ones() {
    let (pedigree, dosages) = flock(3, &[30, 60, 60], 200);
    let kinship = Kinship::new(&pedigree, Inheritance::default());
    let some: Vec<u32> = (60..150).collect();
    let g = genomic(&dosages, &some);
    let relationship = Relationship::single_step(&kinship, &g, some, &GenomicOptions::default()).unwrap();
    let (mut records, _) = records(&dosages, 3, 0.5);
    records.weights = Some((0..150).map(|i| 0.5 + f64::from(i % 3)).collect());
    records.fixed = vec![(0..150).map(|i| f64::from(i % 2)).collect()];
    let h = whole(&relationship);
    let n = 150;
    // −2 l by the definition, with V = γ H + W⁻¹.
    let dense = |gamma: f64| {
        use faer::Mat;
        let v = Mat::from_fn(n, n, |i, k| {
            let own = if i == k { 1.0 / records.weight(i) } else { 0.0 };
            gamma * h[i][k] + own
        });
        let factor = Cholesky::of(v).unwrap();
        let x = Mat::from_fn(n, 3, |i, k| [1.0, records.fixed[0][i], records.values[i]][k]);
        let mut vx = x.clone();
        factor.solve(vx.as_mut());
        let xvx = x.transpose() * &vx;
        let fixed = Mat::from_fn(2, 2, |i, k| xvx[(i, k)]);
        let of_fixed = Cholesky::of(fixed).unwrap();
        let mut b = Mat::from_fn(2, 1, |i, _| xvx[(i, 2)]);
        of_fixed.solve(b.as_mut());
        let square = xvx[(2, 2)] - (0..2).map(|i| b[(i, 0)] * xvx[(i, 2)]).sum::<f64>();
        let value = 148.0 * square.ln() + factor.log_determinant() + of_fixed.log_determinant();
        let effects: Vec<f64> =
            (0..n).map(|i| vx[(i, 2)] - b[(0, 0)] * vx[(i, 0)] - b[(1, 0)] * vx[(i, 1)]).collect();
        let breeding: Vec<f64> =
            (0..n).map(|i| gamma * (0..n).map(|k| h[i][k] * effects[k]).sum::<f64>()).collect();
        (value, breeding, [b[(0, 0)], b[(1, 0)]])
    };
    let (_, breeding, fixed) = dense(0.7);
    let solution = solve(&relationship, &records, 1.0 / 0.7, Solver::default()).unwrap();
    for (ours, theirs) in solution.values.iter().zip(&breeding).chain(solution.fixed.iter().zip(&fixed)) {
        assert!((ours - theirs).abs() < 1e-6, "{ours} {theirs}");
    }
    let ratio = estimate(&relationship, &records, 1).unwrap();
    let ours = (ratio.additive / ratio.residual).ln();
    let best = (-60..60)
        .map(|step| f64::from(step) / 20.0)
        .min_by(|a, b| dense(a.exp()).0.total_cmp(&dense(b.exp()).0));
    // Random signs stand for the determinant.
    assert!((ours - best.unwrap()).abs() < 0.4, "{ours} {best:?}");
}

#[test]
fn heritability_is_recovered() {
    let (pedigree, dosages) = flock(5, &[100, 300, 300, 300], 500);
    let kinship = Kinship::new(&pedigree, Inheritance::default());
    let relationship = Relationship::of_pedigree(&kinship).unwrap();
    let mut sum = 0.0;
    for seed in 0..4 {
        let (records, _) = records(&dosages, seed, 0.4);
        let ratio = estimate(&relationship, &records, 1).unwrap();
        sum += ratio.heritability() / 4.0;
    }
    assert!((sum - 0.4).abs() < 0.1, "{sum}");
}

#[test]
fn records_that_say_nothing_are_refused() {
    let (pedigree, _) = flock(5, &[5, 5], 5);
    let kinship = Kinship::new(&pedigree, Inheritance::default());
    let relationship = Relationship::of_pedigree(&kinship).unwrap();
    let fails = |records: &Records| estimate(&relationship, records, 1).unwrap_err().to_string();
    let own: Vec<u32> = (0..10).collect();
    assert!(fails(&Records::new(own.clone(), vec![2.0; 10])).contains("all 10 records are 2"));
    assert!(fails(&Records::new(vec![0, 1], vec![2.0, 3.0])).contains("2 records do not suffice"));
    let values: Vec<f64> = (0..10).map(f64::from).collect();
    let records = Records { fixed: vec![vec![3.0; 10]], ..Records::new(own, values) };
    assert!(fails(&records).contains("fixed effect 1 is a sum of those before it"));
}

#[test]
fn reliabilities_are_those_of_the_inverse_of_the_equations() {
    use faer::Mat;
    let (pedigree, dosages) = flock(5, &[12, 20, 25], 300);
    let kinship = Kinship::new(&pedigree, Inheritance::default());
    let some: Vec<u32> = (20..50).collect();
    let g = genomic(&dosages, &some);
    let relationship = Relationship::single_step(&kinship, &g, some, &GenomicOptions::default()).unwrap();
    // Some have two records, some none; weights and a covariate.
    let individuals: Vec<u32> = (5..57).filter(|own| own % 4 != 0).chain([8, 9, 9]).collect();
    let r = individuals.len();
    let records = Records {
        values: (0..r).map(|i| (i as f64 * 1.7).sin()).collect(),
        weights: Some((0..r).map(|i| 1.0 + (i % 3) as f64).collect()),
        fixed: vec![(0..r).map(|i| (i as f64).cos()).collect()],
        individuals,
    };
    let (n, lambda) = (relationship.len(), 1.5);
    let found = reliability::of(&relationship, &records, lambda).unwrap();
    let h = whole(&relationship);
    let unit = |k: usize| (0..n).map(|i| f64::from(u8::from(i == k))).collect::<Vec<f64>>();
    let inverse: Vec<Vec<f64>> = (0..n).map(|k| relationship.inverse_times(&unit(k))).collect();
    let design = |record: usize, column: usize| match column {
        0 => 1.0,
        1 => records.fixed[0][record],
        _ => f64::from(u8::from(records.individuals[record] as usize + 2 == column)),
    };
    let equations = Mat::from_fn(n + 2, n + 2, |a, b| {
        let own: f64 = (0..r).map(|i| design(i, a) * records.weight(i) * design(i, b)).sum();
        own + if a > 1 && b > 1 { lambda * inverse[b - 2][a - 2] } else { 0.0 }
    });
    let factor = Cholesky::of(equations).unwrap();
    for i in 0..n {
        let mut column = vec![0.0; n + 2];
        column[i + 2] = 1.0;
        let left = factor.solved(&column)[i + 2] * lambda / h[i][i];
        assert!((found.values[i] - (1.0 - left)).abs() < 1e-8, "{i}: {} {}", found.values[i], 1.0 - left);
        assert!((found.diagonal[i] - h[i][i]).abs() < 1e-9);
    }
}
