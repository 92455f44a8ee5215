//! Illumina GenomeStudio's final reports: a line a sample and marker, or a matrix of markers × samples.
//!
//! Both may begin with a `[Header]`. Of the long form the columns are found by name. The alleles are taken from the
//! first of Plus, Forward, Top, Design and AB that the report has; in the matrix they are what its cells hold. Which
//! they were is said. The reference is the allele that comes first in the alphabet, unless a map names it.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use landrace_genome::file::Input;

use super::held::Held;
use super::places::{CONTIG, POSITION, position};
use super::table::{Head, Row, TableReader, is_missing, is_named};
use super::{Opened, ReadOptions, Reader};
use crate::source::GenotypeError;

#[cfg(test)]
mod tests;

/// How it is told and opened.
pub(crate) const READER: Reader =
    Reader { name: "final-report", about: "Illumina FinalReport", recognise: is_final_report, open };

/// Names of the column of markers.
const SNP: [&str; 3] = ["snp name", "snp", "snpname"];
/// Names of the column of samples, the surest first.
const SAMPLE: [&[&str]; 2] = [&["sample id", "sampleid"], &["sample name", "samplename"]];
/// Codings of the alleles, the most useful first: Plus is the strand of the reference.
const CODINGS: [&str; 5] = ["Plus", "Forward", "Top", "Design", "AB"];

/// Whether a file begins as a final report.
fn is_final_report(head: &Head) -> bool {
    is_section(head.cell(0, 0), "header")
        || head.rows.iter().take(3).any(|row| LongColumns::of(row).is_some())
}

/// Whether a cell is `[Name]`.
fn is_section(cell: &str, name: &str) -> bool {
    let inner = cell.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|inner| inner.eq_ignore_ascii_case(name))
}

fn open(input: Input, options: &ReadOptions) -> Opened {
    let mut table = TableReader::open(input)?;
    let mut row = Row::default();
    let mut declared = Declared::default();
    while table.read(&mut row)? {
        if is_section(row.get(0), "header") || is_section(row.get(0), "data") {
            declared.has_header = true;
            continue;
        }
        if let Some(columns) = LongColumns::of(&row) {
            return read_long(table, &row, &columns, (&declared, options));
        }
        if row.get(0).trim().is_empty() || is_named(row.get(0), &SNP) {
            return read_matrix(table, &row, &declared, options);
        }
        if !declared.has_header {
            break;
        }
        declared.take(&row);
    }
    Err(table.file_error(
        "has no line that names its columns; export the final report with the columns SNP Name, Sample ID and both \
         alleles, or as a matrix",
    ))
}

/// What the header says of the report's size.
#[derive(Default)]
struct Declared {
    has_header: bool,
    samples: Option<(u64, usize)>,
    markers: Option<(u64, usize)>,
    /// Whether the report was split into several files.
    is_part: bool,
}

impl Declared {
    fn take(&mut self, row: &Row) {
        let number = row.get(1).trim().parse().ok().map(|number| (row.line, number));
        match row.get(0).trim() {
            name if is_named(name, &["num samples"]) => self.samples = number,
            name if is_named(name, &["num snps"]) => self.markers = number,
            name if is_named(name, &["file"]) => self.is_part = true,
            _ => {}
        }
    }

    /// Checks that the report holds what its header says.
    fn check(&self, held: &Held, table: &TableReader) -> Result<(), GenotypeError> {
        let pairs = [(self.samples, held.samples(), "Samples"), (self.markers, held.markers(), "SNPs")];
        for (declared, found, what) in pairs {
            match declared {
                Some((line, number)) if number != found && !self.is_part => {
                    let message = format!(
                        "Num {what} says {number}, but the report holds {found}; was it cut short? if lines were \
                         left out on purpose, write {found} there"
                    );
                    return Err(table.line_error(line, message));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Which column of the long form holds what.
struct LongColumns {
    marker: usize,
    sample: usize,
    alleles: [usize; 2],
    coding: &'static str,
    contig: Option<usize>,
    position: Option<usize>,
}

impl LongColumns {
    /// The columns by their names; `None` if this is not the line that names them.
    fn of(row: &Row) -> Option<Self> {
        let find = |names: &[&str]| row.iter().position(|cell| is_named(cell, names));
        let (marker, sample) = (find(&SNP)?, SAMPLE.iter().find_map(|names| find(names))?);
        let allele = |number: u8, coding: &str| {
            let name = format!("allele{number}{coding}");
            find(&[&name, &format!("{name}strand")])
        };
        let (coding, alleles) =
            CODINGS.iter().find_map(|&coding| Some((coding, [allele(1, coding)?, allele(2, coding)?])))?;
        Some(Self { marker, sample, alleles, coding, contig: find(&CONTIG), position: find(&POSITION) })
    }

    fn least(&self) -> usize {
        let used = [Some(self.marker), Some(self.sample), Some(self.alleles[0]), Some(self.alleles[1])];
        1 + used.into_iter().chain([self.contig, self.position]).flatten().max().unwrap_or(0)
    }
}

fn read_long(
    mut table: TableReader,
    header: &Row,
    columns: &LongColumns,
    (declared, options): (&Declared, &ReadOptions),
) -> Opened {
    let (width, least) = (header.len(), columns.least());
    let mut held = Held::new();
    let (mut row, mut near) = (Row::default(), Near::default());
    let (mut lines, mut partial) = (0, 0);
    while table.read(&mut row)? {
        if row.len() < least {
            row.fit(width).map_err(|message| table.line_error(row.line, message))?;
        }
        lines += 1;
        let (marker, sample) = near.find(&mut held, row.get(columns.marker), row.get(columns.sample));
        for (name, column) in
            [(row.get(columns.marker), columns.marker), (row.get(columns.sample), columns.sample)]
        {
            if name.trim().is_empty() {
                return Err(table.cell_error(
                    row.line,
                    column,
                    "is empty; each line needs a marker and a sample",
                ));
            }
        }
        place(&mut held, marker, columns, &row).map_err(|(c, m)| table.cell_error(row.line, c, m))?;
        let alleles = columns.alleles.map(|column| row.get(column).trim());
        let missing = alleles.map(is_missing);
        if held.is_called(marker, sample) {
            let message = format!(
                "sample '{}' has marker '{}' twice; give the arrays names of their own, or leave one out",
                row.get(columns.sample),
                row.get(columns.marker)
            );
            return Err(table.line_error(row.line, message));
        }
        if missing == [false, false] {
            held.set_alleles(marker, sample, &alleles)
                .map_err(|message| table.cell_error(row.line, columns.alleles[0], message))?;
        } else {
            partial += u64::from(missing[0] != missing[1]);
            held.set_missing(marker, sample, 2);
        }
    }
    declared.check(&held, &table)?;
    let whole = held.samples() as u64 * held.markers() as u64;
    held.note(format!("alleles of the columns {}", columns.coding));
    note_first_allele(&mut held);
    if partial > 0 {
        held.note(format!("{partial} calls with one allele missing are taken as missing"));
    }
    if lines < whole {
        held.note(format!("{} of {whole} calls have no line and are missing", whole - lines));
    }
    held.finish("Illumina FinalReport", table.input(), options)
}

/// Says which allele is the reference where the format does not.
fn note_first_allele(held: &mut Held) {
    held.note("the allele that comes first in the alphabet is the reference");
}

/// Puts a marker where the line says it is.
fn place(held: &mut Held, marker: usize, columns: &LongColumns, row: &Row) -> Result<(), (usize, String)> {
    let Some(contig) = columns.contig else { return Ok(()) };
    let own = held.marker_mut(marker);
    let name = row.get(contig).trim();
    if own.contig.is_some() || is_missing(name) || name == "0" {
        return Ok(());
    }
    own.contig = Some(name.into());
    if let Some(column) = columns.position {
        own.site.position = position(row.get(column)).map_err(|message| (column, message))?;
    }
    Ok(())
}

/// Finds samples and markers, guessing from the line before: reports go through all markers of a sample in the same
/// order.
#[derive(Default)]
struct Near {
    marker: usize,
    sample: usize,
    name: String,
}

impl Near {
    fn find(&mut self, held: &mut Held, marker: &str, sample: &str) -> (usize, usize) {
        let next = self.marker + 1;
        let is_next = next < held.markers() && *held.marker_mut(next).site.id == *marker;
        self.marker = if is_next { next } else { held.marker(marker) };
        if self.name != sample {
            self.sample = held.sample(sample);
            sample.clone_into(&mut self.name);
        }
        (self.marker, self.sample)
    }
}

fn read_matrix(mut table: TableReader, header: &Row, declared: &Declared, options: &ReadOptions) -> Opened {
    let mut held = Held::new();
    let width = header.len();
    for (column, name) in header.iter().enumerate().skip(1) {
        held.new_sample(name).map_err(|message| table.cell_error(header.line, column, message))?;
    }
    let mut row = Row::default();
    let mut letters = [false; 256];
    while table.read(&mut row)? {
        row.fit(width).map_err(|message| table.line_error(row.line, message))?;
        let marker = held.new_marker(row.get(0)).map_err(|message| table.cell_error(row.line, 0, message))?;
        for (sample, cell) in row.iter().skip(1).enumerate() {
            // A score may follow the call: AB|0.93.
            let call = cell.split('|').next().unwrap_or_default().trim();
            if is_missing(call) || call == "00" {
                held.set_missing(marker, sample, 2);
                continue;
            }
            let wrong = |message: String| table.cell_error(row.line, sample + 1, message);
            let pair = match call.as_bytes() {
                &[a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => [&call[..1], &call[1..]],
                _ => {
                    return Err(wrong(format!(
                        "cannot read the call '{call}'; write two letters, or -- if missing"
                    )));
                }
            };
            call.bytes().for_each(|letter| letters[usize::from(letter)] = true);
            held.set_alleles(marker, sample, &pair).map_err(wrong)?;
        }
    }
    declared.check(&held, &table)?;
    held.note(if letters[usize::from(b'B')] { "matrix of AB alleles" } else { "matrix of alleles" });
    note_first_allele(&mut held);
    held.finish("Illumina FinalReport", table.input(), options)
}
