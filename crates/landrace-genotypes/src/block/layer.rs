//! What may lie beside the calls: each layer optional, variants × samples, absent unless asked for.

use std::ops::Range;
use std::sync::Arc;

/// Code of an allele that was not called, in [`AlleleCodes`].
pub const UNKNOWN: u8 = 0xff;
/// Code of an allele slot beyond the sample's ploidy, in [`AlleleCodes`].
pub const ABSENT: u8 = 0xfe;

/// The layers of a block.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// The alleles themselves, for variants with several alternates, and for all where phase was asked for.
    pub alleles: Option<AlleleCodes>,
    /// Reads (VCF `DP`); −1 where not known.
    pub depth: Option<Grid<i32>>,
    /// Phred genotype quality (`GQ`); negative where not known.
    pub genotype_quality: Option<Grid<f32>>,
    /// Reads of each allele (`AD`); −1 where not known.
    pub allele_depths: Option<Ragged<i32>>,
    /// Phred likelihoods of each genotype in VCF's order (`PL`); −1 where not known.
    pub likelihoods: Option<Ragged<i32>>,
    /// Estimated dosage of each alternate allele (`DS`); NaN where not known.
    pub dosage: Option<Ragged<f32>>,
    /// Probability of each genotype in VCF's order (`GP`), 0 to 1; NaN where not known.
    pub probabilities: Option<Ragged<f32>>,
    /// What is to be added to each variant's INFO, as `KEY=VALUE;KEY`; empty for nothing. The keys are declared in
    /// [`crate::SourceHeader::info`].
    pub info: Option<Vec<Box<str>>>,
    /// The records as the file has them, so that a variant file goes through without loss.
    pub records: Option<RecordLines>,
    /// Heterozygous calls that the file phases; it need not have been asked for.
    pub phased_heterozygotes: u64,
    /// Variants with something in HapMap's columns from strand to QCcode, which is not kept.
    pub hapmap_notes: u64,
    /// Calls known in part, such as `./1`, which count as missing.
    pub partial_calls: u64,
}

/// Which layers a reader shall fill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Phase, and the alleles of every variant with it.
    pub phase: bool,
    /// Depth.
    pub depth: bool,
    /// Genotype quality.
    pub genotype_quality: bool,
    /// Allele depths.
    pub allele_depths: bool,
    /// Likelihoods.
    pub likelihoods: bool,
    /// Dosage.
    pub dosage: bool,
    /// Probabilities of genotypes.
    pub probabilities: bool,
    /// The records themselves.
    pub records: bool,
}

impl Wanted {
    /// What either wants.
    pub fn or(self, other: Self) -> Self {
        Self {
            phase: self.phase || other.phase,
            depth: self.depth || other.depth,
            genotype_quality: self.genotype_quality || other.genotype_quality,
            allele_depths: self.allele_depths || other.allele_depths,
            likelihoods: self.likelihoods || other.likelihoods,
            dosage: self.dosage || other.dosage,
            probabilities: self.probabilities || other.probabilities,
            records: self.records || other.records,
        }
    }
}

/// One value a call: variants × samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid<T> {
    columns: usize,
    values: Vec<T>,
}

/// Several values a call, as many for all calls of a variant: variants × samples × that number.
#[derive(Clone, Debug, PartialEq)]
pub struct Ragged<T> {
    columns: usize,
    widths: Vec<usize>,
    starts: Vec<usize>,
    values: Vec<T>,
}

impl<T: Copy> Grid<T> {
    /// A grid without rows.
    pub fn new(columns: usize) -> Self {
        Self { columns, values: Vec::new() }
    }

    /// Appends a variant's values, one a sample.
    pub fn push_row(&mut self, row: &[T]) {
        debug_assert_eq!(row.len(), self.columns);
        self.values.extend_from_slice(row);
    }

    /// A variant's values, one a sample.
    pub fn row(&self, row: usize) -> &[T] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    fn keep_rows(&mut self, keep: &[bool]) {
        keep_stretches(&mut self.values, keep, |row| row * self.columns..(row + 1) * self.columns);
    }

    fn with_samples(&self, samples: &[usize]) -> Self {
        let rows = self.values.len().checked_div(self.columns).unwrap_or(0);
        let values = (0..rows).flat_map(|row| samples.iter().map(move |&s| self.row(row)[s])).collect();
        Self { columns: samples.len(), values }
    }
}

impl<T: Copy> Ragged<T> {
    /// Without rows.
    pub fn new(columns: usize) -> Self {
        Self { columns, widths: Vec::new(), starts: Vec::new(), values: Vec::new() }
    }

    /// Appends a variant's values, `width` a sample.
    pub fn push_row(&mut self, width: usize, row: &[T]) {
        debug_assert_eq!(row.len(), self.columns * width);
        self.starts.push(self.values.len());
        self.widths.push(width);
        self.values.extend_from_slice(row);
    }

    /// Values a sample of a variant.
    pub fn width(&self, row: usize) -> usize {
        self.widths[row]
    }

    /// The values of a variant, those of the first sample first.
    pub fn row(&self, row: usize) -> &[T] {
        &self.values[self.starts[row]..self.starts[row] + self.widths[row] * self.columns]
    }

    /// Puts one value in place of all those of some samples.
    pub(crate) fn fill(&mut self, row: usize, samples: &[usize], value: T) {
        let (start, width) = (self.starts[row], self.widths[row]);
        for &sample in samples {
            self.values[start + sample * width..start + (sample + 1) * width].fill(value);
        }
    }

    /// The values of a call.
    pub fn call(&self, row: usize, sample: usize) -> &[T] {
        let (start, width) = (self.starts[row], self.widths[row]);
        &self.values[start + sample * width..start + (sample + 1) * width]
    }

    fn keep_rows(&mut self, keep: &[bool]) {
        let kept: Vec<usize> = (0..keep.len()).filter(|&row| keep[row]).collect();
        let mut out = Self::new(self.columns);
        for row in kept {
            let (start, width) = (self.starts[row], self.widths[row]);
            out.push_row(width, &self.values[start..start + width * self.columns]);
        }
        *self = out;
    }

    fn with_samples(&self, samples: &[usize]) -> Self {
        let mut out = Self::new(samples.len());
        for row in 0..self.widths.len() {
            let values: Vec<T> = samples.iter().flat_map(|&s| self.call(row, s)).copied().collect();
            out.push_row(self.widths[row], &values);
        }
        out
    }
}

fn keep_stretches<T: Copy>(values: &mut Vec<T>, keep: &[bool], stretch: impl Fn(usize) -> Range<usize>) {
    let mut to = 0;
    for (row, _) in keep.iter().enumerate().filter(|(_, keep)| **keep) {
        let from = stretch(row);
        let size = from.len();
        values.copy_within(from, to);
        to += size;
    }
    values.truncate(to);
}

/// Allele indices of the calls of some variants, in the order in which they were written, and whether a call is
/// phased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlleleCodes {
    samples: usize,
    width: usize,
    /// Where each variant's codes start, if it has any.
    starts: Vec<Option<usize>>,
    codes: Vec<u8>,
    phased: Vec<bool>,
}

impl AlleleCodes {
    /// Without rows; `width` alleles a call at most.
    pub fn new(samples: usize, width: usize) -> Self {
        Self { samples, width, starts: Vec::new(), codes: Vec::new(), phased: Vec::new() }
    }

    /// Appends a variant: `width` codes a sample and one flag a sample; or, with `None`, a variant whose dosages
    /// say all.
    pub fn push_row(&mut self, row: Option<(&[u8], &[bool])>) {
        self.starts.push(row.map(|(codes, phased)| {
            let start = self.phased.len();
            self.codes.extend_from_slice(codes);
            self.phased.extend_from_slice(phased);
            start
        }));
    }

    /// Alleles a call at most.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The calls of a variant, each of [`AlleleCodes::width`] codes; `None` if its dosages say all.
    pub fn row(&self, row: usize) -> Option<std::slice::ChunksExact<'_, u8>> {
        let start = self.starts.get(row).copied().flatten()? * self.width;
        Some(self.codes[start..start + self.samples * self.width].chunks_exact(self.width.max(1)))
    }

    /// One call of a variant, of [`AlleleCodes::width`] codes; `None` if its dosages say all.
    pub fn call(&self, row: usize, sample: usize) -> Option<&[u8]> {
        let start = (self.starts.get(row).copied().flatten()? + sample) * self.width;
        self.codes.get(start..start + self.width)
    }

    /// Whether each call of a variant is phased; `None` if its dosages say all.
    pub fn phased(&self, row: usize) -> Option<&[bool]> {
        let start = self.starts.get(row).copied().flatten()?;
        Some(&self.phased[start..start + self.samples])
    }

    fn set_missing(&mut self, row: usize, samples: &[usize]) {
        let Some(start) = self.starts.get(row).copied().flatten() else { return };
        for &sample in samples {
            let at = (start + sample) * self.width;
            for code in self.codes[at..at + self.width].iter_mut().filter(|code| **code != ABSENT) {
                *code = UNKNOWN;
            }
        }
    }

    fn keep_rows(&mut self, keep: &[bool]) {
        let mut flags = keep.iter();
        self.starts.retain(|_| flags.next().copied().unwrap_or(false));
    }

    fn with_samples(&self, samples: &[usize]) -> Self {
        let mut out = Self::new(samples.len(), self.width);
        for &start in &self.starts {
            let row = start.map(|start| {
                let codes: Vec<u8> = samples
                    .iter()
                    .flat_map(|&s| &self.codes[(start + s) * self.width..(start + s + 1) * self.width])
                    .copied()
                    .collect();
                (codes, samples.iter().map(|&s| self.phased[start + s]).collect::<Vec<_>>())
            });
            out.push_row(row.as_ref().map(|(codes, phased)| (codes.as_slice(), phased.as_slice())));
        }
        out
    }
}

/// The lines of a variant file, as text, and what was done to them since.
#[derive(Clone, Debug, Default)]
pub struct RecordLines {
    /// Lines of the file, one after another.
    pub text: Arc<Vec<u8>>,
    /// The line of each variant, without its end.
    pub lines: Vec<Range<usize>>,
    /// Samples to write, as indices of the line's sample columns; `None` for all as they stand.
    pub columns: Option<Arc<[usize]>>,
    /// For each variant, samples (by their place in the block) whose calls were made missing.
    pub blanked: Vec<Vec<usize>>,
}

impl RecordLines {
    /// The line of a variant.
    pub fn line(&self, row: usize) -> &[u8] {
        &self.text[self.lines[row].clone()]
    }

    fn set_missing(&mut self, row: usize, samples: &[usize]) {
        if self.blanked.len() < self.lines.len() {
            self.blanked.resize(self.lines.len(), Vec::new());
        }
        self.blanked[row].extend_from_slice(samples);
        self.blanked[row].sort_unstable();
        self.blanked[row].dedup();
    }

    fn keep_rows(&mut self, keep: &[bool]) {
        let mut flags = keep.iter();
        self.lines.retain(|_| flags.next().copied().unwrap_or(false));
        let mut flags = keep.iter();
        self.blanked.retain(|_| flags.next().copied().unwrap_or(false));
    }

    fn with_samples(&self, samples: &[usize]) -> Self {
        let columns = match &self.columns {
            Some(columns) => samples.iter().map(|&s| columns[s]).collect(),
            None => samples.into(),
        };
        let place = |row: &Vec<usize>| {
            (0..samples.len()).filter(|&to| row.binary_search(&samples[to]).is_ok()).collect()
        };
        Self {
            text: self.text.clone(),
            lines: self.lines.clone(),
            columns: Some(columns),
            blanked: self.blanked.iter().map(place).collect(),
        }
    }
}

impl Layers {
    /// Makes calls missing: alleles, dosages and probabilities go, for they say the call again; reads, likelihoods
    /// and qualities stay, for they are what was seen.
    pub(super) fn set_missing(&mut self, row: usize, samples: &[usize]) {
        if let Some(alleles) = &mut self.alleles {
            alleles.set_missing(row, samples);
        }
        for layer in [&mut self.dosage, &mut self.probabilities].into_iter().flatten() {
            layer.fill(row, samples, f32::NAN);
        }
        if let Some(records) = &mut self.records {
            records.set_missing(row, samples);
        }
    }

    pub(super) fn keep_rows(&mut self, keep: &[bool]) {
        self.alleles.as_mut().into_iter().for_each(|layer| layer.keep_rows(keep));
        self.depth.as_mut().into_iter().for_each(|layer| layer.keep_rows(keep));
        self.genotype_quality.as_mut().into_iter().for_each(|layer| layer.keep_rows(keep));
        self.allele_depths.as_mut().into_iter().for_each(|layer| layer.keep_rows(keep));
        self.likelihoods.as_mut().into_iter().for_each(|layer| layer.keep_rows(keep));
        self.dosage.as_mut().into_iter().for_each(|layer| layer.keep_rows(keep));
        self.probabilities.as_mut().into_iter().for_each(|layer| layer.keep_rows(keep));
        if let Some(info) = &mut self.info {
            let mut flags = keep.iter();
            info.retain(|_| flags.next().copied().unwrap_or(false));
        }
        self.records.as_mut().into_iter().for_each(|layer| layer.keep_rows(keep));
    }

    pub(super) fn with_samples(&self, samples: &[usize]) -> Self {
        Self {
            alleles: self.alleles.as_ref().map(|layer| layer.with_samples(samples)),
            depth: self.depth.as_ref().map(|layer| layer.with_samples(samples)),
            genotype_quality: self.genotype_quality.as_ref().map(|layer| layer.with_samples(samples)),
            allele_depths: self.allele_depths.as_ref().map(|layer| layer.with_samples(samples)),
            likelihoods: self.likelihoods.as_ref().map(|layer| layer.with_samples(samples)),
            dosage: self.dosage.as_ref().map(|layer| layer.with_samples(samples)),
            probabilities: self.probabilities.as_ref().map(|layer| layer.with_samples(samples)),
            info: self.info.clone(),
            records: self.records.as_ref().map(|layer| layer.with_samples(samples)),
            phased_heterozygotes: self.phased_heterozygotes,
            partial_calls: self.partial_calls,
            hapmap_notes: self.hapmap_notes,
        }
    }
}
