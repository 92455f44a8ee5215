//! The `.bim`: kept as text, a line a variant, and parsed where a block needs it.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::path::Path;
use std::sync::Arc;

use landrace_genome::summary::InputDigest;
use memchr::memchr_iter;

use super::tables::{line_error, read_position, read_with_digest, wrong_columns};
use crate::block::Site;
use crate::format::vcf::needs_names;
use crate::source::GenotypeError;

/// The variants of a `.bim`. A variant costs its line's bytes and eight more.
pub(super) struct BimTable {
    text: String,
    /// Where each variant's line starts.
    starts: Vec<usize>,
    /// First variant and name of each run of one contig.
    runs: Vec<(usize, Arc<str>)>,
    pub(super) has_genetic_map: bool,
    pub(super) has_named_alleles: bool,
    pub(super) digest: InputDigest,
}

/// The six columns of a line: separated by tabs if it has any, so that names may hold spaces; else by white space.
fn columns(line: &str) -> Option<[&str; 6]> {
    if memchr::memchr(b'\t', line.as_bytes()).is_none() {
        let mut found = line.split_whitespace();
        let mut out = [""; 6];
        for slot in &mut out {
            *slot = found.next()?;
        }
        return found.next().is_none().then_some(out);
    }
    // Columns are a few letters each: a search by vectors would cost more than it saves.
    let (mut out, mut start, mut found) = ([""; 6], 0, 0);
    for (end, byte) in line.bytes().enumerate() {
        if byte == b'\t' {
            *out.get_mut(found)? = line.get(start..end)?;
            (start, found) = (end + 1, found + 1);
        }
    }
    *out.get_mut(found)? = line.get(start..)?;
    (found == 5).then_some(out)
}

fn is_place(genetic: &str) -> bool {
    !matches!(genetic, "0" | ".")
}

fn site_of([_, id, genetic, place, first, second]: [&str; 6]) -> Site {
    let is_named = |allele: &&str| !matches!(*allele, "0" | ".");
    Site {
        position: read_position(place).ok().flatten(),
        id: if id == "." { "" } else { id }.into(),
        reference: second.into(),
        alternates: Some(first).filter(is_named).map(Into::into).into_iter().collect(),
        genetic_position: Some(genetic).filter(|text| is_place(text)).map(Into::into),
        ..Site::default()
    }
}

impl BimTable {
    /// Reads a table and looks at every line.
    ///
    /// # Errors
    /// Returns an error that names the line that has not six columns or no position.
    pub(super) fn read(path: &Path) -> Result<Self, GenotypeError> {
        let (text, digest) = read_with_digest(path)?;
        let mut out = Self {
            starts: Vec::with_capacity(text.len() / 32),
            runs: Vec::new(),
            has_genetic_map: false,
            has_named_alleles: false,
            digest,
            text: String::new(),
        };
        let mut start = 0;
        let ends = memchr_iter(b'\n', text.as_bytes()).chain([text.len()]);
        for (number, end) in (1u64..).zip(ends) {
            let line = text[start..end].trim_end_matches('\r');
            match columns(line) {
                Some(cells) => {
                    out.take_cells(cells, start).map_err(|message| line_error(path, number, message))?;
                }
                None if line.trim().is_empty() => {}
                None => return Err(wrong_columns(path, number, line, "a .bim has 6")),
            }
            start = end + 1;
        }
        out.text = text;
        Ok(out)
    }

    fn take_cells(&mut self, cells: [&str; 6], start: usize) -> Result<(), String> {
        read_position(cells[3])?;
        if self.runs.last().is_none_or(|run| *run.1 != *cells[0]) {
            // Runs that come again share their name.
            let known = self.runs.iter().rev().take(64).find(|run| *run.1 == *cells[0]);
            let name = known.map_or_else(|| cells[0].into(), |run| run.1.clone());
            self.runs.push((self.starts.len(), name));
        }
        self.starts.push(start);
        self.has_genetic_map |= is_place(cells[2]);
        let is_base = |allele: &str| matches!(allele, "A" | "C" | "G" | "T" | "0" | ".");
        let are_bases = is_base(cells[4]) && is_base(cells[5]);
        if !(self.has_named_alleles || are_bases) {
            self.has_named_alleles = needs_names(&site_of(cells));
        }
        Ok(())
    }

    /// Number of variants.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Names of the contigs, in the order in which they first occur; some may occur again.
    pub(super) fn contigs(&self) -> impl Iterator<Item = &str> {
        self.runs.iter().map(|run| &*run.1)
    }

    /// Contig of a variant, and the end of the run of that contig; `None` beyond the last.
    pub(super) fn run(&self, variant: usize) -> Option<(&Arc<str>, usize)> {
        if variant >= self.len() {
            return None;
        }
        let next = self.runs.partition_point(|run| run.0 <= variant);
        let name = &self.runs.get(next.checked_sub(1)?)?.1;
        Some((name, self.runs.get(next).map_or(self.len(), |run| run.0)))
    }

    /// The site of a variant.
    pub(super) fn site(&self, variant: usize) -> Site {
        let rest = self.starts.get(variant).and_then(|&start| self.text.get(start..)).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        columns(rest[..end].trim_end_matches('\r')).map_or_else(Site::default, site_of)
    }
}
