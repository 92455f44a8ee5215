//! What people know of their samples: a table with a column `sample` and others, joined by name.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashMap;

use landrace_genome::nearest::hint;

use crate::hwe::{Expected, inbreeding_of};
use crate::source::GenotypeError;

/// A table of samples, separated by tabs or commas, with a header line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampleTable {
    path: String,
    columns: Vec<String>,
    /// Line number, from 1, and cells, as many as columns.
    rows: Vec<(u64, Vec<String>)>,
}

/// A column joined to the samples of the genotypes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// The cell of each sample; `None` where the table lacks the sample or the cell is empty.
    pub cells: Vec<Option<String>>,
    /// The line of each sample in the table.
    lines: Vec<u64>,
}

/// How many names matched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Join {
    /// Samples of the genotypes that the table has.
    pub matched: usize,
    /// Samples of the genotypes that it lacks.
    pub without_row: Vec<String>,
    /// Names of the table that the genotypes lack.
    pub without_genotypes: Vec<String>,
}

impl Join {
    /// One line for people on what did not match; `None` if all did.
    pub fn note(&self, path: &str) -> Option<String> {
        let few = |names: &[String]| {
            let more = if names.len() > 3 { ", …" } else { "" };
            format!("{} ({}{more})", names.len(), names[..names.len().min(3)].join(", "))
        };
        let parts: Vec<String> = [
            (!self.without_row.is_empty()).then(|| format!("{} samples lack a row", few(&self.without_row))),
            (!self.without_genotypes.is_empty())
                .then(|| format!("{} rows have no genotypes", few(&self.without_genotypes))),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!parts.is_empty()).then(|| format!("{path}: {} samples matched; {}", self.matched, parts.join("; ")))
    }
}

impl SampleTable {
    /// Reads a table's text; `path` names it in messages.
    ///
    /// # Errors
    /// Returns an error that names the line: no column `sample`, rows of uneven length, a sample without a name
    /// or twice.
    pub fn parse(text: &str, path: &str) -> Result<Self, GenotypeError> {
        let text = text.trim_start_matches('\u{feff}');
        let mut lines =
            (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with("##"));
        let (_, header) = lines.next().unwrap_or((1, ""));
        let separator = if header.contains('\t') { '\t' } else { ',' };
        let split = |line: &str| -> Vec<String> {
            line.split(separator).map(|cell| cell.trim_matches(['\r', '"', ' ']).to_owned()).collect()
        };
        let columns: Vec<String> =
            split(header).iter().map(|name| name.trim_start_matches('#').to_ascii_lowercase()).collect();
        let mut table = Self { path: path.to_owned(), columns, rows: Vec::new() };
        let sample = table.required("sample")?;
        let mut seen = HashMap::new();
        for (line, text) in lines {
            let cells = split(text);
            if cells.len() != table.columns.len() {
                let message =
                    format!("has {} cells, but the header has {}", cells.len(), table.columns.len());
                return Err(table.error(line, message));
            }
            if cells[sample].is_empty() {
                return Err(table.error(line, "the sample has no name; fill in the column sample".to_owned()));
            }
            if let Some(earlier) = seen.insert(cells[sample].clone(), line) {
                let message = format!("sample '{}' is also in line {earlier}; name it once", cells[sample]);
                return Err(table.error(line, message));
            }
            table.rows.push((line, cells));
        }
        Ok(table)
    }

    fn error(&self, line: u64, message: String) -> GenotypeError {
        GenotypeError::Line { path: self.path.clone(), line, message }
    }

    /// The path that the table was read from.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether there is a column of that name.
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|name| name == column)
    }

    fn required(&self, column: &str) -> Result<usize, GenotypeError> {
        self.columns.iter().position(|name| name == column).ok_or_else(|| {
            let hint = hint(column, self.columns.iter().map(String::as_str));
            let remedy = if hint.is_empty() {
                format!("; name the columns in the first line, one of them '{column}'")
            } else {
                hint
            };
            self.error(1, format!("the table has no column '{column}'{remedy}"))
        })
    }

    /// Which samples of the genotypes the table has.
    ///
    /// # Errors
    /// Returns an error if it has none of them.
    pub fn join(&self, samples: &[String]) -> Result<Join, GenotypeError> {
        let column = self.required("sample")?;
        let rows: HashMap<&str, usize> =
            self.rows.iter().map(|(_, cells)| cells[column].as_str()).zip(0..).collect();
        let here: HashMap<&str, usize> = samples.iter().map(String::as_str).zip(0..).collect();
        let without_row: Vec<String> =
            samples.iter().filter(|name| !rows.contains_key(name.as_str())).cloned().collect();
        let names = self.rows.iter().map(|(_, cells)| &cells[column]);
        let without_genotypes = names.filter(|name| !here.contains_key(name.as_str())).cloned().collect();
        let matched = samples.len() - without_row.len();
        match (matched, self.rows.first(), samples.first()) {
            (0, Some((line, cells)), Some(first)) => {
                let message = format!(
                    "none of the table's samples is in the genotypes (here '{}', there '{first}'); write the \
                     names as the genotypes have them",
                    cells[column]
                );
                Err(self.error(*line, message))
            }
            _ => Ok(Join { matched, without_row, without_genotypes }),
        }
    }

    /// A column, joined to the samples.
    ///
    /// # Errors
    /// Returns an error if there is no such column.
    pub fn column(&self, column: &str, samples: &[String]) -> Result<Joined, GenotypeError> {
        let (name, wanted) = (self.required("sample")?, self.required(column)?);
        let rows: HashMap<&str, &(u64, Vec<String>)> =
            self.rows.iter().map(|row| (row.1[name].as_str(), row)).collect();
        let mut out = Joined::default();
        for sample in samples {
            let row = rows.get(sample.as_str());
            let is_known = |cell: &&String| !matches!(cell.as_str(), "" | "NA" | ".");
            out.cells.push(row.map(|row| &row.1[wanted]).filter(is_known).cloned());
            out.lines.push(row.map_or(0, |row| row.0));
        }
        Ok(out)
    }

    /// The inbreeding that the column `class` says of each sample, as [`inbreeding_of`] reads it. Samples
    /// without a row or a class are not tested.
    ///
    /// # Errors
    /// Returns an error that names the line of a class that cannot be read.
    pub fn classes(&self, samples: &[String]) -> Result<Expected, GenotypeError> {
        let joined = self.column("class", samples)?;
        let (mut classes, mut of_samples) = (Vec::new(), Vec::new());
        let mut places: HashMap<String, usize> = HashMap::new();
        for (cell, line) in joined.cells.iter().zip(&joined.lines) {
            let Some(word) = cell else {
                of_samples.push(None);
                continue;
            };
            let inbreeding = inbreeding_of(word).ok_or_else(|| {
                let message = format!(
                    "cannot read the class '{word}'; write inbred, dh, ril, outcross, clone, f1, f2, f3 …, s1, s2 \
                     …, or an inbreeding coefficient from 0 to 1"
                );
                self.error(*line, message)
            })?;
            let place = *places.entry(word.to_ascii_lowercase()).or_insert_with(|| {
                classes.push(inbreeding);
                classes.len() - 1
            });
            of_samples.push(Some(place));
        }
        Ok(Expected::Classes { classes, of_samples })
    }
}

impl Joined {
    /// A column of cells, one a sample, and the lines that they stand in (0 where the table lacks the sample).
    pub fn new(cells: Vec<Option<String>>, lines: Vec<u64>) -> Self {
        Self { cells, lines }
    }

    /// The line of a sample in the table.
    pub fn line(&self, sample: usize) -> u64 {
        self.lines[sample]
    }

    /// The distinct cells in the order of the samples, and the place of each sample's among them.
    pub fn groups(&self) -> (Vec<String>, Vec<Option<usize>>) {
        let mut names: Vec<String> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let place = |cell: &'_ Option<String>| cell.clone();
        let mut of_samples = Vec::new();
        for cell in &self.cells {
            of_samples.push(cell.as_deref().map(|text| {
                *places.entry(text).or_insert_with(|| {
                    names.extend(place(cell));
                    names.len() - 1
                })
            }));
        }
        (names, of_samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn tables_are_joined_by_name() {
        let text = "\u{feff}Sample,Class,plate\r\nb 1,F3,P1\r\nx,,P2\r\na,\"inbred\",P1\r\n";
        let table = SampleTable::parse(text, "t.csv").unwrap();
        let samples = names(&["a", "b 1", "c"]);
        let join = table.join(&samples).unwrap();
        assert_eq!(
            (join.matched, &join.without_row, &join.without_genotypes),
            (2, &names(&["c"]), &names(&["x"]))
        );
        assert!(join.note("t.csv").unwrap().contains("1 (c) samples lack a row; 1 (x) rows"));
        let plates = table.column("plate", &samples).unwrap().groups();
        assert_eq!(plates, (names(&["P1"]), vec![Some(0), Some(0), None]));
        let expected = Expected::Classes {
            classes: vec![Some(0.95), Some(0.5)],
            of_samples: vec![Some(0), Some(1), None],
        };
        assert_eq!(table.classes(&samples).unwrap(), expected);
    }

    #[test]
    fn mistakes_are_named() {
        let fails = |text: &str| SampleTable::parse(text, "t").unwrap_err().to_string();
        assert!(
            fails("smaple\tclass\na\tf2\n")
                .contains("line 1: the table has no column 'sample'; did you mean")
        );
        assert!(fails("sample\tclass\na\tf2\na\tf2\n").contains("line 3: sample 'a' is also in line 2"));
        assert!(fails("sample\tclass\na\n").contains("line 2: has 1 cells, but the header has 2"));
        let table = SampleTable::parse("sample\tclass\na\twild\n", "t").unwrap();
        let message = |samples: &[&str]| {
            let samples = names(samples);
            table.join(&samples).and_then(|_| table.classes(&samples)).unwrap_err().to_string()
        };
        assert!(message(&["a"]).contains("t: line 2: cannot read the class 'wild'"));
        assert!(message(&["b"]).contains("none of the table's samples"));
    }
}
