//! Reads and a reference in, sorted and duplicate-marked alignments out.

pub mod alignment;

pub use alignment::{Alignment, CigarKind, CigarOp, FragmentAlignment, ReadAlignment};
