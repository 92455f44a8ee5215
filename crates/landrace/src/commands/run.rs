//! `landrace run`: run a workflow on this machine.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use landrace_workflow::assess::{Wanted, assess};
use landrace_workflow::local::{self, Options, Outcome};
use landrace_workflow::workflow::parse_bytes;
use landrace_workflow::{Given, Plan, RunFolder, Workflow};

use crate::catalogue::Installed;
use crate::cli::Session;
use crate::{ready_workflows, run_view};

/// Run a workflow here; run again, it takes up what is missing
#[derive(clap::Args)]
#[command(after_help = "Examples:
  landrace run reads-to-panel --samples samples.tsv --reference genome.fa -o run1 -n
  landrace run reads-to-panel --samples samples.tsv --reference genome.fa -o run1

Exit codes: 0 all there, 1 a task failed, 2 bad input or workflow, 3 the folder is in use, 130 interrupted")]
pub(crate) struct Args {
    /// Workflow file, or the name of a ready one (see 'landrace workflow list')
    workflow: PathBuf,
    /// Sample sheet: the input 'samples'
    #[arg(long, value_name = "TSV")]
    samples: Option<PathBuf>,
    /// Reference genome: the input 'reference'
    #[arg(long, value_name = "FASTA")]
    reference: Option<PathBuf>,
    /// Any other input of the workflow
    #[arg(long = "input", value_name = "NAME=PATH", value_parser = pair)]
    inputs: Vec<(String, String)>,
    /// Run folder [default: <workflow's name>-run]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Say for each step what would run and why, and run nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Run only this step and what it takes from
    #[arg(long, value_name = "STEP")]
    until: Option<String>,
    /// Run this step and what takes from it anew
    #[arg(long, value_name = "STEP")]
    from: Option<String>,
    /// Go on with other tasks when one has failed
    #[arg(long)]
    keep_going: bool,
    /// Set an argument of a step in place of the file's
    #[arg(long = "set", value_name = "STEP.ARG=VALUE", value_parser = setting)]
    settings: Vec<(String, String, String)>,
    /// Memory for all tasks together, for example 12G [default: four fifths of what is free]
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    memory: Option<u64>,
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<ExitCode> {
    let workflow = ready_workflows::open(&args.workflow)?;
    let plan = Plan::of(&workflow, &args.given(), &Installed::new()?)?;
    let wanted = Wanted { until: args.until.clone(), from: args.from.clone() };
    wanted.check(&plan)?;
    let folder = RunFolder::at(&args.folder(&workflow), &workflow.name)?;
    if args.dry_run {
        run_view::write_verdicts(&plan, &assess(&plan, &folder, &wanted)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let folder = folder.create()?;
    let _lock = folder.lock()?;
    folder.write_plan(&plan)?;
    let memory = args.memory.unwrap_or_else(free_memory);
    let cpus = u32::try_from(session.threads).unwrap_or(u32::MAX);
    let options = Options { cpus, memory, keeps_going: args.keep_going, wanted };
    let view = run_view::View::new(&session.progress, &plan, &options);
    let outcome = local::run(&plan, &folder, &options, &|event| view.show(event))?;
    view.end(outcome, &plan, &folder);
    Ok(match outcome {
        Outcome::Done => ExitCode::SUCCESS,
        Outcome::Failed { .. } => ExitCode::from(1),
        Outcome::Interrupted => ExitCode::from(130),
    })
}

impl Args {
    fn given(&self) -> Given {
        let mut files: std::collections::BTreeMap<_, _> =
            self.inputs.iter().map(|(name, path)| (name.clone(), PathBuf::from(path))).collect();
        for (name, path) in [("samples", &self.samples), ("reference", &self.reference)] {
            files.extend(path.clone().map(|path| (name.to_owned(), path)));
        }
        Given { files, settings: self.settings.clone() }
    }

    fn folder(&self, workflow: &Workflow) -> PathBuf {
        self.output.clone().unwrap_or_else(|| PathBuf::from(format!("{}-run", workflow.name)))
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=PATH")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn setting(text: &str) -> Result<(String, String, String), String> {
    let parts = text.split_once('=').and_then(|(place, value)| Some((place.split_once('.')?, value)));
    let ((step, argument), value) = parts.ok_or("write STEP.ARG=VALUE, for example filter.min-maf=0.05")?;
    Ok((step.to_owned(), argument.to_owned(), value.to_owned()))
}

fn bytes(text: &str) -> Result<u64, String> {
    parse_bytes(text).filter(|&bytes| bytes > 0).ok_or_else(|| "write it as in 12G or 800M".to_owned())
}

/// Four fifths of the memory that is free, within the limit of the control group; 4 GiB where the system does
/// not say.
fn free_memory() -> u64 {
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let read = |path: &str| landrace_genome::file::read_text(Path::new(path)).ok();
    let free = read("/proc/meminfo").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        Some(number(line.trim_end_matches("kB"))? << 10)
    });
    let group = read("/sys/fs/cgroup/memory.max").and_then(|text| number(&text));
    let used = read("/sys/fs/cgroup/memory.current").and_then(|text| number(&text)).unwrap_or(0);
    let left = group.map(|limit| limit.saturating_sub(used));
    let least = [free, left].into_iter().flatten().min();
    least.map_or(4 << 30, |bytes| bytes / 5 * 4)
}
