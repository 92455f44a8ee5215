//! Genomic prediction.

pub mod bayes;
pub mod coded;
pub mod large;
