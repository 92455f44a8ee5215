//! The reference genome: contigs and their bases.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use crate::contig::{ContigDictionary, ContigError};
use crate::file::{self, Compression, FileError};
use crate::position::{ContigId, Interval};

mod fai;

/// A reference opened for random access.
///
/// A plain FASTA is mapped into memory and costs no memory of its own; with its `.fai` beside it, it is not even
/// scanned. A compressed one is held decompressed, one byte a base.
pub struct Reference {
    path: PathBuf,
    contigs: ContigDictionary,
    layout: Vec<ContigLayout>,
    bytes: Bytes,
}

enum Bytes {
    Mapped(memmap2::Mmap),
    Held(Vec<u8>),
}

/// Where a contig's bases lie: the four numbers of a `.fai` line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContigLayout {
    /// Offset of the first base, in bytes.
    pub offset: u64,
    /// Bases a line.
    pub line_bases: u64,
    /// Bytes a line, with its end.
    pub line_bytes: u64,
}

/// What can be wrong with a reference.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The contigs make no sense.
    #[error("{path}: {error}")]
    Contig {
        /// The reference.
        path: String,
        /// What is wrong.
        error: ContigError,
    },
    /// The text is no FASTA.
    #[error("{path}: line {line}: {message}")]
    Format {
        /// The reference.
        path: String,
        /// Line, from 1.
        line: u64,
        /// What is wrong and what to do.
        message: String,
    },
}

impl Reference {
    /// Opens a FASTA file, plain or compressed.
    ///
    /// # Errors
    /// Returns an error that names the file and the line if it is not FASTA, is empty, repeats a contig name,
    /// or has lines of uneven length within a contig.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ReferenceError> {
        let path = path.as_ref();
        let input = file::open(path)?;
        let is_mapped = input.compression() == Compression::None && input.size().is_some_and(|size| size > 0);
        let mut held = Vec::new();
        let bytes = if is_mapped {
            Bytes::Mapped(file::map(path)?)
        } else {
            let mut input = input;
            std::io::Read::read_to_end(&mut input, &mut held)
                .map_err(|error| FileError::new(path, &error))?;
            Bytes::Held(held)
        };
        let indexed = if is_mapped { fai::read(path, bytes.as_slice()) } else { None };
        let (contigs, layout) = indexed.map_or_else(|| scan(path, bytes.as_slice()), Ok)?;
        Ok(Self { path: path.to_owned(), contigs, layout, bytes })
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The contigs, in the file's order.
    pub fn contigs(&self) -> &ContigDictionary {
        &self.contigs
    }

    /// Where the contigs' bases lie in the (decompressed) file, in order.
    pub fn layout(&self) -> &[ContigLayout] {
        &self.layout
    }

    /// The bases of an interval, in upper case, cut to the contig's end.
    pub fn bases(&self, contig: ContigId, interval: Interval) -> Vec<u8> {
        let mut out = Vec::new();
        self.copy_bases(contig, interval, &mut out);
        out
    }

    /// Puts the bases of an interval, in upper case, in place of what `out` holds.
    pub fn copy_bases(&self, contig: ContigId, interval: Interval, out: &mut Vec<u8>) {
        out.clear();
        let end = interval.end().min(self.contigs.get(contig).length);
        let layout = self.layout[contig.index()];
        let bytes = self.bytes.as_slice();
        let mut at = interval.start();
        while at < end {
            let in_line = at % layout.line_bases;
            let n = (layout.line_bases - in_line).min(end - at);
            let start = (layout.offset + at / layout.line_bases * layout.line_bytes + in_line) as usize;
            out.extend_from_slice(&bytes[start..start + n as usize]);
            at += n;
        }
        out.make_ascii_uppercase();
    }
}

impl Bytes {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Held(bytes) => bytes,
        }
    }
}

/// One pass over the text: contigs, their layout, and whether every line but a contig's last is equally long.
fn scan(path: &Path, mut bytes: &[u8]) -> Result<(ContigDictionary, Vec<ContigLayout>), ReferenceError> {
    let name = || path.display().to_string();
    let format =
        |line, message: &str| ReferenceError::Format { path: name(), line, message: message.to_owned() };
    let mut found: Vec<(String, u64, ContigLayout)> = Vec::new();
    let (mut offset, mut line_number) = (0u64, 0u64);
    let mut last_line_is_short = false;
    let mut line = Vec::new();
    loop {
        line.clear();
        let n = bytes.read_until(b'\n', &mut line).map_err(|error| FileError::new(path, &error))? as u64;
        if n == 0 {
            break;
        }
        line_number += 1;
        offset += n;
        let text = line.trim_ascii_end();
        if let Some(header) = text.strip_prefix(b">") {
            let id = header.split(u8::is_ascii_whitespace).next().unwrap_or_default();
            let id =
                std::str::from_utf8(id).map_err(|_| format(line_number, "the contig's name is not UTF-8"))?;
            if id.is_empty() {
                return Err(format(line_number, "the contig has no name; write it right after '>'"));
            }
            found.push((id.to_owned(), 0, ContigLayout { offset, line_bases: 1, line_bytes: 1 }));
            last_line_is_short = false;
            continue;
        }
        let Some((_, length, layout)) = found.last_mut() else {
            if text.is_empty() {
                continue;
            }
            return Err(format(line_number, "this is not FASTA: the first line must start with '>'"));
        };
        let bases = text.len() as u64;
        if bases == 0 {
            last_line_is_short = true;
            continue;
        }
        if let Some(&odd) =
            text.iter().find(|base| !base.is_ascii_alphabetic() && !matches!(base, b'*' | b'-'))
        {
            let message =
                format!("'{}' is not a base; is this a FASTA file?", char::from(odd).escape_default());
            return Err(format(line_number, &message));
        }
        if *length == 0 {
            (layout.line_bases, layout.line_bytes) = (bases, n);
        } else if last_line_is_short || bases > layout.line_bases {
            return Err(format(
                line_number,
                "lines of a contig differ in length; rewrite the file, for example with 'seqkit seq -w 60'",
            ));
        }
        last_line_is_short = bases < layout.line_bases;
        *length += bases;
    }
    let mut contigs = ContigDictionary::default();
    let mut layouts = Vec::with_capacity(found.len());
    for (id, length, layout) in found {
        contigs.push(id, length).map_err(|error| ReferenceError::Contig { path: name(), error })?;
        layouts.push(layout);
    }
    if contigs.total_length() == 0 {
        return Err(format(1, "the reference holds no sequence"));
    }
    Ok((contigs, layouts))
}

#[cfg(test)]
mod tests;
