//! Passports of gene banks: tables of the Multi-Crop Passport Descriptors (MCPD v2.1), checked descriptor by
//! descriptor, with what is certain repaired and listed.
//!
//! Nothing is repaired that could mean two things: 03/04/1998 stays, 25/04/1998 becomes 19980425. Columns that are no
//! descriptors are kept as they are.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::{BTreeMap, HashMap};

use landrace_genome::nearest::nearest;
use landrace_genotypes::GenotypeError;
use landrace_genotypes::cells::Cells;

mod coordinate;
pub mod country;
mod date;
pub mod descriptor;
pub mod origins;
pub mod value;
pub mod write;

use descriptor::{DESCRIPTORS, Descriptor};
use value::Verdict;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Not as the standard has it; to be mended by people.
    Error,
    /// May be right.
    Warning,
    /// Was not as the standard has it, and is now.
    Repaired,
}

impl Severity {
    /// As tables name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Repaired => "repaired",
        }
    }
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line of the file, from 1.
    pub line: u64,
    /// Number of the accession; empty for the header.
    pub accession: String,
    /// The descriptor, or the column's name.
    pub descriptor: String,
    /// The value as it was.
    pub value: String,
    /// What is wrong with it.
    pub problem: String,
    /// How bad it is.
    pub severity: Severity,
    /// The value written in its place if it was repaired; else what may be meant, or what to do.
    pub suggestion: String,
}

/// A column of a passport table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name: the descriptor's, or the file's own.
    pub name: String,
    /// What it is; `None` for columns that are no descriptors.
    pub descriptor: Option<&'static Descriptor>,
}

/// A checked passport table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passport {
    /// The path that it was read from.
    pub path: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Line of the file and cells of each accession, as many as columns.
    pub rows: Vec<(u64, Vec<String>)>,
    /// What was found, by line.
    pub problems: Vec<Problem>,
}

/// Checks a table and repairs what is certain. `named` says what the file's columns are, where their names do not: pairs
/// of the file's column and a descriptor.
///
/// # Errors
/// Returns an error if the table is no passport: no column is ACCENUMB, or `named` names columns or descriptors that
/// are not there, or two columns are one descriptor.
pub fn check(cells: Cells, named: &[(String, String)]) -> Result<Passport, GenotypeError> {
    let mut problems = Vec::new();
    let columns = columns_of(&cells, named, &mut problems)?;
    let mut passport = Passport { path: cells.path, columns, rows: cells.rows, problems };
    let key = passport.place("ACCENUMB").unwrap_or(0);
    passport.add_degree_columns();
    let mut rows = std::mem::take(&mut passport.rows);
    for (line, row) in &mut rows {
        passport.check_row(*line, key, row);
    }
    passport.rows = rows;
    passport.check_keys(key);
    passport.problems.sort_by_key(|problem| problem.line);
    Ok(passport)
}

/// What each column is.
fn columns_of(
    cells: &Cells,
    named: &[(String, String)],
    problems: &mut Vec<Problem>,
) -> Result<Vec<Column>, GenotypeError> {
    let mut given: HashMap<usize, &'static Descriptor> = HashMap::new();
    for (column, name) in named {
        let found = descriptor::by_header(name).ok_or_else(|| {
            let near = landrace_genome::nearest::hint(name, DESCRIPTORS.iter().map(|own| own.name));
            GenotypeError::Request(format!("'{name}' is no descriptor of MCPD v2.1{near}"))
        })?;
        given.insert(cells.column(column)?, found);
    }
    let mut places: HashMap<&str, usize> = given.iter().map(|(place, own)| (own.name, *place)).collect();
    let mut columns = Vec::new();
    for (at, header) in cells.columns.iter().enumerate() {
        let found = given.get(&at).copied().or_else(|| {
            // What was named is no other column.
            descriptor::by_header(header).filter(|own| !given.values().any(|other| other.name == own.name))
        });
        if let Some(own) = found {
            let other = *places.entry(own.name).or_insert(at);
            if other != at {
                let message = format!(
                    "columns {} ('{}') and {} ('{header}') are both {}; keep one, or rename one",
                    other + 1,
                    cells.columns[other],
                    at + 1,
                    own.name
                );
                return Err(cells.line_error(cells.header_line, message));
            }
        }
        problems.extend(header_problem(cells.header_line, header, found));
        columns.push(Column {
            name: found.map_or_else(|| header.clone(), |own| own.name.to_owned()),
            descriptor: found,
        });
    }
    let known = columns.iter().filter(|column| column.descriptor.is_some()).count();
    if !columns.iter().any(|column| column.name == "ACCENUMB" && column.descriptor.is_some()) {
        let near = nearest("ACCENUMB", cells.columns.iter().map(String::as_str));
        let remedy = near.map_or_else(
            || "name it with --columns COLUMN=ACCENUMB".to_owned(),
            |near| format!("if it is '{near}', say --columns '{near}=ACCENUMB'"),
        );
        let what = if known == 0 {
            "is no passport: none of its columns is a descriptor of MCPD v2.1, "
        } else {
            ""
        };
        let message = format!("{what}no column is ACCENUMB, the accession's number; {remedy}");
        return Err(cells.line_error(cells.header_line, message));
    }
    problems.extend(lacking(cells.header_line, &columns));
    Ok(columns)
}

/// The columns that a passport needs and this one lacks.
fn lacking(line: u64, columns: &[Column]) -> Vec<Problem> {
    let lacks = |needed: &&str| !columns.iter().any(|column| column.name == *needed);
    let problem = |needed: &str| Problem {
        line,
        accession: String::new(),
        descriptor: needed.to_owned(),
        value: String::new(),
        problem: "is not in the table, and is needed to exchange it".to_owned(),
        severity: Severity::Warning,
        suggestion: "add the column".to_owned(),
    };
    ["INSTCODE", "GENUS"].into_iter().filter(lacks).map(problem).collect()
}

/// What to say of a header.
fn header_problem(line: u64, header: &str, found: Option<&'static Descriptor>) -> Option<Problem> {
    let of = |problem: &str, severity, suggestion: String| Problem {
        line,
        accession: String::new(),
        descriptor: found.map_or(header, |own| own.name).to_owned(),
        value: header.to_owned(),
        problem: problem.to_owned(),
        severity,
        suggestion,
    };
    match found {
        Some(own) if own.name == header => None,
        Some(own) => Some(of("the column's name", Severity::Repaired, own.name.to_owned())),
        None => {
            let near = nearest(header, DESCRIPTORS.iter().map(|own| own.name));
            let suggestion = near.map_or_else(|| "kept as it is".to_owned(), |near| format!("{near}?"));
            Some(of("is no descriptor of MCPD v2.1", Severity::Warning, suggestion))
        }
    }
}

impl Passport {
    /// The place of a descriptor among the columns.
    pub fn place(&self, descriptor: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.descriptor.is_some() && column.name == descriptor)
    }

    /// A value of a row; empty if there is no such column.
    pub fn get<'r>(&self, row: &'r [String], descriptor: &str) -> &'r str {
        self.place(descriptor).map_or("", |place| row[place].as_str())
    }

    /// How many problems are this bad.
    pub fn count(&self, severity: Severity) -> usize {
        self.problems.iter().filter(|problem| problem.severity == severity).count()
    }

    /// Rows that have a value, for each column.
    pub fn completeness(&self) -> Vec<usize> {
        let filled = |place: usize| self.rows.iter().filter(|(_, row)| !row[place].is_empty()).count();
        (0..self.columns.len()).map(filled).collect()
    }

    /// Rows of each value of a descriptor, by value; those without one are left out.
    pub fn tally(&self, descriptor: &str) -> BTreeMap<&str, usize> {
        let mut out = BTreeMap::new();
        for (_, row) in &self.rows {
            let value = self.get(row, descriptor);
            if !value.is_empty() {
                *out.entry(value).or_insert(0) += 1;
            }
        }
        out
    }

    /// Adds the decimal columns where there are only degrees, minutes and seconds, right after them.
    fn add_degree_columns(&mut self) {
        for (from, to) in [("LATITUDE", "DECLATITUDE"), ("LONGITUDE", "DECLONGITUDE")] {
            let (Some(place), None, Some(own)) = (self.place(from), self.place(to), descriptor::by_name(to))
            else {
                continue;
            };
            self.columns.insert(place + 1, Column { name: to.to_owned(), descriptor: Some(own) });
            self.rows.iter_mut().for_each(|(_, row)| row.insert(place + 1, String::new()));
        }
    }

    fn check_row(&mut self, line: u64, key: usize, row: &mut [String]) {
        let accession = row[key].trim().to_owned();
        let mut found = Vec::new();
        for (column, cell) in self.columns.iter().zip(row.iter_mut()) {
            let Some(own) = column.descriptor else { continue };
            if cell.is_empty() {
                continue;
            }
            let (problem, severity, suggestion) = match value::judge(own, cell) {
                Verdict::Right => continue,
                Verdict::Repaired { value, why } => (why, Severity::Repaired, value),
                Verdict::Doubtful { problem, suggestion } => (problem, Severity::Warning, suggestion),
                Verdict::Wrong { problem, suggestion } => (problem, Severity::Error, suggestion),
            };
            let was = cell.clone();
            if severity == Severity::Repaired {
                cell.clone_from(&suggestion);
            }
            found.push((own.name, was, problem, severity, suggestion));
        }
        found.extend(self.check_places(row));
        found.extend(self.check_together(row));
        self.problems.extend(found.into_iter().map(|(descriptor, value, problem, severity, suggestion)| {
            Problem {
                line,
                accession: accession.clone(),
                descriptor: descriptor.to_owned(),
                value,
                problem,
                severity,
                suggestion,
            }
        }));
    }

    /// Whether both writings of a place agree; fills in decimal degrees from degrees and minutes.
    fn check_places(&self, row: &mut [String]) -> Vec<Found> {
        let mut out = Vec::new();
        for (from, to, limit) in [("LATITUDE", "DECLATITUDE", 90), ("LONGITUDE", "DECLONGITUDE", 180)] {
            let (Some(own), Some(decimal)) = (self.place(from), self.place(to)) else { continue };
            let Some(degrees) = coordinate::degrees(&row[own], limit) else { continue };
            let (value, off) = degrees.decimal();
            let written = format!("{value:.4}");
            if row[decimal].is_empty() {
                // Whole degrees are too far off to be a place.
                if off < 1.0 {
                    row[decimal].clone_from(&written);
                    let why = format!("from {from} {}", row[own]);
                    out.push((to, String::new(), why, Severity::Repaired, written));
                }
            } else if let Ok(other) = row[decimal].parse::<f64>()
                && (other - value).abs() > off + 1e-3
            {
                let problem = format!("is another place than {from} {}", row[own]);
                out.push((to, row[decimal].clone(), problem, Severity::Error, format!("{written}?")));
            }
        }
        out
    }

    /// Rules about several descriptors of one accession.
    fn check_together(&self, row: &[String]) -> Vec<Found> {
        let mut out = Vec::new();
        let get = |name: &str| self.get(row, name);
        let mut warn = |descriptor: &'static str, problem: String, suggestion: &str| {
            out.push((
                descriptor,
                get(descriptor).to_owned(),
                problem,
                Severity::Warning,
                suggestion.to_owned(),
            ));
        };
        let (latitude, longitude) = (get("DECLATITUDE"), get("DECLONGITUDE"));
        let is_zero = |text: &str| text.parse::<f64>().is_ok_and(|value| value == 0.0);
        if is_zero(latitude) && is_zero(longitude) {
            warn("DECLATITUDE", "0, 0 is in the sea".to_owned(), "leave it empty if the place is not known");
        }
        if latitude.is_empty() != longitude.is_empty() {
            let (empty, other) =
                if latitude.is_empty() { ("DECLATITUDE", "longitude") } else { ("DECLONGITUDE", "latitude") };
            warn(empty, format!("is empty, but the {other} is given"), "give both");
        }
        let (collected, acquired) = (get("COLLDATE"), get("ACQDATE"));
        let day =
            |date: &str| -> Option<u32> { date.replace("--", "99").parse().ok().filter(|_| date.len() == 8) };
        if let (Some(_), Some(end)) = (day(collected), day(acquired)) {
            let start: u32 = collected.replace("--", "00").parse().unwrap_or(0);
            let end = if acquired.ends_with("00") { end + 99 } else { end };
            if start > end {
                warn("ACQDATE", format!("is before it was collected ({collected})"), "");
            }
        }
        for (code, descriptor) in
            [("999", "SAMPSTAT"), ("99", "COLLSRC"), ("99", "STORAGE"), ("99", "MLSSTAT")]
        {
            if get(descriptor) == code && get("REMARKS").is_empty() {
                warn(descriptor, "is 'other', which REMARKS explains".to_owned(), "explain it in REMARKS");
            }
        }
        out
    }

    /// Whether each accession has a number of its own within its institute.
    fn check_keys(&mut self, key: usize) {
        let mut seen: HashMap<(String, String), u64> = HashMap::new();
        let mut found = Vec::new();
        for (line, row) in &self.rows {
            let of = |problem: String, suggestion: &str| Problem {
                line: *line,
                accession: row[key].clone(),
                descriptor: "ACCENUMB".to_owned(),
                value: row[key].clone(),
                problem,
                severity: Severity::Error,
                suggestion: suggestion.to_owned(),
            };
            if row[key].is_empty() {
                found.push(of("is missing".to_owned(), "give the accession's number"));
                continue;
            }
            let own = (self.get(row, "INSTCODE").to_owned(), row[key].clone());
            if let Some(earlier) = seen.insert(own, *line) {
                found.push(of(format!("is also in line {earlier}"), "keep one, or number one anew"));
            }
        }
        self.problems.extend(found);
    }
}

/// Descriptor, value, problem, severity and suggestion.
type Found = (&'static str, String, String, Severity, String);

#[cfg(test)]
mod tests;
