//! VCF files as a source of blocks.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashSet;
use std::io::{BufRead, Read};
use std::sync::Arc;

use landrace_genome::file::{FileError, Input};

use super::meta::Meta;
use super::parse::LineParser;
use crate::block::{GenotypeBlock, layer::Wanted};
use crate::format::lines::{ContigOf, LineSource};
use crate::source::{GenotypeError, ParseStretch, SourceHeader, Stretch};

struct Parser {
    path: String,
    lines: LineParser,
}

impl ParseStretch for Parser {
    fn blocks(&self, stretch: Stretch) -> Result<Vec<GenotypeBlock>, GenotypeError> {
        let first = stretch.first;
        self.lines.parse(stretch.bytes).map_err(|(line, message)| GenotypeError::Line {
            path: self.path.clone(),
            line: first + line,
            message,
        })
    }
}

/// A VCF, plain or compressed; its header is read.
///
/// # Errors
/// Returns an error that names the file and the line if it is no VCF, names a sample twice or is cut short.
pub(super) fn open(mut input: Input, wanted: Wanted) -> Result<LineSource, GenotypeError> {
    let path = input.path().display().to_string();
    let (meta, samples, line) = read_header(&mut input)?;
    let contigs = meta.contigs().map_err(|error| FileError::content(input.path(), error.to_string()))?;
    let lines = LineParser::new(&meta, samples.len(), wanted);
    let header = SourceHeader {
        samples: samples.into(),
        contigs,
        layers: lines.layers(&meta),
        has_named_alleles: lines.has_named_alleles,
        meta: Some(Arc::new(meta)),
        format: "VCF",
        ..SourceHeader::default()
    };
    Ok(LineSource::new((input, line), ContigOf::Column(0), header, Parser { path, lines }))
}

/// The path, for errors of a line.
fn line_error(input: &Input, line: u64, message: impl Into<String>) -> GenotypeError {
    GenotypeError::Line { path: input.path().display().to_string(), line, message: message.into() }
}

/// Reads `##` lines and the column line; gives them, the samples and the number of lines read.
fn read_header(input: &mut Input) -> Result<(Meta, Vec<String>, u64), GenotypeError> {
    /// A line of a header that is longer is no header.
    const LONGEST: u64 = 256 << 20;
    let mut meta = Meta::default();
    let mut line = 0;
    loop {
        let mut bytes = Vec::new();
        line += 1;
        if input.by_ref().take(LONGEST).read_until(b'\n', &mut bytes)? == 0 {
            return Err(line_error(input, line, "the file ends before the line that starts with #CHROM"));
        }
        let text = std::str::from_utf8(bytes.trim_ascii_end())
            .map_err(|_| line_error(input, line, "the header is not UTF-8; save the file as UTF-8"))?;
        if line == 1 && !text.starts_with("##fileformat=VCF") {
            return Err(line_error(input, line, "this is not VCF: it must start with ##fileformat=VCF"));
        }
        if text.starts_with("##") {
            meta.lines.push(text.to_owned());
            continue;
        }
        // Names keep their own white space: only the line's end goes.
        let text = std::str::from_utf8(&bytes).unwrap_or_default().trim_end_matches(['\n', '\r']);
        let samples = samples_of(text).map_err(|message| line_error(input, line, message))?;
        return Ok((meta, samples, line));
    }
}

/// The samples of the column line.
pub(crate) fn samples_of(text: &str) -> Result<Vec<String>, String> {
    let columns: Vec<&str> = text.split('\t').collect();
    let expected = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"];
    if columns.len() < expected.len() || columns[..8] != expected {
        return Err(
            "the column line must be #CHROM POS ID REF ALT QUAL FILTER INFO, separated by tabs".into()
        );
    }
    let samples: Vec<String> = columns.iter().skip(9).map(|name| (*name).to_owned()).collect();
    let mut seen = HashSet::new();
    match samples.iter().find(|name| !seen.insert(name.as_str())) {
        Some(name) => Err(format!("sample '{name}' occurs twice; rename one of them")),
        None => Ok(samples),
    }
}
