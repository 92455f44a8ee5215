//! Every format that is written: read back equal, or its losses are named; nothing is left behind when it fails.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may read anything and fail anywhere"
)]

use std::fs;
use std::path::{Path, PathBuf};

use landrace_genome::file;
use landrace_genotypes::filter::{FilterOptions, FilterReport, filter};
use landrace_genotypes::format::{self, ReadOptions, WriteOptions};
use landrace_genotypes::plane::MISSING;
use landrace_genotypes::{GenotypeError, GenotypeMatrix, Wanted};
use proptest::prelude::*;
use serde_json::Value;

const HEADER: &str = "##fileformat=VCFv4.3\n##contig=<ID=1 a>\n##contig=<ID=_é:2>\n\
    ##FORMAT=<ID=GT,Number=1,Type=String,Description=\"\">\n";

fn convert(
    from: &Path,
    to: &Path,
    how: &WriteOptions,
    ploidy: Option<u8>,
) -> Result<FilterReport, GenotypeError> {
    let options = ReadOptions { wanted: format::wanted_by(to), ploidy, ..ReadOptions::default() };
    let mut source = format::open(&[from.to_owned()], options)?;
    let mut writer = format::create_with(to, source.header(), how)?;
    let report = filter(source.as_mut(), &FilterOptions::default(), writer.as_mut(), None)?;
    file::publish(writer.finish()?)?;
    Ok(report)
}

fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

/// Contig, position, id, alleles, ploidies and dosages of each variant.
type Row = (String, String, String, String, Vec<u8>, Vec<u8>);

fn rows(path: &Path, ploidy: Option<u8>) -> Vec<Row> {
    let options = ReadOptions { ploidy, ..ReadOptions::default() };
    let mut source = format::open(&[path.to_owned()], options).unwrap();
    let matrix = GenotypeMatrix::from_source(source.as_mut()).unwrap();
    let row = |index: usize| {
        let (block, _) = matrix.locate(index);
        let (site, mut codes) = (matrix.site(index), Vec::new());
        matrix.unpack(index, &mut codes);
        let place = format!("{:?}", site.position);
        let alleles = format!("{} {:?}", site.reference, site.alternates);
        (block.contig.to_string(), place, site.id.to_string(), alleles, block.ploidies(), codes)
    };
    (0..matrix.variants()).map(row).collect()
}

/// The rows with `A` as the reference, where a format does not say which allele is.
fn by_letters(mut rows: Vec<Row>) -> Vec<Row> {
    for row in rows.iter_mut().filter(|row| row.3 == "G [\"A\"]") {
        row.3 = "A [\"G\"]".to_owned();
        for (code, ploidy) in row.5.iter_mut().zip(&row.4).filter(|(code, _)| **code != MISSING) {
            *code = ploidy - *code;
        }
    }
    rows
}

fn names(path: &Path) -> Vec<String> {
    format::open(&[path.to_owned()], Wanted::default()).unwrap().header().samples.to_vec()
}

/// A variant file of samples of one ploidy, in which both alleles of every variant occur.
fn variant_file() -> impl Strategy<Value = (u8, String)> {
    (prop_oneof![Just(1u8), Just(2), Just(4), Just(6)], 3usize..9).prop_flat_map(|(ploidy, samples)| {
        let code = prop_oneof![6 => 0..=ploidy, 1 => Just(MISSING)];
        let rows = prop::collection::vec(prop::collection::vec(code, samples - 2), 1..20);
        (Just(ploidy), rows).prop_map(move |(ploidy, rows)| {
            let names: Vec<String> = (0..samples).map(|index| format!("\t{index} ü_x-{index}")).collect();
            let mut text =
                format!("{HEADER}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT{}\n", names.concat());
            for (index, row) in rows.iter().enumerate() {
                let contig = if index < rows.len() / 2 { "1 a" } else { "_é:2" };
                let all = [0, ploidy].into_iter().chain(row.iter().copied());
                let calls: Vec<String> = all.map(|code| call(code, ploidy)).collect();
                text += &format!("{contig}\t{}\tm {index}\tA\tG\t.\t.\t.\tGT{}\n", index + 1, calls.concat());
            }
            (ploidy, text)
        })
    })
}

fn call(code: u8, ploidy: u8) -> String {
    let copy = |copy: u8| match code {
        MISSING => ".",
        code if copy >= ploidy - code => "1",
        _ => "0",
    };
    format!("\t{}", (0..ploidy).map(copy).collect::<Vec<_>>().join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn dosage_tables_are_read_back_equal((_, text) in variant_file()) {
        let folder = tempfile::tempdir().unwrap();
        let input = write(folder.path(), "in.vcf", &text);
        for name in ["x.dosage.tsv", "x.tsv", "x.csv", "x.tsv.gz"] {
            let out = folder.path().join(name);
            let report = convert(&input, &out, &WriteOptions::default(), None).unwrap();
            prop_assert!(report.losses.is_empty(), "{:?}", report.losses);
            prop_assert_eq!(rows(&out, None), rows(&input, None), "{}", name);
            prop_assert_eq!(names(&out), names(&input));
        }
    }

    #[test]
    fn letters_are_read_back_equal((ploidy, text) in variant_file()) {
        let folder = tempfile::tempdir().unwrap();
        let input = write(folder.path(), "in.vcf", &text);
        let how = WriteOptions { letters: true, ..WriteOptions::default() };
        let mut files = vec!["x.gwaspoly.csv", "x.gwaspoly.csv.gz"];
        if ploidy == 1 {
            files.clear();
        }
        if ploidy == 2 {
            files.extend(["x.ped", "x.dat", "y.ped.gz"]);
        }
        for name in files {
            let out = folder.path().join(name);
            convert(&input, &out, &how, None).unwrap();
            prop_assert_eq!(by_letters(rows(&out, None)), rows(&input, None), "{}", name);
            prop_assert_eq!(names(&out), names(&input));
        }
        let out = folder.path().join("n.gwaspoly.csv");
        convert(&input, &out, &WriteOptions::default(), None).unwrap();
        let calls = |rows: Vec<Row>| rows.into_iter().map(|row| (row.0, row.1, row.2, row.4, row.5)).collect::<Vec<_>>();
        prop_assert_eq!(calls(rows(&out, Some(ploidy))), calls(rows(&input, None)));
    }

    #[test]
    fn zarr_holds_the_calls((ploidy, text) in variant_file()) {
        let folder = tempfile::tempdir().unwrap();
        let input = write(folder.path(), "in.vcf", &text);
        let out = folder.path().join("x.vcz");
        convert(&input, &out, &WriteOptions::default(), None).unwrap();
        let expected = rows(&input, None);
        let (shape, bytes) = chunk(&out, "call_genotype", "0.0.0");
        prop_assert_eq!(shape, vec![expected.len(), expected[0].4.len(), usize::from(ploidy)]);
        let calls = bytes.chunks_exact(usize::from(ploidy) * expected[0].4.len());
        for (row, calls) in expected.iter().zip(calls) {
            for (&code, call) in row.5.iter().zip(calls.chunks_exact(usize::from(ploidy))) {
                match code {
                    MISSING => prop_assert!(call.iter().all(|&allele| allele == 0xff)),
                    code => prop_assert_eq!(call.iter().sum::<u8>(), code),
                }
            }
        }
    }
}

/// Shape of an array and the bytes of one of its chunks.
fn chunk(store: &Path, array: &str, chunk: &str) -> (Vec<usize>, Vec<u8>) {
    let description: Value =
        serde_json::from_str(&fs::read_to_string(store.join(array).join(".zarray")).unwrap()).unwrap();
    let shape =
        description["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect();
    let raw = fs::read(store.join(array).join(chunk)).unwrap();
    (shape, zstd::stream::decode_all(raw.as_slice()).unwrap())
}

fn vcf(contigs: &str, formats: &str, lines: &str, samples: usize) -> String {
    let names: Vec<String> = (0..samples).map(|index| format!("\ts{index}")).collect();
    format!(
        "##fileformat=VCFv4.3\n{contigs}##FORMAT=<ID=GT,Number=1,Type=String,Description=\"\">\n{formats}\
         #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT{}\n{lines}",
        names.concat()
    )
}

#[test]
fn zarr_grows_with_ploidy_alleles_and_filters() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = String::new();
    for position in 1..=1500 {
        lines += &format!("1\t{position}\t.\tA\tC\t.\t.\t.\tGT:AD\t0/1:3,4\t1|1:0,9\n");
    }
    lines += "2\t5\tx\tA\tC,G\t7.5\tlow\t.\tGT:AD\t0/1/2/2:1,2,3\t1:0,4,0\n";
    let formats = "##FORMAT=<ID=AD,Number=R,Type=Integer,Description=\"\">\n";
    let input = write(folder.path(), "in.vcf", vcf("", formats, &lines, 2));
    let out = folder.path().join("x.vcz");
    convert(&input, &out, &WriteOptions::default(), None).unwrap();
    let (shape, first) = chunk(&out, "call_genotype", "0.0.0");
    assert_eq!(shape, [1501, 2, 4]);
    assert_eq!(first[..8], [0, 1, 0xfe, 0xfe, 1, 1, 0xfe, 0xfe]);
    let last = chunk(&out, "call_genotype", "1.0.0").1;
    assert_eq!(last[500 * 8..501 * 8], [0, 1, 2, 2, 1, 0xfe, 0xfe, 0xfe]);
    let mask = chunk(&out, "call_genotype_mask", "0.0.0").1;
    assert_eq!(mask[..8], [0, 0, 1, 1, 0, 0, 1, 1]);
    assert_eq!(chunk(&out, "call_genotype_phased", "0.0").1[..2], [0, 1]);
    let depths: Vec<i32> =
        chunk(&out, "call_AD", "0.0.0").1.as_chunks().0.iter().map(|b| i32::from_le_bytes(*b)).collect();
    assert_eq!(depths[..6], [3, 4, -2, 0, 9, -2]);
    let (shape, filters) = chunk(&out, "variant_filter", "1.0");
    assert_eq!((shape, &filters[1000..1002]), (vec![1501, 2], &[0, 1][..]));
    // Texts have their length before them; the chunk begins with their number.
    let (shape, alleles) = chunk(&out, "variant_allele", "0.0");
    assert_eq!((shape, &alleles[..4]), (vec![1501, 3], &3000u32.to_le_bytes()[..]));
    assert_eq!(alleles[4..18], *b"\x01\0\0\0A\x01\0\0\0C\0\0\0\0");
}

#[test]
fn what_a_format_cannot_hold_is_named_with_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let lines =
        "1\t5\t.\tA\tC,G\t9\tPASS\t.\tGT:DP\t0|1:5\t1/2:6\n1\t9\tm\tAT\tA\t.\t.\t.\tGT:DP\t./1:5\t0/0:6\n";
    let contigs = "##contig=<ID=1,length=50>\n##INFO=<ID=X,Number=1,Type=String,Description=\"\">\n";
    let formats = "##FORMAT=<ID=DP,Number=1,Type=Integer,Description=\"\">\n";
    let input = write(folder.path(), "in.vcf", vcf(contigs, formats, lines, 2));
    let lost = |name: &str| -> Vec<String> {
        let report = convert(&input, &folder.path().join(name), &WriteOptions::default(), None).unwrap();
        report.losses.lines().collect()
    };
    for name in ["x.tsv", "x.gwaspoly.csv", "x.dat", "x.ped", "x.bed", "x.hmp.txt"] {
        let lost = lost(name);
        for expected in [
            "lengths of contigs: 1",
            "INFO fields declared in the header: 1",
            "FORMAT fields beside GT declared in the header: 1",
            "qualities of variants: 1",
            "filters of variants: 1",
            "calls known in part, written as missing: 1",
            "phased heterozygous calls, written without phase: 1",
        ] {
            assert!(lost.iter().any(|line| line == expected), "{name}: {expected}: {lost:?}");
        }
    }
    let has = |name: &str, expected: &str| {
        let lost = lost(name);
        assert!(lost.iter().any(|line| line == expected), "{name}: {lost:?}");
    };
    has("x.tsv", "variants with more than two alleles, whose alternate alleles are counted as one: 1");
    has("x.dat", "markers without a name, named by contig and position: 1");
    has("x.ped", "which allele of a variant is the reference: 2");
    assert_eq!(lost("x.vcz"), ["INFO fields declared in the header: 1"]);
    assert!(lost("x.vcf").is_empty() && lost("x.bcf").is_empty());
}

#[test]
fn names_and_endings_that_do_not_fit_are_refused_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let input = write(folder.path(), "in.vcf", vcf("", "", "1\t5\t.\tA\tC\t.\t.\t.\tGT\t0/0/1\t0/1/1\n", 2));
    let message = |name: &str| {
        convert(&input, &folder.path().join(name), &WriteOptions::default(), None).unwrap_err().to_string()
    };
    for name in ["x.txt", "x", "x.bed.gz", "x.map"] {
        assert!(message(name).contains("end it with .bcf, .vcf.gz"), "{}", message(name));
    }
    assert!(message("x.ped").contains("samples of ploidy 3"), "{}", message("x.ped"));
    fs::create_dir(folder.path().join("full.vcz")).unwrap();
    write(folder.path(), "full.vcz/precious.txt", "x");
    assert!(message("full.vcz").contains("is something else"));
    let mut left: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["full.vcz", "in.vcf"]);
}

#[test]
fn alleles_of_all_kinds_have_names_in_tables_of_samples() {
    let folder = tempfile::tempdir().unwrap();
    let lines = "1\t1\ta\tN\t<DEL>\t.\t.\t.\tGT\t0/0\t0/1\n1\t2\tb\tAT\tA,<DEL>\t.\t.\t.\tGT\t0/2\t1/1\n\
        1\t3\tc\tN\t<ALT>\t.\t.\t.\tGT\t0/1\t./.\n";
    let input = write(folder.path(), "in.vcf", vcf("", "", lines, 2));
    convert(&input, &folder.path().join("x.dat"), &WriteOptions::default(), None).unwrap();
    let text = fs::read_to_string(folder.path().join("x.dat")).unwrap();
    assert_eq!(text, "# fjFile = GENOTYPE\n\ta\tb\tc\ns0\tI\tAT/D\tA/B\ns1\tD/I\tA\t-\n");
    let map = fs::read_to_string(folder.path().join("x.map")).unwrap();
    assert_eq!(map, "# fjFile = MAP\na\t1\t1\nb\t1\t2\nc\t1\t3\n");
}

#[test]
fn estimated_dosages_are_written_where_they_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let formats = "##FORMAT=<ID=DS,Number=A,Type=Float,Description=\"\">\n";
    let lines = "1\t1\ta\tA\tC\t.\t.\t.\tGT:DS\t0/1:1.0372\t./.:.\n1\t2\tb\tA\tC\t.\t.\t.\tGT:DS\t1/1:.\t0/0:0.0001\n";
    let input = write(folder.path(), "in.vcf", vcf("", formats, lines, 2));
    let out = folder.path().join("x.tsv");
    convert(&input, &out, &WriteOptions::default(), None).unwrap();
    let text = fs::read_to_string(&out).unwrap();
    assert!(text.ends_with("a\t1\t1\tA\tC\t2\t1.0372\tNA\nb\t1\t2\tA\tC\t2\t2\t0.0001\n"), "{text}");
}

#[test]
fn lines_of_many_samples_are_turned_round_in_pieces() {
    let folder = tempfile::tempdir().unwrap();
    // Two blocks and more, several contigs, samples beyond one word; every variant with both of its alleles, for .ped
    // names those alone that samples carry.
    let (samples, variants) = (130, 2500);
    let mut lines = String::new();
    for variant in 0..variants {
        let calls: Vec<&str> = (0..samples)
            .map(|s| ["\t0/0", "\t0/1", "\t1/1", "\t./."][(s * 7 + variant * s + variant) % 4])
            .collect();
        lines +=
            &format!("{}\t{}\tm{variant}\tA\tG\t.\t.\t.\tGT{}\n", variant / 900, variant + 1, calls.concat());
    }
    let input = write(folder.path(), "in.vcf", vcf("", "", &lines, samples));
    let expected = rows(&input, None);
    for name in ["x.ped", "x.dat", "x.csv"] {
        let out = folder.path().join(name);
        convert(&input, &out, &WriteOptions::default(), None).unwrap();
        assert!(by_letters(rows(&out, None)) == expected, "{name}");
    }
}
