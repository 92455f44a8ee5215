//! The unit that flows: a run of variants of one contig × all samples.

use std::sync::Arc;

use landrace_genome::Position;

use crate::plane::{BitPlanes, MISSING};

mod count;
pub mod layer;

pub use count::SiteCounts;
pub use layer::{AlleleCodes, Grid, Layers, Ragged, RecordLines};

/// A variant: where it is and what its alleles are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Site {
    /// First base of the reference allele; `None` where the map does not know it (0 in files).
    pub position: Option<Position>,
    /// Name of the variant or marker; empty if it has none.
    pub id: Box<str>,
    /// The reference allele, as the file has it.
    pub reference: Box<str>,
    /// The other alleles; empty if the file names none.
    pub alternates: Vec<Box<str>>,
    /// Phred quality of the call.
    pub quality: Option<f32>,
    /// Filters that the variant failed.
    pub filters: Filters,
    /// Place on the genetic map, as the file has it.
    pub genetic_position: Option<Box<str>>,
}

/// What filters have said of a variant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Filters {
    /// None was applied.
    #[default]
    NotApplied,
    /// All were passed.
    Pass,
    /// Those failed, joined by `;`.
    Failed(Box<str>),
}

impl Site {
    /// Number of alleles, the reference included.
    pub fn alleles(&self) -> usize {
        1 + self.alternates.len()
    }

    /// The allele of an index; 0 is the reference.
    pub fn allele(&self, index: usize) -> Option<&str> {
        match index {
            0 => Some(&self.reference),
            _ => self.alternates.get(index - 1).map(AsRef::as_ref),
        }
    }

    /// Whether all alleles are single bases and there is at least one alternate.
    pub fn is_snp(&self) -> bool {
        let is_base = |allele: &str| allele.len() == 1 && allele.as_bytes()[0].is_ascii_alphabetic();
        !self.alternates.is_empty() && is_base(&self.reference) && self.alternates.iter().all(|a| is_base(a))
    }

    /// `contig:position`, or the id where there is no position: how messages name the variant.
    pub fn label(&self, contig: &str) -> String {
        match self.position {
            Some(position) => format!("{contig}:{position}"),
            None => format!("{contig}:{}", self.id),
        }
    }
}

/// Samples of one ploidy on the block's contig, and their calls.
#[derive(Clone, Debug, PartialEq)]
pub struct CallGroup {
    /// Indices of the samples, ascending.
    pub samples: Arc<[usize]>,
    /// Their non-reference dosages: variants × these samples.
    pub calls: BitPlanes,
}

/// A run of variants of one contig × all samples. Ploidy is decided here, by groups of samples.
#[derive(Clone, Debug)]
pub struct GenotypeBlock {
    /// The contig's name.
    pub contig: Arc<str>,
    /// Number of samples.
    pub samples: usize,
    /// The variants.
    pub sites: Vec<Site>,
    /// The calls, by ploidy. Each sample is in exactly one group.
    pub groups: Vec<CallGroup>,
    /// What lies beside the calls.
    pub layers: Layers,
}

impl GenotypeBlock {
    /// Number of variants.
    pub fn rows(&self) -> usize {
        self.sites.len()
    }

    /// Puts the ploidy and the code (dosage or [`MISSING`]) of each sample at a variant into `codes`.
    pub fn unpack(&self, row: usize, codes: &mut Vec<u8>) {
        if let [group] = self.groups.as_slice() {
            return group.calls.row(row).unpack(self.samples, codes);
        }
        codes.clear();
        codes.resize(self.samples, MISSING);
        let mut own = Vec::new();
        for group in &self.groups {
            group.calls.row(row).unpack(group.samples.len(), &mut own);
            for (&sample, &code) in group.samples.iter().zip(&own) {
                codes[sample] = code;
            }
        }
    }

    /// The ploidy of each sample in this block.
    pub fn ploidies(&self) -> Vec<u8> {
        let mut out = vec![0; self.samples];
        for group in &self.groups {
            for &sample in group.samples.iter() {
                out[sample] = group.calls.ploidy();
            }
        }
        out
    }

    /// The highest ploidy in this block.
    pub fn max_ploidy(&self) -> u8 {
        self.groups.iter().map(|group| group.calls.ploidy()).max().unwrap_or(2)
    }

    /// Makes single calls missing, in the calls and in the layers that repeat them.
    pub fn set_missing(&mut self, row: usize, samples: &[usize]) {
        for group in &mut self.groups {
            for &sample in samples {
                if let Ok(column) = group.samples.binary_search(&sample) {
                    group.calls.set_missing(row, column);
                }
            }
        }
        self.layers.set_missing(row, samples);
    }

    /// Keeps the variants whose flag is set.
    pub fn keep_rows(&mut self, keep: &[bool]) {
        if keep.iter().all(|&keep| keep) {
            return;
        }
        let mut flags = keep.iter();
        self.sites.retain(|_| flags.next().copied().unwrap_or(false));
        for group in &mut self.groups {
            group.calls.keep_rows(keep);
        }
        self.layers.keep_rows(keep);
    }

    /// The block with the named samples alone, in the order given.
    pub fn with_samples(&self, samples: &[usize]) -> Self {
        let mut groups = Vec::new();
        for group in &self.groups {
            let members: Vec<(usize, usize)> = samples
                .iter()
                .enumerate()
                .filter_map(|(to, from)| group.samples.binary_search(from).ok().map(|column| (to, column)))
                .collect();
            if members.is_empty() {
                continue;
            }
            let columns: Vec<usize> = members.iter().map(|member| member.1).collect();
            let samples = members.iter().map(|member| member.0).collect();
            groups.push(CallGroup { samples, calls: group.calls.with_columns(&columns) });
        }
        Self {
            contig: self.contig.clone(),
            samples: samples.len(),
            sites: self.sites.clone(),
            groups,
            layers: self.layers.with_samples(samples),
        }
    }
}

/// Gathers rows of codes until the ploidy of a sample changes, and makes blocks of them.
#[derive(Default)]
pub(crate) struct CallGatherer {
    samples: usize,
    /// Ploidy of each sample as seen so far; 0 where every call was missing without saying a ploidy.
    ploidies: Vec<u8>,
    codes: Vec<u8>,
    rows: usize,
}

impl CallGatherer {
    pub(crate) fn new(samples: usize) -> Self {
        Self { samples, ploidies: vec![0; samples], codes: Vec::new(), rows: 0 }
    }

    /// Whether a row of these ploidies (0 for unknown) belongs to the same run.
    pub(crate) fn fits(&self, ploidies: &[u8]) -> bool {
        self.ploidies == ploidies
            || self.ploidies.iter().zip(ploidies).all(|(&own, &new)| own == new || own == 0 || new == 0)
    }

    /// Takes a row that fits.
    pub(crate) fn push(&mut self, ploidies: &[u8], codes: &[u8]) {
        for (own, &new) in self.ploidies.iter_mut().zip(ploidies) {
            *own = (*own).max(new);
        }
        self.codes.extend_from_slice(codes);
        self.rows += 1;
    }

    /// The groups gathered; starts anew. Samples without any ploidy get the commonest one, or `fallback`.
    pub(crate) fn take(&mut self, fallback: u8) -> Vec<CallGroup> {
        let mut counts = [0usize; 256];
        for &ploidy in &self.ploidies {
            counts[usize::from(ploidy)] += 1;
        }
        counts[0] = 0;
        let commonest = (1..=u8::MAX).rev().max_by_key(|&p| counts[usize::from(p)]);
        let commonest = commonest.filter(|&p| counts[usize::from(p)] > 0).unwrap_or(fallback);
        for ploidy in self.ploidies.iter_mut().filter(|ploidy| **ploidy == 0) {
            *ploidy = commonest;
        }
        counts[usize::from(commonest)] += 1;
        let present = (1..=u8::MAX).filter(|&p| counts[usize::from(p)] > 0);
        let groups = present.filter_map(|ploidy| self.group(ploidy)).collect();
        *self = Self::new(self.samples);
        groups
    }

    fn group(&self, ploidy: u8) -> Option<CallGroup> {
        let samples: Arc<[usize]> = (0..self.samples).filter(|&s| self.ploidies[s] == ploidy).collect();
        if samples.is_empty() {
            return None;
        }
        let mut calls = BitPlanes::new(ploidy, samples.len());
        let mut own = Vec::with_capacity(samples.len());
        for row in self.codes.chunks_exact(self.samples) {
            if samples.len() == self.samples {
                calls.push_row(row);
                continue;
            }
            own.clear();
            own.extend(samples.iter().map(|&sample| row[sample]));
            calls.push_row(&own);
        }
        Some(CallGroup { samples, calls })
    }
}
