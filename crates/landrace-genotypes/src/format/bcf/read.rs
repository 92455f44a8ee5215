//! BCF files as a source of blocks.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::io::Read;
use std::sync::Arc;

use landrace_genome::file::{FileError, Input, Meter};
use landrace_genome::summary::InputDigest;

use super::decode;
use super::dictionary::Dictionary;
use crate::block::{GenotypeBlock, layer::Wanted};
use crate::format::vcf::{LineParser, Meta, samples_of};
use crate::source::{GenotypeError, GenotypeSource, ParseStretch, SourceHeader, Stretch};

/// Bytes of records in a stretch, unless one record is longer.
const STRETCH_BYTES: usize = 2 << 20;
/// Records in a stretch at most.
const STRETCH_RECORDS: u64 = 1024;
/// A longer header or record is a sign of damage.
const LONGEST: usize = 1 << 30;

/// A BCF file.
pub struct BcfSource {
    input: Input,
    header: SourceHeader,
    parser: Arc<Parser>,
    carried: Vec<u8>,
    records: u64,
}

struct Parser {
    path: String,
    lines: LineParser,
    names: Dictionary,
}

impl ParseStretch for Parser {
    fn blocks(&self, stretch: Stretch) -> Result<Vec<GenotypeBlock>, GenotypeError> {
        let failed = |record: u64, message: String| {
            GenotypeError::Request(format!("{}: record {}: {message}", self.path, stretch.first + record))
        };
        let mut text = Vec::with_capacity(2 * stretch.bytes.len());
        let mut rest = stretch.bytes.as_slice();
        let mut number = 0;
        while !rest.is_empty() {
            let (shared, individual, after) =
                split_record(rest).ok_or_else(|| failed(number, "the record is cut short".to_owned()))?;
            decode::write_line((shared, individual), &self.names, self.lines.samples, &mut text)
                .map_err(|message| failed(number, message))?;
            text.push(b'\n');
            rest = after;
            number += 1;
        }
        self.lines.parse(text).map_err(|(line, message)| failed(line, message))
    }
}

/// The shared and the individual part of the first record, and what comes after it.
fn split_record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (shared, rest) = bytes.split_first_chunk::<4>()?;
    let (individual, rest) = rest.split_first_chunk::<4>()?;
    let size = |bytes: &[u8; 4]| usize::try_from(u32::from_le_bytes(*bytes)).ok();
    let (shared, rest) = rest.split_at_checked(size(shared)?)?;
    let (individual, rest) = rest.split_at_checked(size(individual)?)?;
    Some((shared, individual, rest))
}

impl BcfSource {
    /// Reads the header of an opened file.
    ///
    /// # Errors
    /// Returns an error that names the file if it is no BCF 2 or is cut short.
    pub fn open(mut input: Input, wanted: Wanted) -> Result<Self, GenotypeError> {
        let path = input.path().to_owned();
        let wrong = |message: &str| FileError::content(&path, message);
        let mut magic = [0; 9];
        input.read_exact(&mut magic)?;
        if !magic.starts_with(b"BCF\x02") {
            return Err(wrong("this is not BCF version 2").into());
        }
        let length = u32::from_le_bytes([magic[5], magic[6], magic[7], magic[8]]) as usize;
        if length > LONGEST {
            return Err(wrong("the header is damaged; copy or download the file again").into());
        }
        let mut text = Vec::new();
        if input.by_ref().take(length as u64).read_to_end(&mut text)? < length {
            return Err(wrong("the file ends within its header; copy or download it again").into());
        }
        let text = String::from_utf8(text).map_err(|_| wrong("the header is not UTF-8"))?;
        let (mut meta, mut samples) = (Meta::default(), Vec::new());
        for line in text.trim_end_matches(['\0', '\n']).split('\n') {
            if line.starts_with("##") {
                meta.lines.push(line.trim_end_matches('\r').to_owned());
            } else {
                samples = samples_of(line.trim_end_matches('\r')).map_err(|message| wrong(&message))?;
            }
        }
        let names = Dictionary::new(&meta);
        meta.drop_numbers();
        let contigs = meta.contigs().map_err(|error| wrong(&error.to_string()))?;
        let lines = LineParser::new(&meta, samples.len(), wanted);
        let header = SourceHeader {
            samples: samples.into(),
            contigs,
            layers: lines.layers(&meta),
            has_named_alleles: lines.has_named_alleles,
            meta: Some(Arc::new(meta)),
            format: "BCF",
            ..SourceHeader::default()
        };
        let parser = Arc::new(Parser { path: path.display().to_string(), lines, names });
        Ok(Self { input, header, parser, carried: Vec::new(), records: 0 })
    }

    /// Appends the next record, with its two lengths; `false` at the end of the file.
    fn read_record(&mut self, out: &mut Vec<u8>) -> Result<bool, GenotypeError> {
        let wrong = |input: &Input, record: u64, message: &str| {
            GenotypeError::from(FileError::content(input.path(), format!("record {record}: {message}")))
        };
        let record = self.records + 1;
        let start = out.len();
        let found = self.input.by_ref().take(8).read_to_end(out)?;
        if found == 0 {
            return Ok(false);
        }
        let size: usize =
            out[start..].as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes) as usize).sum();
        if found == 8 && size <= LONGEST && self.input.by_ref().take(size as u64).read_to_end(out)? == size {
            return Ok(true);
        }
        Err(wrong(&self.input, record, "the file is cut short or damaged; copy or download it again"))
    }
}

impl GenotypeSource for BcfSource {
    fn header(&self) -> &SourceHeader {
        &self.header
    }

    fn declare(&mut self, contigs: Vec<String>) {
        self.header.declare(contigs);
    }

    fn next_stretch(&mut self) -> Result<Option<Stretch>, GenotypeError> {
        let mut bytes = std::mem::take(&mut self.carried);
        if bytes.is_empty() && !self.read_record(&mut bytes)? {
            return Ok(None);
        }
        self.records += 1;
        let first = self.records;
        let contig = bytes.get(8..).and_then(decode::contig_of);
        while self.records - first + 1 < STRETCH_RECORDS && bytes.len() < STRETCH_BYTES {
            let start = bytes.len();
            if !self.read_record(&mut bytes)? {
                break;
            }
            if bytes.get(start + 8..).and_then(decode::contig_of) != contig {
                self.carried = bytes.split_off(start);
                break;
            }
            self.records += 1;
        }
        Ok(Some(Stretch { bytes, first, file: 0 }))
    }

    fn extent(&self, stretch: &Stretch) -> Option<(String, u64, u64)> {
        let contig = self.parser.names.contigs.name(decode::contig_of(stretch.bytes.get(8..)?)?)?;
        let position = |record: &[u8]| decode::contig_of(record.get(12..)?).map(|offset| offset as u64 + 1);
        let first = position(&stretch.bytes)?;
        let (mut rest, mut last) = (stretch.bytes.as_slice(), first);
        while let Some((_, _, after)) = split_record(rest) {
            last = position(rest)?;
            rest = after;
        }
        Some((contig.to_owned(), first, last))
    }

    fn parser(&self) -> Arc<dyn ParseStretch> {
        self.parser.clone()
    }

    fn meters(&self) -> Vec<Meter> {
        vec![self.input.meter()]
    }

    fn size(&self) -> u64 {
        self.input.size().unwrap_or(0)
    }

    fn digests(&self) -> Vec<InputDigest> {
        vec![InputDigest::of(&self.input)]
    }
}
