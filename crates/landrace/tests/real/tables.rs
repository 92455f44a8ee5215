//! Tables of genotypes as labs have them: read without conversion by hand, and what their READMEs say of them.

use std::collections::{BTreeMap, BTreeSet};

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("salmon_dosages_are_read_whole", "salmon_gill1481", &["zcat"], salmon),
        trial("wheat_lines_are_read_as_one_copy", "wheat_bglr599", &["zcat"], wheat),
        trial("tetraploid_letters_are_read_whole", "potato4x_gwaspoly", &["zcat"], potato),
        trial("core_hunters_three_formats_agree", "corehunter_maize218", &["zcat"], core_hunter),
        trial("clones_are_98_genotypes", "clones_pram729", &["zcat"], clones),
        trial("breeds_keep_every_allele", "breeds_microbov704", &["zcat"], breeds),
        trial("hapmap_with_commas_is_the_same", "maize_mdp281", &["zcat"], hapmap_by_commas),
    ]
}

/// What was read: the one line that says so, samples, and the calls of each variant by allele names (`A/G`; `.` for
/// missing), with its name.
struct Panel {
    note: String,
    samples: Vec<String>,
    variants: Vec<(String, Vec<String>)>,
}

/// Reads a file through `landrace convert` to VCF.
fn read(bench: &Bench, file: &str) -> Panel {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_landrace"))
        .args(["convert", file, "-o"])
        .arg(bench.path("read.vcf"))
        .output()
        .unwrap();
    let note = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{note}");
    let text = std::fs::read_to_string(bench.path("read.vcf")).unwrap();
    let mut lines = text.lines().skip_while(|line| line.starts_with("##"));
    let samples = lines.next().unwrap().split('\t').skip(9).map(str::to_owned).collect();
    let variant = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        let names: Vec<&str> = std::iter::once(columns[3]).chain(columns[4].split(',')).collect();
        let call = |call: &&str| {
            let genotype = call.split(':').next().unwrap();
            let alleles: Option<Vec<&str>> =
                genotype.split('/').map(|code| code.parse::<usize>().ok().map(|code| names[code])).collect();
            alleles.map_or_else(|| ".".to_owned(), |alleles| alleles.join("/"))
        };
        (columns[2].to_owned(), columns[9..].iter().map(call).collect())
    };
    Panel { note, samples, variants: lines.map(variant).collect() }
}

/// The table itself: its header and its rows.
fn table(bench: &Bench, file: &str, delimiter: char) -> (Vec<String>, Vec<Vec<String>>) {
    let text = bench.run("zcat", file);
    let mut rows =
        text.lines().map(|line| line.trim_end_matches('\r').split(delimiter).map(str::to_owned).collect());
    (rows.next().unwrap(), rows.collect())
}

/// Copies that are not the first allele named; -1 for missing.
fn dosage(call: &str, reference: &str) -> i32 {
    match call {
        "." => -1,
        call => i32::try_from(call.split('/').filter(|allele| *allele != reference).count()).unwrap(),
    }
}

/// Whether a panel is the table of dosages with a row a sample, markers in its order.
fn assert_dosages(panel: &Panel, header: &[String], rows: &[Vec<String>], reference: &str) {
    let names: Vec<&String> = rows.iter().map(|row| &row[0]).collect();
    assert!(panel.samples.iter().eq(names));
    let markers: Vec<&String> = header.iter().skip(1).collect();
    assert!(panel.variants.iter().map(|variant| &variant.0).eq(markers));
    for (marker, (name, calls)) in panel.variants.iter().enumerate() {
        let theirs = rows.iter().map(|row| row[marker + 1].parse::<i32>().unwrap_or(-1));
        assert!(calls.iter().map(|call| dosage(call, reference)).eq(theirs), "{name}");
    }
}

fn salmon(bench: &Bench) {
    let file = bench.data("salmon_gill1481/genotypes_012.tsv.gz");
    let panel = read(bench, &file);
    assert!(
        panel.note.contains("read as a dosage table with a row a sample, 1481 samples; ploidy 2"),
        "{}",
        panel.note
    );
    assert_eq!((panel.samples.len(), panel.variants.len()), (1481, 17_156));
    let (header, rows) = table(bench, &file, '\t');
    assert_dosages(&panel, &header, &rows, "N");
}

fn wheat(bench: &Bench) {
    let file = bench.data("wheat_bglr599/markers_dart.tsv.gz");
    let panel = read(bench, &file);
    assert_eq!((panel.samples.len(), panel.variants.len()), (599, 1279));
    assert!(panel.note.contains("ploidy 1, since there are only 0 and 1"), "{}", panel.note);
    assert!(panel.variants.iter().flat_map(|variant| &variant.1).all(|call| !call.contains('/')));
    let (header, rows) = table(bench, &file, '\t');
    assert_dosages(&panel, &header, &rows, "N");
}

fn potato(bench: &Bench) {
    let file = bench.data("potato4x_gwaspoly/genotypes_4x.csv.gz");
    let panel = read(bench, &file);
    assert!(panel.note.contains("read as GWASpoly CSV, 221 samples"), "{}", panel.note);
    assert_eq!((panel.samples.len(), panel.variants.len()), (221, 3522));
    let (header, rows) = table(bench, &file, ',');
    assert_eq!(panel.samples, header[3..]);
    let ours: BTreeMap<&str, &Vec<String>> =
        panel.variants.iter().map(|variant| (variant.0.as_str(), &variant.1)).collect();
    for row in &rows {
        let sorted = |letters: String| {
            let mut letters: Vec<char> = letters.chars().filter(|letter| *letter != '/').collect();
            letters.sort_unstable();
            letters.into_iter().collect::<String>()
        };
        let theirs =
            row[3..].iter().map(|call| if call == "NA" { ".".to_owned() } else { sorted(call.clone()) });
        assert!(ours[row[0].as_str()].iter().cloned().map(sorted).eq(theirs), "{}", row[0]);
    }
    let missing = panel.variants.iter().flat_map(|variant| &variant.1).filter(|call| *call == ".").count();
    assert_eq!(missing, 58_171);
}

fn core_hunter(bench: &Bench) {
    let data = |name: &str| bench.data(&format!("corehunter_maize218/{name}.csv.gz"));
    let panels: Vec<(Panel, &str)> =
        [("genotypes", "A"), ("genotypes-biparental", "N"), ("genotypes-frequency", "N")]
            .into_iter()
            .map(|(name, reference)| (read(bench, &data(name)), reference))
            .collect();
    let dosages: Vec<Vec<Vec<i32>>> = panels
        .iter()
        .map(|(panel, reference)| {
            assert_eq!((panel.samples.len(), panel.variants.len()), (218, 190), "{}", panel.note);
            let of = |(_, calls): &(String, Vec<String>)| {
                calls.iter().map(|call| dosage(call, reference)).collect()
            };
            panel.variants.iter().map(of).collect()
        })
        .collect();
    assert!(dosages[0] == dosages[1] && dosages[1] == dosages[2]);
    // Modified Rogers' distances of complete pairs are those of the package.
    let (_, distances) = table(bench, &data("distances"), ',');
    let rogers = |a: usize, b: usize| {
        let pairs: Vec<f64> = dosages[1]
            .iter()
            .filter(|marker| marker[a] >= 0 && marker[b] >= 0)
            .map(|marker| f64::from(marker[a] - marker[b]) / 2.0)
            .collect();
        (pairs.iter().map(|difference| difference * difference).sum::<f64>() / pairs.len() as f64).sqrt()
    };
    assert!((rogers(0, 1) - 0.373_461_757_360_143).abs() < 1e-12, "{}", rogers(0, 1));
    assert!((rogers(3, 7) - 0.813_536_787_897_854).abs() < 1e-12);
    for (a, row) in distances.iter().enumerate().take(40) {
        for b in 0..218 {
            let theirs: f64 = row[2 + b].parse().unwrap();
            assert!((rogers(a, b) - theirs).abs() < 1e-9, "{a} {b}: {} {theirs}", rogers(a, b));
        }
    }
}

fn clones(bench: &Bench) {
    let panel = read(bench, &bench.data("clones_pram729/ssr_genotypes.tsv.gz"));
    assert_eq!((panel.samples.len(), panel.variants.len()), (729, 5));
    assert!(panel.note.contains("tell of the samples: SOURCE, YEAR, STATE"), "{}", panel.note);
    let genotype = |sample: usize| -> Vec<String> {
        let sorted = |call: &String| {
            let mut alleles: Vec<&str> = call.split('/').collect();
            alleles.sort_unstable();
            alleles.join("/")
        };
        panel.variants.iter().map(|variant| sorted(&variant.1[sample])).collect()
    };
    let genotypes: Vec<Vec<String>> = (0..729).map(genotype).collect();
    assert!(genotypes.iter().flatten().all(|call| call != "."));
    assert_eq!(genotypes.iter().collect::<BTreeSet<_>>().len(), 98);
    // One to one with poppr's numbers.
    let (_, numbers) = table(bench, &bench.data("clones_pram729/mlg_poppr.tsv.gz"), '\t');
    let number: BTreeMap<&str, &str> = numbers.iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
    let pairs: BTreeSet<(&Vec<String>, &str)> = genotypes
        .iter()
        .zip(&panel.samples)
        .map(|(genotype, name)| (genotype, number[name.as_str()]))
        .collect();
    let numbers: BTreeSet<&str> = number.values().copied().collect();
    assert_eq!((pairs.len(), numbers.len()), (98, 98));
}

fn breeds(bench: &Bench) {
    let file = bench.data("breeds_microbov704/ssr_genotypes.tsv.gz");
    let panel = read(bench, &file);
    assert_eq!((panel.samples.len(), panel.variants.len()), (704, 30));
    assert!(panel.note.contains("tell of the samples: breed, country, species"), "{}", panel.note);
    let (header, rows) = table(bench, &file, '\t');
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    rows.iter().for_each(|row| *sizes.entry(row[1].as_str()).or_default() += 1);
    assert_eq!(
        (sizes.len(), sizes["NDama"], sizes["Montbeliard"], sizes["BlondeAquitaine"]),
        (15, 30, 30, 61)
    );
    for (locus, (name, calls)) in panel.variants.iter().enumerate() {
        assert_eq!(*name, header[locus + 4]);
        let of = |alleles: &str| {
            alleles.split('/').map(|allele| allele.trim_matches(['<', '>']).to_owned()).collect()
        };
        for (call, row) in calls.iter().zip(&rows) {
            let theirs: BTreeSet<String> = of(if row[locus + 4] == "NA" { "." } else { &row[locus + 4] });
            let mut ours: BTreeSet<String> = of(call);
            // VCF cannot name the reference by its size.
            if ours.remove("N") {
                ours.extend(theirs.difference(&ours.clone()).take(1).cloned());
            }
            assert_eq!(ours, theirs, "{name}");
        }
    }
}

fn hapmap_by_commas(bench: &Bench) {
    let file = bench.data("maize_mdp281/mdp_genotype.hmp.txt.gz");
    let text = bench.run("zcat", &file);
    std::fs::write(
        bench.path("maize.csv"),
        format!("\u{feff}{}", text.replace('\t', ",").replace('\n', "\r\n")),
    )
    .unwrap();
    let (ours, theirs) = (read(bench, &bench.path("maize.csv").to_string_lossy()), read(bench, &file));
    assert_eq!((ours.samples.len(), ours.variants.len()), (281, 3093));
    assert!(ours.samples == theirs.samples && ours.variants == theirs.variants);
}
