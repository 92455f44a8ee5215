//! Reads and a reference in, sorted and duplicate-marked alignments out.

pub mod aligner;
pub mod alignment;
mod candidate;
mod extend;
pub mod index;
pub mod insert_size;
pub mod options;
mod packed;
mod pairing;
mod prepared;
mod quality;
mod rescue;
mod seeding;
mod syncmer;

pub use aligner::{Aligner, Scratch};
pub use alignment::{Alignment, CigarKind, CigarOp, FragmentAlignment, ReadAlignment};
pub use index::{Index, IndexError, index_path};
pub use insert_size::InsertSizeModel;
pub use options::{AlignOptions, Scoring};
