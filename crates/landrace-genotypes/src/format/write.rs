//! Writing blocks: encoded on all threads, written in order, published together.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use landrace_genome::file::{FileError, Output};
use landrace_genome::variant_file::{VariantFormat, VariantWriter};
use landrace_genome::{ContigDictionary, ContigId, Interval};

use super::bcf;
use super::hapmap::HapmapWriter;
use super::plink::{HAPMAP_NOTES, PlinkWriter};
use super::vcf::{Formats, LineWriter, Meta, header_text};
use crate::block::GenotypeBlock;
use crate::source::{Family, GenotypeError, SourceHeader};

/// A block as the file's bytes.
#[derive(Debug, Default)]
pub struct Encoded {
    /// The bytes of the main file.
    pub(crate) bytes: Vec<u8>,
    /// The bytes of the table of variants, where it is a file of its own.
    pub(crate) sites: Vec<u8>,
    /// Contig, bases and length in bytes of each record, for the index.
    pub(crate) records: Vec<(usize, Interval, usize)>,
    /// Variants written.
    pub variants: u64,
    /// What the format cannot hold.
    pub losses: Losses,
}

/// What a format could not hold: a sentence each, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses(BTreeMap<&'static str, u64>);

impl Losses {
    /// Notes a loss of `n` items of what.
    pub fn add(&mut self, what: &'static str, n: u64) {
        if n > 0 {
            *self.0.entry(what).or_default() += n;
        }
    }

    /// Takes over another block's losses.
    pub fn merge(&mut self, other: &Self) {
        for (what, n) in &other.0 {
            self.add(what, *n);
        }
    }

    /// Whether nothing was lost.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One line a loss, with its number.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(what, n)| format!("{what}: {n}"))
    }
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

/// Begins a file in the format of its name's ending; `command` is noted in it where the format can.
///
/// # Errors
/// Returns an error that names the path if its ending is not known or it cannot be written.
pub fn create(
    path: &Path,
    header: &SourceHeader,
    command: &str,
) -> Result<Box<dyn GenotypeWriter>, GenotypeError> {
    if VariantFormat::of_path(path).is_some() {
        return Ok(Box::new(VariantFileWriter::create(path, header, command)?));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    if name.ends_with(".bed") {
        return Ok(Box::new(PlinkWriter::create(path, header)?));
    }
    if [".hmp.txt", ".hmp.txt.gz", ".hmp", ".hmp.gz"].iter().any(|ending| name.ends_with(ending)) {
        return Ok(Box::new(HapmapWriter::create(path, header)?));
    }
    let message = "not a name for genotypes; end it with .bcf, .vcf.gz, .vcf, .bed or .hmp.txt";
    Err(FileError::content(path, message).into())
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
        let is_telling =
            |family: &&Family| family.fields[2..].iter().any(|field| !matches!(&**field, "0" | "-9"));
        let rows = header.families.iter().flat_map(|rows| rows.iter());
        losses
            .add("parents, sexes and phenotypes of samples", rows.clone().filter(is_telling).count() as u64);
        losses.add("families of samples", rows.filter(|row| *row.fields[0] != *"0").count() as u64);
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
