//! Genotypes of real panels: through every format, and beside PLINK 2 and bcftools.

use std::collections::HashMap;

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("components_equal_plink2s", "rice44k_374", &["plink2"], components),
        trial("statistics_equal_plink2s", "rice44k_374", &["plink2"], statistics),
        trial("a_panel_goes_through_all_formats", "rice44k_374", &["plink2", "bcftools"], round),
        trial("hapmap_keeps_every_call", "maize_mdp281", &["zcat"], hapmap),
        trial("variant_files_lose_nothing", "wheat_gbs_vcf", &["bcftools"], variant_files),
        trial("regions_are_gathered_to_the_whole", "human_chr20_b37", &["bcftools"], gathered),
    ]
}

/// The rice panel as `rice.bed` in the test's folder.
fn rice(bench: &Bench) {
    bench.landrace(&format!("convert {} -o rice.bed", bench.data("rice44k_374/rice44k.bed.gz")));
}

fn text(bench: &Bench, name: &str) -> String {
    std::fs::read_to_string(bench.path(name)).unwrap()
}

/// Columns of a table by name, whatever separates them.
fn columns(text: &str) -> HashMap<String, Vec<String>> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split_whitespace().collect()).collect();
    let column = |index: usize| rows.iter().map(|row| row[index].to_owned()).collect();
    names.iter().enumerate().map(|(index, name)| ((*name).to_owned(), column(index))).collect()
}

fn numbers(column: &[String]) -> Vec<f64> {
    column.iter().map(|text| text.parse().unwrap_or(f64::NAN)).collect()
}

/// The largest difference between two columns of numbers.
fn apart(ours: &[f64], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn components(bench: &Bench) {
    rice(bench);
    bench.landrace("pca rice.bed -k 10 -o ours.tsv");
    bench.run("plink2", "--bfile rice --pca 10 meanimpute --out theirs");
    let values = numbers(&columns(&text(bench, "ours.tsv.eigenvalues.tsv"))["eigenvalue"]);
    let theirs: Vec<f64> = text(bench, "theirs.eigenval").lines().map(|line| line.parse().unwrap()).collect();
    assert!(values.iter().zip(&theirs).all(|(a, b)| (a / b - 1.0).abs() < 1e-5), "{values:?} {theirs:?}");
    let (ours, theirs) = (columns(&text(bench, "ours.tsv")), columns(&text(bench, "theirs.eigenvec")));
    for k in 1..=10 {
        let (a, b) = (numbers(&ours[&format!("PC{k}")]), numbers(&theirs[&format!("PC{k}")]));
        let turned: Vec<f64> = b.iter().map(|value| -value).collect();
        assert!(apart(&a, &b).min(apart(&a, &turned)) < 1e-5, "PC{k}");
    }
}

fn statistics(bench: &Bench) {
    rice(bench);
    bench.landrace("stats rice.bed -o ours");
    bench.run("plink2", "--bfile rice --freq --hardy --missing --out theirs");
    let ours = columns(&text(bench, "ours.variants.tsv"));
    let (freq, hardy) = (columns(&text(bench, "theirs.afreq")), columns(&text(bench, "theirs.hardy")));
    let missing = columns(&text(bench, "theirs.vmiss"));
    assert_eq!(ours["id"], freq["ID"]);
    assert!(apart(&numbers(&ours["alternate_frequency"]), &numbers(&freq["ALT_FREQS"])) < 1e-5);
    assert!(apart(&numbers(&ours["heterozygosity"]), &numbers(&hardy["O(HET_A1)"])) < 1e-5);
    let absent: Vec<f64> = numbers(&ours["call_rate"]).iter().map(|rate| 1.0 - rate).collect();
    assert!(apart(&absent, &numbers(&missing["F_MISS"])) < 1e-5);
    let logs = |column: &[String]| numbers(column).iter().map(|p| p.max(1e-290).log10()).collect::<Vec<_>>();
    assert!(apart(&logs(&ours["hwe_p"]), &logs(&hardy["P"])) < 1e-3);
    let samples = numbers(&columns(&text(bench, "ours.samples.tsv"))["call_rate"]);
    let absent: Vec<f64> = samples.iter().map(|rate| 1.0 - rate).collect();
    assert!(apart(&absent, &numbers(&columns(&text(bench, "theirs.smiss"))["F_MISS"])) < 1e-5);
}

fn round(bench: &Bench) {
    rice(bench);
    bench.landrace("convert rice.bed -o rice.bcf");
    bench.landrace("convert rice.bcf -o rice.hmp.txt.gz");
    bench.landrace("convert rice.hmp.txt.gz -o rice.vcf.gz");
    bench.landrace("convert rice.vcf.gz -o back.bed");
    for ending in ["bed", "bim"] {
        let read = |stem: &str| std::fs::read(bench.path(&format!("{stem}.{ending}"))).unwrap();
        assert!(read("rice") == read("back"), "{ending}");
    }
    bench.run("plink2", "--bcf rice.bcf --export vcf --out read");
    let lines = |text: String| {
        text.lines().filter(|line| !line.starts_with("##")).map(str::to_owned).collect::<Vec<_>>()
    };
    let calls = |text: String| {
        lines(text).iter().map(|line| line.split('\t').skip(9).collect()).collect::<Vec<String>>()
    };
    assert!(calls(text(bench, "read.vcf")) == calls(bench.run("bcftools", "view rice.vcf.gz")));
}

fn hapmap(bench: &Bench) {
    let input = bench.data("maize_mdp281/mdp_genotype.hmp.txt.gz");
    bench.landrace(&format!("convert {input} -o maize.vcf.gz"));
    bench.landrace("convert maize.vcf.gz -o maize.hmp.txt");
    let calls = |text: &str| {
        let rows = text.lines().skip(1).map(|line| line.split('\t').skip(11).map(str::to_owned).collect());
        rows.collect::<Vec<Vec<String>>>()
    };
    let (theirs, ours) = (calls(&bench.run("zcat", &input)), calls(&text(bench, "maize.hmp.txt")));
    assert_eq!(ours.len(), 3093);
    assert!(ours == theirs);
}

fn variant_files(bench: &Bench) {
    for set in [
        "wheat_gbs_vcf/wheat_gbs_test",
        "human_chr20_b37/HG001_truth_chr20",
        "impute_1kg_chr21/NA12878_1x_PL",
    ] {
        let input = bench.data(&format!("{set}.vcf.gz"));
        bench.landrace(&format!("filter {input} -o ours.bcf"));
        bench.landrace("filter ours.bcf -o ours.vcf.gz");
        let expected = bench.run("bcftools", &format!("view -H {input}"));
        assert!(bench.run("bcftools", "view -H ours.bcf") == expected, "{set}: BCF");
        assert!(bench.run("bcftools", "view -H ours.vcf.gz") == expected, "{set}: VCF");
    }
}

fn gathered(bench: &Bench) {
    let input = bench.data("human_chr20_b37/HG001_truth_chr20.vcf.gz");
    let pieces = ["1-10000000", "10000001-30000000", "30000001-70000000"];
    for piece in pieces {
        bench.landrace(&format!("filter {input} --region 20:{piece} -o {piece}.bcf"));
    }
    bench.landrace(&format!("filter {}.bcf {}.bcf {}.bcf -o all.vcf.gz", pieces[2], pieces[0], pieces[1]));
    let expected = bench.run("bcftools", &format!("view -H {input}"));
    assert!(bench.run("bcftools", "view -H all.vcf.gz") == expected);
    let region = |file: &str| bench.run("bcftools", &format!("view -H {file} 20:1000000-1100000"));
    assert_eq!(region("all.vcf.gz"), region(&input));
}
