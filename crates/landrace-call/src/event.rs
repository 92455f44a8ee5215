//! Differences between a haplotype and the reference.

/// A difference, as small as it can be written: one other base, or inserted, or deleted bases.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Event {
    /// First base of the reference that is replaced, or before which is inserted; an index.
    pub(crate) start: usize,
    /// Bases of the reference that are replaced.
    pub(crate) removed: usize,
    /// Codes of the bases put there.
    pub(crate) added: Vec<u8>,
}

impl Event {
    /// One past the last base of the reference that is replaced.
    pub(crate) fn end(&self) -> usize {
        self.start + self.removed
    }

    /// Whether it changes the length.
    pub(crate) fn is_gap(&self) -> bool {
        self.removed != self.added.len()
    }

    /// Bases by which the haplotype grows.
    pub(crate) fn growth(&self) -> isize {
        self.added.len() as isize - self.removed as isize
    }

    /// Moves an indel as far left as it goes without changing the haplotype, not past `limit`.
    pub(crate) fn shift_left(&mut self, reference: &[u8], limit: usize) {
        if !self.is_gap() {
            return;
        }
        while self.start > limit {
            let before = reference[self.start - 1];
            if self.added.is_empty() {
                if before != reference[self.start + self.removed - 1] {
                    return;
                }
            } else {
                if self.added.last() != Some(&before) {
                    return;
                }
                self.added.rotate_right(1);
            }
            self.start -= 1;
        }
    }
}

/// Scores of the alignment of a haplotype to the reference.
const EQUAL: i32 = 1;
const OTHER: i32 = -4;
const OPEN: i32 = -6;
const EXTEND: i32 = -1;
const NEVER: i32 = i32::MIN / 2;

/// The differences between `reference` and `haplotype`, whose ends are anchored, left to right; indels lie as
/// far left as they can.
pub(crate) fn events(reference: &[u8], haplotype: &[u8]) -> Vec<Event> {
    let head = reference.iter().zip(haplotype).take_while(|(a, b)| a == b).count();
    let (r, h) = (&reference[head..], &haplotype[head..]);
    let tail = r.iter().rev().zip(h.iter().rev()).take_while(|(a, b)| a == b).count();
    let (r, h) = (&r[..r.len() - tail], &h[..h.len() - tail]);
    let mut found = match (r.len(), h.len()) {
        (0, 0) => Vec::new(),
        (removed, 0) => vec![Event { start: 0, removed, added: Vec::new() }],
        (0, _) => vec![Event { start: 0, removed: 0, added: h.to_vec() }],
        (1, 1) => vec![Event { start: 0, removed: 1, added: h.to_vec() }],
        _ => aligned(r, h),
    };
    let mut limit = 0;
    for event in &mut found {
        event.start += head;
        event.shift_left(reference, limit);
        limit = event.end();
    }
    found
}

/// Global alignment with affine gaps (Gotoh 1982); of equal ones, the one whose gaps lie furthest left.
fn aligned(r: &[u8], h: &[u8]) -> Vec<Event> {
    let columns = h.len() + 1;
    let at = |i: usize, j: usize| i * columns + j;
    let size = (r.len() + 1) * columns;
    // Best scores of alignments that end in a pair, in a removed and in an added base.
    let mut best = [vec![NEVER; size], vec![NEVER; size], vec![NEVER; size]];
    best[0][0] = 0;
    for i in 0..=r.len() {
        for j in 0..=h.len() {
            if i > 0 && j > 0 {
                let score = if r[i - 1] == h[j - 1] { EQUAL } else { OTHER };
                best[0][at(i, j)] = (0..3).map(|s| best[s][at(i - 1, j - 1)]).max().unwrap_or(NEVER) + score;
            }
            if i > 0 {
                let from = at(i - 1, j);
                let open = best[0][from].max(best[2][from]) + OPEN;
                best[1][at(i, j)] = open.max(best[1][from]) + EXTEND;
            }
            if j > 0 {
                let from = at(i, j - 1);
                let open = best[0][from].max(best[1][from]) + OPEN;
                best[2][at(i, j)] = open.max(best[2][from]) + EXTEND;
            }
        }
    }
    trace(r, h, &best)
}

fn trace(r: &[u8], h: &[u8], best: &[Vec<i32>; 3]) -> Vec<Event> {
    let columns = h.len() + 1;
    let (mut i, mut j) = (r.len(), h.len());
    let highest = |cell: usize, states: [usize; 3]| {
        states.into_iter().max_by_key(|&s| (best[s][cell], usize::MAX - s)).unwrap_or(0)
    };
    let mut state = highest(i * columns + j, [0, 1, 2]);
    let mut found: Vec<Event> = Vec::new();
    while i > 0 || j > 0 {
        let here = best[state][i * columns + j];
        match state {
            0 => {
                (i, j) = (i - 1, j - 1);
                if r[i] != h[j] {
                    found.push(Event { start: i, removed: 1, added: vec![h[j]] });
                }
                state = highest(i * columns + j, [0, 1, 2]);
            }
            1 => {
                i -= 1;
                match found.last_mut() {
                    Some(last) if last.is_gap() && last.start == i + 1 && last.added.is_empty() => {
                        (last.start, last.removed) = (i, last.removed + 1);
                    }
                    _ => found.push(Event { start: i, removed: 1, added: Vec::new() }),
                }
                if best[1][i * columns + j] + EXTEND != here {
                    state = highest(i * columns + j, [0, 2, 2]);
                }
            }
            _ => {
                j -= 1;
                match found.last_mut() {
                    Some(last) if last.removed == 0 && last.start == i => last.added.insert(0, h[j]),
                    _ => found.push(Event { start: i, removed: 0, added: vec![h[j]] }),
                }
                if best[2][i * columns + j] + EXTEND != here {
                    state = highest(i * columns + j, [0, 1, 1]);
                }
            }
        }
    }
    found.reverse();
    found
}

/// The haplotype that events make of a reference. The events are in order and do not overlap.
pub(crate) fn applied(reference: &[u8], events: &[Event]) -> Vec<u8> {
    let mut haplotype = Vec::with_capacity(reference.len());
    let mut at = 0;
    for event in events {
        haplotype.extend_from_slice(&reference[at..event.start]);
        haplotype.extend_from_slice(&event.added);
        at = event.end();
    }
    haplotype.extend_from_slice(&reference[at..]);
    haplotype
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::read::base_code;

    fn codes(text: &str) -> Vec<u8> {
        text.bytes().map(base_code).collect()
    }

    #[test]
    fn indels_lie_left_and_bases_stay_single() {
        let found = events(&codes("GGCAAAATGC"), &codes("GGCAAATGC"));
        assert_eq!(found, [Event { start: 3, removed: 1, added: vec![] }]);
        let found = events(&codes("GCACACATT"), &codes("GCACACACATT"));
        assert_eq!(found, [Event { start: 1, removed: 0, added: codes("CA") }]);
        let found = events(&codes("GATTACAGG"), &codes("GCTTAGAGG"));
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|event| !event.is_gap()));
    }

    proptest! {
        #[test]
        fn events_make_the_haplotype(
            reference in prop::collection::vec(0u8..3, 4..40),
            haplotype in prop::collection::vec(0u8..3, 4..40),
        ) {
            let (mut r, mut h) = (vec![3], vec![3]);
            r.extend(reference);
            h.extend(haplotype);
            let found = events(&r, &h);
            prop_assert_eq!(applied(&r, &found), h);
            prop_assert!(found.windows(2).all(|pair| pair[0].end() <= pair[1].start));
        }
    }
}
