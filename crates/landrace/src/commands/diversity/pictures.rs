//! What the report draws of the diversity of groups.

use landrace_genome::summary::{Chart, Summary, Table};
use landrace_germplasm::diversity::{AmovaRow, Diversity, ratio};
use serde_json::Value;

use crate::genotypes::rounded;

/// Groups of a heat map, at most.
const SHOWN: usize = 96;

fn value(value: Option<f64>) -> Value {
    value.map_or(Value::Null, rounded)
}

fn table(name: &str, title: &str, chart: Chart, columns: &[&str]) -> Table {
    Table {
        name: name.into(),
        title: title.into(),
        chart,
        columns: columns.iter().map(|&column| column.to_owned()).collect(),
        rows: Vec::new(),
        path: None,
    }
}

/// Counts, the headline, and the tables of groups, pairs and levels.
pub(super) fn describe(summary: &mut Summary, diversity: &Diversity, amova: &[AmovaRow], by: &str) {
    let sums = &diversity.sums;
    let last = sums.groups.len() - 1;
    let all = &sums.groups[last];
    summary.count("loci", sums.loci).count("groups", diversity.grouping.len());
    summary.count("samples", diversity.sizes[last]).count("samples_without_group", without_group(diversity));
    summary.count("polymorphic_loci", all.polymorphic).count("loci_with_alleles_lumped", sums.collapsed);
    let mean = |(sum, count): (f64, u64)| value(ratio(sum, count as f64));
    summary.count("expected_heterozygosity", mean(all.unbiased));
    summary.count("observed_heterozygosity", mean(all.observed));
    summary.count("bootstrap_units", diversity.stretches);
    if let Some((copies, own)) = &diversity.rarefied {
        summary.count("rarefied_to_copies", *copies).count("loci_rarefied", own.loci);
    }
    let components = &sums.components;
    let total: f64 = components.sigma.iter().sum();
    let among = ratio(components.sigma[0] + components.sigma[1], total);
    summary.headline =
        "{samples} samples, {loci} loci: expected heterozygosity {expected_heterozygosity}, observed \
                        {observed_heterozygosity}."
            .to_owned();
    if let Some(among) = among {
        summary.count("fst_over_all_groups", rounded(among));
        if let Some((low, high)) = diversity.overall {
            summary.count("fst_interval_low", rounded(low)).count("fst_interval_high", rounded(high));
        }
        summary.headline = format!(
            "{{samples}} samples in {{groups}} groups by {by}, {{loci}} loci: expected heterozygosity \
             {{expected_heterozygosity}}, Fst {{fst_over_all_groups}}."
        );
    }
    summary.tables.push(heterozygosity(diversity, by));
    summary.tables.push(inbreeding(diversity, by));
    summary.tables.push(alleles(diversity, by));
    if diversity.grouping.len() > 1 {
        summary.tables.push(differentiation(diversity, by));
        summary.tables.extend(variance(amova));
    }
}

fn without_group(diversity: &Diversity) -> usize {
    diversity.grouping.of_samples.iter().filter(|group| group.is_none()).count()
}

fn heterozygosity(diversity: &Diversity, by: &str) -> Table {
    let mut out = table(
        "heterozygosity",
        "Observed and expected heterozygosity",
        Chart::Bar,
        &[by, "observed", "expected (unbiased)"],
    );
    for group in diversity.rows() {
        let own = &diversity.sums.groups[group];
        let mean = |(sum, count): (f64, u64)| value(ratio(sum, count as f64));
        out.rows.push(vec![diversity.name(group).into(), mean(own.observed), mean(own.unbiased)]);
    }
    out
}

fn inbreeding(diversity: &Diversity, by: &str) -> Table {
    let mut out = table(
        "inbreeding",
        "Inbreeding coefficient F within groups, with its 95% interval",
        Chart::Table,
        &[by, "samples", "F", "low", "high"],
    );
    for group in diversity.rows() {
        let interval = diversity.within[group][1];
        out.rows.push(vec![
            diversity.name(group).into(),
            diversity.sizes[group].into(),
            value(diversity.inbreeding(group)),
            value(interval.map(|ends| ends.0)),
            value(interval.map(|ends| ends.1)),
        ]);
    }
    out
}

fn alleles(diversity: &Diversity, by: &str) -> Table {
    let mut out = table(
        "alleles",
        "Alleles a locus: called, rarefied to one number of gene copies, and of these in this group alone",
        Chart::Bar,
        &[by, "called", "rarefied", "rarefied and private"],
    );
    for group in diversity.rows() {
        let own = &diversity.sums.groups[group];
        out.rows.push(vec![
            diversity.name(group).into(),
            value(ratio(own.alleles as f64, own.loci as f64)),
            value(diversity.richness(group)),
            value(diversity.private_richness(group)),
        ]);
    }
    out
}

fn differentiation(diversity: &Diversity, by: &str) -> Table {
    let shown = diversity.grouping.len().min(SHOWN);
    let names = diversity.grouping.names.iter().take(shown);
    let mut out = table("fst", "Fst between groups (Weir and Cockerham)", Chart::Heatmap, &[by]);
    out.columns.extend(names.clone().cloned());
    out.rows = names.map(|name| [vec![name.as_str().into()], vec![Value::Null; shown]].concat()).collect();
    for (&(first, second), sums) in diversity.pairs.iter().zip(&diversity.sums.pairs) {
        if second < shown {
            let fst = value(sums.weir_cockerham());
            out.rows[first][second + 1] = fst.clone();
            out.rows[second][first + 1] = fst;
        }
    }
    out
}

fn variance(amova: &[AmovaRow]) -> Vec<Table> {
    if amova.is_empty() {
        return Vec::new();
    }
    let mut bar =
        table("variance", "Where the molecular variance lies [%]", Chart::StackedBar, &["analysis"]);
    bar.columns.extend(amova.iter().map(|row| row.source.clone()));
    let share = |row: &AmovaRow| value(row.percent.map(|percent| percent.max(0.0)));
    bar.rows.push([vec!["all loci".into()], amova.iter().map(share).collect()].concat());
    let mut rows = table(
        "amova",
        "Analysis of molecular variance",
        Chart::Table,
        &["source", "variance [%]", "index", "value", "p"],
    );
    for row in amova {
        rows.rows.push(vec![
            row.source.as_str().into(),
            value(row.percent),
            row.index.0.into(),
            value(row.index.1),
            value(row.p),
        ]);
    }
    vec![bar, rows]
}
