//! `landrace explain`: why a step or a task would run.

use std::io::Write;
use std::path::PathBuf;

use landrace_genome::file;
use landrace_workflow::RunFolder;
use landrace_workflow::assess::{Wanted, assess};
use landrace_workflow::task::Task;

/// Say for each task of a step whether it would run, and why
#[derive(clap::Args)]
#[command(after_help = "Example:\n  landrace explain run1 align S001")]
pub(crate) struct Args {
    /// Run folder
    run: PathBuf,
    /// Step
    step: String,
    /// Slot: a sample, a region [default: all of the step]
    slot: Option<String>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let folder = RunFolder::open(&args.run)?;
    let plan = folder.plan()?;
    let step = Task::find_step(&folder, &plan, &args.step)?;
    let only = match &args.slot {
        Some(slot) => Some(plan.label(step, &Task::find(&folder, &plan, &args.step, slot)?.1)),
        None => None,
    };
    let verdicts = assess(&plan, &folder, &Wanted::default())?;
    let mut out = file::create("-")?;
    for (slot, verdict) in
        verdicts.iter().filter(|found| found.step == args.step).flat_map(|found| &found.tasks)
    {
        if only.as_ref().is_none_or(|only| only == slot) {
            writeln!(out, "{} {slot}: {verdict}", args.step)?;
        }
    }
    out.finish()?;
    Ok(())
}
