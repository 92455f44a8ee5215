//! The pairs that a search looks at: which markers tell each apart, how often it is told apart, and its weight.
//!
//! 512 pairs make a block. The number of times that each is told apart is held as bit planes, so that a marker comes or
//! goes by a ripple of carries over whole words.

use super::super::calls::differ;
use super::super::task::Task;

/// Words of a block.
const LANES: usize = 8;
/// Pairs of a block.
const BLOCK: usize = 64 * LANES;
/// Planes of a count: up to 255 markers.
const PLANES: usize = 8;
/// Pairs at most; above that, those that were never hard go.
const MOST: usize = 1 << 16;
/// Open pairs that gains are taken over.
const LOOKED_AT: usize = 96;

type Bits = [u64; LANES];

/// The working set of pairs.
pub(super) struct Working<'a> {
    task: &'a Task,
    rows: Vec<(u32, u32)>,
    weights: Vec<u32>,
    /// For each marker, one bit a pair.
    columns: Vec<Vec<Bits>>,
    planes: Vec<[Bits; PLANES]>,
    /// Pairs told apart too seldom, and those told apart just often enough.
    open: Vec<Bits>,
    equal: Vec<Bits>,
    number_open: usize,
    used_planes: usize,
    size: usize,
}

impl<'a> Working<'a> {
    pub(super) fn new(task: &'a Task) -> Self {
        Self {
            task,
            rows: Vec::new(),
            weights: Vec::new(),
            columns: vec![Vec::new(); task.profiles.markers()],
            planes: Vec::new(),
            open: Vec::new(),
            equal: Vec::new(),
            number_open: 0,
            used_planes: 1,
            size: 0,
        }
    }

    /// Number of open pairs.
    pub(super) fn open(&self) -> usize {
        self.number_open
    }

    /// Takes pairs in, with the weight 1; those that are there already once more do no harm, but are passed over.
    pub(super) fn join(&mut self, rows: &[(u32, u32)], chosen: &[usize]) {
        if self.rows.len() + rows.len() > MOST {
            self.forget();
        }
        let known: std::collections::HashSet<(u32, u32)> = self.rows.iter().copied().collect();
        let mut new: Vec<(u32, u32)> = rows.iter().copied().filter(|row| !known.contains(row)).collect();
        new.sort_unstable();
        new.dedup();
        let first = self.rows.len();
        self.rows.extend(new);
        self.weights.resize(self.rows.len(), 1);
        self.note_columns(first);
        self.recount(chosen);
    }

    /// Lets pairs go that were never open after a step and are far from it.
    fn forget(&mut self) {
        let is_near = |row: usize| {
            let (block, lane, bit) = (row / BLOCK, row % BLOCK / 64, row % 64);
            (self.open[block][lane] | self.equal[block][lane]) >> bit & 1 == 1
        };
        let kept: Vec<usize> =
            (0..self.rows.len()).filter(|&row| self.weights[row] > 1 || is_near(row)).collect();
        // Where all were hard, the older half goes.
        let kept = if kept.len() > MOST / 2 { kept[kept.len() - MOST / 2..].to_vec() } else { kept };
        self.rows = kept.iter().map(|&row| self.rows[row]).collect();
        self.weights = kept.iter().map(|&row| self.weights[row]).collect();
        self.columns.iter_mut().for_each(Vec::clear);
        self.note_columns(0);
    }

    /// Fills in which markers tell the pairs from `first` on apart.
    fn note_columns(&mut self, first: usize) {
        let blocks = self.rows.len().div_ceil(BLOCK);
        for (marker, column) in self.columns.iter_mut().enumerate() {
            let codes = self.task.profiles.marker(marker);
            column.resize(blocks, [0; LANES]);
            for (row, &(a, b)) in (first..).zip(&self.rows[first..]) {
                let bit = u64::from(differ(codes[a as usize], codes[b as usize]));
                column[row / BLOCK][row % BLOCK / 64] |= bit << (row % 64);
            }
        }
    }

    /// Counts anew how often each pair is told apart.
    fn recount(&mut self, chosen: &[usize]) {
        let blocks = self.rows.len().div_ceil(BLOCK);
        self.planes = vec![[[0; LANES]; PLANES]; blocks];
        self.open = vec![[0; LANES]; blocks];
        self.equal = vec![[0; LANES]; blocks];
        (self.size, self.used_planes) = (0, 1);
        for &marker in chosen {
            self.shift(marker, true);
        }
        self.look();
    }

    pub(super) fn add(&mut self, marker: usize) {
        self.shift(marker, true);
        self.look();
    }

    pub(super) fn remove(&mut self, marker: usize) {
        self.shift(marker, false);
        self.look();
    }

    /// Adds or takes 1 where a marker tells apart.
    fn shift(&mut self, marker: usize, is_added: bool) {
        self.size = if is_added { self.size + 1 } else { self.size - 1 };
        let needed = (usize::BITS - self.size.leading_zeros()) as usize;
        // A plane stays in use until the counts in it are zero for certain: one more than the size needs.
        self.used_planes = self.used_planes.max(needed).min(PLANES);
        for (planes, column) in self.planes.iter_mut().zip(&self.columns[marker]) {
            let mut carry = *column;
            for plane in &mut planes[..self.used_planes] {
                for lane in 0..LANES {
                    let own = plane[lane];
                    plane[lane] = own ^ carry[lane];
                    carry[lane] &= if is_added { own } else { !own };
                }
            }
        }
    }

    /// Compares all counts with the depth.
    fn look(&mut self) {
        let depth = self.task.depth;
        let mut number = 0;
        // Where the depth needs more planes than are in use, all pairs are open.
        let planes_used = self.used_planes.max((u8::BITS - depth.leading_zeros()) as usize).min(PLANES);
        let last = self.rows.len() % BLOCK;
        let blocks = self.planes.len();
        for (block, planes) in self.planes.iter().enumerate() {
            let (mut less, mut equal) = ([0u64; LANES], [!0u64; LANES]);
            for (index, plane) in planes[..planes_used].iter().enumerate().rev() {
                let wanted = 0u64.wrapping_sub(u64::from(depth >> index & 1));
                for lane in 0..LANES {
                    less[lane] |= equal[lane] & wanted & !plane[lane];
                    equal[lane] &= !(wanted ^ plane[lane]);
                }
            }
            if block + 1 == blocks && last != 0 {
                for lane in 0..LANES {
                    let used = last.saturating_sub(64 * lane).min(64);
                    let mask = if used == 64 { !0 } else { (1u64 << used) - 1 };
                    less[lane] &= mask;
                    equal[lane] &= mask;
                }
            }
            number += less.iter().map(|word| word.count_ones() as usize).sum::<usize>();
            (self.open[block], self.equal[block]) = (less, equal);
        }
        self.number_open = number;
    }

    /// For each chosen marker, the weight of the pairs that would lack it.
    pub(super) fn losses(&self, chosen: &[usize]) -> Vec<u64> {
        let mut tight: Vec<(usize, usize, u64)> = Vec::new();
        for (block, (open, equal)) in self.open.iter().zip(&self.equal).enumerate() {
            for lane in 0..LANES {
                let word = open[lane] | equal[lane];
                if word != 0 {
                    tight.push((block, lane, word));
                }
            }
        }
        let loss = |&marker: &usize| {
            let column = &self.columns[marker];
            let mut sum = 0u64;
            for &(block, lane, word) in &tight {
                let mut rest = word & column[block][lane];
                let first = block * BLOCK + lane * 64;
                while rest != 0 {
                    sum += u64::from(self.weights[first + rest.trailing_zeros() as usize]);
                    rest &= rest - 1;
                }
            }
            sum
        };
        chosen.iter().map(loss).collect()
    }

    fn open_rows(&self) -> impl Iterator<Item = usize> {
        let words = self.open.iter().enumerate().flat_map(|(block, lanes)| {
            lanes.iter().enumerate().map(move |(lane, &word)| (block * BLOCK + lane * 64, word))
        });
        words.filter(|(_, word)| *word != 0).flat_map(|(first, word)| {
            super::super::pairs::set_bits(&[word]).map(move |bit| first + bit).collect::<Vec<_>>()
        })
    }

    /// One of the open pairs, by a random number.
    pub(super) fn open_row(&self, random: u64) -> (u32, u32) {
        let place = (random % self.number_open.max(1) as u64) as usize;
        self.open_rows().nth(place).map_or((0, 0), |row| self.rows[row])
    }

    /// For every marker, the weight of the open pairs that it tells apart; of many, an even sample.
    pub(super) fn gains(&self, out: &mut [u32]) {
        out.fill(0);
        let every = self.number_open.div_ceil(LOOKED_AT).max(1);
        for row in self.open_rows().step_by(every) {
            let (a, b) = self.rows[row];
            let (x, y) = (self.task.profiles.sample(a as usize), self.task.profiles.sample(b as usize));
            add_where_differ(out, (x, y), self.weights[row]);
        }
    }

    /// Makes the open pairs weigh more.
    pub(super) fn raise_open(&mut self) {
        let rows: Vec<usize> = self.open_rows().collect();
        for row in rows {
            self.weights[row] += 1;
        }
    }
}

fn add_where_differ(out: &mut [u32], (x, y): (&[u8], &[u8]), weight: u32) {
    for ((to, &x), &y) in out.iter_mut().zip(x).zip(y) {
        *to += weight * u32::from(differ(x, y));
    }
}
