//! Variants packed for pairs: all that r² of any two of them needs, at any ploidy.

use crate::block::layer::{ABSENT, UNKNOWN};
use crate::block::{CallGroup, GenotypeBlock};
use crate::kernel::pair_sums;
use crate::ld::kernel::{ternary_alternates, ternary_counts, ternary_products};
use crate::plane::{BitPlanes, MISSING};
use crate::source::GenotypeError;

/// Words of a plane come in eights, the widest vector.
const VECTOR: usize = 8;

/// Exact sums over the samples that two variants both have. The dosages are in a common unit (of −1, 0, 1 for
/// samples of one ploidy up to 2, in parts of the ploidies' least common multiple otherwise), which correlations do
/// not depend on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moments {
    /// Samples that both variants have a call of (gametes, where the rows are phased).
    pub n: i64,
    /// Sum of the first's dosages.
    pub x: i64,
    /// Sum of the second's dosages.
    pub y: i64,
    /// Sum of the first's squares.
    pub xx: i64,
    /// Sum of the second's squares.
    pub yy: i64,
    /// Sum of the products.
    pub xy: i64,
}

impl Moments {
    /// n² times the covariance and the two variances, rounded once.
    pub fn spreads(&self) -> (f64, f64, f64) {
        let Self { n, x, y, xx, yy, xy } = *self;
        // Products of numbers below 2³¹ fit; then |x|, |y| and |xy| are no larger than these.
        if (n | xx | yy) >> 31 == 0 {
            return ((xy * n - x * y) as f64, (xx * n - x * x) as f64, (yy * n - y * y) as f64);
        }
        let wide = |a: i64, b: i64| i128::from(a) * i128::from(b);
        let covariance = wide(self.xy, self.n) - wide(self.x, self.y);
        let first = wide(self.xx, self.n) - wide(self.x, self.x);
        let second = wide(self.yy, self.n) - wide(self.y, self.y);
        (covariance as f64, first as f64, second as f64)
    }

    /// Correlation of the dosages; `None` if either does not vary over the common samples.
    pub fn r(&self) -> Option<f64> {
        let (covariance, first, second) = self.spreads();
        (first > 0.0 && second > 0.0).then(|| (covariance / (first.sqrt() * second.sqrt())).clamp(-1.0, 1.0))
    }

    /// Squared correlation of the dosages.
    pub fn r2(&self) -> Option<f64> {
        let (covariance, first, second) = self.spreads();
        (first > 0.0 && second > 0.0).then(|| (covariance * covariance / (first * second)).min(1.0))
    }
}

/// What one variant adds up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowSums {
    /// Samples with a call.
    pub called: i64,
    /// Sum of the dosages, in the layout's unit.
    pub x: i64,
    /// Sum of their squares.
    pub xx: i64,
    /// Copies of the chromosome called.
    pub copies: u64,
    /// Of these, those counted by the dosage.
    pub counted: u64,
}

impl RowSums {
    /// Whether all calls are the same, or none is there: such a variant has no correlation with any other.
    pub fn is_constant(&self) -> bool {
        i128::from(self.xx) * i128::from(self.called) == i128::from(self.x) * i128::from(self.x)
    }

    /// Minor allele frequency; 0 without calls.
    pub fn minor_frequency(&self) -> f64 {
        let minor = self.counted.min(self.copies - self.counted);
        if self.copies == 0 { 0.0 } else { minor as f64 / self.copies as f64 }
    }

    /// Whether the commoner allele is commoner than the other variant's: exactly, as fractions.
    pub fn is_less_balanced_than(&self, other: &Self) -> bool {
        let major = |sums: &Self| u128::from(sums.counted.max(sums.copies - sums.counted));
        major(self) * u128::from(other.copies) > major(other) * u128::from(self.copies)
    }
}

/// How the samples lie in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Samples of one ploidy, 1 or 2, or phased gametes (as ploidy 1): planes of called, homozygous, alternate.
    Ternary {
        /// Words a plane.
        words: usize,
        /// Samples, or gametes.
        columns: usize,
        /// Copies a column.
        ploidy: u8,
    },
    /// Any ploidies: the planes of each group, one after another.
    General {
        /// The groups.
        groups: Vec<GroupLayout>,
    },
}

/// Samples of one ploidy in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupLayout {
    samples: std::sync::Arc<[usize]>,
    ploidy: u8,
    /// Words of all its planes, and of one.
    size: usize,
    words: usize,
    /// What a copy counts in the common unit.
    scale: i64,
}

impl Layout {
    /// The layout of a block's groups.
    pub fn of(block: &GenotypeBlock) -> Self {
        if let [group] = block.groups.as_slice()
            && group.calls.ploidy() <= 2
        {
            let columns = group.calls.columns();
            return Self::Ternary { words: padded(columns), columns, ploidy: group.calls.ploidy() };
        }
        let common = block.groups.iter().fold(1i64, |common, group| lcm(common, group.calls.ploidy()));
        let group = |group: &CallGroup| GroupLayout {
            samples: group.samples.clone(),
            ploidy: group.calls.ploidy(),
            size: crate::plane::planes_for(group.calls.ploidy()) * group.calls.words(),
            words: group.calls.words(),
            scale: common / i64::from(group.calls.ploidy()),
        };
        Self::General { groups: block.groups.iter().map(group).collect() }
    }

    /// Words of a row.
    fn stride(&self) -> usize {
        match self {
            Self::Ternary { words, .. } => 3 * words,
            Self::General { groups } => groups.iter().map(|group| group.size).sum(),
        }
    }

    /// The ploidy, if all columns have one, of 1 or 2.
    pub fn small_ploidy(&self) -> Option<u8> {
        match self {
            Self::Ternary { ploidy, .. } => Some(*ploidy),
            Self::General { .. } => None,
        }
    }
}

fn padded(columns: usize) -> usize {
    columns.div_ceil(64).next_multiple_of(VECTOR)
}

fn lcm(a: i64, b: u8) -> i64 {
    let b = i64::from(b);
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    a / x * b
}

/// Variants packed one after another; all of one layout.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    layout: Option<Layout>,
    bits: Vec<u64>,
    sums: Vec<RowSums>,
}

impl Rows {
    /// Packs a block's dosages. Where a variant has several alternate alleles and the block holds the alleles, the
    /// dosage counts all but the commonest, as PLINK 2 does; else all but the reference.
    pub fn pack(block: &GenotypeBlock) -> Self {
        let layout = Layout::of(block);
        let stride = layout.stride();
        let mut out = Self {
            bits: vec![0; stride * block.rows()],
            sums: Vec::with_capacity(block.rows()),
            layout: None,
        };
        for row in 0..block.rows() {
            let sums = pack_variant(&layout, block, row, &mut out.bits[row * stride..(row + 1) * stride]);
            out.sums.push(sums);
        }
        out.layout = Some(layout);
        out
    }

    /// Packs a block's phased gametes, each a column of ploidy 1.
    ///
    /// # Errors
    /// Returns an error that names the variant if a heterozygous call is not phased.
    pub fn pack_gametes(block: &GenotypeBlock) -> Result<Self, GenotypeError> {
        let Some(alleles) = &block.layers.alleles else { return Self::of_haploids(block) };
        let columns = block.samples * alleles.width();
        let words = padded(columns);
        let layout = Layout::Ternary { words, columns, ploidy: 1 };
        let mut out =
            Self { bits: vec![0; 3 * words * block.rows()], sums: Vec::new(), layout: Some(layout) };
        for row in 0..block.rows() {
            let to = &mut out.bits[row * 3 * words..(row + 1) * 3 * words];
            let not_phased = || {
                let label = block.sites[row].label(&block.contig);
                let message = "a heterozygous call is not phased; phase the genotypes, or leave out --phased";
                GenotypeError::Request(format!("{label}: {message}"))
            };
            let base = commonest_alternate(block, row).unwrap_or(0);
            let (calls, phased) = alleles.row(row).zip(alleles.phased(row)).ok_or_else(not_phased)?;
            for (sample, (call, &is_phased)) in calls.zip(phased).enumerate() {
                let is_known = |code: &&u8| ![ABSENT, UNKNOWN].contains(*code);
                if !is_phased && call.iter().filter(is_known).any(|&code| code != call[0]) {
                    return Err(not_phased());
                }
                for (slot, &code) in call.iter().enumerate().filter(|(_, code)| is_known(code)) {
                    let (word, bit) = place(sample * alleles.width() + slot);
                    to[word] |= bit;
                    to[words + word] |= bit;
                    to[2 * words + word] |= if code == base { 0 } else { bit };
                }
            }
            out.sums.push(ternary_sums(to, words, 1));
        }
        Ok(out)
    }

    /// Formats without alleles hold gametes only where all samples are haploid.
    fn of_haploids(block: &GenotypeBlock) -> Result<Self, GenotypeError> {
        if block.groups.iter().any(|group| group.calls.ploidy() != 1) {
            let message = "the format holds no phase; give phased VCF or BCF, or leave out --phased";
            return Err(GenotypeError::Request(message.to_owned()));
        }
        Ok(Self::pack(block))
    }

    /// Number of variants.
    pub fn len(&self) -> usize {
        self.sums.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// How the samples lie; `None` before the first variant.
    pub fn layout(&self) -> Option<&Layout> {
        self.layout.as_ref()
    }

    /// What a variant adds up to.
    pub fn sums(&self, row: usize) -> &RowSums {
        &self.sums[row]
    }

    /// Whether rows of the other can be compared with these.
    pub fn fits(&self, other: &Self) -> bool {
        self.is_empty() || other.is_empty() || self.layout == other.layout
    }

    /// Appends rows that fit.
    pub fn append(&mut self, other: &Self) {
        if self.is_empty() {
            self.layout.clone_from(&other.layout);
        }
        self.bits.extend_from_slice(&other.bits);
        self.sums.extend_from_slice(&other.sums);
    }

    /// Appends one row of another that fits.
    pub fn append_row(&mut self, other: &Self, row: usize) {
        if self.is_empty() {
            self.layout.clone_from(&other.layout);
        }
        self.bits.extend_from_slice(other.bits(row));
        self.sums.push(other.sums[row]);
    }

    /// Puts a variant of a block of this layout in the place of the row `to`, or after the last.
    pub fn put(&mut self, to: usize, layout: &Layout, block: &GenotypeBlock, row: usize) {
        let stride = layout.stride();
        if self.is_empty() {
            self.layout = Some(layout.clone());
        }
        if to == self.len() {
            self.bits.resize(self.bits.len() + stride, 0);
            self.sums.push(RowSums::default());
        }
        self.sums[to] = pack_variant(layout, block, row, &mut self.bits[to * stride..(to + 1) * stride]);
    }

    /// Takes the first rows away.
    pub fn drop_front(&mut self, rows: usize) {
        self.bits.drain(..rows * self.stride());
        self.sums.drain(..rows);
    }

    fn stride(&self) -> usize {
        self.layout.as_ref().map_or(0, Layout::stride)
    }

    fn bits(&self, row: usize) -> &[u64] {
        let stride = self.stride();
        &self.bits[row * stride..(row + 1) * stride]
    }

    /// Number of columns, where they are of one ploidy up to 2; else 0.
    pub fn columns(&self) -> usize {
        match self.layout {
            Some(Layout::Ternary { columns, .. }) => columns,
            _ => 0,
        }
    }

    /// The call of a column, where they are of one ploidy up to 2: −1 and 1 for homozygous reference and alternate, 0
    /// for heterozygous; `None` if missing.
    pub fn state(&self, row: usize, column: usize) -> Option<i8> {
        let Some(Layout::Ternary { words, .. }) = self.layout else { return None };
        let (word, bit) = place(column);
        let planes = self.bits(row);
        let has = |plane: usize| planes[plane * words + word] & bit != 0;
        has(0).then(|| if has(1) { if has(2) { 1 } else { -1 } } else { 0 })
    }

    /// The sums of a pair over the samples that both have.
    pub fn moments(&self, first: usize, second: usize) -> Moments {
        let (a, b) = (self.bits(first), self.bits(second));
        match &self.layout {
            Some(Layout::Ternary { words, columns, .. }) => {
                let (first, second) = (&self.sums[first], &self.sums[second]);
                let complete = i64::try_from(*columns).unwrap_or(i64::MAX);
                if first.called == complete && second.called == complete {
                    let (homozygous, opposite) = ternary_products(a, b, *words);
                    let xy = signed(homozygous) - 2 * signed(opposite);
                    let (x, y, xx, yy) = (first.x, second.x, first.xx, second.xx);
                    return Moments { n: complete, x, y, xx, yy, xy };
                }
                let counts = ternary_counts(a, b, *words);
                Moments {
                    n: signed(counts.called),
                    x: 2 * signed(counts.first_alternate) - signed(counts.first_homozygous),
                    y: 2 * signed(counts.second_alternate) - signed(counts.second_homozygous),
                    xx: signed(counts.first_homozygous),
                    yy: signed(counts.second_homozygous),
                    xy: signed(counts.both_homozygous) - 2 * signed(counts.opposite),
                }
            }
            Some(Layout::General { groups }) => general_moments(groups, a, b),
            None => Moments::default(),
        }
    }

    /// How many samples have each pair of dosages, first by second; `None` at ploidies above 2 or mixed. At ploidy
    /// 1 the middle row and column are 0 and the last stands for the alternate allele.
    pub fn table(&self, first: usize, second: usize) -> Option<[[u64; 3]; 3]> {
        let Some(Layout::Ternary { words, .. }) = self.layout else { return None };
        let (a, b) = (self.bits(first), self.bits(second));
        let counts = ternary_counts(a, b, words);
        let (twice, alternate_and_homozygous) = ternary_alternates(a, b, words);
        let one_none = alternate_and_homozygous - twice;
        let none_one = counts.opposite - one_none;
        let none = counts.both_homozygous - twice - counts.opposite;
        let first_reference = counts.first_homozygous - counts.first_alternate;
        let second_reference = counts.second_homozygous - counts.second_alternate;
        let middle =
            counts.called + counts.both_homozygous - counts.first_homozygous - counts.second_homozygous;
        Some([
            [none, first_reference - none - none_one, none_one],
            [second_reference - none - one_none, middle, counts.second_alternate - twice - none_one],
            [one_none, counts.first_alternate - twice - one_none, twice],
        ])
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn place(column: usize) -> (usize, u64) {
    (column / 64, 1 << (column % 64))
}

fn general_moments(groups: &[GroupLayout], a: &[u64], b: &[u64]) -> Moments {
    let (mut out, mut start) = (Moments::default(), 0);
    for group in groups {
        let range = start..start + group.size;
        let sums = pair_sums(&a[range.clone()], &b[range], group.words);
        let (scale, square) = (group.scale, group.scale * group.scale);
        out.n += signed(sums.n);
        out.x += scale * signed(sums.x);
        out.y += scale * signed(sums.y);
        out.xx += square * signed(sums.xx);
        out.yy += square * signed(sums.yy);
        out.xy += square * signed(sums.xy);
        start += group.size;
    }
    out
}

/// Packs a variant of a block into `to`.
fn pack_variant(layout: &Layout, block: &GenotypeBlock, row: usize, to: &mut [u64]) -> RowSums {
    match commonest_alternate(block, row) {
        Some(commonest) => pack_row(layout, &all_but(block, row, commonest), 0, to),
        None => pack_row(layout, &block.groups, row, to),
    }
}

/// Packs row `row` of the groups into `to`.
fn pack_row(layout: &Layout, groups: &[CallGroup], row: usize, to: &mut [u64]) -> RowSums {
    match layout {
        Layout::Ternary { words, ploidy, .. } => {
            let calls = groups[0].calls.row(row);
            let (low, high) = calls.bits().split_at(calls.words());
            for (word, (&low, &high)) in low.iter().zip(high).enumerate() {
                let called = !(low & high);
                let (homozygous, alternate) = match ploidy {
                    1 => (called, low & called),
                    _ => (!low, high & !low),
                };
                to[word] = called;
                to[words + word] = homozygous;
                to[2 * words + word] = alternate;
            }
            ternary_sums(to, *words, *ploidy)
        }
        Layout::General { groups: layouts } => {
            let mut start = 0;
            for (group, layout) in groups.iter().zip(layouts) {
                to[start..start + layout.size].copy_from_slice(group.calls.row(row).bits());
                start += layout.size;
            }
            general_sums(layouts, to)
        }
    }
}

fn ternary_sums(row: &[u64], words: usize, ploidy: u8) -> RowSums {
    let count = |plane: usize| -> u64 {
        row[plane * words..(plane + 1) * words].iter().map(|word| u64::from(word.count_ones())).sum()
    };
    let (called, homozygous, alternate) = (count(0), count(1), count(2));
    let counted = if ploidy == 1 { alternate } else { called - homozygous + 2 * alternate };
    RowSums {
        called: signed(called),
        x: 2 * signed(alternate) - signed(homozygous),
        xx: signed(homozygous),
        copies: called * u64::from(ploidy),
        counted,
    }
}

fn general_sums(groups: &[GroupLayout], row: &[u64]) -> RowSums {
    let moments = general_moments(groups, row, row);
    let mut out = RowSums { called: moments.n, x: moments.x, xx: moments.xx, ..RowSums::default() };
    let mut start = 0;
    for group in groups {
        let own = &row[start..start + group.size];
        let sums = pair_sums(own, own, group.words);
        out.copies += sums.n * u64::from(group.ploidy);
        out.counted += sums.x;
        start += group.size;
    }
    out
}

/// The commonest allele of a variant with several alternates, if it is not the reference and the alleles are known.
fn commonest_alternate(block: &GenotypeBlock, row: usize) -> Option<u8> {
    if block.sites[row].alleles() < 3 {
        return None;
    }
    let _codes = block.layers.alleles.as_ref()?.row(row)?;
    let counts = block.counts(row).alleles;
    let most = counts.iter().copied().max()?;
    let commonest = counts.iter().position(|&count| count == most)?;
    u8::try_from(commonest).ok().filter(|&allele| allele > 0)
}

/// One row of groups whose dosages count all alleles but one.
fn all_but(block: &GenotypeBlock, row: usize, allele: u8) -> Vec<CallGroup> {
    let calls: Vec<&[u8]> = block
        .layers
        .alleles
        .as_ref()
        .and_then(|alleles| alleles.row(row))
        .map(Iterator::collect)
        .unwrap_or_default();
    let dosage = |call: &[u8]| {
        let own = call.iter().filter(|&&code| code != ABSENT);
        if own.clone().any(|&code| code == UNKNOWN) {
            return MISSING;
        }
        own.fold(0, |count, &code| count + u8::from(code != allele))
    };
    let group = |group: &CallGroup| {
        let mut planes = BitPlanes::new(group.calls.ploidy(), group.samples.len());
        let known = group.calls.row(row);
        let code = |(column, &sample): (usize, &usize)| match known.dosage(column) {
            Some(_) => calls.get(sample).map_or(MISSING, |call| dosage(call)),
            None => MISSING,
        };
        planes.push_row(&group.samples.iter().enumerate().map(code).collect::<Vec<u8>>());
        CallGroup { samples: group.samples.clone(), calls: planes }
    };
    block.groups.iter().map(group).collect()
}

#[cfg(test)]
pub(crate) mod tests;
