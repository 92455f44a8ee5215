//! Stacked bars: one lying bar a category, its parts one after the other.

use landrace_genome::summary::Table;

use super::chart::{self, Picture};
use super::svg::{Axis, COLOURS, Frame, Svg, at, fill, legend_height};
use super::text;

/// Bars that are drawn with their names; more of them stand side by side without.
const SHOWN: usize = 200;

/// Draws a table of a category and its parts; parts below 0 cannot be stacked.
pub(super) fn draw(table: &Table, id: &str) -> Option<Picture> {
    let rows = chart::labelled_rows(table);
    let parts = &table.columns[1..];
    let has_negative = rows.iter().any(|(_, values)| values.iter().flatten().any(|&value| value < 0.0));
    if rows.is_empty() || has_negative || parts.len() > 2 * COLOURS {
        return None;
    }
    if rows.len() > SHOWN {
        return Some(upright(table, &rows, id));
    }
    let shown = &rows[..];
    let is_wide = shown.len() > 12;
    let width = if is_wide { 1140.0 } else { 560.0 };
    let left = chart::label_width(shown, 30);
    let legend = legend_height(parts, width - 20.0);
    let slot = if shown.len() > 60 { 12.0 } else { 20.0 };
    let top = 10.0 + legend;
    let frame = Frame { left, top, right: width - 66.0, bottom: top + slot * shown.len() as f64 };
    let total = |values: &[Option<f64>]| values.iter().flatten().sum::<f64>();
    let most = shown.iter().map(|(_, values)| total(values)).fold(0.0, f64::max);
    let mut svg = Svg::new(width, frame.bottom + 44.0);
    let x = Axis::new("", (0.0, most), (frame.left, frame.right), false);
    svg.lying_axis(frame, &x);
    svg.legend(Frame { left: 6.0, top: 4.0, right: width - 10.0, ..frame }, parts);
    for (index, (label, values)) in shown.iter().enumerate() {
        let top = frame.top + slot * index as f64 + slot * 0.12;
        let whole = total(values);
        svg.label("tick e", (left - 6.0, top + slot * 0.5 + 2.0), (label, 30));
        let mut before = 0.0;
        for (part, value) in values.iter().enumerate() {
            let value = value.unwrap_or(0.0);
            let (start, end) = (x.scale.at(before), x.scale.at(before + value));
            before += value;
            if value > 0.0 {
                let place = Frame { left: start, top, right: end, bottom: top + slot * 0.76 };
                let share = text::percent(value, whole);
                let tip = format!("{label}, {}: {} ({share})", parts[part], text::number(value));
                svg.rect(&fill(part), place, &tip);
            }
        }
        svg.text("tick s", (x.scale.at(before) + 5.0, top + slot * 0.5 + 2.0), &text::number(whole));
    }
    let description = chart::description("Stacked bar chart", table, rows.len());
    let mut picture = Picture::narrow(svg.finish(id, &table.title, &description));
    picture.is_wide = is_wide;
    Some(picture)
}

/// Many bars, upright, side by side and without names, each part one area.
fn upright(table: &Table, rows: &[(String, Vec<Option<f64>>)], id: &str) -> Picture {
    let (parts, width) = (&table.columns[1..], 1140.0);
    let top = 14.0 + legend_height(parts, width - 20.0);
    let frame = Frame { left: 56.0, top, right: width - 16.0, bottom: top + 200.0 };
    let total = |values: &[Option<f64>]| values.iter().flatten().sum::<f64>();
    let most = rows.iter().map(|(_, values)| total(values)).fold(0.0, f64::max);
    let y = Axis::new("", (0.0, most), (frame.bottom, frame.top), false);
    let label = format!("{} ({})", table.columns[0], text::number(rows.len() as f64));
    let mut svg = Svg::new(width, frame.bottom + 44.0);
    svg.axes(frame, &Axis::categories(&label), &y);
    svg.legend(Frame { left: 6.0, top: 4.0, right: width - 10.0, ..frame }, parts);
    let step = (frame.right - frame.left) / rows.len() as f64;
    let mut below = vec![0.0; rows.len()];
    for (part, name) in parts.iter().enumerate() {
        let value = |row: usize| rows[row].1[part].unwrap_or(0.0);
        let above: Vec<f64> = below.iter().enumerate().map(|(row, below)| below + value(row)).collect();
        if above.iter().zip(&below).any(|(above, below)| above > below) {
            // Along the upper edge, and back along the lower one.
            let mut shape = format!("M{} {}", at(frame.left), at(y.scale.at(below[0])));
            for (row, &above) in above.iter().enumerate() {
                shape += &format!("V{}H{}", at(y.scale.at(above)), at(frame.left + step * (row + 1) as f64));
            }
            for (row, &below) in below.iter().enumerate().rev() {
                shape += &format!("V{}H{}", at(y.scale.at(below)), at(frame.left + step * row as f64));
            }
            svg.path(&fill(part), &(shape + "Z"), name);
        }
        below = above;
    }
    let description = chart::description("Stacked bar chart", table, rows.len());
    let mut picture = Picture::narrow(svg.finish(id, &table.title, &description));
    picture.is_wide = true;
    picture
}
