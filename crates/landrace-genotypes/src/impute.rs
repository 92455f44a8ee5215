//! Imputation.

pub mod haplotype;
