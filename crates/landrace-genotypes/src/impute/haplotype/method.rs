//! The haplotype model as a method of `impute`, with a reference panel.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Mutex;

use super::likelihood::Likelihoods;
use super::map::GeneticMap;
use super::model::Rates;
use super::panel::ReferencePanel;
use super::reference::{Calls, Effort, Stretch, impute_stretch, learn};
use super::sites::{Matches, match_sites};
use super::window::{Carried, Window, estimates};
use crate::impute::mean::block_starts;
use crate::impute::{Asked, Estimates, Method, contig_runs};
use crate::matrix::GenotypeMatrix;
use crate::plane::MISSING;
use crate::source::GenotypeError;

/// How the haplotype model is run.
#[derive(Clone, Debug)]
pub struct HaplotypeOptions {
    /// The genetic map.
    pub map: GeneticMap,
    /// Effective population size; `None` to learn how often haplotypes change from the calls.
    pub effective_size: Option<f64>,
    /// Chance that an allele differs from the one copied; `None` for what the model's theory says.
    pub error: Option<f64>,
    /// Whether to start from the likelihoods of genotypes instead of the calls.
    pub from_likelihoods: bool,
    /// Whether diploid samples are inbred lines, with two equal haplotypes.
    pub is_inbred: bool,
    /// How much work is done.
    pub effort: Effort,
}

impl Default for HaplotypeOptions {
    fn default() -> Self {
        Self {
            map: GeneticMap::uniform(1.0),
            effective_size: None,
            error: None,
            from_likelihoods: false,
            is_inbred: false,
            effort: Effort::default(),
        }
    }
}

/// Length of the stretches that are imputed at a time, at least, and of the overlap on both sides.
const RUN: f64 = 2.0;
const OVERLAP: f64 = 0.5;
/// Calls of a stretch at most, so that memory stays bounded.
const CALLS: usize = 24_000_000;
/// Stretches and samples from which rates are learnt.
const LESSONS: usize = 3;
const LEARNERS: usize = 24;

/// Imputation from a panel of phased haplotypes.
pub struct PanelMethod {
    panel: ReferencePanel,
    options: HaplotypeOptions,
    matches: Matches,
    rates: Rates,
    /// The phase at the end of the stretch before.
    carried: Mutex<Carried>,
}

impl PanelMethod {
    /// A method with this panel.
    pub fn new(panel: ReferencePanel, options: HaplotypeOptions) -> Self {
        let rates = Rates { change: 1.0, error: 1e-4 };
        Self { panel, options, matches: Matches::default(), rates, carried: Mutex::default() }
    }

    fn haplotypes(&self) -> usize {
        self.panel.contigs.iter().map(|contig| contig.haplotypes.haplotypes()).max().unwrap_or(0)
    }

    /// The stretch of the panel around a run of blocks, with the overlap; `None` if the panel lacks the contig.
    fn window(&self, matrix: &GenotypeMatrix, run: &Range<usize>) -> Option<Window> {
        let contig = self.panel.contig(&matrix.blocks()[run.start].contig)?;
        Some(Window::new(matrix, run, contig, (&self.matches, &self.options.map, OVERLAP)))
    }

    /// The calls of the samples in a window.
    fn calls(&self, matrix: &GenotypeMatrix, window: &Window) -> Vec<Calls> {
        let mut codes = Vec::new();
        let ploidies =
            window.variants.first().map_or(Vec::new(), |first| matrix.locate(first.0).0.ploidies());
        let mut out: Vec<Vec<u8>> = vec![Vec::with_capacity(window.seen.len()); matrix.samples().len()];
        for &(variant, is_swapped) in &window.variants {
            matrix.unpack(variant, &mut codes);
            for ((own, &code), &ploidy) in out.iter_mut().zip(&codes).zip(&ploidies) {
                let code = if is_swapped && code != MISSING { ploidy - code } else { code };
                own.push(code);
            }
        }
        let by_ploidy = |(mut calls, sample): (Vec<u8>, usize)| match ploidies.get(sample) {
            Some(1) => Calls::Haploid(calls),
            _ if self.options.is_inbred => {
                let allele = |call: u8| [0, MISSING, 1].get(usize::from(call)).copied().unwrap_or(MISSING);
                calls.iter_mut().for_each(|call| *call = allele(*call));
                Calls::Haploid(calls)
            }
            _ => Calls::Diploid(calls),
        };
        out.into_iter().zip(0..).map(by_ploidy).collect()
    }
}

impl Method for PanelMethod {
    fn name(&self) -> &'static str {
        "haplotype"
    }

    fn learn(&mut self, matrix: &GenotypeMatrix, seed: u64) -> Result<(), GenotypeError> {
        self.options.effort.seed = seed;
        check_samples(matrix, &self.panel)?;
        if self.options.from_likelihoods && !has_likelihoods(matrix) {
            return Err(no_likelihoods());
        }
        self.matches = match_sites(matrix, &self.panel)?;
        let haplotypes = self.haplotypes();
        let mut rates = Rates::of_population(self.options.effective_size.unwrap_or(1e5), haplotypes);
        rates.error = self.options.error.unwrap_or(rates.error);
        self.rates = rates;
        if self.options.effective_size.is_some() || self.options.from_likelihoods {
            return Ok(());
        }
        let runs = self.runs(matrix);
        let every = runs.len().div_ceil(LESSONS).max(1);
        let mut learnt = Vec::new();
        for run in runs.iter().skip(every / 2).step_by(every) {
            let Some(window) = self.window(matrix, run).filter(|window| window.seen.len() > 1) else {
                continue;
            };
            let stretch = Stretch { panel: &window.panel, places: &window.places, seen: &window.seen };
            let calls = self.calls(matrix, &window);
            let some = calls.len().div_ceil(LEARNERS).max(1);
            let calls: Vec<Calls> = calls.into_iter().step_by(some).collect();
            learnt.push(learn(stretch, &calls, rates, self.options.effort).change);
        }
        if !learnt.is_empty() {
            self.rates.change = learnt.iter().sum::<f64>() / learnt.len() as f64;
        }
        Ok(())
    }

    fn runs(&self, matrix: &GenotypeMatrix) -> Vec<Range<usize>> {
        long_runs(matrix, &self.options.map, 1)
    }

    fn fill(
        &self,
        matrix: &GenotypeMatrix,
        run: Range<usize>,
        asked: Asked<'_>,
    ) -> Result<Vec<Estimates>, GenotypeError> {
        let Some(window) = self.window(matrix, &run) else { return Ok(unknown(matrix, run)) };
        let stretch = Stretch { panel: &window.panel, places: &window.places, seen: &window.seen };
        let mut effort = self.options.effort;
        let calls = if self.options.from_likelihoods {
            likelihoods(matrix, &window, self.options.is_inbred)?
        } else {
            self.calls(matrix, &window)
        };
        if let Asked::Hidden(_) = asked {
            effort.fills_gaps = false;
            effort.phases = effort.phases.min(2);
        }
        let imputed = impute_stretch(stretch, &calls, self.rates, effort);
        let mut carried = self.carried.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut out = estimates(matrix, &window, imputed, &mut carried, !effort.fills_gaps);
        if self.options.from_likelihoods {
            out.iter_mut().for_each(forget_calls);
        }
        Ok(out)
    }

    fn serves_complete_calls(&self) -> bool {
        true
    }

    fn findings(&self) -> Vec<(String, f64)> {
        let counts = &self.matches.counts;
        vec![
            ("panel_haplotypes".to_owned(), self.haplotypes() as f64),
            ("panel_variants".to_owned(), self.panel.contigs.iter().map(|c| c.sites.len() as f64).sum()),
            ("panel_variants_not_biallelic".to_owned(), self.panel.not_biallelic as f64),
            ("variants_matched".to_owned(), counts.matched as f64),
            ("variants_matched_with_alleles_swapped".to_owned(), counts.swapped as f64),
            ("variants_with_other_alleles".to_owned(), counts.other_alleles as f64),
            ("variants_on_the_other_strand".to_owned(), counts.other_strand as f64),
            ("variants_not_in_panel".to_owned(), counts.absent as f64),
            ("changes_per_centimorgan".to_owned(), self.rates.change),
            ("effective_size".to_owned(), self.rates.effective_size(self.haplotypes())),
            ("error".to_owned(), self.rates.error),
        ]
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = self.matches.notes();
        if self.panel.not_biallelic > 0 {
            notes.push(format!(
                "{} variants of the panel do not have exactly two alleles and were left out",
                self.panel.not_biallelic
            ));
        }
        notes
    }
}

/// Runs of blocks of one contig and the same groups of ploidy: at least [`RUN`] centimorgans and so many variants,
/// unless they hold too many calls.
pub(super) fn long_runs(matrix: &GenotypeMatrix, map: &GeneticMap, least: usize) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    let samples = matrix.samples().len().max(1);
    for contig in contig_runs(matrix) {
        let place = |block: usize| {
            let block = &matrix.blocks()[block];
            let position = block.sites.first().and_then(|site| site.position);
            map.place(&block.contig, position.map_or(0, landrace_genome::Position::get))
        };
        let ploidies = |block: usize| matrix.blocks()[block].ploidies();
        let mut start = contig.start;
        let mut rows = matrix.blocks()[start].rows();
        for block in contig.start + 1..contig.end {
            let is_long = place(block) - place(start) >= RUN && rows >= least;
            if is_long || rows * samples >= CALLS || ploidies(block) != ploidies(start) {
                out.push(start..block);
                (start, rows) = (block, 0);
            }
            rows += matrix.blocks()[block].rows();
        }
        out.push(start..contig.end);
    }
    out
}

/// Whether any call comes with likelihoods.
fn has_likelihoods(matrix: &GenotypeMatrix) -> bool {
    matrix.blocks().iter().any(|block| {
        let layer = block.layers.likelihoods.as_ref();
        layer.is_some_and(|layer| (0..block.rows()).any(|row| layer.width(row) > 0))
    })
}

fn no_likelihoods() -> GenotypeError {
    let message = "the genotypes come without likelihoods (PL); leave out --likelihoods to start from calls";
    GenotypeError::Request(message.to_owned())
}

/// The likelihoods of the samples in a window; those not known are all equal.
fn likelihoods(
    matrix: &GenotypeMatrix,
    window: &Window,
    is_inbred: bool,
) -> Result<Vec<Calls>, GenotypeError> {
    let mut out: Vec<Likelihoods> = vec![Vec::with_capacity(window.seen.len()); matrix.samples().len()];
    let mut ploidies = Vec::new();
    for &(variant, is_swapped) in &window.variants {
        let (block, row) = matrix.locate(variant);
        let layer = block.layers.likelihoods.as_ref().ok_or_else(|| {
            let message =
                "the genotypes come without likelihoods (PL); leave out --likelihoods to start from calls";
            GenotypeError::Request(message.to_owned())
        })?;
        if ploidies.is_empty() {
            ploidies = block.ploidies();
        }
        for (sample, own) in out.iter_mut().enumerate() {
            let chance = |phred: i32| 10f32.powf(-0.1 * phred.min(255) as f32);
            let mut values = match *layer.call(row, sample) {
                [a, b, c] if a >= 0 && b >= 0 && c >= 0 => [chance(a), chance(b), chance(c)],
                [a, b, ..] if a >= 0 && b >= 0 && ploidies[sample] == 1 => [chance(a), 1.0, chance(b)],
                _ => [1.0; 3],
            };
            if is_swapped {
                values.reverse();
            }
            own.push(values);
        }
    }
    let is_haploid = |sample: usize| is_inbred || ploidies.get(sample) == Some(&1);
    let kind = |(own, sample)| {
        if is_haploid(sample) { Calls::HaploidLikelihoods(own) } else { Calls::Likelihoods(own) }
    };
    Ok(out.into_iter().zip(0..).map(kind).collect())
}

/// Calls of few reads are no calls: all are asked for.
fn forget_calls(estimates: &mut Estimates) {
    let all: Vec<usize> = (0..estimates.block.samples).collect();
    let width = usize::from(estimates.block.max_ploidy()) + 1;
    for row in 0..estimates.block.rows() {
        let values = estimates.probabilities.row(row);
        let known: Vec<usize> =
            all.iter().copied().filter(|&sample| !values[sample * width].is_nan()).collect();
        estimates.block.set_missing(row, &known);
    }
}

/// Ploidies above 2 have no haplotype model here.
pub(super) fn check_ploidy(matrix: &GenotypeMatrix) -> Result<(), GenotypeError> {
    match matrix.blocks().iter().find(|block| block.max_ploidy() > 2) {
        Some(block) => Err(GenotypeError::Request(format!(
            "there are calls of ploidy {} on {}, and haplotypes are followed in haploids and diploids alone; use \
             --method neighbours",
            block.max_ploidy(),
            block.contig
        ))),
        None => Ok(()),
    }
}

/// A sample must not be imputed from its own haplotypes.
fn check_samples(matrix: &GenotypeMatrix, panel: &ReferencePanel) -> Result<(), GenotypeError> {
    check_ploidy(matrix)?;
    let own: HashMap<&str, ()> = panel.samples.iter().map(|name| (name.as_str(), ())).collect();
    match matrix.samples().iter().find(|name| own.contains_key(name.as_str())) {
        Some(name) => Err(GenotypeError::Request(format!(
            "sample '{name}' is in the reference panel too and would be imputed from itself; leave it out of one"
        ))),
        None => Ok(()),
    }
}

/// Blocks of a contig that the panel lacks: nothing is said of them.
fn unknown(matrix: &GenotypeMatrix, run: Range<usize>) -> Vec<Estimates> {
    let starts = block_starts(matrix);
    let block = |index: usize| {
        let block = matrix.blocks()[index].clone();
        let width = usize::from(block.max_ploidy()) + 1;
        let mut probabilities = crate::block::Ragged::new(block.samples);
        let row = vec![f32::NAN; width * block.samples];
        (0..block.rows()).for_each(|_| probabilities.push_row(width, &row));
        let variants = (starts[index]..starts[index] + block.rows()).map(Some).collect();
        Estimates { block, variants, probabilities, alleles: None }
    };
    run.map(block).collect()
}
