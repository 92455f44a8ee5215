//! `landrace structure`: each sample as a mixture of ancestral populations.

use std::path::PathBuf;

use landrace_genome::file;
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::Wanted;
use landrace_germplasm::structure::Panel;

use crate::cli::Session;
use crate::{genotypes, output};

/// Ancestry fractions of the samples, at any ploidy
#[derive(clap::Args)]
#[command(after_help = "Example:\n  landrace structure panel.bed -k 3 --starts 5 -o ancestry.tsv")]
pub(crate) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// Ancestry of each sample (TSV)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Number of ancestral populations
    #[arg(short = 'k', long, value_name = "K")]
    populations: usize,
    /// Starts, of which the best is kept
    #[arg(long, value_name = "N", default_value_t = 1)]
    starts: usize,
    /// Seed of the starts
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let mut source = args.input.open(Wanted::default())?;
    let bar = genotypes::follow(session, "structure", source.as_ref());
    let panel = Panel::read(source.as_mut())?;
    drop(bar);
    let ancestry = panel.fit(args.populations, args.starts, args.seed)?;
    let mut out = file::create(&args.output)?;
    panel.write_shares(&ancestry, &mut out)?;
    let mut summary = Summary::new("structure", &session.command_line);
    summary.inputs = source.digests();
    summary.count("samples", panel.samples.len()).count("variants_used", panel.sites.len());
    summary.count("variants_that_do_not_vary", panel.monomorphic).count("populations", args.populations);
    summary.count("log_likelihood", genotypes::rounded(ancestry.likelihood)).count("sweeps", ancestry.sweeps);
    summary.headline = "{samples} samples as mixtures of {populations} populations.".to_owned();
    let rows = panel.samples.iter().zip(&ancestry.shares).map(|(sample, shares)| {
        [sample.as_str().into()].into_iter().chain(shares.iter().map(|&x| genotypes::rounded(x))).collect()
    });
    let names = (1..=args.populations).map(|k| format!("A{k}"));
    summary.tables.push(Table {
        name: "ancestry".into(),
        title: "Ancestry of the samples".into(),
        chart: Chart::StackedBar,
        columns: ["sample".to_owned()].into_iter().chain(names).collect(),
        rows: rows.collect(),
        path: None,
    });
    output::publish(&args.output, &summary, vec![out])?;
    let (likelihood, sweeps) = (ancestry.likelihood, ancestry.sweeps);
    session.progress.note(&format!("log-likelihood {likelihood:.2} after {sweeps} sweeps"));
    Ok(())
}
