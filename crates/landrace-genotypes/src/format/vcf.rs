//! VCF: text in, text out, nothing lost on the way.

mod meta;
mod parse;
mod read;
mod write;

pub use meta::{Definition, Meta};
pub(crate) use meta::attributes;
pub(crate) use parse::LineParser;
pub use read::VcfSource;
pub(crate) use read::{samples_of, undeclared_contigs};
pub(crate) use write::{LineWriter, header_text};
