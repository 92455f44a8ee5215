//! `landrace identify hybrid`: whether plants are the F1 of their declared parents.

use std::path::PathBuf;

use landrace_genome::file;
use landrace_genome::nearest::hint;
use landrace_genome::summary::{Chart, InputDigest, Summary, Table};
use landrace_genotypes::format::{self, ReadOptions};
use landrace_genotypes::sample_table::SampleTable;
use landrace_genotypes::{GenotypeMatrix, GenotypeSource, Wanted};
use landrace_germplasm::hybrid::{Class, Cross, HybridOptions, Hybrids, test_hybrids};

use super::chance;
use crate::cli::Session;
use crate::{genotypes, output};

/// Whether plants are the F1 of their parents, a self, a backcross or of somebody else
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  landrace identify hybrid lot.vcf.gz --parents B73,Mo17 -o lot.tsv\n  \
    landrace identify hybrid plate.csv --crosses crosses.tsv --against lines.vcf.gz -o plate.tsv\n\n\
    Diploids only. A parent's calls may be wrong too, and its heterozygous calls are taken as they are. Probabilities weigh \
    the eight classes alike before looking; an F2 or a mixture is none of them. Frequencies of alleles that an unknown \
    parent hands on are those of the file's samples that are neither tested nor parents, else all alleles are alike.")]
pub(super) struct Args {
    #[command(flatten)]
    input: genotypes::Input,
    /// One line a plant (TSV)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Mother and father of all plants of the file
    #[arg(
        long,
        value_name = "MOTHER,FATHER",
        value_delimiter = ',',
        num_args = 1,
        conflicts_with = "crosses"
    )]
    parents: Vec<String>,
    /// Mother and father of each plant: a table with the columns sample, mother, father
    #[arg(long, value_name = "TABLE", required_unless_present = "parents")]
    crosses: Option<PathBuf>,
    /// Genotypes of the parents, where they are not among the plants
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Chance that a call is wrong
    #[arg(long, value_name = "RATE", default_value_t = 0.01, value_parser = chance)]
    error: f64,
    /// Probability from which a plant is given a class
    #[arg(long, value_name = "PROBABILITY", default_value_t = 0.99, value_parser = chance)]
    level: f64,
}

pub(super) fn run(args: &Args, session: &Session) -> anyhow::Result<()> {
    let mut source = args.input.open(Wanted::default())?;
    let bar = genotypes::follow(session, "plants", source.as_ref());
    let queries = GenotypeMatrix::from_source(source.as_mut())?;
    drop(bar);
    let mut summary = Summary::new("identify hybrid", &session.command_line);
    summary.inputs = source.digests();
    let against = args.against.as_ref().map(|path| read_parents(args, path, &mut summary)).transpose()?;
    let parents = against.unwrap_or_else(|| queries.clone());
    let crosses = find_crosses(args, queries.samples(), parents.samples(), session)?;
    if let Some(path) = &args.crosses {
        summary.inputs.push(InputDigest::read(path)?);
    }
    let options = HybridOptions { error: args.error, level: args.level };
    let found = test_hybrids(queries, &parents, &crosses, options)?;
    describe(&mut summary, &found, args.level);
    let mut out = file::create(&args.output)?;
    found.write(&mut out)?;
    output::publish(&args.output, &summary, vec![out])?;
    let ([f1, other], [low, high]) = (found.share(args.level), found.interval(args.level));
    session.progress.note(&format!(
        "{} plants at {} markers: {f1} F1, {other} something else, {} uncertain; share of F1 among the decided from \
         {low:.4} to {high:.4} (95%)",
        found.answers.len(),
        found.markers,
        found.answers.len() as u64 - f1 - other
    ));
    Ok(())
}

fn read_parents(args: &Args, path: &PathBuf, summary: &mut Summary) -> anyhow::Result<GenotypeMatrix> {
    let own = args.input.options(Wanted::default());
    let options = ReadOptions { map: own.map, ploidy: own.ploidy, ..ReadOptions::default() };
    let mut source: Box<dyn GenotypeSource> = format::open(std::slice::from_ref(path), options)?;
    let matrix = GenotypeMatrix::from_source(source.as_mut())?;
    summary.inputs.extend(source.digests());
    Ok(matrix)
}

/// A parent's place among the samples.
fn find(name: &str, samples: &[String]) -> anyhow::Result<usize> {
    samples.iter().position(|own| own == name).ok_or_else(|| {
        let near = hint(name, samples.iter().map(String::as_str));
        let remedy = if near.is_empty() { "; give its genotypes with --against".to_owned() } else { near };
        anyhow::anyhow!("the parent '{name}' is not among the {} samples{remedy}", samples.len())
    })
}

fn pair(names: [&str; 2], samples: &[String]) -> anyhow::Result<[usize; 2]> {
    let [mother, father] = names;
    anyhow::ensure!(
        mother != father,
        "mother and father are both '{mother}'; an F1 needs two parents, so name the other one"
    );
    Ok([find(mother, samples)?, find(father, samples)?])
}

/// The plants to test with their parents.
fn find_crosses(
    args: &Args,
    queries: &[String],
    samples: &[String],
    session: &Session,
) -> anyhow::Result<Vec<Cross>> {
    let Some(path) = &args.crosses else {
        let [mother, father] = args.parents.as_slice() else {
            anyhow::bail!("--parents names {} parents; give two, such as B73,Mo17", args.parents.len());
        };
        let parents = pair([mother, father], samples)?;
        let is_plant = |name: &&String| *name != mother && *name != father;
        let crosses: Vec<Cross> = queries
            .iter()
            .enumerate()
            .filter(|(_, name)| is_plant(name))
            .map(|(query, _)| Cross { query, parents })
            .collect();
        anyhow::ensure!(!crosses.is_empty(), "the file holds no sample but the parents; add the plants");
        return Ok(crosses);
    };
    let label = path.display().to_string();
    let table = SampleTable::parse(&file::read_text(path)?, &label)?;
    let join = table.join(queries)?;
    if !join.without_genotypes.is_empty() {
        let few = join.without_genotypes.len();
        session.progress.note(&format!("{label}: {few} plants have no genotypes"));
    }
    let columns = [table.column("mother", queries)?, table.column("father", queries)?];
    let mut crosses = Vec::new();
    for query in 0..queries.len() {
        let line = columns[0].line(query);
        let names = match columns.each_ref().map(|column| column.cells[query].as_deref()) {
            [Some(mother), Some(father)] => [mother, father],
            _ if line == 0 => continue,
            _ => anyhow::bail!(
                "{label}, line {line}: a plant needs mother and father; fill in both or leave it out"
            ),
        };
        let parents =
            pair(names, samples).map_err(|error| anyhow::anyhow!("{label}, line {line}: {error}"))?;
        crosses.push(Cross { query, parents });
    }
    Ok(crosses)
}

fn describe(summary: &mut Summary, found: &Hybrids, level: f64) {
    let ([f1, other], [low, high]) = (found.share(level), found.interval(level));
    let plants = found.answers.len() as u64;
    summary.count("plants", plants).count("markers", found.markers);
    summary.count("f1", f1).count("not_f1", other).count("uncertain", plants - f1 - other);
    summary.count("decided", f1 + other).count("level", level);
    summary.count("f1_share_low", genotypes::rounded(low)).count("f1_share_high", genotypes::rounded(high));
    summary.count("samples_for_frequencies", found.others);
    summary.headline =
        "{f1} of {plants} plants are F1 of their parents, {not_f1} are not; the share of F1 among the \
                        {decided} decided lies from {f1_share_low} to {f1_share_high} (95%)."
            .to_owned();
    let classes = Class::ALL.map(Some).into_iter().chain([None]);
    let rows = classes.map(|class| {
        let count = found.answers.iter().filter(|answer| answer.class == class).count();
        vec![class.map_or("uncertain", Class::word).into(), count.into()]
    });
    summary.tables.push(Table {
        name: "classes".into(),
        title: "What the plants are".into(),
        chart: Chart::Bar,
        columns: ["class", "plants"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
        path: None,
    });
}
