//! The formats: one module each, told apart by content.

use std::path::{Path, PathBuf};

use landrace_genome::file::{self, FileError, Input};

use crate::block::layer::Wanted;
use crate::dosage::{CalledCounts, CalledSource, Prior};
use crate::format::table::{Head, workbook};
use crate::source::{GenotypeError, GenotypeSource};

mod assay_grid;
mod axiom;
pub mod bcf;
mod by_marker;
mod by_sample;
mod call_cell;
mod counts;
mod dart;
mod dosages;
mod final_report;
mod fitpoly;
mod flapjack;
pub mod gather;
pub mod hapmap;
pub(crate) mod held;
mod kasp;
mod lines;
mod paired;
pub(crate) mod places;
pub mod plink;
#[cfg(test)]
pub(crate) mod shown;
mod structure;
pub(crate) mod table;
mod told;
#[cfg(test)]
mod trial;
pub mod vcf;
mod wells;
pub mod write;

pub use vcf::calls_as_text;
pub use write::{EncodeBlock, Encoded, GenotypeWriter, Losses, WriteOptions, create, create_with, wanted_by};

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
    /// Sheet of a workbook; `None` for the first with content.
    pub sheet: Option<String>,
    /// A table of all reads that goes with a table of reference reads.
    pub total: Option<PathBuf>,
    /// Whether calls are made anew from the reads of each allele.
    pub from_counts: bool,
    /// What calls from reads take for granted.
    pub prior: Prior,
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

/// A format that is read: its name for `--read-as`, how it is told, and how it is opened.
pub(crate) struct Reader {
    /// The name for `--read-as`.
    pub(crate) name: &'static str,
    /// As people name it, for the list of what is read.
    pub(crate) about: &'static str,
    /// Whether a file that begins so is of this format.
    pub(crate) recognise: fn(&Head) -> bool,
    /// Opens a file of it.
    pub(crate) open: fn(Input, &ReadOptions) -> Opened,
}

/// An opened file of genotypes.
type Opened = Result<Box<dyn GenotypeSource>, GenotypeError>;

/// The formats in the order in which they are asked: those with marks of their own first, bare tables last.
const READERS: &[Reader] = &[
    bcf::READER,
    plink::READER,
    vcf::READER,
    hapmap::READER,
    flapjack::READER,
    plink::PED_READER,
    counts::UNEAK,
    counts::MADC,
    counts::BY_ALLELE,
    // Formats with marks of their own: add yours here.
    final_report::READER,
    axiom::READER,
    dart::READER,
    fitpoly::READER,
    kasp::READER,
    assay_grid::KASP_READER,
    assay_grid::AGRIPLEX_READER,
    structure::READER,
    counts::LONG,
    // Bare tables: add yours here.
    by_marker::READER,
    paired::READER,
    by_sample::READER,
];

fn open_one(path: &Path, options: &ReadOptions) -> Opened {
    let path = &plink::calls_path(path);
    let wrong = |message: String| GenotypeError::from(FileError::content(path, message));
    let mut input = file::open(path)?;
    let mut notes = Vec::new();
    if workbook::is_zip(&input.peek(4)?) {
        let (text, found) = workbook::read(input, options.sheet.as_deref())?;
        input = text;
        notes = found.lines();
    }
    let head = Head::of(&mut input)?;
    if head.bytes.is_empty() {
        return Err(wrong("the file is empty; was it written to its end?".to_owned()));
    }
    plink::refuse_plink2(path, &head.bytes)?;
    if options.total.is_some() {
        return Ok(Box::new(told::Told::new(counts::open_pair(input, options)?, path, notes)));
    }
    let reader = match &options.read_as {
        Some(name) => {
            READERS.iter().find(|reader| reader.name == name).ok_or_else(|| unknown_format(name))?
        }
        // Calls of numbers alone could be of any table.
        None if plink::is_ped_name(path) => &plink::PED_READER,
        None => READERS
            .iter()
            .find(|reader| (reader.recognise)(&head))
            .ok_or_else(|| wrong(unrecognised(&head)))?,
    };
    let source = match options.from_counts && !counts::is_one(reader) {
        true => open_reads(input, (reader, path), options)?,
        false => (reader.open)(input, options)?,
    };
    Ok(Box::new(told::Told::new(source, path, notes)))
}

/// Opens a file of any format for its reads alone: its calls are made anew.
fn open_reads(input: Input, (reader, path): (&Reader, &Path), options: &ReadOptions) -> Opened {
    let wanted = Wanted { allele_depths: true, ..Wanted::default() };
    let source = (reader.open)(input, &ReadOptions { wanted, ..options.clone() })?;
    if !source.header().layers.allele_depths {
        let message = "has no reads of each allele (AD) to call from; leave out --from-counts";
        return Err(FileError::content(path, message).into());
    }
    let called = CalledCounts { prior: options.prior, ploidy: options.ploidy };
    Ok(Box::new(CalledSource::new(source, called)))
}

fn unknown_format(name: &str) -> GenotypeError {
    let names: Vec<&str> = READERS.iter().map(|reader| reader.name).collect();
    let near = landrace_genome::nearest::hint(name, names.iter().copied());
    GenotypeError::Request(format!("unknown format '{name}'; the formats are {}{near}", names.join(", ")))
}

/// What to say of a file that is of no format.
fn unrecognised(head: &Head) -> String {
    if workbook::is_old_excel(&head.bytes) {
        return "is an old Excel workbook (.xls); save it as .xlsx or as tab-separated text".to_owned();
    }
    let list: Vec<String> =
        READERS.iter().map(|reader| format!("{} ({})", reader.about, reader.name)).collect();
    let begins = match head.rows.is_empty() {
        true => "it is not text".to_owned(),
        false => {
            format!("it begins, read with {} between cells:\n  {}", head.delimiter.name(), head.sketch())
        }
    };
    format!(
        "is of no format that is known; {begins}\nread are: {}; name the format with --read-as if it is one of them",
        list.join(", ")
    )
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

/// The files that are read with a file of this name: the tables beside a PLINK `.bed` or `.ped`, as far as they
/// are there.
pub fn companions(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (stem, ending) = match name.strip_suffix(".gz") {
        Some(inner) => (inner, ".gz"),
        None => (name.as_str(), ""),
    };
    let (stem, others): (&str, &[&str]) = match stem.rsplit_once('.') {
        Some((stem, "bed")) => (stem, &["bim", "fam"]),
        Some((stem, "ped")) => (stem, &["map"]),
        _ => return Vec::new(),
    };
    let found = |other: &&str| {
        let names =
            [format!("{stem}.{other}{ending}"), format!("{stem}.{other}"), format!("{stem}.{other}.gz")];
        names.into_iter().map(|name| path.with_file_name(name)).find(|path| std::fs::metadata(path).is_ok())
    };
    others.iter().filter_map(found).collect()
}
