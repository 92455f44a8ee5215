//! Blocks to `.bed`, `.bim` and `.fam`.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use landrace_genome::file::{self, FileError, Output};

use super::MAGIC;
use crate::block::{GenotypeBlock, Site};
use crate::digits::push_count;
use crate::format::write::{EncodeBlock, Encoded, GenotypeWriter, Losses};
use crate::plane::{MISSING, PlaneRow};
use crate::source::{GenotypeError, SourceHeader};

/// Writes the three files.
pub(crate) struct PlinkWriter {
    bed: Output,
    bim: Output,
    fam: Output,
    encoder: Arc<Encoder>,
}

struct Encoder {
    losses: Losses,
}

impl PlinkWriter {
    /// Begins the files; `path` ends in `.bed`.
    pub(crate) fn create(path: &Path, header: &SourceHeader) -> Result<Self, GenotypeError> {
        if header.samples.is_empty() {
            return Err(FileError::content(path, "cannot be written: the input has no samples").into());
        }
        let (mut bed, bim) = (file::create(path)?, file::create(path.with_extension("bim"))?);
        let mut fam = file::create(path.with_extension("fam"))?;
        bed.write_all(&MAGIC)?;
        let mut losses = SourceHeader { families: None, ..header.clone() }.losses_of_tables(&["GT"]);
        for (index, sample) in header.samples.iter().enumerate() {
            let row = match &header.families {
                Some(rows) => rows[index].fields.join("\t"),
                None => format!("0\t{sample}\t0\t0\t0\t-9"),
            };
            losses.add(
                "sample names with spaces, which PLINK itself splits (Landrace reads them back whole)",
                row.split('\t').any(|field| field.contains(' ')).into(),
            );
            writeln!(fam, "{row}")?;
        }
        Ok(Self { bed, bim, fam, encoder: Arc::new(Encoder { losses }) })
    }
}

impl EncodeBlock for Encoder {
    fn encode(&self, block: &GenotypeBlock) -> Result<Encoded, GenotypeError> {
        if block.max_ploidy() > 2 {
            return Err(GenotypeError::Request(format!(
                "contig '{}' has samples of ploidy {}, but PLINK .bed holds 2 at most; write VCF or BCF",
                block.contig,
                block.max_ploidy()
            )));
        }
        let mut out = Encoded::default();
        let ploidies = block.ploidies();
        let mut codes = Vec::new();
        out.bytes.reserve(block.rows() * block.samples.div_ceil(4));
        for row in 0..block.rows() {
            let site = &block.sites[row];
            if site.alleles() > 2 {
                out.losses.add("variants with more than two alleles, left out", 1);
                continue;
            }
            match block.groups.as_slice() {
                [group] if group.calls.ploidy() == 2 => {
                    put_planes(group.calls.row(row), block.samples, &mut out.bytes);
                }
                _ => {
                    block.unpack(row, &mut codes);
                    put_row(&codes, &ploidies, &mut out.bytes);
                }
            }
            put_site(block, site, &mut out.sites);
            out.variants += 1;
        }
        out.losses.add_of_block(block);
        let haploid = ploidies.iter().filter(|&&ploidy| ploidy == 1).count() as u64;
        out.losses.add("haploid calls, written as homozygous", haploid * out.variants);
        Ok(out)
    }
}

/// Two bits a sample: dosage of the alternate allele (A1) 2 is 00, missing 01, 1 is 10, 0 is 11.
fn put_row(codes: &[u8], ploidies: &[u8], out: &mut Vec<u8>) {
    for (codes, ploidies) in codes.chunks(4).zip(ploidies.chunks(4)) {
        let mut byte = 0;
        for (index, (&code, &ploidy)) in codes.iter().zip(ploidies).enumerate() {
            let bits = match (code, ploidy) {
                (MISSING, _) => 0b01,
                (0, _) => 0b11,
                (1, 2) => 0b10,
                _ => 0b00,
            };
            byte |= bits << (2 * index);
        }
        out.push(byte);
    }
}

/// The same from the planes of diploids: of each pair of bits, the lower says that the dosage is even (0 or 2) or
/// missing, the higher that it is below 2.
fn put_planes(row: PlaneRow<'_>, samples: usize, out: &mut Vec<u8>) {
    let (end, words) = (out.len() + samples.div_ceil(4), row.words());
    for word in 0..words {
        let (low, high) = (row.bits()[word], row.bits()[words + word]);
        let pairs = spread(!(low ^ high)) | spread(!high) << 1;
        out.extend_from_slice(&pairs.to_le_bytes());
    }
    out.truncate(end);
    // The pairs beyond the last sample are 0.
    if let (Some(last), used @ 1..) = (out.last_mut(), samples % 4) {
        *last &= (1 << (2 * used)) - 1;
    }
}

/// The bits of a word at every second place of 128.
fn spread(word: u64) -> u128 {
    let half = |half: u64| {
        let mut x = half & 0xffff_ffff;
        x = (x | (x << 16)) & 0x0000_ffff_0000_ffff;
        x = (x | (x << 8)) & 0x00ff_00ff_00ff_00ff;
        x = (x | (x << 4)) & 0x0f0f_0f0f_0f0f_0f0f;
        x = (x | (x << 2)) & 0x3333_3333_3333_3333;
        (x | (x << 1)) & 0x5555_5555_5555_5555
    };
    u128::from(half(word)) | u128::from(half(word >> 32)) << 64
}

fn put_site(block: &GenotypeBlock, site: &Site, out: &mut Vec<u8>) {
    let position = site.position.map_or(0, landrace_genome::Position::get);
    let id = if site.id.is_empty() { "." } else { &site.id };
    let genetic = site.genetic_position.as_deref().unwrap_or("0");
    let alternate = site.alternates.first().map_or("0", |allele| allele);
    for text in [&block.contig, id, genetic] {
        out.extend_from_slice(text.as_bytes());
        out.push(b'\t');
    }
    push_count(position, out);
    for text in [alternate, &site.reference] {
        out.push(b'\t');
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b'\n');
}

impl GenotypeWriter for PlinkWriter {
    fn encoder(&self) -> Arc<dyn EncodeBlock> {
        self.encoder.clone()
    }

    fn losses(&self) -> Losses {
        self.encoder.losses.clone()
    }

    fn write(&mut self, encoded: &Encoded) -> Result<(), GenotypeError> {
        self.bed.write_all(&encoded.bytes)?;
        Ok(self.bim.write_all(&encoded.sites)?)
    }

    fn finish(self: Box<Self>) -> Result<Vec<Output>, GenotypeError> {
        Ok(vec![self.fam, self.bim, self.bed])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plane::BitPlanes;

    proptest! {
        #[test]
        fn planes_become_what_calls_become(codes in prop::collection::vec(prop_oneof![0u8..3, Just(MISSING)], 1..300)) {
            let mut planes = BitPlanes::new(2, codes.len());
            planes.push_row(&codes);
            let (mut by_calls, mut by_planes) = (vec![7], vec![7]);
            put_row(&codes, &vec![2; codes.len()], &mut by_calls);
            put_planes(planes.row(0), codes.len(), &mut by_planes);
            prop_assert_eq!(by_calls, by_planes);
        }
    }
}
