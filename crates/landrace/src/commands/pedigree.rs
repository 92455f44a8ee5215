//! `landrace pedigree`: pedigrees checked, repaired and sorted; inbreeding, A and A⁻¹.

use std::path::{Path, PathBuf};

use anyhow::bail;
use landrace_genome::file::{self, Output};
use landrace_genome::summary::{InputDigest, Summary};
use landrace_genotypes::GenotypeMatrix;
use landrace_genotypes::format::{self, ReadOptions};
use landrace_genotypes::pedigree::conflicts::{Limits, compare, write_conflicts};
use landrace_genotypes::pedigree::history::History;
use landrace_genotypes::pedigree::{
    Checked, Inheritance, Kinship, Pedigree, Records, Role, Rules, Severity, check, write_inbreeding,
    write_inverse, write_pedigree, write_problems,
};
use landrace_genotypes::relationship::Counts;
use landrace_genotypes::relationship::file::{Layout, write_matrix};

use crate::cli::Session;
use crate::{genotypes, output};

mod tables;

/// Pedigrees: checked, repaired, sorted; inbreeding, the relationship matrix A and its inverse
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  landrace pedigree flock.csv -o sorted.tsv --inbreeding f.tsv\n  \
    landrace pedigree herd.xlsx --repair -o clean.tsv\n  \
    landrace pedigree clean.tsv -o sorted.tsv --inverse ainv.tsv\n  \
    landrace pedigree clean.tsv -o sorted.tsv --genotypes flock.vcf.gz\n  \
    landrace pedigree potato.tsv --selfing --ploidy 4 --double-reduction 0.1 -o sorted.tsv --relationship a.tsv\n\n\
    The table has the columns id, sire and dam, or what breeders call them (Indiv, animal, father, mother, male, female, \
    parent1 ...), in any order, and sex and birth if known; or is PLINK's .fam; or has no header and begins with \
    individual, sire and dam. 0, NA, a point or nothing stands for an unknown parent.\n\n\
    What is wrong lies beside the output in <output>.problems.tsv, with the line and what --repair changes: parents that \
    cannot be right become unknown, in loops those that are not older, else all in the loop; a sex that contradicts all \
    uses follows them. Parents without a row of their own become founders. With errors (own parent, loop, one animal as \
    sire and dam, rows that conflict) nothing else is written, unless they are repaired.\n\n\
    With --genotypes, <output>.conflicts.tsv counts opposing homozygotes of each genotyped parent and offspring, and \
    the trios that do not fit; 'landrace identify parents' looks for the right ones.")]
pub(crate) struct Args {
    /// Pedigree: TSV, CSV, .xlsx or .fam
    #[arg(value_name = "FILE")]
    pedigree: PathBuf,
    /// The pedigree, ancestors first: id, sire, dam, and sex and birth if known (TSV)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Repair what is wrong, and list each change
    #[arg(long)]
    repair: bool,
    /// One individual may be sire and dam, as plants are
    #[arg(long)]
    selfing: bool,
    /// What columns are whose names do not say: COLUMN=ROLE (id, sire, dam, sex, birth), separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = role)]
    columns: Vec<(String, Role)>,
    #[command(flatten)]
    inheritance: InheritanceFlags,
    #[command(flatten)]
    results: Results,
    #[command(flatten)]
    genotypes: Genotypes,
}

/// How chromosomes are passed on.
#[derive(clap::Args)]
#[command(next_help_heading = "Inheritance")]
struct InheritanceFlags {
    /// Copies of each chromosome; above 2 with autopolyploid inheritance
    #[arg(long, value_name = "N", default_value = "2", value_parser = ploidy)]
    ploidy: u8,
    /// Autopolyploids: chance that two copies in a gamete come from one copy of the parent
    #[arg(long, value_name = "CHANCE", default_value_t = 0.0, value_parser = chance)]
    double_reduction: f64,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Results")]
struct Results {
    /// Table of inbreeding coefficients, generations and completeness
    #[arg(long, value_name = "FILE")]
    inbreeding: Option<PathBuf>,
    /// The relationship matrix A; the ending says the form, as in 'landrace relationship'
    #[arg(long, value_name = "FILE")]
    relationship: Option<PathBuf>,
    /// Write the relationship matrix in this form, whatever the ending
    #[arg(long = "as", value_name = "FORM", requires = "relationship", value_parser = super::relationship::layout_names())]
    layout: Option<String>,
    /// Individuals of the relationship matrix: names separated by commas, or a file with one a line [default: all]
    #[arg(long, value_name = "FILE|LIST", requires = "relationship")]
    samples: Option<String>,
    /// The inverse of the relationship matrix, as triplets of its lower half (TSV)
    #[arg(long, value_name = "FILE")]
    inverse: Option<PathBuf>,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Genotypes")]
struct Genotypes {
    /// Genotypes of some of the individuals: parents that they contradict are listed
    #[arg(long, value_name = "FILE")]
    genotypes: Option<PathBuf>,
    /// Share of the variants that may mismatch between parent and offspring; in a trio twice that
    #[arg(long, value_name = "SHARE", default_value_t = 0.01, value_parser = chance)]
    max_mismatch: f64,
    /// Variants that both must have been called at
    #[arg(long, value_name = "N", default_value_t = 50)]
    min_compared: u32,
}

fn role(text: &str) -> Result<(String, Role), String> {
    let (column, name) = text.split_once('=').ok_or("write COLUMN=ROLE, as bull=sire")?;
    let role = Role::from_name(name.trim());
    let role = role.ok_or_else(|| format!("'{name}' is none of id, sire, dam, sex and birth"))?;
    Ok((column.trim().to_owned(), role))
}

fn ploidy(text: &str) -> Result<u8, String> {
    let value = text.parse().ok().filter(|n: &u8| (2..=14).contains(n) && n.is_multiple_of(2));
    value.ok_or_else(|| "give an even number from 2 to 14".to_owned())
}

fn chance(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value: &f64| (0.0..1.0).contains(value));
    value.ok_or_else(|| "give a number from 0 to below 1".to_owned())
}

pub(crate) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let InheritanceFlags { ploidy, double_reduction } = args.inheritance;
    if ploidy == 2 && double_reduction > 0.0 {
        bail!(
            "diploids have no double reduction; give the ploidy with --ploidy, or leave out --double-reduction"
        );
    }
    let records = Records::read(&args.pedigree, &args.columns)?;
    records.notes.iter().for_each(|note| session.progress.note(note));
    let digest = records.digest.clone();
    let checked = check(records, Rules { selfing: args.selfing });
    let pedigree = sorted(args, &checked, session)?;
    let kinship = Kinship::new(&pedigree, Inheritance { ploidy, double_reduction });
    let history = History::of(&pedigree);
    let mut summary = Summary::new("pedigree", &session.command_line);
    summary.inputs = vec![digest];
    tables::problems(&mut summary, &checked, args.repair);
    tables::describe(&mut summary, &kinship, &history);
    let mut files: Vec<Output> = problems(args, &checked)?.into_iter().collect();
    if let Some(path) = &args.genotypes.genotypes {
        files.extend(conflicts(args, path, &pedigree, (&mut summary, session))?);
    }
    files.extend(results(&args.results, &kinship, &history)?);
    let mut out = file::create(&args.output)?;
    write_pedigree(&pedigree, &mut out)?;
    files.push(out);
    output::publish(&args.output, &summary, files)?;
    tables::note(session, &summary);
    Ok(())
}

/// The pedigree in order; with errors that are not to be repaired, the list of problems alone.
fn sorted(args: &Args, checked: &Checked, session: &Session) -> anyhow::Result<Pedigree> {
    let errors = checked.severe(Severity::Error);
    if errors > 0 && !args.repair {
        file::publish(problems(args, checked)?.into_iter().collect())?;
        let first = checked.pedigree(false).err().map(|error| error.to_string()).unwrap_or_default();
        let first = first.split("; 'landrace pedigree'").next().unwrap_or_default();
        bail!("{first}; mend what {}.problems.tsv lists, or repair it with --repair", args.output.display());
    }
    let warnings = checked.severe(Severity::Warning);
    if warnings > 0 && !args.repair {
        session.progress.note(&format!("{warnings} warnings, left as they are; --repair mends what it can"));
    }
    Ok(checked.pedigree(args.repair)?)
}

/// The list of problems, beside the output; `None` where that is a stream.
fn problems(args: &Args, checked: &Checked) -> anyhow::Result<Option<Output>> {
    let Some(mut out) = beside(&args.output, ".problems.tsv")? else { return Ok(None) };
    write_problems(&checked.problems, args.repair, &mut out)?;
    Ok(Some(out))
}

fn beside(output: &Path, ending: &str) -> anyhow::Result<Option<Output>> {
    let is_special = std::fs::metadata(output).is_ok_and(|metadata| !metadata.is_file());
    if output.as_os_str() == "-" || is_special {
        return Ok(None);
    }
    Ok(Some(file::create(file::beside(output, ending))?))
}

/// Inbreeding, A and A⁻¹, as far as they are asked for.
fn results(results: &Results, kinship: &Kinship<'_>, history: &History) -> anyhow::Result<Vec<Output>> {
    let mut files = Vec::new();
    if let Some(path) = &results.inbreeding {
        let mut out = file::create(path)?;
        write_inbreeding(kinship, history, &mut out)?;
        files.push(out);
    }
    if let Some(path) = &results.inverse {
        let inverse = kinship.inverse()?;
        let mut out = file::create(path)?;
        write_inverse(kinship.pedigree, &inverse, &mut out)?;
        files.push(out);
    }
    if let Some(path) = &results.relationship {
        let some = match results.samples.as_deref().map(genotypes::names).transpose()? {
            Some(names) => kinship.pedigree.find(&names)?,
            None => (0u32..).take(kinship.pedigree.len()).collect(),
        };
        let needed = some.len() as u64 * (some.len() as u64 + 1) * 4;
        if super::relationship::free_memory().is_some_and(|free| needed > free) {
            bail!(
                "the relationships of {} individuals take {:.1} GiB of memory; choose some with --samples, or write the \
                 sparse inverse with --inverse",
                some.len(),
                needed as f64 / f64::from(1 << 30)
            );
        }
        let named = |name: &String| Layout::ALL.iter().find(|(known, _)| known == name).map(|own| own.1);
        let layout = results.layout.as_ref().and_then(named).unwrap_or_else(|| Layout::of_path(path));
        let matrix = kinship.relationship(&some);
        files.extend(write_matrix((&matrix, &Counts::Same(0)), None, layout, path)?);
    }
    Ok(files)
}

/// Parents that the genotypes contradict.
fn conflicts(
    args: &Args,
    path: &Path,
    pedigree: &Pedigree,
    (summary, session): (&mut Summary, &Session),
) -> anyhow::Result<Option<Output>> {
    let mut source = format::open(&[path.to_owned()], ReadOptions::default())?;
    let bar = genotypes::follow(session, "pedigree", source.as_ref());
    let matrix = GenotypeMatrix::from_source(source.as_mut())?;
    drop(bar);
    summary.inputs.extend(source.digests().into_iter().collect::<Vec<InputDigest>>());
    let limits = Limits { mismatch: args.genotypes.max_mismatch, compared: args.genotypes.min_compared };
    let conflicts = compare(pedigree, &matrix, limits)?;
    tables::conflicts(summary, session, pedigree, &conflicts);
    let Some(mut out) = beside(&args.output, ".conflicts.tsv")? else { return Ok(None) };
    write_conflicts(pedigree, &conflicts, &mut out)?;
    Ok(Some(out))
}
