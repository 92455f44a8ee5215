//! What the kinds of charts share: the picture they give, and the ways they read a table.

use landrace_genome::summary::{Chart, Table};

use super::{
    bar, barcode, certificate, contigs, heatmap, histogram, line, manhattan, map, scatter, stacked_bar, text,
    tree,
};

/// A drawn table.
pub(super) struct Picture {
    pub(super) svg: String,
    /// Whether it takes the page's whole width.
    pub(super) is_wide: bool,
    /// What was left out of the picture.
    pub(super) notes: Vec<String>,
}

impl Picture {
    /// A picture of half the page's width.
    pub(super) fn narrow(svg: String) -> Self {
        Self { svg, is_wide: false, notes: Vec::new() }
    }
}

/// Draws a table by its chart kind; `None` if it has no picture. `id` is unique in the page.
pub(super) fn draw(table: &Table, id: &str) -> Option<Picture> {
    if table.rows.is_empty() || table.columns.len() < 2 {
        return None;
    }
    match table.chart {
        Chart::Table => None,
        Chart::Bar => bar::draw(table, id),
        Chart::StackedBar => stacked_bar::draw(table, id),
        Chart::Histogram => histogram::draw(table, id),
        Chart::Line => line::draw(table, id),
        Chart::Scatter => scatter::draw(table, id),
        Chart::Map => map::draw(table, id),
        Chart::Contigs => contigs::draw(table, id),
        Chart::Manhattan => manhattan::draw(table, id),
        Chart::Heatmap => heatmap::draw(table, id),
        Chart::Barcode => barcode::draw(table, id),
        Chart::Certificate => certificate::draw(table, id),
        Chart::Tree => tree::draw(table, id),
    }
}

/// Draws the tables of one name, each with its subject: one picture each, or one for all.
pub(super) fn draw_all<'a>(panels: &'a [(String, Table)], id: &str) -> Vec<(&'a str, Picture)> {
    match panels {
        [(_, first), _, ..] if first.chart == Chart::Contigs => {
            contigs::subjects::draw(panels, id).map(|picture| ("", picture)).into_iter().collect()
        }
        _ => panels
            .iter()
            .enumerate()
            .filter_map(|(index, (label, table))| {
                Some((label.as_str(), draw(table, &format!("{id}-{index}"))?))
            })
            .collect(),
    }
}

/// Rows as a label and numbers.
pub(super) fn labelled_rows(table: &Table) -> Vec<(String, Vec<Option<f64>>)> {
    let numbers = |row: &[serde_json::Value]| row[1..].iter().map(serde_json::Value::as_f64).collect();
    table.rows.iter().map(|row| (text::plain(&row[0]), numbers(row))).collect()
}

/// Rows as numbers; none if the first column is not all numbers or no value is one.
pub(super) fn numeric_rows(table: &Table) -> Vec<(f64, Vec<Option<f64>>)> {
    let row = |row: &Vec<serde_json::Value>| {
        Some((row[0].as_f64()?, row[1..].iter().map(serde_json::Value::as_f64).collect::<Vec<_>>()))
    };
    let rows: Option<Vec<_>> = table.rows.iter().map(row).collect();
    rows.filter(|rows| rows.iter().any(|(_, values)| values.iter().any(Option::is_some))).unwrap_or_default()
}

/// The width that labels of at most `limit` characters take at the left of a picture.
pub(super) fn label_width(rows: &[(String, Vec<Option<f64>>)], limit: usize) -> f64 {
    let longest = rows.iter().map(|(label, _)| label.chars().count().min(limit)).max().unwrap_or(0);
    7.1 * longest as f64 + 16.0
}

/// A picture in words, for those who cannot see it.
pub(super) fn description(kind: &str, table: &Table, rows: usize) -> String {
    let columns = table.columns.iter().take(8).map(String::as_str).collect::<Vec<_>>().join(", ");
    format!("{kind} of {columns}; {}. The numbers are in the table below.", text::counted(rows, "row"))
}

/// Says how many of all are drawn, if not all.
pub(super) fn cut_note(shown: usize, all: usize, what: &str) -> Option<String> {
    (shown < all).then(|| format!("The first {shown} of {} {what} are drawn.", text::number(all as f64)))
}
