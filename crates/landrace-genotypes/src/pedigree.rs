//! Pedigrees: read, checked, sorted; inbreeding, the relationship matrix A, parts of it and its inverse, at any even
//! ploidy.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use landrace_genome::nearest::hint;
use landrace_genome::summary::InputDigest;

mod check;
pub mod conflicts;
pub mod history;
pub mod individual;
mod inverse;
mod kinship;
mod order;
mod problem;
mod read;
mod write;

pub use check::{Checked, Rules, check};
pub use individual::{Birth, Sex};
pub use inverse::SparseSymmetric;
pub use kinship::{Inheritance, Kinship};
pub use problem::{Kind, Problem, Severity, write_problems};
pub use read::{Records, Role};
pub use write::{write_inbreeding, write_inverse, write_pedigree};

use crate::source::GenotypeError;

/// Stands for a parent that is not known.
pub const UNKNOWN: u32 = u32::MAX;

/// A pedigree without loops, ancestors before descendants.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pedigree {
    /// Names of the individuals.
    pub names: Arc<[String]>,
    /// Sire and dam of each, by number in this order, or [`UNKNOWN`]. A parent stands before its offspring.
    pub parents: Vec<[u32; 2]>,
    /// Their sexes.
    pub sexes: Vec<Option<Sex>>,
    /// Their births.
    pub births: Vec<Option<Birth>>,
    /// Line of each in the file, from 1; 0 for parents without a row.
    pub lines: Vec<u64>,
}

/// A pedigree that was read, with what is worth telling of it.
#[derive(Clone, Debug)]
pub struct PedigreeFile {
    /// The pedigree.
    pub pedigree: Pedigree,
    /// What is wrong with it, by line.
    pub problems: Vec<Problem>,
    /// What was taken for granted in reading, one line each.
    pub notes: Vec<String>,
    /// The file by name and content.
    pub digest: InputDigest,
}

impl Pedigree {
    /// Reads, checks and sorts a pedigree that has to be sound: as other commands take it.
    ///
    /// # Errors
    /// Returns an error that names the file, the line and the remedy if it cannot be read or has errors.
    pub fn read(path: &Path, rules: Rules) -> Result<PedigreeFile, GenotypeError> {
        let records = Records::read(path, &[])?;
        let (notes, digest) = (records.notes.clone(), records.digest.clone());
        let checked = check(records, rules);
        let pedigree = checked.pedigree(false)?;
        Ok(PedigreeFile { pedigree, problems: checked.problems, notes, digest })
    }

    /// A pedigree of individuals that are sorted already: sire and dam of each by number, or [`UNKNOWN`].
    ///
    /// # Errors
    /// Returns an error that names the first individual that does not stand after its parents.
    pub fn from_parents(names: Vec<String>, parents: Vec<[u32; 2]>) -> Result<Self, GenotypeError> {
        let n = names.len();
        let stands_first =
            |(at, own): (usize, &[u32; 2])| own.iter().any(|&p| p != UNKNOWN && p as usize >= at);
        let wrong = parents.iter().enumerate().find(|own| stands_first(*own)).map(|(at, _)| at);
        match wrong.or((parents.len() != n).then_some(n.min(parents.len()))) {
            Some(at) => {
                let name = names.get(at).map_or("", String::as_str);
                Err(GenotypeError::Request(format!("'{name}' stands before its parents; sort the pedigree")))
            }
            None => Ok(Self {
                names: names.into(),
                parents,
                sexes: vec![None; n],
                births: vec![None; n],
                lines: vec![0; n],
            }),
        }
    }

    /// Number of individuals.
    pub fn len(&self) -> usize {
        self.parents.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.parents.is_empty()
    }

    /// The number of each individual by name.
    pub fn index(&self) -> HashMap<&str, u32> {
        self.names.iter().map(String::as_str).zip(0..).collect()
    }

    /// The numbers of the named individuals.
    ///
    /// # Errors
    /// Returns an error that names the first that is not there, with the nearest name.
    pub fn find(&self, names: &[String]) -> Result<Vec<u32>, GenotypeError> {
        let index = self.index();
        let find = |name: &String| {
            index.get(name.as_str()).copied().ok_or_else(|| {
                let hint = hint(name, self.names.iter().map(String::as_str));
                GenotypeError::Request(format!("the pedigree has no '{name}'{hint}"))
            })
        };
        names.iter().map(find).collect()
    }

    /// Whether each is a parent.
    pub fn has_offspring(&self) -> Vec<bool> {
        let mut out = vec![false; self.len()];
        self.parents
            .iter()
            .flatten()
            .filter(|parent| **parent != UNKNOWN)
            .for_each(|&p| out[p as usize] = true);
        out
    }
}

impl Checked {
    /// The pedigree, sorted: as it is written, or repaired.
    ///
    /// # Errors
    /// Returns the first error of the pedigree, if it is to stay as it is written and has any.
    pub fn pedigree(&self, is_repaired: bool) -> Result<Pedigree, GenotypeError> {
        let severe = |problem: &&Problem| problem.kind.severity() == Severity::Error;
        if let Some(first) = self.problems.iter().find(severe).filter(|_| !is_repaired) {
            let more = match self.severe(Severity::Error) {
                1 => String::new(),
                count => format!(" ({count} errors in all)"),
            };
            let message = format!(
                "'{}' {}{more}; 'landrace pedigree' lists all, and repairs them with --repair",
                first.individual, first.message
            );
            return Err(GenotypeError::Line { path: self.path.clone(), line: first.line, message });
        }
        let version = usize::from(is_repaired);
        let (parents, sexes) = (&self.parents[version], &self.sexes[version]);
        let order = order::ancestors_first(parents);
        let mut place = vec![UNKNOWN; order.len()];
        (0..).zip(&order).for_each(|(at, &own)| place[own as usize] = at);
        let to = |parent: u32| if parent == UNKNOWN { UNKNOWN } else { place[parent as usize] };
        let by_order = || order.iter().map(|&own| own as usize);
        Ok(Pedigree {
            names: by_order().map(|own| self.names[own].clone()).collect(),
            parents: by_order().map(|own| parents[own].map(to)).collect(),
            sexes: by_order().map(|own| sexes[own]).collect(),
            births: by_order().map(|own| self.births[own]).collect(),
            lines: by_order().map(|own| self.lines[own]).collect(),
        })
    }
}

#[cfg(test)]
mod tests;
