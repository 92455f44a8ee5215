//! `landrace convert`: genotypes from one format to another.

use std::path::PathBuf;

use landrace_genome::summary::Summary;
use landrace_genotypes::Wanted;
use landrace_genotypes::filter::{FilterOptions, filter};
use landrace_genotypes::format::{self, WriteOptions};

use crate::cli::Session;
use crate::{genotypes, output};

/// Turn genotypes of one format into another; says what the other cannot hold
#[derive(clap::Args)]
#[command(after_help = "Example:\n  landrace convert panel.hmp.txt -o panel.bcf\n\n\
    Reads VCF, BCF, PLINK .bed (with .bim and .fam) and .ped (with .map), HapMap, tables of dosages, letters, alleles \
    or microsatellites, GWASpoly, Flapjack, STRUCTURE, Core Hunter, Illumina FinalReport, Axiom, DArT, KASP, AgriPlex, \
    fitPoly, read counts (UNEAK, MADC, tables) and .xlsx. Formats are told apart by content; the line that names the \
    input says what it was read as.

Written by ending: .vcf, .vcf.gz and .bcf (with a .csi index), .bed (with .bim \
    and .fam), .ped (with .map), .hmp.txt (HapMap), .dosage.tsv, .tsv and .csv (dosages, a row a marker), .gwaspoly.csv \
    (GWASpoly), .dat (Flapjack, with .map) and .vcz (VCF Zarr). Text may end in .gz as well.")]
pub(crate) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// Genotypes; the ending says the format
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    selection: genotypes::Selection,
    /// Calls of a GWASpoly table as letters (AAAG), not as dosages
    #[arg(long)]
    letters: bool,
    /// Refuse to write what the output's format cannot hold
    #[arg(long)]
    strict: bool,
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let mut source = args.input.open_for(&args.output, Wanted::default())?;
    let mut options = FilterOptions::default();
    args.selection.apply(source.header(), &mut options)?;
    let header = source.header().with_samples(options.samples.as_deref());
    let how = WriteOptions { command: session.command_line.clone(), letters: args.letters };
    let mut writer = format::create_with(&args.output, &header, &how)?;
    if args.strict {
        // What the header alone tells is refused before anything is read.
        genotypes::tell_losses(session, &writer.losses(), true)?;
    }
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
