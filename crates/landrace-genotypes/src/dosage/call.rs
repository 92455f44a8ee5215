//! Blocks whose calls come from read counts.

use super::{Fit, Prior, Reads, fit};
use crate::block::layer::{ABSENT, UNKNOWN};
use crate::block::{AlleleCodes, CallGatherer, GenotypeBlock, Grid, Layers, Ragged};
use crate::plane::MISSING;
use crate::stats::number;

/// The highest genotype quality that is written.
const BEST_QUALITY: f64 = 99.0;

/// The calls of a variant.
struct Row {
    codes: Vec<u8>,
    qualities: Vec<f32>,
    /// One a sample and alternate allele.
    dosages: Vec<f32>,
    /// Ploidy + 1 a sample, as wide as the highest ploidy needs.
    probabilities: Vec<f32>,
    alleles: Option<Vec<u8>>,
    info: String,
}

/// What is to be called.
#[derive(Clone, Copy, Debug)]
pub struct CalledCounts {
    /// Prior of the dosages.
    pub prior: Prior,
    /// Ploidy of all samples; `None` for that of the block.
    pub ploidy: Option<u8>,
}

/// Calls a block's genotypes anew from its layer of allele depths: every sample with a read gets its likeliest
/// dosage, its probabilities (variants of two alleles alone), its expected dosage and the quality
/// −10 log₁₀ P(wrong); samples without reads are missing. Without that layer all are missing.
///
/// Variants of several alternate alleles are called as reference against the rest; the copies that are not the
/// reference are shared among the alternates by their reads.
pub fn call_counts(block: &GenotypeBlock, options: CalledCounts) -> Vec<GenotypeBlock> {
    let ploidies = match options.ploidy {
        Some(ploidy) => vec![ploidy; block.samples],
        None => block.ploidies(),
    };
    let widest = ploidies.iter().copied().max().unwrap_or(2);
    let mut gatherer = CallGatherer::new(block.samples);
    let mut layers = Empty::new(block.samples, widest);
    for row in 0..block.rows() {
        let called = call_row(block, row, &ploidies, options.prior);
        gatherer.push(&ploidies, &called.codes);
        layers.push(block, row, called);
    }
    vec![GenotypeBlock {
        contig: block.contig.clone(),
        samples: block.samples,
        sites: block.sites.clone(),
        groups: gatherer.take(widest),
        layers: layers.finish(block),
    }]
}

/// Reads of each sample at a variant.
fn reads_of(block: &GenotypeBlock, row: usize) -> Vec<Reads> {
    let Some(depths) = block.layers.allele_depths.as_ref() else {
        return vec![Reads::default(); block.samples];
    };
    let count = |n: i32| u32::try_from(n).unwrap_or(0);
    let own = |sample: usize| {
        let call = depths.call(row, sample);
        Reads {
            reference: call.first().map_or(0, |&n| count(n)),
            total: call.iter().fold(0u32, |sum, &n| sum.saturating_add(count(n))),
        }
    };
    (0..block.samples).map(own).collect()
}

fn call_row(block: &GenotypeBlock, row: usize, ploidies: &[u8], prior: Prior) -> Row {
    let fit = fit(&reads_of(block, row), ploidies, prior);
    let alternates = block.sites[row].alternates.len().max(1);
    let width = usize::from(ploidies.iter().copied().max().unwrap_or(2)) + 1;
    let mut out = Row {
        codes: vec![MISSING; block.samples],
        qualities: vec![-1.0; block.samples],
        dosages: vec![f32::NAN; block.samples * alternates],
        probabilities: vec![f32::NAN; block.samples * width],
        alleles: None,
        info: info(&fit),
    };
    for (sample, posterior) in fit.posteriors.iter().enumerate().filter(|(_, own)| !own.is_empty()) {
        // Of equals, the lower dosage.
        let best = (0..posterior.len()).rev().max_by(|&a, &b| posterior[a].total_cmp(&posterior[b]));
        let best = best.unwrap_or(0);
        out.codes[sample] = u8::try_from(best).unwrap_or(MISSING);
        let wrong = (1.0 - posterior[best]).max(1e-12);
        out.qualities[sample] = (-10.0 * wrong.log10()).clamp(0.0, BEST_QUALITY) as f32;
        for (to, &p) in out.probabilities[sample * width..].iter_mut().zip(posterior) {
            *to = p as f32;
        }
        let mean: f64 = posterior.iter().zip(0u32..).map(|(p, d)| p * f64::from(d)).sum();
        out.dosages[sample * alternates] = mean as f32;
    }
    if alternates > 1 {
        share_among_alternates(block, (row, ploidies), &mut out);
    }
    out
}

/// Shares the copies that are not the reference among the alternates by their reads: whole parts first, what is
/// left to the greatest remainders, of equals to the first.
fn share_among_alternates(block: &GenotypeBlock, (row, ploidies): (usize, &[u8]), out: &mut Row) {
    let Some(depths) = block.layers.allele_depths.as_ref() else { return };
    let alternates = block.sites[row].alternates.len();
    let width = usize::from(ploidies.iter().copied().max().unwrap_or(2));
    let mut codes = vec![ABSENT; block.samples * width];
    for (sample, &ploidy) in ploidies.iter().enumerate() {
        let call = &mut codes[sample * width..][..usize::from(ploidy)];
        call.fill(UNKNOWN);
        if out.codes[sample] == MISSING {
            continue;
        }
        let own: Vec<f64> = depths.call(row, sample).iter().skip(1).map(|&n| f64::from(n.max(0))).collect();
        let all: f64 = own.iter().sum();
        let share = |index: usize| if all > 0.0 { own[index] / all } else { f64::from(u8::from(index == 0)) };
        let mean = out.dosages[sample * alternates];
        for index in 0..alternates.min(own.len()) {
            out.dosages[sample * alternates + index] = mean * share(index) as f32;
        }
        let copies = usize::from(out.codes[sample]);
        let mut given: Vec<usize> = (0..own.len()).map(|i| (copies as f64 * share(i)) as usize).collect();
        while given.iter().sum::<usize>() < copies {
            let rest = |i: usize| copies as f64 * share(i) - given[i] as f64;
            let next = (0..own.len()).rev().max_by(|&a, &b| rest(a).total_cmp(&rest(b))).unwrap_or(0);
            given[next] += 1;
        }
        let alternate = given.iter().enumerate().flat_map(|(index, &n)| std::iter::repeat_n(index + 1, n));
        let reference = std::iter::repeat_n(0, usize::from(ploidy) - copies);
        for (slot, allele) in call.iter_mut().zip(reference.chain(alternate)) {
            *slot = u8::try_from(allele).unwrap_or(UNKNOWN);
        }
    }
    out.alleles = Some(codes);
}

fn info(fit: &Fit) -> String {
    let parts = [
        ("BIAS", fit.bias),
        ("OVERDISPERSION", fit.overdispersion),
        ("SEQERROR", fit.error),
        ("WRONG", fit.misclassified),
    ];
    let parts: Vec<String> =
        parts.iter().map(|(key, value)| format!("{key}={}", number(Some(*value)))).collect();
    parts.join(";")
}

/// Layers under construction.
struct Empty {
    samples: usize,
    widest: usize,
    depth: Grid<i32>,
    quality: Grid<f32>,
    dosage: Ragged<f32>,
    probabilities: Ragged<f32>,
    alleles: AlleleCodes,
    has_alleles: bool,
    info: Vec<Box<str>>,
}

impl Empty {
    fn new(samples: usize, widest: u8) -> Self {
        let widest = usize::from(widest);
        Self {
            samples,
            widest,
            depth: Grid::new(samples),
            quality: Grid::new(samples),
            dosage: Ragged::new(samples),
            probabilities: Ragged::new(samples),
            alleles: AlleleCodes::new(samples, widest),
            has_alleles: false,
            info: Vec::new(),
        }
    }

    fn push(&mut self, block: &GenotypeBlock, row: usize, called: Row) {
        let reads = reads_of(block, row);
        let depths: Vec<i32> = reads.iter().map(|own| i32::try_from(own.total).unwrap_or(i32::MAX)).collect();
        self.depth.push_row(&depths);
        self.quality.push_row(&called.qualities);
        let alternates = called.dosages.len() / self.samples.max(1);
        self.dosage.push_row(alternates, &called.dosages);
        match &called.alleles {
            None => self.probabilities.push_row(self.widest + 1, &called.probabilities),
            Some(_) => self.probabilities.push_row(1, &vec![f32::NAN; self.samples]),
        }
        self.has_alleles |= called.alleles.is_some();
        let phased = vec![false; self.samples];
        self.alleles.push_row(called.alleles.as_deref().map(|codes| (codes, phased.as_slice())));
        self.info.push(called.info.into());
    }

    fn finish(self, block: &GenotypeBlock) -> Layers {
        Layers {
            alleles: self.has_alleles.then_some(self.alleles),
            depth: Some(self.depth),
            genotype_quality: Some(self.quality),
            allele_depths: block.layers.allele_depths.clone(),
            dosage: Some(self.dosage),
            probabilities: Some(self.probabilities),
            info: Some(self.info),
            ..Layers::default()
        }
    }
}
