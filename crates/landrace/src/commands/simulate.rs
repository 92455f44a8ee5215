//! `landrace simulate`: a data set with its truth.

use std::path::{Path, PathBuf};

use landrace_genome::file;
use landrace_genome::reference::Reference;
use landrace_genome::summary::{InputDigest, Summary};
use landrace_simulate::admixture::simulate_admixed;
use landrace_simulate::dataset::{self, Provenance, ReadCounts, Sequencing};
use landrace_simulate::genome::{Genome, simulate_genome};
use landrace_simulate::population::{Population, simulate_population};
use landrace_simulate::random::derive;
use landrace_simulate::traits::{SimulatedTrait, simulate_trait};

use crate::cli::Session;
use crate::output;

mod flags;
mod tables;

use flags::{GenomeFlags, ObservedFlags, PopulationFlags, ReadFlags, TraitFlag};

/// Genomes, populations, traits and reads, with the truth
///
/// Writes into a folder: genome.fa (unless --reference gives one) with repeats.bed; the true genotypes as
/// truth.vcf.gz and, up to ploidy 2, truth.bed/.bim/.fam; pedigree.tsv and origins.tsv; ancestry.tsv of admixed
/// samples; accessions.tsv of a gene bank; traits.tsv and trait_loci.tsv; observed.vcf.gz with missing and wrong calls,
/// if asked for; reads/*.fastq.gz, whose names say
/// where they come from; and samples.tsv, which `align` and
/// `run` take. The same flags give the same bytes, at any number of threads.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  landrace simulate -o demo --genome-length 300kb --population f2 -n 8 --depth 10 --trait yield:20:0.6
  landrace simulate -o potato --ploidy 4 --population f1 -n 12 --depth 40
  landrace simulate -o plate --population ril -n 94 --layout gbs --enzymes PstI,MspI --read-length 100
  landrace simulate -o panel --population admixed -n 300 --markers 9000 --genome-length 10Mb --cm-per-mb 50 --no-reads
  landrace simulate -o bank --population genebank -n 500 --founders 80 --no-reads --call-errors 0.01 --missing 0.1
  landrace simulate -o reads --reference genome.fa.gz -n 1 --ploidy 1 --fragments 10000")]
pub(crate) struct Args {
    /// Folder to write into
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Seed of all random numbers
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    #[command(flatten)]
    genome: GenomeFlags,
    #[command(flatten)]
    population: PopulationFlags,
    /// A trait with its number of loci and its heritability, and its degree of dominance if not 0; may be repeated
    #[arg(long = "trait", value_name = "NAME:LOCI:H2[:DOMINANCE]", help_heading = "Traits")]
    traits: Vec<TraitFlag>,
    #[command(flatten)]
    observed: ObservedFlags,
    #[command(flatten)]
    reads: ReadFlags,
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let folder = args.output.as_path();
    let mut summary = Summary::new("simulate", &session.command_line);
    let genome = genome(args, &mut summary)?;
    let founders = args.population.founder_options();
    let panel = args.population.admixture();
    let panel = panel.map(|options| simulate_admixed(&genome, &options, args.seed)).transpose()?;
    let population = match &panel {
        Some(panel) => panel.population.clone(),
        None => simulate_population(&genome, &args.population.options(), &founders, args.seed)?,
    };
    let traits = traits(args, &genome, &population)?;
    // Whatever is wrong with the flags is said before anything is written.
    let sequencing = args.reads.sequencing(&genome, args.seed)?;
    file::create_directory(folder)?;
    if args.genome.reference.is_none() {
        dataset::write_genome(&genome, folder)?;
    }
    let provenance = Provenance { command_line: &session.command_line, cm_per_mb: founders.cm_per_mb };
    dataset::write_truth(&genome, &population, &traits, folder, &provenance)?;
    if let Some(observation) = args.observed.observation(args.seed) {
        dataset::write_observed(&genome, &population, &observation, folder, &provenance)?;
    }
    if let Some(panel) = &panel {
        dataset::write_ancestry(panel, folder)?;
    }
    let counts = match &sequencing {
        Some(sequencing) => Some(sequence(sequencing, &genome, &population, folder, session)?),
        None => None,
    };
    tables::fill(&mut summary, &genome, &population, counts);
    output::publish(&folder.join("simulate"), &summary, Vec::new())?;
    let files = folder.display();
    session.progress.note(&format!("{} Written to {files}.", tables::sentence(&summary)));
    Ok(())
}

fn genome(args: &Args, summary: &mut Summary) -> anyhow::Result<Genome> {
    let Some(path) = &args.genome.reference else {
        return Ok(simulate_genome(&args.genome.options(), args.seed)?);
    };
    summary.inputs.push(InputDigest::read(path)?);
    Ok(Genome::from_reference(&Reference::open(path)?))
}

fn traits(args: &Args, genome: &Genome, population: &Population) -> anyhow::Result<Vec<SimulatedTrait>> {
    let seeds = (0..).map(|index| derive(args.seed, "trait", index));
    let traits = args.traits.iter().zip(seeds);
    traits.map(|(flag, seed)| Ok(simulate_trait(genome, population, &flag.0, seed)?)).collect()
}

fn sequence(
    sequencing: &Sequencing,
    genome: &Genome,
    population: &Population,
    folder: &Path,
    session: &Session,
) -> anyhow::Result<ReadCounts> {
    let bar = session.progress.bar("Sequencing samples", population.samples.len() as u64);
    let counts = dataset::write_reads(genome, population, sequencing, folder, || bar.inc(1))?;
    bar.finish_and_clear();
    Ok(counts)
}
