//! Every pair within reach, as a table.

use std::fmt::Write as _;
use std::io::Write;

use rayon::prelude::*;

use crate::block::GenotypeBlock;
use crate::ld::band::{Batch, PairStore, Passed, Prepared, Reach, scan};
use crate::ld::haplotype::HaplotypeFrequencies;
use crate::ld::rows::Rows;
use crate::source::{GenotypeError, GenotypeSource};

/// Bins of the histogram of r².
pub const R2_BINS: usize = 20;

/// What became of the pairs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PairReport {
    /// Variants.
    pub passed: Passed,
    /// Pairs compared.
    pub compared: u64,
    /// Pairs written.
    pub written: u64,
    /// Sum of r² over the pairs compared.
    pub sum: f64,
    /// Pairs compared by r², in bins of 0.05.
    pub histogram: [u64; R2_BINS],
}

/// What is written of a pair beside n, r² and r.
pub trait PairColumns: PairStore {
    /// Names of further columns, each after a tab.
    fn header(with_haplotypes: bool) -> &'static str;
    /// Their values.
    fn columns(&self, first: usize, second: usize, with_haplotypes: bool, out: &mut String);
}

impl PairColumns for Rows {
    fn header(with_haplotypes: bool) -> &'static str {
        if with_haplotypes { "\thaplotype_r2\td_prime" } else { "" }
    }

    fn columns(&self, first: usize, second: usize, with_haplotypes: bool, out: &mut String) {
        if !with_haplotypes {
            return;
        }
        let found = self.table(first, second).and_then(|table| HaplotypeFrequencies::estimate(&table));
        match found.and_then(|h| h.r2().zip(h.d_prime())) {
            // Writing to a string cannot fail.
            Some((r2, d_prime)) => {
                let _ = write!(out, "\t{r2:.6}\t{d_prime:.6}");
            }
            None => out.push_str("\tNA\tNA"),
        }
    }
}

/// Which pairs are written, and what of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PairOptions {
    /// How far apart.
    pub reach: Reach,
    /// Pairs of at least this r² are written.
    pub min_r2: f64,
    /// Whether haplotype frequencies are estimated, which diploids and haploids alone allow.
    pub with_haplotypes: bool,
}

/// Writes the pairs of a source: contig, position and id of both, distance, samples, r² and r, and what the store
/// adds.
///
/// # Errors
/// Returns the errors of the source and of writing, and an error if haplotypes are asked for at other ploidies.
pub fn write_pairs<S: PairColumns>(
    source: &mut dyn GenotypeSource,
    options: &PairOptions,
    prepare: impl Fn(&GenotypeBlock) -> Result<Prepared<S>, GenotypeError> + Sync,
    out: &mut dyn Write,
) -> Result<PairReport, GenotypeError> {
    writeln!(
        out,
        "contig_1\tposition_1\tid_1\tcontig_2\tposition_2\tid_2\tdistance\tn\tr2\tr{}",
        S::header(options.with_haplotypes)
    )?;
    let mut report = PairReport::default();
    let passed = scan(source, options.reach, prepare, &mut |batch| {
        let parts: Vec<(String, PairReport)> =
            (0..batch.ready).into_par_iter().map(|first| pairs_of(batch, first, options)).collect();
        for (text, own) in parts {
            out.write_all(text.as_bytes())?;
            report.compared += own.compared;
            report.written += own.written;
            report.sum += own.sum;
            report.histogram.iter_mut().zip(own.histogram).for_each(|(all, own)| *all += own);
        }
        Ok(())
    })?;
    report.passed = passed;
    Ok(report)
}

fn pairs_of<S: PairColumns>(batch: &Batch<S>, first: usize, options: &PairOptions) -> (String, PairReport) {
    let (mut text, mut report) = (String::new(), PairReport::default());
    let mut start = None;
    for second in first + 1..batch.end(first) {
        let Some((n, r)) = batch.store.correlation(first, second) else { continue };
        let r2 = r * r;
        report.compared += 1;
        report.sum += r2;
        report.histogram[((r2 * R2_BINS as f64 + 1e-9) as usize).min(R2_BINS - 1)] += 1;
        // A pair at the threshold belongs to it, whatever the rounding.
        if r2 < options.min_r2 * (1.0 - 1e-9) {
            continue;
        }
        report.written += 1;
        let (one, other) = (&batch.places[first], &batch.places[second]);
        text.push_str(start.get_or_insert_with(|| one.fields()));
        let distance = one.distance(other).map_or_else(|| ".".to_owned(), |distance| distance.to_string());
        // Writing to a string cannot fail.
        let _ = write!(text, "\t{}\t{distance}\t{n}\t{r2:.6}\t{r:.6}", other.fields());
        batch.store.columns(first, second, options.with_haplotypes, &mut text);
        text.push('\n');
    }
    (text, report)
}

/// Refuses haplotypes at ploidies that leave them unknown.
///
/// # Errors
/// Returns an error that says what to give instead.
pub fn check_haplotypes(prepared: Prepared<Rows>, contig: &str) -> Result<Prepared<Rows>, GenotypeError> {
    if prepared.store.layout().is_some_and(|layout| layout.small_ploidy().is_none()) {
        let message = "haplotypes (D′) of unphased samples are known up to ploidy 2 only, and of one ploidy; give \
                       phased genotypes with --phased, or ask for r² alone";
        return Err(GenotypeError::Request(format!("{contig}: {message}")));
    }
    Ok(prepared)
}
