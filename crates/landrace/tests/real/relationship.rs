//! Relationship and components of real panels, beside PLINK 2, GEMMA and KGD.

use std::collections::HashMap;
use std::fmt::Write;

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("relationship_equals_plink2s_on_rice", "rice44k_374", &["plink2"], rice),
        trial("relationship_equals_plink2s_on_mice", "mouse_hs1940", &["plink2"], mice),
        trial("randomised_components_equal_plink2s_exact_ones", "mouse_hs1940", &["plink2"], randomised),
        trial("projected_samples_lie_among_their_like", "rice44k_374", &[], projected),
        trial("read_counts_relate_as_kgd_says", "gbs_parentage_kgd", &["zcat"], kgd),
        trial("gemma_reads_the_relationship_matrix", "rice44k_374", &["gemma"], gemma),
    ]
}

fn text(bench: &Bench, name: &str) -> String {
    std::fs::read_to_string(bench.path(name)).unwrap()
}

/// Little-endian numbers of eight bytes.
fn numbers(bench: &Bench, name: &str) -> Vec<f64> {
    let bytes = std::fs::read(bench.path(name)).unwrap();
    bytes.chunks_exact(8).map(|eight| f64::from_le_bytes(eight.try_into().unwrap())).collect()
}

/// The largest difference; values that neither knows are equal.
fn apart(ours: &[f64], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let pairs = ours.iter().zip(theirs).filter(|(a, b)| !(a.is_nan() && b.is_nan()));
    pairs.map(|(a, b)| if a == b { 0.0 } else { (a - b).abs() }).fold(0.0, f64::max)
}

fn rice(bench: &Bench) {
    bench.landrace(&format!("convert {} -o panel.bed", bench.data("rice44k_374/rice44k.bed.gz")));
    equal_to_plink2(bench);
    // What GCTA reads: the lower half in 32 bits, and as many counts.
    bench.landrace("relationship panel.bed --method yang -o g.grm.bin");
    let read = |name: &str| {
        let bytes = std::fs::read(bench.path(name)).unwrap();
        bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect::<Vec<f32>>()
    };
    let (values, counts) = (read("g.grm.bin"), read("g.grm.N.bin"));
    let n = text(bench, "g.grm.id").lines().count();
    assert_eq!((n, values.len(), counts.len()), (374, n * (n + 1) / 2, values.len()));
    bench.run("plink2", "--bfile panel --make-rel square bin --out pairwise");
    let theirs = numbers(bench, "pairwise.rel.bin");
    for i in 0..n {
        for k in 0..i {
            let own = f64::from(values[i * (i + 1) / 2 + k]);
            assert!((own - theirs[i * n + k]).abs() < 1e-5 * (1.0 + own.abs()), "{i} {k}: {own}");
        }
    }
}

fn mice(bench: &Bench) {
    mouse_panel(bench);
    equal_to_plink2(bench);
}

/// The mice's autosomes, which are what PLINK relates samples by.
fn mouse_panel(bench: &Bench) {
    let regions: String = (1..=19).map(|contig| format!(" --region {contig}")).collect();
    bench.landrace(&format!(
        "filter {}{regions} -o panel.bed",
        bench.data("mouse_hs1940/mouse_hs1940.vcf.gz")
    ));
}

fn equal_to_plink2(bench: &Bench) {
    bench.landrace("relationship panel.bed --method vanraden2 -o ours.rel.bin");
    bench.run("plink2", "--bfile panel --make-rel meanimpute square bin --out theirs");
    assert!(apart(&numbers(bench, "ours.rel.bin"), &numbers(bench, "theirs.rel.bin")) < 1e-6);
    bench.landrace("relationship panel.bed --method king -o ours.king.bin");
    bench.run("plink2", "--bfile panel --make-king square bin --out theirs");
    let (ours, theirs) = (numbers(bench, "ours.king.bin"), numbers(bench, "theirs.king.bin"));
    assert!(apart(&ours, &theirs) < 1e-12, "{}", apart(&ours, &theirs));
    bench.run("plink2", "--bfile panel --make-king-table counts --king-table-filter 0.1 --out table");
    bench.landrace("relationship panel.bed --method king --pairs --min 0.1 -o pairs.tsv");
    let ours = text(bench, "pairs.tsv");
    let lines = |text: &str| text.lines().count();
    assert_eq!(lines(&ours), lines(&text(bench, "table.kin0")));
    let theirs: HashMap<[String; 2], Vec<String>> =
        text(bench, "table.kin0").lines().skip(1).map(king_row).collect();
    for line in ours.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let mut pair = [cells[0].to_owned(), cells[1].to_owned()];
        pair.sort();
        assert_eq!(theirs[&pair], cells[2..5], "{pair:?}");
    }
}

/// The pair, and variants, both heterozygous and opposite homozygotes, of PLINK 2's table.
fn king_row(line: &str) -> ([String; 2], Vec<String>) {
    let cells: Vec<&str> = line.split('\t').collect();
    let end = cells.len();
    // FID1 IID1 FID2 IID2 or IID1 IID2, then NSNP HETHET IBS0 HET1_HOM2 HET2_HOM1 KINSHIP.
    let names = &cells[..end - 6];
    let mut pair = [names[names.len() / 2 - 1].to_owned(), names[names.len() - 1].to_owned()];
    pair.sort();
    (pair, cells[end - 6..end - 3].iter().map(|&cell| cell.to_owned()).collect())
}

fn randomised(bench: &Bench) {
    mouse_panel(bench);
    bench.landrace("pca panel.bed -k 5 --method randomised -o ours.tsv");
    bench.landrace("pca panel.bed -k 5 --method exact -o exact.tsv");
    bench.run("plink2", "--bfile panel --pca 5 meanimpute --out theirs");
    let column = |text: &str, k: usize| -> Vec<f64> {
        text.lines().skip(1).map(|line| line.split('\t').rev().nth(4 - k).unwrap().parse().unwrap()).collect()
    };
    let (ours, exact, theirs) =
        (text(bench, "ours.tsv"), text(bench, "exact.tsv"), text(bench, "theirs.eigenvec"));
    for k in 0..5 {
        let theirs = column(&theirs, k);
        let turned: Vec<f64> = theirs.iter().map(|value| -value).collect();
        let exact = column(&exact, k);
        assert!(apart(&exact, &theirs).min(apart(&exact, &turned)) < 1e-5, "exact PC{}", k + 1);
        let own = column(&ours, k);
        assert!(apart(&own, &theirs).min(apart(&own, &turned)) < 1e-3, "PC{}", k + 1);
    }
}

fn projected(bench: &Bench) {
    bench.landrace(&format!("convert {} -o panel.vcf.gz", bench.data("rice44k_374/rice44k.bed.gz")));
    let header = bench.run("zcat", "panel.vcf.gz");
    let header = header.lines().find(|line| line.starts_with("#CHROM")).unwrap().to_owned();
    let samples: Vec<&str> = header.split('\t').skip(9).collect();
    let list = |of: &dyn Fn(usize) -> bool| {
        samples
            .iter()
            .enumerate()
            .filter(|(i, _)| of(*i))
            .map(|(_, name)| format!("{name}\n"))
            .collect::<String>()
    };
    std::fs::write(bench.path("old.txt"), list(&|i| i % 4 != 0)).unwrap();
    std::fs::write(bench.path("new.txt"), list(&|i| i % 4 == 0)).unwrap();
    bench.landrace("filter panel.vcf.gz --samples old.txt -o old.vcf.gz");
    bench.landrace("filter panel.vcf.gz --samples new.txt -o new.vcf.gz");
    bench.landrace("pca old.vcf.gz -k 2 -o old.tsv --loadings weights.tsv --project new.vcf.gz");
    bench.landrace("pca new.vcf.gz --onto weights.tsv -o new.tsv");
    assert_eq!(text(bench, "new.tsv"), text(bench, "old.tsv.projected.tsv"));
    bench.landrace("pca panel.vcf.gz -k 2 -o all.tsv");
    let rows = |name: &str| -> HashMap<String, f64> {
        let first = |line: &str| {
            let mut cells = line.split('\t');
            (cells.next().unwrap().to_owned(), cells.next().unwrap().parse().unwrap())
        };
        text(bench, name).lines().skip(1).map(first).collect()
    };
    let (new, all) = (rows("new.tsv"), rows("all.tsv"));
    let pairs: Vec<(f64, f64)> = new.iter().map(|(name, value)| (*value, all[name])).collect();
    let (xx, yy, xy) =
        pairs.iter().fold((0.0, 0.0, 0.0), |s, (x, y)| (s.0 + x * x, s.1 + y * y, s.2 + x * y));
    let cosine: f64 = xy / f64::sqrt(xx * yy);
    assert!(cosine.abs() > 0.995, "{cosine}");
}

/// UNEAK counts as a VCF with the calls that the reads show.
fn counts_as_vcf(bench: &Bench) -> String {
    let counts = bench.run("zcat", &bench.data("gbs_parentage_kgd/HapMap.hmc.txt.gz"));
    let mut lines = counts.lines();
    let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let samples = &header[1..header.len() - 5];
    let mut out = "##fileformat=VCFv4.3\n##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n\
                   ##FORMAT=<ID=AD,Number=R,Type=Integer,Description=\"Reads of each allele\">\n##contig=<ID=tags>\n"
        .to_owned();
    writeln!(out, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{}", samples.join("\t")).unwrap();
    for (line, position) in lines.zip(1..) {
        let cells: Vec<&str> = line.split('\t').collect();
        write!(out, "tags\t{position}\t{}\tA\tC\t.\t.\t.\tGT:AD", cells[0]).unwrap();
        for cell in &cells[1..=samples.len()] {
            let (first, second) = cell.split_once('|').unwrap();
            let call = match (first, second) {
                ("0", "0") => "./.",
                (_, "0") => "0/0",
                ("0", _) => "1/1",
                _ => "0/1",
            };
            write!(out, "\t{call}:{first},{second}").unwrap();
        }
        out.push('\n');
    }
    out
}

/// A table with names as values by pair of names.
fn table(text: &str) -> HashMap<(String, String), f64> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split('\t').skip(1).collect();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let value = |(name, cell): (&&str, &&str)| {
            ((cells[0].to_owned(), (*name).to_owned()), cell.parse().unwrap_or(f64::NAN))
        };
        names.iter().zip(&cells[1..]).map(value).collect::<Vec<_>>()
    };
    lines.flat_map(row).collect()
}

fn mean_with_itself(values: &HashMap<(String, String), f64>) -> f64 {
    let own: Vec<f64> = values.iter().filter(|((a, b), _)| a == b).map(|(_, value)| *value).collect();
    own.iter().sum::<f64>() / own.len() as f64
}

fn kgd(bench: &Bench) {
    std::fs::write(bench.path("counts.vcf"), counts_as_vcf(bench)).unwrap();
    bench.landrace("relationship counts.vcf --method kgd -o all.tsv");
    let all = table(&text(bench, "all.tsv"));
    assert!((mean_with_itself(&all) - 1.215244).abs() < 1e-4, "{}", mean_with_itself(&all));
    bench.landrace("relationship counts.vcf --method kgd --min-disequilibrium=-0.05 -o some.tsv");
    let summary = text(bench, "some.tsv.summary.json");
    assert!(
        summary.contains("\"variants_used\": 11500") && summary.contains("\"mean_depth\": 4.348901"),
        "{summary}"
    );
    let some = table(&text(bench, "some.tsv"));
    assert!((mean_with_itself(&some) - 1.577778).abs() < 1e-4, "{}", mean_with_itself(&some));
    // Relatedness of given parents, and of pairs that are nearly one.
    let published = |name: &str| {
        let text =
            std::fs::read_to_string(bench.data(&format!("gbs_parentage_kgd/kgd_expected/{name}"))).unwrap();
        let row =
            |line: &str| line.split(',').map(|cell| cell.trim_matches('"').to_owned()).collect::<Vec<_>>();
        text.lines().map(row).collect::<Vec<_>>()
    };
    let sheet = std::fs::read_to_string(bench.data("gbs_parentage_kgd/Ped-GBS.csv")).unwrap();
    let names: HashMap<&str, &str> = sheet
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>())
        .map(|cells| (cells[0], cells[1]))
        .collect();
    let mut compared = 0;
    for row in &published("PedVerify.csv")[1..] {
        for (parent, value) in [(4, 8), (5, 11)] {
            if let (Some(parent), Ok(value)) = (names.get(row[parent].as_str()), row[value].parse::<f64>()) {
                let own = some[&(row[1].clone(), (*parent).to_owned())];
                assert!((own - value).abs() < 1e-4, "{} {parent}: {own} {value}", row[1]);
                compared += 1;
            }
        }
    }
    assert!(compared >= 150, "{compared}");
    for row in &published("HighRelatednessHWdgm.05.csv")[1..] {
        let value: f64 = row[2].parse().unwrap();
        assert!((some[&(row[0].clone(), row[1].clone())] - value).abs() < 1e-4);
    }
}

fn gemma(bench: &Bench) {
    bench.landrace(&format!("convert {} -o panel.bed", bench.data("rice44k_374/rice44k.bed.gz")));
    let fam: String = text(bench, "panel.fam")
        .lines()
        .enumerate()
        .map(|(i, line)| {
            let cells: Vec<&str> = line.split_whitespace().collect();
            format!("{}\t{}\n", cells[..5].join("\t"), (i * 37 % 101) as f64 / 10.0)
        })
        .collect();
    std::fs::write(bench.path("panel.fam"), fam).unwrap();
    bench.landrace("relationship panel.bed -o g.cXX.txt");
    bench.run("gemma", "-bfile panel -k g.cXX.txt -eigen -o read");
    let values: Vec<f64> =
        text(bench, "output/read.eigenD.txt").lines().map(|line| line.trim().parse().unwrap()).collect();
    let own: Vec<Vec<f64>> = text(bench, "g.cXX.txt")
        .lines()
        .map(|line| line.split('\t').map(|cell| cell.parse().unwrap()).collect())
        .collect();
    // GEMMA centres the matrix: its trace is ours less n times the mean of all.
    let n = own.len() as f64;
    let trace: f64 = own.iter().enumerate().map(|(i, row)| row[i]).sum();
    let mean = own.iter().flatten().sum::<f64>() / n;
    let sum: f64 = values.iter().sum();
    assert!((sum - (trace - mean)).abs() < 1e-3 * sum, "{sum} {trace} {mean}");
}
