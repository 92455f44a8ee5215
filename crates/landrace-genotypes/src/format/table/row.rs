//! One row of cells.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use memchr::memchr_iter;

/// What separates the cells of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Delimiter {
    #[default]
    Tab,
    Comma,
    Semicolon,
    /// Spaces or tabs, several counting as one.
    Space,
}

impl Delimiter {
    /// Its byte; `None` for white space.
    pub(crate) fn byte(self) -> Option<u8> {
        match self {
            Self::Tab => Some(b'\t'),
            Self::Comma => Some(b','),
            Self::Semicolon => Some(b';'),
            Self::Space => None,
        }
    }

    /// As people name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tab => "tabs",
            Self::Comma => "commas",
            Self::Semicolon => "semicolons",
            Self::Space => "spaces",
        }
    }
}

/// The cells of one row, in one piece of text. Made once and filled again for each row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// Line of the file, from 1.
    pub(crate) line: u64,
    text: String,
    /// Start and end of each cell.
    cells: Vec<(usize, usize)>,
}

impl Row {
    /// Number of cells.
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// A cell; empty beyond the last.
    pub(crate) fn get(&self, index: usize) -> &str {
        self.cells.get(index).map_or("", |&(start, end)| &self.text[start..end])
    }

    /// The cells in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.cells.iter().map(|&(start, end)| &self.text[start..end])
    }

    /// Leaves out empty cells at the end, down to `width` cells: spreadsheets write them.
    pub(crate) fn trim_to(&mut self, width: usize) {
        while self.cells.len() > width && self.get(self.cells.len() - 1).trim().is_empty() {
            self.cells.pop();
        }
    }

    /// Checks that the row has as many cells as the header; empty ones beyond it are left out.
    ///
    /// # Errors
    /// Returns what is wrong.
    pub(crate) fn fit(&mut self, width: usize) -> Result<(), String> {
        self.trim_to(width);
        let found = self.len();
        match found.cmp(&width) {
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Less => Err(format!(
                "has {found} columns, but the header has {width}; is the file cut short, or a cell missing?"
            )),
            std::cmp::Ordering::Greater => Err(format!(
                "has {found} columns, but the header has {width} (the first beyond it holds '{}'); is a name in the \
                 header missing, or a delimiter within a cell?",
                self.get(width)
            )),
        }
    }

    /// Fills the row from a line without its end.
    pub(crate) fn split(&mut self, line: &str, delimiter: Delimiter, number: u64) {
        self.line = number;
        self.text.clear();
        self.cells.clear();
        let Some(byte) = delimiter.byte() else {
            for cell in line.split_ascii_whitespace() {
                self.push(cell);
            }
            return;
        };
        if !line.contains('"') {
            self.text.push_str(line);
            let mut start = 0;
            for at in memchr_iter(byte, line.as_bytes()) {
                self.cells.push((start, at));
                start = at + 1;
            }
            self.cells.push((start, line.len()));
            return;
        }
        let mut rest = Some(line);
        while let Some(text) = rest {
            let (cell, next) = next_cell(text, char::from(byte));
            self.push(&cell);
            rest = next;
        }
    }

    fn push(&mut self, cell: &str) {
        let start = self.text.len();
        self.text.push_str(cell);
        self.cells.push((start, self.text.len()));
    }
}

/// The first cell of a line, without its quotes, and what follows its delimiter.
fn next_cell(text: &str, delimiter: char) -> (std::borrow::Cow<'_, str>, Option<&str>) {
    let plain = || match text.split_once(delimiter) {
        Some((cell, rest)) => (cell.into(), Some(rest)),
        None => (text.into(), None),
    };
    let Some(inner) = text.strip_prefix('"') else { return plain() };
    let mut out = String::new();
    let mut rest = inner;
    while let Some((part, after)) = rest.split_once('"') {
        out.push_str(part);
        if let Some(more) = after.strip_prefix('"') {
            out.push('"');
            rest = more;
        } else if after.is_empty() {
            return (out.into(), None);
        } else if let Some(more) = after.strip_prefix(delimiter) {
            return (out.into(), Some(more));
        } else {
            // Text after the closing quote: the quotes are part of the cell.
            return plain();
        }
    }
    plain()
}

/// Whether a line ends within a quoted cell.
pub(crate) fn has_open_quote(line: &[u8], delimiter: Delimiter) -> bool {
    let Some(byte) = delimiter.byte() else { return false };
    if memchr::memchr(b'"', line).is_none() {
        return false;
    }
    let (mut is_quoted, mut at_start) = (false, true);
    for &b in line {
        match b {
            b'"' if is_quoted => is_quoted = false,
            // A doubled quote opens again at once.
            b'"' if at_start => is_quoted = true,
            _ => {}
        }
        at_start = (b == b'"' || b == byte) && !is_quoted;
    }
    is_quoted
}
