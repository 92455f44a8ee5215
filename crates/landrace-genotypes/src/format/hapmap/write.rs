//! Blocks to HapMap tables, calls as pairs of letters (as many letters as the ploidy above two).

use std::io::Write;
use std::path::Path;

use crate::block::layer::{ABSENT, UNKNOWN};
use crate::block::{GenotypeBlock, Site};
use crate::format::write::cells::Delimiter;
use crate::format::write::rows::RowsWriter;
use crate::format::write::{EncodeBlock, Encoded};
use crate::plane::MISSING;
use crate::source::{GenotypeError, SourceHeader};

/// Columns before the samples.
const COLUMNS: [&str; 11] = [
    "rs#",
    "alleles",
    "chrom",
    "pos",
    "strand",
    "assembly#",
    "center",
    "protLSID",
    "assayLSID",
    "panelLSID",
    "QCcode",
];

/// Turns blocks into lines of HapMap.
struct Encoder;

/// Begins a HapMap table.
pub(crate) fn create(path: &Path, header: &SourceHeader) -> Result<RowsWriter, GenotypeError> {
    let line = Delimiter::Tab.header(&COLUMNS, header)?;
    RowsWriter::create(path, &line, header.losses_of_tables(&["GT"]), Encoder)
}

/// One letter an allele, if that can be: bases as they are; of two alleles of unlike length, the longer is `+`
/// and the shorter `-`. The flag says that sequences were lost.
fn letters(site: &Site) -> Option<(Vec<u8>, bool)> {
    let single = |allele: &str| match allele {
        "<DEL>" | "-" => Some(b'-'),
        "<INS>" | "+" => Some(b'+'),
        _ => match allele.as_bytes() {
            [letter] if letter.is_ascii_alphabetic() => Some(letter.to_ascii_uppercase()),
            _ => None,
        },
    };
    let alleles: Vec<&str> = (0..site.alleles()).filter_map(|index| site.allele(index)).collect();
    let all: Option<Vec<u8>> = alleles.iter().map(|allele| single(allele)).collect();
    match (all, alleles.as_slice()) {
        (Some(letters), [_, "<DEL>"]) if letters[0] == b'N' => Some((b"+-".to_vec(), false)),
        (Some(letters), [_, "<INS>"]) if letters[0] == b'N' => Some((b"-+".to_vec(), false)),
        (Some(letters), _) => Some((letters, false)),
        (None, [reference, alternate])
            if reference.len() != alternate.len() && !alternate.starts_with(['<', '*']) =>
        {
            let letters = if reference.len() > alternate.len() { b"+-" } else { b"-+" };
            Some((letters.to_vec(), true))
        }
        _ => None,
    }
}

impl EncodeBlock for Encoder {
    fn encode(&self, block: &GenotypeBlock) -> Result<Encoded, GenotypeError> {
        let mut out = Encoded::default();
        let ploidies = block.ploidies();
        let mut codes = Vec::new();
        for (row, site) in block.sites.iter().enumerate() {
            let Some((letters, is_indel)) = letters(site) else {
                out.losses.add("variants whose alleles HapMap cannot write, left out", 1);
                continue;
            };
            out.losses.add("sequences of insertions and deletions, written as + and -", is_indel.into());
            put_site(block, site, &letters, &mut out.bytes);
            match block.layers.alleles.as_ref().and_then(|alleles| alleles.row(row)) {
                Some(calls) => calls.for_each(|call| put_call(call, &letters, &mut out.bytes)),
                None => {
                    block.unpack(row, &mut codes);
                    for (&code, &ploidy) in codes.iter().zip(&ploidies) {
                        put_dosage(code, ploidy, &letters, &mut out.bytes);
                    }
                }
            }
            out.bytes.push(b'\n');
            out.variants += 1;
            out.losses.add("places on the genetic map", site.genetic_position.is_some().into());
        }
        out.losses.add_of_block(block);
        let haploid = ploidies.iter().filter(|&&ploidy| ploidy == 1).count() as u64;
        out.losses.add("haploid calls, written as homozygous", haploid * out.variants);
        Ok(out)
    }
}

fn put_site(block: &GenotypeBlock, site: &Site, letters: &[u8], out: &mut Vec<u8>) {
    let alleles: Vec<String> = letters.iter().map(|&letter| char::from(letter).to_string()).collect();
    let position = site.position.map_or_else(|| "NA".to_owned(), |position| position.to_string());
    let id = match &*site.id {
        "" => format!("{}_{position}", block.contig),
        id => id.to_owned(),
    };
    let _ =
        write!(out, "{id}\t{}\t{}\t{position}\t+\tNA\tNA\tNA\tNA\tNA\tNA", alleles.join("/"), block.contig);
}

fn put_dosage(code: u8, ploidy: u8, letters: &[u8], out: &mut Vec<u8>) {
    // A haploid call is written twice.
    let (ploidy, code) = if ploidy == 1 && code != MISSING { (2, 2 * code) } else { (ploidy.max(2), code) };
    out.push(b'\t');
    for copy in 0..ploidy {
        out.push(match code {
            MISSING => b'N',
            dosage if copy >= ploidy - dosage.min(ploidy) => letters.get(1).copied().unwrap_or(b'N'),
            _ => letters.first().copied().unwrap_or(b'N'),
        });
    }
}

fn put_call(call: &[u8], letters: &[u8], out: &mut Vec<u8>) {
    out.push(b'\t');
    let is_missing = call.contains(&UNKNOWN);
    let copies = call.iter().filter(|&&code| code != ABSENT);
    let letter =
        |&code: &u8| if is_missing { b'N' } else { letters.get(usize::from(code)).copied().unwrap_or(b'N') };
    let start = out.len();
    out.extend(copies.map(letter));
    if out.len() - start == 1 {
        out.push(out[start]);
    }
}
