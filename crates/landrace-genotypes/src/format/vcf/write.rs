//! Blocks to lines of VCF.

use std::io::Write;

use memchr::memchr_iter;

use super::parse::next_field;
use crate::block::layer::{ABSENT, UNKNOWN};
use crate::block::{Filters, GenotypeBlock, RecordLines, SiteCounts};
use crate::plane::MISSING;
use crate::source::SourceHeader;

/// Writes variants as lines. Keeps buffers between lines.
#[derive(Default)]
pub(crate) struct LineWriter {
    codes: Vec<u8>,
}

/// The header of a variant file: what the source had, or what its calls need, and the column line.
pub(crate) fn header_text(header: &SourceHeader, command: &str) -> String {
    let mut lines = match &header.meta {
        Some(meta) => meta.lines.clone(),
        None => own_lines(header),
    };
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

impl LineWriter {
    /// Appends a variant's line, with its end, to `out`.
    pub(crate) fn write(&mut self, block: &GenotypeBlock, row: usize, out: &mut Vec<u8>) {
        match &block.layers.records {
            Some(records) => write_record(block, records, row, out),
            None => self.write_calls(block, row, out),
        }
        out.push(b'\n');
    }

    /// A line from the calls alone.
    fn write_calls(&mut self, block: &GenotypeBlock, row: usize, out: &mut Vec<u8>) {
        let site = &block.sites[row];
        let or_dot = |text: &str| if text.is_empty() { ".".to_owned() } else { text.to_owned() };
        let position = site.position.map_or(0, landrace_genome::Position::get);
        let (reference, alternates) = vcf_alleles(&site.reference, &site.alternates);
        let quality = site.quality.map_or_else(|| ".".to_owned(), |quality| quality.to_string());
        let filters = match &site.filters {
            Filters::NotApplied => ".",
            Filters::Pass => "PASS",
            Filters::Failed(names) => names,
        };
        let info = site.genetic_position.as_ref().map_or_else(|| ".".to_owned(), |cm| format!("CM={cm}"));
        let _ = write!(
            out,
            "{}\t{position}\t{}\t{reference}\t{}\t{quality}\t{filters}\t{info}",
            block.contig,
            or_dot(&site.id),
            or_dot(&alternates)
        );
        if block.samples == 0 {
            return;
        }
        out.extend_from_slice(b"\tGT");
        let codes = block.layers.alleles.as_ref();
        if let (Some(rows), Some(phased)) =
            (codes.and_then(|codes| codes.row(row)), codes.and_then(|codes| codes.phased(row)))
        {
            for (call, &is_phased) in rows.zip(phased) {
                out.push(b'\t');
                write_alleles(call, is_phased, out);
            }
            return;
        }
        let ploidies = block.ploidies();
        block.unpack(row, &mut self.codes);
        for (&code, &ploidy) in self.codes.iter().zip(&ploidies) {
            out.push(b'\t');
            write_dosage(code, ploidy, out);
        }
    }
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
            code => {
                let _ = write!(out, "{code}");
            }
        }
    }
}

/// Alleles as VCF can hold them: `-` and `+` of marker tables become `<DEL>` and `<INS>` beside an unknown base.
fn vcf_alleles(reference: &str, alternates: &[Box<str>]) -> (String, String) {
    let symbol = |allele: &str| match allele {
        "-" => "<DEL>".to_owned(),
        "+" => "<INS>".to_owned(),
        other => other.to_owned(),
    };
    let reference = match reference {
        "-" | "+" | "" | "." | "0" => "N".to_owned(),
        other => other.to_owned(),
    };
    let alternates: Vec<String> = alternates.iter().map(|allele| symbol(allele)).collect();
    (reference, alternates.join(","))
}

/// A line from the file's own, with the samples chosen and the calls made missing since.
fn write_record(block: &GenotypeBlock, records: &RecordLines, row: usize, out: &mut Vec<u8>) {
    let line = records.line(row);
    let blanked = records.blanked.get(row).map_or(&[][..], Vec::as_slice);
    if records.columns.is_none() && blanked.is_empty() {
        out.extend_from_slice(line);
        return;
    }
    let tabs: Vec<usize> = memchr_iter(b'\t', line).take(9).collect();
    let [.., before_info, after_info] = tabs[..tabs.len().min(8)] else {
        out.extend_from_slice(line);
        return;
    };
    out.extend_from_slice(&line[..=before_info]);
    write_info(&line[before_info + 1..after_info], &block.counts(row), out);
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

/// INFO with the counts that depend on the samples' calls made anew, where they are there: AC, AN, AF, NS.
fn write_info(info: &[u8], counts: &SiteCounts, out: &mut Vec<u8>) {
    let (all, alternates) = (counts.alleles_called(), counts.alleles.get(1..).unwrap_or_default());
    let mut rest = Some(info);
    let mut is_first = true;
    while let Some(text) = rest {
        let (field, next) = next_field(text, b';');
        rest = next;
        if !is_first {
            out.push(b';');
        }
        is_first = false;
        let (key, value) = next_field(field, b'=');
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
