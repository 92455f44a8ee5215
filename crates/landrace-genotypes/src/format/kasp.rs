//! KASP assays: the long form that LGC's software writes, a line a well; the grid form is in [`super::assay_grid`].
//!
//! A sample is a SubjectID. Where an assay was run on a sample in several wells, the calls that agree count once, a call
//! beside missing ones counts, and calls that differ make the call missing; how many is said. Wells without template
//! are never samples.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::{BTreeMap, HashSet};

use landrace_genome::file::Input;

use super::held::Held;
use super::table::{Head, Row, TableReader, is_missing, is_named};
use super::wells::Wells;
use super::{Opened, ReadOptions, Reader};

#[cfg(test)]
mod tests;

/// How the long form is told and opened.
pub(crate) const READER: Reader =
    Reader { name: "kasp", about: "KASP wells (LGC)", recognise: is_kasp, open };

const SNP: [&str; 5] = ["snpid", "snp id", "assay", "assay id", "snp"];
const SUBJECT: [&str; 4] = ["subjectid", "subject id", "sample id", "sample"];
const CALL: [&str; 3] = ["call", "genotype call", "genotype"];
const PLATE: [&str; 3] = ["master plate", "plate", "daughter plate"];
const WELL: [&str; 3] = ["master well", "well", "daughter well"];

/// Columns of the long form.
struct Columns {
    snp: usize,
    subject: usize,
    call: usize,
    plate: Option<usize>,
    well: Option<usize>,
    width: usize,
}

impl Columns {
    /// The columns by their names; `None` if this is not the line that names them.
    fn of(row: &Row) -> Option<Self> {
        let find = |names: &[&str]| {
            names.iter().find_map(|&name| row.iter().position(|cell| is_named(cell, &[name])))
        };
        let (plate, well) = (find(&PLATE), find(&WELL));
        // A table of any genotypes has no wells.
        (plate.is_some() || well.is_some()).then_some(())?;
        let (snp, subject, call) = (find(&SNP)?, find(&SUBJECT)?, find(&CALL)?);
        Some(Self { snp, subject, call, plate, well, width: row.len() })
    }
}

fn is_kasp(head: &Head) -> bool {
    let named_below = || {
        // Statistics of the plates may lie above the wells.
        let mut lines = head.bytes.split(|&b| b == head.line_end);
        lines.any(|line| {
            let has = |word: &[u8]| line.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
            line.len() < 4096 && has(b"subjectid") && has(b"snpid") && has(b"call")
        })
    };
    head.rows.iter().any(|row| Columns::of(row).is_some()) || named_below()
}

/// What a well says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WellCall<'a> {
    /// The alleles.
    Called(Vec<&'a str>),
    /// None, with the word that says why; empty for none.
    Missing(&'a str),
    /// No template was in the well.
    NoTemplate,
}

/// Words that KASP and AgriPlex write for wells without a call, in small letters.
const NO_CALL: [&str; 16] = [
    "?",
    "uncallable",
    "missing",
    "bad",
    "over",
    "dupe",
    "short",
    "unused",
    "empty",
    "fail",
    "failed",
    "no call",
    "nocall",
    "undetermined",
    "?:?",
    "u",
];

/// Reads the call of a well: alleles with `:` or `/` between them, or a word.
pub(crate) fn well_call(cell: &str) -> Option<WellCall<'_>> {
    let text = cell.trim();
    let lower = text.to_ascii_lowercase();
    if lower == "ntc" {
        return Some(WellCall::NoTemplate);
    }
    if NO_CALL.contains(&lower.as_str()) {
        return Some(WellCall::Missing(text));
    }
    let is_allele = |text: &&str| {
        *text == "-"
            || (!text.is_empty()
                && text.bytes().all(|b| matches!(b.to_ascii_uppercase(), b'A' | b'C' | b'G' | b'T')))
    };
    for separator in [':', '/'] {
        if text.contains(separator) {
            let alleles: Vec<&str> = text.split(separator).map(str::trim).collect();
            // A dash for both is a deletion, where KASP writes it so.
            let is_whole =
                alleles.iter().all(is_allele) && (separator == ':' || alleles.iter().any(|a| *a != "-"));
            return if is_whole {
                Some(WellCall::Called(alleles))
            } else {
                is_missing(text).then_some(WellCall::Missing(""))
            };
        }
    }
    is_missing(text).then_some(WellCall::Missing(""))
}

/// How many wells said what.
#[derive(Default)]
pub(crate) struct WellCounts {
    words: BTreeMap<String, u64>,
    /// Wells without template.
    no_template: u64,
}

impl WellCounts {
    /// Begins with wells without template that were left out.
    pub(crate) fn new(no_template: u64) -> Self {
        Self { no_template, ..Self::default() }
    }

    /// Counts a well without a call.
    pub(crate) fn add(&mut self, word: &str) {
        if !word.is_empty() {
            *self.words.entry(word.to_owned()).or_default() += 1;
        }
    }

    /// Says how many there were.
    pub(crate) fn note(&self, held: &mut Held) {
        if !self.words.is_empty() {
            let words: Vec<String> = self.words.iter().map(|(word, n)| format!("{n} {word}")).collect();
            held.note(format!("without a call: {}", words.join(", ")));
        }
        if self.no_template > 0 {
            held.note(format!("{} wells without template (NTC) are no samples", self.no_template));
        }
    }
}

/// Whether a name is that of a well without template.
pub(crate) fn is_control(name: &str) -> bool {
    matches!(
        name.trim().to_ascii_lowercase().as_str(),
        "ntc" | "blank" | "water" | "h2o" | "no template control"
    )
}

fn open(input: Input, options: &ReadOptions) -> Opened {
    let mut table = TableReader::open(input)?;
    let mut row = Row::default();
    let columns = loop {
        if !table.read(&mut row)? {
            return Err(
                table.file_error("has no line with the columns SNPID, SubjectID and Call; export them")
            );
        }
        if let Some(columns) = Columns::of(&row) {
            break columns;
        }
    };
    let mut plate = Plate::default();
    while table.read(&mut row)? {
        row.fit(columns.width).map_err(|message| table.line_error(row.line, message))?;
        plate.add(&columns, &row).map_err(|(column, message)| table.cell_error(row.line, column, message))?;
    }
    plate.finish(&table, options)
}

/// Plates and wells of a sample.
type Places = (Vec<String>, Vec<String>);

/// The wells read so far.
#[derive(Default)]
struct Plate {
    held: Held,
    counts: WellCounts,
    /// Wells of each sample, in the order of the samples.
    places: Vec<Places>,
    /// Assays and samples whose calls differ.
    conflicts: HashSet<(usize, usize)>,
    /// Assays and samples that were run.
    run: HashSet<(usize, usize)>,
    agreeing: u64,
    /// Controls with a call.
    called_controls: u64,
}

impl Plate {
    fn add(&mut self, columns: &Columns, row: &Row) -> Result<(), (usize, String)> {
        let cell = row.get(columns.call);
        let call = well_call(cell).ok_or_else(|| {
            let remedy = "write alleles such as A:G, or ?, Uncallable, NTC";
            (columns.call, format!("cannot read the call '{cell}'; {remedy}"))
        })?;
        let name = row.get(columns.subject);
        if call == WellCall::NoTemplate || is_control(name) {
            self.called_controls += u64::from(matches!(call, WellCall::Called(_)));
            self.counts.no_template += 1;
            return Ok(());
        }
        for column in [columns.subject, columns.snp] {
            if row.get(column).trim().is_empty() {
                let message = "is empty; give the well its sample and its assay, or call it NTC";
                return Err((column, message.to_owned()));
            }
        }
        let (marker, sample) = (self.held.marker(row.get(columns.snp)), self.held.sample(name));
        self.note_place(sample, columns, row);
        let is_again = !self.run.insert((marker, sample));
        match call {
            WellCall::Called(alleles) => {
                self.keep(marker, sample, &alleles, is_again).map_err(|message| (columns.call, message))?
            }
            WellCall::Missing(word) => {
                self.counts.add(word);
                if !is_again {
                    self.held.set_missing(marker, sample, 2);
                }
            }
            WellCall::NoTemplate => {}
        }
        Ok(())
    }

    /// Keeps a call, unless the sample has another one already.
    fn keep(&mut self, marker: usize, sample: usize, alleles: &[&str], is_again: bool) -> Result<(), String> {
        if self.conflicts.contains(&(marker, sample)) {
            return Ok(());
        }
        if is_again && let Some(mut earlier) = self.held.alleles_of(marker, sample) {
            let mut own = alleles.to_vec();
            earlier.sort_unstable();
            own.sort_unstable();
            if earlier == own {
                self.agreeing += 1;
            } else {
                self.conflicts.insert((marker, sample));
                self.held.set_missing(marker, sample, 2);
            }
            return Ok(());
        }
        self.held.set_alleles(marker, sample, alleles)
    }

    fn note_place(&mut self, sample: usize, columns: &Columns, row: &Row) {
        if self.places.len() <= sample {
            self.places.resize(sample + 1, Default::default());
        }
        let (plates, wells) = &mut self.places[sample];
        for (own, column) in [(plates, columns.plate), (wells, columns.well)] {
            if let Some(cell) =
                column.map(|column| row.get(column)).filter(|cell| own.iter().all(|seen| seen != cell))
            {
                own.push(cell.to_owned());
            }
        }
    }

    fn finish(mut self, table: &TableReader, options: &ReadOptions) -> Opened {
        let held = &mut self.held;
        held.note("the allele that comes first in the alphabet is the reference");
        self.counts.note(held);
        if self.called_controls > 0 {
            held.note(format!(
                "{} wells without template have a call: is a plate contaminated?",
                self.called_controls
            ));
        }
        if self.agreeing > 0 || !self.conflicts.is_empty() {
            held.note(format!(
                "of calls repeated in several wells {} agree and count once, {} conflict and are missing",
                self.agreeing,
                self.conflicts.len()
            ));
        }
        let mut wells = Wells::default();
        // A sample in several plates or wells has them all, since its calls are of all.
        let joined = |pick: fn(&Places) -> &Vec<String>| {
            self.places.iter().map(|own| pick(own).join(";")).collect::<Vec<_>>()
        };
        if self.places.iter().any(|own| !own.0.is_empty()) {
            wells.plates = Some(joined(|own| &own.0));
        }
        if self.places.iter().any(|own| !own.1.is_empty()) {
            wells.wells = Some(joined(|own| &own.1));
        }
        wells.keep(held);
        self.held.finish("KASP wells", table.input(), options)
    }
}
