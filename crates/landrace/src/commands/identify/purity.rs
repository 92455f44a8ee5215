//! `landrace identify purity`: the purity of a seed lot from counts.

use std::io::Write;
use std::path::PathBuf;

use landrace_genome::file;
use landrace_genome::summary::Summary;
use landrace_germplasm::purity::{OffTypes, TestError};

use super::{chance, share};
use crate::cli::Session;
use crate::{genotypes, output};

/// Purity of a seed lot with exact intervals, from single seeds or tested groups
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  landrace identify purity --tested 400 --off-types 3 -o lot.tsv\n  \
    landrace identify purity --tested 20 --off-types 2 --seeds-each 50 -o groups.tsv")]
pub(super) struct Args {
    /// The result (TSV)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Seeds, or groups, tested
    #[arg(long, value_name = "N")]
    tested: u64,
    /// Off-types, or positive groups
    #[arg(long, value_name = "N")]
    off_types: u64,
    /// Seeds tested together in each group
    #[arg(long, value_name = "N", default_value_t = 1)]
    seeds_each: u64,
    /// Chance that a pure seed or group tests as an off-type
    #[arg(long, value_name = "CHANCE", value_parser = share, default_value_t = 0.0)]
    false_positive: f64,
    /// Chance that an off-type, or a group with one, tests as pure
    #[arg(long, value_name = "CHANCE", value_parser = share, default_value_t = 0.0)]
    false_negative: f64,
    /// Two-sided confidence of the intervals
    #[arg(long, value_name = "SHARE", value_parser = chance, default_value_t = 0.95)]
    confidence: f64,
}

pub(super) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let error = TestError { false_off_type: args.false_positive, missed: args.false_negative };
    let own = OffTypes::count(args.off_types, args.tested, args.seeds_each, &error, args.confidence)?;
    let mut out = file::create(&args.output)?;
    writeln!(
        out,
        "tested\toff_types\tseeds_each\tpurity\texact_low\texact_high\tjeffreys_low\tjeffreys_high"
    )?;
    let [exact, jeffreys] = [own.exact, own.jeffreys].map(|[low, high]| [1.0 - high, 1.0 - low]);
    writeln!(
        out,
        "{}\t{}\t{}\t{:.6}\t{:.6}\t{:.6}\t{:.6}\t{:.6}",
        args.tested,
        args.off_types,
        args.seeds_each,
        1.0 - own.share,
        exact[0],
        exact[1],
        jeffreys[0],
        jeffreys[1]
    )?;
    let mut summary = Summary::new("identify purity", &session.command_line);
    summary.count("tested", args.tested).count("off_types", args.off_types);
    summary.count("purity", genotypes::rounded(1.0 - own.share));
    summary
        .count("exact_low", genotypes::rounded(exact[0]))
        .count("exact_high", genotypes::rounded(exact[1]));
    summary.headline = "Purity {purity}, exact interval {exact_low} to {exact_high}.".to_owned();
    output::publish(&args.output, &summary, vec![out])?;
    Ok(())
}
