//! `landrace workflow`: look at workflow files.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use landrace_genome::file;
use landrace_workflow::graph;

use crate::catalogue::Installed;
use crate::ready_workflows::{self, READY};

/// Check, draw or list workflows
#[derive(clap::Args)]
#[command(after_help = "Example:\n  landrace workflow graph reads-to-panel --format mermaid")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Check a workflow file: its steps, inputs and arguments
    Check {
        /// Workflow file, or the name of a ready one
        workflow: PathBuf,
    },
    /// Draw the steps of a workflow
    Graph {
        /// Workflow file, or the name of a ready one
        workflow: PathBuf,
        /// Graphviz or Mermaid
        #[arg(long, value_enum, default_value_t = Format::Dot)]
        format: Format,
    },
    /// List the workflows that come with Landrace
    List,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Graphviz.
    Dot,
    /// Mermaid, as Markdown pages draw it.
    Mermaid,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut out = file::create("-")?;
    match &args.what {
        What::Check { workflow } => {
            let workflow = ready_workflows::open(workflow)?;
            workflow.check(&Installed::new()?)?;
            writeln!(out, "{}: {} steps, good", workflow.path.display(), workflow.steps.len())?;
        }
        What::Graph { workflow, format } => {
            let workflow = ready_workflows::open(workflow)?;
            let text = match format {
                Format::Dot => graph::dot(&workflow),
                Format::Mermaid => graph::mermaid(&workflow),
            };
            write!(out, "{text}")?;
        }
        What::List => {
            for (name, text) in READY {
                let workflow = landrace_workflow::Workflow::parse(text, name.as_ref())?;
                writeln!(out, "{name}\t{}", workflow.about)?;
            }
        }
    }
    out.finish()?;
    Ok(())
}
