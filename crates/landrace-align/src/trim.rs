//! Bases at the end of a read that are not the sample's, or hardly readable.
//!
//! Three things are cut, always from the 3' end: adapter that was read through a short insert (found by the
//! overlap of the mates, or by the adapter's first bases), a tail of G (no signal, on two-colour instruments),
//! and a tail of low quality. What is cut is not aligned but written as soft-clipped, so nothing is lost, and 5'
//! ends stay, so duplicates stay what they are.

use landrace_genome::read::{PairBatch, Read};

/// Shortest overlap of mates that tells an insert, in bases.
const MIN_OVERLAP: usize = 30;
/// Shortest overlap if the adapter follows it.
const MIN_OVERLAP_BEFORE_ADAPTER: usize = 12;
/// One mismatch is allowed for so many bases of overlap.
const BASES_A_MISMATCH: usize = 12;
/// First bases of the adapters of Illumina's TruSeq and Nextera kits.
const ADAPTERS: [&[u8]; 2] = [b"AGATCGGAAGAGC", b"CTGTCTCTTATACACATCT"];
/// Bases of an adapter at the very end of a read that are enough to cut it.
const MIN_ADAPTER: usize = 8;
/// Shortest tail of G.
const MIN_POLY_G: usize = 15;
/// Quality around which a tail is bad (BWA's running sum), Phred.
const TAIL_QUALITY: i32 = 10;
/// A tail of low quality is cut only to so many bases: a short read is worse than a bad one.
const MIN_KEPT: usize = 36;

/// Cuts the reads of a batch.
pub(crate) fn trim(batch: &mut PairBatch) {
    for index in 0..batch.first.len() {
        let first = batch.first.get(index);
        if batch.second.is_empty() {
            let kept = kept_alone(first);
            batch.first.shorten(index, kept);
            continue;
        }
        let second = batch.second.get(index);
        let insert = insert_size(first.sequence, second.sequence).unwrap_or(usize::MAX);
        let kept = [first, second].map(|read| kept_alone(read).min(insert));
        batch.first.shorten(index, kept[0]);
        batch.second.shorten(index, kept[1]);
    }
}

/// Bases of a read that stay if its mate tells nothing.
fn kept_alone(read: Read<'_>) -> usize {
    let kept = read.sequence.len() - poly_g(read.sequence);
    let kept = adapter(&read.sequence[..kept]).unwrap_or(kept);
    good_quality(read.qualities, kept)
}

/// Where an adapter starts.
fn adapter(sequence: &[u8]) -> Option<usize> {
    (0..sequence.len()).find(|&start| ADAPTERS.iter().any(|adapter| is_adapter(&sequence[start..], adapter)))
}

/// Whether the bases are an adapter's first: one mismatch in a whole one, none in a piece at the end.
fn is_adapter(bases: &[u8], adapter: &[u8]) -> bool {
    let length = bases.len().min(adapter.len());
    let limit = usize::from(length == adapter.len());
    if length < MIN_ADAPTER || bases[0] != adapter[0] {
        return false;
    }
    bases.iter().zip(adapter).filter(|(a, b)| a != b).take(limit + 1).count() <= limit
}

/// Length of the tail of G: at most one other base in eight, and it starts with a G.
fn poly_g(sequence: &[u8]) -> usize {
    let (mut others, mut tail) = (0, 0);
    for (length, base) in (1..).zip(sequence.iter().rev()) {
        if *base == b'G' {
            tail = length;
        } else {
            others += 1;
            if others > length / 8 {
                break;
            }
        }
    }
    if tail >= MIN_POLY_G { tail } else { 0 }
}

/// Bases that stay of `kept` when the tail of low quality is cut.
fn good_quality(qualities: &[u8], kept: usize) -> usize {
    let (mut sum, mut best) = (0, (0, kept));
    for at in (MIN_KEPT.min(kept)..kept.min(qualities.len())).rev() {
        sum += TAIL_QUALITY - i32::from(qualities[at]);
        if sum < 0 {
            break;
        }
        if sum > best.0 {
            best = (sum, at);
        }
    }
    best.1
}

/// The insert size, if the mates overlap over its whole length and read past it.
fn insert_size(first: &[u8], second: &[u8]) -> Option<usize> {
    let longest = first.len().min(second.len());
    let found = (MIN_OVERLAP_BEFORE_ADAPTER..=longest).rev().find(|&insert| {
        let limit = insert / BASES_A_MISMATCH;
        let pairs = first[..insert].iter().zip(second[..insert].iter().rev());
        let is_overlap = pairs.filter(|(a, b)| **a != complement(**b)).take(limit + 1).count() <= limit;
        let is_long = insert >= MIN_OVERLAP;
        is_overlap && (is_long || starts_adapter(&first[insert..]) || starts_adapter(&second[insert..]))
    });
    // Mates that overlap whole may lie in a tandem repeat, which overlaps itself in many ways: nothing is told.
    found.filter(|&insert| insert < longest || first.len() != second.len())
}

fn starts_adapter(bases: &[u8]) -> bool {
    ADAPTERS.iter().any(|adapter| is_adapter(bases, adapter))
}

fn complement(base: u8) -> u8 {
    match base {
        b'A' => b'T',
        b'C' => b'G',
        b'G' => b'C',
        b'T' => b'A',
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(length: usize, seed: u64) -> Vec<u8> {
        let mut state = seed;
        let next = |state: &mut u64| {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            b"ACGT"[(*state >> 62) as usize]
        };
        (0..length).map(|_| next(&mut state)).collect()
    }

    fn reverse_complement(bases: &[u8]) -> Vec<u8> {
        bases.iter().rev().map(|&base| complement(base)).collect()
    }

    fn kept(first: &[u8], second: Option<&[u8]>) -> (usize, usize) {
        let mut batch = PairBatch::default();
        batch.first.push(Read { name: b"a", sequence: first, qualities: &[] }, 1);
        if let Some(second) = second {
            batch.second.push(Read { name: b"a", sequence: second, qualities: &[] }, 1);
        }
        trim(&mut batch);
        let length = |reads: &landrace_genome::read::ReadBatch| {
            reads.iter().next().map_or(0, |read| read.sequence.len())
        };
        (length(&batch.first), length(&batch.second))
    }

    #[test]
    fn short_inserts_are_found_by_the_overlap_of_the_mates() {
        for insert in [20, 31, 60, 99] {
            let genome = random(insert, 3);
            let read = |bases: Vec<u8>, adapter: &[u8]| {
                [bases, adapter.to_vec(), random(80, 9)].concat()[..100].to_vec()
            };
            let first = read(genome.clone(), b"AGATCGGAAGAGCACACGTCTGAACTCCAGTCA");
            let second = read(reverse_complement(&genome), b"AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGT");
            assert_eq!(kept(&first, Some(&second)), (insert, insert), "{insert}");
        }
    }

    #[test]
    fn long_inserts_stay_whole() {
        let genome = random(400, 5);
        let second = reverse_complement(&genome[280..]);
        assert_eq!(kept(&genome[..120], Some(&second[..120])), (120, 120));
        let tandem = b"AT".repeat(60);
        assert_eq!(kept(&tandem, Some(&tandem)), (120, 120));
    }

    #[test]
    fn tails_of_g_and_adapters_of_single_reads_are_cut() {
        let genome = random(80, 7);
        assert_eq!(
            kept(&[genome.clone(), b"GGGGGGGGGGAGGGGGGGGG".to_vec()].concat(), None).0,
            genome.iter().rposition(|&base| base != b'G').unwrap() + 1
        );
        assert_eq!(kept(&[genome.clone(), b"AGATCGGAAGTGCACACGT".to_vec()].concat(), None).0, 80);
        assert_eq!(kept(&[genome.clone(), b"CTGTCTCTTA".to_vec()].concat(), None).0, 80);
    }

    #[test]
    fn a_bad_tail_is_cut_but_not_too_far() {
        let mut qualities = vec![35; 100];
        qualities[90..].fill(2);
        assert_eq!(good_quality(&qualities, 100), 90);
        assert_eq!(good_quality(&[2; 100], 100), 36);
        assert_eq!(good_quality(&[2; 20], 20), 20);
        assert_eq!(good_quality(&[], 100), 100);
    }
}
