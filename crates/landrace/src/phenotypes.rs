//! What the commands on traits share: reading phenotypes and covariates, and joining them to the genotypes' samples.

use std::path::PathBuf;

use landrace_breeding::phenotype::{
    AnalysisSet, Covariates, Join, PhenotypeTable, ReadOptions, Trait, TraitName,
};
use landrace_genome::summary::InputDigest;

use crate::cli::Session;

/// The phenotypes that a command reads beside genotypes.
#[derive(clap::Args)]
pub(crate) struct PhenotypeArgs {
    /// Table of phenotypes: a column a trait, or columns sample, trait and value; TSV, CSV, .xlsx, TASSEL, PLINK, .fam
    #[arg(short, long, value_name = "FILE", help_heading = "Phenotypes")]
    phenotypes: PathBuf,
    /// Trait to analyse, or TRAIT@ENVIRONMENT; may be given again [default: all]
    #[arg(long = "trait", value_name = "NAME", help_heading = "Phenotypes")]
    traits: Vec<String>,
    /// Table of covariates; numbers are taken as they are, words as factors
    #[arg(long, value_name = "FILE", help_heading = "Phenotypes")]
    covariates: Option<PathBuf>,
    /// Columns that are covariates, separated by commas, of --covariates or else of the phenotypes; factor:COLUMN takes
    /// numbers as levels [default: all of --covariates]
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Phenotypes")]
    covariate_columns: Vec<String>,
    /// Column that names the samples [default: by its name and by what matches the genotypes]
    #[arg(long, value_name = "COLUMN", help_heading = "Phenotypes")]
    sample_column: Option<String>,
    /// Cells that mean missing, separated by commas, beside NA, NaN, '.', '-' and empty cells
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        allow_hyphen_values = true,
        help_heading = "Phenotypes"
    )]
    missing: Vec<String>,
}

/// What was read, joined to the samples.
pub(crate) struct Phenotypes {
    /// The table.
    pub(crate) table: PhenotypeTable,
    /// The samples of the genotypes in it.
    pub(crate) join: Join,
    /// The traits asked for, or all.
    pub(crate) traits: Vec<Trait>,
    /// Covariates with their own join.
    pub(crate) covariates: Option<(Covariates, Join)>,
    /// The files read.
    pub(crate) digests: Vec<InputDigest>,
    /// Whether traits were asked for by name.
    pub(crate) is_asked: bool,
}

impl PhenotypeArgs {
    /// Reads the tables and finds the samples of the genotypes in them; says who matched.
    pub(crate) fn read(&self, session: &Session, samples: &[String]) -> anyhow::Result<Phenotypes> {
        self.read_as(session, samples, Reading::EachTrait)
    }

    /// As [`Self::read`], of traits of another kind.
    pub(crate) fn read_as(
        &self,
        session: &Session,
        samples: &[String],
        reading: Reading,
    ) -> anyhow::Result<Phenotypes> {
        let options = ReadOptions {
            two_valued: (reading == Reading::TwoValued).then(|| self.traits.clone()),
            sample_column: self.sample_column.clone(),
            missing: self.missing.clone(),
            sheet: None,
            samples: samples.to_vec(),
        };
        let table = PhenotypeTable::read(&self.phenotypes, &options)?;
        let join = table.join(samples)?;
        let mut notes = [table.notes().to_vec(), join.account()].concat();
        let names: Vec<TraitName> = match self.traits.as_slice() {
            words if reading == Reading::ByEnvironment => in_environments(&table, words)?,
            [] => table.default_traits(),
            words => words.iter().map(|word| table.find_trait(word)).collect::<Result<_, _>>()?,
        };
        if names.is_empty() {
            anyhow::bail!("{}: no column holds numbers, so there is no trait", table.path());
        }
        let traits = names.iter().map(|name| table.trait_values(name)).collect::<Result<_, _>>()?;
        let mut digests = vec![table.digest().clone()];
        let covariates = match &self.covariates {
            Some(path) => {
                let own = PhenotypeTable::read(
                    path,
                    &ReadOptions { sample_column: None, two_valued: None, ..options },
                )?;
                let own_join = own.join(samples)?;
                notes.extend(own.notes().iter().cloned().chain(own_join.account()));
                digests.push(own.digest().clone());
                Some((own.covariates(&self.covariate_columns, true)?, own_join))
            }
            None if self.covariate_columns.is_empty() => None,
            None => Some((table.covariates(&self.covariate_columns, false)?, join.clone())),
        };
        notes.iter().for_each(|line| session.progress.note(line));
        Ok(Phenotypes { table, join, traits, covariates, digests, is_asked: !self.traits.is_empty() })
    }
}

/// How traits are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// One by one, of numbers.
    EachTrait,
    /// One by one, words of two-valued ones as 0 and 1.
    TwoValued,
    /// In each of several environments.
    ByEnvironment,
}

/// The traits asked for, or all, in each of their environments.
fn in_environments(table: &PhenotypeTable, words: &[String]) -> anyhow::Result<Vec<TraitName>> {
    let mut out = Vec::new();
    if words.is_empty() {
        let all = table.base_traits();
        let found: Vec<_> = all.iter().filter_map(|own| table.environments_of(&own.name).ok()).collect();
        if found.is_empty() {
            anyhow::bail!(
                "{}: no trait has two environments; name them in a column 'environment'",
                table.path()
            );
        }
        out = found.concat();
    }
    for word in words {
        out.extend(table.environments_of(word)?);
    }
    Ok(out)
}

impl Phenotypes {
    /// What an analysis of each trait uses. A trait that cannot be analysed is an error if it was asked for; else it is
    /// passed over and said, unless none is left.
    pub(crate) fn sets(&self, session: &Session) -> anyhow::Result<Vec<AnalysisSet>> {
        let covariates = self.covariates.as_ref().map(|(covariates, join)| (covariates, join));
        let mut sets = Vec::new();
        let mut failed = None;
        for own in &self.traits {
            match AnalysisSet::new(own, &self.join, covariates) {
                Ok(set) => {
                    set.design.notes.iter().for_each(|line| session.progress.note(line));
                    if set.without_covariates > 0 {
                        let n = set.without_covariates;
                        session
                            .progress
                            .note(&format!("{}: {n} samples lack a covariate and are left out", set.name));
                    }
                    sets.push(set);
                }
                Err(error) if self.is_asked => return Err(error.into()),
                Err(error) => {
                    session.progress.note(&format!("passed over: {error}"));
                    failed = Some(error);
                }
            }
        }
        match failed {
            Some(error) if sets.is_empty() => Err(error.into()),
            _ => Ok(sets),
        }
    }
}
