//! How often each pair is told apart by the markers of a panel, and how much each counts in the search.
//!
//! All pairs are held, 256 to a block: a block is a stretch of the accessions before one accession. The number of times
//! that each pair is told apart is held as bit planes, so that a marker comes or goes by a ripple of carries over whole
//! words, and the pairs that are open or just told apart come out of the same pass.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::super::calls::NO_CLASS;
use super::super::pairs::set_bits;
use super::super::task::Task;

/// Words of a block.
const LANES: usize = 4;
/// Pairs of a block.
const BLOCK: usize = 64 * LANES;
/// Planes of a count: up to 255 markers.
const PLANES: usize = 8;

type Bits = [u64; LANES];

/// A pair (a, b), a > b, and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) a: u32,
    pub(super) b: u32,
    id: u64,
}

/// All pairs. About 1.4 bytes a pair of accessions, and 16 bytes for each that was ever open after a step.
pub(super) struct Counts<'a> {
    task: &'a Task,
    /// First block of each accession, and the number of blocks.
    first: Vec<usize>,
    required: Vec<Bits>,
    planes: Vec<[Bits; PLANES]>,
    /// Pairs told apart too seldom, and those told apart just often enough.
    open: Vec<Bits>,
    tight: Vec<Bits>,
    /// Number of markers that are counted.
    size: usize,
    /// Bits of the classes of the marker that comes or goes: those with a call first.
    classes: Vec<Bits>,
    /// What pairs weigh that were open; others weigh 1.
    weights: HashMap<u64, u16, BuildHasherDefault<Scatter>>,
}

impl<'a> Counts<'a> {
    pub(super) fn new(task: &'a Task) -> Self {
        let samples = task.profiles.samples();
        let mut first = Vec::with_capacity(samples + 1);
        let mut blocks = 0;
        for a in 0..=samples {
            first.push(blocks);
            blocks += a.div_ceil(BLOCK);
        }
        let blocks = first[samples];
        let mut required = vec![[0; LANES]; blocks];
        for a in 0..samples {
            for (word, &bits) in task.required.row(a)[..a.div_ceil(64)].iter().enumerate() {
                required[first[a] + word / LANES][word % LANES] = bits;
            }
        }
        Self {
            task,
            first,
            open: required.clone(),
            required,
            planes: vec![[[0; LANES]; PLANES]; blocks],
            tight: vec![[0; LANES]; blocks],
            size: 0,
            classes: Vec::new(),
            weights: HashMap::default(),
        }
    }

    pub(super) fn add(&mut self, marker: usize) {
        self.size += 1;
        self.shift(marker, self.size, true);
    }

    pub(super) fn remove(&mut self, marker: usize) {
        self.shift(marker, self.size, false);
        self.size -= 1;
    }

    /// Adds or takes 1 where a marker tells apart. No count is above `most`, before and after.
    fn shift(&mut self, marker: usize, most: usize, is_added: bool) {
        let most = most.max(usize::from(self.task.depth));
        let pass: fn(Row<'_>) = match usize::BITS - most.leading_zeros() {
            ..=2 => pass::<2>,
            3 => pass::<3>,
            4 => pass::<4>,
            5 => pass::<5>,
            6 => pass::<6>,
            7 => pass::<7>,
            _ => pass::<PLANES>,
        };
        let task = self.task;
        let codes = task.profiles.marker(marker);
        let blocks = self.note_classes(codes);
        for (a, &code) in codes.iter().enumerate().filter(|(_, code)| **code != NO_CLASS) {
            let (from, to) = (self.first[a], self.first[a + 1]);
            let class = |code: usize| &self.classes[code * blocks..][..to - from];
            pass(Row {
                planes: &mut self.planes[from..to],
                open: &mut self.open[from..to],
                tight: &mut self.tight[from..to],
                required: &self.required[from..to],
                present: class(usize::from(NO_CLASS)),
                own: class(usize::from(code)),
                is_added,
                depth: task.depth,
            });
        }
    }

    /// Sets the bits of a marker's classes; gives the blocks of a class.
    fn note_classes(&mut self, codes: &[u8]) -> usize {
        let blocks = codes.len().div_ceil(BLOCK);
        let most = usize::from(codes.iter().copied().max().unwrap_or(0));
        self.classes.clear();
        self.classes.resize((most + 1) * blocks, [0; LANES]);
        for (sample, &code) in codes.iter().enumerate().filter(|(_, code)| **code != NO_CLASS) {
            let (block, lane, bit) = (sample / BLOCK, sample % BLOCK / 64, 1 << (sample % 64));
            self.classes[usize::from(code) * blocks + block][lane] |= bit;
            self.classes[block][lane] |= bit;
        }
        blocks
    }

    /// Whether a pair is told apart too seldom.
    pub(super) fn is_any_open(&self) -> bool {
        self.open.iter().any(|block| block.iter().any(|&word| word != 0))
    }

    /// Puts down the pairs that are told apart too seldom, in order; `and_tight` those just often enough too.
    pub(super) fn list(&self, and_tight: bool, out: &mut Vec<Pair>) {
        out.clear();
        for a in 0..self.task.profiles.samples() {
            for (index, block) in (self.first[a]..self.first[a + 1]).enumerate() {
                for lane in 0..LANES {
                    let tight = if and_tight { self.tight[block][lane] } else { 0 };
                    let word = self.open[block][lane] | tight;
                    if word == 0 {
                        continue;
                    }
                    let first = index * BLOCK + lane * 64;
                    out.extend(set_bits(&[word]).map(|bit| Pair {
                        a: a as u32,
                        b: (first + bit) as u32,
                        id: (block * BLOCK + lane * 64 + bit) as u64,
                    }));
                }
            }
        }
    }

    pub(super) fn weight(&self, pair: Pair) -> u16 {
        self.weights.get(&pair.id).copied().unwrap_or(1)
    }

    /// Makes a pair weigh more.
    pub(super) fn raise(&mut self, pair: Pair) {
        let weight = self.weights.entry(pair.id).or_insert(1);
        *weight = weight.saturating_add(1);
    }
}

/// The blocks of an accession, and a marker's classes there.
struct Row<'r> {
    planes: &'r mut [[Bits; PLANES]],
    open: &'r mut [Bits],
    tight: &'r mut [Bits],
    required: &'r [Bits],
    present: &'r [Bits],
    own: &'r [Bits],
    is_added: bool,
    depth: u8,
}

/// Adds a marker to the counts or takes it out, and compares with the depth.
fn pass<const USED: usize>(row: Row<'_>) {
    let flip = if row.is_added { 0 } else { !0u64 };
    let counts = row.planes.iter_mut().zip(row.required);
    let lists = row.open.iter_mut().zip(row.tight);
    for (((planes, required), (open, tight)), (present, own)) in
        counts.zip(lists).zip(row.present.iter().zip(row.own))
    {
        let mut carry: Bits = std::array::from_fn(|lane| present[lane] & !own[lane]);
        for plane in &mut planes[..USED] {
            for lane in 0..LANES {
                let before = plane[lane];
                plane[lane] = before ^ carry[lane];
                carry[lane] &= before ^ flip;
            }
        }
        let (mut less, mut equal) = ([0u64; LANES], [!0u64; LANES]);
        for (index, plane) in planes[..USED].iter().enumerate().rev() {
            let wanted = 0u64.wrapping_sub(u64::from(row.depth >> index & 1));
            for lane in 0..LANES {
                less[lane] |= equal[lane] & wanted & !plane[lane];
                equal[lane] &= !(wanted ^ plane[lane]);
            }
        }
        for lane in 0..LANES {
            open[lane] = less[lane] & required[lane];
            tight[lane] = equal[lane] & required[lane];
        }
    }
}

/// Scatters numbers of pairs over a table.
#[derive(Default)]
struct Scatter(u64);

impl Hasher for Scatter {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = (self.0 ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::calls::{Profiles, differ};
    use super::super::super::pairs::PairSet;
    use super::super::super::task::{Rules, UNIT};
    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn lists_are_those_of_counting_anew(
            rows in prop::collection::vec(prop::collection::vec(0u8..4, 300), 9),
            depth in 1u8..4,
            moves in prop::collection::vec(0usize..9, 1..30),
        ) {
            let columns: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
            let mut required = PairSet::empty(300);
            for a in 0..300 {
                for b in (0..a).filter(|b| (a + b) % 7 != 0) {
                    required.insert(a, b);
                }
            }
            let task = Task {
                profiles: Profiles::new(300, &columns),
                required,
                depth,
                cost: vec![UNIT; 9],
                forced: Vec::new(),
                rules: Rules::none(9),
            };
            let mut counts = Counts::new(&task);
            let mut chosen: Vec<usize> = Vec::new();
            for marker in moves {
                match chosen.iter().position(|&own| own == marker) {
                    Some(place) => {
                        chosen.remove(place);
                        counts.remove(marker);
                    }
                    None => {
                        chosen.push(marker);
                        counts.add(marker);
                    }
                }
            }
            let (mut open, mut all) = (Vec::new(), Vec::new());
            counts.list(false, &mut open);
            counts.list(true, &mut all);
            let told = |a: usize, b: usize| chosen.iter().filter(|&&m| differ(rows[m][a], rows[m][b])).count();
            let pairs = |most: usize| -> Vec<(u32, u32)> {
                (0..300)
                    .flat_map(|a| task.required.partners(a).map(move |b| (a, b)))
                    .filter(|&(a, b)| told(a, b) <= most)
                    .map(|(a, b)| (a as u32, b as u32))
                    .collect()
            };
            let of = |list: &[Pair]| list.iter().map(|pair| (pair.a, pair.b)).collect::<Vec<_>>();
            prop_assert_eq!(of(&open), pairs(usize::from(depth) - 1));
            if !chosen.is_empty() {
                prop_assert_eq!(of(&all), pairs(usize::from(depth)));
            }
        }
    }
}
