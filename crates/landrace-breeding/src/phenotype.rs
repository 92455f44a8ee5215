//! Phenotypes: tables of traits as breeders keep them, joined to the samples of the genotypes by name.
//!
//! A [`PhenotypeTable`] is wide (a column a trait) or long (a row a value, with columns `trait` and `value`), with the
//! header of a spreadsheet, of TASSEL, GAPIT, PLINK or GEMMA. [`PhenotypeTable::join`] finds the samples of the
//! genotypes in it, [`PhenotypeTable::trait_values`] gives one value a name, [`Covariates`] numbers and factors as
//! columns, and [`AnalysisSet`] the samples that have all of it.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

mod covariates;
mod environments;
mod header;
mod join;
mod labels;
mod plots;
mod role;
mod sample_cells;
mod set;
mod table;
#[cfg(test)]
mod tests;
mod trait_values;

pub use covariates::{Covariates, Design};
pub use join::Join;
pub use plots::{Factor, Plots};
pub use set::AnalysisSet;
pub use table::{PhenotypeTable, ReadOptions};
pub use trait_values::{ALL_ENVIRONMENTS, Trait, TraitName};
