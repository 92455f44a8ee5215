//! How right a method is: its estimates of hidden calls against what they are, by minor allele frequency and by
//! confidence, beside the plainest guess (each variant's mean dosage and most frequent genotype).
//!
//! Dosages are counted of the rarer allele: which one a marker table calls the reference is chance, and would
//! make agreement over variants look better than it is.

use super::{Estimates, Hidden};
use crate::matrix::GenotypeMatrix;

/// Lower edges of the bins of minor allele frequency.
pub const FREQUENCY_EDGES: [f64; 7] = [0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4];
/// Bins of confidence, each of 0.1.
pub const CONFIDENCE_BINS: usize = 10;

/// Agreement over some hidden calls. Dosages are shares of the ploidy.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Agreement {
    /// Hidden calls that got a dosage.
    pub calls: u64,
    /// Of them, those that got the true one.
    pub right: u64,
    /// Calls whose true or estimated dosage (of the rarer allele) is not 0.
    pub nonreference: u64,
    /// Of them, those that got the true one.
    pub nonreference_right: u64,
    /// Sums of x, y, x², y² and xy: x the true dosage, y the expected one.
    sums: [f64; 5],
}

impl Agreement {
    /// Adds a call: its true and its likeliest dosage, its expected dosage and the ploidy.
    pub fn add(&mut self, truth: u8, likeliest: u8, expected: f64, ploidy: u8) {
        self.calls += 1;
        self.right += u64::from(truth == likeliest);
        let is_nonreference = truth > 0 || likeliest > 0;
        self.nonreference += u64::from(is_nonreference);
        self.nonreference_right += u64::from(is_nonreference && truth == likeliest);
        let (x, y) = (f64::from(truth) / f64::from(ploidy), expected / f64::from(ploidy));
        for (sum, value) in self.sums.iter_mut().zip([x, y, x * x, y * y, x * y]) {
            *sum += value;
        }
    }

    /// Takes over others.
    pub fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.right += other.right;
        self.nonreference += other.nonreference;
        self.nonreference_right += other.nonreference_right;
        self.sums.iter_mut().zip(other.sums).for_each(|(own, other)| *own += other);
    }

    /// Share of calls that got the true dosage.
    pub fn concordance(&self) -> Option<f64> {
        (self.calls > 0).then(|| self.right as f64 / self.calls as f64)
    }

    /// Share of calls that got the true dosage among those whose true or estimated dosage is not 0.
    pub fn nonreference_concordance(&self) -> Option<f64> {
        (self.nonreference > 0).then(|| self.nonreference_right as f64 / self.nonreference as f64)
    }

    /// Squared correlation of true and expected dosages over the calls; `None` if either does not vary.
    pub fn dosage_r2(&self) -> Option<f64> {
        let n = self.calls as f64;
        let [x, y, xx, yy, xy] = self.sums;
        let spread = (n * xx - x * x) * (n * yy - y * y);
        (spread > 1e-9).then(|| ((n * xy - x * y).powi(2) / spread).min(1.0))
    }
}

/// The method's agreement and the plain guess's, over the same calls.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// Hidden calls.
    pub hidden: u64,
    /// The method.
    pub method: Agreement,
    /// The mean dosage and the most frequent genotype.
    pub plain: Agreement,
}

/// How right a method is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Accuracy {
    /// All calls.
    pub all: Bin,
    /// By minor allele frequency among the calls that were not hidden; edges are [`FREQUENCY_EDGES`].
    pub by_frequency: [Bin; FREQUENCY_EDGES.len()],
    /// By confidence: calls with an estimate and those that are right, whatever the least confidence asked for.
    pub by_confidence: [(u64, u64); CONFIDENCE_BINS],
}

/// The likeliest of some probabilities; the lowest of equals.
pub(super) fn likeliest(probabilities: &[f32]) -> (u8, f32) {
    let mut best = (0u8, f32::MIN);
    for (dosage, &probability) in (0u8..).zip(probabilities) {
        if probability > best.1 {
            best = (dosage, probability);
        }
    }
    best
}

/// The expected dosage.
pub(super) fn expected(probabilities: &[f32]) -> f64 {
    let sum: f64 = probabilities.iter().map(|&p| f64::from(p)).sum();
    let weighted: f64 =
        probabilities.iter().zip(0u8..).map(|(&p, dosage)| f64::from(p) * f64::from(dosage)).sum();
    if sum > 0.0 { weighted / sum } else { 0.0 }
}

impl Accuracy {
    /// Compares what a method says with what was hidden. `masked` is the matrix without the hidden calls.
    pub fn add(&mut self, estimates: &Estimates, masked: &GenotypeMatrix, hidden: &Hidden, least: f32) {
        let ploidies = estimates.block.ploidies();
        for (row, variant) in estimates.variants.iter().enumerate() {
            let Some(variant) = *variant else { continue };
            let truths = hidden.of(variant);
            if truths.is_empty() {
                continue;
            }
            let counts = masked.counts(variant);
            let frequency = counts.minor_frequency().unwrap_or(0.0);
            let edge = FREQUENCY_EDGES.iter().rposition(|&edge| frequency >= edge).unwrap_or(0);
            let is_turned = counts.alternate_frequency().is_some_and(|share| share > 0.5);
            let mut own = Bin::default();
            for &(sample, truth) in truths {
                let ploidy = ploidies[sample as usize];
                own.hidden += 1;
                let all = estimates.probabilities.call(row, sample as usize);
                let all = &all[..=usize::from(ploidy).min(all.len() - 1)];
                if all[0].is_nan() {
                    continue;
                }
                let (dosage, confidence) = likeliest(all);
                let bin = ((confidence * CONFIDENCE_BINS as f32 + 1e-4) as usize).min(CONFIDENCE_BINS - 1);
                self.by_confidence[bin].0 += 1;
                self.by_confidence[bin].1 += u64::from(dosage == truth);
                if confidence < least {
                    continue;
                }
                let turn = |dosage: u8| if is_turned { ploidy - dosage } else { dosage };
                let turned = |mean: f64| if is_turned { f64::from(ploidy) - mean } else { mean };
                own.method.add(turn(truth), turn(dosage), turned(expected(all)), ploidy);
                let same = counts.dosages.iter().find(|(own, _)| *own == ploidy);
                let (frequent, mean) = same.map_or((0, 0.0), |(_, counts)| plain_guess(counts));
                own.plain.add(turn(truth), turn(frequent), turned(mean), ploidy);
            }
            self.all.merge(&own);
            self.by_frequency[edge].merge(&own);
        }
    }

    /// The table `<output>.accuracy.tsv`: a row a bin of minor allele frequency, and one for all.
    pub fn table(&self) -> String {
        let mut out =
            "maf_from\tmaf_to\thidden\testimated\tconcordance\tnonreference_concordance\tdosage_r2\t\
            mode_concordance\tmode_nonreference_concordance\tmean_dosage_r2\n"
                .to_owned();
        for (bin, (from, to)) in self.by_frequency.iter().zip(frequency_bins()) {
            out += &row(&format!("{from}\t{to}"), bin);
        }
        out + &row("0\t0.5", &self.all)
    }

    /// The table of confidence: what it said, and how often it was right.
    pub fn confidence_table(&self) -> String {
        let mut out = "confidence_from\tconfidence_to\tcalls\tconcordance\n".to_owned();
        for (bin, (calls, right)) in self.by_confidence.iter().enumerate() {
            let share = (*calls > 0).then(|| *right as f64 / *calls as f64);
            out += &format!("0.{bin}\t{}\t{calls}\t{}\n", (bin + 1) as f64 / 10.0, text(share));
        }
        out
    }
}

/// The bins of minor allele frequency.
pub fn frequency_bins() -> impl Iterator<Item = (f64, f64)> {
    let ends = FREQUENCY_EDGES.iter().skip(1).copied().chain([0.5]);
    FREQUENCY_EDGES.iter().copied().zip(ends)
}

impl Bin {
    fn merge(&mut self, other: &Self) {
        self.hidden += other.hidden;
        self.method.merge(&other.method);
        self.plain.merge(&other.plain);
    }
}

/// The most frequent dosage (the lowest of equals) and the mean one.
pub(super) fn plain_guess(counts: &[u32]) -> (u8, f64) {
    let mut best = (0u8, 0u32);
    for (dosage, &count) in (0u8..).zip(counts) {
        if count > best.1 {
            best = (dosage, count);
        }
    }
    let all: u32 = counts.iter().sum();
    let sum: f64 = counts.iter().zip(0u8..).map(|(&n, dosage)| f64::from(n) * f64::from(dosage)).sum();
    (best.0, sum / f64::from(all.max(1)))
}

fn row(edges: &str, bin: &Bin) -> String {
    let share = |agreement: &Agreement| {
        [agreement.concordance(), agreement.nonreference_concordance(), agreement.dosage_r2()]
            .map(text)
            .join("\t")
    };
    format!("{edges}\t{}\t{}\t{}\t{}\n", bin.hidden, bin.method.calls, share(&bin.method), share(&bin.plain))
}

fn text(share: Option<f64>) -> String {
    share.map_or_else(|| "NA".to_owned(), |share| format!("{share:.5}"))
}
