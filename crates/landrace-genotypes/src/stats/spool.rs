//! Lines of a table whose last column is known only when all of them are.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use landrace_genome::file;

use crate::source::GenotypeError;

/// Bytes that are held in memory before they go to a file.
const HELD: usize = 16 << 20;

/// Lines of a block, as they wait: a number, the length and the text of each.
#[derive(Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// The numbers; NaN for none.
    pub(super) depths: Vec<f64>,
}

impl Lines {
    /// Appends a line, which `write` makes without its end, and its number.
    pub(super) fn push(&mut self, number: f64, write: impl FnOnce(&mut Vec<u8>)) {
        self.depths.push(number);
        self.bytes.extend_from_slice(&number.to_le_bytes());
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 8]);
        write(&mut self.bytes);
        let length = (self.bytes.len() - start - 8) as u64;
        self.bytes[start..start + 8].copy_from_slice(&length.to_le_bytes());
    }

    /// Hands out the lines in order.
    pub(super) fn for_each(
        &self,
        mut take: impl FnMut(&[u8], f64) -> Result<(), GenotypeError>,
    ) -> Result<(), GenotypeError> {
        each(&mut self.bytes.as_slice(), self.bytes.len() as u64, &mut take)
    }
}

/// Lines and a number each; few in memory, more in a file without a name.
pub(super) struct Spool {
    directory: PathBuf,
    held: Vec<u8>,
    file: Option<File>,
}

impl Spool {
    /// Begins; `directory` is where the file goes if one is needed.
    pub(super) fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), held: Vec::new(), file: None }
    }

    /// Whether no line waits.
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty() && self.file.is_none()
    }

    /// Appends lines.
    pub(super) fn push_all(&mut self, lines: &Lines) -> Result<(), GenotypeError> {
        self.held.extend_from_slice(&lines.bytes);
        if self.held.len() >= HELD {
            let file = match &mut self.file {
                Some(file) => file,
                none => none.insert(file::scratch(&self.directory)?),
            };
            file.write_all(&self.held)?;
            self.held.clear();
        }
        Ok(())
    }

    /// Hands out all lines in order.
    pub(super) fn for_each(
        mut self,
        mut take: impl FnMut(&[u8], f64) -> Result<(), GenotypeError>,
    ) -> Result<(), GenotypeError> {
        if let Some(mut file) = self.file.take() {
            let size = file.stream_position()?;
            file.seek(SeekFrom::Start(0))?;
            each(&mut BufReader::with_capacity(1 << 20, file), size, &mut take)?;
        }
        each(&mut self.held.as_slice(), self.held.len() as u64, &mut take)
    }
}

fn each(
    input: &mut dyn Read,
    mut left: u64,
    mut take: impl FnMut(&[u8], f64) -> Result<(), GenotypeError>,
) -> Result<(), GenotypeError> {
    let mut line = Vec::new();
    let mut word = [0; 8];
    while left > 0 {
        input.read_exact(&mut word)?;
        let number = f64::from_le_bytes(word);
        input.read_exact(&mut word)?;
        let length = u64::from_le_bytes(word);
        line.resize(usize::try_from(length).unwrap_or(usize::MAX), 0);
        input.read_exact(&mut line)?;
        take(&line, number)?;
        left -= 16 + length;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_from_memory_and_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        for count in [3u32, 300_000] {
            let mut spool = Spool::new(folder.path());
            for i in 0..count {
                let mut lines = Lines::default();
                lines.push(f64::from(i), |out| out.extend(format!("line {i} {}", "x".repeat(80)).bytes()));
                spool.push_all(&lines).unwrap();
            }
            let mut next = 0;
            spool
                .for_each(|line, number| {
                    assert!(
                        line.starts_with(format!("line {next} ").as_bytes()) && number == f64::from(next)
                    );
                    next += 1;
                    Ok(())
                })
                .unwrap();
            assert_eq!(next, count);
        }
    }
}
