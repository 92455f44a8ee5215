use std::io::Write as _;

use landrace_genome::file;

use super::*;
use crate::phenotype::ReadOptions;

fn table(text: &str) -> PhenotypeTable {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.tsv");
    let mut out = file::create(&path).unwrap();
    out.write_all(text.as_bytes()).unwrap();
    file::publish(vec![out]).unwrap();
    PhenotypeTable::read(&path, &ReadOptions::default()).unwrap()
}

/// A number from -0.5 to 0.5, the same for the same numbers.
fn noise(a: usize, b: usize) -> f64 {
    let mixed = (a as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ (b as u64 + 7).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 11) as f64 / (1u64 << 53) as f64 - 0.5
}

fn near(a: f64, b: f64, by: f64) {
    assert!((a - b).abs() <= by * b.abs().max(1e-12), "{a} against {b}");
}

#[test]
fn balanced_blocks_are_those_of_the_analysis_of_variance() {
    let (samples, replicates) = (12, 3);
    let value = |i: usize, j: usize| 10.0 + 3.0 * noise(i, 100) + 2.0 * noise(j, 200) + noise(i, j);
    let mut text = "sample\treplicate\ty\n".to_owned();
    for i in 0..samples {
        (0..replicates).for_each(|j| text += &format!("s{i}\t{j}\t{}\n", value(i, j)));
    }
    let table = table(&text);
    let analyses = analyse(&table, &table.traits(), Samples::Fixed).unwrap();
    let [own] = analyses.as_slice() else { panic!("one trait") };
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    let of_sample = |i: usize| mean((0..replicates).map(|j| value(i, j)).collect());
    let of_replicate = |j: usize| mean((0..samples).map(|i| value(i, j)).collect());
    let all = mean((0..samples).map(of_sample).collect());
    let (g, r) = (samples as f64, replicates as f64);
    let between: f64 = (0..samples).map(|i| r * (of_sample(i) - all).powi(2)).sum::<f64>() / (g - 1.0);
    let blocks: f64 = (0..replicates).map(|j| g * (of_replicate(j) - all).powi(2)).sum::<f64>() / (r - 1.0);
    let rest = |i: usize, j: usize| (value(i, j) - of_sample(i) - of_replicate(j) + all).powi(2);
    let error: f64 = (0..samples).flat_map(|i| (0..replicates).map(move |j| rest(i, j))).sum::<f64>()
        / ((g - 1.0) * (r - 1.0));
    assert!(blocks > error && between > error);
    near(own.components[0].variance, (blocks - error) / g, 1e-5);
    near(own.components[1].variance, error, 1e-6);
    near(own.sample_variance.unwrap(), (between - error) / r, 1e-5);
    near(own.cullis.unwrap(), 1.0 - error / between, 1e-5);
    near(own.entry_mean.unwrap(), 1.0 - error / between, 1e-5);
    own.estimates.iter().enumerate().for_each(|(i, one)| near(one.value, of_sample(i), 1e-9));
    // Covariance of the BLUEs: error / r on the diagonal and that of the replicates, block / r, everywhere.
    let shared = (blocks - error) / g / r;
    near(own.estimates[0].standard_error.unwrap().powi(2), error / r + shared, 1e-5);
    let inverse = (r / error) * (1.0 - shared / (error / r + g * shared));
    near(own.estimates[0].weight.unwrap(), inverse, 1e-5);
    assert!(own.outliers.is_empty());
}

#[test]
fn environments_are_joined_and_outliers_found() {
    let mut text = "sample\tlocation\trep\tblock\tyield (t)\n".to_owned();
    for i in 0..20 {
        for e in 0..3 {
            for r in 0..2 {
                let block = (i * 7 + r * 3) % 5;
                let wrong = if (i, e, r) == (4, 1, 1) { 9.0 } else { 0.0 };
                let value = 5.0
                    + e as f64
                    + 2.0 * noise(i, 1)
                    + noise(e * 40 + r * 5 + block, 2)
                    + noise(i * 3 + e, 3)
                    + 0.5 * noise(i * 6 + e * 2 + r, 4)
                    + wrong;
                // Some are not everywhere.
                if i + e != 7 {
                    text += &format!("s{i}\tE{e}\t{r}\t{block}\t{value}\n");
                }
            }
        }
    }
    let table = table(&text);
    let traits = vec![table.traits()[0].clone()];
    let whole = TraitName { environment: None, ..traits[0].clone() };
    let analyses = analyse(&table, &[whole], Samples::Fixed).unwrap();
    let names: Vec<_> = analyses.iter().map(Analysis::label).collect();
    assert_eq!(names, ["yield@E0", "yield@E1", "yield@E2", "yield@all"]);
    let all = &analyses[3];
    let effects: Vec<_> = all.components.iter().map(|own| own.name).collect();
    assert_eq!(effects, ["sample x environment", "replicate", "block", "residual"]);
    assert_eq!(all.outliers[0].sample, "s4");
    assert!(all.estimates.iter().all(|one| one.weight.unwrap() > 0.0));
    // A sample that was not everywhere weighs less.
    assert!(all.estimates[6].weight < all.estimates[12].weight);
    // Its value is not that of its raw mean, which lacks the best environment.
    let random = analyse(&table, &traits, Samples::Random).unwrap();
    assert!(random[0].estimates.iter().all(|one| one.weight.is_none() && one.standard_error.is_some()));
}

#[test]
fn what_cannot_be_estimated_is_said() {
    let single = table("sample\ty\na\t1\nb\t2\nc\t4\n");
    let analyses = analyse(&single, &single.traits(), Samples::Fixed).unwrap();
    assert_eq!(analyses[0].estimates[2].value, 4.0);
    assert!(analyses[0].notes[0].contains("one plot a sample"));
    let fails = |text: &str| {
        let table = table(text);
        let traits: Vec<TraitName> =
            table.traits().into_iter().map(|own| TraitName { environment: None, ..own }).collect();
        analyse(&table, &traits[..1], Samples::Fixed).unwrap_err().to_string()
    };
    assert!(fails("sample\ty\na\t1\nb\t1\n").contains("trait 'y' does not vary"));
    let apart = "sample\tenv\ty\na\tX\t1\na\tX\t2\nb\tX\t3\nb\tX\t5\nc\tY\t1\nc\tY\t2\nd\tY\t4\nd\tY\t4\n";
    assert!(fails(apart).contains("share no samples"), "{}", fails(apart));
}
