//! The alleles of each accession, locus by locus, as a core collection needs them: any ploidy, two alleles or many.

use std::sync::{Arc, OnceLock};

use landrace_genotypes::block::layer::{ABSENT, UNKNOWN};
use landrace_genotypes::plane::MISSING;
use landrace_genotypes::{GenotypeBlock, GenotypeError, GenotypeSource, for_each_block};
use rayon::prelude::*;

/// The most steps of a dosage: with ploidies whose least common multiple is above it, loci are held as frequencies.
const MOST_STEPS: usize = 14;

/// Allele frequencies of accessions × loci.
///
/// Loci of two alleles hold one byte an accession: the dosage of the second in [`AlleleTable::steps`] of a whole,
/// or [`MISSING`]. Loci of several alleles hold eight bytes an accession and allele: the frequency, NaN where
/// missing. Rows are accessions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlleleTable {
    samples: Arc<[String]>,
    steps: u8,
    pairs: usize,
    codes: Vec<u8>,
    /// First column of each locus of several alleles, and the number of columns.
    starts: Vec<usize>,
    frequencies: Vec<f64>,
    /// Alleles that occur, counted when first asked for.
    alleles: OnceLock<usize>,
}

/// Loci of a stretch, variant by variant.
#[derive(Default)]
struct Part {
    ploidies: Vec<u8>,
    /// Loci × accessions: dosages.
    codes: Vec<u8>,
    wide: Vec<WideLocus>,
}

/// A locus of several alleles: accessions × alleles.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WideLocus {
    /// Number of alleles.
    pub alleles: usize,
    /// Frequency of each allele in each accession, the first accession's alleles first; NaN where missing.
    pub frequencies: Vec<f64>,
}

impl AlleleTable {
    /// Reads genotypes to their end. Variants with several alternate alleles count each allele, if the format
    /// gives them.
    ///
    /// Memory: one byte a call, twice while the table is turned to rows of accessions.
    ///
    /// # Errors
    /// Returns the source's error.
    pub fn read(source: &mut dyn GenotypeSource) -> Result<Self, GenotypeError> {
        let samples = source.header().samples.clone();
        let mut parts = Vec::new();
        for_each_block(
            source,
            |block| Ok(Part::of(&block)),
            |part| {
                parts.push(part);
                Ok(())
            },
        )?;
        Ok(Self::of_parts(samples, parts))
    }

    fn of_parts(samples: Arc<[String]>, mut parts: Vec<Part>) -> Self {
        let n = samples.len();
        let all = parts.iter().flat_map(|part| &part.ploidies).map(|&ploidy| usize::from(ploidy));
        let steps = all.filter(|&ploidy| ploidy > 0).fold(1, least_common);
        let is_held_as_steps = steps <= MOST_STEPS;
        if !is_held_as_steps {
            parts.iter_mut().for_each(Part::widen);
        }
        let wide: Vec<WideLocus> = parts.iter_mut().flat_map(|part| std::mem::take(&mut part.wide)).collect();
        let pairs: usize = parts.iter().map(|part| part.codes.len().checked_div(n).unwrap_or(0)).sum();
        let mut codes = vec![MISSING; n * pairs];
        if pairs > 0 {
            codes.par_chunks_mut(64 * pairs).enumerate().for_each(|(chunk, rows)| {
                let mut first = 0;
                for part in &parts {
                    part.copy(n, steps, 64 * chunk, rows, pairs, first);
                    first += part.codes.len() / n;
                }
            });
        }
        let steps = if is_held_as_steps { u8::try_from(steps).unwrap_or(1) } else { 1 };
        let mut table = Self { samples, steps, pairs, codes, starts: vec![0], ..Self::default() };
        table.set_wide(&wide);
        table
    }

    /// A table of loci of several alleles alone, as frequency tables give them.
    pub fn of_frequencies(samples: Arc<[String]>, loci: &[WideLocus]) -> Self {
        let mut table = Self { samples, steps: 1, starts: vec![0], ..Self::default() };
        table.set_wide(loci);
        table
    }

    /// A table of loci of two alleles alone: accessions × loci, dosages of ploidy 2.
    #[cfg(test)]
    pub(crate) fn of_dosages(samples: Arc<[String]>, codes: Vec<u8>) -> Self {
        let pairs = codes.len() / samples.len();
        Self { samples, steps: 2, pairs, codes, starts: vec![0], ..Self::default() }
    }

    fn set_wide(&mut self, loci: &[WideLocus]) {
        for locus in loci {
            self.starts.push(self.starts[self.starts.len() - 1] + locus.alleles);
        }
        let width = self.width();
        self.frequencies = vec![f64::NAN; width * self.samples.len()];
        for (locus, &start) in loci.iter().zip(&self.starts) {
            for (sample, own) in locus.frequencies.chunks(locus.alleles.max(1)).enumerate() {
                self.frequencies[sample * width + start..][..own.len()].copy_from_slice(own);
            }
        }
    }

    /// The accessions named alone, in the order given.
    pub fn with_samples(&self, chosen: &[usize]) -> Self {
        let rows = |i: &usize| self.codes(*i).iter().copied();
        Self {
            samples: chosen.iter().map(|&i| self.samples[i].clone()).collect(),
            steps: self.steps,
            pairs: self.pairs,
            codes: chosen.iter().flat_map(rows).collect(),
            starts: self.starts.clone(),
            frequencies: chosen.iter().flat_map(|&i| self.frequencies(i).iter().copied()).collect(),
            alleles: OnceLock::new(),
        }
    }

    /// Names of the accessions.
    pub fn samples(&self) -> &[String] {
        &self.samples
    }

    /// Number of loci.
    pub fn loci(&self) -> usize {
        self.pairs + self.starts.len().saturating_sub(1)
    }

    /// Number of loci of two alleles.
    pub fn pairs(&self) -> usize {
        self.pairs
    }

    /// What a dosage of all copies counts.
    pub fn steps(&self) -> u8 {
        self.steps
    }

    /// Dosages of an accession at the loci of two alleles, or [`MISSING`].
    pub fn codes(&self, sample: usize) -> &[u8] {
        &self.codes[sample * self.pairs..(sample + 1) * self.pairs]
    }

    /// Columns of all loci of several alleles.
    pub fn width(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    /// The columns of each locus of several alleles.
    pub fn wide(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        self.starts.windows(2).map(|pair| pair[0]..pair[1])
    }

    /// Frequencies of an accession at the loci of several alleles; NaN where missing.
    pub fn frequencies(&self, sample: usize) -> &[f64] {
        let width = self.width();
        &self.frequencies[sample * width..(sample + 1) * width]
    }

    /// Number of alleles that occur in the accessions.
    pub fn alleles(&self) -> usize {
        *self.alleles.get_or_init(|| {
            let all: Vec<usize> = (0..self.samples.len()).collect();
            super::state::alleles_of(self, &all)
        })
    }

    /// Number of missing calls.
    pub fn missing(&self) -> u64 {
        let in_pairs =
            self.codes.par_chunks(1 << 16).map(|codes| codes.iter().filter(|&&c| c == MISSING).count());
        let firsts: Vec<usize> = self.wide().map(|columns| columns.start).collect();
        let in_wide = |i| firsts.iter().filter(|&&column| self.frequencies(i)[column].is_nan()).count();
        let wide: usize = (0..self.samples.len()).map(in_wide).sum();
        (in_pairs.sum::<usize>() + wide) as u64
    }
}

impl Part {
    fn of(block: &GenotypeBlock) -> Self {
        let mut part = Self { ploidies: block.ploidies(), ..Self::default() };
        let mut codes = Vec::new();
        for row in 0..block.rows() {
            let alleles = block.sites[row].alleles();
            let calls = block.layers.alleles.as_ref().and_then(|alleles| alleles.row(row));
            match calls.filter(|_| alleles > 2) {
                Some(calls) => part.wide.push(WideLocus::of_calls(calls, alleles)),
                None => {
                    block.unpack(row, &mut codes);
                    part.codes.extend_from_slice(&codes);
                }
            }
        }
        part
    }

    /// Turns loci of two alleles to frequencies.
    fn widen(&mut self) {
        let n = self.ploidies.len().max(1);
        for codes in self.codes.chunks(n) {
            let frequencies = codes.iter().zip(&self.ploidies).flat_map(|(&code, &ploidy)| {
                let share = f64::from(code) / f64::from(ploidy.max(1));
                if code == MISSING { [f64::NAN; 2] } else { [1.0 - share, share] }
            });
            self.wide.push(WideLocus { alleles: 2, frequencies: frequencies.collect() });
        }
        self.codes.clear();
    }

    /// Puts the dosages of some accessions into their rows, as steps.
    fn copy(&self, n: usize, steps: usize, from: usize, rows: &mut [u8], pairs: usize, first: usize) {
        for (locus, codes) in self.codes.chunks(n).enumerate() {
            for (index, row) in rows.chunks_mut(pairs).enumerate() {
                let sample = from + index;
                let code = codes[sample];
                let scale = steps / usize::from(self.ploidies[sample].max(1));
                row[first + locus] =
                    if code == MISSING { MISSING } else { code * u8::try_from(scale).unwrap_or(1) };
            }
        }
    }
}

impl WideLocus {
    fn of_calls<'a>(calls: impl Iterator<Item = &'a [u8]>, alleles: usize) -> Self {
        let mut frequencies = Vec::new();
        for call in calls {
            let own = frequencies.len();
            frequencies.resize(own + alleles, 0.0);
            let called: Vec<usize> =
                call.iter().filter(|&&code| code != ABSENT).map(|&code| usize::from(code)).collect();
            let is_known = !called.is_empty() && called.iter().all(|&code| code != usize::from(UNKNOWN));
            for &code in called.iter().filter(|&&code| is_known && code < alleles) {
                frequencies[own + code] += 1.0 / called.len() as f64;
            }
            if !is_known {
                frequencies[own..].fill(f64::NAN);
            }
        }
        Self { alleles, frequencies }
    }
}

fn least_common(a: usize, b: usize) -> usize {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    a / x * b
}
