//! Values along the genome, the contigs one after another in two colours.

use std::fmt::Write;

use landrace_genome::summary::Table;

use super::chart::{self, Picture};
use super::svg::{Axis, Frame, Svg, at};
use super::text;

/// Points with a tooltip of their own, the highest.
const NAMED: usize = 60;

struct Contig {
    name: String,
    length: f64,
    points: Vec<(f64, f64)>,
}

/// Draws a table of contig, position and value; a row without a contig is a threshold.
pub(super) fn draw(table: &Table, id: &str) -> Option<Picture> {
    let (contigs, thresholds) = read(table);
    let total: f64 = contigs.iter().map(|contig| contig.length).sum();
    let most = contigs.iter().flat_map(|c| &c.points).map(|p| p.1).chain(thresholds.iter().copied());
    let most = most.fold(0.0, f64::max);
    if contigs.is_empty() || total <= 0.0 || most <= 0.0 {
        return None;
    }
    let frame = Frame { left: 56.0, top: 26.0, right: 1120.0, bottom: 330.0 };
    let name = table.columns.get(2).map_or("", String::as_str);
    let y = Axis::new(name, (0.0, most * 1.05), (frame.bottom, frame.top), false);
    let mut svg = Svg::new(1140.0, frame.bottom + 44.0);
    svg.standing_axis(frame, &y);
    let mut heights: Vec<f64> = contigs.iter().flat_map(|c| &c.points).map(|p| p.1).collect();
    heights.sort_by(|a, b| b.total_cmp(a));
    let named = heights.get(NAMED).copied().unwrap_or(0.0);
    let mut left = frame.left;
    let scale = (frame.right - frame.left) / total;
    for (index, contig) in contigs.iter().enumerate() {
        let width = contig.length * scale;
        let class = if index % 2 == 0 { "f0 dot" } else { "f1 dot" };
        let mut shape = String::new();
        for &(position, value) in &contig.points {
            let (x, y) = (left + position * scale, y.scale.at(value));
            if value > named {
                let tip = format!("{}:{} {}", contig.name, text::number(position), text::number(value));
                svg.path(class, &circle(x, y, 2.6), &tip);
            } else {
                shape.push_str(&circle(x, y, 1.7));
            }
        }
        svg.path(class, &shape, &contig.name);
        if width > 14.0 {
            #[expect(clippy::cast_possible_truncation, reason = "a picture's width")]
            let limit = ((width / 7.0) as usize).max(2);
            svg.label("tick m", (left + width / 2.0, frame.bottom + 16.0), (&contig.name, limit));
        }
        left += width;
    }
    for threshold in thresholds {
        let height = y.scale.at(threshold);
        svg.line("threshold", (frame.left, height), (frame.right, height));
    }
    let description = chart::description("Values along the genome", table, table.rows.len());
    let mut picture = Picture::narrow(svg.finish(id, &table.title, &description));
    picture.is_wide = true;
    Some(picture)
}

fn circle(x: f64, y: f64, r: f64) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write!(out, "M{} {}", at(x - r), at(y));
    let _ = write!(out, "a{} {} 0 1 0 {} 0a{} {} 0 1 0 {} 0Z", r, r, 2.0 * r, r, r, -2.0 * r);
    out
}

fn read(table: &Table) -> (Vec<Contig>, Vec<f64>) {
    let (mut contigs, mut thresholds): (Vec<Contig>, Vec<f64>) = (Vec::new(), Vec::new());
    for row in table.rows.iter().filter(|row| row.len() > 2) {
        let Some(value) = row[2].as_f64() else { continue };
        if row[0].is_null() {
            thresholds.push(value);
            continue;
        }
        let name = text::plain(&row[0]);
        let position = row[1].as_f64().unwrap_or(0.0);
        let index = contigs.iter().position(|contig| contig.name == name).unwrap_or_else(|| {
            contigs.push(Contig { name, length: 1.0, points: Vec::new() });
            contigs.len() - 1
        });
        let contig = &mut contigs[index];
        contig.length = contig.length.max(position);
        contig.points.push((position, value));
    }
    (contigs, thresholds)
}
