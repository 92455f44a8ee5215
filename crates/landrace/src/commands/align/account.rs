//! The summary of an aligned sample: counts, and the tables that the report draws.

use landrace_align::counts::Counts;
use landrace_align::coverage::Coverage;
use landrace_align::{AlignedSample, UnitReads};
use landrace_genome::ContigDictionary;
use landrace_genome::summary::{Chart, Summary, Table};
use serde_json::Value;

/// Bins of a histogram, at most.
const BINS: usize = 200;
/// Contigs drawn, the longest ones.
const CONTIGS: usize = 60;

/// Puts counts and tables into the summary.
pub(super) fn describe(
    aligned: &AlignedSample,
    units: &[UnitReads],
    contigs: &ContigDictionary,
    summary: &mut Summary,
) {
    let counts = aligned.counts();
    summary
        .count("reads", counts.reads)
        .count("mapped", counts.mapped)
        .count("properly_paired", counts.proper);
    summary.count("duplicates", counts.duplicates).count("supplementary", counts.supplementary);
    summary.count("bases", counts.bases).count("trimmed_bases", counts.trimmed_bases);
    summary.count("mapped_bases", counts.mapped_bases).count("differences", counts.differences);
    summary.count("mean_mapping_quality", rounded(counts.mean_mapping_quality()));
    summary.count("mean_depth", rounded(aligned.coverage.mean()));
    summary.count("covered_share", rounded(aligned.coverage.breadth()));
    summary.headline = "{reads} reads: {mapped/reads} mapped, {properly_paired/reads} in proper pairs, \
        {duplicates/reads} duplicates. Mean depth {mean_depth}."
        .to_owned();
    summary.tables.push(mapping_table(&summary.subject, &counts));
    summary.tables.push(unit_table(aligned, units));
    let insert = ("insert-size", "Insert size", ["insert size [bp]", "pairs"]);
    summary.tables.push(histogram(insert, &counts.insert_size));
    let quality = ("mapping-quality", "Mapping quality", ["mapping quality", "reads"]);
    summary.tables.push(histogram(quality, &counts.mapping_quality[..=60]));
    let depth = ("depth", "Depth of coverage", ["depth", "bases of the genome"]);
    summary.tables.push(histogram(depth, &aligned.coverage.histogram));
    summary.tables.push(coverage_table(&aligned.coverage, contigs));
}

/// Three digits after the point: figures for people, the same on every machine.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

fn columns(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// One bar: what became of the sample's reads.
fn mapping_table(sample: &str, counts: &Counts) -> Table {
    let first_copies = counts.mapped.saturating_sub(counts.duplicates);
    let unmapped = counts.reads.saturating_sub(counts.mapped);
    Table {
        name: "mapping".into(),
        title: "Reads and mapping".into(),
        chart: Chart::StackedBar,
        columns: columns(&["sample", "mapped", "duplicate", "unmapped"]),
        rows: vec![vec![sample.into(), first_copies.into(), counts.duplicates.into(), unmapped.into()]],
        path: None,
    }
}

fn unit_table(aligned: &AlignedSample, units: &[UnitReads]) -> Table {
    let row = |(unit, counts): (&UnitReads, &Counts)| -> Vec<Value> {
        let group = &unit.group;
        let numbers = [counts.reads, counts.mapped, counts.proper, counts.duplicates, counts.bases];
        let names = [&group.id, &group.library].map(|name| Value::from(name.as_str()));
        names.into_iter().chain(numbers.map(Value::from)).collect()
    };
    Table {
        name: "units".into(),
        title: "Sequencing units".into(),
        chart: Chart::Table,
        columns: columns(&["unit", "library", "reads", "mapped", "properly paired", "duplicates", "bases"]),
        rows: units.iter().zip(&aligned.units).map(row).collect(),
        path: None,
    }
}

/// A histogram cut where hardly anything is left, in bins of a round width.
fn histogram((name, title, names): (&str, &str, [&str; 2]), counts: &[u64]) -> Table {
    let total: u64 = counts.iter().sum();
    let mut seen = 0;
    let end = counts.iter().position(|count| {
        seen += count;
        // One in a thousand may lie beyond.
        seen >= total - total / 1000
    });
    let end = end.map_or(0, |last| last + 1).max(usize::from(total > 0));
    let width =
        [1, 2, 5, 10, 20, 50, 100].into_iter().find(|width| end.div_ceil(*width) <= BINS).unwrap_or(100);
    let bins = counts[..end].chunks(width).enumerate();
    Table {
        name: name.into(),
        title: title.into(),
        chart: Chart::Histogram,
        columns: columns(&names),
        rows: bins
            .map(|(bin, counts)| vec![(bin * width).into(), counts.iter().sum::<u64>().into()])
            .collect(),
        path: None,
    }
}

/// Mean depth in bins along the longest contigs.
fn coverage_table(coverage: &Coverage, contigs: &ContigDictionary) -> Table {
    let mut longest: Vec<_> = contigs.iter().collect();
    longest.sort_by_key(|(id, contig)| (std::cmp::Reverse(contig.length), *id));
    longest.truncate(CONTIGS);
    longest.sort_by_key(|(id, _)| *id);
    let mut rows = Vec::new();
    for (id, contig) in longest {
        rows.push(vec![contig.name.clone().into(), Value::Null, contig.length.into()]);
        for (start, sum) in (0..).step_by(coverage_step(coverage)).zip(&coverage.bins[id.index()]) {
            let width = coverage.bin_width.min(contig.length - start);
            let depth = rounded(*sum as f64 / width.max(1) as f64);
            rows.push(vec![contig.name.clone().into(), (start + 1).into(), depth.into()]);
        }
    }
    Table {
        name: "coverage".into(),
        title: "Depth along the contigs".into(),
        chart: Chart::Contigs,
        columns: columns(&["contig", "position [bp]", "mean depth"]),
        rows,
        path: None,
    }
}

fn coverage_step(coverage: &Coverage) -> usize {
    usize::try_from(coverage.bin_width).unwrap_or(usize::MAX)
}
