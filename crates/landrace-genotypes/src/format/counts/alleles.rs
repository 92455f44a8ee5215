//! Tables of read counts with a row a sample and a column an allele, named `LOCUS_ALLELE`, as polyRAD keeps them:
//! `S01_138045_G`. The columns of a locus stand together; its first allele is the reference.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::ops::Range;

use landrace_genome::file::Input;

use super::{called, reads};
use crate::format::assay_grid::place_by_name;
use crate::format::held::Held;
use crate::format::table::{Head, Row, TableReader, is_missing};
use crate::format::{Opened, ReadOptions};

/// Locus and allele of a column.
fn split(name: &str) -> Option<(&str, &str)> {
    let (locus, allele) = name.trim().rsplit_once('_')?;
    let is_base =
        |byte: u8| matches!(byte.to_ascii_uppercase(), b'A' | b'C' | b'G' | b'T' | b'N' | b'-' | b'.');
    (!locus.is_empty() && !allele.is_empty() && allele.bytes().all(is_base)).then_some((locus, allele))
}

/// A locus and its columns.
struct Locus<'a> {
    name: &'a str,
    columns: Range<usize>,
}

/// The loci of a header; `None` if a column after the first names no allele.
fn loci<'a>(header: impl Iterator<Item = &'a str>) -> Option<Vec<Locus<'a>>> {
    let mut found: Vec<Locus<'a>> = Vec::new();
    for (column, name) in header.enumerate().skip(1) {
        let (name, _) = split(name)?;
        match found.last_mut() {
            Some(last) if last.name == name => last.columns.end = column + 1,
            _ => found.push(Locus { name, columns: column..column + 1 }),
        }
    }
    Some(found)
}

/// Whether a table is one: every column names an allele, some loci have several, and the cells are whole numbers.
pub(super) fn is_by_allele(head: &Head) -> bool {
    let Some(found) = loci(head.header()) else { return false };
    let [_, row, ..] = head.table_rows() else { return false };
    found.iter().any(|locus| locus.columns.len() > 1)
        && (1..row.len()).all(|column| is_missing(row.get(column)) || reads(row.get(column)).is_ok())
}

pub(super) fn open(mut input: Input, options: &ReadOptions) -> Opened {
    let head = Head::of(&mut input)?;
    let mut table = TableReader::new(input, &head);
    let (mut header, mut row) = (Row::default(), Row::default());
    table.read(&mut header)?;
    let names: Vec<&str> = (0..header.len()).map(|column| header.get(column)).collect();
    let Some(loci) = loci(names.iter().copied()) else {
        return Err(
            table.line_error(header.line, "a column names no allele; write LOCUS_ALLELE, as S01_138045_G")
        );
    };
    let mut held = Held::new();
    for locus in &loci {
        let marker = held.new_marker(locus.name).map_err(|message| {
            let message = format!("{message}; the columns of a locus stand together");
            table.cell_error(header.line, locus.columns.start, message)
        })?;
        let mut alleles =
            locus.columns.clone().filter_map(|column| split(names[column])).map(|(_, allele)| allele);
        let site = &mut held.marker_mut(marker).site;
        site.reference = alleles.next().unwrap_or_default().into();
        site.alternates = alleles.map(Into::into).collect();
    }
    let mut depths = Vec::new();
    while table.read(&mut row)? {
        row.fit(header.len()).map_err(|message| table.line_error(row.line, message))?;
        let sample = held.new_sample(row.get(0)).map_err(|message| table.cell_error(row.line, 0, message))?;
        for (marker, locus) in loci.iter().enumerate() {
            depths.clear();
            for column in locus.columns.clone() {
                let cell = row.get(column);
                let n = if is_missing(cell) { Ok(0) } else { reads(cell) };
                depths.push(n.map_err(|message| table.cell_error(row.line, column, message))?);
            }
            held.set_depths(marker, sample, &depths);
        }
    }
    if options.map.is_none() {
        place_by_name(&mut held);
    }
    held.note("the first allele of each locus is taken as the reference");
    let source = held.finish("read counts, a column an allele", table.input(), options)?;
    Ok(Box::new(called(source, options)))
}

#[cfg(test)]
mod tests {
    use landrace_genome::file;

    use super::*;
    use crate::format::open as open_files;
    use crate::matrix::GenotypeMatrix;
    use crate::plane::MISSING;

    fn read(text: &str) -> Result<GenotypeMatrix, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("depths.tsv");
        let mut out = file::create(&path).unwrap();
        std::io::Write::write_all(&mut out, text.as_bytes()).unwrap();
        out.finish().unwrap();
        let mut source = open_files(&[path], ReadOptions::default()).map_err(|error| error.to_string())?;
        let notes = source.header().notes.join("\n");
        assert!(notes.contains("read counts, a column an allele"), "{notes}");
        GenotypeMatrix::from_source(source.as_mut()).map_err(|error| error.to_string())
    }

    const HEADER: &str = "id\tS01_138_G\tS01_138_T\tS02_9_TG\tS02_9_TT\tS02_9_CT\n";

    #[test]
    fn columns_of_a_locus_are_a_marker() {
        let text = HEADER.to_owned() + "a 1\t0\t40\t40\t0\t0\nb\t30\t0\t0\t20\t20\nc\t20\t20\t0\t0\t0\n";
        let matrix = read(&text).unwrap();
        assert_eq!(matrix.samples(), ["a 1", "b", "c"].map(str::to_owned));
        let mut codes = Vec::new();
        matrix.unpack(0, &mut codes);
        assert_eq!((matrix.contig(0), codes.as_slice()), ("S01", [2, 0, 1].as_slice()));
        matrix.unpack(1, &mut codes);
        assert_eq!((matrix.site(1).alleles(), codes.as_slice()), (3, [0, 2, MISSING].as_slice()));
    }

    #[test]
    fn mistakes_are_named() {
        let fails = |line: &str| read(&format!("{HEADER}a\t1\t1\t1\t1\t1\n{line}")).map(|_| ()).unwrap_err();
        assert!(fails("b\t1\t-4\t1\t1\t1\n").contains("line 3: column 3: cannot read '-4'"));
        assert!(fails("b\t1\t1\n").contains("line 3"));
        assert!(fails("a\t1\t1\t1\t1\t1\n").contains("line 3: column 1"));
    }
}
