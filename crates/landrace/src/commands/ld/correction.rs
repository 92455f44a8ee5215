//! What r² is freed of: structure and kinship, from files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use landrace_genome::file;
use landrace_genotypes::SourceHeader;
use landrace_genotypes::ld::correct::Correction;

/// What r² is freed of.
#[derive(clap::Args)]
#[command(next_help_heading = "Correction")]
pub(super) struct Flags {
    /// Free r² of kinship (r²_V): a relationship matrix, as a table with the samples' names in the first row and the
    /// first column
    #[arg(long, value_name = "FILE")]
    relationship: Option<PathBuf>,
    /// Free r² of structure (r²_S): a table with samples in the first column and numbers in the others, such as the
    /// coordinates of landrace pca
    #[arg(long, value_name = "FILE")]
    structure: Option<PathBuf>,
    /// Columns of the structure table to use, the first so many
    #[arg(long, value_name = "N", requires = "structure")]
    axes: Option<usize>,
}

impl Flags {
    /// Name of the measure: r² with S, V or both.
    pub(super) fn measure(&self) -> &'static str {
        match (&self.relationship, &self.structure) {
            (None, None) => "r²",
            (None, Some(_)) => "r²_S",
            (Some(_), None) => "r²_V",
            (Some(_), Some(_)) => "r²_VS",
        }
    }

    /// Whether there is any.
    pub(super) fn is_any(&self) -> bool {
        self.relationship.is_some() || self.structure.is_some()
    }

    /// Reads the files, for the samples of the genotypes.
    pub(super) fn read(&self, header: &SourceHeader) -> anyhow::Result<Correction> {
        let samples = &header.samples;
        let matrix = self.relationship.as_deref().map(|path| relationship(path, samples)).transpose()?;
        let covariates = match &self.structure {
            Some(path) => structure(path, samples, self.axes.unwrap_or(usize::MAX))?,
            None => Vec::new(),
        };
        Ok(Correction::new(samples.len(), matrix.as_deref(), &covariates)?)
    }
}

/// Rows of a table by the name in the first column, after the header: number of the line and the other cells.
fn rows(text: &str) -> impl Iterator<Item = (usize, &str, Vec<&str>)> {
    let lines = text.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(index, line)| {
        let mut cells = line.split('\t');
        (index + 1, cells.next().unwrap_or_default(), cells.collect())
    })
}

fn number(cell: &str, line: usize) -> anyhow::Result<f64> {
    let value = cell.trim().parse::<f64>().ok().filter(|value| value.is_finite());
    value.ok_or_else(|| anyhow!("line {line}: '{cell}' is not a number; give one for each sample"))
}

/// Where each sample is among names.
fn places(samples: &[String], names: &HashMap<&str, usize>) -> anyhow::Result<Vec<usize>> {
    let place = |sample: &String| {
        let found = names.get(sample.as_str()).copied();
        found.ok_or_else(|| anyhow!("has no sample '{sample}'; give a table of all samples of the genotypes"))
    };
    samples.iter().map(place).collect()
}

fn relationship(path: &Path, samples: &[String]) -> anyhow::Result<Vec<f64>> {
    let text = file::read_text(path)?;
    let read = || -> anyhow::Result<Vec<f64>> {
        let header: Vec<&str> = text.lines().next().unwrap_or_default().split('\t').skip(1).collect();
        let names = header.iter().enumerate().map(|(index, name)| (*name, index)).collect();
        let columns = places(samples, &names)?;
        let table: Vec<(usize, &str, Vec<&str>)> = rows(&text).collect();
        let names = table.iter().enumerate().map(|(index, row)| (row.1, index)).collect();
        let mut out = Vec::with_capacity(samples.len() * samples.len());
        for row in places(samples, &names)? {
            let (line, _, cells) = &table[row];
            if cells.len() != header.len() {
                bail!(
                    "line {line}: {} numbers for {} samples; write a square table",
                    cells.len(),
                    header.len()
                );
            }
            for &column in &columns {
                out.push(number(cells[column], *line)?);
            }
        }
        Ok(out)
    };
    read().with_context(|| path.display().to_string())
}

fn structure(path: &Path, samples: &[String], axes: usize) -> anyhow::Result<Vec<Vec<f64>>> {
    let text = file::read_text(path)?;
    let read = || -> anyhow::Result<Vec<Vec<f64>>> {
        let table: Vec<(usize, &str, Vec<&str>)> = rows(&text).collect();
        let names = table.iter().enumerate().map(|(index, row)| (row.1, index)).collect();
        let chosen = places(samples, &names)?;
        let width = chosen.first().map_or(0, |&row| table[row].2.len()).min(axes);
        let mut out = vec![Vec::with_capacity(samples.len()); width];
        for row in chosen {
            let (line, _, cells) = &table[row];
            if cells.len() < width {
                bail!("line {line}: {} of {width} numbers; fill the table", cells.len());
            }
            for (column, cell) in out.iter_mut().zip(cells) {
                column.push(number(cell, *line)?);
            }
        }
        Ok(out)
    };
    read().with_context(|| path.display().to_string())
}
