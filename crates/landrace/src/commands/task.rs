//! `landrace task`: one task of a run, as engines call it.

use std::path::PathBuf;
use std::process::ExitCode;

use landrace_workflow::RunFolder;
use landrace_workflow::task::{Task, TaskError};
use landrace_workflow::workflow::Needs;

use crate::cli::Session;

/// Run one task of a planned run (what 'run' and cluster engines call)
#[derive(clap::Args)]
#[command(after_help = "Example:\n  landrace task run1 align S001")]
pub(crate) struct Args {
    /// Run folder
    run: PathBuf,
    /// Step
    step: String,
    /// Slot: a sample, a region, or 'all'
    slot: String,
    /// The attempt, from 1
    #[arg(long, default_value_t = 1, value_name = "N")]
    attempt: u32,
    /// Memory in bytes [default: the step's]
    #[arg(long, value_name = "BYTES")]
    mem: Option<u64>,
    /// Time in seconds, 0 for no limit [default: the step's]
    #[arg(long, value_name = "SECONDS")]
    time: Option<u64>,
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<ExitCode> {
    let folder = RunFolder::open(&args.run)?;
    let plan = folder.plan()?;
    let (step, slot) = Task::find(&folder, &plan, &args.step, &args.slot)?;
    let needs = Needs {
        cpus: u32::try_from(session.threads).unwrap_or(u32::MAX),
        memory: args.mem.unwrap_or(step.needs.memory),
        seconds: args.time.unwrap_or(step.needs.seconds),
    };
    let task = Task { folder: &folder, plan: &plan, step, slot: &slot };
    match task.run(needs, args.attempt, &|line| session.progress.note(line)) {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(TaskError::Interrupted) => Ok(ExitCode::from(130)),
        Err(error) => Err(error.into()),
    }
}
