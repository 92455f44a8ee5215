//! `landrace filter`: keep the variants and calls that can be trusted.

use std::io::Write;
use std::path::PathBuf;

use landrace_genome::file;
use landrace_genome::summary::Summary;
use landrace_genotypes::Wanted;
use landrace_genotypes::filter::{FilterOptions, filter};
use landrace_genotypes::format;

use crate::cli::Session;
use crate::{genotypes, output};

/// Keep the variants and calls that can be trusted; says how many fell to each rule
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  landrace filter cohort.vcf.gz --min-call-rate 0.8 --min-maf 0.02 -o filtered.bcf\n\n\
    Several files of the same samples are put in reference order and written as one. Thresholds hold at any ploidy."
)]
pub(crate) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// Genotypes kept; the ending says the format
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    selection: genotypes::Selection,
    /// List of the variants removed, with the rule that each fell to (TSV)
    #[arg(long, value_name = "FILE")]
    removed: Option<PathBuf>,
    /// Refuse to write what the output's format cannot hold
    #[arg(long)]
    strict: bool,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Rules")]
struct Rules {
    /// Share of samples with a call, at least
    #[arg(long, value_name = "SHARE", value_parser = share)]
    min_call_rate: Option<f64>,
    /// Minor allele frequency, at least
    #[arg(long, value_name = "FREQUENCY", value_parser = share)]
    min_maf: Option<f64>,
    /// Minor allele frequency, at most
    #[arg(long, value_name = "FREQUENCY", value_parser = share)]
    max_maf: Option<f64>,
    /// Share of heterozygous calls, at most
    #[arg(long, value_name = "SHARE", value_parser = share)]
    max_het: Option<f64>,
    /// Make calls with fewer reads missing
    #[arg(long, value_name = "READS")]
    min_depth: Option<i32>,
    /// Make calls of lower genotype quality missing
    #[arg(long, value_name = "PHRED")]
    min_gq: Option<f32>,
    /// P-value of the Hardy-Weinberg test, at least (exact for diploids, chi-squared at higher ploidy)
    #[arg(long, value_name = "P", value_parser = share)]
    hwe: Option<f64>,
    /// Inbreeding coefficient that the Hardy-Weinberg test takes for granted
    #[arg(long, value_name = "F", default_value_t = 0.0, value_parser = share, requires = "hwe")]
    f: f64,
    /// Quality of the variant (QUAL), at least
    #[arg(long, value_name = "PHRED")]
    min_quality: Option<f32>,
    /// Remove variants that failed a filter
    #[arg(long)]
    pass_only: bool,
    /// Remove variants without exactly two alleles
    #[arg(long)]
    biallelic: bool,
    /// Remove variants other than single bases
    #[arg(long)]
    snps_only: bool,
}

/// A number from 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err("give a number from 0 to 1".to_owned()) }
}

impl Rules {
    fn options(&self) -> FilterOptions {
        FilterOptions {
            min_call_rate: self.min_call_rate,
            min_maf: self.min_maf,
            max_maf: self.max_maf,
            max_het: self.max_het,
            min_depth: self.min_depth,
            min_genotype_quality: self.min_gq,
            hardy_weinberg: self.hwe,
            inbreeding: self.f,
            min_quality: self.min_quality,
            pass_only: self.pass_only,
            biallelic: self.biallelic,
            snps_only: self.snps_only,
            samples: None,
            regions: None,
        }
    }
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let mut options = args.rules.options();
    let wanted = Wanted {
        depth: options.wants_depth(),
        genotype_quality: options.wants_genotype_quality(),
        ..Wanted::default()
    };
    let mut source = args.input.open_for(&args.output, wanted)?;
    args.selection.apply(source.header(), &mut options)?;
    let header = source.header().with_samples(options.samples.as_deref());
    let mut writer = format::create(&args.output, &header, &session.command_line)?;
    let mut removed = args.removed.as_ref().map(file::create).transpose()?;
    if let Some(out) = &mut removed {
        writeln!(out, "contig\tposition\tid\trule")?;
    }
    let bar = genotypes::follow(session, "filter", source.as_ref());
    let list = removed.as_mut().map(|out| out as &mut dyn Write);
    let report = filter(source.as_mut(), &options, writer.as_mut(), list)?;
    drop(bar);
    genotypes::tell_losses(session, &report.losses, args.strict)?;
    let mut summary = Summary::new("filter", &session.command_line);
    summary.inputs = source.digests();
    genotypes::tally_tables(&mut summary, &report.tally, &header.samples);
    genotypes::account_table(&mut summary, &report.account);
    let files = removed.into_iter().chain(writer.finish()?).collect();
    output::publish(&args.output, &summary, files)?;
    session.progress.note(&format!("{} of {} variants kept", report.account.kept, report.account.read));
    Ok(())
}
