//! `landrace identify`: what a sample is.

use crate::cli::Session;

mod hybrid;
mod parents;
mod plan;
mod purity;
mod variety;

/// Identity of samples: which variety, whose offspring, how pure a seed lot
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  landrace identify variety lots.vcf.gz --against varieties.vcf.gz -o lots.tsv\n  \
    landrace identify hybrid lot.vcf.gz --parents B73,Mo17 -o hybrids.tsv\n  \
    landrace identify parents flock.vcf.gz --candidates rams.tsv -o parents.tsv\n  \
    landrace identify purity --tested 400 --off-types 3 -o lot.tsv\n  \
    landrace identify plan --aql 0.005 --lql 0.02 -o plan.tsv"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    Variety(variety::Args),
    Hybrid(hybrid::Args),
    Parents(parents::Args),
    Purity(purity::Args),
    Plan(plan::Args),
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    match &args.what {
        What::Variety(args) => variety::run(args, session),
        What::Hybrid(args) => hybrid::run(args, session),
        What::Parents(args) => parents::run(args, session),
        What::Purity(args) => purity::run(args, session),
        What::Plan(args) => plan::run(args, session),
    }
}

/// A number from 0 to 1, both left out.
fn chance(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if value > 0.0 && value < 1.0 { Ok(value) } else { Err("give a number between 0 and 1".to_owned()) }
}

/// A number from 0 on and below 1.
fn share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..1.0).contains(&value) {
        Ok(value)
    } else {
        Err("give a number from 0 on and below 1".to_owned())
    }
}
