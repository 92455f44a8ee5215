//! Which variety is this? Queries against a library of varieties, with "none of these" as an answer.
//!
//! Both sides are calls with errors of genotypes that are not seen. For each query and each variety the model gives
//! the likelihood of both profiles under "one genotype" and under relationships of several degrees, against
//! "unrelated" at the genotype frequencies of the library ([`model`]). How near a relative of which variety an absent one
//! is is learnt from the library itself, leaving one sample out at a time, so that a sister line that is not in the
//! library is not named as its sister ([`relatives`]). Missing calls count for nothing.

pub mod answers;
pub mod certificate;
pub mod document;
mod fit;
pub mod join;
mod marker;
mod mixture;
mod model;
pub mod posterior;
pub mod relatives;
pub mod rule;
mod score;
mod screen;
pub mod search;
pub mod table;
#[cfg(test)]
pub(crate) mod tests;

pub use marker::{Genotypes, MISSING, MarkerRow};
pub use model::{RELATIONS, Relation};
pub use search::{Identified, Library, SearchOptions, identify};
