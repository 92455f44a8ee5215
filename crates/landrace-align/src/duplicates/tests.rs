use std::collections::BTreeMap;

use landrace_genome::ContigId;
use landrace_genome::read::Read;
use proptest::prelude::*;

use super::*;
use crate::alignment::{CigarKind, ReadAlignment};

/// A mate of the property tests: start, strand, clip at its 5' end, whether it is mapped, its base quality.
type Mate = (u64, bool, u32, bool, u8);

struct Fragment {
    name: String,
    library: u16,
    first: Mate,
    second: Option<Mate>,
}

const LENGTH: u32 = 20;

fn alignment(mate: Mate) -> Option<Alignment> {
    let (start, is_reverse, clip, is_mapped, _) = mate;
    let aligned = CigarOp::new(CigarKind::Match, LENGTH - clip);
    let clipped = CigarOp::new(CigarKind::SoftClip, clip);
    let cigar = match (clip, is_reverse) {
        (0, _) => vec![aligned],
        (_, false) => vec![clipped, aligned],
        (_, true) => vec![aligned, clipped],
    };
    is_mapped.then(|| Alignment {
        contig: ContigId(u32::from(start % 7 == 0)),
        start,
        is_reverse,
        mapping_quality: 60,
        cigar,
        score: 0,
        second_score: None,
        edit_distance: 0,
    })
}

fn found(fragments: &[Fragment], memory: usize) -> Vec<bool> {
    let folder = tempfile::tempdir().unwrap();
    let mut finder = DuplicateFinder::new(memory, folder.path());
    for (number, fragment) in (0..).zip(fragments) {
        let qualities = |mate: Mate| [mate.4; LENGTH as usize];
        let (first, second) = (qualities(fragment.first), fragment.second.map(qualities));
        let read = |qualities| WholeRead {
            read: Read { name: fragment.name.as_bytes(), sequence: &[b'A'; LENGTH as usize], qualities },
            kept: LENGTH as usize,
        };
        let placed = |mate| ReadAlignment { primary: alignment(mate), supplementary: Vec::new() };
        let fragment_alignment = FragmentAlignment {
            first: placed(fragment.first),
            second: fragment.second.map(placed),
            is_proper_pair: false,
        };
        let mut signatures = Signatures::default();
        let reads = (read(&first[..]), second.as_ref().map(|second| read(&second[..])));
        signatures.note(reads, &fragment_alignment, (number, fragment.library));
        finder.push(&signatures).unwrap();
    }
    let found = finder.decide().unwrap();
    (0..fragments.len() as u64).map(|number| found.contains(number)).collect()
}

/// The rule told plainly: sets of equal ends, and a best one of each.
fn plainly(fragments: &[Fragment]) -> Vec<bool> {
    type End = (u16, u32, i64, bool);
    let end = |library: u16, mate: Mate| -> Option<(End, u64)> {
        let at = alignment(mate)?;
        let clip = i64::from(mate.2);
        let five = if at.is_reverse { at.end() as i64 + clip } else { at.start as i64 + 1 - clip };
        Some(((library, at.contig.0, five, at.is_reverse), at.start))
    };
    let score = |mate: Mate| if mate.4 >= 15 { u64::from(mate.4) * u64::from(LENGTH) } else { 0 };
    let mut pairs: BTreeMap<(End, End), Vec<_>> = BTreeMap::new();
    let mut singles: BTreeMap<End, Vec<_>> = BTreeMap::new();
    let mut ends = std::collections::BTreeSet::new();
    for (number, fragment) in fragments.iter().enumerate() {
        let first = end(fragment.library, fragment.first).map(|end| (end, 0, fragment.first));
        let second = fragment.second.and_then(|mate| Some((end(fragment.library, mate)?, 1, mate)));
        let tile = location::of(fragment.name.as_bytes());
        match (first, second) {
            (Some(a), Some(b)) => {
                ends.extend([a.0.0, b.0.0]);
                let place = |((end, start), mate, _): &((End, u64), i32, Mate)| (end.1, end.2, *start, *mate);
                let (mut left, mut right) = if place(&a) <= place(&b) { (a, b) } else { (b, a) };
                let is_same = (left.0.0.1, left.0.0.2) == (right.0.0.1, right.0.0.2);
                let start = left.0.1;
                if is_same && left.0.0.3 && !right.0.0.3 {
                    (left, right) = (right, left);
                }
                let order = (std::cmp::Reverse(score(a.2) + score(b.2)), tile, start, number);
                pairs.entry((left.0.0, right.0.0)).or_default().push(order);
            }
            (Some((end, _, mate)), None) | (None, Some((end, _, mate))) => {
                let order = (std::cmp::Reverse(score(mate)), tile, end.1, number);
                singles.entry(end.0).or_default().push(order);
            }
            (None, None) => {}
        }
    }
    let mut found = vec![false; fragments.len()];
    for group in pairs.values() {
        let best = group.iter().min().unwrap().3;
        group.iter().filter(|member| member.3 != best).for_each(|member| found[member.3] = true);
    }
    for (end, group) in &singles {
        let best = group.iter().min().unwrap().3;
        let others = group.iter().filter(|member| member.3 != best || ends.contains(end));
        others.for_each(|member| found[member.3] = true);
    }
    found
}

fn mate() -> impl Strategy<Value = Mate> {
    (0u64..9, any::<bool>(), 0u32..3, prop::bool::weighted(0.8), prop::sample::select(vec![2u8, 14, 15, 30]))
}

proptest! {
    #[test]
    fn the_same_are_found_as_by_the_plain_rule(
        drawn in prop::collection::vec((mate(), prop::option::of(mate()), 0u16..2, 0u32..4), 0..120),
    ) {
        let fragments: Vec<Fragment> = drawn
            .into_iter()
            .map(|(first, second, library, tile)| Fragment {
                name: if tile == 0 { "read".to_owned() } else { format!("m:1:{tile}:5:6") },
                library,
                first,
                second,
            })
            .collect();
        let expected = plainly(&fragments);
        prop_assert_eq!(found(&fragments, 1 << 20), expected.clone());
        prop_assert_eq!(found(&fragments, 100), expected);
    }
}

#[test]
fn the_best_of_three_copies_stays_and_other_libraries_do_not_count() {
    let pair = |library, quality| Fragment {
        name: "r".into(),
        library,
        first: (100, false, 0, true, quality),
        second: Some((180, true, 0, true, 30)),
    };
    let clipped = Fragment { first: (102, false, 2, true, 20), ..pair(0, 20) };
    let fragments = [pair(0, 30), pair(0, 35), pair(1, 20), clipped];
    assert_eq!(found(&fragments, 1 << 20), [true, false, false, true]);
}
