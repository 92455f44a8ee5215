//! The text tables beside a `.bed`.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashSet;
use std::io::Read;
use std::path::Path;

use landrace_genome::file::{self, FileError};
use landrace_genome::summary::InputDigest;

use crate::source::{Family, GenotypeError};

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

/// Reads a `.fam`.
pub(super) fn read_fam(path: &Path) -> Result<(Vec<Family>, InputDigest), GenotypeError> {
    let (text, digest) = read_with_digest(path)?;
    let mut rows = Vec::new();
    for (number, line) in lines(&text) {
        let found = columns(line);
        let fields: Vec<Box<str>> = found.iter().map(|&field| field.into()).collect();
        let fields = fields.try_into().map_err(|_| {
            line_error(path, number, format!("has {} columns, but a .fam has 6", found.len()))
        })?;
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
