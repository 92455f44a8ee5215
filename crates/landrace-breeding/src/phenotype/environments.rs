//! Which traits are one trait in several environments.

use landrace_genome::nearest::hint;
use landrace_genotypes::GenotypeError;

use super::table::PhenotypeTable;
use super::trait_values::{ALL_ENVIRONMENTS, TraitName};

/// What columns of several names are called together.
const OVERALL: &str = "overall";

impl PhenotypeTable {
    /// One trait in several environments, and its name. `traits` may name it; `environments` is `all`, or environments of
    /// the trait, or columns that hold one environment each.
    ///
    /// # Errors
    /// Returns an error if the trait or an environment is not in the table (with the nearest name), if the trait is not
    /// clear, or if there are fewer than two environments.
    pub fn in_environments(
        &self,
        traits: &[String],
        environments: &[String],
    ) -> Result<(String, Vec<TraitName>), GenotypeError> {
        let all = self.traits();
        let base = self.base_of_environments(traits, environments)?;
        let own: Vec<&TraitName> =
            all.iter().filter(|own| own.environment.is_some() && Some(&own.name) == base.as_ref()).collect();
        let names = if is_all(environments) {
            own.into_iter().cloned().collect::<Vec<_>>()
        } else {
            environments.iter().map(|word| self.environment_named(word, &own)).collect::<Result<_, _>>()?
        };
        if let Some(twice) = (1..names.len()).find(|&k| names[..k].contains(&names[k])) {
            return Err(self.error(format!("--environments: '{}' is given twice", names[twice])));
        }
        if names.len() < 2 {
            let few = names.first().map_or_else(
                || "the values are all of one environment".to_owned(),
                |one| format!("'{one}' is one environment"),
            );
            return Err(self.error(format!(
                "--environments: {few}; an interaction needs two and more: give a column 'environment' (or location, year), \
                 or name columns that hold one environment each as --environments A,B"
            )));
        }
        let first = &names[0].name;
        let name = if names.iter().all(|own| own.name == *first) { first.as_str() } else { OVERALL };
        Ok((name.to_owned(), names))
    }

    /// The trait whose environments are meant; `None` if the table has none of several environments.
    fn base_of_environments(
        &self,
        traits: &[String],
        environments: &[String],
    ) -> Result<Option<String>, GenotypeError> {
        let mut bases: Vec<String> = Vec::new();
        for own in self.traits().into_iter().filter(|own| own.environment.is_some()) {
            if !bases.contains(&own.name) {
                bases.push(own.name);
            }
        }
        match traits {
            [] if bases.len() > 1 && is_all(environments) => Err(self.error(format!(
                "--environments: the table has several traits in environments ({}); choose one with --trait",
                bases.join(", ")
            ))),
            [] => Ok((bases.len() == 1).then(|| bases.swap_remove(0))),
            [word] => Ok(Some(self.find_base_trait(word)?.name)),
            _ => Err(self.error(
                "--environments takes one trait at a time: give --trait once, or name the columns that hold one \
                 environment each as --environments A,B"
                    .to_owned(),
            )),
        }
    }

    fn environment_named(&self, word: &str, own: &[&TraitName]) -> Result<TraitName, GenotypeError> {
        let environment = |name: &TraitName| name.environment.clone().unwrap_or_default();
        let all = self.traits();
        let is_like = |own: &str| own.to_lowercase() == word.to_lowercase();
        let found = own
            .iter()
            .copied()
            .find(|name| environment(name) == word)
            .or_else(|| own.iter().copied().find(|name| is_like(&environment(name))))
            .or_else(|| all.iter().find(|name| name.to_string() == word))
            .or_else(|| all.iter().find(|name| is_like(&name.to_string())));
        if let Some(found) = found {
            return Ok(found.clone());
        }
        let known: Vec<String> = if own.is_empty() {
            all.iter().map(ToString::to_string).collect()
        } else {
            own.iter().map(|name| environment(name)).collect()
        };
        let few = known.iter().take(12).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if known.len() > 12 { ", …" } else { "" };
        let near = hint(word, known.iter().map(String::as_str));
        Err(self.error(format!("--environments: there is no '{word}'; there are {few}{more}{near}")))
    }
}

/// Whether all environments of the trait are meant.
fn is_all(environments: &[String]) -> bool {
    matches!(environments, [word] if word == ALL_ENVIRONMENTS)
}
