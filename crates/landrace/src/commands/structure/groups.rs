//! Samples whose population is known.

use std::path::PathBuf;

use anyhow::{Context, bail};
use landrace_genome::nearest::hint;
use landrace_genome::summary::InputDigest;
use landrace_genotypes::SourceHeader;
use landrace_germplasm::diversity::Grouping;

use crate::cli::Session;
use crate::commands::diversity::chosen;

/// Which samples are known, and as what.
#[derive(clap::Args)]
#[command(next_help_heading = "Known populations")]
pub(super) struct Flags {
    /// Table of the samples or accessions (TSV, CSV or .xlsx); without it, columns of the genotype file itself
    #[arg(long, value_name = "FILE", requires = "by")]
    groups: Option<PathBuf>,
    /// Column of the table that names the samples as the genotypes do, where it is not sample, accession, ACCENUMB or
    /// the like
    #[arg(long, value_name = "COLUMN", requires = "groups")]
    key: Option<String>,
    /// Take the populations for known: a column that holds the population of each known sample (of the table, of the
    /// genotype file beside its calls, or `family` of a PLINK file). Samples without a value are mixtures of them
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
    /// The populations that are taken for known, separated by commas; samples of others are mixtures of them [default:
    /// all]
    #[arg(long, value_name = "NAMES", requires = "by", value_delimiter = ',')]
    known: Vec<String>,
}

/// The known groups, and the table that they are from.
pub(super) struct Known {
    pub(super) grouping: Grouping,
    pub(super) table: Option<InputDigest>,
}

impl Flags {
    /// The groups of the header's samples; `None` if none is said to be known.
    pub(super) fn read(&self, header: &SourceHeader, session: &Session) -> anyhow::Result<Option<Known>> {
        let Some(by) = &self.by else { return Ok(None) };
        let (mut cells, table) =
            chosen::columns(self.groups.as_deref(), self.key.as_deref(), &[by.as_str()], header, session)?;
        let mut cells = cells.pop().unwrap_or_default();
        let all = Grouping::by_cells(&cells).with_context(|| format!("column '{by}'"))?;
        if let Some(name) = self.known.iter().find(|name| !all.names.contains(name)) {
            let near = hint(name, all.names.iter().map(String::as_str));
            let few: Vec<&str> = all.names.iter().take(12).map(String::as_str).collect();
            bail!("no sample has '{name}' in the column '{by}', which has {}{near}", few.join(", "));
        }
        if !self.known.is_empty() {
            cells.iter_mut().for_each(|cell| *cell = cell.take().filter(|name| self.known.contains(name)));
        }
        let grouping = Grouping::by_cells(&cells)?;
        if let [only] = grouping.names.as_slice() {
            bail!(
                "the only known population is '{only}': all samples would be wholly of it; name two or more, or \
                 give -k without --by"
            );
        }
        if grouping.of_samples.iter().all(Option::is_some) {
            session.progress.note(&format!(
                "every sample has a population in '{by}': there is no ancestry to find, only allele frequencies; leave \
                 cells empty, or name some populations with --known"
            ));
        }
        Ok(Some(Known { grouping, table }))
    }
}
