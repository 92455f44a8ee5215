//! Sequencing reads from FASTQ and FASTA, single or in pairs, in batches.

use std::io::BufRead;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::file::{FileError, Input};

mod pair;

pub use pair::{PairBatch, PairReader};

/// A read, borrowed from its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read<'a> {
    /// Name, without the mate's `/1` or `/2` and without the comment.
    pub name: &'a [u8],
    /// Bases as the file has them.
    pub sequence: &'a [u8],
    /// Base qualities on the Phred scale (not ASCII); empty if the file has none (FASTA).
    pub qualities: &'a [u8],
}

#[derive(Clone, Debug)]
struct Record {
    name: Range<usize>,
    sequence: Range<usize>,
    qualities: Range<usize>,
    line: u64,
    /// Bases that [`ReadBatch::get`] shows, from the first.
    kept: usize,
}

/// A run of reads in one buffer.
#[derive(Clone, Debug, Default)]
pub struct ReadBatch {
    bytes: Vec<u8>,
    records: Vec<Record>,
}

impl ReadBatch {
    /// Number of reads.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The read at an index, without the bases that [`Self::shorten`] cut off.
    ///
    /// # Panics
    /// Panics if the index is out of range.
    pub fn get(&self, index: usize) -> Read<'_> {
        let kept = self.records[index].kept;
        let Read { name, sequence, qualities } = self.whole(index);
        Read { name, sequence: &sequence[..kept], qualities: &qualities[..kept.min(qualities.len())] }
    }

    /// The read at an index with all its bases, as the file has it.
    ///
    /// # Panics
    /// Panics if the index is out of range.
    pub fn whole(&self, index: usize) -> Read<'_> {
        let record = &self.records[index];
        Read {
            name: &self.bytes[record.name.clone()],
            sequence: &self.bytes[record.sequence.clone()],
            qualities: &self.bytes[record.qualities.clone()],
        }
    }

    /// Cuts a read to its first `length` bases; [`Self::whole`] still shows the rest.
    ///
    /// # Panics
    /// Panics if the index is out of range.
    pub fn shorten(&mut self, index: usize, length: usize) {
        let record = &mut self.records[index];
        record.kept = record.kept.min(length);
    }

    /// Appends a read that came from elsewhere, at a line of its file.
    ///
    /// # Panics
    /// Panics if there are qualities, but not one for each base.
    pub fn push(&mut self, read: Read<'_>, line: u64) {
        assert!(read.qualities.is_empty() || read.qualities.len() == read.sequence.len());
        let name = append(&mut self.bytes, read.name);
        let sequence = append(&mut self.bytes, read.sequence);
        let qualities = append(&mut self.bytes, read.qualities);
        self.records.push(Record { name, kept: sequence.len(), sequence, qualities, line });
    }

    /// Line, from 1, where the read at an index starts in its file.
    pub fn line(&self, index: usize) -> u64 {
        self.records[index].line
    }

    /// The reads in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Read<'_>> {
        (0..self.len()).map(|index| self.get(index))
    }

    /// Forgets the reads and keeps the buffers.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.records.clear();
    }
}

/// What can be wrong with reads.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A record is malformed.
    #[error("{path}: line {line}: {message}")]
    Format {
        /// The file.
        path: String,
        /// Line, from 1.
        line: u64,
        /// What is wrong and what to do.
        message: String,
    },
    /// The two files of a pair do not go together.
    #[error("{first} line {first_line} and {second} line {second_line}: {message}")]
    Mates {
        /// File of the first mates.
        first: String,
        /// Line in it.
        first_line: u64,
        /// File of the second mates.
        second: String,
        /// Line in it.
        second_line: u64,
        /// What is wrong and what to do.
        message: String,
    },
}

/// Reads FASTQ or FASTA records, told apart by the first byte.
pub struct ReadReader {
    input: Input,
    path: PathBuf,
    line_number: u64,
    line: Vec<u8>,
    is_fasta: Option<bool>,
}

impl ReadReader {
    /// Wraps an open file.
    pub fn new(input: Input) -> Self {
        let path = input.path().to_owned();
        Self { input, path, line_number: 0, line: Vec::new(), is_fasta: None }
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The input beneath, for its meter.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// Appends up to `reads` reads to the batch and gives how many came: 0 at the end of the file.
    ///
    /// # Errors
    /// Returns an error that names the file and the line if there is no read at all, or if a record is cut short,
    /// has qualities of another length, or holds characters that are no bases or qualities.
    pub fn read_batch(&mut self, batch: &mut ReadBatch, reads: usize) -> Result<usize, ReadError> {
        for done in 0..reads {
            if !self.read_record(batch)? {
                return Ok(done);
            }
        }
        Ok(reads)
    }

    fn read_record(&mut self, batch: &mut ReadBatch) -> Result<bool, ReadError> {
        // Empty lines between records and at the end do no harm.
        loop {
            if !self.next_line()? {
                // A file without a single read is a failed transfer more often than a wish.
                let is_empty = self.is_fasta.is_none();
                let message = "holds no read; leave the file out, or copy it again";
                return if is_empty {
                    Err(FileError::content(&self.path, message).into())
                } else {
                    Ok(false)
                };
            }
            if !self.line.is_empty() {
                break;
            }
        }
        let is_fasta = *self.is_fasta.get_or_insert(self.line[0] == b'>');
        let line = self.line_number;
        let expected = if is_fasta { b'>' } else { b'@' };
        if self.line[0] != expected {
            let message = format!(
                "a read must start with '{}'; the record before it may be cut, or this is no FASTQ file",
                char::from(expected)
            );
            return Err(self.format(line, message));
        }
        let name = append(&mut batch.bytes, trim_name(&self.line[1..]));
        let (sequence, qualities) =
            if is_fasta { self.read_fasta(batch)? } else { self.read_fastq(batch, line)? };
        batch.records.push(Record { name, kept: sequence.len(), sequence, qualities, line });
        Ok(true)
    }

    fn read_fastq(
        &mut self,
        batch: &mut ReadBatch,
        first: u64,
    ) -> Result<(Range<usize>, Range<usize>), ReadError> {
        let cut = "the record is cut short; a FASTQ record has four lines: copy or download the file again";
        if !self.next_line()? {
            return Err(self.format(first, cut));
        }
        self.check_bases()?;
        let sequence = append(&mut batch.bytes, &self.line);
        if !self.next_line()? {
            return Err(self.format(first, cut));
        }
        if self.line.first() != Some(&b'+') {
            return Err(self.format(self.line_number, "the third line of a record must start with '+'"));
        }
        if !self.next_line()? && !sequence.is_empty() {
            return Err(self.format(first, cut));
        }
        if self.line.len() != sequence.len() {
            let message = format!(
                "{} qualities for {} bases; the record is damaged: repair or leave it out",
                self.line.len(),
                sequence.len()
            );
            return Err(self.format(self.line_number, message));
        }
        if let Some(odd) = self.line.iter().find(|quality| !(33..=126).contains(*quality)) {
            let message = format!("'{}' is not a base quality (Phred+33)", odd.escape_ascii());
            return Err(self.format(self.line_number, message));
        }
        let qualities = append(&mut batch.bytes, &self.line);
        batch.bytes[qualities.clone()].iter_mut().for_each(|quality| *quality -= 33);
        Ok((sequence, qualities))
    }

    fn read_fasta(&mut self, batch: &mut ReadBatch) -> Result<(Range<usize>, Range<usize>), ReadError> {
        let start = batch.bytes.len();
        loop {
            let next = self.input.fill_buf().map(|bytes| bytes.first().copied());
            if next.map_err(|error| self.failed(&error))?.is_none_or(|byte| byte == b'>') {
                break;
            }
            self.next_line()?;
            self.check_bases()?;
            append(&mut batch.bytes, &self.line);
        }
        let end = batch.bytes.len();
        Ok((start..end, end..end))
    }

    fn check_bases(&self) -> Result<(), ReadError> {
        let odd =
            self.line.iter().find(|base| !base.is_ascii_alphabetic() && !matches!(base, b'.' | b'*' | b'-'));
        odd.map_or(Ok(()), |odd| {
            Err(self.format(self.line_number, format!("'{}' is not a base", odd.escape_ascii())))
        })
    }

    /// Reads the next line, without its end, into `self.line`; false at the end of the file.
    fn next_line(&mut self) -> Result<bool, ReadError> {
        self.line.clear();
        let n = self.input.read_until(b'\n', &mut self.line).map_err(|error| self.failed(&error))?;
        self.line_number += 1;
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
            if self.line.last() == Some(&b'\r') {
                self.line.pop();
            }
        }
        Ok(n > 0)
    }

    fn failed(&self, error: &std::io::Error) -> ReadError {
        let message = match error.get_ref().and_then(|inner| inner.downcast_ref::<FileError>()) {
            Some(inner) => inner.to_string(),
            None => return FileError::new(&self.path, error).into(),
        };
        // The file's error names the path; the place is added here.
        let message = message.trim_start_matches(&format!("{}: ", self.path.display())).to_owned();
        self.format(self.line_number + 1, message)
    }

    fn format(&self, line: u64, message: impl Into<String>) -> ReadError {
        ReadError::Format { path: self.path.display().to_string(), line, message: message.into() }
    }
}

fn append(bytes: &mut Vec<u8>, more: &[u8]) -> Range<usize> {
    let start = bytes.len();
    bytes.extend_from_slice(more);
    start..bytes.len()
}

/// The name up to the first white space, without the mate's `/1` or `/2`.
fn trim_name(header: &[u8]) -> &[u8] {
    let name = header.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    name.strip_suffix(b"/1").or_else(|| name.strip_suffix(b"/2")).unwrap_or(name)
}

#[cfg(test)]
mod tests;
