//! Allele frequencies of a cohort, genotype posteriors, and the probability that a site varies.

use crate::genotype::{GenotypeTable, log_orders, log_sum};
use crate::options::GenotypePrior;

/// Copies of each allele that are added to the cohort's when frequencies are estimated (Jeffreys' prior).
const PSEUDO_COPIES: f64 = 0.5;
const ROUNDS: usize = 50;
const ENOUGH: f64 = 1e-5;

/// Genotype likelihoods of one sample at a site.
#[derive(Clone, Debug)]
pub(crate) struct SampleLikelihoods<'a> {
    /// The genotypes.
    pub(crate) table: &'a GenotypeTable,
    /// Natural logarithm of the likelihood of each; empty without reads.
    pub(crate) logs: Vec<f64>,
}

/// Posterior probabilities of the genotypes of a sample, given allele frequencies.
pub(crate) fn posteriors(
    sample: &SampleLikelihoods<'_>,
    frequencies: &[f64],
    prior: GenotypePrior,
) -> Vec<f64> {
    let table = sample.table;
    let logs: Vec<f64> = (0..table.len())
        .map(|genotype| {
            let likelihood = sample.logs.get(genotype).copied().unwrap_or(0.0);
            likelihood + log_prior(table.counts(genotype), frequencies, prior)
        })
        .collect();
    let total = log_sum(logs.iter().copied());
    logs.iter().map(|log| (log - total).exp()).collect()
}

fn log_prior(counts: &[u8], frequencies: &[f64], prior: GenotypePrior) -> f64 {
    if prior == GenotypePrior::None {
        return 0.0;
    }
    let drawn = counts.iter().zip(frequencies).filter(|(n, _)| **n > 0);
    let independent = log_orders(counts) + drawn.clone().map(|(&n, f)| f64::from(n) * f.ln()).sum::<f64>();
    let f = prior.inbreeding();
    if f == 0.0 {
        return independent;
    }
    let mut held = drawn;
    let by_descent = match (held.next(), held.next()) {
        (Some((_, frequency)), None) => *frequency,
        _ => 0.0,
    };
    ((1.0 - f) * independent.exp() + f * by_descent).max(f64::MIN_POSITIVE).ln()
}

/// Allele frequencies of the cohort by expectation-maximisation over the genotype posteriors. Samples without
/// reads do not count.
pub(crate) fn estimate(samples: &[SampleLikelihoods<'_>], alleles: usize, prior: GenotypePrior) -> Vec<f64> {
    // Without a prior of genotypes, the frequencies are still those of independent copies.
    let prior = if prior == GenotypePrior::None { GenotypePrior::HardyWeinberg } else { prior };
    let mut frequencies = vec![1.0 / alleles as f64; alleles];
    for _ in 0..ROUNDS {
        let mut copies = vec![PSEUDO_COPIES; alleles];
        for sample in samples.iter().filter(|sample| !sample.logs.is_empty()) {
            for (counts, posterior) in sample.table.iter().zip(posteriors(sample, &frequencies, prior)) {
                for (copies, &n) in copies.iter_mut().zip(counts) {
                    *copies += f64::from(n) * posterior;
                }
            }
        }
        let total: f64 = copies.iter().sum();
        let next: Vec<f64> = copies.iter().map(|copies| copies / total).collect();
        let change = next.iter().zip(&frequencies).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        frequencies = next;
        if change < ENOUGH {
            break;
        }
    }
    frequencies
}

/// Natural logarithm of the posterior probability that no sample carries an alternate allele.
///
/// The number of alternate copies in the cohort is a priori `k` with probability `theta / k` (the neutral
/// spectrum), and its likelihood is the sum over all ways to share the copies among the samples, gathered
/// sample by sample: `z_j(k) = sum_d C(P_j, d) L_j(d) z_{j-1}(k - d)`, `L(k) = z_n(k) / C(M, k)` (Li 2011,
/// Bioinformatics 27:2987, equation 20, at any and mixed ploidy).
pub(crate) fn log_invariant(samples: &[SampleLikelihoods<'_>], frequencies: &[f64], theta: f64) -> f64 {
    let mut total = 0usize;
    // Logarithms of z, from `first` on: far less likely counts fall off both ends.
    let (mut first, mut z) = (0usize, vec![0.0f64]);
    let mut none = 0.0;
    for sample in samples.iter().filter(|sample| !sample.logs.is_empty()) {
        let by_dosage = dosage_likelihoods(sample, frequencies);
        none += by_dosage[0];
        let weights: Vec<f64> = (by_dosage.iter().enumerate())
            .map(|(dosage, log)| log + log_choose(sample.table.ploidy(), dosage))
            .collect();
        let mut next = vec![f64::NEG_INFINITY; z.len() + weights.len() - 1];
        let highest = max(&z) + max(&weights);
        for (i, z) in z.iter().enumerate() {
            for (d, weight) in weights.iter().enumerate() {
                next[i + d] = add_logs(next[i + d], z + weight, highest);
            }
        }
        total += sample.table.ploidy();
        let floor = max(&next) - 80.0;
        let start = next.iter().position(|&log| log > floor).unwrap_or(0);
        let end = next.iter().rposition(|&log| log > floor).map_or(next.len(), |last| last + 1);
        first += start;
        z = next[start..end].to_vec();
    }
    let some = z.iter().enumerate().filter(|(i, _)| first + i > 0).map(|(i, log)| {
        let copies = first + i;
        log - log_choose(total, copies) + (theta / copies as f64).ln()
    });
    let some: Vec<f64> = some.collect();
    let harmonic: f64 = (1..=total).map(|k| 1.0 / k as f64).sum();
    let none = none + (1.0 - theta * harmonic).max(0.5).ln();
    none - log_sum(some.iter().copied().chain([none]))
}

/// Logarithm of the likelihood of each number of copies that are not the reference's, whose alleles are drawn
/// by their frequencies.
fn dosage_likelihoods(sample: &SampleLikelihoods<'_>, frequencies: &[f64]) -> Vec<f64> {
    let table = sample.table;
    let alternate: f64 = frequencies[1..].iter().sum();
    let mut terms: Vec<Vec<f64>> = vec![Vec::new(); table.ploidy() + 1];
    for (counts, log) in table.iter().zip(&sample.logs) {
        let others = &counts[1..];
        let drawn = others.iter().zip(&frequencies[1..]).filter(|(n, _)| **n > 0);
        let share: f64 = drawn.map(|(&n, f)| f64::from(n) * (f / alternate).ln()).sum();
        terms[table.ploidy() - usize::from(counts[0])].push(log + log_orders(others) + share);
    }
    terms.iter().map(|terms| log_sum(terms.iter().copied())).collect()
}

fn max(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// `ln(e^a + e^b)`; what is negligible beside `highest` is left out.
fn add_logs(a: f64, b: f64, highest: f64) -> f64 {
    if b < highest - 120.0 {
        return a;
    }
    if a == f64::NEG_INFINITY {
        return b;
    }
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    high + (low - high).exp().ln_1p()
}

/// Logarithm of the number of ways to choose `k` of `n`, by Stirling's series for large `n`.
fn log_choose(n: usize, k: usize) -> f64 {
    log_gamma(n) - log_gamma(k) - log_gamma(n - k)
}

/// `ln n!`.
fn log_gamma(n: usize) -> f64 {
    if n < 32 {
        return crate::genotype::log_factorial(n);
    }
    let x = n as f64 + 1.0;
    (x - 0.5) * x.ln() - x + 0.918_938_533_204_672_7 + 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample<'a>(table: &'a GenotypeTable, likelihoods: &[f64]) -> SampleLikelihoods<'a> {
        SampleLikelihoods { table, logs: likelihoods.iter().map(|l| l.ln()).collect() }
    }

    #[test]
    fn frequencies_of_clear_genotypes_are_their_counts() {
        let table = GenotypeTable::new(2, 2);
        let (hom, het) = (sample(&table, &[1.0, 1e-9, 1e-20]), sample(&table, &[1e-9, 1.0, 1e-9]));
        let samples = [hom.clone(), hom.clone(), hom, het];
        let frequencies = estimate(&samples, 2, GenotypePrior::HardyWeinberg);
        assert!((frequencies[1] - 1.5 / 9.0).abs() < 1e-3, "{frequencies:?}");
    }

    #[test]
    fn inbreeding_makes_heterozygotes_rare() {
        let table = GenotypeTable::new(4, 2);
        let unclear = sample(&table, &[1.0; 5]);
        let outbred = posteriors(&unclear, &[0.5, 0.5], GenotypePrior::HardyWeinberg);
        let inbred = posteriors(&unclear, &[0.5, 0.5], GenotypePrior::Inbred { f: 0.9 });
        assert!((outbred[2] - 0.375).abs() < 1e-9);
        assert!((inbred[0] - (0.1 / 16.0 + 0.45)).abs() < 1e-9);
    }

    proptest! {
        /// The recursion over samples equals the sum over every combination of genotypes.
        #[test]
        fn recursion_equals_enumeration(
            ploidies in prop::collection::vec(1u8..=4, 1..4),
            seed in prop::collection::vec(0.001f64..1.0, 60),
        ) {
            let tables: Vec<GenotypeTable> = ploidies.iter().map(|&p| GenotypeTable::new(p, 2)).collect();
            let mut seed = seed.into_iter();
            let samples: Vec<SampleLikelihoods<'_>> = tables
                .iter()
                .map(|table| {
                    let likelihoods: Vec<f64> = seed.by_ref().take(table.len()).collect();
                    sample(table, &likelihoods)
                })
                .collect();
            let theta = 0.01;
            let found = log_invariant(&samples, &[0.7, 0.3], theta).exp();
            let total: usize = ploidies.iter().map(|&p| usize::from(p)).sum();
            let mut by_copies = vec![0.0; total + 1];
            let combinations: usize = tables.iter().map(GenotypeTable::len).product();
            for mut combination in 0..combinations {
                let (mut copies, mut weight) = (0, 1.0);
                for sample in &samples {
                    let dosage = combination % sample.table.len();
                    combination /= sample.table.len();
                    copies += dosage;
                    weight *= sample.logs[dosage].exp() * log_choose(sample.table.ploidy(), dosage).exp();
                }
                by_copies[copies] += weight;
            }
            let mut posterior: Vec<f64> = (by_copies.iter().enumerate())
                .map(|(k, weight)| weight / log_choose(total, k).exp() * if k == 0 { 0.0 } else { theta / k as f64 })
                .collect();
            let harmonic: f64 = (1..=total).map(|k| 1.0 / k as f64).sum();
            posterior[0] = by_copies[0] * (1.0 - theta * harmonic);
            let expected = posterior[0] / posterior.iter().sum::<f64>();
            prop_assert!((found / expected - 1.0).abs() < 1e-9, "{} {}", found, expected);
        }
    }
}
