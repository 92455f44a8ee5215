//! All reads of a sample to one BAM file: sorted, duplicate-marked and indexed on the way.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use landrace_genome::batch::map_in_order;
use landrace_genome::bgzf::{self, BlockTable};
use landrace_genome::csi;
use landrace_genome::read::{PairBatch, PairReader, ReadBatch, ReadError};
use landrace_genome::sheet::Layout;
use landrace_genome::{FileError, Interval, Reference};

use crate::counts::Counts;
use crate::coverage::Coverage;
use crate::duplicates::{DuplicateFinder, DuplicatePolicy, FragmentSet, Signatures};
use crate::header::{HeaderError, ReadGroup, header_bytes};
use crate::place::PlaceReads;
use crate::record::{self, PackedRecords, Packer, Place, WholeRead, flag};
use crate::sort::RecordSorter;
use crate::trim;

/// Pairs from which a unit's insert sizes are learnt.
const LEARNT_FROM: usize = 16_384;
/// Pairs that are aligned at a time.
const BATCH: usize = 2_048;
/// Longest read name that BAM holds, in bytes.
const LONGEST_NAME: usize = 254;
/// Compression of the file: libdeflate's 5 is near zlib's 6 in size at a third of its time.
const LEVEL: u8 = 5;

/// The reads of a sequencing unit, and what is said of them.
pub struct UnitReads {
    /// The `@RG` line.
    pub group: ReadGroup,
    /// How the library was made.
    pub layout: Layout,
    /// The reads.
    pub reader: PairReader,
}

/// How a sample is written.
#[derive(Clone, Debug)]
pub struct SampleOptions {
    /// What happens to duplicates; by the unit's layout if it is not said.
    pub duplicates: Option<DuplicatePolicy>,
    /// Whether adapters, tails of G and tails of low quality are cut.
    pub is_trimmed: bool,
    /// Bytes that sorting may hold. The reads being aligned, some megabytes a thread, come on top.
    pub memory: u64,
    /// Folder of the scratch files.
    pub scratch: PathBuf,
    /// The canonical command line, for `@PG`.
    pub command_line: String,
}

impl SampleOptions {
    fn policy(&self, layout: Layout) -> DuplicatePolicy {
        let by_layout =
            if layout.has_positional_duplicates() { DuplicatePolicy::Mark } else { DuplicatePolicy::Keep };
        self.duplicates.unwrap_or(by_layout)
    }

    /// Bytes of the records, and of the signatures.
    fn shares(&self) -> (usize, usize) {
        let memory = usize::try_from(self.memory).unwrap_or(usize::MAX);
        (memory / 4 * 3, memory / 4)
    }
}

/// What can go wrong while reads are aligned and written.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The reads are wrong.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The header would be.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// Scratch files fail.
    #[error(transparent)]
    File(#[from] FileError),
    /// The output fails.
    #[error("{0}")]
    Write(#[from] io::Error),
    /// A read name is too long for BAM.
    #[error(
        "{path}: line {line}: the read's name has {length} bytes, but BAM holds {LONGEST_NAME}; shorten the names"
    )]
    LongName {
        /// The file of reads.
        path: String,
        /// Line, from 1.
        line: u64,
        /// Length of the name, in bytes.
        length: usize,
    },
}

/// A sample whose BAM file has been written.
pub struct AlignedSample {
    /// Counts of each unit, in order.
    pub units: Vec<Counts>,
    /// How deep the reads lie.
    pub coverage: Coverage,
    index: csi::Builder,
    table: BlockTable,
}

impl AlignedSample {
    /// Counts of the whole sample.
    pub fn counts(&self) -> Counts {
        let mut sum = Counts::default();
        self.units.iter().for_each(|unit| sum.merge(unit));
        sum
    }

    /// Writes the CSI index of the file.
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write_index(&self, out: impl Write) -> io::Result<()> {
        self.index.write(&self.table, out).map(drop)
    }
}

/// Aligns the units of a sample and writes them as one BAM file, sorted by coordinate; reads of one place keep
/// the order in which they were read. The bytes depend neither on threads nor on memory.
///
/// # Errors
/// Returns the first error of reading, of scratch files or of `out`.
pub fn align_sample<P: PlaceReads>(
    placer: &P,
    reference: &Reference,
    (sample, units): (&str, &mut [UnitReads]),
    options: &SampleOptions,
    out: impl Write,
) -> Result<AlignedSample, SampleError> {
    let groups: Vec<ReadGroup> = units.iter().map(|unit| unit.group.clone()).collect();
    let header = header_bytes(reference.contigs(), sample, &groups, &options.command_line)?;
    let (for_records, for_signatures) = options.shares();
    let mut records = RecordSorter::new(for_records, &options.scratch);
    let mut finder = DuplicateFinder::new(for_signatures, &options.scratch);
    let mut counts = Vec::new();
    let mut first_fragments = Vec::new();
    let mut fragments = 0;
    for (index, unit) in units.iter_mut().enumerate() {
        let library = groups.iter().position(|group| group.library == unit.group.library).unwrap_or(index);
        let task = UnitTask {
            placer,
            reference,
            read_group: &groups[index].id,
            // Read groups beyond 65535 would share libraries; no sample has that many.
            library: library as u16,
            is_marked: options.policy(unit.layout) != DuplicatePolicy::Keep,
            is_trimmed: options.is_trimmed,
        };
        let mut unit_counts = Counts::default();
        first_fragments.push(fragments);
        fragments = task.run(&mut unit.reader, fragments, |batch| {
            unit_counts.merge(&batch.counts);
            finder.push(&batch.signatures)?;
            records.push(batch.records).map_err(SampleError::from)
        })?;
        counts.push(unit_counts);
    }
    let duplicates = finder.decide()?;
    let mut writer = BamWriter {
        out: bgzf::Writer::new(out, LEVEL),
        index: csi::Builder::new(reference.contigs().len(), reference.contigs().longest()),
        coverage: Coverage::new(reference.contigs()),
        duplicates,
        is_removed: units.iter().map(|unit| options.policy(unit.layout) == DuplicatePolicy::Remove).collect(),
        first_fragments,
        units: counts,
    };
    writer.out.write_all(&header)?;
    records.finish(|entry| writer.write(entry))?;
    writer.coverage.finish();
    let (_, table) = writer.out.finish()?;
    Ok(AlignedSample { units: writer.units, coverage: writer.coverage, index: writer.index, table })
}

/// What is the same for all batches of a unit.
struct UnitTask<'a, P> {
    placer: &'a P,
    reference: &'a Reference,
    read_group: &'a str,
    library: u16,
    is_marked: bool,
    is_trimmed: bool,
}

/// A batch of reads to align: the number of its first fragment, its reads.
struct Task {
    first_fragment: u64,
    reads: PairBatch,
}

/// A batch that was aligned.
struct Aligned {
    records: PackedRecords,
    signatures: Signatures,
    counts: Counts,
}

impl<P: PlaceReads> UnitTask<'_, P> {
    /// Aligns the unit and gives the number of the next unit's first fragment.
    fn run(
        &self,
        reader: &mut PairReader,
        first_fragment: u64,
        take: impl FnMut(Aligned) -> Result<(), SampleError>,
    ) -> Result<u64, SampleError> {
        let paths: Vec<PathBuf> = reader.readers().iter().map(|reader| reader.path().to_owned()).collect();
        let mut head = PairBatch::default();
        reader.read_batch(&mut head, LEARNT_FROM)?;
        let mut pieces = pieces(&head).into_iter();
        if self.is_trimmed {
            trim::trim(&mut head);
        }
        let model = self.placer.learn(&head);
        drop(head);
        let mut next = first_fragment;
        let tasks = std::iter::from_fn(|| {
            let reads = match pieces.next() {
                Some(piece) => piece,
                None => {
                    let mut batch = PairBatch::default();
                    match reader.read_batch(&mut batch, BATCH) {
                        Ok(0) => return None,
                        Ok(_) => batch,
                        Err(error) => return Some(Err(error.into())),
                    }
                }
            };
            let task = Task { first_fragment: next, reads };
            next += task.reads.first.len() as u64;
            Some(Ok(task))
        });
        let scratch = || (self.placer.scratch(), Packer::new(self.reference));
        map_in_order(tasks, scratch, |scratch, task| self.align(scratch, task, &model, &paths), take)?;
        Ok(next)
    }

    fn align(
        &self,
        (scratch, packer): &mut (P::Scratch, Packer<'_>),
        Task { first_fragment, mut reads }: Task,
        model: &P::Model,
        paths: &[PathBuf],
    ) -> Result<Aligned, SampleError> {
        check_names(&reads.first, &paths[0])?;
        if self.is_trimmed {
            trim::trim(&mut reads);
        }
        let alignments = self.placer.place(scratch, &reads, model);
        let mut aligned = Aligned {
            records: PackedRecords::default(),
            signatures: Signatures::default(),
            counts: Counts::default(),
        };
        for (index, alignment) in alignments.iter().enumerate() {
            let number = first_fragment + index as u64;
            let whole = |batch: &'_ ReadBatch| -> Option<usize> {
                (index < batch.len()).then(|| batch.get(index).sequence.len())
            };
            let second = whole(&reads.second).map(|kept| WholeRead { read: reads.second.whole(index), kept });
            let kept = reads.first.get(index).sequence.len();
            let pair = (WholeRead { read: reads.first.whole(index), kept }, second);
            packer.pack(pair, alignment, (number, self.read_group), &mut aligned.records);
            if self.is_marked {
                aligned.signatures.note(pair, alignment, (number, self.library));
            }
            aligned.counts.add(pair, alignment);
        }
        Ok(aligned)
    }
}

/// Cuts a batch to batches of [`BATCH`] pairs.
fn pieces(batch: &PairBatch) -> Vec<PairBatch> {
    let copy = |reads: &ReadBatch, range: std::ops::Range<usize>| {
        let mut piece = ReadBatch::default();
        range
            .filter(|&index| index < reads.len())
            .for_each(|index| piece.push(reads.whole(index), reads.line(index)));
        piece
    };
    (0..batch.first.len())
        .step_by(BATCH)
        .map(|start| {
            let range = start..(start + BATCH).min(batch.first.len());
            PairBatch { first: copy(&batch.first, range.clone()), second: copy(&batch.second, range) }
        })
        .collect()
}

fn check_names(reads: &ReadBatch, path: &Path) -> Result<(), SampleError> {
    let Some(index) = (0..reads.len()).find(|&index| reads.get(index).name.len() > LONGEST_NAME) else {
        return Ok(());
    };
    let length = reads.get(index).name.len();
    Err(SampleError::LongName { path: path.display().to_string(), line: reads.line(index), length })
}

/// Writes records in the order of the file.
struct BamWriter<W: Write> {
    out: bgzf::Writer<W>,
    index: csi::Builder,
    coverage: Coverage,
    duplicates: FragmentSet,
    /// Whether duplicates of each unit are left out.
    is_removed: Vec<bool>,
    /// Number of each unit's first fragment.
    first_fragments: Vec<u64>,
    units: Vec<Counts>,
}

impl<W: Write> BamWriter<W> {
    fn write(&mut self, entry: &[u8]) -> Result<(), SampleError> {
        let fragment = record::fragment_of(entry);
        let place = Place::of(entry);
        let mut flags = place.flags;
        let is_duplicate = self.duplicates.contains(fragment);
        if is_duplicate {
            let unit = self.first_fragments.partition_point(|&first| first <= fragment) - 1;
            // As Picard does in sorted files: neither unmapped mates nor further parts of a split read.
            let is_primary = flags & (flag::UNMAPPED | flag::SECONDARY | flag::SUPPLEMENTARY) == 0;
            self.units[unit].duplicates += u64::from(is_primary);
            if self.is_removed[unit] {
                return Ok(());
            }
            if is_primary {
                flags |= flag::DUPLICATE;
            }
        }
        if !is_duplicate {
            self.coverage.add(place, entry);
        }
        let start = self.out.offset();
        let flag_at = record::PREFIX + 4 + 14;
        self.out.write_all(&entry[record::PREFIX..flag_at])?;
        self.out.write_all(&flags.to_le_bytes())?;
        self.out.write_all(&entry[flag_at + 2..])?;
        let bytes = start..self.out.offset();
        let contig = usize::try_from(place.contig).ok();
        let interval = contig.map(|contig| {
            let start = u64::from(place.start.unsigned_abs());
            let span: u64 = record::cigar_of(entry)
                .filter(|op| op.consumes_reference())
                .map(|op| u64::from(op.len()))
                .sum();
            (contig, Interval::new(start, start + span.max(1)))
        });
        self.index.push(interval, flags & flag::UNMAPPED == 0, bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
