//! A map of points: longitude to the right, latitude up, at one scale in the middle of the map.

use landrace_genome::summary::Table;

use super::chart::{self, Picture};
use super::scatter::{group_names, mark};
use super::svg::{Frame, Svg, at, legend_height};
use super::text;

/// The map's width, and its height at most.
const SIZE: (f64, f64) = (720.0, 420.0);
/// Degrees that a map shows at least, so that a few fields are not the whole world.
const LEAST: f64 = 12.0;

struct Place {
    label: String,
    latitude: f64,
    longitude: f64,
    group: String,
}

/// What part of the world is shown: degrees from, to, and user units a degree.
struct View {
    west: f64,
    north: f64,
    a_degree: (f64, f64),
    size: (f64, f64),
}

impl View {
    /// A view of all places, with some room around them.
    fn of(places: &[&Place]) -> Self {
        let range = |value: fn(&Place) -> f64, most: f64| {
            let values = places.iter().map(|place| value(place));
            let (low, high) =
                values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
            let (middle, half) = ((low + high) / 2.0, ((high - low) * 0.56).max(LEAST / 2.0));
            ((middle - half).max(-most), (middle + half).min(most))
        };
        let (south, north) = range(|place| place.latitude, 90.0);
        let (west, east) = range(|place| place.longitude, 180.0);
        // A degree of longitude shrinks towards the poles.
        let narrowing = ((south + north) / 2.0).to_radians().cos().max(0.2);
        let tall = (SIZE.0 / ((east - west) * narrowing)).min(SIZE.1 / (north - south));
        let a_degree = (tall * narrowing, tall);
        let size = ((east - west) * a_degree.0, (north - south) * a_degree.1);
        Self { west, north, a_degree, size }
    }

    /// Where a place is in the map; `None` outside.
    fn at(&self, latitude: f64, longitude: f64) -> Option<(f64, f64)> {
        let (x, y) = ((longitude - self.west) * self.a_degree.0, (self.north - latitude) * self.a_degree.1);
        let is_inside = (0.0..=self.size.0).contains(&x) && (0.0..=self.size.1).contains(&y);
        is_inside.then_some((x, y))
    }
}

/// Draws a table of label, latitude, longitude and group.
pub(super) fn draw(table: &Table, id: &str) -> Option<Picture> {
    let all: Vec<Place> = table.rows.iter().filter_map(|row| place(row)).collect();
    let (points, names): (Vec<&Place>, Vec<&Place>) = all.iter().partition(|place| !place.group.is_empty());
    if points.is_empty() {
        return None;
    }
    let own: Vec<_> = table.rows.iter().filter(|row| row.get(3).is_some_and(|g| g != "")).cloned().collect();
    let groups = group_names(&Table { rows: own, ..table.clone() });
    let view = View::of(&points);
    let top = 14.0 + legend_height(&groups, SIZE.0);
    let frame = Frame { left: 44.0, top, right: 44.0 + view.size.0, bottom: top + view.size.1 };
    let mut svg = Svg::new(frame.right + 14.0, frame.bottom + 26.0);
    svg.legend(Frame { top: 4.0, right: 44.0 + SIZE.0, ..frame }, &groups);
    draw_degrees(&mut svg, frame, &view);
    let inside = |place: &Place| {
        let (x, y) = view.at(place.latitude, place.longitude)?;
        Some((frame.left + x, frame.top + y))
    };
    // Names give way to points, and to the names before them.
    let mut taken: Vec<(f64, f64)> = points.iter().filter_map(|point| inside(point)).collect();
    for name in names {
        let free = |&(x, y): &(f64, f64)| {
            !taken.iter().any(|own| (own.0 - x).abs() < 27.0 && (own.1 - y).abs() < 12.0)
        };
        if let Some((x, y)) = inside(name).filter(free) {
            svg.text("tick m", (x, y + 3.0), &name.label);
            taken.push((x, y));
        }
    }
    for point in &points {
        let group = groups.iter().position(|own| *own == point.group).unwrap_or(groups.len() - 1);
        let tip = format!(
            "{} ({}): {}, {}",
            point.label,
            point.group,
            text::number(point.latitude),
            text::number(point.longitude)
        );
        let shown = inside(point)?;
        svg.path(&format!("f{group} dot"), &mark(group, shown, 3.4), &tip);
    }
    let description = chart::description("Map", table, points.len());
    Some(Picture { svg: svg.finish(id, &table.title, &description), is_wide: true, notes: Vec::new() })
}

fn place(row: &[serde_json::Value]) -> Option<Place> {
    let (latitude, longitude) = (row.get(1)?.as_f64()?, row.get(2)?.as_f64()?);
    Some(Place {
        label: text::plain(&row[0]),
        latitude,
        longitude,
        group: row.get(3).map(text::plain).unwrap_or_default(),
    })
}

/// Lines of whole degrees, labelled at the left and below.
fn draw_degrees(svg: &mut Svg, frame: Frame, view: &View) {
    let step = |a_degree: f64| {
        [1.0, 2.0, 5.0, 10.0, 20.0, 30.0].into_iter().find(|step| step * a_degree >= 44.0).unwrap_or(60.0)
    };
    let lines = |from: f64, to: f64, step: f64| {
        let count = ((to - from) / step).floor();
        let first = (from / step).ceil() * step;
        (0u32..=400)
            .map(f64::from)
            .take_while(move |&n| n <= count)
            .map(move |n| first + n * step)
            .filter(move |&v| v <= to)
    };
    let (south, east) =
        (view.north - view.size.1 / view.a_degree.1, view.west + view.size.0 / view.a_degree.0);
    for degree in lines(south, view.north, step(view.a_degree.1)) {
        let y = frame.top + (view.north - degree) * view.a_degree.1;
        svg.line("grid", (frame.left, y), (frame.right, y));
        svg.text("tick e", (frame.left - 6.0, y + 4.0), &named(degree, ("N", "S")));
    }
    for degree in lines(view.west, east, step(view.a_degree.0)) {
        let x = frame.left + (degree - view.west) * view.a_degree.0;
        svg.line("grid", (x, frame.top), (x, frame.bottom));
        svg.text("tick m", (x, frame.bottom + 17.0), &named(degree, ("E", "W")));
    }
}

/// `30° N`.
fn named(degree: f64, (above, below): (&str, &str)) -> String {
    match degree {
        0.0 => "0°".to_owned(),
        degree if degree > 0.0 => format!("{}° {above}", at(degree)),
        degree => format!("{}° {below}", at(-degree)),
    }
}
