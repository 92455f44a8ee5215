//! Where blocks come from: a file, several files, or a matrix held in memory.

use std::sync::Arc;

use landrace_genome::ContigDictionary;
use landrace_genome::batch::map_in_order;
use landrace_genome::file::{FileError, Meter};
use landrace_genome::summary::InputDigest;

use crate::block::{GenotypeBlock, layer::Wanted};
use crate::format::vcf::Meta;

/// What can be wrong with genotypes that are read, written or worked on.
#[derive(Debug, thiserror::Error)]
pub enum GenotypeError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A line of a file is wrong.
    #[error("{path}: line {line}: {message}")]
    Line {
        /// The file.
        path: String,
        /// Line, from 1.
        line: u64,
        /// What is wrong and what to do.
        message: String,
    },
    /// What is asked for does not fit the genotypes.
    #[error("{0}")]
    Request(String),
}

impl From<std::io::Error> for GenotypeError {
    fn from(error: std::io::Error) -> Self {
        match error.downcast::<FileError>() {
            Ok(inner) => Self::File(inner),
            // Files without a name, beside the output, have no path to tell.
            Err(error) if error.kind() == std::io::ErrorKind::StorageFull => Self::Request(
                "no space left on the disk of the output; free some, or write elsewhere".to_owned(),
            ),
            Err(error) => Self::Request(error.to_string()),
        }
    }
}

/// What a file says before its calls.
#[derive(Clone, Debug, Default)]
pub struct SourceHeader {
    /// Names of the samples, byte for byte.
    pub samples: Arc<[String]>,
    /// Contigs as the file names them; length 0 where it does not say. May lack contigs that a file does not
    /// declare before its calls.
    pub contigs: ContigDictionary,
    /// Header lines of a variant file.
    pub meta: Option<Arc<Meta>>,
    /// Family table of a PLINK file, one row a sample.
    pub families: Option<Arc<[Family]>>,
    /// Which layers the blocks carry. A variant file that is written from blocks without records declares their
    /// FORMAT fields, and holds those layers alone.
    pub layers: Wanted,
    /// Header lines (`##INFO=<ID=…>`) of what [`crate::Layers::info`] adds.
    pub info: Vec<String>,
    /// Whether alleles may be other than sequences: sizes of microsatellites, `B` beside `A`.
    pub has_named_alleles: bool,
    /// Whether sites carry places on a genetic map.
    pub has_genetic_map: bool,
    /// What the file says of each sample beside its calls, such as plate, well and batch.
    pub sample_columns: Option<Arc<SampleColumns>>,
    /// The format, as people name it.
    pub format: &'static str,
    /// What was taken for granted in reading, one line each.
    pub notes: Vec<String>,
}

impl SourceHeader {
    /// The header with the chosen samples alone; all with `None`.
    pub fn with_samples(&self, samples: Option<&[usize]>) -> Self {
        let mut out = self.clone();
        if let Some(samples) = samples {
            out.samples = samples.iter().map(|&index| self.samples[index].clone()).collect();
            let rows = self.families.as_ref();
            out.families = rows.map(|rows| samples.iter().map(|&index| rows[index].clone()).collect());
            out.sample_columns = self.sample_columns.as_ref().map(|own| Arc::new(own.with_samples(samples)));
        }
        out
    }

    /// Adds contigs of unknown length that are not there yet.
    pub fn declare(&mut self, contigs: Vec<String>) {
        for name in contigs {
            // Those that are there already are refused.
            let _ = self.contigs.push(name, 0);
        }
    }
}

/// Columns that describe samples, as laboratories write them beside the calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampleColumns {
    /// Names of the columns: `plate`, `well` and `batch` where they mean that, else as the file has them.
    pub names: Vec<String>,
    /// One row a sample, as many cells as names; empty where the file says nothing.
    pub rows: Vec<Vec<String>>,
}

impl SampleColumns {
    fn with_samples(&self, samples: &[usize]) -> Self {
        Self {
            names: self.names.clone(),
            rows: samples.iter().map(|&index| self.rows[index].clone()).collect(),
        }
    }

    /// The table as text, with the column `sample` before the others.
    pub fn to_text(&self, samples: &[String]) -> String {
        let line = |first: &str, cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|cell| cell.replace(['\t', '\n', '\r'], " ")).collect();
            [first].into_iter().chain(cells.iter().map(String::as_str)).collect::<Vec<_>>().join("\t") + "\n"
        };
        let rows = samples.iter().zip(&self.rows).map(|(sample, row)| line(sample, row));
        [line("sample", &self.names)].into_iter().chain(rows).collect()
    }
}

/// A row of a PLINK `.fam` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Family, sample, father and mother, sex and phenotype, byte for byte.
    pub fields: [Box<str>; 6],
}

/// Some of a file, not yet parsed: cheap to read, costly to parse.
#[derive(Debug, Default)]
pub struct Stretch {
    /// The bytes: whole lines, or whole rows.
    pub bytes: Vec<u8>,
    /// Line (from 1) or variant (from 0) of the first.
    pub first: u64,
    /// Which of several files it is from.
    pub file: usize,
}

/// Parses stretches; used by all threads at once.
pub trait ParseStretch: Send + Sync {
    /// The blocks of a stretch, in the file's order. Each is of one contig.
    ///
    /// # Errors
    /// Returns an error that names the file, the line and the remedy.
    fn blocks(&self, stretch: Stretch) -> Result<Vec<GenotypeBlock>, GenotypeError>;
}

/// Yields genotypes in order, bit by bit.
///
/// A stretch is at most 4 MiB or 1,024 variants (or one variant, if it is longer), and at most four a thread are
/// in flight, so that memory does not grow with the file.
pub trait GenotypeSource {
    /// Samples, contigs and what else is known before the calls.
    fn header(&self) -> &SourceHeader;

    /// Adds contigs that the header lacks.
    fn declare(&mut self, contigs: Vec<String>);

    /// Reads the next stretch; `None` at the end.
    ///
    /// # Errors
    /// Returns an error that names the file and the place.
    fn next_stretch(&mut self) -> Result<Option<Stretch>, GenotypeError>;

    /// Contig and first and last position of a stretch, without parsing all of it; `None` if it cannot be told.
    fn extent(&self, stretch: &Stretch) -> Option<(String, u64, u64)>;

    /// The parser of this source's stretches.
    fn parser(&self) -> Arc<dyn ParseStretch>;

    /// Counts of the bytes read, for progress.
    fn meters(&self) -> Vec<Meter> {
        Vec::new()
    }

    /// Bytes there are to read, if known.
    fn size(&self) -> u64 {
        0
    }

    /// The inputs by name and content; complete at the end of the stream.
    fn digests(&self) -> Vec<InputDigest> {
        Vec::new()
    }
}

/// Runs `work` on every block on all threads and hands the results to `write` in the file's order.
///
/// # Errors
/// Returns the first error, in the file's order, of the source, of `work` or of `write`.
pub fn for_each_block<U: Send>(
    source: &mut dyn GenotypeSource,
    work: impl Fn(GenotypeBlock) -> Result<U, GenotypeError> + Sync,
    mut write: impl FnMut(U) -> Result<(), GenotypeError>,
) -> Result<(), GenotypeError> {
    let parser = source.parser();
    let stretches = std::iter::from_fn(|| source.next_stretch().transpose());
    map_in_order(
        stretches,
        || (),
        |(), stretch| parser.blocks(stretch)?.into_iter().map(&work).collect::<Result<Vec<U>, _>>(),
        |results| results.into_iter().try_for_each(&mut write),
    )
}
