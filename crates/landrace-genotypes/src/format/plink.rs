//! PLINK 1 files: `.bed` calls with `.bim` variants and `.fam` samples, and the text pair `.ped` and `.map`.
//!
//! The second allele of the `.bim` (A2) is taken as the reference, as PLINK 2 writes it; the dosage counts A1.
//! Names of chromosomes, variants, families and samples are kept byte for byte.

mod bim;
mod find;
mod ped;
mod read;
mod tables;
mod write;

use super::Reader;

pub(crate) use find::{calls_path, is_ped_name, refuse_plink2};
pub use ped::PedSource;
pub use read::PlinkSource;
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

/// How the text pair is told and opened.
pub(crate) const PED_READER: Reader = Reader {
    name: "ped",
    about: "PLINK .ped with .map",
    recognise: |head| ped::is_ped(&head.bytes),
    open: |input, options| Ok(Box::new(PedSource::open(input, options)?)),
};
