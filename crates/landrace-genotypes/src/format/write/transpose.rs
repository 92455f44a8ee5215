//! Tables with a line a sample, from blocks with a row a variant: the cells of each block wait in a file without a
//! name until the last block is there.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use landrace_genome::file;

use super::sink::Sink;
use crate::source::GenotypeError;

/// Bytes of lines that are put together at a time.
const HELD: u64 = 32 << 20;

/// Cells of blocks, the samples of a block one after another.
pub(crate) struct Transposer {
    scratch: BufWriter<File>,
    samples: usize,
    /// Where each block begins, and where each sample's cells end in it.
    blocks: Vec<(u64, Vec<u32>)>,
    size: u64,
}

impl Transposer {
    /// Begins; the file lies in the folder of `path`.
    pub(crate) fn new(path: &Path, samples: usize) -> Result<Self, GenotypeError> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let scratch = BufWriter::with_capacity(1 << 20, file::scratch(folder)?);
        Ok(Self { scratch, samples, blocks: Vec::new(), size: 0 })
    }

    /// Takes a block's cells; `ends` says where each sample's end.
    pub(crate) fn push(&mut self, cells: &[u8], ends: &[u32]) -> io::Result<()> {
        self.scratch.write_all(cells)?;
        self.blocks.push((self.size, ends.to_vec()));
        self.size += cells.len() as u64;
        Ok(())
    }

    /// Writes all lines: `begin` appends what comes before a sample's cells.
    pub(crate) fn finish(
        self,
        out: &mut Sink,
        begin: impl Fn(usize, &mut Vec<u8>) -> Result<(), GenotypeError>,
    ) -> Result<(), GenotypeError> {
        let mut scratch = self.scratch.into_inner().map_err(io::IntoInnerError::into_error)?;
        let from =
            |ends: &[u32], sample: usize| sample.checked_sub(1).map_or(0, |before| u64::from(ends[before]));
        let length = |sample: usize| -> u64 {
            self.blocks.iter().map(|(_, ends)| u64::from(ends[sample]) - from(ends, sample)).sum()
        };
        let (mut first, mut piece) = (0, Vec::new());
        while first < self.samples {
            let (mut last, mut held) = (first + 1, length(first));
            while last < self.samples && held + length(last) <= HELD {
                held += length(last);
                last += 1;
            }
            let mut lines = vec![Vec::new(); last - first];
            for (line, sample) in lines.iter_mut().zip(first..) {
                begin(sample, line)?;
            }
            for (start, ends) in &self.blocks {
                let (low, high) = (from(ends, first), u64::from(ends[last - 1]));
                scratch.seek(SeekFrom::Start(start + low))?;
                piece.clear();
                (&mut scratch).take(high - low).read_to_end(&mut piece)?;
                for (line, sample) in lines.iter_mut().zip(first..) {
                    let own = from(ends, sample) - low..u64::from(ends[sample]) - low;
                    let own = usize::try_from(own.start).unwrap_or(0)..usize::try_from(own.end).unwrap_or(0);
                    line.extend_from_slice(piece.get(own).unwrap_or_default());
                }
            }
            for mut line in lines {
                line.push(b'\n');
                out.write_all(&line)?;
            }
            first = last;
        }
        Ok(())
    }
}
