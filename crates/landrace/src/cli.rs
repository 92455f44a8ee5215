//! The command line: the commands, the flags that all share, and the one thread pool.

use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, FromArgMatches, Parser};

use crate::commands::Command;
use crate::progress::Progress;
use crate::provenance;

/// From sequencing reads to breeding decisions.
#[derive(Parser)]
#[command(name = "landrace", version, propagate_version = true, max_term_width = 110)]
#[command(help_template = "{about}\n\n{usage-heading} {usage}\n\n{all-args}{after-help}")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    shared: Shared,
}

/// Flags that every command takes.
#[derive(clap::Args)]
struct Shared {
    /// Cores to use [default: those this process may use, cgroups and Slurm included]
    #[arg(short, long, global = true, value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,
    /// Say nothing but errors
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Say more of what is done
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    verbose: bool,
}

/// What a command is given beside its own flags.
pub(crate) struct Session {
    /// Bars and notes on standard error.
    pub(crate) progress: Progress,
    /// The canonical command line, for `@PG`, `##landrace_command` and summaries.
    pub(crate) command_line: String,
    /// Cores that the pool uses.
    pub(crate) threads: usize,
}

/// The command line, to be looked at.
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

/// Parses the command line and runs the command.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let matches = Cli::command().get_matches();
    let command_line = provenance::command_line(&Cli::command(), &matches);
    let cli = Cli::from_arg_matches(&matches)?;
    let threads = cli.shared.threads.map_or_else(available_cores, std::num::NonZeroUsize::get);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("worker-{index}"))
        .build_global()
        .context("starting the threads")?;
    let progress = Progress::new(cli.shared.quiet, cli.shared.verbose);
    cli.command.run(&Session { progress, command_line, threads })
}

/// Cores of the process's affinity and cgroup, or fewer if Slurm says so.
fn available_cores() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let slurm = std::env::var("SLURM_CPUS_PER_TASK").ok().and_then(|text| text.parse().ok());
    slurm.filter(|&n| n > 0).map_or(cores, |n: usize| n.min(cores))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
