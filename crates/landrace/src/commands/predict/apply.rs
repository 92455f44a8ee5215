//! Saved models: written, and used on new samples.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use landrace_breeding::predict::{Applied, Population, SavedModel, TraitResult};
use landrace_genome::file::{self, Output};
use landrace_genome::summary::{Chart, InputDigest, Summary, Table};
use landrace_genotypes::Wanted;

use super::validation::share;
use crate::cli::Session;
use crate::genotypes::{self, rounded};
use crate::output;

#[derive(clap::Args)]
#[command(next_help_heading = "Saved models")]
pub(super) struct ModelArgs {
    /// Write the effects of the markers, which value other samples later
    #[arg(long, value_name = "FILE")]
    save_model: Option<PathBuf>,
    /// Value the samples by a saved model, without phenotypes
    #[arg(long, value_name = "FILE", conflicts_with_all = ["phenotypes", "scheme", "save_model", "relationship"])]
    model: Option<PathBuf>,
    /// Share of the model's markers that the genotypes must have
    #[arg(long, value_name = "SHARE", default_value = "50%", value_parser = share, requires = "model")]
    min_markers: f64,
}

impl ModelArgs {
    /// The model of the results, if it is to be saved.
    pub(super) fn save(
        &self,
        method: &str,
        population: &Population,
        results: &[TraitResult],
    ) -> anyhow::Result<Option<Output>> {
        let Some(path) = &self.save_model else { return Ok(None) };
        let mut out = file::create(path)?;
        SavedModel::of(method, population, results)?.write(&mut out)?;
        Ok(Some(out))
    }
}

/// Values samples by a saved model.
pub(super) fn run(args: &super::Args, session: &Session) -> anyhow::Result<()> {
    let path = args.model.model.as_deref().context("give --phenotypes or --model")?;
    let model = SavedModel::read(path)?;
    let mut source = args.input.open(Wanted::default())?;
    let bar = genotypes::follow(session, "predict", source.as_ref());
    let applied = model.apply(source.as_mut(), args.model.min_markers)?;
    drop(bar);
    let mut summary = Summary::new("predict", &session.command_line);
    summary.inputs = source.digests();
    summary.inputs.push(InputDigest::read(path)?);
    describe(&mut summary, &model, &applied);
    let mut out = file::create(&args.output)?;
    writeln!(out, "sample\ttrait\tvalue\tbreeding_value")?;
    for (own, values) in model.traits().iter().zip(&applied.values) {
        for (sample, value) in applied.samples.iter().zip(values) {
            writeln!(out, "{sample}\t{}\t{:.6}\t{value:.6}", own.name, own.mean + value)?;
        }
    }
    output::publish(&args.output, &summary, vec![out])?;
    let Applied { matched, turned, unlike, missing, markers, .. } = applied;
    session.progress.note(&format!(
        "{matched} of the model's {markers} markers found, {turned} of them turned; {unlike} with other alleles, left \
         out; {missing} missing calls counted as the mean"
    ));
    for (own, variance) in model.traits().iter().zip(&applied.variance) {
        let share = 100.0 * variance;
        session
            .progress
            .note(&format!("{}: the markers found have {share:.1}% of the model's variance", own.name));
    }
    Ok(())
}

fn describe(summary: &mut Summary, model: &SavedModel, applied: &Applied) {
    summary.count("method", model.method()).count("samples", applied.samples.len());
    summary.count("traits", model.traits().len()).count("markers_of_the_model", applied.markers);
    summary.count("markers_found", applied.matched).count("markers_turned", applied.turned);
    summary.count("markers_with_other_alleles", applied.unlike).count("missing_calls", applied.missing);
    summary.headline =
        "{samples} samples valued by {markers_found} of {markers_of_the_model} markers.".to_owned();
    for (own, values) in model.traits().iter().zip(&applied.values) {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
        let row = |(rank, &index): (usize, &usize)| {
            vec![(rank + 1).into(), applied.samples[index].as_str().into(), rounded(own.mean + values[index])]
        };
        summary.tables.push(Table {
            name: format!("best-{}", own.name),
            title: format!("The highest values of {}", own.name),
            chart: Chart::Table,
            columns: ["rank", "sample", "value"].map(str::to_owned).to_vec(),
            rows: order.iter().take(20).enumerate().map(row).collect(),
            path: None,
        });
    }
}
