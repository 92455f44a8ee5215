//! Imputation by the Li-Stephens model: each haplotype a mosaic of a panel's, or of the other samples'.

mod beam;
mod chain;
mod cohort;
mod cohort_method;
mod donors;
mod draws;
mod gaps;
mod kernel;
mod likelihood;
mod map;
mod method;
mod model;
mod panel;
mod pbwt;
mod reference;
mod rows;
mod sites;
mod tune;
mod window;

pub use cohort::{CohortCalls, CohortSample, impute_cohort};
pub use cohort_method::CohortMethod;
pub use likelihood::Likelihoods;
pub use map::GeneticMap;
pub use method::{HaplotypeOptions, PanelMethod};
pub use model::Rates;
pub use panel::{PanelContig, ReferencePanel};
pub use reference::{Calls, Effort, ImputedSample, Stretch, impute_stretch};
pub use rows::Haplotypes;

#[cfg(test)]
mod tests;
