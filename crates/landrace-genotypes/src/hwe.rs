//! Hardy-Weinberg tests: exact for diploids, with inbreeding taken for granted where it is known.

use crate::block::SiteCounts;

/// P-value of the test over the diploid calls; with calls of other ploidies alone, 1.
///
/// Multi-allelic variants are tested as reference against the rest.
pub fn p_value(counts: &SiteCounts, inbreeding: f64) -> f64 {
    let diploid = counts.dosages.iter().find(|(ploidy, _)| *ploidy == 2);
    diploid.map_or(1.0, |(_, dosages)| {
        exact(dosages[0].into(), dosages[1].into(), dosages[2].into(), inbreeding)
    })
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
