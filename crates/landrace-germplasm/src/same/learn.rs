//! The error rate, learnt from pairs that are one genotype.

/// What the nearest pairs of a collection show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NearZero {
    /// Share of the calls of one genotype that differ.
    pub share: f64,
    /// Pairs that show it, as the mixture weighs them.
    pub pairs: f64,
}

/// The rate of wrong calls where a share of the calls of one genotype differs: 2e(1 − e) is the share, for two wrong
/// calls seldom agree.
pub fn error_of_share(share: f64) -> f64 {
    (1.0 - (1.0 - 2.0 * share).max(0.0).sqrt()) / 2.0
}

/// Pairs that a mode must have to be believed.
const LEAST_PAIRS: f64 = 3.0;
/// How far the shares of duplicates spread beyond chance, as a share of their mean: samples err unequally.
const SPREAD: f64 = 0.3;

/// Finds the mode of near-zero shares among pairs, each given as (compared, different), by a mixture: duplicates, whose
/// shares are normal around one mean, and all other pairs, whose shares are even up to `upper`. Fitted by expectation
/// and maximisation from several starts, the likeliest is taken. `None` if fewer than three pairs make it up.
pub fn near_zero(pairs: &[(u32, u32)], upper: f64) -> Option<NearZero> {
    let shares: Vec<(f64, f64)> = pairs
        .iter()
        .filter(|pair| pair.0 > 0)
        .map(|&(compared, different)| (f64::from(different) / f64::from(compared), f64::from(compared)))
        .filter(|(share, _)| *share < upper)
        .collect();
    if shares.is_empty() {
        return None;
    }
    let starts = (0..12).map(|step| upper * 0.5f64.powi(step));
    let fits = starts.map(|start| fit(&shares, start, upper));
    let best = fits.reduce(|best, next| if next.1 > best.1 + 1e-9 { next } else { best })?;
    (best.0.pairs >= LEAST_PAIRS).then_some(best.0)
}

/// One fit from one start, and its log-likelihood.
fn fit(shares: &[(f64, f64)], start: f64, upper: f64) -> (NearZero, f64) {
    let (mut mean, mut weight, mut pairs, mut likelihood) = (start, 0.3, 0.0, f64::NEG_INFINITY);
    for _ in 0..60 {
        let (mut own, mut sum, mut total) = (0.0, 0.0, 0.0);
        for &(share, compared) in shares {
            let spread =
                mean * (1.0 - mean) / compared + (SPREAD * mean).powi(2) + 0.25 / (compared * compared);
            let near = weight * (-(share - mean).powi(2) / (2.0 * spread)).exp()
                / (std::f64::consts::TAU * spread).sqrt();
            let far = (1.0 - weight) / upper;
            own += near / (near + far);
            sum += near / (near + far) * share;
            total += (near + far).ln();
        }
        pairs = own;
        if own < 1e-9 || (total - likelihood).abs() < 1e-9 {
            likelihood = likelihood.max(total);
            break;
        }
        (mean, weight, likelihood) = (sum / own, (own / shares.len() as f64).min(1.0 - 1e-9), total);
    }
    (NearZero { share: mean, pairs }, likelihood)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_of_duplicates_is_found_beside_backcrosses() {
        let mut pairs: Vec<(u32, u32)> = (0..100).map(|i| (10_000, 180 + i % 40)).collect();
        pairs.extend((0..80).map(|i| (10_000, 250 + i * 10)));
        let found = near_zero(&pairs, 0.12).unwrap();
        assert!((found.share - 0.02).abs() < 0.002, "{found:?}");
        assert!((error_of_share(0.0198) - 0.01).abs() < 1e-9);
    }

    #[test]
    fn without_near_pairs_there_is_no_mode() {
        assert_eq!(near_zero(&[(1000, 300), (1000, 280)], 0.12), None);
        assert_eq!(near_zero(&[], 0.12), None);
        let same = vec![(500, 0); 10];
        assert!(near_zero(&same, 0.12).unwrap().share < 1e-6);
    }
}
