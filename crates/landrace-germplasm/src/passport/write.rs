//! Writing passports and what was found in them.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::io::{self, Write};

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
