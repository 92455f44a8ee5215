//! Excel workbooks as tab-separated text.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::io::{Cursor, Read};

use calamine::{DataRef, Reader, Xlsx};
use landrace_genome::file::{FileError, Input};

use crate::source::GenotypeError;

/// Bytes of a workbook at most, packed.
const LARGEST: u64 = 1 << 30;
/// Bytes of a sheet as text at most.
const LARGEST_TEXT: usize = 2 << 30;
/// Empty cells between two that hold something, and rows beyond the last, that are believed.
const LONGEST_GAP: u32 = 1 << 20;

/// What was found in a workbook beside text and numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct SheetNotes {
    /// Sheet that was read.
    pub(crate) sheet: String,
    /// Sheets with content that were not read.
    pub(crate) others: usize,
    /// The first cell that holds a date, and how many do.
    pub(crate) dates: Option<(String, u64)>,
    /// The first cell that holds an error such as #REF!, and how many do.
    pub(crate) errors: Option<(String, u64)>,
}

/// Whether the first bytes are those of a zip archive, as `.xlsx` is one.
pub(crate) fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04")
}

/// Whether the first bytes are those of an old `.xls`.
pub(crate) fn is_old_excel(head: &[u8]) -> bool {
    head.starts_with(&[0xd0, 0xcf, 0x11, 0xe0])
}

/// Turns a workbook into text: its first sheet with content, or the one named.
///
/// Numbers are written as short as can be (2.0 as 2), dates as 2024-03-05, `#N/A` as NA. Lines keep the numbers that
/// rows have in the workbook.
///
/// # Errors
/// Returns an error that names the file and the remedy if it is no workbook, has no such sheet, or is too large.
pub(crate) fn read(mut input: Input, sheet: Option<&str>) -> Result<(Input, SheetNotes), GenotypeError> {
    let path = input.path().to_owned();
    let wrong = |message: String| GenotypeError::from(FileError::content(&path, message));
    let mut bytes = Vec::new();
    input.by_ref().take(LARGEST).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == LARGEST {
        return Err(wrong(
            "is a workbook of more than 1 GiB; save the sheet as tab-separated text".to_owned(),
        ));
    }
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(|error| {
        wrong(format!(
            "is a zip archive, but not an .xlsx workbook ({error}); unpack it, or save it as .xlsx"
        ))
    })?;
    let names = book.sheet_names();
    if let Some(name) = sheet.filter(|&name| !names.iter().any(|own| own == name)) {
        return Err(wrong(format!("has no sheet '{name}'; it has {}", names.join(", "))));
    }
    let mut notes = SheetNotes::default();
    let mut content = None;
    for name in &names {
        let is_asked = sheet.is_none_or(|asked| asked == name);
        if content.is_some() || !is_asked {
            notes.others += 1;
            continue;
        }
        let mut own = SheetNotes { sheet: name.clone(), ..SheetNotes::default() };
        // Sheets of charts have no cells.
        let Ok(cells) = book.worksheet_cells_reader(name) else { continue };
        let text =
            sheet_text(cells, &mut own).map_err(|message| wrong(format!("sheet '{name}': {message}")))?;
        if !text.is_empty() {
            notes = SheetNotes { others: notes.others, ..own };
            content = Some(text);
        }
    }
    match content {
        Some(text) => Ok((input.with_content(text), notes)),
        None => Err(wrong("has no sheet with content; was it saved?".to_owned())),
    }
}

fn sheet_text(
    mut cells: calamine::XlsxCellReader<'_, Cursor<Vec<u8>>>,
    notes: &mut SheetNotes,
) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let (mut row, mut column) = (0, 0);
    while let Some(cell) =
        cells.next_cell().map_err(|error| format!("cannot be read ({error}); save it again"))?
    {
        let (to_row, to_column) = cell.get_position();
        let text = cell_text(cell.get_value(), (to_row, to_column), notes);
        if text.is_empty() {
            continue;
        }
        let is_back = to_row < row || (to_row == row && to_column < column);
        if is_back || to_row - row > LONGEST_GAP || to_column > LONGEST_GAP {
            return Err(format!("row {}: cells are not in order; save the workbook again", to_row + 1));
        }
        if to_row > row {
            column = 0;
        }
        out.extend((row..to_row).map(|_| b'\n'));
        out.extend((column..to_column).map(|_| b'\t'));
        (row, column) = (to_row, to_column);
        push_cell(&text, &mut out);
        if out.len() > LARGEST_TEXT {
            return Err("holds more than 2 GiB of text; save it as tab-separated text".to_owned());
        }
    }
    if !out.is_empty() {
        out.push(b'\n');
    }
    Ok(out)
}

/// Writes a cell; line ends, tabs and quotes within it go into quotes.
fn push_cell(text: &str, out: &mut Vec<u8>) {
    if text.contains(['\t', '\n', '\r', '"']) {
        // A cell keeps to its line: the numbers of rows stay those of the workbook.
        let quoted = text.replace(['\n', '\r'], " ").replace('"', "\"\"");
        out.push(b'"');
        out.extend_from_slice(quoted.as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

fn cell_text(value: &DataRef<'_>, place: (u32, u32), notes: &mut SheetNotes) -> String {
    let note = |what: &mut Option<(String, u64)>, text: &str| {
        let (_, n) = what.get_or_insert_with(|| (format!("{} ({text})", cell_name(place)), 0));
        *n += 1;
    };
    match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        // The shortest text that gives the same number: 2.0 is written 2.
        DataRef::Float(number) => number.to_string(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Bool(is_true) => if *is_true { "TRUE" } else { "FALSE" }.to_owned(),
        DataRef::DateTime(date) => {
            let (year, month, day, ..) = date.to_ymd_hms_milli();
            let text = format!("{year:04}-{month:02}-{day:02}");
            note(&mut notes.dates, &text);
            text
        }
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            note(&mut notes.dates, text);
            text.clone()
        }
        DataRef::Error(error) => {
            let text = error.to_string();
            note(&mut notes.errors, &text);
            if text == "#N/A" { "NA".to_owned() } else { text }
        }
    }
}

/// `C7` for row 6 and column 2, both from 0.
fn cell_name((row, column): (u32, u32)) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        letters.push(char::from(b'A' + u8::try_from((rest - 1) % 26).unwrap_or(0)));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect::<String>() + &(row + 1).to_string()
}

impl SheetNotes {
    /// What to say of the workbook.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut out = vec![format!("sheet '{}' of the workbook", self.sheet)];
        if self.others > 0 {
            out[0].push_str(&format!(" ({} more not read)", self.others));
        }
        if let Some((first, n)) = &self.dates {
            out.push(format!(
                "{n} cells hold dates, first {first}; was a name or an allele turned into a date?"
            ));
        }
        if let Some((first, n)) = &self.errors {
            out.push(format!("{n} cells hold errors, first {first}; #N/A counts as missing"));
        }
        out
    }
}
