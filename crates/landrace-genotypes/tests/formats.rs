//! Each format, through files: what is written is read back equal, by any number of threads; parsers end with a
//! value or an error whatever the bytes.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may read anything and fail anywhere"
)]

use std::fs;
use std::path::{Path, PathBuf};

use landrace_genome::file;
use landrace_genotypes::filter::{FilterOptions, FilterReport, filter};
use landrace_genotypes::{GenotypeError, GenotypeMatrix, Wanted, format};
use proptest::prelude::*;

/// Converts files, as the command does.
fn convert(from: &[PathBuf], to: &Path, options: &FilterOptions) -> Result<FilterReport, GenotypeError> {
    let wanted = Wanted { depth: true, genotype_quality: true, ..format::wanted_by(to) };
    let mut source = format::open(from, wanted)?;
    format::declare_contigs(source.as_mut(), from, &wanted.into())?;
    let header = source.header().with_samples(options.samples.as_deref());
    let mut writer = format::create(to, &header, "")?;
    let report = filter(source.as_mut(), options, writer.as_mut(), None)?;
    file::publish(writer.finish()?)?;
    Ok(report)
}

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn plain(from: &Path, to: &Path) -> String {
    convert(&[from.to_owned()], to, &FilterOptions::default()).unwrap();
    fs::read_to_string(to).unwrap()
}

/// Everything of all variants but what layers hold.
fn calls(path: &Path) -> Vec<(String, String, Vec<u8>, Vec<u8>)> {
    let mut source = format::open(&[path.to_owned()], Wanted::default()).unwrap();
    let matrix = GenotypeMatrix::from_source(source.as_mut()).unwrap();
    let row = |index: usize| {
        let (block, _) = matrix.locate(index);
        let mut codes = Vec::new();
        matrix.unpack(index, &mut codes);
        let site = matrix.site(index);
        let text = format!("{:?} {} {} {:?}", site.position, site.id, site.reference, site.alternates);
        (block.contig.to_string(), text, block.ploidies(), codes)
    };
    (0..matrix.variants()).map(row).collect()
}

/// A call of VCF as text, at a ploidy.
fn genotype(ploidy: usize, alleles: usize) -> impl Strategy<Value = String> {
    let allele =
        prop_oneof![9 => (0..alleles).prop_map(|index| index.to_string()), 1 => Just(".".to_owned())];
    (prop::collection::vec(allele, ploidy), prop_oneof![Just("/"), Just("|")])
        .prop_map(|(alleles, separator)| alleles.join(separator))
}

const HEADER: &str = "##fileformat=VCFv4.3\n##FILTER=<ID=PASS,Description=\"All filters passed\">\n\
    ##contig=<ID=1 a,length=9000>\n##contig=<ID=_é:2>\n##FILTER=<ID=low,Description=\"x, y\">\n\
    ##INFO=<ID=N,Number=.,Type=Integer,Description=\"\">\n##INFO=<ID=R,Number=.,Type=Float,Description=\"\">\n\
    ##INFO=<ID=S,Number=1,Type=String,Description=\"\">\n##INFO=<ID=F,Number=0,Type=Flag,Description=\"\">\n\
    ##FORMAT=<ID=GT,Number=1,Type=String,Description=\"\">\n##FORMAT=<ID=AD,Number=R,Type=Integer,Description=\"\">\n\
    ##FORMAT=<ID=GQ,Number=1,Type=Float,Description=\"\">\n##FORMAT=<ID=FT,Number=1,Type=String,Description=\"\">\n";

fn header(samples: usize) -> String {
    let names: Vec<String> = (0..samples).map(|index| format!("\t{index} ü_x")).collect();
    format!("{HEADER}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT{}\n", names.concat())
}

/// One line's columns after CHROM and POS, for samples of the ploidies given.
fn line(ploidies: Vec<usize>) -> impl Strategy<Value = String> {
    let alternates = prop_oneof![Just("."), Just("C"), Just("C,G"), Just("AT,<DEL>,*")];
    let quality =
        prop_oneof![Just(".".to_owned()), (0u32..100_000).prop_map(|n| (n as f32 / 8.0).to_string())];
    let filters = prop_oneof![Just("."), Just("PASS"), Just("low")];
    let number = prop_oneof![Just(".".to_owned()), (-70_000i32..70_000).prop_map(|n| n.to_string())];
    let info = (prop::collection::vec(number, 1..4), -1e6f32..1e6, "[a-z%]{1,20}", any::<bool>()).prop_map(
        |(numbers, real, text, flag)| {
            let numbers = numbers.join(",");
            format!("N={numbers};R={real},1.5e-30;S={text}{}", if flag { ";F" } else { "" })
        },
    );
    (alternates, quality, filters, prop_oneof![Just(".".to_owned()), info], any::<bool>()).prop_flat_map(
        move |(alternates, quality, filters, info, is_rich)| {
            let alleles = if alternates == "." { 1 } else { 1 + alternates.split(',').count() };
            let call = move |ploidy: usize| {
                let rich = (prop::collection::vec(0u32..300, alleles), 0u32..800, "[a-zA-Z]{1,18}");
                (genotype(ploidy, alleles), rich).prop_map(move |(gt, (depths, gq, text))| match is_rich {
                    false => format!("\t{gt}"),
                    true => {
                        let depths: Vec<String> = depths.iter().map(u32::to_string).collect();
                        format!("\t{gt}:{}:{}:{text}", depths.join(","), gq as f32 / 8.0)
                    }
                })
            };
            let calls: Vec<_> = ploidies.iter().map(|&ploidy| call(ploidy)).collect();
            calls.prop_map(move |calls| {
                let format = if is_rich { "GT:AD:GQ:FT" } else { "GT" };
                format!(
                    "id{alleles}\tA\t{alternates}\t{quality}\t{filters}\t{info}\t{format}{}",
                    calls.concat()
                )
            })
        },
    )
}

/// A variant file of two contigs; the ploidies of samples differ from one another and between the contigs.
fn variant_file() -> impl Strategy<Value = String> {
    (1usize..12).prop_flat_map(|samples| {
        let ploidies = prop::collection::vec(1usize..7, samples);
        let contig = ploidies.prop_flat_map(|ploidies| prop::collection::vec(line(ploidies), 0..12));
        (contig.clone(), contig).prop_map(move |(first, second)| {
            let mut text = header(samples);
            for (name, lines) in [("1 a", first), ("_é:2", second)] {
                for (index, line) in lines.iter().enumerate() {
                    text += &format!("{name}\t{}\t{line}\n", 100 * (index + 1));
                }
            }
            text
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn variant_files_go_through_bcf_and_bgzip_without_loss(text in variant_file()) {
        let folder = tempfile::tempdir().unwrap();
        let input = write(folder.path(), "in.vcf", &text);
        let bcf = folder.path().join("x.bcf");
        let report = convert(std::slice::from_ref(&input), &bcf, &FilterOptions::default()).unwrap();
        prop_assert!(report.losses.is_empty());
        let vcf = folder.path().join("x.vcf.gz");
        convert(std::slice::from_ref(&bcf), &vcf, &FilterOptions::default()).unwrap();
        prop_assert_eq!(plain(&vcf, &folder.path().join("out.vcf")), text);
        prop_assert_eq!(calls(&bcf), calls(&input));
    }

    #[test]
    fn threads_do_not_change_the_bytes(text in variant_file()) {
        let folder = tempfile::tempdir().unwrap();
        let input = write(folder.path(), "in.vcf", &text);
        let mut made = Vec::new();
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let out = folder.path().join(format!("{threads}.bcf"));
            pool.install(|| convert(std::slice::from_ref(&input), &out, &FilterOptions::default())).unwrap();
            made.push(fs::read(out).unwrap());
        }
        prop_assert!(made[0] == made[1]);
    }

    #[test]
    fn diploid_calls_go_through_plink_and_hapmap(
        rows in (1usize..80).prop_flat_map(|n| prop::collection::vec(prop::collection::vec(0usize..4, n), 1..30)),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let samples = rows[0].len();
        let mut text = header(samples);
        for (index, row) in rows.iter().enumerate() {
            let calls: Vec<String> =
                row.iter().map(|&code| format!("\t{}", ["0/0", "0/1", "1/1", "./."][code])).collect();
            let contig = if index < rows.len() / 2 { "1 a" } else { "_é:2" };
            text += &format!("{contig}\t{}\tm {index}\tG\tT\t.\t.\t.\tGT{}\n", index + 1, calls.concat());
        }
        let input = write(folder.path(), "in.vcf", &text);
        for name in ["x.bed", "x.hmp.txt", "y.hmp.txt.gz"] {
            let out = folder.path().join(name);
            convert(std::slice::from_ref(&input), &out, &FilterOptions::default()).unwrap();
            prop_assert_eq!(calls(&out), calls(&input));
            let back = folder.path().join("back.vcf");
            let lines = |text: &str| text.lines().filter(|line| !line.starts_with("##")).map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(lines(&plain(&out, &back)), lines(&text));
        }
    }

    #[test]
    fn parsers_are_total(bytes in prop::collection::vec(any::<u8>(), 0..400), kind in 0usize..5) {
        let folder = tempfile::tempdir().unwrap();
        let head: &[u8] = [b"".as_slice(), b"##fileformat=VCFv4.2\n", b"BCF\x02\x02", b"\x6c\x1b\x01", b"rs#\talleles\t"][kind];
        let input = write(folder.path(), "x.bed", [head, &bytes].concat());
        write(folder.path(), "x.fam", "f s 0 0 0 0\n");
        write(folder.path(), "x.bim", &bytes);
        drain(&input);
    }

    #[test]
    fn parsers_are_total_on_damaged_files(text in variant_file(), damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in any::<prop::sample::Index>()) {
        let folder = tempfile::tempdir().unwrap();
        let input = write(folder.path(), "in.vcf", &text);
        let bcf = folder.path().join("x.bcf");
        convert(std::slice::from_ref(&input), &bcf, &FilterOptions::default()).unwrap();
        let mut raw = Vec::new();
        std::io::Read::read_to_end(&mut file::open(&bcf).unwrap(), &mut raw).unwrap();
        for whole in [text.as_bytes().to_vec(), raw, fs::read(&bcf).unwrap()] {
            let mut bytes = whole;
            for (place, value) in &damage {
                let at = place.index(bytes.len());
                bytes[at] = *value;
            }
            drain(&write(folder.path(), "damaged", &bytes));
            bytes.truncate(cut.index(bytes.len()));
            drain(&write(folder.path(), "cut", &bytes));
        }
    }
}

/// Reads all of a file with all layers; errors are welcome, panics are not.
fn drain(path: &Path) {
    let wanted = Wanted {
        phase: true,
        depth: true,
        genotype_quality: true,
        allele_depths: true,
        likelihoods: true,
        dosage: true,
        probabilities: true,
        records: true,
    };
    if let Ok(mut source) = format::open(&[path.to_owned()], wanted) {
        let _ = GenotypeMatrix::from_source(source.as_mut());
    }
}

fn small() -> String {
    header(3)
        + "1 a\t100\t.\tA\tC\t9\tPASS\tN=1;AC=2;AN=6;AF=0.333\tGT:DP\t0/1:9\t0|1:2\t0/0:30\n\
           1 a\t200\t.\tA\tC,G\t.\t.\tAC=3,1;AN=6\tGT:DP\t1/2:9\t1/1:8\t0/0:30\n"
}

#[test]
fn calls_made_missing_and_samples_left_out_are_counted_anew() {
    let folder = tempfile::tempdir().unwrap();
    let input = write(folder.path(), "in.vcf", small());
    let out = folder.path().join("out.vcf");
    let options = FilterOptions { min_depth: Some(5), samples: Some(vec![0, 1]), ..Default::default() };
    let report = convert(&[input], &out, &options).unwrap();
    assert_eq!((report.account.low_depth, report.account.kept), (1, 2));
    let text = fs::read_to_string(out).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("##")).collect();
    assert_eq!(
        lines,
        [
            "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t0 ü_x\t1 ü_x",
            "1 a\t100\t.\tA\tC\t9\tPASS\tN=1;AC=1;AN=2;AF=0.5\tGT:DP\t0/1:9\t./.:2",
            "1 a\t200\t.\tA\tC,G\t.\t.\tAC=3,1;AN=4\tGT:DP\t1/2:9\t1/1:8",
        ]
    );
}

#[test]
fn two_alternate_alleles_are_heterozygous_and_counted_apart() {
    let folder = tempfile::tempdir().unwrap();
    let input = write(folder.path(), "in.vcf", small());
    let mut source = format::open(&[input], Wanted::default()).unwrap();
    let matrix = GenotypeMatrix::from_source(source.as_mut()).unwrap();
    let counts = matrix.counts(1);
    assert_eq!((counts.alleles.as_slice(), counts.heterozygous), ([2, 3, 1].as_slice(), 1));
    assert!((matrix.maf(1) - 0.5).abs() < 1e-12);
}

#[test]
fn ploidy_is_decided_by_sample_and_contig() {
    let folder = tempfile::tempdir().unwrap();
    let text = header(3)
        + "1 a\t1\t.\tA\tC\t.\t.\t.\tGT\t0/1\t0/0\t./.\n1 a\t2\t.\tA\tC\t.\t.\t.\tGT\t0/1\t.\t0/1\n\
           _é:2\t1\t.\tA\tC\t.\t.\t.\tGT\t1\t0/1\t.\n_é:2\t2\t.\tA\tC\t.\t.\t.\tGT\t1\t0/1\t0/0/0/1\n";
    let input = write(folder.path(), "in.vcf", text);
    let mut source = format::open(&[input], Wanted::default()).unwrap();
    let matrix = GenotypeMatrix::from_source(source.as_mut()).unwrap();
    let ploidies: Vec<Vec<u8>> = matrix.blocks().iter().map(|block| block.ploidies()).collect();
    assert_eq!(ploidies, [vec![2, 2, 2], vec![1, 2, 4]]);
    let counts = matrix.counts(3);
    assert_eq!((counts.called, counts.alleles_called(), counts.could_be_heterozygous), (3, 7, 2));
}

#[test]
fn files_are_gathered_in_reference_order_by_sample_name() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) =
        ("1 a\t5\t.\tA\tC\t.\t.\t.\tGT\t0/1\t0/0\t./.\n", "_é:2\t1\t.\tA\tC\t.\t.\t.\tGT\t1/1\t0/1\t0/0\n");
    let third = "1 a\t900\t.\tA\tC\t.\t.\t.\tGT\t0/0\t1/1\t1/1\n";
    let whole = write(folder.path(), "whole.vcf", header(3) + first + third + second);
    let one = write(folder.path(), "one.vcf", header(3) + first + second);
    let swapped = header(3).replace("\t0 ü_x\t1 ü_x", "\t1 ü_x\t0 ü_x");
    let two = write(folder.path(), "two.vcf", swapped + "1 a\t900\t.\tA\tC\t.\t.\t.\tGT\t1/1\t0/0\t1/1\n");
    let out = folder.path().join("out.vcf");
    convert(&[one.clone(), two.clone()], &out, &FilterOptions::default()).unwrap();
    assert_eq!(calls(&out), calls(&whole));
    let other = write(folder.path(), "other.vcf", header(2) + "1 a\t950\t.\tA\tC\t.\t.\t.\tGT\t1/1\t0/0\n");
    let message =
        |paths: &[PathBuf]| convert(paths, &out, &FilterOptions::default()).unwrap_err().to_string();
    assert!(message(&[one.clone(), other]).contains("lacks sample '2 ü_x'"));
    assert!(message(&[whole, one]).contains("overlaps the other files"));
}

#[test]
fn ten_thousand_scaffolds_keep_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let name = |index: usize| format!("scaffold {index}_é|x");
    let mut text = "##fileformat=VCFv4.2\n".to_owned();
    (0..10_000).for_each(|index| text += &format!("##contig=<ID={}>\n", name(index)));
    text += "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"\">\n\
        #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n";
    (0..10_000).for_each(|index| text += &format!("{}\t7\t.\tA\tC\t.\t.\t.\tGT\t0/1\n", name(index)));
    let input = write(folder.path(), "in.vcf", &text);
    for file in ["x.bcf", "x.bed", "x.hmp.txt"] {
        let out = folder.path().join(file);
        convert(std::slice::from_ref(&input), &out, &FilterOptions::default()).unwrap();
        let names: Vec<String> = calls(&out).into_iter().map(|row| row.0).collect();
        assert!((0..10_000).all(|index| names[index] == name(index)), "{file}");
    }
}

#[test]
fn the_likeliest_mistakes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let message = |name: &str, bytes: &[u8]| {
        let input = write(folder.path(), name, bytes);
        let mut source = match format::open(&[input], Wanted::default()) {
            Ok(source) => source,
            Err(error) => return error.to_string(),
        };
        GenotypeMatrix::from_source(source.as_mut()).unwrap_err().to_string()
    };
    let cases: [(&str, Vec<u8>, &str); 8] = [
        ("empty.vcf", vec![], "the file is empty"),
        ("reads.fq", b"@read\nACGT\n+\nIIII\n".to_vec(), "is of no format that is known"),
        ("head.vcf", b"##fileformat=VCFv4.2\n##x\n".to_vec(), "line 3: the file ends before the line"),
        (
            "cut.vcf",
            (header(2) + "1 a\t5\t.\tA\tC\t.\t.\t.\tGT\t0/1\n").into(),
            "line 15: has 1 sample columns",
        ),
        (
            "allele.vcf",
            (header(1) + "1 a\t5\t.\tA\tC\t.\t.\t.\tGT\t0/2\n").into(),
            "no allele of this number",
        ),
        ("alone.bed", vec![0x6c, 0x1b, 1, 0], "alone.fam: no such file"),
        ("obsolete.bed", vec![0x6c, 0x1b, 0, 0], "sample-major"),
        ("x.hmp.txt", b"rs#\talleles\tchrom\n".to_vec(), "it begins, read with tabs between cells"),
    ];
    for (name, bytes, expected) in cases {
        let message = message(name, &bytes);
        assert!(message.contains(expected) && message.contains(name.split('.').next().unwrap()), "{message}");
    }
    write(folder.path(), "y.fam", "f\ts\t0\t0\t0\t0\n");
    write(folder.path(), "y.bim", "1\tm\t0\t5\tA\tC\n");
    assert!(message("y.bed", &[0x6c, 0x1b, 1]).contains("make 4; give files of one set"));
    write(folder.path(), "y.bim", "1\tm\t0\tx\tA\tC\n");
    assert!(message("y.bed", &[0x6c, 0x1b, 1, 0]).contains("y.bim: line 1: cannot read the position 'x'"));
}

#[test]
fn hapmap_calls_of_all_shapes() {
    let folder = tempfile::tempdir().unwrap();
    let fixed = "+\tNA\tNA\tNA\tNA\tNA\tNA";
    let text = format!(
        "rs#\talleles\tchrom\tpos\tstrand\tassembly#\tcenter\tprotLSID\tassayLSID\tpanelLSID\tQCcode\ta\tb\tc\td\n\
         m1\tC/T\t1\t5\t{fixed}\tC\tY\tT\tN\nm2\tG/A\t1\t6\t{fixed}\tGG\tag\tAA\tNN\n\
         m3\t+/-\t1\t7\t{fixed}\t+\t0\t-\tN\nm4\tA/-\t1\tNA\t{fixed}\tA/A\tA/-\t--\tNA\n\
         m5\tA/C\t1\t9\t{fixed}\tAA\tCG\tNN\tGG\n"
    );
    let input = write(folder.path(), "in.hmp.txt", text);
    let rows = calls(&input);
    for row in &rows[..4] {
        assert_eq!((&row.2, &row.3), (&vec![2, 2, 2, 2], &vec![0, 1, 2, 255]), "{}", row.1);
    }
    assert!(rows[4].1.contains(r#"A ["C", "G"]"#) && rows[3].1.starts_with("None"));
    let vcf = folder.path().join("x.vcf");
    let text = plain(&input, &vcf);
    assert!(text.contains("1\t7\tm3\tN\t<DEL>\t.\t.\t.\tGT\t0/0\t0/1\t1/1\t./."), "{text}");
    assert!(text.contains("1\t9\tm5\tA\tC,G\t.\t.\t.\tGT\t0/0\t1/2\t./.\t2/2"), "{text}");
    let back = folder.path().join("back.hmp.txt");
    convert(&[vcf], &back, &FilterOptions::default()).unwrap();
    assert!(calls(&back)[2].1.ends_with(r#"+ ["-"]"#));
}

#[test]
fn what_plink_cannot_hold_is_said_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let input = write(folder.path(), "in.vcf", small());
    let report = convert(&[input], &folder.path().join("x.bed"), &FilterOptions::default()).unwrap();
    let lines: Vec<String> = report.losses.lines().collect();
    assert_eq!(report.written, 1);
    assert!(lines.contains(&"variants with more than two alleles, left out: 1".to_owned()), "{lines:?}");
    assert!(lines.contains(&"phased heterozygous calls, written without phase: 1".to_owned()), "{lines:?}");
    let text = header(1) + "1 a\t5\t.\tA\tC\t.\t.\t.\tGT\t0/0/1\n";
    let triploid = write(folder.path(), "three.vcf", text);
    let error = convert(&[triploid], &folder.path().join("y.bed"), &FilterOptions::default()).unwrap_err();
    assert!(error.to_string().contains("samples of ploidy 3"));
    assert!(fs::metadata(folder.path().join("y.bed")).is_err());
}
