//! The kernels in plain words, which the others must agree with.

/// Sums over the samples that two variants both have: x and y are their dosages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairSums {
    /// Samples that both variants have a call of.
    pub n: u64,
    /// Sum of x.
    pub x: u64,
    /// Sum of y.
    pub y: u64,
    /// Sum of x².
    pub xx: u64,
    /// Sum of y².
    pub yy: u64,
    /// Sum of x y.
    pub xy: u64,
}

/// How two samples compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairCounts {
    /// Variants that both samples have a call of.
    pub compared: u64,
    /// Variants whose dosages differ.
    pub different: u64,
    /// Sum of the differences of the dosages.
    pub distance: u64,
}

/// What a parent and an offspring, or two parents and an offspring, cannot share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MendelCounts {
    /// Variants that all have a call of.
    pub compared: u32,
    /// Variants at which no gametes of the parents make the offspring.
    pub mismatches: u32,
}

impl std::ops::AddAssign for PairCounts {
    fn add_assign(&mut self, other: Self) {
        self.compared += other.compared;
        self.different += other.different;
        self.distance += other.distance;
    }
}

impl std::ops::AddAssign for PairSums {
    fn add_assign(&mut self, other: Self) {
        self.n += other.n;
        self.x += other.x;
        self.y += other.y;
        self.xx += other.xx;
        self.yy += other.yy;
        self.xy += other.xy;
    }
}

/// See [`super::dosage_counts`].
#[inline(always)]
pub fn dosage_counts(bits: &[u64], words: usize, ploidy: u8) -> Vec<u32> {
    let planes = bits.len().checked_div(words).unwrap_or(0);
    let mut counts = vec![0; usize::from(ploidy) + 1];
    if let (2, [none, one, more @ ..]) = (planes, counts.as_mut_slice()) {
        let (low, high) = bits.split_at(words);
        let mut two = 0;
        for word in 0..words {
            let (low, high) = (low[word], high[word]);
            *none += (!low & !high).count_ones();
            *one += (low & !high).count_ones();
            two += (high & !low).count_ones();
        }
        more.fill(two);
        return counts;
    }
    for (dosage, count) in counts.iter_mut().enumerate() {
        for word in 0..words {
            let mut all = !0u64;
            for plane in 0..planes {
                let flip = if (dosage >> plane) & 1 == 1 { 0 } else { !0 };
                all &= bits[plane * words + word] ^ flip;
            }
            *count += all.count_ones();
        }
    }
    counts
}

/// See [`super::pair_sums`].
#[inline(always)]
pub fn pair_sums(x: &[u64], y: &[u64], words: usize) -> PairSums {
    let planes = x.len().checked_div(words).unwrap_or(0);
    if planes == 2 {
        pair_sums_of::<2>(x, y, words)
    } else if planes == 3 {
        pair_sums_of::<3>(x, y, words)
    } else {
        pair_sums_of::<4>(x, y, words)
    }
}

#[inline(always)]
fn pair_sums_of<const B: usize>(x: &[u64], y: &[u64], words: usize) -> PairSums {
    let mut sums = PairSums::default();
    if x.len() < B * words || y.len() < B * words {
        return sums;
    }
    for w in 0..words {
        let a: [u64; B] = std::array::from_fn(|p| x[p * words + w]);
        let b: [u64; B] = std::array::from_fn(|p| y[p * words + w]);
        let valid = !a.iter().fold(!0, |all, v| all & v) & !b.iter().fold(!0, |all, v| all & v);
        sums.n += u64::from(valid.count_ones());
        for i in 0..B {
            sums.x += u64::from((a[i] & valid).count_ones()) << i;
            sums.y += u64::from((b[i] & valid).count_ones()) << i;
            for j in 0..B {
                sums.xy += u64::from((a[i] & b[j] & valid).count_ones()) << (i + j);
                sums.xx += u64::from((a[i] & a[j] & valid).count_ones()) << (i + j);
                sums.yy += u64::from((b[i] & b[j] & valid).count_ones()) << (i + j);
            }
        }
    }
    sums
}

/// See [`super::compare_samples`].
#[inline(always)]
pub fn compare_samples(x: &[u64], y: &[u64], words: usize) -> PairCounts {
    let steps = x.len().checked_div(words).unwrap_or(1).saturating_sub(1);
    let mut counts = PairCounts::default();
    for w in 0..words {
        let valid = x[steps * words + w] & y[steps * words + w];
        let mut any = 0;
        for step in 0..steps {
            let differs = (x[step * words + w] ^ y[step * words + w]) & valid;
            any |= differs;
            counts.distance += u64::from(differs.count_ones());
        }
        counts.compared += u64::from(valid.count_ones());
        counts.different += u64::from(any.count_ones());
    }
    counts
}

/// See [`super::mendel_pairs`].
#[inline(always)]
pub fn mendel_pairs(own: &[u64], others: &[u64], words: usize, counts: &mut [MendelCounts]) {
    let planes = own.len().checked_div(words).unwrap_or(0);
    if planes == 3 {
        return mendel_of_diploids(own, others, words, counts);
    }
    let half = planes.saturating_sub(1) / 2;
    for (other, counts) in others.chunks_exact(planes.max(1) * words.max(1)).zip(counts) {
        *counts = MendelCounts::default();
        for w in 0..words {
            let opposite = (0..half).fold(0, |any, k| {
                let (low, high) = (k * words + w, (half + k) * words + w);
                any | (own[low] & other[high]) | (other[low] & own[high])
            });
            counts.mismatches += opposite.count_ones();
            counts.compared += (own[2 * half * words + w] & other[2 * half * words + w]).count_ones();
        }
    }
}

/// Three planes: no copy, two copies, called.
#[inline(always)]
fn mendel_of_diploids(own: &[u64], others: &[u64], words: usize, counts: &mut [MendelCounts]) {
    let (low, rest) = own.split_at(words);
    let (high, called) = rest.split_at(words);
    for (other, counts) in others.chunks_exact(3 * words.max(1)).zip(counts) {
        let (other_low, rest) = other.split_at(words);
        let (other_high, other_called) = rest.split_at(words);
        let (mut mismatches, mut compared) = (0u32, 0u32);
        for w in 0..words {
            mismatches += ((low[w] & other_high[w]) | (high[w] & other_low[w])).count_ones();
            compared += (called[w] & other_called[w]).count_ones();
        }
        *counts = MendelCounts { compared, mismatches };
    }
}

/// See [`super::split_pairs`].
#[inline(always)]
pub fn split_pairs(bytes: &[u8], planes: &mut [u64]) {
    let words = planes.len() / 2;
    let (low_plane, high_plane) = planes.split_at_mut(words);
    let (whole, rest) = bytes.as_chunks::<16>();
    for ((own_low, own_high), chunk) in low_plane.iter_mut().zip(&mut *high_plane).zip(whole) {
        (*own_low, *own_high) = split_sixteen(chunk);
    }
    if !rest.is_empty() {
        let mut padded = [0u8; 16];
        padded[..rest.len()].copy_from_slice(rest);
        if let (Some(own_low), Some(own_high)) =
            (low_plane.get_mut(whole.len()), high_plane.get_mut(whole.len()))
        {
            (*own_low, *own_high) = split_sixteen(&padded);
        }
    }
}

/// 64 pairs of bits.
#[inline(always)]
fn split_sixteen(bytes: &[u8; 16]) -> (u64, u64) {
    let half = |at: usize| {
        let eight: [u8; 8] = std::array::from_fn(|i| bytes[at + i]);
        u64::from_le_bytes(eight)
    };
    let (first, second) = (half(0), half(8));
    let low = squeeze(first) | squeeze(second) << 32;
    let high = squeeze(first >> 1) | squeeze(second >> 1) << 32;
    (low ^ high, !high)
}

/// Bits 0, 2, 4 ... as 32.
#[inline(always)]
fn squeeze(word: u64) -> u64 {
    let mut x = word & 0x5555_5555_5555_5555;
    x = (x | (x >> 1)) & 0x3333_3333_3333_3333;
    x = (x | (x >> 2)) & 0x0f0f_0f0f_0f0f_0f0f;
    x = (x | (x >> 4)) & 0x00ff_00ff_00ff_00ff;
    x = (x | (x >> 8)) & 0x0000_ffff_0000_ffff;
    (x | (x >> 16)) & 0x0000_0000_ffff_ffff
}

/// Words that are counted together, bits of each count, and rows that are added at once.
const LANES: usize = 8;
const COUNT_BITS: usize = 8;
const ROWS: usize = 8;

/// Counts of the calls of each column (a sample of a group) over rows: missing, heterozygous, and of the alternate
/// alleles alone. Bit k of the counts of 64 columns is one word, so that rows are added by a few operations on words.
pub struct ColumnCounts {
    /// Words of a row, made a multiple of [`LANES`].
    width: usize,
    /// Rows that were added since the counters were emptied.
    rows: usize,
    /// The kinds of calls of rows that wait to be added, for each row `width` words of each.
    masks: Vec<u64>,
    waiting: usize,
    /// For each run of [`LANES`] words of the masks, that many words of each bit.
    counters: Vec<u64>,
    /// What was counted before the counters were emptied: 64 for each word of the masks.
    totals: Vec<u64>,
}

impl ColumnCounts {
    /// Rows that the counters have room for, in eights.
    const ROOM: usize = (1 << COUNT_BITS) - ROWS;

    /// For so many columns.
    pub fn new(columns: usize) -> Self {
        let width = columns.div_ceil(64).next_multiple_of(LANES);
        let zeros = |words: usize| vec![0; 3 * width * words];
        let (masks, counters, totals) = (zeros(ROWS), zeros(COUNT_BITS), zeros(64));
        Self { width, rows: 0, masks, waiting: 0, counters, totals }
    }

    /// The missing calls of the row added last; padding may count as either.
    pub fn missing(&self) -> &[u64] {
        let last = (self.waiting + ROWS - 1) % ROWS;
        &self.masks[last * 3 * self.width..][..self.width]
    }

    /// Missing, heterozygous and alternate calls of a column, once [`super::empty_columns`] was called.
    pub fn of(&self, column: usize) -> [u64; 3] {
        std::array::from_fn(|kind| self.totals[kind * 64 * self.width + column])
    }

    /// Adds the rows that wait, all eight: their masks are summed to four bits by full adders, which are added to the
    /// counts.
    #[inline(always)]
    fn add_waiting(&mut self) {
        let (masks, stride) = (self.masks.as_chunks::<LANES>().0, 3 * self.width / LANES);
        let (counters, _) = self.counters.as_chunks_mut::<{ LANES * COUNT_BITS }>();
        for (run, counters) in counters.iter_mut().enumerate() {
            let rows: [&[u64; LANES]; ROWS] = std::array::from_fn(|row| &masks[row * stride + run]);
            let mut sums = [[0; LANES]; 4];
            for lane in 0..LANES {
                let bits = sum_of_eight(std::array::from_fn(|row| rows[row][lane]));
                sums.iter_mut().zip(bits).for_each(|(sum, bit)| sum[lane] = bit);
            }
            let (low, high) = counters.as_chunks_mut::<LANES>().0.split_at_mut(sums.len());
            let mut carry = [0; LANES];
            for (own, added) in low.iter_mut().zip(&sums) {
                for lane in 0..LANES {
                    (own[lane], carry[lane]) = full_adder(own[lane], added[lane], carry[lane]);
                }
            }
            for own in high {
                for lane in 0..LANES {
                    (own[lane], carry[lane]) = (own[lane] ^ carry[lane], own[lane] & carry[lane]);
                }
            }
        }
        self.waiting = 0;
        self.rows += ROWS;
        if self.rows == Self::ROOM {
            self.empty();
        }
    }

    /// Adds the counters to the totals.
    #[inline(always)]
    fn empty(&mut self) {
        let (counters, _) = self.counters.as_chunks_mut::<{ LANES * COUNT_BITS }>();
        for (counters, totals) in counters.iter_mut().zip(self.totals.chunks_exact_mut(64 * LANES)) {
            for (word, totals) in totals.as_chunks_mut::<64>().0.iter_mut().enumerate() {
                for (bit, own) in counters.as_chunks::<LANES>().0.iter().enumerate() {
                    for (column, total) in totals.iter_mut().enumerate() {
                        *total += ((own[word] >> column) & 1) << bit;
                    }
                }
            }
            counters.fill(0);
        }
        self.rows = 0;
    }

    #[inline(always)]
    fn set_masks(&mut self, row: &[u64], words: usize, ploidy: u8) {
        let masks = &mut self.masks[self.waiting * 3 * self.width..][..3 * self.width];
        let (missing, others) = masks.split_at_mut(self.width);
        let (heterozygous, alternate) = others.split_at_mut(self.width);
        let masks = missing.iter_mut().zip(heterozygous).zip(alternate);
        if ploidy == 2 {
            let (low, high) = row.split_at(words);
            for (((missing, heterozygous), alternate), (low, high)) in masks.zip(low.iter().zip(high)) {
                (*missing, *heterozygous, *alternate) = (low & high, low & !high, high & !low);
            }
            return;
        }
        for (word, ((missing, heterozygous), alternate)) in masks.enumerate().take(words) {
            let (mut all, mut any, mut last) = (!0, 0, !0);
            for (plane, bits) in row.chunks_exact(words).map(|plane| plane[word]).enumerate() {
                all &= bits;
                any |= bits;
                last &= if (ploidy >> plane) & 1 == 1 { bits } else { !bits };
            }
            (*missing, *heterozygous, *alternate) = (all, any & !all & !last, last);
        }
    }
}

/// Adds three bits in each place: the sum's low bit, and its high one.
#[inline(always)]
fn full_adder(a: u64, b: u64, c: u64) -> (u64, u64) {
    let either = a ^ b;
    (either ^ c, (a & b) | (either & c))
}

/// Adds eight bits in each place; the four bits of the sum, the lowest first.
#[inline(always)]
fn sum_of_eight([a, b, c, d, e, f, g, h]: [u64; ROWS]) -> [u64; 4] {
    let ((one, two), (other_one, other_two)) = (full_adder(a, b, c), full_adder(d, e, f));
    let (one, third_two) = full_adder(one, other_one, g);
    let (one, last_two) = (one ^ h, one & h);
    let (two, four) = full_adder(two, other_two, third_two);
    let (two, other_four) = (two ^ last_two, two & last_two);
    [one, two, four ^ other_four, four & other_four]
}

/// See [`super::count_columns`].
#[inline(always)]
pub fn count_columns(row: &[u64], words: usize, ploidy: u8, counts: &mut ColumnCounts) {
    counts.set_masks(row, words, ploidy);
    counts.waiting += 1;
    if counts.waiting == ROWS {
        counts.add_waiting();
    }
}

/// See [`super::empty_columns`].
#[inline(always)]
pub fn empty_columns(counts: &mut ColumnCounts) {
    if counts.waiting > 0 {
        let used = counts.waiting * 3 * counts.width;
        counts.masks[used..].fill(0);
        counts.add_waiting();
    }
    counts.empty();
}

/// Bits of a word that are looked for without asking whether they are there: few words have more, and a branch for each
/// bit would mostly be guessed wrongly.
pub const SPARE_PLACES: usize = 4;

/// See [`super::bits_set`].
#[inline(always)]
pub fn bits_set(words: &[u64], flip: u64, places: &mut [u32]) -> usize {
    let (mut found, mut first) = (0, 0u32);
    for mut word in words.iter().map(|word| word ^ flip) {
        let in_word = word.count_ones() as usize;
        let mut at = found;
        loop {
            for place in &mut places[at..at + SPARE_PLACES] {
                *place = first + word.trailing_zeros();
                word &= word.wrapping_sub(1);
            }
            at += SPARE_PLACES;
            if word == 0 {
                break;
            }
        }
        found += in_word;
        first += 64;
    }
    found
}
