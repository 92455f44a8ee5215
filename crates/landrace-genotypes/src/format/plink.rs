//! PLINK 1 binary files: `.bed` calls, `.bim` variants, `.fam` samples.
//!
//! The second allele of the `.bim` (A2) is taken as the reference, as PLINK 2 writes it; the dosage counts A1.
//! Names of chromosomes, variants, families and samples are kept byte for byte.

mod bim;
mod read;
mod tables;
mod write;

use super::Reader;

pub use read::PlinkSource;
pub(crate) use read::bed_path;
pub(crate) use write::PlinkWriter;

/// First bytes of a variant-major `.bed`.
pub(crate) const MAGIC: [u8; 3] = [0x6c, 0x1b, 0x01];

/// How it is told and opened.
pub(crate) const READER: Reader = Reader {
    name: "plink",
    about: "PLINK .bed",
    recognise: |head| head.bytes.starts_with(&MAGIC[..2]),
    open: |input, _| Ok(Box::new(PlinkSource::open(input)?)),
};
