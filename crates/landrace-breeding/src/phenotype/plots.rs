//! The plots of a trial: values of one trait with where they stood.

use std::collections::HashMap;

use landrace_genotypes::GenotypeError;

use super::table::PhenotypeTable;
use super::trait_values::TraitName;

/// Values of one trait in all environments, one a plot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plots {
    /// The trait.
    pub name: String,
    /// Its unit.
    pub unit: Option<String>,
    /// Value of each plot.
    pub values: Vec<f64>,
    /// Line of the table that each stands in.
    pub lines: Vec<u64>,
    /// Place of each plot's sample among [`PhenotypeTable::names`].
    pub samples: Vec<usize>,
    /// Names of the environments; one without a name if the table has none.
    pub environments: Vec<Option<String>>,
    /// Environment of each plot.
    pub environment: Vec<usize>,
    /// Factors of the design, those that the table has: `replicate`, `block` (within the replicate), `row`, `column`.
    pub factors: Vec<Factor>,
}

/// A factor of the design, its levels counted anew in each environment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Factor {
    /// Its name.
    pub name: &'static str,
    /// Level of each plot; `None` where the table does not say.
    pub levels: Vec<Option<usize>>,
}

impl PhenotypeTable {
    /// The plots of a trait with a value, in the order of the table.
    ///
    /// # Errors
    /// Returns an error that names line, column and value of a cell that is no number, or a code such as -999 among
    /// values that it does not fit.
    pub fn plots(&self, own: &TraitName) -> Result<Plots, GenotypeError> {
        let places = self.all_places(&own.name);
        self.refuse_codes(&places)?;
        let mut plots = Plots { name: own.name.clone(), unit: own.unit.clone(), ..Plots::default() };
        let mut kept = Vec::new();
        let mut environments: HashMap<Option<String>, usize> = HashMap::new();
        for place in places {
            let Some(value) = self.value_at(place)? else { continue };
            plots.values.push(value);
            plots.lines.push(self.rows[place.row].0);
            plots.samples.push(self.name_of[place.row]);
            let environment = self.environment_of(place);
            let next = environments.len();
            let at = *environments.entry(environment.clone()).or_insert(next);
            if at == next {
                plots.environments.push(environment);
            }
            plots.environment.push(at);
            kept.push(place.row);
        }
        let roles = &self.roles;
        let within_replicate: Vec<usize> = roles.replicate.into_iter().collect();
        let design = [
            ("replicate", roles.replicate, &[][..]),
            ("block", roles.block, &within_replicate),
            ("row", roles.row, &[]),
            ("column", roles.column, &[]),
        ];
        for (name, column, within) in design {
            let Some(column) = column else { continue };
            let columns: Vec<usize> = within.iter().copied().chain([column]).collect();
            let levels = self.levels(&kept, &plots.environment, &columns);
            plots.factors.push(Factor { name, levels });
        }
        Ok(plots)
    }

    /// Levels of what columns say together, within the environments.
    fn levels(&self, rows: &[usize], environment: &[usize], columns: &[usize]) -> Vec<Option<usize>> {
        let mut places: HashMap<(usize, Vec<&str>), usize> = HashMap::new();
        let mut level = |row: usize, environment: usize| {
            let cells: Option<Vec<&str>> = columns.iter().map(|&column| self.known(row, column)).collect();
            let next = places.len();
            Some(*places.entry((environment, cells?)).or_insert(next))
        };
        rows.iter().zip(environment).map(|(&row, &environment)| level(row, environment)).collect()
    }
}
