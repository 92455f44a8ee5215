//! Scoring a read at a place, in tiers: without gaps by comparing packed words; with one gap between two
//! diagonals that both have seeds; by banded dynamic programming.

pub(crate) mod banded;
pub(crate) mod cigar;
pub(crate) mod one_gap;
pub(crate) mod ungapped;
pub(crate) mod wavefront;

#[cfg(test)]
mod tests;
