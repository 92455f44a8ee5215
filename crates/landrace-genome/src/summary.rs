//! What each command says of its work: `<output>.summary.json`, which `report` draws.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::file::{self, FileError, Input};

/// Version of the summary's shape.
pub const SCHEMA: &str = "landrace-summary/1";

/// The account of one run of one command. It holds nothing that depends on threads, memory, paths, host or
/// time, so that the same work gives the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// [`SCHEMA`].
    pub schema: String,
    /// The command's name, for example `align`.
    pub command: String,
    /// The canonical command line: without threads, memory, output and folders.
    pub command_line: String,
    /// Landrace's version.
    pub version: String,
    /// What the summary is about: a sample, a region or a file's name; empty if it is the whole run.
    #[serde(default)]
    pub subject: String,
    /// The files read.
    pub inputs: Vec<InputDigest>,
    /// Counts and figures by name.
    pub counts: BTreeMap<String, Value>,
    /// Tables to draw.
    pub tables: Vec<Table>,
    /// What was done, in a sentence or two for people. `{reads}` stands for the count of that name and
    /// `{mapped/reads}` for a percentage; where `report` joins the summaries of several subjects, it fills in
    /// the joined counts. Empty if the counts speak for themselves.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub headline: String,
    /// How tables of several subjects (samples, regions) become one, by table name; `report` goes by the
    /// chart kind where nothing is said.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub combine: BTreeMap<String, Combine>,
}

/// How tables of one name that come from several runs of a command, one a subject, become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Combine {
    /// Rows with the same first column are added up.
    Sum,
    /// Each subject is a series over the same first column.
    Overlay,
    /// Rows follow each other.
    Rows,
    /// Each subject keeps a picture of its own.
    Apart,
}

/// A file that was read, by name and content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputDigest {
    /// File name, without its folder.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// BLAKE3 of the bytes on the disk, in hexadecimal.
    pub blake3: String,
}

/// How a table is drawn. `report` knows these kinds and no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Chart {
    /// No picture: the table itself.
    Table,
    /// First column: category. Each further column: a bar.
    Bar,
    /// First column: category. The further columns are stacked to one bar.
    StackedBar,
    /// First column: lower edge of the bin. Second: count.
    Histogram,
    /// First column: x. Each further column: a line.
    Line,
    /// First column: label. Second and third: x and y. Fourth, if there: group.
    Scatter,
    /// First column: label. Second and third: latitude and longitude in degrees. Fourth: group; rows without one are
    /// names of countries, written faintly where they fall within the map.
    Map,
    /// First column: contig. Second: position, 1-based. Third, if there: value. A row without a position gives
    /// the contig's length in the third column.
    Contigs,
    /// As [`Chart::Contigs`], but the contigs stand one after another on one line and each value is a point: the higher, the
    /// more it matters. A row without a contig gives a threshold in the third column.
    Manhattan,
    /// First column: row label. Each further column: a column of the matrix.
    Heatmap,
    /// First column: label. Second: the text of a QR code. Third: symbols, drawn as a strip of colours.
    Barcode,
    /// A page to print and sign. First column: `title`, `verdict`, `note`, `signature`, or the heading that a line
    /// stands under. Second: what the line is. Third: its text.
    Certificate,
    /// First column: node. Second: its parent, empty for the root. Third: length of the branch between them. Fourth:
    /// label of a leaf. Fifth, if there: support of the branch in percent. A node stands after its parent.
    Tree,
}

/// A table of a summary: small ones are held, large ones are named by path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Stable name within the command, for example `insert-size`.
    pub name: String,
    /// Heading in the report.
    pub title: String,
    /// How it is drawn.
    pub chart: Chart,
    /// Column names; units in brackets.
    pub columns: Vec<String>,
    /// Rows, each as long as `columns`; empty if `path` is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Vec<Value>>,
    /// A TSV file with a header, relative to the summary's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

impl InputDigest {
    /// What was read of an input; call it at the end of the file.
    pub fn of(input: &Input) -> Self {
        Self { name: file_name(input.path()), size: input.meter().bytes(), blake3: input.meter().digest() }
    }

    /// Reads and digests a file.
    ///
    /// # Errors
    /// Returns an error that names the path if the file cannot be read.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let (blake3, size) = file::digest(path)?;
        Ok(Self { name: file_name(path), size, blake3 })
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

impl Summary {
    /// Starts a summary.
    pub fn new(command: &str, command_line: &str) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            command: command.to_owned(),
            command_line: command_line.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            subject: String::new(),
            inputs: Vec::new(),
            counts: BTreeMap::new(),
            tables: Vec::new(),
            headline: String::new(),
            combine: BTreeMap::new(),
        }
    }

    /// Notes a count or a figure.
    pub fn count(&mut self, name: &str, value: impl Into<Value>) -> &mut Self {
        self.counts.insert(name.to_owned(), value.into());
        self
    }

    /// Reads a summary.
    ///
    /// # Errors
    /// Returns an error that names the file if it is not a summary of a known shape.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let text = file::read_text(path)?;
        let summary: Self = serde_json::from_str(&text).map_err(|error| {
            FileError::content(
                path,
                format!("is not a Landrace summary ({error}); run the command that wrote it again"),
            )
        })?;
        if summary.schema != SCHEMA {
            let message = format!("has the shape '{}', but this Landrace reads '{SCHEMA}'", summary.schema);
            return Err(FileError::content(path, message));
        }
        Ok(summary)
    }

    /// The summary as JSON text, with a line end.
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self);
        // Strings, numbers and lists always serialise.
        text.map(|text| text + "\n").unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_back_equal() {
        let mut summary = Summary::new("align", "landrace align ref.fa r1.fq");
        summary.count("reads", 10).count("rate", 0.5);
        summary.tables.push(Table {
            name: "insert-size".into(),
            title: "Insert size".into(),
            chart: Chart::Histogram,
            columns: vec!["insert size [bp]".into(), "pairs".into()],
            rows: vec![vec![300.into(), 7.into()]],
            path: None,
        });
        let back: Summary = serde_json::from_str(&summary.to_json()).unwrap();
        assert_eq!(back, summary);
    }
}
