//! Which samples to phenotype.

use std::io::Write;

use landrace_breeding::predict::{TrainingDesign, TrainingRequest, design_training};
use landrace_genome::file;
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::{GenotypeMatrix, Wanted};

use crate::cli::Session;
use crate::genotypes::{self, rounded};
use crate::output;

#[derive(clap::Args)]
#[command(next_help_heading = "Training design")]
pub(super) struct DesignArgs {
    /// Choose so many samples to phenotype, from which all are predicted best (CDmean), in place of predicting; samples
    /// with phenotypes count as phenotyped
    #[arg(long, value_name = "N", conflicts_with_all = ["model", "scheme", "save_model"])]
    training_design: Option<usize>,
    /// Genetic share of the variance of a record, for --training-design
    #[arg(long, value_name = "SHARE", default_value_t = 0.5, requires = "training_design")]
    expected_heritability: f64,
}

impl DesignArgs {
    /// Whether a design is wanted.
    pub(super) fn is_wanted(&self) -> bool {
        self.training_design.is_some()
    }
}

/// Chooses the samples.
pub(super) fn run(args: &super::Args, session: &Session) -> anyhow::Result<()> {
    let mut source = args.input.open(Wanted::default())?;
    let bar = genotypes::follow(session, "predict", source.as_ref());
    let matrix = GenotypeMatrix::from_source(source.as_mut())?;
    drop(bar);
    let mut summary = Summary::new("predict", &session.command_line);
    summary.inputs = source.digests();
    let mut phenotyped = Vec::new();
    if let Some(phenotypes) = &args.phenotypes {
        let phenotypes = phenotypes.read(session, matrix.samples())?;
        phenotyped = phenotypes.sets(session)?.into_iter().flat_map(|set| set.samples).collect();
        phenotyped.sort_unstable();
        phenotyped.dedup();
        summary.inputs.extend(phenotypes.digests.iter().cloned());
    }
    let population = super::population(args, matrix)?;
    let (count, heritability) = (args.design.training_design.unwrap_or(1), args.design.expected_heritability);
    let request = TrainingRequest { count, heritability, phenotyped };
    let design = design_training(population.relationship()?, &request)?;
    let mut out = file::create(&args.output)?;
    writeln!(out, "rank\tsample\tmean_reliability")?;
    for (rank, (sample, reliability)) in (1..).zip(&design.chosen) {
        writeln!(out, "{rank}\t{}\t{reliability:.6}", population.samples()[*sample])?;
    }
    describe(&mut summary, population.samples().len(), &request, &design);
    output::publish(&args.output, &summary, vec![out])?;
    let last = design.chosen.last().map_or(design.before, |own| own.1);
    session.progress.note(&format!(
        "mean reliability {:.3} before, {last:.3} with the {count} chosen ({:.3} without exchanges)",
        design.before, design.greedy
    ));
    Ok(())
}

fn describe(summary: &mut Summary, samples: usize, request: &TrainingRequest, design: &TrainingDesign) {
    summary.count("samples", samples).count("phenotyped_before", request.phenotyped.len());
    summary.count("chosen", design.chosen.len()).count("heritability", request.heritability);
    summary.count("mean_reliability_before", rounded(design.before));
    summary.headline = "{chosen} of {samples} samples chosen to be phenotyped.".to_owned();
    let start = vec![0.into(), rounded(design.before)];
    let point = |(rank, own): (usize, &(usize, f64))| vec![rank.into(), rounded(own.1)];
    summary.tables.push(Table {
        name: "reliability".into(),
        title: "Mean reliability of all samples by the number phenotyped".into(),
        chart: Chart::Line,
        columns: vec!["samples phenotyped".into(), "mean reliability".into()],
        rows: std::iter::once(start).chain((1..).zip(&design.chosen).map(point)).collect(),
        path: None,
    });
}
