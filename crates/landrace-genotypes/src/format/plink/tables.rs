//! The text tables beside a `.bed`.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashSet;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use landrace_genome::Position;
use landrace_genome::file::{self, FileError};
use landrace_genome::summary::InputDigest;

use crate::block::Site;
use crate::source::{Family, GenotypeError};

/// A variant of a `.map`.
pub(super) struct BimRow {
    pub(super) contig: Arc<str>,
    pub(super) site: Site,
}

/// Columns separated by tabs if the line has any, so that names may hold spaces; else by white space.
fn columns(line: &str) -> Vec<&str> {
    if line.contains('\t') { line.split('\t').collect() } else { line.split_whitespace().collect() }
}

pub(super) fn line_error(path: &Path, line: u64, message: impl Into<String>) -> GenotypeError {
    GenotypeError::Line { path: path.display().to_string(), line, message: message.into() }
}

/// The lines that hold something, with their numbers.
fn lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty())
}

/// Reads a whole text file; gives its digest, too.
pub(super) fn read_with_digest(path: &Path) -> Result<(String, InputDigest), GenotypeError> {
    let mut input = file::open(path)?;
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| FileError::content(path, "is not UTF-8 text; save it as UTF-8"))?;
    Ok((text, InputDigest::of(&input)))
}

pub(super) fn wrong_columns(path: &Path, number: u64, line: &str, expected: &str) -> GenotypeError {
    let found = columns(line).len();
    let remedy = if line.contains('\t') { "" } else { "; separate them by tabs if names hold spaces" };
    line_error(path, number, format!("has {found} columns, but {expected}{remedy}"))
}

/// A position of a table; `None` where it is 0 or less, as PLINK writes unknown places. Whole numbers that a
/// spreadsheet or R wrote with an exponent are read.
pub(super) fn read_position(text: &str) -> Result<Option<Position>, String> {
    /// Whole numbers beyond this are not exact.
    const LARGEST: f64 = 9_007_199_254_740_992.0;
    let whole = text.parse::<i64>().ok().or_else(|| {
        let value: f64 = text.parse().ok()?;
        let is_exact = value.fract() == 0.0 && value.abs() < LARGEST && text.contains(['e', 'E']);
        is_exact.then(|| format!("{value:.0}").parse().ok()).flatten()
    });
    let whole = whole.ok_or_else(|| format!("cannot read the position '{text}'; write bases from 1"))?;
    Ok(u64::try_from(whole).ok().and_then(Position::new))
}

/// Reads a `.map` of four columns (contig, marker, place on the genetic map, position) or three (without the
/// genetic map), or a `.bim`. The alleles of its rows are empty.
pub(super) fn read_map(path: &Path) -> Result<Vec<BimRow>, GenotypeError> {
    let text = file::read_text(path)?;
    let mut rows: Vec<BimRow> = Vec::new();
    for (number, line) in
        lines(text.trim_start_matches('\u{feff}')).filter(|(_, line)| !line.starts_with('#'))
    {
        let (contig, id, genetic, position) = match *columns(line).as_slice() {
            [contig, id, genetic, position] | [contig, id, genetic, position, _, _] => {
                (contig, id, genetic, position)
            }
            [contig, id, position] => (contig, id, "0", position),
            _ => return Err(wrong_columns(path, number, line, "a .map has 4, or 3 without the genetic map")),
        };
        let contig = match rows.last() {
            Some(last) if *last.contig == *contig => last.contig.clone(),
            _ => contig.into(),
        };
        let position = read_position(position).map_err(|message| line_error(path, number, message))?;
        let site = Site {
            position,
            id: if id == "." { "" } else { id }.into(),
            genetic_position: Some(genetic).filter(|text| !matches!(*text, "0" | ".")).map(Into::into),
            ..Site::default()
        };
        rows.push(BimRow { contig, site });
    }
    if rows.is_empty() {
        return Err(line_error(path, 1, "names no marker; was it written to its end?"));
    }
    Ok(rows)
}

/// Reads a `.fam`.
pub(super) fn read_fam(path: &Path) -> Result<(Vec<Family>, InputDigest), GenotypeError> {
    let (text, digest) = read_with_digest(path)?;
    let mut rows = Vec::new();
    for (number, line) in lines(&text) {
        let found = columns(line);
        let fields: Vec<Box<str>> = found.iter().map(|&field| field.into()).collect();
        let fields = fields.try_into().map_err(|_| wrong_columns(path, number, line, "a .fam has 6"))?;
        rows.push(Family { fields });
    }
    if rows.is_empty() {
        return Err(line_error(path, 1, "names no sample; was it written to its end?"));
    }
    Ok((rows, digest))
}

/// Names of the samples: their own, or `FAMILY_SAMPLE` for all if a name occurs in several families; and what to
/// say of it.
pub(super) fn sample_names(
    path: &Path,
    rows: &[Family],
) -> Result<(Vec<String>, Option<String>), GenotypeError> {
    let is_unique = |names: &[String]| {
        let mut seen = HashSet::new();
        names.iter().all(|name| seen.insert(name.as_str()))
    };
    let own: Vec<String> = rows.iter().map(|row| row.fields[1].to_string()).collect();
    if is_unique(&own) {
        return Ok((own, None));
    }
    let joined: Vec<String> = rows.iter().map(|row| format!("{}_{}", row.fields[0], row.fields[1])).collect();
    if is_unique(&joined) {
        let note = "sample names occur in several families: read as FAMILY_SAMPLE".to_owned();
        return Ok((joined, Some(note)));
    }
    let mut seen = HashSet::new();
    let (row, name) =
        (1..).zip(&joined).find(|(_, name)| !seen.insert(name.as_str())).unwrap_or((1, &joined[0]));
    Err(line_error(path, row, format!("sample '{name}' (family_sample) occurs twice; rename one of them")))
}
