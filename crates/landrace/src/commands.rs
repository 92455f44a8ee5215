//! The commands, one file each: read, call one library function, write.

use std::process::ExitCode;

use landrace_workflow::folder::FolderError;
use landrace_workflow::workflow::WorkflowError;

use crate::cli::Session;

mod align;
mod call;
mod clean;
mod convert;
mod core;
mod diversity;
mod duplicates;
mod explain;
mod filter;
mod fingerprint;
mod gwas;
mod identify;
mod impute;
mod index;
mod ld;
mod logs;
mod markers;
mod passport;
mod pca;
mod pedigree;
mod phenotypes;
mod predict;
mod relationship;
mod report;
mod run;
mod simulate;
mod stats;
mod status;
mod structure;
mod task;
mod tree;
mod workflow;

/// What Landrace does.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Index(index::Args),
    Align(align::Args),
    Call(call::Args),
    Convert(convert::Args),
    Filter(filter::Args),
    Stats(stats::Args),
    Impute(impute::Args),
    Ld(ld::Args),
    Passport(passport::Args),
    Pca(pca::Args),
    Pedigree(pedigree::Args),
    Phenotypes(phenotypes::Args),
    Predict(predict::Args),
    Relationship(relationship::Args),
    Diversity(diversity::Args),
    Core(core::Args),
    Structure(structure::Args),
    Tree(tree::Args),
    Identify(identify::Args),
    Markers(markers::Args),
    Duplicates(duplicates::Args),
    Fingerprint(fingerprint::Args),
    Gwas(gwas::Args),
    Simulate(simulate::Args),
    Run(run::Args),
    Status(status::Args),
    Logs(logs::Args),
    Explain(explain::Args),
    Clean(clean::Args),
    Workflow(workflow::Args),
    Task(task::Args),
    Report(report::Args),
}

impl Command {
    /// Runs the command; workflows alone end with codes of their own.
    pub(crate) fn run(self, session: &Session) -> anyhow::Result<ExitCode> {
        match self {
            Self::Index(args) => index::run(&args, session),
            Self::Align(args) => align::run(&args, session),
            Self::Call(args) => call::run(&args, session),
            Self::Convert(args) => convert::run(&args, session),
            Self::Filter(args) => filter::run(&args, session),
            Self::Stats(args) => stats::run(&args, session),
            Self::Impute(args) => impute::run(&args, session),
            Self::Ld(args) => ld::run(&args, session),
            Self::Passport(args) => passport::run(&args, session),
            Self::Pca(args) => pca::run(&args, session),
            Self::Pedigree(args) => pedigree::run(&args, session),
            Self::Phenotypes(args) => phenotypes::run(&args, session),
            Self::Predict(args) => predict::run(&args, session),
            Self::Relationship(args) => relationship::run(&args, session),
            Self::Diversity(args) => diversity::run(&args, session),
            Self::Core(args) => core::run(&args, session),
            Self::Structure(args) => structure::run(&args, session),
            Self::Tree(args) => tree::run(&args, session),
            Self::Identify(args) => identify::run(&args, session),
            Self::Markers(args) => markers::run(&args, session),
            Self::Duplicates(args) => duplicates::run(&args, session),
            Self::Fingerprint(args) => fingerprint::run(&args, session),
            Self::Gwas(args) => gwas::run(&args, session),
            Self::Simulate(args) => simulate::run(&args, session),
            Self::Run(args) => return run::run(&args, session),
            Self::Status(args) => status::run(&args),
            Self::Logs(args) => logs::run(&args),
            Self::Explain(args) => explain::run(&args),
            Self::Clean(args) => clean::run(&args, session),
            Self::Workflow(args) => workflow::run(&args),
            Self::Task(args) => return task::run(&args, session),
            Self::Report(args) => report::run(&args, session),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The exit code of a failure: 2 for a workflow, a sheet or a run folder that is wrong, 3 if the folder is taken,
/// else 1.
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<FolderError>() {
        Some(FolderError::Busy(_)) => 3,
        Some(_) => 2,
        None if error.is::<WorkflowError>() => 2,
        None => 1,
    }
}
