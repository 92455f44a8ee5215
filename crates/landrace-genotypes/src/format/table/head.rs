//! What a file begins with: enough to tell its format.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use landrace_genome::file::{FileError, Input};
use memchr::memchr_iter;

use super::row::{Delimiter, Row, has_open_quote};
use super::trim_end;
use crate::source::GenotypeError;

/// Bytes looked at first.
const FIRST_LOOK: u64 = 64 << 10;
/// Bytes looked at if lines are long.
const LONGEST_LOOK: u64 = 64 << 20;
/// Lines that suffice to tell a format.
const ENOUGH_LINES: usize = 4;
/// Rows kept.
const ROWS: usize = 100;

/// The first bytes of a file, decompressed, as rows of cells where they are text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    /// The first bytes.
    pub(crate) bytes: Vec<u8>,
    /// The first rows that hold something; the last is whole. Empty if the file is not text.
    pub(crate) rows: Vec<Row>,
    /// How many of the first rows are comments: they begin with `#`, and the last is no header, which has as many
    /// cells as the row after it.
    pub(crate) comments: usize,
    /// What separates the cells.
    pub(crate) delimiter: Delimiter,
    /// `\n`, or `\r` in files of old Macs.
    pub(crate) line_end: u8,
}

impl Head {
    /// Looks at a file; what was seen stays to be read.
    ///
    /// # Errors
    /// Returns an error that names the file if it cannot be read, or is UTF-16.
    pub(crate) fn of(input: &mut Input) -> Result<Self, GenotypeError> {
        let mut look = FIRST_LOOK;
        loop {
            let bytes = input.peek(look)?;
            let is_all = (bytes.len() as u64) < look;
            if is_utf16(&bytes) {
                let message = "is UTF-16 text (a spreadsheet's \"Unicode text\"); save it as UTF-8";
                return Err(FileError::content(input.path(), message).into());
            }
            let is_binary = bytes.contains(&0) || bytes.starts_with(b"PK\x03\x04");
            let line_end = if !bytes.contains(&b'\n') && bytes.contains(&b'\r') { b'\r' } else { b'\n' };
            let lines = memchr_iter(line_end, &bytes).count();
            if is_all || is_binary || lines >= ENOUGH_LINES || look >= LONGEST_LOOK {
                return Ok(Self::parse(bytes, is_all, is_binary, line_end));
            }
            look = (look * 16).min(LONGEST_LOOK);
        }
    }

    fn parse(bytes: Vec<u8>, is_all: bool, is_binary: bool, line_end: u8) -> Self {
        let mut head = Self { bytes, line_end, ..Self::default() };
        if is_binary {
            return head;
        }
        let text = head.bytes.strip_prefix(b"\xef\xbb\xbf".as_slice()).unwrap_or(&head.bytes);
        let end = match is_all {
            true => text.len(),
            false => memchr::memrchr(line_end, text).map_or(0, |at| at + 1),
        };
        let lines = || (1u64..).zip(text[..end].split(|&b| b == line_end).map(trim_end).take(10 * ROWS));
        head.delimiter = delimiter_of(lines().map(|line| line.1));
        let mut rows = Vec::new();
        let mut pending: Option<(u64, Vec<u8>)> = None;
        for (number, line) in lines() {
            let (first, mut own) = pending.take().unwrap_or((number, Vec::new()));
            own.extend_from_slice(line);
            if has_open_quote(&own, head.delimiter) {
                own.push(b'\n');
                pending = Some((first, own));
            } else if !own.iter().all(|b| b.is_ascii_whitespace() || matches!(b, b',' | b';'))
                && rows.len() < ROWS
            {
                let mut row = Row::default();
                // Bytes that are not UTF-8 are refused when the table is read, with their place.
                row.split(&String::from_utf8_lossy(&own), head.delimiter, first);
                rows.push(row);
            }
        }
        head.comments = comments(&rows);
        head.rows = rows;
        head
    }

    /// The rows without comments before the header.
    pub(crate) fn table_rows(&self) -> &[Row] {
        &self.rows[self.comments.min(self.rows.len())..]
    }

    /// A cell; empty if there is none.
    pub(crate) fn cell(&self, row: usize, column: usize) -> &str {
        self.rows.get(row).map_or("", |row| row.get(column))
    }

    /// The first row.
    pub(crate) fn header(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().take(1).flat_map(Row::iter)
    }

    /// The column whose name is one of these, letter case and what is no letter or digit aside.
    pub(crate) fn column(&self, names: &[&str]) -> Option<usize> {
        self.header().position(|cell| is_named(cell, names))
    }

    /// The first cells, for messages: at most three rows of six.
    pub(crate) fn sketch(&self) -> String {
        let shorten = |cell: &str| match cell.char_indices().nth(20) {
            Some((at, _)) => format!("{}…", &cell[..at]),
            None => cell.to_owned(),
        };
        let line = |row: &Row| {
            let cells: Vec<String> = row.iter().take(6).map(shorten).collect();
            format!("{}{}", cells.join(" | "), if row.len() > 6 { " | …" } else { "" })
        };
        self.rows.iter().take(3).map(line).collect::<Vec<_>>().join("\n  ")
    }
}

/// Whether a column's name is one of those given, letter case and what is no letter or digit aside.
pub(crate) fn is_named(cell: &str, names: &[&str]) -> bool {
    let bare = |text: &str| -> String {
        text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    // Wide tables have long headers: most names are told apart by their length.
    cell.len() <= 40 && {
        let cell = bare(cell);
        !cell.is_empty() && names.iter().any(|name| bare(name) == cell)
    }
}

fn comments(rows: &[Row]) -> usize {
    let marked = rows.iter().take_while(|row| row.get(0).starts_with('#')).count();
    let is_header = match (marked.checked_sub(1).and_then(|last| rows.get(last)), rows.get(marked)) {
        (Some(last), Some(next)) => last.len() > 1 && last.len() == next.len(),
        // Nothing but comments.
        _ => false,
    };
    marked - usize::from(is_header)
}

fn is_utf16(bytes: &[u8]) -> bool {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return true;
    }
    // Without a mark: every second byte of the first letters is zero.
    let sample = &bytes[..bytes.len().min(64)];
    let zeros = |parity: usize| sample.iter().skip(parity).step_by(2).filter(|&&b| b == 0).count();
    sample.len() >= 16 && [(0, 1), (1, 0)].iter().any(|&(a, b)| zeros(a) == sample.len() / 2 && zeros(b) == 0)
}

/// Tabs if the first lines hold any; else commas or semicolons, whichever gives the lines more (and like numbers of)
/// cells; else spaces.
fn delimiter_of<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Delimiter {
    let lines: Vec<&[u8]> =
        lines.filter(|line| !line.trim_ascii().is_empty() && !line.starts_with(b"#")).take(20).collect();
    let has = |delimiter: Delimiter| {
        let byte = delimiter.byte().unwrap_or(b' ');
        let with = lines.iter().filter(|line| line.contains(&byte)).count();
        2 * with >= lines.len() && with > 0
    };
    let count = |byte: u8| lines.iter().map(|line| memchr_iter(byte, line).count()).sum::<usize>();
    if has(Delimiter::Tab) {
        return Delimiter::Tab;
    }
    match (has(Delimiter::Comma), has(Delimiter::Semicolon)) {
        (true, false) => Delimiter::Comma,
        (false, true) => Delimiter::Semicolon,
        // Decimal commas lie between semicolons.
        (true, true) if count(b';') * 2 >= count(b',') => Delimiter::Semicolon,
        (true, true) => Delimiter::Comma,
        (false, false) if lines.iter().any(|line| line.trim_ascii().contains(&b' ')) => Delimiter::Space,
        (false, false) => Delimiter::Tab,
    }
}
