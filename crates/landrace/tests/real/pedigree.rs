//! Pedigrees with worked answers: textbooks, captive herds, a herd book with errors, families of salmon.

use std::collections::{BTreeMap, BTreeSet};

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("textbook_pedigrees_give_the_books_relationships", "pedigrees_textbook", &[], textbooks),
        trial("inbreeding_of_captive_herds_is_the_tabular_one", "pedigree_barbary_sheep", &[], herds),
        trial("errors_of_a_herd_book_are_found_and_repaired", "pedigree_cattle_errors", &[], herd_book),
        trial("salmon_pedigree_and_genotypes_join", "salmon_gill1481", &[], salmon),
    ]
}

fn table(text: &str) -> Vec<Vec<String>> {
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn read(path: impl AsRef<std::path::Path>) -> Vec<Vec<String>> {
    table(&std::fs::read_to_string(path).unwrap())
}

/// Values of a square matrix with names, by pair.
fn matrix(rows: &[Vec<String>]) -> BTreeMap<(String, String), f64> {
    let names = &rows[0][1..];
    let pairs = rows[1..].iter().flat_map(|row| {
        names
            .iter()
            .zip(&row[1..])
            .map(|(name, cell)| ((row[0].clone(), name.clone()), cell.parse().unwrap()))
    });
    pairs.collect()
}

fn inbreeding(bench: &Bench, args: &str) -> BTreeMap<String, f64> {
    bench.landrace(&format!("pedigree {args} -o sorted.tsv --inbreeding f.tsv"));
    read(bench.path("f.tsv"))[1..].iter().map(|row| (row[0].clone(), row[1].parse().unwrap())).collect()
}

fn textbooks(bench: &Bench) {
    for name in ["FG90", "Mrode2", "Mrode3", "Mrode9", "Wray90", "ped_mrode2005"] {
        let of = |ending: &str| bench.data(&format!("pedigrees_textbook/{name}{ending}"));
        bench
            .landrace(&format!("pedigree {} -o sorted.tsv --relationship a.tsv --inverse i.tsv", of(".tsv")));
        let (own, expected) = (matrix(&read(bench.path("a.tsv"))), matrix(&read(of(".A_expected.tsv"))));
        assert_eq!(own.len(), expected.len(), "{name}");
        for (pair, value) in &expected {
            assert!((own[pair] - value).abs() < 1e-9, "{name} {pair:?}: {} {value}", own[pair]);
        }
        // The inverse is one.
        let mut inverse: BTreeMap<(String, String), f64> = BTreeMap::new();
        for row in &read(bench.path("i.tsv"))[1..] {
            let value = row[2].parse().unwrap();
            inverse.insert((row[0].clone(), row[1].clone()), value);
            inverse.insert((row[1].clone(), row[0].clone()), value);
        }
        let names: BTreeSet<&String> = own.keys().map(|pair| &pair.0).collect();
        for &a in &names {
            for &b in &names {
                let of = |k: &&String| inverse.get(&(a.clone(), (*k).clone())).copied().unwrap_or(0.0);
                let sum: f64 = names.iter().map(|k| of(k) * own[&((*k).clone(), b.clone())]).sum();
                let unit = f64::from(u8::from(a == b));
                assert!((sum - unit).abs() < 1e-7, "{name} {a} {b}: {sum}");
            }
        }
    }
    let facts: [(&str, &[(&str, f64)]); 4] = [
        ("Mrode2", &[("5", 0.125), ("6", 0.125)]),
        ("FG90", &[("5", 0.125), ("6", 0.25), ("7", 0.28125), ("8", 0.28125)]),
        ("Wray90", &[("5", 0.25), ("6", 0.25), ("7", 0.3125), ("8", 0.46875)]),
        ("ped_mrode2005", &[("Var3", 0.125), ("Var4", 0.125)]),
    ];
    for (name, facts) in facts {
        let own = inbreeding(bench, &bench.data(&format!("pedigrees_textbook/{name}.tsv")));
        for (id, value) in facts {
            assert!((own[*id] - value).abs() < 1e-9, "{name} {id}: {}", own[*id]);
        }
    }
}

fn herds(bench: &Bench) {
    for (name, count, mean, max) in [("arrui", 380, 0.4302, 0.6289), ("dama_gazelle", 1316, 0.2539, 0.5647)] {
        let of = |ending: &str| bench.data(&format!("pedigree_barbary_sheep/{name}{ending}"));
        let own = inbreeding(bench, &of(".tsv"));
        let expected = read(of(".F_expected.tsv"));
        assert_eq!((own.len(), expected.len() - 1), (count, count));
        for row in &expected[1..] {
            let value: f64 = row[1].parse().unwrap();
            assert!((own[&row[0]] - value).abs() < 6e-7, "{name} {}: {} {value}", row[0], own[&row[0]]);
        }
        let average = own.values().sum::<f64>() / count as f64;
        let highest = own.values().copied().fold(0.0, f64::max);
        assert!((average - mean).abs() < 6e-5 && (highest - max).abs() < 6e-5, "{name}: {average} {highest}");
    }
}

fn herd_book(bench: &Bench) {
    let path = bench.data("pedigree_cattle_errors/pedigree.tsv.gz");
    bench.landrace(&format!("pedigree {path} --repair -o clean.tsv"));
    let problems = read(bench.path("clean.tsv.problems.tsv"));
    let of = |kind: &str| problems.iter().filter(|row| row[3] == kind).collect::<Vec<_>>();
    let own = of("own_parent");
    assert_eq!((own.len(), own[0][1].as_str()), (1, "276000811476506"));
    let circle = of("loop");
    assert_eq!(circle.len(), 1);
    for member in ["276000802918754", "276000802875148"] {
        assert!(circle[0][4].contains(member), "{}", circle[0][4]);
    }
    let sex = of("sex_conflict");
    assert_eq!((sex.len(), sex[0][1].as_str()), (1, "276000810087663"));
    assert_eq!(of("parent_not_older").len(), 5);
    assert!(of("rows_agree").is_empty() && of("rows_conflict").is_empty());
    let rows = read(bench.path("clean.tsv"));
    assert_eq!(rows.len() - 1, 10_863 + of("parent_without_row").len());
    let mut seen: BTreeSet<&str> = BTreeSet::from(["0"]);
    for row in &rows[1..] {
        assert!(seen.contains(row[1].as_str()) && seen.contains(row[2].as_str()), "{row:?}");
        assert!(seen.insert(&row[0]), "{row:?}");
    }
    // What was repaired is sound.
    bench.landrace("pedigree clean.tsv -o again.tsv --inverse i.tsv");
    let again = read(bench.path("again.tsv.problems.tsv"));
    assert!(again[1..].is_empty(), "{again:?}");
    assert_eq!(
        std::fs::read(bench.path("clean.tsv")).unwrap(),
        std::fs::read(bench.path("again.tsv")).unwrap()
    );
}

fn salmon(bench: &Bench) {
    let of = |name: &str| bench.data(&format!("salmon_gill1481/{name}"));
    let says = bench.landrace_says(&format!(
        "pedigree {} --genotypes {} -o sorted.tsv --relationship a.tsv --samples Fish_00001,Fish_00002,Sire1",
        of("pedigree.tsv"),
        of("genotypes_012.tsv.gz")
    ));
    assert!(says.contains("1481 individuals have genotypes"), "{says}");
    // Parents are not genotyped.
    assert!(says.contains("no parent and offspring both have genotypes"), "{says}");
    assert_eq!(read(bench.path("sorted.tsv")).len() - 1, 1561);
    let own = matrix(&read(bench.path("a.tsv")));
    assert!(own.values().all(|value| (0.0..=1.0).contains(value)), "{own:?}");
}
