//! What every Landrace crate stands on: places in a genome, files, reads, sample sheets, ordered batches.
//!
//! Nothing here knows of alignment, calling or genotypes. Positions people see are 1-based
//! ([`Position`]); ranges in memory are 0-based and half-open ([`Interval`]).
//!
//! ```
//! use landrace_genome::{ContigDictionary, Interval};
//!
//! let mut contigs = ContigDictionary::default();
//! let chr1 = contigs.push("chr1", 5_000)?;
//! let region = contigs.parse_region("chr1:1,001-2,000")?;
//! assert_eq!((region.contig, region.interval), (chr1, Interval::new(1_000, 2_000)));
//! # Ok::<(), landrace_genome::contig::ContigError>(())
//! ```

pub mod batch;
pub mod bgzf;
pub mod contig;
pub mod csi;
pub mod file;
pub mod length;
pub mod nearest;
pub mod position;
pub mod read;
pub mod reference;
pub mod sheet;
pub mod summary;
pub mod variant_file;

pub use contig::{Contig, ContigDictionary, Region};
pub use file::FileError;
pub use position::{ContigId, Interval, Position, SampleIndex};
pub use reference::Reference;
