//! The commands, one file each: read, call one library function, write.

use std::process::ExitCode;

use crate::cli::Session;

mod filter;
mod index;
mod markers;
mod pca;
mod report;

/// What Landrace does.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Index(index::Args),
    Filter(filter::Args),
    Pca(pca::Args),
    Markers(markers::Args),
    Report(report::Args),
}

impl Command {
    /// Runs the command; workflows alone end with codes of their own.
    pub(crate) fn run(self, session: &Session) -> anyhow::Result<ExitCode> {
        match self {
            Self::Index(args) => index::run(&args, session),
            Self::Filter(args) => filter::run(&args, session),
            Self::Pca(args) => pca::run(&args, session),
            Self::Markers(args) => markers::run(&args, session),
            Self::Report(args) => report::run(&args, session),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The exit code of a failure: 1, or what the error carries.
pub(crate) fn exit_code(_error: &anyhow::Error) -> u8 {
    1
}
