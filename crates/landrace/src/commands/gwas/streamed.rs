//! Many samples: no relationship matrix.

use landrace_breeding::gwas::{Frames, GroupData, Method};
use landrace_breeding::predict::coded::CodedCalls;
use landrace_breeding::predict::large::Options;
use landrace_genotypes::{GenotypeError, Wanted, for_each_block};

use super::Args;

impl Args {
    fn is_streamed(&self) -> bool {
        self.method() == Method::Streamed
    }

    /// Refuses what the method has no answer to.
    pub(super) fn check_streamed(&self) -> anyhow::Result<()> {
        if !self.is_streamed() {
            return Ok(());
        }
        if self.model.is_loco() || self.model.has_given() || self.model.is_by_other_method() {
            anyhow::bail!(
                "--method streamed takes VanRaden's first relationship of all markers and never forms it, so --loco, \
                 --relationship and --relationship-method do not go with it; leave them out, or use --method exact or p3d"
            );
        }
        if self.action().has_classes() {
            anyhow::bail!(
                "--gene-action {}: --method streamed tests one column a marker; choose additive or a dominant action, or \
                 use --method exact or p3d",
                self.gene_action
            );
        }
        if !self.threshold.is_bonferroni() {
            anyhow::bail!(
                "--method streamed: the thresholds 'effective' and 'permutation' need a relationship matrix; use \
                --threshold bonferroni"
            );
        }
        Ok(())
    }

    /// The calls of all samples, if they are wanted: two bits each of diploids.
    pub(super) fn streamed_calls(&self) -> anyhow::Result<Option<CodedCalls>> {
        if !self.is_streamed() {
            return Ok(None);
        }
        let mut source = self.input.open(Wanted::default())?;
        let mut calls = CodedCalls::new(source.header().samples.len());
        for_each_block(source.as_mut(), Ok, |block| calls.push(block))?;
        if calls.variants().is_empty() {
            anyhow::bail!("no variant varies among the samples; filter less");
        }
        Ok(Some(calls))
    }
}

/// Fits the models of a group's traits.
pub(super) fn fit(calls: &CodedCalls, data: &GroupData<'_>) -> Result<Frames, (String, GenotypeError)> {
    Frames::fit_streamed(calls, data, &Options::default())
}
