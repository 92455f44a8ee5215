//! Allele frequencies of a base population, from a table.

use std::collections::HashMap;
use std::path::Path;

use landrace_genome::file::{self, FileError};

use crate::block::Site;
use crate::source::GenotypeError;

/// Frequencies of alternate alleles, by variant.
#[derive(Clone, Debug, Default)]
pub struct Frequencies {
    by_place: HashMap<(String, u64), Entry>,
    by_name: HashMap<String, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    frequency: f64,
    /// Reference and alternate allele, where the table has them.
    alleles: Option<(Box<str>, Box<str>)>,
}

/// Where the columns are.
struct Columns {
    frequency: usize,
    contig: Option<usize>,
    position: Option<usize>,
    id: Option<usize>,
    reference: Option<usize>,
    alternate: Option<usize>,
}

impl Columns {
    fn of(header: &str) -> Option<Self> {
        let names: Vec<String> =
            header.trim_start_matches('#').split_whitespace().map(str::to_ascii_lowercase).collect();
        let find = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
        let out = Self {
            frequency: find(&["alternate_frequency", "alt_freqs", "frequency", "freq"])?,
            contig: find(&["contig", "chrom", "chr"]),
            position: find(&["position", "pos"]),
            id: find(&["id", "marker", "snp", "name"]),
            reference: find(&["reference", "ref"]),
            alternate: find(&["alternate", "alt"]),
        };
        (out.id.is_some() || out.contig.is_some() && out.position.is_some()).then_some(out)
    }
}

impl Frequencies {
    /// Reads a table with a header line: `alternate_frequency` (or `ALT_FREQS`), and `contig` and `position`, or `id`;
    /// `reference` and `alternate` are used if they are there. The tables of `landrace stats` and `plink2 --freq` fit.
    ///
    /// # Errors
    /// Returns an error that names the file and the line.
    pub fn read(path: &Path) -> Result<Self, GenotypeError> {
        let text = file::read_text(path)?;
        let wrong = |message: String| GenotypeError::from(FileError::content(path, message));
        let mut lines =
            text.lines().zip(1u64..).filter(|(line, _)| !line.trim().is_empty() && !line.starts_with("##"));
        let columns = lines.next().and_then(|(header, _)| Columns::of(header)).ok_or_else(|| {
            wrong(
                "has no columns of frequencies; name them 'contig', 'position' (or 'id') and 'alternate_frequency' in \
                 the first line"
                    .to_owned(),
            )
        })?;
        let mut out = Self::default();
        for (line, number) in lines {
            let cells: Vec<&str> = line.split('\t').collect();
            let cells = if cells.len() > 1 { cells } else { line.split_whitespace().collect() };
            let cell = |column: Option<usize>| column.and_then(|column| cells.get(column).copied());
            let text = cell(Some(columns.frequency)).unwrap_or_default();
            if matches!(text, "" | "NA" | "." | "nan") {
                continue;
            }
            let frequency =
                text.parse().ok().filter(|f| (0.0..=1.0).contains(f)).ok_or_else(|| GenotypeError::Line {
                    path: path.display().to_string(),
                    line: number,
                    message: format!("'{text}' is not a frequency; give a number from 0 to 1"),
                })?;
            let alleles = cell(columns.reference).zip(cell(columns.alternate));
            let entry = Entry { frequency, alleles: alleles.map(|(r, a)| (r.into(), a.into())) };
            if let (Some(contig), Some(Ok(position))) =
                (cell(columns.contig), cell(columns.position).map(str::parse))
            {
                out.by_place.insert((contig.to_owned(), position), entry.clone());
            }
            if let Some(id) = cell(columns.id).filter(|id| !matches!(*id, "" | ".")) {
                out.by_name.insert(id.to_owned(), entry);
            }
        }
        Ok(out)
    }

    /// The alternate allele's frequency, turned where the table has the alleles the other way round; `None` if the
    /// variant is not in the table, or with other alleles.
    pub fn of(&self, contig: &str, site: &Site) -> Option<f64> {
        let place =
            site.position.and_then(|position| self.by_place.get(&(contig.to_owned(), position.get())));
        let entry = place.or_else(|| self.by_name.get(&*site.id))?;
        let Some((reference, alternate)) = &entry.alleles else { return Some(entry.frequency) };
        let is_alternate = |allele: &str| site.alternates.iter().any(|own| **own == *allele);
        if *site.reference == **reference && (is_alternate(alternate) || site.alternates.is_empty()) {
            Some(entry.frequency)
        } else if *site.reference == **alternate && (is_alternate(reference) || site.alternates.is_empty()) {
            Some(1.0 - entry.frequency)
        } else {
            None
        }
    }
}
