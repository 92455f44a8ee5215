//! `landrace stats`: what a set of genotypes looks like.

use std::io::Write;
use std::path::{Path, PathBuf};

use landrace_genome::file;
use landrace_genome::summary::Summary;
use landrace_genotypes::Wanted;
use landrace_genotypes::stats::{Describe, describe, sample_table};

use crate::cli::Session;
use crate::hardy_weinberg::Expectation;
use crate::{genotypes, output};

mod batches;
mod replicates;

/// Call rate, allele frequency, heterozygosity, depth, quality and signs of paralogs, per variant and per sample
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  landrace stats cohort.bcf -o cohort\n  \
    landrace stats lines.vcf.gz --generation F6 --replicates lines.tsv --plates plates.tsv -o lines\n\n\
    Writes <output>.variants.tsv, <output>.samples.tsv and <output>.summary.json; with --replicates, tables of \
    pairs and variants; with --plates, tables of groups and variants. Memory does not grow with the number of \
    variants.")]
pub(crate) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// What the names of the tables begin with
    #[arg(short, long, value_name = "PREFIX")]
    output: PathBuf,
    #[command(flatten)]
    replicates: replicates::Flags,
    #[command(flatten)]
    batches: batches::Flags,
    #[command(flatten)]
    expectation: Expectation,
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let wanted = Wanted { depth: true, genotype_quality: true, allele_depths: true, ..Wanted::default() };
    let mut source = args.input.open(wanted)?;
    let names = source.header().samples.clone();
    let hwe_test = args.expectation.test(&names, session)?;
    let mut replicates = replicates::Tables::begin(&args.replicates, &names, &args.output)?;
    let mut batches = batches::Tables::begin(&args.batches, source.header(), &args.output, session)?;
    let folds = (
        replicates.as_ref().map(|own| own.replicates.clone()),
        batches.as_ref().and_then(|own| own.tested.clone()),
    );
    let mut variants = file::create(file::beside(&args.output, ".variants.tsv"))?;
    let bar = genotypes::follow(session, "stats", source.as_ref());
    let scratch = args.output.parent().unwrap_or(Path::new(""));
    let options = Describe { hwe_test: &hwe_test, scratch };
    let tally = describe(
        source.as_mut(),
        &options,
        &mut variants,
        (&folds, |(first, second)| {
            replicates.as_mut().zip(first).map_or(Ok(()), |(own, part)| own.add(part))?;
            batches.as_mut().zip(second).map_or(Ok(()), |(own, part)| own.add(part))
        }),
    )?;
    drop(bar);
    let mut samples = file::create(file::beside(&args.output, ".samples.tsv"))?;
    samples.write_all(sample_table(&tally, &names).as_bytes())?;
    let mut summary = Summary::new("stats", &session.command_line);
    summary.inputs = source.digests();
    genotypes::tally_tables(&mut summary, &tally, &names);
    let mut files = vec![samples, variants];
    if let Some(own) = replicates {
        files.extend(own.finish(&names, &mut summary, session)?);
    }
    if let Some(own) = batches {
        files.extend(own.finish(&tally, &mut summary, session)?);
    }
    output::publish(&args.output, &summary, files)?;
    let ratio = tally.transition_ratio().map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
    session.progress.note(&format!(
        "{} variants of {} samples; {} SNPs, transitions per transversion {ratio}",
        tally.variants,
        names.len(),
        tally.snps
    ));
    Ok(())
}
