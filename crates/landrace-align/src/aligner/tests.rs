use std::io::Write as _;
use std::path::Path;

use landrace_genome::file;
use landrace_genome::read::{PairReader, ReadReader};
use landrace_genome::{ContigId, Reference};
use proptest::prelude::*;

use super::*;
use crate::alignment::CigarOp;
use crate::options::Scoring;

/// Bases by chance, the same for the same seed.
fn random_bases(seed: u64, length: usize) -> Vec<u8> {
    (0..length as u64).map(|i| b"ACGT"[(mix(i ^ seed << 32) & 3) as usize]).collect()
}

fn reverse_complement(bases: &[u8]) -> Vec<u8> {
    let flip = |base| match base {
        b'A' => b'T',
        b'C' => b'G',
        b'G' => b'C',
        b'T' => b'A',
        other => other,
    };
    bases.iter().rev().map(|&base| flip(base)).collect()
}

fn write(path: &Path, text: &[u8]) {
    let mut output = file::create(path).unwrap();
    output.write_all(text).unwrap();
    output.finish().unwrap();
}

fn fasta(records: &[Vec<u8>], name: &str) -> Vec<u8> {
    let text = |(i, bases): (usize, &Vec<u8>)| format!(">{name}{i}\n{}\n", String::from_utf8_lossy(bases));
    records.iter().enumerate().map(text).collect::<String>().into_bytes()
}

fn index(contigs: &[Vec<u8>]) -> Index {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ref.fa");
    write(&path, &fasta(contigs, "chr"));
    Index::build(&Reference::open(&path).unwrap())
}

/// A batch of single reads, or of pairs if `second` is not empty.
fn batch(first: &[Vec<u8>], second: &[Vec<u8>]) -> PairBatch {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str, reads: &[Vec<u8>]| {
        let path = folder.path().join(name);
        write(&path, &fasta(reads, "read"));
        ReadReader::new(file::open(path).unwrap())
    };
    let mut reader = if second.is_empty() {
        PairReader::Single(open("1.fa", first))
    } else {
        PairReader::Paired(open("1.fa", first), open("2.fa", second))
    };
    let mut batch = PairBatch::default();
    reader.read_batch(&mut batch, first.len()).unwrap();
    batch
}

fn align_singles(index: &Index, reads: &[Vec<u8>]) -> Vec<ReadAlignment> {
    let aligner = Aligner::new(index, AlignOptions::default());
    let model = InsertSizeModel::default();
    let fragments = aligner.align_batch(&mut Scratch::default(), &batch(reads, &[]), &model);
    fragments.into_iter().map(|fragment| fragment.first).collect()
}

fn align_one(index: &Index, read: &[u8]) -> ReadAlignment {
    align_singles(index, &[read.to_vec()]).remove(0)
}

fn text(alignment: &Alignment) -> String {
    let cigar: String = alignment.cigar.iter().map(|op| format!("{op:?}")).collect();
    format!(
        "{}:{}{}{cigar}",
        alignment.contig.0,
        alignment.start,
        if alignment.is_reverse { "-" } else { "+" }
    )
}

#[test]
fn exact_reads_of_all_lengths_lie_where_they_come_from() {
    let genome = vec![random_bases(1, 20_000), random_bases(2, 9_000)];
    let index = index(&genome);
    for length in [36, 50, 75, 101, 150, 250, 300, 1_000] {
        for (contig, start) in [(0, 0), (0, 777), (1, 0), (1, 9_000 - length)] {
            let read = genome[contig][start..start + length].to_vec();
            for (is_reverse, read) in [(false, read.clone()), (true, reverse_complement(&read))] {
                let found = align_one(&index, &read).primary.unwrap();
                let strand = if is_reverse { "-" } else { "+" };
                assert_eq!(text(&found), format!("{contig}:{start}{strand}{length}M"));
                assert_eq!((found.score, found.edit_distance), (length as i32, 0));
                assert!(found.mapping_quality >= if length < 50 { 50 } else { 60 });
            }
        }
    }
}

#[test]
fn insertions_and_deletions_of_up_to_sixty_bases_are_found_whole() {
    let genome = vec![random_bases(3, 20_000)];
    let index = index(&genome);
    for n in [1usize, 2, 3, 7, 15, 30, 50, 60] {
        for left in [40usize, 75, 110] {
            if left.min(150 - left) < n + 3 {
                // The gap costs more than the shorter side is worth: it is clipped.
                continue;
            }
            let from = 5_000;
            let deleted =
                [&genome[0][from..from + left], &genome[0][from + left + n..from + 150 + n]].concat();
            let found = align_one(&index, &deleted).primary.unwrap();
            assert!(
                found.cigar.contains(&CigarOp::new(CigarKind::Deletion, n as u32)),
                "{n} {left} {}",
                text(&found)
            );
            let inserted = [
                &genome[0][from..from + left],
                &random_bases(99, n),
                &genome[0][from + left..from + 150 - n],
            ]
            .concat();
            if 150 - left < 2 * n + 3 {
                // Too little is left behind the insertion for it to pay.
                continue;
            }
            let found = align_one(&index, &inserted).primary.unwrap();
            assert!(
                found.cigar.contains(&CigarOp::new(CigarKind::Insertion, n as u32)),
                "{n} {left} {}",
                text(&found)
            );
        }
    }
}

#[test]
fn a_substitution_near_the_end_is_not_clipped_but_foreign_bases_are() {
    let genome = vec![random_bases(4, 10_000)];
    let index = index(&genome);
    let mut read = genome[0][1_000..1_150].to_vec();
    read[147] = if read[147] == b'A' { b'C' } else { b'A' };
    assert_eq!(text(&align_one(&index, &read).primary.unwrap()), "0:1000+150M");
    read[120..].copy_from_slice(&random_bases(77, 30));
    let found = align_one(&index, &read).primary.unwrap();
    assert!(found.cigar.len() == 2 && found.cigar[1].is_clip() && found.cigar[1].len().abs_diff(30) < 4);
}

#[test]
fn short_reads_with_a_substitution_in_their_middle_are_found() {
    let genome = vec![random_bases(5, 50_000)];
    let index = index(&genome);
    for start in (0..49_000).step_by(997) {
        let mut read = genome[0][start..start + 36].to_vec();
        read[18] = if read[18] == b'A' { b'C' } else { b'A' };
        assert_eq!(text(&align_one(&index, &read).primary.unwrap()), format!("0:{start}+36M"));
    }
}

#[test]
fn unknown_bases_cost_one_each_and_contigs_are_never_bridged() {
    let mut genome = vec![random_bases(6, 5_000), random_bases(7, 5_000)];
    genome[0][2_050..2_060].fill(b'N');
    let index = index(&genome);
    let mut read = genome[0][2_000..2_150].to_vec();
    read[50..60].copy_from_slice(b"ACGTACGTAC");
    read[100] = b'R';
    let found = align_one(&index, &read).primary.unwrap();
    assert_eq!((text(&found).as_str(), found.score, found.edit_distance), ("0:2000+150M", 139 - 11, 11));

    let joined = [&genome[0][4_910..], &genome[1][..60]].concat();
    let found = align_one(&index, &joined);
    let primary = found.primary.unwrap();
    assert_eq!((primary.contig, primary.end()), (ContigId(0), 5_000));
    assert_eq!(text(&found.supplementary[0]), "1:0+90S60M");
    let overhanging = [random_bases(8, 20), genome[1][..100].to_vec()].concat();
    assert_eq!(text(&align_one(&index, &overhanging).primary.unwrap()), "1:0+20S100M");
}

#[test]
fn a_read_from_two_places_is_reported_in_two_parts() {
    let genome = vec![random_bases(9, 20_000)];
    let index = index(&genome);
    let read = [&genome[0][3_000..3_090], &reverse_complement(&genome[0][15_000..15_060])[..]].concat();
    let found = align_one(&index, &read);
    let (primary, part) = (found.primary.unwrap(), &found.supplementary[0]);
    assert!(primary.start == 3_000 && !primary.is_reverse && part.is_reverse);
    assert!(part.start.abs_diff(15_000) < 3 && part.mapping_quality >= 30, "{}", text(part));
}

#[test]
fn what_cannot_be_placed_is_not() {
    let index = index(&[random_bases(10, 20_000)]);
    for read in [vec![b'N'; 100], b"ACG".to_vec(), vec![], random_bases(11, 150), random_bases(12, 36)] {
        assert_eq!(align_one(&index, &read), ReadAlignment::default());
    }
    // A mate of no use does not hurt its partner.
    let genome = random_bases(10, 20_000);
    let pairs = batch(&[genome[500..600].to_vec()], &[vec![]]);
    let aligner = Aligner::new(&index, AlignOptions::default());
    let found = aligner.align_batch(&mut Scratch::default(), &pairs, &InsertSizeModel::default()).remove(0);
    assert!(found.first.primary.is_some() && !found.is_proper_pair);
    assert_eq!(found.second, Some(ReadAlignment::default()));
}

/// Pairs of 100 bases, 300 apart in all, with substitutions by chance.
fn pairs_of(genome: &[u8], count: u64) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let errors = |mut read: Vec<u8>, seed: u64| {
        for i in 0..3 {
            let at = mix(seed + i) as usize % 100;
            read[at] = b"ACGT"[mix(seed * 31 + i) as usize % 4];
        }
        read
    };
    (0..count)
        .map(|i| {
            let start = mix(i + 17) as usize % (genome.len() - 400);
            let insert = 300 + mix(i + 5) as usize % 61 - 30;
            let first = genome[start..start + 100].to_vec();
            let second = reverse_complement(&genome[start + insert - 100..start + insert]);
            if i % 2 == 0 {
                (errors(first, i), errors(second, i + 1))
            } else {
                (errors(second, i), errors(first, i + 1))
            }
        })
        .unzip()
}

#[test]
fn pairs_tell_copies_of_a_repeat_apart_by_their_mates() {
    // Two copies of a repeat that differ by nothing; what is beside them differs.
    let repeat = random_bases(20, 400);
    let genome =
        [random_bases(21, 5_000), repeat.clone(), random_bases(22, 5_000), repeat, random_bases(23, 5_000)]
            .concat();
    let index = index(std::slice::from_ref(&genome));
    let (mut first, mut second) = pairs_of(&genome, 200);
    for start in [4_850, 10_250] {
        first.push(genome[start..start + 100].to_vec());
        second.push(reverse_complement(&genome[start + 200..start + 300]));
    }
    let pairs = batch(&first, &second);
    let aligner = Aligner::new(&index, AlignOptions::default());
    let model = aligner.learn_insert_size(&pairs);
    assert!((model.mean - 300.0).abs() < 5.0 && !model.is_outward && model.pairs > 100, "{model:?}");
    let found = aligner.align_batch(&mut Scratch::default(), &pairs, &model);
    for (fragment, start) in found[200..].iter().zip([4_850, 10_250]) {
        let second = fragment.second.as_ref().unwrap().primary.as_ref().unwrap();
        assert!(fragment.is_proper_pair);
        assert_eq!((fragment.first.primary.as_ref().unwrap().start, second.start), (start, start + 200));
        assert!(second.mapping_quality >= 30 && second.second_score == Some(100));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn batches_do_not_matter_and_records_are_sound(seed in 0u64..1_000, cut in 1usize..59) {
        // A genome of two diverged copies and a tandem repeat, so that much is ambiguous.
        let unit = random_bases(seed, 1_500);
        let mut copy = unit.clone();
        for at in (0..1_500).step_by(43) {
            copy[at] = b"ACGT"[mix(seed + at as u64) as usize % 4];
        }
        let tandem = random_bases(seed + 1, 23).repeat(40);
        let genome = [unit, random_bases(seed + 2, 1_000), copy, tandem].concat();
        let index = index(std::slice::from_ref(&genome));
        let (first, second) = pairs_of(&genome, 60);
        let aligner = Aligner::new(&index, AlignOptions::default());
        let model = aligner.learn_insert_size(&batch(&first, &second));
        let mut scratch = Scratch::default();
        let whole = aligner.align_batch(&mut scratch, &batch(&first, &second), &model);
        // Names are part of a read: give the second part the names it had.
        let all = batch(&first, &second);
        let alone = |i: usize, scratch: &mut Scratch| aligner.align_pair(scratch, [all.first.get(i), all.second.get(i)], &model);
        let mut pieces: Vec<_> = (cut..60).map(|i| alone(i, &mut scratch)).collect();
        let mut other = Scratch::default();
        pieces.splice(0..0, (0..cut).map(|i| alone(i, &mut other)));
        prop_assert_eq!(&whole, &pieces);

        for (fragment, (first, second)) in whole.iter().zip(first.iter().zip(&second)) {
            let mates = [(&fragment.first, first), (fragment.second.as_ref().unwrap(), second)];
            for (alignment, read) in mates {
                for record in alignment.primary.iter().chain(&alignment.supplementary) {
                    let spanned: u32 = record.cigar.iter().filter(|op| op.consumes_read()).map(|op| op.len()).sum();
                    prop_assert_eq!(spanned as usize, read.len());
                    prop_assert!(record.end() <= genome.len() as u64 && record.mapping_quality <= 60);
                    let strand = if record.is_reverse { reverse_complement(read) } else { read.clone() };
                    let codes = |bases: &[u8]| bases.iter().map(|&b| crate::packed::code(b)).collect::<Vec<_>>();
                    let reference = codes(&genome[record.start as usize..record.end() as usize]);
                    let scored = score(&record.cigar, &codes(&strand), &reference, &Scoring::default());
                    prop_assert_eq!(scored, (record.score, record.edit_distance));
                    prop_assert!(record.score >= AlignOptions::default().min_score);
                }
            }
        }
    }
}
