//! Haplotypes of blocks as markers: each that is common enough becomes a marker of two alleles, itself and all others, so
//! that every method takes them as any marker, at any ploidy.
//!
//! Which alleles lie on one chromosome is known of phased calls, of homozygotes, and of a sample with one heterozygous call in
//! the block. Other samples have no call in it.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use landrace_genome::{Position, file};

use crate::block::layer::{ABSENT, UNKNOWN};
use crate::block::{CallGatherer, GenotypeBlock, Layers, Site};
use crate::matrix::GenotypeMatrix;
use crate::plane::MISSING;
use crate::source::{GenotypeError, GenotypeSource, for_each_block};

/// Stretches of contigs, ascending and apart.
#[derive(Clone, Debug, Default)]
pub struct HaplotypeBlocks {
    of_contigs: HashMap<String, Vec<(u64, u64)>>,
}

impl HaplotypeBlocks {
    /// Reads a table with the columns `contig`, `from` and `to` (bases from 1, both ends in), as `landrace ld blocks`
    /// writes it; other columns do not matter.
    ///
    /// # Errors
    /// Returns an error that names the line: a column that lacks, a place that is no number, blocks that overlap.
    pub fn read(path: &Path) -> Result<Self, GenotypeError> {
        let text = file::read_text(path)?;
        let wrong = |line: u64, message: String| GenotypeError::Line {
            path: path.display().to_string(),
            line,
            message,
        };
        let mut lines = (1u64..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        let header: Vec<&str> = lines.next().map_or(Vec::new(), |(_, line)| line.split('\t').collect());
        let column = |name: &str| {
            header.iter().position(|own| *own == name).ok_or_else(|| {
                wrong(
                    1,
                    format!(
                        "has no column '{name}'; the columns must be contig, from and to, separated by tabs"
                    ),
                )
            })
        };
        let places = [column("contig")?, column("from")?, column("to")?];
        let mut of_contigs: HashMap<String, Vec<(u64, u64)>> = HashMap::new();
        for (number, line) in lines {
            let cells: Vec<&str> = line.split('\t').collect();
            let cell = |at: usize| cells.get(places[at]).copied().unwrap_or_default();
            let base = |at: usize| {
                let known = cell(at).parse::<u64>().ok().filter(|base| *base > 0);
                known.ok_or_else(|| wrong(number, format!("'{}' is no place; write bases from 1", cell(at))))
            };
            let (from, to) = (base(1)?, base(2)?);
            let own = of_contigs.entry(cell(0).to_owned()).or_default();
            if from > to || own.last().is_some_and(|last| last.1 >= from) {
                let message = format!(
                    "the block {from} to {to} is not behind the one before it; sort them, each base in one"
                );
                return Err(wrong(number, message));
            }
            own.push((from, to));
        }
        if of_contigs.is_empty() {
            return Err(wrong(1, "holds no block; give a table that does".to_owned()));
        }
        Ok(Self { of_contigs })
    }

    /// Which block of its contig a base is in.
    fn find(&self, contig: &str, position: u64) -> Option<(u64, u64)> {
        let own = self.of_contigs.get(contig)?;
        let block = own.get(own.partition_point(|block| block.1 < position))?;
        (block.0 <= position).then_some(*block)
    }
}

/// What became of the blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HaplotypeAccount {
    /// Blocks with variants.
    pub blocks: usize,
    /// Variants in them.
    pub variants: usize,
    /// Haplotypes that became markers.
    pub markers: usize,
    /// Calls (block × sample) that could not be told for want of phase, and for want of a call.
    pub unphased: usize,
    /// See [`HaplotypeAccount::unphased`].
    pub missing: usize,
}

/// The haplotypes of a source's blocks with at least a share of the copies, as markers. The source should have been asked for
/// phase. Memory: the markers, two bits a call of diploids.
///
/// # Errors
/// Returns the source's error, or one if no variant lies in a block.
pub fn haplotype_markers(
    source: &mut dyn GenotypeSource,
    blocks: &HaplotypeBlocks,
    min_share: f64,
) -> Result<(GenotypeMatrix, HaplotypeAccount), GenotypeError> {
    let mut header = source.header().clone();
    let mut out =
        Markers { min_share, account: HaplotypeAccount::default(), made: Vec::new(), pending: None };
    let mut open: Option<OpenBlock> = None;
    for_each_block(source, Ok, |block| {
        for row in 0..block.rows() {
            let position = block.sites[row].position.map(Position::get);
            let place = position.and_then(|position| blocks.find(&block.contig, position));
            let goes_on =
                open.as_ref().is_some_and(|own| own.contig == block.contig && Some(own.place) == place);
            if !goes_on && let Some(own) = open.take() {
                out.close(own);
            }
            if let Some(place) = place {
                open.get_or_insert_with(|| OpenBlock::new(&block, place)).take(&block, row);
            }
        }
        Ok(())
    })?;
    if let Some(own) = open {
        out.close(own);
    }
    out.flush();
    if out.account.variants == 0 {
        return Err(GenotypeError::Request(
            "no variant lies in a block; do contigs have the same names in both files?".to_owned(),
        ));
    }
    header.has_named_alleles = true;
    header.meta = None;
    header.layers = crate::Wanted::default();
    Ok((GenotypeMatrix::from_blocks(header, out.made), out.account))
}

/// A block whose variants are being read.
struct OpenBlock {
    contig: Arc<str>,
    place: (u64, u64),
    ploidies: Vec<u8>,
    first: Option<Position>,
    /// Alleles of each variant.
    alleles: Vec<Vec<String>>,
    /// For each sample, each copy's alleles so far.
    copies: Vec<Vec<Vec<u8>>>,
    samples: Vec<Resolved>,
}

/// What is known of a sample.
#[derive(Clone, Copy, Default)]
struct Resolved {
    heterozygous: usize,
    has_unphased: bool,
    is_missing: bool,
}

impl OpenBlock {
    fn new(block: &GenotypeBlock, place: (u64, u64)) -> Self {
        let ploidies = block.ploidies();
        let copies = ploidies.iter().map(|&ploidy| vec![Vec::new(); usize::from(ploidy)]).collect();
        let samples = vec![Resolved::default(); ploidies.len()];
        let contig = block.contig.clone();
        Self { contig, place, ploidies, first: None, alleles: Vec::new(), copies, samples }
    }

    fn take(&mut self, block: &GenotypeBlock, row: usize) {
        let site = &block.sites[row];
        self.first = self.first.or(site.position);
        let names = (0..site.alleles()).map(|allele| site.allele(allele).unwrap_or_default().to_owned());
        self.alleles.push(names.collect());
        let coded = block.layers.alleles.as_ref();
        let mut calls = coded.and_then(|own| own.row(row));
        let phased = coded.and_then(|own| own.phased(row));
        let mut dosages = Vec::new();
        block.unpack(row, &mut dosages);
        let mut call = Vec::new();
        for sample in 0..self.ploidies.len() {
            let codes = calls.as_mut().and_then(Iterator::next);
            call.clear();
            match codes {
                Some(codes) => call.extend(codes.iter().copied().filter(|&code| code != ABSENT)),
                None if dosages[sample] == MISSING => {}
                None => {
                    let (ploidy, dosage) = (self.ploidies[sample], dosages[sample]);
                    call.extend((0..ploidy).map(|copy| u8::from(copy >= ploidy - dosage)));
                }
            }
            let is_phased = phased.is_some_and(|own| own[sample]);
            self.add(sample, &call, is_phased);
        }
    }

    /// Adds a sample's call: one code a copy.
    fn add(&mut self, sample: usize, call: &[u8], is_phased: bool) {
        let (own, copies) = (&mut self.samples[sample], &mut self.copies[sample]);
        if call.len() != copies.len() || call.contains(&UNKNOWN) {
            own.is_missing = true;
            return;
        }
        if call.iter().any(|code| *code != call[0]) {
            own.heterozygous += 1;
            own.has_unphased |= !is_phased;
        }
        copies.iter_mut().zip(call).for_each(|(copy, &code)| copy.push(code));
    }
}

/// Markers made so far.
struct Markers {
    min_share: f64,
    account: HaplotypeAccount,
    made: Vec<GenotypeBlock>,
    pending: Option<Pending>,
}

/// Markers of one contig that are not yet a block of their own.
struct Pending {
    contig: Arc<str>,
    samples: usize,
    gatherer: CallGatherer,
    sites: Vec<Site>,
}

/// Markers of a block, about.
const AT_ONCE: usize = 256;

impl Markers {
    fn flush(&mut self) {
        if let Some(Pending { contig, samples, mut gatherer, sites }) = self.pending.take() {
            let (groups, layers) = (gatherer.take(2), Layers::default());
            self.made.push(GenotypeBlock { contig, samples, sites, groups, layers });
        }
    }

    /// Makes markers of a block's common haplotypes, the commonest first.
    fn close(&mut self, block: OpenBlock) {
        self.account.blocks += 1;
        self.account.variants += block.alleles.len();
        let mut is_known = Vec::with_capacity(block.samples.len());
        for own in &block.samples {
            let is_unphased = own.has_unphased && own.heterozygous > 1;
            self.account.missing += usize::from(own.is_missing);
            self.account.unphased += usize::from(is_unphased && !own.is_missing);
            is_known.push(!own.is_missing && !is_unphased);
        }
        let mut counts: BTreeMap<&[u8], usize> = BTreeMap::new();
        let known = block.copies.iter().zip(&is_known).filter(|(_, is_known)| **is_known);
        known.flat_map(|(copies, _)| copies).for_each(|copy| *counts.entry(copy).or_default() += 1);
        let all: usize = counts.values().sum();
        let is_common = |n: usize| n as f64 >= self.min_share * all as f64 && n < all;
        let mut common: Vec<(&[u8], usize)> = counts.into_iter().filter(|own| is_common(own.1)).collect();
        common.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        if common.is_empty() {
            return;
        }
        if self.pending.as_ref().is_some_and(|own| own.contig != block.contig || own.sites.len() >= AT_ONCE) {
            self.flush();
        }
        let samples = block.samples.len();
        let pending = self.pending.get_or_insert_with(|| Pending {
            contig: block.contig.clone(),
            samples,
            gatherer: CallGatherer::new(samples),
            sites: Vec::new(),
        });
        for (haplotype, _) in common {
            let dosage = |(copies, is_known): (&Vec<Vec<u8>>, &bool)| match is_known {
                #[expect(clippy::cast_possible_truncation, reason = "no more than the ploidy")]
                true => copies.iter().filter(|copy| *copy == haplotype).count() as u8,
                false => MISSING,
            };
            let row: Vec<u8> = block.copies.iter().zip(&is_known).map(dosage).collect();
            pending.gatherer.push(&block.ploidies, &row);
            pending.sites.push(block.site(haplotype));
            self.account.markers += 1;
        }
    }
}

impl OpenBlock {
    fn site(&self, haplotype: &[u8]) -> Site {
        let names =
            self.alleles.iter().zip(haplotype).map(|(names, &code)| names[usize::from(code)].as_str());
        let names: Vec<&str> = names.collect();
        let are_letters = names.iter().all(|name| name.len() == 1);
        let name = names.join(if are_letters { "" } else { "," });
        Site {
            position: self.first,
            id: format!("{}:{}-{}:{name}", self.contig, self.place.0, self.place.1).into(),
            reference: "other".into(),
            alternates: vec![name.into()],
            ..Site::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::AlleleCodes;
    use crate::source::SourceHeader;

    /// Three variants of five diploids: phased, homozygous, once heterozygous, twice without phase, and missing.
    fn panel() -> GenotypeMatrix {
        let calls: [[(&[u8; 2], bool); 5]; 3] = [
            [(&[0, 1], true), (&[1, 1], false), (&[0, 1], false), (&[0, 1], false), (&[0, 0], false)],
            [(&[1, 0], true), (&[0, 0], false), (&[0, 0], false), (&[0, 1], false), (&[UNKNOWN; 2], false)],
            [(&[0, 1], true), (&[1, 1], false), (&[1, 1], false), (&[1, 1], false), (&[1, 1], false)],
        ];
        let mut gatherer = CallGatherer::new(5);
        let mut codes = AlleleCodes::new(5, 2);
        let mut sites = Vec::new();
        for (position, row) in (10..).step_by(10).zip(&calls) {
            let of = |call: &(&[u8; 2], bool)| {
                if call.0.contains(&UNKNOWN) { MISSING } else { call.0.iter().sum() }
            };
            gatherer.push(&[2; 5], &row.iter().map(of).collect::<Vec<u8>>());
            let all: Vec<u8> = row.iter().flat_map(|call| *call.0).collect();
            let phased: Vec<bool> = row.iter().map(|call| call.1).collect();
            codes.push_row(Some((&all, &phased)));
            let (reference, alternates) = ("A".into(), vec!["C".into()]);
            sites.push(Site { position: Position::new(position), reference, alternates, ..Site::default() });
        }
        let layers = Layers { alleles: Some(codes), ..Layers::default() };
        let block = GenotypeBlock { contig: "1".into(), samples: 5, sites, groups: gatherer.take(2), layers };
        GenotypeMatrix::from_blocks(SourceHeader::default(), vec![block])
    }

    #[test]
    fn haplotypes_are_counted_where_they_are_known() {
        let mut blocks = HaplotypeBlocks::default();
        blocks.of_contigs.insert("1".to_owned(), vec![(10, 30)]);
        let mut source = Arc::new(panel()).source();
        let (markers, account) = haplotype_markers(&mut source, &blocks, 0.2).unwrap();
        assert_eq!((account.blocks, account.variants, account.unphased, account.missing), (1, 3, 1, 1));
        let found: Vec<(String, Vec<u8>)> = (0..markers.variants())
            .map(|at| {
                let mut row = Vec::new();
                markers.unpack(at, &mut row);
                (markers.site(at).alternates[0].to_string(), row)
            })
            .collect();
        // CAC: the first sample's second copy, both of the second's, and one of the third's. ACA has one of six, below 0.2.
        assert_eq!(found, [("CAC".to_owned(), vec![1, 2, 1, MISSING, MISSING])]);
        let mut source = Arc::new(panel()).source();
        let (markers, _) = haplotype_markers(&mut source, &blocks, 0.1).unwrap();
        let names: Vec<&str> = (0..markers.variants()).map(|at| &*markers.site(at).alternates[0]).collect();
        assert_eq!(names, ["CAC", "AAC", "ACA"]);
        assert_eq!(&*markers.site(0).id, "1:10-30:CAC");
    }
}
