//! From bit planes to numbers: each call is looked up in its variant's table.

use rayon::prelude::*;

use super::kernel::{self, PANEL, Slice};
use crate::block::GenotypeBlock;

/// What each code of a call counts as; by code 0 to 15, all ones of its planes being the missing call.
pub(crate) type CallTable = [f32; 16];

/// The variants of a block that go in, and their tables.
pub(crate) struct RowTables<'a> {
    block: &'a GenotypeBlock,
    rows: Vec<usize>,
    /// For each of the rows, a table a group of the block.
    tables: Vec<CallTable>,
    /// For each of the rows, its weight in the weighted sum; empty for none.
    weights: Vec<f64>,
}

impl<'a> RowTables<'a> {
    /// No variants of a block yet.
    pub(crate) fn new(block: &'a GenotypeBlock) -> Self {
        Self { block, rows: Vec::new(), tables: Vec::new(), weights: Vec::new() }
    }

    /// Takes in a variant: a table a group.
    pub(crate) fn push(&mut self, row: usize, tables: impl IntoIterator<Item = CallTable>, weight: f64) {
        self.rows.push(row);
        self.tables.extend(tables);
        self.weights.push(weight);
    }

    /// Number of variants.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// A variant's weight in the weighted sum.
    pub(crate) fn weight(&self, index: usize) -> f64 {
        self.weights[index]
    }

    /// The rows of the block, the tables and the weights by themselves, without the block.
    pub(crate) fn into_parts(self) -> (Vec<usize>, Vec<CallTable>, Vec<f64>) {
        (self.rows, self.tables, self.weights)
    }

    /// Puts together again what [`RowTables::into_parts`] gave.
    pub(crate) fn from_parts(
        block: &'a GenotypeBlock,
        parts: (Vec<usize>, Vec<CallTable>, Vec<f64>),
    ) -> Self {
        let (rows, tables, weights) = parts;
        Self { block, rows, tables, weights }
    }
}

/// Decoded calls of some variants: panel by panel, or variant by variant.
pub(crate) struct Decoded {
    samples: usize,
    capacity: usize,
    rows: usize,
    values: Vec<Slice>,
}

impl Decoded {
    /// Room for so many variants.
    pub(crate) fn panels(samples: usize, capacity: usize) -> Self {
        let values = vec![[0.0; PANEL]; samples.div_ceil(PANEL) * capacity];
        Self { samples, capacity, rows: 0, values }
    }

    /// Variants that there is room for.
    pub(crate) fn room(&self) -> usize {
        self.capacity - self.rows
    }

    /// Number of variants.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Forgets all variants.
    pub(crate) fn clear(&mut self) {
        self.rows = 0;
    }

    /// The variants' numbers of 48 samples; those beyond the last sample are 0.
    pub(crate) fn panel(&self, panel: usize) -> &[Slice] {
        &self.values[panel * self.capacity..][..self.rows]
    }

    /// Takes in variants of calls.
    pub(crate) fn append(&mut self, tables: &RowTables<'_>, chosen: std::ops::Range<usize>) {
        let (first, count) = (self.rows, chosen.len());
        let last_samples = self.samples - (self.samples - 1) / PANEL * PANEL;
        let (panels, groups) = (self.values.len() / self.capacity, tables.block.groups.len());
        let places = if groups > 1 { places(tables.block) } else { Vec::new() };
        self.values.par_chunks_mut(self.capacity).enumerate().for_each(|(panel, values)| {
            let used = if panel + 1 == panels { last_samples } else { PANEL };
            for (index, out) in chosen.clone().zip(&mut values[first..first + count]) {
                let row = tables.rows[index];
                let own = &tables.tables[index * groups..(index + 1) * groups];
                match groups {
                    1 => look_up_panel(tables.block, row, panel, &own[0], out),
                    _ => look_up_each(tables.block, row, &places[panel * PANEL..][..used], own, out),
                }
                out[used..].fill(0.0);
            }
        });
        self.rows += count;
    }

    /// Takes in a variant of numbers, one a sample.
    pub(crate) fn append_values(&mut self, values: &[f32]) {
        for (panel, values) in values.chunks(PANEL).enumerate() {
            let out = &mut self.values[panel * self.capacity + self.rows];
            out[..values.len()].copy_from_slice(values);
            out[values.len()..].fill(0.0);
        }
        self.rows += 1;
    }
}

/// The group of each sample and its column there.
fn places(block: &GenotypeBlock) -> Vec<(usize, usize)> {
    let mut out = vec![(0, 0); block.samples];
    for (index, group) in block.groups.iter().enumerate() {
        for (column, &sample) in group.samples.iter().enumerate() {
            out[sample] = (index, column);
        }
    }
    out
}

fn look_up_panel(block: &GenotypeBlock, row: usize, panel: usize, table: &CallTable, out: &mut Slice) {
    let row = block.groups[0].calls.row(row);
    let (word, shift) = (panel * PANEL / 64, panel * PANEL % 64);
    let mut planes = [0u64; 4];
    for (plane, bits) in planes.iter_mut().zip(row.bits().chunks_exact(row.words())) {
        *plane = bits[word] >> shift;
        if shift > 64 - PANEL && word + 1 < bits.len() {
            *plane |= bits[word + 1] << (64 - shift);
        }
    }
    kernel::look_up(&planes[..row.planes()], table, out);
}

/// Samples of several ploidies, one by one.
fn look_up_each(
    block: &GenotypeBlock,
    row: usize,
    places: &[(usize, usize)],
    tables: &[CallTable],
    out: &mut Slice,
) {
    for (out, &(group, column)) in out.iter_mut().zip(places) {
        let row = block.groups[group].calls.row(row);
        let missing = (1 << row.planes()) - 1;
        *out = tables[group][row.dosage(column).map_or(missing, usize::from)];
    }
}
