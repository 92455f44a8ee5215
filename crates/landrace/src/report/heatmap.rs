//! A matrix as shaded squares: above 0 in one colour, below in another.

use landrace_genome::summary::Table;

use super::chart::{self, Picture};
use super::svg::{Frame, Svg, at};
use super::text;

/// Rows and columns that are drawn.
const SHOWN: usize = 96;

/// Draws a table of a row label and one value a column.
pub(super) fn draw(table: &Table, id: &str) -> Option<Picture> {
    let rows = chart::labelled_rows(table);
    let (height, width) = (rows.len().min(SHOWN), (table.columns.len() - 1).min(SHOWN));
    let values = || rows[..height].iter().flat_map(|(_, values)| values[..width].iter().flatten()).copied();
    let most = values().map(f64::abs).fold(0.0, f64::max);
    if height == 0 || width == 0 || !most.is_finite() {
        return None;
    }
    let most = if most > 0.0 { most } else { 1.0 };
    let left = chart::label_width(&rows[..height], 20);
    let is_wide = width > 24;
    let span = if is_wide { 1120.0 - left } else { 546.0 - left };
    let side = (span / width as f64).min(if width > 8 { 26.0 } else { 44.0 });
    let names = &table.columns[1..=width];
    let top = 16.0 + 6.1 * names.iter().map(|name| name.chars().count().min(16)).max().unwrap_or(0) as f64;
    let size = if is_wide { 1140.0 } else { 560.0 };
    let mut svg = Svg::new(size, top + side * height as f64 + 40.0);
    if side >= 8.0 {
        for (column, name) in names.iter().enumerate() {
            let (x, y) = (left + side * (column as f64 + 0.65), top - 5.0);
            let name = text::escape(&text::shortened(name, 16));
            svg.raw(&format!(
                "<text class=\"small s\" transform=\"translate({} {})rotate(-60)\">{name}</text>",
                at(x),
                at(y)
            ));
        }
    }
    for (row, (label, values)) in rows[..height].iter().enumerate() {
        let y = top + side * row as f64;
        if side >= 8.0 {
            svg.label("small e", (left - 5.0, y + side / 2.0 + 3.5), (label, 20));
        }
        for (column, value) in values[..width].iter().enumerate() {
            let x = left + side * column as f64;
            let place = Frame { left: x, top: y, right: x + side - 0.5, bottom: y + side - 0.5 };
            let shown = value.map_or_else(|| "NA".to_owned(), text::number);
            let tip = format!("{label}, {}: {shown}", names[column]);
            svg.rect(&shade(*value, most), place, &tip);
        }
    }
    key(&mut svg, (left, top + side * height as f64 + 14.0), most, values().any(|value| value < 0.0));
    let description = chart::description("Heat map", table, rows.len());
    let mut picture = Picture::narrow(svg.finish(id, &table.title, &description));
    picture.is_wide = is_wide;
    picture.notes.extend(chart::cut_note(height, rows.len(), "rows"));
    picture.notes.extend(chart::cut_note(width, table.columns.len() - 1, "columns"));
    Some(picture)
}

/// The class of a value: eleven shades of two colours.
fn shade(value: Option<f64>, most: f64) -> String {
    let Some(value) = value else { return "none".to_owned() };
    let colour = if value < 0.0 { 'n' } else { 'p' };
    format!("{colour} o{:.0}", (value.abs() / most * 10.0).min(10.0))
}

fn key(svg: &mut Svg, (x, y): (f64, f64), most: f64, has_negative: bool) {
    let steps: Vec<f64> =
        if has_negative { vec![-1.0, -0.5, 0.0, 0.5, 1.0] } else { vec![0.0, 0.25, 0.5, 0.75, 1.0] };
    for (index, step) in steps.into_iter().enumerate() {
        let left = x + 62.0 * index as f64;
        let place = Frame { left, top: y, right: left + 14.0, bottom: y + 12.0 };
        svg.rect(&shade(Some(step * most), most), place, "");
        svg.text("small s", (left + 18.0, y + 10.0), &text::number(step * most));
    }
}
