//! Tables of text as Core Hunter and others write them: a name a row, cells by commas or tabs, quotes of both kinds.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashMap;
use std::sync::Arc;

use landrace_genotypes::GenotypeError;

use super::alleles::{AlleleTable, WideLocus};

/// A table's cells.
pub(crate) struct Cells {
    path: String,
    pub(crate) header: Vec<String>,
    /// Line, from 1, and cells, as many as the header has.
    pub(crate) rows: Vec<(u64, Vec<String>)>,
}

impl Cells {
    /// Splits a text into cells; rows that are too short at the end are filled with empty cells.
    pub(crate) fn parse(text: &str, path: &str) -> Result<Self, GenotypeError> {
        let text = text.trim_start_matches('\u{feff}');
        let mut lines = (1u64..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        let (_, first) = lines.next().unwrap_or((1, ""));
        let separator = ['\t', ';', ','].into_iter().find(|&mark| first.contains(mark)).unwrap_or('\t');
        let mut cells = Self { path: path.to_owned(), header: split(first, separator), rows: Vec::new() };
        for (line, text) in lines {
            let mut row = split(text, separator);
            if row.len() > cells.header.len() {
                let message = format!("has {} cells, but the header has {}", row.len(), cells.header.len());
                return Err(cells.error(line, &message));
            }
            row.resize(cells.header.len(), String::new());
            cells.rows.push((line, row));
        }
        Ok(cells)
    }

    pub(crate) fn error(&self, line: u64, message: &str) -> GenotypeError {
        GenotypeError::Line { path: self.path.clone(), line, message: message.to_owned() }
    }

    /// The column of the accessions' names: NAME has labels that may repeat, ID is what is unique.
    pub(crate) fn key_column(&self) -> usize {
        let known = ["id", "sample", "accession", "accenumb", "taxa"];
        let is = |name: &&str, column: &String| column.trim_start_matches('#').eq_ignore_ascii_case(name);
        known.iter().find_map(|name| self.header.iter().position(|column| is(name, column))).unwrap_or(0)
    }

    /// Refuses accessions that are named twice.
    pub(crate) fn refuse_twice(&self, samples: &[String]) -> Result<(), GenotypeError> {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for (index, sample) in samples.iter().enumerate() {
            if seen.insert(sample, index).is_some() {
                let key = self.key_column();
                let line = self.rows.iter().rev().find(|(_, row)| row[key] == *sample).map_or(1, |row| row.0);
                return Err(self.error(line, &format!("accession '{sample}' is there twice; name it once")));
            }
        }
        Ok(())
    }
}

/// Splits a line; cells may be in single or double quotes and have blanks around them.
fn split(line: &str, separator: char) -> Vec<String> {
    let (mut cells, mut cell, mut quote) = (Vec::new(), String::new(), None);
    for letter in line.trim_end_matches('\r').chars() {
        match quote {
            Some(mark) if letter == mark => quote = None,
            Some(_) => cell.push(letter),
            None if matches!(letter, '"' | '\'') && cell.trim().is_empty() => {
                cell.clear();
                quote = Some(letter);
            }
            None if letter == separator => cells.push(std::mem::take(&mut cell).trim().to_owned()),
            None => cell.push(letter),
        }
    }
    cells.push(cell.trim().to_owned());
    cells
}

/// A matrix of distances with names, in full accuracy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NamedMatrix {
    /// Names of the accessions.
    pub samples: Vec<String>,
    values: Vec<f64>,
}

impl NamedMatrix {
    /// Reads a square matrix: a header with the names (or, as Core Hunter has it, `ID` and `NAME` before them), and
    /// a row for each.
    ///
    /// # Errors
    /// Returns an error that names the line: not square, not symmetric, negative, no number, names that differ.
    pub fn parse(text: &str, path: &str) -> Result<Self, GenotypeError> {
        let cells = Cells::parse(text, path)?;
        let has_names = cells.header.get(1).is_some_and(|name| name.eq_ignore_ascii_case("name"));
        let before = if has_names { 2 } else { 1 };
        let n = cells.rows.len();
        if n + before != cells.header.len() {
            let columns = cells.header.len().saturating_sub(before);
            let message =
                format!("the matrix has {n} rows and {columns} columns; a matrix of distances is square");
            return Err(cells.error(1, &message));
        }
        let samples: Vec<String> = cells.rows.iter().map(|(_, row)| row[0].clone()).collect();
        cells.refuse_twice(&samples)?;
        let mut values = Vec::with_capacity(n * n);
        for (index, (line, row)) in cells.rows.iter().enumerate() {
            if cells.header[before + index] != samples[index] {
                let message = format!(
                    "the row is of '{}', but the column of '{}'; put both in one order",
                    samples[index],
                    cells.header[before + index]
                );
                return Err(cells.error(*line, &message));
            }
            for cell in &row[before..] {
                let value = cell.parse().ok().filter(|value: &f64| value.is_finite() && *value >= 0.0);
                values.push(value.ok_or_else(|| {
                    cells.error(*line, &format!("'{cell}' is no distance; write numbers from 0 on"))
                })?);
            }
        }
        let matrix = Self { samples, values };
        matrix.check(&cells)?;
        Ok(matrix)
    }

    fn check(&self, cells: &Cells) -> Result<(), GenotypeError> {
        for i in 0..self.samples.len() {
            if self.get(i, i) != 0.0 {
                let message = format!(
                    "'{}' has the distance {} to itself; a matrix of similarity is turned to distances first",
                    self.samples[i],
                    self.get(i, i)
                );
                return Err(cells.error(cells.rows[i].0, &message));
            }
            if let Some(j) = (0..i)
                .find(|&j| (self.get(i, j) - self.get(j, i)).abs() > 1e-9 * self.get(i, j).abs().max(1.0))
            {
                let (a, b) = (&self.samples[i], &self.samples[j]);
                let message = format!(
                    "'{a}' to '{b}' is {}, but back it is {}; distances are symmetric",
                    self.get(i, j),
                    self.get(j, i)
                );
                return Err(cells.error(cells.rows[i].0, &message));
            }
        }
        Ok(())
    }

    /// The distance of two accessions.
    pub fn get(&self, i: usize, j: usize) -> f64 {
        self.values[i * self.samples.len() + j]
    }

    /// The accessions named alone, in the order given.
    pub fn with_samples(&self, chosen: &[usize]) -> Self {
        let values = chosen.iter().flat_map(|&i| chosen.iter().map(move |&j| self.get(i, j))).collect();
        Self { samples: chosen.iter().map(|&i| self.samples[i].clone()).collect(), values }
    }
}

/// Whether a text is a table of allele frequencies or of two alleles a locus, as Core Hunter writes them: the columns of a locus follow each other, under one name or
/// under its name with an ending each (M1, M1.1 or M1-a, M1-b).
pub fn parse_alleles(text: &str, path: &str) -> Result<AlleleTable, GenotypeError> {
    let cells = Cells::parse(text, path)?;
    let key = cells.key_column();
    let is_marker = |column: usize| column != key && !cells.header[column].eq_ignore_ascii_case("name");
    let columns: Vec<usize> = (0..cells.header.len()).filter(|&column| is_marker(column)).collect();
    let rows: Vec<&(u64, Vec<String>)> = cells.rows.iter().filter(|(_, row)| row[key] != "ALLELE").collect();
    let samples: Vec<String> = rows.iter().map(|(_, row)| row[key].clone()).collect();
    cells.refuse_twice(&samples)?;
    let mut loci = Vec::new();
    let mut first = 0;
    while first < columns.len() {
        let name = stem(&cells.header[columns[first]]);
        let count =
            columns[first..].iter().take_while(|&&column| stem(&cells.header[column]) == name).count();
        loci.push(locus(&cells, &rows, &columns[first..first + count])?);
        first += count;
    }
    if loci.is_empty() {
        return Err(cells
            .error(1, "the table has no loci; give each allele of a locus a column, such as M1 and M1.1"));
    }
    Ok(AlleleTable::of_frequencies(Arc::from(samples), &loci))
}

/// A column's locus: its name less an ending of a point or dash and what follows.
fn stem(name: &str) -> &str {
    name.rsplit_once(['.', '-']).map_or(name, |(stem, _)| stem)
}

fn locus(cells: &Cells, rows: &[&(u64, Vec<String>)], columns: &[usize]) -> Result<WideLocus, GenotypeError> {
    let mut frequencies = Vec::with_capacity(rows.len() * columns.len());
    for (line, row) in rows {
        let first = frequencies.len();
        let name = &cells.header[columns[0]];
        for &column in columns {
            let cell = row[column].as_str();
            let value = if matches!(cell, "" | "NA") { Some(f64::NAN) } else { cell.parse::<f64>().ok() };
            let value = value.filter(|value| value.is_nan() || (0.0..=1.0).contains(value));
            frequencies.push(value.ok_or_else(|| {
                cells.error(*line, &format!("locus {name} has '{cell}'; write frequencies from 0 to 1"))
            })?);
        }
        let own = &mut frequencies[first..];
        if own.iter().any(|value| value.is_nan()) {
            own.fill(f64::NAN);
            continue;
        }
        let sum: f64 = own.iter().sum();
        if (sum - 1.0).abs() > 0.011 {
            let message = format!("the frequencies of locus {name} add up to {sum}; they must give 1");
            return Err(cells.error(*line, &message));
        }
    }
    Ok(WideLocus { alleles: columns.len(), frequencies })
}
