//! Hardy-Weinberg tests at any ploidy, with inbreeding taken for granted where it is known: exact for diploids,
//! chi-squared above.

use crate::block::SiteCounts;

/// P-value of the test of a variant: of the samples of each ploidy above 1 by itself; with several ploidies, the
/// smallest times their number (Bonferroni). 1 without such samples.
///
/// Multi-allelic variants are tested as reference against the rest.
pub fn p_value(counts: &SiteCounts, inbreeding: f64) -> f64 {
    let tested = counts.dosages.iter().filter(|(ploidy, _)| *ploidy > 1);
    let values: Vec<f64> = tested
        .map(|(ploidy, dosages)| match (ploidy, dosages.as_slice()) {
            (2, &[a, b, c]) => exact(a.into(), b.into(), c.into(), inbreeding),
            _ => chi_squared(dosages, inbreeding),
        })
        .collect();
    values.iter().fold(1.0f64, |least, &p| least.min(p * values.len() as f64))
}

/// Chi-squared test of the dosage classes of an autopolyploid against binomial shares at the frequency seen, or,
/// with an inbreeding coefficient F, against (1 − F) of those and F of the two homozygotes. Neighbouring classes
/// are pooled until five samples are expected in each; with fewer than three pooled classes nothing can be tested
/// and the p-value is 1. Double reduction is not modelled.
pub fn chi_squared(dosages: &[u32], inbreeding: f64) -> f64 {
    let ploidy = dosages.len().saturating_sub(1);
    let n: f64 = dosages.iter().map(|&count| f64::from(count)).sum();
    let alternates: f64 = dosages.iter().zip(0u32..).map(|(&count, d)| f64::from(count) * f64::from(d)).sum();
    if n == 0.0 || ploidy == 0 {
        return 1.0;
    }
    let (p, f) = (alternates / (n * ploidy as f64), inbreeding.clamp(0.0, 1.0));
    let mut choices = 1.0;
    let (mut statistic, mut classes) = (0.0, 0);
    let (mut seen, mut expected, mut rest) = (0.0, 0.0, n);
    for (dosage, &count) in dosages.iter().enumerate() {
        let binomial = choices * p.powi(dosage as i32) * (1.0 - p).powi((ploidy - dosage) as i32);
        choices *= (ploidy - dosage) as f64 / (dosage + 1) as f64;
        let homozygous = match dosage {
            0 => 1.0 - p,
            d if d == ploidy => p,
            _ => 0.0,
        };
        seen += f64::from(count);
        expected += n * ((1.0 - f) * binomial + f * homozygous);
        // What is left must make a class, too; else it joins this one.
        if expected >= 5.0 && (rest - expected >= 5.0 || dosage == ploidy) {
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
    if classes < 3 { 1.0 } else { upper_gamma(f64::from(classes - 2) / 2.0, statistic / 2.0) }
}

/// The regularised upper incomplete gamma function Q(a, x) for half-integer a, by Q(a + 1, x) = Q(a, x) +
/// xᵃ e⁻ˣ / Γ(a + 1) from Q(1/2, x) = erfc(√x) or Q(1, x) = e⁻ˣ.
fn upper_gamma(a: f64, x: f64) -> f64 {
    let is_whole = a.fract() == 0.0;
    let (mut q, mut at, mut gamma) =
        if is_whole { ((-x).exp(), 1.0, 1.0) } else { (erfc(x.sqrt()), 0.5, std::f64::consts::PI.sqrt()) };
    while at < a - 0.25 {
        gamma *= at;
        q += x.powf(at) * (-x).exp() / gamma;
        at += 1.0;
    }
    q.clamp(0.0, 1.0)
}

/// The complementary error function: its series near 0, its continued fraction beyond.
fn erfc(x: f64) -> f64 {
    let scale = std::f64::consts::PI.sqrt();
    if x < 2.0 {
        let (mut term, mut sum) = (x, x);
        for k in 1..200 {
            term *= -x * x / f64::from(k);
            sum += term / f64::from(2 * k + 1);
        }
        return 1.0 - 2.0 * sum / scale;
    }
    let fraction = (1..60).rev().fold(x, |rest, k| x + f64::from(k) / 2.0 / rest);
    (-x * x).exp() / (fraction * scale)
}

/// Exact test of the number of heterozygotes given the allele counts (Wigginton, Cutler and Abecasis 2005). With
/// an inbreeding coefficient F, genotypes are expected at p² + Fpq, 2pq(1 − F) and q² + Fpq instead, p being the
/// frequency seen; the distribution of heterozygotes then has the odds θ = P(het)² / (P(hom) P(hom')) in place of
/// 4 (Rohlfs and Weir 2008). The p-value is the probability of all counts that are no likelier than the one seen.
pub fn exact(homozygous: u64, heterozygous: u64, other_homozygous: u64, inbreeding: f64) -> f64 {
    let n = homozygous + heterozygous + other_homozygous;
    let rare = 2 * homozygous.min(other_homozygous) + heterozygous;
    if n == 0 || rare == 0 {
        return 1.0;
    }
    let q = rare as f64 / (2 * n) as f64;
    let (p, f) = (1.0 - q, inbreeding.clamp(0.0, 1.0));
    let theta = (2.0 * p * q * (1.0 - f)).powi(2) / ((p * p + f * p * q) * (q * q + f * p * q));
    if theta == 0.0 {
        return if heterozygous == 0 { 1.0 } else { 0.0 };
    }
    // Relative probabilities outwards from the likeliest count, so that nothing overflows.
    let ratio_up = |het: u64| {
        let (rare_hom, common_hom) = ((rare - het) / 2, n - het - (rare - het) / 2);
        theta * rare_hom as f64 * common_hom as f64 / ((het + 2) as f64 * (het + 1) as f64)
    };
    let most = rare.min(2 * n - rare);
    let mut likeliest = rare % 2;
    while likeliest + 2 <= most && ratio_up(likeliest) > 1.0 {
        likeliest += 2;
    }
    let mut weights = vec![(likeliest, 1.0f64)];
    let mut weight = 1.0;
    for het in (likeliest..most).step_by(2).take_while(|het| het + 2 <= most) {
        weight *= ratio_up(het);
        weights.push((het + 2, weight));
    }
    weight = 1.0;
    let mut het = likeliest;
    while het >= 2 {
        het -= 2;
        weight /= ratio_up(het);
        weights.push((het, weight));
    }
    let total: f64 = weights.iter().map(|pair| pair.1).sum();
    let seen = weights.iter().find(|pair| pair.0 == heterozygous).map_or(0.0, |pair| pair.1);
    // Counts that are equally likely but for rounding belong to the tail.
    let tail: f64 = weights.iter().map(|pair| pair.1).filter(|&weight| weight <= seen * (1.0 + 1e-9)).sum();
    (tail / total).min(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All tables with the same allele counts, by factorials.
    fn by_enumeration(a: u64, h: u64, b: u64) -> f64 {
        let (n, rare) = (a + h + b, 2 * a + h);
        let log_factorial = |n: u64| (1..=n).map(|i| (i as f64).ln()).sum::<f64>();
        let weight = |het: u64| {
            let (hom, other) = ((rare - het) / 2, n - het - (rare - het) / 2);
            (het as f64 * 2f64.ln() - log_factorial(hom) - log_factorial(het) - log_factorial(other)).exp()
        };
        let all: Vec<u64> = (0..=rare.min(2 * n - rare)).filter(|het| (rare - het) % 2 == 0).collect();
        let total: f64 = all.iter().map(|&het| weight(het)).sum();
        all.iter().map(|&het| weight(het)).filter(|&w| w <= weight(h) * (1.0 + 1e-9)).sum::<f64>() / total
    }

    #[test]
    fn known_values() {
        // 57 heterozygotes, 14 and 50 homozygotes: near proportions.
        assert!((exact(14, 57, 50, 0.0) - 0.8422797).abs() < 1e-6);
        assert!(exact(50, 0, 50, 0.0) < 1e-20);
        assert_eq!(exact(50, 0, 50, 1.0), 1.0);
        assert_eq!(exact(50, 1, 50, 1.0), 0.0);
        assert!(exact(45, 10, 45, 0.8) > 0.5);
    }

    #[test]
    fn chi_squared_tails_are_those_of_tables() {
        // 5 % points of 1, 2, 3 and 4 degrees of freedom.
        for (degrees, point) in [(1.0, 3.841_459), (2.0, 5.991_465), (3.0, 7.814_728), (4.0, 9.487_729)] {
            assert!((upper_gamma(degrees / 2.0, point / 2.0) - 0.05).abs() < 1e-6, "{degrees}");
        }
        assert!(
            (erfc(0.5) - 0.479_500_122_2).abs() < 1e-9 && (erfc(3.0) / 2.209_049_7e-5 - 1.0).abs() < 1e-6
        );
    }

    #[test]
    fn tetraploids_in_proportions_pass_and_others_do_not() {
        // 100 samples at frequency 1/2: 6.25, 25, 37.5, 25, 6.25.
        assert!(chi_squared(&[6, 25, 38, 25, 6], 0.0) > 0.9);
        assert!(chi_squared(&[50, 0, 0, 0, 50], 0.0) < 1e-20);
        assert!(chi_squared(&[50, 0, 0, 0, 50], 1.0) > 0.9);
        assert!(chi_squared(&[0, 0, 100, 0, 0], 0.0) < 1e-10);
        assert_eq!(chi_squared(&[99, 1, 0, 0, 0], 0.0), 1.0);
        let counts = SiteCounts {
            dosages: vec![(4, vec![50, 0, 0, 0, 50]), (2, vec![1, 2, 1])],
            ..Default::default()
        };
        assert!(p_value(&counts, 0.0) < 1e-19);
    }

    proptest! {
        #[test]
        fn equals_enumeration(a in 0u64..40, h in 0u64..40, b in 0u64..40) {
            prop_assume!(a + h + b > 0);
            let expected = by_enumeration(a, h, b);
            prop_assert!((exact(a, h, b, 0.0) - expected).abs() < 1e-9);
            prop_assert!((exact(b, h, a, 0.0) - expected).abs() < 1e-9);
        }
    }
}
