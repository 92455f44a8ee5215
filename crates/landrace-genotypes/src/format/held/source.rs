//! What was collected, as a source that knows its files.

use std::sync::Arc;

use landrace_genome::file::Meter;
use landrace_genome::summary::InputDigest;

use crate::matrix::MatrixSource;
use crate::source::{GenotypeError, GenotypeSource, ParseStretch, SourceHeader, Stretch};

/// What was collected, as blocks, with the files it came from.
pub(super) struct HeldSource {
    pub(super) blocks: MatrixSource,
    pub(super) meters: Vec<Meter>,
    pub(super) size: u64,
    pub(super) digests: Vec<InputDigest>,
}

impl GenotypeSource for HeldSource {
    fn header(&self) -> &SourceHeader {
        self.blocks.header()
    }

    fn declare(&mut self, contigs: Vec<String>) {
        self.blocks.declare(contigs);
    }

    fn next_stretch(&mut self) -> Result<Option<Stretch>, GenotypeError> {
        self.blocks.next_stretch()
    }

    fn extent(&self, stretch: &Stretch) -> Option<(String, u64, u64)> {
        self.blocks.extent(stretch)
    }

    fn parser(&self) -> Arc<dyn ParseStretch> {
        self.blocks.parser()
    }

    fn meters(&self) -> Vec<Meter> {
        self.meters.clone()
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn digests(&self) -> Vec<InputDigest> {
        self.digests.clone()
    }
}
