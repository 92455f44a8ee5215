//! Linkage disequilibrium of real panels beside PLINK.

use std::collections::HashMap;

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("pruning_keeps_the_variants_of_plink2", "rice44k_374", &["plink2"], pruning_rice),
        trial("pruning_mice_keeps_the_variants_of_plink2", "mouse_hs1940", &["plink2"], pruning_mice),
        trial("pairs_equal_plinks", "rice44k_374", &["plink1.9"], pairs),
        trial("blocks_equal_plinks", "rice44k_374", &["plink1.9"], blocks),
        trial("structure_lowers_distant_linkage", "rice44k_374", &["cat"], structure),
        trial("linkage_of_tetraploids", "potato4x_gwaspoly", &["cat"], tetraploids),
        trial("the_recombination_simulated_is_found", "", &["cat"], simulated),
    ]
}

fn text(bench: &Bench, name: &str) -> String {
    std::fs::read_to_string(bench.path(name)).unwrap()
}

/// Rows of a table, by column name, whatever separates them.
fn rows(text: &str) -> Vec<HashMap<String, String>> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    let row = |line: &str| {
        names
            .iter()
            .zip(line.split_whitespace())
            .map(|(name, cell)| ((*name).to_owned(), cell.to_owned()))
            .collect()
    };
    lines.map(row).collect()
}

fn number(row: &HashMap<String, String>, name: &str) -> f64 {
    row[name].parse().unwrap()
}

/// The rice panel as `rice.bed` in the test's folder.
fn rice(bench: &Bench) {
    bench.landrace(&format!("convert {} -o rice.bed", bench.data("rice44k_374/rice44k.bed.gz")));
}

/// Prunes by both with the same numbers, and compares what is kept and removed.
fn prune_by_both(bench: &Bench, stem: &str, window: &[&str]) {
    let (size, flags) = match window {
        [size, step, r2] => (size, format!("--step {step} --r2 {r2}")),
        [size, r2] => (size, format!("--r2 {r2}")),
        _ => panic!("a window, a step and an r²"),
    };
    bench.run("plink2", &format!("--bfile {stem} --indep-pairwise {} --out theirs", window.join(" ")));
    bench.landrace(&format!(
        "ld prune {stem}.bed --window {size} {flags} -o ours.tsv --kept kept.txt --removed removed.txt"
    ));
    assert!(text(bench, "kept.txt") == text(bench, "theirs.prune.in"), "kept by {window:?}");
    assert!(text(bench, "removed.txt") == text(bench, "theirs.prune.out"), "removed by {window:?}");
    assert!(text(bench, "kept.txt").lines().count() > 100);
}

fn pruning_rice(bench: &Bench) {
    rice(bench);
    for window in [
        &["50", "5", "0.2"][..],
        &["200", "20", "0.5"],
        &["2", "1", "0.8"],
        &["100kb", "0.2"],
        &["1000kb", "0.6"],
    ] {
        prune_by_both(bench, "rice", window);
    }
    // The genotypes written are those of the list.
    bench.landrace("ld prune rice.bed --window 50 --step 5 --r2 0.2 -o pruned.bed --kept kept.txt");
    let ids: String = text(bench, "pruned.bim")
        .lines()
        .map(|line| format!("{}\n", line.split('\t').nth(1).unwrap()))
        .collect();
    assert!(ids == text(bench, "kept.txt"));
    bench.run("plink2", "--bfile rice --extract kept.txt --make-bed --out theirs");
    assert!(
        std::fs::read(bench.path("pruned.bed")).unwrap() == std::fs::read(bench.path("theirs.bed")).unwrap()
    );
}

fn pruning_mice(bench: &Bench) {
    // Positions of the last chromosomes fall in places, which windows in variants do not mind.
    let input = bench.data("mouse_hs1940/mouse_hs1940.vcf.gz");
    bench.landrace(&format!("convert {input} -o mice.bed"));
    for window in [&["50", "5", "0.2"][..], &["100", "1", "0.5"], &["20", "20", "0.9"]] {
        prune_by_both(bench, "mice", window);
    }
    assert!(
        bench
            .landrace_fails("ld prune mice.bed --window 100kb -o kept.tsv")
            .contains("sort the file by position")
    );
}

fn pairs(bench: &Bench) {
    rice(bench);
    bench.landrace("ld pairs rice.bed --window 100kb --min-r2 0 --haplotypes -o ours.tsv");
    let ours = rows(&text(bench, "ours.tsv"));
    let ours: HashMap<(&str, &str), &HashMap<String, String>> =
        ours.iter().map(|row| ((row["id_1"].as_str(), row["id_2"].as_str()), row)).collect();
    let window = "--ld-window 100000 --ld-window-kb 100 --ld-window-r2 0.2";
    bench.run("plink1.9", &format!("--bfile rice --r2 {window} --out dosages"));
    let theirs = rows(&text(bench, "dosages.ld"));
    assert!(theirs.len() > 300_000);
    for row in &theirs {
        let own = ours[&(row["SNP_A"].as_str(), row["SNP_B"].as_str())];
        assert!((number(own, "r2") - number(row, "R2")).abs() < 2e-6, "{row:?}");
    }
    let strong = ours.values().filter(|row| number(row, "r2") > 0.2001).count();
    assert_eq!(strong, theirs.iter().filter(|row| number(row, "R2") > 0.2001).count());
    bench.run("plink1.9", &format!("--bfile rice --r2 dprime-signed {window} --out haplotypes"));
    for row in &rows(&text(bench, "haplotypes.ld")) {
        let own = ours[&(row["SNP_A"].as_str(), row["SNP_B"].as_str())];
        assert!((number(own, "haplotype_r2") - number(row, "R2")).abs() < 2e-6, "{row:?}");
        assert!((number(own, "d_prime") - number(row, "DP")).abs() < 2e-6, "{row:?}");
    }
}

fn blocks(bench: &Bench) {
    rice(bench);
    bench.run("plink1.9", "--bfile rice --blocks no-pheno-req --out theirs");
    bench.landrace("ld blocks rice.bed -o ours.tsv");
    let key = |row: &HashMap<String, String>, columns: [&str; 4]| columns.map(|name| row[name].clone());
    let theirs: Vec<_> = rows(&text(bench, "theirs.blocks.det"))
        .iter()
        .map(|row| key(row, ["CHR", "BP1", "BP2", "SNPS"]))
        .collect();
    let ours: Vec<_> =
        rows(&text(bench, "ours.tsv")).iter().map(|row| key(row, ["contig", "from", "to", "ids"])).collect();
    assert_eq!(ours.len(), theirs.len());
    assert!(ours == theirs);
}

fn structure(bench: &Bench) {
    rice(bench);
    bench.landrace("pca rice.bed -k 4 -o pca.tsv");
    bench.landrace("ld decay rice.bed --within 1Mb -o plain.tsv");
    bench.landrace("ld decay rice.bed --within 1Mb --structure pca.tsv --axes 4 -o freed.tsv");
    let half = |name: &str| number(rows(&text(bench, name)).last().unwrap(), "half_decay_distance");
    let (plain, freed) = (half("plain.tsv.fits.tsv"), half("freed.tsv.fits.tsv"));
    // Five groups that hardly cross: most of what lasts over 500 kb is between them.
    assert!(freed < 0.3 * plain && freed > 10_000.0, "{plain} {freed}");
}

fn tetraploids(bench: &Bench) {
    let input = bench.data("potato4x_gwaspoly/genotypes_4x.csv.gz");
    bench.landrace(&format!("ld decay {input} --within 5Mb -o decay.tsv"));
    let fits = rows(&text(bench, "decay.tsv.fits.tsv"));
    let all = fits.last().unwrap();
    assert!(number(all, "pairs") > 10_000.0 && number(all, "mean_r2") < 0.3, "{all:?}");
    bench.landrace(&format!("ld prune {input} --r2 0.5 -o kept.tsv"));
    assert!(bench.landrace_fails(&format!("ld blocks {input} -o blocks.tsv")).contains("up to ploidy 2"));
}

fn simulated(bench: &Bench) {
    // 4 N c of the ancestral population: 4 × 10,000 × 1e-8 a base.
    bench.landrace(
        "simulate --ploidy 1 -n 80 --founders 80 --genome-length 2Mb --contigs 2 --transposons 0 \
         --effective-size 10000 --cm-per-mb 1 --snp-rate 0.001 --no-reads -o world --seed 4",
    );
    bench.landrace("ld decay world/truth.vcf.gz --within 100kb --min-maf 0.1 -o decay.tsv");
    let fits = rows(&text(bench, "decay.tsv.fits.tsv"));
    let ratio = number(fits.last().unwrap(), "rho_per_base") / 4e-4;
    assert!((0.5..2.0).contains(&ratio), "{ratio}");
}
