//! What `report` draws of a call.

use landrace_genome::summary::{Chart, Combine, Summary, Table};
use serde_json::Value;

use crate::call::Called;
use crate::cohort::CohortSample;

/// Puts the counts and tables of a call into its summary.
pub fn describe(called: &Called, samples: &[CohortSample], summary: &mut Summary) {
    let (tally, reads) = (&called.tally, &called.reads);
    summary
        .count("samples", samples.len())
        .count("sites", tally.sites)
        .count("passing", tally.passing)
        .count("multiallelic", tally.multiallelic)
        .count("transitions", tally.transitions)
        .count("transversions", tally.transversions)
        .count("reads", reads.seen)
        .count("reads_unusable", reads.unusable)
        .count("reads_duplicate", reads.duplicates)
        .count("reads_low_mapping_quality", reads.low_mapping_quality)
        .count("reads_beyond_depth", reads.beyond_depth);
    summary.headline =
        "{sites} variant sites in {samples} samples, {passing/sites} of which pass all filters.".to_owned();
    let kinds = tally
        .kinds
        .iter()
        .map(|(kind, [all, passing])| vec![kind.word().into(), (*passing).into(), (all - passing).into()]);
    let filters = tally.filters.iter().map(|(name, count)| vec![(*name).into(), (*count).into()]);
    let qualities = tally.qualities.iter().map(|(quality, count)| vec![(*quality).into(), (*count).into()]);
    let frequencies = (tally.frequencies.iter().enumerate())
        .map(|(bin, count)| vec![(bin as f64 / 20.0).into(), (*count).into()]);
    let changes = [("transition", tally.transitions), ("transversion", tally.transversions)];
    let of_samples = samples.iter().zip(&tally.samples).map(|(sample, t)| {
        let counts = [t.called, t.heterozygous, t.alternate, t.missing, t.depth].map(Value::from);
        [Value::from(sample.name.as_str())].into_iter().chain(counts).collect()
    });
    let tables = [
        table("variants", "Variants by type", Chart::StackedBar, &["type", "pass", "filtered"], kinds),
        table("filters", "Sites by filter", Chart::Bar, &["filter", "sites"], filters),
        table("quality", "Variants by quality", Chart::Histogram, &["QUAL", "sites"], qualities),
        table(
            "allele-frequency",
            "Allele-frequency spectrum",
            Chart::Histogram,
            &["frequency of alternate alleles", "sites"],
            frequencies,
        ),
        table(
            "substitutions",
            "Transitions and transversions",
            Chart::Bar,
            &["change", "SNPs"],
            changes.into_iter().map(|(name, count)| vec![name.into(), count.into()]),
        ),
        table(
            "samples",
            "Genotypes by sample, at sites that pass",
            Chart::Table,
            &["sample", "called", "heterozygous", "alternate only", "missing", "reads"],
            of_samples,
        ),
    ];
    for table in tables {
        summary.combine.insert(table.name.clone(), Combine::Sum);
        summary.tables.push(table);
    }
}

fn table(
    name: &str,
    title: &str,
    chart: Chart,
    columns: &[&str],
    rows: impl Iterator<Item = Vec<Value>>,
) -> Table {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    Table { name: name.to_owned(), title: title.to_owned(), chart, columns, rows: rows.collect(), path: None }
}
