//! The lists and tables of markers and contigs that `fingerprint` takes.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, bail};
use landrace_genome::file;
use landrace_genome::nearest::hint;
use landrace_germplasm::fingerprint::{NameList, Quota, Scores};

/// The first column of each line that is not empty and no comment; of a table with a header that has one, the column
/// `marker`.
pub(super) fn names(path: Option<&Path>) -> anyhow::Result<NameList> {
    let Some(path) = path else { return Ok(NameList::default()) };
    let text = file::read_text(path)?;
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim_end);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut lines = lines.peekable();
    let header = lines.peek().and_then(|line| line.split('\t').position(|cell| cell == "marker"));
    if header.is_some() {
        lines.next();
    }
    let column = header.unwrap_or(0);
    let mut names: Vec<String> =
        lines.map(|line| line.split('\t').nth(column).unwrap_or(line).to_owned()).collect();
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    Ok(NameList { path: path.display().to_string(), names })
}

/// Columns of a table by name, whatever their case: line number and the cells asked for.
fn columns<const N: usize>(path: &Path, wanted: [&str; N]) -> anyhow::Result<Vec<(usize, [String; N])>> {
    let text = file::read_text(path)?;
    let text = text.trim_start_matches('\u{feff}');
    let mut lines =
        (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with("##"));
    let (_, header) = lines.next().unwrap_or((1, ""));
    let separator = if header.contains('\t') { '\t' } else { ',' };
    let split = |line: &str| -> Vec<String> {
        line.split(separator).map(|cell| cell.trim_matches(['\r', '"', ' ']).to_owned()).collect()
    };
    let header: Vec<String> =
        split(header).iter().map(|name| name.trim_start_matches('#').to_lowercase()).collect();
    let mut places = [0; N];
    for (place, name) in places.iter_mut().zip(wanted) {
        let Some(found) = header.iter().position(|own| own == name) else {
            let hint = hint(name, header.iter().map(String::as_str));
            bail!(
                "{}: line 1: the table has no column '{name}'; name the columns {} in the first line{hint}",
                path.display(),
                wanted.join(", ")
            );
        };
        *place = found;
    }
    lines
        .map(|(line, text)| {
            let cells = split(text);
            let row = places.map(|place| cells.get(place).cloned().unwrap_or_default());
            if cells.len() != header.len() {
                bail!(
                    "{}: line {line}: has {} cells, but the header has {}",
                    path.display(),
                    cells.len(),
                    header.len()
                );
            }
            Ok((line, row))
        })
        .collect()
}

/// A table of contigs with the fewest and the most markers; an empty cell is no limit.
pub(super) fn quotas(path: Option<&Path>) -> anyhow::Result<HashMap<String, Quota>> {
    let Some(path) = path else { return Ok(HashMap::new()) };
    let mut quotas = HashMap::new();
    for (line, [contig, least, most]) in columns(path, ["contig", "min", "max"])? {
        let number = |cell: &str, none: usize| -> anyhow::Result<usize> {
            if cell.is_empty() {
                return Ok(none);
            }
            cell.parse().with_context(|| {
                format!(
                    "{}: line {line}: '{cell}' is no number of markers; write one such as 3, or nothing",
                    path.display()
                )
            })
        };
        let quota = Quota { least: number(&least, 0)?, most: number(&most, usize::MAX)? };
        if quotas.insert(contig.clone(), quota).is_some() {
            bail!("{}: line {line}: contig '{contig}' is named twice; keep one line", path.display());
        }
    }
    Ok(quotas)
}

/// A table of markers with the score of their assay.
pub(super) fn scores(path: &Path, weight: f64) -> anyhow::Result<Scores> {
    let mut of = Vec::new();
    for (line, [marker, score]) in columns(path, ["marker", "score"])? {
        let value = score.parse().ok().filter(|value: &f64| (0.0..=1.0).contains(value));
        let Some(value) = value else {
            bail!(
                "{}: line {line}: the score '{score}' of marker '{marker}' is no number from 0 to 1; scale the scores to that",
                path.display()
            );
        };
        of.push((marker, value));
    }
    Ok(Scores { path: path.display().to_string(), of, weight })
}
