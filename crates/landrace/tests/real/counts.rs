//! Read counts of real laboratories, and the quality of real genotypes beside PLINK 2 and KGD.

use std::collections::HashMap;

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("gbs_counts_have_kgds_call_rate_and_depth", "gbs_parentage_kgd", &[], gbs),
        trial("gbs_counts_go_through_variant_files", "gbs_parentage_kgd", &["bcftools", "zcat"], gbs_round),
        trial("polyploid_counts_become_dosages", "polyploid_counts_updog", &["bcftools"], polyploids),
        trial("a_blank_is_told_from_plants", "miscanthus_rad_polyrad", &["bcftools"], blank),
        trial("hardy_weinberg_and_inbreeding_equal_plink2s", "rice44k_374", &["plink2"], rice),
        trial("outbred_animals_equal_plink2s", "mouse_hs1940", &["plink2"], mice),
        trial("inbred_lines_survive_hardy_weinberg_where_it_knows_of_them", "rice44k_374", &[], lines),
    ]
}

fn text(bench: &Bench, name: &str) -> String {
    std::fs::read_to_string(bench.path(name)).unwrap()
}

/// Columns of a table by name; cells lie between tabs.
fn columns(text: &str) -> HashMap<String, Vec<String>> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().trim_start_matches('#').split('\t').collect();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split('\t').collect()).collect();
    let column = |index: usize| rows.iter().map(|row| row[index].to_owned()).collect();
    names.iter().enumerate().map(|(index, name)| ((*name).to_owned(), column(index))).collect()
}

fn numbers(column: &[String]) -> Vec<f64> {
    column.iter().map(|text| text.parse().unwrap_or(f64::NAN)).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The largest difference between two columns of numbers; none may be missing.
fn apart(ours: &[f64], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, |most, d| if d <= most { most } else { d })
}

fn gbs(bench: &Bench) {
    let note =
        bench.landrace_says(&format!("stats {} -o gbs", bench.data("gbs_parentage_kgd/HapMap.hmc.txt.gz")));
    assert!(note.contains("read as UNEAK read counts, 96 samples"), "{note}");
    assert!(note.contains("dosages called from reads at ploidy 2"), "{note}");
    let samples = columns(&text(bench, "gbs.samples.tsv"));
    let (rates, depths) = (numbers(&samples["call_rate"]), numbers(&samples["mean_depth"]));
    assert!((mean(&rates) - 0.635_917_4).abs() < 1e-6, "{}", mean(&rates));
    assert!((mean(&depths) - 9.281_431).abs() < 1e-5, "{}", mean(&depths));
    let theirs =
        std::fs::read_to_string(bench.data("gbs_parentage_kgd/kgd_expected/SampleStats.csv")).unwrap();
    let theirs = columns(&theirs.replace('"', "").replace(',', "\t"));
    assert_eq!(samples["sample"], theirs["seqID"]);
    assert!(apart(&rates, &numbers(&theirs["callrate"])) < 1e-6);
    assert!(apart(&depths, &numbers(&theirs["sampdepth"])) < 1e-6);
    assert_eq!(columns(&text(bench, "gbs.variants.tsv"))["id"].len(), 14_709);
}

fn gbs_round(bench: &Bench) {
    let input = bench.data("gbs_parentage_kgd/HapMap.hmc.txt.gz");
    bench.landrace(&format!("convert {input} -t 1 -o gbs.vcf.gz"));
    bench.landrace(&format!("convert {input} -t 2 -o two.vcf.gz"));
    let bytes = |name: &str| std::fs::read(bench.path(name)).unwrap();
    assert!(bytes("gbs.vcf.gz") == bytes("two.vcf.gz"));
    let original = bench.run("zcat", &input);
    let expected: Vec<String> = original
        .lines()
        .skip(1)
        .map(|line| line.split('\t').skip(1).take(96).collect::<Vec<_>>().join("\t").replace('|', ","))
        .collect();
    let found = bench.run("bcftools", "query -f [\\t%AD]\\n gbs.vcf.gz");
    let found: Vec<&str> = found.lines().map(|line| line.trim_start_matches('\t')).collect();
    assert!(found == expected, "allele depths differ");
    let calls = |extra: &str| bench.run("bcftools", &format!("query -f [\\t%GT]\\n {extra}"));
    // Called anew from the file's AD, the calls are the same.
    bench.landrace("convert gbs.vcf.gz --from-counts -o again.bcf");
    assert!(calls("gbs.vcf.gz") == calls("again.bcf"));
}

fn polyploids(bench: &Bench) {
    let file = |name: &str| bench.data(&format!("polyploid_counts_updog/{name}"));
    bench.landrace(&format!(
        "convert {} --total {} --ploidy 4 -o potato.vcf",
        file("potato4x_refcount.tsv.gz"),
        file("potato4x_total.tsv.gz")
    ));
    let rows = bench.run("bcftools", "query -f [%GT\\t%AD\\t%GQ\\t%DS\\n] potato.vcf");
    let rows: Vec<Vec<&str>> = rows.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len(), 1000);
    let (mut clear, mut near) = (0, 0);
    for row in &rows {
        let dosage = row[0].split('/').filter(|&allele| allele == "1").count() as f64;
        let depths: Vec<f64> = row[1].split(',').map(|n| n.parse().unwrap()).collect();
        let estimate: f64 = row[3].parse().unwrap();
        assert!((0.0..=4.0).contains(&estimate) && row[0].split('/').count() == 4);
        if row[2].parse::<f64>().unwrap() >= 20.0 {
            clear += 1;
            let share = 4.0 * depths[1] / (depths[0] + depths[1]);
            near += usize::from((share - dosage).abs() < 1.0);
            assert!((estimate - dosage).abs() < 0.05, "{row:?}");
        }
    }
    assert!(clear > 700 && near as f64 > 0.97 * f64::from(clear), "{clear} {near}");

    let long = file("sweetpotato6x_snpdat.tsv");
    bench.landrace(&format!("convert {long} --ploidy 6 -o sweet.bcf"));
    let info = bench
        .run("bcftools", "query -f %ID\\t%INFO/BIAS\\t%INFO/OVERDISPERSION\\t%INFO/SEQERROR\\n sweet.bcf");
    let info: Vec<Vec<String>> = info.lines().map(|l| l.split('\t').map(str::to_owned).collect()).collect();
    assert_eq!(info.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["SNP1", "SNP2", "SNP3"]);
    for row in &info {
        let values: Vec<f64> = row[1..].iter().map(|text| text.parse().unwrap()).collect();
        assert!(values[0] > 0.3 && values[0] < 3.0 && values[1] < 0.1 && values[2] < 0.05, "{row:?}");
    }
    assert_eq!(bench.run("bcftools", "query -l sweet.bcf").lines().count(), 143);
    assert!(bench.run("bcftools", "query -l sweet.bcf").starts_with("Xushu18\n"));
}

fn blank(bench: &Bench) {
    let input = bench.data("miscanthus_rad_polyrad/Msi01genes.vcf.gz");
    bench.landrace(&format!("stats {input} --from-counts -o plants"));
    let samples = columns(&text(bench, "plants.samples.tsv"));
    let rates = numbers(&samples["call_rate"]);
    let at = samples["sample"].iter().position(|name| name == "blank").unwrap();
    let least = rates.iter().copied().fold(1.0, f64::min);
    assert!(rates[at] == least && least < 0.05, "{} {least}", rates[at]);
    bench.landrace(&format!(
        "filter {input} --from-counts --min-sample-call-rate 0.05 --removed-samples gone.tsv -o kept.vcf.gz"
    ));
    let gone = columns(&text(bench, "gone.tsv"));
    assert!(gone["sample"].contains(&"blank".to_owned()), "{gone:?}");
    let kept = bench.run("bcftools", "query -l kept.vcf.gz");
    assert!(!kept.lines().any(|name| name == "blank") && kept.lines().count() + gone["sample"].len() == 585);
    let reads = bench.run("bcftools", "query -s KMS207-8 -f [%AD]\\n kept.vcf.gz");
    assert!(reads.lines().any(|line| line == "0,16"), "{reads}");
}

/// Beside PLINK 2: Hardy-Weinberg p-values, plain or mid, by their logarithm, and the samples' inbreeding.
fn beside_plink2(bench: &Bench, stem: &str, mid: bool) {
    let (ours, theirs) = if mid { (" --hwe-midp", " midp") } else { ("", "") };
    bench.landrace(&format!("stats {stem}.bed{ours} -o ours"));
    bench.run("plink2", &format!("--bfile {stem} --allow-extra-chr --hardy{theirs} --het --out theirs"));
    let ours: HashMap<String, f64> = {
        let table = columns(&text(bench, "ours.variants.tsv"));
        table["id"].iter().cloned().zip(numbers(&table["hwe_p"])).collect()
    };
    let hardy = columns(&text(bench, "theirs.hardy"));
    let p = numbers(&hardy[if mid { "MIDP" } else { "P" }]);
    assert!(p.len() > 9_000);
    for (id, p) in hardy["ID"].iter().zip(p) {
        let log = |p: f64| p.max(1e-280).log10();
        assert!((log(ours[id]) - log(p)).abs() < 1e-3, "{id}: {} {p}", ours[id]);
    }
    let inbreeding = numbers(&columns(&text(bench, "ours.samples.tsv"))["inbreeding"]);
    let het = columns(&text(bench, "theirs.het"));
    assert!(apart(&inbreeding, &numbers(&het["F"])) < 1e-5);
}

fn rice(bench: &Bench) {
    bench.landrace(&format!("convert {} -o rice.bed", bench.data("rice44k_374/rice44k.bed.gz")));
    beside_plink2(bench, "rice", false);
    beside_plink2(bench, "rice", true);
}

fn mice(bench: &Bench) {
    bench.landrace(&format!("convert {} -o mouse.bed", bench.data("mouse_hs1940/mouse_hs1940.vcf.gz")));
    beside_plink2(bench, "mouse", false);
    beside_plink2(bench, "mouse", true);
}

fn lines(bench: &Bench) {
    bench.landrace(&format!("convert {} -o rice.bed", bench.data("rice44k_374/rice44k.bed.gz")));
    let kept = |flags: &str| {
        bench.landrace(&format!("filter rice.bed --min-maf 0.05 {flags} -o kept.bed"));
        text(bench, "kept.bim").lines().count()
    };
    let all = kept("");
    assert!(kept("--hwe 1e-6") < all / 50);
    assert!(kept("--hwe 1e-6 --f 0.98") > all * 9 / 10);
    assert!(kept("--het-excess 1e-6 --generation F7") > all * 9 / 10);
}
