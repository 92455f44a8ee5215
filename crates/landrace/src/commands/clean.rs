//! `landrace clean`: free the disk of what a run no longer needs.

use std::path::PathBuf;

use clap::ValueEnum;
use landrace_workflow::RunFolder;
use landrace_workflow::workflow::format_bytes;

use crate::cli::Session;

/// What of a run stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Keep {
    /// Published results, the report, logs and the plan.
    Published,
    /// Everything but what interrupted tasks left behind.
    All,
}

/// Remove a run's working files; results, logs and the plan stay
#[derive(clap::Args)]
#[command(after_help = "Example:\n  landrace clean run1 --keep published")]
pub(crate) struct Args {
    /// Run folder
    run: PathBuf,
    /// What stays: the published results, or all but leftovers of interrupted tasks
    #[arg(long, value_enum, default_value_t = Keep::All)]
    keep: Keep,
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let folder = RunFolder::open(&args.run)?;
    let _lock = folder.lock()?;
    let plan = folder.plan()?;
    let freed = folder.clean(&plan, args.keep == Keep::Published)?;
    session.progress.note(&format!("freed {}", format_bytes(freed)));
    Ok(())
}
