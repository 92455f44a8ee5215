//! What the report draws of stage one.

use landrace_genome::summary::{Chart, Summary, Table};
use serde_json::Value;

use super::Analysis;

/// Traits and environments whose means are drawn.
const DRAWN: usize = 8;

impl Analysis {
    /// Puts counts and pictures of the analyses into a summary.
    pub fn describe(analyses: &[Self], summary: &mut Summary) {
        let plots: usize = analyses
            .iter()
            .filter(|own| own.environment.as_deref() != Some(super::ALL_ENVIRONMENTS))
            .map(|own| own.plots)
            .sum();
        let values: usize = analyses.iter().map(|own| own.estimates.len()).sum();
        let outliers: usize = analyses.iter().map(|own| own.outliers.len()).sum();
        summary.count("plots", plots).count("values", values).count("models", analyses.len());
        summary.count("outliers", outliers);
        summary.headline =
            "{plots} plots became {values} values of samples; {outliers} plots are out of line.".to_owned();
        summary.tables.push(heritability(analyses));
        summary.tables.push(variances(analyses));
        summary.tables.extend(analyses.iter().enumerate().take(DRAWN).map(|(index, own)| means(index, own)));
        summary.tables.push(out_of_line(analyses));
    }
}

fn heritability(analyses: &[Analysis]) -> Table {
    let row = |own: &Analysis| Some(vec![own.label().into(), rounded(own.cullis?), rounded(own.entry_mean?)]);
    Table {
        name: "heritability".into(),
        title: "Heritability of the values".into(),
        chart: Chart::Bar,
        columns: vec!["trait".into(), "Cullis".into(), "entry means".into()],
        rows: analyses.iter().filter_map(row).collect(),
        path: None,
    }
}

fn variances(analyses: &[Analysis]) -> Table {
    let rows = analyses.iter().flat_map(|own| {
        let row = |one: &super::Component| {
            vec![own.label().into(), one.name.into(), one.levels.into(), rounded(one.variance)]
        };
        own.components.iter().map(row).collect::<Vec<_>>()
    });
    Table {
        name: "variances".into(),
        title: "Variances".into(),
        chart: Chart::Table,
        columns: ["trait", "effect", "levels", "variance"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
        path: None,
    }
}

fn means(index: usize, own: &Analysis) -> Table {
    let unit = own.unit.as_ref().map_or(String::new(), |unit| format!(" [{unit}]"));
    let row =
        |one: &super::Estimate| vec![one.sample.as_str().into(), rounded(one.raw_mean), rounded(one.value)];
    Table {
        name: format!("means-{}", index + 1),
        title: format!("{}: values against raw means", own.label()),
        chart: Chart::Scatter,
        columns: vec!["sample".into(), format!("raw mean{unit}"), format!("value{unit}")],
        rows: own.estimates.iter().map(row).collect(),
        path: None,
    }
}

fn out_of_line(analyses: &[Analysis]) -> Table {
    let rows = analyses.iter().flat_map(|own| {
        let row = |one: &super::Outlier| {
            let figures = [one.value, one.residual, one.p].map(rounded);
            let names: Vec<Value> = vec![own.label().into(), one.line.into(), one.sample.as_str().into()];
            names.into_iter().chain(figures).collect::<Vec<_>>()
        };
        own.outliers.iter().map(row).collect::<Vec<_>>()
    });
    Table {
        name: "outliers".into(),
        title: "Plots out of line (Bonferroni 0.05)".into(),
        chart: Chart::Table,
        columns: ["trait", "line", "sample", "value", "standardised residual", "p"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.take(100).collect(),
        path: None,
    }
}

/// Six digits: what a picture can show.
fn rounded(value: f64) -> Value {
    let text = format!("{value:.5e}");
    text.parse::<f64>().map_or(Value::Null, Value::from)
}
