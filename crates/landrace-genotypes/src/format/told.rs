//! A source with one line that says what it was read as.

use std::path::Path;
use std::sync::Arc;

use landrace_genome::file::Meter;
use landrace_genome::summary::InputDigest;

use crate::source::{GenotypeError, GenotypeSource, ParseStretch, SourceHeader, Stretch};

/// A source whose header notes are one line: file, format, samples, and what was taken for granted.
pub(super) struct Told {
    source: Box<dyn GenotypeSource>,
    header: SourceHeader,
}

impl Told {
    /// Joins the source's notes; `container` says what it was taken out of.
    pub(super) fn new(source: Box<dyn GenotypeSource>, path: &Path, container: Vec<String>) -> Self {
        let mut header = source.header().clone();
        let samples = header.samples.len();
        let plural = if samples == 1 { "" } else { "s" };
        let mut line = format!("{}: read as {}, {samples} sample{plural}", path.display(), header.format);
        for note in container.iter().chain(&header.notes) {
            line.push_str("; ");
            line.push_str(note);
        }
        header.notes = vec![line];
        Self { source, header }
    }
}

impl GenotypeSource for Told {
    fn header(&self) -> &SourceHeader {
        &self.header
    }

    fn declare(&mut self, contigs: Vec<String>) {
        self.header.declare(contigs.clone());
        self.source.declare(contigs);
    }

    fn next_stretch(&mut self) -> Result<Option<Stretch>, GenotypeError> {
        self.source.next_stretch()
    }

    fn extent(&self, stretch: &Stretch) -> Option<(String, u64, u64)> {
        self.source.extent(stretch)
    }

    fn parser(&self) -> Arc<dyn ParseStretch> {
        self.source.parser()
    }

    fn meters(&self) -> Vec<Meter> {
        self.source.meters()
    }

    fn size(&self) -> u64 {
        self.source.size()
    }

    fn digests(&self) -> Vec<InputDigest> {
        self.source.digests()
    }
}
