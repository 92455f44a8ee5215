//! PLINK text files: `.ped` with a line a sample, `.map` with a line a marker.
//!
//! A `.ped` is held in memory, two bits a call, since its lines are samples and blocks are of variants. The
//! commonest allele of a marker is taken as the reference, as PLINK takes it for A2; of two as common, the one that
//! the file has first.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::io::BufRead;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use landrace_genome::ContigDictionary;
use landrace_genome::batch::map_in_order;
use landrace_genome::file::{FileError, Input, Meter};
use landrace_genome::summary::InputDigest;

use super::find::map_path;
use super::tables::{BimRow, read_map, sample_names};
use crate::block::layer::UNKNOWN;
use crate::block::{AlleleCodes, CallGroup, GenotypeBlock, Layers};
use crate::format::ReadOptions;
use crate::plane::{BitPlanes, MISSING};
use crate::source::{GenotypeError, GenotypeSource, ParseStretch, SourceHeader, Stretch};

mod allele;
mod batch;
mod panel;

use batch::{BATCH, Batch, Layout, Lines, count_columns, layout_of};
use panel::{Calls, Panel};

/// Variants in a block at most.
const BLOCK_ROWS: usize = 1024;

/// A `.ped` with its `.map`.
pub struct PedSource {
    input: Input,
    map: InputDigest,
    header: SourceHeader,
    parser: Arc<Parser>,
    next: usize,
}

struct Parser {
    panel: Panel,
    rows: Vec<BimRow>,
    /// The markers by place: indices of `rows`.
    order: Vec<usize>,
    /// Stretches of `order`, each of one contig.
    blocks: Vec<Range<usize>>,
    samples: Arc<[usize]>,
}

impl PedSource {
    /// Reads an opened `.ped`, and the `.map` beside it or that of the options.
    ///
    /// # Errors
    /// Returns an error that names the file, the line and the column if a line has not two calls a marker, a call
    /// cannot be read, a sample's name occurs twice or the `.map` is missing.
    pub fn open(mut input: Input, options: &ReadOptions) -> Result<Self, GenotypeError> {
        let map = options.map.clone().unwrap_or_else(|| map_path(input.path()));
        if std::fs::metadata(&map).is_err() {
            let message = format!(
                "has no table of its markers: {} is missing; put the .map beside the .ped, or name it with --map",
                map.display()
            );
            return Err(FileError::content(input.path(), message).into());
        }
        let rows = read_map(&map)?;
        let (panel, dashes) = read_panel(&mut input, rows.len())?;
        let (names, note) = sample_names(input.path(), &panel.families)?;
        let (order, is_sorted) = by_place(&rows);
        let blocks = cut(&rows, &order);
        let mut notes = vec![
            "the commonest allele of each marker is taken as the reference (A2), the other as A1".to_owned(),
        ];
        notes.extend(note);
        if dashes > 0 {
            notes.push(format!("{dashes} calls of '-' are taken as missing"));
        }
        if !is_sorted {
            notes.push("markers are put in order of their places".to_owned());
        }
        let header = SourceHeader {
            samples: names.into(),
            contigs: contigs(&rows, &order),
            families: Some(panel.families.clone().into()),
            has_named_alleles: (0..rows.len()).any(|marker| panel.needs_names(marker)),
            has_genetic_map: rows.iter().any(|row| row.site.genetic_position.is_some()),
            format: "PLINK .ped",
            notes,
            ..SourceHeader::default()
        };
        let samples = (0..header.samples.len()).collect();
        let parser = Arc::new(Parser { panel, rows, order, blocks, samples });
        Ok(Self { input, map: InputDigest::read(&map)?, header, parser, next: 0 })
    }
}

/// Reads all samples; gives also how many calls of `-` are missing.
fn read_panel(input: &mut Input, markers: usize) -> Result<(Panel, u64), GenotypeError> {
    let path = input.path().to_owned();
    let failed = |line, message| GenotypeError::Line { path: path.display().to_string(), line, message };
    let mut reader = LineReader { input, line: 0, has_samples: false };
    let Some(first) = reader.next_batch()? else {
        return Err(failed(1, "names no sample; was the file written to its end?".to_owned()));
    };
    let line = &first.bytes[first.lines[0].1.clone()];
    let layout = layout_of(line, markers)
        .ok_or_else(|| failed(first.lines[0].0, wrong_layout(&path, count_columns(line), markers)))?;
    let mut panel = Panel::new(markers);
    let rest = std::iter::from_fn(|| reader.next_batch().transpose());
    map_in_order(
        std::iter::once(Ok(first)).chain(rest),
        || (),
        |(), lines| Batch::parse(&lines, layout, markers).map_err(|(line, message)| failed(line, message)),
        |batch| {
            panel.push(batch).map_err(|marker| {
                let message = format!("marker {} has more than 250 alleles; is this its .map?", marker + 1);
                FileError::content(&path, message).into()
            })
        },
    )?;
    let dashes = panel.settle();
    Ok((panel, dashes))
}

fn wrong_layout(path: &Path, found: usize, markers: usize) -> String {
    format!(
        "has {found} columns, but the {markers} markers of {} make {} (six, then two a marker) or {} (calls such \
         as AG); give a .ped and a .map of one set, with all six columns before the calls",
        map_path(path).display(),
        Layout::Pairs.columns(markers),
        Layout::Compound.columns(markers)
    )
}

/// Reads lines by batches of samples.
struct LineReader<'a> {
    input: &'a mut Input,
    line: u64,
    has_samples: bool,
}

impl LineReader<'_> {
    fn next_batch(&mut self) -> Result<Option<Lines>, GenotypeError> {
        let mut lines = Lines::default();
        while lines.lines.len() < BATCH {
            let start = lines.bytes.len();
            if self.input.read_until(b'\n', &mut lines.bytes)? == 0 {
                break;
            }
            self.line += 1;
            let line = &lines.bytes[start..];
            let mark: &[u8] = if self.line == 1 { b"\xef\xbb\xbf" } else { b"" };
            let offset = if line.starts_with(mark) { mark.len() } else { 0 };
            let text = line[offset..].trim_ascii_end();
            // PLINK leaves out comments; a sample's line may begin with # all the same.
            if text.is_empty() || (!self.has_samples && text.starts_with(b"#")) {
                lines.bytes.truncate(start);
                continue;
            }
            self.has_samples = true;
            let range = start + offset..start + offset + end_of(&line[offset..]);
            lines.lines.push((self.line, range));
        }
        Ok((!lines.lines.is_empty()).then_some(lines))
    }
}

/// Length of a line without its end.
fn end_of(line: &[u8]) -> usize {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line).len()
}

/// The markers by contig, in the order in which the table has them first, and position; and whether they were so.
fn by_place(rows: &[BimRow]) -> (Vec<usize>, bool) {
    let mut ranks = std::collections::HashMap::new();
    let keys: Vec<(usize, u64)> = rows
        .iter()
        .map(|row| {
            let next = ranks.len();
            let rank = *ranks.entry(row.contig.clone()).or_insert(next);
            (rank, row.site.position.map_or(0, landrace_genome::Position::get))
        })
        .collect();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let is_sorted = keys.is_sorted();
    order.sort_by_key(|&row| keys[row]);
    (order, is_sorted)
}

fn cut(rows: &[BimRow], order: &[usize]) -> Vec<Range<usize>> {
    let mut blocks: Vec<Range<usize>> = Vec::new();
    for (place, &row) in order.iter().enumerate() {
        match blocks.last_mut() {
            Some(last) if last.len() < BLOCK_ROWS && rows[order[last.start]].contig == rows[row].contig => {
                last.end = place + 1;
            }
            _ => blocks.push(place..place + 1),
        }
    }
    blocks
}

fn contigs(rows: &[BimRow], order: &[usize]) -> ContigDictionary {
    let mut contigs = ContigDictionary::default();
    for &row in order {
        if contigs.id(&rows[row].contig).is_none() {
            // The name is new.
            let _ = contigs.push(&*rows[row].contig, 0);
        }
    }
    contigs
}

impl ParseStretch for Parser {
    fn blocks(&self, stretch: Stretch) -> Result<Vec<GenotypeBlock>, GenotypeError> {
        let block = usize::try_from(stretch.first).ok().and_then(|index| self.blocks.get(index));
        let Some(block) = block else { return Ok(Vec::new()) };
        let samples = self.samples.len();
        let mut calls = BitPlanes::new(2, samples);
        let (mut sites, mut pairs) = (Vec::new(), Vec::new());
        let mut layers = Layers::default();
        for &index in &self.order[block.clone()] {
            let marker = self.panel.marker(index);
            let mut site = self.rows[index].site.clone();
            let mut names =
                marker.alleles.iter().map(|name| String::from_utf8_lossy(name).into_owned().into());
            site.reference = names.next().unwrap_or_else(|| "0".into());
            site.alternates = names.collect();
            let is_multiallelic = site.alleles() > 2;
            match &marker.calls {
                Calls::Planes(planes) => calls.push_planes(planes),
                Calls::Pairs(own) => calls.push_row(&dosages(own)),
            }
            pairs.push(match marker.calls {
                Calls::Pairs(own) if is_multiallelic => Some(own),
                _ => None,
            });
            sites.push(site);
            layers.partial_calls += self.panel.partial_calls(index);
        }
        layers.alleles = allele_codes(&pairs, samples);
        let contig = self.rows[self.order[block.start]].contig.clone();
        let groups = vec![CallGroup { samples: self.samples.clone(), calls }];
        Ok(vec![GenotypeBlock { contig, samples, sites, groups, layers }])
    }
}

fn dosages(pairs: &[[u8; 2]]) -> Vec<u8> {
    let dosage = |&[a, b]: &[u8; 2]| match a {
        MISSING => MISSING,
        _ => u8::from(a > 0) + u8::from(b > 0),
    };
    pairs.iter().map(dosage).collect()
}

/// The alleles of variants that have more than two; `None` if none has.
fn allele_codes(rows: &[Option<Vec<[u8; 2]>>], samples: usize) -> Option<AlleleCodes> {
    if rows.iter().all(Option::is_none) {
        return None;
    }
    let phased = vec![false; samples];
    let mut codes = AlleleCodes::new(samples, 2);
    for row in rows {
        let row: Option<Vec<u8>> = row.as_ref().map(|pairs| {
            pairs.iter().flatten().map(|&code| if code == MISSING { UNKNOWN } else { code }).collect()
        });
        codes.push_row(row.as_deref().map(|row| (row, phased.as_slice())));
    }
    Some(codes)
}

impl GenotypeSource for PedSource {
    fn header(&self) -> &SourceHeader {
        &self.header
    }

    fn declare(&mut self, contigs: Vec<String>) {
        self.header.declare(contigs);
    }

    fn next_stretch(&mut self) -> Result<Option<Stretch>, GenotypeError> {
        let index = self.next;
        self.next += 1;
        let is_there = index < self.parser.blocks.len();
        Ok(is_there.then(|| Stretch { first: index as u64, ..Stretch::default() }))
    }

    fn extent(&self, stretch: &Stretch) -> Option<(String, u64, u64)> {
        let parser = &self.parser;
        let block = parser.blocks.get(usize::try_from(stretch.first).ok()?)?;
        let row = |place: usize| Some(&parser.rows[*parser.order.get(place)?]);
        let position = |row: &BimRow| row.site.position.map_or(0, landrace_genome::Position::get);
        let (first, last) = (row(block.start)?, row(block.end - 1)?);
        Some((first.contig.to_string(), position(first), position(last)))
    }

    fn parser(&self) -> Arc<dyn ParseStretch> {
        self.parser.clone()
    }

    fn meters(&self) -> Vec<Meter> {
        vec![self.input.meter()]
    }

    fn size(&self) -> u64 {
        self.input.size().unwrap_or(0)
    }

    fn digests(&self) -> Vec<InputDigest> {
        vec![InputDigest::of(&self.input), self.map.clone()]
    }
}

/// Whether a file's first bytes are those of a `.ped`: parents, sex and trait, then calls.
pub(crate) fn is_ped(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let line =
        head.split(|&b| b == b'\n').find(|line| !line.starts_with(b"#") && !line.trim_ascii().is_empty());
    let Some(line) = line.and_then(|line| std::str::from_utf8(line).ok()) else { return false };
    let is_whole = line.len() < head.len();
    let mut columns: Vec<&str> = line.split_ascii_whitespace().take(200).collect();
    if !is_whole {
        columns.pop();
    }
    let is_call = |text: &&str| {
        text.len() <= 3
            && text.bytes().all(|b| {
                matches!(
                    b.to_ascii_uppercase(),
                    b'A' | b'C' | b'G' | b'T' | b'N' | b'0'..=b'4' | b'-' | b'+' | b'D' | b'I' | b'B' | b'/'
                )
            })
    };
    columns.len() > 7
        && columns[4].parse::<i8>().is_ok_and(|sex| (-9..=3).contains(&sex))
        && (columns[5].parse::<f64>().is_ok() || columns[5] == "NA")
        && columns[6..].iter().all(is_call)
        && columns[6..].iter().any(|text| text.bytes().any(|b| b.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests;
