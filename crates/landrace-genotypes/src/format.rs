//! The formats: one module each, told apart by content.

use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use landrace_genome::file::{self, FileError};

use crate::block::layer::Wanted;
use crate::source::{GenotypeError, GenotypeSource};

pub mod bcf;
pub mod gather;
pub mod vcf;
pub mod write;

pub use write::{EncodeBlock, Encoded, GenotypeWriter, Losses, create};

/// Opens genotypes of any format that Landrace reads, told by content; several files of the same samples are put
/// in reference order.
///
/// # Errors
/// Returns an error that names the file and what is wrong with it.
pub fn open(paths: &[PathBuf], wanted: Wanted) -> Result<Box<dyn GenotypeSource>, GenotypeError> {
    match paths {
        [] => Err(GenotypeError::Request("no input; name a file of genotypes".to_owned())),
        [path] => open_one(path, wanted),
        paths => Ok(Box::new(gather::GatheredSource::open(paths, wanted)?)),
    }
}

fn open_one(path: &Path, wanted: Wanted) -> Result<Box<dyn GenotypeSource>, GenotypeError> {
    let mut input = file::open(path)?;
    let head = input.fill_buf()?;
    match head {
        [] => Err(FileError::content(path, "the file is empty; was it written to its end?").into()),
        [b'B', b'C', b'F', ..] => Ok(Box::new(bcf::BcfSource::open(input, wanted)?)),
        _ if head.starts_with(b"##") => Ok(Box::new(vcf::VcfSource::open(input, wanted)?)),
        _ => Err(FileError::content(path, "is of no format that is known; give VCF or BCF").into()),
    }
}

/// Adds to the header the contigs that a variant file names in its lines alone, as BCF and indexes need.
///
/// # Errors
/// Returns an error if the files cannot be read twice.
pub fn declare_contigs(source: &mut dyn GenotypeSource, paths: &[PathBuf]) -> Result<(), GenotypeError> {
    let header = source.header();
    let is_text = |meta: &Arc<vcf::Meta>| header.format == "VCF" && meta.of_kind("contig").next().is_none();
    if !header.meta.as_ref().is_some_and(is_text) {
        return Ok(());
    }
    let mut found = Vec::new();
    for path in paths.iter().filter(|path| path.as_os_str() != "-") {
        found.extend(vcf::undeclared_contigs(path.clone(), header)?);
    }
    source.declare(found);
    Ok(())
}

/// The layers that a file of this name can hold beside the calls.
pub fn wanted_by(path: &Path) -> Wanted {
    let is_variant_file = landrace_genome::variant_file::VariantFormat::of_path(path).is_some();
    Wanted { records: is_variant_file, ..Wanted::default() }
}
