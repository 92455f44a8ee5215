//! Writing passports and what was found in them.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::io::{self, Write};

use landrace_genotypes::GenotypeError;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use super::{Passport, Problem};

/// What stands between the cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// Commas; cells are quoted where they must be.
    Comma,
    /// Tabs; tabs and line ends within a cell become spaces.
    Tab,
}

impl Separator {
    fn row<'c>(self, cells: impl Iterator<Item = &'c str>) -> String {
        let cell = |text: &str| match self {
            Self::Tab if text.contains(['\t', '\n', '\r']) => text.replace(['\t', '\n', '\r'], " "),
            // A quote that begins a cell of a tab-separated table would be taken for one around it.
            Self::Tab if text.starts_with('"') => format!("\"{}\"", text.replace('"', "\"\"")),
            Self::Comma if text.contains([',', '"', '\n', '\r']) => {
                format!("\"{}\"", text.replace('"', "\"\""))
            }
            _ => text.to_owned(),
        };
        let mark = if self == Self::Tab { "\t" } else { "," };
        cells.map(cell).collect::<Vec<_>>().join(mark) + "\n"
    }
}

/// Writes the accessions with their descriptors, in the order of the file.
///
/// # Errors
/// Returns the writer's error.
pub fn write_table(passport: &Passport, separator: Separator, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(separator.row(passport.columns.iter().map(|column| column.name.as_str())).as_bytes())?;
    for (_, row) in &passport.rows {
        out.write_all(separator.row(row.iter().map(String::as_str)).as_bytes())?;
    }
    Ok(())
}

/// The accessions as an Excel workbook of one sheet. All cells are text, so that numbers of accessions keep their zeros.
///
/// # Errors
/// Returns an error if a cell or the table is larger than workbooks hold.
pub fn workbook(passport: &Passport) -> Result<Vec<u8>, GenotypeError> {
    let too_large = |error: XlsxError| {
        let message = format!("does not fit into a workbook ({error}); write .tsv or .csv");
        GenotypeError::Request(format!("{}: {message}", passport.path))
    };
    let mut book = Workbook::new();
    // The time of writing would make the same work give other bytes.
    let written = ExcelDateTime::from_ymd(2000, 1, 1).map_err(too_large)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&written));
    let sheet = book.add_worksheet();
    let header: Vec<String> = passport.columns.iter().map(|column| column.name.clone()).collect();
    let rows = std::iter::once(&header).chain(passport.rows.iter().map(|(_, row)| row));
    for (row, cells) in (0u32..).zip(rows) {
        for (column, cell) in (0u16..).zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            sheet.write_string(row, column, cell).map_err(too_large)?;
        }
    }
    book.save_to_buffer().map_err(too_large)
}

/// Writes what was found: line, accession, descriptor, value, problem, severity, suggestion.
///
/// # Errors
/// Returns the writer's error.
pub fn write_problems(problems: &[Problem], out: &mut dyn Write) -> io::Result<()> {
    let header = ["line", "accession", "descriptor", "value", "problem", "severity", "suggestion"];
    out.write_all(Separator::Tab.row(header.into_iter()).as_bytes())?;
    for found in problems {
        let line = found.line.to_string();
        let cells = [
            line.as_str(),
            &found.accession,
            &found.descriptor,
            &found.value,
            &found.problem,
            found.severity.name(),
            &found.suggestion,
        ];
        out.write_all(Separator::Tab.row(cells.into_iter()).as_bytes())?;
    }
    Ok(())
}
