//! The standardised calls again and again: held in memory as planes, or read from the disk anew.

use faer::Mat;
use rayon::prelude::*;

use crate::block::{GenotypeBlock, Layers, Site};
use crate::gram::kernel::{Slice, multiply, project};
use crate::gram::{CallTable, Decoded, PANEL, RowTables};
use crate::relationship::additive::{Scale, standard_tables};
use crate::source::{GenotypeError, GenotypeSource, for_each_block};

/// Opens the genotypes anew.
pub type Open<'a> = dyn Fn() -> Result<Box<dyn GenotypeSource>, GenotypeError> + 'a;

/// Bytes of planes and tables that are held; beyond, files are read again for each pass.
const HELD: usize = 256 << 20;

/// Variants that are multiplied at a time.
const DEPTH: usize = 512;

/// Rows of a chunk that one task multiplies.
const ROWS: usize = 32;

/// A block with the tables of its variants that vary, made on any thread.
pub(super) struct Ready {
    pub(super) block: GenotypeBlock,
    /// Rows, tables and weights (all 0) of the variants that vary.
    pub(super) parts: (Vec<usize>, Vec<CallTable>, Vec<f64>),
    /// Their frequency and precision.
    scales: Vec<(f64, f64)>,
    monomorphic: u64,
    missing: u64,
    /// Sum of all z².
    squares: f64,
}

impl Ready {
    pub(super) fn of(block: GenotypeBlock) -> Self {
        let (mut rows, mut scales, mut tables) = (Vec::new(), Vec::new(), Vec::new());
        let (mut monomorphic, mut missing, mut squares) = (0, 0, 0.0);
        for row in 0..block.rows() {
            let counts = block.counts(row);
            let Some(scale) = Scale::of(&counts).filter(Scale::varies) else {
                monomorphic += 1;
                continue;
            };
            missing += block.samples as u64 - counts.called;
            rows.push(row);
            let own = standard_tables(&block, &scale);
            for (table, (_, dosages)) in own.iter().zip(&counts.dosages) {
                let square = |(&n, &z): (&u32, &f32)| f64::from(n) * f64::from(z) * f64::from(z);
                squares += dosages.iter().zip(table).map(square).sum::<f64>();
            }
            tables.extend(own);
            scales.push((scale.p, scale.precision()));
        }
        let weights = vec![0.0; rows.len()];
        Self { block, parts: (rows, tables, weights), scales, monomorphic, missing, squares }
    }

    /// The tables, to be decoded.
    pub(super) fn tables(&self) -> RowTables<'_> {
        RowTables::from_parts(&self.block, self.parts.clone())
    }

    /// What there is.
    pub(super) fn seen(&self) -> Seen {
        Seen { used: self.parts.0.len() as u64, monomorphic: self.monomorphic, missing: self.missing }
    }

    /// The variants that vary, with frequency and precision.
    pub(super) fn sites(&self) -> impl Iterator<Item = (&Site, (f64, f64))> {
        self.parts.0.iter().zip(&self.scales).map(|(&row, &scale)| (&self.block.sites[row], scale))
    }

    /// Drops what passes do not need, and says what is left in bytes.
    fn lighten(&mut self) -> usize {
        self.block.sites = Vec::new();
        self.block.layers = Layers::default();
        let planes: usize = self.block.groups.iter().map(|g| g.calls.rows() * g.calls.words() * 8 * 4).sum();
        planes + self.parts.1.len() * 64 + self.parts.0.len() * 32
    }
}

/// What a pass tells of the variants.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) used: u64,
    pub(super) monomorphic: u64,
    pub(super) missing: u64,
}

impl Seen {
    fn merge(&mut self, other: Self) {
        self.used += other.used;
        self.monomorphic += other.monomorphic;
        self.missing += other.missing;
    }
}

/// Passes over the standardised calls.
pub(super) struct Passes<'a> {
    open: &'a Open<'a>,
    samples: usize,
    held: Option<Vec<Ready>>,
    pub(super) seen: Seen,
    /// Sum of all z²: the trace of the relationship matrix, times the variants.
    pub(super) trace: f64,
}

impl<'a> Passes<'a> {
    /// Reads the genotypes once, and holds them if they are small enough.
    pub(super) fn new(source: &mut dyn GenotypeSource, open: &'a Open<'a>) -> Result<Self, GenotypeError> {
        let samples = source.header().samples.len();
        let (mut held, mut bytes, mut seen) = (Some(Vec::new()), 0, Seen::default());
        let mut trace = 0.0;
        for_each_block(
            source,
            |block| Ok(Ready::of(block)),
            |mut ready| {
                seen.merge(ready.seen());
                trace += ready.squares;
                bytes += ready.lighten();
                if bytes > HELD {
                    held = None;
                }
                if let Some(held) = &mut held {
                    held.push(ready);
                }
                Ok(())
            },
        )?;
        Ok(Self { open, samples, held, seen, trace })
    }

    fn each(&self, mut fold: impl FnMut(&Ready)) -> Result<(), GenotypeError> {
        if let Some(held) = &self.held {
            held.iter().for_each(fold);
            return Ok(());
        }
        let mut source = (self.open)()?;
        for_each_block(
            source.as_mut(),
            |block| Ok(Ready::of(block)),
            |ready| {
                fold(&ready);
                Ok(())
            },
        )
    }

    /// Zᵀ(Z Q) / m for a block of vectors: samples × width.
    pub(super) fn gram_product(&self, block: &Mat<f64>) -> Result<Mat<f64>, GenotypeError> {
        let mut product = Product::new(self.samples, block);
        let mut chunk = Decoded::panels(self.samples, DEPTH);
        self.each(|ready| {
            let tables = ready.tables();
            let mut first = 0;
            while first < tables.len() {
                let count = chunk.room().min(tables.len() - first);
                chunk.append(&tables, first..first + count);
                first += count;
                if chunk.room() == 0 {
                    product.add(&chunk);
                    chunk.clear();
                }
            }
        })?;
        product.add(&chunk);
        Ok(product.finish(self.seen.used as f64))
    }
}

/// A product of the calls with a block of vectors, and back. Vectors go by 48, as samples do.
struct Product {
    samples: usize,
    width: usize,
    /// The block: for each 48 vectors, one row of 48 numbers a sample.
    vectors: Vec<Vec<Slice>>,
    /// For each 48 vectors, for each panel of samples, 48 × 48 sums.
    sums: Vec<Vec<[f64; PANEL * PANEL]>>,
}

impl Product {
    fn new(samples: usize, block: &Mat<f64>) -> Self {
        let (width, panels) = (block.ncols(), samples.div_ceil(PANEL));
        let strips = 0..width.div_ceil(PANEL);
        let value = |i: usize, k: usize| if i < samples && k < width { block[(i, k)] as f32 } else { 0.0 };
        let strip = |strip: usize| {
            (0..panels * PANEL).map(|i| std::array::from_fn(|k| value(i, strip * PANEL + k))).collect()
        };
        let vectors = strips.clone().map(strip).collect();
        let sums = strips.map(|_| vec![[0.0; PANEL * PANEL]; panels]).collect();
        Self { samples, width, vectors, sums }
    }

    fn add(&mut self, chunk: &Decoded) {
        for (vectors, sums) in self.vectors.iter().zip(&mut self.sums) {
            let projected = scores(chunk, vectors);
            sums.par_iter_mut()
                .enumerate()
                .for_each(|(panel, sums)| multiply(chunk.panel(panel), &projected, sums));
        }
    }

    fn finish(self, variants: f64) -> Mat<f64> {
        Mat::from_fn(self.samples, self.width, |i, k| {
            self.sums[k / PANEL][i / PANEL][(k % PANEL) * PANEL + i % PANEL] / variants
        })
    }
}

/// The calls of each variant times 48 vectors.
pub(super) fn scores(chunk: &Decoded, vectors: &[Slice]) -> Vec<Slice> {
    let mut out = vec![[0.0f32; PANEL]; chunk.rows()];
    out.par_chunks_mut(ROWS).enumerate().for_each(|(index, out)| {
        for (panel, vectors) in vectors.as_chunks::<PANEL>().0.iter().enumerate() {
            project(&chunk.panel(panel)[index * ROWS..][..out.len()], vectors, out);
        }
    });
    out
}
