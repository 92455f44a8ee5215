//! `landrace logs`: what a task's programs wrote.

use std::io::{self, Write};
use std::path::PathBuf;

use landrace_genome::file;
use landrace_workflow::RunFolder;
use landrace_workflow::task::Task;

/// Show the log of a task's last attempt
#[derive(clap::Args)]
#[command(after_help = "Example:\n  landrace logs run1 align S001")]
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
    let slots = match &args.slot {
        Some(slot) => vec![Task::find(&folder, &plan, &args.step, slot)?.1],
        None => plan.slots(step),
    };
    let mut out = file::create("-")?;
    let mut shown = 0;
    for slot in &slots {
        let Some(log) = folder.last_log(step, &plan.slot_name(step, slot)) else { continue };
        writeln!(out, "==> {} <==", log.display())?;
        io::copy(&mut file::open(&log)?, &mut out)?;
        shown += 1;
    }
    if shown == 0 {
        writeln!(out, "no log of step '{}' yet", args.step)?;
    }
    out.finish()?;
    Ok(())
}
