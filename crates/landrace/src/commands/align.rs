//! `landrace align`: reads to sorted, duplicate-marked, indexed alignments.

use std::path::{Path, PathBuf};

use anyhow::Context;
use landrace_align::{
    AlignOptions, AlignedSample, Aligner, DuplicatePolicy, Index, SampleOptions, align_sample, index_path,
};
use landrace_genome::Reference;
use landrace_genome::file::{self, FileError, Output};
use landrace_genome::summary::{InputDigest, Summary};

use crate::cli::Session;
use crate::output;

mod account;
mod inputs;

use inputs::{Inputs, Plan};

/// Align reads: sorted, duplicate-marked, indexed BAM in one pass
#[derive(clap::Args)]
#[command(after_help = "Examples:
  landrace align genome.fa plant1_R1.fastq.gz plant1_R2.fastq.gz --sample plant1 -o plant1.bam
  landrace align genome.fa --samples samples.tsv -o alignments/")]
pub(crate) struct Args {
    /// Reference genome (FASTA); 'landrace index' makes its index once
    reference: PathBuf,
    #[command(flatten)]
    inputs: Inputs,
    /// BAM file to write ('-' is standard output); with --samples a folder, or a file if the sheet has one sample
    #[arg(short, long)]
    output: PathBuf,
    /// What happens to duplicates [default: mark; keep for the layouts gbs and amplicon]
    #[arg(long, value_enum)]
    duplicates: Option<Duplicates>,
    /// Do not cut adapters, tails of G and tails of low quality (what is cut is soft-clipped, never lost)
    #[arg(long)]
    no_trim: bool,
    /// Memory for sorting; the index and some megabytes a thread come on top
    #[arg(long, value_name = "SIZE", default_value = "2G", value_parser = parse_memory)]
    memory: u64,
    /// Folder for scratch files [default: the output's folder]
    #[arg(long, value_name = "FOLDER")]
    scratch: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Duplicates {
    /// Flag them
    Mark,
    /// Do not look for them
    Keep,
    /// Leave them out
    Remove,
}

impl From<Duplicates> for DuplicatePolicy {
    fn from(duplicates: Duplicates) -> Self {
        match duplicates {
            Duplicates::Mark => Self::Mark,
            Duplicates::Keep => Self::Keep,
            Duplicates::Remove => Self::Remove,
        }
    }
}

pub(super) fn parse_memory(text: &str) -> Result<u64, String> {
    let bytes = landrace_workflow::workflow::parse_bytes(text);
    bytes
        .filter(|&bytes| bytes >= 1 << 20)
        .ok_or_else(|| "write at least 1M, for example 500M or 2G".to_owned())
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let plans = args.inputs.plans(&args.output, session)?;
    let reference = Reference::open(&args.reference)?;
    let digest = InputDigest::read(&args.reference)?;
    let index = load_index(&reference, session)?;
    let genome =
        Genome { aligner: Aligner::new(&index, AlignOptions::default()), reference: &reference, digest };
    plans.iter().try_for_each(|plan| {
        align_one(plan, &genome, args, session).with_context(|| format!("sample '{}'", plan.sample))
    })
}

/// What all samples are aligned to.
struct Genome<'a> {
    aligner: Aligner<'a>,
    reference: &'a Reference,
    digest: InputDigest,
}

fn align_one(plan: &Plan, genome: &Genome<'_>, args: &Args, session: &Session) -> anyhow::Result<()> {
    let mut reads = plan.open()?;
    let options = SampleOptions {
        duplicates: args.duplicates.map(DuplicatePolicy::from),
        is_trimmed: !args.no_trim,
        memory: args.memory,
        scratch: args.scratch.clone().unwrap_or_else(|| scratch_folder(&plan.output)),
        command_line: session.command_line.clone(),
    };
    let mut bam = file::create(&plan.output)?;
    let following = session.progress.follow(&plan.sample, reads.meters(), reads.size());
    let sample = (plan.sample.as_str(), reads.0.as_mut_slice());
    let aligned = align_sample(&genome.aligner, genome.reference, sample, &options, &mut bam)?;
    drop(following);
    let csi = write_index(&aligned, &plan.output)?;
    let mut summary = Summary::new("align", &session.command_line);
    summary.subject.clone_from(&plan.sample);
    summary.inputs.push(genome.digest.clone());
    summary.inputs.extend(reads.digests());
    account::describe(&aligned, &reads.0, genome.reference.contigs(), &mut summary);
    output::publish(&plan.output, &summary, csi.into_iter().chain([bam]).collect())?;
    note(&plan.sample, &aligned, session);
    Ok(())
}

/// The index beside the reference; without one, it is made in memory.
fn load_index(reference: &Reference, session: &Session) -> anyhow::Result<Index> {
    let path = index_path(reference.path());
    if !path.exists() {
        let reference_path = reference.path().display();
        session.progress.note(&format!(
            "{} is not there: building the index in memory; 'landrace index {reference_path}' makes it once for all",
            path.display()
        ));
        return Ok(Index::build(reference));
    }
    let index = Index::open(&path)?;
    index.check_reference(&path, reference)?;
    Ok(index)
}

fn scratch_folder(output: &Path) -> PathBuf {
    if is_special(output) {
        return std::env::temp_dir();
    }
    output.parent().map(Path::to_owned).unwrap_or_default()
}

/// Standard output, a pipe or a device: no index can lie beside it.
fn is_special(output: &Path) -> bool {
    output.as_os_str() == "-" || std::fs::metadata(output).is_ok_and(|metadata| !metadata.is_file())
}

fn write_index(aligned: &AlignedSample, bam: &Path) -> anyhow::Result<Option<Output>> {
    if is_special(bam) {
        return Ok(None);
    }
    let path = file::beside(bam, ".csi");
    let mut csi = file::create(&path)?;
    aligned.write_index(&mut csi).map_err(|error| FileError::new(&path, &error))?;
    Ok(Some(csi))
}

fn note(sample: &str, aligned: &AlignedSample, session: &Session) {
    let counts = aligned.counts();
    let percent = |part: u64| 100.0 * part as f64 / counts.reads.max(1) as f64;
    session.progress.note(&format!(
        "{}: {} reads, {:.2}% mapped, {:.2}% in proper pairs, {:.2}% duplicates, mean depth {:.1}",
        sample,
        counts.reads,
        percent(counts.mapped),
        percent(counts.proper),
        percent(counts.duplicates),
        aligned.coverage.mean()
    ));
}
