//! DArTag's missing-allele discovery counts (MADC): a row an allele, `MARKER|Ref_0001`, `MARKER|Alt_0002` and
//! microhaplotypes beside them (`|RefMatch_…`, `|AltMatch_…`), with the reads of each sample.
//!
//! Of each marker the reference and the alternate allele themselves are read; further microhaplotypes are left out
//! and counted.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use landrace_genome::file::Input;

use super::{called, reads};
use crate::format::held::Held;
use crate::format::table::{Head, Row, TableReader, is_missing, is_named};
use crate::format::{Opened, ReadOptions};

const ALLELE: [&str; 1] = ["AlleleID"];
const CLONE: [&str; 1] = ["CloneID"];
const SEQUENCE: [&str; 1] = ["AlleleSequence"];

/// Row of the header, after DArT's rows of `*`, and the first column of samples.
fn layout(head: &Head) -> Option<(usize, usize)> {
    let is_header = |row: &usize| {
        (0..3)
            .all(|column| is_named(head.cell(*row, column), [&ALLELE, &CLONE, &SEQUENCE][column].as_slice()))
    };
    (0..head.rows.len().min(20)).find(is_header).map(|row| (row, 3))
}

/// Whether a table is one: its alleles are of the reference or the alternate.
pub(super) fn is_madc(head: &Head) -> bool {
    layout(head).is_some_and(|(row, _)| is_allele_of(head.cell(row + 1, 0)).is_some())
}

/// The kind of an allele's name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reference,
    Alternate,
    Other,
}

fn is_allele_of(name: &str) -> Option<(&str, Kind)> {
    let (marker, allele) = name.rsplit_once('|')?;
    let kind = match allele.split('_').next().unwrap_or_default() {
        "Ref" => Kind::Reference,
        "Alt" => Kind::Alternate,
        "RefMatch" | "AltMatch" | "Other" => Kind::Other,
        _ => return None,
    };
    Some((marker, kind))
}

pub(super) fn open(mut input: Input, options: &ReadOptions) -> Opened {
    let head = Head::of(&mut input)?;
    let mut table = TableReader::new(input, &head);
    let Some((header, first)) = layout(&head) else {
        return Err(table.line_error(1, "the header lacks AlleleID, CloneID and AlleleSequence"));
    };
    let mut row = Row::default();
    for _ in 0..=header {
        table.read(&mut row)?;
    }
    let mut held = Held::new();
    let width = row.len();
    for (index, name) in row.iter().enumerate().skip(first) {
        held.new_sample(name).map_err(|message| table.cell_error(row.line, index, message))?;
    }
    let samples = width.saturating_sub(first);
    let mut others = 0u64;
    // The reads of the markers' two alleles, as they come: rows of a marker need not stand together.
    let mut counts: Vec<[Vec<i32>; 2]> = Vec::new();
    while table.read(&mut row)? {
        row.fit(width).map_err(|message| table.line_error(row.line, message))?;
        let Some((marker, kind)) = is_allele_of(row.get(0)) else {
            let message = format!("'{}' names no allele; write MARKER|Ref or MARKER|Alt", row.get(0));
            return Err(table.cell_error(row.line, 0, message));
        };
        if kind == Kind::Other {
            others += 1;
            continue;
        }
        let marker = held.marker(marker);
        counts.resize_with(held.markers(), Default::default);
        let own = &mut counts[marker][usize::from(kind == Kind::Alternate)];
        if !own.is_empty() {
            return Err(table.cell_error(row.line, 0, "the marker has this allele twice; keep one of them"));
        }
        for column in first..width {
            let cell = row.get(column);
            let n = if is_missing(cell) { Ok(0) } else { reads(cell) };
            own.push(n.map_err(|message| table.cell_error(row.line, column, message))?);
        }
    }
    for (marker, [reference, alternate]) in counts.iter().enumerate() {
        for sample in 0..samples {
            let n = |own: &Vec<i32>| own.get(sample).copied().unwrap_or(0);
            held.set_depths(marker, sample, &[n(reference), n(alternate)]);
        }
    }
    if others > 0 {
        held.note(format!("{others} further microhaplotypes left out"));
    }
    let source = held.finish("DArTag allele counts (MADC)", table.input(), options)?;
    Ok(Box::new(called(source, options)))
}

#[cfg(test)]
mod tests {
    use landrace_genome::file;

    use super::*;
    use crate::format::open as open_files;
    use crate::matrix::GenotypeMatrix;
    use crate::plane::MISSING;

    fn read(text: &str) -> Result<(GenotypeMatrix, String), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("madc.csv");
        let mut out = file::create(&path).unwrap();
        std::io::Write::write_all(&mut out, text.as_bytes()).unwrap();
        out.finish().unwrap();
        let options = ReadOptions { ploidy: Some(4), ..ReadOptions::default() };
        let mut source = open_files(&[path], options).map_err(|error| error.to_string())?;
        let notes = source.header().notes.join("\n");
        let matrix = GenotypeMatrix::from_source(source.as_mut()).map_err(|error| error.to_string())?;
        Ok((matrix, notes))
    }

    #[test]
    fn reference_and_alternate_rows_are_a_marker() {
        let text = "*,*,*,P1,P1,P1\nAlleleID,CloneID,AlleleSequence,a 1,b,c\n\
            m1|Ref_0001,m1,ACGT,100,52,0\nm1|Alt_0002,m1,ACGA,0,50,0\nm1|RefMatch_0001,m1,ACGG,4,0,0\n\
            m2|Alt_0002,m2,TT,90,0,9\n";
        let (matrix, notes) = read(text).unwrap();
        assert!(
            notes.contains("read as DArTag allele counts") && notes.contains("1 further microhaplotypes")
        );
        assert_eq!(matrix.samples(), ["a 1", "b", "c"].map(str::to_owned));
        let mut codes = Vec::new();
        matrix.unpack(0, &mut codes);
        assert_eq!(codes, [0, 2, MISSING]);
        matrix.unpack(1, &mut codes);
        assert_eq!(codes, [4, MISSING, 4]);
    }

    #[test]
    fn mistakes_are_named() {
        let header = "AlleleID,CloneID,AlleleSequence,a,b\nm|Ref_0001,m,A,1,2\n";
        let fails = |line: &str| read(&(header.to_owned() + line)).map(|_| ()).unwrap_err();
        assert!(fails("m|Ref_0001,m,A,1,2\n").contains("line 3: column 1: the marker has this allele twice"));
        assert!(fails("m|Alt_0002,m,A,1,x\n").contains("line 3: column 5: cannot read 'x'"));
        assert!(fails("m_7,m,A,1,1\n").contains("'m_7' names no allele"));
    }
}
