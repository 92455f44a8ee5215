//! Breeding decisions: marker panels, breeding values, crosses and selection.

pub mod gwas;
pub mod markers;
mod minimise;
pub mod mixed_model;
pub mod multi_trait;
pub mod phenotype;
pub mod predict;
pub mod single_step;
pub mod stage_one;
