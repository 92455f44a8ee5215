//! Traits of accessions (phenotypes, descriptors), and Gower's distance over them.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashMap;

use landrace_genotypes::GenotypeError;

use super::distance::{Missing, Square};
use super::table::Cells;

/// How a trait is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Numbers; differences count as shares of the range.
    Number,
    /// Ordered classes, in the order of their names (or numbers); differences count as shares of the classes.
    Ordered,
    /// Classes without order: equal or not.
    Nominal,
    /// Presence, where two absences say nothing.
    Presence,
}

/// A trait of all accessions.
#[derive(Clone, Debug, PartialEq)]
pub struct Trait {
    /// Its name.
    pub name: String,
    /// How it is measured.
    pub scale: Scale,
    /// The number, or the index of the class; NaN where missing.
    pub values: Vec<f64>,
    /// Names of the classes; empty for numbers.
    pub classes: Vec<String>,
    /// Largest less smallest value; of the file's MIN and MAX rows if it has them.
    pub range: f64,
    /// Whether the file said the scale.
    pub is_declared: bool,
}

/// Accessions × traits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraitTable {
    /// Names of the accessions.
    pub samples: Vec<String>,
    /// The traits.
    pub traits: Vec<Trait>,
}

/// Rows below the header that say of the traits what they are (Core Hunter).
#[derive(Default)]
struct Declared {
    types: Option<Vec<String>>,
    least: Option<Vec<String>>,
    most: Option<Vec<String>>,
}

impl TraitTable {
    /// Reads a table of traits: the first column (or ID, sample, accession) names the accessions; a column NAME is
    /// passed over. A row TYPE gives scales (N nominal, O ordinal, I and R numbers, NB presence; a second letter as Core Hunter has it), MIN and
    /// MAX the range. Without it a column is of numbers if all its cells are, and nominal otherwise.
    ///
    /// # Errors
    /// Returns an error that names the line: uneven rows, an accession twice, a type that there is not.
    pub fn parse(text: &str, path: &str) -> Result<Self, GenotypeError> {
        let cells = Cells::parse(text, path)?;
        let name = cells.key_column();
        let columns: Vec<usize> = (0..cells.header.len())
            .filter(|&column| {
                column != name && !(column > 0 && cells.header[column].eq_ignore_ascii_case("name"))
            })
            .collect();
        let mut declared = Declared::default();
        let (mut samples, mut rows) = (Vec::new(), Vec::new());
        for (line, row) in &cells.rows {
            let own: Vec<String> = columns.iter().map(|&column| row[column].clone()).collect();
            match row[name].as_str() {
                "TYPE" if samples.is_empty() => declared.types = Some(own),
                "MIN" if samples.is_empty() => declared.least = Some(own),
                "MAX" if samples.is_empty() => declared.most = Some(own),
                "" => return Err(cells.error(*line, "the accession has no name; fill in the first column")),
                sample => {
                    samples.push(sample.to_owned());
                    rows.push((*line, own));
                }
            }
        }
        cells.refuse_twice(&samples)?;
        let make = |(index, &column): (usize, &usize)| {
            let values: Vec<(u64, &str)> =
                rows.iter().map(|(line, row)| (*line, row[index].as_str())).collect();
            Trait::of(&cells, &cells.header[column], &values, (&declared, index))
        };
        let traits = columns.iter().enumerate().map(make).collect::<Result<Vec<_>, _>>()?;
        if traits.is_empty() || samples.is_empty() {
            return Err(cells
                .error(1, "the table has no traits; give it a column of accessions and others of traits"));
        }
        Ok(Self { samples, traits })
    }

    /// The accessions named alone, in the order given. Ranges stay as they were.
    pub fn with_samples(&self, chosen: &[usize]) -> Self {
        let pick =
            |own: &Trait| Trait { values: chosen.iter().map(|&i| own.values[i]).collect(), ..own.clone() };
        Self {
            samples: chosen.iter().map(|&i| self.samples[i].clone()).collect(),
            traits: self.traits.iter().map(pick).collect(),
        }
    }

    /// Number of missing values.
    pub fn missing(&self) -> usize {
        self.traits.iter().map(|own| own.values.iter().filter(|value| value.is_nan()).count()).sum()
    }

    /// Gower's distance of two accessions, from 0 to 1.
    pub fn gower(&self, i: usize, j: usize, missing: Missing) -> f64 {
        let (mut sum, mut weight) = (0.0, 0.0);
        for own in &self.traits {
            let (x, y) = (own.values[i], own.values[j]);
            if x.is_nan() || y.is_nan() {
                weight += f64::from(u8::from(missing != Missing::Shared));
                sum += f64::from(u8::from(missing == Missing::Farthest));
                continue;
            }
            if own.scale == Scale::Presence && x == 0.0 && y == 0.0 {
                continue;
            }
            weight += 1.0;
            sum += match own.scale {
                Scale::Nominal | Scale::Presence => f64::from(u8::from(x != y)),
                _ if own.range > 0.0 => ((x - y).abs() / own.range).min(1.0),
                _ => 0.0,
            };
        }
        if weight > 0.0 { sum / weight } else { 0.0 }
    }

    /// Gower's distances of all. They are of negative type where no value is missing and no trait is a presence.
    pub fn square(&self, missing: Missing) -> Square {
        let is_plain = self.missing() == 0 && self.traits.iter().all(|own| own.scale != Scale::Presence);
        Square::from_pairs(self.samples.len(), is_plain, |i, j| self.gower(i, j, missing))
    }
}

impl Trait {
    fn of(
        cells: &Cells,
        name: &str,
        values: &[(u64, &str)],
        (declared, index): (&Declared, usize),
    ) -> Result<Self, GenotypeError> {
        let known = || values.iter().map(|value| value.1).filter(|cell| !is_missing(cell));
        let word = declared.types.as_ref().map(|types| types[index].to_ascii_uppercase());
        let scale = match word.as_deref() {
            Some("NB") => Scale::Presence,
            Some("N" | "NS" | "NI" | "ND") => Scale::Nominal,
            Some(word) if word.starts_with('O') => Scale::Ordered,
            Some(word) if word.starts_with(['I', 'R']) => Scale::Number,
            Some(word) => {
                let message = format!("trait {name} has the type '{word}'; write N, O, I, R or NB");
                return Err(cells.error(2, &message));
            }
            None if known().all(|cell| number(cell).is_some()) => Scale::Number,
            None => Scale::Nominal,
        };
        let mut own = Self {
            name: name.to_owned(),
            scale,
            values: Vec::new(),
            classes: Vec::new(),
            range: 0.0,
            is_declared: word.is_some(),
        };
        if scale == Scale::Number {
            own.set_numbers(cells, values)?;
        } else {
            own.set_classes(values, known().collect());
        }
        let limit = |row: &Option<Vec<String>>| row.as_ref().and_then(|row| number(&row[index]));
        let seen = || own.values.iter().copied().filter(|value| !value.is_nan());
        let least = limit(&declared.least).into_iter().chain(seen()).reduce(f64::min).unwrap_or(0.0);
        let most = limit(&declared.most).into_iter().chain(seen()).reduce(f64::max).unwrap_or(0.0);
        own.range = most - least;
        Ok(own)
    }

    fn set_numbers(&mut self, cells: &Cells, values: &[(u64, &str)]) -> Result<(), GenotypeError> {
        for &(line, cell) in values {
            let value = if is_missing(cell) { Some(f64::NAN) } else { number(cell) };
            let value = value.ok_or_else(|| {
                let message = format!(
                    "trait {} has '{cell}', but is of numbers; correct it, or give the trait the type N",
                    self.name
                );
                cells.error(line, &message)
            })?;
            self.values.push(value);
        }
        Ok(())
    }

    fn set_classes(&mut self, values: &[(u64, &str)], mut known: Vec<&str>) {
        // Numbers are put in order as numbers.
        known.sort_by(|a, b| match (number(a), number(b)) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => a.cmp(b),
        });
        known.dedup();
        if self.scale == Scale::Presence {
            known = vec!["absent", "present"];
        }
        let place: HashMap<&str, f64> = known.iter().copied().zip((0..).map(f64::from)).collect();
        let is_presence = self.scale == Scale::Presence;
        let code = |cell: &str| match cell.to_ascii_lowercase().as_str() {
            _ if is_missing(cell) => f64::NAN,
            "false" | "f" | "0" | "no" | "n" | "absent" if is_presence => 0.0,
            _ if is_presence => 1.0,
            _ => place.get(cell).copied().unwrap_or(f64::NAN),
        };
        self.values = values.iter().map(|&(_, cell)| code(cell)).collect();
        self.classes = known.into_iter().map(str::to_owned).collect();
    }
}

fn is_missing(cell: &str) -> bool {
    matches!(cell, "" | "NA" | "NaN" | "nan" | "-999" | "." | "-")
}

fn number(cell: &str) -> Option<f64> {
    cell.parse().ok().filter(|value: &f64| value.is_finite())
}
