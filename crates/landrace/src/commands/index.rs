//! `landrace index`: prepare a reference for alignment.

use std::io::Write;
use std::path::PathBuf;

use landrace_align::{Index, index_path};
use landrace_genome::file::{self, FileError};
use landrace_genome::reference::Reference;
use landrace_genome::summary::{Chart, InputDigest, Summary, Table};

use crate::cli::Session;
use crate::output;

/// Prepare a reference genome: its index for alignment (.lri) and its .fai
#[derive(clap::Args)]
#[command(after_help = "Example:\n  landrace index genome.fa.gz")]
pub(crate) struct Args {
    /// Reference genome (FASTA, plain or compressed)
    reference: PathBuf,
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let reference = Reference::open(&args.reference)?;
    let fai_path = file::beside(&args.reference, ".fai");
    let mut fai = file::create(&fai_path)?;
    write_fai(&reference, &mut fai).map_err(|error| FileError::new(&fai_path, &error))?;

    let index = Index::build(&reference);
    let path = index_path(&args.reference);
    let mut out = file::create(&path)?;
    index.write(&mut out).map_err(|error| FileError::new(&path, &error))?;

    let mut summary = Summary::new("index", &session.command_line);
    summary.inputs.push(InputDigest::read(&args.reference)?);
    describe(&reference, &index, &mut summary);
    output::publish(&path, &summary, vec![fai, out])?;
    Ok(())
}

/// One line a contig: name, length and layout, as `samtools faidx` writes it.
fn write_fai(reference: &Reference, out: &mut impl Write) -> std::io::Result<()> {
    for ((_, contig), layout) in reference.contigs().iter().zip(reference.layout()) {
        let (name, length) = (&contig.name, contig.length);
        writeln!(out, "{name}\t{length}\t{}\t{}\t{}", layout.offset, layout.line_bases, layout.line_bytes)?;
    }
    Ok(())
}

/// Longest contigs that the summary lists.
const LISTED: usize = 50;

fn describe(reference: &Reference, index: &Index, summary: &mut Summary) {
    let contigs = reference.contigs();
    summary.count("contigs", contigs.len()).count("bases", contigs.total_length());
    summary.count("seeds", index.seeds()).count("index_bytes", index.size());
    let mut longest: Vec<_> = contigs.iter().collect();
    longest.sort_by_key(|(_, contig)| std::cmp::Reverse(contig.length));
    summary.tables.push(Table {
        name: "contigs".into(),
        title: "Longest contigs".into(),
        chart: Chart::Bar,
        columns: vec!["contig".into(), "length [bp]".into()],
        rows: longest
            .iter()
            .take(LISTED)
            .map(|(_, c)| vec![c.name.clone().into(), c.length.into()])
            .collect(),
        path: None,
    });
}
