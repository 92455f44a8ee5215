//! What `stats` and `filter` are told of the inbreeding of the samples.

use std::path::PathBuf;

use anyhow::Context;
use landrace_genome::file;
use landrace_genotypes::hwe::{Expected, HweTest, inbreeding_of};
use landrace_genotypes::sample_table::SampleTable;

use crate::cli::Session;

/// The heterozygosity that Hardy-Weinberg tests expect.
#[derive(clap::Args)]
#[command(next_help_heading = "Hardy-Weinberg")]
pub(crate) struct Expectation {
    /// Inbreeding coefficient that the tests take for granted, from 0 to 1
    #[arg(long, value_name = "F", value_parser = share)]
    f: Option<f64>,
    /// Generation of selfing that the tests take for granted: 4 or F4 for the fourth filial generation of a cross
    /// (F = 1 - 1/2^2), S3 for three selfings of an outbred plant (F = 1 - 1/2^3)
    #[arg(long, value_name = "N", value_parser = generation, conflicts_with = "f")]
    generation: Option<f64>,
    /// Table of the samples' classes, each tested by itself: columns sample and class (inbred, dh, ril, outcross,
    /// f2, f3 ..., s1, s2 ..., an inbreeding coefficient; or clone and f1, which are not tested)
    #[arg(long, value_name = "TABLE", conflicts_with_all = ["f", "generation"])]
    classes: Option<PathBuf>,
    /// Mid p-values for diploids
    #[arg(long)]
    hwe_midp: bool,
}

/// A number from 0 to 1.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err("give a number from 0 to 1".to_owned()) }
}

/// The inbreeding coefficient of a generation.
fn generation(text: &str) -> Result<f64, String> {
    let word = if text.bytes().all(|b| b.is_ascii_digit()) { format!("f{text}") } else { text.to_owned() };
    let is_generation = word.starts_with(['f', 'F', 's', 'S']) && word.len() > 1;
    let known = inbreeding_of(&word).flatten().filter(|_| is_generation);
    known.ok_or_else(|| "give a generation from 2, as 4 or F4, or a number of selfings, as S3".to_owned())
}

impl Expectation {
    /// The test for these samples.
    pub(crate) fn test(&self, samples: &[String], session: &Session) -> anyhow::Result<HweTest> {
        let expected = match &self.classes {
            Some(path) => {
                let table = read_table(path)?;
                let join = table.join(samples)?;
                join.note(table.path()).into_iter().for_each(|note| session.progress.note(&note));
                table.classes(samples)?
            }
            None => Expected::Inbreeding(self.f.or(self.generation).unwrap_or(0.0)),
        };
        Ok(HweTest { mid_p: self.hwe_midp, expected })
    }
}

/// Reads a table of samples.
pub(crate) fn read_table(path: &PathBuf) -> anyhow::Result<SampleTable> {
    let name = path.display().to_string();
    SampleTable::parse(&file::read_text(path)?, &name).context("cannot use the table of samples")
}
