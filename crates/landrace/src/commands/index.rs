//! `landrace index`: prepare a reference for alignment.

use std::io::Write;
use std::path::PathBuf;

use landrace_genome::file;
use landrace_genome::reference::Reference;

use crate::cli::Session;

/// Prepare a reference genome: its .fai index
#[derive(clap::Args)]
#[command(after_help = "Example:\n  landrace index genome.fa.gz")]
pub(crate) struct Args {
    /// Reference genome (FASTA, plain or compressed)
    reference: PathBuf,
}

pub(crate) fn run(args: &Args, _session: &Session) -> anyhow::Result<()> {
    let reference = Reference::open(&args.reference)?;
    let mut out = file::create(file::beside(&args.reference, ".fai"))?;
    for ((_, contig), layout) in reference.contigs().iter().zip(reference.layout()) {
        let (name, length) = (&contig.name, contig.length);
        writeln!(out, "{name}\t{length}\t{}\t{}\t{}", layout.offset, layout.line_bases, layout.line_bytes)?;
    }
    out.finish()?;
    Ok(())
}
