//! The model on simulated reads: it must find the dosages and what bends the reads.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::*;

/// What reads are drawn from.
struct Truth {
    ploidy: u8,
    frequency: f64,
    error: f64,
    bias: f64,
    overdispersion: f64,
    depth: u32,
}

struct Draws(Xoshiro256PlusPlus);

impl Draws {
    fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn binomial(&mut self, n: u32, p: f64) -> u32 {
        (0..n).map(|_| u32::from(self.unit() < p)).sum()
    }

    /// A beta-binomial count by Pólya's urn.
    fn beta_binomial(&mut self, n: u32, p: f64, overdispersion: f64) -> u32 {
        let precision = (1.0 - overdispersion) / overdispersion;
        let (mut a, mut all, mut count) = (p * precision, precision, 0);
        for _ in 0..n {
            if self.unit() * all < a {
                a += 1.0;
                count += 1;
            }
            all += 1.0;
        }
        count
    }

    fn simulate(&mut self, truth: &Truth, samples: usize) -> (Vec<u8>, Vec<Reads>) {
        let one = |_| {
            let dosage = self.binomial(truth.ploidy.into(), truth.frequency);
            let reference = 1.0 - f64::from(dosage) / f64::from(truth.ploidy);
            let seen = reference * (1.0 - truth.error) + (1.0 - reference) * truth.error;
            let xi = seen / (truth.bias * (1.0 - seen) + seen);
            let total = truth.depth / 2 + self.binomial(truth.depth, 0.5);
            let reads = Reads { reference: self.beta_binomial(total, xi, truth.overdispersion), total };
            (dosage as u8, reads)
        };
        (0..samples).map(one).unzip()
    }
}

fn best(posterior: &[f64]) -> u8 {
    let best = (0..posterior.len()).max_by(|&a, &b| posterior[a].total_cmp(&posterior[b]));
    u8::try_from(best.unwrap()).unwrap()
}

fn share_right(fit: &Fit, dosages: &[u8]) -> f64 {
    let right = fit.posteriors.iter().zip(dosages).filter(|(own, truth)| best(own) == **truth).count();
    right as f64 / dosages.len() as f64
}

#[test]
fn dosages_and_parameters_are_found() {
    let mut draws = Draws(Xoshiro256PlusPlus::seed_from_u64(11));
    for (ploidy, frequency, bias, overdispersion, least) in [
        (2, 0.3, 1.0, 0.01, 0.99),
        (4, 0.4, 0.6, 0.005, 0.95),
        (4, 0.25, 1.8, 0.01, 0.94),
        (6, 0.3, 0.7, 0.003, 0.88),
    ] {
        let truth = Truth { ploidy, frequency, error: 0.005, bias, overdispersion, depth: 120 };
        let (dosages, reads) = draws.simulate(&truth, 250);
        let fit = fit(&reads, &vec![ploidy; 250], Prior::default());
        let right = share_right(&fit, &dosages);
        assert!(right >= least, "ploidy {ploidy}: {right} {fit:?}");
        assert!((fit.misclassified - (1.0 - right)).abs() < 0.05, "ploidy {ploidy}: {}", fit.misclassified);
        assert!((fit.bias / bias).ln().abs() < 0.15, "ploidy {ploidy}: bias {}", fit.bias);
        assert!((fit.frequency - frequency).abs() < 0.05, "ploidy {ploidy}: frequency {}", fit.frequency);
        let ratio = (fit.overdispersion / overdispersion).ln();
        assert!(ratio.abs() < 0.9, "ploidy {ploidy}: overdispersion {}", fit.overdispersion);
    }
}

#[test]
fn low_depth_heterozygotes_are_uncertain() {
    let mut draws = Draws(Xoshiro256PlusPlus::seed_from_u64(5));
    let truth = Truth { ploidy: 2, frequency: 0.5, error: 0.002, bias: 1.0, overdispersion: 0.01, depth: 3 };
    let (dosages, reads) = draws.simulate(&truth, 400);
    let fit = fit(&reads, &[2; 400], Prior::default());
    let expected: f64 = fit
        .posteriors
        .iter()
        .filter(|posterior| !posterior.is_empty())
        .map(|posterior| posterior[1] + 2.0 * posterior[2])
        .sum();
    let truth: f64 = dosages
        .iter()
        .zip(&fit.posteriors)
        .filter(|(_, posterior)| !posterior.is_empty())
        .map(|(&d, _)| f64::from(d))
        .sum();
    assert!((expected / truth - 1.0).abs() < 0.08, "{expected} {truth}");
    let one = reads.iter().position(|own| *own == Reads { reference: 1, total: 1 }).unwrap();
    assert!((0.2..0.6).contains(&fit.posteriors[one][1]), "{:?}", fit.posteriors[one]);
    assert!(fit.misclassified > 0.1);
}

#[test]
fn an_outlier_neither_bends_the_model_nor_is_called() {
    let mut draws = Draws(Xoshiro256PlusPlus::seed_from_u64(9));
    let truth =
        Truth { ploidy: 2, frequency: 0.3, error: 0.004, bias: 1.0, overdispersion: 0.002, depth: 100 };
    let (_, mut reads) = draws.simulate(&truth, 150);
    let before = fit(&reads, &[2; 150], Prior::default());
    // A mixture of two plants: a quarter of the reads.
    reads[0] = Reads { reference: 25, total: 100 };
    let after = fit(&reads, &[2; 150], Prior::default());
    assert!((after.bias / before.bias).ln().abs() < 0.05);
    assert!(after.overdispersion < 2.0 * before.overdispersion + 0.003, "{after:?}");
    let surest = after.posteriors[0].iter().copied().fold(0.0, f64::max);
    assert!(surest < 0.7, "{:?}", after.posteriors[0]);
}

#[test]
fn inbred_lines_are_called_homozygous_from_few_reads() {
    // 40 lines of each homozygote, 8 reads each, and one read of the other allele in one of them.
    let mut reads = vec![Reads { reference: 8, total: 8 }; 40];
    reads.extend(vec![Reads { reference: 0, total: 8 }; 40]);
    reads[3] = Reads { reference: 7, total: 8 };
    let as_lines = fit(&reads, &[2; 80], Prior::HardyWeinberg { inbreeding: 0.98 });
    assert_eq!(best(&as_lines.posteriors[3]), 0);
    assert!(as_lines.posteriors[3][0] > fit(&reads, &[2; 80], Prior::default()).posteriors[3][0]);
}

#[test]
fn nothing_to_read_is_nothing_called() {
    let none = fit(&[Reads::default(); 5], &[4; 5], Prior::default());
    assert!(none.posteriors.iter().all(Vec::is_empty));
    assert_eq!(none.misclassified, 0.0);
    let one = fit(&[Reads { reference: 3, total: 9 }], &[4], Prior::Uniform);
    assert!((one.posteriors[0].iter().sum::<f64>() - 1.0).abs() < 1e-12);
    let huge = Reads { reference: u32::MAX / 2, total: u32::MAX / 2 + 7 };
    let deep = fit(&[huge, Reads { reference: 2, total: 40_000 }], &[2, 2], Prior::default());
    assert!(deep.posteriors.iter().flatten().all(|p| p.is_finite()), "{deep:?}");
    assert_eq!((best(&deep.posteriors[0]), best(&deep.posteriors[1])), (0, 2));
}

#[test]
fn the_order_of_samples_does_not_matter() {
    let mut draws = Draws(Xoshiro256PlusPlus::seed_from_u64(2));
    let truth = Truth { ploidy: 4, frequency: 0.3, error: 0.01, bias: 0.8, overdispersion: 0.02, depth: 30 };
    let (_, mut reads) = draws.simulate(&truth, 60);
    let forward = fit(&reads, &[4; 60], Prior::default());
    reads.reverse();
    let mut backward = fit(&reads, &[4; 60], Prior::default());
    backward.posteriors.reverse();
    assert_eq!(forward, backward);
}
