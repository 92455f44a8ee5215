use std::collections::HashMap;
use std::io::Write as _;

use landrace_genome::read::{Read, ReadReader};
use landrace_genome::{ContigDictionary, ContigId, file};
use noodles::bam;
use noodles::csi::BinningIndex as _;

use super::*;
use crate::alignment::{Alignment, CigarKind, CigarOp, FragmentAlignment, ReadAlignment};

const GENOME: usize = 5_000;

fn genome() -> Vec<u8> {
    let mut state = 11u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        b"ACGT"[(state >> 62) as usize]
    };
    (0..GENOME).map(|_| next()).collect()
}

fn write(path: &Path, text: &str) -> PathBuf {
    let mut out = file::create(path).unwrap();
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap();
    path.to_owned()
}

/// Puts reads where their names say: `start` or `start-mate`, with `x` for no place.
struct ByName;

fn at(word: &str, length: usize, is_reverse: bool) -> ReadAlignment {
    let primary = word.parse().ok().map(|start| Alignment {
        contig: ContigId(0),
        start,
        is_reverse,
        mapping_quality: 60,
        cigar: vec![CigarOp::new(CigarKind::Match, length as u32)],
        score: length as i32,
        second_score: None,
        edit_distance: 0,
    });
    ReadAlignment { primary, supplementary: Vec::new() }
}

impl PlaceReads for ByName {
    type Model = usize;
    type Scratch = ();

    fn scratch(&self) {}

    fn learn(&self, first: &PairBatch) -> usize {
        first.first.len()
    }

    fn place(&self, (): &mut (), batch: &PairBatch, _: &usize) -> Vec<FragmentAlignment> {
        let fragment = |index: usize| {
            let read = batch.first.get(index);
            let name = String::from_utf8(read.name.to_vec()).unwrap();
            let (first, second) = name.split(':').next().unwrap().split_once('-').unwrap();
            let mate = (index < batch.second.len()).then(|| batch.second.get(index).sequence.len());
            FragmentAlignment {
                first: at(first, read.sequence.len(), false),
                second: mate.map(|length| at(second, length, true)),
                is_proper_pair: mate.is_some() && first != "x" && second != "x",
            }
        };
        (0..batch.first.len()).map(fragment).collect()
    }
}

/// FASTQ of pairs with names for [`ByName`], many of them copies of each other.
fn fastq(pairs: usize, mate: usize) -> String {
    let genome = genome();
    let read = |start: Option<usize>| match start {
        Some(start) => String::from_utf8(genome[start..start + 50].to_vec()).unwrap(),
        None => "N".repeat(50),
    };
    (0..pairs)
        .map(|index| {
            let start = index * 7919 % 400 * 10;
            let starts = [(index % 11 != 3).then_some(start), (index % 17 != 5).then_some(start + 200)];
            let word = |start: Option<usize>| start.map_or("x".to_owned(), |start| start.to_string());
            let quality = char::from(b'0' + (index % 30) as u8).to_string().repeat(50);
            let name = format!("{}-{}:{index}", word(starts[0]), word(starts[1]));
            format!("@{name}\n{}\n+\n{quality}\n", read(starts[mate]))
        })
        .collect()
}

struct Run {
    bam: Vec<u8>,
    csi: Vec<u8>,
    counts: Counts,
}

fn run(memory: u64, threads: usize, duplicates: Option<DuplicatePolicy>) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let genome = String::from_utf8(genome()).unwrap();
    let reference =
        Reference::open(write(&folder.path().join("ref.fa"), &format!(">chr1\n{genome}\n"))).unwrap();
    let reader = |name: &str, pairs, mate| {
        let path = write(&folder.path().join(name), &fastq(pairs, mate));
        ReadReader::new(file::open(path).unwrap())
    };
    let group = |lane: &str, library: &str| ReadGroup {
        id: format!("S.{lane}"),
        library: library.into(),
        unit: lane.into(),
    };
    let mut units = [
        UnitReads {
            group: group("1", "a"),
            layout: Layout::Wgs,
            reader: PairReader::Paired(reader("1.fq", 20_000, 0), reader("2.fq", 20_000, 1)),
        },
        UnitReads {
            group: group("2", "b"),
            layout: Layout::Wgs,
            reader: PairReader::Single(reader("3.fq", 300, 0)),
        },
        UnitReads {
            group: group("3", "c"),
            layout: Layout::Gbs,
            reader: PairReader::Single(reader("4.fq", 300, 0)),
        },
    ];
    let options = SampleOptions {
        duplicates,
        is_trimmed: true,
        memory,
        scratch: folder.path().to_owned(),
        command_line: "landrace align".into(),
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let mut bam = Vec::new();
    let aligned =
        pool.install(|| align_sample(&ByName, &reference, ("S", &mut units), &options, &mut bam)).unwrap();
    let mut csi = Vec::new();
    aligned.write_index(&mut csi).unwrap();
    Run { bam, csi, counts: aligned.counts() }
}

fn flags(bam: &[u8]) -> Vec<(String, u16)> {
    let mut reader = bam::io::Reader::new(bam);
    reader.read_header().unwrap();
    let records = reader.records().map(Result::unwrap);
    records.map(|record| (record.name().unwrap().to_string(), u16::from(record.flags()))).collect()
}

#[test]
fn the_bytes_depend_neither_on_threads_nor_on_memory() {
    let expected = run(1 << 30, 1, None);
    for (memory, threads) in [(1 << 30, 2), (1 << 20, 1), (1 << 20, 3), (1 << 16, 2)] {
        let other = run(memory, threads, None);
        assert!(other.bam == expected.bam && other.csi == expected.csi, "{memory} {threads}");
        assert_eq!(other.counts, expected.counts);
    }
}

#[test]
fn every_read_comes_out_once_in_order() {
    let result = run(1 << 20, 2, None);
    let mut reader = bam::io::Reader::new(&result.bam[..]);
    let header = reader.read_header().unwrap();
    assert_eq!(header.read_groups().len(), 3);
    let places: Vec<(usize, usize)> = reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            let contig = record.reference_sequence_id().map_or(usize::MAX, Result::unwrap);
            (contig, record.alignment_start().map_or(0, |start| start.unwrap().get()))
        })
        .collect();
    assert_eq!(places.len(), 40_600);
    assert!(places.is_sorted());
    assert_eq!(result.counts.reads, 40_600);
}

#[test]
fn copies_are_marked_kept_or_removed() {
    let marked = run(1 << 30, 2, None);
    let is_copy = |flags: u16| flags & flag::DUPLICATE != 0;
    let found = flags(&marked.bam);
    // One pair stays of each set of copies; of the single reads of library b, one a place.
    let mut sets: HashMap<String, usize> = HashMap::new();
    for (name, _) in found.iter().filter(|(_, flags)| !is_copy(*flags) && flags & flag::FIRST != 0) {
        *sets.entry(name.split(':').next().unwrap().to_owned()).or_default() += 1;
    }
    let both: Vec<usize> =
        sets.iter().filter(|(name, _)| !name.contains('x')).map(|(_, &count)| count).collect();
    assert!(both.len() > 100 && both.iter().all(|&count| count == 1));
    assert_eq!(marked.counts.duplicates, found.iter().filter(|(_, flags)| is_copy(*flags)).count() as u64);

    let kept = run(1 << 30, 2, Some(DuplicatePolicy::Keep));
    assert!(flags(&kept.bam).iter().all(|(_, flags)| !is_copy(*flags)));

    let removed = flags(&run(1 << 30, 2, Some(DuplicatePolicy::Remove)).bam);
    assert!(removed.iter().all(|(_, flags)| !is_copy(*flags)));
    assert!(removed.len() < found.len());
    // Mates go together.
    let ends = |bit: u16| removed.iter().filter(|(_, flags)| flags & bit != 0).count();
    assert_eq!(ends(flag::FIRST), ends(flag::LAST));
}

/// Records beyond 2^29 bases: packed on a short contig, then moved.
#[test]
fn a_contig_of_800_million_bases_is_read_back_by_region() {
    let folder = tempfile::tempdir().unwrap();
    let short = Reference::open(write(&folder.path().join("ref.fa"), ">chr1\nACGTACGTAC\n")).unwrap();
    let mut contigs = ContigDictionary::default();
    contigs.push("chr1", 800_000_000).unwrap();
    contigs.push("chr2", 1_000).unwrap();
    let starts = [5i32, 536_870_900, 700_000_000, 700_000_050, 799_999_990];
    let mut records = RecordSorter::new(1 << 20, folder.path());
    let mut packer = Packer::new(&short);
    for (number, start) in (0..).zip(starts) {
        let mut packed = PackedRecords::default();
        let read = Read { name: b"r", sequence: b"ACGTACGTAC", qualities: &[30; 10] };
        let alignment = FragmentAlignment { first: at("0", 10, false), second: None, is_proper_pair: false };
        packer.pack((WholeRead { read, kept: 10 }, None), &alignment, (number, "S"), &mut packed);
        packed.bytes[record::PREFIX + 8..][..4].copy_from_slice(&start.to_le_bytes());
        packed.entries[0].0 = start as u64 + 1;
        records.push(packed).unwrap();
    }
    let path = folder.path().join("long.bam");
    let mut writer = BamWriter {
        out: bgzf::Writer::new(file::create(&path).unwrap(), LEVEL),
        index: csi::Builder::new(contigs.len(), contigs.longest()),
        coverage: Coverage::new(&contigs),
        duplicates: FragmentSet::default(),
        is_removed: vec![false],
        first_fragments: vec![0],
        units: vec![Counts::default()],
    };
    let group = ReadGroup { id: "S".into(), library: "S".into(), unit: "1".into() };
    writer.out.write_all(&header_bytes(&contigs, "S", &[group], "landrace align").unwrap()).unwrap();
    records.finish(|entry| writer.write(entry)).unwrap();
    writer.coverage.finish();
    assert_eq!(writer.coverage.histogram[..3], [800_001_000 - 50, 50, 0]);
    let (out, table) = writer.out.finish().unwrap();
    out.finish().unwrap();
    let mut csi = file::create(file::beside(&path, ".csi")).unwrap();
    writer.index.write(&table, &mut csi).unwrap();
    csi.finish().unwrap();

    let index = noodles::csi::io::Reader::new(file::open_raw(&file::beside(&path, ".csi")).unwrap())
        .read_index()
        .unwrap();
    assert_eq!(index.depth(), 6);
    assert_eq!(index.reference_sequences().len(), 2);
    let mut reader = bam::io::Reader::new(file::open_raw(&path).unwrap());
    let header = reader.read_header().unwrap();
    let regions =
        [("chr1:700,000,001-700,000,011", 1), ("chr1:536870905-799999990", 3), ("chr1", 5), ("chr2", 0)];
    for (region, expected) in regions {
        let parsed = region.replace(',', "").parse().unwrap();
        let found = reader.query(&header, &index, &parsed).unwrap().records().count();
        assert_eq!(found, expected, "{region}");
        // Where samtools is installed, it must agree.
        let samtools =
            std::process::Command::new("samtools").args(["view", "-c"]).arg(&path).arg(region).output();
        if let Ok(output) = samtools {
            let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            assert_eq!(text, expected.to_string(), "{region}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn errors_of_reads_and_writers_come_through() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let reference = Reference::open(write(&folder.path().join("ref.fa"), ">chr1\nACGTACGTAC\n")).unwrap();
    let options = SampleOptions {
        duplicates: None,
        is_trimmed: true,
        memory: 1 << 20,
        scratch: folder.path().to_owned(),
        command_line: String::new(),
    };
    let error = |text: &str| {
        let path = write(&folder.path().join("r.fq"), text);
        let reader = PairReader::Single(ReadReader::new(file::open(path).unwrap()));
        let group = ReadGroup { id: "S".into(), library: "S".into(), unit: "1".into() };
        let mut units = [UnitReads { group, layout: Layout::Wgs, reader }];
        let result = align_sample(&ByName, &reference, ("S", &mut units), &options, Full);
        result.err().unwrap().to_string()
    };
    assert!(error("@0-x\nACGT\n+\nII\n").contains("r.fq: line 4: 2 qualities for 4 bases"));
    assert!(error("@0-x\nACGT\n+\nIIII\n").contains("no storage space"));
    let long = "0-x:".to_owned() + &"a".repeat(251);
    assert!(error(&format!("@{long}\nACGT\n+\nIIII\n")).contains("line 1: the read's name has 255 bytes"));
}
