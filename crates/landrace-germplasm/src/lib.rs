//! Gene banks: passports, identity, duplicates, diversity and core collections.

pub mod accession;
pub mod core_collection;
pub mod distance;
