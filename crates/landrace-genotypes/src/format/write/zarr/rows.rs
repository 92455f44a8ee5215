//! A block as rows of arrays.

use std::sync::Arc;

use crate::block::layer::{ABSENT, UNKNOWN};
use crate::block::{Filters, GenotypeBlock, Ragged, Site};
use crate::plane::MISSING;
use crate::source::GenotypeError;

/// Bits of a missing and of a padding real, as VCF Zarr has them.
pub(super) const MISSING_REAL: u32 = 0x7f80_0001;
/// A missing whole number or allele, and what pads a shorter list.
pub(super) const MISSING_INTEGER: i32 = -1;

/// What a block adds to each array.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(super) contig: Arc<str>,
    pub(super) sites: Vec<Site>,
    /// Copies a call in `genotypes`.
    pub(super) ploidy: usize,
    /// Allele indices, −1 missing, −2 beyond the sample's ploidy: variants × samples × ploidy.
    pub(super) genotypes: Vec<i8>,
    /// Variants × samples.
    pub(super) phased: Vec<bool>,
    /// The layers' values, little-endian, four bytes each, in the order of the writer's fields.
    pub(super) layers: Vec<LayerRows>,
}

/// A layer's values: each variant has as many a sample as its width.
#[derive(Debug, Default)]
pub(super) struct LayerRows {
    pub(super) widths: Vec<usize>,
    /// Where each variant's values start, in values.
    pub(super) starts: Vec<usize>,
    pub(super) values: Vec<[u8; 4]>,
}

impl LayerRows {
    fn push(&mut self, width: usize, values: impl Iterator<Item = [u8; 4]>) {
        self.widths.push(width);
        self.starts.push(self.values.len());
        self.values.extend(values);
    }

    fn of_integers(layer: &Ragged<i32>, rows: usize) -> Self {
        let mut out = Self::default();
        for row in 0..rows {
            let value = |&value: &i32| (if value < 0 { MISSING_INTEGER } else { value }).to_le_bytes();
            out.push(layer.width(row), layer.row(row).iter().map(value));
        }
        out
    }

    fn of_reals(layer: &Ragged<f32>, rows: usize) -> Self {
        let mut out = Self::default();
        for row in 0..rows {
            out.push(layer.width(row), layer.row(row).iter().map(|&value| real(value)));
        }
        out
    }
}

/// A real's bytes; what is not known is the format's own kind of NaN.
pub(super) fn real(value: f32) -> [u8; 4] {
    if value.is_nan() { MISSING_REAL.to_le_bytes() } else { value.to_le_bytes() }
}

/// A layer that becomes an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    AlleleDepths,
    Depth,
    Quality,
    Likelihoods,
    Dosage,
    Probabilities,
}

impl Field {
    /// The values of a block; an empty row where it has none.
    fn rows(self, block: &GenotypeBlock) -> LayerRows {
        let (layers, rows) = (&block.layers, block.rows());
        let integers =
            |layer: &Option<Ragged<i32>>| layer.as_ref().map(|layer| LayerRows::of_integers(layer, rows));
        let reals =
            |layer: &Option<Ragged<f32>>| layer.as_ref().map(|layer| LayerRows::of_reals(layer, rows));
        let found = match self {
            Self::AlleleDepths => integers(&layers.allele_depths),
            Self::Likelihoods => integers(&layers.likelihoods),
            Self::Dosage => reals(&layers.dosage),
            Self::Probabilities => reals(&layers.probabilities),
            Self::Depth => layers.depth.as_ref().map(|grid| {
                let mut out = LayerRows::default();
                (0..rows).for_each(|row| {
                    out.push(1, grid.row(row).iter().map(|&n| n.max(MISSING_INTEGER).to_le_bytes()))
                });
                out
            }),
            Self::Quality => layers.genotype_quality.as_ref().map(|grid| {
                let known = |&value: &f32| real(if value < 0.0 { f32::NAN } else { value });
                let mut out = LayerRows::default();
                (0..rows).for_each(|row| out.push(1, grid.row(row).iter().map(known)));
                out
            }),
        };
        found.unwrap_or_else(|| {
            let mut empty = LayerRows::default();
            (0..rows).for_each(|_| empty.push(0, std::iter::empty()));
            empty
        })
    }
}

impl Rows {
    /// Makes rows of a block.
    ///
    /// # Errors
    /// Returns an error that names a variant with more alleles than a byte can number.
    pub(super) fn of(block: &GenotypeBlock, fields: &[Field]) -> Result<Self, GenotypeError> {
        if let Some(site) = block.sites.iter().find(|site| site.alleles() > 127) {
            return Err(GenotypeError::Request(format!(
                "{}: has {} alleles, but VCF Zarr is written with 127 at most; write VCF or BCF",
                site.label(&block.contig),
                site.alleles()
            )));
        }
        let ploidy = usize::from(block.max_ploidy());
        let mut out = Self {
            contig: block.contig.clone(),
            sites: block.sites.clone(),
            ploidy,
            genotypes: Vec::with_capacity(block.rows() * block.samples * ploidy),
            phased: Vec::with_capacity(block.rows() * block.samples),
            layers: fields.iter().map(|field| field.rows(block)).collect(),
        };
        let (ploidies, mut codes) = (block.ploidies(), Vec::new());
        for row in 0..block.rows() {
            let alleles = block.layers.alleles.as_ref();
            match alleles.and_then(|alleles| Some((alleles.row(row)?, alleles.phased(row)?))) {
                Some((calls, phased)) => {
                    calls.for_each(|call| out.push_call(call));
                    out.phased.extend_from_slice(phased);
                }
                None => {
                    block.unpack(row, &mut codes);
                    codes.iter().zip(&ploidies).for_each(|(&code, &own)| out.push_dosage(code, own));
                    out.phased.resize(out.phased.len() + block.samples, false);
                }
            }
        }
        Ok(out)
    }

    fn push_call(&mut self, call: &[u8]) {
        let atom = |copy: usize| match call.get(copy) {
            Some(&UNKNOWN) => -1,
            None | Some(&ABSENT) => -2,
            Some(&code) => code.cast_signed(),
        };
        self.genotypes.extend((0..self.ploidy).map(atom));
    }

    fn push_dosage(&mut self, code: u8, own: u8) {
        let atom = |copy: u8| match code {
            _ if copy >= own => -2,
            MISSING => -1,
            dosage => i8::from(copy >= own - dosage.min(own)),
        };
        self.genotypes.extend((0..self.ploidy as u8).map(atom));
    }
}

/// The filters that a site failed or passed, by name.
pub(super) fn filters_of(site: &Site) -> Vec<&str> {
    match &site.filters {
        Filters::NotApplied => Vec::new(),
        Filters::Pass => vec!["PASS"],
        Filters::Failed(names) => names.split(';').collect(),
    }
}
