//! What the names in the passports say beside the genotypes: agreements, conflicts (synonyms) and homonyms.

use std::collections::BTreeMap;
use std::io::{self, Write};

/// What genotypes and names say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// One genotype, one name.
    Agreement,
    /// One genotype, several names: synonyms, or a mix-up.
    Conflict,
    /// One name, several genotypes: homonyms, or a mix-up.
    Homonym,
    /// One genotype, of which fewer than two accessions have a name.
    Unnamed,
}

impl Finding {
    /// What the table calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Agreement => "agreement",
            Self::Conflict => "conflict",
            Self::Homonym => "homonym",
            Self::Unnamed => "unnamed",
        }
    }
}

/// A line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What was found.
    pub finding: Finding,
    /// Number of the group of one genotype, from 1; none for homonyms.
    pub group: Option<usize>,
    /// The accessions.
    pub members: Vec<usize>,
}

/// Sets the names beside the groups. `names` has one a sample, `is_alike` says whether two names are one, and `key` is
/// a coarse spelling under which names that may be one meet.
pub fn join(
    groups: &[Vec<usize>],
    names: &[Option<String>],
    is_alike: impl Fn(&str, &str) -> bool,
    key: impl Fn(&str) -> String,
) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut group_of = vec![0usize; names.len()];
    for (number, members) in (1..).zip(groups) {
        members.iter().for_each(|&member| group_of[member] = number);
        let known: Vec<&str> = members.iter().filter_map(|&member| names[member].as_deref()).collect();
        let finding = match known.split_first() {
            Some((first, rest)) if !rest.is_empty() => {
                let is_one = rest.iter().all(|name| is_alike(first, name));
                if is_one { Finding::Agreement } else { Finding::Conflict }
            }
            _ => Finding::Unnamed,
        };
        rows.push(Row { finding, group: Some(number), members: members.clone() });
    }
    let mut by_key: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (sample, name) in names.iter().enumerate() {
        name.iter().for_each(|name| by_key.entry(key(name)).or_default().push(sample));
    }
    let mut homonyms: Vec<Row> = by_key
        .into_values()
        .filter_map(|members| {
            let mut own: Vec<usize> = Vec::new();
            for member in members {
                let is_one = own.first().is_none_or(|first| match (&names[*first], &names[member]) {
                    (Some(a), Some(b)) => is_alike(a, b),
                    _ => false,
                });
                own.extend(is_one.then_some(member));
            }
            let genotype = |member: &usize| group_of[*member];
            let is_one =
                own.iter().all(|member| genotype(member) > 0 && genotype(member) == genotype(&own[0]));
            (own.len() > 1 && !is_one).then_some(Row { finding: Finding::Homonym, group: None, members: own })
        })
        .collect();
    homonyms.sort_by(|a, b| a.members.cmp(&b.members));
    rows.extend(homonyms);
    rows
}

/// Writes the table: a line a group, then a line a homonym.
///
/// # Errors
/// Returns an error if the writer fails.
pub fn write(
    rows: &[Row],
    samples: &[String],
    names: &[Option<String>],
    groups: &[Vec<usize>],
    mut out: impl Write,
) -> io::Result<()> {
    writeln!(out, "finding\tgroup\taccessions\tnames\tgenotypes")?;
    let mut group_of = vec![0usize; samples.len()];
    for (number, members) in (1..).zip(groups) {
        members.iter().for_each(|&member| group_of[member] = number);
    }
    for row in rows {
        let join = |value: &dyn Fn(usize) -> String| {
            row.members.iter().map(|&member| value(member)).collect::<Vec<_>>().join("; ")
        };
        let group = row.group.map_or_else(|| "-".to_owned(), |group| group.to_string());
        let genotype = |member: usize| match group_of[member] {
            0 => "alone".to_owned(),
            group => group.to_string(),
        };
        writeln!(
            out,
            "{}\t{group}\t{}\t{}\t{}",
            row.finding.name(),
            join(&|member| samples[member].clone()),
            join(&|member| names[member].clone().unwrap_or_else(|| "-".to_owned())),
            join(&genotype)
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn synonyms_and_homonyms_are_told() {
        let names: Vec<Option<String>> = ["Carlos", "carlos", "Noble", "Magnolia", "Noble", "x"]
            .map(|name| Some(name.to_owned()))
            .to_vec();
        let alike = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        let rows = join(&[vec![0, 1], vec![2, 3]], &names, alike, str::to_ascii_lowercase);
        let found: Vec<_> = rows.iter().map(|row| (row.finding, row.members.clone())).collect();
        assert_eq!(
            found,
            [
                (Finding::Agreement, vec![0, 1]),
                (Finding::Conflict, vec![2, 3]),
                (Finding::Homonym, vec![2, 4])
            ]
        );
    }
}
