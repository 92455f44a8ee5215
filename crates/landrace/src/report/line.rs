//! Lines: up to eight in colours of their own; of more, all thin and their median bold.

use std::fmt::Write;

use landrace_genome::summary::Table;

use super::chart::{self, Picture};
use super::svg::{Axis, COLOURS, Frame, Scale, Svg, at, legend_height};
use super::text;

/// Thin lines that are drawn; of more, one in two, three, ...
const LINES: usize = 200;

/// Points of a line that are drawn; of longer lines the least and the most of each stretch.
const POINTS: usize = 1200;

type Points = Vec<(f64, Vec<Option<f64>>)>;

/// Draws a table of x and one or more values.
pub(super) fn draw(table: &Table, id: &str) -> Option<Picture> {
    let mut points = chart::numeric_rows(table);
    points.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    if points.is_empty() { super::bar::draw(table, id) } else { Some(outlines(table, &points, id)) }
}

/// Draws points, sorted by x, as one line a column.
pub(super) fn outlines(table: &Table, points: &Points, id: &str) -> Picture {
    let series = &table.columns[1..];
    let is_bundle = series.len() > COLOURS;
    let names: Vec<String> = match series {
        [_] => Vec::new(),
        _ if is_bundle => vec!["median".to_owned(), format!("each of {}", series.len())],
        _ => series.to_vec(),
    };
    let legend = if names.is_empty() { 0.0 } else { legend_height(&names, 480.0) };
    let frame = Frame { left: 70.0, top: 36.0 + legend, right: 538.0, bottom: 280.0 + legend };
    let values = || points.iter().flat_map(|(_, values)| values.iter().flatten()).copied();
    let (low, high) = (values().fold(0.0, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let (first, last) = (points[0].0, points[points.len() - 1].0);
    let x = Axis::new(&table.columns[0], (first, last), (frame.left, frame.right), false);
    let y_name = if let [one] = series { one } else { "" };
    let y = Axis::new(y_name, (low, high.max(low)), (frame.bottom, frame.top), true);
    let mut svg = Svg::new(560.0, frame.bottom + 46.0);
    svg.axes(frame, &x, &y);
    if is_bundle {
        for (column, name) in series.iter().enumerate().step_by(series.len().div_ceil(LINES)) {
            svg.path("thin", &shape(points, column, (&x.scale, &y.scale)), name);
        }
        svg.path("l0 bold", &shape(&medians(points), 0, (&x.scale, &y.scale)), "median");
        svg.legend(Frame { top: 4.0, ..frame }, &names[..1]);
    } else {
        for (column, name) in series.iter().enumerate() {
            svg.path(&format!("l{column}"), &shape(points, column, (&x.scale, &y.scale)), name);
        }
        svg.legend(Frame { top: 4.0, ..frame }, &names);
    }
    let description = chart::description("Line chart", table, points.len());
    let mut picture = Picture::narrow(svg.finish(id, &table.title, &description));
    if is_bundle {
        let stride = series.len().div_ceil(LINES);
        let which = if stride > 1 { format!("one in {stride} of") } else { "each of".to_owned() };
        let all = text::number(series.len() as f64);
        picture.notes.push(format!("Thin: {which} {all} subjects; bold: their median."));
    }
    picture
}

/// The line of one column; it breaks where a value is missing.
fn shape(points: &Points, column: usize, (x, y): (&Scale, &Scale)) -> String {
    let known: Vec<(f64, Option<f64>)> = points.iter().map(|(x, values)| (*x, values[column])).collect();
    let mut shape = String::new();
    let mut is_open = false;
    for (place, value) in thinned(&known) {
        let Some(value) = value else {
            is_open = false;
            continue;
        };
        let _ = write!(shape, "{}{} {}", if is_open { 'L' } else { 'M' }, at(x.at(place)), at(y.at(value)));
        is_open = true;
    }
    shape
}

/// The least and the largest of each stretch of points, in their order.
fn thinned(points: &[(f64, Option<f64>)]) -> Vec<(f64, Option<f64>)> {
    if points.len() <= POINTS {
        return points.to_vec();
    }
    let size = |point: &(f64, Option<f64>)| point.1.unwrap_or(f64::NEG_INFINITY);
    let mut kept = Vec::new();
    for stretch in points.chunks(points.len().div_ceil(POINTS / 2)) {
        let least = (0..stretch.len()).min_by(|&a, &b| size(&stretch[a]).total_cmp(&size(&stretch[b])));
        let most = (0..stretch.len()).max_by(|&a, &b| size(&stretch[a]).total_cmp(&size(&stretch[b])));
        let (a, b) = (least.unwrap_or(0), most.unwrap_or(0));
        kept.push(stretch[a.min(b)]);
        if a != b {
            kept.push(stretch[a.max(b)]);
        }
    }
    kept
}

fn medians(points: &Points) -> Points {
    points
        .iter()
        .map(|(x, values)| {
            let mut known: Vec<f64> = values.iter().flatten().copied().collect();
            known.sort_by(f64::total_cmp);
            (*x, vec![known.get(known.len() / 2).copied()])
        })
        .collect()
}
