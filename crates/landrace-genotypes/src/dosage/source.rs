//! A source whose calls come from its read counts.

use std::sync::Arc;

use landrace_genome::file::Meter;
use landrace_genome::summary::InputDigest;

use super::{CalledCounts, call_counts};
use crate::block::GenotypeBlock;
use crate::block::layer::Wanted;
use crate::source::{GenotypeError, GenotypeSource, ParseStretch, SourceHeader, Stretch};

/// INFO definitions of what the model finds of each variant.
pub const INFO_LINES: [&str; 4] = [
    "##INFO=<ID=BIAS,Number=1,Type=Float,Description=\"Allele bias: below 1 the reference is read more often\">",
    "##INFO=<ID=OVERDISPERSION,Number=1,Type=Float,Description=\"Correlation of two reads of a sample\">",
    "##INFO=<ID=SEQERROR,Number=1,Type=Float,Description=\"Sequencing error\">",
    "##INFO=<ID=WRONG,Number=1,Type=Float,Description=\"Share of the calls that is expected to be wrong\">",
];

/// Calls the genotypes of another source from its layer of allele depths, block by block.
pub struct CalledSource {
    source: Box<dyn GenotypeSource>,
    header: SourceHeader,
    options: CalledCounts,
    /// Files that were read beside the source's own.
    digests: Vec<InputDigest>,
}

struct CalledParser {
    inner: Arc<dyn ParseStretch>,
    options: CalledCounts,
}

impl ParseStretch for CalledParser {
    fn blocks(&self, stretch: Stretch) -> Result<Vec<GenotypeBlock>, GenotypeError> {
        let blocks = self.inner.blocks(stretch)?;
        Ok(blocks.iter().flat_map(|block| call_counts(block, self.options)).collect())
    }
}

impl CalledSource {
    /// Wraps a source whose blocks carry allele depths.
    pub fn new(source: Box<dyn GenotypeSource>, options: CalledCounts) -> Self {
        let mut header = source.header().clone();
        header.layers = Wanted {
            depth: true,
            genotype_quality: true,
            allele_depths: true,
            dosage: true,
            probabilities: true,
            ..Wanted::default()
        };
        header.info.extend(INFO_LINES.map(str::to_owned));
        let ploidy = options.ploidy.map_or_else(String::new, |ploidy| format!(" at ploidy {ploidy}"));
        header.notes.push(format!("dosages called from reads{ploidy}, {}", options.prior.text()));
        Self { source, header, options, digests: Vec::new() }
    }

    /// Names another file that was read for the source.
    pub fn beside(mut self, digest: InputDigest) -> Self {
        self.digests.push(digest);
        self
    }
}

impl GenotypeSource for CalledSource {
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
        Arc::new(CalledParser { inner: self.source.parser(), options: self.options })
    }

    fn meters(&self) -> Vec<Meter> {
        self.source.meters()
    }

    fn size(&self) -> u64 {
        self.source.size()
    }

    fn digests(&self) -> Vec<InputDigest> {
        self.source.digests().into_iter().chain(self.digests.iter().cloned()).collect()
    }
}
