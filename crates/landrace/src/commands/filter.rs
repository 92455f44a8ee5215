//! `landrace filter`: keep the variants and calls that can be trusted.

use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;
use landrace_genome::file::{self, Output};
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::filter::{FilterOptions, REMOVED_COLUMNS, RemovedSample, filter, survey};
use landrace_genotypes::stats::number;
use landrace_genotypes::{Wanted, format};

use crate::cli::Session;
use crate::hardy_weinberg::{Expectation, share};
use crate::{genotypes, output};

/// Keep the variants and calls that can be trusted; says how many fell to each rule
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  landrace filter cohort.vcf.gz --min-call-rate 0.8 --min-maf 0.02 -o filtered.bcf\n\n\
    Several files of the same samples are put in reference order and written as one. Thresholds hold at any \
    ploidy. Rules on samples, and --max-depth-z, read the input twice; samples go before variants are judged."
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
    expectation: Expectation,
    #[command(flatten)]
    selection: genotypes::Selection,
    /// List of the variants removed, with the rule that each fell to and the value it had (TSV)
    #[arg(long, value_name = "FILE")]
    removed: Option<PathBuf>,
    /// List of the samples removed, with the rule that each fell to and the value it had (TSV)
    #[arg(long, value_name = "FILE")]
    removed_samples: Option<PathBuf>,
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
    /// P-value of the test for too many heterozygotes, at least: removes paralogs taken for one locus, and keeps
    /// what inbreeding or families make
    #[arg(long, value_name = "P", value_parser = share)]
    het_excess: Option<f64>,
    /// Standard deviations by which a variant's depth is above that of the set (on the logarithm), at most
    #[arg(long, value_name = "Z")]
    max_depth_z: Option<f64>,
    /// Standard deviations by which the reads of heterozygotes are out of balance, at most; needs AD
    #[arg(long, value_name = "Z")]
    max_balance_z: Option<f64>,
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
    /// Share of the variants at which a sample is called, at least
    #[arg(long, value_name = "SHARE", value_parser = share)]
    min_sample_call_rate: Option<f64>,
    /// Share of a sample's calls that are heterozygous, at most
    #[arg(long, value_name = "SHARE", value_parser = share)]
    max_sample_het: Option<f64>,
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
            het_excess: self.het_excess,
            max_depth_z: self.max_depth_z,
            max_balance_z: self.max_balance_z,
            min_quality: self.min_quality,
            pass_only: self.pass_only,
            biallelic: self.biallelic,
            snps_only: self.snps_only,
            min_sample_call_rate: self.min_sample_call_rate,
            max_sample_het: self.max_sample_het,
            ..FilterOptions::default()
        }
    }
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let mut options = args.rules.options();
    let wanted = Wanted {
        depth: options.wants_depth(),
        genotype_quality: options.wants_genotype_quality(),
        allele_depths: options.wants_allele_depths(),
        ..Wanted::default()
    };
    refuse_streams(args, &options)?;
    let mut source = args.input.open_for(&args.output, wanted)?;
    args.selection.apply(source.header(), &mut options)?;
    let removed_samples = look_first(args, &mut options, wanted, session)?;
    let header = source.header().with_samples(options.samples.as_deref());
    options.hwe_test = args.expectation.test(&header.samples, session)?;
    let mut writer = format::create(&args.output, &header, &session.command_line)?;
    let mut removed = args.removed.as_ref().map(file::create).transpose()?;
    if let Some(out) = &mut removed {
        writeln!(out, "{REMOVED_COLUMNS}")?;
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
    let list = samples_removed(args, &removed_samples, &source.header().samples, &mut summary)?;
    let files = removed.into_iter().chain(list).chain(writer.finish()?).collect();
    output::publish(&args.output, &summary, files)?;
    let account = &report.account;
    session.progress.note(&format!("{} of {} variants kept", account.kept, account.read));
    Ok(())
}

/// Refuses to read standard input twice.
fn refuse_streams(args: &Args, options: &FilterOptions) -> anyhow::Result<()> {
    if options.needs_survey() && args.input.genotypes.iter().any(|path| path.as_os_str() == "-") {
        bail!(
            "rules on samples and --max-depth-z read the input twice, which standard input cannot be; write it \
             to a file first"
        );
    }
    Ok(())
}

/// Goes through the input for the rules that need to know all of it first. Gives the samples that they remove.
fn look_first(
    args: &Args,
    options: &mut FilterOptions,
    wanted: Wanted,
    session: &Session,
) -> anyhow::Result<Vec<RemovedSample>> {
    if !options.needs_survey() {
        return Ok(Vec::new());
    }
    let mut source = args.input.open(wanted)?;
    // The second reading says what the files were read as.
    let bar = session.progress.follow("samples", source.meters(), source.size());
    let survey = survey(source.as_mut(), options)?;
    drop(bar);
    let removed = options.heed(&survey)?;
    if options.max_depth_z.is_some() && options.depth_scale.is_none() {
        bail!("--max-depth-z needs at least ten variants with different depths (DP or AD); leave it out");
    }
    if !removed.is_empty() {
        let names = removed.iter().take(5).map(|own| source.header().samples[own.sample].as_str());
        let names: Vec<&str> = names.chain((removed.len() > 5).then_some("…")).collect();
        session.progress.note(&format!("{} samples removed: {}", removed.len(), names.join(", ")));
    }
    Ok(removed)
}

/// The account of the samples that were removed, and their list, if it is asked for.
fn samples_removed(
    args: &Args,
    removed: &[RemovedSample],
    names: &[String],
    summary: &mut Summary,
) -> anyhow::Result<Option<Output>> {
    let rules = &args.rules;
    if rules.min_sample_call_rate.is_some() || rules.max_sample_het.is_some() {
        summary.count("samples_removed", removed.len());
        let row = |own: &RemovedSample| {
            vec![names[own.sample].as_str().into(), own.rule.name().into(), genotypes::rounded(own.value)]
        };
        summary.tables.push(Table {
            name: "samples-removed".into(),
            title: "Samples removed".into(),
            chart: Chart::Table,
            columns: ["sample", "rule", "value"].map(Into::into).to_vec(),
            rows: removed.iter().map(row).collect(),
            path: None,
        });
    }
    let Some(path) = &args.removed_samples else { return Ok(None) };
    let mut out = file::create(path)?;
    writeln!(out, "sample\trule\tvalue")?;
    for own in removed {
        writeln!(out, "{}\t{}\t{}", names[own.sample], own.rule.name(), number(Some(own.value)))?;
    }
    Ok(Some(out))
}
