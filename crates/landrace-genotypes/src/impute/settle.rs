//! From estimates to blocks: which calls are filled, with what dosage, and how surely.

use super::accuracy::{expected, likeliest};
use super::{Estimates, ImputeOptions};
use crate::block::layer::{ABSENT, UNKNOWN};
use crate::block::{AlleleCodes, CallGroup, GenotypeBlock, Ragged};
use crate::plane::{BitPlanes, MISSING};

/// What became of the calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettleCounts {
    /// Variants.
    pub variants: u64,
    /// Of them, those that were not in the input.
    pub new_variants: u64,
    /// Calls that were known.
    pub known: u64,
    /// Calls that were missing, those of new variants included.
    pub missing: u64,
    /// Missing calls that were filled.
    pub filled: u64,
    /// Missing calls that stay so because the likeliest dosage is not sure enough.
    pub unsure: u64,
    /// Known calls that were changed.
    pub changed: u64,
    /// For each sample, calls that were missing and those of them that were filled.
    pub samples: Vec<(u64, u64)>,
}

impl SettleCounts {
    /// Counts of a block that stays as it is.
    pub fn of_known(block: &GenotypeBlock) -> Self {
        let calls = (block.rows() * block.samples) as u64;
        Self {
            variants: block.rows() as u64,
            known: calls,
            samples: vec![(0, 0); block.samples],
            ..Self::default()
        }
    }

    /// Takes over another block's counts.
    pub fn add(&mut self, other: &Self) {
        self.variants += other.variants;
        self.new_variants += other.new_variants;
        self.known += other.known;
        self.missing += other.missing;
        self.filled += other.filled;
        self.unsure += other.unsure;
        self.changed += other.changed;
        self.samples.resize(self.samples.len().max(other.samples.len()), (0, 0));
        for (own, other) in self.samples.iter_mut().zip(&other.samples) {
            *own = (own.0 + other.0, own.1 + other.1);
        }
    }
}

/// Puts estimates into their block: calls, dosages, probabilities, phase.
pub(super) fn settle(estimates: Estimates, options: &ImputeOptions) -> (GenotypeBlock, SettleCounts) {
    let Estimates { mut block, variants, probabilities, alleles } = estimates;
    let samples = block.samples;
    let mut counts = SettleCounts { samples: vec![(0, 0); samples], ..SettleCounts::default() };
    let ploidies = block.ploidies();
    let width = usize::from(block.max_ploidy()) + 1;
    let mut planes: Vec<BitPlanes> =
        block.groups.iter().map(|group| BitPlanes::new(group.calls.ploidy(), group.samples.len())).collect();
    let (mut dosages, mut shares) = (Ragged::new(samples), Ragged::new(samples));
    let (mut codes, mut info) = (Vec::new(), Vec::with_capacity(block.rows()));
    for row in 0..block.rows() {
        block.unpack(row, &mut codes);
        counts.variants += 1;
        counts.new_variants += u64::from(variants.get(row).copied().flatten().is_none());
        let mut line = Line {
            dosages: vec![f32::NAN; samples],
            shares: vec![f32::NAN; samples * width],
            ..Line::default()
        };
        for sample in 0..samples {
            let all = probabilities.call(row, sample);
            let own = &all[..all.len().min(usize::from(ploidies[sample]) + 1)];
            let filled = fill_call(codes[sample], own, options, &mut counts, sample);
            line.put(sample, filled.unwrap_or(codes[sample]), own, filled.is_some());
            if let Some(dosage) = filled {
                codes[sample] = dosage;
            }
        }
        // Dosages of one alternate allele say nothing of the others.
        let is_biallelic = block.sites[row].alleles() <= 2;
        if is_biallelic {
            dosages.push_row(1, &line.dosages);
            shares.push_row(width, &line.shares);
        } else {
            dosages.push_row(1, &vec![f32::NAN; samples]);
            shares.push_row(1, &vec![f32::NAN; samples]);
        }
        info.push(line.info(&block, row));
        push_codes(&block.groups, &codes, &mut planes);
    }
    let layer = settle_alleles(&block, alleles, &planes);
    for (group, planes) in block.groups.iter_mut().zip(planes) {
        group.calls = planes;
    }
    block.layers.alleles = layer;
    block.layers.dosage = Some(dosages);
    block.layers.probabilities = Some(shares);
    block.layers.info = Some(info);
    block.layers.records = None;
    (block, counts)
}

/// The dosage that a call gets; `None` if it stays as it is.
fn fill_call(
    code: u8,
    probabilities: &[f32],
    options: &ImputeOptions,
    counts: &mut SettleCounts,
    sample: usize,
) -> Option<u8> {
    let is_missing = code == MISSING;
    counts.known += u64::from(!is_missing);
    counts.missing += u64::from(is_missing);
    counts.samples[sample].0 += u64::from(is_missing);
    if probabilities.first().is_none_or(|first| first.is_nan()) || (!is_missing && !options.replace_known) {
        return None;
    }
    let (dosage, confidence) = likeliest(probabilities);
    if confidence < options.min_confidence {
        counts.unsure += u64::from(is_missing);
        return None;
    }
    counts.filled += u64::from(is_missing);
    counts.samples[sample].1 += u64::from(is_missing);
    counts.changed += u64::from(!is_missing && dosage != code);
    Some(dosage)
}

/// A variant's dosages and probabilities, and what its INFO says of them.
#[derive(Default)]
struct Line {
    dosages: Vec<f32>,
    shares: Vec<f32>,
    filled: u64,
    /// Sums of the dosage's share, its square, and the variance that the probabilities leave.
    sums: [f64; 3],
}

impl Line {
    fn put(&mut self, sample: usize, code: u8, probabilities: &[f32], is_filled: bool) {
        let width = self.shares.len() / self.dosages.len().max(1);
        let shares = &mut self.shares[sample * width..(sample + 1) * width];
        let is_known = code != MISSING && !is_filled;
        if is_known {
            shares[..probabilities.len()].fill(0.0);
            shares[usize::from(code)] = 1.0;
            self.dosages[sample] = f32::from(code);
            return;
        }
        if probabilities.first().is_none_or(|first| first.is_nan()) {
            return;
        }
        // Four digits are more than the methods are sure of, and files stay small.
        for (to, &p) in shares.iter_mut().zip(probabilities) {
            *to = (p * 1e4).round() / 1e4;
        }
        let mean = expected(probabilities);
        self.dosages[sample] = ((mean * 1e4).round() / 1e4) as f32;
        if is_filled {
            let ploidy = (probabilities.len() - 1).max(1) as f64;
            let square: f64 = probabilities
                .iter()
                .zip(0u32..)
                .map(|(&p, dosage)| f64::from(p) * f64::from(dosage) * f64::from(dosage))
                .sum();
            self.filled += 1;
            self.sums[0] += mean / ploidy;
            self.sums[1] += (mean / ploidy).powi(2);
            self.sums[2] += ((square - mean * mean) / (ploidy * ploidy)).max(0.0);
        }
    }

    /// The variant's INFO with what was imputed. The estimate of r² is the variance of the expected dosages over
    /// that plus the variance left, as in Beagle and minimac.
    fn info(&self, block: &GenotypeBlock, row: usize) -> Box<str> {
        let before = block.layers.info.as_ref().and_then(|info| info.get(row)).map_or("", AsRef::as_ref);
        let mut parts: Vec<String> = if before.is_empty() { Vec::new() } else { vec![before.to_owned()] };
        if self.filled > 0 {
            parts.push(format!("NIMP={}", self.filled));
            let n = self.filled as f64;
            let variance = (self.sums[1] / n - (self.sums[0] / n).powi(2)).max(0.0);
            let left = self.sums[2] / n;
            if variance + left > 1e-9 {
                parts.push(format!("DR2={:.4}", variance / (variance + left)));
            }
        }
        parts.join(";").into()
    }
}

fn push_codes(groups: &[CallGroup], codes: &[u8], planes: &mut [BitPlanes]) {
    for (group, planes) in groups.iter().zip(planes) {
        let own: Vec<u8> = group.samples.iter().map(|&sample| codes[sample]).collect();
        planes.push_row(&own);
    }
}

/// The alleles of the block's calls: the method's where it gave them and the calls agree with their dosage, else
/// those that were there; a filled call of two alleles gets its alleles from its dosage.
fn settle_alleles(
    block: &GenotypeBlock,
    estimated: Option<AlleleCodes>,
    planes: &[BitPlanes],
) -> Option<AlleleCodes> {
    let before = block.layers.alleles.as_ref();
    if before.is_none() && estimated.is_none() {
        return None;
    }
    let width = usize::from(block.max_ploidy());
    let mut out = AlleleCodes::new(block.samples, width);
    for row in 0..block.rows() {
        let own = before.and_then(|codes| Some((codes.row(row)?, codes.phased(row)?)));
        let new = estimated.as_ref().and_then(|codes| Some((codes.row(row)?, codes.phased(row)?)));
        if own.is_none() && new.is_none() {
            out.push_row(None);
            continue;
        }
        let gather = |rows: Option<(std::slice::ChunksExact<'_, u8>, &[bool])>| {
            rows.map(|(calls, phased)| (calls.map(<[u8]>::to_vec).collect::<Vec<Vec<u8>>>(), phased.to_vec()))
        };
        let (own, new) = (gather(own), gather(new));
        let (mut codes, mut phased) = (vec![ABSENT; block.samples * width], vec![false; block.samples]);
        for (group, planes) in block.groups.iter().zip(planes) {
            let ploidy = usize::from(group.calls.ploidy());
            for (column, &sample) in group.samples.iter().enumerate() {
                let to = &mut codes[sample * width..sample * width + ploidy];
                let Some(dosage) = planes.row(row).dosage(column) else {
                    to.fill(UNKNOWN);
                    continue;
                };
                let fitting = [&new, &own]
                    .into_iter()
                    .flatten()
                    .find(|(calls, _)| has_dosage(&calls[sample], ploidy, dosage));
                match fitting {
                    Some((calls, flags)) => {
                        to.copy_from_slice(&calls[sample][..ploidy]);
                        phased[sample] = flags[sample];
                    }
                    None => {
                        let references = ploidy - usize::from(dosage);
                        to[..references].fill(0);
                        to[references..].fill(1);
                    }
                }
            }
        }
        out.push_row(Some((&codes, &phased)));
    }
    Some(out)
}

fn has_dosage(call: &[u8], ploidy: usize, dosage: u8) -> bool {
    let call = call.get(..ploidy).unwrap_or_default();
    !call.is_empty()
        && call.iter().all(|&code| code != UNKNOWN && code != ABSENT)
        && call.iter().filter(|&&code| code > 0).count() == usize::from(dosage)
}

/// INFO of a line of a variant file, without what depends on the calls.
pub(super) fn lasting_info(line: &[u8]) -> Box<str> {
    const CHANGING: [&str; 7] = ["AC", "AN", "AF", "NS", "MAF", "DR2", "NIMP"];
    let text = line.split(|&byte| byte == b'\t').nth(7).unwrap_or_default();
    let text = String::from_utf8_lossy(text);
    let lasting = |field: &&str| {
        let key = field.split('=').next().unwrap_or_default();
        !field.is_empty() && *field != "." && !CHANGING.contains(&key)
    };
    text.split(';').filter(lasting).collect::<Vec<_>>().join(";").into()
}
