//! Where text goes: a file, compressed if its name says so.

use std::io::{self, Write};
use std::path::Path;

use landrace_genome::bgzf;
use landrace_genome::file::{self, FileError, Output};

/// A text file being written.
pub(crate) enum Sink {
    /// As it is.
    Plain(Output),
    /// In BGZF, which everything that reads gzip reads.
    Bgzf(Box<bgzf::Writer<Output>>),
}

impl Sink {
    /// Creates a file; compressed if its name ends in `.gz` or `.bgz`.
    pub(crate) fn create(path: &Path) -> Result<Self, FileError> {
        let output = file::create(path)?;
        let is_compressed = path.extension().is_some_and(|ending| ending == "gz" || ending == "bgz");
        Ok(match is_compressed {
            true => Self::Bgzf(Box::new(bgzf::Writer::new(output, 6))),
            false => Self::Plain(output),
        })
    }

    /// Ends the file.
    pub(crate) fn finish(self) -> io::Result<Output> {
        match self {
            Self::Plain(out) => Ok(out),
            Self::Bgzf(out) => Ok(out.finish()?.0),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Bgzf(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Bgzf(out) => out.flush(),
        }
    }
}
