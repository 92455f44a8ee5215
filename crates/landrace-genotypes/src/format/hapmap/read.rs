//! HapMap tables as a source of blocks.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashSet;
use std::io::{BufRead, Read};
use std::sync::Arc;

use landrace_genome::file::Input;

use super::alleles::{CallCodes, LineAlleles};
use crate::block::{AlleleCodes, CallGatherer, GenotypeBlock, Layers, Site};
use crate::format::lines::{ContigOf, LineSource};
use crate::format::places::position;
use crate::format::table::{self, Delimiter, Head, TableReader};
use crate::source::{GenotypeError, ParseStretch, SourceHeader, Stretch};

/// Columns before the calls.
const FIXED: usize = 11;
/// Column of the contig.
const CONTIG: usize = 2;

struct Parser {
    path: String,
    samples: usize,
}

/// A HapMap table; its header is read.
///
/// # Errors
/// Returns an error that names the file and the line if it has fewer than eleven columns or names a sample
/// twice.
pub(super) fn open(mut input: Input) -> Result<LineSource, GenotypeError> {
    /// A longer line is no header.
    const LONGEST: u64 = 256 << 20;
    input = as_tabs(input)?;
    let path = input.path().display().to_string();
    let wrong = |message: String| GenotypeError::Line { path: path.clone(), line: 1, message };
    let mut bytes = Vec::new();
    input.by_ref().take(LONGEST).read_until(b'\n', &mut bytes)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| wrong("the header is not UTF-8; save the file as UTF-8".to_owned()))?;
    let columns: Vec<&str> = text.trim_end_matches(['\n', '\r']).split('\t').collect();
    if columns.len() < FIXED {
        let found = columns.len();
        return Err(wrong(format!("has {found} columns, but HapMap has 11 before the samples")));
    }
    let samples: Vec<String> = columns[FIXED..].iter().map(|name| (*name).to_owned()).collect();
    let mut seen = HashSet::new();
    if let Some(name) = samples.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(wrong(format!("sample '{name}' occurs twice; rename one of them")));
    }
    let parser = Parser { path: path.clone(), samples: samples.len() };
    let header = SourceHeader {
        samples: samples.into(),
        format: "HapMap",
        notes: vec!["the first allele of the 'alleles' column is taken as the reference".to_owned()],
        ..SourceHeader::default()
    };
    Ok(LineSource::new((input, 1), ContigOf::Column(CONTIG), header, parser))
}

/// The table with tabs between cells and a line end after each row: as it is, or written so in memory where commas
/// or spaces, quotes, a byte order mark or the line ends of old Macs stand in it.
fn as_tabs(mut input: Input) -> Result<Input, GenotypeError> {
    /// Bytes of a table that is written anew.
    const LARGEST: usize = 2 << 30;
    let head = Head::of(&mut input)?;
    let line = head.bytes.split(|&b| b == b'\n').next().unwrap_or_default();
    if head.delimiter == Delimiter::Tab
        && head.line_end == b'\n'
        && !head.bytes.starts_with(b"\xef\xbb\xbf")
        && !line.contains(&b'"')
    {
        return Ok(input);
    }
    let mut table = TableReader::new(input, &head);
    let (mut row, mut text, mut line) = (table::Row::default(), Vec::new(), 1);
    while table.read(&mut row)? {
        // Lines keep their numbers.
        text.extend((line..row.line).map(|_| b'\n'));
        line = row.line + 1;
        let cells: Vec<String> = row.iter().map(|cell| cell.replace(['\t', '\n', '\r'], " ")).collect();
        text.extend_from_slice(cells.join("\t").as_bytes());
        text.push(b'\n');
        if text.len() > LARGEST {
            return Err(
                table.file_error("holds more than 2 GiB; save it as tab-separated text without quotes")
            );
        }
    }
    Ok(table.into_input().with_content(text))
}

/// The calls of a line as allele indices.
#[derive(Default)]
struct Row {
    ploidies: Vec<u8>,
    codes: Vec<u8>,
    alleles: Vec<CallCodes>,
}

/// A block under construction.
struct Pending {
    contig: Arc<str>,
    calls: CallGatherer,
    sites: Vec<Site>,
    alleles: Vec<RowAlleles>,
    /// Variants with something in the columns from strand to QCcode.
    notes: u64,
}

impl ParseStretch for Parser {
    fn blocks(&self, stretch: Stretch) -> Result<Vec<GenotypeBlock>, GenotypeError> {
        let mut blocks = Vec::new();
        let mut pending: Option<Pending> = None;
        let mut row = Row::default();
        for (number, line) in (stretch.first..).zip(stretch.bytes.split(|&b| b == b'\n')) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            let failed = |message| GenotypeError::Line { path: self.path.clone(), line: number, message };
            let columns = self.split(line).map_err(failed)?;
            let site = read_columns(&columns, &mut row).map_err(failed)?;
            if let Some(full) = pending.take_if(|pending| !pending.calls.fits(&row.ploidies)) {
                blocks.push(self.block(full));
            }
            let pending = pending.get_or_insert_with(|| Pending::new(columns[CONTIG], self.samples));
            pending.calls.push(&row.ploidies, &row.codes);
            pending.alleles.push((site.alleles() > 2).then(|| row.alleles.clone()));
            pending.sites.push(site);
            let is_empty = |column: &&str| matches!(*column, "" | "." | "+" | "NA");
            pending.notes += u64::from(!columns[4..FIXED].iter().all(is_empty));
        }
        blocks.extend(pending.map(|pending| self.block(pending)));
        Ok(blocks)
    }
}

impl Pending {
    fn new(contig: &str, samples: usize) -> Self {
        let calls = CallGatherer::new(samples);
        Self { contig: contig.into(), calls, sites: Vec::new(), alleles: Vec::new(), notes: 0 }
    }
}

type RowAlleles = Option<Vec<CallCodes>>;

impl Parser {
    fn split<'a>(&self, line: &'a [u8]) -> Result<Vec<&'a str>, String> {
        let text = std::str::from_utf8(line).map_err(|error| {
            let column = 1 + memchr::memchr_iter(b'\t', &line[..error.valid_up_to()]).count();
            format!("column {column}: is not UTF-8; save the file as UTF-8")
        })?;
        let columns: Vec<&str> = text.split('\t').collect();
        let (found, expected) = (columns.len(), FIXED + self.samples);
        if found != expected {
            return Err(format!(
                "has {found} columns, but the header has {expected}; is the file cut short?"
            ));
        }
        Ok(columns)
    }

    fn block(&self, mut pending: Pending) -> GenotypeBlock {
        let groups = pending.calls.take(2);
        let mut layers = Layers { hapmap_notes: pending.notes, ..Layers::default() };
        if pending.alleles.iter().any(Option::is_some) {
            let width = usize::from(groups.iter().map(|group| group.calls.ploidy()).max().unwrap_or(2));
            let mut codes = AlleleCodes::new(self.samples, width);
            let phased = vec![false; self.samples];
            for row in &pending.alleles {
                let narrow = row.as_ref().map(|calls| calls.iter().flat_map(|call| &call[..width]).copied());
                let narrow: Option<Vec<u8>> = narrow.map(Iterator::collect);
                codes.push_row(narrow.as_deref().map(|codes| (codes, phased.as_slice())));
            }
            layers.alleles = Some(codes);
        }
        GenotypeBlock { contig: pending.contig, samples: self.samples, sites: pending.sites, groups, layers }
    }
}

/// The site of a line; its calls go to `row`.
fn read_columns(columns: &[&str], row: &mut Row) -> Result<Site, String> {
    let position = position(columns[3]).map_err(|message| format!("column 4: {message}"))?;
    let mut alleles = LineAlleles::declared(columns[1]);
    row.ploidies.clear();
    row.codes.clear();
    row.alleles.clear();
    for (column, call) in columns.iter().enumerate().skip(FIXED) {
        let (ploidy, dosage, codes) =
            alleles.read(call.trim()).map_err(|message| format!("column {}: {message}", column + 1))?;
        row.ploidies.push(ploidy);
        row.codes.push(dosage);
        row.alleles.push(codes);
    }
    let names = alleles.names();
    Ok(Site {
        position,
        id: if columns[0] == "." { "" } else { columns[0] }.into(),
        reference: names.first().copied().unwrap_or("N").into(),
        alternates: names.iter().skip(1).map(|&name| name.into()).collect(),
        ..Site::default()
    })
}
