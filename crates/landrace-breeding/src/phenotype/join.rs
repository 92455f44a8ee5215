//! Which samples of the genotypes a table of phenotypes has.

use std::collections::HashMap;

use landrace_genome::nearest::nearest;
use landrace_genotypes::GenotypeError;

use super::table::PhenotypeTable;

/// Names that are shown of those that did not match.
const SHOWN: usize = 3;

/// The samples of the genotypes among the names of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Join {
    /// For each sample of the genotypes, its place among [`PhenotypeTable::names`].
    pub rows: Vec<Option<usize>>,
    /// Number of samples that the table has.
    pub matched: usize,
    /// Samples of the genotypes that the table lacks.
    pub without_phenotypes: Vec<String>,
    /// Names of the table that the genotypes lack.
    pub without_genotypes: Vec<String>,
    path: String,
    /// For the first names without genotypes, the nearest sample, if one is near.
    nearest: Vec<Option<String>>,
}

impl PhenotypeTable {
    /// Finds the samples of the genotypes by name: byte for byte, white space at the ends aside.
    ///
    /// # Errors
    /// Returns an error if the table has none of them, with what would help.
    pub fn join(&self, samples: &[String]) -> Result<Join, GenotypeError> {
        let here: HashMap<&str, usize> = samples.iter().map(|name| name.trim()).zip(0..).collect();
        let there: HashMap<&str, usize> = self.names().iter().map(String::as_str).zip(0..).collect();
        let rows: Vec<Option<usize>> = samples.iter().map(|name| there.get(name.trim()).copied()).collect();
        let matched = rows.iter().flatten().count();
        let lacking = samples.iter().zip(&rows).filter(|(_, row)| row.is_none());
        let without_phenotypes: Vec<String> = lacking.map(|(name, _)| name.clone()).collect();
        let without_genotypes: Vec<String> =
            self.names().iter().filter(|name| !here.contains_key(name.as_str())).cloned().collect();
        let near = |name: &String| nearest(name, samples.iter().map(String::as_str)).map(str::to_owned);
        let nearest = without_genotypes.iter().take(SHOWN).map(near).collect();
        let path = self.path().to_owned();
        let join = Join { rows, matched, without_phenotypes, without_genotypes, path, nearest };
        match samples.first() {
            Some(first) if matched == 0 => Err(self.none_match(&join, first)),
            _ => Ok(join),
        }
    }

    fn none_match(&self, join: &Join, first: &str) -> GenotypeError {
        let near = join.without_genotypes.iter().zip(&join.nearest).find_map(|(name, near)| {
            near.as_ref().map(|near| format!("; '{name}' and '{near}' may be one: write names alike"))
        });
        let remedy = near.unwrap_or_else(|| {
            "; write the names as the genotypes have them, or name another column with --sample-column"
                .to_owned()
        });
        let message = format!(
            "none of its samples (column '{}', here '{}') is among the samples of the genotypes (here '{first}'){remedy}",
            self.sample_column(),
            self.names()[0]
        );
        self.line_error(self.rows[0].0, message)
    }
}

impl Join {
    /// The account for people: how many matched, and who did not with the nearest name.
    pub fn account(&self) -> Vec<String> {
        let phenotyped = self.matched + self.without_genotypes.len();
        let mut lines = vec![format!(
            "{}: {} samples matched, of {} with genotypes and {phenotyped} with phenotypes",
            self.path,
            self.matched,
            self.rows.len()
        )];
        let more = |n: usize| if n > SHOWN { ", …" } else { "" };
        if !self.without_phenotypes.is_empty() {
            let few: Vec<&str> = self.without_phenotypes.iter().take(SHOWN).map(String::as_str).collect();
            let n = self.without_phenotypes.len();
            lines.push(format!("{n} without phenotypes: {}{}", few.join(", "), more(n)));
        }
        if !self.without_genotypes.is_empty() {
            let one = |(name, near): (&String, &Option<String>)| match near {
                Some(near) => format!("{name} (near '{near}')"),
                None => name.clone(),
            };
            let few: Vec<String> = self.without_genotypes.iter().zip(&self.nearest).map(one).collect();
            let n = self.without_genotypes.len();
            lines.push(format!("{n} without genotypes: {}{}", few.join(", "), more(n)));
        }
        lines
    }
}
