//! Histograms: one as filled bars, several as outlines over each other.

use std::fmt::Write;

use landrace_genome::summary::Table;

use super::chart::{self, Picture};
use super::line;
use super::svg::{Axis, Frame, Svg, at};
use super::text;

/// The part of the counts that the picture may leave out at its right end, so that a few far values do not
/// squeeze all others.
const TAIL: f64 = 0.002;

/// Bins that are drawn in any case.
const LEAST_BINS: usize = 12;

/// Draws a table of lower edges of bins and counts.
pub(super) fn draw(table: &Table, id: &str) -> Option<Picture> {
    let mut bins = chart::numeric_rows(table);
    bins.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    if bins.is_empty() {
        return super::bar::draw(table, id);
    }
    let width =
        bins.windows(2).map(|pair| pair[1].0 - pair[0].0).filter(|&w| w > 0.0).fold(f64::INFINITY, f64::min);
    let width = if width.is_finite() { width } else { 1.0 };
    let note = cut_tail(&mut bins, width);
    let mut picture = if table.columns.len() > 2 {
        line::outlines(table, &stepped(&bins, width), id)
    } else {
        filled(table, &bins, width, id)
    };
    picture.notes.extend(note);
    Some(picture)
}

type Bins = Vec<(f64, Vec<Option<f64>>)>;

/// Drops the far bins that hold the last [`TAIL`] of the counts, if they would take half of the width or more.
fn cut_tail(bins: &mut Bins, width: f64) -> Option<String> {
    let count = |(_, counts): &(f64, Vec<Option<f64>>)| counts.iter().flatten().sum::<f64>();
    let total: f64 = bins.iter().map(count).sum();
    let mut beyond = 0.0;
    let last_kept = bins.iter().rposition(|bin| {
        beyond += count(bin);
        beyond > total * TAIL
    })?;
    let last_kept = last_kept.max(LEAST_BINS.min(bins.len()) - 1);
    let (first, cut, last) = (bins[0].0, bins[last_kept].0 + width, bins[bins.len() - 1].0 + width);
    if cut - first > (last - first) / 2.0 {
        return None;
    }
    let left_out: f64 = bins.drain(last_kept + 1..).collect::<Bins>().iter().map(count).sum();
    let share = text::percent(left_out, total);
    (left_out > 0.0).then(|| {
        format!(
            "{share} lie at {} and beyond, up to {}; they are not drawn.",
            text::number(cut),
            text::number(last)
        )
    })
}

/// The corners of each bin's top, as points of a line; where bins are missing the count is 0.
fn stepped(bins: &Bins, width: f64) -> Bins {
    let mut points = Bins::new();
    let mut end = None;
    for (start, counts) in bins {
        let zero = vec![Some(0.0); counts.len()];
        if end.is_none_or(|end: f64| start - end > width * 0.01) {
            points.extend(end.map(|end| (end, zero.clone())));
            points.push((*start, zero));
        }
        points.push((*start, counts.clone()));
        points.push((start + width, counts.clone()));
        end = Some(start + width);
    }
    let zero = vec![Some(0.0); bins.first().map_or(0, |(_, counts)| counts.len())];
    points.extend(end.map(|end| (end, zero)));
    points
}

fn filled(table: &Table, bins: &Bins, width: f64, id: &str) -> Picture {
    let frame = Frame { left: 70.0, top: 36.0, right: 538.0, bottom: 280.0 };
    let most = bins.iter().filter_map(|(_, counts)| counts[0]).fold(0.0, f64::max);
    let (first, last) = (bins[0].0, bins[bins.len() - 1].0 + width);
    let x = Axis::new(&table.columns[0], (first, last), (frame.left, frame.right), false);
    let y = Axis::new(&table.columns[1], (0.0, most.max(f64::MIN_POSITIVE)), (frame.bottom, frame.top), true);
    let mut svg = Svg::new(560.0, 326.0);
    svg.axes(frame, &x, &y);
    if bins.len() <= 80 {
        let gap = if bins.len() <= 60 { 0.6 } else { 0.0 };
        for (start, counts) in bins {
            let count = counts[0].unwrap_or(0.0);
            let (left, right) = (x.scale.at(*start) + gap, x.scale.at(start + width) - gap);
            let place = Frame { left, top: y.scale.at(count), right, bottom: frame.bottom };
            let tip = format!(
                "{} to {}: {}",
                text::number(*start),
                text::number(start + width),
                text::number(count)
            );
            svg.rect("f0", place, &tip);
        }
    } else {
        let mut shape = String::new();
        for (start, counts) in bins {
            let (left, right) = (at(x.scale.at(*start)), at(x.scale.at(start + width)));
            let top = at(y.scale.at(counts[0].unwrap_or(0.0)));
            let _ = write!(shape, "M{left} {}V{top}H{right}V{}Z", at(frame.bottom), at(frame.bottom));
        }
        svg.path("f0", &shape, "");
    }
    let description = chart::description("Histogram", table, bins.len());
    Picture::narrow(svg.finish(id, &table.title, &description))
}
