//! Tables with a row a sample and several columns a marker: Core Hunter's default and frequency CSV, microsatellites
//! in two columns.
//!
//! In Core Hunter's default format, columns of one marker hold an allele each; in its frequency format, the share of
//! each allele. Columns belong together if the later ones are nameless or named as the first with an ending (`M1`,
//! `M1.1`; `L_1`, `L_2`; `La`, `Lb`).

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::ops::Range;

use landrace_genome::file::Input;

use super::call_cell::short;
use super::dosages::Dosages;
use super::held::Held;
use super::table::{Head, Row, TableReader, is_missing, is_named, number};
use super::{Opened, ReadOptions, Reader};
use crate::plane::MAX_PLOIDY;

#[cfg(test)]
mod tests;

/// How it is told and opened.
pub(crate) const READER: Reader = Reader {
    name: "core-hunter",
    about: "Core Hunter CSV, and other tables with several columns a marker",
    recognise: |head| Layout::of(head).is_some(),
    open,
};

/// Columns before the first marker at most.
const MOST_PASSPORT: usize = 12;

/// What the columns of a marker hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    /// An allele each.
    Alleles,
    /// Sizes, of which 0 is missing.
    Sizes,
    /// The share of an allele each.
    Shares,
}

/// Which columns are a marker's, and what they hold.
#[derive(Clone, Debug, PartialEq)]
struct Layout {
    markers: Vec<(String, Range<usize>)>,
    content: Content,
}

impl Layout {
    fn of(head: &Head) -> Option<Self> {
        let rows: Vec<&Row> = head.rows.iter().skip(1).filter(|row| !is_allele_row(row)).collect();
        let names: Vec<&str> = head.header().collect();
        let width = names.len();
        if rows.is_empty() || rows.iter().any(|row| row.len() != width) {
            return None;
        }
        let markers = (1..width.min(MOST_PASSPORT)).find_map(|first| group(&names, first))?;
        let is_ended = |columns: &Range<usize>| {
            let first = names[columns.start];
            names[columns.start + 1..columns.end]
                .iter()
                .all(|name| *name != first && (name.is_empty() || name.starts_with(first)))
        };
        let is_small = |cell: &str| is_missing(cell) || matches!(cell.trim(), "0" | "1" | "2");
        // Dosages of markers whose names are alike (or one) are no alleles.
        let start = markers.first().map_or(1, |marker| marker.1.start);
        if rows.iter().all(|row| row.iter().skip(start).all(is_small))
            && !markers.iter().all(|m| is_ended(&m.1))
        {
            return None;
        }
        let of_markers =
            || rows.iter().flat_map(|row| markers.iter().map(move |marker| (*row, marker.1.clone())));
        if of_markers().all(|(row, columns)| is_shares(row, columns)) {
            return Some(Self { markers, content: Content::Shares });
        }
        let cells =
            || of_markers().flat_map(|(row, columns)| columns.map(move |column| row.get(column).trim()));
        let is_allele = |cell: &str| {
            is_missing(cell)
                || cell.len() <= 24
                    && cell.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-*_.".contains(&b))
        };
        if !cells().all(is_allele) {
            return None;
        }
        let is_size = cells().any(|cell| cell.len() > 1 && cell.parse::<u32>().is_ok_and(|size| size > 9));
        let content = if is_size { Content::Sizes } else { Content::Alleles };
        // Fractions are shares that do not sum to 1, or no alleles.
        (!cells().any(|cell| cell.contains('.') && cell.parse::<f64>().is_ok()))
            .then_some(Self { markers, content })
    }
}

/// Whether a row is Core Hunter's row of allele names.
fn is_allele_row(row: &Row) -> bool {
    row.iter().take(2).any(|cell| is_named(cell, &["allele", "alleles"]))
}

/// Whether cells are shares that sum to 1, or all missing.
fn is_shares(row: &Row, columns: Range<usize>) -> bool {
    let cells = || columns.clone().map(|column| row.get(column));
    if cells().all(is_missing) {
        return true;
    }
    let values: Option<Vec<f64>> = cells().map(|cell| cell.trim().parse().ok()).collect();
    values.is_some_and(|values| {
        values.iter().all(|value| (0.0..=1.0).contains(value))
            && (values.iter().sum::<f64>() - 1.0).abs() < 0.02
    })
}

/// The columns from `first` on, in groups of two and more; `None` if some column stands alone.
fn group(names: &[&str], first: usize) -> Option<Vec<(String, Range<usize>)>> {
    let mut out: Vec<(String, Range<usize>)> = Vec::new();
    let mut start = first;
    while start < names.len() {
        let mut name = names[start].to_owned();
        let mut end = start + 1;
        while end < names.len() {
            match shared_name(names[start], names[end], end - start) {
                Some(shared) => name = shared,
                None => break,
            }
            end += 1;
        }
        if end - start < 2 || name.is_empty() {
            return None;
        }
        out.push((name, start..end));
        start = end;
    }
    (!out.is_empty()).then_some(out)
}

/// The marker's name, if the `nth` column after the first (from 1) is of the same marker.
fn shared_name(first: &str, other: &str, nth: usize) -> Option<String> {
    if other.trim().is_empty() || other == first {
        return Some(first.to_owned());
    }
    let is_separator = |letter: char| matches!(letter, '.' | '_' | '-' | ' ');
    if let Some(ending) = other.strip_prefix(first).and_then(|rest| rest.strip_prefix(is_separator)) {
        // M1, M1.1; but not M1, M1.1234, which are two markers.
        return (ending.len() <= 2 && !ending.is_empty()).then(|| first.to_owned());
    }
    let (stem, ending) = first.split_at_checked(first.len().checked_sub(1)?)?;
    let next = other.strip_prefix(stem)?;
    let bare = stem.trim_end_matches(is_separator);
    let is_next = |start: u8| {
        let own = ending.as_bytes().first() == Some(&start);
        own && next.len() == 1 && next.bytes().next().map(usize::from) == Some(usize::from(start) + nth)
    };
    let is_numbered = is_next(b'1') && bare.len() < stem.len();
    (!bare.is_empty() && (is_numbered || is_next(b'a') || is_next(b'A'))).then(|| bare.to_owned())
}

/// Opens a table with several columns a marker.
fn open(mut input: Input, options: &ReadOptions) -> Opened {
    let head = Head::of(&mut input)?;
    let mut table = TableReader::new(input, &head);
    let Some(layout) = Layout::of(&head) else {
        return Err(table.file_error(
            "is no table with several columns a marker; name them alike, such as M1 and M1.1, \
                                     and write an allele or a share in each",
        ));
    };
    let (mut held, mut row) = (Held::new(), Row::default());
    table.read(&mut row)?;
    let width = row.len();
    for (name, columns) in &layout.markers {
        held.new_marker(name).map_err(|m| table.cell_error(row.line, columns.start, m))?;
    }
    let first = layout.markers.first().map_or(1, |marker| marker.1.start);
    let passport: Vec<String> = (1..first).map(|column| row.get(column).to_owned()).collect();
    if !passport.is_empty() {
        held.note(format!("columns before the markers tell of the samples: {}", passport.join(", ")));
    }
    let mut reading = Reading::new(&layout, options);
    while table.read(&mut row)? {
        row.fit(width).map_err(|message| table.line_error(row.line, message))?;
        if is_allele_row(&row) {
            reading.name_alleles(&row, &mut held);
            continue;
        }
        let sample = held.new_sample(row.get(0)).map_err(|m| table.cell_error(row.line, 0, m))?;
        if !passport.is_empty() {
            held.push_sample_columns(
                &passport,
                (1..first).map(|column| row.get(column).to_owned()).collect(),
            );
        }
        reading.read_row(&row, sample, &mut held).map_err(|(c, m)| table.cell_error(row.line, c, m))?;
    }
    reading.end(&mut held);
    let format = match layout.content {
        Content::Alleles | Content::Sizes if is_core_hunter(&head) => "Core Hunter CSV (default format)",
        Content::Alleles | Content::Sizes => "a table of alleles with several columns a marker",
        Content::Shares => "Core Hunter CSV (frequency format)",
    };
    held.finish(format, table.input(), options)
}

fn is_core_hunter(head: &Head) -> bool {
    head.cell(0, 0).eq_ignore_ascii_case("id")
}

/// Rows on their way into [`Held`].
struct Reading<'a> {
    layout: &'a Layout,
    options: &'a ReadOptions,
    shares: Dosages,
    /// Whether shares become alleles, because a marker has more than two.
    is_multiallelic: bool,
    /// Names of the alleles of each marker, where shares have a row of them.
    names: Vec<Vec<String>>,
    partial: u64,
}

impl<'a> Reading<'a> {
    fn new(layout: &'a Layout, options: &'a ReadOptions) -> Self {
        let is_multiallelic =
            layout.content == Content::Shares && layout.markers.iter().any(|m| m.1.len() != 2);
        let names = layout.markers.iter().map(|m| (1..=m.1.len()).map(|n| n.to_string()).collect()).collect();
        Self { layout, options, shares: Dosages::new(), is_multiallelic, names, partial: 0 }
    }

    /// Takes the names of a row of alleles.
    fn name_alleles(&mut self, row: &Row, held: &mut Held) {
        for (marker, (_, columns)) in self.layout.markers.iter().enumerate() {
            self.names[marker] = columns.clone().map(|column| row.get(column).trim().to_owned()).collect();
            if let ([reference, alternates @ ..], true) = (self.names[marker].as_slice(), held.samples() == 0)
            {
                let site = &mut held.marker_mut(marker).site;
                site.reference = reference.as_str().into();
                site.alternates = alternates.iter().map(|name| name.as_str().into()).collect();
            }
        }
    }

    fn read_row(&mut self, row: &Row, sample: usize, held: &mut Held) -> Result<(), (usize, String)> {
        for (marker, (name, columns)) in self.layout.markers.iter().enumerate() {
            let call = (marker, sample);
            let put = match self.layout.content {
                Content::Shares => put_shares(self, row, columns, call, held),
                content => put_alleles(row, columns, call, held, content).map(|is_partial| {
                    self.partial += u64::from(is_partial);
                }),
            };
            put.map_err(|(column, message)| (column, format!("marker '{name}': {message}")))?;
        }
        Ok(())
    }

    fn end(&self, held: &mut Held) {
        if self.partial > 0 {
            held.note(format!("{} calls known in part count as missing", self.partial));
        }
        if self.layout.content == Content::Alleles {
            [["A", "B"], ["1", "2"], ["0", "1"]].into_iter().for_each(|names| held.declare_if_all(names));
        }
        if self.layout.content != Content::Shares || self.is_multiallelic {
            return;
        }
        self.shares.decide_shares(held, self.options);
    }
}

/// Keeps the alleles of a call; `true` if it is known in part alone.
fn put_alleles(
    row: &Row,
    columns: &Range<usize>,
    (marker, sample): (usize, usize),
    held: &mut Held,
    content: Content,
) -> Result<bool, (usize, String)> {
    let alleles: Vec<&str> = columns.clone().map(|column| row.get(column).trim()).collect();
    let is_zero = |cell: &str| cell.bytes().all(|b| b == b'0');
    let is_unknown = |cell: &&str| {
        // A - beside another allele is a deletion; alone it is missing.
        is_missing(cell) || *cell == "-9" || (content == Content::Sizes && is_zero(cell))
    };
    let ploidy = u8::try_from(alleles.len()).ok().filter(|&ploidy| ploidy <= MAX_PLOIDY);
    let Some(ploidy) = ploidy else {
        return Err((
            columns.start,
            format!("has {} columns; the highest ploidy is {MAX_PLOIDY}", alleles.len()),
        ));
    };
    if let Some(at) = alleles.iter().position(|cell| cell.len() > 64) {
        return Err((columns.start + at, format!("'{}' is too long for an allele", short(alleles[at]))));
    }
    match alleles.iter().filter(|cell| is_unknown(cell)).count() {
        0 => held.set_alleles(marker, sample, &alleles).map_err(|message| (columns.start, message))?,
        n => {
            held.set_missing(marker, sample, ploidy);
            return Ok(n < alleles.len());
        }
    }
    Ok(false)
}

/// Keeps the shares of the alleles of a call.
fn put_shares(
    reading: &mut Reading<'_>,
    row: &Row,
    columns: &Range<usize>,
    (marker, sample): (usize, usize),
    held: &mut Held,
) -> Result<(), (usize, String)> {
    let cells: Vec<&str> = columns.clone().map(|column| row.get(column)).collect();
    if cells.iter().all(|cell| is_missing(cell)) {
        if reading.is_multiallelic {
            held.set_missing(marker, sample, 0);
        } else {
            held.set_dosage(marker, sample, crate::plane::MISSING);
        }
        return Ok(());
    }
    let read = |(column, cell): (usize, &&str)| number(cell).map_err(|message| (column, message));
    let shares: Vec<f64> = columns.clone().zip(&cells).map(read).collect::<Result<_, _>>()?;
    if !is_shares(row, columns.clone()) {
        let sum: f64 = shares.iter().sum();
        return Err((columns.start, format!("the shares of alleles sum to {sum}; they must sum to 1")));
    }
    if !reading.is_multiallelic {
        let (column, share) = (columns.end - 1, cells[cells.len() - 1]);
        let put = reading.shares.put(held, (marker, sample), share.trim(), (row.line, column));
        return put.map_err(|message| (column, message));
    }
    let ploidy = reading.options.ploidy.unwrap_or(2);
    let mut alleles: Vec<&str> = Vec::new();
    for (name, &share) in reading.names[marker].iter().zip(&shares) {
        let copies = share * f64::from(ploidy);
        let whole = (0..=ploidy).find(|&whole| (f64::from(whole) - copies).abs() < 0.05);
        let whole = whole.ok_or_else(|| {
            let message = format!("a share of {share} is no whole number of {ploidy} copies; give --ploidy");
            (columns.start, message)
        })?;
        alleles.extend(std::iter::repeat_n(name.as_str(), usize::from(whole)));
    }
    held.set_alleles(marker, sample, &alleles).map_err(|message| (columns.start, message))
}
