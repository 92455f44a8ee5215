//! Who the parents are: Mendelian counts, likelihood ratios and simulated confidence, and whether declared parents fit.
//!
//! A candidate's likelihood ratio (LOD, natural logarithm) is that of Marshall et al. (1998): the offspring's
//! genotype given this parent, against an unrelated individual, where a stated share of the calls is wrong; an unknown other
//! parent is integrated over the allele frequencies. Single parents, pairs and nobody are weighed together, with the
//! share of true parents among the candidates, which the data tell by expectation and maximisation. How much the
//! odds are worth is simulated: offspring of the real candidates, with the real missing calls, some of whose parents
//! are left out of the list while their relatives stay in it.

use landrace_genotypes::GenotypeError;
use landrace_genotypes::mendel::{MendelCounts, MendelRows};

mod assign;
mod confidence;
mod inherit;
mod panel;
pub mod pedigree;
pub mod reads;
mod score;
pub mod study;
mod verify;
pub mod write;

pub use assign::{Assignments, assign};
pub use confidence::{Calibration, Level};
pub use panel::{Panel, read_panel};
use pedigree::{Birth, Sex};

/// Father and mother, or first and second parent.
pub const ROLES: usize = 2;

/// What is taken for granted, and what is asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Share of the calls that are wrong; a wrong call is any other genotype, all alike.
    pub error: f64,
    /// Shares of true fathers and mothers among the candidates; `None` to estimate them.
    pub sampled: [Option<f64>; ROLES],
    /// Confidence of an assignment, and of a probable one.
    pub levels: [f64; 2],
    /// Offspring that are simulated.
    pub simulations: usize,
    /// Where the random draws start.
    pub seed: u64,
    /// Markers that must be there for a comparison.
    pub min_markers: u32,
    /// Share of mismatches that a declared parent, and a pair of parents, may have at least.
    pub max_mismatch: [f64; 2],
    /// Chance that an offspring is a self of one plant; 0 where that cannot be.
    pub selfing: f64,
    /// Selfings between the cross and the offspring, for lines of diploids.
    pub selfings: f64,
    /// Years that a parent is older than its offspring, at least.
    pub min_age: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            error: 0.01,
            sampled: [None; ROLES],
            levels: [0.99, 0.95],
            simulations: 5000,
            seed: 1,
            min_markers: 10,
            max_mismatch: [0.02, 0.05],
            selfing: 0.0,
            selfings: 0.0,
            min_age: 0.0,
        }
    }
}

/// An individual that may be a parent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// Its index among the samples of the genotypes.
    pub sample: usize,
    /// Its sex, if known.
    pub sex: Option<Sex>,
    /// Its birth, if known.
    pub birth: Option<Birth>,
    /// Its group of candidates.
    pub group: Option<String>,
    /// Whether it is looked at for all offspring; else it is only somebody's declared parent.
    pub is_offered: bool,
}

/// A declared parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// A candidate, by index.
    Candidate(u32),
    /// One without genotypes.
    WithoutGenotypes(String),
}

/// An individual whose parents are asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Offspring {
    /// Its name.
    pub name: String,
    /// Its index among the samples of the genotypes.
    pub sample: usize,
    /// Its birth, if known.
    pub birth: Option<Birth>,
    /// The declared father and mother.
    pub given: [Option<Given>; ROLES],
    /// The groups that they are looked for in.
    pub wanted_groups: [Option<String>; ROLES],
}

/// Who is to be compared with whom.
#[derive(Clone, Debug, Default)]
pub struct Study {
    /// The offspring.
    pub offspring: Vec<Offspring>,
    /// The candidates.
    pub candidates: Vec<Candidate>,
    /// Whether fathers and mothers are told apart; else both parents come from one pool.
    pub has_sexes: bool,
}

/// Genotypes of a study: offspring and candidates at the markers used.
#[derive(Clone, Debug, Default)]
pub struct Genotypes {
    /// Of the offspring, in the study's order.
    pub offspring: MendelRows,
    /// Of the candidates.
    pub candidates: MendelRows,
    /// Frequency of the counted allele at each marker.
    pub frequencies: Vec<f64>,
}

/// What the genotypes say of a declared parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No more mismatches than errors make, and likelier than somebody unrelated.
    Confirmed,
    /// No more mismatches than errors make, but less likely than somebody unrelated.
    Unlikely,
    /// More mismatches than errors make.
    Excluded,
    /// Too few markers, or no genotypes.
    NotTestable,
}

impl Verdict {
    /// The word in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Unlikely => "unlikely",
            Self::Excluded => "excluded",
            Self::NotTestable => "not_testable",
        }
    }
}

/// What was found for a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The declared parent fits and was kept.
    Confirmed,
    /// A candidate, at the stricter confidence.
    Assigned,
    /// A candidate, at the laxer confidence.
    Probable,
    /// Two candidates of one genotype, one of whom is the parent.
    Tie,
    /// Candidates fit, none at a confidence asked for.
    Unresolved,
    /// No candidate fits.
    Nobody,
    /// Too few markers.
    NotTestable,
    /// There are no candidates.
    NoCandidates,
}

impl Status {
    /// All, in the order of reports.
    pub const ALL: [Self; 8] = [
        Self::Confirmed,
        Self::Assigned,
        Self::Probable,
        Self::Tie,
        Self::Unresolved,
        Self::Nobody,
        Self::NotTestable,
        Self::NoCandidates,
    ];

    /// The word in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Assigned => "assigned",
            Self::Probable => "probable",
            Self::Tie => "tie",
            Self::Unresolved => "unresolved",
            Self::Nobody => "nobody",
            Self::NotTestable => "not_testable",
            Self::NoCandidates => "no_candidates",
        }
    }

    /// Whether a parent is named.
    pub fn is_named(self) -> bool {
        matches!(self, Self::Confirmed | Self::Assigned | Self::Probable)
    }
}

/// A candidate beside an offspring.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Match {
    /// The candidate.
    pub candidate: u32,
    /// Mendelian counts.
    pub counts: MendelCounts,
    /// Natural logarithm of the likelihood ratio, the other parent unknown.
    pub lod: f64,
}

/// What was found of one role of one offspring.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The declared parent's verdict and match, where one was declared.
    pub given: Option<(Verdict, Option<Match>)>,
    /// What was found.
    pub status: Status,
    /// The likeliest candidate, and the next.
    pub best: Option<Match>,
    /// The candidate after that.
    pub second: Option<Match>,
    /// Natural logarithm of the weight of the best over that of the next, the other parent taken into account.
    pub delta: Option<f64>,
    /// Simulated chance that the best is the parent.
    pub confidence: Option<f64>,
    /// Eligible candidates.
    pub eligible: usize,
}

/// What was found of an offspring.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Markers with a call.
    pub called: u32,
    /// Father and mother.
    pub roles: [Finding; ROLES],
    /// Counts and likelihood ratio of both together, where both have a best candidate that is not contradicted.
    pub pair: Option<(MendelCounts, f64)>,
    /// Whether both declared parents fit together, where both fit alone.
    pub given_pair: Option<(Verdict, MendelCounts)>,
}

fn request(message: String) -> GenotypeError {
    GenotypeError::Request(message)
}

#[cfg(test)]
pub(crate) mod tests;
