//! Genotypes as blocks: a run of variants of one contig × all samples, at any ploidy, from the field's formats.
//!
//! A [`GenotypeSource`] yields [`GenotypeBlock`]s from files or from memory; statistics fold over them, so that
//! files larger than memory work. Calls are bit planes ([`plane`]); counts are popcounts ([`kernel`]).

pub mod batches;
pub mod block;
pub mod cells;
pub mod compare;
pub mod digits;
pub mod dosage;
pub mod filter;
pub mod format;
mod gram;
pub mod haplotypes;
pub mod hwe;
pub mod impute;
pub mod kernel;
pub mod ld;
pub mod matrix;
pub mod mendel;
pub mod paralogs;
pub mod pca;
pub mod pedigree;
pub mod plane;
pub mod relationship;
pub mod replicates;
pub mod sample_table;
pub mod significance;
pub mod source;
pub mod stats;
pub mod tally;

pub use block::{CallGroup, Filters, GenotypeBlock, Layers, Site, SiteCounts, layer::Wanted};
pub use matrix::GenotypeMatrix;
pub use source::{GenotypeError, GenotypeSource, SourceHeader, Stretch, for_each_block};
