//! Scores of fitPoly and fitTetra: a line a marker and sample, with the dosage in the column `geno`.
//!
//! The ploidy is told by the columns of probabilities, `P0` to `P4` for a tetraploid. The dosage counts the allele of
//! the ratio; what the alleles are is not said.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use landrace_genome::file::Input;

use super::held::Held;
use super::table::{Head, Row, TableReader, is_missing, is_named};
use super::{Opened, ReadOptions, Reader};
use crate::plane::MAX_PLOIDY;

#[cfg(test)]
mod tests;

/// How it is told and opened.
pub(crate) const READER: Reader = Reader {
    name: "fitpoly",
    about: "fitPoly scores",
    recognise: |head: &Head| head.rows.first().is_some_and(|row| Columns::of(row).is_some()),
    open,
};

struct Columns {
    marker: usize,
    sample: usize,
    dosage: usize,
    /// Copies of each chromosome, by the columns of probabilities.
    ploidy: Option<u8>,
    width: usize,
}

impl Columns {
    fn of(row: &Row) -> Option<Self> {
        let find = |name: &str| row.iter().position(|cell| is_named(cell, &[name]));
        let (marker, sample, dosage) = (find("markername")?, find("samplename")?, find("geno")?);
        let ploidy = (0..=MAX_PLOIDY).take_while(|number| find(&format!("p{number}")).is_some()).last();
        Some(Self { marker, sample, dosage, ploidy: ploidy.filter(|&ploidy| ploidy > 0), width: row.len() })
    }
}

fn open(input: Input, options: &ReadOptions) -> Opened {
    let mut table = TableReader::open(input)?;
    let mut row = Row::default();
    table.read(&mut row)?;
    let columns = Columns::of(&row).ok_or_else(|| {
        table
            .line_error(row.line, "lacks one of the columns MarkerName, SampleName and geno; write all three")
    })?;
    let ploidy = columns.ploidy.or(options.ploidy).ok_or_else(|| {
        table.line_error(
            row.line,
            "has no columns of probabilities that tell the ploidy; give it with --ploidy",
        )
    })?;
    let mut held = Held::new();
    held.set_ploidy(ploidy);
    while table.read(&mut row)? {
        row.fit(columns.width).map_err(|message| table.line_error(row.line, message))?;
        let (name, cell) = (row.get(columns.marker), row.get(columns.dosage).trim());
        let (marker, sample) = (held.marker(name), held.sample(row.get(columns.sample)));
        if is_missing(cell) {
            continue;
        }
        let dosage = cell.parse().ok().filter(|&dosage: &u8| dosage <= ploidy).ok_or_else(|| {
            let message = format!("cannot read the dosage '{cell}'; write 0 to {ploidy}, or NA");
            table.cell_error(row.line, columns.dosage, message)
        })?;
        if held.is_called(marker, sample) {
            let message = format!(
                "sample '{}' has marker '{name}' twice; leave one of them out",
                row.get(columns.sample)
            );
            return Err(table.line_error(row.line, message));
        }
        held.set_dosage(marker, sample, dosage);
    }
    held.note(format!("dosages of the column geno at ploidy {ploidy}; probabilities are not kept"));
    held.finish("fitPoly scores", table.input(), options)
}
