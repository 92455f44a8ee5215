//! `landrace core`: a core collection.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::path::PathBuf;

use landrace_germplasm::core_collection::{Core, Effort, Hunt, MissingRule, Objective, Options, Weighted};

use crate::cli::Session;
use crate::{genotypes, output};

mod account;
mod curve;
mod input;

/// A core collection: the accessions that stand for all, by any mixture of objectives, with a bound
#[derive(clap::Args)]
#[command(mut_arg("genotypes", |arg| arg.required(false)), after_help = "Examples:\n  \
    landrace core panel.vcf.gz -n 500 --objective AN-MR -o core.tsv\n  \
    landrace core --traits descriptors.tsv -n 10% --objective EN-GD --objective AN-GD -o core.tsv\n  \
    landrace core panel.bed -n 200 --passport passport.tsv --quota ORIGCTY:sqrt --always held.txt -o core.tsv\n  \
    landrace core panel.bed --evaluate old_core.txt -o old_core.tsv\n\n\
    Objectives, as Core Hunter has them: EN (mean distance of entries to the nearest other entry, large: varied entries),\n\
    AN (mean distance of all accessions to the nearest entry, small: all accessions stood for), EE (mean distance of pairs\n\
    of entries, large), each with a distance: MR (Modified Rogers), CE (Cavalli-Sforza and Edwards), GD (Gower, of traits),\n\
    PD (as given); SH (Shannon's index), HE (expected heterozygosity), CV (share of alleles kept). Several are weighed\n\
    after each is brought to 0 to 1 over its Pareto range: from the worst value that the others' best cores give of it to\n\
    its own best, by preliminary searches.\n\n\
    Beside the core it writes every accession's nearest entry (.nearest.tsv), the value, bound and gap of each objective\n\
    (.evaluation.tsv), the names alone for 'filter --samples' (.names.txt), and traits in core and whole (.traits.tsv).\n\
    A bound is a value that no core can pass: a core at its bound is proved best. The same seed gives the same core.\n\
    Memory: 4 bytes x accessions squared for each distance (400 MB for 10,000), and 1 to 2 bytes a call.")]
pub(crate) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// The core (TSV)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Number of entries, or a share of the accessions as 10% or 0.1
    #[arg(short = 'n', long = "n", value_name = "N", required_unless_present = "evaluate", value_parser = size)]
    count: Option<Size>,
    /// An objective and its weight, as EN-MR or AN-GD=0.5; may be given again [default: EN of each kind of input]
    #[arg(long, value_name = "OBJECTIVE", help_heading = "Objectives")]
    objective: Vec<Weighted>,
    /// Missing calls and values in distances: shared (means over what both have) or worst (as Core Hunter: nothing where
    /// distances shall be large, all where small)
    #[arg(long, value_name = "RULE", default_value = "shared", value_parser = ["shared", "worst"], help_heading = "Objectives")]
    missing: String,
    /// How much is searched: quick, normal or thorough
    #[arg(long, value_name = "LEVEL", default_value = "normal", value_parser = ["quick", "normal", "thorough"], help_heading = "Objectives")]
    effort: String,
    /// Seed of the search
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Objectives")]
    seed: u64,
    /// Sizes of the curve of value against size, separated by commas, or none [default: five about the core's size]
    #[arg(long, value_name = "LIST", help_heading = "Objectives")]
    curve: Option<String>,
    /// Do not search: evaluate this core, a file with a name a line (or one that this command wrote) or names by commas
    #[arg(long, value_name = "FILE|LIST", conflicts_with_all = ["count", "quota", "always", "never"], help_heading = "Objectives")]
    evaluate: Option<String>,
    /// Traits of the accessions (TSV or CSV; a second row TYPE gives scales, as Core Hunter has it)
    #[arg(long, value_name = "FILE", visible_alias = "phenotypes", help_heading = "Other inputs")]
    traits: Option<PathBuf>,
    /// Table of allele frequencies, in place of genotypes: the columns of a locus are M1, M1.1 and so on
    #[arg(long, value_name = "FILE", conflicts_with = "genotypes", help_heading = "Other inputs")]
    frequencies: Option<PathBuf>,
    /// Matrix of distances with names (text)
    #[arg(long, value_name = "FILE", help_heading = "Other inputs")]
    distances: Option<PathBuf>,
    /// Write the distances of the first objective, in full
    #[arg(long, value_name = "FILE", help_heading = "Other inputs")]
    write_distances: Option<PathBuf>,
    #[command(flatten)]
    rules: input::RuleArgs,
}

/// How many entries are asked for.
#[derive(Clone, Copy)]
enum Size {
    Entries(usize),
    Share(f64),
}

fn size(text: &str) -> Result<Size, String> {
    let wrong = || "write a number of entries (44), or a share of the accessions (20% or 0.2)".to_owned();
    if let Ok(entries) = text.parse() {
        return Ok(Size::Entries(entries));
    }
    let (number, unit) = text.strip_suffix('%').map_or((text, 1.0), |number| (number, 100.0));
    let share: f64 = number.parse().map_err(|_| wrong())?;
    if share > 0.0 && share <= unit { Ok(Size::Share(share / unit)) } else { Err(wrong()) }
}

impl Size {
    fn of(self, accessions: usize) -> usize {
        match self {
            Self::Entries(entries) => entries,
            // The nearest whole number, at least one.
            Self::Share(share) => (1..=accessions)
                .min_by(|&a, &b| {
                    let off = |entries: usize| (entries as f64 - share * accessions as f64).abs();
                    off(a).total_cmp(&off(b))
                })
                .unwrap_or(0),
        }
    }
}

impl Args {
    fn options(&self) -> Options {
        let effort = match self.effort.as_str() {
            "quick" => Effort::Quick,
            "thorough" => Effort::Thorough,
            _ => Effort::Normal,
        };
        let missing = if self.missing == "worst" { MissingRule::Worst } else { MissingRule::Shared };
        Options { seed: self.seed, effort, missing }
    }
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let given = input::read(args, session)?;
    let rules = given.rules(args)?;
    let searched = given.objectives(args);
    let evaluated = given.evaluated(&searched);
    let all: Vec<Objective> = searched.iter().chain(&evaluated).map(|own| own.objective).collect();
    let hunt = Hunt::new(&given.collection, &all, args.options())?;
    let (members, ranges) = match &args.evaluate {
        Some(_) => (rules.always.clone(), vec![None; searched.len()]),
        None => hunt.search(&searched, &rules)?,
    };
    // What a given core is held against is any core of its size.
    let rules = if args.evaluate.is_some() { given.free_rules(members.len()) } else { rules };
    let ranges = ranges.into_iter().chain(evaluated.iter().map(|_| None));
    let outcomes = searched
        .iter()
        .chain(&evaluated)
        .zip(ranges)
        .map(|(own, range)| hunt.outcome(*own, range, &members, &rules))
        .collect::<Result<_, _>>()?;
    let core = Core { members, outcomes };
    let curve = curve::curve(args, &given, &hunt, &rules, &searched)?;
    let account = account::Account { args, given: &given, hunt: &hunt, core: &core, curve };
    let files = account.files()?;
    output::publish(&args.output, &account.summary(session), files)?;
    account.tell(session);
    Ok(())
}
