//! `landrace ld pairs`: every pair within a window.

use std::path::PathBuf;

use landrace_genome::file;
use landrace_genome::summary::Summary;
use landrace_genotypes::Wanted;
use landrace_genotypes::ld::band::{Reach, prepare_rows};
use landrace_genotypes::ld::pairs::{PairOptions, PairReport, check_haplotypes, write_pairs};

use super::{correction, length, r2_histogram, share, tell_passed};
use crate::cli::Session;
use crate::{genotypes, output};

/// r² of every pair of variants within a window, as a table
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  landrace ld pairs panel.bcf --window 500kb --min-r2 0.2 -o pairs.tsv\n\n\
    One row a pair: places and names of both, distance, samples with both calls, r² and r (its sign says whether \
    the alternate alleles come together). --haplotypes adds r² and D′ of the haplotypes, the most likely ones for \
    unphased diploids. With --relationship, --kinship or --structure it is r² freed of them (Mangin and others 2012), missing \
    calls then counting as the variant's mean."
)]
pub(super) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// The pairs (TSV; .tsv.gz compresses)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Bases between the two at most, such as 500kb
    #[arg(long, value_name = "LENGTH", value_parser = length, conflicts_with = "all")]
    window: Option<u64>,
    /// Variants that the second may lie behind the first [default: any number; window 500kb if neither is given]
    #[arg(long, value_name = "N", conflicts_with = "all")]
    window_variants: Option<usize>,
    /// All pairs, also between contigs: for small sets, which are held in memory
    #[arg(long)]
    all: bool,
    /// Write pairs of at least this r²
    #[arg(long, value_name = "R2", default_value_t = 0.2, value_parser = share)]
    min_r2: f64,
    /// Leave out variants of lower minor allele frequency
    #[arg(long, value_name = "FREQUENCY", default_value_t = 0.0, value_parser = share)]
    min_maf: f64,
    /// Add r² and D′ of haplotypes
    #[arg(long, conflicts_with_all = ["relationship", "kinship", "structure"])]
    haplotypes: bool,
    /// Count gametes by the phase that the file has, at any ploidy
    #[arg(long, conflicts_with_all = ["relationship", "kinship", "structure"])]
    phased: bool,
    #[command(flatten)]
    correction: correction::Flags,
}

impl Args {
    fn options(&self) -> PairOptions {
        let is_open = self.window.is_none() && self.window_variants.is_none() && !self.all;
        let reach = Reach {
            bases: if is_open { Some(500_000) } else { self.window },
            variants: self.window_variants,
            across_contigs: self.all,
        };
        PairOptions { reach, min_r2: self.min_r2, with_haplotypes: self.haplotypes }
    }
}

pub(super) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let mut source = args.input.open(Wanted { phase: args.phased, ..Wanted::default() })?;
    let (options, mut out) = (args.options(), file::create(&args.output)?);
    let mut summary = Summary::new("ld pairs", &session.command_line);
    let correction =
        args.correction.is_any().then(|| args.correction.read(&args.input, source.header())).transpose()?;
    let bar = genotypes::follow(session, "ld pairs", source.as_ref());
    let report = match &correction {
        Some(correction) => {
            summary.count("ridge_added_to_the_relationship", correction.ridge);
            write_pairs(source.as_mut(), &options, |block| correction.prepare(block, args.min_maf), &mut out)?
        }
        None => {
            let prepare = |block: &_| {
                let prepared = prepare_rows(block, args.min_maf, args.phased)?;
                if args.haplotypes { check_haplotypes(prepared, &block.contig) } else { Ok(prepared) }
            };
            write_pairs(source.as_mut(), &options, prepare, &mut out)?
        }
    };
    drop(bar);
    if let Some(correction) = &correction {
        summary.count("missing_calls_counted_as_the_mean", correction.imputed());
    }
    summary.inputs = source.digests();
    describe(&mut summary, args, &report);
    output::publish(&args.output, &summary, vec![out])?;
    tell_passed(session, &report.passed);
    let PairReport { compared, written, .. } = report;
    session.progress.note(&format!("{written} of {compared} pairs written"));
    Ok(())
}

fn describe(summary: &mut Summary, args: &Args, report: &PairReport) {
    summary.count("variants_read", report.passed.read).count("variants_left_out", report.passed.left_out);
    summary.count("pairs_compared", report.compared).count("pairs_written", report.written);
    summary.count("mean_r2", genotypes::rounded(report.sum / report.compared.max(1) as f64));
    summary.count("measure", args.correction.measure()).count("least_r2", args.min_r2);
    summary.headline =
        "{pairs_written} of {pairs_compared} pairs have {measure} of {least_r2} or more; the mean is \
                        {mean_r2}."
            .to_owned();
    summary.tables.push(r2_histogram("r2", "Pairs by r²", &report.histogram));
}
