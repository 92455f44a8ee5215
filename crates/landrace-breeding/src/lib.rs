//! Breeding decisions: marker panels, breeding values, crosses and selection.

pub mod markers;
pub mod mixed_model;
pub mod phenotype;
pub mod predict;
