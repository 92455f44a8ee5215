//! Places along the contigs: strokes on a bar for places alone, a filled profile where each has a value.

use std::collections::BTreeMap;
use std::fmt::Write;

use landrace_genome::summary::Table;

use super::chart::{self, Picture};
use super::svg::{Axis, Frame, Scale, Svg, at};
use super::text;

pub(super) mod subjects;

/// Contigs that are drawn, the longest ones.
const SHOWN: usize = 40;

struct Contig {
    name: String,
    length: f64,
    points: Vec<(f64, f64)>,
}

/// Draws a table of contig, position and perhaps value; a row without a position gives the contig's length.
pub(super) fn draw(table: &Table, id: &str) -> Option<Picture> {
    let all = contigs(table);
    if all.is_empty() || table.columns.len() < 2 {
        return None;
    }
    let has_values = has_values(table);
    let shown = longest(&all);
    let height = if has_values { 40.0 } else { 24.0 };
    let labels: Vec<(String, Vec<Option<f64>>)> =
        shown.iter().map(|c| (c.name.clone(), Vec::new())).collect();
    let left = chart::label_width(&labels, 24) + if has_values { 30.0 } else { 0.0 };
    let frame = Frame { left, top: 24.0, right: 1120.0, bottom: 24.0 + height * shown.len() as f64 };
    let most = shown.iter().map(|c| c.length).fold(1.0, f64::max);
    let x = Axis::new("position [bp]", (0.0, most), (frame.left, frame.right), false);
    let top = ceiling(&shown);
    let mut svg = Svg::new(1140.0, frame.bottom + 42.0);
    svg.lying_axis(frame, &x);
    let name = if has_values { table.columns.get(2).map_or("", String::as_str) } else { "" };
    svg.text("name s", (4.0, 12.0), name);
    for (index, contig) in shown.iter().enumerate() {
        let top_edge = frame.top + height * index as f64;
        let lane = Frame {
            left,
            top: top_edge + 5.0,
            right: x.scale.at(contig.length),
            bottom: top_edge + height - 4.0,
        };
        let label_right = if has_values { left - 36.0 } else { left - 6.0 };
        svg.label("tick e", (label_right, top_edge + height / 2.0 + 4.0), (&contig.name, 24));
        if has_values {
            profile(&mut svg, lane, contig, (&x.scale, top));
        } else {
            strokes(&mut svg, lane, contig, &x.scale);
        }
    }
    let description = chart::description("Positions along the contigs", table, all.len());
    let mut picture = Picture::narrow(svg.finish(id, &table.title, &description));
    picture.is_wide = true;
    if all.len() > shown.len() {
        picture.notes.push(format!(
            "The {} longest of {} contigs are drawn.",
            shown.len(),
            text::number(all.len() as f64)
        ));
    }
    let above = shown.iter().flat_map(|c| &c.points).filter(|(_, value)| *value > top).count();
    if has_values && above > 0 {
        picture.notes.push(format!("Values above {} ({above} of them) are cut.", text::number(top)));
    }
    Some(picture)
}

/// Whether rows with a position carry numbers to draw.
fn has_values(table: &Table) -> bool {
    table.rows.iter().any(|row| !row[1].is_null() && row.get(2).is_some_and(serde_json::Value::is_number))
}

fn contigs(table: &Table) -> Vec<Contig> {
    let mut place: BTreeMap<String, usize> = BTreeMap::new();
    let mut all: Vec<Contig> = Vec::new();
    for row in table.rows.iter().filter(|row| row.len() > 1) {
        let name = text::plain(&row[0]);
        let index = *place.entry(name.clone()).or_insert_with(|| {
            all.push(Contig { name, length: 0.0, points: Vec::new() });
            all.len() - 1
        });
        let value = row.get(2).and_then(serde_json::Value::as_f64);
        let contig = &mut all[index];
        match row[1].as_f64() {
            Some(position) => {
                contig.length = contig.length.max(position);
                contig.points.push((position, value.unwrap_or(f64::NAN)));
            }
            None => contig.length = contig.length.max(value.unwrap_or(0.0)),
        }
    }
    for contig in &mut all {
        contig.points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    all
}

/// The longest contigs, in the order of the table.
fn longest(all: &[Contig]) -> Vec<&Contig> {
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|&a, &b| all[b].length.total_cmp(&all[a].length).then(a.cmp(&b)));
    order.truncate(SHOWN);
    order.sort_unstable();
    order.into_iter().map(|index| &all[index]).collect()
}

/// The top of the profiles: the largest value, unless few values lie far above all others.
fn ceiling(shown: &[&Contig]) -> f64 {
    let mut values: Vec<f64> =
        shown.iter().flat_map(|c| &c.points).map(|p| p.1).filter(|v| v.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let Some(&most) = values.last() else { return 1.0 };
    let usual = values[(values.len() - 1) * 99 / 100];
    let top = if usual > 0.0 && most > 3.0 * usual { 1.5 * usual } else { most };
    if top > 0.0 { top } else { 1.0 }
}

/// A bar of the contig's length with a stroke at each place.
fn strokes(svg: &mut Svg, lane: Frame, contig: &Contig, x: &Scale) {
    let body = format!(
        "<rect class=\"body\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\"/>",
        at(lane.left),
        at(lane.top),
        at(lane.right - lane.left),
        at(lane.bottom - lane.top)
    );
    svg.raw(&body);
    let mut shape = String::new();
    let mut last = String::new();
    for (position, _) in &contig.points {
        let place = at(x.at(*position));
        if place != last {
            let _ = write!(shape, "M{place} {}V{}", at(lane.top), at(lane.bottom));
            last = place;
        }
    }
    let tip = format!(
        "{}: {} over {} bp",
        contig.name,
        text::counted(contig.points.len(), "place"),
        text::number(contig.length)
    );
    svg.path("stroke", &shape, &tip);
}

/// A filled profile; each point reaches to the next one, and where several share a pixel their mean is drawn.
fn profile(svg: &mut Svg, lane: Frame, contig: &Contig, (x, most): (&Scale, f64)) {
    let y = Scale::new((0.0, most), (lane.bottom, lane.top));
    svg.line("axis", (lane.left, lane.bottom), (lane.right, lane.bottom));
    svg.text("tiny e", (lane.left - 4.0, lane.top + 6.0), &text::number(most));
    svg.text("tiny e", (lane.left - 4.0, lane.bottom + 1.0), "0");
    let mut steps: Vec<(f64, f64, f64)> = Vec::new();
    for (position, value) in contig.points.iter().filter(|(_, value)| value.is_finite()) {
        let place = (x.at(*position) * 2.0).floor() / 2.0;
        match steps.last_mut() {
            Some((last, sum, count)) if *last == place => {
                *sum += value;
                *count += 1.0;
            }
            _ => steps.push((place, *value, 1.0)),
        }
    }
    let Some(first) = steps.first() else { return };
    let mut shape = format!("M{} {}", at(first.0), at(lane.bottom));
    for (index, (place, sum, count)) in steps.iter().enumerate() {
        let next = steps.get(index + 1).map_or(lane.right.max(*place), |step| step.0);
        let _ = write!(shape, "V{}H{}", at(y.at(sum / count)), at(next));
        debug_assert!(next >= *place);
    }
    let _ = write!(shape, "V{}Z", at(lane.bottom));
    svg.path("area", &shape, &contig.name);
}
