//! From a read's seeds to diagonals: places of the reference at which the read may start.

use crate::index::{EntryRange, Index, SeedTable};
use crate::options::AlignOptions;
use crate::prepared::PreparedRead;
use crate::syncmer::{K, S, changed_syncmers, context};

/// Hits that a seed may have before its context is asked to tell them apart.
const FREQUENT: u32 = 40;
/// Hits taken of a seed that occurs more often even with its whole context: a sample at a fixed stride.
const SAMPLE: u32 = 400;
/// Added to a diagonal, so that none is negative.
const BIAS: i64 = 1 << 20;
/// Bits of the position within the read.
const POSITION_BITS: u32 = 16;

/// A hit packed so that sorting brings together what lies on one diagonal of one strand:
/// `strand | diagonal | position in the read`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit(u64);

impl Hit {
    fn new(is_reverse: bool, place: u64, position: u32) -> Self {
        let diagonal = (place as i64 - i64::from(position) + BIAS) as u64;
        Self(u64::from(is_reverse) << 63 | diagonal << POSITION_BITS | u64::from(position))
    }

    pub(crate) fn is_reverse(self) -> bool {
        self.0 >> 63 == 1
    }

    /// Place of the read's first base in the concatenation of the contigs.
    pub(crate) fn diagonal(self) -> i64 {
        ((self.0 << 1) >> (POSITION_BITS + 1)) as i64 - BIAS
    }

    pub(crate) fn position(self) -> u32 {
        (self.0 & ((1 << POSITION_BITS) - 1)) as u32
    }

    /// Whether two hits lie on one diagonal of one strand.
    pub(crate) fn is_with(self, other: Self) -> bool {
        self.0 >> POSITION_BITS == other.0 >> POSITION_BITS
    }
}

/// A seed that is looked up: the strand, its number among the seeds of it, its position and what was found.
#[derive(Clone, Copy)]
struct Query {
    is_reverse: bool,
    seed: u32,
    position: u32,
    key: u64,
    range: EntryRange,
}

/// Buffers of seeding.
#[derive(Default)]
pub(crate) struct SeedScratch {
    queries: Vec<Query>,
    pub(crate) hits: Vec<Hit>,
}

/// Looks up a read's seeds and leaves their hits, sorted, in `scratch.hits`; gives the share of seeds of which
/// not all hits were taken.
pub(crate) fn collect_hits(
    index: &Index,
    read: &PreparedRead,
    options: &AlignOptions,
    scratch: &mut SeedScratch,
) -> f64 {
    let table = index.table();
    look_up(&table, read, &mut scratch.queries);
    scratch.queries.retain_mut(|query| {
        query.range = table.narrow(query.range, query.key, 1);
        if query.range.len() > FREQUENT {
            query.range = narrow_by_context(&table, read, *query);
        }
        table.expect_places(query.range);
        query.range.len() > 0
    });
    let cut = expand(&table, options, scratch);
    scratch.hits.sort_unstable();
    cut
}

/// Longest read that is searched with a changed base: longer ones have seeds elsewhere.
const SHORT: usize = 128;
/// Starts of k-mers that follow one another of which one is sure to be a seed.
const BLOCK: usize = K - S;

/// For a short read whose every seed is hit by a substitution: looks up what its k-mers would be with one base
/// changed. Leaves the hits, sorted, in `scratch.hits`.
pub(crate) fn collect_near_hits(index: &Index, read: &PreparedRead, scratch: &mut SeedScratch) {
    scratch.hits.clear();
    let codes = &read.strand(false).codes;
    let Some(last) = codes.len().checked_sub(K).filter(|_| codes.len() <= SHORT) else { return };
    let table = index.table();
    scratch.queries.clear();
    // All starts of the shortest reads; of longer ones, three blocks.
    let middle = last / 2;
    let is_tried = |start: usize| {
        last < 3 * BLOCK || start < BLOCK || start + BLOCK > last || (middle..middle + BLOCK).contains(&start)
    };
    for start in (0..=last).filter(|&start| is_tried(start)) {
        changed_syncmers(&codes[start..start + K], |forward, reverse| {
            for (is_reverse, hash, position) in [(false, forward, start), (true, reverse, last - start)] {
                let key = table.key(hash, 0, 0);
                table.expect_bucket(key);
                let range = EntryRange { start: 0, end: 0 };
                scratch.queries.push(Query { is_reverse, seed: 0, position: position as u32, key, range });
            }
        });
    }
    for query in &mut scratch.queries {
        query.range = table.bucket(query.key);
    }
    for query in &scratch.queries {
        let range = table.narrow(query.range, query.key, 1);
        if range.len() <= FREQUENT {
            let entries = range.start..range.end;
            scratch
                .hits
                .extend(entries.map(|entry| Hit::new(query.is_reverse, table.place(entry), query.position)));
        }
    }
    scratch.hits.sort_unstable();
}

/// Fills in the buckets of all seeds, asking for memory ahead.
fn look_up(table: &SeedTable<'_>, read: &PreparedRead, queries: &mut Vec<Query>) {
    queries.clear();
    for (is_reverse, strand) in [false, true].into_iter().zip(&read.strands) {
        let seeds = strand.seeds.iter().take_while(|seed| seed.position >> POSITION_BITS == 0);
        for (number, seed) in (0..).zip(seeds) {
            let key = table.key(seed.hash, 0, 0);
            table.expect_bucket(key);
            let range = EntryRange { start: 0, end: 0 };
            queries.push(Query { is_reverse, seed: number, position: seed.position, key, range });
        }
    }
    for query in queries {
        query.range = table.bucket(query.key);
    }
}

/// Of a frequent seed: the places at which its context is that of the read, as far as that leaves any.
fn narrow_by_context(table: &SeedTable<'_>, read: &PreparedRead, query: Query) -> EntryRange {
    let strand = read.strand(query.is_reverse);
    let number = query.seed as usize;
    let context = context(&strand.seeds, number, strand.codes.len());
    let key = table.key(strand.seeds[number].hash, context.second, context.third);
    let mut range = query.range;
    for strobes in 2..=1 + context.sure {
        let narrowed = table.narrow(range, key, strobes);
        if narrowed.len() == 0 {
            break;
        }
        range = narrowed;
        if range.len() <= FREQUENT {
            break;
        }
    }
    range
}

/// Takes the hits of the rarest seeds first, until there are enough.
fn expand(table: &SeedTable<'_>, options: &AlignOptions, scratch: &mut SeedScratch) -> f64 {
    let SeedScratch { queries, hits } = scratch;
    hits.clear();
    let total: u64 = queries.iter().map(|query| u64::from(query.range.len())).sum();
    if total > options.max_hits as u64 {
        queries.sort_unstable_by_key(|query| (query.range.len(), query.is_reverse, query.position));
    }
    let mut cut = 0;
    for query in queries.iter() {
        let n = query.range.len();
        if hits.len() >= options.max_hits {
            cut += 1;
            continue;
        }
        if n <= SAMPLE {
            let entries = query.range.start..query.range.end;
            hits.extend(entries.map(|entry| Hit::new(query.is_reverse, table.place(entry), query.position)));
            continue;
        }
        cut += 1;
        hits.extend((0..SAMPLE).map(|i| {
            let entry = query.range.start + (u64::from(i) * u64::from(n) / u64::from(SAMPLE)) as u32;
            Hit::new(query.is_reverse, table.place(entry), query.position)
        }));
    }
    f64::from(cut) / queries.len().max(1) as f64
}
