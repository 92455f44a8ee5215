//! Marker panels: a given number of markers that serve the whole genome best.
//!
//! A panel S is worth
//!
//! ```text
//! f(S) = (1 − b) · mean over candidates v of  max over s in S of  q(s) · r²(s, v)
//!      +      b  · mean over bases g      of  max over s in S of  q(s) · max(0, 1 − |s − g| / reach)
//! ```
//!
//! where q(s) is the marker's quality (its call rate × its informativeness, 2pq as a share of the most that two
//! alleles can have), r² counts within a window and from a threshold on, `reach` is the spacing that an even
//! panel would have, and b is the balance. Both parts are of the facility-location kind, hence monotone and
//! submodular: the greedy choice reaches at least 1 − 1/e of the best panel's worth (Nemhauser, Wolsey and
//! Fisher 1978), and at least a third of it under a least spacing, where each marker chosen shuts out at most
//! two others of any panel (Jenkyns 1976). It is found lazily (Minoux 1978). The greedy order is the rank: the
//! first m markers of a panel are themselves a good panel of m. Ties go to the first in genome order.

mod candidate;
mod genotypes;
mod linkage;
mod panel;
mod select;
mod summary;
mod worth;
mod write;

pub use candidate::{Candidate, Candidates};
pub use genotypes::{Eligibility, ReadError, Sifted, read_candidates};
pub use linkage::{Linkage, Tag};
pub use panel::{Choice, Panel, Purpose};
pub use select::select;
pub use summary::panel_tables;
pub use write::{write_bed, write_panel};

/// What to choose.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelRequest {
    /// Number of markers wanted.
    pub count: usize,
    /// Least distance in bases between two markers of a contig.
    pub spacing: u64,
    /// Share of the worth that even coverage of the genome has; the rest is tagging.
    pub balance: f64,
    /// Candidates that must be in the panel, by index.
    pub included: Vec<usize>,
    /// Candidates that must not be in it, by index.
    pub excluded: Vec<usize>,
}

impl Default for PanelRequest {
    fn default() -> Self {
        Self { count: 1000, spacing: 0, balance: 0.5, included: Vec::new(), excluded: Vec::new() }
    }
}

/// What can be wrong with a request for markers.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MarkerError {
    /// Nothing asked for.
    #[error("a panel of 0 markers was asked for; ask for 1 or more")]
    NoCount,
    /// Nothing to choose from.
    #[error(
        "no variant can be a marker: each lacks a position, calls or a second allele; loosen the filters before"
    )]
    NoCandidates,
    /// The balance is out of range.
    #[error("the balance must lie between 0 (tagging alone) and 1 (even coverage alone)")]
    BadBalance,
    /// A marker of a list that is not among the candidates.
    #[error(
        "marker '{name}' of the {list} list is not among the candidates; write its ID or CONTIG:POSITION{hint}"
    )]
    Unknown {
        /// The marker as written.
        name: String,
        /// Which list it is in.
        list: &'static str,
        /// The nearest name there is, as the end of a sentence.
        hint: String,
    },
    /// A marker that is both asked for and forbidden.
    #[error("marker '{0}' is both included and excluded; take it off one of the lists")]
    Both(String),
    /// More markers are forced than asked for.
    #[error(
        "{forced} markers are to be included but the panel holds {count}; raise the count or shorten the list"
    )]
    TooManyIncluded {
        /// Markers forced.
        forced: usize,
        /// Markers asked for.
        count: usize,
    },
}

#[cfg(test)]
mod tests;
