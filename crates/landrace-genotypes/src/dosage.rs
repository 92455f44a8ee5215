//! Dosages from read counts at any ploidy, with sequencing error, allele bias and overdispersion.
//!
//! The model is that of updog (Gerard, Ferrão, Garcia and Stephens 2018, Genetics 210:789). Of a sample with r
//! reference alleles among P, a read shows the reference with chance ξ₀ = (r/P)(1 − ε) + (1 − r/P)ε for a
//! sequencing error ε, and with ξ = ξ₀ / (h(1 − ξ₀) + ξ₀) once the alleles are not caught alike (bias h; below 1 the
//! reference is caught more often). Reference reads are beta-binomial about ξ with overdispersion τ. A share of
//! samples ([`OUTLIERS`]) follows no dosage: any count of theirs is as likely as another, so that they neither bend
//! the model nor are called with confidence.
//!
//! ε, h, τ and the allele frequency are found variant by variant, at the greatest posterior density.

use std::collections::BTreeMap;

mod call;
mod likelihood;
mod optimise;
mod source;
#[cfg(test)]
mod tests;

pub use call::{CalledCounts, call_counts};
pub use source::{CalledSource, INFO_LINES};

use likelihood::{Group, Likelihood, PARAMETERS, Point};
use optimise::maximise;

/// Share of samples whose reads say nothing of their dosage: off-types, mixtures, misread barcodes.
pub const OUTLIERS: f64 = 0.01;

/// What is taken for granted of dosages before any read is seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Prior {
    /// Random mating at the frequency that the reads show, with an inbreeding coefficient: that share of samples is
    /// homozygous.
    HardyWeinberg {
        /// The coefficient, 0 to 1.
        inbreeding: f64,
    },
    /// All dosages alike.
    Uniform,
}

impl Default for Prior {
    fn default() -> Self {
        Self::HardyWeinberg { inbreeding: 0.0 }
    }
}

impl Prior {
    /// What is written for people.
    pub fn text(self) -> String {
        match self {
            Self::Uniform => "uniform prior".to_owned(),
            Self::HardyWeinberg { inbreeding: 0.0 } => "Hardy-Weinberg prior".to_owned(),
            Self::HardyWeinberg { inbreeding } => format!("Hardy-Weinberg prior with F {inbreeding}"),
        }
    }
}

/// Reads of one sample at one variant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reads {
    /// Of the reference allele.
    pub reference: u32,
    /// Of all alleles.
    pub total: u32,
}

/// What the reads of a variant say.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// Sequencing error ε.
    pub error: f64,
    /// Allele bias h.
    pub bias: f64,
    /// Overdispersion τ, the correlation of two reads of a sample.
    pub overdispersion: f64,
    /// Frequency of the alternate alleles; with a uniform prior that of the calls.
    pub frequency: f64,
    /// Share of the samples with reads whose likeliest dosage is expected to be wrong.
    pub misclassified: f64,
    /// Probability of each non-reference dosage, ploidy + 1 a sample; empty for samples without reads.
    pub posteriors: Vec<Vec<f64>>,
}

/// Fits the model to a variant. `reads` and `ploidies` have one value a sample.
///
/// The result depends on the values alone, not on the order of samples.
pub fn fit(reads: &[Reads], ploidies: &[u8], prior: Prior) -> Fit {
    let mut counts: BTreeMap<(u8, Reads), u32> = BTreeMap::new();
    for (&own, &ploidy) in reads.iter().zip(ploidies).filter(|(own, _)| own.total > 0) {
        *counts.entry((ploidy, own)).or_default() += 1;
    }
    let groups =
        counts.iter().map(|(&(ploidy, reads), &samples)| Group::new(ploidy, reads, samples)).collect();
    let likelihood = Likelihood::new(groups, prior);
    let best = maximise(&likelihood, &starts(&likelihood));
    let posteriors = likelihood.posteriors(&best);
    let place: BTreeMap<(u8, Reads), usize> = counts.keys().copied().zip(0..).collect();
    let own = |(own, ploidy): (&Reads, &u8)| {
        place.get(&(*ploidy, *own)).map_or_else(Vec::new, |&index| posteriors[index].clone())
    };
    let all: f64 = counts.values().map(|&n| f64::from(n)).sum();
    let wrong = |(posterior, n): (&Vec<f64>, &u32)| {
        f64::from(*n) * (1.0 - posterior.iter().copied().fold(0.0, f64::max))
    };
    let wrong: f64 = posteriors.iter().zip(counts.values()).map(wrong).sum();
    let natural = likelihood::Natural::of(&best);
    Fit {
        error: natural.error,
        bias: natural.bias,
        overdispersion: natural.overdispersion,
        frequency: match prior {
            Prior::HardyWeinberg { .. } => natural.frequency,
            Prior::Uniform => mean_frequency(&posteriors, &counts),
        },
        misclassified: if all > 0.0 { wrong / all } else { 0.0 },
        posteriors: reads.iter().zip(ploidies).map(own).collect(),
    }
}

/// Share of alternate alleles, by the posteriors.
fn mean_frequency(posteriors: &[Vec<f64>], counts: &BTreeMap<(u8, Reads), u32>) -> f64 {
    let (mut alternate, mut all) = (0.0, 0.0);
    for (posterior, (key, &n)) in posteriors.iter().zip(counts) {
        let dosage: f64 = posterior.iter().zip(0u32..).map(|(p, d)| p * f64::from(d)).sum();
        alternate += f64::from(n) * dosage;
        all += f64::from(n) * f64::from(key.0);
    }
    if all > 0.0 { alternate / all } else { 0.0 }
}

/// Where the search begins: without bias, and, where reads tell dosages apart, with bias to either side, for the
/// classes of dosages can be matched to the reads in more than one way.
fn starts(likelihood: &Likelihood) -> Vec<Point> {
    let (share, depth) = likelihood.reference_share_and_depth();
    let start = |bias: f64| {
        // The frequency that gives the share of reads seen, at that bias.
        let odds = (share / (1.0 - share)) * bias.exp();
        let frequency = (1.0 / (1.0 + odds)).clamp(0.02, 0.98);
        let mut point: Point = [0.0; PARAMETERS];
        (point[0], point[1], point[2], point[3]) = (-4.7, bias, -4.5, (frequency / (1.0 - frequency)).ln());
        point
    };
    let biases: &[f64] = if depth < 4.0 { &[0.0] } else { &[0.0, -0.8, 0.8] };
    biases.iter().map(|&bias| start(bias)).collect()
}
