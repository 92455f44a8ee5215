//! Tests of the dosage classes of autopolyploids.

use crate::significance::{chi_squared_tail, normal_tail};

/// Chi-squared test of the dosage classes of an autopolyploid against binomial shares at the frequency seen, or,
/// with an inbreeding coefficient F, against (1 − F) of those and F of the two homozygotes. Neighbouring classes
/// are pooled until five samples are expected in each; with fewer than three pooled classes nothing can be tested
/// and the p-value is 1. Double reduction is not modelled.
pub fn chi_squared(dosages: &[u32], inbreeding: f64) -> f64 {
    let Some(shares) = expected_shares(dosages, inbreeding) else { return 1.0 };
    let n: f64 = dosages.iter().map(|&count| f64::from(count)).sum();
    let (mut statistic, mut classes) = (0.0, 0u32);
    let (mut seen, mut expected, mut rest) = (0.0, 0.0, n);
    for (dosage, (&count, share)) in dosages.iter().zip(&shares).enumerate() {
        seen += f64::from(count);
        expected += n * share;
        // What is left must make a class, too; else it joins this one.
        if expected >= 5.0 && (rest - expected >= 5.0 || dosage + 1 == dosages.len()) {
            statistic += (seen - expected).powi(2) / expected;
            classes += 1;
            rest -= expected;
            (seen, expected) = (0.0, 0.0);
        }
    }
    if expected > 0.0 {
        statistic += (seen - expected).powi(2) / expected;
        classes += 1;
    }
    if classes < 3 { 1.0 } else { chi_squared_tail(statistic, classes - 2) }
}

/// The probability of as many heterozygotes or more among n autopolyploids, each of which is one with the chance
/// 1 − pᴾ − qᴾ (times 1 − F) at the frequency seen: by the normal curve, corrected for continuity. It errs on the
/// safe side, since the frequency comes from the same samples.
pub fn excess(dosages: &[u32], inbreeding: f64) -> f64 {
    let Some(shares) = expected_shares(dosages, inbreeding) else { return 1.0 };
    let last = dosages.len() - 1;
    let n: f64 = dosages.iter().map(|&count| f64::from(count)).sum();
    let seen: f64 = dosages[1..last].iter().map(|&count| f64::from(count)).sum();
    let share: f64 = shares[1..last].iter().sum();
    let spread = (n * share * (1.0 - share)).sqrt();
    if spread <= 0.0 {
        return if seen > n * share + 0.5 { 0.0 } else { 1.0 };
    }
    normal_tail((seen - 0.5 - n * share) / spread)
}

/// Expected shares of the dosages 0 to the ploidy; `None` without samples.
fn expected_shares(dosages: &[u32], inbreeding: f64) -> Option<Vec<f64>> {
    let ploidy = dosages.len().saturating_sub(1);
    let n: f64 = dosages.iter().map(|&count| f64::from(count)).sum();
    let alternates: f64 = dosages.iter().zip(0u32..).map(|(&count, d)| f64::from(count) * f64::from(d)).sum();
    if n == 0.0 || ploidy == 0 {
        return None;
    }
    Some(shares(ploidy, alternates / (n * ploidy as f64), inbreeding))
}

/// Shares of the dosages 0 to the ploidy of an autopolyploid at a frequency: binomial, and F of the samples
/// homozygous.
pub fn shares(ploidy: usize, p: f64, inbreeding: f64) -> Vec<f64> {
    let f = inbreeding.clamp(0.0, 1.0);
    let mut choices = 1.0;
    let share = |dosage: usize| {
        let binomial = choices * p.powi(dosage as i32) * (1.0 - p).powi((ploidy - dosage) as i32);
        choices *= (ploidy - dosage) as f64 / (dosage + 1) as f64;
        let homozygous = match dosage {
            0 => 1.0 - p,
            d if d == ploidy => p,
            _ => 0.0,
        };
        (1.0 - f) * binomial + f * homozygous
    };
    (0..=ploidy).map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tetraploids_in_proportions_pass_and_others_do_not() {
        // 100 samples at frequency 1/2: 6.25, 25, 37.5, 25, 6.25.
        assert!(chi_squared(&[6, 25, 38, 25, 6], 0.0) > 0.9);
        assert!(chi_squared(&[50, 0, 0, 0, 50], 0.0) < 1e-20);
        assert!(chi_squared(&[50, 0, 0, 0, 50], 1.0) > 0.9);
        assert!(chi_squared(&[0, 0, 100, 0, 0], 0.0) < 1e-10);
        assert_eq!(chi_squared(&[99, 1, 0, 0, 0], 0.0), 1.0);
    }

    #[test]
    fn too_many_heterozygotes_are_seen_and_too_few_are_not() {
        assert!(excess(&[0, 0, 100, 0, 0], 0.0) < 0.01);
        assert!(excess(&[50, 0, 0, 0, 50], 0.0) > 0.99);
        assert!(excess(&[40, 10, 10, 10, 30], 0.9) < 1e-3);
        assert!((0.3..0.9).contains(&excess(&[6, 25, 38, 25, 6], 0.0)));
        assert_eq!(excess(&[0, 0, 0], 0.0), 1.0);
        assert!((shares(6, 0.3, 0.2).iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
