//! Covariates: columns of numbers, and factors as columns of 0 and 1.

use std::collections::BTreeSet;

use landrace_genotypes::GenotypeError;
use landrace_genotypes::cells::number;

use super::header::Declared;
use super::join::Join;
use super::table::PhenotypeTable;

/// Share of a column's length that the others must leave over for it to be a column of its own.
const OWN: f64 = 1e-7;
/// Share below which the user is told.
const NEARLY: f64 = 1e-2;

/// Columns of a table, one value a name of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Covariates {
    path: String,
    columns: Vec<Column>,
}

#[derive(Clone, Debug, PartialEq)]
struct Column {
    name: String,
    values: Values,
}

#[derive(Clone, Debug, PartialEq)]
enum Values {
    Numbers(Vec<Option<f64>>),
    Levels(Vec<Option<String>>),
}

/// Covariates of the samples of an analysis: full rank, beside the mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Design {
    /// Names of the columns; `location=B` for the level B of a factor.
    pub names: Vec<String>,
    /// The columns, each with a value a sample. The column of ones is not among them.
    pub columns: Vec<Vec<f64>>,
    /// Reference levels, and columns that say nearly the same, one line each.
    pub notes: Vec<String>,
}

impl PhenotypeTable {
    /// Columns as covariates: those named; else those that the table declares to be covariates (TASSEL); else, if
    /// `or_all`, all but names and plots. A column in which every cell is a number is a number, any other a factor; so is
    /// one named with `factor:` before it, as `factor:year`.
    ///
    /// # Errors
    /// Returns an error if there is no such column, or a sample has two values.
    pub fn covariates(&self, columns: &[String], or_all: bool) -> Result<Covariates, GenotypeError> {
        let places: Vec<(usize, bool)> = if columns.is_empty() {
            self.default_covariates(or_all).into_iter().map(|column| (column, false)).collect()
        } else {
            let place = |name: &String| match name.strip_prefix("factor:") {
                Some(name) if self.column(name).is_ok() => Ok((self.column(name)?, true)),
                _ => Ok::<_, GenotypeError>((self.column(name)?, false)),
            };
            columns.iter().map(place).collect::<Result<_, _>>()?
        };
        let columns = places.into_iter().map(|(column, is_factor)| self.covariate(column, is_factor));
        Ok(Covariates { path: self.path().to_owned(), columns: columns.collect::<Result<_, _>>()? })
    }

    fn default_covariates(&self, or_all: bool) -> Vec<usize> {
        let all = 0..self.headings.len();
        let declared: Vec<usize> = all
            .clone()
            .filter(|&column| self.headings[column].declared == Some(Declared::Covariate))
            .collect();
        if !declared.is_empty() || !or_all {
            return declared;
        }
        all.filter(|column| *column != self.sample && !self.roles.aside.contains(column)).collect()
    }

    fn covariate(&self, column: usize, is_factor: bool) -> Result<Column, GenotypeError> {
        let mut cells: Vec<Option<(usize, &str)>> = vec![None; self.names().len()];
        for row in 0..self.len() {
            let Some(cell) = self.known(row, column) else { continue };
            let own = &mut cells[self.name_of[row]];
            match own {
                Some((first, earlier)) if !is_same(earlier, cell) => {
                    let message = format!(
                        "sample '{}' has '{cell}' here and '{earlier}' in line {}; a covariate has one value a sample",
                        self.names()[self.name_of[row]],
                        self.rows[*first].0
                    );
                    return Err(self.cell_error(row, column, &message));
                }
                _ => *own = Some((row, cell)),
            }
        }
        let numbers = |cell: &Option<(usize, &str)>| cell.map(|(_, text)| number(text)).transpose();
        let read: Result<Vec<Option<f64>>, String> = cells.iter().map(numbers).collect();
        let values = match read {
            Ok(values) if !is_factor => Values::Numbers(values),
            _ => Values::Levels(cells.iter().map(|cell| cell.map(|(_, text)| text.to_owned())).collect()),
        };
        Ok(Column { name: self.headings[column].name.clone(), values })
    }
}

impl Covariates {
    /// Whether no column was taken.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Names of the columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// Which samples of the genotypes have all covariates.
    pub fn is_known(&self, join: &Join) -> Vec<bool> {
        let is_known =
            |row: &Option<usize>| row.is_some_and(|row| self.columns.iter().all(|own| own.has(row)));
        join.rows.iter().map(is_known).collect()
    }

    /// The columns of some names of the table, places as [`Join::rows`] gives them. Factors become a column of 0 and 1
    /// for each level but the first in alphabetical order, the reference. Names without a value are no part of it: ask
    /// [`Self::is_known`] before.
    ///
    /// # Errors
    /// Returns an error that names the columns that do not vary, or that are combinations of the mean and others, or
    /// says that the samples are too few.
    pub fn design(&self, rows: &[usize]) -> Result<Design, GenotypeError> {
        let mut design = Design::default();
        for column in &self.columns {
            match &column.values {
                Values::Numbers(values) => {
                    design.names.push(column.name.clone());
                    design.columns.push(rows.iter().map(|&row| values[row].unwrap_or(0.0)).collect());
                }
                Values::Levels(levels) => {
                    let own: BTreeSet<&str> = rows.iter().filter_map(|&row| levels[row].as_deref()).collect();
                    let mut own = own.into_iter();
                    let Some(reference) = own.next() else { continue };
                    if own.len() == 0 {
                        return Err(self.error(&format!(
                            "covariate '{}' does not vary: all {} samples have '{reference}'; leave it out",
                            column.name,
                            rows.len()
                        )));
                    }
                    design.notes.push(format!(
                        "covariate '{}' is a factor of {} levels; reference level '{reference}'",
                        column.name,
                        own.len() + 1
                    ));
                    for level in own {
                        design.names.push(format!("{}={level}", column.name));
                        let is_it = |&row: &usize| f64::from(levels[row].as_deref() == Some(level));
                        design.columns.push(rows.iter().map(is_it).collect());
                    }
                }
            }
        }
        if rows.len() < design.columns.len() + 2 {
            return Err(self.error(&format!(
                "{} samples are too few for {} covariates and the mean; leave covariates out, or add samples",
                rows.len(),
                design.columns.len()
            )));
        }
        self.check_rank(&mut design)?;
        Ok(design)
    }

    /// Each column against the mean and those before it, by Gram and Schmidt, twice for accuracy.
    fn check_rank(&self, design: &mut Design) -> Result<(), GenotypeError> {
        let n = design.columns.first().map_or(0, Vec::len);
        let mut basis: Vec<Vec<f64>> = vec![vec![1.0 / (n as f64).sqrt(); n]];
        let length = |column: &[f64]| column.iter().map(|x| x * x).sum::<f64>().sqrt();
        for (index, column) in design.columns.iter().enumerate() {
            let name = &design.names[index];
            let mean = column.iter().sum::<f64>() / n as f64;
            let varies = length(&column.iter().map(|x| x - mean).collect::<Vec<_>>());
            if varies <= 1e-12 * length(column) {
                return Err(self.error(&format!(
                    "covariate '{name}' does not vary among the {n} samples; leave it out"
                )));
            }
            let mut rest = column.clone();
            for own in basis.iter().chain(&basis) {
                let along: f64 = own.iter().zip(&rest).map(|(a, b)| a * b).sum();
                rest.iter_mut().zip(own).for_each(|(x, y)| *x -= along * y);
            }
            let left = length(&rest) / varies;
            if left < OWN {
                let others = self.partners(design, index);
                return Err(self.error(&format!(
                    "covariate '{name}' is a combination of the mean and {others}; leave one of them out with \
                     --covariate-columns"
                )));
            }
            if left < NEARLY {
                let note = format!(
                    "covariate '{name}' is nearly a combination of the mean and {}: leave one out if they are shares",
                    self.partners(design, index)
                );
                design.notes.push(note);
            }
            let own = length(&rest);
            rest.iter_mut().for_each(|x| *x /= own);
            basis.push(rest);
        }
        Ok(())
    }

    /// The columns before one, by name: those that together give it.
    fn partners(&self, design: &Design, index: usize) -> String {
        let before = &design.names[..index];
        match before {
            [] => "nothing else".to_owned(),
            names => names.iter().take(6).map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", "),
        }
    }

    fn error(&self, message: &str) -> GenotypeError {
        GenotypeError::Request(format!("{}: {message}", self.path))
    }
}

impl Column {
    fn has(&self, row: usize) -> bool {
        match &self.values {
            Values::Numbers(values) => values[row].is_some(),
            Values::Levels(levels) => levels[row].is_some(),
        }
    }
}

/// Whether two cells say the same: `1.1E-16` is `1.10E-16`.
fn is_same(a: &str, b: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite());
    a == b || number(a).is_some_and(|own| number(b) == Some(own))
}
