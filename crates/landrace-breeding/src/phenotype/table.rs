//! A table of phenotypes in memory: which column names the samples, which hold traits, which the design.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use landrace_genome::summary::InputDigest;
use landrace_genotypes::GenotypeError;
use landrace_genotypes::cells::{CellOptions, Rows};

use super::header::{self, Declared, Headed, Heading};
use super::role::{Long, Roles, sample_rank};

/// What the content of a table does not say.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// The column that names the samples; `None` to tell it by its name and by what matches the genotypes.
    pub sample_column: Option<String>,
    /// Cells that mean missing, beside NA, NaN, N/A, `.`, `-` and nothing. Once given, codes such as -999 are values
    /// unless they are among them.
    pub missing: Vec<String>,
    /// Sheet of a workbook; `None` for the first with content.
    pub sheet: Option<String>,
    /// Names of the genotypes' samples, which tell the column of names; may be empty.
    pub samples: Vec<String>,
    /// Traits whose two words are read as 0 and 1; if it is empty, all of known words; `None` to leave words alone.
    pub two_valued: Option<Vec<String>>,
}

/// Phenotypes, a row a plant, plot or value.
#[derive(Clone, Debug)]
pub struct PhenotypeTable {
    pub(super) path: String,
    digest: InputDigest,
    notes: Vec<String>,
    header_line: u64,
    pub(super) headings: Vec<Heading>,
    /// Line and cells of each row.
    pub(super) rows: Vec<(u64, Vec<String>)>,
    pub(super) sample: usize,
    pub(super) roles: Roles,
    /// Distinct names in the order of the file.
    names: Vec<String>,
    /// Which of the names each row is of.
    pub(super) name_of: Vec<usize>,
    /// Codes that mean missing.
    missing: Vec<String>,
    /// Whether the user said what is missing.
    pub(super) is_missing_said: bool,
}

impl PhenotypeTable {
    /// Reads a table: TSV, CSV, gzip or `.xlsx`, with the header of a spreadsheet, R, TASSEL, GAPIT or PLINK, or none
    /// (GEMMA, `.fam`). Memory is that of the text.
    ///
    /// # Errors
    /// Returns an error that names the file and the line: no text, rows of uneven length, a row without a name, no
    /// column that names the samples, a column asked for that is not there.
    pub fn read(path: &Path, options: &ReadOptions) -> Result<Self, GenotypeError> {
        let cells = CellOptions { sheet: options.sheet.clone(), ..CellOptions::default() };
        Self::of_rows(Rows::read(path, &cells)?, options)
    }

    /// Takes rows that were read.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn of_rows(mut raw: Rows, options: &ReadOptions) -> Result<Self, GenotypeError> {
        let mut headed = header::take(&mut raw, &options.samples)?;
        let columns: Vec<String> = headed.headings.iter().map(|heading| heading.name.clone()).collect();
        let mut notes = std::mem::take(&mut raw.notes);
        notes.append(&mut headed.notes);
        let sample = match &options.sample_column {
            Some(name) => find(&raw, headed.line, &columns, name)?,
            None => sample_column(&raw, &headed, options, &mut notes)?,
        };
        let mut missing = options.missing.clone();
        missing.extend(headed.missing.iter().map(|&code| code.to_owned()));
        let mut table = Self {
            path: raw.path,
            digest: raw.digest,
            notes,
            header_line: headed.line,
            roles: Roles::of(&columns, sample),
            headings: headed.headings,
            rows: headed.rows,
            sample,
            names: Vec::new(),
            name_of: Vec::new(),
            missing,
            is_missing_said: !options.missing.is_empty(),
        };
        table.index_names()?;
        if let Some(asked) = &options.two_valued {
            table.code_labels(asked);
        }
        Ok(table)
    }

    fn index_names(&mut self) -> Result<(), GenotypeError> {
        let mut places: HashMap<&str, usize> = HashMap::new();
        for (line, row) in &self.rows {
            let name = row[self.sample].trim();
            if name.is_empty() {
                let message = format!(
                    "column {} ('{}') is empty; name the sample",
                    self.sample + 1,
                    self.headings[self.sample].name
                );
                return Err(self.line_error(*line, message));
            }
            let next = places.len();
            self.name_of.push(*places.entry(name).or_insert(next));
            if places.len() > next {
                self.names.push(name.to_owned());
            }
        }
        if self.names.is_empty() {
            let message = "the table has a header and no rows; add a row for each sample";
            return Err(self.line_error(self.header_line, message));
        }
        Ok(())
    }

    /// The path that the table was read from.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The file by name and content, for the summary.
    pub fn digest(&self) -> &InputDigest {
        &self.digest
    }

    /// What was taken for granted in reading, one line each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    pub(super) fn add_note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Distinct names of the samples, in the order of the file.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of rows that hold data.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows; such a table is refused when it is read.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether each row holds one value of one trait.
    pub fn is_long(&self) -> bool {
        self.roles.long.is_some()
    }

    /// Name of the column that names the samples.
    pub fn sample_column(&self) -> &str {
        &self.headings[self.sample].name
    }

    /// Names of the columns, without units.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.headings.iter().map(|heading| heading.name.as_str())
    }

    /// The place of a column, from 0: as it is written, else letter case aside.
    ///
    /// # Errors
    /// Returns an error that names the nearest column if there is none.
    pub fn column(&self, name: &str) -> Result<usize, GenotypeError> {
        let columns: Vec<&str> = self.columns().collect();
        place(&columns, name).ok_or_else(|| self.line_error(self.header_line, no_column(&columns, name)))
    }

    /// A cell without white space at its ends; `None` if it says that the value is missing.
    pub(super) fn known(&self, row: usize, column: usize) -> Option<&str> {
        let text = self.rows[row].1[column].trim();
        (!self.says_missing(text)).then_some(text)
    }

    fn says_missing(&self, text: &str) -> bool {
        let is_word = matches!(
            text,
            "" | "NA"
                | "na"
                | "Na"
                | "NaN"
                | "nan"
                | "NAN"
                | "N/A"
                | "n/a"
                | "#N/A"
                | "."
                | "-"
                | "--"
                | "NULL"
                | "null"
        );
        is_word || self.missing.iter().any(|code| code == text)
    }

    /// The environment of a row, where the table has one.
    pub(super) fn environment(&self, row: usize) -> Option<String> {
        let parts: Vec<&str> =
            self.roles.environment.iter().filter_map(|&column| self.known(row, column)).collect();
        (!parts.is_empty()).then(|| parts.join(":"))
    }

    /// The long table's columns.
    pub(super) fn long(&self) -> Option<&Long> {
        self.roles.long.as_ref()
    }

    /// Columns of a wide table that may be traits: neither names nor design nor declared to be something else.
    pub(super) fn trait_columns(&self) -> impl Iterator<Item = usize> {
        (0..self.headings.len()).filter(|&column| {
            let declared = self.headings[column].declared;
            let is_other = matches!(declared, Some(Declared::Covariate | Declared::Factor));
            column != self.sample && !is_other && !self.roles.is_design(column)
        })
    }

    /// An error of a line.
    pub(super) fn line_error(&self, line: u64, message: impl Into<String>) -> GenotypeError {
        GenotypeError::Line { path: self.path.clone(), line, message: message.into() }
    }

    /// An error of a cell; columns are counted from 0 here and from 1 in the message.
    pub(super) fn cell_error(&self, row: usize, column: usize, message: &str) -> GenotypeError {
        let name = &self.headings[column].name;
        self.line_error(self.rows[row].0, format!("column {} ('{name}'): {message}", column + 1))
    }

    /// An error of the whole table.
    pub(super) fn error(&self, message: impl Into<String>) -> GenotypeError {
        self.line_error(self.header_line, message)
    }
}

/// The column of that name: as it is written, else letter case aside.
pub(super) fn place(columns: &[&str], name: &str) -> Option<usize> {
    let exact = columns.iter().position(|column| *column == name);
    exact.or_else(|| columns.iter().position(|column| column.to_lowercase() == name.to_lowercase()))
}

fn find(raw: &Rows, line: u64, columns: &[String], name: &str) -> Result<usize, GenotypeError> {
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    place(&columns, name).ok_or_else(|| raw.line_error(line, no_column(&columns, name)))
}

fn no_column(columns: &[&str], name: &str) -> String {
    let few = columns.iter().take(12).copied().collect::<Vec<_>>().join(", ");
    let more = if columns.len() > 12 { ", …" } else { "" };
    let near = landrace_genome::nearest::hint(name, columns.iter().copied());
    format!("the table has no column '{name}'; it has {few}{more}{near}")
}

/// The column that names the samples: by its name, unless another matches more of the genotypes' samples.
fn sample_column(
    raw: &Rows,
    headed: &Headed,
    options: &ReadOptions,
    notes: &mut Vec<String>,
) -> Result<usize, GenotypeError> {
    let known: HashSet<&str> = options.samples.iter().map(|name| name.trim()).collect();
    let matches = |column: usize| {
        let cells: HashSet<&str> = headed.rows.iter().map(|(_, row)| row[column].trim()).collect();
        cells.intersection(&known).count()
    };
    let by_name = headed.sample.or_else(|| {
        let ranked = headed.headings.iter().enumerate();
        let ranked = ranked.filter_map(|(column, heading)| Some((sample_rank(&heading.name)?, column)));
        ranked.min().map(|(_, column)| column)
    });
    let named = by_name.map_or(0, matches);
    let counted = (0..headed.headings.len()).map(|column| (matches(column), column));
    let best = counted.max_by_key(|&(n, column)| (n, usize::MAX - column)).filter(|best| best.0 > named);
    match (by_name, best) {
        (Some(column), None) => Ok(column),
        (_, Some((n, column))) => {
            let name = &headed.headings[column].name;
            notes.push(format!(
                "column '{name}' names the samples: it has {n} of those of the genotypes (--sample-column to choose \
                 another)"
            ));
            Ok(column)
        }
        (None, None) => {
            let is_text = |column: &usize| {
                let text = |row: &Vec<String>| landrace_genotypes::cells::number(&row[*column]).is_err();
                !headed.rows.is_empty() && headed.rows.iter().all(|(_, row)| text(row))
            };
            let Some(column) = (0..headed.headings.len()).find(is_text) else {
                let few: Vec<&str> = headed.headings.iter().take(12).map(|own| own.name.as_str()).collect();
                let message = format!(
                    "no column names the samples (sample, taxa, genotype, name and the like); the table has {}; name \
                     the column with --sample-column",
                    few.join(", ")
                );
                return Err(raw.line_error(headed.line, message));
            };
            let name = &headed.headings[column].name;
            notes.push(format!("column '{name}', the first of text, is taken for the samples' names"));
            Ok(column)
        }
    }
}
