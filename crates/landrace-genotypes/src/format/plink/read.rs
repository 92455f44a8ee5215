//! `.bed` files as a source of blocks.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::io::Read;
use std::sync::Arc;

use landrace_genome::ContigDictionary;
use landrace_genome::file::{Compression, FileError, Input, Meter};
use landrace_genome::summary::InputDigest;

use super::MAGIC;
use super::find::table_path;
use super::tables::{BimRow, read_bim, read_fam, sample_names};
use crate::block::{CallGroup, GenotypeBlock, Layers};
use crate::format::vcf::needs_names;
use crate::plane::BitPlanes;
use crate::source::{GenotypeError, GenotypeSource, ParseStretch, SourceHeader, Stretch};

/// Variants in a stretch at most.
const STRETCH_ROWS: usize = 1024;
/// Bytes in a stretch at most, unless a row is longer.
const STRETCH_BYTES: usize = 4 << 20;

/// A `.bed` with its tables.
pub struct PlinkSource {
    input: Input,
    header: SourceHeader,
    parser: Arc<Parser>,
    next: usize,
    tables: Vec<InputDigest>,
}

struct Parser {
    samples: Arc<[usize]>,
    rows: Vec<BimRow>,
}

impl PlinkSource {
    /// Reads the tables beside an opened `.bed` and checks that the three fit.
    ///
    /// # Errors
    /// Returns an error that names the file that is missing, cannot be read or does not fit the others.
    pub fn open(mut input: Input) -> Result<Self, GenotypeError> {
        let path = input.path().to_owned();
        let wrong = |message: String| GenotypeError::from(FileError::content(&path, message));
        let mut magic = [0; 3];
        input.read_exact(&mut magic)?;
        if magic != MAGIC {
            let message = match magic {
                [0x6c, 0x1b, 0] => {
                    "is a sample-major .bed, which is obsolete; rewrite it with PLINK 1.9: 'plink --bfile NAME \
                     --make-bed --out NEW'"
                }
                _ => "is not a PLINK .bed file; was it written by PLINK 1.9 or 2?",
            };
            return Err(wrong(message.to_owned()));
        }
        let (bim, fam) = (table_path(&path, "bim"), table_path(&path, "fam"));
        let (families, rows) = (read_fam(&fam)?, read_bim(&bim)?);
        let (names, note) = sample_names(&fam, &families)?;
        let bytes = families.len().div_ceil(4) as u64 * rows.len() as u64 + 3;
        if input.compression() == Compression::None && input.size().is_some_and(|size| size != bytes) {
            return Err(wrong(format!(
                "has {} bytes, but {} samples of the .fam and {} variants of the .bim make {bytes}; give files of \
                 one set",
                input.size().unwrap_or(0),
                families.len(),
                rows.len()
            )));
        }
        let mut contigs = ContigDictionary::default();
        for row in &rows {
            if contigs.id(&row.contig).is_none() {
                contigs.push(&*row.contig, 0).map_err(|error| wrong(error.to_string()))?;
            }
        }
        let header = SourceHeader {
            samples: names.into(),
            contigs,
            families: Some(families.into()),
            has_named_alleles: rows.iter().any(|row| needs_names(&row.site)),
            has_genetic_map: rows.iter().any(|row| row.site.genetic_position.is_some()),
            format: "PLINK .bed",
            notes: note.into_iter().collect(),
            ..SourceHeader::default()
        };
        let parser = Arc::new(Parser { samples: (0..header.samples.len()).collect(), rows });
        let tables = vec![InputDigest::read(&bim)?, InputDigest::read(&fam)?];
        Ok(Self { input, header, parser, next: 0, tables })
    }

    fn row_bytes(&self) -> usize {
        self.header.samples.len().div_ceil(4)
    }
}

impl ParseStretch for Parser {
    fn blocks(&self, stretch: Stretch) -> Result<Vec<GenotypeBlock>, GenotypeError> {
        let first = usize::try_from(stretch.first).unwrap_or(usize::MAX);
        let samples = self.samples.len();
        let mut calls = BitPlanes::new(2, samples);
        let (mut sites, mut planes) = (Vec::new(), vec![0; 2 * calls.words()]);
        for (row, bytes) in self.rows.iter().skip(first).zip(stretch.bytes.chunks_exact(samples.div_ceil(4)))
        {
            split_row(bytes, &mut planes);
            calls.push_planes(&planes);
            sites.push(row.site.clone());
        }
        let Some(contig) = self.rows.get(first).map(|row| row.contig.clone()) else { return Ok(Vec::new()) };
        let groups = vec![CallGroup { samples: self.samples.clone(), calls }];
        Ok(vec![GenotypeBlock { contig, samples, sites, groups, layers: Layers::default() }])
    }
}

/// Splits interleaved pairs of bits into two planes of the dosage of A1: 00 is two copies, 01 missing, 10 one,
/// 11 none.
fn split_row(bytes: &[u8], planes: &mut [u64]) {
    let words = planes.len() / 2;
    for (word, chunk) in bytes.chunks(16).enumerate() {
        let mut padded = [0u8; 16];
        padded[..chunk.len()].copy_from_slice(chunk);
        let both = u128::from_le_bytes(padded);
        let (low, high) = (every_second_bit(both), every_second_bit(both >> 1));
        planes[word] = low ^ high;
        planes[words + word] = !high;
    }
}

/// Bits 0, 2, 4 ... of 128 as one word.
fn every_second_bit(both: u128) -> u64 {
    let squeeze = |half: u64| {
        let mut x = half & 0x5555_5555_5555_5555;
        x = (x | (x >> 1)) & 0x3333_3333_3333_3333;
        x = (x | (x >> 2)) & 0x0f0f_0f0f_0f0f_0f0f;
        x = (x | (x >> 4)) & 0x00ff_00ff_00ff_00ff;
        x = (x | (x >> 8)) & 0x0000_ffff_0000_ffff;
        (x | (x >> 16)) & 0x0000_0000_ffff_ffff
    };
    let [low, high] = [both & u128::from(u64::MAX), both >> 64].map(|half| u64::try_from(half).unwrap_or(0));
    squeeze(low) | squeeze(high) << 32
}

impl GenotypeSource for PlinkSource {
    fn header(&self) -> &SourceHeader {
        &self.header
    }

    fn declare(&mut self, contigs: Vec<String>) {
        self.header.declare(contigs);
    }

    fn next_stretch(&mut self) -> Result<Option<Stretch>, GenotypeError> {
        let (first, size) = (self.next, self.row_bytes());
        let path = self.input.path().to_owned();
        let wrong = |message: &str| FileError::content(&path, message);
        let Some(contig) = self.parser.rows.get(first).map(|row| row.contig.clone()) else {
            let mut more = [0];
            if self.input.read(&mut more)? > 0 {
                return Err(wrong("holds more variants than its .bim; give files of one set").into());
            }
            return Ok(None);
        };
        let most = STRETCH_ROWS.min((STRETCH_BYTES / size).max(1));
        let rows = self.parser.rows[first..].iter().take(most).take_while(|row| row.contig == contig).count();
        let mut bytes = Vec::with_capacity(rows * size);
        (&mut self.input).take((rows * size) as u64).read_to_end(&mut bytes)?;
        if bytes.len() < rows * size {
            return Err(
                wrong("holds fewer variants than its .bim; copy it again, or give files of one set").into()
            );
        }
        self.next += rows;
        Ok(Some(Stretch { bytes, first: first as u64, file: 0 }))
    }

    fn extent(&self, stretch: &Stretch) -> Option<(String, u64, u64)> {
        let first = usize::try_from(stretch.first).ok()?;
        let last = first + (stretch.bytes.len() / self.row_bytes()).max(1) - 1;
        let (first, last) = (self.parser.rows.get(first)?, self.parser.rows.get(last)?);
        let position = |row: &BimRow| row.site.position.map_or(0, landrace_genome::Position::get);
        Some((first.contig.to_string(), position(first), position(last)))
    }

    fn parser(&self) -> Arc<dyn ParseStretch> {
        self.parser.clone()
    }

    fn meters(&self) -> Vec<Meter> {
        vec![self.input.meter()]
    }

    fn size(&self) -> u64 {
        self.input.size().unwrap_or(0)
    }

    fn digests(&self) -> Vec<InputDigest> {
        let mut all = vec![InputDigest::of(&self.input)];
        all.extend(self.tables.iter().cloned());
        all
    }
}
