//! What people know of their accessions: a passport or sample table, its columns by name, joined to the samples of the
//! genotypes.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashMap;
use std::path::Path;

use landrace_genome::summary::InputDigest;
use landrace_genotypes::GenotypeError;
use landrace_genotypes::cells::{CellOptions, Cells};
use landrace_genotypes::sample_table::{Join, Joined};

/// Columns that name the accession, in the order in which they are looked for. The sample's name comes first: it is
/// what genotypes go by.
pub const KEYS: [&str; 14] = [
    "sample",
    "sample_name",
    "sample_id",
    "accession",
    "accession_number",
    "accession_id",
    "ACCENUMB",
    "genotype",
    "germplasmName",
    "name",
    "ACCENAME",
    "individual",
    "taxa",
    "id",
];

/// How a table is read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The column that names the accession as the genotypes do; `None` for the first of [`KEYS`] that is there.
    pub key: Option<String>,
    /// Sheet of a workbook; `None` for the first with content.
    pub sheet: Option<String>,
}

/// A table with a row an accession.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessionTable {
    cells: Cells,
    key: usize,
    /// Row of each name.
    rows: HashMap<String, usize>,
}

impl AccessionTable {
    /// Reads a table: TSV, CSV (quotes, any line ends) or `.xlsx`, packed or not.
    ///
    /// # Errors
    /// Returns an error that names the file, the line and the column: no column that names the accession, an accession
    /// without a name or twice, rows of uneven length, text that is not UTF-8.
    pub fn read(path: &Path, options: &Options) -> Result<Self, GenotypeError> {
        let cells = CellOptions { sheet: options.sheet.clone(), ..CellOptions::default() };
        Self::of_cells(Cells::read(path, &cells)?, options.key.as_deref())
    }

    /// Takes cells that were read.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn of_cells(cells: Cells, key: Option<&str>) -> Result<Self, GenotypeError> {
        let key = match key {
            Some(name) => cells.column(name)?,
            None => key_column(&cells)?,
        };
        let mut rows = HashMap::with_capacity(cells.rows.len());
        for (index, (line, row)) in cells.rows.iter().enumerate() {
            let name = row[key].trim();
            let column = &cells.columns[key];
            if name.is_empty() {
                let message = format!("column {} ('{column}') is empty; name the accession", key + 1);
                return Err(cells.line_error(*line, message));
            }
            if let Some(earlier) = rows.insert(name.to_owned(), index) {
                let message = format!(
                    "column {} ('{column}'): '{name}' is also in line {}; keep one row an accession, or name another \
                     column with --key",
                    key + 1,
                    cells.rows[earlier].0
                );
                return Err(cells.line_error(*line, message));
            }
        }
        if rows.is_empty() {
            return Err(
                cells.line_error(cells.header_line, "the table names no accession; add a row for each")
            );
        }
        Ok(Self { cells, key, rows })
    }

    /// The path that the table was read from.
    pub fn path(&self) -> &str {
        &self.cells.path
    }

    /// The file by name and content, for the summary.
    pub fn digest(&self) -> &InputDigest {
        &self.cells.digest
    }

    /// What was taken for granted in reading, one line each.
    pub fn notes(&self) -> &[String] {
        &self.cells.notes
    }

    /// Names of the columns, in the file's order.
    pub fn columns(&self) -> &[String] {
        &self.cells.columns
    }

    /// Name of the column that names the accessions.
    pub fn key(&self) -> &str {
        &self.cells.columns[self.key]
    }

    /// Number of accessions.
    pub fn len(&self) -> usize {
        self.cells.rows.len()
    }

    /// Whether there is none; such a table is refused when it is read.
    pub fn is_empty(&self) -> bool {
        self.cells.rows.is_empty()
    }

    /// Names of the accessions, in the file's order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.cells.rows.iter().map(|(_, row)| row[self.key].trim())
    }

    /// Whether there is one column of that name, letter case aside.
    pub fn has(&self, column: &str) -> bool {
        self.cells.column(column).is_ok()
    }

    /// The place of a column, from 0, letter case aside.
    ///
    /// # Errors
    /// Returns an error that names the nearest column if there is none, or two of them.
    pub fn column(&self, name: &str) -> Result<usize, GenotypeError> {
        self.cells.column(name)
    }

    /// The cell of an accession by name; `None` if the table lacks the accession, or the cell is empty or says NA.
    pub fn get(&self, accession: &str, column: usize) -> Option<&str> {
        known(&self.cells.rows[*self.rows.get(accession)?].1[column])
    }

    /// The line of an accession in the file, from 1.
    pub fn line(&self, accession: &str) -> Option<u64> {
        self.rows.get(accession).map(|&row| self.cells.rows[row].0)
    }

    /// Which samples of the genotypes the table has. Names compare byte for byte, white space at their ends aside.
    ///
    /// # Errors
    /// Returns an error if it has none of them, with the column that would serve if there is one.
    pub fn account(&self, samples: &[String]) -> Result<Join, GenotypeError> {
        let here: HashMap<&str, usize> = samples.iter().map(|name| name.trim()).zip(0..).collect();
        let without_row: Vec<String> =
            samples.iter().filter(|name| !self.rows.contains_key(name.trim())).cloned().collect();
        let lacking = self.names().filter(|&name| !here.contains_key(name));
        let without_genotypes: Vec<String> = lacking.map(str::to_owned).collect();
        let matched = samples.len() - without_row.len();
        match (matched, samples.first(), self.names().next()) {
            (0, Some(sample), Some(name)) => {
                let message = format!(
                    "none of the accessions (column '{}', here '{name}') is among the samples of the genotypes (here \
                     '{sample}'); {}",
                    self.key(),
                    self.remedy(&here, samples)
                );
                Err(self.cells.line_error(self.cells.rows[0].0, message))
            }
            _ => Ok(Join { matched, without_row, without_genotypes }),
        }
    }

    /// A column, joined to the samples: one cell a sample, with the account of what matched.
    ///
    /// # Errors
    /// As [`Self::column`] and [`Self::account`].
    pub fn join(&self, samples: &[String], column: &str) -> Result<(Joined, Join), GenotypeError> {
        let column = self.column(column)?;
        let account = self.account(samples)?;
        let cells = samples.iter().map(|name| self.get(name.trim(), column).map(str::to_owned)).collect();
        let lines = samples.iter().map(|name| self.line(name.trim()).unwrap_or(0)).collect();
        Ok((Joined::new(cells, lines), account))
    }

    /// What to do if no name matches: another column, or other spelling.
    fn remedy(&self, here: &HashMap<&str, usize>, samples: &[String]) -> String {
        let matches = |column: usize| {
            self.cells.rows.iter().filter(|(_, row)| here.contains_key(row[column].trim())).count()
        };
        let others = (0..self.columns().len()).map(|column| (matches(column), column));
        // The first of those that match most.
        if let Some((n, column)) =
            others.max_by_key(|&(n, column)| (n, usize::MAX - column)).filter(|best| best.0 > 0)
        {
            return format!("column '{}' has {n} of them: name it with --key", self.columns()[column]);
        }
        let near = near_names(samples, self.names());
        match near.first() {
            Some((sample, name)) => {
                format!("'{sample}' of the genotypes and '{name}' of the table may be one: write names alike")
            }
            None => {
                "write the names as the genotypes have them, or name another column with --key".to_owned()
            }
        }
    }
}

/// The cell, unless it is empty or says that nothing is known.
fn known(cell: &str) -> Option<&str> {
    Some(cell.trim()).filter(|text| !matches!(*text, "" | "NA" | "."))
}

/// The first column that names the accession.
fn key_column(cells: &Cells) -> Result<usize, GenotypeError> {
    let has = |name: &&&str| cells.columns.iter().any(|column| bare(column) == bare(name));
    match KEYS.iter().find(has) {
        Some(name) => cells.column(name),
        None => {
            let few: Vec<&str> = cells.columns.iter().take(12).map(String::as_str).collect();
            let message = format!(
                "no column names the accessions ({} and the like); the table has {}; name the column with --key",
                KEYS[..7].join(", "),
                few.join(", ")
            );
            Err(cells.line_error(cells.header_line, message))
        }
    }
}

/// Letters and digits alone, in lower case.
fn bare(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Pairs of a name here and one there that differ by case and punctuation alone, in the order of those here.
pub fn near_names<'a>(here: &[String], there: impl IntoIterator<Item = &'a str>) -> Vec<(String, String)> {
    let mut names: HashMap<String, &str> = HashMap::new();
    for name in there {
        names.entry(bare(name)).or_insert(name);
    }
    let near = |name: &String| {
        let other = names.get(&bare(name)).filter(|&&other| other != name && !bare(name).is_empty());
        other.map(|&other| (name.clone(), other.to_owned()))
    };
    here.iter().filter_map(near).collect()
}

#[cfg(test)]
mod tests;
