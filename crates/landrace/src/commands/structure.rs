//! `landrace structure`: each sample as a mixture of ancestral populations.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use anyhow::bail;
use landrace_genome::file;
use landrace_genotypes::{GenotypeSource, Wanted};
use landrace_germplasm::structure::frequencies::Frequencies;
use landrace_germplasm::structure::study::Study;
use landrace_germplasm::structure::validate::Validation;
use landrace_germplasm::structure::{Ancestry, Options, Panel};

use crate::cli::Session;
use crate::{genotypes, output};

mod account;
mod groups;

/// Ancestry of the samples: shares of K populations, at any ploidy, for SNPs and microsatellites
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  landrace structure panel.bed -k 3 --starts 5 -o ancestry.tsv\n  \
    landrace structure panel.vcf.gz -k 2..8 -o ancestry.tsv\n  \
    landrace structure cattle.tsv --by breed --known Zebu,NDama -o ancestry.tsv\n  \
    landrace structure new.vcf.gz --frequencies ancestry.tsv.frequencies.tsv -o new.tsv\n\n\
    Of a range of K, calls are hidden in five parts (--folds) and foretold by what is left; the K that does it with the \
    least error is written to the output, and every K to <output>.kN.tsv. Populations keep their label over K and over \
    starts: A1 of K = 4 is the one most like A1 of K = 3. Also written: <output>.frequencies.tsv, the frequency of each \
    allele in each population, with the variants' names, which --frequencies takes; <output>.fits.tsv, likelihood and \
    convergence of every start and the errors of cross-validation; with --admixture, files as ADMIXTURE writes them \
    (<output>.N.Q and .N.P, of the allele in the column allele of the frequencies).\n\n\
    Variants that do not vary are left out. A sample without calls gets NA.")]
pub(crate) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// Ancestry of each sample (TSV)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Number of ancestral populations, or a range of numbers (2..8)
    #[arg(short = 'k', long, value_name = "K|FROM..TO", value_parser = range, conflicts_with_all = ["by", "frequencies"],
        required_unless_present_any = ["by", "frequencies"])]
    populations: Option<RangeInclusive<usize>>,
    /// Starts of each K, of which the likeliest is kept
    #[arg(long, value_name = "N", default_value_t = 1)]
    starts: usize,
    /// Parts in which calls are hidden to compare numbers of populations; 0 for not at all [default: 5 for a range, 0
    /// for one K]
    #[arg(long, value_name = "N", conflicts_with_all = ["by", "frequencies"])]
    folds: Option<usize>,
    /// Seed of the starts and of the hidden calls
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Sweeps over samples and variants after which a fit is stopped
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    sweeps: u32,
    #[command(flatten)]
    groups: groups::Flags,
    /// Allele frequencies of known populations, among which the samples are put: the table <output>.frequencies.tsv of
    /// an earlier run
    #[arg(long, value_name = "FILE", conflicts_with = "by", help_heading = "Known populations")]
    frequencies: Option<PathBuf>,
    /// Also write ADMIXTURE's .Q and .P
    #[arg(long)]
    admixture: bool,
}

/// A number, or a range of numbers.
fn range(text: &str) -> Result<RangeInclusive<usize>, String> {
    let wrong = || "write a number of populations (3), or a range of them (2..8)".to_owned();
    let number = |text: &str| text.parse::<usize>().ok().filter(|&k| k > 0).ok_or_else(wrong);
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let (from, to) = (number(from)?, number(to)?);
    if from <= to { Ok(from..=to) } else { Err(wrong()) }
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let mut source = args.input.open(Wanted::default())?;
    let done = args.work(source.as_mut(), session)?;
    let account = account::Account { args, panel: &done.panel, study: &done.study };
    let files = account.files()?;
    let mut summary = account.summary(session);
    summary.inputs = source.digests();
    summary.inputs.extend(done.tables);
    output::publish(&args.output, &summary, files)?;
    account.tell(session);
    Ok(())
}

/// What was read and fitted, and the tables that were read beside the genotypes.
struct Done {
    panel: Panel,
    study: Study,
    tables: Vec<landrace_genome::summary::InputDigest>,
}

impl Args {
    fn work(&self, source: &mut dyn GenotypeSource, session: &Session) -> anyhow::Result<Done> {
        let sweeps = usize::try_from(self.sweeps)?;
        let options = Options { starts: self.starts.max(1), seed: self.seed, sweeps };
        if let Some(path) = &self.frequencies {
            let known = Frequencies::parse(&file::read_text(path)?, &path.display().to_string())?;
            let bar = genotypes::follow(session, "structure", source);
            let (panel, fit) = Panel::project(source, &known, &options)?;
            drop(bar);
            let tables = vec![landrace_genome::summary::InputDigest::read(path)?];
            return Ok(Done { panel, study: Study::of(fit), tables });
        }
        let known = self.groups.read(source.header(), session)?;
        let bar = genotypes::follow(session, "structure", source);
        let panel = Panel::read(source)?;
        drop(bar);
        if let Some(known) = known {
            let study = Study::of(panel.fit_known(&known.grouping, &options)?);
            return Ok(Done { panel, study, tables: known.table.into_iter().collect() });
        }
        let Some(range) = self.populations.clone() else { bail!("give -k, --by or --frequencies") };
        let is_range = range.start() < range.end();
        let folds = self.folds.unwrap_or(if is_range { 5 } else { 0 });
        let tell = |fit: &Ancestry, validation: Option<&Validation>| account::tell(session, fit, validation);
        let study = panel.study(range, folds, &options, tell)?;
        Ok(Done { panel, study, tables: Vec::new() })
    }
}
