//! A first panel: the marker that tells most open pairs apart, again and again; then those that turned out needless.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::*;

use super::calls::{NO_CLASS, Profiles};
use super::pairs::{PairSet, set_bits};
use super::task::Task;

/// What the plain greedy choice gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Greedy {
    /// Markers in the order of choice, the forced ones first.
    pub chosen: Vec<usize>,
    /// Pairs that stay told apart fewer times than asked for, because the rules allow no further marker.
    pub open: Vec<(usize, usize)>,
    /// For each chosen marker, the pairs that it told apart and that still needed it.
    pub gains: Vec<u64>,
}

/// Chooses markers by the most open pairs told apart per cost (lazily: the gain never grows); ties go to the marker that
/// comes first. With `most`, stops at so many markers.
pub fn greedy(task: &Task, most: Option<usize>) -> Greedy {
    let mut state = State::new(task);
    let mut out = Greedy::default();
    for &marker in &task.forced {
        out.gains.push(state.add(marker));
        out.chosen.push(marker);
    }
    let gains: Vec<u64> =
        (0..task.profiles.markers()).into_par_iter().map(|marker| state.gain(marker)).collect();
    let priority = |marker: usize, gain: u64| gain * 1_000_000 / u64::from(task.cost[marker].max(1));
    let mut heap: BinaryHeap<(u64, Reverse<usize>, usize)> = (0..gains.len())
        .filter(|marker| gains[*marker] > 0 && !task.forced.contains(marker))
        .map(|marker| (priority(marker, gains[marker]), Reverse(marker), out.chosen.len()))
        .collect();
    while let Some((_, Reverse(marker), asked)) = heap.pop() {
        if state.left == 0 || most.is_some_and(|most| out.chosen.len() >= most) {
            break;
        }
        if !task.rules.allow(&out.chosen, marker) {
            continue;
        }
        if asked == out.chosen.len() {
            out.gains.push(state.add(marker));
            out.chosen.push(marker);
            continue;
        }
        let gain = state.gain(marker);
        if gain > 0 {
            heap.push((priority(marker, gain), Reverse(marker), out.chosen.len()));
        }
    }
    fill_quotas(task, &mut out.chosen);
    out.gains.resize(out.chosen.len(), 0);
    out.open =
        (0..task.profiles.samples()).flat_map(|a| state.open.partners(a).map(move |b| (a, b))).collect();
    out
}

/// Adds the markers that tell most pairs apart where a contig has fewer than it should.
fn fill_quotas(task: &Task, chosen: &mut Vec<usize>) {
    let lacking = task.rules.lacking(chosen);
    if lacking.is_empty() {
        return;
    }
    let fresh = State::new(task);
    for (contig, missing) in lacking {
        let mut own: Vec<(u64, usize)> = (0..task.profiles.markers())
            .filter(|&marker| task.rules.contig[marker] == contig && !chosen.contains(&marker))
            .map(|marker| (fresh.gain(marker), marker))
            .collect();
        own.sort_by_key(|&(gain, marker)| (Reverse(gain), marker));
        let mut added = 0;
        for (_, marker) in own {
            if added < missing && task.rules.allow(chosen, marker) {
                chosen.push(marker);
                added += 1;
            }
        }
    }
}

/// Takes markers out whose pairs are all told apart often enough without them, the costliest and latest first.
pub fn without_needless(task: &Task, chosen: &[usize]) -> Vec<usize> {
    let mut kept = chosen.to_vec();
    let mut order: Vec<usize> = (0..chosen.len()).collect();
    order.sort_by_key(|&place| (Reverse(task.cost[chosen[place]]), Reverse(place)));
    let mut counts = task.counts(chosen);
    for place in order {
        let marker = chosen[place];
        if task.forced.contains(&marker) || !task.rules.allow_without(&kept, marker) {
            continue;
        }
        let codes = task.profiles.marker(marker);
        let is_needed = (0..codes.len()).into_par_iter().any(|a| {
            task.required
                .partners(a)
                .any(|b| super::calls::differ(codes[a], codes[b]) && counts[a][b] <= task.depth)
        });
        if is_needed {
            continue;
        }
        kept.retain(|&other| other != marker);
        counts.par_iter_mut().enumerate().for_each(|(a, row)| {
            for (count, &code) in row.iter_mut().zip(codes) {
                *count -= u8::from(super::calls::differ(codes[a], code));
            }
        });
    }
    kept
}

/// The required pairs that each marker tells apart.
pub(super) fn usefulness(task: &Task) -> Vec<u64> {
    let fresh = State::new(task);
    (0..task.profiles.markers()).into_par_iter().map(|marker| fresh.gain(marker)).collect()
}

/// The required pairs that each of some markers tells apart.
pub(super) fn usefulness_of(task: &Task, markers: &[usize]) -> Vec<u64> {
    let fresh = State::new(task);
    markers.iter().map(|&marker| fresh.gain(marker)).collect()
}

/// Pairs that still need markers, and how many times each is told apart.
pub(super) struct State<'a> {
    profiles: &'a Profiles,
    depth: u8,
    pub(super) open: PairSet,
    counts: Vec<Vec<u8>>,
    pub(super) left: usize,
}

impl<'a> State<'a> {
    pub(super) fn new(task: &'a Task) -> Self {
        let counts = (0..task.profiles.samples()).map(|a| vec![0; a]).collect();
        let (open, left) = (task.required.clone(), task.required.len());
        Self { profiles: &task.profiles, depth: task.depth, open, counts, left }
    }

    /// Open pairs that a marker tells apart.
    pub(super) fn gain(&self, marker: usize) -> u64 {
        let codes = self.profiles.marker(marker);
        let classes = Classes::of(codes);
        let row = |a: usize| -> u64 {
            let class = usize::from(codes[a]);
            if class == usize::from(NO_CLASS) {
                return 0;
            }
            let words = a.div_ceil(64);
            let (open, own) = (&self.open.row(a)[..words], &classes.row(class)[..words]);
            let present = &classes.row(usize::from(NO_CLASS))[..words];
            let both = open.iter().zip(own).zip(present);
            both.map(|((open, own), present)| u64::from((open & present & !own).count_ones())).sum()
        };
        (0..codes.len()).map(row).sum()
    }

    /// Takes a marker; gives the open pairs that it tells apart.
    pub(super) fn add(&mut self, marker: usize) -> u64 {
        let codes = self.profiles.marker(marker);
        let classes = Classes::of(codes);
        let (mut gain, depth) = (0, self.depth);
        for (a, &code) in codes.iter().enumerate() {
            let class = usize::from(code);
            if class == usize::from(NO_CLASS) {
                continue;
            }
            let words = a.div_ceil(64);
            let (own, present) = (classes.row(class), classes.row(usize::from(NO_CLASS)));
            let row = self.open.row_mut(a);
            for word in 0..words {
                let told = [row[word] & present[word] & !own[word]];
                for bit in set_bits(&told) {
                    let count = &mut self.counts[a][word * 64 + bit];
                    *count += 1;
                    gain += 1;
                    if *count >= depth {
                        row[word] &= !(1 << bit);
                        self.left -= 1;
                    }
                }
            }
        }
        gain
    }
}

/// The samples of each class as bits; those with a class at all in the place of [`NO_CLASS`].
struct Classes {
    words: usize,
    bits: Vec<u64>,
}

impl Classes {
    fn of(codes: &[u8]) -> Self {
        let words = codes.len().div_ceil(64);
        let most = codes.iter().copied().max().unwrap_or(0);
        let mut bits = vec![0u64; words * (usize::from(most) + 1)];
        for (sample, &code) in codes.iter().enumerate().filter(|(_, code)| **code != NO_CLASS) {
            let (word, bit) = (sample / 64, 1 << (sample % 64));
            bits[usize::from(code) * words + word] |= bit;
            bits[word] |= bit;
        }
        Self { words, bits }
    }

    fn row(&self, class: usize) -> &[u64] {
        &self.bits[class * self.words..(class + 1) * self.words]
    }
}
