//! The formats: one module each, told apart by content.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use landrace_genome::file::{self, FileError};

use crate::block::layer::Wanted;
use crate::source::{GenotypeError, GenotypeSource};

pub mod bcf;
pub mod gather;
pub mod hapmap;
mod lines;
pub mod plink;
pub mod vcf;
pub mod write;

pub use write::{EncodeBlock, Encoded, GenotypeWriter, Losses, create};

/// How genotypes are to be read: which layers, and what some formats do not say themselves.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// What to read beside the calls.
    pub wanted: Wanted,
    /// The format's name, for files whose content does not tell it; `None` to go by content.
    pub read_as: Option<String>,
    /// Copies of each chromosome, for formats that do not say.
    pub ploidy: Option<u8>,
    /// A table of the markers' places (and alleles), for formats without them.
    pub map: Option<PathBuf>,
}

impl From<Wanted> for ReadOptions {
    fn from(wanted: Wanted) -> Self {
        Self { wanted, ..Self::default() }
    }
}

/// Opens genotypes of any format that Landrace reads, told by content; several files of the same samples are put
/// in reference order.
///
/// # Errors
/// Returns an error that names the file and what is wrong with it.
pub fn open(
    paths: &[PathBuf],
    options: impl Into<ReadOptions>,
) -> Result<Box<dyn GenotypeSource>, GenotypeError> {
    let options = options.into();
    match paths {
        [] => Err(GenotypeError::Request("no input; name a file of genotypes".to_owned())),
        [path] => open_one(path, &options),
        paths => Ok(Box::new(gather::GatheredSource::open(paths, &options)?)),
    }
}

fn open_one(path: &Path, options: &ReadOptions) -> Result<Box<dyn GenotypeSource>, GenotypeError> {
    let wanted = options.wanted;
    let path = &plink::calls_path(path);
    let mut input = file::open(path)?;
    let head = input.fill_buf()?;
    plink::refuse_plink2(path, head)?;
    match head {
        [] => Err(FileError::content(path, "the file is empty; was it written to its end?").into()),
        [b'B', b'C', b'F', ..] => Ok(Box::new(bcf::BcfSource::open(input, wanted)?)),
        _ if head.starts_with(b"##") => Ok(Box::new(vcf::VcfSource::open(input, wanted)?)),
        [0x6c, 0x1b, ..] => Ok(Box::new(plink::PlinkSource::open(input)?)),
        _ if plink::is_ped_name(path) || plink::is_ped(head) => {
            Ok(Box::new(plink::PedSource::open(input, options)?))
        }
        _ if hapmap::is_hapmap(head) => Ok(Box::new(hapmap::HapmapSource::open(input)?)),
        _ => {
            let message = "is of no format that is known; give VCF, BCF, PLINK .bed or .ped, or HapMap";
            Err(FileError::content(path, message).into())
        }
    }
}

/// Adds to the header the contigs that files name in their lines alone, as BCF and indexes need them: HapMap, and
/// VCF without contig lines. Such files are read twice; standard input cannot be.
///
/// # Errors
/// Returns an error if a file cannot be read.
pub fn declare_contigs(
    source: &mut dyn GenotypeSource,
    paths: &[PathBuf],
    options: &ReadOptions,
) -> Result<(), GenotypeError> {
    if !source.header().contigs.is_empty() {
        return Ok(());
    }
    let mut found = Vec::new();
    for path in paths.iter().filter(|path| path.as_os_str() != "-") {
        let mut again = open_one(path, &ReadOptions { wanted: Wanted::default(), ..options.clone() })?;
        while let Some(stretch) = again.next_stretch()? {
            found.extend(
                again.extent(&stretch).map(|extent| extent.0).filter(|name| found.last() != Some(name)),
            );
        }
    }
    source.declare(found);
    Ok(())
}

/// The layers that a file of this name can hold beside the calls.
pub fn wanted_by(path: &Path) -> Wanted {
    let is_variant_file = landrace_genome::variant_file::VariantFormat::of_path(path).is_some();
    Wanted { records: is_variant_file, ..Wanted::default() }
}
