//! VCF: text in, text out, nothing lost on the way.

mod formats;
mod meta;
mod names;
mod parse;
mod read;
mod write;

pub(crate) use formats::Formats;
pub(crate) use meta::attributes;
pub use meta::{Definition, Meta};
pub(crate) use names::needs_names;
pub(crate) use parse::{LineParser, next_field};
pub use read::VcfSource;
pub(crate) use read::samples_of;
pub(crate) use write::{LineWriter, header_text};
