//! UNEAK's `HapMap.hmc`: read line by line, so that memory does not grow with the file; with a map of places the
//! table is held.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashSet;
use std::io::BufRead;

use landrace_genome::file::Input;

use super::{called, reads};
use crate::block::layer::Wanted;
use crate::block::{CallGatherer, GenotypeBlock, Layers, Ragged, Site};
use crate::format::held::{Held, UNKNOWN_ALTERNATE, UNKNOWN_REFERENCE};
use crate::format::lines::{ContigOf, LineSource};
use crate::format::places::UNPLACED;
use crate::format::table::{Head, Row, TableReader, is_named};
use crate::format::{Opened, ReadOptions};
use crate::plane::MISSING;
use crate::source::{GenotypeError, ParseStretch, SourceHeader, Stretch};

/// What the format is called.
const NAME: &str = "UNEAK read counts";
/// The first column after the samples.
const AFTER: [&str; 1] = ["HetCount_allele1"];

pub(super) fn open(mut input: Input, options: &ReadOptions) -> Opened {
    let head = Head::of(&mut input)?;
    let path = input.path().display().to_string();
    let wrong = |message: String| GenotypeError::Line { path: path.clone(), line: 1, message };
    let header: Vec<String> = head.header().map(str::to_owned).collect();
    let width = header.len();
    let end = header.iter().position(|cell| is_named(cell, &AFTER)).unwrap_or(width);
    let samples: Vec<String> = header.get(1..end).unwrap_or_default().to_vec();
    if samples.is_empty() {
        return Err(wrong("the header names no sample between 'rs' and 'HetCount_allele1'".to_owned()));
    }
    let mut seen = HashSet::new();
    if let Some(name) = samples.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(wrong(format!("sample '{name}' occurs twice; rename one of them")));
    }
    if options.map.is_some() {
        return open_held(input, &samples, options);
    }
    let parser = Parser { path: path.clone(), samples: samples.len(), width };
    input.skip_until(b'\n')?;
    let mut header = SourceHeader {
        samples: samples.into(),
        format: NAME,
        layers: Wanted { allele_depths: true, ..Wanted::default() },
        notes: vec!["markers without places (give a map with --map)".to_owned()],
        ..SourceHeader::default()
    };
    header.declare(vec![UNPLACED.to_owned()]);
    let source = LineSource::new((input, 1), ContigOf::All(UNPLACED), header, parser);
    Ok(Box::new(called(Box::new(source), options)))
}

/// Reads the whole table, so that markers can be put in order of the map.
fn open_held(input: Input, samples: &[String], options: &ReadOptions) -> Opened {
    let mut table = TableReader::open(input)?;
    let mut row = Row::default();
    let mut held = Held::new();
    table.read(&mut row)?;
    let width = row.len();
    for name in samples {
        held.new_sample(name).map_err(|message| table.line_error(1, message))?;
    }
    while table.read(&mut row)? {
        row.fit(width).map_err(|message| table.line_error(row.line, message))?;
        let marker = held.new_marker(row.get(0)).map_err(|m| table.cell_error(row.line, 0, m))?;
        for sample in 0..samples.len() {
            let counts =
                counts(row.get(sample + 1)).map_err(|m| table.cell_error(row.line, sample + 1, m))?;
            held.set_depths(marker, sample, &counts);
        }
    }
    let source = held.finish(NAME, table.input(), options)?;
    Ok(Box::new(called(source, options)))
}

/// Reads of both alleles.
fn counts(cell: &str) -> Result<[i32; 2], String> {
    let (reference, alternate) = cell
        .split_once('|')
        .ok_or_else(|| format!("cannot read the counts '{}'; write them as 3|0", cell.trim()))?;
    Ok([reads(reference)?, reads(alternate)?])
}

struct Parser {
    path: String,
    samples: usize,
    /// Columns of a line.
    width: usize,
}

impl ParseStretch for Parser {
    fn blocks(&self, stretch: Stretch) -> Result<Vec<GenotypeBlock>, GenotypeError> {
        let mut sites = Vec::new();
        let mut depths = Ragged::new(self.samples);
        let mut calls = CallGatherer::new(self.samples);
        let (ploidies, codes) = (vec![0; self.samples], vec![MISSING; self.samples]);
        let mut own = Vec::with_capacity(2 * self.samples);
        for (number, line) in (stretch.first..).zip(stretch.bytes.split(|&b| b == b'\n')) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            let failed = |message| GenotypeError::Line { path: self.path.clone(), line: number, message };
            own.clear();
            sites.push(self.read_line(line, &mut own).map_err(failed)?);
            depths.push_row(2, &own);
            calls.push(&ploidies, &codes);
        }
        if sites.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vec![GenotypeBlock {
            contig: UNPLACED.into(),
            samples: self.samples,
            sites,
            groups: calls.take(2),
            layers: Layers { allele_depths: Some(depths), ..Layers::default() },
        }])
    }
}

impl Parser {
    /// The site of a line; its counts go to `own`.
    fn read_line(&self, line: &[u8], own: &mut Vec<i32>) -> Result<Site, String> {
        let text =
            std::str::from_utf8(line).map_err(|_| "is not UTF-8; save the file as UTF-8".to_owned())?;
        let mut cells = text.split('\t');
        let id = cells.next().unwrap_or_default();
        for (column, cell) in (2..).zip(cells.by_ref().take(self.samples)) {
            let counts = counts(cell).map_err(|message| format!("column {column}: {message}"))?;
            own.extend_from_slice(&counts);
        }
        let found = 1 + own.len() / 2 + cells.count();
        if found != self.width {
            return Err(format!(
                "has {found} columns, but the header has {}; is the file cut short?",
                self.width
            ));
        }
        Ok(Site {
            id: id.into(),
            reference: UNKNOWN_REFERENCE.into(),
            alternates: vec![UNKNOWN_ALTERNATE.into()],
            ..Site::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::format::open as open_files;
    use crate::matrix::GenotypeMatrix;

    fn read(text: &str, options: &ReadOptions) -> Result<GenotypeMatrix, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("HapMap.hmc.txt");
        let mut out = landrace_genome::file::create(&path).unwrap();
        std::io::Write::write_all(&mut out, text.as_bytes()).unwrap();
        out.finish().unwrap();
        let mut source = open_files(&[path], options.clone()).map_err(|error| error.to_string())?;
        GenotypeMatrix::from_source(source.as_mut()).map_err(|error| error.to_string())
    }

    const HEADER: &str =
        "rs\tA 1\tB\tC\tHetCount_allele1\tHetCount_allele2\tCount_allele1\tCount_allele2\tFrequency\n";

    #[test]
    fn counts_become_calls() {
        let text = HEADER.to_owned()
            + "TP1\t0|6\t9|0\t0|0\t0\t0\t9\t6\t0.4\r\nTP2\t12|11\t9|0\t30|1\t12\t11\t51\t12\t0.2\n";
        let matrix = read(&text, &ReadOptions::default()).unwrap();
        assert_eq!(matrix.samples(), ["A 1", "B", "C"].map(str::to_owned));
        let mut codes = Vec::new();
        matrix.unpack(0, &mut codes);
        assert_eq!(codes, [2, 0, MISSING]);
        matrix.unpack(1, &mut codes);
        assert_eq!(codes, [1, 0, 0]);
        assert_eq!(&*matrix.site(1).id, "TP2");
        let tetraploid = read(&text, &ReadOptions { ploidy: Some(4), ..ReadOptions::default() }).unwrap();
        tetraploid.unpack(1, &mut codes);
        // Three plants say little of bias: half of the reads may be one copy or two.
        assert!(matches!(codes[0], 1 | 2) && codes[1..] == [0, 0], "{codes:?}");
    }

    #[test]
    fn mistakes_are_named() {
        let fails = |line: &str| read(&(HEADER.to_owned() + line), &ReadOptions::default()).unwrap_err();
        assert!(
            fails("TP1\t0|6\t9\t0|0\t0\t0\t9\t6\t0\n")
                .contains("line 2: column 3: cannot read the counts '9'")
        );
        assert!(
            fails("TP1\t0|6\t9|-1\t0|0\t0\t0\t9\t6\t0\n").contains("cannot read '-1' as a number of reads")
        );
        assert!(fails("TP1\t0|6\t9|1\n").contains("line 2: has 3 columns, but the header has 9"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[0-9|\\t\\n\\ra-z-]{0,200}") {
            let _ = read(&(HEADER.to_owned() + &text), &ReadOptions::default());
        }
    }
}
