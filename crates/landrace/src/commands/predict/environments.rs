//! One trait in several environments: main effect and interaction.

use std::path::Path;

use landrace_breeding::phenotype::AnalysisSet;
use landrace_breeding::predict::environments::{
    EnvironmentFit, EnvironmentModel, EnvironmentTrial, EnvironmentValidation, EnvironmentValues,
    write_environment_accuracies, write_environment_held, write_environment_values,
};
use landrace_breeding::predict::{Population, Variance};
use landrace_genome::file::{self, Output};
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::{GenotypeMatrix, Wanted};
use serde_json::Value;

use crate::cli::Session;
use crate::genotypes::{self, rounded};
use crate::output;
use crate::phenotypes::PhenotypeArgs;

/// Samples that the report shows.
const SHOWN: usize = 30;
/// A difference of correlations that is told.
const CLEARLY: f64 = 0.02;

#[derive(clap::Args)]
#[command(next_help_heading = "Several environments")]
pub(super) struct EnvironmentArgs {
    /// Predict one trait over environments together (M×E GBLUP: main effect and genotype × environment): all that the
    /// table has of --trait, or those named, or columns that hold one environment each, separated by commas. With --folds:
    /// CV1 (new lines), CV2 (lines seen in other environments) and CV0 (a new environment), beside the models without
    /// interaction and within each environment
    #[arg(
        long,
        visible_alias = "gxe",
        value_name = "LIST",
        value_delimiter = ',',
        num_args = 0..=1,
        default_missing_value = "all",
        conflicts_with_all = [
            "model", "training_design", "save_model", "pedigree", "index", "method", "groups",
        ]
    )]
    environments: Vec<String>,
}

impl EnvironmentArgs {
    /// Whether environments are evaluated together.
    pub(super) fn is_wanted(&self) -> bool {
        !self.environments.is_empty()
    }
}

/// Values and cross-validation of the environments together.
pub(super) fn run(args: &super::Args, phenotypes: &PhenotypeArgs, session: &Session) -> anyhow::Result<()> {
    let mut source = args.input.open(Wanted::default())?;
    let bar = genotypes::follow(session, "predict", source.as_ref());
    let matrix = GenotypeMatrix::from_source(source.as_mut())?;
    drop(bar);
    let samples = matrix.samples().to_vec();
    let (name, phenotypes) =
        phenotypes.read_in_environments(session, &samples, &args.environments.environments)?;
    let plan = args.validation.scheme(session, &phenotypes, &samples)?;
    let trial = EnvironmentTrial { name, sets: phenotypes.sets(session)? };
    let population = super::population(args, matrix)?;
    let fit = trial.fit(&population)?;
    let validations = match &plan {
        None => Vec::new(),
        Some(plan) => {
            trial.cross_validate(&population, &fit, &plan.scheme, (args.method.refit(), plan.top))?
        }
    };
    tell(session, &trial, &fit, &validations);
    let mut summary = Summary::new("predict", &session.command_line);
    summary.inputs = source.digests();
    summary.inputs.extend(phenotypes.digests.iter().cloned());
    describe(&mut summary, &population, &trial, &fit);
    summary.tables.extend(validations.iter().map(|own| accuracies(&trial, own)));
    let files = write(&args.output, &population, (&trial, &fit), &validations)?;
    Ok(output::publish(&args.output, &summary, files)?)
}

fn write(
    path: &Path,
    population: &Population,
    (trial, fit): (&EnvironmentTrial, &EnvironmentFit),
    validations: &[EnvironmentValidation],
) -> anyhow::Result<Vec<Output>> {
    let mut files = Vec::new();
    if !validations.is_empty() && path.as_os_str() != "-" {
        let mut accuracies = file::create(file::beside(path, ".cv.tsv"))?;
        write_environment_accuracies(trial, validations, &mut accuracies)?;
        let mut held = file::create(file::beside(path, ".cv-predictions.tsv"))?;
        write_environment_held(population, trial, validations, &mut held)?;
        files.extend([accuracies, held]);
    }
    let mut values = file::create(path)?;
    write_environment_values(population, trial, fit, &mut values)?;
    files.push(values);
    Ok(files)
}

/// The mean correlation over the environments.
fn mean(trial: &EnvironmentTrial, own: &EnvironmentValidation, model: EnvironmentModel) -> Option<f64> {
    let known: Vec<f64> = (0..trial.sets.len()).filter_map(|j| own.correlation(j, model)).collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

fn tell(
    session: &Session,
    trial: &EnvironmentTrial,
    fit: &EnvironmentFit,
    validations: &[EnvironmentValidation],
) {
    let records: usize = trial.sets.iter().map(|set| set.samples.len()).sum();
    let [main, interaction, residual] = fit.shares;
    let correlation = fit
        .correlation()
        .map_or(String::new(), |own| format!("; genetic correlation between environments {own:.3}"));
    session.progress.note(&format!(
        "{}: {records} records of {} lines in {} environments; shares of the variance: main effect {main:.3}, interaction \
         {interaction:.3}, residual {residual:.3}{correlation}",
        trial.name,
        trial.lines().len(),
        trial.sets.len(),
    ));
    fit.notes.iter().for_each(|line| session.progress.note(&format!("{}: {line}", trial.name)));
    for own in validations {
        let number = |model| mean(trial, own, model).map(|value| format!("{value:.3}"));
        let r = number(EnvironmentModel::Interaction).unwrap_or_else(|| "not known".to_owned());
        let beside = [
            (EnvironmentModel::Main, "without the interaction"),
            (EnvironmentModel::Within, "by each environment on its own"),
        ];
        let beside: Vec<String> = beside
            .into_iter()
            .filter_map(|(model, words)| Some(format!("{} {words}", number(model)?)))
            .collect();
        session.progress.note(&format!(
            "{}: {} ({}): r within environments {r}; {}",
            trial.name,
            own.scheme.name(),
            own.scheme.meaning(),
            beside.join(", ")
        ));
        let apart = apart(trial, own);
        if !apart.is_empty() {
            session.progress.note(&format!(
                "{}: {}: better on its own: {}, which may be unlike the other environments",
                trial.name,
                own.scheme.name(),
                apart.join(", ")
            ));
        }
    }
}

/// Environments that GBLUP within them predicts clearly better.
fn apart(trial: &EnvironmentTrial, own: &EnvironmentValidation) -> Vec<String> {
    let is_apart = |j: &usize| {
        let r = |model| own.correlation(*j, model);
        let both = r(EnvironmentModel::Within).zip(r(EnvironmentModel::Interaction));
        both.is_some_and(|(within, together)| within > together + CLEARLY)
    };
    (0..trial.sets.len()).filter(is_apart).map(|j| trial.sets[j].name.to_string()).collect()
}

fn table(name: String, title: String, chart: Chart, columns: &[&str], rows: Vec<Vec<Value>>) -> Table {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    Table { name, title, chart, columns, rows, path: None }
}

/// What was fitted, and the best.
fn describe(summary: &mut Summary, population: &Population, trial: &EnvironmentTrial, fit: &EnvironmentFit) {
    summary.count("method", "gblup in environments");
    summary.count(
        "computed",
        "main genomic effect (VanRaden 2008) and its interaction with environments (López-Cruz et al. 2015), variances by \
         restricted likelihood",
    );
    summary.count("samples", population.samples().len()).count("lines_with_records", trial.lines().len());
    summary.count("environments", trial.sets.len());
    if let Some(correlation) = fit.correlation() {
        summary.count("genetic_correlation_between_environments", rounded(correlation));
    }
    summary.headline = "{samples} samples valued in {environments} environments.".to_owned();
    let row = |(variance, share): (&Variance, &f64)| {
        vec![variance.name.into(), rounded(variance.value), rounded(*share)]
    };
    let rows = fit.variances.iter().zip(&fit.shares).map(row).collect();
    let title = format!("Parts of the variance of {}", trial.name);
    let columns = ["part", "variance", "share of a record's variance"];
    summary.tables.push(table("variances".into(), title, Chart::Table, &columns, rows));
    let row = |(set, own): (&AnalysisSet, &EnvironmentValues)| {
        vec![set.name.to_string().into(), set.samples.len().into(), rounded(own.mean)]
    };
    let rows = trial.sets.iter().zip(&fit.environments).map(row).collect();
    let columns = ["environment", "records", "mean"];
    summary.tables.push(table(
        "environments".into(),
        "The environments".into(),
        Chart::Table,
        &columns,
        rows,
    ));
    summary.tables.push(best(population, trial, fit));
}

fn best(population: &Population, trial: &EnvironmentTrial, fit: &EnvironmentFit) -> Table {
    let names: Vec<String> = trial.sets.iter().map(|set| set.name.to_string()).collect();
    let columns: Vec<&str> =
        ["sample", "overall", "reliability"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let overall = &fit.overall;
    let mut order: Vec<usize> = (0..population.samples().len()).collect();
    order.sort_by(|&a, &b| overall.values[b].total_cmp(&overall.values[a]).then(a.cmp(&b)));
    let row = |&i: &usize| {
        let own = [rounded(overall.mean + overall.values[i]), rounded(overall.reliabilities[i])];
        let each = fit.environments.iter().map(|own| rounded(own.mean + own.values[i]));
        std::iter::once(population.samples()[i].as_str().into()).chain(own).chain(each).collect()
    };
    let rows = order.iter().take(SHOWN).map(row).collect();
    let title = "The highest values over the environments".to_owned();
    table(format!("best-{}", trial.name), title, Chart::Table, &columns, rows)
}

/// The correlations of a scheme by environment and model.
fn accuracies(trial: &EnvironmentTrial, own: &EnvironmentValidation) -> Table {
    let models: Vec<EnvironmentModel> =
        EnvironmentModel::ALL.into_iter().filter(|&model| mean(trial, own, model).is_some()).collect();
    let row = |(j, set): (usize, &AnalysisSet)| {
        let each = models.iter().map(|&model| own.correlation(j, model).map_or(Value::Null, rounded));
        std::iter::once(set.name.to_string().into()).chain(each).collect()
    };
    let columns: Vec<&str> =
        std::iter::once("environment").chain(models.iter().map(|model| model.name())).collect();
    let (name, meaning) = (own.scheme.name(), own.scheme.meaning());
    let title = format!("{name}, {meaning}: correlation of observed and predicted");
    let rows = trial.sets.iter().enumerate().map(row).collect();
    table(format!("accuracy-{}", name.to_lowercase()), title, Chart::Bar, &columns, rows)
}
