//! What the user may set, with BWA-MEM's defaults, so that scores compare.

/// Costs of an alignment; penalties are positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scoring {
    /// Two equal bases.
    pub matched: i32,
    /// Two different bases.
    pub mismatch: i32,
    /// A base against an unknown one.
    pub unknown: i32,
    /// A gap, beside its bases.
    pub gap_open: i32,
    /// Each base of a gap.
    pub gap_extend: i32,
    /// Leaving out bases at an end of the read.
    pub clip: i32,
}

impl Default for Scoring {
    fn default() -> Self {
        Self { matched: 1, mismatch: 4, unknown: 1, gap_open: 6, gap_extend: 1, clip: 5 }
    }
}

/// How reads are aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlignOptions {
    /// Costs.
    pub scoring: Scoring,
    /// Lowest score of an alignment that is reported.
    pub min_score: i32,
    /// What a pair loses if its mates do not lie as the library tells.
    pub unpaired_penalty: i32,
    /// Longest insertion or deletion looked for within a read, in bases.
    pub max_gap: u32,
    /// Places of a read that are scored at most.
    pub max_candidates: usize,
    /// Seed hits of a read that are looked at before rarer context is asked for.
    pub max_hits: usize,
    /// Places of a read for which the mate is searched nearby.
    pub max_rescues: usize,
}

impl Default for AlignOptions {
    fn default() -> Self {
        Self {
            scoring: Scoring::default(),
            min_score: 30,
            unpaired_penalty: 17,
            max_gap: 100,
            max_candidates: 512,
            max_hits: 4096,
            max_rescues: 8,
        }
    }
}
