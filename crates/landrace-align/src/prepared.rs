//! A read made ready: codes, packed words and seeds of both strands.

use crate::packed::{self, UNKNOWN};
use crate::syncmer::{Syncmer, SyncmerScratch, syncmers};

/// One strand of a read.
#[derive(Default)]
pub(crate) struct Strand {
    /// Codes 0 to 4.
    pub(crate) codes: Vec<u8>,
    /// Packed bases.
    pub(crate) words: Vec<u64>,
    /// A bit for each unknown base.
    pub(crate) unknown: Vec<u64>,
    /// Seeds.
    pub(crate) seeds: Vec<Syncmer>,
}

/// Both strands of a read.
#[derive(Default)]
pub(crate) struct PreparedRead {
    /// The read, then its reverse complement.
    pub(crate) strands: [Strand; 2],
    syncmers: SyncmerScratch,
}

impl PreparedRead {
    /// Number of bases.
    pub(crate) fn len(&self) -> usize {
        self.strands[0].codes.len()
    }

    /// The strand that is aligned.
    pub(crate) fn strand(&self, is_reverse: bool) -> &Strand {
        &self.strands[usize::from(is_reverse)]
    }

    /// Replaces the read.
    pub(crate) fn set(&mut self, bases: &[u8]) {
        let [forward, reverse] = &mut self.strands;
        forward.codes.clear();
        forward.codes.extend(bases.iter().map(|&base| packed::code(base)));
        reverse.codes.clear();
        reverse.codes.extend(forward.codes.iter().rev().map(|&code| packed::complement(code)));
        let has_unknown = forward.codes.contains(&UNKNOWN);
        for strand in [&mut *forward, &mut *reverse] {
            packed::pack(&strand.codes, &mut strand.words);
            if has_unknown {
                packed::pack_unknown(&strand.codes, &mut strand.unknown);
            } else {
                strand.unknown.clear();
                strand.unknown.resize(strand.words.len(), 0);
            }
        }
        syncmers(&forward.codes, &mut self.syncmers, &mut forward.seeds, Some(&mut reverse.seeds));
    }
}
