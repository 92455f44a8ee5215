//! Tables with a row a sample and a column a marker: dosages, letters, or alleles such as `165/168`.
//!
//! The first column names the samples; further columns before the first marker (breed, year) are kept as data of the
//! samples.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use landrace_genome::file::Input;

use super::call_cell::{Call, Style, read_alleles};
use super::dosages::Dosages;
use super::held::Held;
use super::places::MARKER;
use super::table::{Head, Row, TableReader, is_missing, is_named};
use super::{Opened, ReadOptions, Reader, by_marker};
use crate::source::GenotypeError;

#[cfg(test)]
mod tests;

/// How it is told and opened.
pub(crate) const READER: Reader = Reader {
    name: "by-sample",
    about: "tables with a row a sample: dosages, letters or alleles such as 165/168",
    recognise: |head| Layout::of(head.table_rows()).is_some(),
    open: |input, options| open(input, options, None),
};

/// Columns before the first marker at most.
const MOST_PASSPORT: usize = 24;
/// Columns that are no markers even if they hold small numbers.
const PASSPORT: [&str; 22] = [
    "pop",
    "population",
    "group",
    "sex",
    "year",
    "breed",
    "country",
    "species",
    "phenotype",
    "pheno",
    "fid",
    "iid",
    "pat",
    "mat",
    "father",
    "mother",
    "sire",
    "dam",
    "family",
    "cluster",
    "subpop",
    "name",
];

/// Names of the column of samples.
const SAMPLE: [&str; 16] = [
    "id",
    "sample",
    "samples",
    "sample id",
    "line",
    "lines",
    "taxa",
    "taxon",
    "genotype",
    "individual",
    "ind",
    "accession",
    "clone",
    "animal",
    "entry",
    "name",
];

/// Where the samples' names and the markers are.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    /// Whether the header lacks a name for the first column, as R writes it.
    pub(super) is_short: bool,
    /// Column of the samples' names.
    pub(super) id: usize,
    /// First column of a marker.
    pub(super) first: usize,
    /// How calls are written.
    pub(super) style: Style,
}

impl Layout {
    /// The layout of a table, if it is one with a row a sample.
    pub(super) fn of(rows: &[Row]) -> Option<Self> {
        let rows = if is_tassel_mark(rows) { &rows[1..] } else { rows };
        let (header, rows) = rows.split_first()?;
        let width = rows.first()?.len();
        let is_short =
            header.len() + 1 == width && !is_named(header.get(0), &SAMPLE) && !header.get(0).is_empty();
        if header.len() != width && !is_short {
            // A ragged table is refused with its line when it is read, if it is one at all.
            let is_near = header.len().abs_diff(width) <= 1 + width / 10;
            if !is_near || width < 3 {
                return None;
            }
        }
        let name =
            |column: usize| if is_short { header.get(column.wrapping_sub(1)) } else { header.get(column) };
        let id = match (is_named(name(0), &["fid"]), is_named(name(1), &["iid"])) {
            (true, true) => 1,
            _ => 0,
        };
        let is_passport = |column: usize| is_named(name(column), &PASSPORT);
        let start = (id + 1..width).find(|&column| !is_passport(column))?;
        let (style, first) = calls_of(rows, start)?;
        // A matrix of distances or relationships has the same names down and across.
        let is_square = rows.iter().zip(first..).all(|(row, column)| row.get(id) == name(column));
        if is_square || first - id > MOST_PASSPORT {
            return None;
        }
        Some(Self { is_short, id, first, style })
    }
}

/// The style of the calls in the columns from `start` on, and the first column of calls: those after it are calls
/// too, but for a few wrong cells.
pub(super) fn calls_of(rows: &[Row], start: usize) -> Option<(Style, usize)> {
    let width = rows.first()?.len();
    let cells = |column: usize| rows.iter().map(move |row| row.get(column)).filter(|cell| !is_missing(cell));
    // The second half of the columns tells the style: passport data comes first.
    let middle = start.midpoint(width).min(width.checked_sub(1)?).max(start);
    let style = Style::of((middle..width).take(2_000).flat_map(&cells))
        .or_else(|| Style::of((start..width).take(2_000).flat_map(&cells)))?;
    let count = |column: usize, style: Style| cells(column).filter(|cell| style.fits(cell)).count();
    let is_first = |column: usize| match (style, cells(column).count()) {
        (Style::Separated | Style::Codes, _) => count(column, style) > 0,
        // A wrong cell does not make passport data of a marker.
        (_, called) => called > 0 && 2 * count(column, style) >= called,
    };
    let mut first = (start..width).find(|&column| is_first(column))?;
    // A marker without any call has marks of missing calls; passport data without any is left empty.
    let has_marks = |column: usize| {
        rows.iter().all(|row| is_missing(row.get(column)) && !row.get(column).trim().is_empty())
    };
    while first > start && has_marks(first - 1) {
        first -= 1;
    }
    let is_short = |cell: &&str| {
        cell.len() <= 12 && cell.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-*".contains(&b))
    };
    let good = |column: usize| match style {
        Style::Separated | Style::Codes => count(column, style).max(cells(column).filter(is_short).count()),
        _ => count(column, style),
    };
    let is_bad = |column: &usize| 2 * good(*column) < cells(*column).count();
    let bad = (first..width).filter(is_bad).count();
    (10 * bad <= width - first).then_some((style, first))
}

/// Whether rows are markers: the corner says so, or the map knows the names of the rows and not those of the columns.
fn rows_are_markers(rows: &[Row], options: &ReadOptions) -> Result<bool, GenotypeError> {
    let Some((header, rows)) = rows.split_first() else { return Ok(false) };
    let corner = header.get(0);
    let names: Vec<&str> = MARKER.iter().copied().filter(|name| !matches!(*name, "name" | "id")).collect();
    if !corner.starts_with('<') && is_named(corner, &names) {
        return Ok(true);
    }
    let Some(path) = &options.map else { return Ok(false) };
    let map = super::places::MarkerMap::read(path)?;
    let is_known = |name: &str| map.get(name).is_some();
    let of_rows = rows.iter().any(|row| is_known(row.get(0)));
    let of_columns = header.iter().skip(1).any(is_known);
    Ok(of_rows && !of_columns)
}

/// Opens a table with a row a sample, or, if its corner says so, with a row a marker.
pub(super) fn open(
    mut input: Input,
    options: &ReadOptions,
    forced: Option<(&'static str, Layout)>,
) -> Opened {
    let head = Head::of(&mut input)?;
    let mut rows = head.table_rows();
    if forced.is_none() && rows_are_markers(rows, options)? {
        return by_marker::open(input, options);
    }
    let mut table = TableReader::new(input, &head).skipping_comments();
    let mut row = Row::default();
    if is_tassel_mark(rows) {
        table.read(&mut row)?;
        rows = &rows[1..];
    }
    let (format, layout) = match forced {
        Some((format, layout)) => (Some(format), Some(layout)),
        None => (None, Layout::of(rows)),
    };
    let Some(layout) = layout else {
        return Err(table.file_error(
            "is no table with a row a sample; name its columns in the first line, and write \
                                     dosages, letters or alleles such as 165/168 in the others",
        ));
    };
    let mut held = Held::new();
    let (width, names) = read_header(&mut table, &mut row, &layout, &mut held)?;
    let beside: Vec<usize> = (0..layout.first).filter(|&column| column != layout.id).collect();
    let mut calls = Calls::new(layout.style);
    while table.read(&mut row)? {
        row.fit(width).map_err(|message| table.line_error(row.line, message))?;
        let sample =
            held.new_sample(row.get(layout.id)).map_err(|m| table.cell_error(row.line, layout.id, m))?;
        if !beside.is_empty() {
            held.push_sample_columns(
                &names,
                beside.iter().map(|&column| row.get(column).to_owned()).collect(),
            );
        }
        for column in layout.first..width {
            let spot = (row.line, column);
            let to = (column - layout.first, sample);
            calls.put(&mut held, to, row.get(column), spot).map_err(|message| {
                let marker = held.marker_mut(to.0).site.id.clone();
                table.cell_error(row.line, column, format!("marker '{marker}': {message}"))
            })?;
        }
    }
    calls
        .end(&mut held, options)
        .map_err(|((line, column), message)| table.cell_error(line, column, message))?;
    let format = format.unwrap_or(match layout.style {
        Style::Dosage => "a dosage table with a row a sample",
        Style::Letters => "a table of letters with a row a sample",
        Style::Separated | Style::Codes => "a table of alleles with a row a sample",
    });
    held.finish(format, table.input(), options)
}

fn is_tassel_mark(rows: &[Row]) -> bool {
    rows.first().is_some_and(|row| row.len() == 1 && is_named(row.get(0), &["numeric"]))
}

/// Adds the markers of the header; gives the number of columns that rows must have, and the names of those that tell
/// of samples.
fn read_header(
    table: &mut TableReader,
    row: &mut Row,
    layout: &Layout,
    held: &mut Held,
) -> Result<(usize, Vec<String>), GenotypeError> {
    table.read(row)?;
    let shift = usize::from(layout.is_short);
    // Spreadsheets leave empty cells at the end.
    while row.len() > 1 && row.get(row.len() - 1).trim().is_empty() {
        let width = row.len() - 1;
        row.trim_to(width);
    }
    let name = |column: usize| column.checked_sub(shift).map_or("", |column| row.get(column));
    for column in layout.first..row.len() + shift {
        held.new_marker(name(column)).map_err(|m| table.cell_error(row.line, column - shift, m))?;
    }
    let passport = (0..layout.first).filter(|&column| column != layout.id);
    let passport: Vec<String> = passport.map(|column| name(column).to_owned()).collect();
    if !passport.is_empty() {
        held.note(format!("columns before the markers tell of the samples: {}", passport.join(", ")));
    }
    if layout.is_short {
        held.note("the first column, which the header does not name, holds the samples");
    }
    Ok((row.len() + shift, passport))
}

/// Calls of any style on their way into [`Held`].
pub(super) struct Calls {
    style: Style,
    dosages: Dosages,
    /// Calls known in part.
    partial: u64,
    has_single: bool,
}

impl Calls {
    /// Calls written so.
    pub(super) fn new(style: Style) -> Self {
        Self { style, dosages: Dosages::new(), partial: 0, has_single: false }
    }

    /// Keeps the call of a cell, of (marker, sample).
    ///
    /// # Errors
    /// Returns what is wrong with it.
    pub(super) fn put(
        &mut self,
        held: &mut Held,
        (marker, sample): (usize, usize),
        cell: &str,
        spot: (u64, usize),
    ) -> Result<(), String> {
        if self.style == Style::Dosage {
            return self.dosages.put(held, (marker, sample), cell, spot);
        }
        match read_alleles(cell, self.style)? {
            Call::Alleles(alleles) => {
                self.has_single |= alleles.len() == 1;
                held.set_alleles(marker, sample, &alleles)?;
            }
            Call::Missing(ploidy) => held.set_missing(marker, sample, ploidy),
            Call::Partial(ploidy) => {
                self.partial += 1;
                held.set_missing(marker, sample, ploidy);
            }
        }
        Ok(())
    }

    /// Takes dosages as they stand, since the table says the ploidy of each marker.
    pub(super) fn end_as_told(self, held: &mut Held, options: &ReadOptions) {
        if self.style == Style::Dosage {
            self.dosages.decide_as_told(held, options);
        }
    }

    /// Decides what depends on the whole table.
    ///
    /// # Errors
    /// Returns the place and the remedy if dosages fit no coding or not the ploidy.
    pub(super) fn end(self, held: &mut Held, options: &ReadOptions) -> Result<(), super::dosages::Misplaced> {
        if self.style == Style::Dosage {
            return self.dosages.decide(held, options);
        }
        if self.has_single {
            held.expand_single(options.ploidy).map_err(|message| ((1, 0), message))?;
        }
        held.declare_if_all(["A", "B"]);
        if self.style == Style::Codes {
            held.declare_if_all(["0", "1"]);
            held.note("allele 0 is the reference");
        }
        if self.partial > 0 {
            held.note(format!("{} calls known in part count as missing", self.partial));
        }
        Ok(())
    }
}
