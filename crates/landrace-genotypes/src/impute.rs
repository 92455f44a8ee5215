//! Missing calls from the calls that are there: the frame that all methods share.
//!
//! A [`Method`] is given a matrix and says how probable each dosage of each missing call is ([`Estimates`]). The
//! frame asks it twice: first for known calls that it has hidden ([`hidden`]), so that every run says how right it
//! is ([`accuracy`]), then for the calls that are missing; those go into the blocks with their dosage and
//! probabilities ([`settle`]). Calls that are known stay as they are unless asked otherwise.

use std::ops::Range;

use rayon::prelude::*;

use crate::block::layer::Wanted;
use crate::block::{AlleleCodes, GenotypeBlock, Ragged};
use crate::format::{GenotypeWriter, Losses};
use crate::matrix::GenotypeMatrix;
use crate::plane::MISSING;
use crate::source::{GenotypeError, GenotypeSource, SourceHeader, for_each_block};

pub mod accuracy;
pub mod choose;
pub mod family;
pub mod haplotype;
pub mod hidden;
pub mod mean;
pub mod neighbours;
mod settle;

pub use accuracy::Accuracy;
pub use hidden::{Hidden, spread};
pub use settle::SettleCounts;

/// What a method says of a run of variants.
#[derive(Clone, Debug)]
pub struct Estimates {
    /// The variants, with the calls as they were given; calls of variants that only a panel has are missing.
    pub block: GenotypeBlock,
    /// Index in the matrix of each variant of `block`; `None` for those that it lacks.
    pub variants: Vec<Option<usize>>,
    /// Probability of each dosage of each call: variants × samples × (highest ploidy of the block + 1). NaN where the
    /// method says nothing of a call; 0 beyond a sample's ploidy.
    pub probabilities: Ragged<f32>,
    /// The likeliest alleles of every call, phased where the method phases.
    pub alleles: Option<AlleleCodes>,
}

/// The calls that a method is asked for; what it says of others is not used.
#[derive(Clone, Copy, Debug)]
pub enum Asked<'a> {
    /// Calls that are missing.
    Missing,
    /// All calls.
    All,
    /// Those that were hidden, to be compared with what they were.
    Hidden(&'a Hidden),
}

impl Asked<'_> {
    /// Puts the samples whose call at a variant is asked for into `samples`; `codes` are the variant's calls.
    pub fn of(self, variant: usize, codes: &[u8], samples: &mut Vec<usize>) {
        samples.clear();
        match self {
            Self::Missing => samples.extend((0..codes.len()).filter(|&sample| codes[sample] == MISSING)),
            Self::All => samples.extend(0..codes.len()),
            Self::Hidden(hidden) => samples.extend(hidden.of(variant).iter().map(|call| call.0 as usize)),
        }
    }
}

/// A way to fill missing calls.
pub trait Method: Sync {
    /// Its name, as on the command line.
    fn name(&self) -> &'static str;

    /// Learns from the data what holds for all of it (settings, a panel's index). Called once before the first
    /// [`Method::fill`], with the calls hidden that will be asked for.
    ///
    /// # Errors
    /// Returns an error if the method cannot work on these genotypes.
    fn learn(&mut self, _matrix: &GenotypeMatrix, _seed: u64) -> Result<(), GenotypeError> {
        Ok(())
    }

    /// Looks at the genotypes that are filled next: those with calls hidden, later those as they were given.
    ///
    /// # Errors
    /// Returns an error if the method cannot work on these genotypes.
    fn prepare(&mut self, _matrix: &GenotypeMatrix) -> Result<(), GenotypeError> {
        Ok(())
    }

    /// Runs of blocks that are filled at a time: together all blocks, in order, each run of one contig. Memory
    /// grows with the longest. By default each block by itself.
    fn runs(&self, matrix: &GenotypeMatrix) -> Vec<Range<usize>> {
        (0..matrix.blocks().len()).map(|block| block..block + 1).collect()
    }

    /// Estimates the calls asked for in a run of blocks. It may use all threads; the result must not depend on
    /// their number.
    ///
    /// # Errors
    /// Returns an error if the method cannot work on these genotypes.
    fn fill(
        &self,
        matrix: &GenotypeMatrix,
        run: Range<usize>,
        asked: Asked<'_>,
    ) -> Result<Vec<Estimates>, GenotypeError>;

    /// Whether it has something to say of genotypes without missing calls: a panel's other variants, say.
    fn serves_complete_calls(&self) -> bool {
        false
    }

    /// Settings and findings for the summary, as (`snake_case` name, value).
    fn findings(&self) -> Vec<(String, f64)> {
        Vec::new()
    }

    /// Tables of its own, written beside the output as `<output>.<name>.tsv`: name and text, a header line first.
    fn tables(&self, _samples: &[String]) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Things that people should know, one sentence each.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The blocks of each contig, as runs: for methods that need a contig whole.
pub fn contig_runs(matrix: &GenotypeMatrix) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (index, block) in matrix.blocks().iter().enumerate() {
        match runs.last_mut() {
            Some(run) if matrix.blocks()[run.start].contig == block.contig => run.end = index + 1,
            _ => runs.push(index..index + 1),
        }
    }
    runs
}

/// How calls are filled and checked.
#[derive(Clone, Copy, Debug)]
pub struct ImputeOptions {
    /// Share of the known calls that are hidden and estimated, to measure the accuracy; 0 for none.
    pub check: f64,
    /// Seed of all that is drawn.
    pub seed: u64,
    /// Calls whose likeliest dosage is less probable stay missing.
    pub min_confidence: f32,
    /// Whether known calls are replaced too by what the method says.
    pub replace_known: bool,
}

impl Default for ImputeOptions {
    fn default() -> Self {
        Self { check: 0.02, seed: 1, min_confidence: 0.0, replace_known: false }
    }
}

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct ImputeReport {
    /// The method's name.
    pub method: &'static str,
    /// What became of the calls.
    pub counts: SettleCounts,
    /// How right the method is; `None` if nothing was hidden.
    pub accuracy: Option<Accuracy>,
    /// What the method found.
    pub findings: Vec<(String, f64)>,
    /// What the method has to say.
    pub notes: Vec<String>,
    /// Tables of the method's own: name and text.
    pub tables: Vec<(&'static str, String)>,
    /// Variants written.
    pub written: u64,
    /// What the output's format could not hold.
    pub losses: Losses,
}

/// Reads all blocks. A variant file's INFO is kept, but for counts that change with the calls; its other fields are
/// those of the layers that were asked for.
///
/// # Errors
/// Returns an error if the source fails.
pub fn read(source: &mut dyn GenotypeSource) -> Result<GenotypeMatrix, GenotypeError> {
    let mut blocks = Vec::new();
    let work = |mut block: GenotypeBlock| {
        if let Some(records) = block.layers.records.take() {
            let info = |row: usize| settle::lasting_info(records.line(row));
            block.layers.info = Some((0..block.rows()).map(info).collect());
        }
        Ok(block)
    };
    for_each_block(source, work, |block| {
        blocks.push(block);
        Ok(())
    })?;
    Ok(GenotypeMatrix::from_blocks(source.header().clone(), blocks))
}

/// The header of what [`impute`] writes: the source's, with dosages and probabilities.
pub fn output_header(header: &SourceHeader) -> SourceHeader {
    let layers = Wanted { dosage: true, probabilities: true, records: false, ..header.layers };
    let info = [
        r#"##INFO=<ID=NIMP,Number=1,Type=Integer,Description="Imputed calls">"#,
        r#"##INFO=<ID=DR2,Number=1,Type=Float,Description="Squared correlation of dosages and true genotypes, estimated from the probabilities of the imputed calls">"#,
    ];
    let mut out = header.clone();
    out.layers = layers;
    out.info.extend(info.map(str::to_owned));
    out
}

/// Measures the method on hidden calls, fills what is missing, and writes all variants.
///
/// # Errors
/// Returns an error if the method or the writer fails.
pub fn impute(
    matrix: &GenotypeMatrix,
    method: &mut dyn Method,
    options: &ImputeOptions,
    writer: &mut dyn GenotypeWriter,
) -> Result<ImputeReport, GenotypeError> {
    let mut report =
        ImputeReport { method: method.name(), losses: writer.losses(), ..ImputeReport::default() };
    let encoder = writer.encoder();
    let mut write = |block: &GenotypeBlock| {
        let encoded = encoder.encode(block)?;
        report.losses.merge(&encoded.losses);
        report.written += encoded.variants;
        writer.write(&encoded)
    };
    if missing_calls(matrix) == 0 && !method.serves_complete_calls() {
        for block in matrix.blocks() {
            report.counts.add(&SettleCounts::of_known(block));
            write(block)?;
        }
        return Ok(report);
    }
    report.accuracy = measure(matrix, method, options)?;
    method.prepare(matrix)?;
    let asked = if options.replace_known { Asked::All } else { Asked::Missing };
    for run in method.runs(matrix) {
        let estimates = method.fill(matrix, run, asked)?;
        let settled: Vec<_> =
            estimates.into_par_iter().map(|estimates| settle::settle(estimates, options)).collect();
        for (block, counts) in settled {
            report.counts.add(&counts);
            write(&block)?;
        }
    }
    report.findings = method.findings();
    report.notes = method.notes();
    report.tables = method.tables(matrix.samples());
    Ok(report)
}

/// Number of missing calls.
pub fn missing_calls(matrix: &GenotypeMatrix) -> u64 {
    let missing = |block: &GenotypeBlock| -> u64 {
        let rows = block.groups.iter().flat_map(|group| (0..block.rows()).map(move |row| (group, row)));
        rows.map(|(group, row)| {
            let called: u32 = group.calls.row(row).dosage_counts().iter().sum();
            group.samples.len() as u64 - u64::from(called)
        })
        .sum()
    };
    matrix.blocks().par_iter().map(missing).sum()
}

/// Hides calls, lets the method learn and estimate them, and compares; where nothing is to be hidden it only
/// learns.
fn measure(
    matrix: &GenotypeMatrix,
    method: &mut dyn Method,
    options: &ImputeOptions,
) -> Result<Option<Accuracy>, GenotypeError> {
    let hidden = Hidden::draw(matrix, options.check, options.seed);
    if hidden.is_empty() {
        method.learn(matrix, options.seed)?;
        return Ok(None);
    }
    let masked = hidden.hide(matrix);
    method.learn(&masked, options.seed)?;
    method.prepare(&masked)?;
    let mut accuracy = Accuracy::default();
    for run in method.runs(&masked) {
        let estimates = method.fill(&masked, run, Asked::Hidden(&hidden))?;
        for own in &estimates {
            accuracy.add(own, &masked, &hidden, options.min_confidence);
        }
    }
    Ok(Some(accuracy))
}
