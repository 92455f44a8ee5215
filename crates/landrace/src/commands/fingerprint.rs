//! `landrace fingerprint`: the fewest markers that tell every two accessions apart, and barcodes.

use std::path::{Path, PathBuf};

use anyhow::Context;
use landrace_genome::file;
use landrace_genome::length::parse_bases;
use landrace_genome::summary::Summary;
use landrace_genotypes::{GenotypeMatrix, Wanted};
use landrace_germplasm::fingerprint::calls::Certain;
use landrace_germplasm::fingerprint::search::Effort;
use landrace_germplasm::fingerprint::summary::describe;
use landrace_germplasm::fingerprint::write::{Population, write_barcodes, write_markers, write_unseparable};
use landrace_germplasm::fingerprint::{
    Depth, Eligibility, Fingerprint, Method, Quota, Request, Spacing, fingerprint,
};

use crate::cli::Session;
use crate::{genotypes, output};

mod lists;

/// Choose the fewest markers that tell every two accessions apart, and give each its barcode
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  landrace fingerprint varieties.vcf.gz -d 3 -o panel.tsv\n  \
    landrace fingerprint varieties.bcf --alpha 0.001 --error 0.02 --spacing 1Mb --max-per-contig 4 -o panel.tsv\n  \
    landrace fingerprint varieties.bcf -n 48 -o panel.tsv\n  \
    landrace fingerprint varieties.bcf -d 2 --force old_panel.tsv -o larger.tsv\n  \
    landrace fingerprint potato.csv --certain alleles --force tested.txt --scores assays.tsv -o panel.tsv\n\n\
    Every pair differs at D or more of the chosen markers: both calls are there, and not the same. Missing calls tell\n\
    nothing apart. Pairs that no markers tell apart (clones, accessions with few calls) are listed in\n\
    panel.tsv.unseparable.tsv with the reason; the barcodes are in panel.tsv.barcodes.tsv. The summary says how many\n\
    markers any panel needs at least, and whether this one is proved to be the smallest.\n\n\
    A barcode has one symbol a marker, in the panel's order: the number of the genotype (for two alleles the dosage of\n\
    the second), - where missing; panel.tsv lists them. The report draws it as a QR code with the text\n\
    LRF1:PANEL:BARCODE:ACCESSION.")]
pub(crate) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// The panel (TSV), in the order of use
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Markers at which each pair shall differ for certain, at least
    #[arg(short, long, value_name = "D", default_value_t = 1, conflicts_with = "alpha")]
    differences: u32,
    /// In place of the fewest markers, the best panel of N: every pair differs as often as can be, or, where N markers
    /// cannot tell all apart, most pairs
    #[arg(short = 'n', long = "n", value_name = "N", conflicts_with_all = ["differences", "alpha", "scores"])]
    size: Option<std::num::NonZeroUsize>,
    /// Choose D so that a sample typed anew is confused with another accession with this probability at most
    #[arg(long, value_name = "PROBABILITY", value_parser = probability)]
    alpha: Option<f64>,
    /// Probability that a call is wrong: pairs that differ no more than such errors explain count as one genotype
    #[arg(long, value_name = "PROBABILITY", default_value_t = 0.01, value_parser = probability)]
    error: f64,
    /// Probability that a call of a sample typed anew is missing [default: the share in the genotypes]
    #[arg(long, value_name = "PROBABILITY", value_parser = probability)]
    missing: Option<f64>,
    /// Which calls differ for certain: all that are not equal, homozygotes of different alleles alone (low coverage),
    /// or those with other alleles, whatever the dosage (polyploids)
    #[arg(long, value_name = "WHICH", default_value = "calls", value_parser = certain_names())]
    certain: String,
    #[command(flatten)]
    markers: Markers,
    #[command(flatten)]
    search: Search,
    #[command(flatten)]
    population: OfPopulation,
    /// Accessions whose barcodes the report draws
    #[arg(long, value_name = "N", default_value_t = 48)]
    pictures: usize,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Markers")]
struct Markers {
    /// Markers that must be chosen, to which the fewest are added: a file with one ID or CONTIG:POSITION a line, or a
    /// panel that this command wrote
    #[arg(long, value_name = "FILE")]
    force: Option<PathBuf>,
    /// Markers that must not be chosen, likewise
    #[arg(long, value_name = "FILE")]
    forbid: Option<PathBuf>,
    /// Least distance between two markers, such as 500kb or 2cM (by the map that the genotypes carry)
    #[arg(long, value_name = "LENGTH", value_parser = spacing)]
    spacing: Option<Spacing>,
    /// Markers of every contig, at least
    #[arg(long, value_name = "N", default_value_t = 0)]
    min_per_contig: usize,
    /// Markers of every contig, at most
    #[arg(long, value_name = "N")]
    max_per_contig: Option<usize>,
    /// Table with columns contig, min and max, for contigs of their own
    #[arg(long, value_name = "FILE")]
    quotas: Option<PathBuf>,
    /// Table with columns marker and score (0 to 1): how good its assay is
    #[arg(long, value_name = "FILE")]
    scores: Option<PathBuf>,
    /// A marker of score 0 costs as much as 1 + WEIGHT of score 1
    #[arg(long, value_name = "WEIGHT", default_value_t = 1.0, requires = "scores", value_parser = weight)]
    score_weight: f64,
    /// Least share of accessions with a call
    #[arg(long, value_name = "SHARE", default_value_t = 0.5, value_parser = probability)]
    min_call_rate: f64,
    /// Least minor allele frequency
    #[arg(long, value_name = "FREQUENCY", default_value_t = 0.0, value_parser = probability)]
    min_maf: f64,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Search")]
struct Search {
    /// How the panel is found: search, or the plain greedy choice
    #[arg(long, value_name = "METHOD", default_value = "search", value_parser = ["search", "greedy"])]
    method: String,
    /// Rounds of the search without a smaller panel after which it ends
    #[arg(long, value_name = "ROUNDS", default_value_t = Effort::default().patience)]
    patience: u32,
    /// Seed of the random numbers
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Probabilities of identity")]
struct OfPopulation {
    /// Inbreeding of the accessions, 0 to 1 [default: 1 − Ho/He at the chosen markers]
    #[arg(long, value_name = "F", value_parser = probability)]
    inbreeding: Option<f64>,
    /// Coancestry of the accessions, 0 to 1
    #[arg(long, value_name = "THETA", default_value_t = 0.03, value_parser = probability)]
    theta: f64,
}

fn probability(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value: &f64| (0.0..=1.0).contains(value));
    value.ok_or_else(|| "give a number from 0 to 1".to_owned())
}

fn weight(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value: &f64| (0.0..=1000.0).contains(value));
    value.ok_or_else(|| "give a number from 0 to 1000".to_owned())
}

fn spacing(text: &str) -> Result<Spacing, String> {
    let text = text.trim();
    if let Some(number) = text.strip_suffix("cM").or_else(|| text.strip_suffix("cm")) {
        let value = number.trim().parse().ok().filter(|value: &f64| *value >= 0.0 && value.is_finite());
        return value.map(Spacing::Centimorgan).ok_or_else(|| "write a length such as 2cM".to_owned());
    }
    parse_bases(text)
        .map(Spacing::Bases)
        .ok_or_else(|| "write a length such as 500kb, 20000 or 2cM".to_owned())
}

fn certain_names() -> clap::builder::PossibleValuesParser {
    Certain::ALL.map(|(name, _)| name).into()
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let mut source = args.input.open(Wanted::default())?;
    let request = args.request()?;
    let bar = genotypes::follow(session, "genotypes", source.as_ref());
    let matrix = GenotypeMatrix::from_source(source.as_mut())?;
    drop(bar);
    let found =
        fingerprint(&matrix, &request).with_context(|| args.input.genotypes[0].display().to_string())?;
    let population = args.population.of(&found);
    let mut out = file::create(&args.output)?;
    write_markers(&found, population, &mut out)?;
    let mut files = Vec::new();
    if args.output.as_os_str() != "-" {
        let mut barcodes = file::create(file::beside(&args.output, ".barcodes.tsv"))?;
        write_barcodes(&found, population, &mut barcodes)?;
        let mut pairs = file::create(file::beside(&args.output, ".unseparable.tsv"))?;
        write_unseparable(&found, &mut pairs)?;
        files.extend([barcodes, pairs]);
    }
    files.push(out);
    let mut summary = Summary::new("fingerprint", &session.command_line);
    summary.inputs = source.digests();
    describe(&mut summary, &found, (population, &matrix.header().contigs), args.pictures);
    output::publish(&args.output, &summary, files)?;
    tell(session, &found, &args.output);
    Ok(())
}

impl Args {
    fn request(&self) -> anyhow::Result<Request> {
        let own = &self.markers;
        let effort = Effort { seed: self.search.seed, patience: self.search.patience, ..Effort::default() };
        Ok(Request {
            depth: Some(self.alpha.map_or(Depth::Differences(self.differences), Depth::Confusion)),
            size: self.size.map(std::num::NonZeroUsize::get),
            error: self.error,
            missing: self.missing,
            certain: Certain::ALL
                .iter()
                .find(|(name, _)| *name == self.certain)
                .map_or(Certain::Calls, |(_, one)| *one),
            eligibility: Eligibility { call_rate: own.min_call_rate, maf: own.min_maf },
            force: lists::names(own.force.as_deref())?,
            forbid: lists::names(own.forbid.as_deref())?,
            spacing: own.spacing.unwrap_or_default(),
            quota: Quota { least: own.min_per_contig, most: own.max_per_contig.unwrap_or(usize::MAX) },
            quotas: lists::quotas(own.quotas.as_deref())?,
            scores: own.scores.as_deref().map(|path| lists::scores(path, own.score_weight)).transpose()?,
            method: if self.search.method == "greedy" { Method::Greedy } else { Method::Search },
            effort,
        })
    }
}

impl OfPopulation {
    fn of(&self, found: &Fingerprint) -> Population {
        Population {
            inbreeding: self.inbreeding.unwrap_or_else(|| found.barcodes.inbreeding()),
            theta: self.theta,
        }
    }
}

/// How good the panel is.
fn outcome(found: &Fingerprint, output: &Path) -> String {
    let (markers, bound, path) = (found.markers.len(), found.bound.markers, output.display());
    if let Some(size) = found.size {
        let least = found.closest.first().map_or(0, |pair| pair.0);
        let fewer = if markers < size.markers { " (no more may be chosen)" } else { "" };
        return format!(
            "{markers} markers{fewer} in {path}: {} pairs differ at {least} or more; no panel of so many gives every pair more \
             than {}, a plain greedy choice gives {}",
            found.told_apart, size.most_differences, size.greedy_differences
        );
    }
    let proof = if found.is_optimal {
        "proved to be the fewest".to_owned()
    } else {
        format!("{bound} or more are needed")
    };
    format!("{markers} markers in {path}: {proof}; a plain greedy choice takes {}", found.greedy)
}

/// Says how good the panel is, and what the user should know of it.
fn tell(session: &Session, found: &Fingerprint, output: &Path) {
    let note = |text: String| session.progress.note(&text);
    note(outcome(found, output));
    if !found.unseparable.is_empty() {
        note(format!(
            "{} pairs cannot be told apart; {} says why",
            found.unseparable.len(),
            file::beside(output, ".unseparable.tsv").display()
        ));
    }
    if found.sifted.beyond > 0 {
        note(format!(
            "{} calls of rare genotypes count as missing: a marker has room for 254 genotypes",
            found.sifted.beyond
        ));
    }
}
