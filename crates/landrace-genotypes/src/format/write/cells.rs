//! What table formats have in common: cells of text, and the names of calls' alleles.

use std::borrow::Cow;

use memchr::memchr3;

use crate::block::layer::{ABSENT, UNKNOWN};
use crate::block::{GenotypeBlock, Site};
use crate::format::write::Losses;
use crate::plane::MISSING;
use crate::source::{GenotypeError, SourceHeader};

/// What stands between the cells of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delimiter {
    /// Cells cannot hold tabs.
    Tab,
    /// Cells with commas and quotes are quoted.
    Comma,
}

impl Delimiter {
    /// The byte itself.
    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Tab => b'\t',
            Self::Comma => b',',
        }
    }

    /// Appends a cell of text.
    ///
    /// # Errors
    /// Returns an error that names the text if the table cannot hold it.
    pub(crate) fn put(self, text: &str, out: &mut Vec<u8>) -> Result<(), GenotypeError> {
        let bytes = text.as_bytes();
        match self {
            Self::Tab if memchr3(b'\t', b'\n', b'\r', bytes).is_some() => {
                Err(GenotypeError::Request(format!(
                    "the name {text:?} holds a tab or a line end, which a table cannot hold; rename it, or write .csv"
                )))
            }
            Self::Comma if memchr3(b',', b'"', b'\n', bytes).is_some() || bytes.contains(&b'\r') => {
                out.push(b'"');
                out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
                out.push(b'"');
                Ok(())
            }
            _ => {
                out.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    /// A header line: names of columns, then the samples.
    pub(crate) fn header(self, columns: &[&str], header: &SourceHeader) -> Result<Vec<u8>, GenotypeError> {
        let mut line = Vec::new();
        for (index, name) in
            columns.iter().copied().chain(header.samples.iter().map(String::as_str)).enumerate()
        {
            if index > 0 {
                line.push(self.byte());
            }
            self.put(name, &mut line)?;
        }
        line.push(b'\n');
        Ok(line)
    }
}

/// The calls of a block as indices of alleles, in ascending order within a call.
pub(crate) struct Calls<'b> {
    block: &'b GenotypeBlock,
    ploidies: Vec<u8>,
    /// Dosages or [`MISSING`]: variants × samples.
    codes: Vec<u8>,
}

impl<'b> Calls<'b> {
    pub(crate) fn of(block: &'b GenotypeBlock) -> Self {
        let mut codes = Vec::with_capacity(block.rows() * block.samples);
        let mut row_codes = Vec::new();
        for row in 0..block.rows() {
            block.unpack(row, &mut row_codes);
            codes.extend_from_slice(&row_codes);
        }
        Self { block, ploidies: block.ploidies(), codes }
    }

    /// Puts the allele indices of a call into `out`; empty if it is missing in part or in whole.
    pub(crate) fn get(&self, row: usize, sample: usize, out: &mut Vec<u8>) {
        out.clear();
        let own = self.block.layers.alleles.as_ref().and_then(|alleles| alleles.call(row, sample));
        if let Some(call) = own {
            out.extend(call.iter().copied().take_while(|&code| code != ABSENT));
            if out.contains(&UNKNOWN) {
                out.clear();
            }
            return out.sort_unstable();
        }
        let (code, ploidy) = (self.codes[row * self.block.samples + sample], self.ploidies[sample]);
        if code != MISSING {
            let code = code.min(ploidy);
            out.extend((0..ploidy).map(|copy| u8::from(copy >= ploidy - code)));
        }
    }
}

/// Names of a site's alleles for formats without room for symbols; see [`allele_names`].
pub(crate) type AlleleNames<'s> = Vec<Cow<'s, str>>;

/// The names of a site's alleles as cells of letters can hold them: unknown alleles of dosages are `A` and `B`,
/// insertions and deletions without a sequence are `I` and `D`. Notes what is written under another name.
pub(crate) fn allele_names<'s>(site: &'s Site, losses: &mut Losses) -> AlleleNames<'s> {
    const UNNAMED: &str = "variants whose alleles have no names, written as A and B";
    const INDELS: &str = "insertions and deletions without a sequence, written as I and D";
    let is_unknown = |allele: &str| matches!(allele, "" | "." | "0" | "N" | "<ALT>");
    let alternates: Vec<&str> = site.alternates.iter().map(AsRef::as_ref).collect();
    if is_unknown(&site.reference) {
        match alternates.as_slice() {
            [] => {
                losses.add(UNNAMED, 1);
                return vec!["A".into()];
            }
            ["<DEL>" | "-"] => {
                losses.add(INDELS, 1);
                return vec!["I".into(), "D".into()];
            }
            ["<INS>" | "+"] => {
                losses.add(INDELS, 1);
                return vec!["D".into(), "I".into()];
            }
            [alternate] if is_unknown(alternate) => {
                losses.add(UNNAMED, 1);
                return vec!["A".into(), "B".into()];
            }
            _ => {}
        }
    }
    let letter = |allele: &'s str| -> Cow<'s, str> {
        match allele {
            "-" | "<DEL>" => "D".into(),
            "+" | "<INS>" => "I".into(),
            other => other.into(),
        }
    };
    let all = std::iter::once(&*site.reference).chain(alternates.iter().copied());
    losses.add(INDELS, u64::from(all.clone().any(|allele| matches!(allele, "-" | "+" | "<DEL>" | "<INS>"))));
    all.map(letter).collect()
}

/// A marker's name: its own, or contig and position, which is noted.
pub(crate) fn marker_name<'s>(block: &'s GenotypeBlock, site: &'s Site, losses: &mut Losses) -> Cow<'s, str> {
    if !site.id.is_empty() {
        return (&*site.id).into();
    }
    losses.add("markers without a name, named by contig and position", 1);
    let position = site.position.map_or_else(|| "NA".to_owned(), |position| position.to_string());
    format!("{}_{position}", block.contig).into()
}
