//! From a read's seeds to diagonals: places of the reference at which the read may start.

use crate::index::{EntryRange, Index};
use crate::options::AlignOptions;
use crate::prepared::PreparedRead;
use crate::syncmer::context;

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

/// A seed that occurs in the reference.
#[derive(Clone, Copy)]
struct Found {
    is_reverse: bool,
    position: u32,
    range: EntryRange,
}

/// Buffers of seeding.
#[derive(Default)]
pub(crate) struct SeedScratch {
    found: Vec<Found>,
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
    scratch.found.clear();
    scratch.hits.clear();
    for (is_reverse, strand) in [false, true].into_iter().zip(&read.strands) {
        for (at, seed) in strand.seeds.iter().enumerate() {
            if seed.position >> POSITION_BITS != 0 {
                break;
            }
            let context = context(&strand.seeds, at, strand.codes.len());
            let key = index.key(seed.hash, context.second, context.third);
            let mut range = index.find(key);
            for strobes in 2..=1 + context.sure {
                if range.len() <= FREQUENT {
                    break;
                }
                let narrowed = index.narrow(range, key, strobes);
                if narrowed.len() == 0 {
                    break;
                }
                range = narrowed;
            }
            if range.len() > 0 {
                scratch.found.push(Found { is_reverse, position: seed.position, range });
            }
        }
    }
    let cut = expand(index, options, scratch);
    scratch.hits.sort_unstable();
    cut
}

/// Takes the hits of the rarest seeds first, until there are enough.
fn expand(index: &Index, options: &AlignOptions, scratch: &mut SeedScratch) -> f64 {
    scratch.found.sort_unstable_by_key(|found| (found.range.len(), found.is_reverse, found.position));
    let mut cut = 0;
    for found in &scratch.found {
        let n = found.range.len();
        let room = options.max_hits.saturating_sub(scratch.hits.len());
        if room == 0 {
            cut += 1;
            continue;
        }
        let taken = n.min(SAMPLE);
        cut += usize::from(taken < n);
        for i in 0..taken {
            let entry = found.range.start + (u64::from(i) * u64::from(n) / u64::from(taken)) as u32;
            scratch.hits.push(Hit::new(found.is_reverse, index.place(entry), found.position));
        }
    }
    cut as f64 / scratch.found.len().max(1) as f64
}
