//! Haplotype blocks: stretches of a contig within which the variants hang together.

use std::collections::{BTreeMap, HashSet};
use std::io::Write;
use std::sync::Arc;

use rayon::prelude::*;

use crate::block::GenotypeBlock;
use crate::ld::band::{Batch, Passed, Place, Prepared, Reach, scan};
use crate::ld::haplotype::HaplotypeFrequencies;
use crate::ld::rows::Rows;
use crate::source::{GenotypeError, GenotypeSource};

mod interval;
mod rule;

pub use interval::PairClass;
pub use rule::{write_bed, write_table};

/// What makes a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockRule {
    /// Confidence intervals of D′ (Gabriel and others 2002), as Haploview and PLINK 1.9 read it.
    Gabriel,
    /// No pair of variants shows all four gametes (Wang and others 2002), each at a share of 1% or more.
    FourGametes,
    /// The first and the last variant are in strong disequilibrium (D′ of 0.8 or more) with all between them.
    Spine,
}

/// How blocks are looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlockOptions {
    /// The rule.
    pub rule: BlockRule,
    /// Bases from a block's first to its last variant at most.
    pub within: u64,
    /// Whether blocks of two and three variants may span more than 20 and 30 kb (for [`BlockRule::Gabriel`]).
    pub small_spans: bool,
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HaplotypeBlock {
    /// The contig.
    pub contig: Arc<str>,
    /// Position of the first variant.
    pub from: u64,
    /// Position of the last.
    pub to: u64,
    /// Names of its variants.
    pub variants: Vec<Box<str>>,
    /// Different haplotypes that the samples show whose calls say them without doubt: homozygous at all of its
    /// variants, or heterozygous at one.
    pub haplotypes: u64,
    /// Samples that these were counted in.
    pub samples: u64,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct BlockReport {
    /// The blocks, in order.
    pub blocks: Vec<HaplotypeBlock>,
    /// Variants.
    pub passed: Passed,
}

/// Finds the blocks of a source. A contig is held in memory while it is worked on.
///
/// # Errors
/// Returns the errors of the source and of `prepare`.
pub fn find_blocks(
    source: &mut dyn GenotypeSource,
    options: &BlockOptions,
    prepare: impl Fn(&GenotypeBlock) -> Result<Prepared<Rows>, GenotypeError> + Sync,
) -> Result<BlockReport, GenotypeError> {
    let reach = Reach { bases: Some(options.within), ..Reach::default() };
    let mut report = BlockReport::default();
    let mut contig = rule::ContigBlocks::default();
    let passed = scan(source, reach, prepare, &mut |batch| {
        contig.add(batch, options);
        if batch.is_end {
            report.blocks.extend(std::mem::take(&mut contig).finish(options));
        }
        Ok(())
    })?;
    report.passed = passed;
    Ok(report)
}
