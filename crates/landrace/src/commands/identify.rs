//! `landrace identify`: what a sample is.

use crate::cli::Session;

mod variety;

/// Identity of samples: which variety
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  landrace identify variety lots.vcf.gz --against varieties.vcf.gz -o lots.tsv"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    Variety(variety::Args),
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    match &args.what {
        What::Variety(args) => variety::run(args, session),
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
