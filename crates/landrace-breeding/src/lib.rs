//! Breeding decisions: marker panels, breeding values, crosses and selection.

pub mod markers;
pub mod predict;
