//! Calls of the variants that vary, held as bit planes, for methods that go over all of them many times.
//!
//! A call counts as one byte: its dosage times a whole number, and for a missing call the mean dosage in the same
//! unit, rounded (to 1/240 of a copy in diploids). Products with such bytes are sums of whole numbers, so that they are
//! the same at every width of the processor's vectors and any order of the sum.

use std::collections::BTreeSet;

use landrace_genotypes::plane::{BitPlanes, MAX_PLOIDY, MISSING};
use landrace_genotypes::{CallGroup, GenotypeBlock, GenotypeError, GenotypeMatrix};
use rayon::prelude::*;

pub(super) mod kernel;
mod product;

pub use kernel::Digits;
use kernel::Row;

/// The largest byte that a dosage becomes.
const LARGEST: u8 = 240;

/// The numbers of a variant: sample i counts as z_i = `unit` · (byte of its call − `centre`).
#[derive(Clone, Debug, PartialEq)]
pub struct CodedVariant {
    /// Which variant of the source, from 0.
    pub index: usize,
    /// Frequency of the alternate allele among the called.
    pub frequency: f64,
    /// Copies of the allele that one step of the byte is worth. Where ploidies differ, a dosage counts as its share of
    /// the ploidy times the mean ploidy.
    pub unit: f64,
    /// Mean byte over all samples.
    pub centre: f64,
    /// Σ z² over all samples.
    pub squares: f64,
    /// Missing calls.
    pub missing: u32,
    /// Mean ploidy of the samples.
    pub ploidy: f64,
    table: [u8; 16],
    chunk: u32,
    row: u32,
}

/// Calls of samples × variants: two bits a call of a diploid, three or four above ploidy 2.
#[derive(Clone, Debug, Default)]
pub struct CodedCalls {
    samples: usize,
    chunks: Vec<BitPlanes>,
    variants: Vec<CodedVariant>,
    /// Variants seen, those left out too.
    seen: usize,
}

impl CodedCalls {
    /// No variants of so many samples yet.
    pub fn new(samples: usize) -> Self {
        Self { samples, ..Self::default() }
    }

    /// All variants of a matrix that vary.
    ///
    /// # Errors
    /// As [`CodedCalls::push`].
    pub fn of(matrix: &GenotypeMatrix) -> Result<Self, GenotypeError> {
        let mut out = Self::new(matrix.samples().len());
        for block in matrix.blocks() {
            out.push(block.clone())?;
        }
        Ok(out)
    }

    /// Takes in the variants of a block that vary.
    ///
    /// # Errors
    /// Returns an error if the ploidies of the block's samples have no common multiple up to 14.
    pub fn push(&mut self, block: GenotypeBlock) -> Result<(), GenotypeError> {
        let ploidies: BTreeSet<u8> = block.groups.iter().map(|group| group.calls.ploidy()).collect();
        let common = ploidies.iter().fold(1, |a, &b| a / gcd(a, u32::from(b)) * u32::from(b));
        let common = u8::try_from(common).ok().filter(|&common| common <= MAX_PLOIDY).ok_or_else(|| {
            let words: Vec<String> = ploidies.iter().map(u8::to_string).collect();
            GenotypeError::Request(format!(
                "samples of ploidy {} together have no common multiple up to {MAX_PLOIDY}, which marker-effect models \
                 need; predict them apart, or use GBLUP on a relationship matrix",
                words.join(" and ")
            ))
        })?;
        let mean = block.groups.iter().map(|g| f64::from(g.calls.ploidy()) * g.samples.len() as f64);
        let mean = mean.sum::<f64>() / self.samples.max(1) as f64;
        let mut planes = in_common(block.groups, self.samples, common);
        let first = self.seen;
        self.seen += planes.rows();
        let chunk = self.chunks.len() as u32;
        let ready: Vec<Option<CodedVariant>> = (0..planes.rows())
            .into_par_iter()
            .map(|row| code(&planes, row, mean).map(|own| CodedVariant { index: first + row, chunk, ..own }))
            .collect();
        let keep: Vec<bool> = ready.iter().map(Option::is_some).collect();
        planes.keep_rows(&keep);
        for (row, variant) in ready.into_iter().flatten().enumerate() {
            self.variants.push(CodedVariant { row: row as u32, ..variant });
        }
        self.chunks.push(planes);
        Ok(())
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// The variants that vary.
    pub fn variants(&self) -> &[CodedVariant] {
        &self.variants
    }

    /// Variants seen, those that do not vary too.
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// Words a plane of a variant; 64 samples each.
    pub(super) fn words(&self) -> usize {
        self.samples.div_ceil(64)
    }

    /// The calls of a variant.
    pub(super) fn row(&self, variant: usize) -> Row<'_> {
        let own = &self.variants[variant];
        let row = self.chunks[own.chunk as usize].row(own.row as usize);
        Row { bits: row.bits(), planes: row.planes(), table: &own.table }
    }

    /// Puts z of a variant, one a sample, into `out`.
    pub(super) fn decode(&self, variant: usize, out: &mut [f64]) {
        let (own, row, words) = (&self.variants[variant], self.row(variant), self.words());
        for (sample, out) in out.iter_mut().enumerate() {
            let byte = f64::from(row.table[row.code(sample, words)]);
            *out = own.unit * (byte - own.centre);
        }
    }

    /// Σ z² of each sample over the variants.
    pub fn sample_squares(&self) -> Vec<f64> {
        let words = self.words();
        let mut out = vec![0.0; self.samples];
        out.par_chunks_mut(64).enumerate().for_each(|(word, out)| {
            for (variant, own) in self.variants.iter().enumerate() {
                let row = self.row(variant);
                let value = |byte: u8| (own.unit * (f64::from(byte) - own.centre)).powi(2);
                let squares: [f64; 16] = std::array::from_fn(|code| value(own.table[code]));
                for (bit, out) in out.iter_mut().enumerate() {
                    *out += squares[row.code(word * 64 + bit, words)];
                }
            }
        });
        out
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The calls of all samples as dosages of one ploidy.
fn in_common(mut groups: Vec<CallGroup>, samples: usize, common: u8) -> BitPlanes {
    if groups.len() == 1 && groups[0].samples.len() == samples {
        return groups.swap_remove(0).calls;
    }
    let mut out = BitPlanes::new(common, samples);
    let rows = groups.first().map_or(0, |group| group.calls.rows());
    let (mut codes, mut own) = (vec![MISSING; samples], Vec::new());
    for row in 0..rows {
        for group in &groups {
            group.calls.row(row).unpack(group.samples.len(), &mut own);
            let times = common / group.calls.ploidy();
            for (&sample, &code) in group.samples.iter().zip(&own) {
                codes[sample] = if code == MISSING { MISSING } else { code * times };
            }
        }
        out.push_row(&codes);
    }
    out
}

/// The numbers of a variant; `None` if it does not vary.
fn code(planes: &BitPlanes, row: usize, mean_ploidy: f64) -> Option<CodedVariant> {
    let (ploidy, samples) = (planes.ploidy(), planes.columns() as f64);
    let counts = planes.row(row).dosage_counts();
    let step = LARGEST / ploidy;
    let called: f64 = counts.iter().map(|&n| f64::from(n)).sum();
    let dosages = || counts.iter().zip(0u8..).map(|(&n, dosage)| (f64::from(n), dosage));
    if dosages().filter(|(n, _)| *n > 0.0).count() < 2 {
        return None;
    }
    let sum: f64 = dosages().map(|(n, dosage)| n * f64::from(dosage * step)).sum();
    let filled = (sum / called).round();
    let centre = (sum + (samples - called) * filled) / samples;
    let squares: f64 = dosages().map(|(n, dosage)| n * (f64::from(dosage * step) - centre).powi(2)).sum();
    let squares = squares + (samples - called) * (filled - centre).powi(2);
    let unit = mean_ploidy / (f64::from(ploidy) * f64::from(step));
    let mut table = [filled as u8; 16];
    for dosage in 0..=ploidy {
        table[usize::from(dosage)] = dosage * step;
    }
    Some(CodedVariant {
        index: 0,
        frequency: sum / called / (f64::from(ploidy) * f64::from(step)),
        unit,
        centre,
        squares: squares * unit * unit,
        missing: (samples - called) as u32,
        ploidy: mean_ploidy,
        table,
        chunk: 0,
        row: 0,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use landrace_genotypes::block::{Layers, Site};
    use landrace_genotypes::{GenotypeMatrix, SourceHeader};

    use super::*;

    /// A matrix of one contig from rows of codes; samples have the ploidies given.
    pub(crate) fn matrix(ploidies: &[u8], rows: &[Vec<u8>]) -> GenotypeMatrix {
        let kinds: BTreeSet<u8> = ploidies.iter().copied().collect();
        let group = |ploidy: u8| {
            let samples: Arc<[usize]> = (0..ploidies.len()).filter(|&i| ploidies[i] == ploidy).collect();
            let mut calls = BitPlanes::new(ploidy, samples.len());
            for row in rows {
                calls.push_row(&samples.iter().map(|&i| row[i]).collect::<Vec<_>>());
            }
            CallGroup { samples, calls }
        };
        let block = GenotypeBlock {
            contig: "1".into(),
            samples: ploidies.len(),
            sites: vec![Site::default(); rows.len()],
            groups: kinds.into_iter().map(group).collect(),
            layers: Layers::default(),
        };
        let samples = (0..ploidies.len()).map(|index| format!("s{index}")).collect();
        GenotypeMatrix::from_blocks(SourceHeader { samples, ..SourceHeader::default() }, vec![block])
    }

    #[test]
    fn numbers_are_centred_dosages_at_any_ploidy() {
        let ploidies = [2, 2, 4, 4, 2];
        let rows = vec![vec![0, 2, 1, 3, 1], vec![1, 1, 2, 2, 1], vec![0, MISSING, 4, 2, 1]];
        let coded = CodedCalls::of(&matrix(&ploidies, &rows)).unwrap();
        // The second variant is half and half in all alike: it does vary in code but not in share of the ploidy.
        assert_eq!((coded.seen(), coded.variants().len()), (3, 2));
        let mean_ploidy = 14.0 / 5.0;
        let mut z = vec![0.0; 5];
        coded.decode(0, &mut z);
        let shares = [0.0, 1.0, 0.25, 0.75, 0.5];
        for (z, share) in z.iter().zip(shares) {
            assert!((z - mean_ploidy * (share - 0.5)).abs() < 1e-12, "{z} {share}");
        }
        coded.decode(1, &mut z);
        assert!(z[1].abs() < 0.02 && z.iter().sum::<f64>().abs() < 1e-12, "{z:?}");
        assert!((coded.variants()[1].squares - z.iter().map(|z| z * z).sum::<f64>()).abs() < 1e-9);
        let squares = coded.sample_squares();
        let mut first = vec![0.0; 5];
        coded.decode(0, &mut first);
        assert!((squares[2] - z[2] * z[2] - first[2] * first[2]).abs() < 1e-12);
    }

    #[test]
    fn ploidies_without_a_common_multiple_are_refused() {
        let message = CodedCalls::of(&matrix(&[6, 4, 5], &[vec![0, 1, 2]])).unwrap_err().to_string();
        assert!(message.contains("ploidy 4 and 5 and 6"), "{message}");
    }
}
