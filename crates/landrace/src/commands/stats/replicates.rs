//! Tables of how well replicates agree.

use std::io::Write;
use std::path::{Path, PathBuf};

use landrace_genome::file::{self, Output};
use landrace_genome::summary::{Chart, Summary, Table};
use landrace_genotypes::GenotypeError;
use landrace_genotypes::replicates::{ReplicatePart, ReplicateSums, Replicates, VARIANT_COLUMNS};
use serde_json::Value;

use crate::cli::Session;
use crate::genotypes::rounded;
use crate::hardy_weinberg::read_table;

#[derive(clap::Args)]
#[command(next_help_heading = "Replicates")]
pub(super) struct Flags {
    /// Table of the samples that are the same genotype: columns sample and accession (or genotype); how well they
    /// agree tells the error rate
    #[arg(long, value_name = "TABLE")]
    replicates: Option<PathBuf>,
    /// Samples are the same genotype if their names agree up to the last of these, as B73_1 and B73_2 with _
    #[arg(long, value_name = "TEXT", conflicts_with = "replicates")]
    replicate_separator: Option<String>,
}

/// The tables under way.
pub(super) struct Tables {
    pub(super) replicates: Replicates,
    sums: ReplicateSums,
    pairs: Output,
    variants: Output,
}

impl Tables {
    /// Finds the replicates and begins the tables, if they are asked for.
    pub(super) fn begin(flags: &Flags, names: &[String], output: &Path) -> anyhow::Result<Option<Self>> {
        let cells = match (&flags.replicates, &flags.replicate_separator) {
            (None, None) => return Ok(None),
            (_, Some(separator)) => Replicates::stems(names, separator),
            (Some(path), None) => {
                let table = read_table(path)?;
                table.join(names)?;
                let column = if table.has("genotype") { "genotype" } else { "accession" };
                table.column(column, names)?.cells
            }
        };
        let replicates = Replicates::new(&cells)?;
        let pairs = file::create(file::beside(output, ".replicates.tsv"))?;
        let mut variants = file::create(file::beside(output, ".replicate-variants.tsv"))?;
        writeln!(variants, "{VARIANT_COLUMNS}")?;
        Ok(Some(Self { replicates, sums: ReplicateSums::default(), pairs, variants }))
    }

    /// Takes over a block's part.
    pub(super) fn add(&mut self, part: ReplicatePart) -> Result<(), GenotypeError> {
        let lines = self.sums.add(part);
        Ok(self.variants.write_all(lines.as_bytes())?)
    }

    /// Ends the tables and says what they show.
    pub(super) fn finish(
        mut self,
        names: &[String],
        summary: &mut Summary,
        session: &Session,
    ) -> anyhow::Result<[Output; 2]> {
        self.pairs.write_all(self.sums.pair_table(&self.replicates, names).as_bytes())?;
        let all = self.sums.all;
        let value = |value: Option<f64>| value.map_or(Value::Null, rounded);
        summary.count("replicated_genotypes", self.replicates.genotypes.len());
        summary.count("replicate_pairs", self.replicates.pairs.len());
        summary.count("replicate_calls_compared", all.compared);
        summary.count("replicate_calls_different", all.different);
        summary.count("replicate_concordance", value(all.concordance()));
        summary.count("error_rate", value(all.error_rate()));
        let worst = self.sums.worst.first();
        let worst = worst.map_or_else(String::new, |worst| {
            format!("; {}:{} fails most ({})", worst.place.0, worst.place.1, worst.agreement.different)
        });
        session.progress.note(&format!(
            "{} pairs of replicates: {} of {} calls differ{}{worst}",
            self.replicates.pairs.len(),
            all.different,
            all.compared,
            all.error_rate().map_or_else(String::new, |rate| format!(", error rate {rate:.5}")),
        ));
        summary.tables.extend([self.pair_chart(names), self.worst_table()]);
        Ok([self.pairs, self.variants])
    }

    fn pair_chart(&self, names: &[String]) -> Table {
        let row = |(own, (genotype, [a, b])): (&_, &(usize, [usize; 2]))| {
            let own: &landrace_genotypes::replicates::Agreement = own;
            let label = format!("{} / {}", names[*a], names[*b]);
            let share = own.concordance().map(|share| 1.0 - share);
            let compared = own.compared.into();
            vec![label.into(), compared, share.map_or(Value::Null, rounded), self.genotype(*genotype)]
        };
        Table {
            name: "replicates".into(),
            title: "Pairs of replicates".into(),
            chart: Chart::Scatter,
            columns: ["pair", "calls compared", "share that differs", "genotype"].map(Into::into).to_vec(),
            rows: self.sums.pairs.iter().zip(&self.replicates.pairs).map(row).collect(),
            path: None,
        }
    }

    fn genotype(&self, index: usize) -> Value {
        self.replicates.genotypes[index].as_str().into()
    }

    fn worst_table(&self) -> Table {
        let row = |own: &landrace_genotypes::replicates::Worst| {
            let (compared, different) = (own.agreement.compared, own.agreement.different);
            vec![
                own.place.0.as_str().into(),
                own.place.1.into(),
                own.id.as_str().into(),
                compared.into(),
                different.into(),
            ]
        };
        Table {
            name: "worst-variants".into(),
            title: "Variants at which most replicates differ".into(),
            chart: Chart::Table,
            columns: ["contig", "position", "id", "pairs", "different"].map(Into::into).to_vec(),
            rows: self.sums.worst.iter().map(row).collect(),
            path: None,
        }
    }
}
