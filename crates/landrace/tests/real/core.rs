//! Core collections of real data: no worse than Core Hunter's, and published facts come back.

use std::path::Path;

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("cores_are_no_worse_than_those_of_core_hunter", "corehunter_maize218", &[], core_hunter),
        trial("distances_are_those_of_core_hunter", "corehunter_maize218", &[], distances),
        trial("cassava_cores_are_better_than_the_published_one", "core_cassava_iita", &[], cassava),
        trial("cores_do_not_depend_on_threads", "maize_mdp281", &[], threads),
    ]
}

/// A column of an objective's or trait's row.
fn cell(path: &Path, row: &str, column: &str) -> f64 {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let place = header.iter().position(|name| *name == column).unwrap();
    lines.find(|cells| cells[0] == row).unwrap()[place].parse().unwrap()
}

fn core_hunter(bench: &Bench) {
    let input = bench.data("corehunter_maize218/genotypes-biparental.csv.gz");
    // Core Hunter 3.2 in its default mode; five digits are known.
    for (objective, theirs) in [("EN-MR", 0.60062), ("AN-MR", 0.25703), ("SH", 5.93053), ("HE", 0.49168)] {
        bench.landrace(&format!("core {input} -n 44 --objective {objective} --curve none -o core.tsv"));
        let evaluation = bench.path("core.tsv.evaluation.tsv");
        let (value, bound) = (cell(&evaluation, objective, "value"), cell(&evaluation, objective, "bound"));
        let sign = if objective == "AN-MR" { -1.0 } else { 1.0 };
        assert!(sign * (value - theirs) > -5e-6, "{objective}: {value}, Core Hunter {theirs}");
        assert!(sign * (bound - value) >= 0.0, "{objective}: {value} passes {bound}");
    }
}

fn distances(bench: &Bench) {
    let input = bench.data("corehunter_maize218/genotypes-biparental.csv.gz");
    let given = bench.data("corehunter_maize218/distances.csv.gz");
    bench.landrace(&format!("core {input} -n 2 --curve none --write-distances ours.tsv -o core.tsv"));
    // Theirs, read and written anew by us.
    bench.landrace(&format!(
        "core --distances {given} -n 2 --curve none --write-distances theirs.tsv -o core.tsv"
    ));
    let rows = |name: &str| -> Vec<Vec<f64>> {
        let text = std::fs::read_to_string(bench.path(name)).unwrap();
        text.lines()
            .skip(1)
            .map(|line| line.split('\t').skip(1).map(|cell| cell.parse().unwrap()).collect())
            .collect()
    };
    let (ours, theirs) = (rows("ours.tsv"), rows("theirs.tsv"));
    assert_eq!((ours.len(), theirs.len()), (218, 218));
    for (own, other) in ours.iter().flatten().zip(theirs.iter().flatten()) {
        assert!((own - other).abs() < 1e-12, "{own} {other}");
    }
    assert!((ours[0][1] - 0.373_461_757_360_143).abs() < 1e-12);
    assert!((ours[3][7] - 0.813_536_787_897_854).abs() < 1e-12);
}

fn cassava(bench: &Bench) {
    let traits = bench.data("core_cassava_iita/entire_collection.tsv.gz");
    let published = bench.data("core_cassava_iita/core_collection.tsv.gz");
    bench.landrace(&format!("core --traits {traits} --evaluate {published} -o published.tsv"));
    bench.landrace(&format!(
        "core --traits {traits} -n 10% --objective EN-GD --objective AN-GD --curve none -o ours.tsv"
    ));
    let [ours, theirs] = ["ours", "published"].map(|name| bench.path(&format!("{name}.tsv.evaluation.tsv")));
    assert!(cell(&ours, "EN-GD", "value") > cell(&theirs, "EN-GD", "value"));
    assert!(cell(&ours, "AN-GD", "value") < cell(&theirs, "AN-GD", "value"));
    assert_eq!(std::fs::read_to_string(bench.path("ours.tsv.names.txt")).unwrap().lines().count(), 168);
    // What is known of the published core: the range of the ten quantitative traits, and the classes that it keeps.
    let facts = bench.path("published.tsv.traits.tsv");
    let numbers = ["NMSR", "TTRN", "TFWSR", "TTRW", "TFWSS", "TTSW", "TTPW", "AVPW", "ARSR", "SRDM"];
    let rates: f64 = numbers.iter().map(|name| cell(&facts, name, "coincidence_percent")).sum();
    assert!((rates / 10.0 - 89.2).abs() < 0.05, "{rates}");
    for (name, whole, core) in [("CUAL", 5.0, 4.0), ("PL9M", 3.0, 2.0)] {
        assert_eq!((cell(&facts, name, "classes"), cell(&facts, name, "core_classes")), (whole, core));
    }
}

fn threads(bench: &Bench) {
    let input = bench.data("maize_mdp281/mdp_genotype.hmp.txt.gz");
    let core = |threads: usize| {
        bench.landrace(&format!(
            "core {input} -n 30 --objective EN-MR --objective AN-MR=2 --effort quick --threads {threads} -o core.tsv"
        ));
        ["core.tsv", "core.tsv.evaluation.tsv", "core.tsv.summary.json"]
            .map(|name| std::fs::read_to_string(bench.path(name)).unwrap())
    };
    assert_eq!(core(1), core(2));
}
