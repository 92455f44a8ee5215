//! Relationship matrices as files: tables with names, and the forms of GCTA, PLINK 2 and GEMMA, out and in.

use std::io::{BufRead, Read, Write};
use std::path::{Path, PathBuf};

use landrace_genome::file::{self, FileError, Output};
use rayon::prelude::*;

use super::{Counts, Relationship, SampleMatrix};
use crate::source::{Family, GenotypeError};

/// Forms of a matrix on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A table with the samples' names in the first line and column, tab-separated.
    Table,
    /// GCTA: `.grm.bin` and `.grm.N.bin` (lower half, 32 bits) and `.grm.id`.
    Gcta,
    /// PLINK 2: `.rel.bin` or `.king.bin` (square, 64 bits) and `.id`.
    Plink,
    /// PLINK 2: `.rel` or `.king` (lower half, text; `.king` without the diagonal) and `.id`.
    PlinkText,
    /// GEMMA: `.cXX.txt` or `.sXX.txt` (square, text, without names), with the names in `.id`.
    Gemma,
}

impl Layout {
    /// All forms, by the name on the command line.
    pub const ALL: [(&'static str, Self); 5] = [
        ("table", Self::Table),
        ("gcta", Self::Gcta),
        ("plink", Self::Plink),
        ("plink-text", Self::PlinkText),
        ("gemma", Self::Gemma),
    ];

    /// The form that a file's ending means; a table if it means none.
    pub fn of_path(path: &Path) -> Self {
        let name = path.to_string_lossy();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        if ends(&[".grm.bin", ".grm"]) {
            Self::Gcta
        } else if ends(&[".rel.bin", ".king.bin"]) {
            Self::Plink
        } else if ends(&[".rel", ".king"]) {
            Self::PlinkText
        } else if ends(&[".cXX.txt", ".sXX.txt"]) {
            Self::Gemma
        } else {
            Self::Table
        }
    }
}

/// Rows that are formatted at a time.
const ROWS: usize = 64;

/// Writes a matrix, with the family table for the forms that know families. The files wait to be published, the data
/// last.
///
/// # Errors
/// Returns an error if a file cannot be written.
pub fn write(
    relationship: &Relationship,
    families: Option<&[Family]>,
    layout: Layout,
    path: &Path,
) -> Result<Vec<Output>, GenotypeError> {
    write_matrix((&relationship.matrix, &relationship.counts), families, layout, path)
}

/// Writes a matrix with the number of variants behind its values, as [`write`].
///
/// # Errors
/// Returns an error if a file cannot be written.
pub fn write_matrix(
    (matrix, behind): (&SampleMatrix, &Counts),
    families: Option<&[Family]>,
    layout: Layout,
    path: &Path,
) -> Result<Vec<Output>, GenotypeError> {
    let name = path.to_string_lossy();
    let with = |stem: &str, ending: &str| PathBuf::from(format!("{stem}{ending}"));
    let stem = |endings: &[&str]| {
        endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name).to_owned()
    };
    match layout {
        Layout::Table => Ok(vec![write_table(matrix, path)?]),
        Layout::Gcta => {
            let stem = stem(&[".grm.bin", ".grm"]);
            let ids = write_ids(matrix, families, &with(&stem, ".grm.id"), false)?;
            let mut counts = file::create(with(&stem, ".grm.N.bin"))?;
            for index in 0..matrix.values.len() {
                counts.write_all(&(behind.at(index) as f32).to_le_bytes())?;
            }
            let mut values = file::create(with(&stem, ".grm.bin"))?;
            for &value in &matrix.values {
                values.write_all(&(value as f32).to_le_bytes())?;
            }
            Ok(vec![ids, counts, values])
        }
        Layout::Plink => {
            let ids = write_ids(matrix, families, &with(&stem(&[".bin"]), ".id"), true)?;
            let mut values = file::create(path)?;
            let mut row = Vec::with_capacity(8 * matrix.len());
            for i in 0..matrix.len() {
                row.clear();
                (0..matrix.len()).for_each(|k| row.extend_from_slice(&matrix.get(i, k).to_le_bytes()));
                values.write_all(&row)?;
            }
            Ok(vec![ids, values])
        }
        Layout::PlinkText => {
            let ids = write_ids(matrix, families, &with(&name, ".id"), true)?;
            let without_diagonal = usize::from(name.ends_with(".king"));
            let mut values = file::create(path)?;
            write_rows(matrix, &mut values, |i| (without_diagonal, 0..i + 1 - without_diagonal))?;
            Ok(vec![ids, values])
        }
        Layout::Gemma => {
            let mut ids = file::create(with(&name, ".id"))?;
            matrix.samples.iter().try_for_each(|sample| writeln!(ids, "{sample}"))?;
            let mut values = file::create(path)?;
            write_rows(matrix, &mut values, |_| (0, 0..matrix.len()))?;
            Ok(vec![ids, values])
        }
    }
}

fn write_ids(
    matrix: &SampleMatrix,
    families: Option<&[Family]>,
    path: &Path,
    with_header: bool,
) -> Result<Output, GenotypeError> {
    let mut out = file::create(path)?;
    if with_header {
        writeln!(out, "#FID\tIID")?;
    }
    for (index, sample) in matrix.samples.iter().enumerate() {
        match families.and_then(|families| families.get(index)) {
            Some(Family { fields: [family, own, ..] }) => writeln!(out, "{family}\t{own}")?,
            // Without families each sample is its own in GCTA's form, and of none in PLINK's.
            None if with_header => writeln!(out, "0\t{sample}")?,
            None => writeln!(out, "{sample}\t{sample}")?,
        }
    }
    Ok(out)
}

fn write_table(matrix: &SampleMatrix, path: &Path) -> Result<Output, GenotypeError> {
    let mut out = file::create(path)?;
    write!(out, "sample")?;
    matrix.samples.iter().try_for_each(|sample| write!(out, "\t{sample}"))?;
    writeln!(out)?;
    let all: Vec<usize> = (0..matrix.len()).collect();
    for rows in all.chunks(ROWS) {
        let lines: Vec<String> = rows
            .par_iter()
            .map(|&i| {
                let mut line = matrix.samples[i].clone();
                (0..matrix.len()).for_each(|k| push_number(&mut line, matrix.get(i, k), "\t"));
                line + "\n"
            })
            .collect();
        lines.iter().try_for_each(|line| out.write_all(line.as_bytes()))?;
    }
    Ok(out)
}

/// Writes rows of numbers alone; `columns` gives the first row that has any and a row's columns.
fn write_rows(
    matrix: &SampleMatrix,
    out: &mut Output,
    columns: impl Fn(usize) -> (usize, std::ops::Range<usize>) + Sync,
) -> Result<(), GenotypeError> {
    let all: Vec<usize> = (0..matrix.len()).collect();
    for rows in all.chunks(ROWS) {
        let lines: Vec<String> = rows
            .par_iter()
            .map(|&i| {
                let (first, columns) = columns(i);
                let mut line = String::new();
                columns.for_each(|k| {
                    let separator = if line.is_empty() { "" } else { "\t" };
                    push_number(&mut line, matrix.get(i, k), separator);
                });
                if i < first { line } else { line + "\n" }
            })
            .collect();
        lines.iter().try_for_each(|line| out.write_all(line.as_bytes()))?;
    }
    Ok(())
}

/// Nine digits after the point; `NA` for what is not known.
fn push_number(line: &mut String, value: f64, separator: &str) {
    use std::fmt::Write;
    line.push_str(separator);
    // Writing to a string does not fail.
    let _ = match value.is_finite() {
        true => write!(line, "{value:.9}"),
        false => write!(line, "NA"),
    };
}

/// Writes pairs with a value of at least `min`, with the variants behind them: a line a pair.
///
/// # Errors
/// Returns an error if the file cannot be written.
pub fn write_pairs(
    relationship: &Relationship,
    min: f64,
    path: &Path,
) -> Result<(Output, u64), GenotypeError> {
    let mut out = file::create(path)?;
    let columns: String = relationship.pair_columns().iter().map(|name| format!("\t{name}")).collect();
    writeln!(out, "sample1\tsample2\tvariants{columns}\t{}", relationship.method.value_name())?;
    let matrix = &relationship.matrix;
    let mut written = 0;
    for high in 0..matrix.len() {
        for low in 0..high {
            let index = high * (high + 1) / 2 + low;
            let value = matrix.values[index];
            if !(value >= min || value.is_nan() && min == f64::NEG_INFINITY) {
                continue;
            }
            let mut line = format!(
                "{}\t{}\t{}",
                matrix.samples[low],
                matrix.samples[high],
                relationship.counts.at(index)
            );
            if let Some(details) = relationship.details.get(high * (high - 1) / 2 + low) {
                details.iter().for_each(|count| line.push_str(&format!("\t{count}")));
            }
            push_number(&mut line, value, "\t");
            writeln!(out, "{line}")?;
            written += 1;
        }
    }
    Ok((out, written))
}

/// Reads a matrix of any of the forms written here, told by its ending and content: of a set, the file with the values
/// is named (or, for GCTA, what it begins with).
///
/// # Errors
/// Returns an error that names the file and the line if it is cut short, not symmetric in size, or lacks names.
pub fn read(path: &Path) -> Result<SampleMatrix, GenotypeError> {
    read_or_named(path, None)
}

/// As [`read`]; a text matrix that has no names, in itself or in a file `.id` beside it, such as GEMMA writes, takes those
/// given, if there are as many. Says whether the names are the file's.
///
/// # Errors
/// As [`read`].
pub fn read_beside(path: &Path, samples: &[String]) -> Result<(SampleMatrix, bool), GenotypeError> {
    let is_named = std::fs::metadata(file::beside(path, ".id")).is_ok();
    let matrix = read_or_named(path, (!is_named).then_some(samples))?;
    // Names from a header are the file's own too.
    let is_given = !is_named && *matrix.samples == *samples && !has_header(path)?;
    Ok((matrix, !is_given))
}

fn has_header(path: &Path) -> Result<bool, GenotypeError> {
    let name = path.to_string_lossy();
    if name.ends_with(".bin") || std::fs::metadata(path).is_err() {
        return Ok(true);
    }
    let mut line = String::new();
    file::open(path)?.take(1 << 12).read_line(&mut line)?;
    Ok(line.starts_with("sample\t"))
}

fn read_or_named(path: &Path, names: Option<&[String]>) -> Result<SampleMatrix, GenotypeError> {
    let name = path.to_string_lossy().into_owned();
    let set = PathBuf::from(format!("{}.grm.bin", name.strip_suffix(".grm").unwrap_or(&name)));
    if name.ends_with(".grm.bin") || std::fs::metadata(path).is_err() && std::fs::metadata(&set).is_ok() {
        let path = if name.ends_with(".grm.bin") { path } else { &set };
        return read_binary(path, 4);
    }
    if name.ends_with(".bin") {
        return read_binary(path, 8);
    }
    read_text(path, names)
}

/// Names from a table of FID and IID, of IID alone, or of one name a line.
fn read_ids(path: &Path) -> Result<Vec<String>, GenotypeError> {
    let text = file::read_text(path)?;
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let header = text.lines().next().unwrap_or_default();
    let column = usize::from(!header.starts_with("#IID"));
    let name = |line: &str| line.split('\t').nth(column).unwrap_or(line).to_owned();
    Ok(lines.map(name).collect())
}

fn read_binary(path: &Path, bytes: usize) -> Result<SampleMatrix, GenotypeError> {
    let wrong = |message: String| GenotypeError::from(FileError::content(path, message));
    let name = path.to_string_lossy();
    let ids = PathBuf::from(format!("{}.id", name.strip_suffix(".bin").unwrap_or(&name)));
    let samples = read_ids(&ids)?;
    let mut content = Vec::new();
    file::open(path)?.read_to_end(&mut content)?;
    let n = samples.len();
    let number = |at: usize| match bytes {
        4 => f64::from(f32::from_le_bytes(content[4 * at..][..4].try_into().unwrap_or_default())),
        _ => f64::from_le_bytes(content[8 * at..][..8].try_into().unwrap_or_default()),
    };
    let (half, square) = (n * (n + 1) / 2, n * n);
    let values = match content.len() / bytes {
        count if content.len() % bytes != 0 || count == 0 => Vec::new(),
        count if count == half && (bytes == 4 || half != square) => (0..half).map(number).collect(),
        count if count == square => {
            (0..n).flat_map(|i| (0..=i).map(move |k| i * n + k)).map(number).collect()
        }
        _ => Vec::new(),
    };
    if values.is_empty() {
        return Err(wrong(format!(
            "has {} bytes, which are not those of a matrix of the {n} samples of {}; give files of one set",
            content.len(),
            ids.display()
        )));
    }
    Ok(SampleMatrix { samples: samples.into(), values })
}

fn read_text(path: &Path, names: Option<&[String]>) -> Result<SampleMatrix, GenotypeError> {
    let wrong = |message: String| GenotypeError::from(FileError::content(path, message));
    let mut samples: Option<Vec<String>> = None;
    let mut rows: Vec<Vec<f64>> = Vec::new();
    for (line, number) in file::open(path)?.lines().zip(1u64..) {
        let line = line?;
        let mut cells: Vec<&str> = line.split('\t').collect();
        if number == 1 && cells[0] == "sample" {
            samples = Some(cells[1..].iter().map(|&name| name.to_owned()).collect());
            continue;
        }
        let failed =
            |message: String| GenotypeError::Line { path: path.display().to_string(), line: number, message };
        if let Some(samples) = &samples {
            let expected = samples.get(rows.len());
            if expected.is_none_or(|name| name != cells[0]) {
                let expected = expected.map_or("the end", |name| name);
                return Err(failed(format!(
                    "begins with '{}' in place of '{expected}'; rows and columns are the same samples in one order",
                    cells[0]
                )));
            }
            cells.remove(0);
        } else if cells.len() == 1 {
            cells = line.split_whitespace().collect();
        }
        let row: Result<Vec<f64>, &str> = cells
            .iter()
            .map(|&cell| if cell == "NA" { Ok(f64::NAN) } else { cell.parse().map_err(|_| cell) })
            .collect();
        rows.push(row.map_err(|cell| failed(format!("'{cell}' is not a number; give a matrix of numbers")))?);
    }
    let samples = match samples {
        Some(samples) => samples,
        None => match names {
            Some(names) => names.to_vec(),
            None => read_ids(&file::beside(path, ".id"))?,
        },
    };
    let n = samples.len();
    // PLINK leaves out the diagonal of kinship, which is one half of each with itself.
    if rows.len() + 1 == n && rows.first().is_some_and(|row| row.len() == 1) {
        rows.insert(0, Vec::new());
        rows.iter_mut().for_each(|row| row.push(0.5));
    }
    let fits = |(i, row): (usize, &Vec<f64>)| row.len() == n || row.len() == i + 1;
    if rows.len() != n || !rows.iter().enumerate().all(fits) {
        return Err(wrong(format!("is not a matrix of its {n} samples; was it written to its end?")));
    }
    let values = rows.into_iter().enumerate().flat_map(|(i, row)| row.into_iter().take(i + 1)).collect();
    Ok(SampleMatrix { samples: samples.into(), values })
}
