//! Grids of assays: samples × markers with columns (and rows) that describe them, as KASP services (LGC, Intertek) and
//! AgriPlex write them.
//!
//! Which columns hold calls is told by their cells: those of every sample are alleles or words for a failed call. Of the
//! other columns one names the samples, by its title; plate, well, batch and the rest are kept beside the samples. Rows
//! between the header and the samples may say chromosome and position. A name that lies in several wells is several
//! samples, named apart by their wells. Markers without a map whose names all are contig_position lie there.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::sync::Arc;

use landrace_genome::Position;
use landrace_genome::file::Input;

use super::held::Held;
use super::kasp::{WellCall, WellCounts, is_control, well_call};
use super::places::{CONTIG, POSITION, position};
use super::table::{Head, Row, TableReader, is_missing, is_named};
use super::wells::{Wells, add_samples};
use super::{Opened, ReadOptions, Reader};

#[cfg(test)]
mod tests;

/// How grids of KASP calls (`A:G`) are told and opened.
pub(crate) const KASP_READER: Reader = Reader {
    name: "kasp-grid",
    about: "KASP grids (LGC, Intertek)",
    recognise: |head| Shape::of(&head.rows).is_some_and(|shape| shape.has_colons && shape.sample.is_some()),
    open: |input, options| open(input, options, "KASP grid"),
};

/// How AgriPlex tables are told and opened.
pub(crate) const AGRIPLEX_READER: Reader = Reader {
    name: "agriplex",
    about: "AgriPlex",
    recognise: is_agriplex,
    open: |input, options| open(input, options, "AgriPlex calls"),
};

/// Titles of the column that names samples, the surest first.
const SAMPLE: [&str; 16] = [
    "sample id",
    "sampleid",
    "sample",
    "sample name",
    "subjectid",
    "subject id",
    "subject",
    "dna assay",
    "dna",
    "dna id",
    "customer id",
    "sample code",
    "designation",
    "entry",
    "name",
    "genotype",
];
const WELL: [&str; 4] = ["well", "well id", "well position", "master well"];
const PLATE: [&str; 4] = ["plate", "plate name", "plate id", "master plate"];
/// Columns among which those of samples and wells are looked for.
const MOST_TITLED: usize = 30;

fn is_agriplex(head: &Head) -> bool {
    let is_plate = |cell: &str| is_named(cell, &PLATE);
    let has = |test: &dyn Fn(&str) -> bool| head.rows.iter().take(5).any(|row| row.iter().take(30).any(test));
    has(&is_plate)
        && has(&|cell| is_named(cell, &WELL))
        && Shape::of(&head.rows).is_some_and(|shape| shape.sample.is_some() && !shape.has_colons)
}

/// Reads a cell of a grid: as a KASP well, or one letter for a homozygote as AgriPlex writes it.
fn grid_call(cell: &str) -> Option<WellCall<'_>> {
    let text = cell.trim();
    let is_base =
        |text: &str| !text.is_empty() && text.bytes().all(|b| matches!(b, b'A' | b'C' | b'G' | b'T'));
    match well_call(text) {
        None if is_base(text) => Some(WellCall::Called(vec![text, text])),
        call => call,
    }
}

/// Where a grid has what.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shape {
    /// Row of the head that names the markers.
    header: usize,
    /// First row of a sample.
    first: usize,
    /// First column of calls.
    calls: usize,
    /// Column of the samples' names.
    sample: Option<usize>,
    has_colons: bool,
}

impl Shape {
    /// The shape that the first rows show; `None` if they are no grid.
    fn of(rows: &[Row]) -> Option<Self> {
        let width = rows.iter().map(Row::len).max().unwrap_or(0);
        let is_called = |cell: &str| matches!(grid_call(cell), Some(WellCall::Called(_)));
        let first = rows.iter().position(|row| row.iter().skip(1).any(is_called))?;
        let below = &rows[first..];
        // Most cells of a column of calls can be read; those that cannot are named later.
        let readable = |column: usize| {
            below.iter().filter(|row| grid_call(row.get(column)).is_some()).count() * 2 >= below.len()
        };
        // Columns of samples and wells are none, whatever their names look like.
        let is_titled = |column: &usize| {
            let is_title =
                |cell: &str| is_named(cell, &SAMPLE) || is_named(cell, &WELL) || is_named(cell, &PLATE);
            rows[..first].iter().any(|row| is_title(row.get(*column)))
        };
        let titled = (0..width.min(MOST_TITLED)).rfind(is_titled).map_or(0, |column| column + 1);
        let calls = width - (titled..width).rev().take_while(|&column| readable(column)).count();
        let above = &rows[..first];
        let header = above.iter().position(|row| {
            (calls..width).all(|column| !row.get(column).trim().is_empty())
                && !is_place(row, calls, &CONTIG)
                && !is_place(row, calls, &POSITION)
        })?;
        let title = |column: usize| -> &str { rows[header].get(column) };
        let sample = SAMPLE
            .iter()
            .find_map(|&name| (0..calls).find(|&column| is_named(title(column), &[name])))
            .or_else(|| (calls == 1).then_some(0));
        let has_colons = below.iter().any(|row| {
            (calls..width).any(|column| is_called(row.get(column)) && row.get(column).contains(':'))
        });
        (calls > 0 && calls < width).then_some(Self { header, first, calls, sample, has_colons })
    }
}

/// Whether a row's title is one of these.
fn is_place(row: &Row, calls: usize, names: &[&str]) -> bool {
    row.iter().take(calls).any(|cell| is_named(cell, names))
}

fn open(mut input: Input, options: &ReadOptions, format: &'static str) -> Opened {
    let head = Head::of(&mut input)?;
    let mut table = TableReader::new(input, &head);
    let shape = Shape::of(&head.rows).ok_or_else(|| {
        table.file_error(
            "is no grid of assays: no row ends in calls such as A:G or A / G below the markers' names",
        )
    })?;
    let Some(sample) = shape.sample else {
        let message = "no column is named as that of the samples; name it Sample_ID or SubjectID";
        return Err(table.line_error(head.rows[shape.header].line, message));
    };
    let mut grid = Grid { wells: (0..shape.calls).map(|_| Vec::new()).collect(), ..Grid::default() };
    let mut row = Row::default();
    for _ in 0..shape.first {
        table.read(&mut row)?;
    }
    let header = &head.rows[shape.header];
    let width = header.len();
    while table.read(&mut row)? {
        row.fit(width).map_err(|message| table.line_error(row.line, message))?;
        grid.add(&row, &shape, sample)
            .map_err(|(column, message)| table.cell_error(row.line, column, message))?;
    }
    grid.finish((&head, &shape, sample), (&table, options), format)
}

/// The rows of samples.
#[derive(Default)]
struct Grid {
    /// Line and name of each sample.
    names: Vec<(usize, String)>,
    /// Columns beside the calls.
    wells: Vec<Vec<String>>,
    /// Calls of each sample.
    rows: Vec<Row>,
    controls: u64,
    called_controls: u64,
}

impl Grid {
    /// Takes a sample's row; fails with the column and what is wrong.
    fn add(&mut self, row: &Row, shape: &Shape, sample: usize) -> Result<(), (usize, String)> {
        for column in (0..shape.calls).filter(|&column| column != sample) {
            let cell = row.get(column);
            if cell.contains([':', '/']) && matches!(grid_call(cell), Some(WellCall::Called(_))) {
                let message = format!(
                    "holds the call '{}', but most cells of this column are no calls; correct them, or leave the \
                     column out",
                    cell.trim()
                );
                return Err((column, message));
            }
        }
        let mut called = 0;
        let mut controls = 0;
        for column in shape.calls..row.len() {
            match grid_call(row.get(column)) {
                Some(WellCall::Called(_)) => called += 1,
                Some(WellCall::NoTemplate) => controls += 1,
                Some(WellCall::Missing(_)) => {}
                None => {
                    let message = format!(
                        "cannot read the call '{}'; write alleles such as A:G or A / G, or ?, Uncallable, FAIL, NA",
                        row.get(column)
                    );
                    return Err((column, message));
                }
            }
        }
        if is_control(row.get(sample)) || (called == 0 && controls > 0) {
            self.controls += 1;
            self.called_controls += u64::from(called > 0);
            return Ok(());
        }
        if row.get(sample).trim().is_empty() {
            return Err((sample, "the sample has no name; give it one, or call the well NTC".to_owned()));
        }
        self.names.push((sample, row.get(sample).to_owned()));
        for (column, cells) in self.wells.iter_mut().enumerate() {
            cells.push(row.get(column).to_owned());
        }
        self.rows.push(row.clone());
        Ok(())
    }

    fn finish(
        self,
        (head, shape, sample): (&Head, &Shape, usize),
        (table, options): (&TableReader, &ReadOptions),
        format: &'static str,
    ) -> Opened {
        let header = &head.rows[shape.header];
        let mut held = Held::new();
        let mut wells = Wells::default();
        for (column, cells) in self.wells.into_iter().enumerate().filter(|(column, _)| *column != sample) {
            wells.push(header.get(column), cells);
        }
        let line_of = |index: usize| self.rows.get(index).map_or(header.line, |row| row.line);
        let names: Vec<(usize, String)> =
            self.names.into_iter().enumerate().map(|(index, (_, name))| (index, name)).collect();
        add_samples(&mut held, &names, wells)
            .map_err(|(index, message)| table.cell_error(line_of(index), sample, message))?;
        let mut counts = WellCounts::new(self.controls);
        for column in shape.calls..header.len() {
            let marker = held
                .new_marker(header.get(column))
                .map_err(|message| table.cell_error(header.line, column, message))?;
            for (index, row) in self.rows.iter().enumerate() {
                match grid_call(row.get(column)) {
                    Some(WellCall::Called(alleles)) => held
                        .set_alleles(marker, index, &alleles)
                        .map_err(|message| table.cell_error(row.line, column, message))?,
                    Some(WellCall::Missing(word)) => {
                        counts.add(word);
                        held.set_missing(marker, index, 2);
                    }
                    _ => held.set_missing(marker, index, 2),
                }
            }
        }
        held.note("the allele that comes first in the alphabet is the reference");
        place_markers(&mut held, head, shape)
            .map_err(|(line, column, message)| table.cell_error(line, column, message))?;
        if options.map.is_none() {
            place_by_name(&mut held);
        }
        counts.note(&mut held);
        if self.called_controls > 0 {
            held.note(format!(
                "{} wells without template have a call: is a plate contaminated?",
                self.called_controls
            ));
        }
        held.finish(format, table.input(), options)
    }
}

/// Puts markers where rows between the header and the samples say.
fn place_markers(held: &mut Held, head: &Head, shape: &Shape) -> Result<(), (u64, usize, String)> {
    let above = || head.rows.iter().take(shape.first);
    let Some(contigs) = above().find(|row| is_place(row, shape.calls, &CONTIG)) else { return Ok(()) };
    let positions = above().find(|row| is_place(row, shape.calls, &POSITION));
    for marker in 0..held.markers() {
        let column = shape.calls + marker;
        let name = contigs.get(column).trim();
        if is_missing(name) {
            continue;
        }
        let own = held.marker_mut(marker);
        own.contig = Some(name.into());
        if let Some(row) = positions {
            own.site.position = position(row.get(column)).map_err(|message| (row.line, column, message))?;
        }
    }
    Ok(())
}

/// Puts markers where their names say, if all have none yet and all say one.
pub(crate) fn place_by_name(held: &mut Held) {
    let markers = held.markers();
    let places: Option<Vec<(Arc<str>, Position)>> = (0..markers)
        .map(|marker| {
            let own = held.marker_mut(marker);
            let (contig, position) = place_of_name(&own.site.id).filter(|_| own.contig.is_none())?;
            Some((contig.into(), position))
        })
        .collect();
    for (marker, (contig, position)) in places.into_iter().flatten().enumerate() {
        let own = held.marker_mut(marker);
        own.contig = Some(contig);
        own.site.position = Some(position);
        if marker == 0 {
            let note = format!("places are taken from the markers' names, as {}", own.site.id);
            held.note(note);
        }
    }
}

/// Contig and position of `S1_778962`, `Chr01A_1200`, `chr2:5000`, `3B_77`; `None` of names that only end in a number.
fn place_of_name(name: &str) -> Option<(&str, Position)> {
    let (contig, position) = name.rsplit_once(['_', ':'])?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let bare = contig.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let prefix = contig[..contig.len() - bare.len()].to_ascii_lowercase();
    let number = bare.strip_suffix(|c: char| c.is_ascii_alphabetic()).unwrap_or(bare);
    let is_contig = matches!(&*prefix, "" | "s" | "c" | "chr" | "chrom" | "chromosome" | "lg")
        && is_number(number)
        && number.len() <= 3;
    (is_contig && is_number(position)).then(|| Some((contig, Position::new(position.parse().ok()?)?)))?
}
