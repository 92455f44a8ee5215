//! The shape of the index file: a header, then sections that start at whole cache lines; all numbers little
//! endian.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use landrace_genome::ContigDictionary;

use crate::syncmer::{K, S, mix};

const MAGIC: [u8; 8] = *b"LRINDEX\n";
/// Raise it with every change of what the file holds or of how seeds are chosen.
const VERSION: u32 = 1;
const SECTIONS: usize = 7;
/// Bytes of the header: magic, version, five numbers, three a section, checksum; filled up to a cache line.
const HEADER: usize = (8 * (8 + 3 * SECTIONS)).next_multiple_of(LINE);
/// Where sections start: a cache line.
const LINE: usize = 64;
/// What the checksums count in.
const PAGE: usize = 4096;
/// One page in so many is under the checksum of a section, beside the first and the last.
const CHECKED: usize = 64;

/// The parts of the file, in order.
#[derive(Clone, Copy)]
pub(super) enum Section {
    /// For each contig: length, length of the name, name.
    Contigs,
    /// Runs of unknown bases: start and end of each.
    Gaps,
    /// Four bases a byte.
    Bases,
    /// First entry of each bucket, and the end of the last.
    Buckets,
    /// The lower 32 bits of each entry's key.
    Keys,
    /// The lower 32 bits of each entry's place.
    Places,
    /// The next 8 bits of each entry's place; empty for a reference below 4 Gb.
    HighPlaces,
}

/// The start of the file.
pub(super) struct Header {
    /// Bases of all contigs.
    pub(super) bases: u64,
    /// Seeds.
    pub(super) entries: u64,
    /// Bits of the key that choose the bucket.
    pub(super) bucket_bits: u32,
    sections: [(u64, u64); SECTIONS],
}

/// Puts the file together.
pub(super) fn assemble(bases: u64, bucket_bits: u32, sections: [Vec<u8>; SECTIONS]) -> Vec<u8> {
    let entries = sections[Section::Keys as usize].len() as u64 / 4;
    let size = sections.iter().fold(HEADER, |size, section| size + section.len().next_multiple_of(LINE));
    let mut bytes = Vec::with_capacity(size);
    bytes.resize(HEADER, 0);
    let mut fields: Vec<u64> =
        vec![bases, entries, u64::from(bucket_bits), (K * 256 + S) as u64, size as u64];
    for section in sections {
        fields.extend([bytes.len() as u64, section.len() as u64, checksum(&section)]);
        bytes.extend_from_slice(&section);
        bytes.resize(bytes.len().next_multiple_of(LINE), 0);
    }
    let mut head = MAGIC.to_vec();
    head.extend(u64::from(VERSION).to_le_bytes());
    head.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
    let sum = checksum(&head);
    head.extend(sum.to_le_bytes());
    bytes[..head.len()].copy_from_slice(&head);
    bytes
}

impl Header {
    /// Reads and checks the header, and the checksums of the sections.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() < HEADER || bytes[..8] != MAGIC {
            return Err("is no Landrace index".to_owned());
        }
        let field =
            |index: usize| u64::from_le_bytes(*bytes[8 + index * 8..].first_chunk().unwrap_or(&[0; 8]));
        if field(0) != u64::from(VERSION) {
            return Err(format!("is an index of version {}, this Landrace reads {VERSION}", field(0)));
        }
        let fields = 6 + 3 * SECTIONS;
        if field(fields) != checksum(&bytes[..8 + fields * 8]) || field(4) != (K * 256 + S) as u64 {
            return Err("its header is damaged".to_owned());
        }
        if field(5) != bytes.len() as u64 {
            return Err(format!("has {} bytes, not {}", bytes.len(), field(5)));
        }
        let mut header = Self {
            bases: field(1),
            entries: field(2),
            bucket_bits: u32::try_from(field(3)).map_err(|_| "its header is damaged")?,
            sections: [(0, 0); SECTIONS],
        };
        for index in 0..SECTIONS {
            let at = 6 + 3 * index;
            header.sections[index] = (field(at), field(at + 1));
            let section = section_of(bytes, header.sections[index]).ok_or("its header is damaged")?;
            if checksum(section) != field(at + 2) {
                return Err("is damaged: a checksum differs".to_owned());
            }
        }
        Ok(header)
    }

    /// The bytes of a section.
    pub(super) fn section<'a>(&self, bytes: &'a [u8], section: Section) -> &'a [u8] {
        section_of(bytes, self.sections[section as usize]).unwrap_or_default()
    }
}

fn section_of(bytes: &[u8], (offset, length): (u64, u64)) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    bytes.get(start..start.checked_add(usize::try_from(length).ok()?)?)
}

/// A checksum over the length, the first and the last page and every 64th between: opening a large index must
/// not read all of it.
fn checksum(bytes: &[u8]) -> u64 {
    let pages = bytes.len().div_ceil(PAGE);
    let mut sum = mix(bytes.len() as u64 + 1);
    for (index, page) in bytes.chunks(PAGE).enumerate() {
        if index % CHECKED == 0 || index + 1 == pages {
            for word in page.chunks(8) {
                let mut padded = [0; 8];
                padded[..word.len()].copy_from_slice(word);
                sum = mix(sum ^ u64::from_le_bytes(padded)).wrapping_add(0x9e37_79b9_7f4a_7c15);
            }
        }
    }
    sum
}

/// Writes the contigs' section.
pub(super) fn write_contigs(contigs: &ContigDictionary) -> Vec<u8> {
    let mut out = Vec::new();
    for (_, contig) in contigs.iter() {
        out.extend(contig.length.to_le_bytes());
        out.extend((contig.name.len() as u64).to_le_bytes());
        out.extend(contig.name.as_bytes());
    }
    out
}

/// Reads the contigs' section.
pub(super) fn read_contigs(mut bytes: &[u8]) -> Result<ContigDictionary, String> {
    fn number(bytes: &mut &[u8]) -> Option<u64> {
        let (head, rest) = bytes.split_first_chunk::<8>()?;
        *bytes = rest;
        Some(u64::from_le_bytes(*head))
    }
    let damaged = || "its list of contigs is damaged".to_owned();
    let mut contigs = ContigDictionary::default();
    while !bytes.is_empty() {
        let length = number(&mut bytes).ok_or_else(damaged)?;
        let n = number(&mut bytes).and_then(|n| usize::try_from(n).ok()).ok_or_else(damaged)?;
        let (name, rest) = bytes.split_at_checked(n).ok_or_else(damaged)?;
        bytes = rest;
        let name = std::str::from_utf8(name).map_err(|_| damaged())?;
        contigs.push(name, length).map_err(|error| error.to_string())?;
    }
    Ok(contigs)
}

/// Reads the section of unknown bases.
pub(super) fn read_gaps(bytes: &[u8]) -> Vec<(u64, u64)> {
    let (pairs, _) = bytes.as_chunks::<16>();
    let half = |pair: &[u8; 16], at: usize| u64::from_le_bytes(*pair[at..].first_chunk().unwrap_or(&[0; 8]));
    pairs.iter().map(|pair| (half(pair, 0), half(pair, 8))).collect()
}
