//! `landrace stats`: what a set of genotypes looks like.

use std::io::Write;
use std::path::{Path, PathBuf};

use landrace_genome::file;
use landrace_genome::summary::Summary;
use landrace_genotypes::Wanted;
use landrace_genotypes::stats::{describe, sample_table};
use landrace_genotypes::tally::Tally;

use crate::cli::Session;
use crate::{genotypes, output};

/// Call rate, allele frequency, heterozygosity, depth and quality, per variant and per sample
#[derive(clap::Args)]
#[command(after_help = "Example:\n  landrace stats cohort.bcf -o cohort\n\n\
    Writes <output>.variants.tsv, <output>.samples.tsv and <output>.summary.json. Memory does not grow with the \
    number of variants.")]
pub(crate) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// What the names of the tables begin with
    #[arg(short, long, value_name = "PREFIX")]
    output: PathBuf,
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let wanted = Wanted { depth: true, genotype_quality: true, ..Wanted::default() };
    let mut source = args.input.open(wanted)?;
    let beside = |suffix: &str| file::beside(Path::new(&args.output), suffix);
    let mut variants = file::create(beside(".variants.tsv"))?;
    let bar = genotypes::follow(session, "stats", source.as_ref());
    let tally: Tally = describe(source.as_mut(), &mut variants)?;
    drop(bar);
    let mut samples = file::create(beside(".samples.tsv"))?;
    let names = source.header().samples.clone();
    samples.write_all(sample_table(&tally, &names).as_bytes())?;
    let mut summary = Summary::new("stats", &session.command_line);
    summary.inputs = source.digests();
    genotypes::tally_tables(&mut summary, &tally, &names);
    output::publish(&args.output, &summary, vec![samples, variants])?;
    let ratio = tally.transition_ratio().map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
    session.progress.note(&format!(
        "{} variants of {} samples; {} SNPs, transitions per transversion {ratio}",
        tally.variants,
        names.len(),
        tally.snps
    ));
    Ok(())
}
