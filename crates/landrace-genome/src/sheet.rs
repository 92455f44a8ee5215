//! The sample sheet: which file holds which unit of which sample.
//!
//! A tab- or comma-separated table with a header. `sample` and `fastq_1` are required; `fastq_2`, `library`,
//! `lane`, `ploidy`, `accession`, `layout` and `bam` are known; further columns are kept. Rows of one sample are
//! its sequencing units. Relative paths start at the sheet's folder.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use crate::file::{self, FileError};
use crate::nearest::hint;

/// How a library was made; it decides what a positional duplicate means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Random shotgun: reads at one place are PCR or optical duplicates.
    #[default]
    Wgs,
    /// Cut-site libraries (GBS, RAD): reads stack up by design.
    Gbs,
    /// Amplicons: reads stack up by design.
    Amplicon,
}

impl Layout {
    /// Reads the sheet's word.
    pub fn from_word(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "" | "wgs" | "exome" | "capture" => Some(Self::Wgs),
            "gbs" | "rad" | "ddrad" | "dart" => Some(Self::Gbs),
            "amplicon" => Some(Self::Amplicon),
            _ => None,
        }
    }

    /// Whether reads that start at one place are copies of one molecule.
    pub fn has_positional_duplicates(self) -> bool {
        self == Self::Wgs
    }
}

/// Copies of each chromosome: a default and exceptions by contig. Written `4` or `4;Pt=1;Mt=1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ploidy {
    /// Copies of a contig that is not named.
    pub default: u8,
    /// Copies of named contigs.
    pub by_contig: BTreeMap<String, u8>,
}

impl Default for Ploidy {
    fn default() -> Self {
        Self::of(2)
    }
}

impl Ploidy {
    /// The same ploidy on every contig.
    pub fn of(ploidy: u8) -> Self {
        Self { default: ploidy, by_contig: BTreeMap::new() }
    }

    /// Reads `4` or `4;Pt=1;Mt=1`; ploidies are 1 to 8.
    pub fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| text.trim().parse().ok().filter(|ploidy| (1..=8).contains(ploidy));
        let mut parts = text.split(';');
        let mut ploidy = Self::of(number(parts.next()?)?);
        for part in parts {
            let (contig, copies) = part.rsplit_once('=')?;
            ploidy.by_contig.insert(contig.trim().to_owned(), number(copies)?);
        }
        Some(ploidy)
    }

    /// Copies of a contig.
    pub fn on(&self, contig: &str) -> u8 {
        self.by_contig.get(contig).copied().unwrap_or(self.default)
    }
}

/// One row: one sequencing unit of a sample.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// Row of the sheet, from 1 (the header is row 1).
    pub row: usize,
    /// Reads, or first mates. Empty if the row names a BAM instead.
    pub fastq_1: PathBuf,
    /// Second mates.
    pub fastq_2: Option<PathBuf>,
    /// Alignments that are already there.
    pub bam: Option<PathBuf>,
    /// Library; duplicates are sought within one. Defaults to the sample's name.
    pub library: String,
    /// Lane or unit name; defaults to the unit's number within the sample.
    pub lane: String,
    /// How the library was made.
    pub layout: Layout,
}

/// A sample and its units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Name, byte for byte as the sheet has it.
    pub name: String,
    /// Gene-bank accession, if the sheet names one.
    pub accession: Option<String>,
    /// Copies of each chromosome, if the sheet says.
    pub ploidy: Option<Ploidy>,
    /// Its rows, in the sheet's order.
    pub units: Vec<Unit>,
}

/// A whole sheet: samples in the order of their first rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampleSheet {
    /// The samples.
    pub samples: Vec<Sample>,
}

/// What can be wrong with a sheet.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A column is missing.
    #[error("{path}: the sample sheet has no column '{column}'{hint}")]
    MissingColumn {
        /// The sheet.
        path: String,
        /// The column.
        column: String,
        /// The nearest column there is.
        hint: String,
    },
    /// A row is wrong.
    #[error("{path}: row {row}: {message}")]
    Row {
        /// The sheet.
        path: String,
        /// Row, from 1 (the header is row 1).
        row: usize,
        /// What is wrong and what to do.
        message: String,
    },
}

/// A table of text with a header, as sheets and phenotype files are.
struct Rows<'a> {
    path: String,
    columns: Vec<&'a str>,
    rows: Vec<(usize, Vec<&'a str>)>,
}

/// A sheet as a table, with every column and cell as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Column names.
    pub columns: Vec<String>,
    /// Row number (the header is row 1) and cells, as many as columns.
    pub rows: Vec<(usize, Vec<String>)>,
}

impl Table {
    /// Reads a sample sheet as a table.
    ///
    /// # Errors
    /// Returns an error that names the row or the column if a column of every sheet is missing or rows are of
    /// uneven length.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, SheetError> {
        let path = path.as_ref();
        let text = file::read_text(path)?;
        let rows = Rows::parse(&text, &path.display().to_string())?;
        let owned = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
        let columns = owned(&rows.columns);
        Ok(Self { columns, rows: rows.rows.iter().map(|(row, cells)| (*row, owned(cells))).collect() })
    }
}

impl SampleSheet {
    /// Reads a sheet.
    ///
    /// # Errors
    /// Returns an error that names the row, the column and the remedy: a missing column, an empty name, rows of
    /// uneven length, a file named twice, or ploidies and accessions that differ within a sample.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, SheetError> {
        let path = path.as_ref();
        let text = file::read_text(path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, &path.display().to_string(), folder)
    }

    fn parse(text: &str, path: &str, folder: &Path) -> Result<Self, SheetError> {
        let table = Rows::parse(text, path)?;
        let mut sheet = Self::default();
        let mut seen: HashMap<PathBuf, usize> = HashMap::new();
        for (row, cells) in &table.rows {
            let unit = table.unit(*row, cells, folder)?;
            for file in [Some(&unit.fastq_1), unit.fastq_2.as_ref(), unit.bam.as_ref()].into_iter().flatten()
            {
                if file.as_os_str().is_empty() {
                    continue;
                }
                if let Some(earlier) = seen.insert(file.clone(), *row) {
                    let message = format!("{} is also in row {earlier}; name each file once", file.display());
                    return Err(table.row_error(*row, message));
                }
            }
            sheet.add(&table, *row, cells, unit)?;
        }
        if sheet.samples.is_empty() {
            return Err(table.row_error(2, "the sheet names no sample".to_owned()));
        }
        Ok(sheet)
    }

    fn add(
        &mut self,
        table: &Rows<'_>,
        row: usize,
        cells: &[&str],
        mut unit: Unit,
    ) -> Result<(), SheetError> {
        let name = table.cell(cells, "sample");
        if name.is_empty() || name.contains(['\t', '\n', '\r']) {
            return Err(table.row_error(row, "the sample has no name".to_owned()));
        }
        let accession =
            Some(table.cell(cells, "accession")).filter(|text| !text.is_empty()).map(str::to_owned);
        let ploidy = match table.cell(cells, "ploidy") {
            "" => None,
            text => Some(Ploidy::parse(text).ok_or_else(|| {
                table.row_error(
                    row,
                    format!("cannot read the ploidy '{text}'; write 1 to 8, or as in '4;Pt=1;Mt=1'"),
                )
            })?),
        };
        if let Some(sample) = self.samples.iter_mut().find(|sample| sample.name == name) {
            if sample.ploidy != ploidy || sample.accession != accession {
                let message = format!("ploidy or accession of sample '{name}' differs from its earlier rows");
                return Err(table.row_error(row, message));
            }
            unit.name_lane(sample.units.len());
            sample.units.push(unit);
            return Ok(());
        }
        unit.name_lane(0);
        self.samples.push(Sample { name: name.to_owned(), accession, ploidy, units: vec![unit] });
        Ok(())
    }

    /// The sample of a name.
    pub fn sample(&self, name: &str) -> Option<&Sample> {
        self.samples.iter().find(|sample| sample.name == name)
    }
}

impl Unit {
    fn name_lane(&mut self, earlier: usize) {
        if self.lane.is_empty() {
            self.lane = (earlier + 1).to_string();
        }
    }
}

impl<'a> Rows<'a> {
    fn parse(text: &'a str, path: &str) -> Result<Self, SheetError> {
        let text = text.trim_start_matches('\u{feff}');
        let mut lines =
            (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with("##"));
        let (_, header) = lines.next().unwrap_or((1, ""));
        let separator = if header.contains('\t') { '\t' } else { ',' };
        let split = |line: &'a str| {
            line.split(separator).map(|cell| cell.trim_matches(['\r', '"'])).collect::<Vec<_>>()
        };
        let columns: Vec<&str> =
            split(header).into_iter().map(|name| name.trim_start_matches('#').trim()).collect();
        let rows = lines.map(|(row, line)| (row, split(line))).collect();
        let table = Self { path: path.to_owned(), columns, rows };
        table.check()?;
        Ok(table)
    }

    fn check(&self) -> Result<(), SheetError> {
        let missing = |column: &str| SheetError::MissingColumn {
            path: self.path.clone(),
            column: column.to_owned(),
            hint: hint(column, self.columns.iter().copied()),
        };
        if !self.columns.contains(&"sample") {
            return Err(missing("sample"));
        }
        if !self.columns.contains(&"fastq_1") && !self.columns.contains(&"bam") {
            return Err(missing("fastq_1"));
        }
        let width = self.columns.len();
        match self.rows.iter().find(|(_, cells)| cells.len() != width) {
            Some((row, cells)) => {
                let message = format!("has {} cells, but the header has {width} columns", cells.len());
                Err(self.row_error(*row, message))
            }
            None => Ok(()),
        }
    }

    fn cell(&self, cells: &[&'a str], column: &str) -> &'a str {
        self.columns.iter().position(|name| *name == column).map_or("", |index| cells[index])
    }

    fn unit(&self, row: usize, cells: &[&str], folder: &Path) -> Result<Unit, SheetError> {
        let file = |column| {
            Some(self.cell(cells, column)).filter(|text| !text.is_empty()).map(|text| folder.join(text))
        };
        let fastq_1 = file("fastq_1").unwrap_or_default();
        let bam = file("bam");
        if fastq_1.as_os_str().is_empty() && bam.is_none() {
            return Err(self.row_error(row, "column 'fastq_1' is empty; name the file of reads".to_owned()));
        }
        let word = self.cell(cells, "layout");
        let layout = Layout::from_word(word).ok_or_else(|| {
            self.row_error(row, format!("unknown layout '{word}'; write wgs, gbs or amplicon"))
        })?;
        let library = match self.cell(cells, "library") {
            "" => self.cell(cells, "sample"),
            library => library,
        };
        let lane = self.cell(cells, "lane").to_owned();
        Ok(Unit { row, fastq_1, fastq_2: file("fastq_2"), bam, library: library.to_owned(), lane, layout })
    }

    fn row_error(&self, row: usize, message: String) -> SheetError {
        SheetError::Row { path: self.path.clone(), row, message }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<SampleSheet, SheetError> {
        SampleSheet::parse(text, "sheet.tsv", Path::new("reads"))
    }

    #[test]
    fn rows_of_one_sample_are_its_units() {
        let sheet =
            parse("sample,fastq_1,fastq_2,ploidy\nS 1,a_1.fq,a_2.fq,4;Pt=1\nS 1,b_1.fq,,4;Pt=1\nS2,c.fq,,\n")
                .unwrap();
        assert_eq!(sheet.samples.len(), 2);
        let first = &sheet.samples[0];
        assert_eq!((first.name.as_str(), first.units.len()), ("S 1", 2));
        assert_eq!(first.units[1].lane, "2");
        assert_eq!(first.units[0].fastq_2.as_deref(), Some(Path::new("reads/a_2.fq")));
        assert_eq!(first.ploidy.as_ref().map(|ploidy| (ploidy.on("chr1"), ploidy.on("Pt"))), Some((4, 1)));
    }

    #[test]
    fn errors_name_row_column_and_the_nearest_word() {
        let message = |text| parse(text).unwrap_err().to_string();
        assert_eq!(
            message("sample\tfastq1\nA\tx\n"),
            "sheet.tsv: the sample sheet has no column 'fastq_1'; did you mean 'fastq1'?"
        );
        assert!(message("sample\tfastq_1\nA\n").contains("row 2: has 1 cells"));
        assert!(message("sample\tfastq_1\nA\tx\nB\tx\n").contains("row 3: reads/x is also in row 2"));
        assert!(message("sample\tfastq_1\tploidy\nA\tx\t9\n").contains("cannot read the ploidy '9'"));
        assert!(message("sample\tfastq_1\n").contains("names no sample"));
    }

    proptest! {
        #[test]
        fn any_text_gives_a_sheet_or_an_error(text in "(sample|fastq_1|ploidy|[a,\t\n;=4]){0,60}") {
            let _ = parse(&text);
        }
    }
}
