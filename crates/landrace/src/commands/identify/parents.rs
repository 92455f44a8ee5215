//! `landrace identify parents`: who the parents are.

use std::path::PathBuf;

use landrace_genome::file::{self, Output};
use landrace_genome::summary::{Chart, InputDigest, Summary, Table};
use landrace_genotypes::relationship::{Method, Options as Relating, ReadModel, relate};
use landrace_genotypes::{GenotypeMatrix, GenotypeSource, Wanted};
use landrace_germplasm::parentage::pedigree::Pedigree;
use landrace_germplasm::parentage::reads::{ReadRules, assign_by_reads, write_reads};
use landrace_germplasm::parentage::study::Request;
use landrace_germplasm::parentage::write::{role_names, write_parents};
use landrace_germplasm::parentage::{Assignments, Options, Status, Study, assign, read_panel};

use super::{chance, share};
use crate::cli::Session;
use crate::{genotypes, output};

/// Parents: candidates by likelihood with simulated confidence, and declared parents checked
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  landrace identify parents flock.vcf.gz --candidates rams.tsv -o parents.tsv\n  \
    landrace identify parents gbs.vcf.gz --pedigree pedigree.csv --reads -o parents.tsv"
)]
pub(super) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// One line an offspring (TSV)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Individuals that may be parents: a list, or a table with sex, birth and group
    #[arg(long, value_name = "FILE", required_unless_present = "pedigree")]
    candidates: Option<PathBuf>,
    /// Individuals with declared father and mother, sex, birth and groups of candidates
    #[arg(long, value_name = "FILE")]
    pedigree: Option<PathBuf>,
    /// Share of the calls that are wrong
    #[arg(long, value_name = "RATE", default_value_t = 0.01, value_parser = chance)]
    error: f64,
    /// Share of the true parents that are among the candidates [default: estimated]
    #[arg(long, value_name = "SHARE", value_parser = chance)]
    sampled: Option<f64>,
    /// Offspring that are simulated to learn the confidence
    #[arg(long, value_name = "N", default_value_t = 5000)]
    simulations: usize,
    /// Where the random draws start
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
    /// Markers that two individuals must both have
    #[arg(long, value_name = "N", default_value_t = 10)]
    min_markers: u32,
    /// Chance that an offspring is a self of one plant
    #[arg(long, value_name = "CHANCE", default_value_t = 0.0, value_parser = share)]
    selfing: f64,
    /// Compare low-depth read counts (AD) by depth-adjusted relatedness and excess mismatches
    #[arg(long)]
    reads: bool,
    /// With --reads: relatedness of parent and offspring, above this
    #[arg(long, value_name = "R", default_value_t = 0.4)]
    min_relatedness: f64,
    /// With --reads: excess mismatch rate, below this; of both parents twice that
    #[arg(long, value_name = "RATE", default_value_t = 0.01)]
    max_excess: f64,
    /// With --reads: relatedness leaves out variants of lower Hardy-Weinberg disequilibrium
    #[arg(long, value_name = "D", allow_negative_numbers = true)]
    min_disequilibrium: Option<f64>,
}

pub(super) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let read = |path: &Option<PathBuf>| -> anyhow::Result<Option<Pedigree>> {
        let Some(path) = path else { return Ok(None) };
        Ok(Some(Pedigree::parse(&file::read_text(path)?, &path.display().to_string())?))
    };
    let (pedigree, candidates) = (read(&args.pedigree)?, read(&args.candidates)?);
    let mut source = args.input.open(Wanted { allele_depths: args.reads, ..Wanted::default() })?;
    let request = Request { pedigree: pedigree.as_ref(), candidates: candidates.as_ref(), offspring: None };
    let (study, join) = Study::build(&source.header().samples, &request)?;
    let mut summary = Summary::new("identify parents", &session.command_line);
    summary.count("offspring", study.offspring.len()).count("candidates", study.candidates.len());
    summary.count("without_genotypes", join.without_genotypes.len());
    summary.count("own_ancestors", join.circles.len());
    let bar = genotypes::follow(session, "identify parents", source.as_ref());
    let mut out = file::create(&args.output)?;
    let note = if args.reads {
        by_reads(args, (source.as_mut(), &study), &mut summary, &mut out)?
    } else {
        by_calls(args, (source.as_mut(), &study), &mut summary, &mut out)?
    };
    drop(bar);
    summary.inputs = source.digests();
    for path in [&args.pedigree, &args.candidates].into_iter().flatten() {
        summary.inputs.push(InputDigest::read(path)?);
    }
    summary.headline =
        "Parents of {offspring} offspring looked for among {candidates} candidates.".to_owned();
    output::publish(&args.output, &summary, vec![out])?;
    session.progress.note(&note);
    Ok(())
}

/// Parents by relatedness and excess mismatches of read counts; gives what to say of it.
fn by_reads(
    args: &Args,
    (source, study): (&mut dyn GenotypeSource, &Study),
    summary: &mut Summary,
    out: &mut Output,
) -> anyhow::Result<String> {
    let reads = ReadModel { overdispersion: None, min_disequilibrium: args.min_disequilibrium };
    let related = relate(source, &Relating { reads, ..Relating::new(Method::Kgd) })?;
    let mut again = args.input.open(Wanted { allele_depths: true, ..Wanted::default() })?;
    let rules = ReadRules {
        min_relatedness: args.min_relatedness,
        max_excess: args.max_excess,
        max_pair_excess: 2.0 * args.max_excess,
        min_markers: u64::from(args.min_markers),
        ..ReadRules::default()
    };
    let found = assign_by_reads(study, &related.matrix, again.as_mut(), &rules)?;
    write_reads(study, &found, out)?;
    for (role, name) in role_names(study).into_iter().enumerate() {
        let given = found.iter().filter_map(|own| own.roles[role].given);
        let verdicts: Vec<bool> = given.filter_map(|given| given.1).collect();
        let confirmed = verdicts.iter().filter(|own| **own).count();
        summary.count(&format!("{name}s_confirmed"), confirmed);
        summary.count(&format!("{name}s_tested"), verdicts.len());
    }
    Ok(format!("{} offspring compared by reads", study.offspring.len()))
}

/// Parents by the likelihood of calls; gives what to say of it.
fn by_calls(
    args: &Args,
    (source, study): (&mut dyn GenotypeSource, &Study),
    summary: &mut Summary,
    out: &mut Output,
) -> anyhow::Result<String> {
    let matrix = GenotypeMatrix::from_source(source)?;
    let panel = read_panel(&matrix, study)?;
    let options = Options {
        error: args.error,
        sampled: [args.sampled; 2],
        simulations: args.simulations,
        seed: args.seed,
        min_markers: args.min_markers,
        selfing: args.selfing,
        ..Options::default()
    };
    let found = assign(study, &panel.genotypes, &options)?;
    write_parents(study, &found, out)?;
    summary.count("markers", panel.markers());
    describe(summary, study, &found);
    Ok(format!("{} offspring by {} markers", study.offspring.len(), panel.markers()))
}

fn describe(summary: &mut Summary, study: &Study, found: &Assignments) {
    let names = role_names(study);
    for (role, name) in names.into_iter().enumerate() {
        summary.count(&format!("{name}_share_sampled"), genotypes::rounded(found.sampled[role]));
        let named = found.found.iter().map(|own| &own.roles[role]);
        let wrong: f64 =
            named.filter(|own| own.status.is_named()).filter_map(|own| own.confidence).map(|c| 1.0 - c).sum();
        summary.count(&format!("{name}s_expected_wrong"), genotypes::rounded(wrong));
    }
    let impossible = found.impossible;
    summary.count("not_compared_for_sex", impossible.sex).count("not_compared_for_age", impossible.age);
    let of = |status: Status, role: usize| {
        found.found.iter().filter(|own| own.roles[role].status == status).count()
    };
    summary.tables.push(Table {
        name: "status".into(),
        title: "What was found".into(),
        chart: Chart::Bar,
        columns: ["status", names[0], names[1]].map(String::from).to_vec(),
        rows: Status::ALL.iter().map(|&s| vec![s.name().into(), of(s, 0).into(), of(s, 1).into()]).collect(),
        path: None,
    });
}
