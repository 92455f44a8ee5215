//! PLINK 1 binary files: `.bed` calls, `.bim` variants, `.fam` samples.
//!
//! The second allele of the `.bim` (A2) is taken as the reference, as PLINK 2 writes it; the dosage counts A1.
//! Names of chromosomes, variants, families and samples are kept byte for byte.

mod read;
mod tables;
mod write;

pub use read::PlinkSource;
pub(crate) use read::bed_path;
pub(crate) use write::{HAPMAP_NOTES, PlinkWriter};

/// First bytes of a variant-major `.bed`.
pub(crate) const MAGIC: [u8; 3] = [0x6c, 0x1b, 0x01];
