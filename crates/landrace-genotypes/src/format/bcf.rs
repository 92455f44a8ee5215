//! BCF: decoded to lines of VCF, which everything else understands, and encoded from them.

mod decode;
mod dictionary;
mod read;

pub use read::BcfSource;
