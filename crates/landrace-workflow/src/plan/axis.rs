//! The slots of a scatter: samples of a sheet, windows of a reference.

use serde::{Deserialize, Serialize};

use crate::catalogue::Sheet;
use crate::workflow::WorkflowError;

/// One slot of a scatter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AxisSlot {
    /// Its name, fit for a folder and unlike any other of the scatter.
    pub name: String,
    /// Its name as people write it.
    pub label: String,
    /// What of the input it is.
    pub share: Share,
}

/// What of an input a slot is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Share {
    /// Rows of a sheet, from 0.
    Rows {
        /// The input.
        sheet: String,
        /// The rows.
        rows: Vec<usize>,
    },
    /// Stretches of a reference.
    Spans(Vec<Span>),
}

/// A stretch of a contig, 0-based and half-open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The contig.
    pub contig: String,
    /// First base.
    pub start: u64,
    /// One past the last base.
    pub end: u64,
}

/// Longest folder name; file systems allow 255 bytes, and files add extensions.
const LONGEST_NAME: usize = 150;

/// One slot a sample, in the order of their first rows.
pub(super) fn samples(input: &str, sheet: &Sheet) -> Vec<AxisSlot> {
    let column = sheet.columns.iter().position(|name| name == "sample").unwrap_or(0);
    let mut found = std::collections::HashMap::new();
    let mut order: Vec<(&str, Vec<usize>)> = Vec::new();
    for (index, (_, cells)) in sheet.rows.iter().enumerate() {
        let sample = cells.get(column).map_or("", String::as_str);
        let at = *found.entry(sample).or_insert(order.len());
        if at == order.len() {
            order.push((sample, Vec::new()));
        }
        order[at].1.push(index);
    }
    let slot = |(sample, rows): (&str, Vec<usize>)| AxisSlot {
        name: folder_name(sample),
        label: sample.to_owned(),
        share: Share::Rows { sheet: input.to_owned(), rows },
    };
    order.into_iter().map(slot).collect()
}

/// Windows of the reference in its order. A contig longer than `window` is cut into windows; runs of shorter
/// ones share a slot until it holds a window's worth of bases. Every base is in one slot.
pub(super) fn regions(contigs: &[(String, u64)], window: u64) -> Vec<AxisSlot> {
    let mut slots: Vec<Vec<Span>> = Vec::new();
    let mut shared: Vec<Span> = Vec::new();
    let mut filled = 0;
    for (contig, length) in contigs.iter().filter(|(_, length)| *length > 0) {
        let is_short = *length < window;
        if (!is_short || filled + length > window) && !shared.is_empty() {
            slots.push(std::mem::take(&mut shared));
            filled = 0;
        }
        if is_short {
            shared.push(Span { contig: contig.clone(), start: 0, end: *length });
            filled += length;
            continue;
        }
        let starts = (0..length.div_ceil(window)).map(|index| index * window);
        let spans =
            starts.map(|start| Span { contig: contig.clone(), start, end: (start + window).min(*length) });
        slots.extend(spans.map(|span| vec![span]));
    }
    if !shared.is_empty() {
        slots.push(shared);
    }
    slots.into_iter().map(region_slot).collect()
}

fn region_slot(spans: Vec<Span>) -> AxisSlot {
    let (first, more) = (&spans[0], spans.len() - 1);
    let (contig, start, end) = (&first.contig, first.start + 1, first.end);
    let (name, label) = match more {
        0 => (format!("{contig}_{start}-{end}"), format!("{contig}:{start}-{end}")),
        _ => (format!("{contig}+{more}"), format!("{contig}+{more}")),
    };
    AxisSlot { name: folder_name(&name), label, share: Share::Spans(spans) }
}

/// A folder name for any sample or contig: letters, digits and a few marks stay, other bytes are written `%2F`.
/// Long names are cut and told apart by a digest.
fn folder_name(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte >= 0x80 || b"-_.+=@#".contains(&byte);
    let mut name = Vec::with_capacity(text.len());
    for (index, byte) in text.bytes().enumerate() {
        let leads_with_point = index == 0 && matches!(byte, b'.' | b'-');
        if is_plain(byte) && !leads_with_point {
            name.push(byte);
        } else {
            name.extend(format!("%{byte:02X}").bytes());
        }
    }
    let mut name = String::from_utf8_lossy(&name).into_owned();
    if name.len() > LONGEST_NAME {
        let digest = blake3::hash(text.as_bytes()).to_hex();
        let end = (0..=LONGEST_NAME - 17).rev().find(|&at| name.is_char_boundary(at)).unwrap_or(0);
        name.truncate(end);
        name = format!("{name}~{}", &digest[..16]);
    }
    name
}

/// Two slots of one scatter whose folders are the same to a file system that does not tell case apart are
/// still two folders here; equal names are a mistake of this module.
pub(super) fn check_names(axis: &str, slots: &[AxisSlot]) -> Result<(), WorkflowError> {
    let mut names: Vec<&str> = slots.iter().map(|slot| slot.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => {
            Err(WorkflowError::Given(format!("scatter '{axis}': two slots would be called '{}'", pair[0])))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contigs(lengths: &[u64]) -> Vec<(String, u64)> {
        lengths.iter().enumerate().map(|(index, &length)| (format!("c{index}"), length)).collect()
    }

    #[test]
    fn windows_cover_every_base_once() {
        let contigs = contigs(&[250, 30, 30, 0, 100, 50, 60, 5]);
        let slots = regions(&contigs, 100);
        let names: Vec<&str> = slots.iter().map(|slot| slot.label.as_str()).collect();
        assert_eq!(names, ["c0:1-100", "c0:101-200", "c0:201-250", "c1+1", "c4:1-100", "c5:1-50", "c6+1"]);
        let spans = slots.iter().flat_map(|slot| match &slot.share {
            Share::Spans(spans) => spans.clone(),
            Share::Rows { .. } => Vec::new(),
        });
        let covered: u64 = spans.map(|span| span.end - span.start).sum();
        assert_eq!(covered, contigs.iter().map(|(_, length)| length).sum::<u64>());
    }

    #[test]
    fn rows_of_one_sample_share_a_slot() {
        let row = |number, name: &str| (number, vec![name.to_owned()]);
        let rows = vec![row(2, "S 1"), row(3, "b"), row(4, "S 1")];
        let sheet = Sheet { columns: vec!["sample".into()], file_columns: Vec::new(), rows };
        let slots = samples("samples", &sheet);
        assert_eq!(slots[0].name, "S%201");
        assert_eq!(slots[0].share, Share::Rows { sheet: "samples".into(), rows: vec![0, 2] });
        assert_eq!(slots.len(), 2);
    }

    #[test]
    fn folder_names_are_safe_and_unlike() {
        assert_eq!(folder_name("../x"), "%2E.%2Fx");
        assert_eq!(folder_name("Köln-7"), "Köln-7");
        let (a, b) = (folder_name(&("x".repeat(300) + "a")), folder_name(&("x".repeat(300) + "b")));
        assert!(a != b && a.len() <= LONGEST_NAME);
    }
}
