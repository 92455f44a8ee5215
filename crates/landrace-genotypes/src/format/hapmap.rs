//! HapMap tables: eleven columns of a variant, then one call a sample.
//!
//! Calls may be single letters (IUPAC for heterozygotes), pairs, or as many letters as the ploidy. `N` is
//! missing; `+` and `-` are the alleles of an indel, `0` its heterozygote. The reference allele is the first of
//! the `alleles` column.

mod alleles;
mod read;
mod write;

use super::Reader;

pub use read::HapmapSource;
pub(crate) use write::HapmapWriter;

/// Whether a file's first bytes are those of a HapMap table.
pub(crate) fn is_hapmap(head: &[u8]) -> bool {
    let line = head.split(|&b| b == b'\n').next().unwrap_or_default();
    let mut columns = line.split(|&b| b == b'\t');
    columns.next().is_some_and(|first| first.starts_with(b"rs")) && columns.next() == Some(b"alleles")
}

/// How it is told and opened.
pub(crate) const READER: Reader = Reader {
    name: "hapmap",
    about: "HapMap",
    recognise: |head| is_hapmap(&head.bytes),
    open: |input, _| Ok(Box::new(HapmapSource::open(input)?)),
};
