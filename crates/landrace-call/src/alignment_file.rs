//! A BAM file: its contigs, its samples, its index, and its reads in order.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use landrace_genome::file::{self, Compression, FileError};
use landrace_genome::{ContigDictionary, ContigId, SampleIndex};
use noodles::bam;
use noodles::bgzf;
use noodles::core::Position;
use noodles::csi::{self, BinningIndex};
use noodles::sam::alignment::record::Flags;
use noodles::sam::alignment::record::data::field::{Tag, Value};
use noodles::sam::header::record::value::map::read_group::tag::SAMPLE;

use crate::error::CallError;
use crate::read::{AlignedRead, ReadPlace, base_code, name_hash};

/// Mapping quality taken where a file does not say (255).
const UNKNOWN_MAPPING_QUALITY: u8 = 60;
/// Base quality taken where a file does not say.
const UNKNOWN_BASE_QUALITY: u8 = 20;
/// The block that ends every whole BGZF file (SAM specification, 4.1.2).
const END_MARKER: [u8; 28] =
    [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, b'B', b'C', 2, 0, 0x1b, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

type BamReader = bam::io::Reader<bgzf::io::Reader<BufReader<File>>>;

/// Whose reads a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// All reads are of one sample.
    One(SampleIndex),
    /// Each read group names its sample; reads without a known group are an error.
    ByReadGroup(HashMap<Vec<u8>, SampleIndex>),
}

/// Reads that were left out, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadCounts {
    /// Alignments seen.
    pub seen: u64,
    /// Unmapped, secondary, supplementary, failed, or without bases.
    pub unusable: u64,
    /// Marked as duplicates.
    pub duplicates: u64,
    /// Below the mapping quality asked for.
    pub low_mapping_quality: u64,
    /// Beyond the depth that is looked at.
    pub beyond_depth: u64,
}

impl ReadCounts {
    /// The sum of two.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            seen: self.seen + other.seen,
            unusable: self.unusable + other.unusable,
            duplicates: self.duplicates + other.duplicates,
            low_mapping_quality: self.low_mapping_quality + other.low_mapping_quality,
            beyond_depth: self.beyond_depth + other.beyond_depth,
        }
    }
}

/// An open BAM.
pub struct AlignmentFile {
    path: PathBuf,
    reader: BamReader,
    /// The reference's id of each contig of the file.
    contigs: Vec<ContigId>,
    index: Option<Box<dyn BinningIndex + Send + Sync>>,
    ownership: Ownership,
    min_mapping_quality: u8,
    record: bam::Record,
    last: (usize, u64),
    pub(crate) counts: ReadCounts,
}

/// Names of the samples of a header's read groups, by group.
pub(crate) type GroupSamples = Vec<(Vec<u8>, Option<String>)>;

impl AlignmentFile {
    /// Opens a BAM, checks that it is whole and that its contigs are the reference's, and gives the samples that
    /// its read groups name. The index beside it is read if it is there.
    ///
    /// # Errors
    /// Returns an error that names the file if it is no BAM, is cut short, or was made with another reference.
    pub(crate) fn open(path: &Path, reference: &ContigDictionary) -> Result<(Self, GroupSamples), CallError> {
        let failed = |error: io::Error| FileError::new(path, &error);
        let mut file = file::open_raw(path)?;
        check_whole(path, &mut file)?;
        let mut reader = bam::io::Reader::new(BufReader::with_capacity(1 << 17, file));
        let header = reader.read_header().map_err(|error| {
            CallError::alignments(path, format!("cannot read the BAM header ({error}); is this a BAM file?"))
        })?;
        let mut contigs = ContigDictionary::default();
        let wrong = |error| CallError::Contig { path: path.display().to_string(), error };
        for (name, contig) in header.reference_sequences() {
            contigs.push(name.to_string(), contig.length().get() as u64).map_err(wrong)?;
        }
        if contigs.is_empty() {
            let message = "the header names no contigs: it holds unaligned reads; align them first";
            return Err(CallError::alignments(path, message));
        }
        let groups = header.read_groups().iter().map(|(id, group)| {
            let sample = group.other_fields().get(&SAMPLE).map(ToString::to_string);
            (id.to_vec(), sample)
        });
        let file = Self {
            path: path.to_owned(),
            contigs: contigs.matched_to(reference).map_err(wrong)?,
            index: read_index(path).map_err(failed)?,
            reader,
            ownership: Ownership::One(SampleIndex(0)),
            min_mapping_quality: 0,
            record: bam::Record::default(),
            last: (0, 0),
            counts: ReadCounts::default(),
        };
        Ok((file, groups.collect()))
    }

    /// Says whose reads these are and which of them count.
    pub(crate) fn set_use(&mut self, ownership: Ownership, min_mapping_quality: u8) {
        self.ownership = ownership;
        self.min_mapping_quality = min_mapping_quality;
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether an index lies beside it.
    pub fn is_indexed(&self) -> bool {
        self.index.is_some()
    }

    /// Whether its contigs come in the reference's order.
    pub(crate) fn is_in_order(&self) -> bool {
        self.contigs.is_sorted()
    }

    /// Place of a contig in the file's own order; `None` if the file lacks it.
    pub(crate) fn rank(&self, contig: ContigId) -> Option<usize> {
        self.contigs.iter().position(|&id| id == contig)
    }

    /// Goes to the first read that may overlap `start` or lie after it. Gives `false` if there is none, or if
    /// the file has no index.
    ///
    /// # Errors
    /// Returns an error that names the file.
    pub(crate) fn seek(&mut self, contig: ContigId, start: u64) -> Result<bool, CallError> {
        let (Some(index), Some(rank)) = (&self.index, self.rank(contig)) else { return Ok(false) };
        let failed = |error: io::Error| FileError::new(&self.path, &error);
        let from = usize::try_from(start).ok().and_then(|start| Position::try_from(start + 1).ok());
        let chunks = index.query(rank, (from.unwrap_or(Position::MIN)..).into()).map_err(failed)?;
        let Some(first) =
            chunks.iter().map(csi::binning_index::index::reference_sequence::bin::Chunk::start).min()
        else {
            return Ok(false);
        };
        self.reader.get_mut().seek(first).map_err(failed)?;
        self.last = (0, 0);
        Ok(true)
    }

    /// The next read that counts, with its contig; `None` at the end of the placed reads.
    ///
    /// # Errors
    /// Returns an error that names the file if it is damaged, not sorted, or a read is of no known sample.
    pub(crate) fn next_read(&mut self) -> Result<Option<(ContigId, AlignedRead)>, CallError> {
        loop {
            let n = self.reader.read_record(&mut self.record).map_err(|error| self.damaged(&error))?;
            if n == 0 {
                return Ok(None);
            }
            let Some(rank) = self.record.reference_sequence_id() else { return Ok(None) };
            let rank = rank.map_err(|error| self.damaged(&error))?;
            let start = match self.record.alignment_start() {
                Some(start) => start.map_err(|error| self.damaged(&error))?.get() as u64 - 1,
                None => continue,
            };
            if (rank, start) < self.last {
                let message = "is not sorted by position; sort it with 'samtools sort'";
                return Err(CallError::alignments(&self.path, message));
            }
            self.last = (rank, start);
            self.counts.seen += 1;
            let Some(&contig) = self.contigs.get(rank) else {
                return Err(CallError::alignments(
                    &self.path,
                    "names a contig that its header lacks; make it again",
                ));
            };
            if self.counts_out() {
                continue;
            }
            match self.decode(start)? {
                Some(read) => return Ok(Some((contig, read))),
                None => self.counts.unusable += 1,
            }
        }
    }

    /// Whether the record is of a kind that is left out; counts why.
    fn counts_out(&mut self) -> bool {
        let flags = self.record.flags();
        let unusable = Flags::UNMAPPED | Flags::SECONDARY | Flags::SUPPLEMENTARY | Flags::QC_FAIL;
        let quality = self.record.mapping_quality().map_or(UNKNOWN_MAPPING_QUALITY, u8::from);
        let counter = if flags.intersects(unusable) {
            &mut self.counts.unusable
        } else if flags.contains(Flags::DUPLICATE) {
            &mut self.counts.duplicates
        } else if quality < self.min_mapping_quality {
            &mut self.counts.low_mapping_quality
        } else {
            return false;
        };
        *counter += 1;
        true
    }

    fn decode(&self, start: u64) -> Result<Option<AlignedRead>, CallError> {
        let record = &self.record;
        let length = record.sequence().len();
        let mut packed = Vec::with_capacity(2 * length);
        packed.extend(record.sequence().iter().map(base_code));
        let qualities = record.quality_scores();
        match qualities.as_bytes() {
            [] | [0xff, ..] => packed.resize(2 * length, UNKNOWN_BASE_QUALITY),
            known => packed.extend_from_slice(known),
        }
        if packed.len() != 2 * length {
            return Ok(None);
        }
        let words = record.cigar();
        let cigar =
            words.as_bytes().chunks_exact(4).map(|op| u32::from_le_bytes([op[0], op[1], op[2], op[3]]));
        let flags = record.flags();
        let place = ReadPlace {
            start,
            fragment: record.name().map_or(0, |name| name_hash(name)),
            sample: self.owner()?,
            mapping_quality: record.mapping_quality().map_or(UNKNOWN_MAPPING_QUALITY, u8::from),
            is_reverse: flags.is_reverse_complemented(),
            is_second: flags.contains(Flags::LAST_SEGMENT),
        };
        Ok(AlignedRead::new(place, cigar.collect(), packed.into()))
    }

    fn owner(&self) -> Result<SampleIndex, CallError> {
        let groups = match &self.ownership {
            Ownership::One(sample) => return Ok(*sample),
            Ownership::ByReadGroup(groups) => groups,
        };
        let group = match self.record.data().get(&Tag::READ_GROUP) {
            Some(Ok(Value::String(group))) => group.to_vec(),
            _ => Vec::new(),
        };
        groups.get(&group).copied().ok_or_else(|| {
            let name = self.record.name().map(ToString::to_string).unwrap_or_default();
            let message = format!(
                "read '{name}' has no read group that the header ties to a sample; set one with 'samtools addreplacerg'"
            );
            CallError::alignments(&self.path, message)
        })
    }

    fn damaged(&self, error: &io::Error) -> CallError {
        let (rank, start) = self.last;
        let message = format!(
            "damaged after the read at base {} of contig {} of the file ({error}); copy it or make it again",
            start + 1,
            rank + 1
        );
        CallError::alignments(&self.path, message)
    }
}

/// Checks that a file is BGZF and ends as a whole one does.
fn check_whole(path: &Path, file: &mut File) -> Result<(), CallError> {
    let failed = |error: io::Error| FileError::new(path, &error);
    let mut head = Vec::with_capacity(18);
    file.by_ref().take(18).read_to_end(&mut head).map_err(failed)?;
    if head.is_empty() {
        return Err(CallError::alignments(path, "is empty; make it again"));
    }
    if Compression::of(&head) != Compression::Bgzf {
        let message = "is not a BAM file; convert SAM or CRAM with 'samtools view -b'";
        return Err(CallError::alignments(path, message));
    }
    let mut tail = [0; 28];
    let is_whole =
        file.seek(SeekFrom::End(-28)).is_ok() && file.read_exact(&mut tail).is_ok() && tail == END_MARKER;
    if !is_whole {
        return Err(CallError::alignments(
            path,
            "is cut short: its end marker is missing; copy or make it again",
        ));
    }
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    Ok(())
}

/// Reads the index beside a BAM: `x.bam.csi`, `x.bam.bai`, `x.csi` or `x.bai`.
fn read_index(path: &Path) -> io::Result<Option<Box<dyn BinningIndex + Send + Sync>>> {
    let csi = [file::beside(path, ".csi"), path.with_extension("csi")];
    if let Some(found) = csi.iter().find(|candidate| candidate.is_file()) {
        let index = csi::io::Reader::new(file::open_raw(found)?).read_index();
        return Ok(Some(Box::new(index.map_err(|error| FileError::new(found, &error))?)));
    }
    let bai = [file::beside(path, ".bai"), path.with_extension("bai")];
    if let Some(found) = bai.iter().find(|candidate| candidate.is_file()) {
        let reader = BufReader::new(file::open_raw(found)?);
        let index = bam::bai::io::Reader::new(reader).read_index();
        return Ok(Some(Box::new(index.map_err(|error| FileError::new(found, &error))?)));
    }
    Ok(None)
}
