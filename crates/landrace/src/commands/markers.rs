//! `landrace markers`: choose the markers of a panel.

use std::path::{Path, PathBuf};

use anyhow::Context;
use landrace_breeding::markers::{
    Candidates, Eligibility, Linkage, Panel, PanelRequest, ReadError, Sifted, panel_tables, read_candidates,
    select, write_bed, write_panel,
};
use landrace_genome::file;
use landrace_genome::length::{format_bases, parse_bases};
use landrace_genome::summary::Summary;
use landrace_genotypes::Wanted;

use crate::cli::Session;
use crate::{genotypes, output};

/// Samples below which the r² of neighbours says little.
const FEW_SAMPLES: usize = 20;

/// Choose the markers that serve the whole genome best, with a reason for each
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  landrace markers filtered.bcf -n 1000 --spacing 50kb -o panel.tsv --bed panel.bed\n\n\
    Each marker is worth what it adds: neighbours that it tags (r²) and stretches of the genome that it covers, by its\n\
    call rate and allele frequency. The rank is the order of choice: the first 500 of a panel of 1000 are a good\n\
    panel of 500. bcftools view -R panel.bed takes the genotypes of the panel out of a file."
)]
pub(crate) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// Number of markers
    #[arg(short = 'n', long = "n", value_name = "N")]
    count: usize,
    /// The panel (TSV), best marker first
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The panel as BED, in genome order
    #[arg(long, value_name = "FILE")]
    bed: Option<PathBuf>,
    /// Least distance between two markers, such as 50kb
    #[arg(long, value_name = "LENGTH", default_value = "1bp", value_parser = length)]
    spacing: u64,
    /// Markers that must be in the panel: a file with one ID or CONTIG:POSITION a line
    #[arg(long, value_name = "FILE")]
    include: Option<PathBuf>,
    /// Markers that must not be in it, likewise
    #[arg(long, value_name = "FILE")]
    exclude: Option<PathBuf>,
    /// Weight of even coverage of the genome, from 0 to 1; the rest is for tagging neighbours
    #[arg(long, value_name = "WEIGHT", default_value_t = 0.5)]
    balance: f64,
    /// Least share of samples with a call
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    min_call_rate: f64,
    /// Least minor allele frequency
    #[arg(long, value_name = "FREQUENCY", default_value_t = 0.0)]
    min_maf: f64,
    /// r² from which a neighbour counts as tagged
    #[arg(long, value_name = "R2", default_value_t = 0.5)]
    min_r2: f64,
    /// How far away a neighbour may be, such as 500kb
    #[arg(long, value_name = "LENGTH", default_value = "500kb", value_parser = length)]
    window: u64,
}

fn length(text: &str) -> Result<u64, String> {
    parse_bases(text).ok_or_else(|| "write a length such as 50kb, 1.5Mb or 20000".to_owned())
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let mut source = args.input.open(Wanted::default())?;
    let bar = genotypes::follow(session, "markers", source.as_ref());
    let (candidates, linkage, sifted) =
        read_candidates(source.as_mut(), &args.eligibility()).map_err(|error| args.place(error))?;
    drop(bar);
    let panel = select(&candidates, &linkage, &args.request(&candidates)?)?;
    let mut files = Vec::new();
    if let Some(bed) = &args.bed {
        files.push(file::create(bed)?);
        write_bed(&panel, &candidates, &mut files[0])?;
    }
    let mut out = file::create(&args.output)?;
    write_panel(&panel, &candidates, &linkage, &mut out)?;
    files.push(out);
    let mut summary = Summary::new("markers", &session.command_line);
    summary.inputs = source.digests();
    describe(&mut summary, args, (&panel, &candidates, &linkage), &sifted);
    output::publish(&args.output, &summary, files)?;
    warn(session, (&panel, &candidates, args), &sifted);
    Ok(())
}

impl Args {
    /// Names the file where the error does not.
    fn place(&self, error: ReadError) -> anyhow::Error {
        match error {
            ReadError::Markers(error) => {
                anyhow::Error::new(error).context(self.input.genotypes[0].display().to_string())
            }
            ReadError::Genotypes(error) => error.into(),
        }
    }

    fn eligibility(&self) -> Eligibility {
        Eligibility {
            min_call_rate: self.min_call_rate,
            min_maf: self.min_maf,
            window: self.window,
            min_r2: self.min_r2,
            ..Eligibility::default()
        }
    }

    fn request(&self, candidates: &Candidates) -> anyhow::Result<PanelRequest> {
        let list = |path: &Option<PathBuf>, name| -> anyhow::Result<Vec<usize>> {
            let Some(path) = path else { return Ok(Vec::new()) };
            candidates.find(&names(path)?, name).with_context(|| path.display().to_string())
        };
        Ok(PanelRequest {
            count: self.count,
            // Two variants of one place are one marker.
            spacing: self.spacing.max(1),
            balance: self.balance,
            included: list(&self.include, "include")?,
            excluded: list(&self.exclude, "exclude")?,
        })
    }
}

/// The first column of each line that is not empty and no comment.
fn names(path: &Path) -> anyhow::Result<Vec<String>> {
    let text = file::read_text(path)?;
    let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(|line| line.split('\t').next().unwrap_or(line).to_owned()).collect())
}

fn describe(
    summary: &mut Summary,
    args: &Args,
    (panel, candidates, linkage): (&Panel, &Candidates, &Linkage),
    sifted: &Sifted,
) {
    let gaps = panel.gaps(candidates);
    let mean = gaps.iter().sum::<u64>().checked_div(gaps.len() as u64);
    let widest = panel.widest_gap(candidates).map_or(0, |(_, _, length)| length);
    let share = 100.0 * panel.share_tagged(candidates, linkage);
    summary.count("markers_asked_for", args.count).count("markers_chosen", panel.choices.len());
    summary.count("candidates", candidates.all().len()).count("variants_read", sifted.variants);
    summary
        .count("samples", sifted.samples)
        .count("candidates_tagged_percent", (share * 100.0).round() / 100.0);
    summary.count("widest_stretch_without_a_marker", format_bases(widest));
    if let Some(mean) = mean {
        summary.count("mean_gap", format_bases(mean));
    }
    for (name, count) in left_out(sifted) {
        summary.count(name, count);
    }
    let gaps = mean.map_or("", |_| "the mean gap between neighbours is {mean_gap}, ");
    summary.headline = [
        "{markers_chosen} of {markers_asked_for} markers chosen from {candidates} candidates in {samples} samples. \
         They tag {candidates_tagged_percent}% of the candidates; ",
        gaps,
        "the widest stretch without a marker is {widest_stretch_without_a_marker}.",
    ]
    .concat();
    summary.tables = panel_tables(panel, candidates, linkage);
}

fn left_out(sifted: &Sifted) -> [(&'static str, u64); 5] {
    [
        ("left out: no position", sifted.without_position),
        ("left out: failed a filter", sifted.failed_filter),
        ("left out: one allele called", sifted.one_allele),
        ("left out: low call rate", sifted.low_call_rate),
        ("left out: low minor allele frequency", sifted.low_maf),
    ]
}

/// Says what the user should know of the panel: fewer markers than asked for, crowding, few samples.
fn warn(session: &Session, (panel, candidates, args): (&Panel, &Candidates, &Args), sifted: &Sifted) {
    let progress = &session.progress;
    match &panel.shortfall {
        Some(reason) => progress.note(reason),
        None => progress.note(&format!("{} markers in {}", panel.choices.len(), args.output.display())),
    }
    for &(a, b) in &panel.crowded {
        let (a, b) = (candidates.label(a), candidates.label(b));
        progress.note(&format!("included markers {a} and {b} are closer than the spacing; both are kept"));
    }
    if sifted.samples < FEW_SAMPLES {
        let samples = sifted.samples;
        progress.note(&format!("{samples} samples: the r² of neighbours says little below {FEW_SAMPLES}"));
    }
}
