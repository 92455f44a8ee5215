//! The decay of r² with distance that drift and recombination lead to (Hill and Weir 1988), and its fit.

/// The expected r² at ρ = 4Nₑc (c the recombination fraction) among n gametes:
/// (10 + ρ) / ((2 + ρ)(11 + ρ)) · [1 + (3 + ρ)(12 + 12ρ + ρ²) / (n (2 + ρ)(11 + ρ))].
pub fn expected_r2(rho: f64, n: f64) -> f64 {
    let base = (2.0 + rho) * (11.0 + rho);
    (10.0 + rho) / base * (1.0 + (3.0 + rho) * (12.0 + 12.0 * rho + rho * rho) / (n * base))
}

/// A mean of r² over pairs of nearly one distance.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MeanAt {
    /// Pairs.
    pub pairs: f64,
    /// Mean distance.
    pub distance: f64,
    /// Mean r².
    pub r2: f64,
}

/// A fitted curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decay {
    /// ρ a base.
    pub rho: f64,
    /// The number of gametes that it was fitted with.
    pub n: f64,
    /// Root of the mean squared distance of the means from the curve, pairs counted each.
    pub misfit: f64,
}

/// Bounds of log₁₀ ρ a base, and steps of the first search.
const LOWEST: f64 = -12.0;
const HIGHEST: f64 = 2.0;
const STEPS: u32 = 280;

impl Decay {
    /// Least squares over the means, each as heavy as its pairs: first on a grid of ρ from 10⁻¹² to 10² a base, twenty
    /// steps to each power of ten, then by golden section around the best. It takes no start and cannot diverge.
    /// `None` with fewer than three means.
    pub fn fit(means: &[MeanAt], n: f64) -> Option<Self> {
        let means: Vec<&MeanAt> = means.iter().filter(|mean| mean.pairs > 0.0).collect();
        if means.len() < 3 || n <= 0.0 {
            return None;
        }
        let squares = |log: f64| -> f64 {
            let rho = 10f64.powf(log);
            means
                .iter()
                .map(|mean| mean.pairs * (mean.r2 - expected_r2(rho * mean.distance, n)).powi(2))
                .sum()
        };
        let width = (HIGHEST - LOWEST) / f64::from(STEPS);
        let grid = (0..=STEPS).map(|step| LOWEST + f64::from(step) * width);
        let best = grid
            .map(|log| (squares(log), log))
            .fold((f64::INFINITY, LOWEST), |best, own| if own.0 < best.0 { own } else { best });
        let log = golden_section(squares, best.1 - width, best.1 + width);
        let pairs: f64 = means.iter().map(|mean| mean.pairs).sum();
        Some(Self { rho: 10f64.powf(log), n, misfit: (squares(log) / pairs).sqrt() })
    }

    /// The curve at a distance in bases.
    pub fn at(&self, distance: f64) -> f64 {
        expected_r2(self.rho * distance, self.n)
    }

    /// The distance in bases at which the curve falls to `r2`; `None` if it starts below or never gets there.
    pub fn distance_of(&self, r2: f64) -> Option<f64> {
        if r2 >= expected_r2(0.0, self.n) {
            return None;
        }
        let (mut low, mut high) = (0.0, 1.0);
        while expected_r2(high, self.n) > r2 {
            high *= 2.0;
            if high > 1e12 {
                return None;
            }
        }
        for _ in 0..100 {
            let middle = 0.5 * (low + high);
            if expected_r2(middle, self.n) > r2 { low = middle } else { high = middle }
        }
        Some(high / self.rho)
    }

    /// The distance at which half of what the curve has at distance 0 is left.
    pub fn half_distance(&self) -> Option<f64> {
        self.distance_of(0.5 * expected_r2(0.0, self.n))
    }
}

/// A length in bases, rounded to whole ones.
pub fn whole_bases(length: f64) -> u64 {
    length.round() as u64
}

fn golden_section(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let share = (5f64.sqrt() - 1.0) / 2.0;
    let (mut a, mut b) = (high - share * (high - low), low + share * (high - low));
    let (mut fa, mut fb) = (f(a), f(b));
    for _ in 0..60 {
        if fa <= fb {
            (high, b, fb) = (b, a, fa);
            a = high - share * (high - low);
            fa = f(a);
        } else {
            (low, a, fa) = (a, b, fb);
            b = low + share * (high - low);
            fb = f(b);
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_found_again() {
        for (rho, n) in [(1e-6, 80.0), (3e-4, 400.0), (0.02, 4000.0)] {
            let mean = |k: u32| {
                let distance = 1.0 / rho * 10f64.powf(f64::from(k) / 10.0 - 2.0);
                MeanAt { pairs: f64::from(k % 7 + 1), distance, r2: expected_r2(rho * distance, n) }
            };
            let means: Vec<MeanAt> = (0..40).map(mean).collect();
            let fit = Decay::fit(&means, n).unwrap();
            assert!((fit.rho / rho - 1.0).abs() < 1e-5, "{fit:?}");
            let half = fit.half_distance().unwrap();
            assert!((fit.at(half) - 0.5 * fit.at(0.0)).abs() < 1e-9);
            assert!((fit.at(fit.distance_of(0.2).unwrap()) - 0.2).abs() < 1e-9);
            assert_eq!(fit.distance_of(0.9), None);
            assert_eq!(fit.distance_of(0.5 / n), None);
        }
        assert_eq!(Decay::fit(&[MeanAt::default(); 9], 10.0), None);
    }

    #[test]
    fn limits_are_those_of_the_formula() {
        assert!((expected_r2(0.0, 1e12) - 10.0 / 22.0).abs() < 1e-9);
        assert!((expected_r2(1e9, 50.0) - 1.0 / 50.0).abs() < 1e-6);
    }
}
