//! What is held of the collection: each sample's genotypes as rows of bits, and what each locus is.
//!
//! Memory: as many bits a call as the codes of its locus need, 2 for diploids and 3 for ploidy 4 and 6 (an 8-bit
//! share of the samples for microsatellites), so 250 MB for 20,000 diploids by 50,000 variants, and the names of the
//! loci.

use std::collections::HashMap;

use landrace_genotypes::block::layer::{ABSENT, UNKNOWN};
use landrace_genotypes::compare::transpose;
use landrace_genotypes::plane::{MISSING, planes_for};
use landrace_genotypes::{GenotypeBlock, GenotypeError, GenotypeSource, for_each_block};
use rayon::prelude::*;

use crate::same::Locus;
use crate::same::weigh::Class;

use super::kernel::{Counts, compare};

/// Loci of a panel: a row of a diploid's panel is 2 KiB.
const PANEL: usize = 8_192;
/// Loci of the panel that all pairs are compared by first.
const SCREEN: usize = 4_096;
/// Classes of the frequency of loci of two alleles.
const BINS: f64 = 24.0;
/// Cells that the tables of loci of several alleles may have in all; loci beyond it count by agreement alone.
const MOST_CELLS: usize = 400_000;

/// Loci of one number of planes, turned to rows of samples.
#[derive(Debug)]
pub(super) struct Panel {
    /// Indices of its loci in the file's order.
    pub(super) loci: Vec<u32>,
    pub(super) planes: usize,
    /// Words a sample.
    pub(super) stride: usize,
    bits: Vec<u64>,
}

impl Panel {
    pub(super) fn rows(&self, samples: std::ops::Range<usize>) -> &[u64] {
        &self.bits[samples.start * self.stride..samples.end * self.stride]
    }

    fn row(&self, sample: usize) -> &[u64] {
        self.rows(sample..sample + 1)
    }

    /// The code of a locus by its place in the panel; all ones if missing.
    fn code(&self, row: &[u64], at: usize) -> u8 {
        let word = at / 512 * self.planes * 8 + at % 512 / 64;
        (0..self.planes)
            .fold(0, |code, plane| code | ((((row[word + plane * 8] >> (at % 64)) & 1) as u8) << plane))
    }

    fn missing(&self) -> u8 {
        ((1u16 << self.planes) - 1) as u8
    }
}

/// A locus: where it is, and how it is weighed.
#[derive(Clone, Debug)]
pub struct LocusPlace {
    /// Index of the contig's name.
    pub contig: u32,
    /// Position, where it is known.
    pub position: Option<u64>,
    /// The marker's name; empty if it has none.
    pub id: Box<str>,
    class: u32,
}

/// The genotypes of a collection.
#[derive(Debug)]
pub struct Profiles {
    /// Number of samples.
    pub samples: usize,
    /// The loci, in the file's order.
    pub loci: Vec<LocusPlace>,
    /// Names of the contigs.
    pub contigs: Vec<String>,
    /// Loci that each sample has a call of.
    pub called: Vec<u32>,
    /// How much the mean heterozygosity lies below that of Hardy-Weinberg proportions; none where nothing is
    /// heterozygous or could be.
    pub inbreeding: Option<f64>,
    /// Ploidies seen.
    pub ploidies: Vec<u8>,
    pub(super) classes: Vec<Class>,
    pub(super) panels: Vec<Panel>,
    pub(super) screen: Option<Panel>,
}

/// What a locus is before classes are made.
enum Kind {
    Dosage { ploidy: u8, counts: Vec<u32> },
    Alleles { ploidy: u8, genotypes: Vec<Box<[u8]>>, counts: Vec<u32> },
    Agreement { chance: f64 },
}

/// One locus, ready to be put into a panel.
struct Staged {
    contig: std::sync::Arc<str>,
    position: Option<u64>,
    id: Box<str>,
    kind: Kind,
    planes: usize,
    bits: Vec<u64>,
}

impl Profiles {
    /// Reads a source to its end. `memory` bounds what is held, in bytes.
    ///
    /// # Errors
    /// Returns the source's error, or one that says what to do if there are more calls than the memory holds.
    pub fn read(source: &mut dyn GenotypeSource, memory: u64) -> Result<Self, GenotypeError> {
        let samples = source.header().samples.len();
        let mut builder = Builder { samples, memory, ..Builder::default() };
        for_each_block(
            source,
            |block| Ok(stage(&block)),
            |staged| staged.into_iter().try_for_each(|locus| builder.push(locus)),
        )?;
        Ok(builder.finish())
    }

    /// Compares two samples over all loci.
    pub(super) fn counts(&self, a: usize, b: usize) -> Counts {
        let mut out = [Counts::default()];
        for panel in &self.panels {
            compare(panel.row(a), panel.row(b), panel.planes, &mut out);
        }
        out[0]
    }

    /// Puts the code of each locus of a sample into `codes`, in the file's order; [`MISSING`] without a call.
    pub(super) fn codes(&self, sample: usize, codes: &mut Vec<u8>) {
        codes.clear();
        codes.resize(self.loci.len(), MISSING);
        for panel in &self.panels {
            let (row, missing) = (panel.row(sample), panel.missing());
            for (at, &locus) in panel.loci.iter().enumerate() {
                let code = panel.code(row, at);
                codes[locus as usize] = if code == missing { MISSING } else { code };
            }
        }
    }

    /// The class of a locus.
    pub(super) fn class(&self, locus: usize) -> usize {
        self.loci[locus].class as usize
    }

    /// How messages and tables name a locus: its id, or contig and position.
    pub fn label(&self, locus: usize) -> String {
        let own = &self.loci[locus];
        match own.position {
            _ if !own.id.is_empty() && &*own.id != "." => own.id.to_string(),
            Some(position) => format!("{}:{position}", self.contigs[own.contig as usize]),
            None => format!("{}", locus + 1),
        }
    }
}

/// The loci of a block, with their rows of bits.
fn stage(block: &GenotypeBlock) -> Vec<Staged> {
    let mut codes = Vec::new();
    (0..block.rows())
        .map(|row| {
            let (kind, planes, bits) = stage_row(block, row, &mut codes);
            let site = &block.sites[row];
            let position = site.position.map(landrace_genome::Position::get).filter(|position| *position > 0);
            Staged { contig: block.contig.clone(), position, id: site.id.clone(), kind, planes, bits }
        })
        .collect()
}

fn stage_row(block: &GenotypeBlock, row: usize, codes: &mut Vec<u8>) -> (Kind, usize, Vec<u64>) {
    let is_plain = block.sites[row].alternates.len() <= 1;
    if let ([group], true) = (block.groups.as_slice(), is_plain) {
        let calls = group.calls.row(row);
        let kind = Kind::Dosage { ploidy: calls.ploidy(), counts: calls.dosage_counts() };
        return (kind, calls.planes(), calls.bits().to_vec());
    }
    let genotypes = genotypes(block, row, codes);
    let mut counts = vec![0u32; genotypes.len()];
    codes.iter().filter(|code| **code != MISSING).for_each(|code| counts[usize::from(*code)] += 1);
    let planes = planes_for(genotypes.len().saturating_sub(1).clamp(1, 254) as u8);
    let bits = pack(codes, planes);
    let called: f64 = counts.iter().map(|n| f64::from(*n)).sum::<f64>().max(1.0);
    let chance = counts.iter().map(|n| (f64::from(*n) / called).powi(2)).sum();
    let kind = match block.groups.as_slice() {
        [group] if genotypes.len() < 255 => Kind::Alleles { ploidy: group.calls.ploidy(), genotypes, counts },
        _ => Kind::Agreement { chance },
    };
    (kind, planes, bits)
}

/// The distinct genotypes of a variant in their order, ploidies apart, and each sample's among them in `codes`. More
/// than 254 cannot be told apart: the rarer ones become missing.
fn genotypes(block: &GenotypeBlock, row: usize, codes: &mut Vec<u8>) -> Vec<Box<[u8]>> {
    let ploidies = block.ploidies();
    block.unpack(row, codes);
    let alleles = block.layers.alleles.as_ref();
    let own = |sample: usize, code: u8| -> Option<Box<[u8]>> {
        if code == MISSING {
            return None;
        }
        if let Some(call) = alleles.and_then(|alleles| alleles.call(row, sample)) {
            let mut call: Vec<u8> = call.iter().copied().filter(|code| *code != ABSENT).collect();
            call.sort_unstable();
            return (!call.contains(&UNKNOWN)).then(|| call.into());
        }
        let ploidy = ploidies[sample];
        Some((0..ploidy).map(|copy| u8::from(copy >= ploidy - code.min(ploidy))).collect())
    };
    let calls: Vec<Option<Box<[u8]>>> =
        codes.iter().enumerate().map(|(sample, code)| own(sample, *code)).collect();
    let mut counts: HashMap<&[u8], u32> = HashMap::new();
    calls.iter().flatten().for_each(|call| *counts.entry(call).or_default() += 1);
    let mut order: Vec<(&[u8], u32)> = counts.into_iter().collect();
    order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    order.truncate(254);
    order.sort_by(|a, b| (a.0.len(), a.0).cmp(&(b.0.len(), b.0)));
    let places: HashMap<&[u8], u8> =
        order.iter().enumerate().map(|(at, (call, _))| (*call, at as u8)).collect();
    for (code, call) in codes.iter_mut().zip(&calls) {
        *code = call.as_ref().and_then(|call| places.get(&**call)).copied().unwrap_or(MISSING);
    }
    order.iter().map(|(call, _)| Box::from(*call)).collect()
}

/// Planes of codes; a missing call is all ones, and so are samples beyond the last.
fn pack(codes: &[u8], planes: usize) -> Vec<u64> {
    let words = codes.len().div_ceil(64);
    let mut bits = vec![!0u64; planes * words];
    for (sample, &code) in codes.iter().enumerate().filter(|(_, code)| **code != MISSING) {
        for plane in (0..planes).filter(|plane| (code >> plane) & 1 == 0) {
            bits[plane * words + sample / 64] &= !(1 << (sample % 64));
        }
    }
    bits
}

/// Loci gathered until a panel is full.
#[derive(Default)]
struct Gathered {
    loci: Vec<u32>,
    bits: Vec<u64>,
}

#[derive(Default)]
struct Builder {
    samples: usize,
    memory: u64,
    held: u64,
    loci: Vec<LocusPlace>,
    contigs: Vec<String>,
    places: HashMap<String, u32>,
    gathered: std::collections::BTreeMap<usize, Gathered>,
    panels: Vec<Panel>,
    /// Sums of the counts of each class of loci of two alleles.
    sums: Vec<(u8, u8, Vec<f64>)>,
    classes: Vec<Class>,
    /// For each locus: a class of two alleles, or one of its own.
    kinds: Vec<Result<u32, u32>>,
    cells: usize,
    /// Chances of drawing two different alleles in a sample and in the collection.
    heterozygosity: (f64, f64),
    ploidies: Vec<u8>,
}

impl Builder {
    fn push(&mut self, locus: Staged) -> Result<(), GenotypeError> {
        self.held += (self.samples * locus.planes) as u64 / 8;
        if self.held > self.memory {
            return Err(GenotypeError::Request(format!(
                "{} samples by more than {} variants do not fit into {} MB; thin the variants first (landrace ld \
                 prune), or give --memory",
                self.samples,
                self.loci.len(),
                self.memory >> 20
            )));
        }
        let contig = match self.places.get(&*locus.contig) {
            Some(&place) => place,
            None => {
                let place = self.contigs.len() as u32;
                self.contigs.push(locus.contig.to_string());
                self.places.insert(locus.contig.to_string(), place);
                place
            }
        };
        let index = self.loci.len() as u32;
        self.loci.push(LocusPlace { contig, position: locus.position, id: locus.id, class: 0 });
        let kind = self.classify(locus.kind);
        self.kinds.push(kind);
        let gathered = self.gathered.entry(locus.planes).or_default();
        gathered.loci.push(index);
        gathered.bits.extend_from_slice(&locus.bits);
        if gathered.loci.len() == PANEL {
            let full = std::mem::take(gathered);
            self.panels.push(turn(full, locus.planes, self.samples));
        }
        Ok(())
    }

    /// The class of a locus: that of its frequency, or one of its own.
    fn classify(&mut self, kind: Kind) -> Result<u32, u32> {
        let class = match kind {
            Kind::Dosage { ploidy, counts } => {
                self.note_ploidy(ploidy);
                return Ok(self.bin(ploidy, &counts));
            }
            Kind::Alleles { ploidy, genotypes, counts } => {
                self.note_ploidy(ploidy);
                let counts: Vec<f64> = counts.iter().map(|n| f64::from(*n)).collect();
                self.note_heterozygosity(&genotypes, &counts, usize::from(ploidy));
                self.cells += genotypes.len() * genotypes.len();
                if self.cells <= MOST_CELLS {
                    Class::Genotypes(Locus::of_alleles(ploidy, genotypes, &counts))
                } else {
                    let all: f64 = counts.iter().sum::<f64>().max(1.0);
                    Class::Agreement(rounded(counts.iter().map(|n| (n / all).powi(2)).sum()))
                }
            }
            Kind::Agreement { chance } => Class::Agreement(rounded(chance)),
        };
        if let Class::Agreement(chance) = &class {
            let known =
                self.classes.iter().position(|other| matches!(other, Class::Agreement(own) if own == chance));
            if let Some(known) = known {
                return Err(known as u32);
            }
        }
        self.classes.push(class);
        Err(self.classes.len() as u32 - 1)
    }

    fn note_ploidy(&mut self, ploidy: u8) {
        if !self.ploidies.contains(&ploidy) {
            self.ploidies.push(ploidy);
            self.ploidies.sort_unstable();
        }
    }

    fn note_heterozygosity(&mut self, genotypes: &[Box<[u8]>], counts: &[f64], ploidy: usize) {
        let all: f64 = counts.iter().sum();
        if ploidy < 2 || all == 0.0 {
            return;
        }
        let mut pool: HashMap<u8, f64> = HashMap::new();
        let mut within = 0.0;
        for (alleles, n) in genotypes.iter().zip(counts) {
            let mut own: HashMap<u8, f64> = HashMap::new();
            alleles.iter().for_each(|allele| *own.entry(*allele).or_default() += 1.0);
            let p = ploidy as f64;
            within += n / all * (1.0 - own.values().map(|k| k * (k - 1.0)).sum::<f64>() / (p * (p - 1.0)));
            own.into_iter().for_each(|(allele, k)| *pool.entry(allele).or_default() += k / p * n / all);
        }
        let mut pool: Vec<f64> = pool.into_values().collect();
        pool.sort_by(f64::total_cmp);
        self.heterozygosity.0 += within;
        self.heterozygosity.1 += 1.0 - pool.iter().map(|p| p * p).sum::<f64>();
    }

    /// The class of a locus of two alleles: by ploidy, and by the angle of the frequency.
    fn bin(&mut self, ploidy: u8, counts: &[u32]) -> u32 {
        let all: f64 = counts.iter().map(|n| f64::from(*n)).sum();
        let copies: f64 = counts.iter().enumerate().map(|(dosage, n)| dosage as f64 * f64::from(*n)).sum();
        let (own, p) = (f64::from(ploidy), copies / (all * f64::from(ploidy)).max(1.0));
        if ploidy > 1 && all > 0.0 {
            let pairs = |dosage: f64| 2.0 * dosage * (own - dosage) / (own * (own - 1.0));
            let within = counts.iter().enumerate().map(|(dosage, n)| pairs(dosage as f64) * f64::from(*n));
            self.heterozygosity.0 += within.sum::<f64>() / all;
            self.heterozygosity.1 += 2.0 * p * (1.0 - p);
        }
        let bin =
            (p.clamp(0.0, 1.0).sqrt().asin() / std::f64::consts::FRAC_PI_2 * BINS).min(BINS - 1.0) as u8;
        let known = self.sums.iter().position(|(of, at, _)| (*of, *at) == (ploidy, bin));
        let place = known.unwrap_or_else(|| {
            self.sums.push((ploidy, bin, vec![0.0; counts.len()]));
            self.sums.len() - 1
        });
        // Each locus weighs the same, however many calls it has.
        for (sum, n) in self.sums[place].2.iter_mut().zip(counts) {
            *sum += f64::from(*n) / all.max(1.0) * self.samples as f64;
        }
        place as u32
    }

    fn finish(mut self) -> Profiles {
        for (planes, gathered) in std::mem::take(&mut self.gathered) {
            if !gathered.loci.is_empty() {
                self.panels.push(turn(gathered, planes, self.samples));
            }
        }
        let binned = self.sums.len() as u32;
        for (locus, kind) in self.loci.iter_mut().zip(&self.kinds) {
            locus.class = kind.unwrap_or_else(|own| binned + own);
        }
        let mut classes: Vec<Class> =
            self.sums.iter().map(|(_, _, counts)| Class::Genotypes(Locus::of_dosages(counts))).collect();
        classes.append(&mut self.classes);
        let (within, among) = self.heterozygosity;
        let mut out = Profiles {
            samples: self.samples,
            loci: self.loci,
            contigs: self.contigs,
            called: Vec::new(),
            inbreeding: (among > 0.0).then(|| 1.0 - within / among),
            ploidies: self.ploidies,
            classes,
            panels: self.panels,
            screen: None,
        };
        out.called = (0..out.samples)
            .into_par_iter()
            .map(|sample| {
                let own = |panel: &Panel| {
                    let mut counts = [Counts::default()];
                    compare(panel.row(sample), panel.row(sample), panel.planes, &mut counts);
                    counts[0].compared
                };
                out.panels.iter().map(own).sum()
            })
            .collect();
        out.screen = out.screened();
        out
    }
}

fn rounded(chance: f64) -> f64 {
    (chance * 200.0).round() / 200.0
}

impl Profiles {
    /// A panel of informative loci, spread evenly, where there are many more.
    fn screened(&self) -> Option<Panel> {
        let planes = self.panels.iter().map(|panel| panel.planes).max_by_key(|&planes| {
            self.panels
                .iter()
                .filter(|panel| panel.planes == planes)
                .map(|panel| panel.loci.len())
                .sum::<usize>()
        })?;
        let informative: Vec<bool> = self.classes.iter().map(is_informative).collect();
        let of_planes = || self.panels.iter().enumerate().filter(|(_, panel)| panel.planes == planes);
        let mut chosen: Vec<(usize, usize)> = of_planes()
            .flat_map(|(index, panel)| (0..panel.loci.len()).map(move |at| (index, at)))
            .filter(|&(index, at)| informative[self.class(self.panels[index].loci[at] as usize)])
            .collect();
        if chosen.len() < SCREEN * 2 {
            return None;
        }
        let all = chosen.len();
        chosen = (0..SCREEN).map(|index| chosen[index * all / SCREEN]).collect();
        let stride = SCREEN / 512 * planes * 8;
        let mut bits = vec![0u64; self.samples * stride];
        bits.par_chunks_mut(stride).enumerate().for_each(|(sample, row)| {
            for (to, &(index, at)) in chosen.iter().enumerate() {
                let panel = &self.panels[index];
                let code = panel.code(panel.row(sample), at);
                for plane in 0..planes {
                    row[to / 512 * planes * 8 + plane * 8 + to % 512 / 64] |=
                        u64::from((code >> plane) & 1) << (to % 64);
                }
            }
        });
        let loci = chosen.iter().map(|&(index, at)| self.panels[index].loci[at]).collect();
        Some(Panel { loci, planes, stride, bits })
    }
}

/// Whether two unrelated samples differ at one such locus in ten at least.
fn is_informative(class: &Class) -> bool {
    match class {
        Class::Genotypes(locus) => (0..locus.size()).map(|at| locus.frequency(at).powi(2)).sum::<f64>() < 0.9,
        Class::Agreement(chance) => *chance < 0.9,
    }
}

/// Turns gathered loci to rows of samples. Loci beyond the last are missing.
fn turn(gathered: Gathered, planes: usize, samples: usize) -> Panel {
    let (count, words) = (gathered.loci.len(), samples.div_ceil(64));
    let stride = count.div_ceil(512) * planes * 8;
    let mut bits = vec![!0u64; words * 64 * stride];
    bits.par_chunks_mut(64 * stride).enumerate().for_each(|(word, out)| {
        let mut tile = [0u64; 64];
        for first in (0..count).step_by(64) {
            for plane in 0..planes {
                for (offset, bits) in tile.iter_mut().enumerate() {
                    let at = ((first + offset) * planes + plane) * words + word;
                    *bits = if first + offset < count { gathered.bits[at] } else { !0 };
                }
                transpose(&mut tile);
                let at = first / 512 * planes * 8 + plane * 8 + first % 512 / 64;
                for (sample, &bits) in tile.iter().enumerate() {
                    out[sample * stride + at] = bits;
                }
            }
        }
    });
    bits.truncate(samples * stride);
    Panel { loci: gathered.loci, planes, stride, bits }
}
