//! Tables of read counts: the calls come from the reads (see [`crate::dosage`]).
//!
//! - UNEAK's `HapMap.hmc`: `reference|alternate` of each sample, and sums at the end of the line.
//! - Long tables: a line a sample and marker, with reads of the reference and of all alleles, or of the alternate.
//! - DArTag's allele counts (MADC): rows of the reference and the alternate allele of each marker.
//! - Tables with a row a sample and a column an allele, as polyRAD keeps them.
//! - Two tables of the same shape, reads of the reference and of all alleles (with [`ReadOptions::total`]).

mod alleles;
mod madc;
mod tables;
mod uneak;

use landrace_genome::file::Input;

use super::{Opened, ReadOptions, Reader};
use crate::dosage::{CalledCounts, CalledSource};
use crate::source::GenotypeSource;

/// How UNEAK's counts are told and opened.
pub(crate) const UNEAK: Reader = Reader {
    name: "uneak",
    about: "UNEAK read counts",
    recognise: |head| head.cell(0, 0) == "rs" && head.column(&["HetCount_allele1"]).is_some(),
    open: uneak::open,
};

/// How DArTag's allele counts are told and opened.
pub(crate) const MADC: Reader =
    Reader { name: "madc", about: "DArTag allele counts (MADC)", recognise: madc::is_madc, open: madc::open };

/// How long tables of counts are told and opened.
pub(crate) const LONG: Reader = Reader {
    name: "read-counts",
    about: "read counts, a line a sample and marker",
    recognise: tables::is_long,
    open: tables::open_long,
};

/// How tables of counts with a column an allele are told and opened.
pub(crate) const BY_ALLELE: Reader = Reader {
    name: "allele-counts",
    about: "read counts, a column an allele",
    recognise: alleles::is_by_allele,
    open: alleles::open,
};

/// Whether a format's calls come from its reads already.
pub(crate) fn is_one(reader: &Reader) -> bool {
    [UNEAK.name, MADC.name, LONG.name, BY_ALLELE.name].contains(&reader.name)
}

/// Opens the table of reference reads to which the options name the table of all reads.
pub(super) fn open_pair(input: Input, options: &ReadOptions) -> Opened {
    tables::open_pair(input, options)
}

/// The source with the calls that its reads give, at the ploidy of the options, or 2.
fn called(source: Box<dyn GenotypeSource>, options: &ReadOptions) -> CalledSource {
    CalledSource::new(
        source,
        CalledCounts { prior: options.prior, ploidy: Some(options.ploidy.unwrap_or(2)) },
    )
}

/// A whole number of reads.
fn reads(cell: &str) -> Result<i32, String> {
    let text = cell.trim();
    text.parse::<u32>().ok().and_then(|n| i32::try_from(n).ok()).ok_or_else(|| {
        format!("cannot read '{text}' as a number of reads; write a whole number from 0, or leave it empty")
    })
}
