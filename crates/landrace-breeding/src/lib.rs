//! Breeding decisions: marker panels, breeding values, crosses and selection.
