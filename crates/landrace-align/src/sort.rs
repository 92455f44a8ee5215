//! Records and signatures put in order in bounded memory.

use std::path::{Path, PathBuf};

use landrace_genome::FileError;
use rayon::prelude::*;

use crate::record::{self, PackedRecords, Place};
use crate::spill::{self, BLOCK, Layout, Merge, Run, Scratch};

/// Sorts packed records by contig and position; those of one place keep the order in which they came.
pub(crate) struct RecordSorter {
    memory: usize,
    folder: PathBuf,
    batches: Vec<PackedRecords>,
    held: usize,
    spilled: Option<Scratch>,
    runs: Vec<Run>,
}

struct RecordLayout;

impl Layout for RecordLayout {
    type Key = u64;

    fn length(bytes: &[u8]) -> usize {
        record::entry_at(bytes, 0).len()
    }

    fn key(item: &[u8]) -> u64 {
        Place::of(item).key()
    }
}

/// A record of a batch that is held: key, batch, offset.
type Entry = (u64, u32, u32);

impl RecordSorter {
    /// A sorter that holds about `memory` bytes and spills to `folder`.
    pub(crate) fn new(memory: usize, folder: &Path) -> Self {
        let folder = folder.to_owned();
        Self { memory, folder, batches: Vec::new(), held: 0, spilled: None, runs: Vec::new() }
    }

    /// Adds records that follow those added before.
    pub(crate) fn push(&mut self, mut batch: PackedRecords) -> Result<(), FileError> {
        batch.bytes.shrink_to_fit();
        // What sorting adds to the batch itself: its entries and the sorted list of them.
        let entries = batch.len() * (2 * size_of::<Entry>());
        self.held += batch.bytes.len() + entries;
        self.batches.push(batch);
        if self.held > self.memory { self.spill() } else { Ok(()) }
    }

    fn sorted(&self) -> Vec<Entry> {
        let batches = self.batches.par_iter().enumerate();
        let entries = batches.flat_map_iter(|(number, batch)| {
            batch.entries.iter().map(move |&(key, offset)| (key, number as u32, offset))
        });
        let mut entries: Vec<Entry> = entries.collect();
        entries.par_sort_unstable();
        entries
    }

    fn record(&self, (_, batch, offset): Entry) -> &[u8] {
        record::entry_at(&self.batches[batch as usize].bytes, offset as usize)
    }

    fn spill(&mut self) -> Result<(), FileError> {
        let sorted = self.sorted();
        let mut scratch = match self.spilled.take() {
            Some(scratch) => scratch,
            None => Scratch::new(&self.folder)?,
        };
        let mut run = Run::default();
        let mut pieces = Vec::new();
        let (mut from, mut size) = (0, 0);
        for (index, &entry) in sorted.iter().enumerate() {
            let length = self.record(entry).len();
            if size + length > BLOCK && index > from {
                pieces.push(from..index);
                (from, size) = (index, 0);
            }
            size += length;
        }
        pieces.push(from..sorted.len());
        // A bounded number of blocks at a time.
        for pieces in pieces.chunks(64) {
            let blocks: Vec<_> = pieces.par_iter().map(|piece| self.block(&sorted[piece.clone()])).collect();
            scratch.append(&mut run, &blocks)?;
        }
        self.runs.push(run);
        self.spilled = Some(scratch);
        self.batches.clear();
        self.held = 0;
        Ok(())
    }

    fn block(&self, entries: &[Entry]) -> (Vec<u8>, usize) {
        let mut block = Vec::with_capacity(BLOCK);
        entries.iter().for_each(|&entry| block.extend_from_slice(self.record(entry)));
        spill::compress(&block)
    }

    /// Hands the records to `take` in order, each with its fragment's number before it.
    pub(crate) fn finish<E: From<FileError>>(
        mut self,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.spilled.is_none() {
            let sorted = self.sorted();
            return sorted.into_iter().try_for_each(|entry| take(self.record(entry)));
        }
        if !self.batches.is_empty() {
            self.spill()?;
        }
        let Some(scratch) = &self.spilled else { return Ok(()) };
        let mut merge = Merge::<RecordLayout>::new(scratch, &self.runs)?;
        while let Some(record) = merge.next()? {
            take(record)?;
        }
        Ok(())
    }
}

/// Sorts rows of `N` numbers.
pub(crate) struct RowSorter<const N: usize> {
    memory: usize,
    folder: PathBuf,
    rows: Vec<[u64; N]>,
    spilled: Option<Scratch>,
    runs: Vec<Run>,
}

struct RowLayout<const N: usize>;

impl<const N: usize> Layout for RowLayout<N> {
    type Key = [u64; N];

    fn length(_bytes: &[u8]) -> usize {
        8 * N
    }

    fn key(item: &[u8]) -> [u64; N] {
        let mut words =
            item.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap_or_default()));
        std::array::from_fn(|_| words.next().unwrap_or(0))
    }
}

impl<const N: usize> RowSorter<N> {
    /// A sorter that holds about `memory` bytes and spills to `folder`.
    pub(crate) fn new(memory: usize, folder: &Path) -> Self {
        Self { memory, folder: folder.to_owned(), rows: Vec::new(), spilled: None, runs: Vec::new() }
    }

    /// Adds rows.
    pub(crate) fn extend(&mut self, rows: &[[u64; N]]) -> Result<(), FileError> {
        self.rows.extend_from_slice(rows);
        if self.rows.len() * 8 * N > self.memory { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<(), FileError> {
        self.rows.par_sort_unstable();
        let mut scratch = match self.spilled.take() {
            Some(scratch) => scratch,
            None => Scratch::new(&self.folder)?,
        };
        let mut run = Run::default();
        for rows in self.rows.chunks(64 * (BLOCK / (8 * N))) {
            let blocks: Vec<_> = rows
                .par_chunks(BLOCK / (8 * N))
                .map(|rows| {
                    let bytes: Vec<u8> = rows.iter().flatten().flat_map(|word| word.to_le_bytes()).collect();
                    spill::compress(&bytes)
                })
                .collect();
            scratch.append(&mut run, &blocks)?;
        }
        self.runs.push(run);
        self.spilled = Some(scratch);
        self.rows.clear();
        Ok(())
    }

    /// Ends the adding; the rows then come in order.
    pub(crate) fn sorted(mut self) -> Result<SortedRows<N>, FileError> {
        if self.spilled.is_some() {
            self.spill()?;
        } else {
            self.rows.par_sort_unstable();
        }
        Ok(SortedRows { rows: self.rows, spilled: self.spilled, runs: self.runs })
    }
}

/// Rows in order.
pub(crate) struct SortedRows<const N: usize> {
    rows: Vec<[u64; N]>,
    spilled: Option<Scratch>,
    runs: Vec<Run>,
}

impl<const N: usize> SortedRows<N> {
    /// Reads the rows, in order.
    pub(crate) fn read(&self) -> Result<RowReader<'_, N>, FileError> {
        let merge = self.spilled.as_ref().map(|scratch| Merge::new(scratch, &self.runs)).transpose()?;
        Ok(RowReader { rows: self.rows.iter(), merge })
    }
}

/// Gives sorted rows one by one.
pub(crate) struct RowReader<'a, const N: usize> {
    rows: std::slice::Iter<'a, [u64; N]>,
    merge: Option<Merge<'a, RowLayout<N>>>,
}

impl<const N: usize> RowReader<'_, N> {
    /// The next row.
    pub(crate) fn next(&mut self) -> Result<Option<[u64; N]>, FileError> {
        match &mut self.merge {
            Some(merge) => Ok(merge.next()?.map(RowLayout::<N>::key)),
            None => Ok(self.rows.next().copied()),
        }
    }
}

#[cfg(test)]
mod tests;
