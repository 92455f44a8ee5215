//! QR codes with their label, and the symbols beside them as a strip of colours.

use std::fmt::Write;

use landrace_genome::summary::Table;
use qrcodegen::{QrCode, QrCodeEcc};

use super::chart::{self, Picture};
use super::svg::{COLOURS, Frame, Svg, at};
use super::text;

/// Codes that are drawn.
const SHOWN: usize = 240;
/// Codes beside each other.
const ACROSS: usize = 6;
/// Side of a code with its quiet zone, and of its whole cell.
const SIDE: f64 = 150.0;
const CELL: (f64, f64) = (186.0, 216.0);
/// Modules of white around a code that readers need.
const QUIET: i32 = 4;

/// Draws a table of labels, texts of codes, and symbols.
pub(super) fn draw(table: &Table, id: &str) -> Option<Picture> {
    if table.columns.len() < 2 {
        return None;
    }
    let rows: Vec<[String; 3]> = table.rows.iter().take(SHOWN).map(|row| cells(row)).collect();
    let height = CELL.1 * rows.len().div_ceil(ACROSS) as f64 + 24.0;
    let mut svg = Svg::new(CELL.0 * ACROSS as f64, height);
    let mut too_long = 0;
    for (index, [label, code, symbols]) in rows.iter().enumerate() {
        let place = (CELL.0 * (index % ACROSS) as f64, CELL.1 * (index / ACROSS) as f64);
        svg.label("small s", (place.0 + 4.0, place.1 + 14.0), (label, 26));
        match modules(code) {
            Some(shape) => draw_code(&mut svg, (place.0 + 4.0, place.1 + 20.0), &shape, label),
            None => too_long += 1,
        }
        strip(&mut svg, (place.0 + 4.0, place.1 + 24.0 + SIDE), symbols);
    }
    let description = chart::description("QR codes", table, table.rows.len());
    let mut picture =
        Picture { svg: svg.finish(id, &table.title, &description), is_wide: true, notes: Vec::new() };
    picture.notes.extend(chart::cut_note(rows.len(), table.rows.len(), "codes"));
    if too_long > 0 {
        picture.notes.push(format!("{} too long for a code.", text::counted(too_long, "text")));
    }
    Some(picture)
}

fn cells(row: &[serde_json::Value]) -> [String; 3] {
    [0, 1, 2].map(|place| row.get(place).map(text::plain).unwrap_or_default())
}

/// The dark modules as one path in units of a module, and the width with the quiet zone.
fn modules(content: &str) -> Option<(String, i32)> {
    let code = QrCode::encode_text(content, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let run = (x..code.size()).take_while(|&x| code.get_module(x, y)).count();
            let run = i32::try_from(run).unwrap_or(0);
            if run > 0 {
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
            }
            x += run.max(1);
        }
    }
    Some((path, code.size() + 2 * QUIET))
}

/// Black on white in every theme: readers need the contrast.
fn draw_code(svg: &mut Svg, (x, y): (f64, f64), (path, width): &(String, i32), label: &str) {
    let scale = SIDE / f64::from(*width);
    svg.raw(&format!(
        "<g transform=\"translate({} {})\"><rect class=\"qr-paper\" width=\"{SIDE}\" height=\"{SIDE}\"/>\
         <path class=\"qr-ink\" transform=\"scale({scale:.4})\" d=\"{path}\"><title>{}</title></path></g>",
        at(x),
        at(y),
        text::escape(label)
    ));
}

/// One stripe a symbol, as wide as the code; missing ones pale.
fn strip(svg: &mut Svg, (x, y): (f64, f64), symbols: &str) {
    let count = symbols.chars().count();
    if count == 0 {
        return;
    }
    let width = SIDE / count as f64;
    for (index, symbol) in symbols.chars().enumerate() {
        let class = match symbol.to_digit(36) {
            Some(value) => format!("f{}", value as usize % COLOURS),
            None => "none".to_owned(),
        };
        let left = x + width * index as f64;
        svg.rect(&class, Frame { left, top: y, right: left + width, bottom: y + 12.0 }, "");
    }
    svg.label("tiny s", (x, y + 24.0), (symbols, 32));
}

#[cfg(test)]
mod tests {
    use landrace_genome::summary::Chart;

    use super::*;

    #[test]
    fn a_code_holds_its_finder_patterns() {
        let (path, width) = modules("LRF1:00000000:0120:A").unwrap();
        // The first row begins with the seven dark modules of a finder pattern, inside the quiet zone.
        assert!(path.starts_with("M4 4h7v1h-7z"), "{path}");
        assert_eq!((width - 8 - 17) % 4, 0);
        assert!(modules(&"x".repeat(5000)).is_none());
    }

    #[test]
    fn names_are_escaped_and_texts_that_are_too_long_are_said() {
        let table = Table {
            name: "barcodes".into(),
            title: "Barcodes".into(),
            chart: Chart::Barcode,
            columns: vec!["accession".into(), "text".into(), "barcode".into()],
            rows: vec![
                vec!["<b>".into(), "LRF1".into(), "01-".into()],
                vec!["long".into(), "x".repeat(5000).into(), "".into()],
            ],
            path: None,
        };
        let picture = draw(&table, "x").unwrap();
        assert!(!picture.svg.contains("<b>") && picture.svg.contains("class=\"none\""));
        assert_eq!(picture.notes, ["1 text too long for a code."]);
    }
}
