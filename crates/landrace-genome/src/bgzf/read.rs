//! BGZF read ahead: blocks are inflated on the one pool while the caller works on those before them.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::VecDeque;
use std::io::{self, BufRead, Cursor, ErrorKind, Read};
use std::sync::mpsc::{Receiver, channel};

use libdeflater::Decompressor;

use crate::batch::receive;

/// Blocks inflated by one task: half a mebibyte at most.
const BLOCKS_A_TASK: usize = 8;
/// Tasks ahead of the caller at most, however many threads there are: a reader holds some ten mebibytes at most.
const MOST_AHEAD: usize = 18;
/// Most bytes that a block may hold.
const LARGEST: usize = 1 << 16;

/// Blocks that are inflated together.
#[derive(Default)]
struct Batch {
    /// Compressed data of the blocks, one after another.
    bytes: Vec<u8>,
    /// End of each block's data in `bytes`, its uncompressed size and its checksum.
    blocks: Vec<(usize, usize, u32)>,
}

/// Reads BGZF, and gzip members that follow it. Half a mebibyte a thread is held.
pub struct Reader<R> {
    inner: Option<R>,
    /// What comes after the last BGZF block, if it is gzip of another kind.
    rest: Option<Box<dyn BufRead + Send>>,
    waiting: VecDeque<Receiver<io::Result<Vec<u8>>>>,
    current: Vec<u8>,
    at: usize,
    /// Whether anything was read: the first block is inflated by itself, for those who only look at the head.
    is_begun: bool,
    /// An error of reading, which takes its turn after what came before it.
    failed: Option<io::Error>,
}

fn damaged() -> io::Error {
    ErrorKind::InvalidData.into()
}

impl<R: Read + Send + 'static> Reader<R> {
    /// Wraps a reader of compressed bytes.
    pub fn new(inner: R) -> Self {
        Self {
            inner: Some(inner),
            rest: None,
            waiting: VecDeque::new(),
            current: Vec::new(),
            at: 0,
            is_begun: false,
            failed: None,
        }
    }

    /// Reads the next blocks and has them inflated.
    fn read_ahead(&mut self, blocks: usize) {
        let Some(inner) = &mut self.inner else { return };
        let mut batch = Batch::default();
        for _ in 0..blocks {
            match batch.read_block(inner) {
                Ok(Next::Block) => {}
                Ok(Next::End) => {
                    self.inner = None;
                    break;
                }
                Ok(Next::Other(head)) => {
                    self.rest = self.inner.take().map(|inner| plain_gzip(head, inner));
                    break;
                }
                Err(error) => {
                    self.failed = Some(error);
                    self.inner = None;
                    break;
                }
            }
        }
        if batch.blocks.is_empty() {
            return;
        }
        let (sender, receiver) = channel();
        if self.is_begun {
            rayon::spawn(move || drop(sender.send(batch.inflate())));
        } else {
            drop(sender.send(batch.inflate()));
            self.is_begun = true;
        }
        self.waiting.push_back(receiver);
    }

    /// Makes the next bytes the current ones; `false` at the end.
    fn advance(&mut self) -> io::Result<bool> {
        let ahead = if self.is_begun { (2 + rayon::current_num_threads()).min(MOST_AHEAD) } else { 1 };
        while self.inner.is_some() && self.waiting.len() < ahead {
            self.read_ahead(if self.is_begun { BLOCKS_A_TASK } else { 1 });
        }
        match (self.waiting.pop_front(), self.failed.take()) {
            (Some(next), failed) => {
                self.failed = failed;
                self.current = receive(&next)?;
                self.at = 0;
                Ok(true)
            }
            (None, Some(error)) => Err(error),
            (None, None) => Ok(false),
        }
    }
}

/// Gzip whose first bytes were read already.
fn plain_gzip(head: Vec<u8>, inner: impl Read + Send + 'static) -> Box<dyn BufRead + Send> {
    let decoder = flate2::read::MultiGzDecoder::new(Cursor::new(head).chain(inner));
    Box::new(io::BufReader::with_capacity(1 << 17, decoder))
}

/// What a reader comes upon.
enum Next {
    /// A block, which was taken.
    Block,
    /// The end of the file.
    End,
    /// Gzip of another kind, whose first bytes these are.
    Other(Vec<u8>),
}

impl Batch {
    fn read_block(&mut self, inner: &mut impl Read) -> io::Result<Next> {
        let mut head = Vec::with_capacity(18);
        inner.take(12).read_to_end(&mut head)?;
        match head.as_slice() {
            [] => return Ok(Next::End),
            &[0x1f, 0x8b, 8, flags, .., _, _] if head.len() == 12 && flags & 4 != 0 => {}
            [0x1f, 0x8b, ..] => return Ok(Next::Other(head)),
            _ => return Err(damaged()),
        }
        let extra = usize::from(u16::from_le_bytes([head[10], head[11]]));
        inner.take(extra as u64).read_to_end(&mut head)?;
        let Some(size) = block_size(head.get(12..).unwrap_or_default()) else { return Ok(Next::Other(head)) };
        let length = (size + 1).checked_sub(20 + extra).ok_or_else(damaged)?;
        inner.take(length as u64).read_to_end(&mut self.bytes)?;
        let mut tail = [0; 8];
        inner.read_exact(&mut tail)?;
        let [a, b, c, d, e, f, g, h] = tail;
        let uncompressed = u32::from_le_bytes([e, f, g, h]) as usize;
        if uncompressed > LARGEST {
            return Err(damaged());
        }
        self.blocks.push((self.bytes.len(), uncompressed, u32::from_le_bytes([a, b, c, d])));
        Ok(Next::Block)
    }

    fn inflate(self) -> io::Result<Vec<u8>> {
        let mut out = vec![0; self.blocks.iter().map(|block| block.1).sum()];
        let mut decompressor = Decompressor::new();
        let (mut from, mut rest) = (0, out.as_mut_slice());
        for (to, size, checksum) in self.blocks {
            let (own, after) = rest.split_at_mut(size);
            rest = after;
            let written =
                decompressor.deflate_decompress(&self.bytes[from..to], own).map_err(|_| damaged())?;
            if written != size || libdeflater::crc32(own) != checksum {
                return Err(damaged());
            }
            from = to;
        }
        Ok(out)
    }
}

/// `BSIZE` of the extra field: the block's size less one.
fn block_size(mut extra: &[u8]) -> Option<usize> {
    while let [a, b, low, high, rest @ ..] = extra {
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        if (*a, *b, length) == (b'B', b'C', 2) {
            return Some(usize::from(u16::from_le_bytes([*rest.first()?, *rest.get(1)?])));
        }
        extra = rest.get(length..)?;
    }
    None
}

impl<R: Read + Send + 'static> Read for Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let found = self.fill_buf()?;
        let n = found.len().min(buffer.len());
        buffer[..n].copy_from_slice(&found[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl<R: Read + Send + 'static> BufRead for Reader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.current.len() {
            if !self.advance()? {
                return match &mut self.rest {
                    Some(rest) => rest.fill_buf(),
                    None => Ok(&[]),
                };
            }
        }
        Ok(&self.current[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        match &mut self.rest {
            Some(rest) if self.at == self.current.len() => rest.consume(amount),
            _ => self.at = (self.at + amount).min(self.current.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 7u64;
        let next = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            b"ACGT\t\n01"[usize::from(state.to_le_bytes()[7] & 7)]
        };
        (0..length).map(next).collect()
    }

    fn bgzf(bytes: &[u8]) -> Vec<u8> {
        let mut writer = super::super::Writer::new(Vec::new(), 1);
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap().0
    }

    fn read(bytes: Vec<u8>, threads: usize) -> io::Result<Vec<u8>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut out = Vec::new();
            Reader::new(Cursor::new(bytes)).read_to_end(&mut out)?;
            Ok(out)
        })
    }

    #[test]
    fn what_was_written_is_read_by_any_number_of_threads() {
        let bytes = noise(4_000_000);
        for threads in [1, 2, 5] {
            assert!(read(bgzf(&bytes), threads).unwrap() == bytes);
        }
        assert!(read(bgzf(&[]), 1).unwrap().is_empty());
    }

    #[test]
    fn plain_gzip_behind_it_is_read_too() {
        let mut file = bgzf(&noise(100_000));
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(b"the end").unwrap();
        file.extend(encoder.finish().unwrap());
        let back = read(file, 2).unwrap();
        assert!(back.len() == 100_007 && back.ends_with(b"the end"));
    }

    proptest! {
        #[test]
        fn damage_is_an_error_or_changes_nothing(at in any::<prop::sample::Index>(), value in any::<u8>(), cut in any::<bool>()) {
            let bytes = noise(200_000);
            let mut file = bgzf(&bytes);
            let at = at.index(file.len());
            if cut { file.truncate(at) } else { file[at] = value }
            match read(file, 2) {
                // A file may be cut between blocks, and headers hold bytes that say nothing of the content.
                Ok(back) => prop_assert!(bytes.starts_with(&back)),
                Err(error) => prop_assert!(matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof | ErrorKind::InvalidInput)),
            }
        }
    }
}
