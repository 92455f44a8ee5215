//! The values of one trait, one a sample.

use std::collections::{BTreeMap, BTreeSet};

use landrace_genotypes::GenotypeError;
use landrace_genotypes::cells::number;

use super::join::Join;
use super::table::PhenotypeTable;

/// What the environment is called over which values were joined.
pub const ALL_ENVIRONMENTS: &str = "all";
/// Codes of old programs for missing values.
const CODES: [f64; 4] = [-99.0, -999.0, -9999.0, -99999.0];

/// A trait, in one environment if the table has several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TraitName {
    /// Name without the unit.
    pub name: String,
    /// The environment; `None` if the table has but one, or the values are over all.
    pub environment: Option<String>,
    /// Unit, if the table says it.
    pub unit: Option<String>,
}

impl std::fmt::Display for TraitName {
    /// `yield`, or `yield@E1` in one of several environments: what `--trait` takes.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.environment {
            Some(environment) => write!(out, "{}@{environment}", self.name),
            None => write!(out, "{}", self.name),
        }
    }
}

/// One trait: a value a name of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Trait {
    /// Which it is.
    pub name: TraitName,
    /// One value for each of [`PhenotypeTable::names`].
    pub values: Vec<Option<f64>>,
    /// Weights of the values, if the table has them (of stage one): the inverse of their error variance.
    pub weights: Option<Vec<Option<f64>>>,
}

/// Where a value stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) row: usize,
    pub(super) column: usize,
}

impl PhenotypeTable {
    /// The traits in the order of the table; those of several environments once for each, and first over all if the
    /// table has such values. Columns of text are none.
    pub fn traits(&self) -> Vec<TraitName> {
        let mut order: Vec<String> = Vec::new();
        let mut environments: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
        let mut units: BTreeMap<String, String> = BTreeMap::new();
        for (name, unit, environment) in self.each_trait() {
            let own = environments.entry(name.clone()).or_insert_with(|| {
                order.push(name.clone());
                Vec::new()
            });
            if !own.contains(&environment) {
                own.push(environment);
            }
            if let Some(unit) = unit {
                units.entry(name).or_insert(unit);
            }
        }
        let mut out = Vec::new();
        for name in order {
            let own = &environments[&name];
            let unit = units.get(&name).cloned();
            let is_all = |environment: &Option<String>| {
                environment.as_deref().is_none_or(|word| word == ALL_ENVIRONMENTS)
            };
            let one = |environment: Option<String>| TraitName {
                name: name.clone(),
                environment,
                unit: unit.clone(),
            };
            if own.len() == 1 || own.iter().any(is_all) {
                out.push(one(None));
            }
            if own.len() > 1 {
                out.extend(own.iter().filter(|environment| !is_all(environment)).cloned().map(one));
            }
        }
        out
    }

    /// Name, unit and environment of each value that the table may hold; columns of text are passed over.
    fn each_trait(&self) -> Vec<(String, Option<String>, Option<String>)> {
        let mut seen = BTreeSet::new();
        let mut out = Vec::new();
        let mut push = |own: (String, Option<String>, Option<String>)| {
            if seen.insert(own.clone()) {
                out.push(own);
            }
        };
        if let Some(long) = self.long() {
            for row in 0..self.len() {
                let Some(name) = self.known(row, long.name) else { continue };
                let unit = long.unit.and_then(|column| self.known(row, column)).map(str::to_owned);
                push((name.to_owned(), unit, self.environment(row)));
            }
            return out;
        }
        for column in self.trait_columns().filter(|&column| !self.is_text(column)) {
            let heading = &self.headings[column];
            let own = |environment| (heading.name.clone(), heading.unit.clone(), environment);
            match &heading.environment {
                Some(environment) => push(own(Some(environment.clone()))),
                None => (0..self.len()).for_each(|row| push(own(self.environment(row)))),
            }
        }
        out
    }

    /// Whether most of what a column holds is no number.
    fn is_text(&self, column: usize) -> bool {
        let known = (0..self.len()).filter_map(|row| self.known(row, column));
        let (mut numbers, mut all) = (0, 0);
        for cell in known {
            all += 1;
            numbers += usize::from(number(cell).is_ok() || cell.replace(',', ".").parse::<f64>().is_ok());
        }
        2 * numbers < all
    }

    /// The traits that are analysed if none is asked for: all, those of several environments over all where the table
    /// says it.
    pub fn default_traits(&self) -> Vec<TraitName> {
        let all = self.traits();
        let is_over_all =
            |own: &TraitName| all.iter().any(|other| other.name == own.name && other.environment.is_none());
        all.iter().filter(|own| own.environment.is_none() || !is_over_all(own)).cloned().collect()
    }

    /// The traits over all their environments, each once.
    pub fn base_traits(&self) -> Vec<TraitName> {
        let mut out: Vec<TraitName> = Vec::new();
        for own in self.traits() {
            if out.iter().all(|other| other.name != own.name) {
                out.push(TraitName { environment: None, ..own });
            }
        }
        out
    }

    /// The trait that a word means, over all its environments if it names none.
    ///
    /// # Errors
    /// As [`Self::find_trait`].
    pub fn find_base_trait(&self, word: &str) -> Result<TraitName, GenotypeError> {
        let is_it = |own: &TraitName| own.name == word;
        let is_like = |own: &TraitName| own.name.to_lowercase() == word.to_lowercase();
        let all = self.base_traits();
        let found = all.iter().find(|own| is_it(own)).or_else(|| all.iter().find(|own| is_like(own)));
        found.cloned().map_or_else(|| self.find_trait(word), Ok)
    }

    /// A trait in each of its environments, values over all of them left out.
    ///
    /// # Errors
    /// As [`Self::find_trait`], and if the trait has fewer than two environments.
    pub fn environments_of(&self, word: &str) -> Result<Vec<TraitName>, GenotypeError> {
        let base = self.find_base_trait(word)?;
        let is_one = |own: &TraitName| own.name == base.name && own.environment.is_some();
        let own: Vec<TraitName> = self.traits().into_iter().filter(is_one).collect();
        if own.len() < 2 {
            return Err(self.error(format!(
                "trait '{}' has no two environments; name them in a column 'environment' or in headers such as \
                 {}@place",
                base.name, base.name
            )));
        }
        Ok(own)
    }

    /// The trait that a word means: a name, letter case aside, or `name@environment`.
    ///
    /// # Errors
    /// Returns an error that names the nearest trait if there is none of that name, and the environments if there are
    /// several.
    pub fn find_trait(&self, word: &str) -> Result<TraitName, GenotypeError> {
        let all = self.traits();
        let is_it = |own: &&TraitName| own.to_string() == word;
        let is_like = |own: &&TraitName| own.to_string().to_lowercase() == word.to_lowercase();
        if let Some(own) = all.iter().find(is_it).or_else(|| all.iter().find(is_like)) {
            return Ok(own.clone());
        }
        let words: Vec<String> = all.iter().map(ToString::to_string).collect();
        let few = words.iter().take(12).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if words.len() > 12 { ", …" } else { "" };
        if all.iter().any(|own| own.name == word) {
            let message = format!(
                "trait '{word}' has several environments: name one ({few}{more}), or join them first with `landrace \
                 phenotypes`"
            );
            return Err(self.error(message));
        }
        if let Ok(column) = self.column(word) {
            let place = (0..self.len())
                .find(|&row| self.known(row, column).is_some_and(|cell| number(cell).is_err()));
            let message = match place {
                Some(row) => {
                    let cell = self.known(row, column).unwrap_or_default();
                    return Err(self.cell_error(
                        row,
                        column,
                        &format!("cannot read '{cell}' as a number; '{word}' is no trait"),
                    ));
                }
                None => format!(
                    "column '{word}' is no trait: it names samples, environments or the design; traits are {few}{more}"
                ),
            };
            return Err(self.error(message));
        }
        let near = landrace_genome::nearest::hint(word, words.iter().map(String::as_str));
        Err(self.error(format!("the table has no trait '{word}'; it has {few}{more}{near}")))
    }

    /// The values of a trait that [`Self::traits`] names, one a name of the table.
    ///
    /// # Errors
    /// Returns an error that names line, column and value: no number, two values of one sample, a code such as -999
    /// among values that it does not fit, a weight that is not above 0.
    pub fn trait_values(&self, name: &TraitName) -> Result<Trait, GenotypeError> {
        let mut values: Vec<Option<f64>> = vec![None; self.names().len()];
        let mut from: Vec<usize> = vec![0; values.len()];
        let weight = self.long().and_then(|long| long.weight);
        let mut weights = weight.map(|_| vec![None; values.len()]);
        for place in self.places(name) {
            let Some(value) = self.value_at(place)? else { continue };
            let own = self.name_of[place.row];
            if values[own].is_some() {
                let message = format!(
                    "sample '{}' has two values of '{name}' (also in line {}); make one of them with `landrace \
                     phenotypes`, which takes replicates and environments, or remove one",
                    self.names()[own],
                    self.rows[from[own]].0
                );
                return Err(self.cell_error(place.row, place.column, &message));
            }
            (values[own], from[own]) = (Some(value), place.row);
            if let (Some(column), Some(weights)) = (weight, &mut weights) {
                weights[own] = self.weight_at(Place { row: place.row, column })?;
            }
        }
        self.refuse_codes(&self.places(name))?;
        Ok(Trait { name: name.clone(), values, weights })
    }

    /// Rows and columns where a trait's values stand.
    pub(super) fn places(&self, name: &TraitName) -> Vec<Place> {
        let is_over_all = self.traits().iter().filter(|own| own.name == name.name).count() > 1;
        let fits = |environment: Option<String>| match &name.environment {
            Some(wanted) => environment.as_ref() == Some(wanted),
            None => !is_over_all || environment.is_none_or(|own| own == ALL_ENVIRONMENTS),
        };
        self.all_places(&name.name).into_iter().filter(|&place| fits(self.environment_of(place))).collect()
    }

    /// Rows and columns of a trait's values in all environments.
    pub(super) fn all_places(&self, name: &str) -> Vec<Place> {
        if let Some(long) = self.long() {
            let own = (0..self.len()).filter(|&row| self.known(row, long.name) == Some(name));
            return own.map(|row| Place { row, column: long.value }).collect();
        }
        let columns: Vec<usize> =
            self.trait_columns().filter(|&column| self.headings[column].name == name).collect();
        let of_row = |row: usize| columns.iter().map(move |&column| Place { row, column });
        (0..self.len()).flat_map(of_row).collect()
    }

    /// The environment of a value.
    pub(super) fn environment_of(&self, place: Place) -> Option<String> {
        self.headings[place.column].environment.clone().or_else(|| self.environment(place.row))
    }

    /// The number in a cell; `None` if it is missing.
    pub(super) fn value_at(&self, place: Place) -> Result<Option<f64>, GenotypeError> {
        let Some(cell) = self.known(place.row, place.column) else { return Ok(None) };
        let value = number(cell).map_err(|message| {
            let remedy = if message.contains("decimal comma") {
                ""
            } else {
                "; if it means missing, say so with --missing"
            };
            self.cell_error(place.row, place.column, &format!("{message}{remedy}"))
        })?;
        Ok(Some(value))
    }

    fn weight_at(&self, place: Place) -> Result<Option<f64>, GenotypeError> {
        let weight = self.value_at(place)?;
        match weight {
            Some(value) if value <= 0.0 => {
                let message = format!("the weight {value} is not above 0; it is one over the error variance");
                Err(self.cell_error(place.row, place.column, &message))
            }
            weight => Ok(weight),
        }
    }

    /// Refuses codes for missing that nobody declared: -999 among heights is no height.
    pub(super) fn refuse_codes(&self, places: &[Place]) -> Result<(), GenotypeError> {
        if self.is_missing_said {
            return Ok(());
        }
        let mut values = Vec::new();
        for &place in places {
            values.extend(self.value_at(place)?.map(|value| (value, place)));
        }
        let is_code = |value: f64| CODES.contains(&value);
        let least =
            values.iter().map(|own| own.0).filter(|&value| !is_code(value)).fold(f64::INFINITY, f64::min);
        let found =
            values.iter().find(|(value, _)| is_code(*value) && (least >= 0.0 || least > value / 10.0));
        let Some(&(value, place)) = found else { return Ok(()) };
        let n = values.iter().filter(|own| own.0 == value).count();
        let message = format!(
            "{value} stands here and in {} more cells, far from all other values; if it means missing, say so with \
             --missing {value}; if it is a value, with --missing NA",
            n - 1
        );
        Err(self.cell_error(place.row, place.column, &message))
    }
}

impl Trait {
    /// The values of the genotypes' samples.
    pub fn of_samples(&self, join: &Join) -> Vec<Option<f64>> {
        join.rows.iter().map(|row| row.and_then(|row| self.values[row])).collect()
    }

    /// The weights of the genotypes' samples, if there are any.
    pub fn weights_of_samples(&self, join: &Join) -> Option<Vec<Option<f64>>> {
        let weights = self.weights.as_ref()?;
        Some(join.rows.iter().map(|row| row.and_then(|row| weights[row])).collect())
    }
}
