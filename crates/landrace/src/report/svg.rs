//! Pictures as deterministic SVG: shapes, scales and axes. Colours are classes, so that they follow the page.

use std::fmt::Write;

use super::text;

/// Series that have a colour of their own.
pub(super) const COLOURS: usize = 8;

/// A drawing of fixed size in user units; it scales with the page.
pub(super) struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// The part of a drawing that holds the data.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

/// A linear map from values to places in a drawing.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    from: (f64, f64),
    to: (f64, f64),
}

/// An axis: its scale, its ticks and how they are written.
pub(super) struct Axis {
    pub(super) scale: Scale,
    pub(super) label: String,
    ticks: Vec<f64>,
    divisor: f64,
}

/// The class that fills a shape with the colour of a part; past the last colour they begin again, paler.
pub(super) fn fill(part: usize) -> String {
    let pale = if part < COLOURS { "" } else { " pale" };
    format!("f{}{pale}", part % COLOURS)
}

/// A coordinate with one decimal, the shortest way.
pub(super) fn at(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

impl Svg {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    /// The whole picture; `title` and `description` are for those who cannot see it, `id` makes them unique.
    pub(super) fn finish(self, id: &str, title: &str, description: &str) -> String {
        let (id, title, description) = (text::escape(id), text::escape(title), text::escape(description));
        format!(
            "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\" \
             style=\"max-width:{}px\"><title id=\"{id}-t\">{title}</title><desc id=\"{id}-d\">{description}</desc>{}</svg>\n",
            at(self.width),
            at(self.height),
            at(self.width * 1.25),
            self.body
        )
    }

    /// A rectangle, with a tooltip if there is one.
    pub(super) fn rect(&mut self, class: &str, place: Frame, tooltip: &str) {
        let Frame { left, top, right, bottom } = place;
        let (x, y, w, h) = (at(left), at(top), at((right - left).max(0.0)), at((bottom - top).max(0.0)));
        let _ = write!(self.body, "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\"");
        self.close("rect", tooltip);
    }

    /// A path; `shape` is the value of its `d`.
    pub(super) fn path(&mut self, class: &str, shape: &str, tooltip: &str) {
        let _ = write!(self.body, "<path class=\"{class}\" d=\"{shape}\"");
        self.close("path", tooltip);
    }

    /// Markup of another shape, already escaped.
    pub(super) fn raw(&mut self, markup: &str) {
        self.body.push_str(markup);
    }

    fn close(&mut self, element: &str, tooltip: &str) {
        if tooltip.is_empty() {
            self.body.push_str("/>");
        } else {
            let _ = write!(self.body, "><title>{}</title></{element}>", text::escape(tooltip));
        }
    }

    /// Text; the class gives anchor and size (`s` start, `m` middle, `e` end).
    pub(super) fn text(&mut self, class: &str, (x, y): (f64, f64), content: &str) {
        let content = text::escape(content);
        let _ = write!(self.body, "<text class=\"{class}\" x=\"{}\" y=\"{}\">{content}</text>", at(x), at(y));
    }

    /// Text that is cut to `limit` characters, with the whole as a tooltip.
    pub(super) fn label(&mut self, class: &str, place: (f64, f64), (content, limit): (&str, usize)) {
        let short = text::shortened(content, limit);
        if short == content {
            return self.text(class, place, content);
        }
        let (short, whole) = (text::escape(&short), text::escape(content));
        let (x, y) = (at(place.0), at(place.1));
        let _ = write!(
            self.body,
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{short}<title>{whole}</title></text>"
        );
    }

    /// A straight line.
    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let shape = format!("M{} {}L{} {}", at(from.0), at(from.1), at(to.0), at(to.1));
        self.path(class, &shape, "");
    }

    /// Axes, grid and labels around a frame.
    pub(super) fn axes(&mut self, frame: Frame, x: &Axis, y: &Axis) {
        for (place, mark) in y.marks() {
            self.line("grid", (frame.left, place), (frame.right, place));
            self.text("tick e", (frame.left - 6.0, place + 4.0), &mark);
        }
        for (place, mark) in x.marks() {
            self.line("axis", (place, frame.bottom), (place, frame.bottom + 4.0));
            self.text("tick m", (place, frame.bottom + 17.0), &mark);
        }
        self.line("axis", (frame.left, frame.bottom), (frame.right, frame.bottom));
        self.text("name m", ((frame.left + frame.right) / 2.0, frame.bottom + 36.0), &x.label);
        self.text("name s", (4.0, frame.top - 10.0), &y.label);
    }

    /// The axis of lying bars: grid lines down the frame, numbers below.
    pub(super) fn lying_axis(&mut self, frame: Frame, x: &Axis) {
        for (place, mark) in x.marks() {
            self.line("grid", (place, frame.top), (place, frame.bottom));
            self.text("tick m", (place, frame.bottom + 16.0), &mark);
        }
        self.text("name m", ((frame.left + frame.right) / 2.0, frame.bottom + 34.0), &x.label);
    }

    /// The axis at the left alone, for pictures whose places have names: grid lines across the frame, numbers beside it.
    pub(super) fn standing_axis(&mut self, frame: Frame, y: &Axis) {
        for (place, mark) in y.marks() {
            self.line("grid", (frame.left, place), (frame.right, place));
            self.text("tick e", (frame.left - 6.0, place + 4.0), &mark);
        }
        self.line("axis", (frame.left, frame.bottom), (frame.right, frame.bottom));
        self.text("name s", (4.0, frame.top - 10.0), &y.label);
    }

    /// A legend at the top left of a frame, in as many rows as it takes.
    pub(super) fn legend(&mut self, frame: Frame, names: &[String]) {
        let (mut x, mut y) = (frame.left, frame.top);
        for (index, name) in names.iter().enumerate() {
            let width = legend_width(name);
            if x + width > frame.right && x > frame.left {
                (x, y) = (frame.left, y + 18.0);
            }
            let swatch = Frame { left: x, top: y, right: x + 11.0, bottom: y + 11.0 };
            self.rect(&fill(index), swatch, "");
            self.label("key s", (x + 16.0, y + 10.0), (name, 28));
            x += width;
        }
    }
}

fn legend_width(name: &str) -> f64 {
    34.0 + 7.0 * name.chars().count().min(28) as f64
}

/// The height that a legend of these names takes within a width.
pub(super) fn legend_height(names: &[String], width: f64) -> f64 {
    let (mut x, mut height) = (0.0, 22.0);
    for name in names {
        let next = legend_width(name);
        if x + next > width && x > 0.0 {
            (x, height) = (0.0, height + 18.0);
        }
        x += next;
    }
    height
}

impl Scale {
    /// Maps `from.0..from.1` to `to.0..to.1`; an empty range is widened by 1.
    pub(super) fn new(from: (f64, f64), to: (f64, f64)) -> Self {
        let from = if from.1 > from.0 { from } else { (from.0 - 0.5, from.0 + 0.5) };
        Self { from, to }
    }

    /// The place of a value, kept within the drawing.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = ((value - self.from.0) / (self.from.1 - self.from.0)).clamp(0.0, 1.0);
        self.to.0 + share * (self.to.1 - self.to.0)
    }
}

impl Axis {
    /// An axis from the least to the largest value, widened to round ticks if `is_open`.
    pub(super) fn new(column: &str, range: (f64, f64), to: (f64, f64), is_open: bool) -> Self {
        let (low, high) = if range.1 > range.0 { range } else { (range.0 - 0.5, range.0 + 0.5) };
        let apart = if to.1 > to.0 { 70.0 } else { 44.0 };
        let step = step((low, high), (to.1 - to.0).abs(), apart);
        let range =
            if is_open { ((low / step).floor() * step, (high / step).ceil() * step) } else { (low, high) };
        let first = (range.0 / step).ceil();
        let count = ((range.1 / step + 1e-9).floor() - first).max(0.0);
        let ticks = (0u32..100)
            .map(f64::from)
            .take_while(|&index| index <= count)
            .map(|index| (first + index) * step)
            .collect();
        let (label, divisor) = scaled_label(column, range.1.abs().max(range.0.abs()));
        Self { scale: Scale::new(range, to), label, ticks, divisor }
    }

    /// An axis without ticks, for categories.
    pub(super) fn categories(label: &str) -> Self {
        let scale = Scale::new((0.0, 1.0), (0.0, 1.0));
        Self { scale, label: label.to_owned(), ticks: Vec::new(), divisor: 1.0 }
    }

    fn marks(&self) -> Vec<(f64, String)> {
        let step = match self.ticks.as_slice() {
            [a, b, ..] => (b - a) / self.divisor,
            _ => 1.0,
        };
        let is_small = step < 1e-4;
        let decimals = (0usize..6).find(|&d| is_whole(step, d)).unwrap_or(6);
        let mark = |tick: f64| {
            let value = tick / self.divisor;
            let value = if value.abs() < step * 1e-6 { 0.0 } else { value };
            if decimals == 0 || is_small {
                text::number(value)
            } else {
                format!("{value:.decimals$}").replace('-', "\u{2212}")
            }
        };
        self.ticks.iter().map(|&tick| (self.scale.at(tick), mark(tick))).collect()
    }
}

fn is_whole(step: f64, decimals: usize) -> bool {
    let scaled = (0..decimals).fold(step, |value, _| value * 10.0);
    (scaled - scaled.round()).abs() < 1e-6 * scaled.abs()
}

/// 1, 2 or 5 times a power of ten, so that ticks stand about `apart` units or a little more from each other.
fn step((low, high): (f64, f64), length: f64, apart: f64) -> f64 {
    let rough = (high - low) / (length / apart).max(2.0);
    let power = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough)
        .unwrap_or(rough)
}

/// Bases become kb and Mb; other large numbers are written out.
fn scaled_label(column: &str, largest: f64) -> (String, f64) {
    let Some(start) = column.find("[bp]") else { return (column.to_owned(), 1.0) };
    let (unit, divisor) = match largest {
        size if size >= 2e6 => ("[Mb]", 1e6),
        size if size >= 2e4 => ("[kb]", 1e3),
        _ => return (column.to_owned(), 1.0),
    };
    (format!("{}{unit}{}", &column[..start], &column[start + 4..]), divisor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let axis = Axis::new("insert size [bp]", (0.0, 1234.0), (0.0, 700.0), false);
        let marks: Vec<String> = axis.marks().into_iter().map(|(_, mark)| mark).collect();
        assert_eq!(marks, ["0", "200", "400", "600", "800", "1,000", "1,200"]);
        let axis = Axis::new("position [bp]", (0.0, 4e6), (0.0, 280.0), false);
        assert_eq!(axis.label, "position [Mb]");
        assert_eq!(axis.marks().last().map(|(_, mark)| mark.clone()), Some("4".to_owned()));
        let axis = Axis::new("r²", (0.0, 0.5), (0.0, 280.0), true);
        let marks: Vec<String> = axis.marks().into_iter().map(|(_, mark)| mark).collect();
        assert_eq!(marks, ["0.0", "0.2", "0.4", "0.6"]);
    }

    #[test]
    fn one_value_does_not_divide_by_zero() {
        let axis = Axis::new("x", (3.0, 3.0), (0.0, 100.0), true);
        assert!(axis.scale.at(3.0).is_finite());
    }

    #[test]
    fn text_is_escaped() {
        let mut svg = Svg::new(10.0, 10.0);
        svg.text("tick", (1.0, 2.0), "<script>");
        svg.rect("f0", Frame { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 }, "a\"b");
        let picture = svg.finish("x", "a<b", "c&d");
        assert!(!picture.contains("<script>") && !picture.contains("a<b") && !picture.contains("a\"b"));
    }
}
