use bio::alignment::pairwise::{Aligner, Scoring as OracleScoring};
use proptest::prelude::*;

use super::banded::{BandedScratch, banded};
use super::cigar;
use super::one_gap::{Masked, OneGapScratch, one_gap};
use super::ungapped::{Diagonal, best_segment};
use super::wavefront::{self, WavefrontScratch};
use crate::alignment::{CigarKind, CigarOp};
use crate::options::Scoring;

/// A read that comes from a reference by substitutions, one deletion and one insertion.
fn derived() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let reference = prop::collection::vec(0u8..4, 60..140);
    let edits = prop::collection::vec((0usize..1000, 0u8..5), 0..6);
    let gaps = (0usize..1000, 0usize..9, 0usize..1000, prop::collection::vec(0u8..4, 0..9));
    (reference, edits, gaps).prop_map(|(reference, edits, (at, deleted, to, inserted))| {
        let mut read = reference[6..reference.len() - 6].to_vec();
        let start = at % (read.len() - 10);
        read.drain(start..start + deleted);
        let to = to % read.len();
        read.splice(to..to, inserted);
        for (at, code) in edits {
            let n = read.len();
            read[at % n] = code;
        }
        (read, reference)
    })
}

/// The oracle's best score less clips: the whole read against any part of the reference.
fn oracle(read: &[u8], reference: &[u8], scoring: &Scoring) -> i32 {
    let oracle = OracleScoring {
        // The oracle counts the first base of a gap as its opening.
        gap_open: -scoring.gap_open - scoring.gap_extend,
        gap_extend: -scoring.gap_extend,
        match_fn: |a: u8, b: u8| cigar::base_score(a, b, scoring),
        match_scores: None,
        xclip_prefix: -scoring.clip,
        xclip_suffix: -scoring.clip,
        yclip_prefix: 0,
        yclip_suffix: 0,
    };
    Aligner::with_capacity_and_scoring(read.len(), reference.len(), oracle).custom(read, reference).score
}

fn mask_of(read: &[u8], reference: &[u8], place: i64) -> Vec<u64> {
    let mut mask = vec![0; read.len().div_ceil(32)];
    for (i, &code) in read.iter().enumerate() {
        let at = place + i as i64;
        let other = usize::try_from(at).ok().and_then(|at| reference.get(at));
        if other != Some(&code) {
            mask[i / 32] |= 1 << (2 * (i % 32));
        }
    }
    mask
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn banded_alignment_is_as_good_as_a_full_one((read, reference) in derived()) {
        let scoring = Scoring::default();
        // A band that holds the whole matrix.
        let band = read.len() + reference.len();
        let mut padded = vec![super::banded::OUTSIDE; read.len()];
        padded.extend_from_slice(&reference);
        padded.resize(read.len() + band, super::banded::OUTSIDE);
        let found = banded(&read, &padded, band, &scoring, &mut BandedScratch::default()).unwrap();
        prop_assert_eq!(found.effective, oracle(&read, &reference, &scoring));
        let aligned = &padded[found.start..];
        let (score, _) = cigar::score(&found.cigar, &read, aligned, &scoring);
        prop_assert_eq!(score, found.score);
        let spanned: u32 = found.cigar.iter().filter(|op| op.consumes_read()).map(|op| op.len()).sum();
        prop_assert_eq!(spanned as usize, read.len());

        let mut moved = found.cigar.clone();
        cigar::left_align(&mut moved, &read, aligned);
        prop_assert_eq!(cigar::score(&moved, &read, aligned, &scoring).0, score);
    }

    #[test]
    fn the_fast_kernel_is_equal_to_the_plain_one(
        (read, reference) in derived(),
        band in 1usize..80,
        before in 0usize..20,
        after in 0usize..40,
    ) {
        let mut padded = vec![super::banded::OUTSIDE; before];
        padded.extend_from_slice(&reference);
        padded.resize(reference.len().max(read.len() + band) + after, super::banded::OUTSIDE);
        padded.resize(read.len() + band - 1, super::banded::OUTSIDE);
        let scoring = Scoring::default();
        let plain = banded(&read, &padded, band, &scoring, &mut BandedScratch::default());
        let mut scratch = WavefrontScratch::default();
        // Buffers that an earlier, larger task has left behind must not shine through.
        wavefront::align(&padded, &[read.clone(), padded.clone(), read.clone()].concat(), 9, &scoring, &mut scratch);
        prop_assert_eq!(wavefront::align(&read, &padded, band, &scoring, &mut scratch), plain);
    }

    #[test]
    fn one_gap_and_no_gap_are_found_as_by_a_full_alignment(
        reference in prop::collection::vec(0u8..4, 150),
        start in 30usize..50,
        split in 20usize..60,
        shift in -12i64..12,
        errors in prop::collection::vec(0usize..80, 0..3),
    ) {
        let scoring = Scoring::default();
        let mut read = reference[start..start + split].to_vec();
        if shift < 0 {
            read.extend((0..-shift).map(|i| ((i * 7 + start as i64) & 3) as u8));
        }
        let resumed = start + split + shift.max(0) as usize;
        read.extend_from_slice(&reference[resumed..(resumed + 30)]);
        for at in errors {
            let n = read.len();
            read[at % n] ^= 1;
        }
        let length = read.len();
        let bounds = (0, reference.len() as u64);
        let (a, b) = (start as i64, start as i64 + shift);
        let masks = [mask_of(&read, &reference, a), mask_of(&read, &reference, b)];
        let diagonals = [Diagonal::new(a, length, bounds), Diagonal::new(b, length, bounds)];
        let single = best_segment(&masks[0], diagonals[0], length, &scoring);
        let mut effective = single.effective;
        if shift != 0 {
            let left = Masked { diagonal: diagonals[0], mask: &masks[0] };
            let right = Masked { diagonal: diagonals[1], mask: &masks[1] };
            let found = one_gap(&left, &right, length, &scoring, &mut OneGapScratch::default());
            if let Some(found) = found {
                let mut ops = Vec::new();
                cigar::push(&mut ops, CigarKind::SoftClip, found.begin);
                cigar::push(&mut ops, CigarKind::Match, found.split - found.begin);
                let kind = if shift > 0 { CigarKind::Deletion } else { CigarKind::Insertion };
                cigar::push(&mut ops, kind, shift.unsigned_abs() as u32);
                let resumed = found.split + (-shift).max(0) as u32;
                cigar::push(&mut ops, CigarKind::Match, found.end - resumed);
                let aligned = &reference[start + found.begin as usize..];
                prop_assert_eq!(cigar::score(&ops, &read, aligned, &scoring).0, found.score);
                effective = effective.max(found.effective);
            }
        }
        // The full alignment may have more gaps, so it may be better, never worse; without errors it is this one.
        prop_assert!(effective <= oracle(&read, &reference, &scoring));
        prop_assert!(effective >= (split as i32 - 10 - scoring.clip).max(0) - 20);
    }
}

#[test]
fn gaps_move_to_the_left_end_of_a_repeat() {
    // Reference CATATATG, read CATATG: which AT is gone cannot be told; the first is taken.
    let reference = [1, 0, 3, 0, 3, 0, 3, 2];
    let read = [1, 0, 3, 0, 3, 2];
    let op = CigarOp::new;
    let mut ops = vec![op(CigarKind::Match, 5), op(CigarKind::Deletion, 2), op(CigarKind::Match, 1)];
    cigar::left_align(&mut ops, &read, &reference);
    assert_eq!(ops, [op(CigarKind::Match, 1), op(CigarKind::Deletion, 2), op(CigarKind::Match, 5)]);
    let mut ops = vec![op(CigarKind::Match, 5), op(CigarKind::Insertion, 2), op(CigarKind::Match, 1)];
    cigar::left_align(&mut ops, &reference, &read);
    assert_eq!(ops[0], op(CigarKind::Match, 1));
}
