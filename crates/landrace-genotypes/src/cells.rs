//! A whole table of cells in memory, as people keep passports, trials and sample lists: tab- or comma-separated text
//! or a workbook, its delimiter and encoding told by content.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::io::Read;
use std::path::Path;

use landrace_genome::file::{self, FileError, Input};
use landrace_genome::summary::InputDigest;

use crate::format::table::{Delimiter, Head, Row, TableReader, workbook};
use crate::source::GenotypeError;

/// Bytes of text in another encoding at most: such text is held whole.
const LARGEST: u64 = 1 << 30;

/// How text that has no mark of its own is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without its mark. UTF-16 is told by its mark.
    #[default]
    Utf8,
    /// Windows-1252, of which Latin-1 is the part that people use.
    Windows1252,
}

/// What a table's content does not say.
#[derive(Clone, Debug, Default)]
pub struct CellOptions {
    /// Sheet of a workbook; `None` for the first with content.
    pub sheet: Option<String>,
    /// The encoding of its text.
    pub encoding: Encoding,
}

/// The cells of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cells {
    /// The path as given.
    pub path: String,
    /// Line of the header, from 1.
    pub header_line: u64,
    /// Names of the columns as the file has them, without white space at the ends.
    pub columns: Vec<String>,
    /// Line (from 1) and cells of each row, as many as columns. Cells are as the file has them, without quotes.
    pub rows: Vec<(u64, Vec<String>)>,
    /// What was taken for granted in reading, one line each.
    pub notes: Vec<String>,
    /// The file by name and content.
    pub digest: InputDigest,
}

impl Cells {
    /// Reads a table: tabs, commas or semicolons between cells, quotes, any line ends, gzip or Zstandard, or `.xlsx`.
    /// Lines of `#` before the header are passed over. Memory is that of the text.
    ///
    /// # Errors
    /// Returns an error that names the file and the line: no text, no header, no UTF-8, a quote that is not closed,
    /// or rows with fewer or more cells than the header.
    pub fn read(path: &Path, options: &CellOptions) -> Result<Self, GenotypeError> {
        let mut notes = Vec::new();
        let input = text_of(file::open(path)?, options, &mut notes)?;
        let mut reader = reader(input)?;
        let mut row = Row::default();
        if !reader.read(&mut row)? {
            return Err(reader.file_error("the table is empty; its first line names the columns"));
        }
        let header_line = row.line;
        row.trim_to(1);
        let bare = |name: &str| name.trim().trim_start_matches('#').trim_start().to_owned();
        let columns: Vec<String> = row.iter().map(bare).collect();
        let mut rows = Vec::new();
        while reader.read(&mut row)? {
            row.fit(columns.len()).map_err(|message| reader.line_error(row.line, message))?;
            rows.push((row.line, row.iter().map(str::to_owned).collect()));
        }
        let digest = InputDigest::of(reader.input());
        Ok(Self { path: path.display().to_string(), header_line, columns, rows, notes, digest })
    }

    /// An error of a line.
    pub fn line_error(&self, line: u64, message: impl Into<String>) -> GenotypeError {
        GenotypeError::Line { path: self.path.clone(), line, message: message.into() }
    }

    /// The column of a name: as it is written, else letter case aside, else also what is no letter or digit aside.
    ///
    /// # Errors
    /// Returns an error that names the nearest column if there is none, or the places if there are several.
    pub fn column(&self, name: &str) -> Result<usize, GenotypeError> {
        let places = |is_it: &dyn Fn(&str) -> bool| -> Vec<usize> {
            (0..self.columns.len()).filter(|&index| is_it(&self.columns[index])).collect()
        };
        let ways: [&dyn Fn(&str) -> bool; 3] =
            [&|column| column == name, &|column| column.to_lowercase() == name.to_lowercase(), &|column| {
                crate::format::table::is_named(column, &[name])
            }];
        for way in ways {
            match places(way)[..] {
                [] => {}
                [place] => return Ok(place),
                [first, second, ..] => {
                    let message = format!(
                        "the table has the column '{name}' twice (columns {} and {}); rename one",
                        first + 1,
                        second + 1
                    );
                    return Err(self.line_error(self.header_line, message));
                }
            }
        }
        let near = landrace_genome::nearest::hint(name, self.columns.iter().map(String::as_str));
        let few = self.columns.iter().take(12).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if self.columns.len() > 12 { ", …" } else { "" };
        let message = format!("the table has no column '{name}'; it has {few}{more}{near}");
        Err(self.line_error(self.header_line, message))
    }
}

/// The rows of a table as they lie, header and all. They may be of uneven length: for tables whose header is of several
/// lines, or that have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    /// The path as given.
    pub path: String,
    /// Line (from 1) and cells of each row, without quotes.
    pub rows: Vec<(u64, Vec<String>)>,
    /// What was taken for granted in reading, one line each.
    pub notes: Vec<String>,
    /// The file by name and content.
    pub digest: InputDigest,
}

impl Rows {
    /// Reads what [`Cells::read`] reads, without looking for a header.
    ///
    /// # Errors
    /// Returns an error that names the file and the line: no text, no UTF-8, or a quote that is not closed.
    pub fn read(path: &Path, options: &CellOptions) -> Result<Self, GenotypeError> {
        let mut notes = Vec::new();
        let mut reader = reader(text_of(file::open(path)?, options, &mut notes)?)?;
        let (mut row, mut rows) = (Row::default(), Vec::new());
        while reader.read(&mut row)? {
            rows.push((row.line, row.iter().map(str::to_owned).collect()));
        }
        let digest = InputDigest::of(reader.input());
        Ok(Self { path: path.display().to_string(), rows, notes, digest })
    }

    /// An error of a line.
    pub fn line_error(&self, line: u64, message: impl Into<String>) -> GenotypeError {
        GenotypeError::Line { path: self.path.clone(), line, message: message.into() }
    }

    /// An error of the whole file.
    pub fn file_error(&self, message: impl Into<String>) -> GenotypeError {
        FileError::content(Path::new(&self.path), message).into()
    }
}

/// Reads a number that is finite.
///
/// # Errors
/// Returns what is wrong with the cell; a decimal comma by its name.
pub fn number(cell: &str) -> Result<f64, String> {
    crate::format::table::number(cell)
}

/// Whether a column's name is one of those given, letter case and what is no letter or digit aside.
pub fn is_named(cell: &str, names: &[&str]) -> bool {
    crate::format::table::is_named(cell, names)
}

/// The table's text as UTF-8.
fn text_of(mut input: Input, options: &CellOptions, notes: &mut Vec<String>) -> Result<Input, GenotypeError> {
    let head = input.peek(8)?;
    if workbook::is_zip(&head) {
        let (text, found) = workbook::read(input, options.sheet.as_deref())?;
        notes.extend(found.lines());
        return Ok(text);
    }
    let wrong = |message: String| FileError::content(input.path(), message).into();
    if let Some(sheet) = &options.sheet {
        return Err(wrong(format!("is text, which has no sheet '{sheet}'; leave out the sheet")));
    }
    if workbook::is_old_excel(&head) {
        return Err(wrong("is an old Excel workbook (.xls); save it as .xlsx or as CSV UTF-8".to_owned()));
    }
    let is_big_endian = head.starts_with(&[0xfe, 0xff]);
    if is_big_endian || head.starts_with(&[0xff, 0xfe]) {
        let bytes = whole(&mut input)?;
        let units = bytes[2..].as_chunks::<2>().0.iter();
        let units = units
            .map(|&pair| if is_big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) });
        let text: Result<String, _> = char::decode_utf16(units).collect();
        let text = text.map_err(|_| {
            FileError::content(input.path(), "is marked as UTF-16, but is not; save it as UTF-8")
        })?;
        notes.push("UTF-16 text, read as such".to_owned());
        return Ok(input.with_content(text.into_bytes()));
    }
    if options.encoding == Encoding::Windows1252 {
        let text: String = whole(&mut input)?.into_iter().map(windows_1252).collect();
        return Ok(input.with_content(text.into_bytes()));
    }
    Ok(input)
}

fn whole(input: &mut Input) -> Result<Vec<u8>, GenotypeError> {
    let mut bytes = Vec::new();
    input.by_ref().take(LARGEST).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == LARGEST {
        let message = "is text of more than 1 GiB in another encoding than UTF-8; save it as UTF-8";
        return Err(FileError::content(input.path(), message).into());
    }
    Ok(bytes)
}

/// The letters of 0x80 to 0x9f; the five that are not given stand for themselves.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// A reader; words in a table of one column belong together.
fn reader(mut input: Input) -> Result<TableReader, GenotypeError> {
    let mut head = Head::of(&mut input)?;
    if head.bytes.contains(&0) && head.rows.is_empty() {
        let message = "is not text and no .xlsx workbook; save the table as UTF-8 text";
        return Err(FileError::content(input.path(), message).into());
    }
    let is_one_column = head.table_rows().first().is_some_and(|row| row.len() == 1);
    if head.delimiter == Delimiter::Space && is_one_column {
        head.delimiter = Delimiter::Tab;
    }
    Ok(TableReader::new(input, &head).skipping_comments())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8], options: &CellOptions) -> Result<Cells, GenotypeError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let mut out = file::create(&path).unwrap();
        std::io::Write::write_all(&mut out, bytes).unwrap();
        file::publish(vec![out]).unwrap();
        Cells::read(&path, options)
    }

    #[test]
    fn cells_come_without_quotes_marks_and_line_ends() {
        let text =
            "\u{feff}ACCENUMB,ACCENAME,REMARKS\r\nA1,\"Rossa, \"\"la\"\"\",\"two\nlines\"\r\n\r\nA2,,\r\n";
        let cells = read(text.as_bytes(), &CellOptions::default()).unwrap();
        assert_eq!(cells.columns, ["ACCENUMB", "ACCENAME", "REMARKS"]);
        assert_eq!(cells.rows[0], (2, vec!["A1".into(), "Rossa, \"la\"".into(), "two\nlines".into()]));
        assert_eq!(cells.rows[1], (5, vec!["A2".into(), String::new(), String::new()]));
        assert_eq!(cells.column("accename").unwrap(), 1);
        assert_eq!(cells.column("acce-numb").unwrap(), 0);
        let message = cells.column("ACENAME").unwrap_err().to_string();
        assert!(message.ends_with("did you mean 'ACCENAME'?"), "{message}");
    }

    #[test]
    fn encodings_are_read_or_named() {
        let text = "name\tcity\nCurúa\tSão Paulo\n";
        let utf_16: Vec<u8> =
            [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let plain = read(text.as_bytes(), &CellOptions::default()).unwrap();
        assert_eq!(read(&utf_16, &CellOptions::default()).unwrap().rows, plain.rows);
        let latin: Vec<u8> = text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
        let western = CellOptions { encoding: Encoding::Windows1252, ..CellOptions::default() };
        assert_eq!(read(&latin, &western).unwrap().rows, plain.rows);
        let message = read(&latin, &CellOptions::default()).unwrap_err().to_string();
        assert!(message.contains("line 2: column 1: byte 4 of the line (0xfa) is not UTF-8"), "{message}");
    }

    #[test]
    fn mistakes_are_named() {
        let fails = |text: &str| read(text.as_bytes(), &CellOptions::default()).unwrap_err().to_string();
        assert!(fails("a,b\n1\n").contains("line 2: has 1 columns, but the header has 2"));
        assert!(fails("a,b\n1,2,3\n").contains("line 2: has 3 columns"));
        assert!(fails("").contains("is empty"));
        assert!(fails("a,b\n\"1,2\n").contains("line 2: a quoted cell is not closed"));
        let two = read(b"Name,NAME\n1,2\n", &CellOptions::default()).unwrap();
        assert!(two.column("name").unwrap_err().to_string().contains("twice (columns 1 and 2)"));
        let one = read(b"name\nPI 12\nPI 13\n", &CellOptions::default()).unwrap();
        assert_eq!(one.rows[0].1, ["PI 12"]);
    }

    proptest! {
        #[test]
        fn any_bytes_give_cells_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes, &CellOptions::default());
        }
    }
}
