//! Pooled seeds: the share of foreign seeds from the reads of each allele, by maximum likelihood with an interval by
//! profile likelihood. Reads are beta-binomial: they vary more than a binomial does, by an overdispersion that is
//! estimated with the share.

use landrace_genotypes::GenotypeError;

use crate::binomial::ln_gamma;

/// Reads of a pool at one variant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoolSite {
    /// Reads of the allele that the variety lacks (of a hybrid: that its female parent has).
    pub marked: u64,
    /// All reads.
    pub reads: u64,
    /// Expected share of marked reads from a pure lot, before errors: 0 for a fixed variety, one half for a hybrid.
    pub pure: f64,
    /// Expected share of marked reads from foreign seeds alone.
    pub foreign: f64,
    /// Whether the marked allele is the reference.
    pub is_reference: bool,
}

/// What was estimated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoolEstimate {
    /// Variants with reads that tell something.
    pub sites: usize,
    /// Reads there.
    pub reads: u64,
    /// Share of foreign seeds.
    pub share: f64,
    /// Its interval.
    pub interval: [f64; 2],
    /// Overdispersion: the intraclass correlation of reads.
    pub overdispersion: f64,
    /// Reads of the reference allele for each of the other, where both are equally there.
    pub bias: f64,
    /// Chance that a read shows the other allele by error.
    pub read_error: f64,
}

/// How a pool is read.
#[derive(Clone, Copy, Debug)]
pub struct PoolOptions {
    /// Chance that a read shows the other allele by error.
    pub read_error: f64,
    /// Two-sided confidence of the interval.
    pub confidence: f64,
    /// Variants with reads, at least.
    pub min_sites: usize,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self { read_error: 0.002, confidence: 0.95, min_sites: 5 }
    }
}

/// ln of the beta-binomial chance of `k` of `n`, without the binomial coefficient, which no parameter changes.
fn log_chance(k: u64, n: u64, mean: f64, overdispersion: f64) -> f64 {
    let mean = mean.clamp(1e-9, 1.0 - 1e-9);
    let (k, n) = (k as f64, n as f64);
    if overdispersion < 1e-6 {
        return k * mean.ln() + (n - k) * (-mean).ln_1p();
    }
    let size = (1.0 - overdispersion) / overdispersion;
    let (a, b) = (mean * size, (1.0 - mean) * size);
    ln_gamma(k + a) - ln_gamma(a) + ln_gamma(n - k + b) - ln_gamma(b) - ln_gamma(n + size) + ln_gamma(size)
}

impl PoolSite {
    /// Expected share of marked reads.
    fn mean(&self, share: f64, bias: f64, error: f64) -> f64 {
        let there = self.pure + share * (self.foreign - self.pure);
        let read = there + (1.0 - 2.0 * there) * error;
        let odds = if self.is_reference { bias } else { 1.0 / bias };
        read * odds / (read * odds + 1.0 - read)
    }
}

/// The likelihood of a pool at a share, at the best other parameters.
struct Pool<'a> {
    sites: &'a [PoolSite],
    error: f64,
    /// Whether the bias can be told from the share: only where the marked allele is now the reference, now the other.
    has_bias: bool,
}

impl Pool<'_> {
    fn likelihood(&self, share: f64, overdispersion: f64, bias: f64) -> f64 {
        self.sites
            .iter()
            .map(|site| {
                log_chance(site.marked, site.reads, site.mean(share, bias, self.error), overdispersion)
            })
            .sum()
    }

    /// The best overdispersion and bias at a share, and the likelihood there.
    fn profile(&self, share: f64) -> (f64, f64, f64) {
        let at_bias = |log_bias: f64| {
            // On a scale on which small overdispersions are told apart.
            let best = peak((-14.0, -0.7), 0.02, |log| self.likelihood(share, log.exp(), log_bias.exp()));
            let (over, likelihood) = (best.0.exp(), best.1);
            let none = self.likelihood(share, 0.0, log_bias.exp());
            if none >= likelihood { (0.0, none) } else { (over, likelihood) }
        };
        if !self.has_bias {
            let (over, likelihood) = at_bias(0.0);
            return (likelihood, over, 1.0);
        }
        let (log_bias, likelihood) = peak((-1.5, 1.5), 0.002, |log_bias| at_bias(log_bias).1);
        (likelihood, at_bias(log_bias).0, log_bias.exp())
    }
}

/// Where a function of one peak is highest, by golden section, and how high.
fn peak((low, high): (f64, f64), tolerance: f64, height: impl Fn(f64) -> f64) -> (f64, f64) {
    const GOLDEN: f64 = 0.618_033_988_749_894_8;
    let (mut low, mut high) = (low, high);
    let (mut a, mut b) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
    let (mut at_a, mut at_b) = (height(a), height(b));
    for _ in 0..60 {
        if at_a >= at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - GOLDEN * (high - low);
            at_a = height(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + GOLDEN * (high - low);
            at_b = height(b);
        }
        if high - low < tolerance {
            break;
        }
    }
    let middle = 0.5 * (low + high);
    (middle, height(middle))
}

/// Half of the chi-squared quantile of one degree of freedom: how far the logarithm may fall within the interval.
fn allowed_fall(confidence: f64) -> f64 {
    use landrace_genotypes::significance::normal_tail;
    let z = crate::binomial::root(|x| {
        let z = x * 10.0;
        (1.0 - 2.0 * normal_tail(z)) - confidence
    }) * 10.0;
    z * z / 2.0
}

/// Estimates the share of foreign seeds of a pool.
///
/// # Errors
/// Returns an error if too few variants with reads tell foreign seeds from the variety.
pub fn estimate(sites: &[PoolSite], options: &PoolOptions) -> Result<PoolEstimate, GenotypeError> {
    let telling: Vec<PoolSite> = sites
        .iter()
        .filter(|site| site.reads > 0 && (site.foreign - site.pure).abs() > 1e-9)
        .copied()
        .collect();
    if telling.len() < options.min_sites {
        return Err(GenotypeError::Request(format!(
            "{} variants with reads tell foreign seeds from the variety, and {} are needed; type more markers, or allow \
             fewer with --min-markers",
            telling.len(),
            options.min_sites
        )));
    }
    let references = telling.iter().filter(|site| site.is_reference).count();
    let is_balanced = references >= 3 && telling.len() - references >= 3;
    let is_mixed = telling.iter().any(|site| site.pure > 0.0 && site.pure < 1.0);
    let pool = Pool { sites: &telling, error: options.read_error, has_bias: is_balanced && is_mixed };
    let height = |share: f64| pool.profile(share).0;
    // The square root spreads small shares; a coarse look first, for the peak may lie at an end.
    let shares: Vec<f64> = (0..=24).map(|step| (f64::from(step) / 24.0).powi(2)).collect();
    let heights: Vec<f64> = shares.iter().map(|&share| height(share)).collect();
    let top = (0..shares.len()).fold(0, |best, at| if heights[at] > heights[best] { at } else { best });
    let (low, high) = (shares[top.saturating_sub(1)], shares[(top + 1).min(shares.len() - 1)]);
    let mut share = peak((low, high), 1e-5, height);
    for end in [0, shares.len() - 1] {
        if heights[end] >= share.1 {
            share = (shares[end], heights[end]);
        }
    }
    let (best, overdispersion, bias) = pool.profile(share.0);
    let least = best - allowed_fall(options.confidence);
    let side = |from: f64, to: f64| {
        if height(to) >= least {
            return to;
        }
        let (mut inside, mut outside) = (from, to);
        for _ in 0..18 {
            let middle = 0.5 * (inside + outside);
            if height(middle) >= least { inside = middle } else { outside = middle }
        }
        0.5 * (inside + outside)
    };
    Ok(PoolEstimate {
        sites: telling.len(),
        reads: telling.iter().map(|site| site.reads).sum(),
        share: share.0,
        interval: [side(share.0, 0.0), side(share.0, 1.0)],
        overdispersion,
        bias,
        read_error: options.read_error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parentage::tests::Random;

    /// Pools of a variety with a share of foreign seeds, read with overdispersion.
    fn pool(random: &mut Random, share: f64, pure: f64, foreign: f64, bias: f64) -> Vec<PoolSite> {
        (0..60)
            .map(|at| {
                let is_reference = at % 2 == 0;
                let site = PoolSite { marked: 0, reads: 400, pure, foreign, is_reference };
                let mean = site.mean(share, bias, 0.002);
                let own = random.beta(mean * 199.0, (1.0 - mean) * 199.0);
                let marked = (0..site.reads).filter(|_| random.unit() < own).count() as u64;
                PoolSite { marked, ..site }
            })
            .collect()
    }

    #[test]
    fn shares_lie_in_their_intervals() {
        let mut random = Random::new(11);
        for (pure, foreign, bias) in [(0.0, 1.0, 1.0), (0.5, 1.0, 1.3)] {
            for truth in [0.0, 0.02, 0.1] {
                let mut covered = 0;
                for _ in 0..8 {
                    let sites = pool(&mut random, truth, pure, foreign, bias);
                    let own = estimate(&sites, &PoolOptions::default()).unwrap();
                    assert!((own.share - truth).abs() < 0.04, "{own:?}");
                    covered +=
                        usize::from(own.interval[0] <= truth + 1e-6 && truth <= own.interval[1] + 1e-6);
                }
                assert!(covered >= 6, "{pure} {truth}: {covered} of 8");
            }
        }
    }

    #[test]
    fn falls_are_those_of_the_chi_squared_table() {
        assert!((2.0 * allowed_fall(0.95) - 3.841_459).abs() < 1e-4);
        let few = [PoolSite { marked: 0, reads: 9, pure: 0.0, foreign: 1.0, is_reference: true }; 2];
        assert!(estimate(&few, &PoolOptions::default()).unwrap_err().to_string().contains("5 are needed"));
    }
}
