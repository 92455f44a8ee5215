use std::sync::Arc;

use landrace_genome::Position;
use proptest::prelude::*;

use super::*;
use crate::block::{CallGatherer, Layers};
use crate::matrix::GenotypeMatrix;
use crate::plane::MISSING;
use crate::source::SourceHeader;

/// Blocks of a few variants each, of one contig, at these positions.
fn matrix(contig: &str, ploidies: &[u8], rows: &[(u64, Vec<u8>)], size: usize) -> Vec<GenotypeBlock> {
    let blocks = rows.chunks(size).map(|rows| {
        let mut gatherer = CallGatherer::new(ploidies.len());
        rows.iter().for_each(|(_, row)| gatherer.push(ploidies, row));
        let site =
            |(position, _): &(u64, Vec<u8>)| Site { position: Position::new(*position), ..Site::default() };
        GenotypeBlock {
            contig: contig.into(),
            samples: ploidies.len(),
            sites: rows.iter().map(site).collect(),
            groups: gatherer.take(2),
            layers: Layers::default(),
        }
    });
    blocks.collect()
}

fn kept(blocks: Vec<GenotypeBlock>, options: PruneOptions) -> Vec<bool> {
    let matrix = Arc::new(GenotypeMatrix::from_blocks(SourceHeader::default(), blocks));
    let mut told = Vec::new();
    let out = prune(&mut matrix.source(), &options, &mut |_, verdict| {
        told.push(verdict.is_kept);
        Ok(())
    });
    assert_eq!(out.unwrap().kept, told);
    told
}

/// The rule as it is written, over whole windows of a contig, without slots or rings.
fn by_hand(rows: &[(u64, Vec<u8>)], ploidies: &[u8], options: PruneOptions) -> Vec<bool> {
    let blocks = matrix("1", ploidies, rows, rows.len());
    let matrix = GenotypeMatrix::from_blocks(SourceHeader::default(), blocks);
    let balance = |i: usize| {
        let counts = matrix.counts(i);
        let all: u64 = counts.alleles.iter().sum();
        *counts.alleles.iter().max().unwrap() as f64 / all as f64
    };
    let mut kept: Vec<bool> = (0..rows.len()).map(|i| matrix.r2(i, i).is_some() || rows.len() == 1).collect();
    let mut unchecked: Vec<usize> = (1..=rows.len()).collect();
    let mut start = 0;
    let end_of = |start: usize| match options.window {
        Window::Variants(size) => (start + size).min(rows.len()),
        Window::Bases(size) => {
            (start..rows.len()).take_while(|&i| rows[i].0 <= rows[start].0 + size).count() + start
        }
    };
    loop {
        let end = end_of(start);
        loop {
            let mut removed = false;
            for first in start..end {
                if !kept[first] {
                    continue;
                }
                let above = (first + 1..end).find(|&second| {
                    second >= unchecked[first]
                        && kept[second]
                        && matrix.r2(first, second).is_some_and(|r2| r2 > options.r2 + 1e-12)
                });
                match above {
                    None => unchecked[first] = end,
                    Some(second) if balance(first) > balance(second) + 1e-12 => kept[first] = false,
                    Some(second) => (kept[second], unchecked[first]) = (false, second + 1),
                }
                removed |= above.is_some();
            }
            if !removed {
                break;
            }
        }
        if end == rows.len() {
            return kept;
        }
        start = match options.window {
            Window::Variants(_) => start + options.step,
            Window::Bases(size) => {
                (start + 1..rows.len()).find(|&i| rows[i].0 + size >= rows[end].0).unwrap()
            }
        };
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn the_same_variants_stay_as_by_the_rule(
        ploidy in prop::sample::select(vec![vec![1u8], vec![2], vec![4], vec![6], vec![2, 4]]),
        samples in 4usize..30,
        seeds in prop::collection::vec((any::<u64>(), 1u64..6, 0usize..4), 2..60),
        size in 2usize..9, step in 1usize..9, bases in 3u64..20, by_bases in any::<bool>(), chunk in 1usize..20,
    ) {
        let ploidies: Vec<u8> = (0..samples).map(|i| ploidy[i % ploidy.len()]).collect();
        // Neighbours resemble each other: some calls are those of a variant before.
        let (mut rows, mut position) = (Vec::<(u64, Vec<u8>)>::new(), 0);
        for &(seed, gap, back) in &seeds {
            position += gap;
            let mut random = seed | 1;
            let row = (0..samples).map(|sample| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let old = rows.len().checked_sub(back + 1).map(|i| rows[i].1[sample]);
                match (random >> 20) % 20 {
                    0 => MISSING,
                    1..15 if old.is_some() => old.unwrap_or(0),
                    _ => ((random >> 40) % u64::from(ploidies[sample] + 1)) as u8,
                }
            }).collect();
            rows.push((position, row));
        }
        let window = if by_bases { Window::Bases(bases) } else { Window::Variants(size) };
        let options = PruneOptions { window, step: step.min(size), r2: 0.3 };
        // Gaps are smaller than the window, so that no variant is without neighbours.
        prop_assume!(!by_bases || bases >= 6);
        let expected = by_hand(&rows, &ploidies, options);
        prop_assert_eq!(kept(matrix("1", &ploidies, &rows, chunk), options), expected.clone());
        let mut twice = matrix("1", &ploidies, &rows, chunk);
        twice.extend(matrix("2", &ploidies, &rows, chunk));
        prop_assert_eq!(kept(twice, options), [expected.clone(), expected].concat());
    }
}

#[test]
fn constant_variants_go_unless_they_have_no_neighbour() {
    let rows = |positions: &[u64]| positions.iter().map(|&p| (p, vec![1, 1, 1])).collect::<Vec<_>>();
    let options = PruneOptions { window: Window::Bases(10), step: 1, r2: 0.5 };
    assert_eq!(
        kept(matrix("1", &[2, 2, 2], &rows(&[5, 100, 105, 200]), 2), options),
        [true, false, false, true]
    );
    let options = PruneOptions { window: Window::Variants(5), step: 1, r2: 0.5 };
    assert_eq!(kept(matrix("1", &[2, 2, 2], &rows(&[5]), 2), options), [true]);
    assert_eq!(kept(matrix("1", &[2, 2, 2], &rows(&[5, 100]), 2), options), [false, false]);
}

#[test]
fn what_cannot_be_pruned_is_said() {
    let fails = |blocks: Vec<GenotypeBlock>, options: PruneOptions| {
        let matrix = Arc::new(GenotypeMatrix::from_blocks(SourceHeader::default(), blocks));
        prune(&mut matrix.source(), &options, &mut |_, _| Ok(())).unwrap_err().to_string()
    };
    let rows = [(7, vec![0, 1]), (5, vec![1, 0])];
    let bases = PruneOptions { window: Window::Bases(10), ..PruneOptions::default() };
    assert!(fails(matrix("1", &[2, 2], &rows, 1), bases).contains("sort the file"));
    let mut again = matrix("1", &[2, 2], &rows, 1);
    again.extend(matrix("2", &[2, 2], &rows, 1));
    again.extend(matrix("1", &[2, 2], &rows, 1));
    assert!(fails(again, PruneOptions::default()).contains("not together"));
    let step = PruneOptions { step: 60, ..PruneOptions::default() };
    assert!(fails(matrix("1", &[2, 2], &rows, 1), step).contains("step"));
}
