//! Gene banks: passports, identity, duplicates, diversity and core collections.

pub mod binomial;
pub mod distance;
pub mod parentage;
pub mod purity;
