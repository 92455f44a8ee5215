//! What the summary and the last lines say of a run.

use std::path::Path;

use landrace_genome::summary::{Chart, Combine, Summary, Table};
use landrace_genotypes::SourceHeader;
use landrace_genotypes::impute::accuracy::{Accuracy, Agreement, CONFIDENCE_BINS, frequency_bins};
use landrace_genotypes::impute::{ImputeReport, SettleCounts};
use serde_json::Value;

use crate::cli::Session;
use crate::genotypes::rounded;

/// The summary of a run.
pub(super) fn summary(
    session: &Session,
    report: &ImputeReport,
    header: &SourceHeader,
    why: &'static str,
) -> Summary {
    let mut summary = Summary::new("impute", &session.command_line);
    let counts = &report.counts;
    summary.count("method", report.method).count("why_this_method", why);
    summary.count("samples", header.samples.len()).count("variants", counts.variants);
    summary.count("variants_new", counts.new_variants).count("variants_written", report.written);
    summary.count("calls", counts.known + counts.missing);
    summary.count("calls_missing", counts.missing).count("calls_filled", counts.filled);
    summary.count("calls_left_missing", counts.missing - counts.filled);
    summary.count("calls_below_the_least_confidence", counts.unsure);
    summary.count("known_calls_changed", counts.changed);
    for (name, value) in &report.findings {
        summary.count(name, rounded(*value));
    }
    summary.headline = "{calls_filled} of {calls_missing} missing calls filled.".to_owned();
    if let Some(accuracy) = &report.accuracy {
        describe(&mut summary, accuracy);
    }
    summary.tables.push(samples(counts, header));
    summary.combine.insert("samples".to_owned(), Combine::Sum);
    summary
}

fn describe(summary: &mut Summary, accuracy: &Accuracy) {
    let (method, plain) = (&accuracy.all.method, &accuracy.all.plain);
    summary.count("calls_hidden", accuracy.all.hidden);
    summary.count("hidden_calls_estimated", method.calls).count("hidden_calls_right", method.right);
    summary.count("hidden_calls_right_by_the_mode", plain.right);
    let mut add = |name: &str, value: Option<f64>| {
        summary.count(name, value.map_or(Value::Null, rounded));
    };
    add("concordance", method.concordance());
    add("nonreference_concordance", method.nonreference_concordance());
    add("dosage_r2", method.dosage_r2());
    add("mode_concordance", plain.concordance());
    add("mode_nonreference_concordance", plain.nonreference_concordance());
    add("mean_dosage_r2", plain.dosage_r2());
    summary.headline += " Of {hidden_calls_estimated} known calls that were hidden, \
        {hidden_calls_right/hidden_calls_estimated} came back right (each variant's most frequent genotype: \
        {hidden_calls_right_by_the_mode/hidden_calls_estimated}).";
    summary.tables.push(by_frequency(accuracy));
    summary.tables.push(by_confidence(accuracy));
}

fn by_frequency(accuracy: &Accuracy) -> Table {
    let value = |share: Option<f64>| share.map_or(Value::Null, rounded);
    let three =
        |own: &Agreement| [own.concordance(), own.nonreference_concordance(), own.dosage_r2()].map(value);
    let row = |((from, to), bin): ((f64, f64), &landrace_genotypes::impute::accuracy::Bin)| {
        let mut row = vec![Value::from(format!("{from} to {to}")), bin.method.calls.into()];
        row.extend(three(&bin.method));
        row.extend(three(&bin.plain));
        row
    };
    let columns = [
        "minor allele frequency",
        "hidden calls",
        "concordance",
        "non-reference concordance",
        "dosage r²",
        "concordance of the most frequent genotype",
        "non-reference concordance of the most frequent genotype",
        "r² of the mean dosage",
    ];
    Table {
        name: "accuracy".into(),
        title: "Hidden calls that came back, by minor allele frequency".into(),
        chart: Chart::Table,
        columns: columns.map(str::to_owned).to_vec(),
        rows: frequency_bins().zip(&accuracy.by_frequency).map(row).collect(),
        path: None,
    }
}

fn by_confidence(accuracy: &Accuracy) -> Table {
    let row = |(bin, (calls, right)): (usize, &(u64, u64))| {
        let middle = (bin as f64 + 0.5) / CONFIDENCE_BINS as f64;
        let share = (*calls > 0).then(|| *right as f64 / *calls as f64);
        vec![rounded(middle), share.map_or(Value::Null, rounded), rounded(middle)]
    };
    let rows = accuracy.by_confidence.iter().enumerate().filter(|(_, (calls, _))| *calls > 0).map(row);
    Table {
        name: "confidence".into(),
        title: "How often hidden calls came back right, by confidence".into(),
        chart: Chart::Line,
        columns: ["confidence", "share right", "as it should be"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
        path: None,
    }
}

fn samples(counts: &SettleCounts, header: &SourceHeader) -> Table {
    let row = |(name, (missing, filled)): (&String, &(u64, u64))| {
        vec![name.as_str().into(), (*missing).into(), (missing - filled).into()]
    };
    Table {
        name: "samples".into(),
        title: "Missing calls of each sample before and after".into(),
        chart: Chart::Scatter,
        columns: ["sample", "missing before", "missing after"].map(str::to_owned).to_vec(),
        rows: header.samples.iter().zip(&counts.samples).map(row).collect(),
        path: None,
    }
}

/// The last lines on standard error.
pub(super) fn tell(session: &Session, report: &ImputeReport, output: &Path) {
    let counts = &report.counts;
    report.notes.iter().for_each(|note| session.progress.note(note));
    if counts.missing == 0 && counts.changed == 0 && report.accuracy.is_none() {
        session.progress.note("no call is missing: the genotypes are copied as they are");
    }
    if let Some(accuracy) = report.accuracy.as_ref().filter(|accuracy| accuracy.all.method.calls > 0) {
        let percent = |own: &Agreement| own.concordance().map_or(0.0, |share| 100.0 * share);
        session.progress.note(&format!(
            "{:.1}% of {} hidden calls came back right (each variant's most frequent genotype: {:.1}%)",
            percent(&accuracy.all.method),
            accuracy.all.method.calls,
            percent(&accuracy.all.plain)
        ));
    }
    let left = counts.missing - counts.filled;
    let rest = if left > 0 { format!("; {left} stay missing") } else { String::new() };
    session.progress.note(&format!(
        "{} of {} missing calls filled{rest}: {}",
        counts.filled,
        counts.missing,
        output.display()
    ));
}
