//! `landrace convert`: genotypes from one format to another.

use std::path::PathBuf;

use landrace_genome::summary::Summary;
use landrace_genotypes::filter::{FilterOptions, filter};
use landrace_genotypes::{Wanted, format};

use crate::cli::Session;
use crate::{genotypes, output};

/// Turn genotypes of one format into another; says what the other cannot hold
#[derive(clap::Args)]
#[command(after_help = "Example:\n  landrace convert panel.hmp.txt -o panel.bcf\n\n\
    Reads VCF, BCF, PLINK .bed (with .bim and .fam) and .ped (with .map), HapMap, Illumina FinalReport, Axiom \
    calls, DArT reports, KASP wells and grids, AgriPlex tables and fitPoly scores, told apart by content. Writes by ending: .vcf, \
    .vcf.gz and .bcf (with a .csi index), .bed (with .bim and .fam), .hmp.txt and .hmp.txt.gz.")]
pub(crate) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// Genotypes; the ending says the format
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    selection: genotypes::Selection,
    /// Refuse to write what the output's format cannot hold
    #[arg(long)]
    strict: bool,
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let mut source = args.input.open_for(&args.output, Wanted::default())?;
    let mut options = FilterOptions::default();
    args.selection.apply(source.header(), &mut options)?;
    let header = source.header().with_samples(options.samples.as_deref());
    let mut writer = format::create(&args.output, &header, &session.command_line)?;
    let bar = genotypes::follow(session, "convert", source.as_ref());
    let report = filter(source.as_mut(), &options, writer.as_mut(), None)?;
    drop(bar);
    genotypes::tell_losses(session, &report.losses, args.strict)?;
    let mut summary = Summary::new("convert", &session.command_line);
    summary.inputs = source.digests();
    summary.count("variants_read", report.account.read);
    genotypes::tally_tables(&mut summary, &report.tally, &header.samples);
    let sheet = genotypes::sample_sheet(session, &args.output, &header)?;
    output::publish(&args.output, &summary, sheet.into_iter().chain(writer.finish()?).collect())?;
    session.progress.note(&format!(
        "{} variants of {} samples: {} to {}",
        report.written,
        header.samples.len(),
        header.format,
        args.output.display()
    ));
    Ok(())
}
