//! `landrace diversity`: diversity of groups, along the genome, and runs of homozygosity.

use crate::cli::Session;

pub(super) mod chosen;
mod groups;
mod pictures;
mod roh;
mod windows;

/// Diversity: within and between groups, along the genome, and runs of homozygosity
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  landrace diversity groups panel.bcf --groups passports.tsv --by country -o panel\n  \
    landrace diversity windows wild.bcf --window 100kb -o windows.tsv\n  \
    landrace diversity roh sheep.bed -o roh.tsv\n\n\
    Everything is counted by gene copies, so that it holds at any ploidy, for SNPs and for microsatellites. Missing \
    calls are left out; nothing is imputed."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    Groups(groups::Args),
    Windows(windows::Args),
    Roh(roh::Args),
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    match &args.what {
        What::Groups(args) => groups::run(args, session),
        What::Windows(args) => windows::run(args, session),
        What::Roh(args) => roh::run(args, session),
    }
}
