//! `landrace`: from sequencing reads to breeding decisions.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::io::Write;
use std::process::ExitCode;

mod catalogue;
mod cli;
mod commands;
mod genotypes;
mod hardy_weinberg;
mod output;
mod phenotypes;
mod progress;
mod provenance;
mod ready_workflows;
mod report;
mod run_view;

/// All fast aligners ship it: the system's allocator costs a tenth of the time with many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // A workflow ends its tasks by signal: what is half written must not stay behind.
    let _ = ctrlc::set_handler(|| {
        if landrace_workflow::interrupt::request() {
            return;
        }
        landrace_genome::file::remove_unfinished();
        exit_now(130);
    });
    match cli::run() {
        Ok(code) => code,
        // A reader that has seen enough (`| head`) is no failure.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {}", one_line(&error));
            ExitCode::from(commands::exit_code(&error))
        }
    }
}

#[expect(clippy::exit, reason = "the one exit on a signal")]
fn exit_now(code: i32) -> ! {
    std::process::exit(code)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
            || cause
                .downcast_ref::<landrace_genome::FileError>()
                .is_some_and(|e| e.kind == std::io::ErrorKind::BrokenPipe)
    })
}

/// The chain of causes on one line; a cause that only repeats what was said is left out.
fn one_line(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.ends_with(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    text.replace(['\n', '\r'], " ")
}
