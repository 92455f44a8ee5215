//! `landrace duplicates`: accessions that are one genotype.

use std::path::{Path, PathBuf};

use landrace_genome::file::{self, FileError, Output};
use landrace_genome::summary::Summary;
use landrace_genotypes::Wanted;
use landrace_genotypes::replicates::Replicates;
use landrace_germplasm::duplicates::groups::Criterion;
use landrace_germplasm::duplicates::table::{self, Choice, choose_all};
use landrace_germplasm::duplicates::{Found, Options, Profiles, find, passports};
use landrace_germplasm::same::Mating;

use crate::cli::Session;
use crate::hardy_weinberg::read_table;
use crate::{genotypes, output};

mod passport;
mod tables;

/// Accessions that are one genotype, within the error that the data shows
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  landrace duplicates collection.bcf -o duplicates.tsv --kept kept.txt\n  \
    landrace duplicates collection.bed -o duplicates.tsv --passport passport.xlsx --keep-by SEEDSTOCK --pairs pairs.tsv\n  \
    landrace duplicates ssr.tsv -o clones.tsv --differences loci.tsv\n\n\
    Every pair is weighed: one genotype, called with the error that the nearest pairs (or --replicates) show, against \
    parents and offspring, full sibs, kin whose differences are scattered, lines that differ in stretches of the \
    genome (backcrosses), and strangers. A pair is 'same' if one genotype is likelier (llr above 0) and its posterior is \
    0.99 or more, 'same_or_kin' if the markers cannot exclude kin. Groups are by complete linkage: all pairs of a group are \
    of one genotype. p_value is the chance that errors alone make so many calls differ: a sport has a small one.\n\n\
    Of each group the accession is kept that is best by --keep-by, in turn; then by call rate in steps of 5%, by how \
    much of its passport is filled in, and by call rate; the first of equals. 'landrace filter --samples kept.txt' takes \
    the list. With fewer than 30 loci, and neither --error nor --replicates, only samples without a difference are \
    grouped."
)]
pub(crate) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// Table of the accessions that have a duplicate, a line each
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Table of the pairs that were looked at closely, with the verdict on each
    #[arg(long, value_name = "FILE")]
    pairs: Option<PathBuf>,
    /// Names of the accessions to keep, one a line: those without a duplicate, and one of each group
    #[arg(long, value_name = "FILE")]
    kept: Option<PathBuf>,
    /// Table of the calls that differ between the kept accession of a group and the others: sports, and errors
    #[arg(long, value_name = "FILE")]
    differences: Option<PathBuf>,
    #[command(flatten)]
    error: ErrorFlags,
    #[command(flatten)]
    passport: passport::Flags,
    /// Memory that the genotypes may take
    #[arg(long, value_name = "SIZE", default_value = "8G", value_parser = super::align::parse_memory)]
    memory: u64,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Error and kin")]
struct ErrorFlags {
    /// Share of the calls that are wrong [default: what the nearest pairs show]
    #[arg(long, value_name = "RATE", value_parser = rate, conflicts_with = "replicates")]
    error: Option<f64>,
    /// Table of samples that are known to be one genotype, columns sample and accession (or genotype): their
    /// differences tell the error rate
    #[arg(long, value_name = "TABLE")]
    replicates: Option<PathBuf>,
    /// The accessions are inbred lines [default: if their heterozygosity is below half of the expected]
    #[arg(long, conflicts_with = "outbred")]
    inbred: bool,
    /// The accessions are clones, outcrossers or hybrids
    #[arg(long)]
    outbred: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value: &f64| (0.0..0.4).contains(value));
    value.ok_or_else(|| "give a number from 0 to below 0.4".to_owned())
}

impl ErrorFlags {
    fn options(&self, samples: &[String]) -> anyhow::Result<Options> {
        let mut options = Options { error: self.error, ..Options::default() };
        if self.inbred || self.outbred {
            options.mating = Some(if self.inbred { Mating::Inbred } else { Mating::Outbred });
        }
        if let Some(path) = &self.replicates {
            let sheet = read_table(path)?;
            sheet.join(samples)?;
            let column = if sheet.has("genotype") { "genotype" } else { "accession" };
            let replicates = Replicates::new(&sheet.column(column, samples)?.cells)?;
            options.replicates = replicates.pairs.into_iter().map(|(_, pair)| pair).collect();
        }
        Ok(options)
    }
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let mut source = args.input.open(Wanted::default())?;
    let samples = source.header().samples.clone();
    let options = args.error.options(&samples)?;
    let passport = args.passport.read(&samples, session)?;
    let bar = genotypes::follow(session, "duplicates", source.as_ref());
    let profiles = Profiles::read(source.as_mut(), args.memory)?;
    drop(bar);
    let found = find(&profiles, &options)?;
    let choices = choose_all(&found, &criteria(&profiles, passport.as_ref()));
    let rows = passport.as_ref().and_then(|passport| passport.beside(&found.groups));
    let mut summary = Summary::new("duplicates", &session.command_line);
    summary.inputs = source.digests();
    tables::fill(&mut summary, &samples, &profiles, &found, &choices);
    if let Some(passport) = &passport {
        passport.describe(&mut summary, rows.as_deref());
    }
    let mut files = write(args, &samples, &profiles, &found, &choices)?;
    if let (Some(passport), Some(rows)) = (&passport, &rows) {
        let path = file::beside(&args.output, ".names.tsv");
        let names = passport.names();
        files.insert(0, put(&path, |out| passports::write(rows, &samples, names, &found.groups, out))?);
    }
    output::publish(&args.output, &summary, files)?;
    tables::note(session, &profiles, &found, &choices);
    Ok(())
}

/// What tells which accession of a group is kept, the first first.
fn criteria(profiles: &Profiles, passport: Option<&passport::Passport>) -> Vec<Criterion> {
    let loci = profiles.loci.len().max(1) as f64;
    let rates = |step: f64| {
        let rate = |called: &u32| (f64::from(*called) / loci / step + 1e-9).floor() * step;
        profiles.called.iter().map(|called| Some(rate(called))).collect()
    };
    let mut out = passport.map(passport::Passport::columns).unwrap_or_default();
    out.push(Criterion { name: "call rate".to_owned(), values: rates(0.05) });
    out.extend(passport.map(passport::Passport::completeness));
    out.push(Criterion { name: "call rate".to_owned(), values: rates(1.0 / loci) });
    out
}

/// The files that were asked for; the table of accessions is the last.
fn write(
    args: &Args,
    samples: &[String],
    profiles: &Profiles,
    found: &Found,
    choices: &[Choice],
) -> anyhow::Result<Vec<Output>> {
    let mut files = Vec::new();
    if let Some(path) = &args.differences {
        files.push(put(path, |out| table::write_differences(samples, profiles, choices, out))?);
    }
    if let Some(path) = &args.pairs {
        files.push(put(path, |out| table::write_pairs(samples, found, choices, out))?);
    }
    if let Some(path) = &args.kept {
        files.push(put(path, |out| table::write_kept(samples, choices, out))?);
    }
    files.push(put(&args.output, |out| table::write_accessions(samples, profiles, found, choices, out))?);
    Ok(files)
}

fn put(path: &Path, write: impl FnOnce(&mut Output) -> std::io::Result<()>) -> Result<Output, FileError> {
    let mut out = file::create(path)?;
    write(&mut out).map_err(|error| FileError::new(path, &error))?;
    Ok(out)
}
