//! Real panels through every format that is written, and what other tools make of the files.

use std::process::{Command, Stdio};

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let has_sgkit = Command::new("python3")
        .args(["-c", "import importlib.util as u, sys; sys.exit(u.find_spec('sgkit') is None)"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    let sgkit = trial("sgkit_opens_our_stores", "mouse_hs1940", &["python3"], sgkit);
    vec![
        trial("a_diploid_panel_keeps_its_calls", "rice44k_374", &["plink1.9", "plink2"], diploids),
        trial("a_tetraploid_panel_keeps_its_calls", "potato4x_gwaspoly", &["zcat"], tetraploids),
        trial("several_alleles_keep_their_names", "maize_mdp281", &["bcftools"], maize),
        trial("estimated_dosages_reach_bcftools", "", &["bcftools"], estimates),
        if has_sgkit { sgkit } else { sgkit.with_ignored_flag(true) },
    ]
}

fn text(bench: &Bench, name: &str) -> String {
    std::fs::read_to_string(bench.path(name)).unwrap()
}

/// Lines of a variant file without its header.
fn records(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with("##")).collect()
}

fn diploids(bench: &Bench) {
    bench.landrace(&format!("convert {} -o rice.bed", bench.data("rice44k_374/rice44k.bed.gz")));
    // Letters say nothing of the reference, so that all tables of letters must be the same text.
    bench.landrace("convert rice.bed -o direct.dat");
    for ending in ["ped", "dosage.tsv", "csv", "vcf.gz", "bcf", "hmp.txt", "dat"] {
        bench.landrace(&format!("convert rice.bed -o by.{ending}"));
        bench.landrace(&format!("convert by.{ending} -o back.dat"));
        assert!(text(bench, "direct.dat") == text(bench, "back.dat"), "{ending}");
    }
    // The `.map` beside `by.dat` took the place of the one beside `by.ped`.
    bench.landrace("convert rice.bed -o by.ped");
    // Tables that name the alleles give the same dosages of the same allele.
    bench.landrace("convert by.dosage.tsv -o again.bed");
    assert!(
        std::fs::read(bench.path("again.bed")).unwrap() == std::fs::read(bench.path("rice.bed")).unwrap()
    );
    bench.run("plink1.9", "--file by --allow-extra-chr --make-bed --out theirs");
    bench.run("plink2", "--bfile theirs --allow-extra-chr --missing --out theirs");
    bench.run("plink2", "--bfile rice --allow-extra-chr --missing --out ours");
    for table in ["smiss", "vmiss"] {
        let counts = |name: &str| -> Vec<String> {
            let column = if table == "smiss" { 3 } else { 2 };
            text(bench, name)
                .lines()
                .map(|line| line.split_whitespace().nth(column).unwrap_or("").to_owned())
                .collect()
        };
        assert_eq!(counts(&format!("theirs.{table}")), counts(&format!("ours.{table}")));
    }
}

fn tetraploids(bench: &Bench) {
    let source = bench.data("potato4x_gwaspoly/genotypes_4x.csv.gz");
    bench.landrace(&format!("convert {source} --letters -o back.gwaspoly.csv"));
    let original = bench.run("zcat", &source);
    // The rows of our tables are in order of their places, and the letters of a call, which have none, in that of the
    // alphabet.
    let letters = |cell: &str| {
        let mut letters: Vec<char> = cell.chars().collect();
        letters.sort_unstable();
        if cell == "NA" { cell.to_owned() } else { letters.into_iter().collect() }
    };
    let row = |line: &str| -> Vec<String> {
        let cells = line.trim_end().split(',').enumerate();
        let is_header = line.starts_with("Marker,");
        cells
            .map(|(column, cell)| if is_header || column < 3 { cell.to_owned() } else { letters(cell) })
            .collect()
    };
    let sorted = |text: &str| {
        let mut rows: Vec<Vec<String>> = text.lines().map(row).collect();
        rows.sort();
        rows
    };
    assert!(sorted(&text(bench, "back.gwaspoly.csv")) == sorted(&original));
    bench.landrace(&format!("convert {source} -o four.bcf"));
    for ending in ["dosage.tsv", "csv", "vcf"] {
        bench.landrace(&format!("convert four.bcf -o by.{ending}"));
        bench.landrace(&format!("convert by.{ending} --letters -o by.gwaspoly.csv"));
        assert!(text(bench, "by.gwaspoly.csv") == text(bench, "back.gwaspoly.csv"), "{ending}");
    }
}

fn maize(bench: &Bench) {
    let folder = bench.data("maize_mdp281");
    let mut files = std::fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path());
    let file = files.find(|path| path.to_string_lossy().contains(".hmp")).unwrap();
    bench.landrace(&format!("convert {} -o maize.vcf", file.display()));
    bench.landrace("convert maize.vcf -o maize.bcf");
    let ours = text(bench, "maize.vcf");
    let theirs = bench.run("bcftools", "view --no-version maize.bcf");
    assert_eq!(records(&ours), records(&theirs));
    for ending in ["dat", "dosage.tsv.gz"] {
        bench.landrace(&format!("convert maize.vcf -o maize.{ending}"));
    }
}

fn estimates(bench: &Bench) {
    let table = "marker\tcontig\tposition\treference\talternate\tploidy\ta b\tü\nm1\tchr 1\t5\tA\tC\t4\t0.25\t3.9\n\
        m2\tchr 1\t9\tA\tC\t4\t2\tNA\n";
    std::fs::write(bench.path("in.dosage.tsv"), table).unwrap();
    bench.landrace("convert in.dosage.tsv -o x.bcf");
    let found = bench.run("bcftools", "query -f %CHROM,%POS[\\t%GT:%DS]\\n x.bcf");
    assert_eq!(found, "chr 1,5\t0/0/0/0:0.25\t1/1/1/1:3.9\nchr 1,9\t0/0/1/1:2\t./././.:.\n");
    bench.landrace("convert x.bcf -o back.dosage.tsv");
    assert_eq!(text(bench, "back.dosage.tsv"), table);
}

fn sgkit(bench: &Bench) {
    let folder = bench.data("mouse_hs1940");
    let mut files = std::fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path());
    let file = files.find(|path| path.to_string_lossy().ends_with(".vcf.gz")).unwrap();
    bench.landrace(&format!("convert {} -o mouse.vcz", file.display()));
    bench.landrace(&format!("stats {} -o mouse", file.display()));
    let script = "import sgkit\n\
        ds = sgkit.variant_stats(sgkit.load_dataset('mouse.vcz'))\n\
        for f in ds.variant_allele_frequency.values[:, 1]: print(f)\n";
    std::fs::write(bench.path("check.py"), script).unwrap();
    let theirs: Vec<f64> =
        bench.run("python3", "check.py").lines().map(|line| line.parse().unwrap()).collect();
    let table = text(bench, "mouse.variants.tsv");
    let ours: Vec<f64> =
        table.lines().skip(1).map(|line| line.split('\t').nth(9).unwrap().parse().unwrap()).collect();
    assert_eq!(ours.len(), theirs.len());
    assert!(ours.iter().zip(&theirs).all(|(a, b)| (a - b).abs() < 1e-5));
}
