//! Points, each group with a colour and a shape of its own; labelled where they are few.

use std::fmt::Write;

use landrace_genome::summary::Table;

use super::chart::{self, Picture};
use super::svg::{Axis, COLOURS, Frame, Svg, at, legend_height};
use super::text;

/// Points that are drawn; of more, one in two, three, ...
const POINTS: usize = 6000;

/// Points up to which each carries its label.
const LABELLED: usize = 40;

struct Point {
    label: String,
    x: f64,
    y: f64,
    group: usize,
}

/// Draws a table of label, x, y and perhaps group.
pub(super) fn draw(table: &Table, id: &str) -> Option<Picture> {
    if table.columns.len() < 3 {
        return None;
    }
    let groups = group_names(table);
    let points: Vec<Point> = table.rows.iter().filter_map(|row| point(row, &groups)).collect();
    if points.is_empty() {
        return None;
    }
    let stride = points.len().div_ceil(POINTS);
    let shown: Vec<&Point> = points.iter().step_by(stride).collect();
    let legend = if groups.is_empty() { 0.0 } else { legend_height(&groups, 470.0) };
    let frame = Frame { left: 70.0, top: 36.0 + legend, right: 538.0, bottom: 420.0 + legend };
    let range = |value: fn(&Point) -> f64| {
        let (low, high) = points
            .iter()
            .map(value)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        // Points of one value stand in the middle of a narrow range around it.
        let margin = if high > low { (high - low) * 0.04 } else { 0.05 * high.abs().max(1.0) };
        (low - margin, high + margin)
    };
    let x = Axis::new(&table.columns[1], range(|p| p.x), (frame.left, frame.right), false);
    let y = Axis::new(&table.columns[2], range(|p| p.y), (frame.bottom, frame.top), false);
    let mut svg = Svg::new(560.0, frame.bottom + 46.0);
    svg.axes(frame, &x, &y);
    if !groups.is_empty() {
        svg.legend(Frame { top: 4.0, ..frame }, &groups);
    }
    let radius = if shown.len() > 1000 { 2.2 } else { 3.6 };
    for point in &shown {
        let place = (x.scale.at(point.x), y.scale.at(point.y));
        let group = groups.get(point.group).map(|name| format!(" ({name})")).unwrap_or_default();
        let tip = format!("{}{group}: {}, {}", point.label, text::number(point.x), text::number(point.y));
        svg.path(&format!("f{} dot", point.group), &mark(point.group, place, radius), &tip);
    }
    if shown.len() <= LABELLED {
        let places: Vec<(f64, f64, &str)> =
            shown.iter().map(|p| (x.scale.at(p.x), y.scale.at(p.y), p.label.as_str())).collect();
        write_labels(&mut svg, frame, &places);
    }
    let description = chart::description("Scatter plot", table, points.len());
    let mut picture = Picture::narrow(svg.finish(id, &table.title, &description));
    if stride > 1 {
        picture
            .notes
            .push(format!("One point in {stride} of {} is drawn.", text::number(points.len() as f64)));
    }
    Some(picture)
}

/// The groups in the order of their first point; past the colours there are, the last is "other".
pub(super) fn group_names(table: &Table) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in table.rows.iter().filter_map(|row| row.get(3)).map(text::plain) {
        if names.contains(&name) {
            continue;
        }
        if names.len() == COLOURS {
            names[COLOURS - 1] = "other".to_owned();
            break;
        }
        names.push(name);
    }
    names
}

fn point(row: &[serde_json::Value], groups: &[String]) -> Option<Point> {
    let (x, y) = (row[1].as_f64()?, row[2].as_f64()?);
    let name = row.get(3).map(text::plain);
    let group = name.map_or(0, |name| groups.iter().position(|g| *g == name).unwrap_or(COLOURS - 1));
    Some(Point { label: text::plain(&row[0]), x, y, group })
}

/// Circle, square, triangle, diamond, then the same turned or filled anew by colour alone.
pub(super) fn mark(group: usize, (x, y): (f64, f64), r: f64) -> String {
    let mut shape = String::new();
    let _ = match group % 4 {
        0 => write!(
            shape,
            "M{} {}a{r} {r} 0 1 0 {} 0a{r} {r} 0 1 0 {} 0Z",
            at(x - r),
            at(y),
            at(2.0 * r),
            at(-2.0 * r)
        ),
        1 => write!(shape, "M{} {}h{}v{}h{}Z", at(x - r), at(y - r), at(2.0 * r), at(2.0 * r), at(-2.0 * r)),
        2 => {
            write!(shape, "M{} {}l{} {}h{}Z", at(x), at(y - 1.2 * r), at(1.2 * r), at(2.2 * r), at(-2.4 * r))
        }
        _ => {
            let s = 1.35 * r;
            write!(
                shape,
                "M{} {}l{} {}l{} {}l{} {}Z",
                at(x),
                at(y - s),
                at(s),
                at(s),
                at(-s),
                at(s),
                at(-s),
                at(-s)
            )
        }
    };
    shape
}

/// Writes each label right of its point, or left of it, where it covers neither a label nor a point.
fn write_labels(svg: &mut Svg, frame: Frame, places: &[(f64, f64, &str)]) {
    let mut taken: Vec<Frame> = places
        .iter()
        .map(|&(x, y, _)| Frame { left: x - 3.0, top: y - 3.0, right: x + 3.0, bottom: y + 3.0 })
        .collect();
    for &(x, y, label) in places {
        let width = 6.2 * label.chars().count().min(18) as f64;
        let choices = [
            (x + 6.0, y + 4.0),
            (x - 6.0 - width, y + 4.0),
            (x - width / 2.0, y - 7.0),
            (x - width / 2.0, y + 15.0),
        ];
        let found = choices.into_iter().find_map(|(left, base)| {
            let place = Frame { left, top: base - 9.0, right: left + width, bottom: base + 2.0 };
            let is_inside = left >= frame.left
                && place.right <= frame.right
                && place.top >= frame.top
                && place.bottom <= frame.bottom;
            (is_inside && !taken.iter().any(|other| overlap(place, *other))).then_some(place)
        });
        if let Some(place) = found {
            svg.label("small s", (place.left, place.bottom - 2.0), (label, 18));
            taken.push(place);
        }
    }
}

fn overlap(a: Frame, b: Frame) -> bool {
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}
