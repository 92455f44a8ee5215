//! Reads and a reference in, sorted and duplicate-marked alignments out.

pub mod aligner;
pub mod alignment;
mod candidate;
pub mod counts;
pub mod coverage;
pub mod duplicates;
mod extend;
pub mod header;
pub mod index;
pub mod insert_size;
pub mod options;
mod packed;
mod pairing;
pub mod place;
mod prepared;
mod quality;
pub mod record;
mod rescue;
pub mod sample;
mod seeding;
mod sort;
mod spill;
mod syncmer;
mod trim;

pub use aligner::{Aligner, Scratch};
pub use alignment::{Alignment, CigarKind, CigarOp, FragmentAlignment, ReadAlignment};
pub use duplicates::DuplicatePolicy;
pub use index::{Index, IndexError, index_path};
pub use insert_size::InsertSizeModel;
pub use options::{AlignOptions, Scoring};
pub use sample::{AlignedSample, SampleError, SampleOptions, UnitReads, align_sample};
