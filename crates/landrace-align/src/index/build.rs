//! Building the index: in parallel over blocks of the reference, the same bytes at any thread count.

use landrace_genome::{Interval, Reference, Region};
use rayon::prelude::*;

use super::layout::{assemble, write_contigs};
use super::{Bytes, Index, make_key};
use crate::packed::{self, PackedSequence, UNKNOWN};
use crate::syncmer::{SPAN, Syncmer, SyncmerScratch, context, syncmers};

/// Bases of a block.
const BLOCK: u64 = 1 << 20;
/// Seeds sorted at a time: a pass over the reference takes the keys of one range only, which bounds memory.
const PASS: u64 = 1 << 28;

/// A seed with its key and its place in the concatenation.
type Entry = (u64, u64);

/// A block: its region and the place of its first base.
struct Block {
    region: Region,
    place: u64,
}

impl Index {
    /// Builds the index of a reference on the threads of the current pool.
    ///
    /// # Panics
    /// Panics beyond 2^40 bases or 2^32 seeds (some 21 Gb).
    pub fn build(reference: &Reference) -> Self {
        let contigs = reference.contigs();
        let bases = contigs.total_length();
        assert!(bases < 1 << 40, "a reference of {bases} bases is beyond the index");
        let blocks = blocks(reference);
        let (packed, gaps) = pack(reference, &blocks);
        let bucket_bits = (bases / 20).max(1).ilog2().clamp(6, 30);
        let table = Table::build(reference, &blocks, bucket_bits);
        let gaps: Vec<u8> = gaps.iter().flat_map(|gap| [gap.0, gap.1]).flat_map(u64::to_le_bytes).collect();
        let high = if bases > 1 << 32 { table.high } else { Vec::new() };
        let sections = [write_contigs(contigs), gaps, packed, table.buckets, table.keys, table.places, high];
        let bytes = assemble(bases, bucket_bits, sections);
        #[expect(clippy::unwrap_used, reason = "what was put together is read back")]
        Self::from_bytes(Bytes::Held(bytes)).unwrap()
    }
}

fn blocks(reference: &Reference) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut place = 0;
    for (contig, Interval { .. }) in reference.contigs().whole().iter().map(|r| (r.contig, r.interval)) {
        let length = reference.contigs().get(contig).length;
        for start in (0..length).step_by(BLOCK as usize) {
            let interval = Interval::new(start, (start + BLOCK).min(length));
            blocks.push(Block { region: Region { contig, interval }, place: place + start });
        }
        place += length;
    }
    blocks
}

fn codes(reference: &Reference, region: Region) -> Vec<u8> {
    let mut bases = reference.bases(region.contig, region.interval);
    bases.iter_mut().for_each(|base| *base = packed::code(*base));
    bases
}

/// The packed bases of all contigs and the runs of unknown ones.
fn pack(reference: &Reference, blocks: &[Block]) -> (Vec<u8>, Vec<(u64, u64)>) {
    let bases = reference.contigs().total_length() as usize;
    let mut out = vec![0u8; bases.div_ceil(4) + PackedSequence::PADDING];
    let mut gaps: Vec<(u64, u64)> = Vec::new();
    // Blocks of several contigs do not start at whole bytes: fetching runs in parallel, packing in order.
    for group in blocks.chunks(64) {
        let codes: Vec<Vec<u8>> = group.par_iter().map(|block| codes(reference, block.region)).collect();
        for (block, codes) in group.iter().zip(codes) {
            for (place, &code) in (block.place..).zip(&codes) {
                if code < UNKNOWN {
                    out[(place >> 2) as usize] |= code << ((place & 3) * 2);
                    continue;
                }
                match gaps.last_mut() {
                    Some(gap) if gap.1 == place => gap.1 += 1,
                    _ => gaps.push((place, place + 1)),
                }
            }
        }
    }
    (out, gaps)
}

/// The entries as they lie in the file.
#[derive(Default)]
struct Table {
    buckets: Vec<u8>,
    keys: Vec<u8>,
    places: Vec<u8>,
    high: Vec<u8>,
}

impl Table {
    fn build(reference: &Reference, blocks: &[Block], bucket_bits: u32) -> Self {
        let passes = (reference.contigs().total_length() / 5).div_ceil(PASS).max(1);
        let keys = 1u64 << (bucket_bits + 32);
        let mut table = Self::default();
        let mut next_bucket = 0;
        for pass in 0..passes {
            let (from, to) =
                (keys / passes * pass, if pass + 1 == passes { keys } else { keys / passes * (pass + 1) });
            let found: Vec<Vec<Entry>> = blocks
                .par_iter()
                .map_init(Scratch::default, |scratch, block| {
                    scratch.entries(reference, block, bucket_bits, from..to)
                })
                .collect();
            let mut entries = found.concat();
            entries.par_sort_unstable();
            table.append(&entries, &mut next_bucket);
        }
        let end = table.entries();
        while next_bucket <= 1 << bucket_bits {
            table.buckets.extend(end.to_le_bytes());
            next_bucket += 1;
        }
        table
    }

    fn entries(&self) -> u32 {
        #[expect(clippy::expect_used, reason = "documented limit of the index")]
        u32::try_from(self.keys.len() / 4).expect("at most 2^32 seeds")
    }

    fn append(&mut self, entries: &[Entry], next_bucket: &mut u64) {
        for &(key, place) in entries {
            let at = self.entries().to_le_bytes();
            while *next_bucket <= key >> 32 {
                self.buckets.extend(at);
                *next_bucket += 1;
            }
            self.keys.extend((key as u32).to_le_bytes());
            self.places.extend((place as u32).to_le_bytes());
            self.high.push((place >> 32) as u8);
        }
    }
}

#[derive(Default)]
struct Scratch {
    syncmers: SyncmerScratch,
    seeds: Vec<Syncmer>,
}

impl Scratch {
    /// The entries of the seeds that start in a block and whose keys lie in a range.
    fn entries(
        &mut self,
        reference: &Reference,
        block: &Block,
        bucket_bits: u32,
        wanted: std::ops::Range<u64>,
    ) -> Vec<Entry> {
        let own = block.region.interval;
        // A seed's strobes reach into what follows; whether a k-mer is a seed depends on itself alone.
        let region = Region { interval: Interval::new(own.start(), own.end() + SPAN as u64), ..block.region };
        let codes = codes(reference, region);
        syncmers(&codes, &mut self.syncmers, &mut self.seeds, None);
        let mut entries = Vec::new();
        for (index, seed) in self.seeds.iter().enumerate() {
            if u64::from(seed.position) >= own.len() {
                break;
            }
            let context = context(&self.seeds, index, codes.len());
            let key = make_key(bucket_bits, seed.hash, context.second, context.third);
            if wanted.contains(&key) {
                entries.push((key, block.place + u64::from(seed.position)));
            }
        }
        entries
    }
}
