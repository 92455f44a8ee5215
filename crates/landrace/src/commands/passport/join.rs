//! Passports beside genotypes, and beside each other by their names.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use landrace_genome::nearest::nearest;
use landrace_genotypes::format::{self, ReadOptions};
use landrace_germplasm::names::Kind;
use landrace_germplasm::names::matching::{Search, find};
use landrace_germplasm::passport::Passport;

/// Descriptors that may name an accession.
const NAMES: [&str; 5] = ["ACCENUMB", "ACCENAME", "COLLNUMB", "DONORNUMB", "OTHERNUMB"];

/// Records that a word may stand in and still tell accessions apart, as a share of all.
const COMMON: usize = 20;

/// How many names stand on both sides, and on one alone.
pub(super) struct Joined {
    pub(super) matched: usize,
    pub(super) without_genotypes: usize,
    pub(super) without_passport: usize,
}

/// Writes the names that the passports or the genotypes lack, with the nearest name of the other side.
pub(super) fn write_genotypes(
    passport: &Passport,
    path: &Path,
    out: &mut impl Write,
) -> anyhow::Result<Joined> {
    let source = format::open(&[PathBuf::from(path)], ReadOptions::default())?;
    let samples: Vec<&str> = source.header().samples.iter().map(String::as_str).collect();
    let accessions: Vec<&str> = passport
        .rows
        .iter()
        .map(|(_, row)| passport.get(row, "ACCENUMB"))
        .filter(|name| !name.is_empty())
        .collect();
    let (typed, known): (HashSet<&str>, HashSet<&str>) =
        (samples.iter().copied().collect(), accessions.iter().copied().collect());
    writeln!(out, "name\tlacks\tnearest")?;
    let mut write = |names: &[&str], there: &HashSet<&str>, others: &[&str], lacks: &str| {
        let alone: Vec<&str> = names.iter().copied().filter(|name| !there.contains(name)).collect();
        for name in &alone {
            let near = nearest(name, others.iter().copied()).unwrap_or(".");
            writeln!(out, "{name}\t{lacks}\t{near}")?;
        }
        Ok::<usize, std::io::Error>(alone.len())
    };
    let without_genotypes = write(&accessions, &typed, &samples, "genotypes")?;
    let without_passport = write(&samples, &known, &accessions, "passport")?;
    Ok(Joined { matched: samples.len() - without_passport, without_genotypes, without_passport })
}

/// Writes the accessions whose names or numbers match; gives the number of sets and of accessions in them.
pub(super) fn write_names(passport: &Passport, out: &mut impl Write) -> anyhow::Result<(usize, usize)> {
    let fields = |row: &[String]| NAMES.iter().map(|name| passport.get(row, name).to_owned()).collect();
    let records: Vec<Vec<String>> = passport.rows.iter().map(|(_, row)| fields(row)).collect();
    let commonest = Some((records.len() / COMMON).max(5));
    let matches = find(&records, &Search { commonest, ..Search::default() });
    let sets = matches.sets(&[Kind::Exact, Kind::Fuzzy]);
    writeln!(out, "set\tline\taccession\tname\tmatch\tkeywords")?;
    for (number, set) in (1..).zip(&sets) {
        let kinds: Vec<&str> = set.kinds.iter().map(|kind| kind.name()).collect();
        let words: Vec<&str> =
            set.entries.iter().map(|&entry| matches.entries[entry].keyword.text.as_str()).collect();
        for &record in &set.records {
            let (line, row) = &passport.rows[record];
            let [accession, name] = ["ACCENUMB", "ACCENAME"].map(|name| passport.get(row, name));
            writeln!(out, "{number}\t{line}\t{accession}\t{name}\t{}\t{}", kinds.join(","), words.join(","))?;
        }
    }
    Ok((sets.len(), sets.iter().map(|set| set.records.len()).sum()))
}
