//! Marker maps: where markers lie (and what their alleles are), for formats that do not say.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use landrace_genome::file::Meter;
use landrace_genome::summary::InputDigest;
use landrace_genome::{Position, file};

use super::table::{Head, Row, TableReader, is_named, workbook};
use crate::source::GenotypeError;

/// Where a marker lies.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Place {
    /// The contig.
    pub(crate) contig: Arc<str>,
    /// Position in bases, if the map has one.
    pub(crate) position: Option<Position>,
    /// Place on the genetic map, as the file has it.
    pub(crate) genetic: Option<Box<str>>,
    /// Reference and alternate allele, if the map names them.
    pub(crate) alleles: Option<(Box<str>, Box<str>)>,
}

/// A table of places by the markers' names.
pub(crate) struct MarkerMap {
    pub(crate) path: String,
    pub(crate) digest: InputDigest,
    pub(crate) meter: Meter,
    /// Contigs in the map's order.
    pub(crate) contigs: Vec<Arc<str>>,
    places: HashMap<Box<str>, Place>,
}

/// Which column holds what.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Columns {
    marker: usize,
    contig: usize,
    position: Option<usize>,
    genetic: Option<usize>,
    reference: Option<usize>,
    alternate: Option<usize>,
    /// Columns that a line must have.
    least: usize,
}

/// Names of the column of markers.
pub(crate) const MARKER: [&str; 18] = [
    "marker",
    "markers",
    "marker name",
    "markerid",
    "snp",
    "snpid",
    "snp name",
    "name",
    "id",
    "rs",
    "rsid",
    "locus",
    "probeset id",
    "probesetid",
    "assay",
    "assay id",
    "variant",
    "alleleid",
];
/// Names of the column of contigs.
pub(crate) const CONTIG: [&str; 10] = [
    "chrom",
    "chr",
    "chromosome",
    "contig",
    "seqid",
    "linkage group",
    "lg",
    "scaffold",
    "chrid",
    "chromosomeid",
];
/// Names of the column of positions in bases.
pub(crate) const POSITION: [&str; 15] = [
    "pos",
    "position",
    "bp",
    "physical position",
    "start",
    "ps",
    "pos bp",
    "position bp",
    "bp position",
    "mapinfo",
    "chrompos",
    "physpos",
    "coordinate",
    "location",
    "site",
];
/// Names of the column of places in centimorgans.
pub(crate) const GENETIC: [&str; 8] =
    ["cm", "genetic", "genetic position", "gen pos", "position cm", "pos cm", "morgan", "map"];
/// Names of the column of reference alleles.
pub(crate) const REFERENCE: [&str; 6] =
    ["ref", "reference", "ref allele", "reference allele", "allele1", "a1"];
/// Names of the column of alternate alleles.
pub(crate) const ALTERNATE: [&str; 7] =
    ["alt", "alternate", "alt allele", "alternate allele", "alternative", "allele2", "a2"];

impl MarkerMap {
    /// Reads a map: columns marker, contig and position by name (and reference and alternate allele, centimorgans),
    /// or a PLINK `.map` or `.bim`, or a Flapjack map (marker, chromosome, position, without names).
    ///
    /// # Errors
    /// Returns an error that names the file, the line and the remedy if it is none of them or names a marker twice.
    pub(crate) fn read(path: &Path) -> Result<Self, GenotypeError> {
        let mut input = file::open(path)?;
        if workbook::is_zip(&input.peek(4)?) {
            (input, _) = workbook::read(input, None)?;
        }
        let head = Head::of(&mut input)?;
        let mut table = TableReader::new(input, &head).skipping_comments();
        let mut row = Row::default();
        let mut columns: Option<Columns> = None;
        let mut places: HashMap<Box<str>, Place> = HashMap::new();
        let (mut contigs, mut seen) = (Vec::new(), HashSet::new());
        while table.read(&mut row)? {
            let found = match columns {
                Some(columns) => columns,
                None => {
                    let (found, is_header) = columns_of(&row).map_err(|m| table.line_error(row.line, m))?;
                    columns = Some(found);
                    if is_header {
                        continue;
                    }
                    found
                }
            };
            row.trim_to(found.least);
            if row.len() < found.least {
                let message = format!("has {} columns, but the map needs {}", row.len(), found.least);
                return Err(table.line_error(row.line, message));
            }
            let place = found.place(&row).map_err(|(column, m)| table.cell_error(row.line, column, m))?;
            if seen.insert(place.contig.clone()) {
                contigs.push(place.contig.clone());
            }
            let name = row.get(found.marker);
            if places.insert(name.into(), place).is_some() {
                let message = format!("marker '{name}' occurs twice; leave one of them out");
                return Err(table.cell_error(row.line, found.marker, message));
            }
        }
        let (digest, meter) = (InputDigest::of(table.input()), table.input().meter());
        Ok(Self { path: path.display().to_string(), digest, meter, contigs, places })
    }

    /// A marker's place.
    pub(crate) fn get(&self, marker: &str) -> Option<&Place> {
        self.places.get(marker)
    }
}

/// The columns by the names in the first row, or by the shape of the first row; and whether it is a header.
fn columns_of(row: &Row) -> Result<(Columns, bool), String> {
    let find = |names: &[&str]| row.iter().position(|cell| is_named(cell, names));
    let (marker, contig) = (find(&MARKER), find(&CONTIG));
    let (position, genetic) = (find(&POSITION), find(&GENETIC));
    if let (Some(marker), Some(contig), true) = (marker, contig, position.or(genetic).is_some()) {
        let (reference, alternate) = (find(&REFERENCE), find(&ALTERNATE));
        let used = [Some(marker), Some(contig), position, genetic, reference, alternate];
        let least = 1 + used.into_iter().flatten().max().unwrap_or(0);
        return Ok((Columns { marker, contig, position, genetic, reference, alternate, least }, true));
    }
    let is_number = |index: usize| row.get(index).trim().parse::<f64>().is_ok();
    let plain = Columns { marker: 1, contig: 0, ..Columns::default() };
    match row.len() {
        // .bim: contig, marker, cM, position, A1 (alternate), A2 (reference).
        6 if is_number(2) && is_number(3) => Ok((
            Columns { genetic: Some(2), position: Some(3), reference: Some(5), alternate: Some(4), least: 6, ..plain },
            false,
        )),
        4 if is_number(2) && is_number(3) => {
            Ok((Columns { genetic: Some(2), position: Some(3), least: 4, ..plain }, false))
        }
        3 if is_number(2) => {
            Ok((Columns { marker: 0, contig: 1, position: Some(2), least: 3, ..Columns::default() }, false))
        }
        _ => Err("is no map of markers; give columns named marker, chrom and pos (and ref and alt if known), or a \
                  PLINK .map or .bim, or a Flapjack map"
            .to_owned()),
    }
}

impl Columns {
    fn place(self, row: &Row) -> Result<Place, (usize, String)> {
        let contig = row.get(self.contig).trim();
        let genetic = self.genetic.map(|column| row.get(column).trim());
        let mut place = Place {
            contig: if is_unknown(contig) { UNPLACED } else { contig }.into(),
            genetic: genetic.filter(|text| !is_unknown(text)).map(Into::into),
            ..Place::default()
        };
        if let Some(column) = self.position {
            let text = row.get(column).trim();
            match position(text) {
                Ok(position) => place.position = position,
                // Flapjack maps are often in centimorgans.
                Err(_) if self.genetic.is_none() && text.parse::<f64>().is_ok_and(|cm| cm >= 0.0) => {
                    place.genetic = Some(text.into());
                }
                Err(message) => return Err((column, message)),
            }
        }
        if let (Some(reference), Some(alternate)) = (self.reference, self.alternate) {
            let (reference, alternate) = (row.get(reference).trim(), row.get(alternate).trim());
            if !is_unknown(reference) && !is_unknown(alternate) {
                place.alleles = Some((reference.into(), alternate.into()));
            }
        }
        Ok(place)
    }
}

/// Contig of markers without a place, as PLINK names it.
pub(crate) const UNPLACED: &str = "0";

fn is_unknown(text: &str) -> bool {
    matches!(text, "" | "." | "0" | "NA" | "na" | "-" | "---" | "?" | "Un")
}

/// Reads a position: bases from 1; `None` for 0, NA and the like. Thousands' commas and a fraction of zero (from
/// spreadsheets) are let pass.
///
/// # Errors
/// Returns what is wrong with it.
pub(crate) fn position(text: &str) -> Result<Option<Position>, String> {
    let text = text.trim();
    if is_unknown(text) {
        return Ok(None);
    }
    let whole = text.strip_suffix(".0").unwrap_or(text);
    let read = whole.parse::<u64>().ok().or_else(|| {
        // 1.5e6 and 1e+05, as R writes them.
        let value: f64 = text.parse().ok().filter(|_| text.contains(['e', 'E']))?;
        let is_whole = value.fract() == 0.0 && (0.0..1e15).contains(&value);
        is_whole.then(|| format!("{value:.0}").parse().ok())?
    });
    match read {
        Some(value) => Ok(Position::new(value)),
        None => Err(format!("cannot read the position '{text}'; write bases from 1, or NA")),
    }
}
