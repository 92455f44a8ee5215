//! BCF: decoded to lines of VCF, which everything else understands, and encoded from them.

mod decode;
mod dictionary;
mod encode;
mod read;

pub(crate) use encode::Encoder;
pub use read::BcfSource;
