//! VCF Zarr (version 0.2 of its specification, on Zarr version 2): a folder of compressed chunks that `sgkit` and
//! other Python tools open without reading all of it.
//!
//! Blocks are cut anew into chunks of one size. Dimensions that are known only at the end (ploidy, alleles,
//! genotypes, filters) grow when they must: chunks written before are then rewritten with padding.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use landrace_genome::ContigDictionary;
use landrace_genome::file::{self, FileError, Output};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::{EncodeBlock, Encoded, GenotypeWriter, Losses};
use crate::block::GenotypeBlock;
use crate::format::vcf::header_text;
use crate::source::{GenotypeError, SourceHeader};

mod array;
mod rows;

use array::{Array, Kind, compressed, put_text};
pub(crate) use rows::Rows;
use rows::{Field, filters_of, real};

/// Samples in a chunk at most.
const CHUNK_SAMPLES: usize = 1000;
/// Variants in a chunk at most, and calls.
const CHUNK_VARIANTS: usize = 1000;
const CHUNK_CALLS: usize = 16 << 20;

/// Writes one store.
pub(crate) struct ZarrWriter {
    out: Output,
    frame: Frame,
    header: String,
    arrays: Vec<Array>,
    /// Rows that make no whole chunk yet, and how many of the first block are written already.
    waiting: VecDeque<Arc<Rows>>,
    skipped: usize,
    waiting_rows: usize,
    chunks: usize,
    variants: usize,
}

/// What chunks are made by.
struct Frame {
    encoder: Arc<Encoder>,
    samples: Arc<[String]>,
    contigs: ContigDictionary,
    filters: Vec<String>,
    /// Variants in a chunk.
    chunk_variants: usize,
}

struct Encoder {
    fields: Vec<Field>,
    losses: Losses,
}

/// A chunk being made: rows of blocks.
struct Chunk<'r> {
    rows: Vec<(&'r Rows, usize)>,
    /// Rows of a whole chunk; those that are not there are padding.
    size: usize,
}

impl ZarrWriter {
    /// Begins a store.
    pub(crate) fn create(path: &Path, header: &SourceHeader, command: &str) -> Result<Self, GenotypeError> {
        let out = file::create_folder(path, ".zgroup")?;
        let layers = &header.layers;
        let all = [
            (Field::AlleleDepths, layers.allele_depths),
            (Field::Depth, layers.depth),
            (Field::Quality, layers.genotype_quality),
            (Field::Likelihoods, layers.likelihoods),
            (Field::Dosage, layers.dosage),
            (Field::Probabilities, layers.probabilities),
        ];
        let fields: Vec<Field> = all.iter().filter(|field| field.1).map(|field| field.0).collect();
        let mut losses = SourceHeader { contigs: ContigDictionary::default(), ..header.clone() }
            .losses_of_tables(&["GT", "AD", "DP", "GQ", "PL", "DS", "GP"]);
        losses.add(
            "INFO fields added to variants",
            if header.meta.is_some() { header.info.len() as u64 } else { 0 },
        );
        let mut filters = vec!["PASS".to_owned()];
        for line in header.meta.iter().flat_map(|meta| meta.of_kind("FILTER")) {
            let id = line.iter().find(|pair| pair.0 == "ID").map(|pair| pair.1.to_owned());
            filters.extend(id.filter(|id| !filters.contains(id)));
        }
        let samples = header.samples.clone();
        Ok(Self {
            out,
            arrays: arrays(&fields, filters.len()),
            header: header_text(header, command),
            frame: Frame {
                encoder: Arc::new(Encoder { fields, losses }),
                contigs: header.contigs.clone(),
                filters,
                chunk_variants: (CHUNK_CALLS / samples.len().max(1)).clamp(16, CHUNK_VARIANTS),
                samples,
            },
            waiting: VecDeque::new(),
            skipped: 0,
            waiting_rows: 0,
            chunks: 0,
            variants: 0,
        })
    }

    /// Writes a chunk of the rows that wait.
    fn write_chunk(&mut self) -> Result<(), GenotypeError> {
        let waiting = std::mem::take(&mut self.waiting);
        let all = waiting.iter().flat_map(|rows| (0..rows.sites.len()).map(move |row| (&**rows, row)));
        let size = self.frame.chunk_variants;
        let chunk = Chunk { rows: all.skip(self.skipped).take(size).collect(), size };
        self.grow(&chunk)?;
        let (number, frame) = (self.chunks, &self.frame);
        let parts = frame.samples.len().div_ceil(CHUNK_SAMPLES).max(1);
        let tasks: Vec<(&Array, usize)> = self
            .arrays
            .iter()
            .flat_map(|array| (0..if array.has_samples() { parts } else { 1 }).map(move |part| (array, part)))
            .collect();
        let made: Vec<std::io::Result<(String, Vec<u8>)>> = tasks
            .par_iter()
            .map(|&(array, part)| {
                let bytes = frame.chunk_bytes(array, &chunk, part);
                Ok((array.chunk_name(number, part), compressed(&bytes)?))
            })
            .collect();
        for made in made {
            let (name, bytes) = made?;
            self.out.write_inside(&name, &bytes)?;
        }
        let written = chunk.rows.len();
        self.variants += written;
        self.chunks += 1;
        self.waiting_rows -= written;
        self.skipped += written;
        self.waiting = waiting;
        while let Some(first) = self.waiting.front().filter(|first| self.skipped >= first.sites.len()) {
            self.skipped -= first.sites.len();
            self.waiting.pop_front();
        }
        Ok(())
    }

    /// Makes room for what the chunk has more of: copies, alleles, genotypes, filters, contigs.
    fn grow(&mut self, chunk: &Chunk<'_>) -> Result<(), GenotypeError> {
        for (rows, row) in &chunk.rows {
            for name in filters_of(&rows.sites[*row]) {
                if !self.frame.filters.iter().any(|known| known == name) {
                    self.frame.filters.push(name.to_owned());
                }
            }
            if self.frame.contigs.id(&rows.contig).is_none() {
                let added = self.frame.contigs.push(&*rows.contig, 0);
                added.map_err(|error| GenotypeError::Request(error.to_string()))?;
            }
        }
        let ploidy = chunk.rows.iter().map(|(rows, _)| rows.ploidy).max().unwrap_or(1);
        let alleles =
            chunk.rows.iter().map(|(rows, row)| rows.sites[*row].alleles()).max().unwrap_or(2).max(2);
        let mut arrays = std::mem::take(&mut self.arrays);
        for array in arrays.iter_mut().filter(|array| array.has_width()) {
            let field = self.frame.encoder.field_of(&array.name);
            let needed = match array.dimensions.last() {
                Some(&"ploidy") => ploidy,
                Some(&"alleles") => alleles,
                Some(&"alt_alleles") => alleles - 1,
                Some(&"filters") => self.frame.filters.len(),
                _ => field.map_or(1, |field| {
                    chunk.rows.iter().map(|(rows, row)| rows.layers[field].widths[*row]).max().unwrap_or(1)
                }),
            };
            if needed > array.width {
                self.widen(array, needed)?;
            }
        }
        self.arrays = arrays;
        Ok(())
    }

    fn widen(&self, array: &mut Array, width: usize) -> Result<(), FileError> {
        let parts =
            if array.has_samples() { self.frame.samples.len().div_ceil(CHUNK_SAMPLES).max(1) } else { 1 };
        let lists =
            self.frame.chunk_variants * if array.has_samples() { self.frame.chunk_samples() } else { 1 };
        for number in 0..self.chunks {
            for part in 0..parts {
                array.widen(&self.out, &array.chunk_name(number, part), (array.width, width), lists)?;
            }
        }
        array.width = width;
        Ok(())
    }

    /// Writes the descriptions and what belongs to the store as a whole.
    fn describe(&self) -> Result<(), GenotypeError> {
        let mut all = Map::new();
        let mut keep = |entries: Value| {
            if let Value::Object(entries) = entries {
                all.extend(entries);
            }
        };
        for array in &self.arrays {
            let (mut shape, mut chunks) = (vec![self.variants], vec![self.frame.chunk_variants]);
            if array.has_samples() {
                shape.push(self.frame.samples.len());
                chunks.push(self.frame.chunk_samples());
            }
            if array.has_width() {
                shape.push(array.width);
                chunks.push(array.width.max(1));
            }
            keep(array.describe(&self.out, &shape, &chunks)?);
        }
        let names = |names: &mut dyn Iterator<Item = &str>| {
            let names: Vec<&str> = names.collect();
            let mut bytes = u32::try_from(names.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
            names.iter().for_each(|name| put_text(name, &mut bytes));
            (bytes, names.len())
        };
        let (bytes, n) = names(&mut self.frame.samples.iter().map(String::as_str));
        keep(of_names("sample_id", "samples").write_whole(&self.out, &bytes, n)?);
        let (bytes, n) = names(&mut self.frame.contigs.iter().map(|(_, contig)| contig.name.as_str()));
        keep(of_names("contig_id", "contigs").write_whole(&self.out, &bytes, n)?);
        let (bytes, n) = names(&mut self.frame.filters.iter().map(String::as_str));
        keep(of_names("filter_id", "filters").write_whole(&self.out, &bytes, n)?);
        if n > 0
            && !self.frame.contigs.is_empty()
            && self.frame.contigs.iter().all(|(_, contig)| contig.length > 0)
        {
            let lengths =
                self.frame.contigs.iter().map(|(_, contig)| i32::try_from(contig.length).unwrap_or(-1));
            let bytes: Vec<u8> = lengths.flat_map(i32::to_le_bytes).collect();
            let array = Array { kind: Kind::Int32, ..of_names("contig_length", "contigs") };
            keep(array.write_whole(&self.out, &bytes, self.frame.contigs.len())?);
        }
        let group = json!({"zarr_format": 2});
        let attributes = json!({
            "vcf_zarr_version": "0.2",
            "source": concat!("landrace-", env!("CARGO_PKG_VERSION")),
            "vcf_header": self.header,
        });
        keep(json!({".zgroup": group, ".zattrs": attributes}));
        let text = |value: &Value| format!("{value:#}").into_bytes();
        self.out.write_inside(".zattrs", &text(&attributes))?;
        self.out
            .write_inside(".zmetadata", &text(&json!({"zarr_consolidated_format": 1, "metadata": all})))?;
        Ok(self.out.write_inside(".zgroup", &text(&group))?)
    }
}

impl Frame {
    fn chunk_samples(&self) -> usize {
        self.samples.len().clamp(1, CHUNK_SAMPLES)
    }

    /// The bytes of a chunk of an array before compression.
    fn chunk_bytes(&self, array: &Array, chunk: &Chunk<'_>, part: usize) -> Vec<u8> {
        let mut out = Vec::new();
        if array.kind == Kind::Text {
            let values = chunk.size * if array.has_width() { array.width } else { 1 };
            out.extend_from_slice(&u32::try_from(values).unwrap_or(u32::MAX).to_le_bytes());
        }
        let first = part * CHUNK_SAMPLES;
        let samples = first..(first + CHUNK_SAMPLES).min(self.samples.len());
        let field = self.encoder.field_of(&array.name);
        for &(rows, row) in &chunk.rows {
            match (array.name.as_str(), field) {
                (_, Some(field)) => put_layer(&rows.layers[field], row, samples.clone(), (array, &mut out)),
                ("call_genotype" | "call_genotype_mask" | "call_genotype_phased", _) => {
                    put_genotypes(rows, row, samples.clone(), (array, &mut out));
                }
                _ => self.put_site(array, rows, row, &mut out),
            }
            if array.has_samples() {
                let absent = self.chunk_samples() - samples.len();
                let width = if array.has_width() { array.width } else { 1 };
                out.resize(out.len() + absent * width * array.kind.size(), 0);
            }
        }
        let absent = chunk.size - chunk.rows.len();
        let values = absent * if array.has_width() { array.width } else { 1 };
        match array.kind {
            Kind::Text => (0..values).for_each(|_| put_text("", &mut out)),
            kind => {
                let samples = if array.has_samples() { self.chunk_samples() } else { 1 };
                out.resize(out.len() + values * samples * kind.size(), 0);
            }
        }
        out
    }

    fn put_site(&self, array: &Array, rows: &Rows, row: usize, out: &mut Vec<u8>) {
        let site = &rows.sites[row];
        match array.name.as_str() {
            "variant_contig" => {
                let number =
                    self.contigs.id(&rows.contig).map_or(-1, |id| i32::try_from(id.index()).unwrap_or(-1));
                out.extend_from_slice(&number.to_le_bytes());
            }
            "variant_position" => {
                let position =
                    site.position.map_or(0, |position| i32::try_from(position.get()).unwrap_or(-1));
                out.extend_from_slice(&position.to_le_bytes());
            }
            "variant_id" => put_text(if site.id.is_empty() { "." } else { &site.id }, out),
            "variant_id_mask" => out.push(site.id.is_empty().into()),
            "variant_quality" => out.extend_from_slice(&real(site.quality.unwrap_or(f32::NAN))),
            "variant_filter" => {
                let own = filters_of(site);
                out.extend(self.filters.iter().map(|name| u8::from(own.contains(&name.as_str()))));
            }
            _ => (0..array.width).for_each(|index| put_text(site.allele(index).unwrap_or_default(), out)),
        }
    }
}

fn of_names(name: &str, dimension: &'static str) -> Array {
    Array { name: name.to_owned(), kind: Kind::Text, dimensions: vec![dimension], width: 0, description: "" }
}

/// The arrays of variants and of calls.
fn arrays(fields: &[Field], filters: usize) -> Vec<Array> {
    let array = |name: &str, kind: Kind, dimensions: &[&'static str], description: &'static str| {
        let width = if dimensions.last() == Some(&"filters") { filters } else { 1 };
        Array { name: name.to_owned(), kind, dimensions: dimensions.to_vec(), width, description }
    };
    let mut out = vec![
        array("variant_contig", Kind::Int32, &["variants"], "Index of the contig in contig_id"),
        array("variant_position", Kind::Int32, &["variants"], "Position of the first base, from 1"),
        array("variant_id", Kind::Text, &["variants"], "Name of the variant"),
        array("variant_id_mask", Kind::Bool, &["variants"], "Whether the variant has no name"),
        array("variant_allele", Kind::Text, &["variants", "alleles"], "Reference allele, then the others"),
        array("variant_quality", Kind::Float, &["variants"], "Phred quality"),
        array(
            "variant_filter",
            Kind::Bool,
            &["variants", "filters"],
            "Filters passed or failed, as filter_id",
        ),
        array(
            "call_genotype",
            Kind::Int8,
            &["variants", "samples", "ploidy"],
            "Allele indices; -1 missing, -2 none",
        ),
        array(
            "call_genotype_mask",
            Kind::Bool,
            &["variants", "samples", "ploidy"],
            "Whether there is no allele",
        ),
        array("call_genotype_phased", Kind::Bool, &["variants", "samples"], "Whether the call is phased"),
    ];
    let calls = |last: &'static str| vec!["variants", "samples", last];
    for field in fields {
        let (name, kind, dimensions) = match field {
            Field::AlleleDepths => ("call_AD", Kind::Int32, calls("alleles")),
            Field::Depth => ("call_DP", Kind::Int32, vec!["variants", "samples"]),
            Field::Quality => ("call_GQ", Kind::Float, vec!["variants", "samples"]),
            Field::Likelihoods => ("call_PL", Kind::Int32, calls("genotypes")),
            Field::Dosage => ("call_DS", Kind::Float, calls("alt_alleles")),
            Field::Probabilities => ("call_GP", Kind::Float, calls("genotypes")),
        };
        out.push(array(name, kind, &dimensions, ""));
    }
    out
}

fn put_genotypes(
    rows: &Rows,
    row: usize,
    samples: std::ops::Range<usize>,
    (array, out): (&Array, &mut Vec<u8>),
) {
    let all = rows.phased.len() / rows.sites.len().max(1);
    if array.name == "call_genotype_phased" {
        out.extend(rows.phased[row * all..][samples].iter().map(|&is_phased| u8::from(is_phased)));
        return;
    }
    let is_mask = array.name == "call_genotype_mask";
    let calls = &rows.genotypes[(row * all + samples.start) * rows.ploidy..][..samples.len() * rows.ploidy];
    for call in calls.chunks_exact(rows.ploidy.max(1)) {
        for copy in 0..array.width {
            let atom = call.get(copy).copied().unwrap_or(-2);
            out.push(if is_mask { u8::from(atom < 0) } else { atom.cast_unsigned() });
        }
    }
}

fn put_layer(
    layer: &rows::LayerRows,
    row: usize,
    samples: std::ops::Range<usize>,
    (array, out): (&Array, &mut Vec<u8>),
) {
    let own = layer.widths[row];
    let width = if array.has_width() { array.width } else { 1 };
    let missing: [u8; 4] = match array.kind {
        Kind::Float => rows::MISSING_REAL.to_le_bytes(),
        _ => rows::MISSING_INTEGER.to_le_bytes(),
    };
    for sample in samples {
        let start = layer.starts[row] + sample * own;
        let values = layer.values.get(start..start + own).unwrap_or_default();
        for index in 0..width {
            match values.get(index) {
                Some(value) => out.extend_from_slice(value),
                // Nothing is known of the variant at all.
                None if own == 0 => out.extend_from_slice(&missing),
                None => out.extend_from_slice(array.padding()),
            }
        }
    }
}

impl Encoder {
    /// Which of the layers an array holds.
    fn field_of(&self, name: &str) -> Option<usize> {
        let field = match name {
            "call_AD" => Field::AlleleDepths,
            "call_DP" => Field::Depth,
            "call_GQ" => Field::Quality,
            "call_PL" => Field::Likelihoods,
            "call_DS" => Field::Dosage,
            "call_GP" => Field::Probabilities,
            _ => return None,
        };
        self.fields.iter().position(|own| *own == field)
    }
}

impl EncodeBlock for Encoder {
    fn encode(&self, block: &GenotypeBlock) -> Result<Encoded, GenotypeError> {
        let rows = Rows::of(block, &self.fields)?;
        let mut out =
            Encoded { rows: Some(Arc::new(rows)), variants: block.rows() as u64, ..Encoded::default() };
        let of_map = block.sites.iter().filter(|site| site.genetic_position.is_some()).count();
        out.losses.add(super::dosage::PLACES, of_map as u64);
        out.losses.add(super::HAPMAP_NOTES, block.layers.hapmap_notes);
        let is_too_far = |site: &&crate::block::Site| {
            site.position.is_some_and(|position| position.get() > i32::MAX as u64)
        };
        match block.sites.iter().find(is_too_far) {
            Some(site) => Err(GenotypeError::Request(format!(
                "{}: the position does not fit VCF Zarr as it is written; write VCF",
                site.label(&block.contig)
            ))),
            None => Ok(out),
        }
    }
}

impl GenotypeWriter for ZarrWriter {
    fn encoder(&self) -> Arc<dyn EncodeBlock> {
        self.frame.encoder.clone()
    }

    fn losses(&self) -> Losses {
        self.frame.encoder.losses.clone()
    }

    fn write(&mut self, encoded: &Encoded) -> Result<(), GenotypeError> {
        if let Some(rows) = &encoded.rows {
            self.waiting_rows += rows.sites.len();
            self.waiting.push_back(rows.clone());
        }
        while self.waiting_rows >= self.frame.chunk_variants {
            self.write_chunk()?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<Output>, GenotypeError> {
        while self.waiting_rows > 0 {
            self.write_chunk()?;
        }
        self.describe()?;
        Ok(vec![self.out])
    }
}
