//! Text files with a line a variant, cut into stretches of one contig.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::io::BufRead;

use landrace_genome::file::Input;
use memchr::memchr;

use crate::source::{GenotypeError, Stretch};

/// Bytes of text in a stretch, unless one line is longer.
const STRETCH_BYTES: usize = 4 << 20;
/// Lines in a stretch at most.
const STRETCH_LINES: u64 = 1024;

/// Reads lines until the contig changes.
pub(crate) struct LineStretches {
    pub(crate) input: Input,
    /// Column of the contig, from 0.
    contig_column: usize,
    /// The next line, already read because it begins another contig.
    carried: Vec<u8>,
    /// Lines handed out.
    line: u64,
    /// Bytes that the next stretch is likely to have.
    room: usize,
}

impl LineStretches {
    /// Goes on after `line` lines of header.
    pub(crate) fn new(input: Input, contig_column: usize, line: u64) -> Self {
        Self { input, contig_column, carried: Vec::new(), line, room: 0 }
    }

    /// Passes over a line.
    pub(crate) fn skip_line(&mut self) -> Result<(), GenotypeError> {
        let mut bytes = Vec::new();
        self.input.read_until(b'\n', &mut bytes)?;
        self.line += 1;
        Ok(())
    }

    /// The next stretch; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Stretch>, GenotypeError> {
        let mut bytes = std::mem::take(&mut self.carried);
        let first = self.line + 1;
        if bytes.is_empty() && read_line(&mut self.input, &mut bytes)? == 0 {
            return Ok(None);
        }
        self.line += 1;
        bytes.reserve(self.room.saturating_sub(bytes.len()));
        let contig = column(&bytes, self.contig_column).to_vec();
        while self.line - first + 1 < STRETCH_LINES && bytes.len() < STRETCH_BYTES {
            let start = bytes.len();
            if read_line(&mut self.input, &mut bytes)? == 0 {
                break;
            }
            if column(&bytes[start..], self.contig_column) != contig {
                self.carried = bytes.split_off(start);
                break;
            }
            self.line += 1;
        }
        self.room = bytes.len() + bytes.len() / 8;
        Ok(Some(Stretch { bytes, first, file: 0 }))
    }

    /// Contig, first and last position of a stretch; the position is in the column after the contig's.
    pub(crate) fn extent(&self, stretch: &Stretch) -> Option<(String, u64, u64)> {
        let lines = stretch.bytes.trim_ascii_end();
        let last = memchr::memrchr(b'\n', lines).map_or(lines, |at| &lines[at + 1..]);
        let contig = std::str::from_utf8(column(lines, self.contig_column)).ok()?;
        let position = |line| std::str::from_utf8(column(line, self.contig_column + 1)).ok()?.parse().ok();
        (!contig.is_empty()).then_some((contig.to_owned(), position(lines)?, position(last)?))
    }
}

/// Appends a line with its end; gives its length. The standard library's own way looks at every byte by itself.
fn read_line(input: &mut Input, out: &mut Vec<u8>) -> std::io::Result<usize> {
    let before = out.len();
    loop {
        let found = input.fill_buf()?;
        let (taken, is_end) = match memchr(b'\n', found) {
            Some(at) => (at + 1, true),
            None => (found.len(), found.is_empty()),
        };
        out.extend_from_slice(&found[..taken]);
        input.consume(taken);
        if is_end {
            return Ok(out.len() - before);
        }
    }
}

/// A tab-separated column of the first line; empty if there is none.
fn column(mut text: &[u8], index: usize) -> &[u8] {
    for _ in 0..index {
        let Some(at) = memchr(b'\t', text) else { return &[] };
        text = &text[at + 1..];
    }
    let end = memchr::memchr2(b'\t', b'\n', text).unwrap_or(text.len());
    &text[..end]
}
