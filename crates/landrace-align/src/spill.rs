//! What does not fit in memory: sorted runs in a scratch file, LZ4-compressed in blocks, and their merge.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use landrace_genome::FileError;
use landrace_genome::file;

/// Bytes of a block before compression: what a run holds in memory while it is merged.
pub(crate) const BLOCK: usize = 128 * 1024;

/// Where a compressed block lies.
#[derive(Clone, Copy, Debug)]
struct Block {
    offset: u64,
    compressed: usize,
    size: usize,
}

/// A sorted run: its blocks in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    blocks: Vec<Block>,
}

/// A scratch file that runs are appended to. It has no name: it is gone with the process.
pub(crate) struct Scratch {
    file: File,
    folder: PathBuf,
    size: u64,
}

impl Scratch {
    /// Makes a scratch file in a folder.
    pub(crate) fn new(folder: &Path) -> Result<Self, FileError> {
        Ok(Self { file: file::scratch(folder)?, folder: folder.to_owned(), size: 0 })
    }

    fn failed(&self, error: &io::Error) -> FileError {
        if error.kind() == io::ErrorKind::StorageFull {
            let message = "no space left for scratch files; free some, name another folder with --scratch, \
                           or raise --memory";
            return FileError::content(&self.folder, message);
        }
        FileError::new(&self.folder, error)
    }

    /// Appends compressed blocks, each with its size before compression, to a run.
    pub(crate) fn append(&mut self, run: &mut Run, blocks: &[(Vec<u8>, usize)]) -> Result<(), FileError> {
        for (bytes, size) in blocks {
            self.file.write_all(bytes).map_err(|error| self.failed(&error))?;
            run.blocks.push(Block { offset: self.size, compressed: bytes.len(), size: *size });
            self.size += bytes.len() as u64;
        }
        Ok(())
    }

    /// Reads a block of a run into `block`; false past the last one.
    fn read(
        &self,
        run: &Run,
        index: usize,
        packed: &mut Vec<u8>,
        block: &mut Vec<u8>,
    ) -> Result<bool, FileError> {
        let Some(place) = run.blocks.get(index) else { return Ok(false) };
        packed.resize(place.compressed, 0);
        self.file.read_exact_at(packed, place.offset).map_err(|error| self.failed(&error))?;
        block.resize(place.size, 0);
        let length = lz4_flex::block::decompress_into(packed, block).map_err(io::Error::other);
        let length = length.map_err(|error| self.failed(&error))?;
        debug_assert_eq!(length, place.size);
        Ok(true)
    }
}

/// Compresses a block.
pub(crate) fn compress(block: &[u8]) -> (Vec<u8>, usize) {
    (lz4_flex::block::compress(block), block.len())
}

/// A run while it is read, item by item.
struct Cursor {
    run: Run,
    next_block: usize,
    block: Vec<u8>,
    at: usize,
    length: usize,
}

/// How items lie in a block: the length of the first one, and the key to sort by.
pub(crate) trait Layout {
    /// What items are sorted by.
    type Key: Ord + Copy;
    /// Bytes of the first item.
    fn length(bytes: &[u8]) -> usize;
    /// Key of an item.
    fn key(item: &[u8]) -> Self::Key;
}

/// Merges runs: items of equal keys come in the order of the runs.
pub(crate) struct Merge<'a, L: Layout> {
    scratch: &'a Scratch,
    cursors: Vec<Cursor>,
    heap: BinaryHeap<Reverse<(L::Key, usize)>>,
    packed: Vec<u8>,
    current: Option<usize>,
}

impl<'a, L: Layout> Merge<'a, L> {
    /// Starts to merge runs of a scratch file.
    pub(crate) fn new(scratch: &'a Scratch, runs: &[Run]) -> Result<Self, FileError> {
        let cursors = runs
            .iter()
            .map(|run| Cursor { run: run.clone(), next_block: 0, block: Vec::new(), at: 0, length: 0 })
            .collect();
        let mut merge = Self { scratch, cursors, heap: BinaryHeap::new(), packed: Vec::new(), current: None };
        for index in 0..runs.len() {
            merge.advance(index)?;
        }
        Ok(merge)
    }

    /// Moves a cursor to its next item, if it has one.
    fn advance(&mut self, index: usize) -> Result<(), FileError> {
        let cursor = &mut self.cursors[index];
        cursor.at += cursor.length;
        if cursor.at == cursor.block.len() {
            let block = (cursor.next_block, &mut self.packed, &mut cursor.block);
            if !self.scratch.read(&cursor.run, block.0, block.1, block.2)? {
                return Ok(());
            }
            cursor.next_block += 1;
            cursor.at = 0;
        }
        let rest = &cursor.block[cursor.at..];
        cursor.length = L::length(rest);
        self.heap.push(Reverse((L::key(&rest[..cursor.length]), index)));
        Ok(())
    }

    /// The next item.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, FileError> {
        if let Some(last) = self.current.take() {
            self.advance(last)?;
        }
        let Some(Reverse((_, index))) = self.heap.pop() else { return Ok(None) };
        self.current = Some(index);
        let cursor = &self.cursors[index];
        Ok(Some(&cursor.block[cursor.at..cursor.at + cursor.length]))
    }
}
