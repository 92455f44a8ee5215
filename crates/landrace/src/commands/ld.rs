//! `landrace ld`: how variants hang together.

use landrace_genome::length::parse_bases;
use landrace_genome::summary::{Chart, Table};
use landrace_genotypes::ld::band::Passed;
use serde_json::Value;

use crate::cli::Session;
use crate::genotypes;

mod blocks;
mod correction;
mod decay;
mod matrix;
mod pairs;
mod prune;

/// Linkage disequilibrium: pairs, decay with distance, blocks, pruning
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  landrace ld prune panel.bcf --window 50 --step 5 --r2 0.2 -o pruned.bed\n  \
    landrace ld decay panel.bcf --within 1Mb -o decay.tsv\n\n\
    r² is the squared correlation of dosages (over ploidy where it is mixed) among the samples that both variants \
    have: it needs no phase and holds at any ploidy. Memory depends on the window, not on the number of variants."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    Pairs(pairs::Args),
    Decay(decay::Args),
    Blocks(blocks::Args),
    Prune(prune::Args),
    Matrix(matrix::Args),
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    match &args.what {
        What::Pairs(args) => pairs::run(args, session),
        What::Decay(args) => decay::run(args, session),
        What::Blocks(args) => blocks::run(args, session),
        What::Prune(args) => prune::run(args, session),
        What::Matrix(args) => matrix::run(args, session),
    }
}

/// A length in bases, above 0.
fn length(text: &str) -> Result<u64, String> {
    let found = parse_bases(text).filter(|&bases| bases > 0);
    found.ok_or_else(|| "write a length such as 50kb, 1.5Mb or 20000".to_owned())
}

/// A number from 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err("give a number from 0 to 1".to_owned()) }
}

/// Says how many variants were left out.
fn tell_passed(session: &Session, passed: &Passed) {
    if passed.left_out > 0 {
        session.progress.note(&format!(
            "{} of {} variants left out: one allele called, or of low minor allele frequency",
            passed.left_out, passed.read
        ));
    }
}

/// A table of counts by bins of r².
fn r2_histogram(name: &str, title: &str, bins: &[u64]) -> Table {
    let edge = |index: usize| genotypes::rounded(index as f64 / bins.len() as f64);
    Table {
        name: name.into(),
        title: title.into(),
        chart: Chart::Histogram,
        columns: vec!["r²".into(), "pairs".into()],
        rows: bins.iter().enumerate().map(|(index, &n)| vec![edge(index), Value::from(n)]).collect(),
        path: None,
    }
}
