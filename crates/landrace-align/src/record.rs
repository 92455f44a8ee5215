//! BAM records, packed straight from reads and their alignments.
//!
//! Layout and tags follow the SAM specification 1.6 and its tag list: `NM` and `MD` count only A, C, G and T as
//! possible matches; `TLEN` runs from 5' end to 5' end; an unmapped read whose mate is mapped takes the mate's
//! place; parts of a split read beside the first one are hard-clipped and tied together by `SA`.

use std::ops::Range;

use landrace_genome::read::Read;
use landrace_genome::{Interval, Reference};

use crate::alignment::{Alignment, CigarKind, CigarOp, FragmentAlignment, ReadAlignment};

#[cfg(test)]
mod tests;
mod text;

use text::{put_cigar, put_integer_tag, put_number};

/// Sort key of a record: contig and position; records without a place come last.
pub(crate) const UNPLACED: u64 = u64::MAX;

/// Flags of the SAM specification.
pub(crate) mod flag {
    pub(crate) const PAIRED: u16 = 0x1;
    pub(crate) const PROPER_PAIR: u16 = 0x2;
    pub(crate) const UNMAPPED: u16 = 0x4;
    pub(crate) const MATE_UNMAPPED: u16 = 0x8;
    pub(crate) const REVERSE: u16 = 0x10;
    pub(crate) const MATE_REVERSE: u16 = 0x20;
    pub(crate) const FIRST: u16 = 0x40;
    pub(crate) const LAST: u16 = 0x80;
    pub(crate) const SECONDARY: u16 = 0x100;
    pub(crate) const DUPLICATE: u16 = 0x400;
    pub(crate) const SUPPLEMENTARY: u16 = 0x800;
}

/// A read as its file has it, and how many of its bases were given to the aligner.
#[derive(Clone, Copy, Debug)]
pub struct WholeRead<'a> {
    /// All bases.
    pub read: Read<'a>,
    /// Bases from the first that were aligned; the others are written as soft-clipped.
    pub kept: usize,
}

/// Records of a run of fragments, in the order of the reads.
#[derive(Clone, Debug, Default)]
pub struct PackedRecords {
    /// For each record: the fragment's number (8 bytes), then the record as BAM has it, with its size before it.
    pub(crate) bytes: Vec<u8>,
    /// Sort key and offset in `bytes` of each record.
    pub(crate) entries: Vec<(u64, u32)>,
}

impl PackedRecords {
    /// Number of records.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The records in order, each with its fragment's number, as BAM has them without the size before them.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.entries.iter().map(|&(_, offset)| {
            let record = entry_at(&self.bytes, offset as usize);
            (fragment_of(record), &record[PREFIX + 4..])
        })
    }
}

/// Bytes of the fragment's number before each packed record.
pub(crate) const PREFIX: usize = 8;

/// A record of `bytes` with its fragment's number before it.
pub(crate) fn entry_at(bytes: &[u8], offset: usize) -> &[u8] {
    let size = i32_at(bytes, offset + PREFIX).unsigned_abs() as usize;
    &bytes[offset..offset + PREFIX + 4 + size]
}

/// The fragment's number of a packed record.
pub(crate) fn fragment_of(entry: &[u8]) -> u64 {
    u64::from_le_bytes(entry[..PREFIX].try_into().unwrap_or_default())
}

fn i32_at(bytes: &[u8], offset: usize) -> i32 {
    i32::from_le_bytes(bytes[offset..offset + 4].try_into().unwrap_or_default())
}

/// The fields of a packed record that its place in the file depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) contig: i32,
    pub(crate) start: i32,
    pub(crate) flags: u16,
    pub(crate) mapping_quality: u8,
}

impl Place {
    /// Reads them from a packed record.
    pub(crate) fn of(entry: &[u8]) -> Self {
        let record = &entry[PREFIX + 4..];
        let flags = u16::from_le_bytes([record[14], record[15]]);
        Self { contig: i32_at(record, 0), start: i32_at(record, 4), flags, mapping_quality: record[9] }
    }

    /// The sort key.
    pub(crate) fn key(self) -> u64 {
        key(self.contig, self.start)
    }
}

/// The CIGAR operations of a packed record.
pub(crate) fn cigar_of(entry: &[u8]) -> impl Iterator<Item = CigarOp> {
    let record = &entry[PREFIX + 4..];
    let start = 32 + usize::from(record[8]);
    let operations = usize::from(u16::from_le_bytes([record[12], record[13]]));
    record[start..start + 4 * operations]
        .chunks_exact(4)
        .map(|op| CigarOp(u32::from_le_bytes(op.try_into().unwrap_or_default())))
}

fn key(contig: i32, start: i32) -> u64 {
    if contig < 0 {
        UNPLACED
    } else {
        (u64::from(contig.unsigned_abs()) << 32) | u64::from((start + 1).unsigned_abs())
    }
}

/// An alignment made ready to be written: its CIGAR over the whole read, its differences from the reference.
#[derive(Clone, Debug)]
struct Prepared {
    contig: i32,
    start: i32,
    end: i32,
    is_reverse: bool,
    mapping_quality: u8,
    score: i32,
    second_score: Option<i32>,
    edit_distance: u32,
    cigar: Range<usize>,
    differences: Range<usize>,
}

/// Writes fragments as packed records; it holds the buffers that are used again.
pub struct Packer<'a> {
    reference: &'a Reference,
    names: Vec<&'a [u8]>,
    bases: Vec<u8>,
    oriented: [Vec<u8>; 2],
    cigars: Vec<CigarOp>,
    differences: Vec<u8>,
    prepared: Vec<Prepared>,
}

/// One end of a fragment while its records are written.
#[derive(Clone, Copy)]
struct End<'a> {
    read: Read<'a>,
    /// Its alignments among the prepared ones, the primary first.
    first: usize,
    count: usize,
    is_proper_pair: bool,
    /// Flags that say which mate it is.
    mate_flags: u16,
}

impl<'a> Packer<'a> {
    /// A packer for alignments to this reference.
    pub fn new(reference: &'a Reference) -> Self {
        let names = reference.contigs().iter().map(|(_, contig)| contig.name.as_bytes()).collect();
        Self {
            reference,
            names,
            bases: Vec::new(),
            oriented: [Vec::new(), Vec::new()],
            cigars: Vec::new(),
            differences: Vec::new(),
            prepared: Vec::new(),
        }
    }

    /// Appends the records of a fragment: for each mate its primary record, then its supplementary ones.
    ///
    /// `number` is the fragment's number in the order of reading; `read_group` its read group's ID.
    pub fn pack(
        &mut self,
        reads: (WholeRead<'_>, Option<WholeRead<'_>>),
        alignment: &FragmentAlignment,
        (number, read_group): (u64, &str),
        out: &mut PackedRecords,
    ) {
        self.cigars.clear();
        self.differences.clear();
        self.prepared.clear();
        let nothing = ReadAlignment::default();
        let placed = alignment.second.as_ref().unwrap_or(&nothing);
        let is_proper_pair = alignment.is_proper_pair && reads.1.is_some();
        let mut first = self.prepare(reads.0, &alignment.first);
        let mut second = reads.1.map(|read| self.prepare(read, placed));
        if let Some(second) = &mut second {
            (first.mate_flags, second.mate_flags) = (flag::PAIRED | flag::FIRST, flag::PAIRED | flag::LAST);
            (first.is_proper_pair, second.is_proper_pair) = (is_proper_pair, is_proper_pair);
        }
        let ends = [Some((first, second)), second.map(|second| (second, Some(first)))];
        for (end, mate) in ends.into_iter().flatten() {
            for index in 0..end.count.max(1) {
                let offset = out.bytes.len();
                out.bytes.extend_from_slice(&number.to_le_bytes());
                let (contig, start) = self.put_record((end, mate), index, read_group, &mut out.bytes);
                // A batch holds some megabytes: its offsets fit 32 bits.
                out.entries.push((key(contig, start), offset as u32));
            }
        }
    }

    fn prepare<'r>(&mut self, whole: WholeRead<'r>, placed: &ReadAlignment) -> End<'r> {
        let first = self.prepared.len();
        if let Some(primary) = &placed.primary {
            self.orient(whole.read.sequence);
            for alignment in std::iter::once(primary).chain(&placed.supplementary) {
                let prepared = self.prepare_alignment(whole, alignment);
                self.prepared.push(prepared);
            }
        }
        let count = self.prepared.len() - first;
        End { read: whole.read, first, count, is_proper_pair: false, mate_flags: 0 }
    }

    /// Puts the read in both orientations into the buffers.
    fn orient(&mut self, sequence: &[u8]) {
        let [forward, reverse] = &mut self.oriented;
        forward.clear();
        forward.extend(sequence.iter().map(u8::to_ascii_uppercase));
        reverse.clear();
        reverse.extend(forward.iter().rev().map(|&base| match base {
            b'A' => b'T',
            b'C' => b'G',
            b'G' => b'C',
            b'T' | b'U' => b'A',
            _ => b'N',
        }));
    }

    fn prepare_alignment(&mut self, whole: WholeRead<'_>, alignment: &Alignment) -> Prepared {
        let trimmed = (whole.read.sequence.len() - whole.kept) as u32;
        let from = self.cigars.len();
        let (before, after) = if alignment.is_reverse { (trimmed, 0) } else { (0, trimmed) };
        put_clipped(&mut self.cigars, &alignment.cigar, before, after);
        let cigar = from..self.cigars.len();
        let interval = Interval::new(alignment.start, alignment.end());
        self.reference.copy_bases(alignment.contig, interval, &mut self.bases);
        let read = &self.oriented[usize::from(alignment.is_reverse)];
        let from = self.differences.len();
        let edit_distance =
            put_differences(&mut self.differences, &self.cigars[cigar.clone()], read, &self.bases);
        Prepared {
            // Contigs and positions were held against BAM's 31 bits when the header was made.
            contig: alignment.contig.0 as i32,
            start: alignment.start as i32,
            end: alignment.end() as i32,
            is_reverse: alignment.is_reverse,
            mapping_quality: alignment.mapping_quality,
            score: alignment.score,
            second_score: alignment.second_score,
            edit_distance,
            cigar,
            differences: from..self.differences.len(),
        }
    }

    fn primary(&self, end: &End<'_>) -> Option<&Prepared> {
        (end.count > 0).then(|| &self.prepared[end.first])
    }

    /// Appends one record and gives its place.
    fn put_record(
        &self,
        (end, mate): (End<'_>, Option<End<'_>>),
        index: usize,
        read_group: &str,
        out: &mut Vec<u8>,
    ) -> (i32, i32) {
        let own = (end.count > 0).then(|| &self.prepared[end.first + index]);
        let mate_primary = mate.as_ref().and_then(|mate| self.primary(mate));
        let place = own.or(mate_primary).map_or((-1, -1), |at| (at.contig, at.start));
        let mate_place =
            mate.and(mate_primary.or(self.primary(&end))).map_or((-1, -1), |at| (at.contig, at.start));
        let mut flags = end.mate_flags;
        if end.is_proper_pair {
            flags |= flag::PROPER_PAIR;
        }
        match own {
            Some(own) if own.is_reverse => flags |= flag::REVERSE,
            Some(_) => {}
            None => flags |= flag::UNMAPPED,
        }
        if index > 0 {
            flags |= flag::SUPPLEMENTARY;
        }
        if mate.is_some() {
            match mate_primary {
                Some(mate) if mate.is_reverse => flags |= flag::MATE_REVERSE,
                Some(_) => {}
                None => flags |= flag::MATE_UNMAPPED,
            }
        }
        let is_second = flags & flag::LAST != 0;
        let template_length =
            own.zip(mate_primary).map_or(0, |(own, mate)| template_length(own, mate, is_second));

        let size_at = out.len();
        let name = if end.read.name.is_empty() { b"*" } else { end.read.name };
        let cigar = own.map_or(&[][..], |own| &self.cigars[own.cigar.clone()]);
        let shown =
            if index > 0 { unclipped(cigar, end.read.sequence.len()) } else { 0..end.read.sequence.len() };
        let last = own.map_or(place.1 + 1, |own| own.end);
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&place.0.to_le_bytes());
        out.extend_from_slice(&place.1.to_le_bytes());
        out.push(name.len() as u8 + 1);
        out.push(own.map_or(0, |own| own.mapping_quality));
        out.extend_from_slice(&bin(place.1, last).to_le_bytes());
        out.extend_from_slice(&(cigar.len() as u16).to_le_bytes());
        out.extend_from_slice(&flags.to_le_bytes());
        out.extend_from_slice(&(shown.len() as u32).to_le_bytes());
        out.extend_from_slice(&mate_place.0.to_le_bytes());
        out.extend_from_slice(&mate_place.1.to_le_bytes());
        out.extend_from_slice(&template_length.to_le_bytes());
        out.extend_from_slice(name);
        out.push(0);
        for op in cigar {
            let is_hard = index > 0 && op.code() == CigarKind::SoftClip as u32;
            let op = if is_hard { CigarOp::new(CigarKind::HardClip, op.len()) } else { *op };
            out.extend_from_slice(&op.0.to_le_bytes());
        }
        put_bases(out, end.read, shown, flags & flag::REVERSE != 0);
        self.put_tags((end, index), mate_primary, read_group, out);
        let size = (out.len() - size_at - 4) as u32;
        out[size_at..size_at + 4].copy_from_slice(&size.to_le_bytes());
        place
    }

    fn put_tags(
        &self,
        (end, index): (End<'_>, usize),
        mate: Option<&Prepared>,
        read_group: &str,
        out: &mut Vec<u8>,
    ) {
        if end.count > 0 {
            let own = &self.prepared[end.first + index];
            put_integer_tag(out, *b"NM", i64::from(own.edit_distance));
            out.extend_from_slice(b"MDZ");
            out.extend_from_slice(&self.differences[own.differences.clone()]);
            out.push(0);
            put_integer_tag(out, *b"AS", i64::from(own.score));
            if let Some(second) = own.second_score {
                put_integer_tag(out, *b"XS", i64::from(second));
            }
        }
        if let Some(mate) = mate {
            out.extend_from_slice(b"MCZ");
            put_cigar(out, &self.cigars[mate.cigar.clone()]);
            out.push(0);
            put_integer_tag(out, *b"MQ", i64::from(mate.mapping_quality));
        }
        out.extend_from_slice(b"RGZ");
        out.extend_from_slice(read_group.as_bytes());
        out.push(0);
        if end.count > 1 {
            out.extend_from_slice(b"SAZ");
            let others = (0..end.count).filter(|&other| other != index);
            others.for_each(|other| self.put_other_part(&self.prepared[end.first + other], out));
            out.push(0);
        }
    }

    /// One entry of `SA`: `contig,position,strand,CIGAR,mapping quality,NM;`.
    fn put_other_part(&self, part: &Prepared, out: &mut Vec<u8>) {
        out.extend_from_slice(self.names[part.contig.unsigned_abs() as usize]);
        out.push(b',');
        put_number(out, u64::from((part.start + 1).unsigned_abs()));
        out.extend_from_slice(if part.is_reverse { b",-," } else { b",+," });
        put_cigar(out, &self.cigars[part.cigar.clone()]);
        out.push(b',');
        put_number(out, u64::from(part.mapping_quality));
        out.push(b',');
        put_number(out, u64::from(part.edit_distance));
        out.push(b';');
    }
}

/// Appends a CIGAR with `before` and `after` more bases soft-clipped at its ends.
fn put_clipped(out: &mut Vec<CigarOp>, cigar: &[CigarOp], before: u32, after: u32) {
    let from = out.len();
    let clip = |length| CigarOp::new(CigarKind::SoftClip, length);
    let mut rest = cigar;
    if before > 0 {
        let own = rest.first().filter(|op| op.is_clip()).map_or(0, |op| op.len());
        rest = if own > 0 { &rest[1..] } else { rest };
        out.push(clip(before + own));
    }
    out.extend_from_slice(rest);
    if after > 0 {
        match out.last_mut().filter(|op| op.is_clip()) {
            Some(last) => *last = clip(last.len() + after),
            None => out.push(clip(after)),
        }
    }
    debug_assert!(out.len() > from);
}

/// Bases between the clips, in the orientation of the CIGAR.
fn unclipped(cigar: &[CigarOp], length: usize) -> Range<usize> {
    let clip = |op: Option<&CigarOp>| op.filter(|op| op.is_clip()).map_or(0, |op| op.len() as usize);
    clip(cigar.first())..length - clip(cigar.last())
}

/// Signed distance between the 5' ends; positive for the mate whose 5' end is further left.
fn template_length(own: &Prepared, mate: &Prepared, is_second: bool) -> i32 {
    if own.contig != mate.contig {
        return 0;
    }
    let five_prime = |end: &Prepared| if end.is_reverse { end.end - 1 } else { end.start };
    let distance = five_prime(mate) - five_prime(own);
    // Two ends at one base: the first mate counts as the left one, so that the signs differ.
    let is_left = distance > 0 || (distance == 0 && !is_second);
    distance + if is_left { 1 } else { -1 }
}

/// Appends bases, four bits each, and qualities; `shown` counts in the orientation that is written.
fn put_bases(out: &mut Vec<u8>, read: Read<'_>, shown: Range<usize>, is_reverse: bool) {
    let length = read.sequence.len();
    let span = if is_reverse { length - shown.end..length - shown.start } else { shown };
    let sequence = &read.sequence[span.clone()];
    if is_reverse {
        put_nibbles(out, sequence.iter().rev().map(|&base| complement(NIBBLES[usize::from(base)])));
    } else {
        put_nibbles(out, sequence.iter().map(|&base| NIBBLES[usize::from(base)]));
    }
    if read.qualities.is_empty() {
        out.resize(out.len() + span.len(), 0xff);
    } else if is_reverse {
        out.extend(read.qualities[span].iter().rev());
    } else {
        out.extend_from_slice(&read.qualities[span]);
    }
}

fn put_nibbles(out: &mut Vec<u8>, mut nibbles: impl Iterator<Item = u8>) {
    while let Some(high) = nibbles.next() {
        out.push((high << 4) | nibbles.next().unwrap_or(0));
    }
}

/// BAM's four-bit bases: one bit each for A, C, G, T, so that the complement reverses the bits.
static NIBBLES: [u8; 256] = {
    let mut table = [15; 256];
    let letters = b"=ACMGRSVTWYHKDBN";
    let mut code = 1;
    while code < 16 {
        table[letters[code] as usize] = code as u8;
        table[letters[code].to_ascii_lowercase() as usize] = code as u8;
        code += 1;
    }
    table[b'U' as usize] = 8;
    table[b'u' as usize] = 8;
    table
};

fn complement(nibble: u8) -> u8 {
    (nibble & 1) << 3 | (nibble & 2) << 1 | (nibble & 4) >> 1 | (nibble & 8) >> 3
}

/// Appends the text of `MD` and gives the edit distance, over the aligned bases.
///
/// `read` is in the orientation of the CIGAR; `reference` starts at the first aligned base.
fn put_differences(out: &mut Vec<u8>, cigar: &[CigarOp], read: &[u8], reference: &[u8]) -> u32 {
    let (mut in_read, mut in_reference) = (0usize, 0usize);
    let (mut equal, mut distance) = (0u64, 0u32);
    for op in cigar {
        let length = op.len() as usize;
        match op.code() {
            0 | 7 | 8 => {
                let pairs = read[in_read..in_read + length]
                    .iter()
                    .zip(&reference[in_reference..in_reference + length]);
                for (&base, &expected) in pairs {
                    if base == expected && matches!(base, b'A' | b'C' | b'G' | b'T') {
                        equal += 1;
                        continue;
                    }
                    put_number(out, equal);
                    out.push(expected);
                    equal = 0;
                    distance += 1;
                }
                in_read += length;
                in_reference += length;
            }
            1 => {
                distance += op.len();
                in_read += length;
            }
            2 => {
                put_number(out, equal);
                out.push(b'^');
                out.extend_from_slice(&reference[in_reference..in_reference + length]);
                equal = 0;
                distance += op.len();
                in_reference += length;
            }
            3 => in_reference += length,
            4 => in_read += length,
            _ => {}
        }
    }
    put_number(out, equal);
    distance
}

/// The bin of BAI's tree that holds the record, as the format asks; it wraps beyond 2^29 bases, where CSI takes
/// over and readers do not look at it.
fn bin(start: i32, end: i32) -> u16 {
    let (start, last) = (i64::from(start), i64::from(end.max(start + 1)) - 1);
    let levels = [(14, 4681), (17, 585), (20, 73), (23, 9), (26, 1)];
    let found = levels.iter().find(|(shift, _)| start >> shift == last >> shift);
    found.map_or(0, |(shift, first)| ((first + (start >> shift)) & 0xffff) as u16)
}
