//! Panels of real collections: each pair that is not listed differs as often as was asked for, counted anew from the
//! genotypes that `convert` writes.

use std::collections::{BTreeMap, BTreeSet};

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("panels_tell_maize_lines_apart", "maize_mdp281", &[], maize),
        trial("panels_tell_tetraploid_potatoes_apart", "potato4x_gwaspoly", &[], potato),
        trial("panels_of_ssr_list_the_clones", "clones_pram729", &[], clones),
    ]
}

/// Calls of all samples by marker, alleles in order; nothing where an allele is missing.
struct Genotypes {
    samples: Vec<String>,
    markers: BTreeMap<String, Vec<Option<Vec<u32>>>>,
}

fn genotypes(text: &str) -> Genotypes {
    let mut lines = text.lines().filter(|line| !line.starts_with("##"));
    let samples = lines.next().unwrap().split('\t').skip(9).map(str::to_owned).collect();
    let call = |cell: &str| -> Option<Vec<u32>> {
        let alleles = cell.split(':').next().unwrap().split(['/', '|']);
        let mut alleles: Vec<u32> = alleles.map(|allele| allele.parse().ok()).collect::<Option<_>>()?;
        alleles.sort_unstable();
        Some(alleles)
    };
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        (cells[2].to_owned(), cells[9..].iter().map(|cell| call(cell)).collect())
    };
    Genotypes { samples, markers: lines.map(row).collect() }
}

/// Markers of a list at which both have a call, and not the same.
fn differences<'a>(
    markers: impl Iterator<Item = &'a Vec<Option<Vec<u32>>>>,
    (a, b): (usize, usize),
) -> usize {
    markers.filter(|calls| calls[a].is_some() && calls[b].is_some() && calls[a] != calls[b]).count()
}

/// Runs the command and checks every pair; gives the number of markers and of listed pairs.
fn check(bench: &Bench, data: &str, depth: usize) -> (usize, usize) {
    let input = bench.data(data);
    bench.landrace(&format!("fingerprint {input} -d {depth} --patience 2 -o panel.tsv"));
    bench.landrace(&format!("convert {input} -o table.vcf"));
    let text = |name: &str| std::fs::read_to_string(bench.path(name)).unwrap();
    let own = genotypes(&text("table.vcf"));
    let panel: Vec<String> =
        text("panel.tsv").lines().skip(1).map(|line| line.split('\t').nth(1).unwrap().to_owned()).collect();
    let place: BTreeMap<&str, usize> = own.samples.iter().map(String::as_str).zip(0..).collect();
    let listed_text = text("panel.tsv.unseparable.tsv");
    let mut listed = BTreeSet::new();
    for line in listed_text.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let pair = (place[cells[0]].min(place[cells[1]]), place[cells[0]].max(place[cells[1]]));
        assert!(listed.insert(pair), "{line} is there twice");
        let all = differences(own.markers.values(), pair);
        assert_eq!(all, cells[3].parse::<usize>().unwrap(), "{line}");
        assert!(cells[4] != "few_differences" || all < depth, "{line}");
        assert!(cells[4] != "identical" || all == 0, "{line}");
    }
    let mut short = 0;
    for b in 0..own.samples.len() {
        for a in 0..b {
            let differ = differences(panel.iter().map(|name| &own.markers[name]), (a, b));
            short += usize::from(differ < depth && !listed.contains(&(a, b)));
        }
    }
    assert_eq!(short, 0, "pairs with fewer than {depth} differences that are not listed");
    (panel.len(), listed.len())
}

/// A number of the summary's counts.
fn count(bench: &Bench, name: &str) -> usize {
    let text = std::fs::read_to_string(bench.path("panel.tsv.summary.json")).unwrap();
    let (_, rest) = text.split_once(&format!("\"{name}\":")).unwrap();
    rest.trim_start().split([',', '\n', '}']).next().unwrap().parse().unwrap()
}

fn maize(bench: &Bench) {
    let (markers, listed) = check(bench, "maize_mdp281/mdp_genotype.hmp.txt.gz", 2);
    // 273 lines need six markers of three classes by counting alone.
    assert!(count(bench, "lower_bound_markers") > count(bench, "counting_bound_markers"));
    assert!(markers >= count(bench, "lower_bound_markers"));
    assert!(markers < count(bench, "plain_greedy_markers"));
    // B73 and its Ht conversion among them.
    assert_eq!(listed, 8);
}

fn potato(bench: &Bench) {
    let (markers, listed) = check(bench, "potato4x_gwaspoly/genotypes_4x.csv.gz", 2);
    assert!(markers >= count(bench, "lower_bound_markers"));
    assert!(markers < count(bench, "plain_greedy_markers"));
    // Burbank and Russet Burbank, Russet Norkotah and its selections.
    assert_eq!(listed, 4);
}

fn clones(bench: &Bench) {
    let (markers, listed) = check(bench, "clones_pram729/ssr_genotypes.tsv.gz", 2);
    assert_eq!((markers, listed), (5, 126_386));
}
