//! `landrace impute`: missing genotypes from those that are there.

#![deny(clippy::too_many_lines)]

use std::io::Write;
use std::path::PathBuf;

use landrace_genome::file;
use landrace_genome::variant_file::VariantFormat;
use landrace_genotypes::impute::choose::{Facts, MethodKind};
use landrace_genotypes::impute::mean::Mean;
use landrace_genotypes::impute::neighbours::{NeighbourOptions, Neighbours};
use landrace_genotypes::impute::{self, ImputeOptions, ImputeReport, Method};
use landrace_genotypes::{GenotypeMatrix, Wanted, format};

use crate::cli::Session;
use crate::{genotypes, output};

mod account;
mod family;
mod haplotype;

/// Fill missing genotypes from those that are there; says how right it is
#[derive(clap::Args)]
#[command(after_help = "Example:\n  landrace impute panel.hmp.txt.gz -o full.vcf.gz\n\n\
    VCF and BCF hold dosages (DS) and probabilities (GP) beside the calls. Some known calls are hidden, estimated \
    and compared: <output>.accuracy.tsv says by minor allele frequency how many were right, beside each variant's \
    most frequent genotype and mean.")]
pub(crate) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// Filled genotypes; the ending says the format
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// How to impute
    #[arg(long, value_name = "METHOD", default_value = "auto")]
    method: Choice,
    #[command(flatten)]
    neighbours: NeighbourFlags,
    /// Share of the known calls to hide and estimate, to measure the accuracy; 0 for none
    #[arg(long, value_name = "SHARE", default_value_t = 0.02, value_parser = check_share)]
    check: f64,
    /// Leave calls missing whose likeliest genotype is less probable
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    min_confidence: f32,
    /// Replace known calls too by what the method says of them
    #[arg(long)]
    replace_known: bool,
    /// Seed of what is drawn
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    family: family::Args,
    #[command(flatten)]
    haplotype: haplotype::Args,
    /// Refuse to write what the output's format cannot hold
    #[arg(long)]
    strict: bool,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Neighbours (learnt from hidden calls unless fixed)")]
struct NeighbourFlags {
    /// Samples that vote
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    k: Option<u16>,
    /// Linked variants that distances are taken over
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    l: Option<u16>,
    /// Weight of the vote of samples that are alike along the contig: 0 leaves it out
    #[arg(long, value_name = "SHARE", value_parser = probability)]
    local: Option<f32>,
}

impl NeighbourFlags {
    fn options(&self) -> NeighbourOptions {
        NeighbourOptions {
            nearest: self.k.map(usize::from),
            linked: self.l.map(usize::from),
            local: self.local,
        }
    }
}

/// The methods as people name them.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Choice {
    /// By what the genotypes are; says which and why
    Auto,
    /// Samples that are alike at linked variants vote (LD-kNNi): unphased panels of any ploidy
    Neighbours,
    /// Mosaics of haplotypes: of a phased reference panel, of low coverage, of phased or inbred samples
    Haplotype,
    /// What the parents passed on, along the map: biparental families
    Family,
    /// Each variant's shares of genotypes: a baseline
    Mean,
}

/// A number from 0 to 1.
fn probability(text: &str) -> Result<f32, String> {
    let value: f32 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err("give a number from 0 to 1".to_owned()) }
}

/// A number from 0 to a half.
fn check_share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=0.5).contains(&value) { Ok(value) } else { Err("give a number from 0 to 0.5".to_owned()) }
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let is_variant_file = VariantFormat::of_path(&args.output).is_some();
    let wanted = Wanted {
        records: is_variant_file,
        depth: is_variant_file,
        allele_depths: is_variant_file,
        genotype_quality: is_variant_file,
        likelihoods: args.haplotype.likelihoods,
        ..Wanted::default()
    };
    let mut source = args.input.open_for(&args.output, wanted)?;
    let bar = genotypes::follow(session, "read", source.as_ref());
    let matrix = impute::read(source.as_mut())?;
    drop(bar);
    let (mut method, why) = method(args, &matrix)?;
    session.progress.note(&format!("method: {}, as {why}", method.name()));
    let header = impute::output_header(matrix.header());
    let mut writer = format::create(&args.output, &header, &session.command_line)?;
    let options = ImputeOptions {
        check: args.check,
        seed: args.seed,
        min_confidence: args.min_confidence,
        replace_known: args.replace_known,
    };
    let mut report = impute::impute(&matrix, method.as_mut(), &options, writer.as_mut())?;
    if !is_variant_file {
        report.losses.add("estimated dosages and probabilities of imputed calls", report.counts.filled);
    }
    genotypes::tell_losses(session, &report.losses, args.strict)?;
    let mut summary = account::summary(session, &report, &header, why);
    summary.inputs = source.digests();
    let mut files = tables(args, &report)?;
    files.extend(writer.finish()?);
    output::publish(&args.output, &summary, files)?;
    account::tell(session, &report, &args.output);
    Ok(())
}

/// The tables beside the output.
fn tables(args: &Args, report: &ImputeReport) -> anyhow::Result<Vec<file::Output>> {
    if args.output.as_os_str() == "-" {
        return Ok(Vec::new());
    }
    let accuracy = report.accuracy.as_ref().map(|accuracy| ("accuracy", accuracy.table()));
    let mut out = Vec::new();
    for (name, text) in accuracy.into_iter().chain(report.tables.iter().cloned()) {
        let mut table = file::create(file::beside(&args.output, &format!(".{name}.tsv")))?;
        table.write_all(text.as_bytes())?;
        out.push(table);
    }
    Ok(out)
}

/// The method asked for, or the one that serves these genotypes, and why it is that.
fn method(args: &Args, matrix: &GenotypeMatrix) -> anyhow::Result<(Box<dyn Method>, &'static str)> {
    let (kind, why) = match args.method {
        Choice::Auto => {
            let (has_panel, has_parents) = (args.haplotype.has_panel(), args.family.has_parents());
            Facts { has_panel, has_parents, ..Facts::of_matrix(matrix) }.choose()
        }
        Choice::Family => (MethodKind::Family, "it was asked for"),
        Choice::Haplotype => (MethodKind::Haplotype, "it was asked for"),
        Choice::Neighbours => (MethodKind::Neighbours, "it was asked for"),
        Choice::Mean => (MethodKind::Mean, "it was asked for"),
    };
    let method: Box<dyn Method> = match kind {
        MethodKind::Mean => Box::new(Mean),
        MethodKind::Haplotype => args.haplotype.method()?,
        MethodKind::Neighbours => Box::new(Neighbours::new(args.neighbours.options())),
        MethodKind::Family => Box::new(args.family.method(args.haplotype.map()?)?),
    };
    Ok((method, why))
}
