//! A small cohort of mixed ploidy with a known truth, called whole, by regions and at several thread counts; and
//! what bad files get.

#![expect(clippy::unwrap_used, reason = "a test may fail anywhere")]

use std::io::Write as _;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use landrace_call::{CallOptions, CallPlan, Called, Cohort, Sources};
use landrace_genome::sheet::{Ploidy, SampleSheet};
use landrace_genome::{Reference, file};
use noodles::bam;
use noodles::core::Position;
use noodles::sam;
use noodles::sam::alignment::io::Write as _;
use noodles::sam::alignment::record::cigar::{Op, op::Kind};
use noodles::sam::alignment::record::data::field::Tag;
use noodles::sam::alignment::record::{Flags, MappingQuality};
use noodles::sam::alignment::record_buf::data::field::Value;
use noodles::sam::alignment::record_buf::{QualityScores, RecordBuf, Sequence};
use noodles::sam::header::record::value::Map;
use noodles::sam::header::record::value::map::header::sort_order::COORDINATE;
use noodles::sam::header::record::value::map::header::tag::SORT_ORDER;
use noodles::sam::header::record::value::map::read_group::tag::SAMPLE;
use noodles::sam::header::record::value::map::{Header as HeaderLine, ReadGroup, ReferenceSequence};

const LENGTH: usize = 12_000;
const READ: usize = 100;

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }
}

/// A variant at a place: another base, or so many bases deleted after it.
#[derive(Clone, Copy)]
struct Variant {
    place: usize,
    base: u8,
    deleted: usize,
}

struct Scene {
    folder: tempfile::TempDir,
    reference: Vec<u8>,
    variants: Vec<Variant>,
    ploidies: Vec<u8>,
    /// For each sample and copy, which variants it carries.
    copies: Vec<Vec<Vec<bool>>>,
}

fn header(samples: &[&str], length: usize) -> sam::Header {
    let contig = Map::<ReferenceSequence>::new(NonZero::new(length).unwrap());
    let line = Map::<HeaderLine>::builder().insert(SORT_ORDER, COORDINATE).build().unwrap();
    let mut builder = sam::Header::builder().set_header(line).add_reference_sequence("chr1", contig);
    for &sample in samples {
        let mut group = Map::<ReadGroup>::default();
        group.other_fields_mut().insert(SAMPLE, sample.into());
        builder = builder.add_read_group(sample, group);
    }
    builder.build()
}

fn write_bam(path: &Path, header: &sam::Header, records: &[RecordBuf]) {
    let mut writer = bam::io::Writer::new(file::create(path).unwrap());
    writer.write_header(header).unwrap();
    for record in records {
        writer.write_alignment_record(header, record).unwrap();
    }
    writer.try_finish().unwrap();
    writer.into_inner().into_inner().finish().unwrap();
}

fn record(
    name: &str,
    start: usize,
    ops: Vec<Op>,
    bases: Vec<u8>,
    qualities: Vec<u8>,
    group: &str,
) -> RecordBuf {
    let flags = if start.is_multiple_of(2) { Flags::empty() } else { Flags::REVERSE_COMPLEMENTED };
    RecordBuf::builder()
        .set_name(name)
        .set_flags(flags)
        .set_reference_sequence_id(0)
        .set_alignment_start(Position::try_from(start + 1).unwrap())
        .set_mapping_quality(MappingQuality::new(60).unwrap())
        .set_cigar(ops.into_iter().collect())
        .set_sequence(Sequence::from(bases))
        .set_quality_scores(QualityScores::from(qualities))
        .set_data([(Tag::READ_GROUP, Value::from(group))].into_iter().collect())
        .build()
}

impl Scene {
    fn new(ploidies: &[u8], depth: usize) -> Self {
        let mut dice = Dice(7);
        let reference: Vec<u8> = (0..LENGTH).map(|_| b"ACGT"[dice.roll(4)]).collect();
        let variants: Vec<Variant> = (1..LENGTH / 230)
            .map(|i| {
                let place = i * 230 + dice.roll(60);
                let other =
                    b"ACGT".iter().copied().filter(|&base| base != reference[place]).nth(dice.roll(3));
                let deleted = if i % 6 == 0 { 1 + dice.roll(7) } else { 0 };
                Variant { place, base: other.unwrap(), deleted }
            })
            .collect();
        let copies = ploidies
            .iter()
            .map(|&ploidy| {
                (0..ploidy).map(|_| variants.iter().map(|_| dice.roll(3) == 0).collect()).collect()
            })
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let scene = Self { folder, reference, variants, ploidies: ploidies.to_vec(), copies };
        let mut fasta = file::create(scene.path("ref.fa")).unwrap();
        writeln!(fasta, ">chr1\n{}", String::from_utf8(scene.reference.clone()).unwrap()).unwrap();
        fasta.finish().unwrap();
        for sample in 0..ploidies.len() {
            let name = format!("S{sample}");
            let records = scene.reads(sample, &name, depth, &mut dice);
            let path = scene.path(&format!("{name}.bam"));
            write_bam(&path, &header(&[&name], LENGTH), &records);
            match bam::fs::index(&path).unwrap() {
                bam::Index::Bai(index) => bam::bai::fs::write(file::beside(&path, ".bai"), &index).unwrap(),
                bam::Index::Csi(index) => {
                    noodles::csi::fs::write(file::beside(&path, ".csi"), &index).unwrap()
                }
            }
        }
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Reads of a sample, aligned as its variants lie, with one error in 500 bases.
    fn reads(&self, sample: usize, name: &str, depth: usize, dice: &mut Dice) -> Vec<RecordBuf> {
        let number = LENGTH * depth / READ;
        let mut starts: Vec<usize> = (0..number).map(|_| dice.roll(LENGTH - READ - 20)).collect();
        starts.sort_unstable();
        let read = |(i, start): (usize, usize)| {
            let copy = &self.copies[sample][dice.roll(self.copies[sample].len())];
            let (mut bases, mut ops, mut at, mut run) = (Vec::new(), Vec::new(), start, 0);
            while bases.len() < READ {
                let variant = self.variants.iter().zip(copy).find(|(v, carried)| **carried && v.place == at);
                match variant {
                    Some((v, _)) if v.deleted > 0 && bases.len() > 3 && bases.len() < READ - 8 => {
                        bases.push(self.reference[at]);
                        ops.extend([Op::new(Kind::Match, run + 1), Op::new(Kind::Deletion, v.deleted)]);
                        (at, run) = (at + 1 + v.deleted, 0);
                        continue;
                    }
                    Some((v, _)) if v.deleted == 0 => bases.push(v.base),
                    _ => bases.push(self.reference[at]),
                }
                (at, run) = (at + 1, run + 1);
            }
            ops.push(Op::new(Kind::Match, run));
            let mut qualities = vec![35; READ];
            for (base, quality) in bases.iter_mut().zip(&mut qualities) {
                if dice.roll(500) == 0 {
                    (*base, *quality) = (b"ACGT"[dice.roll(4)], 15);
                }
            }
            record(&format!("{name}.{i}"), start, ops, bases, qualities, name)
        };
        starts.into_iter().enumerate().map(read).collect()
    }

    fn sheet(&self) -> PathBuf {
        let path = self.path("sheet.tsv");
        let mut sheet = file::create(&path).unwrap();
        writeln!(sheet, "sample\tbam\tploidy").unwrap();
        for (i, ploidy) in self.ploidies.iter().enumerate() {
            writeln!(sheet, "S{i}\tS{i}.bam\t{ploidy}").unwrap();
        }
        sheet.finish().unwrap();
        path
    }

    /// Calls the whole genome or regions, and gives the records' lines.
    fn call(&self, regions: &[&str], threads: usize) -> Vec<String> {
        let reference = Reference::open(self.path("ref.fa")).unwrap();
        let sheet = SampleSheet::read(self.sheet()).unwrap();
        let sources = Sources { sheet: Some(&sheet), min_mapping_quality: 20, ..Sources::default() };
        let cohort = Cohort::open(&sources, reference.contigs()).unwrap();
        let output = self.path("out.vcf");
        let regions = regions.iter().map(|text| reference.contigs().parse_region(text).unwrap()).collect();
        let options = CallOptions::default();
        let plan = CallPlan {
            reference: &reference,
            regions,
            options,
            output: &output,
            command_line: "landrace call",
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let called = pool.install(|| landrace_call::call(cohort, &plan)).unwrap();
        file::publish(called.outputs).unwrap();
        let text = file::read_text(&output).unwrap();
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }
}

/// POS, REF, ALT and the alternate copies of each sample of a record of one alternate allele.
fn genotypes(line: &str) -> (usize, String, String, Vec<usize>) {
    let cells: Vec<&str> = line.split('\t').collect();
    let dosage =
        |cell: &&str| cell.split(':').next().unwrap().split('/').filter(|allele| *allele == "1").count();
    let dosages = cells[9..].iter().map(dosage).collect();
    (cells[1].parse().unwrap(), cells[3].to_owned(), cells[4].to_owned(), dosages)
}

#[test]
fn a_cohort_of_mixed_ploidy_is_called_right_and_alike_however_it_is_cut() {
    let scene = Scene::new(&[1, 2, 4, 6, 8], 40);
    let whole = scene.call(&[], 1);
    assert_eq!(whole, scene.call(&[], 3), "threads change the records");
    let mut parts = Vec::new();
    for start in (1..=LENGTH).step_by(2_337) {
        parts.extend(scene.call(&[&format!("chr1:{start}-{}", (start + 2_336).min(LENGTH))], 2));
    }
    assert_eq!(whole, parts, "regions change the records");
    let (mut right, mut total) = (0, 0);
    let called: Vec<_> = whole.iter().map(|line| genotypes(line)).collect();
    for (index, variant) in scene.variants.iter().enumerate() {
        let carriers: Vec<usize> =
            scene.copies.iter().map(|copies| copies.iter().filter(|copy| copy[index]).count()).collect();
        if carriers.iter().sum::<usize>() == 0 {
            continue;
        }
        // An indel may lie further left in a repeat.
        let found = called.iter().find(|(pos, reference, alternate, _)| match variant.deleted {
            0 => *pos == variant.place + 1 && alternate.as_bytes() == [variant.base],
            n => pos.abs_diff(variant.place + 1) < 12 && reference.len() == n + 1 && alternate.len() == 1,
        });
        let (.., dosages) =
            found.unwrap_or_else(|| panic!("the variant at {} was not called", variant.place + 1));
        right += dosages.iter().zip(&carriers).filter(|(a, b)| a == b).count();
        total += carriers.len();
    }
    assert!(called.len() <= scene.variants.len() + 1, "{} records", called.len());
    assert!(right * 100 >= total * 85, "{right} of {total} dosages are right");
}

#[test]
fn the_header_of_a_small_file_says_what_calls_it_holds() {
    let scene = Scene::new(&[2], 30);
    let lines = scene.call(&["chr1:1-5000"], 1);
    assert!(lines.iter().all(|line| line.contains("\tGT:AD:DP:GQ:PL\t")));
    let dosages = Scene::new(&[4], 30).call(&["chr1:1-5000"], 1);
    assert!(dosages.iter().all(|line| line.contains("\tGT:AD:DP:GQ:PL:DS\t")) && !dosages.is_empty());
}

/// Opens files as a cohort and calls them whole or in a region; the message if that fails.
fn failure(scene: &Scene, names: &[&str], joins: bool, region: Option<&str>) -> Option<String> {
    let reference = Reference::open(scene.path("ref.fa")).unwrap();
    let alignments = names.iter().map(|name| scene.path(name)).collect();
    let sources =
        Sources { alignments, ploidy: Ploidy::of(2), joins_same_names: joins, ..Sources::default() };
    let output = scene.path("failed.vcf");
    let result: Result<Called, _> = Cohort::open(&sources, reference.contigs()).and_then(|cohort| {
        let regions = region.iter().map(|text| reference.contigs().parse_region(text).unwrap()).collect();
        let options = CallOptions::default();
        landrace_call::call(
            cohort,
            &CallPlan { reference: &reference, regions, options, output: &output, command_line: "" },
        )
    });
    assert!(!output.exists(), "half an output was left");
    result.err().map(|error| error.to_string())
}

#[test]
fn bad_files_get_an_error_that_says_what_to_do() {
    let scene = Scene::new(&[2], 5);
    let records = scene.reads(0, "S0", 2, &mut Dice(3));
    let make = |name: &str, samples: &[&str], length: usize, records: &[RecordBuf]| {
        write_bam(&scene.path(name), &header(samples, length), records);
    };
    make("same.bam", &["S0"], LENGTH, &records);
    make("nameless.bam", &[], LENGTH, &records);
    make("other.bam", &["S1"], LENGTH + 1, &records);
    make("unsorted.bam", &["S2"], LENGTH, &records.iter().rev().cloned().collect::<Vec<_>>());
    make("empty.bam", &["S3"], LENGTH, &[]);
    let whole = std::io::Read::bytes(file::open_raw(&scene.path("S0.bam")).unwrap());
    let bytes: Vec<u8> = whole.map(Result::unwrap).collect();
    let mut cut = file::create(scene.path("cut.bam")).unwrap();
    cut.write_all(&bytes[..bytes.len() / 2]).unwrap();
    cut.finish().unwrap();
    let failed = |names: &[&str]| failure(&scene, names, false, None).unwrap();
    assert!(failed(&["S0.bam", "same.bam"]).contains("holds sample 'S0'"));
    assert!(failed(&["nameless.bam"]).contains("samtools addreplacerg"));
    assert!(failed(&["other.bam"]).contains("use the reference that made the file"));
    assert!(failed(&["unsorted.bam"]).contains("samtools sort"));
    assert!(failed(&["cut.bam"]).contains("cut short"));
    assert!(failed(&["ref.fa"]).contains("is not a BAM file"));
    assert!(failed(&["S0.bam", "S0.bam"]).contains("named twice"));
    let without_index = failure(&scene, &["same.bam"], false, Some("chr1:1-100"));
    assert!(without_index.unwrap().contains("has no index"));
    assert_eq!(failure(&scene, &["empty.bam"], false, None), None);
    assert_eq!(failure(&scene, &["S0.bam", "same.bam"], true, None), None);
}

#[test]
fn deep_piles_are_thinned_alike_whatever_the_order() {
    let scene = Scene::new(&[2], 5);
    let place = scene.variants[0].place;
    let start = place - 50;
    let pile = |order: &dyn Fn(usize) -> usize| -> Vec<RecordBuf> {
        (0..5_000)
            .map(|i| {
                let i = order(i);
                let mut bases = scene.reference[start..start + READ].to_vec();
                if i.is_multiple_of(2) {
                    bases[50] = scene.variants[0].base;
                }
                record(&format!("r{i}"), start, vec![Op::new(Kind::Match, READ)], bases, vec![35; READ], "P")
            })
            .collect()
    };
    let mut lines = Vec::new();
    for (name, order) in [("a.bam", &(|i| i) as &dyn Fn(usize) -> usize), ("b.bam", &|i| 4_999 - i)] {
        write_bam(&scene.path(name), &header(&["P"], LENGTH), &pile(order));
        let reference = Reference::open(scene.path("ref.fa")).unwrap();
        let sources = Sources { alignments: vec![scene.path(name)], ..Sources::default() };
        let cohort = Cohort::open(&sources, reference.contigs()).unwrap();
        let output = scene.path("pile.vcf");
        let options = CallOptions { max_reads: Some(200), ..CallOptions::default() };
        let plan =
            CallPlan { reference: &reference, regions: vec![], options, output: &output, command_line: "" };
        let called = landrace_call::call(cohort, &plan).unwrap();
        assert_eq!(called.reads.beyond_depth, 4_800);
        file::publish(called.outputs).unwrap();
        let text = file::read_text(&output).unwrap();
        lines.push(text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>());
    }
    assert_eq!(lines[0], lines[1]);
    assert!(lines[0][0].contains(":200:"), "{:?}", lines[0]);
}
