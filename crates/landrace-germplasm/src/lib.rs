//! Gene banks: passports, identity, duplicates, diversity and core collections.

pub mod accession;
pub mod distance;
pub mod names;
pub mod passport;
