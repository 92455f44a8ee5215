//! Read counts in long tables, and in pairs of tables.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use landrace_genome::file::{self, Input};
use landrace_genome::summary::InputDigest;

use super::{called, reads};
use crate::format::held::Held;
use crate::format::table::{Head, Row, TableReader, is_missing, is_named};
use crate::format::{Opened, ReadOptions};
use crate::source::GenotypeError;

/// Names of columns in long tables.
const SAMPLE: [&str; 12] = [
    "sample",
    "sample id",
    "sample name",
    "id",
    "ind",
    "individual",
    "taxon",
    "line",
    "clone",
    "accession",
    "genotype",
    "name",
];
const MARKER: [&str; 9] =
    ["marker", "marker name", "snp", "snp id", "snp name", "locus", "variant", "loc", "marker id"];
const REFERENCE: [&str; 11] = [
    "ref",
    "ref count",
    "refcount",
    "reference",
    "reference count",
    "ref reads",
    "reference reads",
    "counts",
    "ref depth",
    "nref",
    "n ref",
];
const TOTAL: [&str; 8] =
    ["total", "size", "total count", "total reads", "depth", "dp", "total depth", "n total"];
const ALTERNATE: [&str; 9] = [
    "alt",
    "alt count",
    "altcount",
    "alternate",
    "alternate count",
    "alt reads",
    "alternate reads",
    "alt depth",
    "nalt",
];

/// Columns of a long table.
struct Columns {
    sample: usize,
    marker: usize,
    reference: usize,
    /// The other column, and whether it holds all reads rather than those of the alternate.
    other: (usize, bool),
}

impl Columns {
    fn of(head: &Head) -> Option<Self> {
        let total = head.column(&TOTAL).map(|index| (index, true));
        Some(Self {
            sample: head.column(&SAMPLE)?,
            marker: head.column(&MARKER)?,
            reference: head.column(&REFERENCE)?,
            other: total.or_else(|| head.column(&ALTERNATE).map(|index| (index, false)))?,
        })
    }
}

/// Whether a table has the columns, and whole numbers where the reads should be.
pub(super) fn is_long(head: &Head) -> bool {
    let is_count = |cell: &str| is_missing(cell) || cell.trim().parse::<u32>().is_ok();
    Columns::of(head).is_some_and(|own| {
        head.rows.len() > 1
            && (1..head.rows.len())
                .all(|row| is_count(head.cell(row, own.reference)) && is_count(head.cell(row, own.other.0)))
    })
}

pub(super) fn open_long(mut input: Input, options: &ReadOptions) -> Opened {
    let head = Head::of(&mut input)?;
    let mut table = TableReader::new(input, &head);
    let Some(columns) = Columns::of(&head) else {
        return Err(
            table.line_error(1, "the header lacks one of the columns sample, marker, ref, and total or alt")
        );
    };
    let mut row = Row::default();
    let mut held = Held::new();
    table.read(&mut row)?;
    let width = row.len();
    while table.read(&mut row)? {
        row.fit(width).map_err(|message| table.line_error(row.line, message))?;
        let name = |index: usize, what: &str| match row.get(index).trim() {
            "" => Err(table.cell_error(row.line, index, format!("the {what} has no name; give it one"))),
            _ => Ok(row.get(index)),
        };
        let sample = held.sample(name(columns.sample, "sample")?);
        let marker = held.marker(name(columns.marker, "marker")?);
        let (at, is_total) = columns.other;
        if is_missing(row.get(columns.reference)) || is_missing(row.get(at)) {
            held.set_depths(marker, sample, &[-1, -1]);
            continue;
        }
        let count = |index: usize| reads(row.get(index)).map_err(|m| table.cell_error(row.line, index, m));
        let (reference, other) = (count(columns.reference)?, count(at)?);
        if held.has_depths_of(marker, sample) {
            let message = "this sample and marker had counts before; give each once";
            return Err(table.line_error(row.line, message));
        }
        let counts = both((reference, other), is_total).map_err(|m| table.cell_error(row.line, at, m))?;
        held.set_depths(marker, sample, &counts);
    }
    let source = held.finish("read counts, a line a sample and marker", table.input(), options)?;
    Ok(Box::new(called(source, options)))
}

/// Reads of both alleles from those of the reference and of the other column.
fn both((reference, other): (i32, i32), is_total: bool) -> Result<[i32; 2], String> {
    match (is_total, other.checked_sub(reference)) {
        (false, _) => Ok([reference, other]),
        (true, Some(alternate)) if alternate >= 0 => Ok([reference, alternate]),
        _ => Err(format!(
            "{other} reads in all are fewer than the reference's {reference}; are the columns swapped?"
        )),
    }
}

/// Opens a table of reference reads and the table of all reads that goes with it: the same rows and columns.
pub(super) fn open_pair(input: Input, options: &ReadOptions) -> Opened {
    let Some(path) = &options.total else {
        let message = "a table of reference reads needs a table of all reads; name it with --total";
        return Err(GenotypeError::Request(message.to_owned()));
    };
    let (mut first, mut second) = (TableReader::open(input)?, TableReader::open(file::open(path)?)?);
    let (mut row, mut other) = (Row::default(), Row::default());
    first.read(&mut row)?;
    second.read(&mut other)?;
    same_names(&second, (&row, &other), 0..row.len())?;
    let names: Vec<String> = row.iter().skip(1).map(str::to_owned).collect();
    let has_markers_in_rows = is_named(row.get(0), &MARKER);
    let mut held = Held::new();
    for name in &names {
        let added = if has_markers_in_rows { held.new_sample(name) } else { held.new_marker(name) };
        added.map_err(|message| first.line_error(1, message))?;
    }
    while first.read(&mut row)? {
        let failed = |table: &TableReader, row: &Row, message| table.line_error(row.line, message);
        row.fit(names.len() + 1).map_err(|message| failed(&first, &row, message))?;
        if !second.read(&mut other)? {
            return Err(second.file_error(format!("ends before the row '{}' of the other table", row.get(0))));
        }
        other.fit(names.len() + 1).map_err(|message| failed(&second, &other, message))?;
        same_names(&second, (&row, &other), 0..1)?;
        let own = if has_markers_in_rows { held.new_marker(row.get(0)) } else { held.new_sample(row.get(0)) };
        let own = own.map_err(|message| failed(&first, &row, message))?;
        for index in 0..names.len() {
            let (marker, sample) = if has_markers_in_rows { (own, index) } else { (index, own) };
            let column = index + 1;
            if is_missing(row.get(column)) || is_missing(other.get(column)) {
                held.set_depths(marker, sample, &[-1, -1]);
                continue;
            }
            let reference = reads(row.get(column)).map_err(|m| first.cell_error(row.line, column, m))?;
            let counts = reads(other.get(column)).and_then(|total| both((reference, total), true));
            held.set_depths(marker, sample, &counts.map_err(|m| second.cell_error(other.line, column, m))?);
        }
    }
    if second.read(&mut other)? {
        return Err(
            second.line_error(other.line, "the other table has no such row; give tables of the same rows")
        );
    }
    let digest = InputDigest::of(second.input());
    let source = held.finish("reference and total read counts", first.input(), options)?;
    Ok(Box::new(called(source, options).beside(digest)))
}

/// Checks that two rows have the same cells in some columns.
fn same_names(
    table: &TableReader,
    (row, other): (&Row, &Row),
    columns: std::ops::Range<usize>,
) -> Result<(), GenotypeError> {
    if columns.len() > 1 && row.len() != other.len() {
        let message = format!(
            "has {} columns, but the other table has {}; give tables that match",
            other.len(),
            row.len()
        );
        return Err(table.line_error(other.line, message));
    }
    match columns.into_iter().find(|&index| row.get(index) != other.get(index)) {
        None => Ok(()),
        Some(index) => Err(table.cell_error(
            other.line,
            index,
            format!(
                "'{}' is '{}' in the other table; give tables that match",
                other.get(index),
                row.get(index)
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::format::open;
    use crate::matrix::GenotypeMatrix;
    use crate::plane::MISSING;

    fn write(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
        let path = folder.path().join(name);
        let mut out = file::create(&path).unwrap();
        std::io::Write::write_all(&mut out, text.as_bytes()).unwrap();
        out.finish().unwrap();
        path
    }

    fn codes(matrix: &GenotypeMatrix, variant: usize) -> Vec<u8> {
        let mut codes = Vec::new();
        matrix.unpack(variant, &mut codes);
        codes
    }

    #[test]
    fn long_tables_are_told_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let text = "id\tsnp\tcounts\tsize\nX 1\tS1\t40\t80\nY\tS1\t80\t80\nX 1\tS2\t0\t61\nY\tS2\tNA\tNA\n";
        let path = write(&folder, "long.tsv", text);
        let options = ReadOptions { ploidy: Some(4), ..ReadOptions::default() };
        let mut source = open(&[path], options.clone()).unwrap();
        assert!(source.header().notes[0].contains("read as read counts"), "{:?}", source.header().notes);
        let matrix = GenotypeMatrix::from_source(source.as_mut()).unwrap();
        assert_eq!(matrix.samples(), ["X 1".to_owned(), "Y".to_owned()]);
        assert_eq!((codes(&matrix, 0), codes(&matrix, 1)), (vec![2, 0], vec![4, MISSING]));
        let fails = |text: &str| {
            let path = write(&folder, "wrong.tsv", text);
            open(&[path], options.clone()).map(|_| ()).unwrap_err().to_string()
        };
        assert!(
            fails("id\tsnp\tref\ttotal\na\tS\t9\t3\n").contains("line 2: column 4: 3 reads in all are fewer")
        );
        assert!(
            fails("id\tsnp\tref\talt\na\tS\t9\t3\na\tS\t9\t3\n").contains("line 3: this sample and marker")
        );
    }

    #[test]
    fn pairs_of_tables_must_match() {
        let folder = tempfile::tempdir().unwrap();
        let reference = "id,M1,M2\nA,30,9\nB,15,0\nC,0,\n";
        let path = write(&folder, "ref.csv", reference);
        let with = |total: &str| {
            let total = write(&folder, "total.csv", total);
            let options = ReadOptions { total: Some(total), ploidy: Some(2), ..ReadOptions::default() };
            let mut source = open(std::slice::from_ref(&path), options).map_err(|error| error.to_string())?;
            assert_eq!(source.digests().len(), 2);
            GenotypeMatrix::from_source(source.as_mut()).map_err(|error| error.to_string())
        };
        let matrix = with("id,M1,M2\nA,30,18\nB,31,0\nC,28,\n").unwrap();
        assert_eq!((codes(&matrix, 0), codes(&matrix, 1)), (vec![0, 1, 2], vec![1, MISSING, MISSING]));
        assert!(with("id,M1,M3\nA,30,18\n").unwrap_err().contains("line 1: column 3: 'M3' is 'M2'"));
        assert!(with("id,M1,M2\nA,30,18\n").unwrap_err().contains("ends before the row 'B'"));
        assert!(with("id,M1,M2\nB,30,18\n").unwrap_err().contains("column 1: 'B' is 'A'"));
        assert!(
            with("id,M1,M2\nA,20,18\nB,31,0\nC,28,\n").unwrap_err().contains("fewer than the reference's 30")
        );
    }
}
