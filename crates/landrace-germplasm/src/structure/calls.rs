//! The calls of a panel as bytes, variant by variant and sample by sample, for methods that go over them many times.

use std::ops::Range;

use rayon::prelude::*;

use super::kernel::{LANES, Line};

/// Variants or samples that a task transposes at a time.
const TILE: usize = 64;

/// Calls of columns × samples, one byte each, 0 if missing. Variants of two alleles have a column each, with
/// `ploidy << 4 | dosage`; behind them each allele of the other variants has one, with `ploidy << 4 | copies`. Both
/// layouts are held, padded with missing calls: two bytes a call in all.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    pub(super) samples: usize,
    /// Variants of two alleles: the first columns.
    pub(super) pairs: usize,
    /// Where the columns of single alleles begin.
    pub(super) border: usize,
    /// The columns of each variant of more alleles.
    pub(super) loci: Vec<Range<usize>>,
    /// Samples and columns with their padding.
    pub(super) wide: usize,
    pub(super) long: usize,
    /// Columns × padded samples.
    by_variant: Vec<u8>,
    /// Samples × padded columns.
    by_sample: Vec<u8>,
    /// The highest ploidy.
    pub(super) ploidy: u8,
}

impl Calls {
    /// Takes the columns of variants of two alleles, and those of the alleles of other variants with the number of
    /// alleles of each; all padded as [`Calls::row_length`] says.
    pub(super) fn new(samples: usize, mut pairs: Vec<u8>, alleles: &[u8], widths: &[usize]) -> Self {
        let wide = Self::row_length(samples);
        let count = pairs.len() / wide.max(1);
        let border = count.next_multiple_of(LANES);
        let mut end = border;
        let loci = widths.iter().map(|width| {
            end += width;
            end - width..end
        });
        let loci: Vec<Range<usize>> = loci.collect();
        if !loci.is_empty() {
            pairs.resize(border * wide, 0);
            pairs.extend_from_slice(alleles);
        }
        Self::of_columns(Self { samples, pairs: count, border, loci, wide, ..Self::default() }, pairs)
    }

    /// Fills a frame with its columns.
    fn of_columns(frame: Self, by_variant: Vec<u8>) -> Self {
        let columns = by_variant.len() / frame.wide.max(1);
        let long = columns.next_multiple_of(LANES);
        let ploidy = by_variant.par_iter().map(|&call| call >> 4).max().unwrap_or(0);
        let by_sample = transposed(&by_variant, frame.samples, (frame.wide, long));
        Self { long, by_variant, by_sample, ploidy, ..frame }
    }

    /// Bytes of a row of so many samples.
    pub(super) fn row_length(samples: usize) -> usize {
        samples.next_multiple_of(LANES)
    }

    /// The first columns of all variants: those of two alleles, then the others.
    pub(super) fn variants(&self) -> impl Iterator<Item = Range<usize>> {
        (0..self.pairs).map(|column| column..column + 1).chain(self.loci.iter().cloned())
    }

    /// A column's calls, padded.
    pub(super) fn column(&self, column: usize) -> &[u8] {
        &self.by_variant[column * self.wide..(column + 1) * self.wide]
    }

    /// A column's calls with the samples' factors.
    pub(super) fn line<'a>(&'a self, column: usize, factors: &'a [&'a [f32]]) -> Line<'a> {
        let is_allele = column >= self.border;
        Line { calls: self.column(column), factors, ploidy: self.ploidy, is_allele }
    }

    /// A sample's calls, padded.
    pub(super) fn sample(&self, sample: usize) -> &[u8] {
        &self.by_sample[sample * self.long..(sample + 1) * self.long]
    }

    /// Whether a sample has any call.
    pub(super) fn has_calls(&self, sample: usize) -> bool {
        self.sample(sample).iter().any(|&call| call != 0)
    }

    /// Share of the gene copies that a column counts, among all that were called; ½ if none was.
    pub(super) fn mean(&self, column: usize) -> f32 {
        let (mut alleles, mut copies) = (0u64, 0u64);
        for &call in self.column(column) {
            alleles += u64::from(call & 15);
            copies += u64::from(call >> 4);
        }
        if copies == 0 { 0.5 } else { (alleles as f64 / copies as f64) as f32 }
    }

    /// A copy without the calls of which `is_hidden` says yes, by the first column of the variant and the sample.
    pub(super) fn without(&self, is_hidden: impl Fn(usize, usize) -> bool + Sync) -> Self {
        let mut by_variant = self.by_variant.clone();
        let first = self.first_columns();
        by_variant.par_chunks_mut(self.wide.max(1)).zip(&first).for_each(|(row, &first)| {
            for (sample, call) in row.iter_mut().enumerate().filter(|(_, call)| **call != 0) {
                if is_hidden(first, sample) {
                    *call = 0;
                }
            }
        });
        let (samples, pairs, border, wide) = (self.samples, self.pairs, self.border, self.wide);
        let frame = Self { samples, pairs, border, loci: self.loci.clone(), wide, ..Self::default() };
        Self::of_columns(frame, by_variant)
    }

    /// For each column the first of its variant.
    fn first_columns(&self) -> Vec<usize> {
        let mut first: Vec<usize> = (0..self.by_variant.len() / self.wide.max(1)).collect();
        for locus in &self.loci {
            first[locus.clone()].fill(locus.start);
        }
        first
    }
}

/// Rows become columns.
fn transposed(rows: &[u8], samples: usize, (wide, long): (usize, usize)) -> Vec<u8> {
    let mut out = vec![0u8; samples * long];
    let variants = rows.len() / wide.max(1);
    out.par_chunks_mut((TILE * long).max(1)).enumerate().for_each(|(strip, out)| {
        let first = strip * TILE;
        let count = TILE.min(samples - first);
        for start in (0..variants).step_by(TILE) {
            for variant in start..variants.min(start + TILE) {
                let row = &rows[variant * wide + first..][..count];
                for (sample, &call) in row.iter().enumerate() {
                    out[sample * long + variant] = call;
                }
            }
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_layouts_hold_the_same_calls_and_hidden_ones_go_with_all_their_alleles() {
        let (samples, variants, alleles) = (70, 131, 5);
        let wide = Calls::row_length(samples);
        let rows = |variants: usize| {
            let mut rows = vec![0u8; wide * variants];
            for variant in 0..variants {
                for sample in 0..samples {
                    let is_missing = (variant + sample) % 7 == 0;
                    let call = 0x20 | (variant * sample % 3) as u8;
                    rows[variant * wide + sample] = if is_missing { 0 } else { call };
                }
            }
            rows
        };
        let calls = Calls::new(samples, rows(variants), &rows(alleles), &[3, 2]);
        assert_eq!((calls.pairs, calls.border, calls.long, calls.ploidy), (variants, 144, 160, 2));
        assert_eq!(calls.loci, [144..147, 147..149]);
        for column in 0..149 {
            for sample in 0..samples {
                assert_eq!(calls.column(column)[sample], calls.sample(sample)[column]);
            }
        }
        let fewer =
            calls.without(|column, sample| column == 144 && sample == 9 || column == 3 && sample == 1);
        let changed = (0..149).flat_map(|column| (0..samples).map(move |sample| (column, sample)));
        let changed: Vec<_> = changed.filter(|&(c, s)| calls.column(c)[s] != fewer.column(c)[s]).collect();
        assert_eq!(changed, [(3, 1), (144, 9), (145, 9), (146, 9)]);
        assert!(changed.iter().all(|&(c, s)| fewer.sample(s)[c] == 0));
    }
}
