//! A panel from genotypes: each variant of two alleles a column, each allele of the others one.

use std::sync::Arc;

use landrace_genome::Position;
use landrace_genotypes::block::layer::{ABSENT, UNKNOWN};
use landrace_genotypes::plane::MISSING;
use landrace_genotypes::{GenotypeBlock, GenotypeError, GenotypeSource, Site, for_each_block};

use super::Panel;
use super::calls::Calls;
use super::frequencies::Frequencies;

/// What became of the variants that were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Variants used.
    pub used: usize,
    /// Of these, variants of three alleles or more, each with a frequency of its own.
    pub multiallelic: usize,
    /// Of these, variants whose other alleles the file does not tell apart: they count together.
    pub together: usize,
    /// Variants left out because they do not vary.
    pub monomorphic: usize,
    /// Variants left out because the known frequencies lack them, or have them with other alleles.
    pub unknown: usize,
    /// Calls left out because the known frequencies lack one of their alleles.
    pub unknown_calls: usize,
}

impl Account {
    fn add(&mut self, other: Self) {
        self.used += other.used;
        self.multiallelic += other.multiallelic;
        self.together += other.together;
        self.monomorphic += other.monomorphic;
        self.unknown += other.unknown;
        self.unknown_calls += other.unknown_calls;
    }
}

/// Columns of a stretch of variants, and what they are.
#[derive(Debug, Default)]
pub(super) struct Columns {
    bytes: Vec<u8>,
    names: Vec<String>,
    /// Rows of the known frequencies that the columns take theirs from.
    known: Vec<usize>,
}

/// What a block gives.
#[derive(Debug, Default)]
struct Part {
    pairs: Columns,
    alleles: Columns,
    widths: Vec<usize>,
    account: Account,
}

/// The alleles of a variant's calls: of each sample its ploidy (0 where missing) and the copies of each allele.
struct Copies {
    ploidies: Vec<u8>,
    /// Samples × alleles.
    copies: Vec<u8>,
    names: Vec<String>,
    /// Whether some alleles could not be told apart.
    are_together: bool,
}

/// Reads a source to its end: all variants that vary, or those that frequencies are known of. The second value gives,
/// for each column, its row in the known frequencies.
pub(super) fn read(
    source: &mut dyn GenotypeSource,
    known: Option<&Frequencies>,
) -> Result<(Panel, Vec<usize>), GenotypeError> {
    let samples = source.header().samples.clone();
    let mut all = Part::default();
    for_each_block(
        source,
        |block| Ok(Part::of(&block, known)),
        |mut part| {
            for (all, own) in [(&mut all.pairs, &mut part.pairs), (&mut all.alleles, &mut part.alleles)] {
                all.bytes.append(&mut own.bytes);
                all.names.append(&mut own.names);
                all.known.append(&mut own.known);
            }
            all.widths.append(&mut part.widths);
            all.account.add(part.account);
            Ok(())
        },
    )?;
    if all.account.used == 0 {
        return Err(GenotypeError::Request(match known {
            Some(known) => format!(
                "none of the {} variants has known frequencies ({}); names, places and alleles must be alike",
                all.account.unknown, known.path
            ),
            None => "no variant varies among the samples; filter less, or look at what was read".to_owned(),
        }));
    }
    Ok(all.into_panel(samples))
}

impl Part {
    fn of(block: &GenotypeBlock, known: Option<&Frequencies>) -> Self {
        let mut out = Self::default();
        let ploidies = block.ploidies();
        for row in 0..block.rows() {
            let site = &block.sites[row];
            let copies = Copies::of(block, row, &ploidies);
            match known {
                Some(known) => out.take_known(&block.contig, site, &copies, known),
                None => out.take(&block.contig, site, &copies),
            }
        }
        out
    }

    /// Takes a variant if it varies. Alleles that nobody has are left out.
    fn take(&mut self, contig: &str, site: &Site, copies: &Copies) {
        let seen = copies.seen();
        let place = place(contig, site);
        match seen.as_slice() {
            [] | [_] => {
                self.account.monomorphic += 1;
                return;
            }
            &[other, allele] => {
                let of = |own: &[u8]| Some(own[allele]);
                copies.push(&mut self.pairs.bytes, of);
                let names = (&copies.names[allele], &copies.names[other]);
                self.pairs.names.push(format!("{place}\t{}\t{}", names.0, names.1));
            }
            several => {
                for &allele in several {
                    copies.push(&mut self.alleles.bytes, |own| Some(own[allele]));
                    self.alleles.names.push(format!("{place}\t{}\t.", copies.names[allele]));
                }
                self.widths.push(several.len());
                self.account.multiallelic += 1;
            }
        }
        self.account.used += 1;
        self.account.together += usize::from(copies.are_together);
    }

    /// Takes a variant whose frequencies are known, with the alleles that they have.
    fn take_known(&mut self, contig: &str, site: &Site, copies: &Copies, known: &Frequencies) {
        let position = site.position.map_or(0, Position::get);
        let Some((rows, places)) = known.find((contig, position, &site.id), &copies.names) else {
            self.account.unknown += 1;
            return;
        };
        // A call with a copy of an allele that the frequencies lack is left out.
        let all_known = |own: &[u8]| own.iter().zip(&places).all(|(&n, place)| n == 0 || place.is_some());
        let lost = copies.calls().filter(|own| !all_known(own)).count();
        self.account.unknown_calls += lost;
        let copies_of = |own: &[u8], allele: usize| {
            let own = own.iter().zip(&places).filter(|(_, place)| **place == Some(allele));
            own.map(|(&n, _)| n).sum::<u8>()
        };
        let is_pair = known.is_pair(&rows);
        let columns = if is_pair { &mut self.pairs } else { &mut self.alleles };
        for (allele, row) in rows.clone().enumerate() {
            copies.push(&mut columns.bytes, |own| all_known(own).then(|| copies_of(own, allele)));
            columns.names.push(known.name(row).to_owned());
            columns.known.push(row);
        }
        if !is_pair {
            self.widths.push(rows.len());
            self.account.multiallelic += 1;
        }
        self.account.used += 1;
    }

    fn into_panel(self, samples: Arc<[String]>) -> (Panel, Vec<usize>) {
        let calls = Calls::new(samples.len(), self.pairs.bytes, &self.alleles.bytes, &self.widths);
        let is_typed = (0..samples.len()).map(|sample| calls.has_calls(sample)).collect();
        let columns = self.pairs.names.into_iter().chain(self.alleles.names).collect();
        let known = self.pairs.known.into_iter().chain(self.alleles.known).collect();
        (Panel { samples, columns, account: self.account, is_typed, calls }, known)
    }
}

impl Copies {
    fn of(block: &GenotypeBlock, row: usize, ploidies: &[u8]) -> Self {
        let site = &block.sites[row];
        let names = (0..site.alleles()).map(|index| site.allele(index).unwrap_or_default().to_owned());
        let names: Vec<String> = names.collect();
        if names.len() > 2
            && let Some(calls) = block.layers.alleles.as_ref().and_then(|alleles| alleles.row(row))
        {
            return Self::of_codes(calls, names);
        }
        let mut codes = Vec::new();
        block.unpack(row, &mut codes);
        let is_known = |code: u8| code != MISSING;
        let own = codes.iter().zip(ploidies);
        let copies = own.clone().flat_map(|(&code, &n)| {
            let dosage = if is_known(code) { code } else { 0 };
            [if is_known(code) { n.saturating_sub(dosage) } else { 0 }, dosage]
        });
        let copies = copies.collect();
        let ploidies = own.map(|(&code, &n)| if is_known(code) { n } else { 0 }).collect();
        let other = if names.len() > 1 { names[1..].join(",") } else { ".".to_owned() };
        let are_together = names.len() > 2;
        Self { ploidies, copies, names: vec![names[0].clone(), other], are_together }
    }

    fn of_codes<'a>(calls: impl Iterator<Item = &'a [u8]>, names: Vec<String>) -> Self {
        let (mut ploidies, mut copies) = (Vec::new(), Vec::new());
        let width = names.len();
        for call in calls {
            let start = copies.len();
            copies.resize(start + width, 0u8);
            let own = || call.iter().filter(|&&code| code != ABSENT);
            if own().any(|&code| code == UNKNOWN || usize::from(code) >= width) {
                ploidies.push(0);
                continue;
            }
            own().for_each(|&code| copies[start + usize::from(code)] += 1);
            ploidies.push(own().count() as u8);
        }
        Self { ploidies, copies, names, are_together: false }
    }

    /// The copies of each allele in each sample with a call.
    fn calls(&self) -> impl Iterator<Item = &[u8]> {
        let all = self.copies.chunks_exact(self.names.len()).zip(&self.ploidies);
        all.filter(|(_, ploidy)| **ploidy > 0).map(|(own, _)| own)
    }

    /// The alleles that any sample has.
    fn seen(&self) -> Vec<usize> {
        let mut seen = vec![false; self.names.len()];
        for own in self.calls() {
            seen.iter_mut().zip(own).for_each(|(seen, &n)| *seen |= n > 0);
        }
        (0..seen.len()).filter(|&allele| seen[allele]).collect()
    }

    /// Appends a column: the copies that `count` finds, a missing call where it finds none.
    fn push(&self, bytes: &mut Vec<u8>, count: impl Fn(&[u8]) -> Option<u8>) {
        let wide = Calls::row_length(self.ploidies.len());
        let start = bytes.len();
        let all = self.copies.chunks_exact(self.names.len()).zip(&self.ploidies);
        bytes.extend(all.map(|(own, &ploidy)| match count(own) {
            Some(n) if ploidy > 0 => (ploidy << 4) | n,
            _ => 0,
        }));
        bytes.resize(start + wide, 0);
    }
}

/// Contig, position (0 if unknown) and id.
fn place(contig: &str, site: &Site) -> String {
    format!("{contig}\t{}\t{}", site.position.map_or(0, Position::get), site.id)
}
