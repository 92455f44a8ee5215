//! Allele frequencies of ancestral populations, written with the identity of each variant, and read back to put new samples
//! among known populations.

use std::collections::HashMap;
use std::io::Write;
use std::ops::Range;

use landrace_genotypes::GenotypeError;

use super::{Ancestry, Panel};

/// The columns before those of the populations.
const HEAD: [&str; 5] = ["contig", "position", "id", "allele", "other"];

/// Known frequencies: rows × populations. A variant of two alleles has one row, of `allele` against `other`; one of more
/// alleles has a row an allele, with `.` for the other.
#[derive(Clone, Debug, Default)]
pub struct Frequencies {
    /// The path that they were read from.
    pub path: String,
    /// Names of the populations.
    pub populations: Vec<String>,
    /// The first five cells of each row.
    names: Vec<String>,
    values: Vec<Vec<f32>>,
    variants: Vec<Range<usize>>,
    /// Variants at a place: contig and position, or the id where there is none.
    at: HashMap<String, Vec<usize>>,
}

impl Frequencies {
    /// Reads the table that [`Panel::write_frequencies`] writes; `path` names it in messages.
    ///
    /// # Errors
    /// Returns an error that names the line: other columns, a number that is no frequency, alleles that are not in all 1.
    pub fn parse(text: &str, path: &str) -> Result<Self, GenotypeError> {
        let wrong = |line: usize, message: String| GenotypeError::Line {
            path: path.to_owned(),
            line: line as u64,
            message,
        };
        let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty());
        let header: Vec<&str> = lines.next().map_or(Vec::new(), |(_, line)| line.split('\t').collect());
        if header.len() <= HEAD.len() || header[..HEAD.len()] != HEAD {
            let message = format!(
                "the columns must be {} and one a population; give the table that `landrace structure` writes as \
                 <output>.frequencies.tsv",
                HEAD.join(", ")
            );
            return Err(wrong(1, message));
        }
        let populations = header[HEAD.len()..].iter().map(|&name| name.to_owned()).collect();
        let mut out = Self { path: path.to_owned(), populations, ..Self::default() };
        for (number, line) in lines {
            let cells: Vec<&str> = line.split('\t').collect();
            if cells.len() != header.len() {
                let message = format!("has {} cells, but the header has {}", cells.len(), header.len());
                return Err(wrong(number, message));
            }
            let value = |(cell, column): (&&str, &&str)| {
                let value = cell.parse::<f32>().ok().filter(|value| (0.0..=1.0).contains(value));
                value.ok_or_else(|| {
                    wrong(
                        number,
                        format!("column {column}: '{cell}' is no frequency; write a number from 0 to 1"),
                    )
                })
            };
            let values = cells.iter().zip(&header).skip(HEAD.len()).map(value).collect::<Result<_, _>>()?;
            out.push(&cells, values);
        }
        out.check(wrong)?;
        Ok(out)
    }

    fn push(&mut self, cells: &[&str], values: Vec<f32>) {
        let (row, place) = (self.names.len(), cells[..3].join("\t"));
        let is_allele = cells[4] == ".";
        let continues = is_allele
            && self.names.last().is_some_and(|last| {
                last.strip_prefix(&place).is_some_and(|rest| rest.starts_with('\t') && rest.ends_with("\t."))
            });
        match self.variants.last_mut() {
            Some(last) if continues => last.end = row + 1,
            _ => {
                let position = cells[1].parse().unwrap_or(0);
                let key = key(cells[0], position, cells[2]);
                self.at.entry(key).or_default().push(self.variants.len());
                self.variants.push(row..row + 1);
            }
        }
        self.names.push(cells[..HEAD.len()].join("\t"));
        self.values.push(values);
    }

    /// Whether there is any, and the alleles of each variant are in all 1.
    fn check(&self, wrong: impl Fn(usize, String) -> GenotypeError) -> Result<(), GenotypeError> {
        if self.variants.is_empty() {
            return Err(wrong(1, "the table holds no variant; give one that does".to_owned()));
        }
        for rows in self.variants.iter().filter(|rows| !self.is_pair(rows)) {
            for (a, population) in self.populations.iter().enumerate() {
                let total: f32 = rows.clone().map(|row| self.values[row][a]).sum();
                if (total - 1.0).abs() > 0.01 {
                    let message = format!(
                        "the alleles of this variant are in all {total:.3} in {population}, not 1; keep all rows of a \
                         variant, one after the other"
                    );
                    return Err(wrong(rows.start + 2, message));
                }
            }
        }
        Ok(())
    }

    /// Whether these rows are a variant of two alleles.
    pub(super) fn is_pair(&self, rows: &Range<usize>) -> bool {
        rows.len() == 1 && !self.names[rows.start].ends_with("\t.")
    }

    /// The first five cells of a row.
    pub(super) fn name(&self, row: usize) -> &str {
        &self.names[row]
    }

    /// The frequencies of a row, one a population.
    pub(super) fn row(&self, row: usize) -> &[f32] {
        &self.values[row]
    }

    /// The rows of a variant, and for each of its alleles the place among them (for one of two alleles 0 is the one that
    /// is counted, 1 the other); `None` if it is not known, or none of its alleles is.
    pub(super) fn find(
        &self,
        (contig, position, id): (&str, u64, &str),
        alleles: &[String],
    ) -> Option<(Range<usize>, Vec<Option<usize>>)> {
        let place = |rows: &Range<usize>, allele: &String| {
            let is =
                |names: &str| allele != "." && (names == allele || names.split(',').any(|one| one == allele));
            let mut known: Vec<&str> =
                rows.clone().map(|row| self.names[row].split('\t').nth(3).unwrap_or_default()).collect();
            if self.is_pair(rows) {
                known.push(self.names[rows.start].split('\t').nth(4).unwrap_or_default());
            }
            known.iter().position(|names| is(names))
        };
        let candidates = self.at.get(&key(contig, position, id))?.iter().map(|&index| &self.variants[index]);
        let found = candidates.map(|rows| {
            let places: Vec<Option<usize>> = alleles.iter().map(|allele| place(rows, allele)).collect();
            (places.iter().flatten().count(), rows, places)
        });
        // The first of those with most alleles in common.
        let best = found.reduce(|best, own| if own.0 > best.0 { own } else { best })?;
        (best.0 > 0).then(|| (best.1.clone(), best.2))
    }
}

fn key(contig: &str, position: u64, id: &str) -> String {
    if position > 0 { format!("{contig}\t{position}") } else { format!("\t{id}") }
}

impl Panel {
    /// The frequencies as a table with the identity of each variant: contig, position (0 if unknown), id, the allele that
    /// is counted, the other one (`.` for all others), and a column a population.
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write_frequencies(&self, ancestry: &Ancestry, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(out, "{}\t{}", HEAD.join("\t"), ancestry.names.join("\t"))?;
        for (row, name) in self.columns.iter().enumerate() {
            write!(out, "{name}")?;
            for own in &ancestry.frequencies {
                write!(out, "\t{:.6}", own[row])?;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    /// The frequencies as ADMIXTURE writes its `.P`: the numbers alone, a line an allele that is counted.
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write_p(&self, ancestry: &Ancestry, out: &mut impl Write) -> std::io::Result<()> {
        for row in 0..self.columns.len() {
            let cells: Vec<String> =
                ancestry.frequencies.iter().map(|own| format!("{:.6}", own[row])).collect();
            writeln!(out, "{}", cells.join(" "))?;
        }
        Ok(())
    }

    /// The ancestries as ADMIXTURE writes its `.Q`: the numbers alone, a line a sample.
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write_q(&self, ancestry: &Ancestry, out: &mut impl Write) -> std::io::Result<()> {
        for shares in &ancestry.shares {
            writeln!(out, "{}", cells(shares.as_deref(), ancestry.names.len()).join(" "))?;
        }
        Ok(())
    }

    /// The ancestries as a table: sample, and a column a population; NA for samples without a call.
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write_shares(&self, ancestry: &Ancestry, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(out, "sample\t{}", ancestry.names.join("\t"))?;
        for (sample, shares) in self.samples.iter().zip(&ancestry.shares) {
            writeln!(out, "{sample}\t{}", cells(shares.as_deref(), ancestry.names.len()).join("\t"))?;
        }
        Ok(())
    }
}

fn cells(shares: Option<&[f64]>, k: usize) -> Vec<String> {
    match shares {
        Some(shares) => shares.iter().map(|share| format!("{share:.6}")).collect(),
        None => vec!["NA".to_owned(); k],
    }
}
