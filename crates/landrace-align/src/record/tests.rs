use std::io::Write as _;

use landrace_genome::ContigId;

use super::*;

const CONTIG: &[u8] = b"ACGTACGGTTCAGCATTGCAACGTNAGGCTAACCGGTTAACGATCGGATC";

fn reference() -> Reference {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ref.fa");
    let mut out = landrace_genome::file::create(&path).unwrap();
    writeln!(out, ">chr1\n{}\n>chr2\n{}", CONTIG.escape_ascii(), CONTIG.escape_ascii()).unwrap();
    out.finish().unwrap();
    Reference::open(&path).unwrap()
}

fn cigar(text: &str) -> Vec<CigarOp> {
    let mut length = 0;
    let mut ops = Vec::new();
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => length = length * 10 + u32::from(byte - b'0'),
            _ => {
                let kinds =
                    [CigarKind::Match, CigarKind::Insertion, CigarKind::Deletion, CigarKind::SoftClip];
                let kind = kinds[b"MIDS".iter().position(|&letter| letter == byte).unwrap()];
                ops.push(CigarOp::new(kind, length));
                length = 0;
            }
        }
    }
    ops
}

fn place(contig: u32, start: u64, is_reverse: bool, ops: &str) -> Alignment {
    Alignment {
        contig: ContigId(contig),
        start,
        is_reverse,
        mapping_quality: 37,
        cigar: cigar(ops),
        score: 12,
        second_score: Some(300),
        edit_distance: 0,
    }
}

fn whole<'a>(sequence: &'a [u8], qualities: &'a [u8], kept: usize) -> WholeRead<'a> {
    WholeRead { read: Read { name: b"r1", sequence, qualities }, kept }
}

fn mapped(primary: Alignment) -> ReadAlignment {
    ReadAlignment { primary: Some(primary), supplementary: Vec::new() }
}

/// The records as SAM lines, by noodles.
fn lines(reads: (WholeRead<'_>, Option<WholeRead<'_>>), alignment: &FragmentAlignment) -> Vec<String> {
    let reference = reference();
    let mut packed = PackedRecords::default();
    Packer::new(&reference).pack(reads, alignment, (5, "S.1"), &mut packed);
    let header = crate::header::header_bytes(reference.contigs(), "S", &[], "landrace").unwrap();
    let header = noodles::bam::io::Reader::from(&header[..]).read_header().unwrap();
    let mut bytes = Vec::new();
    for (number, record) in packed.iter() {
        assert_eq!(number, 5);
        bytes.extend_from_slice(&(record.len() as u32).to_le_bytes());
        bytes.extend_from_slice(record);
    }
    let mut reader = noodles::bam::io::Reader::from(&bytes[..]);
    let mut out = Vec::new();
    for record in reader.records() {
        let record = record.unwrap();
        assert!(record.alignment_start().is_none_or(|start| start.is_ok()));
        let mut writer = noodles::sam::io::Writer::new(Vec::new());
        noodles::sam::alignment::io::Write::write_alignment_record(&mut writer, &header, &record).unwrap();
        out.push(String::from_utf8(writer.into_inner()).unwrap().trim_end().to_owned());
    }
    out
}

#[test]
fn a_pair_names_its_mate_and_differences() {
    // First mate forward with a mismatch (A at 2, reference G), second reverse with a deletion of TG.
    let first: &[u8] = b"ACATACGGTT";
    let second: &[u8] = b"GTTGCTGAAC"; // reverse complement of GTTCAGC + AAC
    let alignment = FragmentAlignment {
        first: mapped(place(0, 0, false, "10M")),
        second: Some(mapped(place(0, 7, true, "7M5D3M"))),
        is_proper_pair: true,
    };
    let qualities: Vec<u8> = (20..30).collect();
    let lines = lines((whole(first, &qualities, 10), Some(whole(second, &qualities, 10))), &alignment);
    assert_eq!(
        lines[0],
        "r1\t99\tchr1\t1\t37\t10M\t=\t8\t22\tACATACGGTT\t56789:;<=>\t\
         NM:i:1\tMD:Z:2G7\tAS:i:12\tXS:i:300\tMC:Z:7M5D3M\tMQ:i:37\tRG:Z:S.1"
    );
    assert_eq!(
        lines[1],
        "r1\t147\tchr1\t8\t37\t7M5D3M\t=\t1\t-22\tGTTCAGCAAC\t>=<;:98765\t\
         NM:i:5\tMD:Z:7^ATTGC3\tAS:i:12\tXS:i:300\tMC:Z:10M\tMQ:i:37\tRG:Z:S.1"
    );
}

#[test]
fn an_unmapped_mate_takes_its_mates_place() {
    let alignment = FragmentAlignment {
        first: ReadAlignment::default(),
        second: Some(mapped(place(1, 3, false, "5M"))),
        is_proper_pair: false,
    };
    let lines = lines((whole(b"ACNNA", &[30; 5], 5), Some(whole(b"TACGG", &[], 5))), &alignment);
    assert_eq!(lines[0], "r1\t69\tchr2\t4\t0\t*\t=\t4\t0\tACNNA\t?????\tMC:Z:5M\tMQ:i:37\tRG:Z:S.1");
    assert_eq!(
        lines[1],
        "r1\t137\tchr2\t4\t37\t5M\t=\t4\t0\tTACGG\t*\tNM:i:0\tMD:Z:5\tAS:i:12\tXS:i:300\tRG:Z:S.1"
    );
}

#[test]
fn two_unmapped_mates_have_no_place() {
    let alignment = FragmentAlignment { second: Some(ReadAlignment::default()), ..Default::default() };
    let lines = lines((whole(b"A", &[30], 1), Some(whole(b"C", &[30], 1))), &alignment);
    assert_eq!(
        lines,
        ["r1\t77\t*\t0\t0\t*\t*\t0\t0\tA\t?\tRG:Z:S.1", "r1\t141\t*\t0\t0\t*\t*\t0\t0\tC\t?\tRG:Z:S.1"]
    );
}

#[test]
fn trimmed_bases_are_soft_clipped_at_the_end_that_was_read_last() {
    let single = |placed| FragmentAlignment { first: mapped(placed), second: None, is_proper_pair: false };
    let forward = lines((whole(b"TTACGTGGG", &[30; 9], 6), None), &single(place(0, 0, false, "2S4M")));
    assert!(forward[0].starts_with("r1\t0\tchr1\t1\t37\t2S4M3S\t*\t0\t0\tTTACGTGGG\t"), "{}", forward[0]);
    let reverse = lines((whole(b"TTACGTGGG", &[30; 9], 6), None), &single(place(0, 0, true, "1S4M1S")));
    assert!(reverse[0].starts_with("r1\t16\tchr1\t1\t37\t4S4M1S\t*\t0\t0\tCCCACGTAA\t"), "{}", reverse[0]);
}

#[test]
fn parts_of_a_split_read_are_tied_together() {
    let split = ReadAlignment {
        primary: Some(place(0, 0, false, "6M5S")),
        supplementary: vec![place(1, 10, true, "5M6S")],
    };
    let alignment = FragmentAlignment { first: split, second: None, is_proper_pair: false };
    let lines = lines((whole(b"ACGTACTGCTG", &[30; 11], 11), None), &alignment);
    assert!(lines[0].ends_with("RG:Z:S.1\tSA:Z:chr2,11,-,5M6S,37,0;"), "{}", lines[0]);
    assert!(
        lines[1].starts_with("r1\t2064\tchr2\t11\t37\t5M6H\t*\t0\t0\tCAGCA\t?????\tNM:i:0"),
        "{}",
        lines[1]
    );
    assert!(lines[1].ends_with("SA:Z:chr1,1,+,6M5S,37,0;"), "{}", lines[1]);
}

#[test]
fn unknown_bases_never_match() {
    let alignment =
        FragmentAlignment { first: mapped(place(0, 22, false, "5M")), second: None, is_proper_pair: false };
    let lines = lines((whole(b"GTNAG", &[30; 5], 5), None), &alignment);
    assert!(lines[0].contains("NM:i:1\tMD:Z:2N2"), "{}", lines[0]);
}

#[test]
fn bins_are_those_of_the_specification() {
    assert_eq!((bin(-1, 0), bin(0, 1), bin(16_383, 16_385), bin(0, 1 << 29)), (4680, 4681, 585, 0));
}

#[test]
fn lengths_of_pairs_have_opposite_signs() {
    let end = |start: i32, end: i32, is_reverse| Prepared {
        contig: 0,
        start,
        end,
        is_reverse,
        mapping_quality: 0,
        score: 0,
        second_score: None,
        edit_distance: 0,
        cigar: 0..0,
        differences: 0..0,
    };
    let cases = [
        (end(10, 20, false), end(50, 60, true), 50),
        (end(50, 60, true), end(10, 20, false), -50),
        (end(10, 20, false), end(5, 11, true), 1),
    ];
    for (first, second, expected) in cases {
        assert_eq!(template_length(&first, &second, false), expected);
        assert_eq!(template_length(&second, &first, true), -expected);
    }
}
