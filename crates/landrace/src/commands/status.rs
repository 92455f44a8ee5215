//! `landrace status`: how far a run is.

use std::io::Write;
use std::path::PathBuf;

use landrace_genome::file;
use landrace_workflow::RunFolder;
use landrace_workflow::assess::{Wanted, assess};

use crate::run_view;

/// Say how far a run is: done, missing and failed tasks of each step
#[derive(clap::Args)]
#[command(after_help = "Example:\n  landrace status run1")]
pub(crate) struct Args {
    /// Run folder
    run: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let folder = RunFolder::open(&args.run)?;
    let plan = folder.plan()?;
    if folder.is_running() {
        let mut out = file::create("-")?;
        writeln!(out, "a run is under way in {}", args.run.display())?;
        out.finish()?;
    }
    run_view::write_verdicts(&plan, &assess(&plan, &folder, &Wanted::default())?)
}
