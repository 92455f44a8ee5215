//! The options of families.

use std::path::PathBuf;

use anyhow::{Context, bail};
use landrace_genome::file;
use landrace_genotypes::impute::family::{Cross, FamilyMethod, FamilySpec, parse_families};
use landrace_genotypes::impute::haplotype::GeneticMap;

#[derive(clap::Args)]
#[command(next_help_heading = "Families")]
pub(super) struct Args {
    /// The two parents, separated by a comma; all other samples are their progeny
    #[arg(long, value_name = "A,B", conflicts_with = "family")]
    parents: Option<String>,
    /// Table of families: columns sample, mother, father and, if known, cross
    #[arg(long, value_name = "FILE")]
    family: Option<PathBuf>,
    /// How the progeny come from the parents: f1 (full sibs), f2 to f20, ril, dh, bc1, bc2f3, bc1dh; by the calls if
    /// it is not given
    #[arg(long, value_name = "CROSS", value_parser = cross, requires = "parents")]
    cross: Option<Cross>,
}

fn cross(text: &str) -> Result<Cross, String> {
    Cross::parse(text).ok_or_else(|| "write f1, f2, f5, ril, dh, bc1, bc2f3 or bc1dh".to_owned())
}

impl Args {
    /// Whether parents are named.
    pub(super) fn has_parents(&self) -> bool {
        self.parents.is_some() || self.family.is_some()
    }

    /// The method for these options.
    pub(super) fn method(&self, map: GeneticMap) -> anyhow::Result<FamilyMethod> {
        let specs = match (&self.parents, &self.family) {
            (Some(parents), _) => {
                let Some((first, second)) = parents.split_once(',') else {
                    bail!("'{parents}' names one parent; give two, as in --parents A,B");
                };
                let parents = [first.to_owned(), second.to_owned()];
                vec![FamilySpec { parents, progeny: None, cross: self.cross.clone() }]
            }
            (None, Some(path)) => {
                let text = file::read_text(path)?;
                parse_families(&text, &path.display().to_string()).context("the table of families")?
            }
            (None, None) => bail!("no parents are named; give --parents A,B or --family TABLE"),
        };
        Ok(FamilyMethod::new(specs, map))
    }
}
