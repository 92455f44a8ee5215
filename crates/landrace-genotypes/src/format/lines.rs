//! Text files with a line a variant as sources: cut into stretches of one contig, which a parser of the format reads.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::io::BufRead;
use std::sync::Arc;

use landrace_genome::file::{Input, Meter};
use landrace_genome::summary::InputDigest;
use memchr::memchr;

use crate::source::{GenotypeError, GenotypeSource, ParseStretch, SourceHeader, Stretch};

/// Bytes of text in a stretch, unless one line is longer.
const STRETCH_BYTES: usize = 4 << 20;
/// Lines in a stretch at most.
const STRETCH_LINES: u64 = 1024;

/// Where a line names its contig.
#[derive(Clone, Copy)]
pub(crate) enum ContigOf {
    /// In this column, from 0; the position is in the next.
    Column(usize),
    /// Nowhere: all lines are of this one, without positions.
    All(&'static str),
}

impl ContigOf {
    fn of<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Column(index) => column(line, *index),
            Self::All(_) => &[],
        }
    }
}

/// A file with a line a variant, whose header is read.
pub(crate) struct LineSource {
    lines: LineStretches,
    header: SourceHeader,
    parser: Arc<dyn ParseStretch>,
}

impl LineSource {
    /// Goes on after `line` lines of header.
    pub(crate) fn new(
        (input, line): (Input, u64),
        contig: ContigOf,
        header: SourceHeader,
        parser: impl ParseStretch + 'static,
    ) -> Self {
        Self { lines: LineStretches::new(input, contig, line), header, parser: Arc::new(parser) }
    }
}

impl GenotypeSource for LineSource {
    fn header(&self) -> &SourceHeader {
        &self.header
    }

    fn declare(&mut self, contigs: Vec<String>) {
        self.header.declare(contigs);
    }

    fn next_stretch(&mut self) -> Result<Option<Stretch>, GenotypeError> {
        self.lines.next()
    }

    fn extent(&self, stretch: &Stretch) -> Option<(String, u64, u64)> {
        self.lines.extent(stretch)
    }

    fn parser(&self) -> Arc<dyn ParseStretch> {
        self.parser.clone()
    }

    fn meters(&self) -> Vec<Meter> {
        vec![self.lines.input.meter()]
    }

    fn size(&self) -> u64 {
        self.lines.input.size().unwrap_or(0)
    }

    fn digests(&self) -> Vec<InputDigest> {
        vec![InputDigest::of(&self.lines.input)]
    }
}

/// Reads lines until the contig changes.
struct LineStretches {
    input: Input,
    contig: ContigOf,
    /// The next line, already read because it begins another contig.
    carried: Vec<u8>,
    /// Lines handed out.
    line: u64,
    /// Bytes that the next stretch is likely to have.
    room: usize,
}

impl LineStretches {
    fn new(input: Input, contig: ContigOf, line: u64) -> Self {
        Self { input, contig, carried: Vec::new(), line, room: 0 }
    }

    /// The next stretch; `None` at the end.
    fn next(&mut self) -> Result<Option<Stretch>, GenotypeError> {
        let mut bytes = std::mem::take(&mut self.carried);
        let first = self.line + 1;
        if bytes.is_empty() && read_line(&mut self.input, &mut bytes)? == 0 {
            return Ok(None);
        }
        self.line += 1;
        bytes.reserve(self.room.saturating_sub(bytes.len()));
        let contig = self.contig.of(&bytes).to_vec();
        while self.line - first + 1 < STRETCH_LINES && bytes.len() < STRETCH_BYTES {
            let start = bytes.len();
            if read_line(&mut self.input, &mut bytes)? == 0 {
                break;
            }
            if self.contig.of(&bytes[start..]) != contig {
                self.carried = bytes.split_off(start);
                break;
            }
            self.line += 1;
        }
        self.room = bytes.len() + bytes.len() / 8;
        Ok(Some(Stretch { bytes, first, file: 0 }))
    }

    /// Contig, first and last position of a stretch.
    fn extent(&self, stretch: &Stretch) -> Option<(String, u64, u64)> {
        let index = match self.contig {
            ContigOf::Column(index) => index,
            ContigOf::All(name) => return Some((name.to_owned(), 0, 0)),
        };
        let lines = stretch.bytes.trim_ascii_end();
        let last = memchr::memrchr(b'\n', lines).map_or(lines, |at| &lines[at + 1..]);
        let contig = std::str::from_utf8(column(lines, index)).ok()?;
        let position = |line| std::str::from_utf8(column(line, index + 1)).ok()?.parse().ok();
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
