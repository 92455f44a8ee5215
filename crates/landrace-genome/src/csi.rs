//! CSI indexes of a depth that fits the longest contig.
//!
//! BAI and TBI end at 2^29 bases, and so does CSI at its customary depth 5; plant chromosomes are longer. The
//! format is the SAM specification's CSIv1.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::bgzf::{self, BlockTable};
use crate::position::Interval;

/// Bases in the smallest bin: 2^14, as in BAI.
const MIN_SHIFT: u8 = 14;

/// Depth of the bin tree for contigs of up to `longest` bases (at least BAI's 5).
pub fn depth_for(longest: u64) -> u8 {
    (5u8..=14).find(|depth| longest <= 1 << (u32::from(MIN_SHIFT) + 3 * u32::from(*depth))).unwrap_or(14)
}

#[derive(Default)]
struct Bin {
    /// Stretches of the uncompressed stream, start and end.
    chunks: Vec<(u64, u64)>,
}

#[derive(Default)]
struct ContigIndex {
    bins: BTreeMap<u32, Bin>,
    /// For each smallest window, the offset of the first record that overlaps it.
    windows: Vec<Option<u64>>,
    /// Offsets of the first and past the last record, and counts of mapped and unmapped ones.
    span: Option<(u64, u64)>,
    mapped: u64,
    unmapped: u64,
}

/// Gathers records in file order, as offsets of the uncompressed stream; virtual positions come at the end.
pub struct Builder {
    depth: u8,
    auxiliary: Vec<u8>,
    contigs: Vec<ContigIndex>,
    unplaced: u64,
}

/// Columns that a tabix-like index of a text file needs.
#[derive(Clone, Debug)]
pub struct TextColumns<'a> {
    /// Names of the contigs, in the index's order.
    pub names: Vec<&'a str>,
}

impl Builder {
    /// Starts an index of `contigs` contigs of up to `longest` bases, for BAM or BCF.
    pub fn new(contigs: usize, longest: u64) -> Self {
        let contigs = std::iter::repeat_with(ContigIndex::default).take(contigs).collect();
        Self { depth: depth_for(longest), auxiliary: Vec::new(), contigs, unplaced: 0 }
    }

    /// Makes it the index of a BGZF-compressed VCF, whose contigs the index itself must name.
    pub fn for_vcf(mut self, columns: &TextColumns<'_>) -> Self {
        let names: Vec<u8> = columns.names.iter().flat_map(|name| name.bytes().chain([0])).collect();
        // format VCF, columns of contig and start, no end column, comments start with '#', no lines skipped
        let length = i32::try_from(names.len()).unwrap_or(i32::MAX);
        for value in [2, 1, 2, 0, i32::from(b'#'), 0, length] {
            self.auxiliary.extend_from_slice(&value.to_le_bytes());
        }
        self.auxiliary.extend_from_slice(&names);
        self
    }

    /// Adds a record that lies at `place` (contig index and bases) and at `bytes` of the uncompressed stream.
    /// Records without a place come last, with `None`. `is_mapped` feeds `samtools idxstats`.
    pub fn push(&mut self, place: Option<(usize, Interval)>, is_mapped: bool, bytes: std::ops::Range<u64>) {
        let Some((contig, interval)) = place else {
            self.unplaced += 1;
            return;
        };
        let depth = self.depth;
        let contig = &mut self.contigs[contig];
        let interval = Interval::new(interval.start(), interval.end().max(interval.start() + 1));
        let chunks = &mut contig.bins.entry(bin_of(interval, depth)).or_default().chunks;
        match chunks.last_mut() {
            // Records that follow one another in a bin make one chunk.
            Some(last) if last.1 == bytes.start => last.1 = bytes.end,
            _ => chunks.push((bytes.start, bytes.end)),
        }
        let windows = (interval.start() >> MIN_SHIFT) as usize..=((interval.end() - 1) >> MIN_SHIFT) as usize;
        if contig.windows.len() <= *windows.end() {
            contig.windows.resize(windows.end() + 1, None);
        }
        for window in windows {
            contig.windows[window].get_or_insert(bytes.start);
        }
        let first = contig.span.map_or(bytes.start, |span| span.0);
        contig.span = Some((first, bytes.end));
        *(if is_mapped { &mut contig.mapped } else { &mut contig.unmapped }) += 1;
    }

    /// Writes the index, BGZF-compressed as the format asks.
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write<W: Write>(&self, table: &BlockTable, out: W) -> io::Result<W> {
        let mut bytes = b"CSI\x01".to_vec();
        put_i32(&mut bytes, usize::from(MIN_SHIFT));
        put_i32(&mut bytes, usize::from(self.depth));
        put_i32(&mut bytes, self.auxiliary.len());
        bytes.extend_from_slice(&self.auxiliary);
        put_i32(&mut bytes, self.contigs.len());
        for contig in &self.contigs {
            contig.put(&mut bytes, self.depth, table);
        }
        bytes.extend_from_slice(&self.unplaced.to_le_bytes());
        let mut writer = bgzf::Writer::new(out, 6);
        writer.write_all(&bytes)?;
        Ok(writer.finish()?.0)
    }
}

impl ContigIndex {
    fn put(&self, bytes: &mut Vec<u8>, depth: u8, table: &BlockTable) {
        let at = |offset: u64| table.virtual_position(offset).to_le_bytes();
        put_i32(bytes, self.bins.len() + usize::from(self.span.is_some()));
        for (&number, bin) in &self.bins {
            bytes.extend_from_slice(&number.to_le_bytes());
            bytes.extend_from_slice(&at(self.first_offset(number, depth)));
            put_i32(bytes, bin.chunks.len());
            for chunk in &bin.chunks {
                bytes.extend_from_slice(&at(chunk.0));
                bytes.extend_from_slice(&at(chunk.1));
            }
        }
        if let Some((first, end)) = self.span {
            // The pseudo-bin: the contig's extent in the file, and its counts.
            bytes.extend_from_slice(&(bins_before(depth + 1) + 1).to_le_bytes());
            bytes.extend_from_slice(&0u64.to_le_bytes());
            put_i32(bytes, 2);
            bytes.extend_from_slice(&at(first));
            bytes.extend_from_slice(&at(end));
            bytes.extend_from_slice(&self.mapped.to_le_bytes());
            bytes.extend_from_slice(&self.unmapped.to_le_bytes());
        }
    }

    /// Offset of the first record that reaches the bin's first window or one after it (the format's `loffset`).
    fn first_offset(&self, bin: u32, depth: u8) -> u64 {
        let window = first_window(bin, depth);
        self.windows.iter().skip(window).find_map(|&offset| offset).unwrap_or(0)
    }
}

fn put_i32(bytes: &mut Vec<u8>, value: usize) {
    bytes.extend_from_slice(&i32::try_from(value).unwrap_or(i32::MAX).to_le_bytes());
}

/// Number of bins on the levels above `level`.
fn bins_before(level: u8) -> u32 {
    ((1 << (3 * u32::from(level))) - 1) / 7
}

/// The smallest bin that holds the whole interval (SAM specification, `reg2bin`).
fn bin_of(interval: Interval, depth: u8) -> u32 {
    let (start, last) = (interval.start(), interval.end() - 1);
    for level in (1..=depth).rev() {
        let shift = u32::from(MIN_SHIFT) + 3 * u32::from(depth - level);
        if start >> shift == last >> shift {
            return bins_before(level) + u32::try_from(start >> shift).unwrap_or(0);
        }
    }
    0
}

/// The first smallest window of a bin.
fn first_window(bin: u32, depth: u8) -> usize {
    let level = (0..=depth).rev().find(|&level| bin >= bins_before(level)).unwrap_or(0);
    ((bin - bins_before(level)) as usize) << (3 * u32::from(depth - level))
}

#[cfg(test)]
mod tests {
    use noodles::csi::BinningIndex as _;

    use super::*;

    #[test]
    fn depth_follows_the_longest_contig() {
        assert_eq!((depth_for(1_000), depth_for(1 << 29), depth_for((1 << 29) + 1)), (5, 5, 6));
        assert_eq!(depth_for(900_000_000), 6);
    }

    #[test]
    fn bins_are_those_of_the_specification() {
        assert_eq!(bin_of(Interval::new(0, 1), 5), 4681);
        assert_eq!(bin_of(Interval::new(16_383, 16_385), 5), 585);
        assert_eq!(bin_of(Interval::new(0, 1 << 29), 5), 0);
        assert_eq!(first_window(4681 + 7, 5), 7);
        assert_eq!(first_window(585 + 2, 5), 16);
    }

    #[test]
    fn noodles_reads_the_index() {
        let mut builder = Builder::new(2, 800_000_000);
        builder.push(Some((1, Interval::new(700_000_000, 700_000_100))), true, 100..200);
        builder.push(None, false, 200..300);
        let mut stream = bgzf::Writer::new(Vec::new(), 6);
        stream.write_all(&[0; 300]).unwrap();
        let (_, table) = stream.finish().unwrap();
        let bytes = builder.write(&table, Vec::new()).unwrap();
        let index = noodles::csi::io::Reader::new(&bytes[..]).read_index().unwrap();
        assert_eq!(index.depth(), 6);
        assert_eq!(index.reference_sequences().len(), 2);
        assert_eq!(index.unplaced_unmapped_record_count(), Some(1));
    }
}
