//! VCF: text in, text out, nothing lost on the way.

mod cells;
mod formats;
mod meta;
mod names;
mod parse;
mod read;
mod write;

use super::Reader;

pub(crate) use formats::Formats;
pub(crate) use meta::attributes;
pub use meta::{Definition, Meta};
pub(crate) use names::needs_names;
pub(crate) use parse::{LineParser, next_field};

pub(crate) use read::samples_of;
pub use write::calls_as_text;
pub(crate) use write::{LineWriter, header_text};

/// How it is told and opened.
pub(crate) const READER: Reader = Reader {
    name: "vcf",
    about: "VCF",
    // A VCF that lost its header is refused as one; its calls would make a table, too.
    recognise: |head| head.bytes.starts_with(b"##") || head.bytes.starts_with(b"#CHROM\tPOS\t"),
    open: |input, options| Ok(Box::new(read::open(input, options.wanted)?)),
};
