//! Gene banks: passports, identity, duplicates, diversity and core collections.

pub mod accession;
pub mod binomial;
pub mod brapi;
pub mod core_collection;
pub mod distance;
pub mod diversity;
pub mod duplicates;
pub mod fingerprint;
pub mod hybrid;
pub mod identity;
pub mod names;
pub mod parentage;
pub mod passport;
pub mod purity;
pub mod roh;
pub mod same;
pub mod structure;
pub mod tree;
