//! Several traits evaluated together, and their index.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use landrace_breeding::multi_trait::{MultiTrait, Square, evaluate};
use landrace_breeding::phenotype::AnalysisSet;
use landrace_breeding::predict::{Population, TraitResult};
use landrace_genome::file::{self, Output};
use landrace_genome::nearest::hint;
use landrace_genome::summary::{Chart, Summary, Table};

use crate::cli::Session;
use crate::genotypes::rounded;

/// Samples that the report shows of the index.
const SHOWN: usize = 30;

#[derive(clap::Args)]
#[command(next_help_heading = "Several traits")]
pub(super) struct SeveralArgs {
    /// Evaluate these traits together (multi-trait GBLUP) and rank by the sum of their genetic values times these
    /// weights, per unit of the trait: 'yield=1,protein=0.4'; written to <output>.index.tsv. Environments of one trait are
    /// traits: 'yield@E1=0.5,yield@E2=0.5'
    #[arg(long, value_name = "TRAIT=WEIGHT,...", value_delimiter = ',', conflicts_with_all = ["model", "training_design"])]
    index: Vec<String>,
}

/// Traits evaluated together.
pub(super) struct Joint {
    names: Vec<String>,
    weights: Vec<f64>,
    found: MultiTrait,
}

impl SeveralArgs {
    /// Whether an index is asked for.
    pub(super) fn is_wanted(&self) -> bool {
        !self.index.is_empty()
    }

    /// Evaluates the traits of the index together; `None` if none is asked for.
    pub(super) fn evaluate(
        &self,
        population: &Population,
        results: &[TraitResult],
    ) -> anyhow::Result<Option<Joint>> {
        if self.index.is_empty() {
            return Ok(None);
        }
        let (mut names, mut weights, mut sets) = (Vec::new(), Vec::new(), Vec::<AnalysisSet>::new());
        let known: Vec<String> = results.iter().map(|result| result.set.name.to_string()).collect();
        for part in &self.index {
            let (name, weight) = part
                .rsplit_once('=')
                .with_context(|| format!("--index: '{part}' has no weight; write TRAIT=WEIGHT"))?;
            let weight: f64 = weight
                .trim()
                .parse()
                .ok()
                .filter(|weight: &f64| weight.is_finite())
                .with_context(|| format!("--index: '{weight}' is no number"))?;
            let place = known.iter().position(|own| own == name.trim()).with_context(|| {
                let near = hint(name, known.iter().map(String::as_str));
                format!("--index: no trait '{name}' is analysed; there are {}{near}", known.join(", "))
            })?;
            anyhow::ensure!(!names.contains(&known[place]), "--index: trait '{name}' is given twice");
            names.push(known[place].clone());
            weights.push(weight);
            sets.push(results[place].set.clone());
        }
        let found = evaluate(population.relationship()?, &sets, Some(&weights)).context("--index")?;
        Ok(Some(Joint { names, weights, found }))
    }
}

impl Joint {
    /// Says covariances in a line.
    pub(super) fn tell(&self, session: &Session) {
        let correlations = self.found.covariances.correlations();
        let pairs = (0..self.names.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
        let pairs = pairs
            .map(|(i, j)| format!("{} and {} {:.3}", self.names[i], self.names[j], correlations.get(i, j)));
        let pairs: Vec<String> = pairs.take(6).collect();
        session.progress.note(&format!(
            "index of {} traits; covariances from {} samples with all; genetic correlations: {}",
            self.names.len(),
            self.found.complete,
            pairs.join(", ")
        ));
    }

    /// Writes the values of all samples by the joint model, and the index.
    pub(super) fn write(&self, output: &Path, samples: &[String]) -> anyhow::Result<Option<Output>> {
        if output.as_os_str() == "-" {
            return Ok(None);
        }
        let mut out = file::create(file::beside(output, ".index.tsv"))?;
        write!(out, "sample\tindex\tstandard_error\treliability")?;
        self.names.iter().try_for_each(|name| write!(out, "\t{name}\t{name}:reliability"))?;
        writeln!(out)?;
        let Some((index, traits)) = self.found.values.split_last() else { return Ok(Some(out)) };
        for (i, name) in samples.iter().enumerate() {
            write!(
                out,
                "{name}\t{:.6}\t{:.6}\t{:.4}",
                index.values[i], index.errors[i], index.reliabilities[i]
            )?;
            for own in traits {
                write!(out, "\t{:.6}\t{:.4}", own.values[i], own.reliabilities[i])?;
            }
            writeln!(out)?;
        }
        Ok(Some(out))
    }

    /// Pictures of the correlations and of the best.
    pub(super) fn describe(&self, summary: &mut Summary, samples: &[String]) {
        let correlations = self.found.covariances.correlations();
        summary.tables.push(matrix(
            "genetic-correlations",
            "Genetic correlations",
            &self.names,
            &correlations,
        ));
        let Some(index) = self.found.values.last() else { return };
        let mut order: Vec<usize> = (0..samples.len()).collect();
        order.sort_by(|&a, &b| index.values[b].total_cmp(&index.values[a]).then(a.cmp(&b)));
        let row = |&i: &usize| {
            vec![samples[i].as_str().into(), rounded(index.values[i]), rounded(index.reliabilities[i])]
        };
        let weights: Vec<String> =
            self.names.iter().zip(&self.weights).map(|(name, weight)| format!("{name} × {weight}")).collect();
        summary.tables.push(Table {
            name: "index".into(),
            title: format!("The best by the index: {}", weights.join(" + ")),
            chart: Chart::Table,
            columns: ["sample", "index", "reliability"].map(str::to_owned).to_vec(),
            rows: order.iter().take(SHOWN).map(row).collect(),
            path: None,
        });
    }
}

fn matrix(name: &str, title: &str, names: &[String], cells: &Square) -> Table {
    let row = |i: usize| {
        let own = (0..names.len()).map(|j| rounded(cells.get(i, j)));
        std::iter::once(names[i].as_str().into()).chain(own).collect()
    };
    Table {
        name: name.into(),
        title: title.into(),
        chart: Chart::Heatmap,
        columns: std::iter::once("trait".to_owned()).chain(names.iter().cloned()).collect(),
        rows: (0..names.len()).map(row).collect(),
        path: None,
    }
}
