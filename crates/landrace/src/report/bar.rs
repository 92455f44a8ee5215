//! Bars: a group of bars a category, upright where the names fit below them, else lying.

use landrace_genome::summary::Table;

use super::chart::{self, Picture};
use super::svg::{Axis, COLOURS, Frame, Svg, legend_height};
use super::text;

/// Categories that are drawn.
const SHOWN: usize = 120;

/// Draws a table of a category and one or more values.
pub(super) fn draw(table: &Table, id: &str) -> Option<Picture> {
    let rows = chart::labelled_rows(table);
    let series = &table.columns[1..];
    let most = rows
        .iter()
        .flat_map(|(_, values)| values.iter().flatten())
        .copied()
        .fold(f64::NEG_INFINITY, f64::max);
    if !most.is_finite() || series.len() > COLOURS {
        return None;
    }
    let slot = 470.0 / rows.len() as f64;
    let longest = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    let fits = longest as f64 * 6.4 + 4.0 <= slot && slot / series.len() as f64 >= 4.0;
    Some(if fits { upright(table, &rows, id) } else { lying(table, &rows, id) })
}

type Rows = [(String, Vec<Option<f64>>)];

fn range(rows: &Rows) -> (f64, f64) {
    rows.iter()
        .flat_map(|(_, values)| values.iter().flatten())
        .fold((0.0, 0.0), |(low, high), &value| (value.min(low), value.max(high)))
}

fn value_name(series: &[String]) -> &str {
    if let [one] = series { one } else { "" }
}

fn upright(table: &Table, rows: &Rows, id: &str) -> Picture {
    let series = &table.columns[1..];
    let legend = if series.len() > 1 { legend_height(series, 480.0) } else { 0.0 };
    let frame = Frame { left: 66.0, top: 36.0 + legend, right: 538.0, bottom: 280.0 + legend };
    let mut svg = Svg::new(560.0, frame.bottom + 46.0);
    let y = Axis::new(value_name(series), range(rows), (frame.bottom, frame.top), true);
    svg.axes(frame, &Axis::categories(&table.columns[0]), &y);
    if series.len() > 1 {
        svg.legend(Frame { top: 4.0, ..frame }, series);
    }
    let slot = (frame.right - frame.left) / rows.len() as f64;
    let width = (slot * 0.8 / series.len() as f64).min(48.0);
    for (index, (label, values)) in rows.iter().enumerate() {
        let middle = frame.left + slot * (index as f64 + 0.5);
        svg.text("tick m", (middle, frame.bottom + 17.0), label);
        let start = middle - width * series.len() as f64 / 2.0;
        for (column, value) in values.iter().enumerate() {
            let Some(value) = *value else { continue };
            let left = start + width * column as f64;
            let (zero, end) = (y.scale.at(0.0), y.scale.at(value));
            let place = Frame { left, top: end.min(zero), right: left + width * 0.92, bottom: end.max(zero) };
            svg.rect(&format!("f{column}"), place, &tooltip(label, &series[column], value));
        }
    }
    let description = chart::description("Bar chart", table, rows.len());
    Picture::narrow(svg.finish(id, &table.title, &description))
}

fn lying(table: &Table, rows: &Rows, id: &str) -> Picture {
    let series = &table.columns[1..];
    let shown = &rows[..rows.len().min(SHOWN)];
    let legend = if series.len() > 1 { legend_height(series, 520.0) } else { 0.0 };
    let left = chart::label_width(shown, 30);
    let thick = if series.len() > 1 { 9.0 } else { 14.0 };
    let slot = thick * series.len() as f64 + 7.0;
    let top = 10.0 + legend;
    let frame = Frame { left, top, right: 520.0, bottom: top + slot * shown.len() as f64 };
    let mut svg = Svg::new(560.0, frame.bottom + 44.0);
    let x = Axis::new(value_name(series), range(shown), (frame.left, frame.right), true);
    svg.lying_axis(frame, &x);
    if series.len() > 1 {
        svg.legend(Frame { left: 6.0, top: 4.0, right: 546.0, ..frame }, series);
    }
    for (index, (label, values)) in shown.iter().enumerate() {
        let top = frame.top + slot * index as f64 + 3.0;
        svg.label("tick e", (left - 6.0, top + slot / 2.0), (label, 30));
        for (column, value) in values.iter().enumerate() {
            let Some(value) = *value else { continue };
            let top = top + thick * column as f64;
            let (zero, end) = (x.scale.at(0.0), x.scale.at(value));
            let place = Frame { left: end.min(zero), top, right: end.max(zero), bottom: top + thick * 0.9 };
            svg.rect(&format!("f{column}"), place, &tooltip(label, &series[column], value));
            if series.len() == 1 {
                svg.text("tick s", (end.max(zero) + 4.0, top + thick - 3.0), &text::number(value));
            }
        }
    }
    let description = chart::description("Bar chart", table, rows.len());
    let mut picture = Picture::narrow(svg.finish(id, &table.title, &description));
    picture.notes.extend(chart::cut_note(shown.len(), rows.len(), "bars"));
    picture
}

fn tooltip(label: &str, series: &str, value: f64) -> String {
    format!("{label}, {series}: {}", text::number(value))
}
