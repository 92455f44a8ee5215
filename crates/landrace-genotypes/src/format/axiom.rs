//! Axiom arrays: probe sets × samples, as call codes, AB calls or bases; and the annotation of the array.
//!
//! Codes count allele B: 0 is AA, 1 AB, 2 BB; negative codes are missing. The annotation given with `--map` says where
//! probe sets lie (Chromosome, Physical Position) and what A and B are (Allele A, Allele B); without it the alleles
//! are called A and B. Allele A is the reference.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashMap;
use std::path::Path;

use landrace_genome::file::{self, Input};

use super::held::Held;
use super::places::{CONTIG, POSITION, position};
use super::table::{Head, Row, TableReader, is_missing, is_named};
use super::{Opened, ReadOptions, Reader};
use crate::source::GenotypeError;

#[cfg(test)]
mod tests;

/// How it is told and opened.
pub(crate) const READER: Reader = Reader { name: "axiom", about: "Axiom calls", recognise: is_axiom, open };

const PROBE_SET: [&str; 2] = ["probeset id", "probe set id"];
/// What Axiom Analysis Suite appends to the samples' names.
const CALL: &str = "_call_code";
/// Columns of its exports that hold no calls.
const BESIDE: [&str; 24] = [
    "affy snp id",
    "affy snpid",
    "extended rsid",
    "dbsnp rs id",
    "dbsnp loctype",
    "rsid",
    "chr id",
    "chromosome",
    "start",
    "stop",
    "strand",
    "cust chr",
    "cust id",
    "cust pos",
    "physical position",
    "chromosome start",
    "cytoband",
    "allele a",
    "allele b",
    "ref allele",
    "alt allele",
    "flank",
    "conversiontype",
    "bestprobeset",
];

/// Whether a file begins as a table of Axiom calls: the lines of `#%` may be longer than what was looked at.
fn is_axiom(head: &Head) -> bool {
    let first = head.rows.iter().find(|row| !row.get(0).starts_with('#'));
    match first {
        Some(row) => is_named(row.get(0), &PROBE_SET),
        None => head.bytes.starts_with(b"#%"),
    }
}

/// How calls are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Codes,
    Letters,
    Bases,
}

/// The columns of a table of calls.
struct Columns {
    width: usize,
    /// Columns of calls, in the order of the samples.
    calls: Vec<usize>,
    contig: Option<usize>,
    position: Option<usize>,
    alleles: [Option<usize>; 2],
}

impl Columns {
    /// Finds the columns and adds the samples; fails with the column and what is wrong.
    fn of(header: &Row, held: &mut Held) -> Result<Self, (usize, String)> {
        let find = |names: &[&str]| header.iter().position(|cell| is_named(cell, names));
        let has_suffix = header.iter().any(|cell| cell.ends_with(CALL));
        let mut calls = Vec::new();
        for (column, name) in header.iter().enumerate().skip(1) {
            let is_call = if has_suffix { name.ends_with(CALL) } else { !is_named(name, &BESIDE) };
            if is_call {
                held.new_sample(name.strip_suffix(CALL).unwrap_or(name))
                    .map_err(|message| (column, message))?;
                calls.push(column);
            }
        }
        if has_suffix {
            held.note(format!("'{CALL}' is left off the samples' names"));
        }
        let width = header.len();
        let is_beside = |column: &usize| !calls.contains(column);
        Ok(Self {
            width,
            contig: find(&["chr id", "cust chr"]).or_else(|| find(&CONTIG)).filter(is_beside),
            position: find(&["cust pos"]).or_else(|| find(&POSITION)).filter(is_beside),
            alleles: ["allele a", "allele b"].map(|name| find(&[name]).filter(is_beside)),
            calls,
        })
    }

    /// Puts a marker where the line says it is.
    fn place(&self, held: &mut Held, marker: usize, row: &Row) -> Result<(), (usize, String)> {
        let own = held.marker_mut(marker);
        if let [Some(a), Some(b)] = self.alleles.map(|column| column.map(|column| row.get(column).trim()))
            && !is_missing(b)
        {
            own.site.reference = a.into();
            own.site.alternates = vec![b.into()];
        }
        let (Some(contig), Some(column)) = (self.contig, self.position) else { return Ok(()) };
        let name = row.get(contig).trim();
        if !is_missing(name) {
            own.contig = Some(name.into());
            let text = row.get(column);
            let text = if is_missing(text) { "NA" } else { text };
            own.site.position = position(text).map_err(|message| (column, message))?;
        }
        Ok(())
    }
}

/// Lines that may pass before the coding shows.
const MOST_WAITING: usize = 200;

fn open(input: Input, options: &ReadOptions) -> Opened {
    let mut table = TableReader::open(input)?.skipping_comments();
    let (mut header, mut row) = (Row::default(), Row::default());
    if !table.read(&mut header)? || !is_named(header.get(0), &PROBE_SET) {
        let message = "the first column is not probeset_id; is this a table of calls?";
        return Err(table.line_error(header.line, message));
    }
    let annotation = options.map.as_deref().map(read_alleles).transpose()?.unwrap_or_default();
    let mut held = Held::new();
    held.set_ploidy(2);
    let columns = Columns::of(&header, &mut held)
        .map_err(|(column, message)| table.cell_error(header.line, column, message))?;
    let mut calls = Calls { held, columns, annotation, coding: Coding::Letters, off_clusters: 0 };
    let mut waiting: Vec<Row> = Vec::new();
    let mut is_told = false;
    while table.read(&mut row)? {
        row.fit(calls.columns.width).map_err(|message| table.line_error(row.line, message))?;
        if is_told {
            calls.add(&row).map_err(|(column, message)| table.cell_error(row.line, column, message))?;
            continue;
        }
        let coding = coding_of(calls.columns.calls.iter().map(|&column| row.get(column)));
        calls.coding = coding.unwrap_or(calls.coding);
        waiting.push(row.clone());
        is_told = coding.is_some() || waiting.len() == MOST_WAITING;
        for row in waiting.drain(..if is_told { waiting.len() } else { 0 }) {
            calls.add(&row).map_err(|(column, message)| table.cell_error(row.line, column, message))?;
        }
    }
    for row in waiting {
        calls.add(&row).map_err(|(column, message)| table.cell_error(row.line, column, message))?;
    }
    calls.finish(&table, options)
}

/// The calls read so far.
struct Calls {
    held: Held,
    columns: Columns,
    annotation: HashMap<String, [Box<str>; 2]>,
    coding: Coding,
    /// Calls off the clusters.
    off_clusters: u64,
}

impl Calls {
    /// Takes a line; fails with the column and what is wrong.
    fn add(&mut self, row: &Row) -> Result<(), (usize, String)> {
        let held = &mut self.held;
        let marker = held.new_marker(row.get(0)).map_err(|message| (0, message))?;
        self.columns.place(held, marker, row)?;
        let site = &mut held.marker_mut(marker).site;
        if let Some([a, b]) = self.annotation.get(row.get(0)) {
            (site.reference, site.alternates) = (a.clone(), vec![b.clone()]);
        } else if self.coding != Coding::Bases && site.reference.is_empty() {
            (site.reference, site.alternates) = ("A".into(), vec!["B".into()]);
        }
        for (sample, &column) in self.columns.calls.iter().enumerate() {
            let cell = row.get(column).trim();
            match read_call(cell, self.coding).map_err(|message| (column, message))? {
                Call::Dosage(dosage) => held.set_dosage(marker, sample, dosage),
                Call::Alleles(pair) => {
                    held.set_alleles(marker, sample, &pair).map_err(|message| (column, message))?;
                }
                Call::Missing => {
                    self.off_clusters += u64::from(matches!(cell, "OTV" | "-2"));
                    held.set_missing(marker, sample, 2);
                }
            }
        }
        Ok(())
    }

    fn finish(mut self, table: &TableReader, options: &ReadOptions) -> Opened {
        let held = &mut self.held;
        held.note(match self.coding {
            Coding::Codes => "call codes, which count allele B; allele A is the reference",
            Coding::Letters => "AB calls; allele A is the reference",
            Coding::Bases => "base calls; the allele that comes first in the alphabet is the reference",
        });
        if self.off_clusters > 0 {
            held.note(format!("{} calls off the clusters (OTV) are missing", self.off_clusters));
        }
        self.held.finish("Axiom calls", table.input(), options)
    }
}

/// A call of a cell.
enum Call<'a> {
    Dosage(u8),
    Alleles([&'a str; 2]),
    Missing,
}

/// The coding that a line's cells show; `None` if they show none: AA is of two codings.
fn coding_of<'a>(cells: impl Iterator<Item = &'a str>) -> Option<Coding> {
    cells.map(str::trim).filter(|cell| !is_no_call(cell)).find_map(|cell| match cell {
        "0" | "1" | "2" => Some(Coding::Codes),
        "AA" => None,
        _ if cell.contains('B') => Some(Coding::Letters),
        _ => Some(Coding::Bases),
    })
}

fn is_no_call(cell: &str) -> bool {
    is_missing(cell)
        || matches!(cell, "NoCall" | "No Call" | "OTV" | "-1" | "-2" | "-3" | "-4" | "---/---" | "ZeroCN")
}

fn read_call(cell: &str, coding: Coding) -> Result<Call<'_>, String> {
    if is_no_call(cell) {
        return Ok(Call::Missing);
    }
    let wrong = |expected: &str| Err(format!("cannot read the call '{cell}' where others are {expected}"));
    match coding {
        Coding::Codes => match cell {
            "0" => Ok(Call::Dosage(0)),
            "1" => Ok(Call::Dosage(1)),
            "2" => Ok(Call::Dosage(2)),
            _ => wrong("codes; write 0, 1, 2, or -1 for no call"),
        },
        Coding::Letters => match cell {
            "AA" => Ok(Call::Dosage(0)),
            "AB" | "BA" => Ok(Call::Dosage(1)),
            "BB" => Ok(Call::Dosage(2)),
            _ => wrong("AB calls; write AA, AB, BB or NoCall"),
        },
        Coding::Bases => {
            let pair = cell
                .split_once('/')
                .or_else(|| (cell.len() == 2).then(|| cell.split_at_checked(1)).flatten());
            let is_allele = |text: &str| {
                text == "-" || (!text.is_empty() && text.bytes().all(|b| b"ACGTacgt".contains(&b)))
            };
            match pair {
                Some((a, b)) if is_allele(a) && is_allele(b) => Ok(Call::Alleles([a, b])),
                _ => wrong("bases; write A/G or AG, or --- for no call"),
            }
        }
    }
}

/// Alleles A and B of each probe set, if the table given as the map is an annotation that has them.
fn read_alleles(path: &Path) -> Result<HashMap<String, [Box<str>; 2]>, GenotypeError> {
    let mut table = TableReader::open(file::open(path)?)?.skipping_comments();
    let mut row = Row::default();
    let mut alleles = HashMap::new();
    if !table.read(&mut row)? {
        return Ok(alleles);
    }
    let find = |names: &[&str]| row.iter().position(|cell| is_named(cell, names));
    let (Some(id), Some(a), Some(b)) = (find(&PROBE_SET), find(&["allele a"]), find(&["allele b"])) else {
        return Ok(alleles);
    };
    while table.read(&mut row)? {
        let pair = [row.get(a).trim(), row.get(b).trim()];
        // A single dash is a deletion; several say that nothing is known.
        if pair.iter().all(|allele| *allele == "-" || !is_missing(allele)) {
            alleles.insert(row.get(id).to_owned(), pair.map(Into::into));
        }
    }
    Ok(alleles)
}
