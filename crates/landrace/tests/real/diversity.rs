//! Diversity, differentiation and runs of homozygosity of real panels: known answers, and what other tools say.

use std::collections::{BTreeMap, BTreeSet};

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("diversity_of_cattle_is_adegenets", "breeds_microbov704", &["zcat"], cattle),
        trial("rice_is_inbred_and_called_as_published", "rice44k_374", &[], rice),
        trial("maize_lines_are_inbred", "maize_mdp281", &[], maize),
        trial("consecutive_runs_are_detect_runs_one_by_one", "sheep_kijas100", &["zcat"], consecutive),
        trial("sliding_runs_are_detect_runs_within_contigs", "sheep_kijas100", &["zcat"], sliding),
        trial("runs_are_those_of_plink", "sheep_kijas100", &["plink1.9"], plink_runs),
        trial("fst_equals_plink2s", "sheep_kijas100", &["plink2"], fst),
        trial("windows_are_those_of_vcftools", "sheep_kijas100", &["vcftools"], windows),
    ]
}

fn text(bench: &Bench, name: &str) -> String {
    std::fs::read_to_string(bench.path(name)).unwrap()
}

/// The number in a column of the row whose first cell is `row`.
fn value(table: &str, row: &str, column: &str) -> f64 {
    let place = table.lines().next().unwrap().split('\t').position(|name| name == column).unwrap();
    let line = table.lines().find(|line| line.split('\t').next() == Some(row)).unwrap();
    line.split('\t').nth(place).unwrap().parse().unwrap()
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found} {expected}");
}

fn cattle(bench: &Bench) {
    let genotypes = bench.data("breeds_microbov704/ssr_genotypes.tsv.gz");
    bench.landrace(&format!("diversity groups {genotypes} --by breed --within country -o cattle"));
    let groups = text(bench, "cattle.groups.tsv");
    // The sizes that the data's README states.
    let sizes: Vec<f64> = groups
        .lines()
        .skip(1)
        .take(15)
        .map(|line| value(&groups, line.split('\t').next().unwrap(), "samples"))
        .collect();
    assert_eq!(
        (sizes.len(), value(&groups, "NDama", "samples"), value(&groups, "Montbeliard", "samples")),
        (15, 30.0, 30.0)
    );
    assert!(sizes.iter().all(|size| (30.0..=61.0).contains(size)));
    near(value(&groups, "BlondeAquitaine", "samples"), 61.0);
    // adegenet 2.1.10: Hs(microbov).
    near(value(&groups, "Borgou", "he"), 0.722_688);
    near(value(&groups, "Salers", "he"), 0.605_459);
    // adegenet 2.1.10: summary(microbov), alleles, Hobs and Hexp by locus.
    let markers = text(bench, "cattle.markers.tsv");
    let theirs = [
        ("INRA63", 9.0, 0.553_009, 0.707_520),
        ("INRA5", 7.0, 0.539_913, 0.600_438),
        ("ETH225", 12.0, 0.690_544, 0.780_793),
        ("ILSTS5", 5.0, 0.450_808, 0.537_394),
        ("HEL5", 11.0, 0.641_509, 0.789_907),
    ];
    for (locus, alleles, observed, expected) in theirs {
        let cells = markers
            .lines()
            .map(|line| line.split('\t').collect::<Vec<_>>())
            .find(|cells| cells[2] == locus)
            .unwrap();
        let number = |place: usize| cells[place].parse::<f64>().unwrap();
        assert_eq!(number(3), alleles, "{locus}");
        near(number(7), observed);
        near(number(8), expected);
    }
    // African and French cattle lie apart, as the first axis of the README's components says: more of the variance lies
    // between them than between breeds within.
    let amova = text(bench, "cattle.amova.tsv");
    let share = |row: &str| value(&amova, row, "percent");
    assert!(share("among country") > share("among breed within country"));
    let total: f64 =
        amova.lines().skip(1).map(|line| line.split('\t').nth(4).unwrap().parse::<f64>().unwrap()).sum();
    assert!((total - 100.0).abs() < 1e-3);
    near(value(&amova, "among country", "p"), 0.001);
}

fn rice(bench: &Bench) {
    let genotypes = bench.data("rice44k_374/rice44k.bed.gz");
    bench.landrace(&format!("diversity groups {genotypes} --bootstrap 100 -o rice"));
    let groups = text(bench, "rice.groups.tsv");
    // "Total genotyping rate 0.957": 374 x 36,901.
    assert!((value(&groups, "all", "call_rate") - 0.957).abs() < 5e-4);
    assert_eq!((value(&groups, "all", "samples"), value(&groups, "all", "loci")), (374.0, 36_901.0));
    assert!(value(&groups, "all", "f") > 0.95);
    assert!(!bench.listing().contains(&"rice.fst.tsv".to_owned()));
}

fn maize(bench: &Bench) {
    let genotypes = bench.data("maize_mdp281/mdp_genotype.hmp.txt.gz");
    bench.landrace(&format!("diversity groups {genotypes} --bootstrap 100 -o maize"));
    let groups = text(bench, "maize.groups.tsv");
    assert_eq!((value(&groups, "all", "samples"), value(&groups, "all", "loci")), (281.0, 3_093.0));
    assert!(value(&groups, "all", "f") > 0.9, "{groups}");
}

/// A run: sample, contig, SNPs, first and last position.
type Run = (String, String, u64, u64, u64);

/// The runs that detectRUNS wrote: group;id;chrom;nSNP;from;to;lengthBps.
fn theirs(bench: &Bench, method: &str) -> BTreeSet<Run> {
    let path = bench.data(&format!("sheep_kijas100/Kijas2016_Sheep_subset.{method}.csv.gz"));
    let run = |line: &str| {
        let cells: Vec<&str> = line.split(';').collect();
        let number = |place: usize| cells[place].parse().unwrap();
        (cells[1].to_owned(), cells[2].to_owned(), number(3), number(4), number(5))
    };
    bench.run("zcat", &path).lines().skip(1).map(run).collect()
}

fn ours(bench: &Bench, flags: &str) -> BTreeSet<Run> {
    let prefix = bench.data("sheep_kijas100/Kijas2016_Sheep_subset");
    if !bench.listing().contains(&"sheep.bed".to_owned()) {
        bench.landrace(&format!("convert {prefix}.ped.gz -o sheep.bed"));
    }
    bench.landrace(&format!("diversity roh sheep.bed --by family --min-length 1 {flags} -o runs.tsv"));
    let run = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let number = |place: usize| cells[place].parse().unwrap();
        (cells[0].to_owned(), cells[2].to_owned(), number(6), number(3), number(4))
    };
    text(bench, "runs.tsv").lines().skip(1).map(run).collect()
}

fn consecutive(bench: &Bench) {
    let (own, theirs) =
        (ours(bench, "--min-snps 15 --max-het 0 --max-missing 0"), theirs(bench, "consecutive"));
    assert_eq!(theirs.len(), 1315);
    assert_eq!(own, theirs);
    // Jacob 1,050 runs of 3.73 Gb, Navajo-Churro 265 of 1.11 Gb, and Jacob sheep are more inbred.
    let samples = text(bench, "runs.tsv.samples.tsv");
    let sums = |group: &str| {
        let rows = samples.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let of_group: Vec<[f64; 3]> = rows
            .filter(|cells| cells[1] == group)
            .map(|cells| [2, 3, 6].map(|place| cells[place].parse().unwrap()))
            .collect();
        let sum = |place: usize| of_group.iter().map(|row| row[place]).sum::<f64>();
        (sum(0), (sum(1) / 1e7).round() / 100.0, sum(2) / of_group.len() as f64)
    };
    let (jacob, navajo) = (sums("Jacobs"), sums("Navajo-Churro"));
    assert_eq!((jacob.0, jacob.1, navajo.0, navajo.1), (1050.0, 3.73, 265.0, 1.11));
    assert!(jacob.2 > 1.5 * navajo.2, "{jacob:?} {navajo:?}");
}

fn sliding(bench: &Bench) {
    let flags = "--method sliding --window 15 --threshold 0.1 --min-snps 15 --max-het 1 --max-missing 1";
    let (own, theirs) = (ours(bench, flags), theirs(bench, "sliding"));
    assert_eq!((theirs.len(), own.intersection(&theirs).count()), (1796, 1794));
    // detectRUNS lets its windows reach from chromosome 2 into 24: runs at that border alone differ.
    for (_, contig, _, start, end) in own.symmetric_difference(&theirs) {
        let is_border = contig == "2" && *end > 246_000_000 || contig == "24" && *start < 2_000_000;
        assert!(is_border, "{contig}:{start}-{end}");
    }
}

fn plink_runs(bench: &Bench) {
    for (ours_flags, theirs_flags) in [
        (
            "--min-snps 20 --window 20 --max-missing 1 --max-spacing 200kb --min-length 1Mb",
            "--homozyg-snp 20 --homozyg-kb 1000 --homozyg-window-snp 20 --homozyg-window-missing 1 \
             --homozyg-window-het 1 --homozyg-density 200",
        ),
        (
            "--min-snps 10 --window 30 --max-missing 2 --max-het 2 --max-spacing 90kb --min-length 500kb --max-gap 250kb \
             --threshold 0.2",
            "--homozyg-snp 10 --homozyg-kb 500 --homozyg-window-snp 30 --homozyg-window-missing 2 \
             --homozyg-window-het 2 --homozyg-density 90 --homozyg-gap 250 --homozyg-window-threshold 0.2",
        ),
    ] {
        ours(bench, "");
        bench.landrace(&format!("diversity roh sheep.bed --method plink {ours_flags} -o runs.tsv"));
        bench.run("plink1.9", &format!("--bfile sheep --chr-set 26 --homozyg {theirs_flags} --out theirs"));
        let pick = |line: &str, places: [usize; 5]| {
            let cells: Vec<&str> = line.split_whitespace().collect();
            places.map(|place| cells[place].to_owned())
        };
        let ours: BTreeSet<_> =
            text(bench, "runs.tsv").lines().skip(1).map(|line| pick(line, [0, 2, 3, 4, 6])).collect();
        let theirs: BTreeSet<_> =
            text(bench, "theirs.hom").lines().skip(1).map(|line| pick(line, [1, 3, 6, 7, 9])).collect();
        assert!(theirs.len() > 300, "{}", theirs.len());
        assert_eq!(ours, theirs);
    }
}

fn fst(bench: &Bench) {
    ours(bench, "");
    bench.landrace("diversity groups sheep.bed --by family --permutations 0 -o sheep");
    let pairs = text(bench, "sheep.fst.tsv");
    for (method, column) in [("hudson", "hudson"), ("wc", "weir_cockerham")] {
        bench.run(
            "plink2",
            &format!("--bfile sheep --chr-set 26 --family POP --fst POP method={method} --out {method}"),
        );
        let theirs = text(bench, &format!("{method}.fst.summary"));
        let theirs: f64 = theirs.lines().nth(1).unwrap().split('\t').nth(2).unwrap().parse().unwrap();
        near(value(&pairs, "Jacobs", column), theirs);
    }
}

/// π and Tajima's D where nothing is missing.
fn windows(bench: &Bench) {
    ours(bench, "");
    bench.landrace("filter sheep.bed --min-call-rate 1 -o full.vcf");
    // vcftools reads VCF up to 4.2.
    let older = text(bench, "full.vcf").replacen("VCFv4.3", "VCFv4.2", 1);
    std::fs::write(bench.path("older.vcf"), older).unwrap();
    bench.landrace("diversity windows full.vcf --window 5Mb -o windows.tsv");
    bench.run("vcftools", "--vcf older.vcf --TajimaD 5000000 --out theirs");
    bench.run("vcftools", "--vcf older.vcf --window-pi 5000000 --out theirs");
    let rows = |name: &str, places: [usize; 3], from: u64| -> BTreeMap<(String, u64), f64> {
        let row = |line: &str| {
            let cells: Vec<&str> = line.split_whitespace().collect();
            let start: u64 = cells[places[1]].parse().unwrap();
            ((cells[places[0]].to_owned(), start + from), cells[places[2]].parse().unwrap_or(f64::NAN))
        };
        text(bench, name).lines().skip(1).map(row).collect()
    };
    let own = rows("windows.tsv", [0, 1, 9], 0);
    let theirs = rows("theirs.Tajima.D", [0, 1, 3], 1);
    assert!(theirs.len() > 50);
    for (place, d) in &theirs {
        assert!((own[place] - d).abs() < 1e-5, "{place:?} {} {d}", own[place]);
    }
    let (own, bases) = (rows("windows.tsv", [0, 1, 7], 0), rows("windows.tsv", [0, 1, 4], 0));
    for (place, pi) in rows("theirs.windowed.pi", [0, 1, 4], 0) {
        // vcftools divides by the window's length also where the contig ends before it.
        let expected = pi * 5e6 / bases[&place];
        assert!((own[&place] - expected).abs() < 1e-4 * expected, "{place:?} {} {expected}", own[&place]);
    }
}
