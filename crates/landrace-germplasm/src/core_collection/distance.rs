//! Distances of all pairs of accessions: Modified Rogers and Cavalli-Sforza & Edwards from alleles, any by a matrix.
//!
//! Both are Euclidean distances of allele frequencies p (or of their square roots):
//! d² = Σ over loci and alleles (p_x − p_y)² / (2 · loci), which lies between 0 and 1 (Wright 1978; Cavalli-Sforza and
//! Edwards 1967; De Beukelaer, Davenport and Fack 2018).

use landrace_genotypes::kernel::{compare_samples, pair_sums};
use landrace_genotypes::plane::{BitPlanes, MISSING};
use rayon::prelude::*;

use super::alleles::AlleleTable;

/// Rows that are computed together, so that their bits stay in the second cache.
const ROWS: usize = 32;

/// A distance of alleles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Genetic {
    /// Modified Rogers.
    ModifiedRogers,
    /// Cavalli-Sforza and Edwards (chord).
    CavalliSforzaEdwards,
}

/// What a locus (or trait) counts that one of two accessions has no value of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Missing {
    /// It is left out: distances are means over what both have. Without anything in common they are 0.
    #[default]
    Shared,
    /// Nothing, and it stays in the divisor (Core Hunter, where distances are to be large).
    Nearest,
    /// The most it can, and it stays in the divisor (Core Hunter, where distances are to be small).
    Farthest,
}

/// Distances of all pairs, as 32-bit numbers: 4 n² bytes. What is searched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Square {
    n: usize,
    values: Vec<f32>,
    is_euclidean: bool,
}

impl Square {
    /// Fills a matrix from a function of pairs (i, j), i > j. `is_euclidean` says that the distances are those of
    /// points in a Euclidean space or powers up to 2 of such (of negative type), of which bounds make use.
    pub fn from_pairs(n: usize, is_euclidean: bool, pair: impl Fn(usize, usize) -> f64 + Sync) -> Self {
        let mut values = vec![0f32; n * n];
        if n > 0 {
            values.par_chunks_mut(ROWS * n).enumerate().for_each(|(chunk, rows)| {
                let first = chunk * ROWS;
                let count = rows.len() / n;
                for j in 0..first + count {
                    for i in first.max(j + 1)..first + count {
                        rows[(i - first) * n + j] = pair(i, j) as f32;
                    }
                }
            });
        }
        let mut square = Self { n, values, is_euclidean };
        square.mirror();
        square
    }

    fn mirror(&mut self) {
        const TILE: usize = 64;
        let n = self.n;
        for top in (0..n).step_by(TILE) {
            for left in (0..=top).step_by(TILE) {
                for i in top..n.min(top + TILE) {
                    for j in left..i.min(left + TILE) {
                        self.values[j * n + i] = self.values[i * n + j];
                    }
                }
            }
        }
    }

    /// Number of accessions.
    pub fn len(&self) -> usize {
        self.n
    }

    /// Whether there is no accession.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// Distances of an accession to all.
    pub fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.n..(i + 1) * self.n]
    }

    /// All rows, one after another.
    pub(crate) fn rows(&self) -> rayon::slice::ChunksExact<'_, f32> {
        self.values.par_chunks_exact(self.n.max(1))
    }

    /// Whether the distances are of negative type.
    pub fn is_euclidean(&self) -> bool {
        self.is_euclidean
    }
}

/// Distances of alleles, to be computed pair by pair at full accuracy.
pub struct GeneticDistance<'a> {
    table: &'a AlleleTable,
    kind: Genetic,
    missing: Missing,
    words: usize,
    /// Bits of each accession's loci of two alleles.
    bits: Vec<u64>,
    size: usize,
    /// Square roots of the frequencies at loci of several alleles, or the frequencies.
    wide: Vec<f64>,
    starts: Vec<std::ops::Range<usize>>,
    has_missing: bool,
}

impl<'a> GeneticDistance<'a> {
    /// Turns the table to bits.
    pub fn new(table: &'a AlleleTable, kind: Genetic, missing: Missing) -> Self {
        let n = table.samples().len();
        let (words, size) = bit_shape(table);
        let mut bits = vec![0u64; n * size];
        if size > 0 {
            bits.par_chunks_mut(size).enumerate().for_each(|(sample, own)| {
                set_bits(table.codes(sample), table.steps(), words, own);
            });
        }
        let root = |p: f64| if kind == Genetic::CavalliSforzaEdwards { p.sqrt() } else { p };
        let wide = (0..n).flat_map(|i| table.frequencies(i).iter().map(|&p| root(p))).collect();
        let starts = table.wide().collect();
        Self { table, kind, missing, words, bits, size, wide, starts, has_missing: table.missing() > 0 }
    }

    /// The distance of two accessions, from 0 to 1.
    pub fn pair(&self, i: usize, j: usize) -> f64 {
        let (mut sum, mut compared) = self.pairs_of_alleles(i, j);
        let width = self.table.width();
        let (x, y) = (&self.wide[i * width..][..width], &self.wide[j * width..][..width]);
        for columns in &self.starts {
            let (x, y) = (&x[columns.clone()], &y[columns.clone()]);
            if x.first().is_some_and(|p| !p.is_nan()) && y.first().is_some_and(|p| !p.is_nan()) {
                compared += 1.0;
                sum += x.iter().zip(y).map(|(x, y)| (x - y) * (x - y)).sum::<f64>();
            }
        }
        let loci = self.table.loci() as f64;
        let (sum, loci) = match self.missing {
            Missing::Shared => (sum, compared),
            Missing::Nearest => (sum, loci),
            Missing::Farthest => (sum + 2.0 * (loci - compared), loci),
        };
        if loci > 0.0 { (sum / (2.0 * loci)).sqrt() } else { 0.0 }
    }

    /// All distances. They are Euclidean where no call is missing.
    pub fn square(&self) -> Square {
        Square::from_pairs(self.table.samples().len(), !self.has_missing, |i, j| self.pair(i, j))
    }

    /// Sum of the squared differences of both alleles' frequencies, and how many loci were compared.
    fn pairs_of_alleles(&self, i: usize, j: usize) -> (f64, f64) {
        let (x, y) = (&self.bits[i * self.size..][..self.size], &self.bits[j * self.size..][..self.size]);
        let steps = f64::from(self.table.steps());
        match (self.table.steps(), self.kind) {
            (0..=2, kind) => {
                let counts = compare_samples(x, y, self.words);
                let (different, distance) = (counts.different as f64, counts.distance as f64);
                // Differences of two steps, and of one, which for haploids is the whole.
                let (two, one) = if steps < 2.0 {
                    (different, 0.0)
                } else {
                    (distance - different, 2.0 * different - distance)
                };
                let half = if kind == Genetic::ModifiedRogers { 0.5 } else { 2.0 - std::f64::consts::SQRT_2 };
                (2.0 * two + half * one, counts.compared as f64)
            }
            (_, Genetic::ModifiedRogers) => {
                let sums = pair_sums(x, y, self.words);
                let squares = (sums.xx + sums.yy) as f64 - 2.0 * sums.xy as f64;
                (2.0 * squares / (steps * steps), sums.n as f64)
            }
            (_, Genetic::CavalliSforzaEdwards) => chord(self.table, i, j),
        }
    }
}

/// Words a plane, and words an accession.
fn bit_shape(table: &AlleleTable) -> (usize, usize) {
    let words = table.pairs().div_ceil(64);
    let planes = if table.steps() <= 2 {
        usize::from(table.steps()) + 1
    } else {
        landrace_genotypes::plane::planes_for(table.steps())
    };
    (words, words * planes)
}

/// Up to two steps, a plane for each step that the dosage is above and one of the calls that are there; else the
/// planes of the dosage's bits.
fn set_bits(codes: &[u8], steps: u8, words: usize, out: &mut [u64]) {
    if steps > 2 {
        let mut planes = BitPlanes::new(steps, codes.len());
        planes.push_row(codes);
        out.copy_from_slice(planes.row(0).bits());
        return;
    }
    for (locus, &code) in codes.iter().enumerate().filter(|&(_, &code)| code != MISSING) {
        let bit = 1u64 << (locus % 64);
        for plane in (0..usize::from(code)).chain([usize::from(steps)]) {
            out[plane * words + locus / 64] |= bit;
        }
    }
}

/// The chord distance's sum at more than two steps, dosage by dosage.
fn chord(table: &AlleleTable, i: usize, j: usize) -> (f64, f64) {
    let steps = table.steps();
    let mut counts = [[0u32; 16]; 16];
    for (&x, &y) in table.codes(i).iter().zip(table.codes(j)) {
        counts[usize::from(x & 15)][usize::from(y & 15)] += 1;
    }
    let share = |dosage: usize| dosage as f64 / f64::from(steps);
    let gap = |x: f64, y: f64| (x.sqrt() - y.sqrt()).powi(2);
    let (mut sum, mut compared) = (0.0, 0.0);
    let dosages = usize::from(steps) + 1;
    for (x, own) in counts.iter().enumerate().take(dosages) {
        for (y, &count) in own.iter().enumerate().take(dosages) {
            let count = f64::from(count);
            compared += count;
            sum += count * (gap(share(x), share(y)) + gap(1.0 - share(x), 1.0 - share(y)));
        }
    }
    (sum, compared)
}
