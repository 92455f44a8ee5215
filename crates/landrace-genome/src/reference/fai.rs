//! The `.fai` index beside a FASTA file: read if it fits the file, so that a large genome need not be scanned.

use std::path::Path;

use super::ContigLayout;
use crate::contig::ContigDictionary;
use crate::file;

/// Reads `<fasta>.fai` and checks each contig's place against the bytes of the FASTA. `None` if there is no index
/// or if it does not fit: the FASTA is then scanned.
pub(super) fn read(fasta: &Path, bytes: &[u8]) -> Option<(ContigDictionary, Vec<ContigLayout>)> {
    let path = file::beside(fasta, ".fai");
    let text = path.is_file().then(|| file::read_text(&path).ok()).flatten()?;
    let mut contigs = ContigDictionary::default();
    let mut layouts = Vec::new();
    let mut expected_start = 0;
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, length, offset, line_bases, line_bytes, ..] = fields[..] else { return None };
        let number = |text: &str| text.parse::<u64>().ok();
        let (length, offset) = (number(length)?, number(offset)?);
        let layout = ContigLayout {
            offset,
            line_bases: number(line_bases)?.max(1),
            line_bytes: number(line_bytes)?.max(1),
        };
        expected_start = check(bytes, expected_start, name, (length, layout))?;
        contigs.push(name, length).ok()?;
        layouts.push(layout);
    }
    let is_whole =
        bytes.get(expected_start..)?.iter().all(u8::is_ascii_whitespace) && contigs.total_length() > 0;
    is_whole.then_some((contigs, layouts))
}

/// Checks that the contig's header starts at `start` and that its lines end as the index says; gives where the
/// next header must start.
fn check(bytes: &[u8], start: usize, name: &str, (length, layout): (u64, ContigLayout)) -> Option<usize> {
    let offset = usize::try_from(layout.offset).ok()?;
    let header = bytes.get(start..offset)?.strip_prefix(b">")?.strip_prefix(name.as_bytes())?;
    let ends_there =
        header.last() == Some(&b'\n') && header[..header.len() - 1].iter().all(|&byte| byte != b'\n');
    if !ends_there || !header[0].is_ascii_whitespace() || layout.line_bytes < layout.line_bases {
        return None;
    }
    let rest = length % layout.line_bases;
    let last = layout.offset + length / layout.line_bases * layout.line_bytes + rest;
    let mut end = usize::try_from(last).ok()?;
    // The last line may be full, short, or without an end at the end of the file.
    if rest == 0 && length > 0 {
        end = end.min(bytes.len());
        return (end == bytes.len() || bytes.get(end - 1) == Some(&b'\n')).then_some(end);
    }
    while bytes.get(end).is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
        end += 1;
    }
    (end == bytes.len() || bytes.get(end) == Some(&b'>')).then_some(end)
}
