//! The index of a reference: one file, mapped into memory, that holds the packed bases and a sorted table of
//! context strobes.
//!
//! Each entry's key is `[first strobe | second | third]`, so that the seeds of one, two and three strobes are
//! prefixes of the same key and one random access serves all three. The highest bits of the key are the
//! bucket; the other 32 are stored.

use std::io::Write;
use std::path::{Path, PathBuf};

use landrace_genome::file::{self, FileError};
use landrace_genome::{ContigDictionary, ContigId, Interval, Position};

use crate::packed::{self, PackedSequence};

mod build;
mod layout;
mod prefetch;

use layout::{Header, Section};

/// Bits of the stored 32 that belong to the first strobe; the bucket's bits come on top.
const FIRST_BITS: u32 = 12;
/// Bits of the second strobe.
const SECOND_BITS: u32 = 10;
/// Bits of the third strobe.
const THIRD_BITS: u32 = 32 - FIRST_BITS - SECOND_BITS;

/// Stretches of a contig that are compared with the reference: all of it up to 64 kb.
const SAMPLED: u64 = 1_024;
/// Bases of such a stretch.
const STRETCH: u64 = 64;

/// What can be wrong with an index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is no index, or of another version, or damaged.
    #[error("{path}: {message}; make it again with 'landrace index'")]
    Unusable {
        /// The index.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// The index belongs to another reference.
    #[error(
        "{path}: was made of another reference than {reference} ({message}); make it again with 'landrace index'"
    )]
    OtherReference {
        /// The index.
        path: String,
        /// The reference.
        reference: String,
        /// The first difference.
        message: String,
    },
}

/// Where the index of a reference lies: beside it, with `.lri` after its name.
pub fn index_path(reference: &Path) -> PathBuf {
    file::beside(reference, ".lri")
}

/// The index of a reference, held in memory or mapped from its file.
pub struct Index {
    bytes: Bytes,
    header: Header,
    contigs: ContigDictionary,
    /// Start of each contig in the concatenation of all, and the end of the last.
    starts: Vec<u64>,
    /// Runs of bases other than A, C, G and T, as starts and ends in the concatenation.
    gaps: Vec<(u64, u64)>,
}

enum Bytes {
    Mapped(memmap2::Mmap),
    Held(Vec<u8>),
}

impl Bytes {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Held(bytes) => bytes,
        }
    }
}

/// A range of entries whose keys begin alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntryRange {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl EntryRange {
    pub(crate) fn len(self) -> u32 {
        self.end - self.start
    }
}

impl Index {
    /// Maps an index file.
    ///
    /// # Errors
    /// Returns an error that names the file if it cannot be read, is no index, was written by another version,
    /// is cut short, or fails its checksums.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, IndexError> {
        let path = path.as_ref();
        let map = file::map(path)?;
        Self::from_bytes(Bytes::Mapped(map))
            .map_err(|message| IndexError::Unusable { path: path.display().to_string(), message })
    }

    fn from_bytes(bytes: Bytes) -> Result<Self, String> {
        let slice = bytes.as_slice();
        let header = Header::read(slice)?;
        let contigs = layout::read_contigs(header.section(slice, Section::Contigs))?;
        let gaps = layout::read_gaps(header.section(slice, Section::Gaps));
        let mut starts = vec![0];
        let mut end = 0;
        for (_, contig) in contigs.iter() {
            end += contig.length;
            starts.push(end);
        }
        if end != header.bases {
            return Err("its contigs and its bases disagree".to_owned());
        }
        Ok(Self { bytes, header, contigs, starts, gaps })
    }

    /// Writes the index.
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write(&self, mut out: impl Write) -> std::io::Result<()> {
        out.write_all(self.bytes.as_slice())
    }

    /// The contigs of the reference, in its order.
    pub fn contigs(&self) -> &ContigDictionary {
        &self.contigs
    }

    /// Number of seeds.
    pub fn seeds(&self) -> u64 {
        self.header.entries
    }

    /// Size in bytes.
    pub fn size(&self) -> u64 {
        self.bytes.as_slice().len() as u64
    }

    /// Checks that the index was made of a reference with these contigs and, in 1,024 stretches of each contig,
    /// with these bases.
    ///
    /// # Errors
    /// Returns an error that names the first contig whose name, length or bases differ.
    pub fn check_reference(
        &self,
        path: &Path,
        reference: &landrace_genome::Reference,
    ) -> Result<(), IndexError> {
        let other = |message: String| IndexError::OtherReference {
            path: path.display().to_string(),
            reference: reference.path().display().to_string(),
            message,
        };
        let theirs = reference.contigs();
        if theirs.len() != self.contigs.len() {
            return Err(other(format!("{} contigs, not {}", self.contigs.len(), theirs.len())));
        }
        let pairs = self.contigs.iter().zip(theirs.iter());
        if let Some(((_, ours), (_, theirs))) = pairs.into_iter().find(|((_, a), (_, b))| a != b) {
            return Err(other(format!(
                "contig '{}' of {} bases, not '{}' of {}",
                ours.name, ours.length, theirs.name, theirs.length
            )));
        }
        let changed = self.contigs.iter().find_map(|(id, contig)| {
            self.first_difference(reference, id).map(|offset| (contig, Position::from_zero_based(offset)))
        });
        changed.map_or(Ok(()), |(contig, position)| {
            Err(other(format!("another base at {}:{position}", contig.name)))
        })
    }

    /// Offset of the first base of a contig, among those looked at, that differs from the reference's.
    fn first_difference(&self, reference: &landrace_genome::Reference, contig: ContigId) -> Option<u64> {
        let length = self.contigs.get(contig).length;
        let (start, _) = self.bounds(contig);
        let sequence = self.sequence();
        let step = (length / SAMPLED).max(STRETCH);
        let mut bases = Vec::new();
        (0..length).step_by(usize::try_from(step).ok()?).find_map(|from| {
            reference.copy_bases(contig, Interval::new(from, from + STRETCH), &mut bases);
            let differs = |&(at, &base): &(u64, &u8)| {
                let code = packed::code(base);
                // What is no A, C, G or T has a filler in the index.
                code != packed::UNKNOWN && code != sequence.code(start + at)
            };
            (from..).zip(&bases).find(differs).map(|(at, _)| at)
        })
    }

    fn section(&self, section: Section) -> &[u8] {
        self.header.section(self.bytes.as_slice(), section)
    }

    /// The packed bases of all contigs, one after another.
    pub(crate) fn sequence(&self) -> PackedSequence<'_> {
        PackedSequence(self.section(Section::Bases))
    }

    /// The contig at a place of the concatenation.
    pub(crate) fn contig_at(&self, place: u64) -> ContigId {
        let index = self.starts.partition_point(|&start| start <= place) - 1;
        ContigId(index.min(self.contigs.len() - 1) as u32)
    }

    /// First place and end of a contig in the concatenation.
    pub(crate) fn bounds(&self, contig: ContigId) -> (u64, u64) {
        (self.starts[contig.index()], self.starts[contig.index() + 1])
    }

    /// The runs of unknown bases that reach into `start..end` of the concatenation.
    pub(crate) fn gaps_in(&self, start: u64, end: u64) -> &[(u64, u64)] {
        if self.gaps.is_empty() {
            return &[];
        }
        let from = self.gaps.partition_point(|gap| gap.1 <= start);
        let n = self.gaps[from..].iter().take_while(|gap| gap.0 < end).count();
        &self.gaps[from..from + n]
    }

    /// The table of seeds.
    pub(crate) fn table(&self) -> SeedTable<'_> {
        let numbers = |section| self.section(section).as_chunks().0;
        SeedTable {
            bucket_bits: self.header.bucket_bits,
            buckets: numbers(Section::Buckets),
            keys: numbers(Section::Keys),
            places: numbers(Section::Places),
            high: self.section(Section::HighPlaces),
        }
    }
}

/// The sorted table of seeds: bucket starts, keys and places, each number in little endian.
#[derive(Clone, Copy)]
pub(crate) struct SeedTable<'a> {
    bucket_bits: u32,
    buckets: &'a [[u8; 4]],
    keys: &'a [[u8; 4]],
    places: &'a [[u8; 4]],
    high: &'a [u8],
}

impl SeedTable<'_> {
    /// The key of a seed and its context.
    #[inline]
    pub(crate) fn key(&self, first: u64, second: u64, third: u64) -> u64 {
        make_key(self.bucket_bits, first, second, third)
    }

    /// Says that a key's bucket will be asked for soon.
    #[inline]
    pub(crate) fn expect_bucket(&self, key: u64) {
        prefetch::prefetch(self.buckets, (key >> 32) as usize);
    }

    /// The entries of a key's bucket, whose keys will be asked for soon.
    #[inline]
    pub(crate) fn bucket(&self, key: u64) -> EntryRange {
        let bucket = (key >> 32) as usize;
        let offset = |at: usize| u32::from_le_bytes(self.buckets[at]);
        let range = EntryRange { start: offset(bucket), end: offset(bucket + 1) };
        prefetch::prefetch(self.keys, range.start as usize);
        range
    }

    /// Says that the places of a range will be asked for soon.
    #[inline]
    pub(crate) fn expect_places(&self, range: EntryRange) {
        prefetch::prefetch(self.places, range.start as usize);
        prefetch::prefetch(self.high, range.start as usize);
    }

    /// The entries of a range whose first `strobes` strobes are those of a key.
    #[inline]
    pub(crate) fn narrow(&self, range: EntryRange, key: u64, strobes: u8) -> EntryRange {
        let shift = match strobes {
            1 => SECOND_BITS + THIRD_BITS,
            2 => THIRD_BITS,
            _ => 0,
        };
        let wanted = (key as u32) >> shift;
        let keys = &self.keys[range.start as usize..range.end as usize];
        let stored = |chunk: &[u8; 4]| u32::from_le_bytes(*chunk) >> shift;
        let (start, end) = if keys.len() <= 16 {
            let start = keys.iter().take_while(|key| stored(key) < wanted).count();
            let n = keys[start..].iter().take_while(|key| stored(key) == wanted).count();
            (start, start + n)
        } else {
            let start = keys.partition_point(|key| stored(key) < wanted);
            (start, start + keys[start..].partition_point(|key| stored(key) == wanted))
        };
        EntryRange { start: range.start + start as u32, end: range.start + end as u32 }
    }

    /// Where in the concatenation an entry's seed starts.
    #[inline]
    pub(crate) fn place(&self, entry: u32) -> u64 {
        let low = u64::from(u32::from_le_bytes(self.places[entry as usize]));
        if self.high.is_empty() { low } else { u64::from(self.high[entry as usize]) << 32 | low }
    }
}

/// `[first | second | third]`, of `bucket_bits + 32` bits.
fn make_key(bucket_bits: u32, first: u64, second: u64, third: u64) -> u64 {
    (first >> (64 - bucket_bits - FIRST_BITS)) << (SECOND_BITS + THIRD_BITS)
        | (second >> (64 - SECOND_BITS)) << THIRD_BITS
        | third >> (64 - THIRD_BITS)
}

#[cfg(test)]
mod tests;
