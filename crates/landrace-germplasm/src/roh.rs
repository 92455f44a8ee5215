//! Runs of homozygosity: stretches of the genome where a sample got the same haplotype from all sides.
//!
//! Calls of one contig are turned to two bits a sample and SNP (heterozygous, missing), each sample is scanned, and the
//! bits are dropped: memory depends on the largest contig. Only the order of SNPs and their positions count, so that any
//! ploidy above 1 will do: a call is homozygous if all copies are alike.

use std::sync::Arc;

use landrace_genotypes::block::layer::{ABSENT, UNKNOWN};
use landrace_genotypes::{GenotypeBlock, GenotypeError, GenotypeSource, for_each_block};
use rayon::prelude::*;

pub mod scan;
mod tables;
mod turn;

pub use scan::{Method, Rules};
pub use tables::{CLASSES, class_of, put_island, write_islands_head, write_runs, write_samples};

use scan::{Scratch, Track};
use turn::Turned;

/// A run of homozygosity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Index of the sample.
    pub sample: usize,
    /// Index of the contig in [`Homozygosity::contigs`].
    pub contig: usize,
    /// Position of the first SNP.
    pub start: u64,
    /// Position of the last SNP.
    pub end: u64,
    /// SNPs.
    pub snps: u32,
    /// Heterozygous calls among them.
    pub heterozygous: u32,
    /// Missing calls among them.
    pub missing: u32,
}

impl Run {
    /// Bases from the first to the last SNP.
    pub fn length(&self) -> u64 {
        self.end - self.start
    }
}

/// A contig that was scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// Its name.
    pub name: String,
    /// SNPs.
    pub snps: u64,
    /// Bases from the first to the last SNP.
    pub covered: u64,
}

/// The runs of all samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Homozygosity {
    /// Names of the samples.
    pub samples: Arc<[String]>,
    /// The contigs, in the file's order.
    pub contigs: Vec<Scanned>,
    /// The runs by sample, then along the genome.
    pub runs: Vec<Run>,
    /// Variants without a place, which were left out.
    pub unplaced: u64,
}

impl Homozygosity {
    /// Bases that the SNPs cover: from the first to the last of each contig.
    pub fn covered(&self) -> u64 {
        self.contigs.iter().map(|contig| contig.covered).sum()
    }
}

/// Finds the runs of all samples. `island` is given, for each SNP in order, its contig, position and name, and the number
/// of samples of each group that have a run there; `of_samples` says the groups.
///
/// # Errors
/// Returns an error if the source or `island` fails, if no variant has a place, if a contig's variants are not in order,
/// or if a sample has one copy of each chromosome.
pub fn find(
    source: &mut dyn GenotypeSource,
    rules: &Rules,
    of_samples: &[Option<usize>],
    mut island: impl FnMut(&str, u64, &str, &[u32]) -> Result<(), GenotypeError>,
) -> Result<Homozygosity, GenotypeError> {
    let mut out = Homozygosity { samples: source.header().samples.clone(), ..Homozygosity::default() };
    let (names, count) = (out.samples.clone(), out.samples.len());
    let mut open: Option<Open> = None;
    let scan = Scan { rules, of_samples };
    for_each_block(
        source,
        |block| states(&block, &names),
        |part| {
            out.unplaced += part.unplaced;
            if part.places.is_empty() {
                return Ok(());
            }
            if open.as_ref().is_none_or(|own| own.contig != part.contig) {
                if let Some(done) = open.take() {
                    scan.close(done, &mut out, &mut island)?;
                }
                if out.contigs.iter().any(|contig| *contig.name == *part.contig) {
                    return Err(GenotypeError::Request(format!(
                        "contig '{}' comes twice; sort the variants by place",
                        part.contig
                    )));
                }
                open = Some(Open {
                    contig: part.contig.clone(),
                    places: Vec::new(),
                    turned: Turned::new(count),
                });
            }
            open.as_mut().map_or(Ok(()), |own| own.push(part))
        },
    )?;
    if let Some(done) = open.take() {
        scan.close(done, &mut out, &mut island)?;
    }
    if out.contigs.is_empty() {
        let message = "no variant has a place, and runs are stretches of the genome; give places with --map";
        return Err(GenotypeError::Request(message.to_owned()));
    }
    out.runs.sort_by_key(|run| run.sample);
    Ok(out)
}

/// The contig that is being read.
struct Open {
    contig: Arc<str>,
    places: Vec<(u64, Box<str>)>,
    turned: Turned,
}

impl Open {
    fn push(&mut self, part: Part) -> Result<(), GenotypeError> {
        let last = self.places.last().map_or(0, |place| place.0);
        let mut previous = last;
        for (position, _) in &part.places {
            if *position < previous {
                return Err(GenotypeError::Request(format!(
                    "{}:{position} comes after {}:{previous}; sort the variants by place",
                    part.contig, part.contig
                )));
            }
            previous = *position;
        }
        self.places.extend(part.places);
        self.turned.push_rows(&part.rows);
        Ok(())
    }
}

/// The states of a block's calls: for each variant two rows of bits, heterozygous and missing.
struct Part {
    contig: Arc<str>,
    places: Vec<(u64, Box<str>)>,
    rows: Vec<u64>,
    unplaced: u64,
}

fn states(block: &GenotypeBlock, names: &[String]) -> Result<Part, GenotypeError> {
    let words = block.samples.div_ceil(64);
    let mut out = Part { contig: block.contig.clone(), places: Vec::new(), rows: Vec::new(), unplaced: 0 };
    if let Some(haploid) = block.groups.iter().find(|own| own.calls.ploidy() == 1) {
        let sample = haploid.samples.first().copied().unwrap_or(0);
        return Err(GenotypeError::Request(format!(
            "sample '{}' has one copy of contig '{}', so no call can be heterozygous; leave out the contig or the sample",
            names.get(sample).map_or("", String::as_str),
            block.contig
        )));
    }
    let mut codes = Vec::new();
    for row in 0..block.rows() {
        let site = &block.sites[row];
        let Some(position) = site.position.filter(|_| &*block.contig != "0") else {
            out.unplaced += 1;
            continue;
        };
        out.places.push((position.get(), site.id.clone()));
        let start = out.rows.len();
        out.rows.resize(start + 2 * words, 0);
        let (heterozygous, missing) = out.rows[start..].split_at_mut(words);
        if let [own] = block.groups.as_slice()
            && own.calls.ploidy() == 2
            && site.alleles() <= 2
        {
            let bits = own.calls.row(row).bits();
            for word in 0..words {
                let (low, high) = (bits[word], bits[words + word]);
                (heterozygous[word], missing[word]) = (low & !high, low & high);
            }
            continue;
        }
        for own in &block.groups {
            own.calls.row(row).unpack(own.samples.len(), &mut codes);
            for (&sample, &code) in own.samples.iter().zip(&codes) {
                let bit = 1u64 << (sample % 64);
                let ploidy = own.calls.ploidy();
                missing[sample / 64] |= if code > ploidy { bit } else { 0 };
                let is_heterozygous =
                    code > 0 && code < ploidy || code == ploidy && differs(block, row, sample);
                heterozygous[sample / 64] |= if is_heterozygous { bit } else { 0 };
            }
        }
    }
    Ok(out)
}

/// Whether a call without the reference allele holds two different alternates.
fn differs(block: &GenotypeBlock, row: usize, sample: usize) -> bool {
    let call =
        block.layers.alleles.as_ref().and_then(|alleles| alleles.call(row, sample)).unwrap_or_default();
    let mut known = call.iter().filter(|&&code| code != ABSENT && code != UNKNOWN);
    known.next().is_some_and(|first| known.any(|code| code != first))
}

/// How contigs are scanned.
struct Scan<'a> {
    rules: &'a Rules,
    of_samples: &'a [Option<usize>],
}

impl Scan<'_> {
    /// Scans all samples over a contig that was read to its end.
    fn close(
        &self,
        mut open: Open,
        out: &mut Homozygosity,
        island: &mut impl FnMut(&str, u64, &str, &[u32]) -> Result<(), GenotypeError>,
    ) -> Result<(), GenotypeError> {
        open.turned.finish();
        let positions: Vec<u64> = open.places.iter().map(|place| place.0).collect();
        let contig = out.contigs.len();
        let covered = positions.last().zip(positions.first()).map_or(0, |(last, first)| last - first);
        out.contigs.push(Scanned { name: open.contig.to_string(), snps: positions.len() as u64, covered });
        let scan = |scratch: &mut Scratch, sample: usize| {
            let (heterozygous, missing) = open.turned.sample(sample);
            let track = Track { positions: &positions, heterozygous: &heterozygous, missing: &missing };
            let found = scan::runs(&track, self.rules, scratch);
            let runs = found.into_iter().map(|snps| {
                let (heterozygous, missing) = track.exceptions(snps.clone());
                let run = Run {
                    sample,
                    contig,
                    start: positions[snps.start],
                    end: positions[snps.end - 1],
                    snps: snps.len() as u32,
                    heterozygous,
                    missing,
                };
                (snps, run)
            });
            runs.collect::<Vec<_>>()
        };
        let found: Vec<_> = (0..out.samples.len()).into_par_iter().map_init(Scratch::default, scan).collect();
        self.add_islands(&open, &found, island)?;
        out.runs.extend(found.into_iter().flatten().map(|(_, run)| run));
        Ok(())
    }

    fn add_islands(
        &self,
        open: &Open,
        found: &[Vec<(std::ops::Range<usize>, Run)>],
        island: &mut impl FnMut(&str, u64, &str, &[u32]) -> Result<(), GenotypeError>,
    ) -> Result<(), GenotypeError> {
        let groups = self.of_samples.iter().flatten().max().map_or(1, |last| last + 1);
        let mut steps = vec![vec![0i64; open.places.len() + 1]; groups];
        for (sample, runs) in found.iter().enumerate() {
            let Some(group) = self.of_samples.get(sample).copied().flatten() else { continue };
            for (snps, _) in runs {
                steps[group][snps.start] += 1;
                steps[group][snps.end] -= 1;
            }
        }
        let mut counts = vec![0i64; groups];
        let mut shown = vec![0u32; groups];
        for (snp, (position, id)) in open.places.iter().enumerate() {
            for (group, count) in counts.iter_mut().enumerate() {
                *count += steps[group][snp];
                shown[group] = u32::try_from(*count).unwrap_or(0);
            }
            island(&open.contig, *position, id, &shown)?;
        }
        Ok(())
    }
}
