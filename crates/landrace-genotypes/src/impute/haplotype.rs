//! Imputation by the Li-Stephens model: each haplotype a mosaic of a panel's, or of the other samples'.

mod beam;
mod chain;
mod gaps;
mod kernel;
mod model;
mod reference;
mod rows;

pub use model::Rates;
pub use reference::{Effort, ImputedSample, Stretch, impute_diploids};
pub use rows::Haplotypes;
