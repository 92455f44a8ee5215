//! The groups of samples: from a table, or from what the genotypes' own file says of its samples.

use std::path::PathBuf;

use anyhow::{Context, bail};
use landrace_genome::file;
use landrace_genome::nearest::hint;
use landrace_genotypes::SourceHeader;
use landrace_genotypes::sample_table::SampleTable;
use landrace_germplasm::diversity::Grouping;

use crate::cli::Session;

/// Which samples are compared.
#[derive(clap::Args)]
pub(super) struct Flags {
    /// Table of the samples (TSV or CSV) with a column `sample`; without it, columns of the genotype file itself
    #[arg(long, value_name = "FILE", requires = "by", help_heading = "Groups")]
    groups: Option<PathBuf>,
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

    /// The groups of the header's samples; all in one without `--by`.
    pub(super) fn read(&self, header: &SourceHeader, session: &Session) -> anyhow::Result<Grouping> {
        let Some(by) = &self.by else {
            if header.samples.is_empty() {
                bail!("the genotypes hold no samples; diversity needs some");
            }
            return Ok(Grouping::whole(header.samples.len()));
        };
        let cells = self.columns(by, header, session)?;
        let mut grouping = Grouping::by_cells(&cells[0]).with_context(|| format!("column '{by}'"))?;
        if let Some(regions) = cells.get(1) {
            grouping = grouping.within(regions)?;
        }
        let left_out = grouping.of_samples.iter().filter(|group| group.is_none()).count();
        if left_out > 0 {
            session.progress.note(&format!("{left_out} samples without a value of '{by}' are left out"));
        }
        if grouping.len() == 1 {
            let only = &grouping.names[0];
            session
                .progress
                .note(&format!("all samples have the same '{by}' ({only}): there is nothing to compare"));
        }
        Ok(grouping)
    }

    fn columns(
        &self,
        by: &str,
        header: &SourceHeader,
        session: &Session,
    ) -> anyhow::Result<Vec<Vec<Option<String>>>> {
        let names = [Some(by), self.within.as_deref()].into_iter().flatten();
        let Some(path) = &self.groups else {
            return names.map(|name| own_column(name, header)).collect();
        };
        let shown = path.display().to_string();
        let table = SampleTable::parse(&file::read_text(path)?, &shown)?;
        let join = table.join(&header.samples)?;
        session.progress.note(&join.note(&shown).unwrap_or_else(|| format!("{shown}: all samples matched")));
        names
            .map(|name| Ok(table.column(&name.to_ascii_lowercase(), &header.samples)?.cells))
            .collect()
    }
}

/// A column that the genotype file has beside its calls.
fn own_column(name: &str, header: &SourceHeader) -> anyhow::Result<Vec<Option<String>>> {
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
    bail!("the genotype file has no column '{name}' of its samples ({has}){near}; or give a table with --groups")
}
