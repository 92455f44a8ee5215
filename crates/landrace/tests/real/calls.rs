//! From real reads to calls, held to the truth.

use std::collections::{BTreeMap, BTreeSet};

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let tools = &["bcftools", "zcat"];
    vec![
        trial("one_sample_against_its_truth", "na12878_chr20_10mb", tools, one_sample),
        trial("three_samples_against_their_panel", "cohort3_1kg_chr21", tools, three_samples),
        trial("units_of_samples_go_through_the_sheet", "arabidopsis_wgs_reads", &["samtools"], units),
    ]
}

/// Unpacks the data set's reference, indexes it, and aligns its samples by a sheet.
fn align(bench: &Bench, set: &str, samples: &[&str]) {
    let reference = bench.run("zcat", &bench.data(&format!("{set}/ref.fa.gz")));
    std::fs::write(bench.path("ref.fa"), reference).unwrap();
    let mut sheet = "sample\tfastq_1\tfastq_2\n".to_owned();
    for sample in samples {
        let file = |end: &str| bench.data(&format!("{set}/{sample}_{end}.fastq.gz"));
        sheet += &format!("{sample}\t{}\t{}\n{sample}\t{}\t\n", file("R1"), file("R2"), file("single"));
    }
    std::fs::write(bench.path("sheet.tsv"), sheet).unwrap();
    bench.landrace("index ref.fa");
    bench.landrace("align ref.fa --samples sheet.tsv -o .");
}

/// Alternative alleles by (position, REF, ALT) with the genotypes' counts of them, normalised by bcftools.
fn alleles(bench: &Bench, variants: &str, kind: &str) -> BTreeMap<(u64, String, String), Vec<Option<u8>>> {
    bench.run("bcftools", &format!("norm -f ref.fa -m -any -Ob -o split.bcf {variants}"));
    let rows = bench
        .run("bcftools", &format!("query -i TYPE=\"{kind}\" -f %POS\\t%REF\\t%ALT[\\t%GT]\\n split.bcf"));
    rows.lines()
        .map(|row| {
            let fields: Vec<&str> = row.split('\t').collect();
            let key = (fields[0].parse().unwrap(), fields[1].to_owned(), fields[2].to_owned());
            (key, fields[3..].iter().map(|genotype| count(genotype)).collect())
        })
        .collect()
}

/// Copies of the alternative allele; none if a copy is not called.
fn count(genotype: &str) -> Option<u8> {
    let copies = genotype.split(['/', '|']).map(|copy| copy.parse::<u8>().ok());
    copies.sum::<Option<u8>>()
}

fn one_sample(bench: &Bench) {
    let set = "na12878_chr20_10mb";
    align(bench, set, &["NA12878"]);
    bench.landrace("call ref.fa NA12878.bam -o calls.vcf.gz");
    let truth_file = bench.data(&format!("{set}/truth.vcf.gz"));
    let confident = std::fs::read_to_string(bench.data(&format!("{set}/confident_first10kb.bed"))).unwrap();
    let confident: Vec<(u64, u64)> = confident
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            (fields[1].parse().unwrap(), fields[2].parse().unwrap())
        })
        .collect();
    for (kind, floor) in [("snp", 186), ("indel", 30)] {
        let truth = alleles(bench, &truth_file, kind);
        let found = alleles(bench, "calls.vcf.gz", kind);
        let right: BTreeSet<_> = truth.keys().filter(|key| found.contains_key(key)).collect();
        assert!(right.len() >= floor, "{} of {} {kind}s found", right.len(), truth.len());
        let wrong = right.iter().filter(|key| truth[**key] != found[**key]).count();
        assert!(wrong <= 1, "{wrong} {kind}s with a wrong genotype");
        let extra: Vec<_> = found
            .keys()
            .filter(|key| {
                !truth.contains_key(*key) && confident.iter().any(|&(s, e)| s < key.0 && key.0 <= e)
            })
            .collect();
        assert!(extra.is_empty(), "false {kind}s in the confident region: {extra:?}");
    }
}

fn three_samples(bench: &Bench) {
    let set = "cohort3_1kg_chr21";
    align(bench, set, &["NA12878", "NA19401", "NA20359"]);
    bench.landrace("call ref.fa NA12878.bam NA19401.bam NA20359.bam -o calls.bcf");
    let truth = alleles(bench, &bench.data(&format!("{set}/truth_all_panel_sites.vcf.gz")), "snp");
    let found = alleles(bench, "calls.bcf", "snp");
    let (mut discordant, mut lost) = (0, 0);
    for (key, expected) in &truth {
        let none = vec![Some(0); expected.len()];
        let genotypes = found.get(key).unwrap_or(&none);
        for (a, b) in expected.iter().zip(genotypes) {
            discordant += usize::from(a != b);
            lost += usize::from(a != b && a.is_some_and(|copies| copies > 0));
        }
    }
    assert_eq!(lost, 0, "genotypes that carry an ALT and disagree");
    assert!(discordant <= 6, "{discordant} genotypes disagree");
}

fn units(bench: &Bench) {
    let set = "arabidopsis_wgs_reads";
    let file = |name: &str| bench.data(&format!("{set}/{name}.fastq.gz"));
    let mut sheet = "sample\tfastq_1\tfastq_2\tlane\n".to_owned();
    for unit in ["S1_U1", "S2_U1", "S2_U2"] {
        let (sample, lane) = unit.split_once('_').unwrap();
        let (first, second) = (file(&format!("{unit}_R1")), file(&format!("{unit}_R2")));
        sheet += &format!("{sample}\t{first}\t{second}\t{lane}\n");
    }
    sheet += &format!("S3\t{}\t\tU1\n", file("S3_U1_R1"));
    std::fs::write(bench.path("sheet.tsv"), sheet).unwrap();
    // The species' reference is not at hand: what matters here is that every read comes through.
    let yeast = bench.run("zcat", &bench.data("genome_yeast_r64/S288C_R64-1-1.fa.gz"));
    std::fs::write(bench.path("ref.fa"), yeast).unwrap();
    bench.landrace("align ref.fa --samples sheet.tsv -o . --no-trim");
    for (sample, reads, units) in [("S1", 20_000, 1), ("S2", 40_000, 2), ("S3", 10_000, 1)] {
        let count = bench.run("samtools", &format!("view -c -F 2304 {sample}.bam"));
        assert_eq!(count.trim(), reads.to_string(), "{sample}");
        let header = bench.run("samtools", &format!("view -H {sample}.bam"));
        assert_eq!(header.lines().filter(|line| line.starts_with("@RG")).count(), units, "{header}");
        assert!(header.contains(&format!("\tSM:{sample}")), "{header}");
    }
}
