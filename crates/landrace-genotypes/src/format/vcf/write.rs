//! Blocks to lines of VCF.

use std::io::Write;

use memchr::memchr_iter;

use super::formats::Formats;
use super::meta::{Meta, attribute, attributes};
use super::names::{self, ALLELES_LINE, needs_names};
use super::parse::next_field;
use crate::block::layer::{ABSENT, UNKNOWN};
use crate::block::{Filters, GenotypeBlock, RecordLines, SiteCounts};
use crate::digits::push_count;
use crate::plane::MISSING;
use crate::source::SourceHeader;

/// Writes a block's variants as lines. Keeps buffers between lines.
pub(crate) struct LineWriter<'f> {
    formats: &'f Formats,
    ploidies: Vec<u8>,
    codes: Vec<u8>,
}

/// The header of a variant file: what the source had, or what its calls need, and the column line.
pub(crate) fn header_text(header: &SourceHeader, command: &str) -> String {
    let mut lines = match &header.meta {
        Some(meta) => meta.lines.clone(),
        None => own_lines(header),
    };
    if header.has_named_alleles && !is_declared(&lines, "ALLELES") {
        lines.push(ALLELES_LINE.to_owned());
    }
    let id = |line: &str| attribute(&attributes(line), "ID").unwrap_or_default().to_owned();
    for line in &header.info {
        if !is_declared(&lines, &id(line)) {
            lines.push(line.clone());
        }
    }
    Formats::of(header).declare(&mut lines);
    let declared = header.meta.as_ref().and_then(|meta| meta.contigs().ok()).unwrap_or_default();
    for (_, contig) in header.contigs.iter().filter(|(_, contig)| declared.id(&contig.name).is_none()) {
        match contig.length {
            0 => lines.push(format!("##contig=<ID={}>", contig.name)),
            length => lines.push(format!("##contig=<ID={},length={length}>", contig.name)),
        }
    }
    if !command.is_empty() {
        lines.push(format!("##landrace_command={command}"));
    }
    let mut columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO".to_owned();
    if !header.samples.is_empty() {
        columns.push_str("\tFORMAT");
    }
    for sample in header.samples.iter() {
        columns.push('\t');
        columns.push_str(sample);
    }
    lines.push(columns);
    lines.join("\n") + "\n"
}

fn is_declared(lines: &[String], id: &str) -> bool {
    Meta { lines: lines.to_vec() }.has("INFO", id)
}

fn own_lines(header: &SourceHeader) -> Vec<String> {
    let mut lines = vec!["##fileformat=VCFv4.3".to_owned()];
    lines.push(r#"##FILTER=<ID=PASS,Description="All filters passed">"#.to_owned());
    if header.has_genetic_map {
        lines.push(
            r#"##INFO=<ID=CM,Number=1,Type=Float,Description="Genetic position in centimorgans">"#.to_owned(),
        );
    }
    lines.push(r#"##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">"#.to_owned());
    lines
}

impl<'f> LineWriter<'f> {
    /// Begins the lines of a block.
    pub(crate) fn new(formats: &'f Formats, block: &GenotypeBlock) -> Self {
        Self { formats, ploidies: block.ploidies(), codes: Vec::new() }
    }

    /// Appends a variant's line, with its end, to `out`.
    pub(crate) fn write(&mut self, block: &GenotypeBlock, row: usize, out: &mut Vec<u8>) {
        match &block.layers.records {
            Some(records) => write_record(block, records, row, out),
            None => self.write_calls(block, row, out),
        }
        out.push(b'\n');
    }

    /// A line from the calls and the layers.
    fn write_calls(&mut self, block: &GenotypeBlock, row: usize, out: &mut Vec<u8>) {
        self.write_site(block, row, out);
        if block.samples == 0 {
            return;
        }
        let fields = self.formats.fields_of(block, row);
        out.extend_from_slice(b"\tGT");
        for field in &fields {
            out.push(b':');
            out.extend_from_slice(field.name().as_bytes());
        }
        let codes = block.layers.alleles.as_ref();
        let alleles = codes.and_then(|codes| Some((codes.row(row)?, codes.phased(row)?)));
        let Some((calls, phased)) = alleles else {
            block.unpack(row, &mut self.codes);
            for (sample, (&code, &ploidy)) in self.codes.iter().zip(&self.ploidies).enumerate() {
                out.push(b'\t');
                write_dosage(code, ploidy, out);
                fields.iter().for_each(|field| field.write(sample, out));
            }
            return;
        };
        for (sample, (call, &is_phased)) in calls.zip(phased).enumerate() {
            out.push(b'\t');
            write_alleles(call, is_phased, out);
            fields.iter().for_each(|field| field.write(sample, out));
        }
    }

    /// The columns from CHROM to INFO.
    fn write_site(&self, block: &GenotypeBlock, row: usize, out: &mut Vec<u8>) {
        let site = &block.sites[row];
        let has_names = self.formats.has_named_alleles && needs_names(site);
        let or_dot = |text: &str, out: &mut Vec<u8>| {
            out.extend_from_slice(if text.is_empty() { b"." } else { text.as_bytes() });
        };
        out.extend_from_slice(block.contig.as_bytes());
        out.push(b'\t');
        push_count(site.position.map_or(0, landrace_genome::Position::get), out);
        out.push(b'\t');
        or_dot(&site.id, out);
        out.push(b'\t');
        out.extend_from_slice(names::reference(site, has_names).as_bytes());
        out.push(b'\t');
        names::put_alternates(site, has_names, out);
        out.push(b'\t');
        match site.quality {
            Some(quality) => drop(write!(out, "{quality}")),
            None => out.push(b'.'),
        }
        out.push(b'\t');
        out.extend_from_slice(match &site.filters {
            Filters::NotApplied => b".",
            Filters::Pass => b"PASS",
            Filters::Failed(names) => names.as_bytes(),
        });
        out.push(b'\t');
        let start = out.len();
        if let Some(place) = &site.genetic_position {
            let _ = write!(out, "CM={place}");
        }
        if has_names {
            begin_info(start, out);
            out.extend_from_slice(b"ALLELES=");
            names::put_names(site, out);
        }
        let added = added_info(block, row);
        if !added.is_empty() {
            begin_info(start, out);
            out.extend_from_slice(added);
        }
        if out.len() == start {
            out.push(b'.');
        }
    }
}

/// Separates a field of INFO, which began at `start`, from the one before it.
fn begin_info(start: usize, out: &mut Vec<u8>) {
    if out.len() > start {
        out.push(b';');
    }
}

/// What is to be added to a variant's INFO.
fn added_info(block: &GenotypeBlock, row: usize) -> &[u8] {
    block.layers.info.as_ref().and_then(|rows| rows.get(row)).map_or(&[], |text| text.as_bytes())
}

/// The calls of a variant as GT has them, one a sample: `0/1`, `1|0`, `.` where nothing is known.
pub fn calls_as_text(block: &GenotypeBlock, row: usize) -> Vec<String> {
    let mut text = Vec::new();
    let mut of_call = |write: &mut dyn FnMut(&mut Vec<u8>)| {
        text.clear();
        write(&mut text);
        let is_unknown = text.iter().all(|byte| matches!(byte, b'.' | b'/' | b'|'));
        if is_unknown { ".".to_owned() } else { String::from_utf8_lossy(&text).into_owned() }
    };
    let codes = block.layers.alleles.as_ref();
    if let Some((calls, phased)) = codes.and_then(|codes| Some((codes.row(row)?, codes.phased(row)?))) {
        let each = calls.zip(phased);
        return each.map(|(call, &own)| of_call(&mut |out| write_alleles(call, own, out))).collect();
    }
    let mut codes = Vec::new();
    block.unpack(row, &mut codes);
    let each = codes.iter().zip(block.ploidies());
    each.map(|(&code, ploidy)| of_call(&mut |out| write_dosage(code, ploidy, out))).collect()
}

/// `0/0/1` for dosage 1 at ploidy 3.
fn write_dosage(code: u8, ploidy: u8, out: &mut Vec<u8>) {
    for copy in 0..ploidy {
        if copy > 0 {
            out.push(b'/');
        }
        out.push(match code {
            MISSING => b'.',
            dosage if copy >= ploidy - dosage.min(ploidy) => b'1',
            _ => b'0',
        });
    }
}

fn write_alleles(call: &[u8], is_phased: bool, out: &mut Vec<u8>) {
    for (copy, &code) in call.iter().take_while(|&&code| code != ABSENT).enumerate() {
        if copy > 0 {
            out.push(if is_phased { b'|' } else { b'/' });
        }
        match code {
            UNKNOWN => out.push(b'.'),
            code => push_count(code.into(), out),
        }
    }
}

/// A line from the file's own, with the samples chosen and the calls made missing since.
fn write_record(block: &GenotypeBlock, records: &RecordLines, row: usize, out: &mut Vec<u8>) {
    let line = records.line(row);
    let blanked = records.blanked.get(row).map_or(&[][..], Vec::as_slice);
    let added = added_info(block, row);
    if records.columns.is_none() && blanked.is_empty() && added.is_empty() {
        out.extend_from_slice(line);
        return;
    }
    let tabs: Vec<usize> = memchr_iter(b'\t', line).take(9).collect();
    let [.., before_info, after_info] = tabs[..tabs.len().min(8)] else {
        out.extend_from_slice(line);
        return;
    };
    out.extend_from_slice(&line[..=before_info]);
    let start = out.len();
    write_info(&line[before_info + 1..after_info], (&block.counts(row), added), out);
    if !added.is_empty() {
        begin_info(start, out);
        out.extend_from_slice(added);
    }
    if block.samples == 0 {
        return;
    }
    let calls_start = tabs.get(8).map_or(line.len(), |tab| tab + 1);
    let format = &line[after_info..calls_start.saturating_sub(1)];
    out.extend_from_slice(format);
    let gt = format.get(1..).unwrap_or_default().split(|&b| b == b':').position(|key| key == b"GT");
    let calls: Vec<&[u8]> = line[calls_start..].split(|&b| b == b'\t').collect();
    for sample in 0..block.samples {
        let column = records.columns.as_ref().map_or(sample, |columns| columns[sample]);
        let call = calls.get(column).copied().unwrap_or(b".");
        out.push(b'\t');
        match gt {
            Some(gt) if blanked.binary_search(&sample).is_ok() => write_blanked(call, gt, out),
            _ => out.extend_from_slice(call),
        }
    }
}

/// The call with its genotype made missing at its ploidy, all else as it was.
fn write_blanked(call: &[u8], gt: usize, out: &mut Vec<u8>) {
    for (index, field) in call.split(|&b| b == b':').enumerate() {
        if index > 0 {
            out.push(b':');
        }
        if index != gt {
            out.extend_from_slice(field);
            continue;
        }
        let copies = field.split(|b| matches!(b, b'/' | b'|')).filter(|allele| !allele.is_empty()).count();
        for copy in 0..copies.max(1) {
            out.extend_from_slice(if copy > 0 { b"/." } else { b"." });
        }
    }
}

/// INFO with the counts that depend on the samples' calls made anew, where they are there: AC, AN, AF, NS; and
/// without what is added anew.
fn write_info(info: &[u8], (counts, added): (&SiteCounts, &[u8]), out: &mut Vec<u8>) {
    let (all, alternates) = (counts.alleles_called(), counts.alleles.get(1..).unwrap_or_default());
    let mut rest = Some(info).filter(|info| added.is_empty() || info != b".");
    let start = out.len();
    while let Some(text) = rest {
        let (field, next) = next_field(text, b';');
        rest = next;
        let (key, value) = next_field(field, b'=');
        if !added.is_empty() && added.split(|&b| b == b';').any(|own| next_field(own, b'=').0 == key) {
            continue;
        }
        begin_info(start, out);
        let width = value.map_or(0, |value| 1 + memchr_iter(b',', value).count());
        let is_whole = width == alternates.len();
        match key {
            b"AN" => drop(write!(out, "AN={all}")),
            b"NS" => drop(write!(out, "NS={}", counts.called)),
            b"AC" if is_whole => write_list(out, "AC", alternates.iter().map(u64::to_string)),
            b"AF" if is_whole && all > 0 => {
                write_list(out, "AF", alternates.iter().map(|&n| short(n as f64 / all as f64)));
            }
            _ => out.extend_from_slice(field),
        }
    }
}

fn write_list(out: &mut Vec<u8>, key: &str, values: impl Iterator<Item = String>) {
    let _ = write!(out, "{key}={}", values.collect::<Vec<_>>().join(","));
}

/// Six significant digits at most.
fn short(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
