//! What is tested: the variants, or the haplotypes of blocks of them.

use std::sync::Arc;

use landrace_genome::summary::{InputDigest, Summary};
use landrace_genotypes::haplotypes::{HaplotypeAccount, HaplotypeBlocks, haplotype_markers};
use landrace_genotypes::{GenotypeError, GenotypeSource, Wanted, format};

use super::Args;
use crate::cli::Session;

/// What is tested, opened.
pub(super) struct TestedSource {
    pub(super) source: Box<dyn GenotypeSource>,
    digests: Vec<InputDigest>,
    account: Option<HaplotypeAccount>,
}

impl Args {
    /// Opens what is tested.
    pub(super) fn open_tested(&self) -> Result<TestedSource, GenotypeError> {
        let open = |wanted| format::open(&self.input.genotypes, self.input.options(wanted));
        let Some(path) = &self.haplotypes else {
            return Ok(TestedSource { source: open(Wanted::default())?, digests: Vec::new(), account: None });
        };
        let blocks = HaplotypeBlocks::read(path)?;
        let mut source = open(Wanted { phase: true, ..Wanted::default() })?;
        let (markers, account) = haplotype_markers(source.as_mut(), &blocks, self.min_maf)?;
        let mut digests = source.digests();
        digests.push(InputDigest::read(path)?);
        Ok(TestedSource { source: Box::new(Arc::new(markers).source()), digests, account: Some(account) })
    }
}

impl TestedSource {
    /// The inputs; complete at the end of the stream.
    pub(super) fn digests(&self) -> Vec<InputDigest> {
        [self.source.digests(), self.digests.clone()].concat()
    }

    /// Says what became of the blocks, if haplotypes are tested.
    pub(super) fn describe(&self, summary: &mut Summary, session: &Session) {
        let Some(account) = self.account else { return };
        summary.count("haplotype_blocks", account.blocks).count("haplotype_markers", account.markers);
        summary.count("haplotype_calls_unphased", account.unphased);
        session.progress.note(&format!(
            "{} haplotypes of {} blocks ({} variants) as markers; calls of a sample in a block left out: {} for want of \
             phase, {} for want of a call",
            account.markers, account.blocks, account.variants, account.unphased, account.missing
        ));
    }
}
