//! Reports of Diversity Arrays Technology: SNPs in one row or in two, and SilicoDArT (presence and absence).
//!
//! Above the header lie rows of the plates, with `*` in the columns that describe markers. In one row a call is 0 for
//! the reference homozygote, 1 for the SNP homozygote and **2 for the heterozygote**: these are not dosages. In two
//! rows each row tells the presence of one allele. Markers are known by their AlleleID, since several may lie in one
//! clone. SilicoDArT markers are dominant: presence is kept as one copy of a haploid call, since a heterozygote cannot
//! be told.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashSet;

use landrace_genome::file::Input;

use super::held::Held;
use super::places::position;
use super::table::{Head, Row, TableReader, is_named};
use super::wells::{Wells, add_samples};
use super::{Opened, ReadOptions, Reader};
use crate::plane::MISSING;

#[cfg(test)]
mod tests;

/// How it is told and opened.
pub(crate) const READER: Reader = Reader { name: "dart", about: "DArT reports", recognise: is_dart, open };

/// Columns that describe a marker, beside those that begin with Chrom, AlnCnt, AlnEvalue, Strand and TagPos.
const BESIDE: [&str; 34] = [
    "alleleid",
    "cloneid",
    "clusterconsensussequence",
    "clustertempindex",
    "clustersize",
    "allelesequence",
    "allelesequenceref",
    "allelesequencesnp",
    "trimmedsequence",
    "trimmedsequenceref",
    "trimmedsequencesnp",
    "consensus",
    "markername",
    "snp",
    "snpposition",
    "tagposition",
    "callrate",
    "oneratio",
    "oneratioref",
    "oneratiosnp",
    "freqhomref",
    "freqhomsnp",
    "freqhets",
    "picref",
    "picsnp",
    "pic",
    "avgpic",
    "avgcountref",
    "avgcountsnp",
    "avgreaddepth",
    "stdevreaddepth",
    "qpmr",
    "repavg",
    "reproducibility",
];

fn is_beside(name: &str) -> bool {
    let lower = name.trim().to_ascii_lowercase();
    is_named(name, &BESIDE)
        || ["chrom_", "chrompos", "chromposs", "chrompost", "alncnt", "alnevalue", "strand_", "tagpos"]
            .iter()
            .any(|start| lower.starts_with(start))
}

/// Whether a row names the columns of a report.
fn is_header(row: &Row) -> bool {
    let has = |name: &str| row.iter().take(60).any(|cell| is_named(cell, &[name]));
    has("cloneid") && (has("alleleid") || has("callrate") || has("allelesequence") || has("trimmedsequence"))
}

fn is_dart(head: &Head) -> bool {
    head.rows.iter().take(20).any(is_header)
}

/// How calls are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    OneRow,
    TwoRows,
    Silico,
}

impl Layout {
    fn name(self) -> &'static str {
        match self {
            Self::OneRow => "DArT SNPs in one row",
            Self::TwoRows => "DArT SNPs in two rows",
            Self::Silico => "SilicoDArT",
        }
    }
}

/// The columns of a report.
struct Columns {
    width: usize,
    /// Columns before the samples.
    beside: usize,
    id: usize,
    clone: usize,
    snp: Option<usize>,
    contig: Option<usize>,
    position: Option<usize>,
    /// Whether the position is that of the tag, not of the SNP.
    is_of_tag: bool,
}

impl Columns {
    /// The columns of a header; `stars` are the cells of `*` in the rows above it.
    fn of(header: &Row, stars: usize) -> Self {
        let find = |name: &str| header.iter().position(|cell| is_named(cell, &[name]));
        let starting =
            |start: &str| header.iter().position(|cell| cell.trim().to_ascii_lowercase().starts_with(start));
        let known = header.iter().take(200).rposition_of(is_beside).map_or(0, |last| last + 1);
        let clone = find("cloneid").unwrap_or(0);
        let of_snp = starting("chrompossnp");
        Self {
            width: header.len(),
            beside: if stars > 0 { stars } else { known },
            id: find("alleleid").unwrap_or(clone),
            clone,
            snp: find("snp"),
            contig: starting("chrom_"),
            position: of_snp.or_else(|| starting("chrompos")),
            is_of_tag: of_snp.is_none(),
        }
    }
}

/// Finds the last item that fits.
trait LastPosition<'a>: Iterator<Item = &'a str> + Sized {
    fn rposition_of(self, fits: fn(&str) -> bool) -> Option<usize> {
        self.enumerate().filter(|(_, cell)| fits(cell)).map(|(index, _)| index).last()
    }
}

impl<'a, I: Iterator<Item = &'a str>> LastPosition<'a> for I {}

fn open(input: Input, options: &ReadOptions) -> Opened {
    let mut table = TableReader::open(input)?;
    let mut row = Row::default();
    let mut above: Vec<Row> = Vec::new();
    loop {
        if !table.read(&mut row)? {
            return Err(table.file_error(
                "has no line with the columns AlleleID or CloneID; give a DArT report with its header",
            ));
        }
        if is_header(&row) {
            break;
        }
        above.push(row.clone());
    }
    let stars = above.iter().map(|row| row.iter().take_while(|cell| cell.trim() == "*").count()).max();
    let columns = Columns::of(&row, stars.unwrap_or(0));
    let mut held = Held::new();
    let names: Vec<(usize, String)> =
        row.iter().enumerate().skip(columns.beside).map(|(column, name)| (column, name.to_owned())).collect();
    let wells = wells_above(&above, &columns);
    add_samples(&mut held, &names, wells)
        .map_err(|(column, message)| table.cell_error(row.line, column, message))?;
    let has_snp = columns.snp.is_some();
    let mut report =
        Report { held, columns, layout: if has_snp { Layout::OneRow } else { Layout::Silico }, absent: 0 };
    report.read(&mut table)?;
    report.finish(&table, options)
}

/// Plates and wells of the samples, from the rows above the header: letters are rows of a plate, numbers up to 24 its
/// columns, and a word that several samples share is the plate.
fn wells_above(above: &[Row], columns: &Columns) -> Wells {
    let mut wells = Wells::default();
    let cells = |row: &Row| -> Vec<String> {
        (columns.beside..columns.width).map(|column| row.get(column).trim().to_owned()).collect()
    };
    let (mut letters, mut numbers) = (None, None);
    for row in above {
        let cells = cells(row);
        let all = |test: fn(&String) -> bool| cells.iter().all(test);
        if all(|cell| cell.is_empty()) {
            continue;
        }
        if all(|cell| matches!(cell.as_bytes(), [b'A'..=b'P'])) {
            letters = letters.or(Some(cells));
        } else if all(|cell| cell.parse().is_ok_and(|n: u8| (1..=24).contains(&n))) {
            numbers = numbers.or(Some(cells));
        } else if wells.plates.is_none() && is_shared(&cells) {
            wells.plates = Some(cells);
        } else {
            wells.others.push((format!("row {}", row.line), cells));
        }
    }
    if let (Some(letters), Some(numbers)) = (letters, numbers) {
        wells.wells = Some(
            letters.iter().zip(&numbers).map(|(letter, number)| format!("{letter}{number:0>2}")).collect(),
        );
    }
    wells
}

/// Whether cells are words that several samples share.
fn is_shared(cells: &[String]) -> bool {
    let different: HashSet<&String> = cells.iter().collect();
    different.len() < cells.len() && cells.iter().all(|cell| cell.parse::<f64>().is_err())
}

/// The calls read so far.
struct Report {
    held: Held,
    columns: Columns,
    layout: Layout,
    /// Calls with neither allele, in two rows.
    absent: u64,
}

impl Report {
    fn read(&mut self, table: &mut TableReader) -> Result<(), crate::GenotypeError> {
        let (mut row, mut first) = (Row::default(), Row::default());
        let mut is_first = true;
        while table.read(&mut row)? {
            row.fit(self.columns.width).map_err(|message| table.line_error(row.line, message))?;
            // The reference's row of two says no SNP.
            let is_reference = self.columns.snp.is_some_and(|snp| matches!(row.get(snp).trim(), "" | "-"));
            if is_first && is_reference {
                self.layout = Layout::TwoRows;
            }
            is_first = false;
            let result = match self.layout {
                Layout::OneRow | Layout::Silico => self.add_row(&row),
                Layout::TwoRows if is_reference && first.len() == 0 => {
                    first = row.clone();
                    Ok(())
                }
                Layout::TwoRows => {
                    let result = self.add_pair(&first, &row);
                    first = Row::default();
                    result
                }
            };
            result.map_err(|(column, message)| table.cell_error(row.line, column, message))?;
        }
        if first.len() > 0 {
            let message = "the marker's second row is missing; was the file cut short?";
            return Err(table.cell_error(first.line, self.columns.id, message));
        }
        Ok(())
    }

    /// Adds a marker and says where it lies and what its alleles are.
    fn add_marker(&mut self, row: &Row) -> Result<usize, (usize, String)> {
        let columns = &self.columns;
        let marker = self.held.new_marker(row.get(columns.id)).map_err(|message| {
            (columns.id, format!("{message} (markers are known by {})", self.id_name()))
        })?;
        let own = self.held.marker_mut(marker);
        if let Some(column) = columns.snp {
            let text = row.get(column).trim();
            let (reference, alternate) = alleles_of(text).ok_or_else(|| {
                (column, format!("cannot read the SNP '{text}'; DArT writes 12:A>G in this column"))
            })?;
            own.site.reference = reference.into();
            own.site.alternates = vec![alternate.into()];
        } else {
            own.site.reference = "N".into();
            own.site.alternates = vec!["<PRESENT>".into()];
        }
        if let (Some(contig), Some(column)) = (columns.contig, columns.position) {
            let name = row.get(contig).trim();
            if !matches!(name, "" | "-" | "NA" | "*") {
                own.site.position = position(row.get(column)).map_err(|message| (column, message))?;
                own.contig = own.site.position.map(|_| name.into());
            }
        }
        Ok(marker)
    }

    fn id_name(&self) -> &'static str {
        if self.columns.id == self.columns.clone { "CloneID" } else { "AlleleID" }
    }

    fn add_row(&mut self, row: &Row) -> Result<(), (usize, String)> {
        let marker = self.add_marker(row)?;
        for sample in 0..self.columns.width - self.columns.beside {
            let column = self.columns.beside + sample;
            let dosage = match (row.get(column).trim(), self.layout) {
                ("0", _) => 0,
                ("1", Layout::OneRow) => 2,
                ("2", Layout::OneRow) => 1,
                ("1", Layout::Silico) => 1,
                ("-" | "" | "NA", _) => MISSING,
                (cell, layout) => return Err((column, unreadable(cell, layout))),
            };
            self.held.set_dosage(marker, sample, dosage);
        }
        Ok(())
    }

    fn add_pair(&mut self, first: &Row, second: &Row) -> Result<(), (usize, String)> {
        let columns = &self.columns;
        if first.len() == 0 || first.get(columns.clone) != second.get(columns.clone) {
            let message = format!(
                "'{}' has no row of the reference allele before it; DArT writes the two rows of a marker one after the \
                 other",
                second.get(columns.id)
            );
            return Err((columns.id, message));
        }
        let marker = self.add_marker(second)?;
        for sample in 0..self.columns.width - self.columns.beside {
            let column = self.columns.beside + sample;
            let dosage = match (first.get(column).trim(), second.get(column).trim()) {
                ("1", "0") => 0,
                ("1", "1") => 1,
                ("0", "1") => 2,
                ("0", "0") => {
                    self.absent += 1;
                    MISSING
                }
                ("-" | "" | "NA", "-" | "" | "NA" | "0" | "1") | ("0" | "1", "-" | "" | "NA") => MISSING,
                (a, b) => {
                    let cell = if matches!(a, "0" | "1" | "-") { b } else { a };
                    return Err((column, unreadable(cell, Layout::TwoRows)));
                }
            };
            self.held.set_dosage(marker, sample, dosage);
        }
        Ok(())
    }

    fn finish(mut self, table: &TableReader, options: &ReadOptions) -> Opened {
        let held = &mut self.held;
        held.set_ploidy(if self.layout == Layout::Silico { 1 } else { 2 });
        held.note(match self.layout {
            Layout::OneRow => "0 is the reference homozygote, 1 the SNP homozygote, 2 the heterozygote",
            Layout::TwoRows => "presence of the reference allele, then of the SNP",
            Layout::Silico => {
                "dominant markers: presence is one copy of a haploid call, since heterozygotes cannot be told"
            }
        });
        if self.absent > 0 {
            held.note(format!("{} calls with neither allele are missing", self.absent));
        }
        if self.columns.position.is_some() && self.columns.is_of_tag && self.layout != Layout::Silico {
            held.note("positions are those of the tags, as the report has them");
        }
        self.held.finish(self.layout.name(), table.input(), options)
    }
}

/// The alleles of `12:A>G`.
fn alleles_of(snp: &str) -> Option<(&str, &str)> {
    let (reference, alternate) = snp.rsplit(':').next()?.split_once('>')?;
    let is_allele =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
    (is_allele(reference) && is_allele(alternate)).then_some((reference, alternate))
}

fn unreadable(cell: &str, layout: Layout) -> String {
    let expected = match layout {
        Layout::OneRow => "0, 1, 2 or -",
        Layout::TwoRows | Layout::Silico => "0, 1 or -",
    };
    let counts = if cell.parse::<u32>().is_ok() {
        "; is this a report of read counts? give that of the SNPs"
    } else {
        ""
    };
    format!("cannot read the call '{cell}' in {}: write {expected}{counts}", layout.name())
}
