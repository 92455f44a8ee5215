//! What r² is freed of: structure and kinship, from files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use landrace_genome::file;
use landrace_genotypes::ld::correct::Correction;
use landrace_genotypes::relationship::{self, Method, Options, SampleMatrix, relate};
use landrace_genotypes::{SourceHeader, Wanted};

use crate::genotypes;

/// What r² is freed of.
#[derive(clap::Args)]
#[command(next_help_heading = "Correction")]
pub(super) struct Flags {
    /// Free r² of kinship (r²_V): a relationship matrix of at least these samples, as landrace relationship, GCTA
    /// and PLINK write it
    #[arg(long, value_name = "FILE", conflicts_with = "kinship")]
    relationship: Option<PathBuf>,
    /// Free r² of kinship by VanRaden's first matrix of these genotypes, which are read twice
    #[arg(long)]
    kinship: bool,
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
        match (self.kinship || self.relationship.is_some(), self.structure.is_some()) {
            (false, false) => "r²",
            (false, true) => "r²_S",
            (true, false) => "r²_V",
            (true, true) => "r²_VS",
        }
    }

    /// Whether there is any.
    pub(super) fn is_any(&self) -> bool {
        self.kinship || self.relationship.is_some() || self.structure.is_some()
    }

    /// Reads the files, for the samples of the genotypes, and the genotypes if kinship is to come from them.
    pub(super) fn read(&self, input: &genotypes::Input, header: &SourceHeader) -> anyhow::Result<Correction> {
        let samples = &header.samples;
        let matrix = match &self.relationship {
            Some(path) => Some(relationship::read(path)?),
            None if self.kinship => Some(kinship(input)?),
            None => None,
        };
        let places = match (&matrix, &self.relationship) {
            (Some(matrix), path) => {
                let names =
                    matrix.samples.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
                let context = || path.as_deref().unwrap_or(Path::new("")).display().to_string();
                places(samples, &names).with_context(context)?
            }
            (None, _) => Vec::new(),
        };
        let covariates = match &self.structure {
            Some(path) => structure(path, samples, self.axes.unwrap_or(usize::MAX))?,
            None => Vec::new(),
        };
        let matrix = matrix.as_ref().map(|matrix| (matrix, &places[..]));
        Ok(Correction::new(samples.len(), matrix, &covariates)?)
    }
}

/// The relationship of the genotypes' own samples.
fn kinship(input: &genotypes::Input) -> anyhow::Result<SampleMatrix> {
    if input.genotypes.iter().any(|path| path == Path::new("-")) {
        bail!("standard input cannot be read twice; give a file, or --relationship");
    }
    let mut source = input.open(Wanted::default())?;
    Ok(relate(source.as_mut(), &Options::new(Method::VanRaden1))?.matrix)
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
        found.ok_or_else(|| anyhow!("has no sample '{sample}'; give one with all samples of the genotypes"))
    };
    samples.iter().map(place).collect()
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
