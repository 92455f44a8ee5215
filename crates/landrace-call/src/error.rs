//! What can go wrong while calling.

use std::path::Path;

use landrace_genome::FileError;
use landrace_genome::contig::ContigError;

/// Why a cohort cannot be opened or called.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A BAM whose contigs are not the reference's.
    #[error("{path}: {error}")]
    Contig {
        /// The BAM.
        path: String,
        /// What is wrong.
        error: ContigError,
    },
    /// A BAM that cannot be called from.
    #[error("{path}: {message}")]
    Alignments {
        /// The BAM.
        path: String,
        /// What is wrong and what to do.
        message: String,
    },
    /// Samples that contradict each other.
    #[error("{0}")]
    Samples(String),
    /// A region that is not in the reference.
    #[error(transparent)]
    Region(#[from] ContigError),
}

impl CallError {
    /// An error of the content of the BAM at `path`.
    pub(crate) fn alignments(path: &Path, message: impl Into<String>) -> Self {
        Self::Alignments { path: path.display().to_string(), message: message.into() }
    }
}
