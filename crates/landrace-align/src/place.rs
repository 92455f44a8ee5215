//! The seam between what finds places for reads and what writes them.

use landrace_genome::read::PairBatch;

use crate::aligner::{Aligner, Scratch};
use crate::alignment::FragmentAlignment;
use crate::insert_size::InsertSizeModel;

/// Finds places for reads: the aligner, or whoever repeats alignments made elsewhere.
pub trait PlaceReads: Sync {
    /// What is learnt of a sequencing unit before its reads are placed.
    type Model: Sync;
    /// Buffers of one thread.
    type Scratch: Send;

    /// Makes the buffers of a thread.
    fn scratch(&self) -> Self::Scratch;
    /// Learns from the first reads of a unit.
    fn learn(&self, first: &PairBatch) -> Self::Model;
    /// Places the reads of a batch, in its order.
    fn place(
        &self,
        scratch: &mut Self::Scratch,
        batch: &PairBatch,
        model: &Self::Model,
    ) -> Vec<FragmentAlignment>;
}

impl PlaceReads for Aligner<'_> {
    type Model = InsertSizeModel;
    type Scratch = Scratch;

    fn scratch(&self) -> Scratch {
        Scratch::default()
    }

    fn learn(&self, first: &PairBatch) -> InsertSizeModel {
        self.learn_insert_size(first)
    }

    fn place(
        &self,
        scratch: &mut Scratch,
        batch: &PairBatch,
        model: &InsertSizeModel,
    ) -> Vec<FragmentAlignment> {
        self.align_batch(scratch, batch, model)
    }
}
