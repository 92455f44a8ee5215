//! HapMap tables as a source of blocks.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashSet;
use std::io::{BufRead, Read};
use std::sync::Arc;

use landrace_genome::Position;
use landrace_genome::file::{Input, Meter};
use landrace_genome::summary::InputDigest;

use super::alleles::{is_allele, letters, ploidy_of};
use crate::block::layer::{ABSENT, UNKNOWN};
use crate::block::{AlleleCodes, CallGatherer, GenotypeBlock, Layers, Site};
use crate::format::lines::LineStretches;
use crate::plane::{MAX_PLOIDY, MISSING};
use crate::source::{GenotypeError, GenotypeSource, ParseStretch, SourceHeader, Stretch};

/// Columns before the calls.
const FIXED: usize = 11;
/// Column of the contig.
const CONTIG: usize = 2;

/// A HapMap table, plain or compressed.
pub struct HapmapSource {
    lines: LineStretches,
    header: SourceHeader,
    parser: Arc<Parser>,
}

struct Parser {
    path: String,
    samples: usize,
}

impl HapmapSource {
    /// Reads the header of an opened file.
    ///
    /// # Errors
    /// Returns an error that names the file and the line if it has fewer than eleven columns or names a sample
    /// twice.
    pub fn open(mut input: Input) -> Result<Self, GenotypeError> {
        /// A longer line is no header.
        const LONGEST: u64 = 256 << 20;
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
        let parser = Arc::new(Parser { path: path.clone(), samples: samples.len() });
        let header = SourceHeader {
            samples: samples.into(),
            format: "HapMap",
            notes: vec!["the first allele of the 'alleles' column is taken as the reference".to_owned()],
            ..SourceHeader::default()
        };
        Ok(Self { lines: LineStretches::new(input, CONTIG, 1), header, parser })
    }
}

/// The calls of a line as allele indices.
#[derive(Default)]
struct Row {
    ploidies: Vec<u8>,
    codes: Vec<u8>,
    alleles: Vec<[u8; MAX_PLOIDY as usize]>,
    letters: Vec<u8>,
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

type RowAlleles = Option<Vec<[u8; MAX_PLOIDY as usize]>>;

impl Parser {
    fn split<'a>(&self, line: &'a [u8]) -> Result<Vec<&'a str>, String> {
        let text =
            std::str::from_utf8(line).map_err(|_| "is not UTF-8; save the file as UTF-8".to_owned())?;
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
    let position = match columns[3].trim() {
        "" | "NA" | "." => None,
        text => Position::new(
            text.parse()
                .map_err(|_| format!("cannot read the position '{text}'; write bases from 1, or NA"))?,
        ),
    };
    let mut names: Vec<u8> = declared_alleles(columns[1]);
    row.ploidies.clear();
    row.codes.clear();
    row.alleles.clear();
    for call in &columns[FIXED..] {
        row.read_call(call.trim().as_bytes(), &mut names)?;
    }
    let allele = |&letter: &u8| -> Box<str> { char::from(letter).to_string().into() };
    Ok(Site {
        position,
        id: if columns[0] == "." { "" } else { columns[0] }.into(),
        reference: names.first().map_or_else(|| "N".into(), allele),
        alternates: names.iter().skip(1).map(allele).collect(),
        ..Site::default()
    })
}

/// The alleles that a line declares, in its order.
fn declared_alleles(text: &str) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    for allele in text.split('/') {
        if let [letter] = allele.trim().as_bytes() {
            let letter = letter.to_ascii_uppercase();
            if is_allele(letter) && !out.contains(&letter) {
                out.push(letter);
            }
        }
    }
    out
}

impl Row {
    /// Reads a call; letters that `names` lacks are added to it.
    fn read_call(&mut self, call: &[u8], names: &mut Vec<u8>) -> Result<(), String> {
        letters(call, &mut self.letters)?;
        let mut codes = [ABSENT; MAX_PLOIDY as usize];
        if self.letters.is_empty() {
            let ploidy = ploidy_of(call);
            let ploidy =
                u8::try_from(ploidy).ok().filter(|&ploidy| ploidy > 1 && ploidy <= MAX_PLOIDY).unwrap_or(2);
            codes[..usize::from(ploidy)].fill(UNKNOWN);
            // A single N, or NA, says nothing of the ploidy.
            self.ploidies.push(if call.len() < 3 { 0 } else { ploidy });
            self.codes.push(MISSING);
            self.alleles.push(codes);
            return Ok(());
        }
        let ploidy = u8::try_from(self.letters.len()).ok().filter(|&ploidy| ploidy <= MAX_PLOIDY);
        let ploidy = ploidy.ok_or_else(|| "the highest ploidy is 14".to_owned())?;
        let mut dosage = 0;
        for (slot, letter) in codes.iter_mut().zip(&self.letters) {
            let index = names.iter().position(|name| name == letter).unwrap_or_else(|| {
                names.push(*letter);
                names.len() - 1
            });
            *slot = u8::try_from(index).unwrap_or(UNKNOWN);
            dosage += u8::from(index > 0);
        }
        self.ploidies.push(ploidy);
        self.codes.push(dosage);
        self.alleles.push(codes);
        Ok(())
    }
}

impl GenotypeSource for HapmapSource {
    fn header(&self) -> &SourceHeader {
        &self.header
    }

    fn declare(&mut self, contigs: Vec<String>) {
        self.header.declare(contigs);
    }

    fn next_stretch(&mut self) -> Result<Option<Stretch>, GenotypeError> {
        self.lines.next()
    }

    fn extent(&self, stretch: &Stretch) -> Option<(String, u64, u64)> {
        self.lines.extent(stretch)
    }

    fn parser(&self) -> Arc<dyn ParseStretch> {
        self.parser.clone()
    }

    fn meters(&self) -> Vec<Meter> {
        vec![self.lines.input.meter()]
    }

    fn size(&self) -> u64 {
        self.lines.input.size().unwrap_or(0)
    }

    fn digests(&self) -> Vec<InputDigest> {
        vec![InputDigest::of(&self.lines.input)]
    }
}
