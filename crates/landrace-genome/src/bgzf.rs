//! BGZF read and written in parallel on the one pool, with the table that turns offsets of the uncompressed stream
//! into virtual positions.

use std::io::{self, Write};

use libdeflater::{CompressionLvl, Compressor};
use rayon::prelude::*;

mod read;

pub use read::Reader;

/// Uncompressed bytes in a block, as htslib cuts them.
pub const BLOCK: usize = 0xff00;
/// Blocks compressed together: one parallel step, and the bound on what is held (4 MiB).
const BLOCKS_A_STEP: usize = 64;
const EOF: [u8; 28] =
    [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, b'B', b'C', 2, 0, 0x1b, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Where each block starts in the compressed file; every block but the last holds [`BLOCK`] bytes.
#[derive(Clone, Debug, Default)]
pub struct BlockTable {
    starts: Vec<u64>,
}

impl BlockTable {
    /// The virtual position (compressed offset << 16 | offset in the block) of an offset of the uncompressed
    /// stream.
    pub fn virtual_position(&self, uncompressed: u64) -> u64 {
        let block = uncompressed / BLOCK as u64;
        let start = usize::try_from(block).ok().and_then(|block| self.starts.get(block));
        match start {
            Some(start) => (start << 16) | (uncompressed % BLOCK as u64),
            // One past the last byte of a stream that ends with a full block.
            None => self.starts.last().copied().unwrap_or(0) << 16,
        }
    }
}

/// Writes BGZF. The bytes do not depend on the number of threads, nor on how the input is cut into writes.
pub struct Writer<W: Write> {
    inner: W,
    level: CompressionLvl,
    waiting: Vec<u8>,
    table: BlockTable,
    compressed: u64,
    uncompressed: u64,
}

impl<W: Write> Writer<W> {
    /// Wraps a writer; `level` is libdeflate's, 0 to 12 (6 is a good file, 1 a good scratch file).
    pub fn new(inner: W, level: u8) -> Self {
        let level = CompressionLvl::new(i32::from(level.min(12))).unwrap_or_default();
        let waiting = Vec::with_capacity(BLOCKS_A_STEP * BLOCK);
        Self { inner, level, waiting, table: BlockTable::default(), compressed: 0, uncompressed: 0 }
    }

    /// Bytes taken so far: the offset in the uncompressed stream of what is written next.
    pub fn offset(&self) -> u64 {
        self.uncompressed
    }

    /// Compresses the rest, ends the stream, and gives back the inner writer and the table of blocks.
    ///
    /// # Errors
    /// Returns an error if the inner writer fails.
    pub fn finish(mut self) -> io::Result<(W, BlockTable)> {
        self.compress_waiting()?;
        // The end marker is a block too: the position past the last byte may point to it.
        self.table.starts.push(self.compressed);
        self.inner.write_all(&EOF)?;
        self.inner.flush()?;
        Ok((self.inner, self.table))
    }

    fn compress_waiting(&mut self) -> io::Result<()> {
        let level = self.level;
        let blocks: Vec<io::Result<Vec<u8>>> =
            self.waiting.par_chunks(BLOCK).map_init(|| Compressor::new(level), compress).collect();
        for block in blocks {
            let block = block?;
            self.table.starts.push(self.compressed);
            self.compressed += block.len() as u64;
            self.inner.write_all(&block)?;
        }
        self.waiting.clear();
        Ok(())
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.waiting.len() == BLOCKS_A_STEP * BLOCK {
            self.compress_waiting()?;
        }
        let n = bytes.len().min(BLOCKS_A_STEP * BLOCK - self.waiting.len());
        self.waiting.extend_from_slice(&bytes[..n]);
        self.uncompressed += n as u64;
        Ok(n)
    }

    /// Does nothing: blocks are cut by size alone, so that the bytes do not depend on flushes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn compress(compressor: &mut Compressor, block: &[u8]) -> io::Result<Vec<u8>> {
    const HEADER: usize = 18;
    let mut out = vec![0; HEADER + compressor.deflate_compress_bound(block.len()).max(block.len() + 64) + 8];
    let size = compressor.deflate_compress(block, &mut out[HEADER..]).map_err(io::Error::other)?;
    let total = HEADER + size + 8;
    // libdeflate stores what it cannot shrink, so that a block of BLOCK bytes always fits 16 bits.
    let size_minus_one = u16::try_from(total - 1).map_err(io::Error::other)?;
    out[..16].copy_from_slice(&EOF[..16]);
    out[16..18].copy_from_slice(&size_minus_one.to_le_bytes());
    out[HEADER + size..][..4].copy_from_slice(&libdeflater::crc32(block).to_le_bytes());
    let length = u32::try_from(block.len()).map_err(io::Error::other)?;
    out[HEADER + size + 4..][..4].copy_from_slice(&length.to_le_bytes());
    out.truncate(total);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, Read};

    use noodles_bgzf::VirtualPosition;

    use super::*;

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1u64;
        (0..length)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                state.to_le_bytes()[7]
            })
            .collect()
    }

    fn written(bytes: &[u8], piece: usize) -> (Vec<u8>, BlockTable) {
        let mut writer = Writer::new(Vec::new(), 6);
        for piece in bytes.chunks(piece) {
            writer.write_all(piece).unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn is_read_back_and_does_not_depend_on_the_pieces() {
        let bytes = noise(5_000_000);
        let (file, _) = written(&bytes, 1 << 20);
        assert_eq!(file, written(&bytes, 777).0);
        let mut back = Vec::new();
        noodles_bgzf::io::Reader::new(&file[..]).read_to_end(&mut back).unwrap();
        assert!(back == bytes);
    }

    #[test]
    fn virtual_positions_lead_to_their_bytes() {
        for length in [5 * BLOCK, 5 * BLOCK + 10] {
            let bytes = noise(length);
            let (file, table) = written(&bytes, 5_000);
            let mut reader = noodles_bgzf::io::Reader::new(io::Cursor::new(&file));
            for offset in [0, 1, BLOCK - 1, BLOCK, 3 * BLOCK + 5, length - 1] {
                reader.seek(VirtualPosition::from(table.virtual_position(offset as u64))).unwrap();
                assert_eq!(reader.fill_buf().unwrap()[0], bytes[offset]);
            }
            assert!(table.virtual_position(length as u64) > table.virtual_position(length as u64 - 1));
        }
    }
}
