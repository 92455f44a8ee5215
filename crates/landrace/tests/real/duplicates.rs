//! Duplicates of real collections: clones with a known number of genotypes, and what replicates and panels show.

use std::collections::{BTreeMap, BTreeSet};

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("clones_are_grouped_to_98_genotypes", "clones_pram729", &["zcat"], clones),
        trial("lines_of_a_diversity_panel_are_few_duplicates", "maize_mdp281", &[], maize),
        trial("planted_duplicates_of_a_gene_bank_are_found", "", &[], planted),
    ]
}

/// A table's rows by column name.
fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    let header = lines.next().unwrap_or_default();
    lines.map(|cells| header.iter().cloned().zip(cells).collect()).collect()
}

fn table(bench: &Bench, name: &str) -> Vec<BTreeMap<String, String>> {
    rows(&std::fs::read_to_string(bench.path(name)).unwrap())
}

fn count(bench: &Bench, name: &str) -> u64 {
    let text = std::fs::read_to_string(bench.path("d.tsv.summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&text).unwrap();
    summary["counts"][name].as_u64().unwrap()
}

/// Which accessions are of one genotype, as sets; those alone are sets of one.
fn groups(bench: &Bench, samples: &[String]) -> BTreeSet<BTreeSet<String>> {
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut grouped = BTreeSet::new();
    for row in table(bench, "d.tsv") {
        groups.entry(row["group"].clone()).or_default().insert(row["accession"].clone());
        grouped.insert(row["accession"].clone());
    }
    let alone =
        samples.iter().filter(|name| !grouped.contains(*name)).map(|name| BTreeSet::from([name.clone()]));
    groups.into_values().chain(alone).collect()
}

/// Five microsatellites: as many genotypes as poppr counts, and the same members of each.
fn clones(bench: &Bench) {
    let input = bench.data("clones_pram729/ssr_genotypes.tsv.gz");
    let (output, kept) = (bench.path("d.tsv"), bench.path("kept.txt"));
    let says =
        bench.landrace_says(&format!("duplicates {input} -o {} --kept {}", output.display(), kept.display()));
    assert!(says.contains("98 genotypes among 729"), "{says}");
    let truth = bench.run("zcat", &bench.data("clones_pram729/mlg_poppr.tsv.gz"));
    let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut samples = Vec::new();
    for row in rows(&truth) {
        expected.entry(row["mlg"].clone()).or_default().insert(row["sample"].clone());
        samples.push(row["sample"].clone());
    }
    let expected: BTreeSet<BTreeSet<String>> = expected.into_values().collect();
    assert_eq!(expected.len(), 98);
    assert_eq!(groups(bench, &samples), expected);
    assert_eq!(std::fs::read_to_string(kept).unwrap().lines().count(), 98);
    // Five loci cannot tell clones from sibs, and that is said.
    assert!(says.contains("cannot tell one genotype from near kin"), "{says}");
}

/// Lines of the same name but for a suffix are duplicates where they are said to be; sister lines are not.
fn maize(bench: &Bench) {
    let input = bench.data("maize_mdp281/mdp_genotype.hmp.txt.gz");
    let (output, pairs) = (bench.path("d.tsv"), bench.path("p.tsv"));
    bench.landrace(&format!("duplicates {input} -o {} --pairs {}", output.display(), pairs.display()));
    assert!(count(bench, "genotypes") > 250 && count(bench, "genotypes") <= 281);
    // The near pairs are kin: their differences are not taken for error.
    let summary = std::fs::read_to_string(bench.path("d.tsv.summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    assert!(summary["counts"]["call_error"].as_f64().unwrap() <= 0.01, "{}", summary["counts"]["call_error"]);
    for row in table(bench, "p.tsv").iter().filter(|row| row["verdict"] == "same") {
        assert!(row["share"].parse::<f64>().unwrap() < 0.03, "{row:?}");
    }
}

/// A bank that `simulate` makes: each duplicate with what it was copied from, and nothing else.
fn planted(bench: &Bench) {
    let folder = bench.path("bank");
    for (ploidy, kind) in [(2, ""), (2, "--inbred"), (4, "")] {
        bench.landrace(&format!(
            "simulate -o {} --population genebank -n 120 --founders 50 --ploidy {ploidy} {kind} --no-reads \
             --genome-length 600kb --cm-per-mb 500 --call-errors 0.01 --missing 0.1 --seed 3 --indel-rate 0",
            folder.display()
        ).split_whitespace().collect::<Vec<_>>().join(" "));
        let output = bench.path("d.tsv");
        bench.landrace(&format!(
            "duplicates {} -o {}",
            folder.join("observed.vcf.gz").display(),
            output.display()
        ));
        let truth = rows(&std::fs::read_to_string(folder.join("accessions.tsv")).unwrap());
        let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in &truth {
            // A sport is of the genotype that it comes from.
            let of = if row["role"] == "sport" { &row["of"] } else { &row["genotype"] };
            expected.entry(of.clone()).or_default().insert(row["accession"].clone());
        }
        let samples: Vec<String> = truth.iter().map(|row| row["accession"].clone()).collect();
        assert_eq!(groups(bench, &samples), expected.into_values().collect(), "ploidy {ploidy} {kind}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
