//! `landrace call`: variants and genotypes of a cohort.

use std::path::{Path, PathBuf};

use landrace_call::{CallOptions, CallPlan, Cohort, GenotypePrior, Sources};
use landrace_genome::sheet::{Ploidy, SampleSheet};
use landrace_genome::summary::{InputDigest, Summary};
use landrace_genome::{Reference, Region};

use crate::cli::Session;
use crate::output::publish;

/// Call SNPs and indels of many samples together
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  landrace call genome.fa *.bam -o cohort.bcf --samples sheet.tsv --ploidy '4;Pt=1'\n\n\
    Samples are named by the SM of the read groups, or by a sheet with the columns 'sample' and 'bam'."
)]
pub(crate) struct Args {
    /// Reference genome (FASTA) that the reads are aligned to
    reference: PathBuf,
    /// Sorted BAM files [default: those of the sheet's column 'bam']
    alignments: Vec<PathBuf>,
    /// Variants to write: .bcf, .vcf.gz or .vcf; - for text on standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Sample sheet: names, ploidies, and which BAM is whose
    #[arg(long, value_name = "SHEET")]
    samples: Option<PathBuf>,
    /// Copies of each chromosome, 1 to 8, where the sheet does not say; '4;Pt=1' names exceptions
    #[arg(long, default_value = "2", value_parser = parse_ploidy)]
    ploidy: Ploidy,
    /// Only this region: CONTIG, CONTIG:START-END (from 1); may be given several times
    #[arg(long, value_name = "REGION")]
    region: Vec<String>,
    /// Only the regions of a BED file
    #[arg(long, value_name = "BED", conflicts_with = "region")]
    regions: Option<PathBuf>,
    /// What is expected of genotypes, given allele frequencies
    #[arg(long, value_enum, default_value = "hwe")]
    prior: Prior,
    /// Inbreeding coefficient for --prior inbred
    #[arg(long, value_name = "F", default_value_t = 0.95, value_parser = parse_share)]
    inbreeding: f64,
    /// Leave out reads of lower mapping quality
    #[arg(long, value_name = "Q", default_value_t = 20)]
    min_mapping_quality: u8,
    /// Take bases of lower quality to say nothing
    #[arg(long, value_name = "Q", default_value_t = 10)]
    min_base_quality: u8,
    /// Write no site of lower QUAL
    #[arg(long, value_name = "QUAL", default_value_t = 5.0)]
    min_quality: f64,
    /// Reads of a sample that start within 256 bases; more are thinned [default: 16,000 shared among the
    /// samples, 64 to 1,000 each]
    #[arg(long, value_name = "N")]
    max_reads: Option<usize>,
    /// Take files that name the same sample as further reads of it
    #[arg(long)]
    join_samples: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Prior {
    /// Hardy-Weinberg proportions
    Hwe,
    /// Inbred lines and selfing species
    Inbred,
    /// Each genotype alike: the reads alone decide
    None,
}

fn parse_ploidy(text: &str) -> Result<Ploidy, String> {
    Ploidy::parse(text).ok_or_else(|| "write 1 to 8, or as in '4;Pt=1;Mt=1'".to_owned())
}

fn parse_share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "write a number from 0 to 1".to_owned())
}

impl Args {
    fn options(&self) -> CallOptions {
        CallOptions {
            min_mapping_quality: self.min_mapping_quality,
            min_base_quality: self.min_base_quality,
            prior: match self.prior {
                Prior::Hwe => GenotypePrior::HardyWeinberg,
                Prior::Inbred => GenotypePrior::Inbred { f: self.inbreeding },
                Prior::None => GenotypePrior::None,
            },
            min_quality: self.min_quality,
            max_reads: self.max_reads,
        }
    }

    fn regions(&self, reference: &Reference) -> anyhow::Result<Vec<Region>> {
        match &self.regions {
            Some(path) => Ok(landrace_call::bed::read_bed(path, reference.contigs())?),
            None => {
                let regions = self.region.iter().map(|text| reference.contigs().parse_region(text));
                Ok(regions.collect::<Result<_, _>>()?)
            }
        }
    }

    /// Digests of the files that are read whole; of others, only the sheet's and the regions' files.
    fn digests(&self, alignments: &[PathBuf]) -> anyhow::Result<Vec<InputDigest>> {
        let is_whole = self.region.is_empty() && self.regions.is_none();
        let whole = if is_whole { alignments } else { &[] };
        let tables = self.samples.iter().chain(&self.regions);
        let paths = tables.chain([&self.reference].into_iter().filter(|_| is_whole)).chain(whole);
        Ok(paths.map(|path| InputDigest::read(path)).collect::<Result<_, _>>()?)
    }
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let sheet = args.samples.as_ref().map(SampleSheet::read).transpose()?;
    let reference = Reference::open(&args.reference)?;
    let regions = args.regions(&reference)?;
    let sources = Sources {
        alignments: args.alignments.clone(),
        sheet: sheet.as_ref(),
        ploidy: args.ploidy.clone(),
        joins_same_names: args.join_samples,
        min_mapping_quality: args.min_mapping_quality,
    };
    let cohort = Cohort::open(&sources, reference.contigs())?;
    let alignments: Vec<PathBuf> = cohort.paths().map(Path::to_owned).collect();
    let samples = cohort.samples.clone();
    let plan = CallPlan {
        reference: &reference,
        regions,
        options: args.options(),
        output: &args.output,
        command_line: &session.command_line,
    };
    let called = landrace_call::call(cohort, &plan)?;
    let mut summary = Summary::new("call", &session.command_line);
    summary.subject = args.region.join(" ");
    summary.inputs = args.digests(&alignments)?;
    landrace_call::summary::describe(&called, &samples, &mut summary);
    let tally = &called.tally;
    session.progress.note(&format!("{} sites, {} pass all filters", tally.sites, tally.passing));
    publish(&args.output, &summary, called.outputs)?;
    Ok(())
}
