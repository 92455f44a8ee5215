//! What passports say of the accessions: names, and which of a group to keep.

use std::path::PathBuf;

use landrace_genome::summary::{Chart, Summary, Table};
use landrace_germplasm::accession::{self, AccessionTable};
use landrace_germplasm::duplicates::groups::Criterion;
use landrace_germplasm::duplicates::passports::{Finding, Row, join};
use landrace_germplasm::names::{Alike, Cleaning, similarity};

use crate::cli::Session;

#[derive(clap::Args)]
#[command(next_help_heading = "Passports")]
pub(super) struct Flags {
    /// Passport table (TSV, CSV or .xlsx) of the accessions: its names are set beside the genotypes, in
    /// <output>.names.tsv
    #[arg(long, value_name = "TABLE")]
    passport: Option<PathBuf>,
    /// Column of the passport that names the samples [default: sample, accession or ACCENUMB]
    #[arg(long, value_name = "COLUMN", requires = "passport")]
    key: Option<String>,
    /// Column of the passport with the accessions' names [default: ACCENAME, or name or variety]
    #[arg(long, value_name = "COLUMN", requires = "passport")]
    name_column: Option<String>,
    /// Column of the passport that tells which accession of a group to keep, such as the seed stock: the greatest
    /// number, or yes before no; may be given again
    #[arg(long, value_name = "COLUMN", requires = "passport")]
    keep_by: Vec<String>,
}

/// The passports of the samples.
pub(super) struct Passport {
    /// The name of each sample; empty if the table has no such column.
    names: Option<Vec<Option<String>>>,
    columns: Vec<Criterion>,
    completeness: Criterion,
    matched: usize,
    without_row: usize,
    without_genotypes: Vec<String>,
    digest: landrace_genome::summary::InputDigest,
}

/// Columns that hold names, in the order in which they are looked for.
const NAME_COLUMNS: [&str; 5] = ["ACCENAME", "name", "variety", "cultivar", "accession_name"];

impl Flags {
    /// Reads the table and joins it to the samples.
    pub(super) fn read(&self, samples: &[String], session: &Session) -> anyhow::Result<Option<Passport>> {
        let Some(path) = &self.passport else { return Ok(None) };
        let options = accession::Options { key: self.key.clone(), ..Default::default() };
        let table = AccessionTable::read(path, &options)?;
        table.notes().iter().for_each(|note| session.progress.note(note));
        let account = table.account(samples)?;
        if let Some(note) = account.note(table.path()) {
            session.progress.note(&note);
        }
        let column = match &self.name_column {
            Some(name) => Some(table.column(name)?),
            None => {
                NAME_COLUMNS.iter().find(|name| table.has(name)).map(|name| table.column(name)).transpose()?
            }
        };
        let cells = |column: usize| -> Vec<Option<String>> {
            samples.iter().map(|name| table.get(name.trim(), column).map(str::to_owned)).collect()
        };
        let columns = self.keep_by.iter().map(|name| {
            let values =
                cells(table.column(name)?).iter().map(|cell| cell.as_deref().and_then(worth)).collect();
            Ok(Criterion { name: name.clone(), values })
        });
        let filled = |name: &String| {
            let known = (0..table.columns().len()).filter(|&column| table.get(name.trim(), column).is_some());
            Some(known.count() as f64)
        };
        Ok(Some(Passport {
            names: column.map(cells),
            columns: columns.collect::<anyhow::Result<_>>()?,
            completeness: Criterion {
                name: "passport".to_owned(),
                values: samples.iter().map(filled).collect(),
            },
            matched: account.matched,
            without_row: account.without_row.len(),
            without_genotypes: account.without_genotypes,
            digest: table.digest().clone(),
        }))
    }
}

/// Letters and digits alone, in lower case: names of several genotypes are homonyms if they agree so far.
fn letters(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A number, or yes and no as 1 and 0; any other word counts between them.
fn worth(cell: &str) -> Option<f64> {
    match cell.trim().to_ascii_lowercase().as_str() {
        "yes" | "y" | "true" => Some(1.0),
        "no" | "n" | "false" => Some(0.0),
        text => {
            Some(text.replace(',', ".").parse().ok().filter(|value: &f64| !value.is_nan()).unwrap_or(0.5))
        }
    }
}

impl Passport {
    /// The columns that tell which accession to keep.
    pub(super) fn columns(&self) -> Vec<Criterion> {
        self.columns.clone()
    }

    /// How many descriptors of each accession are filled in.
    pub(super) fn completeness(&self) -> Criterion {
        self.completeness.clone()
    }

    /// The name of each sample.
    pub(super) fn names(&self) -> &[Option<String>] {
        self.names.as_deref().unwrap_or_default()
    }

    /// The names beside the groups, if there are names.
    pub(super) fn beside(&self, groups: &[Vec<usize>]) -> Option<Vec<Row>> {
        let names = self.names.as_ref()?;
        let (cleaning, alike) = (Cleaning::standard(), Alike::default());
        let is_alike = |a: &str, b: &str| {
            let letters = [a, b].map(letters);
            letters[0] == letters[1] || similarity(a, b, &cleaning, &alike).is_some()
        };
        Some(join(groups, names, is_alike, letters))
    }

    pub(super) fn describe(&self, summary: &mut Summary, rows: Option<&[Row]>) {
        summary.inputs.push(self.digest.clone());
        summary
            .count("samples_with_passport", self.matched)
            .count("samples_without_passport", self.without_row);
        summary.count("passports_without_genotypes", self.without_genotypes.len());
        let Some(rows) = rows else { return };
        let all = [Finding::Agreement, Finding::Conflict, Finding::Homonym, Finding::Unnamed];
        let count = |finding: Finding| rows.iter().filter(|row| row.finding == finding).count();
        for (key, finding) in
            ["names_agree", "names_conflict", "homonyms", "groups_without_names"].iter().zip(all)
        {
            summary.count(key, count(finding));
        }
        summary.tables.push(Table {
            name: "names".into(),
            title: "Names beside genotypes: one genotype under one name (agreement) or several (conflict), one name of \
                    several genotypes (homonym)"
                .into(),
            chart: Chart::Bar,
            columns: vec!["finding".into(), "cases".into()],
            rows: all.iter().map(|&own| vec![own.name().into(), count(own).into()]).collect(),
            path: None,
        });
    }
}
