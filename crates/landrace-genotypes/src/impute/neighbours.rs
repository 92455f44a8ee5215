//! Samples that are alike at linked variants vote (LD-kNNi), and so do those alike along the chromosome.
//!
//! The start is Money et al. (2015, G3 5:2383): the distance of two samples is the mean difference of their dosages
//! over the variants of highest r² with the one in question, and the nearest that have a call vote. Three things
//! differ, each for what hidden calls of real panels showed. Variants count by r⁴ and there are more of them, so that
//! weak linkage adds what it knows and no more. Votes fall exponentially with the distance beyond the nearest
//! sample's, so that one very like sample is not outvoted. And a second vote comes from a copying model along
//! the contig ([`copying`]), which knows that linked variants lie side by side; the weight of each is
//! learnt from hidden calls, and is nought where order says nothing (markers without a place).

use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;

use super::accuracy::likeliest;
use super::mean::block_starts;
use super::{Asked, Estimates, Method, contig_runs};
use crate::block::layer::{ABSENT, UNKNOWN};
use crate::block::{AlleleCodes, GenotypeBlock, Ragged};
use crate::matrix::GenotypeMatrix;
use crate::plane::MISSING;
use crate::source::GenotypeError;

mod copying;
mod learn;
mod linkage;
mod simd;
mod vote;

use copying::{Contig, CopyingModel, GenomeSpan};
use linkage::Tiles;
use vote::{Distances, Shares, VoteModel};

/// Share of each estimate that is the variant's own spectrum of dosages: no vote is beyond doubt.
const DOUBT: f32 = 0.01;

/// What is fixed instead of being learnt.
#[derive(Clone, Copy, Debug, Default)]
pub struct NeighbourOptions {
    /// Samples that vote (k).
    pub nearest: Option<usize>,
    /// Linked variants that distances are taken over (l).
    pub linked: Option<usize>,
    /// Weight of the vote along the contig, 0 to 1.
    pub local: Option<f32>,
}

/// What is learnt.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Settings {
    vote: VoteModel,
    copying: CopyingModel,
    local: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            vote: VoteModel { linked: 80, nearest: 20, sharpness: 40.0 },
            copying: CopyingModel { mismatch: 0.05, changes: 200.0 },
            local: 0.6,
        }
    }
}

/// The method.
#[derive(Default)]
pub struct Neighbours {
    options: NeighbourOptions,
    settings: Settings,
    prepared: Option<Prepared>,
    multiallelic: usize,
}

/// A matrix arranged for the method.
struct Prepared {
    tiles: Tiles,
    span: GenomeSpan,
    /// For each block, 1 / ploidy of each sample.
    units: Vec<Vec<f32>>,
    starts: Vec<usize>,
}

impl Prepared {
    fn of(matrix: &GenotypeMatrix) -> Self {
        let unit = |block: &GenotypeBlock| block.ploidies().iter().map(|&p| 1.0 / f32::from(p)).collect();
        Self {
            tiles: Tiles::of(matrix),
            span: GenomeSpan::of(matrix),
            units: matrix.blocks().iter().map(unit).collect(),
            starts: block_starts(matrix),
        }
    }

    /// A variant's calls as shares.
    fn shares(&self, matrix: &GenotypeMatrix, variant: usize) -> Shares {
        let block = self.starts.partition_point(|&start| start <= variant) - 1;
        let mut codes = Vec::new();
        matrix.blocks()[block].unpack(variant - self.starts[block], &mut codes);
        let share =
            |(&code, &unit): (&u8, &f32)| if code == MISSING { f32::NAN } else { f32::from(code) * unit };
        codes.iter().zip(&self.units[block]).map(share).collect()
    }
}

impl Neighbours {
    /// With some settings fixed.
    pub fn new(options: NeighbourOptions) -> Self {
        Self { options, ..Self::default() }
    }

    /// The votes of one variant's asked samples; `local` gives those along the contig.
    fn estimate(&self, matrix: &GenotypeMatrix, variant: usize, asked: &[usize], row: &mut Row<'_>) {
        let Some(prepared) = &self.prepared else { return };
        let model = self.settings.vote;
        let calls = prepared.shares(matrix, variant);
        let genotypes = row.genotypes();
        let must_vote = self.settings.local < 1.0 || genotypes.is_some();
        let (linked, shares) = match must_vote {
            true => {
                let linked = prepared.tiles.most_linked(variant, model.linked);
                let shares: Vec<Shares> =
                    linked.iter().map(|linked| prepared.shares(matrix, linked.variant as usize)).collect();
                (linked, shares)
            }
            false => (Vec::new(), Vec::new()),
        };
        let spectra = row.spectra();
        let mut distances = Distances::default();
        for &sample in asked {
            let Some(spectrum) = &spectra[usize::from(row.ploidies[sample])] else { continue };
            let mut votes = vec![f32::NAN; spectrum.len()];
            let mut ranked = Vec::new();
            if must_vote {
                distances.start(calls.len());
                distances.add(&linked, &shares, sample);
                ranked = distances.ranked(&calls, sample, model.nearest);
                vote::tally(&ranked, &calls, model, &mut votes);
            }
            let local = row.local(sample);
            let out = &mut row.values[sample * row.width..(sample + 1) * row.width];
            out.fill(0.0);
            mix(&votes, local, spectrum, self.settings.local, &mut out[..spectrum.len()]);
            if let Some(genotypes) = &genotypes {
                let nearest = ranked.iter().map(|&(_, other)| other);
                choose_alleles(&mut out[..spectrum.len()], genotypes, nearest, &mut row.alleles[sample]);
            }
        }
    }

    /// The votes along the contig for the calls asked for: for each sample, its asked rows and their votes.
    fn local_votes(
        &self,
        matrix: &GenotypeMatrix,
        run: Range<usize>,
        asked: &[Vec<usize>],
    ) -> Vec<LocalVotes> {
        let samples = matrix.samples().len();
        let mut out = vec![LocalVotes::default(); samples];
        let Some(prepared) = self.prepared.as_ref().filter(|_| self.settings.local > 0.0) else { return out };
        for (row, own) in asked.iter().enumerate() {
            own.iter().for_each(|&sample| out[sample].rows.push(row));
        }
        for contig in Contig::of(matrix, run, &prepared.span) {
            let votes: Vec<Vec<f32>> = (0..contig.samples.len())
                .into_par_iter()
                .map(|target| contig.votes(target, &out[contig.samples[target]].rows, self.settings.copying))
                .collect();
            for (&sample, votes) in contig.samples.iter().zip(votes) {
                out[sample].votes = votes;
                out[sample].width = contig.width();
            }
        }
        out
    }
}

/// What samples alike along the contig say of one sample.
#[derive(Clone, Default)]
struct LocalVotes {
    rows: Vec<usize>,
    votes: Vec<f32>,
    width: usize,
}

/// A variant that is being estimated.
struct Row<'a> {
    block: &'a GenotypeBlock,
    /// Row in the block and in the run.
    row: usize,
    run_row: usize,
    ploidies: &'a [u8],
    local: &'a [LocalVotes],
    width: usize,
    values: Vec<f32>,
    /// The alleles that calls get where there are more than two; else empty.
    alleles: Vec<Vec<u8>>,
}

impl<'a> Row<'a> {
    /// The known genotypes, alleles in order, where there are more than two alleles.
    fn genotypes(&self) -> Option<Vec<Option<Vec<u8>>>> {
        let calls = self.block.layers.alleles.as_ref()?.row(self.row)?;
        if self.block.sites[self.row].alleles() <= 2 {
            return None;
        }
        let genotype = |call: &[u8]| {
            let mut own: Vec<u8> = call.iter().copied().filter(|&code| code != ABSENT).collect();
            own.sort_unstable();
            (!own.is_empty() && !own.contains(&UNKNOWN)).then_some(own)
        };
        Some(calls.map(genotype).collect())
    }

    /// For each ploidy, the shares of the dosages among known calls; of another ploidy if that one has none.
    fn spectra(&self) -> Vec<Option<Vec<f32>>> {
        let mut out = vec![None; usize::from(self.block.max_ploidy()) + 1];
        for group in &self.block.groups {
            let counts = group.calls.row(self.row).dosage_counts();
            let all: u32 = counts.iter().sum();
            let even = 1.0 / counts.len() as f32;
            let share = |&count: &u32| if all > 0 { count as f32 / all as f32 } else { even };
            out[usize::from(group.calls.ploidy())] = Some(counts.iter().map(share).collect());
        }
        out
    }

    fn local(&self, sample: usize) -> Option<&'a [f32]> {
        let own = &self.local[sample];
        let index = own.rows.binary_search(&self.run_row).ok()?;
        own.votes.get(index * own.width..(index + 1) * own.width)
    }
}

/// Of several alternate alleles those that the nearest samples have with the likeliest dosage; or all samples, if none
/// of the nearest has it. The estimate keeps the share of those that agree.
fn choose_alleles(
    estimate: &mut [f32],
    genotypes: &[Option<Vec<u8>>],
    nearest: impl Iterator<Item = usize>,
    alleles: &mut Vec<u8>,
) {
    let (dosage, _) = likeliest(estimate);
    let fits = |own: &&Vec<u8>| {
        own.len() + 1 == estimate.len() && own.iter().filter(|&&code| code > 0).count() == usize::from(dosage)
    };
    let mut found: Vec<&Vec<u8>> =
        nearest.filter_map(|other| genotypes[other].as_ref()).filter(fits).collect();
    if found.is_empty() {
        found = genotypes.iter().flatten().filter(fits).collect();
    }
    let mut counts: BTreeMap<&Vec<u8>, usize> = BTreeMap::new();
    for own in &found {
        *counts.entry(own).or_default() += 1;
    }
    let best = counts.iter().fold(None, |best: Option<(&Vec<u8>, usize)>, (own, &count)| match best {
        Some((_, most)) if most >= count => best,
        _ => Some((own, count)),
    });
    match best {
        Some((own, count)) => {
            alleles.clone_from(own);
            estimate[usize::from(dosage)] *= count as f32 / found.len() as f32;
        }
        None => estimate.fill(f32::NAN),
    }
}

/// One estimate from both votes; NaN if there is neither.
fn mix(votes: &[f32], local: Option<&[f32]>, spectrum: &[f32], weight: f32, out: &mut [f32]) {
    let is_known = |share: &[f32]| share.first().is_some_and(|first| !first.is_nan());
    let local = local.filter(|local| is_known(local) && local.len() == out.len());
    for (dosage, out) in out.iter_mut().enumerate() {
        let voted = match (local, is_known(votes)) {
            (Some(local), true) => weight * local[dosage] + (1.0 - weight) * votes[dosage],
            (Some(local), false) => local[dosage],
            (None, true) => votes[dosage],
            (None, false) => f32::NAN,
        };
        *out = (1.0 - DOUBT) * voted + DOUBT * spectrum[dosage];
    }
}

/// The alleles of rows that have more than two.
fn allele_codes<'a>(
    block: &GenotypeBlock,
    rows: impl Iterator<Item = &'a [Vec<u8>]> + Clone,
) -> Option<AlleleCodes> {
    rows.clone().find(|row| !row.is_empty())?;
    let width = usize::from(block.max_ploidy());
    let mut out = AlleleCodes::new(block.samples, width);
    for row in rows {
        if row.is_empty() {
            out.push_row(None);
            continue;
        }
        let mut codes = vec![UNKNOWN; block.samples * width];
        for (to, own) in codes.chunks_exact_mut(width).zip(row).filter(|(_, own)| !own.is_empty()) {
            to.fill(ABSENT);
            to[..own.len()].copy_from_slice(own);
        }
        out.push_row(Some((&codes, &vec![false; block.samples])));
    }
    Some(out)
}

impl Method for Neighbours {
    fn name(&self) -> &'static str {
        "neighbours"
    }

    fn learn(&mut self, matrix: &GenotypeMatrix, seed: u64) -> Result<(), GenotypeError> {
        let sites = matrix.blocks().iter().flat_map(|block| &block.sites);
        self.multiallelic = sites.filter(|site| site.alleles() > 2).count();
        self.settings = learn::learn(matrix, self.options, seed);
        Ok(())
    }

    fn prepare(&mut self, matrix: &GenotypeMatrix) -> Result<(), GenotypeError> {
        self.prepared = Some(Prepared::of(matrix));
        Ok(())
    }

    fn runs(&self, matrix: &GenotypeMatrix) -> Vec<Range<usize>> {
        contig_runs(matrix)
    }

    fn fill(
        &self,
        matrix: &GenotypeMatrix,
        run: Range<usize>,
        asked: Asked<'_>,
    ) -> Result<Vec<Estimates>, GenotypeError> {
        let starts = block_starts(matrix);
        let blocks = &matrix.blocks()[run.clone()];
        let (mut rows, mut codes) = (Vec::new(), Vec::new());
        for (block, start) in blocks.iter().zip(&starts[run.clone()]) {
            for row in 0..block.rows() {
                let mut samples = Vec::new();
                let has_alleles = block.layers.alleles.as_ref().is_some_and(|own| own.row(row).is_some());
                if block.sites[row].alleles() <= 2 || has_alleles {
                    block.unpack(row, &mut codes);
                    asked.of(start + row, &codes, &mut samples);
                }
                rows.push(samples);
            }
        }
        let local = self.local_votes(matrix, run.clone(), &rows);
        let mut first = 0;
        let mut out = Vec::new();
        for (block, &start) in blocks.iter().zip(&starts[run]) {
            let (ploidies, width) = (block.ploidies(), usize::from(block.max_ploidy()) + 1);
            let work = |row: usize| {
                let values = vec![f32::NAN; block.samples * width];
                let alleles = match block.sites[row].alleles() {
                    0..=2 => Vec::new(),
                    _ => vec![Vec::new(); block.samples],
                };
                let mut own = Row {
                    block,
                    row,
                    run_row: first + row,
                    ploidies: &ploidies,
                    local: &local,
                    width,
                    values,
                    alleles,
                };
                let asked = &rows[first + row];
                if !asked.is_empty() {
                    self.estimate(matrix, start + row, asked, &mut own);
                }
                (own.values, own.alleles)
            };
            let estimated: Vec<_> = (0..block.rows()).into_par_iter().map(work).collect();
            let mut probabilities = Ragged::new(block.samples);
            estimated.iter().for_each(|(values, _)| probabilities.push_row(width, values));
            let alleles = allele_codes(block, estimated.iter().map(|row| row.1.as_slice()));
            let variants = (start..start + block.rows()).map(Some).collect();
            out.push(Estimates { block: block.clone(), variants, probabilities, alleles });
            first += block.rows();
        }
        Ok(out)
    }

    fn findings(&self) -> Vec<(String, f64)> {
        let Settings { vote, copying, local } = self.settings;
        [
            ("linked_variants_l", vote.linked as f64),
            ("voting_samples_k", vote.nearest as f64),
            ("sharpness_of_votes", f64::from(vote.sharpness)),
            ("weight_of_the_vote_along_the_contig", f64::from(local)),
            ("mismatch_along_the_contig", copying.mismatch),
            ("changes_along_the_genome", copying.changes),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    fn notes(&self) -> Vec<String> {
        match self.multiallelic {
            0 => Vec::new(),
            n => vec![format!(
                "{n} variants have more than two alleles: of those with a dosage, the nearest samples' are taken"
            )],
        }
    }
}

#[cfg(test)]
mod tests;
