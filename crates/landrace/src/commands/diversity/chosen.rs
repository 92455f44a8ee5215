//! The groups of samples: from a table, or from what the genotypes' own file says of its samples.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use landrace_genome::nearest::hint;
use landrace_genome::summary::InputDigest;
use landrace_genotypes::SourceHeader;
use landrace_germplasm::accession::{AccessionTable, Options};
use landrace_germplasm::diversity::Grouping;

use crate::cli::Session;

/// Which samples are compared.
#[derive(clap::Args)]
pub(super) struct Flags {
    /// Table of the samples or accessions (TSV, CSV or .xlsx); without it, columns of the genotype file itself
    #[arg(long, value_name = "FILE", requires = "by", help_heading = "Groups")]
    groups: Option<PathBuf>,
    /// Column of the table that names the samples as the genotypes do, where it is not sample, accession, ACCENUMB or
    /// the like
    #[arg(long, value_name = "COLUMN", requires = "groups", help_heading = "Groups")]
    key: Option<String>,
    /// Column that holds each sample's group: a column of the table, of the genotype file beside its calls, or
    /// `family` of a PLINK file; samples without a value are left out
    #[arg(long, value_name = "COLUMN", help_heading = "Groups")]
    by: Option<String>,
    /// Column that holds the region of each group (a group of groups), such as country above breed
    #[arg(long, value_name = "COLUMN", requires = "by", help_heading = "Groups")]
    within: Option<String>,
}

impl Flags {
    /// Names of the levels, for people.
    pub(super) fn levels(&self) -> (&str, &str) {
        (self.by.as_deref().unwrap_or("group"), self.within.as_deref().unwrap_or("region"))
    }

    /// The groups of the header's samples, all in one without `--by`, and the table that was read for it.
    pub(super) fn read(&self, header: &SourceHeader, session: &Session) -> anyhow::Result<Chosen> {
        let Some(by) = &self.by else {
            if header.samples.is_empty() {
                bail!("the genotypes hold no samples; diversity needs some");
            }
            return Ok(Chosen { grouping: Grouping::whole(header.samples.len()), table: None });
        };
        let names: Vec<&str> = [Some(by.as_str()), self.within.as_deref()].into_iter().flatten().collect();
        let (cells, table) = columns(self.groups.as_deref(), self.key.as_deref(), &names, header, session)?;
        let mut grouping = Grouping::by_cells(&cells[0]).with_context(|| format!("column '{by}'"))?;
        if let Some(regions) = cells.get(1) {
            grouping = grouping.within(regions)?;
        }
        let left_out = grouping.of_samples.iter().filter(|group| group.is_none()).count();
        if left_out > 0 {
            session.progress.note(&format!("{left_out} samples without a value of '{by}' are left out"));
        }
        if let [only] = grouping.names.as_slice() {
            let note = format!("all samples have the same '{by}' ({only}): there is nothing to compare");
            session.progress.note(&note);
        }
        Ok(Chosen { grouping, table })
    }
}

/// Columns by name, of a table or of the genotype file itself, joined to the samples; and the table, if there is one.
pub(in crate::commands) fn columns(
    table: Option<&Path>,
    key: Option<&str>,
    names: &[&str],
    header: &SourceHeader,
    session: &Session,
) -> anyhow::Result<(Vec<Cells>, Option<InputDigest>)> {
    let Some(path) = table else {
        let cells = names.iter().map(|name| own_column(name, header)).collect::<anyhow::Result<_>>()?;
        return Ok((cells, None));
    };
    let table = AccessionTable::read(path, &Options { key: key.map(str::to_owned), ..Options::default() })?;
    table.notes().iter().for_each(|note| session.progress.note(note));
    let mut out = Vec::new();
    for name in names {
        let (joined, account) = table.join(&header.samples, name)?;
        if out.is_empty() {
            let note = account.note(table.path());
            note.iter().for_each(|note| session.progress.note(note));
        }
        out.push(joined.cells);
    }
    Ok((out, Some(table.digest().clone())))
}

/// The cells of a column, one a sample.
pub(in crate::commands) type Cells = Vec<Option<String>>;

/// The groups, and the table that they are from.
pub(super) struct Chosen {
    pub(super) grouping: Grouping,
    pub(super) table: Option<InputDigest>,
}

/// A column that the genotype file has beside its calls.
fn own_column(name: &str, header: &SourceHeader) -> anyhow::Result<Cells> {
    let cell = |text: &str| (!matches!(text, "" | "NA" | ".")).then(|| text.to_owned());
    let mut known: Vec<&str> = Vec::new();
    if let Some(columns) = &header.sample_columns {
        known.extend(columns.names.iter().map(String::as_str));
        if let Some(place) = columns.names.iter().position(|own| own.eq_ignore_ascii_case(name)) {
            return Ok(columns.rows.iter().map(|row| cell(&row[place])).collect());
        }
    }
    if let Some(families) = &header.families {
        known.push("family");
        if name.eq_ignore_ascii_case("family") {
            return Ok(families.iter().map(|own| cell(&own.fields[0])).collect());
        }
    }
    let has = match known.as_slice() {
        [] => "it says nothing of its samples".to_owned(),
        known => format!("it has {}", known.join(", ")),
    };
    let near = hint(name, known.iter().copied());
    bail!(
        "the genotype file has no column '{name}' of its samples ({has}){near}; or give a table with --groups"
    )
}
