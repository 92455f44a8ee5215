//! Tables of cells, as labs and spreadsheets write them: the delimiter told by content, quotes, any line ends.
//!
//! Workbooks (`.xlsx`) are turned into tab-separated text when they are opened ([`workbook`]), so that every format
//! reads them. Memory is that of one row.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::io::{BufRead, Read};

use landrace_genome::file::{FileError, Input};
use memchr::memchr;

use crate::source::GenotypeError;

mod head;
mod row;
#[cfg(test)]
mod tests;
pub(crate) mod workbook;

pub(crate) use head::{Head, is_named};
pub(crate) use row::{Delimiter, Row};

/// Bytes of one row at most: 2 million markers with long names fit.
const LONGEST_ROW: u64 = 256 << 20;
/// Lines that a quoted cell may go over.
const LINES_OF_A_CELL: u64 = 16;

/// Reads rows of cells. Blank lines are passed over; lines are counted from 1 as the file has them.
pub(crate) struct TableReader {
    input: Input,
    path: String,
    delimiter: Delimiter,
    line_end: u8,
    /// Lines read.
    line: u64,
    bytes: Vec<u8>,
    /// Rows of `#` before the header that are still to be passed over.
    comments: usize,
    /// How many there are.
    leading_comments: usize,
}

impl TableReader {
    /// Begins with the first row of an opened file, whose head was seen.
    pub(crate) fn new(input: Input, head: &Head) -> Self {
        let path = input.path().display().to_string();
        let (delimiter, line_end) = (head.delimiter, head.line_end);
        Self {
            input,
            path,
            delimiter,
            line_end,
            line: 0,
            bytes: Vec::new(),
            comments: 0,
            leading_comments: head.comments,
        }
    }

    /// Looks at the head itself.
    ///
    /// # Errors
    /// Returns an error that names the file if it cannot be read or is no text.
    pub(crate) fn open(mut input: Input) -> Result<Self, GenotypeError> {
        let head = Head::of(&mut input)?;
        Ok(Self::new(input, &head))
    }

    /// Passes over lines before the header that begin with `#`. Further down such a line is a row: samples have such
    /// names.
    pub(crate) fn skipping_comments(mut self) -> Self {
        self.comments = self.leading_comments;
        self
    }

    /// What separates the cells.
    pub(crate) fn delimiter(&self) -> Delimiter {
        self.delimiter
    }

    /// The opened file, for its path, digest and meter.
    pub(crate) fn input(&self) -> &Input {
        &self.input
    }

    /// Gives the input back, to put other content into it.
    pub(crate) fn into_input(self) -> Input {
        self.input
    }

    /// Reads the next row that holds something; `false` at the end.
    ///
    /// # Errors
    /// Returns an error that names the file, the line and the column if it is not UTF-8, too long, or a quote is
    /// not closed.
    pub(crate) fn read(&mut self, row: &mut Row) -> Result<bool, GenotypeError> {
        loop {
            self.bytes.clear();
            if !self.read_line()? {
                return Ok(false);
            }
            let first = self.line;
            while row::has_open_quote(&self.bytes, self.delimiter) {
                if self.line - first >= LINES_OF_A_CELL || !self.read_line()? {
                    let message = "a quoted cell is not closed; close its quote, or save the table as tab-separated \
                                   text without quotes";
                    return Err(self.line_error(first, message));
                }
            }
            let line = trim_end(&self.bytes);
            if line.iter().all(|byte| byte.is_ascii_whitespace() || matches!(byte, b',' | b';')) {
                continue;
            }
            if self.comments > 0 {
                self.comments -= 1;
                continue;
            }
            return match std::str::from_utf8(line) {
                Ok(text) => {
                    row.split(text, self.delimiter, first);
                    Ok(true)
                }
                Err(error) => Err(self.not_utf8(first, error.valid_up_to())),
            };
        }
    }

    /// Appends a line to the bytes; `false` at the end of the file.
    fn read_line(&mut self) -> Result<bool, GenotypeError> {
        let room = LONGEST_ROW - self.bytes.len() as u64;
        let start = self.bytes.len();
        let read = self.input.by_ref().take(room).read_until(self.line_end, &mut self.bytes)?;
        if read as u64 >= room {
            let message = "is longer than 256 MiB; is this a table, and are its lines ended?";
            return Err(self.line_error(self.line + 1, message));
        }
        if self.line == 0 && self.bytes.starts_with(b"\xef\xbb\xbf") {
            self.bytes.drain(..3);
        }
        if let Some(at) = memchr(0, &self.bytes[start..]) {
            let message = format!("byte {} is zero: this is not text; save the table as UTF-8 text", at + 1);
            return Err(self.line_error(self.line + 1, message));
        }
        self.line += u64::from(read > 0);
        Ok(read > 0)
    }

    fn not_utf8(&self, line: u64, valid: usize) -> GenotypeError {
        let mut row = Row::default();
        let before = std::str::from_utf8(&self.bytes[..valid]).unwrap_or_default();
        row.split(before, self.delimiter, line);
        let byte = self.bytes.get(valid).copied().unwrap_or(0);
        let message = format!(
            "column {}: byte {} of the line (0x{byte:02x}) is not UTF-8; save the file as UTF-8",
            row.len().max(1),
            valid + 1
        );
        self.line_error(line, message)
    }

    /// An error of a line.
    pub(crate) fn line_error(&self, line: u64, message: impl Into<String>) -> GenotypeError {
        GenotypeError::Line { path: self.path.clone(), line, message: message.into() }
    }

    /// An error of a cell; columns are counted from 0 here and from 1 in the message.
    pub(crate) fn cell_error(&self, line: u64, column: usize, message: impl AsRef<str>) -> GenotypeError {
        self.line_error(line, format!("column {}: {}", column + 1, message.as_ref()))
    }

    /// An error of the whole file.
    pub(crate) fn file_error(&self, message: impl Into<String>) -> GenotypeError {
        FileError::content(self.input.path(), message).into()
    }
}

/// A line without its end.
fn trim_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Whether a cell says that nothing was called: empty, NA, NaN, ., -, --, N, NN, ./., ?, #N/A and the like. Codes
/// that only some formats use (0, 9, -9, -1) are theirs to know.
pub(crate) fn is_missing(cell: &str) -> bool {
    matches!(
        cell.trim(),
        "" | "NA"
            | "na"
            | "Na"
            | "NaN"
            | "nan"
            | "N/A"
            | "n/a"
            | "#N/A"
            | "."
            | "-"
            | "--"
            | "---"
            | "N"
            | "NN"
            | "?"
            | "??"
            | "./."
            | ".|."
            | "-/-"
            | "N/N"
            | "?/?"
            | "NA/NA"
            | "-|-"
            | "N|N"
            | "null"
            | "NULL"
            | "None"
            | "missing"
            | "NC"
            | "nc"
    )
}

/// Reads a number that is finite.
///
/// # Errors
/// Returns what is wrong with it; a decimal comma by its name.
pub(crate) fn number(cell: &str) -> Result<f64, String> {
    let text = cell.trim();
    let is_number = |text: &str| text.parse::<f64>().is_ok_and(f64::is_finite);
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ if text.matches(',').count() == 1 && is_number(&text.replace(',', ".")) => {
            Err(format!("'{text}' has a decimal comma; write it with a point ({})", text.replace(',', ".")))
        }
        _ => Err(format!("cannot read '{text}' as a number")),
    }
}
