//! STRUCTURE's input: alleles as whole numbers, −9 for missing, one row a copy (two for diploids) or one row an
//! individual with two columns a marker; with or without names of the markers, and columns before the alleles.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use landrace_genome::file::Input;

use super::call_cell::short;
use super::held::Held;
use super::table::{Delimiter, Head, Row, TableReader, is_missing, is_named};
use super::{Opened, ReadOptions, Reader};
use crate::plane::MAX_PLOIDY;
use crate::source::GenotypeError;

#[cfg(test)]
mod tests;

/// How it is told and opened.
pub(crate) const READER: Reader = Reader {
    name: "structure",
    about: "STRUCTURE",
    recognise: |head| {
        matches!(head.delimiter, Delimiter::Tab | Delimiter::Space)
            && Layout::of(head, &ReadOptions::default()).is_some()
    },
    open,
};

/// Columns before the alleles at most: label, population, flag, locality, phenotype and more.
const MOST_EXTRA: usize = 8;

/// Where the alleles are.
#[derive(Clone, Debug, PartialEq)]
struct Layout {
    /// Names of the markers, if the file has them.
    names: Option<Vec<String>>,
    /// Rows before the first individual.
    head_rows: usize,
    /// Columns before the alleles.
    extra: usize,
    /// Cells of a row.
    width: usize,
    /// Rows of an individual.
    rows: usize,
    /// Columns of a marker.
    columns: usize,
}

fn is_whole(cell: &str) -> bool {
    cell.trim().parse::<i32>().is_ok()
}

impl Layout {
    fn of(head: &Head, options: &ReadOptions) -> Option<Self> {
        let rows = &head.rows;
        let lengths = || rows.iter().map(Row::len);
        let width = lengths().max_by_key(|&length| lengths().filter(|&other| other == length).count())?;
        // Rows of names, recessive alleles and distances come first; they lack the columns of individuals.
        let head_rows =
            match rows.iter().position(|row| row.len() == width && row.iter().skip(1).any(is_whole)) {
                Some(at) if at <= 3 => at,
                _ => return None,
            };
        // A row of another length is refused with its line.
        let own: Vec<Row> = rows[head_rows..].iter().filter(|row| row.len() == width).cloned().collect();
        let labels: Vec<&str> = own.iter().map(|row| row.get(0)).collect();
        let copies = copies_of(&labels)?;
        let header = rows.first().filter(|_| head_rows > 0);
        let names: Option<Vec<String>> = header
            .map(|row| row.iter().skip_while(|cell| cell.trim().is_empty()).map(str::to_owned).collect());
        let ploidy = usize::from(options.ploidy.unwrap_or(2));
        let (extra, columns) = match &names {
            Some(names) if names.len() == width => (named_columns(names), 1),
            Some(names) if copies > 1 => (width.checked_sub(names.len())?, 1),
            Some(names) => (width.checked_sub(ploidy * names.len())?, ploidy),
            None if copies > 1 => (1 + usize::from(is_population(&own, copies)), 1),
            None => return None,
        };
        let is_allele = |cell: &str| is_whole(cell) || is_missing(cell);
        let are_alleles = own.iter().take(40).all(|row| row.iter().skip(extra).all(is_allele));
        if !(1..=MOST_EXTRA).contains(&extra)
            || extra >= width
            || !are_alleles
            || (copies == 1 && columns == 1)
        {
            return None;
        }
        let names = names.map(|names| names[names.len() - (width - extra) / columns..].to_vec());
        Some(Self { names, head_rows, extra, width, rows: copies, columns })
    }
}

/// How many rows most individuals have, from the runs of labels; the last run may be cut.
fn copies_of(labels: &[&str]) -> Option<usize> {
    let runs: Vec<usize> = labels.chunk_by(|a, b| a == b).map(<[&str]>::len).collect();
    let whole = &runs[..runs.len().saturating_sub(1).max(1).min(runs.len())];
    let count = |copies: usize| whole.iter().filter(|&&run| run == copies).count();
    let most = (1..=usize::from(MAX_PLOIDY)).rev().max_by_key(|&copies| count(copies))?;
    (count(most) > 0 && 3 * count(most) >= 2 * whole.len()).then_some(most)
}

/// Columns of individuals that a full header names.
fn named_columns(names: &[String]) -> usize {
    const KNOWN: [&str; 14] = [
        "pop",
        "popdata",
        "population",
        "popflag",
        "flag",
        "locdata",
        "location",
        "loc",
        "phenotype",
        "group",
        "sampling",
        "popid",
        "site",
        "region",
    ];
    1 + names.iter().skip(1).take_while(|name| is_named(name, &KNOWN)).count()
}

/// Whether the second column is a population: the same in all rows of each individual, and in some individuals.
fn is_population(rows: &[Row], copies: usize) -> bool {
    let runs = rows.chunks_exact(copies);
    let values: std::collections::HashSet<&str> = rows.iter().map(|row| row.get(1)).collect();
    let is_same =
        runs.len() >= 3 && runs.clone().all(|run| run.iter().all(|row| row.get(1) == run[0].get(1)));
    is_same && values.len() < runs.len()
}

fn open(mut input: Input, options: &ReadOptions) -> Opened {
    let head = Head::of(&mut input)?;
    let mut table = TableReader::new(input, &head);
    let Some(layout) = Layout::of(&head, options) else {
        return Err(table.file_error(
            "is no STRUCTURE file: give labels in the first column, whole numbers as alleles, -9 \
                                     for missing, and as many rows an individual as it has copies",
        ));
    };
    let mut held = Held::new();
    let markers = (layout.width - layout.extra) / layout.columns;
    for marker in 0..markers {
        let name = layout
            .names
            .as_ref()
            .map_or_else(|| format!("locus_{}", marker + 1), |names| names[marker].clone());
        held.new_marker(&name).map_err(|message| table.line_error(1, message))?;
    }
    let mut row = Row::default();
    for _ in 0..layout.head_rows {
        table.read(&mut row)?;
    }
    tell(&layout, &mut held);
    let mut rows: Vec<Row> = Vec::new();
    let mut partial = 0;
    while table.read(&mut row)? {
        row.fit(layout.width).map_err(|message| table.line_error(row.line, message))?;
        if rows.first().is_some_and(|first| first.get(0) != row.get(0) || rows.len() == layout.rows) {
            partial += put_individual(&table, &layout, &rows, &mut held)?;
            rows.clear();
        }
        rows.push(row.clone());
    }
    if !rows.is_empty() {
        partial += put_individual(&table, &layout, &rows, &mut held)?;
    }
    if partial > 0 {
        held.note(format!("{partial} calls known in part count as missing"));
    }
    held.finish("STRUCTURE", table.input(), options)
}

/// Notes what is not kept.
fn tell(layout: &Layout, held: &mut Held) {
    let how = match layout.columns {
        1 => format!("{} rows an individual", layout.rows),
        columns => format!("one row an individual, {columns} columns a marker"),
    };
    held.note(how);
    match layout.extra - 1 {
        0 => {}
        1 => held.note("the column after the labels is taken for the population"),
        n => held.note(format!("the {n} columns after the labels tell of the individuals")),
    }
    if layout.names.is_none() {
        held.note("markers without names are called locus_1, locus_2 and so on");
    }
    if layout.head_rows > 1 {
        held.note("rows between the names and the individuals are not kept");
    }
}

/// Keeps the calls of an individual's rows; gives the number of those known in part.
fn put_individual(
    table: &TableReader,
    layout: &Layout,
    rows: &[Row],
    held: &mut Held,
) -> Result<u64, GenotypeError> {
    let (line, label) = (rows[0].line, rows[0].get(0));
    if rows.len() != layout.rows {
        let message = format!(
            "individual '{label}' has {} rows, but the others have {}; write -9 for copies that it lacks",
            rows.len(),
            layout.rows
        );
        return Err(table.line_error(line, message));
    }
    let sample = held.new_sample(label).map_err(|message| table.cell_error(line, 0, message))?;
    if layout.extra > 1 {
        let names: Vec<String> = (1..layout.extra)
            .map(
                |column| if column == 1 { "population".to_owned() } else { format!("column_{}", column + 1) },
            )
            .collect();
        held.push_sample_columns(
            &names,
            (1..layout.extra).map(|column| rows[0].get(column).to_owned()).collect(),
        );
    }
    let mut partial = 0;
    let mut alleles: Vec<&str> = Vec::new();
    for marker in 0..held.markers() {
        let start = layout.extra + marker * layout.columns;
        alleles.clear();
        for row in rows {
            for column in start..start + layout.columns {
                let cell = row.get(column).trim();
                if !is_whole(cell) && !is_missing(cell) {
                    let message =
                        format!("'{}' is no allele; write whole numbers, and -9 for missing", short(cell));
                    return Err(table.cell_error(row.line, column, message));
                }
                alleles.push(cell);
            }
        }
        let is_unknown = |cell: &&&str| **cell == "-9" || is_missing(cell);
        match alleles.iter().filter(is_unknown).count() {
            0 => held.set_alleles(marker, sample, &alleles).map_err(|m| table.cell_error(line, start, m))?,
            n => {
                partial += u64::from(n < alleles.len());
                held.set_missing(marker, sample, u8::try_from(alleles.len()).unwrap_or(0));
            }
        }
    }
    Ok(partial)
}
