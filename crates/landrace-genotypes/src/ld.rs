//! Linkage disequilibrium: pairs of variants, its decay with distance, blocks, and pruning.
//!
//! Everything streams: a ring holds the variants inside the window, so that memory depends on the window and the
//! number of samples, not on the number of variants. Sums over pairs are exact integers from popcounts
//! ([`rows::Rows`]); missing calls are masked, never filled in.

pub mod band;
pub mod blocks;
pub mod correct;
pub mod decay;
pub mod haplotype;
pub mod hill_weir;
pub mod kernel;
pub mod matrix;
pub mod pairs;
pub mod prune;
pub mod rows;
