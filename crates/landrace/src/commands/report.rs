//! `landrace report`: one HTML page of pictures from what commands wrote.

use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;
use landrace_genome::file;
use landrace_genome::summary::Summary;

use crate::cli::Session;
use crate::{output, report};

/// Draw one self-contained HTML page from what commands wrote
#[derive(clap::Args)]
#[command(after_help = "Example:\n  landrace report results/ -o report.html")]
pub(crate) struct Args {
    /// Folders, searched for *.summary.json to any depth, or summary files
    #[arg(required = true, value_name = "DIR|FILE")]
    inputs: Vec<PathBuf>,
    /// The page (HTML); opens offline
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Heading of the page
    #[arg(long, default_value = "Landrace report")]
    title: String,
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let found = report::summaries(&args.inputs)?;
    let page = report::draw(&args.title, &found, &commands());
    let mut out = file::create(&args.output)?;
    out.write_all(page.html.as_bytes())?;
    let mut summary = Summary::new("report", &session.command_line);
    summary.count("summaries", found.len()).count("chapters", page.chapters).count("pictures", page.pictures);
    summary.inputs = found.into_iter().map(|found| found.digest).collect();
    output::publish(&args.output, &summary, vec![out])?;
    session.progress.note(&format!("{} pictures in {}", page.pictures, args.output.display()));
    Ok(())
}

/// The commands in the order of `landrace help`, with the line that it says of each.
fn commands() -> Vec<(String, String)> {
    super::Command::augment_subcommands(clap::Command::new("landrace"))
        .get_subcommands()
        .map(|command| {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            (command.get_name().to_owned(), about)
        })
        .collect()
}
