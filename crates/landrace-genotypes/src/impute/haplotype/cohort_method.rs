//! The haplotype model as a method of `impute`, without a panel: the cohort's own haplotypes.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::cohort::{CohortCalls, CohortSample, impute_cohort};
use super::method::{HaplotypeOptions, check_ploidy, long_runs};
use super::model::Rates;
use crate::block::{AlleleCodes, Ragged, layer::ABSENT};
use crate::impute::mean::block_starts;
use crate::impute::{Asked, Estimates, Method};
use crate::matrix::GenotypeMatrix;
use crate::plane::MISSING;
use crate::source::GenotypeError;

/// Variants worked on together, at least (a contig's end may be shorter), and looked at beyond them on both sides.
const VARIANTS: usize = 4096;
const OVERLAP: usize = 256;

/// Phasing and imputing a cohort from itself.
pub struct CohortMethod {
    options: HaplotypeOptions,
    found: Mutex<Found>,
}

/// What the runs found so far.
#[derive(Default)]
struct Found {
    rates: Vec<Rates>,
    haplotypes: usize,
    heterozygous: u64,
    calls: u64,
    /// The run before: its variants' phases, where the next run overlaps.
    before: Vec<(usize, Vec<[u8; 2]>)>,
}

/// A run with what lies beyond it.
struct Stretch {
    /// Variants with at most two alleles.
    variants: Vec<usize>,
    calls: CohortCalls,
}

impl CohortMethod {
    /// A method with these options.
    pub fn new(options: HaplotypeOptions) -> Self {
        Self { options, found: Mutex::default() }
    }

    fn stretch(&self, matrix: &GenotypeMatrix, run: &Range<usize>) -> Stretch {
        let starts = block_starts(matrix);
        let blocks = matrix.blocks();
        let own = &blocks[run.start];
        let ploidies = own.ploidies();
        let fits = |block: usize| blocks[block].contig == own.contig && blocks[block].ploidies() == ploidies;
        let last = run.end - 1;
        let mut first = starts[run.start];
        if run.start > 0 && fits(run.start - 1) {
            first -= OVERLAP.min(blocks[run.start - 1].rows());
        }
        let mut end = starts[last] + blocks[last].rows();
        if run.end < blocks.len() && fits(run.end) {
            end += OVERLAP.min(blocks[run.end].rows());
        }
        let variants: Vec<usize> =
            (first..end).filter(|&variant| matrix.site(variant).alleles() <= 2).collect();
        let place = |&variant: &usize| {
            let position = matrix.site(variant).position.map_or(0, landrace_genome::Position::get);
            self.options.map.place(&own.contig, position)
        };
        let mut calls: Vec<Vec<u8>> = vec![Vec::with_capacity(variants.len()); matrix.samples().len()];
        let is_haploid: Vec<bool> =
            ploidies.iter().map(|&ploidy| ploidy == 1 || self.options.is_inbred).collect();
        let mut codes = Vec::new();
        for &variant in &variants {
            matrix.unpack(variant, &mut codes);
            for (((own, &code), &ploidy), &is_haploid) in
                calls.iter_mut().zip(&codes).zip(&ploidies).zip(&is_haploid)
            {
                own.push(match (code, ploidy) {
                    (MISSING, _) => MISSING,
                    // A line's heterozygous call is one of both, and it is not known which.
                    (1, 2) if is_haploid => MISSING,
                    (code, 2) if is_haploid => code / 2,
                    (code, _) => code,
                });
            }
        }
        let places = variants.iter().map(place).collect();
        Stretch { variants, calls: CohortCalls { places, calls, is_haploid } }
    }

    fn given_rates(&self, haplotypes: usize) -> Option<Rates> {
        let size = self.options.effective_size?;
        let error = self.options.error.unwrap_or(0.005);
        Some(Rates { error, ..Rates::of_population(size, haplotypes) })
    }
}

impl Method for CohortMethod {
    fn name(&self) -> &'static str {
        "haplotype"
    }

    fn learn(&mut self, matrix: &GenotypeMatrix, seed: u64) -> Result<(), GenotypeError> {
        check_ploidy(matrix)?;
        if matrix.samples().len() < 3 {
            let message =
                "two samples tell nothing of each other's haplotypes; give more, or a --reference-panel";
            return Err(GenotypeError::Request(message.to_owned()));
        }
        self.options.effort.seed = seed;
        self.found = Mutex::default();
        Ok(())
    }

    fn runs(&self, matrix: &GenotypeMatrix) -> Vec<Range<usize>> {
        long_runs(matrix, &self.options.map, VARIANTS)
    }

    fn fill(
        &self,
        matrix: &GenotypeMatrix,
        run: Range<usize>,
        _asked: Asked<'_>,
    ) -> Result<Vec<Estimates>, GenotypeError> {
        let stretch = self.stretch(matrix, &run);
        let haplotypes =
            stretch.calls.is_haploid.iter().map(|&is_haploid| if is_haploid { 1 } else { 2 }).sum();
        let (mut samples, rates) =
            impute_cohort(&stretch.calls, self.given_rates(haplotypes), self.options.effort);
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.note(&stretch, rates, haplotypes);
        found.ligate(&stretch, &mut samples);
        drop(found);
        let mut rows: Vec<Option<usize>> = Vec::new();
        let starts = block_starts(matrix);
        let first = stretch.variants.first().copied().unwrap_or(0);
        for (index, &variant) in stretch.variants.iter().enumerate() {
            rows.resize(variant - first, None);
            rows.push(Some(index));
        }
        let row_of = |variant: usize| rows.get(variant.checked_sub(first)?).copied().flatten();
        let missing = by_variant(&samples, stretch.variants.len());
        Ok(run.map(|block| estimates(matrix, block, starts[block], &samples, (&row_of, &missing))).collect())
    }

    fn serves_complete_calls(&self) -> bool {
        !self.options.is_inbred
    }

    fn findings(&self) -> Vec<(String, f64)> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let mean = |value: fn(&Rates) -> f64| {
            found.rates.iter().map(value).sum::<f64>() / found.rates.len().max(1) as f64
        };
        vec![
            ("cohort_haplotypes".to_owned(), found.haplotypes as f64),
            ("changes_per_centimorgan".to_owned(), mean(|rates| rates.change)),
            ("error".to_owned(), mean(|rates| rates.error)),
        ]
    }

    fn notes(&self) -> Vec<String> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let share = found.heterozygous as f64 / found.calls.max(1) as f64;
        if !self.options.is_inbred && found.calls > 0 && share < 0.03 {
            return vec![format!(
                "only {:.2}% of the calls are heterozygous; if these are inbred lines, --inbred is faster and more accurate",
                100.0 * share
            )];
        }
        Vec::new()
    }
}

impl Found {
    fn note(&mut self, stretch: &Stretch, rates: Rates, haplotypes: usize) {
        self.rates.push(rates);
        self.haplotypes = haplotypes;
        for (calls, _) in stretch.calls.calls.iter().zip(&stretch.calls.is_haploid).filter(|own| !own.1) {
            self.calls += calls.iter().filter(|&&call| call != MISSING).count() as u64;
            self.heterozygous += calls.iter().filter(|&&call| call == 1).count() as u64;
        }
    }

    /// Turns the samples whose two haplotypes are in the other order than in the run before.
    fn ligate(&mut self, stretch: &Stretch, samples: &mut [CohortSample]) {
        let mut votes = vec![0i64; samples.len()];
        for (variant, before) in &self.before {
            let Ok(index) = stretch.variants.binary_search(variant) else { continue };
            for ((vote, sample), before) in votes.iter_mut().zip(samples.iter()).zip(before) {
                let now = sample.alleles[index];
                if now[0] != now[1] && before[0] != before[1] {
                    *vote += if now == *before { 1 } else { -1 };
                }
            }
        }
        for (sample, _) in samples.iter_mut().zip(votes).filter(|(_, vote)| *vote < 0) {
            sample.alleles.iter_mut().for_each(|pair| pair.swap(0, 1));
        }
        let from = stretch.variants.len().saturating_sub(2 * OVERLAP);
        self.before = (from..stretch.variants.len())
            .map(|index| {
                (stretch.variants[index], samples.iter().map(|sample| sample.alleles[index]).collect())
            })
            .collect();
    }
}

/// A variant's missing calls: sample and chances.
type MissingCalls = Vec<(usize, [f32; 2])>;

/// The missing calls of each variant of a stretch.
fn by_variant(samples: &[CohortSample], variants: usize) -> Vec<MissingCalls> {
    let mut out = vec![Vec::new(); variants];
    for (sample, own) in samples.iter().enumerate() {
        own.missing.iter().for_each(|&(variant, chances)| out[variant].push((sample, chances)));
    }
    out
}

/// What was found of a block's calls. A line's heterozygous call stays as it is.
fn estimates(
    matrix: &GenotypeMatrix,
    index: usize,
    start: usize,
    samples: &[CohortSample],
    (row_of, missing): (&dyn Fn(usize) -> Option<usize>, &[MissingCalls]),
) -> Estimates {
    let block = &matrix.blocks()[index];
    let ploidies = block.ploidies();
    let top = usize::from(block.max_ploidy());
    let width = top + 1;
    let mut probabilities = Ragged::new(block.samples);
    let mut alleles = AlleleCodes::new(block.samples, top);
    let mut codes = Vec::new();
    for row in 0..block.rows() {
        let mut values = vec![f32::NAN; block.samples * width];
        let Some(own) = row_of(start + row) else {
            probabilities.push_row(width, &values);
            alleles.push_row(None);
            continue;
        };
        block.unpack(row, &mut codes);
        for (sample, &code) in codes.iter().enumerate().filter(|call| *call.1 != MISSING) {
            let to = &mut values[sample * width..][..=usize::from(ploidies[sample])];
            to.fill(0.0);
            to[usize::from(code)] = 1.0;
        }
        for &(sample, [one, two]) in missing[own].iter().filter(|call| codes[call.0] == MISSING) {
            let to = &mut values[sample * width..][..=usize::from(ploidies[sample])];
            match (to.len(), samples[sample].is_haploid) {
                (2, _) => to.copy_from_slice(&[1.0 - one, one]),
                (_, true) => to.copy_from_slice(&[1.0 - one, 0.0, one]),
                (_, false) => to.copy_from_slice(&[(1.0 - one - two).max(0.0), one, two]),
            }
        }
        probabilities.push_row(width, &values);
        let mut calls = vec![ABSENT; block.samples * top];
        for (sample, &ploidy) in ploidies.iter().enumerate() {
            let call = &mut calls[sample * top..][..usize::from(ploidy)];
            call.copy_from_slice(&samples[sample].alleles[own][..usize::from(ploidy)]);
        }
        let phased: Vec<bool> = ploidies.iter().map(|&ploidy| ploidy == 2).collect();
        alleles.push_row(Some((&calls, &phased)));
    }
    let variants = (start..start + block.rows()).map(Some).collect();
    Estimates { block: block.clone(), variants, probabilities, alleles: Some(alleles) }
}
