//! BCF: decoded to lines of VCF, which everything else understands, and encoded from them.

mod decode;
mod dictionary;
mod encode;
mod read;

use super::Reader;

pub(crate) use encode::Encoder;
pub use read::BcfSource;

/// How it is told and opened.
pub(crate) const READER: Reader = Reader {
    name: "bcf",
    about: "BCF",
    recognise: |head| head.bytes.starts_with(b"BCF"),
    open: |input, options| Ok(Box::new(BcfSource::open(input, options.wanted)?)),
};
