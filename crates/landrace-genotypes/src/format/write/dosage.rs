//! Tables of dosages: a row a marker, a column a sample.

use std::path::Path;

use super::cells::Delimiter;
use super::rows::RowsWriter;
use super::{EncodeBlock, Encoded};
use crate::block::GenotypeBlock;
use crate::digits::{push_count, push_real};
use crate::plane::MISSING;
use crate::source::{GenotypeError, SourceHeader};

/// Columns before the samples.
const COLUMNS: [&str; 6] = ["marker", "contig", "position", "reference", "alternate", "ploidy"];

struct Encoder {
    delimiter: Delimiter,
    has_estimates: bool,
}

/// Begins a dosage table.
pub(crate) fn create(
    path: &Path,
    header: &SourceHeader,
    delimiter: Delimiter,
) -> Result<RowsWriter, GenotypeError> {
    let line = delimiter.header(&COLUMNS, header)?;
    let encoder = Encoder { delimiter, has_estimates: header.layers.dosage };
    RowsWriter::create(path, &line, header.losses_of_tables(&["GT", "DS"]), encoder)
}

impl EncodeBlock for Encoder {
    fn encode(&self, block: &GenotypeBlock) -> Result<Encoded, GenotypeError> {
        let mut out = Encoded { variants: block.rows() as u64, ..Encoded::default() };
        let ploidy = match block.groups.as_slice() {
            [group] => Some(group.calls.ploidy()),
            _ => None,
        };
        let mut codes = Vec::new();
        for row in 0..block.rows() {
            self.put_site(block, row, ploidy, &mut out.bytes)?;
            block.unpack(row, &mut codes);
            if self.has_estimates && block.layers.dosage.is_some() {
                self.put_estimates(block, row, &codes, &mut out);
            } else {
                for &code in &codes {
                    out.bytes.push(self.delimiter.byte());
                    put_code(code, &mut out.bytes);
                }
            }
            out.bytes.push(b'\n');
            let site = &block.sites[row];
            out.losses.add(MERGED, (site.alleles() > 2).into());
            out.losses.add(PLACES, site.genetic_position.is_some().into());
        }
        if ploidy.is_none() {
            out.losses.add("variants at which samples differ in ploidy, which is not kept", out.variants);
        }
        out.losses.add_of_block(block);
        Ok(out)
    }
}

/// The loss of formats that count all alternate alleles as one.
pub(crate) const MERGED: &str =
    "variants with more than two alleles, whose alternate alleles are counted as one";
/// The loss of formats without a genetic map.
pub(crate) const PLACES: &str = "places on the genetic map";

impl Encoder {
    fn put_site(
        &self,
        block: &GenotypeBlock,
        row: usize,
        ploidy: Option<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), GenotypeError> {
        let site = &block.sites[row];
        let or_dot = |text: &'_ str| if text.is_empty() { ".".to_owned() } else { text.to_owned() };
        self.delimiter.put(&or_dot(&site.id), out)?;
        out.push(self.delimiter.byte());
        self.delimiter.put(&block.contig, out)?;
        out.push(self.delimiter.byte());
        match site.position {
            Some(position) => push_count(position.get(), out),
            None => out.extend_from_slice(b"NA"),
        }
        out.push(self.delimiter.byte());
        self.delimiter.put(&site.reference, out)?;
        out.push(self.delimiter.byte());
        self.delimiter.put(&or_dot(&site.alternates.join(",")), out)?;
        out.push(self.delimiter.byte());
        match ploidy {
            Some(ploidy) => push_count(ploidy.into(), out),
            None => out.extend_from_slice(b"NA"),
        }
        Ok(())
    }

    /// Estimated dosages of all alternate alleles together where they are known, else the call's.
    fn put_estimates(&self, block: &GenotypeBlock, row: usize, codes: &[u8], out: &mut Encoded) {
        let Some(layer) = &block.layers.dosage else { return };
        for (sample, &code) in codes.iter().enumerate() {
            out.bytes.push(self.delimiter.byte());
            let estimate: f32 = layer.call(row, sample).iter().sum();
            if estimate.is_nan() || layer.width(row) == 0 {
                put_code(code, &mut out.bytes);
                continue;
            }
            let is_other = code == MISSING || (estimate - f32::from(code)).abs() > 0.5;
            out.losses.add(
                "calls that are not the whole dosage nearest to their estimate, which is written",
                is_other.into(),
            );
            push_real((estimate * 1e4).round() / 1e4, &mut out.bytes);
        }
    }
}

fn put_code(code: u8, out: &mut Vec<u8>) {
    match code {
        MISSING => out.extend_from_slice(b"NA"),
        code => push_count(code.into(), out),
    }
}
