//! The same picture for several subjects: one lane a subject, the contigs end to end.

use std::collections::HashMap;

use landrace_genome::summary::Table;

use super::super::chart::{self, Picture};
use super::super::svg::{Frame, Scale, Svg, at};
use super::super::text;
use super::{Contig, ceiling, contigs, has_values, longest, profile, strokes};

/// Subjects that are drawn.
const SHOWN: usize = 80;

/// Draws the tables of several subjects, each of contig, position and perhaps value.
pub(in crate::report) fn draw(panels: &[(String, Table)], id: &str) -> Option<Picture> {
    let shown = &panels[..panels.len().min(SHOWN)];
    let subjects: Vec<Vec<Contig>> = shown.iter().map(|(_, table)| contigs(table)).collect();
    let genome = end_to_end(&subjects);
    let total = genome.last().map_or(0.0, |(_, start, length)| start + length);
    if total <= 0.0 {
        return None;
    }
    let is_valued = has_values(&shown[0].1);
    let joined: Vec<Contig> = subjects.iter().map(|own| joined(own, &genome, total)).collect();
    let top = ceiling(&joined.iter().collect::<Vec<_>>());
    let labels: Vec<(String, Vec<Option<f64>>)> =
        shown.iter().map(|(name, _)| (name.clone(), Vec::new())).collect();
    let height = if shown.len() > 12 { 26.0 } else { 38.0 };
    let left = chart::label_width(&labels, 24) + if is_valued { 30.0 } else { 0.0 };
    let frame = Frame { left, top: 24.0, right: 1120.0, bottom: 24.0 + height * shown.len() as f64 };
    let x = Scale::new((0.0, total), (frame.left, frame.right));
    let mut svg = Svg::new(1140.0, frame.bottom + 26.0);
    if is_valued {
        svg.text("name s", (4.0, 12.0), &shown[0].1.columns[2]);
    }
    for (index, (name, own)) in labels.iter().map(|(name, _)| name).zip(&joined).enumerate() {
        let top_edge = frame.top + height * index as f64;
        let lane = Frame { left, top: top_edge + 4.0, right: frame.right, bottom: top_edge + height - 3.0 };
        let label_right = if is_valued { left - 36.0 } else { left - 6.0 };
        svg.label("tick e", (label_right, top_edge + height / 2.0 + 4.0), (name, 24));
        if is_valued {
            profile(&mut svg, lane, own, (&x, top));
        } else {
            strokes(&mut svg, lane, own, &x);
        }
    }
    borders(&mut svg, frame, &genome, &x);
    let (title, table) = (&shown[0].1.title, &shown[0].1);
    let description = chart::description("Positions along the contigs of each subject", table, panels.len());
    let mut picture = Picture::narrow(svg.finish(id, title, &description));
    picture.is_wide = true;
    picture.notes.extend(chart::cut_note(shown.len(), panels.len(), "subjects"));
    let above = joined.iter().flat_map(|own| &own.points).filter(|(_, value)| *value > top).count();
    if is_valued && above > 0 {
        picture.notes.push(format!("Values above {} ({above} of them) are cut.", text::number(top)));
    }
    Some(picture)
}

/// The longest contigs of all subjects: name, start in the joined genome, length.
fn end_to_end(subjects: &[Vec<Contig>]) -> Vec<(String, f64, f64)> {
    let mut all: Vec<Contig> = Vec::new();
    let mut place: HashMap<&str, usize> = HashMap::new();
    for contig in subjects.iter().flatten() {
        let index = *place.entry(&contig.name).or_insert_with(|| {
            all.push(Contig { name: contig.name.clone(), length: 0.0, points: Vec::new() });
            all.len() - 1
        });
        all[index].length = all[index].length.max(contig.length);
    }
    let mut start = 0.0;
    let mut genome = Vec::new();
    for contig in longest(&all) {
        genome.push((contig.name.clone(), start, contig.length));
        start += contig.length;
    }
    genome
}

/// A subject's contigs as one.
fn joined(own: &[Contig], genome: &[(String, f64, f64)], total: f64) -> Contig {
    let mut points = Vec::new();
    for (name, start, _) in genome {
        for contig in own.iter().filter(|contig| contig.name == *name) {
            points.extend(contig.points.iter().map(|(position, value)| (start + position, *value)));
        }
    }
    Contig { name: "all contigs".to_owned(), length: total, points }
}

/// A line at each border between contigs, and their names below, where they fit.
fn borders(svg: &mut Svg, frame: Frame, genome: &[(String, f64, f64)], x: &Scale) {
    for (name, start, length) in genome {
        let (left, right) = (x.at(*start), x.at(start + length));
        let line = format!("M{} {}V{}", at(right), at(frame.top), at(frame.bottom + 5.0));
        svg.path("axis faint", &line, "");
        if name.chars().count() as f64 * 6.6 < right - left {
            svg.text("tick m", ((left + right) / 2.0, frame.bottom + 17.0), name);
        }
    }
}
