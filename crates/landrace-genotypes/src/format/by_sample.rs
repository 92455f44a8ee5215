//! Tables with a row a sample and a column a marker: dosages, letters, or alleles such as `165/168`.
//!
//! The first column names the samples; further columns before the first marker (breed, year) are passport data,
//! which is said and not kept.

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
    recognise: |head| Layout::of(head).is_some(),
    open: |input, options| open(input, options, None),
};

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
    pub(super) fn of(head: &Head) -> Option<Self> {
        let rows = body(head);
        let (header, width) = (head.rows.first()?, rows.first()?.len());
        let is_short = header.len() + 1 == width && !header.get(0).is_empty();
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
        let last = width - 1;
        let cells = |column: usize| rows.iter().map(move |row| row.get(column));
        let style = Style::of(cells(last)).or_else(|| Style::of((id + 1..=last).flat_map(&cells)))?;
        let is_marker = |column: usize| {
            let called: Vec<&str> = cells(column).filter(|cell| !is_missing(cell)).collect();
            let fits = called.iter().filter(|cell| style.fits(cell)).count();
            let is_telling = match style {
                Style::Separated => fits > 0,
                _ => fits == called.len() && !called.is_empty(),
            };
            is_telling && !is_named(name(column), &PASSPORT)
        };
        let first = (id + 1..=last).find(|&column| is_marker(column))?;
        Some(Self { is_short, id, first, style })
    }
}

/// The rows after the header; TASSEL's `<Numeric>` line before it is passed over.
fn body(head: &Head) -> &[Row] {
    head.rows.get(1..).unwrap_or_default()
}

/// Whether rows are markers: the corner says so, or the map knows the names of the rows and not those of the columns.
pub(super) fn rows_are_markers(head: &Head, options: &ReadOptions) -> Result<bool, GenotypeError> {
    let corner = head.cell(0, 0);
    let names: Vec<&str> = MARKER.iter().copied().filter(|name| !matches!(*name, "name" | "id")).collect();
    if !corner.starts_with('<') && is_named(corner, &names) {
        return Ok(true);
    }
    let Some(path) = &options.map else { return Ok(false) };
    let map = super::places::MarkerMap::read(path)?;
    let is_known = |name: &str| map.get(name).is_some();
    let of_rows = body(head).iter().any(|row| is_known(row.get(0)));
    let of_columns = head.header().skip(1).any(is_known);
    Ok(of_rows && !of_columns)
}

/// Opens a table with a row a sample, or, if its corner says so, with a row a marker.
pub(super) fn open(
    mut input: Input,
    options: &ReadOptions,
    forced: Option<(&'static str, Layout)>,
) -> Opened {
    let mut head = Head::of(&mut input)?;
    if forced.is_none() && rows_are_markers(&head, options)? {
        return by_marker::open(input, options);
    }
    let mut table = TableReader::new(input, &head).skipping_comments();
    let mut row = Row::default();
    if is_tassel_mark(&head) {
        table.read(&mut row)?;
        head.rows.remove(0);
    }
    head.rows.retain(|row| !row.get(0).starts_with('#'));
    let (format, layout) = match forced {
        Some((format, layout)) => (Some(format), Some(layout)),
        None => (None, Layout::of(&head)),
    };
    let Some(layout) = layout else {
        return Err(table.file_error(
            "is no table with a row a sample; name its columns in the first line, and write \
                                     dosages, letters or alleles such as 165/168 in the others",
        ));
    };
    let mut held = Held::new();
    let width = read_header(&mut table, &mut row, &layout, &mut held)?;
    let mut calls = Calls::new(layout.style);
    while table.read(&mut row)? {
        row.fit(width).map_err(|message| table.line_error(row.line, message))?;
        let sample =
            held.new_sample(row.get(layout.id)).map_err(|m| table.cell_error(row.line, layout.id, m))?;
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
        Style::Separated => "a table of alleles with a row a sample",
    });
    held.finish(format, table.input(), options)
}

fn is_tassel_mark(head: &Head) -> bool {
    head.rows.first().is_some_and(|row| row.len() == 1 && is_named(row.get(0), &["numeric"]))
}

/// Adds the markers of the header; gives the number of columns that rows must have.
fn read_header(
    table: &mut TableReader,
    row: &mut Row,
    layout: &Layout,
    held: &mut Held,
) -> Result<usize, GenotypeError> {
    table.read(row)?;
    let shift = usize::from(layout.is_short);
    // Spreadsheets leave empty cells at the end.
    while row.len() > 1 && row.get(row.len() - 1).trim().is_empty() {
        let width = row.len() - 1;
        row.trim_to(width);
    }
    let name = |column: usize| row.get(column - shift);
    for column in layout.first..row.len() + shift {
        held.new_marker(name(column)).map_err(|m| table.cell_error(row.line, column - shift, m))?;
    }
    let passport: Vec<&str> = (shift..layout.first).filter(|&column| column != layout.id).map(name).collect();
    if !passport.is_empty() {
        held.note(format!("columns before the markers are not kept: {}", passport.join(", ")));
    }
    if layout.is_short {
        held.note("the first column, which the header does not name, holds the samples");
    }
    Ok(row.len() + shift)
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
        if self.partial > 0 {
            held.note(format!("{} calls known in part count as missing", self.partial));
        }
        Ok(())
    }
}
