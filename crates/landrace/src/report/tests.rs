//! Whole pages.

use std::path::PathBuf;

use landrace_genome::summary::{Chart, Summary, Table};
use serde_json::{Value, json};

use super::find::Found;
use super::{draw, gather, page};

fn found(summary: Summary) -> Found {
    let digest = landrace_genome::summary::InputDigest { name: "x".into(), size: 0, blake3: String::new() };
    let label = summary.subject.clone();
    Found { summary, label, notes: Vec::new(), digest }
}

fn run(subject: &str, table: Table) -> Found {
    let mut summary = Summary::new("call", "landrace call");
    summary.subject = subject.to_owned();
    summary.count("variants", 10).count("ploidy", 2).count("mean_depth", json!(subject.len()));
    summary.tables.push(table);
    found(summary)
}

fn table(chart: Chart, columns: &[&str], rows: Value) -> Table {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    let rows = serde_json::from_value(rows).unwrap();
    Table { name: "t".into(), title: "T".into(), chart, columns, rows, path: None }
}

fn joined(runs: &[Found]) -> Table {
    let mut chapters = gather::chapters(runs, &[]);
    chapters.remove(0).figures.remove(0).whole
}

#[test]
fn histograms_of_regions_add_up() {
    let bins = |rows| table(Chart::Histogram, &["QUAL", "variants"], rows);
    let runs = [
        run("chr10:1-100", bins(json!([[0, 5], [10, 1]]))),
        run("chr2:1-100", bins(json!([[10, 2], [20, 7]]))),
    ];
    assert_eq!(json!(joined(&runs).rows), json!([[0, 5], [10, 3], [20, 7]]));
}

#[test]
fn histograms_of_samples_lie_over_each_other() {
    let bins = |rows| table(Chart::Histogram, &["insert size [bp]", "pairs"], rows);
    let runs = [run("S10", bins(json!([[0, 5]]))), run("S9", bins(json!([[10, 2]])))];
    let joined = joined(&runs);
    assert_eq!(joined.columns, ["insert size [bp]", "S9", "S10"]);
    assert_eq!(json!(joined.rows), json!([[0, 0, 5], [10, 2, 0]]));
}

#[test]
fn rows_of_different_samples_follow_each_other() {
    let bars = |rows| table(Chart::StackedBar, &["sample", "mapped"], rows);
    let runs = [run("a", bars(json!([["a", 5]]))), run("b", bars(json!([["b", 2]])))];
    assert_eq!(json!(joined(&runs).rows), json!([["a", 5], ["b", 2]]));
}

#[test]
fn counts_add_up_only_where_a_sum_means_something() {
    let empty = || table(Chart::Table, &["a"], json!([]));
    let mut runs = [run("a", empty()), run("bb", empty())];
    runs[0].summary.headline = "{variants} variants, {variants/variants} of them, in {runs} runs".into();
    let chapters = gather::chapters(&runs, &[]);
    let words = |name| chapters[0].counts[name].words();
    assert_eq!(
        (words("variants"), words("ploidy"), words("mean_depth")),
        ("20".into(), "2".into(), "1 to 2".into())
    );
    assert_eq!(page::headline(&chapters[0]).as_deref(), Some("20 variants, 100.0% of them, in 2 runs"));
}

#[test]
fn a_headline_with_an_unknown_count_is_left_out() {
    let mut runs = [run("a", table(Chart::Table, &["a"], json!([])))];
    runs[0].summary.headline = "{variants} of {unknown}".into();
    assert_eq!(page::headline(&gather::chapters(&runs, &[])[0]), None);
}

/// Every chart kind over tables that are empty, of one row, with missing or odd cells: a page, and no panic.
#[test]
fn odd_tables_are_drawn_or_left_out() {
    let kinds = [
        Chart::Table,
        Chart::Bar,
        Chart::StackedBar,
        Chart::Histogram,
        Chart::Line,
        Chart::Scatter,
        Chart::Contigs,
        Chart::Manhattan,
        Chart::Heatmap,
    ];
    let rows = [
        json!([]),
        json!([["a", 1, 2]]),
        json!([[1, null, null]]),
        json!([[0, 0, 0], [0, 0, 0]]),
        json!([["a", "b", "c"], [null, null, null]]),
        json!([[1e300, -1e300, 1e300], [-1e300, 5, 0]]),
        json!([["<i>", -1, 3], ["", 2, null], ["<i>", null, 1000]]),
    ];
    for chart in kinds {
        for rows in &rows {
            let runs = [
                run("<s>", table(chart, &["<x> [bp]", "a&b", "c"], rows.clone())),
                run("chr1:1-5", table(chart, &["<x> [bp]", "a&b", "c"], rows.clone())),
            ];
            for runs in [&runs[..1], &runs[..]] {
                let html = draw("<t>", runs, &[]).html;
                for bad in ["<i>", "<s>", "<t>", "<x>", "a&b", "NaN", "inf"] {
                    assert!(!html.contains(bad), "{bad} in {chart:?} of {rows}");
                }
            }
        }
    }
}

#[test]
fn long_tables_are_cut_in_the_page_and_whole_in_the_download() {
    let rows: Vec<Value> = (0..5000).map(|i| json!([format!("row{i}x"), 1])).collect();
    let runs = [run("a", table(Chart::Table, &["name", "value"], json!(rows)))];
    let html = draw("t", &runs, &[]).html;
    assert!(html.contains("row199x") && !html.contains("row200x"));
    assert!(html.contains("The first 200 of 5,000 rows are shown"));
    let link = html.split("base64,").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let whole = super::table::tsv(&runs[0].summary.tables[0]);
    assert!(whole.ends_with("row4999x\t1\n"));
    assert_eq!(link, super::text::base64(&whole));
}

#[test]
fn the_same_summaries_give_the_same_page_in_any_order() {
    let bins = || table(Chart::Histogram, &["QUAL", "variants"], json!([[0, 5], [10, 1]]));
    let one = [run("S1", bins()), run("S2", bins()), run("S10", bins())];
    let other = [one[2].clone(), one[0].clone(), one[1].clone()];
    assert_eq!(draw("t", &one, &[]).html, draw("t", &other, &[]).html);
}

#[test]
fn a_folder_without_summaries_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = super::summaries(&[PathBuf::from(folder.path())]).unwrap_err().to_string();
    assert!(error.contains("no *.summary.json"), "{error}");
}

#[test]
fn a_table_too_long_for_a_page_is_not_carried_in_it() {
    let rows: Vec<Value> = (0..200_000).map(|i| json!(["a name of some length", i])).collect();
    let runs = [run("a", table(Chart::Bar, &["name", "value"], json!(rows)))];
    let html = draw("t", &runs, &[]).html;
    assert!(html.contains("Too long to carry") && html.len() < 300_000, "{} bytes", html.len());
}

#[test]
fn many_samples_are_drawn_within_bounds() {
    let contigs: Vec<Value> = (0..300).map(|i| json!(["chr1", i * 1000 + 1, i % 7])).collect();
    let bins: Vec<Value> = (0..300).map(|i| json!([i * 10, i % 9])).collect();
    let coverage = table(Chart::Contigs, &["contig", "position", "depth"], json!(contigs));
    let mut insert = table(Chart::Histogram, &["insert size [bp]", "pairs"], json!(bins));
    insert.name = "insert".into();
    let runs: Vec<Found> = (0..1000)
        .map(|index| {
            let mut found = run(&format!("S{index}"), coverage.clone());
            found.summary.tables.push(insert.clone());
            found
        })
        .collect();
    let html = draw("t", &runs, &[]).html;
    assert!(html.contains("The first 80 of 1,000 subjects are drawn."));
    assert!(html.contains("one in 5 of 1,000 subjects"));
    assert!(html.len() < 8_000_000, "{} bytes", html.len());
}
