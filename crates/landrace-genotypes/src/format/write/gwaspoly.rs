//! Genotypes as GWASpoly reads them: comma-separated, a row a marker, dosages or letters.

use std::path::Path;

use super::cells::{Calls, Delimiter, marker_name};
use super::dosage::{MERGED, PLACES};
use super::rows::RowsWriter;
use super::{EncodeBlock, Encoded};
use crate::block::{GenotypeBlock, Site};
use crate::digits::push_count;
use crate::plane::MISSING;
use crate::source::{GenotypeError, SourceHeader};

struct Encoder {
    /// `AAAG` instead of 1.
    has_letters: bool,
}

/// Begins a GWASpoly table.
pub(crate) fn create(
    path: &Path,
    header: &SourceHeader,
    has_letters: bool,
) -> Result<RowsWriter, GenotypeError> {
    let line = Delimiter::Comma.header(&["Marker", "Chrom", "Position"], header)?;
    RowsWriter::create(path, &line, header.losses_of_tables(&["GT"]), Encoder { has_letters })
}

/// The letters of a site's two alleles; `None` if they are not two bases.
fn letters(site: &Site) -> Option<[u8; 2]> {
    let base = |allele: &str| match allele.as_bytes() {
        [base] if b"ACGT".contains(&base.to_ascii_uppercase()) => Some(base.to_ascii_uppercase()),
        _ => None,
    };
    match site.alternates.as_slice() {
        [] => base(&site.reference).map(|reference| [reference; 2]),
        [alternate] => Some([base(&site.reference)?, base(alternate)?]),
        _ => None,
    }
}

impl EncodeBlock for Encoder {
    fn encode(&self, block: &GenotypeBlock) -> Result<Encoded, GenotypeError> {
        let mut out = Encoded::default();
        let calls = Calls::of(block);
        let (mut codes, mut call) = (Vec::new(), Vec::new());
        for (row, site) in block.sites.iter().enumerate() {
            let letters = if self.has_letters { letters(site) } else { None };
            if self.has_letters && letters.is_none() {
                out.losses.add("variants whose alleles are not two bases, left out", 1);
                continue;
            }
            let name = marker_name(block, site, &mut out.losses);
            Delimiter::Comma.put(&name, &mut out.bytes)?;
            out.bytes.push(b',');
            Delimiter::Comma.put(&block.contig, &mut out.bytes)?;
            out.bytes.push(b',');
            push_count(site.position.map_or(0, landrace_genome::Position::get), &mut out.bytes);
            if let Some(letters) = letters {
                out.losses.add(
                    "which of two alleles is the reference, where it is not the first in the alphabet",
                    (letters[0] > letters[1]).into(),
                );
                for sample in 0..block.samples {
                    calls.get(row, sample, &mut call);
                    out.bytes.push(b',');
                    out.bytes.extend(call.iter().map(|&allele| letters[usize::from(allele.min(1))]));
                    if call.is_empty() {
                        out.bytes.extend_from_slice(b"NA");
                    }
                }
            } else {
                block.unpack(row, &mut codes);
                for &code in &codes {
                    out.bytes.push(b',');
                    match code {
                        MISSING => out.bytes.extend_from_slice(b"NA"),
                        code => push_count(code.into(), &mut out.bytes),
                    }
                }
                out.losses.add(MERGED, (site.alleles() > 2).into());
                out.losses.add("names of the two alleles of variants, of which the dosage says nothing", 1);
            }
            out.bytes.push(b'\n');
            out.variants += 1;
            out.losses.add(PLACES, site.genetic_position.is_some().into());
            out.losses.add("variants without a position, written as 0", site.position.is_none().into());
        }
        if block.groups.len() > 1 {
            out.losses.add(
                "variants at which samples differ in ploidy, which GWASpoly does not know",
                out.variants,
            );
        }
        out.losses.add_of_block(block);
        Ok(out)
    }
}
