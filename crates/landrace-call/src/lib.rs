//! Alignments of a cohort in, variants with genotype likelihoods at any ploidy out.
//!
//! A [`Cohort`] is opened from BAM files; [`call`](call::call) walks the genome in tiles whose borders depend on
//! the reference's coordinates and the reads alone, so that a genome called whole or by regions gives the same
//! records. Each tile is a pure function of its reads: evidence → active regions → candidate haplotypes →
//! likelihoods → genotypes.

pub mod alignment_file;
pub mod bed;
pub mod call;
pub mod cohort;
mod error;
mod event;
mod evidence;
mod filter;
mod frequency;
pub mod genotype;
mod haplotype;
mod header;
mod options;
mod overlap;
mod pair_hmm;
mod read;
mod record;
mod region_set;
mod repeat;
mod site;
mod stream;
pub mod summary;
pub mod tally;
mod tile;

pub use call::{CallPlan, Called, call};
pub use cohort::{Cohort, Sources};
pub use error::CallError;
pub use options::{CallOptions, GenotypePrior};
