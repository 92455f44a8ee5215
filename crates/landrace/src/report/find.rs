//! The summaries under a folder, in a stable order, each once.

use std::collections::BTreeSet;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use landrace_genome::file::{self, FileError};
use landrace_genome::summary::{Chart, InputDigest, Summary, Table};
use serde_json::{Number, Value};

use super::text::natural_key;

/// The ending of a summary's file name.
const ENDING: &str = ".summary.json";

/// Rows of a table in a file of its own that are kept; of longer tables every 2nd, 4th, ... row.
const KEPT_ROWS: usize = 100_000;

/// A summary with its large tables read.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The summary; no table of it names a path any more.
    pub(crate) summary: Summary,
    /// What to call it: the subject, or else the name of the file that it is about.
    pub(crate) label: String,
    /// Notes on tables that were thinned, by table name.
    pub(crate) notes: Vec<(String, String)>,
    /// The summary's own file.
    pub(crate) digest: InputDigest,
}

/// Reads the summaries of the files and folders named. Folders are searched to any depth; hidden ones are
/// passed over. A summary that is there twice (in the working and the results folder of a run) counts once,
/// and reports' own summaries not at all.
pub(crate) fn summaries(inputs: &[PathBuf]) -> Result<Vec<Found>, FileError> {
    let mut paths = Vec::new();
    for input in inputs {
        if input.is_dir() {
            let before = paths.len();
            search(input, &mut paths)?;
            if paths.len() == before {
                let message =
                    "no *.summary.json in this folder; name a folder that Landrace commands wrote to";
                return Err(FileError::content(input, message));
            }
        } else {
            paths.push(input.clone());
        }
    }
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for path in paths {
        let summary = Summary::read(&path)?;
        if summary.command != "report" && seen.insert(summary.to_json()) {
            found.push(complete(summary, &path)?);
        }
    }
    if let (true, Some(first)) = (found.is_empty(), inputs.first()) {
        let message = "holds only summaries of reports; name a folder that other commands wrote to";
        return Err(FileError::content(first, message));
    }
    Ok(found)
}

fn search(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), FileError> {
    let failed = |error: io::Error| FileError::new(folder, &error);
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        entries.push((entry.file_name().to_string_lossy().into_owned(), entry));
    }
    entries.sort_by_cached_key(|(name, _)| (natural_key(name), name.clone()));
    for (name, entry) in entries {
        let path = entry.path();
        if name.starts_with('.') {
            continue;
        }
        // Links to folders are not followed: they may lead in circles.
        if entry.file_type().map_err(failed)?.is_dir() {
            search(&path, paths)?;
        } else if name.ends_with(ENDING) && path.is_file() {
            paths.push(path);
        }
    }
    Ok(())
}

fn complete(mut summary: Summary, path: &Path) -> Result<Found, FileError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let label = match summary.subject.as_str() {
        "" => name.strip_suffix(ENDING).unwrap_or(&name).to_owned(),
        subject => subject.to_owned(),
    };
    let mut notes = Vec::new();
    for table in &mut summary.tables {
        if let Some(relative) = table.path.take() {
            let file = path.parent().unwrap_or(Path::new(".")).join(&relative);
            if let Some(note) = read_rows(table, &file)? {
                notes.push((table.name.clone(), note));
            }
        }
        let width = table.columns.len();
        if let Some(row) = table.rows.iter().position(|row| row.len() != width) {
            let cells = table.rows[row].len();
            let message = format!(
                "row {} of table '{}' has {cells} cells for {width} columns; run the command that wrote it again",
                row + 1,
                table.name
            );
            return Err(FileError::content(path, message));
        }
    }
    Ok(Found { summary, label, notes, digest: InputDigest::read(path)? })
}

/// Fills a table from a TSV file with a header; says if rows were left out.
fn read_rows(table: &mut Table, path: &Path) -> Result<Option<String>, FileError> {
    let input = file::open(path)?;
    let mut lines = input.lines();
    let failed = |error: io::Error| FileError::new(path, &error);
    let header = lines.next().transpose().map_err(failed)?;
    let header = header.ok_or_else(|| FileError::content(path, "is empty; a header line is expected"))?;
    table.columns = header.split('\t').map(str::to_owned).collect();
    let (mut stride, mut rows, mut kept) = (1usize, 0usize, 0usize);
    for line in lines {
        let line = line.map_err(failed)?;
        let row: Vec<Value> = line.split('\t').map(typed).collect();
        // The lengths of contigs are no points that can be thinned.
        if is_length(table.chart, &row) {
            table.rows.push(row);
            continue;
        }
        if rows.is_multiple_of(stride) {
            table.rows.push(row);
            kept += 1;
        }
        rows += 1;
        if kept > KEPT_ROWS {
            stride *= 2;
            kept = halve(table);
        }
    }
    let total = super::text::number(rows as f64);
    Ok((stride > 1).then(|| format!("Drawn from one row in {stride} of the {total} in {}.", name(path))))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn is_length(chart: Chart, row: &[Value]) -> bool {
    chart == Chart::Contigs && row.get(1).is_none_or(Value::is_null)
}

/// Drops every second row; gives the number of those that count towards the limit.
fn halve(table: &mut Table) -> usize {
    let (chart, mut index, mut kept) = (table.chart, 0usize, 0usize);
    table.rows.retain(|row| {
        if is_length(chart, row) {
            return true;
        }
        index += 1;
        kept += index % 2;
        index % 2 == 1
    });
    kept
}

fn typed(text: &str) -> Value {
    match text {
        "" | "NA" | "nan" | "NaN" | "." => Value::Null,
        _ => {
            let whole = text.parse::<i64>().ok().map(Number::from);
            let number = whole.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64));
            number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
        }
    }
}
