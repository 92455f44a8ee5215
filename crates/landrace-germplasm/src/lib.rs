//! Gene banks: passports, identity, duplicates, diversity and core collections.

pub mod distance;
pub mod identity;
