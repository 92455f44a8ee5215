//! Tables with a row a marker and a column a sample: dosages or letters, with or without places. GWASpoly's CSV
//! (marker, chromosome, position, samples) is one of them.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::sync::Arc;

use landrace_genome::file::Input;

use super::by_sample::{Calls, calls_of};
use super::call_cell::Style;
use super::held::Held;
use super::places::{ALTERNATE, CONTIG, GENETIC, MARKER, POSITION, REFERENCE, UNPLACED, position};
use super::table::{Delimiter, Head, Row, TableReader, is_missing, is_named};
use super::{Opened, ReadOptions, Reader};
use crate::plane::MAX_PLOIDY;
use crate::source::GenotypeError;

#[cfg(test)]
mod tests;

/// How it is told and opened.
pub(crate) const READER: Reader = Reader {
    name: "by-marker",
    about: "tables with a row a marker, GWASpoly's among them: dosages, letters or alleles",
    recognise: |head| Layout::of(head.table_rows()).is_some_and(|layout| layout.contig.is_some()),
    open,
};

/// Columns between those of the place and the first sample at most.
const MOST_PASSPORT: usize = 10;

/// Which column holds what.
#[derive(Clone, Debug, PartialEq)]
struct Layout {
    is_short: bool,
    marker: usize,
    contig: Option<usize>,
    position: Option<usize>,
    genetic: Option<usize>,
    alleles: Option<(usize, usize)>,
    ploidy: Option<usize>,
    /// First column of a sample.
    first: usize,
    style: Style,
}

impl Layout {
    /// The layout of a table, if it is one with a row a marker.
    fn of(rows: &[Row]) -> Option<Self> {
        let (header, rows) = rows.split_first()?;
        let width = rows.first()?.len();
        let is_short =
            header.len() + 1 == width && !is_named(header.get(0), &MARKER) && !header.get(0).is_empty();
        let shift = usize::from(is_short);
        // Columns that tell of markers come before the samples.
        let find = |names: &[&str]| {
            (0..header.len().min(16)).find(|&i| is_named(header.get(i), names)).map(|i| i + shift)
        };
        let (contig, position, genetic) = (find(&CONTIG), find(&POSITION), find(&GENETIC));
        // A1 and A2 may be samples here: wells of a plate.
        let alleles = find(&REFERENCE[..4]).zip(find(&ALTERNATE[..5]));
        let marker = find(&MARKER).unwrap_or(0);
        let ploidy = find(&["ploidy", "copies"]);
        let told = [Some(marker), contig, position, genetic, ploidy];
        let alleles_told =
            alleles.map_or([None; 2], |(reference, alternate)| [Some(reference), Some(alternate)]);
        let start = 1 + told.into_iter().chain(alleles_told).flatten().max().unwrap_or(0);
        let (style, first) = calls_of(rows, start)?;
        // Few columns that are not named tell of markers.
        if first - start > MOST_PASSPORT {
            return None;
        }
        let contig = contig.filter(|_| position.or(genetic).is_some());
        Some(Self { is_short, marker, contig, position, genetic, alleles, ploidy, first, style })
    }

    /// As people name the format.
    fn format(&self, delimiter: Delimiter) -> &'static str {
        let is_gwaspoly = delimiter == Delimiter::Comma
            && (self.marker, self.contig, self.position) == (0, Some(1), Some(2))
            && matches!(self.first, 3 | 5);
        match self.style {
            _ if is_gwaspoly => "GWASpoly CSV",
            Style::Dosage => "a dosage table with a row a marker",
            Style::Letters => "a table of letters with a row a marker",
            Style::Separated => "a table of alleles with a row a marker",
        }
    }
}

/// Opens a table with a row a marker.
pub(super) fn open(mut input: Input, options: &ReadOptions) -> Opened {
    let head = Head::of(&mut input)?;
    let mut table = TableReader::new(input, &head).skipping_comments();
    let Some(layout) = Layout::of(head.table_rows()) else {
        return Err(table.file_error(
            "is no table with a row a marker; name its columns in the first line: marker, chrom, \
                                     pos (and ref and alt if known), then the samples",
        ));
    };
    let (mut held, mut row) = (Held::new(), Row::default());
    let width = read_header(&mut table, &mut row, &layout, &mut held)?;
    let mut calls = Calls::new(layout.style);
    let mut last_contig: Option<Arc<str>> = None;
    while table.read(&mut row)? {
        row.fit(width).map_err(|message| table.line_error(row.line, message))?;
        let name = row.get(layout.marker);
        let marker = match name.trim() {
            // Its place names it.
            "." | "" if layout.contig.is_some() => held.unnamed_marker(),
            _ => held.new_marker(name).map_err(|m| table.cell_error(row.line, layout.marker, m))?,
        };
        let wrong = |(column, message): (usize, String)| table.cell_error(row.line, column, message);
        put_place(&mut held, marker, &row, &layout, &mut last_contig).map_err(wrong)?;
        for column in layout.first..width {
            let to = (marker, column - layout.first);
            check_ploidy(&held, marker, row.get(column)).map_err(|message| wrong((column, message)))?;
            calls
                .put(&mut held, to, row.get(column), (row.line, column))
                .map_err(|message| wrong((column, format!("marker '{name}': {message}"))))?;
        }
    }
    if held.has_told_ploidies() {
        calls.end_as_told(&mut held, options);
    } else {
        calls
            .end(&mut held, options)
            .map_err(|((line, column), message)| table.cell_error(line, column, message))?;
    }
    if layout.style == Style::Letters && layout.alleles.is_none() {
        held.note("the allele that comes first in the alphabet is taken as the reference");
    }
    held.finish(layout.format(table.delimiter()), table.input(), options)
}

/// Adds the samples of the header; gives the number of columns that rows must have.
fn read_header(
    table: &mut TableReader,
    row: &mut Row,
    layout: &Layout,
    held: &mut Held,
) -> Result<usize, GenotypeError> {
    table.read(row)?;
    let shift = usize::from(layout.is_short);
    while row.len() > 1 && row.get(row.len() - 1).trim().is_empty() {
        let width = row.len() - 1;
        row.trim_to(width);
    }
    for column in layout.first..row.len() + shift {
        held.new_sample(row.get(column - shift))
            .map_err(|m| table.cell_error(row.line, column - shift, m))?;
    }
    let used = [Some(layout.marker), layout.contig, layout.position, layout.genetic, layout.ploidy];
    let alleles =
        layout.alleles.map_or([None; 2], |(reference, alternate)| [Some(reference), Some(alternate)]);
    let is_used = |column: &usize| used.contains(&Some(*column)) || alleles.contains(&Some(*column));
    let passport: Vec<&str> = (shift..layout.first)
        .filter(|column| !is_used(column))
        .map(|column| row.get(column - shift))
        .collect();
    if !passport.is_empty() {
        held.note(format!("columns before the samples are not kept: {}", passport.join(", ")));
    }
    Ok(row.len() + shift)
}

/// Refuses a dosage above the ploidy that the table says of its marker.
fn check_ploidy(held: &Held, marker: usize, cell: &str) -> Result<(), String> {
    let Some(ploidy) = held.ploidy_of(marker) else { return Ok(()) };
    match cell.trim().parse::<f64>() {
        Ok(value) if !(0.0..=f64::from(ploidy)).contains(&value) => Err(format!(
            "a dosage of {value} does not fit the marker's ploidy of {ploidy}; correct one of them"
        )),
        _ => Ok(()),
    }
}

/// Says where a marker lies and what its alleles are.
fn put_place(
    held: &mut Held,
    marker: usize,
    row: &Row,
    layout: &Layout,
    last: &mut Option<Arc<str>>,
) -> Result<(), (usize, String)> {
    let own = held.marker_mut(marker);
    if let Some(column) = layout.contig {
        let name = match row.get(column) {
            text if is_missing(text) => UNPLACED,
            text => text,
        };
        // Runs of one contig share its name.
        let contig = match last {
            Some(contig) if **contig == *name => contig.clone(),
            _ => Arc::from(name),
        };
        *last = Some(contig.clone());
        own.contig = Some(contig);
    }
    if let Some(column) = layout.position {
        own.site.position = position(row.get(column)).map_err(|message| (column, message))?;
    }
    if let Some(column) = layout.genetic {
        let text = row.get(column).trim();
        own.site.genetic_position = (!is_missing(text)).then(|| text.into());
    }
    if let Some(column) = layout.ploidy.filter(|&column| !is_missing(row.get(column))) {
        let ploidy = row.get(column).trim().parse().ok().filter(|ploidy| (1..=MAX_PLOIDY).contains(ploidy));
        let message =
            || format!("cannot read the ploidy '{}'; write 1 to {MAX_PLOIDY}, or NA", row.get(column));
        own.ploidy = Some(ploidy.ok_or_else(|| (column, message()))?);
    }
    if let Some((reference, alternate)) = layout.alleles {
        let (reference, alternate) = (row.get(reference).trim(), row.get(alternate).trim());
        if !reference.is_empty() {
            own.site.reference = reference.into();
            let names = alternate.split(',').filter(|name| !name.is_empty() && *name != ".");
            own.site.alternates = names.map(Into::into).collect();
        }
    }
    Ok(())
}
