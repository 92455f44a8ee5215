//! Two mates at a time, checked to be in step.

use super::{ReadBatch, ReadError, ReadReader};

/// Pairs: read `i` of `first` and read `i` of `second` are mates. For single reads `second` is empty.
#[derive(Clone, Debug, Default)]
pub struct PairBatch {
    /// First mates, or single reads.
    pub first: ReadBatch,
    /// Second mates.
    pub second: ReadBatch,
}

/// Reads single reads, two files of mates, or one file of mates that follow one another.
pub enum PairReader {
    /// Reads without mates.
    Single(ReadReader),
    /// First and second mates in two files.
    Paired(ReadReader, ReadReader),
    /// First and second mates in turn in one file.
    Interleaved(ReadReader),
}

impl PairReader {
    /// The readers beneath, for their meters.
    pub fn readers(&self) -> Vec<&ReadReader> {
        match self {
            Self::Single(reader) | Self::Interleaved(reader) => vec![reader],
            Self::Paired(first, second) => vec![first, second],
        }
    }

    /// Replaces the batch by the next `pairs` pairs (or single reads) and gives how many came: 0 at the end.
    ///
    /// # Errors
    /// Returns an error that names both files and lines if mates have different names, or if one file ends
    /// before the other.
    pub fn read_batch(&mut self, batch: &mut PairBatch, pairs: usize) -> Result<usize, ReadError> {
        batch.first.clear();
        batch.second.clear();
        match self {
            Self::Single(reader) => reader.read_batch(&mut batch.first, pairs),
            Self::Paired(first, second) => {
                let first_count = first.read_batch(&mut batch.first, pairs)?;
                let second_count = second.read_batch(&mut batch.second, pairs)?;
                check_in_step((first, second), batch)?;
                if first_count == second_count {
                    return Ok(first_count);
                }
                let (long, short) =
                    if first_count > second_count { (&*first, &*second) } else { (&*second, &*first) };
                Err(mates(
                    (first, second),
                    batch,
                    first_count.min(second_count),
                    format!(
                        "{} ends before {}; give two files of the same reads in the same order",
                        short.path().display(),
                        long.path().display()
                    ),
                ))
            }
            Self::Interleaved(reader) => {
                for done in 0..pairs {
                    if reader.read_batch(&mut batch.first, 1)? == 0 {
                        return Ok(done);
                    }
                    if reader.read_batch(&mut batch.second, 1)? == 0 {
                        let message = "the last read has no mate; is this an interleaved file?".to_owned();
                        return Err(mates((reader, reader), batch, done, message));
                    }
                }
                check_in_step((reader, reader), batch)?;
                Ok(pairs)
            }
        }
    }
}

fn check_in_step(readers: (&ReadReader, &ReadReader), batch: &PairBatch) -> Result<(), ReadError> {
    let pairs = batch.first.iter().zip(batch.second.iter());
    let Some((index, (first, second))) = pairs.enumerate().find(|(_, (a, b))| a.name != b.name) else {
        return Ok(());
    };
    let message = format!(
        "mates are out of step: read '{}' against '{}'; give two files of the same reads in the same order",
        String::from_utf8_lossy(first.name),
        String::from_utf8_lossy(second.name)
    );
    Err(mates(readers, batch, index, message))
}

fn mates(readers: (&ReadReader, &ReadReader), batch: &PairBatch, index: usize, message: String) -> ReadError {
    // Past the end of the shorter file, the line is where its next read would start.
    let line = |reads: &ReadBatch, reader: &ReadReader| {
        if index < reads.len() { reads.line(index) } else { reader.line_number }
    };
    ReadError::Mates {
        first: readers.0.path().display().to_string(),
        first_line: line(&batch.first, readers.0),
        second: readers.1.path().display().to_string(),
        second_line: line(&batch.second, readers.1),
        message,
    }
}
