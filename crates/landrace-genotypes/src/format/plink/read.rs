//! `.bed` files as a source of blocks.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::io::Read;
use std::sync::Arc;

use landrace_genome::ContigDictionary;
use landrace_genome::file::{Compression, FileError, Input, Meter};
use landrace_genome::summary::InputDigest;

use super::MAGIC;
use super::bim::BimTable;
use super::find::table_path;
use super::tables::{read_fam, sample_names};
use crate::block::{CallGroup, GenotypeBlock, Layers};
use crate::kernel::split_pairs;
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
    variants: BimTable,
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
        let ((families, fam_digest), variants) = (read_fam(&fam)?, BimTable::read(&bim)?);
        let (names, note) = sample_names(&fam, &families)?;
        let bytes = families.len().div_ceil(4) as u64 * variants.len() as u64 + 3;
        if input.compression() == Compression::None && input.size().is_some_and(|size| size != bytes) {
            return Err(wrong(format!(
                "has {} bytes, but {} samples of the .fam and {} variants of the .bim make {bytes}; give files of \
                 one set",
                input.size().unwrap_or(0),
                families.len(),
                variants.len()
            )));
        }
        let mut contigs = ContigDictionary::default();
        for contig in variants.contigs() {
            if contigs.id(contig).is_none() {
                contigs.push(contig, 0).map_err(|error| wrong(error.to_string()))?;
            }
        }
        let header = SourceHeader {
            samples: names.into(),
            contigs,
            families: Some(families.into()),
            has_named_alleles: variants.has_named_alleles,
            has_genetic_map: variants.has_genetic_map,
            format: "PLINK .bed",
            notes: note.into_iter().collect(),
            ..SourceHeader::default()
        };
        let tables = vec![variants.digest.clone(), fam_digest];
        let parser = Arc::new(Parser { samples: (0..header.samples.len()).collect(), variants });
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
        let Some((contig, _)) = self.variants.run(first) else { return Ok(Vec::new()) };
        let mut calls = BitPlanes::new(2, samples);
        let mut planes = vec![0; 2 * calls.words()];
        let mut sites = Vec::new();
        for (variant, bytes) in
            (first..self.variants.len()).zip(stretch.bytes.chunks_exact(samples.div_ceil(4)))
        {
            split_pairs(bytes, &mut planes);
            calls.push_planes(&planes);
            sites.push(self.variants.site(variant));
        }
        let contig = contig.clone();
        let groups = vec![CallGroup { samples: self.samples.clone(), calls }];
        Ok(vec![GenotypeBlock { contig, samples, sites, groups, layers: Layers::default() }])
    }
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
        let Some((_, end)) = self.parser.variants.run(first) else {
            let mut more = [0];
            if self.input.read(&mut more)? > 0 {
                return Err(wrong("holds more variants than its .bim; give files of one set").into());
            }
            return Ok(None);
        };
        let most = STRETCH_ROWS.min((STRETCH_BYTES / size).max(1));
        let rows = most.min(end - first);
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
        let (contig, end) = self.parser.variants.run(first)?;
        let position =
            |variant| self.parser.variants.site(variant).position.map_or(0, landrace_genome::Position::get);
        Some((contig.to_string(), position(first), position(last.min(end - 1))))
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
