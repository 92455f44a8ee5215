//! Ancestry of real panels whose groups are known.

use std::collections::BTreeMap;

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("two_ancestries_of_cattle_are_africa_and_france", "breeds_microbov704", &["zcat"], continents),
        trial("cattle_are_given_back_to_their_breeds", "breeds_microbov704", &["zcat"], breeds),
        trial("rice_has_its_five_subpopulations", "rice44k_374", &["zcat"], rice),
    ]
}

/// The animals: name, breed and country.
fn animals(bench: &Bench) -> Vec<(String, String, String)> {
    let text = bench.run("zcat", &bench.data("breeds_microbov704/ssr_genotypes.tsv.gz"));
    let cells = |line: &str| {
        let mut cells = line.split('\t').map(str::to_owned);
        (cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap())
    };
    text.lines().skip(1).map(cells).collect()
}

/// The ancestries of a table, by sample, and the names of the populations.
fn shares(bench: &Bench, name: &str) -> (Vec<String>, BTreeMap<String, Vec<f64>>) {
    let text = std::fs::read_to_string(bench.path(name)).unwrap();
    let mut lines = text.lines();
    let names = lines.next().unwrap().split('\t').skip(1).map(str::to_owned).collect();
    let row = |line: &str| {
        let mut cells = line.split('\t');
        let sample = cells.next().unwrap().to_owned();
        (sample, cells.map(|cell| cell.parse().unwrap()).collect())
    };
    (names, lines.map(row).collect())
}

fn largest(shares: &[f64]) -> usize {
    (0..shares.len()).fold(0, |best, a| if shares[a] > shares[best] { a } else { best })
}

/// The first axis of the data's README: the five African breeds apart from the ten French ones.
fn continents(bench: &Bench) {
    let genotypes = bench.data("breeds_microbov704/ssr_genotypes.tsv.gz");
    let says = bench.landrace_says(&format!("structure {genotypes} -k 2 --starts 3 -o two.tsv"));
    assert!(!says.contains("not converged"), "{says}");
    let (_, shares) = shares(bench, "two.tsv");
    let mut means: BTreeMap<(String, String), (f64, f64)> = BTreeMap::new();
    for (name, breed, country) in animals(bench) {
        let own = means.entry((country, breed)).or_default();
        *own = (own.0 + shares[&name][1], own.1 + 1.0);
    }
    let of = |country: &str| -> Vec<f64> {
        let own = means.iter().filter(|((own, _), _)| own == country);
        own.map(|(_, (sum, n))| sum / n).collect()
    };
    let (africa, france) = (of("AF"), of("FR"));
    assert_eq!((africa.len(), france.len()), (5, 10));
    assert!(africa.iter().all(|&mean| mean > 0.85), "{africa:?}");
    assert!(france.iter().all(|&mean| mean < 0.15), "{france:?}");
}

/// Every fourth animal's breed is held back, and found again.
fn breeds(bench: &Bench) {
    let genotypes = bench.data("breeds_microbov704/ssr_genotypes.tsv.gz");
    let animals = animals(bench);
    let is_hidden = |index: usize| index.is_multiple_of(4);
    let rows = animals.iter().enumerate().map(|(index, (name, breed, _))| {
        format!("{name}\t{}\n", if is_hidden(index) { "NA" } else { breed })
    });
    let sheet = bench.path("sheet.tsv");
    std::fs::write(&sheet, format!("sample\tbreed\n{}", rows.collect::<String>())).unwrap();
    bench.landrace(&format!("structure {genotypes} --groups {} --by breed -o known.tsv", sheet.display()));
    let (names, shares) = shares(bench, "known.tsv");
    assert_eq!(names.len(), 15);
    let hidden = animals.iter().enumerate().filter(|(index, _)| is_hidden(*index));
    let right: Vec<bool> =
        hidden.map(|(_, (name, breed, _))| &names[largest(&shares[name])] == breed).collect();
    let share = right.iter().filter(|&&is_right| is_right).count() as f64 / right.len() as f64;
    assert!(right.len() == 176 && share > 0.9, "{share} of {}", right.len());
}

/// Zhao et al. (2011) have 87 indica, 57 aus, 96 temperate japonica, 97 tropical japonica, 14 aromatic and 62 admixed of
/// 413 accessions, and the first axis parts indica and aus from the others.
fn rice(bench: &Bench) {
    for kind in ["bed", "bim", "fam"] {
        let from = bench.data(&format!("rice44k_374/rice44k.{kind}.gz"));
        let output = std::process::Command::new("zcat").arg(from).output().unwrap();
        std::fs::write(bench.path(&format!("rice.{kind}")), output.stdout).unwrap();
    }
    bench.landrace("filter rice.bed --min-maf 0.05 --min-call-rate 0.9 -o good.bed");
    bench.landrace("ld prune good.bed --window 50 --step 5 --r2 0.1 -o pruned.bed");
    bench.landrace("structure pruned.bed -k 5 -o five.tsv");
    bench.landrace("structure pruned.bed -k 2 --starts 2 -o two.tsv");
    let (_, five) = shares(bench, "five.tsv");
    let (_, two) = shares(bench, "two.tsv");
    let mut members: Vec<Vec<&String>> = vec![Vec::new(); 5];
    for (name, own) in &five {
        let main = largest(own);
        if own[main] > 0.8 {
            members[main].push(name);
        }
    }
    members.sort_by_key(Vec::len);
    let sizes: Vec<usize> = members.iter().map(Vec::len).collect();
    // Aromatic, the smallest, lies between the two sides; the four others are wholly on one.
    assert!((8..=18).contains(&sizes[0]) && sizes[1] >= 45 && sizes[4] <= 100, "{sizes:?}");
    let first = |own: &Vec<&String>| own.iter().filter(|name| two[**name][0] > 0.5).count();
    let sides: Vec<bool> = members[1..].iter().map(|own| first(own) > 0).collect();
    assert!(members[1..].iter().all(|own| [0, own.len()].contains(&first(own))), "{sizes:?}");
    assert_eq!(sides.iter().filter(|&&is_first| is_first).count(), 2, "{sides:?}");
}
