//! The header of a table of phenotypes, as spreadsheets, R, TASSEL, GAPIT, PLINK and GEMMA write it, or the lack of one.

use landrace_genotypes::GenotypeError;
use landrace_genotypes::cells::{Rows, is_named, number};

use super::role::{name_and_unit, sample_rank};

/// What the file itself says of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Declared {
    Trait,
    Covariate,
    Factor,
}

/// A column's head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Heading {
    pub(super) name: String,
    pub(super) unit: Option<String>,
    /// Environment of all its values, where the header says so.
    pub(super) environment: Option<String>,
    pub(super) declared: Option<Declared>,
}

/// A table with its header taken apart: rows are as long as the headings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Headed {
    pub(super) line: u64,
    pub(super) headings: Vec<Heading>,
    pub(super) rows: Vec<(u64, Vec<String>)>,
    /// The column of the samples, where the format fixes it.
    pub(super) sample: Option<usize>,
    /// Codes that this format means by missing.
    pub(super) missing: Vec<&'static str>,
    pub(super) notes: Vec<String>,
}

/// Takes the header from the rows. `samples` are the names of the genotypes: they tell a row of data from a header, and
/// name the rows of a file that has no names.
///
/// # Errors
/// Returns an error that names the line: an empty table, rows of uneven length, rows without names that are not as many
/// as the samples.
pub(super) fn take(raw: &mut Rows, samples: &[String]) -> Result<Headed, GenotypeError> {
    let mut rows = std::mem::take(&mut raw.rows);
    rows.iter_mut().flat_map(|(_, row)| row).for_each(unquote);
    let Some((line, first)) = rows.first() else {
        return Err(raw.file_error("the table is empty; its first line names the columns"));
    };
    let line = *line;
    let is_fam = [".fam", ".fam.gz"].iter().any(|end| raw.path.to_lowercase().ends_with(end));
    let mut headed = if first[0].trim_start().starts_with('<') {
        tassel(raw, rows)?
    } else if is_fam && first.len() >= 6 {
        without_header(&["FID", "IID", "father", "mother", "sex"], rows)
    } else if first.iter().all(|cell| is_value(cell)) && !has_names(&rows, samples) {
        in_order(raw, rows, samples)?
    } else if samples.iter().any(|name| name == first[0].trim()) {
        without_header(&["sample"], rows)
    } else if first.len() > 2
        && samples.iter().any(|name| name == first[1].trim())
        && first[2..].iter().all(|cell| is_value(cell))
    {
        without_header(&["FID", "IID"], rows)
    } else {
        plain(rows)
    };
    headed.line = line;
    if is_fam && let Some(sex) = headed.headings.iter_mut().find(|own| own.name == "sex") {
        sex.declared = Some(Declared::Covariate);
    }
    if headed.headings.iter().any(|heading| is_named(&heading.name, &["FID"])) {
        headed.missing.push("-9");
    }
    unit_row(&mut headed);
    fit(raw, &mut headed)?;
    Ok(headed)
}

/// R quotes names between spaces as well.
fn unquote(cell: &mut String) {
    let inner = cell.strip_prefix('"').and_then(|text| text.strip_suffix('"')).map(str::to_owned);
    if let Some(inner) = inner {
        *cell = inner;
    }
}

fn is_value(cell: &str) -> bool {
    number(cell).is_ok() || matches!(cell.trim(), "" | "NA" | "NaN" | "nan" | "." | "-")
}

/// Whether the first column of a table of numbers names samples: animals have numbers for names.
fn has_names(rows: &[(u64, Vec<String>)], samples: &[String]) -> bool {
    let known: std::collections::HashSet<&str> = samples.iter().map(|name| name.trim()).collect();
    let mut seen = std::collections::HashSet::new();
    let named = rows.iter().filter(|(_, row)| row.len() > 1 && known.contains(row[0].trim()));
    2 * named.filter(|(_, row)| seen.insert(row[0].trim())).count() > rows.len()
}

/// Columns with these names, and the others numbered from 1, as GEMMA counts its phenotypes.
fn without_header(names: &[&str], rows: Vec<(u64, Vec<String>)>) -> Headed {
    let width = rows.first().map_or(0, |(_, row)| row.len());
    let named = names.iter().map(|&name| name.to_owned());
    let numbered = (1..=width.saturating_sub(names.len())).map(|number| number.to_string());
    let headings = named.chain(numbered).map(|name| Heading { name, ..Heading::default() }).collect();
    let note = format!("no header: the columns are {} and traits numbered from 1", names.join(", "));
    let sample = names.iter().position(|&name| name == "IID" || name == "sample");
    Headed { headings, rows, sample, notes: vec![note], ..Headed::default() }
}

/// Numbers alone: rows stand in the order of the genotypes' samples.
fn in_order(raw: &Rows, rows: Vec<(u64, Vec<String>)>, samples: &[String]) -> Result<Headed, GenotypeError> {
    if rows.len() != samples.len() {
        let against = match samples.len() {
            0 => "nothing here says whose they are".to_owned(),
            n => format!("the genotypes have {n} samples"),
        };
        let message = format!(
            "has {} rows of numbers without names and header, but {against}; add a header line and a column 'sample'",
            rows.len()
        );
        return Err(raw.file_error(message));
    }
    let name = |((line, cells), name): ((u64, Vec<String>), &String)| {
        (line, std::iter::once(name.clone()).chain(cells).collect())
    };
    let rows = rows.into_iter().zip(samples).map(name).collect();
    let mut headed = without_header(&["sample"], rows);
    headed.notes =
        vec!["no header and no names: rows are taken in the order of the genotypes' samples".to_owned()];
    Ok(headed)
}

/// The first row is the header. R writes one name less than there are columns where rows have names.
fn plain(mut rows: Vec<(u64, Vec<String>)>) -> Headed {
    let (_, mut header) = rows.remove(0);
    let mut notes = Vec::new();
    let is_short = !rows.is_empty() && rows.iter().all(|(_, row)| row.len() == header.len() + 1);
    let has_more = rows.iter().any(|(_, row)| row.last().is_some_and(|cell| !cell.trim().is_empty()));
    let is_row_names = is_short && has_more && header.iter().all(|name| sample_rank(name).is_none());
    if is_row_names {
        header.insert(0, String::new());
        notes.push(
            "the header lacks the name of the first column (row names of R): it names the samples".to_owned(),
        );
    }
    let is_unnamed = header.first().is_some_and(|name| name.trim().is_empty());
    let mut headings: Vec<Heading> = header
        .iter()
        .map(|cell| {
            let (name, unit) = name_and_unit(cell.trim().trim_start_matches('#'));
            Heading { name, unit, ..Heading::default() }
        })
        .collect();
    if is_unnamed {
        headings[0].name = "sample".to_owned();
    }
    split_environments(&mut headings);
    Headed { headings, rows, sample: is_unnamed.then_some(0), notes, ..Headed::default() }
}

/// Columns `yield@A` and `yield@B` are one trait in two environments.
fn split_environments(headings: &mut [Heading]) {
    let base = |heading: &Heading| {
        let (name, environment) = heading.name.split_once('@')?;
        let is_whole = !name.is_empty() && !environment.is_empty();
        is_whole.then(|| (name.to_owned(), environment.to_owned()))
    };
    let parts: Vec<Option<(String, String)>> = headings.iter().map(base).collect();
    let alike = |name: &str| parts.iter().flatten().filter(|own| own.0 == name).count();
    for (heading, part) in headings.iter_mut().zip(&parts) {
        if let Some((name, environment)) = part
            && alike(name) > 1
        {
            heading.name.clone_from(name);
            heading.environment = Some(environment.clone());
        }
    }
}

/// TASSEL's headers: `<Trait>` names, `<Header name=location>` environments, `<Covariate>`, and version 5's
/// `<Phenotype>` with a row of kinds and a row of names. -999 is missing there.
fn tassel(raw: &Rows, rows: Vec<(u64, Vec<String>)>) -> Result<Headed, GenotypeError> {
    let is_tag =
        |row: &[String], tag: &str| row[0].trim().to_lowercase().trim_start_matches('<').starts_with(tag);
    let (mut kinds, mut names, mut environments) = (None, None, None);
    let mut all_covariates = false;
    let mut rows = rows.into_iter().peekable();
    while let Some((line, row)) = rows.next_if(|(_, row)| row[0].trim_start().starts_with('<')) {
        if is_tag(&row, "phenotype") {
            kinds = rows.next().map(|(_, row)| row);
            names = rows.next().map(|(_, row)| row);
        } else if is_tag(&row, "trait") {
            names = Some(row);
        } else if is_tag(&row, "covariate") {
            all_covariates = true;
        } else if is_tag(&row, "header") {
            environments = Some(row);
        } else {
            let message = format!(
                "column 1: '{}' is no header that is known; write <Trait> and the names of the traits, or a line of \
                 plain names",
                row[0].trim()
            );
            return Err(raw.line_error(line, message));
        }
    }
    let Some(names) = names else {
        return Err(raw.file_error("has no line '<Trait>' with the names of the traits; add it"));
    };
    let kind = |index: usize| -> Option<Declared> {
        let word = kinds.as_ref().and_then(|row| row.get(index)).map_or("", |cell| cell.trim());
        match word.to_lowercase().as_str() {
            "data" => Some(Declared::Trait),
            "covariate" => Some(Declared::Covariate),
            "factor" => Some(Declared::Factor),
            _ => (all_covariates && index > 0).then_some(Declared::Covariate),
        }
    };
    let environment = |index: usize| {
        let cell = environments.as_ref().and_then(|row| row.get(index)).map(|cell| cell.trim().to_owned());
        cell.filter(|cell| index > 0 && !cell.is_empty())
    };
    let heading = |(index, cell): (usize, &String)| {
        let (name, unit) = name_and_unit(cell);
        Heading { name, unit, environment: environment(index), declared: kind(index) }
    };
    let mut headings: Vec<Heading> = names.iter().enumerate().map(heading).collect();
    let sample =
        kinds.as_ref().and_then(|row| row.iter().position(|cell| is_named(cell, &["taxa", "taxon"])));
    let sample = sample.unwrap_or(0);
    if headings[sample].name.starts_with('<') {
        headings[sample].name = "taxa".to_owned();
    }
    let notes = vec!["TASSEL's header: -999 is missing".to_owned()];
    Ok(Headed {
        headings,
        rows: rows.collect(),
        sample: Some(sample),
        missing: vec!["-999", "-999.0"],
        notes,
        ..Headed::default()
    })
}

/// A first row that gives units and no values: it names no sample, or says `unit`.
fn unit_row(headed: &mut Headed) {
    let Some((_, row)) = headed.rows.first() else { return };
    let first = row.first().map_or("", |cell| cell.trim());
    let is_unit_row = (first.is_empty() || is_named(first, &["unit", "units"]))
        && row.len() > 1
        && row[1..].iter().all(|cell| cell.trim().is_empty() || number(cell).is_err())
        && row[1..].iter().any(|cell| !cell.trim().is_empty());
    let is_type_row = is_named(first, &["type"])
        && row[1..]
            .iter()
            .all(|cell| matches!(cell.trim(), "" | "RD" | "R" | "I" | "ID" | "N" | "NS" | "NI" | "O"));
    if !is_unit_row && !is_type_row {
        return;
    }
    if is_unit_row {
        for (heading, cell) in headed.headings.iter_mut().zip(row).skip(1) {
            let unit = cell.trim().trim_matches(['(', ')', '[', ']']);
            if !unit.is_empty() {
                heading.unit = Some(unit.to_owned());
            }
        }
        headed.notes.push("the first row gives the units".to_owned());
    }
    headed.rows.remove(0);
}

/// Empty columns at the end go; rows must then be as long as the header.
fn fit(raw: &Rows, headed: &mut Headed) -> Result<(), GenotypeError> {
    while headed.headings.last().is_some_and(|heading| heading.name.is_empty())
        && headed
            .rows
            .iter()
            .all(|(_, row)| row.get(headed.headings.len() - 1).is_none_or(|cell| cell.trim().is_empty()))
    {
        headed.headings.pop();
    }
    let width = headed.headings.len();
    for (line, row) in &mut headed.rows {
        let extra = row.iter().skip(width).find(|cell| !cell.trim().is_empty());
        if let Some(cell) = extra {
            let message = format!(
                "has {} columns, but the header has {width} (the first beyond it holds '{cell}'); is a name in the \
                 header missing, or a delimiter within a cell?",
                row.len()
            );
            return Err(raw.line_error(*line, message));
        }
        if row.len() < width {
            let message = format!(
                "has {} columns, but the header has {width}; is the file cut short, or a cell missing?",
                row.len()
            );
            return Err(raw.line_error(*line, message));
        }
        row.truncate(width);
    }
    Ok(())
}
