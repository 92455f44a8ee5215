//! What the report shows of predictions.

use landrace_breeding::predict::{Accuracy, Method, Population, TraitResult};
use landrace_genome::summary::{Chart, Summary, Table};
use serde_json::Value;

use crate::genotypes::rounded;

/// Samples in the list of the best.
const BEST: usize = 20;
/// Points of a picture.
const POINTS: usize = 2000;

fn number(value: Option<f64>) -> Value {
    value.filter(|value| value.is_finite()).map_or(Value::Null, rounded)
}

fn table(name: String, title: String, chart: Chart, columns: &[&str], rows: Vec<Vec<Value>>) -> Table {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    Table { name, title, chart, columns, rows, path: None }
}

/// What was fitted, and the best of each trait.
pub(super) fn describe(
    summary: &mut Summary,
    method: &dyn Method,
    population: &Population,
    results: &[TraitResult],
) {
    summary.count("method", method.name()).count("computed", method.description());
    summary.count("samples", population.samples().len()).count("traits", results.len());
    if let Some(genotypes) = population.genotypes() {
        summary.count("variants", genotypes.variants());
    }
    summary.headline = "{samples} samples valued for {traits} traits.".to_owned();
    let row = |result: &TraitResult| {
        let fit = &result.fit;
        let h2 = fit.heritability;
        let part =
            |name: &str| number(fit.variances.iter().find(|own| own.name == name).map(|own| own.value));
        let genetic =
            fit.variances.iter().filter(|own| own.name != "residual").map(|own| own.value).sum::<f64>();
        vec![
            result.set.name.to_string().into(),
            result.set.samples.len().into(),
            rounded(fit.mean),
            rounded(genetic),
            part("residual"),
            number(h2.map(|h2| h2.value)),
            number(h2.and_then(|h2| h2.se)),
        ]
    };
    let columns = [
        "trait",
        "records",
        "mean",
        "genetic variance",
        "residual variance",
        "genetic share of the variance",
        "standard error",
    ];
    let rows = results.iter().map(row).collect();
    summary.tables.push(table("traits".into(), "The traits".into(), Chart::Table, &columns, rows));
    summary.tables.extend(results.iter().map(|result| best(population, result)));
}

fn best(population: &Population, result: &TraitResult) -> Table {
    let fit = &result.fit;
    let mut order: Vec<usize> = (0..fit.values.len()).collect();
    order.sort_by(|&a, &b| fit.values[b].total_cmp(&fit.values[a]).then(a.cmp(&b)));
    let row = |(rank, &index): (usize, &usize)| {
        let own = |of: &Option<Vec<f64>>| number(of.as_ref().and_then(|of| of.get(index).copied()));
        let place = result.set.samples.iter().position(|&sample| sample == index);
        vec![
            (rank + 1).into(),
            population.samples()[index].as_str().into(),
            rounded(fit.mean + fit.values[index]),
            own(&fit.reliabilities),
            number(place.map(|place| result.set.values[place])),
        ]
    };
    let rows = order.iter().take(BEST).enumerate().map(row).collect();
    let columns = ["rank", "sample", "value", "reliability", "phenotype"];
    let name = &result.set.name;
    table(format!("best-{name}"), format!("The highest values of {name}"), Chart::Table, &columns, rows)
}

/// How good the predictions of each trait are.
pub(super) fn validations(
    summary: &mut Summary,
    population: &Population,
    results: &[TraitResult],
    groups: Option<&[Option<String>]>,
) {
    let with: Vec<&TraitResult> = results.iter().filter(|result| result.validation.is_some()).collect();
    if with.is_empty() {
        return;
    }
    let row = |result: &&TraitResult| {
        let own = result.validation.as_ref().map_or([None; 4], |own| own.mean());
        std::iter::once(result.set.name.to_string().into()).chain(own.map(number)).collect()
    };
    let columns = ["trait", "correlation", "slope", "root mean squared error", "overlap of the best"];
    let title = "Cross-validation: observed against predicted";
    let rows = with.iter().map(row).collect();
    summary.tables.push(table("cross-validation".into(), title.into(), Chart::Table, &columns, rows));
    for result in with {
        summary.tables.push(folds(result));
        if let Some(groups) = groups {
            summary.tables.push(by_group(result, groups));
        }
        summary.tables.push(observed(population, result));
    }
}

fn accuracy_row(name: Value, own: &Accuracy) -> Vec<Value> {
    vec![name, own.records.into(), number(own.correlation), number(own.slope), rounded(own.overlap)]
}

fn folds(result: &TraitResult) -> Table {
    let mut rows = Vec::new();
    if let Some(own) = &result.validation {
        for (split, accuracy) in own.splits.iter().zip(own.of_splits()) {
            let name = if own.repeats() > 1 {
                format!("{} of repeat {}", split.name, split.repeat)
            } else {
                split.name.clone()
            };
            rows.extend(accuracy.map(|accuracy| accuracy_row(name.into(), &accuracy)));
        }
    }
    let columns = ["fold", "records", "correlation", "slope", "overlap of the best"];
    let name = &result.set.name;
    table(format!("folds-{name}"), format!("Accuracy of {name} by fold"), Chart::Table, &columns, rows)
}

fn by_group(result: &TraitResult, groups: &[Option<String>]) -> Table {
    let own = result.validation.as_ref().map(|own| own.of_groups(&result.set, groups)).unwrap_or_default();
    let rows = own.iter().map(|(group, own)| accuracy_row(group.as_str().into(), own)).collect();
    let columns = ["group", "records", "correlation", "slope", "overlap of the best"];
    let name = &result.set.name;
    table(format!("groups-{name}"), format!("Accuracy of {name} by group"), Chart::Table, &columns, rows)
}

fn observed(population: &Population, result: &TraitResult) -> Table {
    let mut rows = Vec::new();
    if let Some(own) = &result.validation {
        let first = own.splits.iter().zip(&own.held).filter(|(split, _)| split.repeat == 1);
        for held in first.flat_map(|(_, held)| held).take(POINTS) {
            let sample = population.samples()[result.set.samples[held.record]].as_str();
            rows.push(vec![sample.into(), rounded(held.predicted), rounded(held.observed)]);
        }
    }
    let name = &result.set.name;
    let title = format!("{name}: observed against predicted without the record");
    table(format!("predicted-{name}"), title, Chart::Scatter, &["sample", "predicted", "observed"], rows)
}
