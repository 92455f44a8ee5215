//! Association of markers with traits.
//!
//! Markers are read block by block, turned into columns of numbers ([`Coding`]), and tested against traits of a set of
//! samples ([`Frame`]): in the directions of the relationship's eigenvectors, so that each test is a few sums over the
//! samples. Three tests share that way:
//!
//! - exact: λ = σg²/σe² is found anew for each marker, by restricted likelihood (Wald's test) and by full likelihood
//!   (likelihood ratio), as GEMMA does (Zhou and Stephens 2012), with the score test at the λ without markers;
//! - P3D (EMMAX; Kang et al. 2010, Zhang et al. 2010): λ stays that of the model without markers;
//! - GLM: no relationship.
//!
//! For many samples [`Frames::fit_streamed`] does P3D without a relationship matrix.
//!
//! BLINK, FarmCPU and MLMM take markers into the model first ([`multi_locus()`]).
//!
//! Traits of two values have logistic models and a score test with a saddle-point tail (module `logistic`).
//!
//! Several traits, or a trait in several environments, are tested together in one model (module `joint`).
//!
//! With a [`GeneAction`] other than the additive one a marker may have several columns, tested together.
//!
//! Missing calls count as the mean of the marker among the samples of the trait. Memory: the eigenvectors (8 bytes a pair
//! of samples, twice), some 3 × 256 markers × 8 bytes a sample and thread, and 16 bytes a marker and trait for pictures
//! and thresholds. Results do not depend on the number of threads.

mod action;
mod coding;
mod effective;
mod exact;
mod frame;
mod joint;
mod loco;
mod logistic;
mod marker_test;
mod multi_locus;
mod permute;
mod points;
mod region;
mod scan;
mod significant;
mod streamed;
mod write;

pub use action::GeneAction;
pub use coding::{Additive, Calls, Coded, Coding, Marker, MarkerAccount, MarkerFilter};
pub use effective::{EffectiveTests, effective_tests};
pub use exact::Search;
pub use frame::{Frame, FrameData, TraitData};
pub use joint::{FREE, JointError, JointModel, JointTest, Refit};
pub use loco::{GroupData, Kinships};
pub use logistic::{LogisticError, NotTwo, TwoValues};
pub use marker_test::{Components, MarkerTest};
pub use multi_locus::{
    Chosen, End, MultiLocus, Open, Search as MultiLocusSearch, SearchError, gate, multi_locus,
};
pub use permute::permuted_minima;
pub use points::Association;
pub use region::{Around, Neighbour, range_around, regions};
pub use scan::{Frames, Group, ScanAccount, Scanned, Tested, scan};
pub use significant::{Genomewide, Hit, Results};
pub use write::{class_effects, header, header_of_joint, header_of_two_valued, push_joint_row, push_row};

/// How markers are tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Mixed model, λ by marker.
    Exact,
    /// Mixed model, λ of the model without markers.
    P3d,
    /// Linear model without relationship.
    Glm,
    /// Linear model with pseudo-QTN by BLINK's choice.
    Blink,
    /// Linear model with pseudo-QTN by FarmCPU's choice.
    FarmCpu,
    /// Mixed model with pseudo-QTN by BLINK's choice.
    Mlmm,
    /// Mixed model of many samples, λ of the model without markers, no relationship matrix.
    Streamed,
}

impl Method {
    /// All methods, the default first.
    pub const ALL: [Self; 7] =
        [Self::Exact, Self::P3d, Self::Glm, Self::Blink, Self::FarmCpu, Self::Mlmm, Self::Streamed];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::P3d => "p3d",
            Self::Glm => "glm",
            Self::Blink => "blink",
            Self::FarmCpu => "farmcpu",
            Self::Mlmm => "mlmm",
            Self::Streamed => "streamed",
        }
    }

    /// Whether markers are tested beside others that were chosen.
    pub fn is_multi_locus(self) -> bool {
        matches!(self, Self::Blink | Self::FarmCpu | Self::Mlmm)
    }

    /// Whether a relationship is part of the model.
    pub fn has_relationship(self) -> bool {
        matches!(self, Self::Exact | Self::P3d | Self::Mlmm)
    }

    /// The method of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// What is fitted, for people.
    pub fn description(self) -> &'static str {
        match self {
            Self::Exact => {
                "exact linear mixed model: variance ratio by REML and ML for each marker; Wald (p_wald), likelihood \
                 ratio (p_lrt) and score test (p_score)"
            }
            Self::P3d => {
                "linear mixed model with the variance ratio of the model without markers (P3D, EMMAX); Wald test"
            }
            Self::Glm => "linear model without relationship; t test",
            Self::Blink => {
                "linear model with markers as pseudo-QTN, chosen by correlation and the Bayesian information criterion \
                 (BLINK); t test beside the pseudo-QTN that the marker does not stand for"
            }
            Self::FarmCpu => {
                "linear model with markers as pseudo-QTN, chosen as a random effect by restricted likelihood (FarmCPU); \
                 t test beside the pseudo-QTN that the marker does not stand for"
            }
            Self::Mlmm => {
                "linear mixed model with markers as pseudo-QTN, chosen as BLINK does, and the variance ratio beside them \
                 (MLMM); Wald test beside the pseudo-QTN that the marker does not stand for"
            }
            Self::Streamed => {
                "linear mixed model of many samples, without a relationship matrix: the variance ratio of the model without \
                 markers, standard errors exact along the largest components and calibrated beside them; Wald test"
            }
        }
    }
}
