//! Genotypes as chips and services export them, with what their READMEs say is known.

use std::collections::HashMap;

use libtest_mimic::Trial;

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("ped_and_map_equal_plink2s_bed", "sheep_kijas100", &["plink2", "zcat"], sheep),
        trial("a_compressed_bed_is_read_as_it_is", "rice44k_374", &["zcat"], rice),
        trial("background_recovery_from_agriplex_calls", "sorghum_mabc_kasp", &[], agriplex),
        trial("kasp_wells_are_counted", "sorghum_mabc_kasp", &["zcat"], kasp),
    ]
}

fn bytes(bench: &Bench, name: &str) -> Vec<u8> {
    std::fs::read(bench.path(name)).unwrap()
}

fn text(bench: &Bench, name: &str) -> String {
    std::fs::read_to_string(bench.path(name)).unwrap()
}

/// Rows of a variant file from column `from` on, the line of names first.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines().filter(|line| !line.starts_with("##")).map(|line| line.split('\t').collect()).collect()
}

fn sheep(bench: &Bench) {
    for ending in ["ped", "map"] {
        let packed = bench.data(&format!("sheep_kijas100/Kijas2016_Sheep_subset.{ending}.gz"));
        let plain = bench.run("zcat", &packed);
        std::fs::write(bench.path(&format!("sheep.{ending}")), plain).unwrap();
        // Either name of the packed pair is enough.
        bench.landrace(&format!("convert {packed} -o {ending}.bed"));
    }
    bench.landrace("convert sheep -o stem.bed");
    bench.run("plink2", "--pedmap sheep --chr-set 26 --make-bed --out theirs");
    let theirs = bytes(bench, "theirs.bed");
    for own in ["ped", "map", "stem"] {
        assert!(bytes(bench, &format!("{own}.bed")) == theirs, "{own}.bed");
    }
    // PLINK 2 writes the absent allele of a marker that does not vary as a dot.
    assert_eq!(text(bench, "ped.bim"), text(bench, "theirs.bim").replace("\t.\t", "\t0\t"));
    let contigs: Vec<String> =
        text(bench, "ped.bim").lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect();
    let count = |name: &str| contigs.iter().filter(|contig| *contig == name).count();
    assert_eq!((contigs.len(), count("2"), count("24")), (4841, 4278, 563));
    let families = text(bench, "ped.fam");
    let of = |family: &str| families.lines().filter(|line| line.starts_with(family)).count();
    assert_eq!((families.lines().count(), of("Jacobs\t"), of("Navajo-Churro\t")), (100, 64, 36));
}

fn rice(bench: &Bench) {
    let packed = bench.data("rice44k_374/rice44k.bed.gz");
    bench.landrace(&format!("convert {packed} -o rice.bed"));
    // The stem of packed files is enough, too.
    bench.landrace(&format!("convert {} -o again.bed", packed.trim_end_matches(".bed.gz")));
    assert!(bytes(bench, "rice.bed") == bytes(bench, "again.bed"));
    assert_eq!(text(bench, "rice.bim").lines().count(), 36_901);
    assert_eq!(text(bench, "rice.fam").lines().count(), 374);
    bench.landrace(&format!("stats {packed} -o rice"));
    let table = text(bench, "rice.samples.tsv");
    let mut lines = table.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let column = lines.next().unwrap().iter().position(|name| *name == "call_rate").unwrap();
    let rates: Vec<f64> = lines.map(|row| row[column].parse().unwrap()).collect();
    let mean = rates.iter().sum::<f64>() / rates.len() as f64;
    assert!((mean - 0.957).abs() < 0.0005, "{mean}");
    std::fs::write(bench.path("cut.bed"), &bytes(bench, "rice.bed")[..100_000]).unwrap();
    for ending in ["bim", "fam"] {
        std::fs::copy(bench.path(&format!("rice.{ending}")), bench.path(&format!("cut.{ending}"))).unwrap();
    }
    assert!(
        bench
            .landrace_fails("convert cut.bed -o never.bcf")
            .contains("cut.bed: has 100000 bytes, but 374 samples")
    );
}

fn agriplex(bench: &Bench) {
    let input = bench.data("sorghum_mabc_kasp/agriplex_snp_calls.csv");
    bench.landrace(&format!("convert {input} -o nils.vcf"));
    let file = text(bench, "nils.vcf");
    let rows = rows(&file);
    let columns: HashMap<&str, usize> = rows[0].iter().copied().zip(0..).collect();
    assert_eq!((rows.len() - 1, rows[0].len() - 9), (2421, 25));
    let call = |row: usize, sample: &str| rows[row][columns[sample]];
    // The parents RTx430 and IRAT204 lie in two wells each, and differ where both wells agree.
    let differ = |row: &usize| {
        let parents = [call(*row, "NIL_1"), call(*row, "NIL_3")];
        parents == [call(*row, "NIL_2"), call(*row, "NIL_4")]
            && !parents.contains(&"./.")
            && parents[0] != parents[1]
    };
    let sites: Vec<usize> = (1..rows.len()).filter(differ).collect();
    assert_eq!(sites.len(), 937);
    let recovered = ["NIL_5", "NIL_6", "NIL_7", "NIL_8"].map(|sample| {
        let own = sites.iter().filter(|&&row| call(row, sample) == call(row, "NIL_1")).count();
        format!("{:.3}", own as f64 / sites.len() as f64)
    });
    assert_eq!(recovered, ["0.955", "0.951", "0.993", "0.988"]);
    let sheet = text(bench, "nils.vcf.samples.tsv");
    assert!(sheet.starts_with(
        "sample\tplate\twell\tbatch\tGenotype\tStatus\nNIL_1\tRHODES_PLATE1\tD04\t1\tRTx430a\t"
    ));
    // The calls as the service wrote them: a letter for a homozygote.
    let source = std::fs::read_to_string(&input).unwrap();
    let called =
        source.lines().skip(1).flat_map(|line| line.split(',').skip(6)).filter(|cell| *cell != "NA").count();
    let ours = rows[1..].iter().flat_map(|row| &row[9..]).filter(|call| **call != "./.").count();
    assert_eq!(ours, called);
}

fn kasp(bench: &Bench) {
    let input = bench.data("sorghum_mabc_kasp/kasp_plates.tsv.gz");
    bench.landrace(&format!("convert {input} -o kasp.vcf"));
    let file = text(bench, "kasp.vcf");
    let rows = rows(&file);
    let wells = bench.run("zcat", &input);
    let calls: Vec<&str> = wells.lines().skip(1).map(|line| line.split('\t').nth(3).unwrap()).collect();
    let of = |call: &str| calls.iter().filter(|own| **own == call).count();
    assert_eq!((calls.len(), of("Uncallable"), of("?"), of("NTC")), (1344, 464, 213, 28));
    // Wells without template are no samples; each other well is one sample's.
    assert_eq!((rows.len() - 1, rows[0].len() - 9), (7, 1344 - 28));
    let called =
        |test: fn(&str) -> bool| rows[1..].iter().flat_map(|row| &row[9..]).filter(|c| test(c)).count();
    assert_eq!(called(|call| call != "./."), 1344 - 464 - 213 - 28);
    assert_eq!(
        called(|call| matches!(call, "0/1" | "1/0")),
        of("-:GATC") + of("A:C") + of("A:-") + of("TA:-")
    );
}
