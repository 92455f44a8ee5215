//! What the likelihood of D′ says of a pair.

use crate::ld::haplotype::{HaplotypeFrequencies, known_haplotypes};

/// A pair by the 90% confidence interval of D′, in the order of Haploview's thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PairClass {
    /// The upper bound is below 0.90: there was recombination.
    Recombined,
    /// Says nothing: a variant is constant, or the upper bound is below 0.98.
    Open,
    /// Upper bound of 0.98 or more, lower bound below 0.51.
    Weak,
    /// The same, lower bound from 0.51.
    Fair,
    /// The same, lower bound of exactly 0.70: enough for the ends of a block, not for the count of its pairs.
    Edge,
    /// The same, lower bound above 0.70.
    Strong,
    /// The same, lower bound of 0.81 or more: enough for a block of two.
    Tight,
}

/// A likelihood that adds nothing to others, of which the largest is 1.
const NOTHING: f64 = 1e-18;
/// Least haplotype frequency, so that its logarithm exists.
const LEAST: f64 = 1e-10;

impl PairClass {
    /// The class of a table of genotypes, first by second dosage; `copies` is 1 for haploids.
    ///
    /// The likelihood of D′ = 0, 0.01 … 1 in the direction of the most likely D, at the allele frequencies seen, is
    /// normed to 1; the bounds leave out 5% on either side.
    pub fn of(table: &[[u64; 3]; 3], copies: u8) -> Self {
        let Some((found, has_one_peak)) = HaplotypeFrequencies::estimate_of_peaks(table) else {
            return Self::Open;
        };
        if found.r2().is_none() {
            return Self::Open;
        }
        let (mut known, open) = known_haplotypes(table);
        if copies == 1 {
            known = known.map(|count| count / 2.0);
        }
        let (mut p, mut q) = found.alternates();
        (p, q) = (1.0 - p, 1.0 - q);
        if found.d() < 0.0 {
            known = [known[1], known[0], known[3], known[2]];
            q = 1.0 - q;
        }
        let most = (p * (1.0 - q)).min((1.0 - p) * q);
        let log_likelihood = |percent: usize| {
            let first = p * q + percent as f64 * 0.01 * most;
            let shares = [first, p - first, q - first, 1.0 - p - q + first].map(|share| share.max(LEAST));
            let logs: f64 =
                known.iter().zip(shares).filter(|(n, _)| **n > 0.0).map(|(n, h)| n * h.ln()).sum();
            match open {
                0.0 => logs,
                open => logs + open * (shares[0] * shares[3] + shares[1] * shares[2]).ln(),
            }
        };
        if has_one_peak {
            let peak = (100.0 * found.d().abs() / most).round() as usize;
            return Self::of_one_peak(peak.min(100), log_likelihood);
        }
        let surface: [f64; 101] = std::array::from_fn(log_likelihood);
        let highest = surface.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self::of_surface(&surface.map(|value| (value - highest).exp()))
    }

    /// The class where the likelihood falls on either side of a peak: what lies so far from it that it adds nothing
    /// is not computed.
    fn of_one_peak(peak: usize, log_likelihood: impl Fn(usize) -> f64) -> Self {
        let top = log_likelihood(peak);
        // All from 0.89 up together are at most twelve times the value there.
        if peak < 89 && (log_likelihood(89) - top).exp() * 12.0 * 20.0 < 1.0 {
            return Self::Recombined;
        }
        let mut surface = [0.0; 101];
        surface[peak] = 1.0;
        let mut descend = |percents: &mut dyn Iterator<Item = usize>| {
            for percent in percents {
                surface[percent] = (log_likelihood(percent) - top).exp();
                if surface[percent] < NOTHING {
                    break;
                }
            }
        };
        descend(&mut (0..peak).rev());
        descend(&mut (peak + 1..=100));
        Self::of_surface(&surface)
    }

    fn of_surface(surface: &[f64; 101]) -> Self {
        let total: f64 = surface.iter().sum();
        let above = |percent: usize| surface[percent..].iter().rev().sum::<f64>();
        if 20.0 * above(89) <= total {
            return Self::Recombined;
        }
        if 20.0 * above(97) <= total {
            return Self::Open;
        }
        let rest = 0.95 * total;
        match () {
            () if above(82) > rest => Self::Tight,
            () if above(72) > rest => Self::Strong,
            () if above(71) > rest => Self::Edge,
            () if above(52) > rest => Self::Fair,
            () => Self::Weak,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_short_way_gives_what_the_whole_surface_gives(cells in prop::collection::vec(0u64..60, 9), heavy in 0usize..9) {
            let mut cells = cells;
            cells[heavy] *= 10;
            let table = [[cells[0], cells[1], cells[2]], [cells[3], cells[4], cells[5]], [cells[6], cells[7], cells[8]]];
            prop_assert_eq!(PairClass::of(&table, 2), PairClass::by_surface(&table));
        }
    }

    impl PairClass {
        /// From the whole surface, whatever its peaks.
        fn by_surface(table: &[[u64; 3]; 3]) -> Self {
            let Some(found) = HaplotypeFrequencies::estimate(table) else { return Self::Open };
            if found.r2().is_none() {
                return Self::Open;
            }
            let (known, open) = known_haplotypes(table);
            let ((p, q), sign) = (found.alternates(), if found.d() < 0.0 { -1.0 } else { 1.0 });
            let most = match sign {
                1.0 => (p * (1.0 - q)).min((1.0 - p) * q),
                _ => (p * q).min((1.0 - p) * (1.0 - q)),
            };
            let surface: [f64; 101] = std::array::from_fn(|percent| {
                let d = sign * percent as f64 * 0.01 * most;
                let h = [(1.0 - p) * (1.0 - q) + d, (1.0 - p) * q - d, p * (1.0 - q) - d, p * q + d];
                let h = h.map(|share| share.max(LEAST));
                let logs: f64 = known.iter().zip(h).filter(|(n, _)| **n > 0.0).map(|(n, h)| n * h.ln()).sum();
                logs + if open > 0.0 { open * (h[0] * h[3] + h[1] * h[2]).ln() } else { 0.0 }
            });
            let highest = surface.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            Self::of_surface(&surface.map(|value| (value - highest).exp()))
        }
    }

    #[test]
    fn clear_pairs_have_clear_classes() {
        assert_eq!(PairClass::of(&[[100, 0, 0], [0, 100, 0], [0, 0, 100]], 2), PairClass::Tight);
        assert_eq!(PairClass::of(&[[60, 0, 60], [0, 0, 0], [60, 0, 60]], 2), PairClass::Recombined);
        assert_eq!(PairClass::of(&[[2, 0, 0], [0, 0, 0], [0, 0, 1]], 2), PairClass::Weak);
        assert_eq!(PairClass::of(&[[9, 0, 0], [3, 0, 0], [0, 0, 0]], 2), PairClass::Open);
        // Haploids say half as much as homozygous diploids.
        assert_eq!(PairClass::of(&[[8, 0, 0], [0, 0, 0], [0, 0, 8]], 2), PairClass::Tight);
        assert!(PairClass::of(&[[8, 0, 0], [0, 0, 0], [0, 0, 8]], 1) < PairClass::Tight);
    }
}
