//! Writing blocks: encoded on all threads, written in order, published together.

use std::path::Path;
use std::sync::Arc;

use landrace_genome::file::{FileError, Output};
use landrace_genome::variant_file::{VariantFormat, VariantWriter};
use landrace_genome::{ContigDictionary, ContigId, Interval};

use super::bcf;
use super::hapmap;
use super::plink::PlinkWriter;
use super::vcf::{Formats, LineWriter, Meta, header_text};
use crate::block::{GenotypeBlock, layer::Wanted};
use crate::source::{GenotypeError, SourceHeader};

mod by_sample;
pub(crate) mod cells;
mod dosage;
mod gwaspoly;
mod losses;
pub(crate) mod rows;
mod sink;
mod transpose;
mod zarr;

use by_sample::{Layout, SampleLinesWriter};
use cells::Delimiter;
pub(crate) use losses::HAPMAP_NOTES;
pub use losses::Losses;
use zarr::ZarrWriter;

/// A block as the file's bytes.
#[derive(Debug, Default)]
pub struct Encoded {
    /// The bytes of the main file.
    pub(crate) bytes: Vec<u8>,
    /// The bytes of the table of variants, where it is a file of its own.
    pub(crate) sites: Vec<u8>,
    /// Contig, bases and length in bytes of each record, for the index.
    pub(crate) records: Vec<(usize, Interval, usize)>,
    /// Names of variants, where they make a line of their own.
    pub(crate) names: Vec<u8>,
    /// Where each sample's cells end in `bytes`, where lines are samples.
    pub(crate) ends: Vec<u32>,
    /// Rows of arrays, where that is what is written.
    pub(crate) rows: Option<Arc<zarr::Rows>>,
    /// Variants written.
    pub variants: u64,
    /// What the format cannot hold.
    pub losses: Losses,
}

/// Turns blocks into bytes; used by all threads at once.
pub trait EncodeBlock: Send + Sync {
    /// The bytes of a block.
    ///
    /// # Errors
    /// Returns an error that names the variant if the format cannot hold it.
    fn encode(&self, block: &GenotypeBlock) -> Result<Encoded, GenotypeError>;
}

/// Writes a file of genotypes.
pub trait GenotypeWriter {
    /// What encodes blocks for this file.
    fn encoder(&self) -> Arc<dyn EncodeBlock>;

    /// What the format cannot hold of the header.
    fn losses(&self) -> Losses;

    /// Writes an encoded block; blocks come in order.
    ///
    /// # Errors
    /// Returns an error that names the path.
    fn write(&mut self, encoded: &Encoded) -> Result<(), GenotypeError>;

    /// Ends the files; gives them in the order in which they are to be published.
    ///
    /// # Errors
    /// Returns an error that names the path.
    fn finish(self: Box<Self>) -> Result<Vec<Output>, GenotypeError>;
}

/// How genotypes are to be written.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// What is noted in the file as the command that made it, where the format can; nothing if empty.
    pub command: String,
    /// Calls of a GWASpoly table as letters (`AAAG`), not as dosages.
    pub letters: bool,
}

/// The endings of names that are known, for messages.
const ENDINGS: &str = ".bcf, .vcf.gz, .vcf, .bed (PLINK), .ped (PLINK text), .hmp.txt (HapMap), .dosage.tsv, .tsv or .csv \
    (dosages), .gwaspoly.csv (GWASpoly), .dat (Flapjack) or .vcz (VCF Zarr)";

/// Begins a file in the format of its name's ending; `command` is noted in it where the format can.
///
/// # Errors
/// Returns an error that names the path if its ending is not known or it cannot be written.
pub fn create(
    path: &Path,
    header: &SourceHeader,
    command: &str,
) -> Result<Box<dyn GenotypeWriter>, GenotypeError> {
    create_with(path, header, &WriteOptions { command: command.to_owned(), ..WriteOptions::default() })
}

/// Begins a file in the format of its name's ending.
///
/// # Errors
/// Returns an error that names the path if its ending is not known or it cannot be written.
pub fn create_with(
    path: &Path,
    header: &SourceHeader,
    options: &WriteOptions,
) -> Result<Box<dyn GenotypeWriter>, GenotypeError> {
    Ok(match format_of(path)? {
        OutputFormat::Variants => Box::new(VariantFileWriter::create(path, header, &options.command)?),
        OutputFormat::Bed => Box::new(PlinkWriter::create(path, header)?),
        OutputFormat::Hapmap => Box::new(hapmap::create(path, header)?),
        OutputFormat::Dosages(delimiter) => Box::new(dosage::create(path, header, delimiter)?),
        OutputFormat::Gwaspoly => Box::new(gwaspoly::create(path, header, options.letters)?),
        OutputFormat::BySample(layout) => Box::new(SampleLinesWriter::create(path, header, layout)?),
        OutputFormat::Zarr => Box::new(ZarrWriter::create(path, header, &options.command)?),
    })
}

/// What a name's ending says.
enum OutputFormat {
    Variants,
    Bed,
    Hapmap,
    Dosages(Delimiter),
    Gwaspoly,
    BySample(Layout),
    Zarr,
}

fn format_of(path: &Path) -> Result<OutputFormat, GenotypeError> {
    if VariantFormat::of_path(path).is_some() {
        return Ok(OutputFormat::Variants);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let stem = name.strip_suffix(".gz").or(name.strip_suffix(".bgz")).unwrap_or(&name);
    Ok(match stem.rsplit_once('.').map_or("", |parts| parts.1) {
        "bed" if stem == name => OutputFormat::Bed,
        "vcz" | "zarr" if stem == name => OutputFormat::Zarr,
        "hmp" => OutputFormat::Hapmap,
        "txt" if stem.ends_with(".hmp.txt") => OutputFormat::Hapmap,
        "csv" if stem.ends_with(".gwaspoly.csv") => OutputFormat::Gwaspoly,
        "csv" => OutputFormat::Dosages(Delimiter::Comma),
        "tsv" => OutputFormat::Dosages(Delimiter::Tab),
        "dat" => OutputFormat::BySample(Layout::Flapjack),
        "ped" => OutputFormat::BySample(Layout::Ped),
        _ => {
            let message = format!("not a name for genotypes; end it with {ENDINGS}");
            return Err(FileError::content(path, message).into());
        }
    })
}

/// The layers that a file of this name can hold beside the calls.
pub fn wanted_by(path: &Path) -> Wanted {
    let nothing = Wanted::default();
    match format_of(path) {
        Ok(OutputFormat::Variants) => Wanted { records: true, ..nothing },
        Ok(OutputFormat::Dosages(_)) => Wanted { dosage: true, ..nothing },
        Ok(OutputFormat::Zarr) => Wanted {
            phase: true,
            depth: true,
            genotype_quality: true,
            allele_depths: true,
            likelihoods: true,
            dosage: true,
            probabilities: true,
            records: false,
        },
        _ => nothing,
    }
}

/// Writes VCF and BCF.
struct VariantFileWriter {
    writer: VariantWriter,
    encoder: Arc<VariantEncoder>,
}

struct VariantEncoder {
    format: VariantFormat,
    bcf: bcf::Encoder,
    formats: Formats,
    contigs: ContigDictionary,
    losses: Losses,
}

impl VariantFileWriter {
    fn create(path: &Path, header: &SourceHeader, command: &str) -> Result<Self, GenotypeError> {
        let text = header_text(header, command);
        let meta = Meta { lines: text.lines().map(str::to_owned).collect() };
        let mut contigs = meta.contigs().map_err(|error| FileError::content(path, error.to_string()))?;
        if contigs.iter().any(|(_, contig)| contig.length == 0) {
            contigs = with_room(&contigs);
        }
        let format = VariantFormat::of_path(path).unwrap_or(VariantFormat::Vcf);
        let bcf = bcf::Encoder::new(&meta, header.samples.len());
        let formats = Formats::of(header);
        let mut losses = Losses::default();
        losses.add_families(header);
        let writer = VariantWriter::create_with_text(path, &text, &contigs)?;
        Ok(Self { writer, encoder: Arc::new(VariantEncoder { format, bcf, formats, contigs, losses }) })
    }
}

/// Where a header does not say how long a contig is, the index must have room for any length that files hold.
fn with_room(contigs: &ContigDictionary) -> ContigDictionary {
    const ANY: u64 = 1 << 32;
    let mut out = ContigDictionary::default();
    for (_, contig) in contigs.iter() {
        let length = if contig.length == 0 { ANY } else { contig.length };
        // The names were told apart when the header was read.
        let _ = out.push(contig.name.clone(), length);
    }
    out
}

impl EncodeBlock for VariantEncoder {
    fn encode(&self, block: &GenotypeBlock) -> Result<Encoded, GenotypeError> {
        let mut lines = LineWriter::new(&self.formats, block);
        let mut out = Encoded { variants: block.rows() as u64, ..Encoded::default() };
        let mut line = Vec::new();
        out.losses.add(HAPMAP_NOTES, block.layers.hapmap_notes);
        for row in 0..block.rows() {
            line.clear();
            lines.write(block, row, &mut line);
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            let failed = |message| {
                GenotypeError::Request(format!("{}: {message}", block.sites[row].label(&block.contig)))
            };
            let before = out.bytes.len();
            let (contig, interval) = match self.format {
                VariantFormat::Bcf => {
                    let place = self.bcf.encode(text, &mut out.bytes).map_err(failed)?;
                    (place.contig, place.interval)
                }
                VariantFormat::VcfGz => {
                    let place = self.bcf.place(text).map_err(failed)?;
                    out.bytes.extend_from_slice(&line);
                    (self.contigs.id(&block.contig).map_or(0, ContigId::index), place.interval)
                }
                VariantFormat::Vcf => {
                    out.bytes.extend_from_slice(&line);
                    (0, Interval::new(0, 0))
                }
            };
            out.records.push((contig, interval, out.bytes.len() - before));
        }
        Ok(out)
    }
}

impl GenotypeWriter for VariantFileWriter {
    fn encoder(&self) -> Arc<dyn EncodeBlock> {
        self.encoder.clone()
    }

    fn losses(&self) -> Losses {
        self.encoder.losses.clone()
    }

    fn write(&mut self, encoded: &Encoded) -> Result<(), GenotypeError> {
        let mut start = 0;
        for &(contig, interval, length) in &encoded.records {
            let id = ContigId(u32::try_from(contig).unwrap_or(u32::MAX));
            self.writer.write_encoded(id, interval, &encoded.bytes[start..start + length])?;
            start += length;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<Output>, GenotypeError> {
        Ok(self.writer.finish()?)
    }
}
