//! The commands, one file each: read, call one library function, write.

use std::process::ExitCode;

use crate::cli::Session;

mod align;
mod index;
mod report;

/// What Landrace does.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Index(index::Args),
    Align(Box<align::Args>),
    Report(report::Args),
}

impl Command {
    /// Runs the command; workflows alone end with codes of their own.
    pub(crate) fn run(self, session: &Session) -> anyhow::Result<ExitCode> {
        match self {
            Self::Index(args) => index::run(&args, session),
            Self::Align(args) => align::run(&args, session),
            Self::Report(args) => report::run(&args, session),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The exit code of a failure: 1, or what the error carries.
pub(crate) fn exit_code(_error: &anyhow::Error) -> u8 {
    1
}
