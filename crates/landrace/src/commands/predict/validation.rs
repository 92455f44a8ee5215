//! How cross-validation leaves records out.

use std::path::Path;

use landrace_breeding::phenotype::{PhenotypeTable, ReadOptions};
use landrace_breeding::predict::Scheme;

use crate::cli::Session;
use crate::phenotypes::Phenotypes;

#[derive(clap::Args)]
#[command(next_help_heading = "Cross-validation")]
pub(super) struct ValidationArgs {
    /// Leave out a random part of the records in turn, one of so many; as many as records leaves out one at a time
    #[arg(long, value_name = "N", group = "scheme")]
    folds: Option<usize>,
    /// How often the random folds are dealt
    #[arg(long, value_name = "N", default_value_t = 1, requires = "folds", value_parser = clap::value_parser!(u16).range(1..))]
    repeats: u16,
    /// Seed of random folds, chains and vectors
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// Leave out the samples of one cell of a column in turn: given folds, families, origins. COLUMN of the phenotypes,
    /// or TABLE:COLUMN
    #[arg(long, value_name = "COLUMN", group = "scheme")]
    leave_out: Option<String>,
    /// Predict the samples of each time from earlier ones alone; a column of numbers such as years. COLUMN of the
    /// phenotypes, or TABLE:COLUMN
    #[arg(long, value_name = "COLUMN", group = "scheme")]
    forward: Option<String>,
    /// The first time to predict [default: the second there is]
    #[arg(long, value_name = "TIME", requires = "forward", allow_negative_numbers = true)]
    from: Option<f64>,
    /// Show the accuracy within groups too, such as families. COLUMN of the phenotypes, or TABLE:COLUMN
    #[arg(long, value_name = "COLUMN", requires = "scheme")]
    groups: Option<String>,
    /// Share of the samples that would be selected, of the highest values
    #[arg(long, value_name = "SHARE", default_value = "10%", value_parser = share)]
    top: f64,
}

/// A scheme, and the share that would be selected.
pub(super) struct Plan {
    pub(super) scheme: Scheme,
    pub(super) top: f64,
}

pub(super) fn share(text: &str) -> Result<f64, String> {
    let value = match text.strip_suffix('%') {
        Some(percent) => percent.parse::<f64>().map(|value| value / 100.0),
        None => text.parse(),
    };
    value
        .ok()
        .filter(|value| *value > 0.0 && *value <= 1.0)
        .ok_or_else(|| "give a share such as 10% or 0.1".to_owned())
}

impl ValidationArgs {
    /// Whether a column says who is left out, so that it is no trait.
    pub(super) fn uses(&self, column: &str) -> bool {
        [&self.leave_out, &self.forward, &self.groups].into_iter().flatten().any(|own| own == column)
    }

    /// The scheme asked for.
    pub(super) fn scheme(
        &self,
        session: &Session,
        phenotypes: &Phenotypes,
        samples: &[String],
    ) -> anyhow::Result<Option<Plan>> {
        let cells = |column: &str| cells(session, phenotypes, samples, column);
        let scheme = if let Some(folds) = self.folds {
            Scheme::Random { folds, repeats: usize::from(self.repeats), seed: self.seed }
        } else if let Some(column) = &self.leave_out {
            Scheme::Groups { column: column.clone(), cells: cells(column)? }
        } else if let Some(column) = &self.forward {
            let number = |cell: Option<String>| match cell {
                None => Ok(None),
                Some(cell) => cell.parse().map(Some).map_err(|_| {
                    anyhow::anyhow!(
                        "--forward {column}: '{cell}' is no number; give a column of numbers such as years"
                    )
                }),
            };
            let times = cells(column)?.into_iter().map(number).collect::<Result<_, _>>()?;
            Scheme::Forward { column: column.clone(), times, from: self.from }
        } else {
            return Ok(None);
        };
        Ok(Some(Plan { scheme, top: self.top }))
    }

    /// The groups within which accuracies are shown.
    pub(super) fn groups(
        &self,
        session: &Session,
        phenotypes: &Phenotypes,
        samples: &[String],
    ) -> anyhow::Result<Option<Vec<Option<String>>>> {
        self.groups.as_deref().map(|column| cells(session, phenotypes, samples, column)).transpose()
    }
}

/// The cells of the samples in COLUMN of the phenotypes, or in TABLE:COLUMN.
fn cells(
    session: &Session,
    phenotypes: &Phenotypes,
    samples: &[String],
    column: &str,
) -> anyhow::Result<Vec<Option<String>>> {
    let elsewhere = column.rsplit_once(':').filter(|_| !phenotypes.table.columns().any(|own| own == column));
    let Some((path, column)) = elsewhere else {
        return Ok(phenotypes.table.sample_cells(column, &phenotypes.join)?);
    };
    let options = ReadOptions { samples: samples.to_vec(), ..ReadOptions::default() };
    let table = PhenotypeTable::read(Path::new(path), &options)?;
    let join = table.join(samples)?;
    if !join.without_phenotypes.is_empty() {
        session.progress.note(&format!(
            "{path}: {} samples matched, {} samples of the genotypes are not in it",
            join.matched,
            join.without_phenotypes.len()
        ));
    }
    Ok(table.sample_cells(column, &join)?)
}
