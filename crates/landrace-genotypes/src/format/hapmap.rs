//! HapMap tables: eleven columns of a variant, then one call a sample.
//!
//! Calls may be single letters (IUPAC for heterozygotes), pairs, or as many letters as the ploidy; longer alleles that
//! the line names may stand alone, together or between slashes. `N` is missing; `+` and `-` are the alleles of an
//! indel, `0` its heterozygote; where a line names other alleles than these, `-` and `0` are missing too. The
//! reference allele is the first of the `alleles` column.

mod alleles;
mod read;
mod write;

use super::Reader;
use super::places::CONTIG;
use super::table::{Head, is_named};

pub(crate) use write::create;

/// Whether a table begins with the columns of a HapMap.
fn is_hapmap(head: &Head) -> bool {
    let first = head.cell(0, 0).to_ascii_lowercase();
    (first.starts_with("rs") || first.starts_with("snp") || first.starts_with("marker"))
        && is_named(head.cell(0, 1), &["alleles", "allele"])
        && is_named(head.cell(0, 2), &CONTIG)
        && head.rows[0].len() > 10
}

/// How it is told and opened.
pub(crate) const READER: Reader = Reader {
    name: "hapmap",
    about: "HapMap",
    recognise: is_hapmap,
    open: |input, _| Ok(Box::new(read::open(input)?)),
};
