//! From calls to columns of a design: the one place that knows what a marker's calls mean.

use std::sync::Arc;

use faer::Mat;
use landrace_genotypes::GenotypeBlock;
use landrace_genotypes::plane::MISSING;

/// Columns that are coded, rotated and tested at a time.
pub(crate) const COLUMNS: usize = 256;

/// The calls of one variant in the samples of an analysis.
#[derive(Clone, Copy, Debug)]
pub struct Calls<'a> {
    /// Dosage of the non-reference allele, or [`MISSING`].
    pub codes: &'a [u8],
    /// Copies of the chromosome that each sample has.
    pub ploidies: &'a [u8],
    /// The highest ploidy in the block.
    pub ploidy: u8,
}

/// Turns the calls of a variant into columns of numbers.
pub trait Coding: Send + Sync {
    /// The name on the command line.
    fn name(&self) -> &'static str;

    /// Appends the columns to `out`, one after another, each with a number a sample; NaN for a missing call, which then
    /// counts as the mean of the others. Where columns stand for classes of samples, `classes` gets the dosage of
    /// the class that the others are held against, then that of each column, and all columns vary; else there is one
    /// column, and `classes` is left alone.
    fn code(&self, calls: &Calls<'_>, out: &mut Vec<f64>, classes: &mut Vec<f64>);
}

/// One column: the dosage of the non-reference allele; of samples of several ploidies as a share of the highest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Additive;

impl Additive {
    /// The number of a call of a sample of its own ploidy.
    pub(crate) fn value(code: u8, own: u8, highest: u8) -> f64 {
        if own == highest { f64::from(code) } else { f64::from(code) * f64::from(highest) / f64::from(own) }
    }
}

impl Coding for Additive {
    fn name(&self) -> &'static str {
        "additive"
    }

    fn code(&self, calls: &Calls<'_>, out: &mut Vec<f64>, _: &mut Vec<f64>) {
        out.extend(calls.codes.iter().zip(calls.ploidies).map(|(&code, &ploidy)| match code {
            MISSING => f64::NAN,
            code => Self::value(code, ploidy, calls.ploidy),
        }));
    }
}

/// Which variants are tested.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarkerFilter {
    /// Share of the trait's samples with a call, at least.
    pub min_call_rate: f64,
    /// Frequency of the rarer allele among them, at least.
    pub min_maf: f64,
}

impl Default for MarkerFilter {
    /// GEMMA's.
    fn default() -> Self {
        Self { min_call_rate: 0.95, min_maf: 0.01 }
    }
}

/// A variant that is tested.
#[derive(Clone, Debug)]
pub struct Marker {
    /// Row in its block.
    pub(crate) row: usize,
    /// Contig's name.
    pub contig: Arc<str>,
    /// Position from 1, if it is known.
    pub position: Option<u64>,
    /// Its name; `contig:position` if the file has none.
    pub id: Box<str>,
    /// The allele whose copies are counted.
    pub effect: Box<str>,
    /// The other one.
    pub other: Box<str>,
    /// Samples of the trait without a call.
    pub missing: u32,
    /// Frequency of the allele counted, among the trait's samples.
    pub frequency: f64,
    /// If its columns stand for classes of samples: the dosage of the class they are held against, then of each column.
    pub classes: Box<[f64]>,
    /// Its columns in [`Coded::columns`].
    pub(crate) columns: std::ops::Range<usize>,
}

impl Marker {
    /// One number a sample: its column, or the dosage that its classes stand for.
    pub(crate) fn values(&self, columns: &Mat<f64>) -> Vec<f64> {
        let first = columns.col_as_slice(self.columns.start);
        let Some((base, others)) = self.classes.split_first() else { return first.to_vec() };
        let mut out = vec![*base; first.len()];
        for (class, column) in others.iter().zip(self.columns.clone()) {
            let column = columns.col_as_slice(column);
            out.iter_mut().zip(column).for_each(|(out, x)| *out += (class - base) * x);
        }
        out
    }
}

/// How many variants there were, and why some are not tested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarkerAccount {
    /// Read.
    pub read: u64,
    /// Too few calls.
    pub uncalled: u64,
    /// Rarer allele too rare.
    pub rare: u64,
    /// All calls alike.
    pub constant: u64,
    /// A combination of the covariates.
    pub collinear: u64,
}

impl MarkerAccount {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.read += other.read;
        self.uncalled += other.uncalled;
        self.rare += other.rare;
        self.constant += other.constant;
        self.collinear += other.collinear;
    }
}

/// Some variants of a block, coded.
#[derive(Debug)]
pub struct Coded {
    /// The variants.
    pub markers: Vec<Marker>,
    /// Their columns, missing calls replaced by means: samples × columns.
    pub columns: Mat<f64>,
}

#[cfg(test)]
impl Coded {
    /// Columns of numbers as markers of one each.
    pub(crate) fn of_columns(columns: Mat<f64>) -> Self {
        let marker = |k: usize| Marker {
            row: k,
            contig: Arc::from("1"),
            position: None,
            id: "m".into(),
            effect: "A".into(),
            other: "B".into(),
            missing: 0,
            frequency: 0.5,
            classes: Box::default(),
            columns: k..k + 1,
        };
        Self { markers: (0..columns.ncols()).map(marker).collect(), columns }
    }
}

/// What coding needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Coder<'a> {
    pub(crate) samples: &'a [usize],
    pub(crate) coding: &'a dyn Coding,
    pub(crate) filter: MarkerFilter,
}

/// Buffers that are used again.
#[derive(Default)]
pub(crate) struct CodeScratch {
    all: Vec<u8>,
    codes: Vec<u8>,
    columns: Vec<f64>,
    values: Vec<f64>,
}

impl Coder<'_> {
    /// Codes variants from `row` on until there are [`COLUMNS`] columns (the last variant may go past) or the block ends;
    /// gives the next row.
    pub(crate) fn code(
        &self,
        block: &GenotypeBlock,
        mut row: usize,
        account: &mut MarkerAccount,
        scratch: &mut CodeScratch,
    ) -> (Coded, usize) {
        let ploidies = self.ploidies(block);
        let n = self.samples.len();
        let mut markers: Vec<Marker> = Vec::new();
        scratch.values.clear();
        while row < block.rows() && scratch.values.len() / n < COLUMNS {
            markers.extend(self.code_row((block, row), &ploidies, account, scratch));
            row += 1;
        }
        (self.coded(markers, scratch), row)
    }

    /// Codes one variant; without markers if it is not tested.
    pub(crate) fn one(&self, block: &GenotypeBlock, row: usize, scratch: &mut CodeScratch) -> Coded {
        scratch.values.clear();
        let ploidies = self.ploidies(block);
        let marker = self.code_row((block, row), &ploidies, &mut MarkerAccount::default(), scratch);
        self.coded(marker.into_iter().collect(), scratch)
    }

    fn ploidies(&self, block: &GenotypeBlock) -> Vec<u8> {
        let all = block.ploidies();
        self.samples.iter().map(|&sample| all[sample]).collect()
    }

    fn coded(&self, markers: Vec<Marker>, scratch: &CodeScratch) -> Coded {
        let (n, values) = (self.samples.len(), &scratch.values);
        let columns = Mat::from_fn(n, values.len() / n, |i, k| values[k * n + i]);
        Coded { markers, columns }
    }

    /// Adds a variant's columns to the buffer.
    fn code_row(
        &self,
        (block, row): (&GenotypeBlock, usize),
        ploidies: &[u8],
        account: &mut MarkerAccount,
        scratch: &mut CodeScratch,
    ) -> Option<Marker> {
        let n = self.samples.len();
        block.unpack(row, &mut scratch.all);
        scratch.codes.clear();
        scratch.codes.extend(self.samples.iter().map(|&sample| scratch.all[sample]));
        account.read += 1;
        let ploidy = ploidies.iter().copied().max().unwrap_or(2);
        let calls = Calls { codes: &scratch.codes, ploidies, ploidy };
        let (missing, frequency) = self.admit(&calls, account)?;
        let first = scratch.values.len() / n;
        scratch.columns.clear();
        let mut classes = Vec::new();
        self.coding.code(&calls, &mut scratch.columns, &mut classes);
        fill(&mut scratch.columns, n, &mut scratch.values);
        let columns = first..scratch.values.len() / n;
        if columns.is_empty() {
            account.constant += 1;
            return None;
        }
        let own = marker(block, row, (missing, frequency), columns);
        Some(Marker { classes: classes.into_boxed_slice(), ..own })
    }

    /// Missing calls and the frequency of the counted allele, if the variant is tested.
    fn admit(&self, calls: &Calls<'_>, account: &mut MarkerAccount) -> Option<(u32, f64)> {
        let (mut called, mut dosage, mut copies) = (0u32, 0u64, 0u64);
        for (&code, &ploidy) in calls.codes.iter().zip(calls.ploidies) {
            if code != MISSING {
                called += 1;
                dosage += u64::from(code);
                copies += u64::from(ploidy);
            }
        }
        let n = calls.codes.len();
        let missing = n as u32 - called;
        // As GEMMA compares, so that ties fall alike.
        if copies == 0 || f64::from(missing) / n as f64 > 1.0 - self.filter.min_call_rate + 1e-12 {
            account.uncalled += 1;
            return None;
        }
        let frequency = dosage as f64 / copies as f64;
        if dosage == 0 || dosage == copies {
            account.constant += 1;
            return None;
        }
        if frequency < self.filter.min_maf || frequency > 1.0 - self.filter.min_maf {
            account.rare += 1;
            return None;
        }
        Some((missing, frequency))
    }
}

/// Replaces missing numbers by means, and keeps the columns that vary.
fn fill(columns: &mut [f64], n: usize, out: &mut Vec<f64>) {
    for column in columns.chunks_mut(n) {
        let known = || column.iter().filter(|value| !value.is_nan());
        let count = known().count();
        let mean = known().sum::<f64>() / count as f64;
        let first = known().next().copied();
        if count == 0 || known().all(|&value| Some(value) == first) {
            continue;
        }
        column.iter_mut().filter(|value| value.is_nan()).for_each(|value| *value = mean);
        out.extend_from_slice(column);
    }
}

fn marker(
    block: &GenotypeBlock,
    row: usize,
    (missing, frequency): (u32, f64),
    columns: std::ops::Range<usize>,
) -> Marker {
    let site = &block.sites[row];
    let id = if site.id.is_empty() || &*site.id == "." {
        site.label(&block.contig).into()
    } else {
        site.id.clone()
    };
    let effect = match site.alternates.as_slice() {
        [] => "NA".into(),
        alternates => alternates.join(",").into(),
    };
    Marker {
        row,
        contig: block.contig.clone(),
        position: site.position.map(|position| position.get()),
        id,
        effect,
        other: site.reference.clone(),
        missing,
        frequency,
        classes: Box::default(),
        columns,
    }
}
