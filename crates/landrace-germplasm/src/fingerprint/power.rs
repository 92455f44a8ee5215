//! What errors and missing calls leave of the differences, and how rare a barcode is.

/// Natural logarithm of n!, by Stirling's series from 16 on.
fn ln_factorial(n: u32) -> f64 {
    if n < 16 {
        return (2..=n).map(|k| f64::from(k).ln()).sum();
    }
    let x = f64::from(n) + 1.0;
    let series = 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)) + 1.0 / (1260.0 * x.powi(5));
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series
}

/// Natural logarithm of n over k.
pub(super) fn ln_choose(n: u32, k: u32) -> f64 {
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

/// Probability of `k` or more of `n` at probability `p` each.
pub fn binomial_tail(n: u32, p: f64, k: u32) -> f64 {
    if k == 0 {
        return 1.0;
    }
    if k > n || p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    let odds = p / (1.0 - p);
    let first = (ln_choose(n, k) + f64::from(k) * p.ln() + f64::from(n - k) * (1.0 - p).ln()).exp();
    let (mut sum, mut term) = (first, first);
    for x in k..n {
        term *= f64::from(n - x) / f64::from(x + 1) * odds;
        sum += term;
        if term < sum * 1e-17 {
            break;
        }
    }
    sum.min(1.0)
}

/// What may happen to a call when a sample is typed anew.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Typing {
    /// Probability that a call is wrong. A wrong call is taken to be the other accession's, which is the worst case.
    pub error: f64,
    /// Probability that a call is missing.
    pub missing: f64,
}

impl Typing {
    /// Probability that two samples of accessions that differ at `k` markers look equal: at each of those markers one
    /// of the two calls is missing, or wrong.
    pub fn looks_equal(self, k: u32) -> f64 {
        let both = (1.0 - self.missing).powi(2);
        let equal = 1.0 - (1.0 - self.error).powi(2);
        (1.0 - both + both * equal).powi(i32::try_from(k).unwrap_or(i32::MAX))
    }

    /// Probability that a sample typed anew is as near to the other accession's stored barcode as to its own, or
    /// nearer, where the two barcodes differ at `k` markers: as many of its calls there are wrong as are right.
    pub fn confused(self, k: u32) -> f64 {
        let (e, m) = (self.error, self.missing);
        let right = (1.0 - e) * (1.0 - m);
        let wrong = e * (1.0 - m);
        let power = |base: f64, times: u32| {
            if times == 0 { 1.0 } else { base.powi(i32::try_from(times).unwrap_or(i32::MAX)) }
        };
        let mut sum = 0.0;
        for wrongs in 0..=k {
            for rights in 0..=wrongs.min(k - wrongs) {
                let ways = (ln_choose(k, wrongs) + ln_choose(k - wrongs, rights)).exp();
                sum += ways * power(wrong, wrongs) * power(right, rights) * power(m, k - wrongs - rights);
            }
        }
        sum.min(1.0)
    }

    /// The fewest differences at which a sample is confused with probability `alpha` at most; `None` above 200.
    pub fn differences_for(self, alpha: f64) -> Option<u32> {
        (1..=200).find(|&k| self.confused(k) <= alpha)
    }
}

/// What is known of a marker's alleles in the collection.
#[derive(Clone, Debug, PartialEq)]
pub struct AlleleFrequencies {
    /// Frequency of each allele; they add up to 1.
    pub frequencies: Vec<f64>,
    /// Copies of each chromosome.
    pub ploidy: u8,
}

impl AlleleFrequencies {
    /// 1 − Σ p².
    pub fn diversity(&self) -> f64 {
        1.0 - self.frequencies.iter().map(|p| p * p).sum::<f64>()
    }

    /// Polymorphism information content (Botstein and others 1980): 1 − Σ pᵢ² − Σᵢ<ⱼ 2 pᵢ² pⱼ².
    pub fn pic(&self) -> f64 {
        let squares: f64 = self.frequencies.iter().map(|p| p * p).sum();
        let fourths: f64 = self.frequencies.iter().map(|p| p.powi(4)).sum();
        // Σᵢ<ⱼ 2 pᵢ² pⱼ² is the square of Σ p² less Σ p⁴.
        1.0 - squares - (squares * squares - fourths)
    }

    /// Probability of identity: that two unrelated plants of inbreeding F have the same genotype (Paetkau and Strobeck
    /// 1994; Waits and others 2001, for F = 0 and diploids: Σ pᵢ⁴ + Σᵢ<ⱼ (2 pᵢ pⱼ)²). With probability F both alleles,
    /// or all of a polyploid, are copies of one.
    pub fn identity(&self, inbreeding: f64) -> f64 {
        self.genotypes(inbreeding).map(|share| share * share).sum()
    }

    /// Probability that full sibs of unrelated, outbred parents have the same genotype (Waits and others 2001); `None`
    /// for other than diploids: ¼ + ½ Σp² + ½ (Σp²)² − ¼ Σp⁴.
    pub fn sib_identity(&self) -> Option<f64> {
        let squares: f64 = self.frequencies.iter().map(|p| p * p).sum();
        let fourths: f64 = self.frequencies.iter().map(|p| p.powi(4)).sum();
        (self.ploidy == 2).then_some(0.25 + 0.5 * squares + 0.5 * squares * squares - 0.25 * fourths)
    }

    /// Shares of all genotypes.
    fn genotypes(&self, inbreeding: f64) -> impl Iterator<Item = f64> {
        let mut shares = Vec::new();
        let mut counts = vec![0u8; self.frequencies.len()];
        self.each_genotype((0, self.ploidy), &mut counts, &mut |counts: &[u8]| {
            let mut share = (1.0 - inbreeding) * self.outbred(counts);
            if let Some(allele) = counts.iter().position(|&count| count == self.ploidy) {
                share += inbreeding * self.frequencies[allele];
            }
            shares.push(share);
        });
        shares.into_iter()
    }

    fn each_genotype(&self, (from, left): (usize, u8), counts: &mut [u8], see: &mut impl FnMut(&[u8])) {
        if from + 1 >= counts.len() {
            if let Some(last) = counts.last_mut() {
                *last = left;
            }
            return see(counts);
        }
        for count in 0..=left {
            counts[from] = count;
            self.each_genotype((from + 1, left - count), counts, see);
        }
        counts[from] = 0;
    }

    /// Share of a genotype under random mating.
    fn outbred(&self, counts: &[u8]) -> f64 {
        let all: u32 = counts.iter().map(|&count| u32::from(count)).sum();
        let ways =
            counts.iter().fold(ln_factorial(all), |sum, &count| sum - ln_factorial(u32::from(count))).exp();
        let each = self.frequencies.iter().zip(counts).map(|(p, &count)| p.powi(i32::from(count)));
        ways * each.product::<f64>()
    }

    /// Probability that another plant of the population has this genotype (how often each allele occurs in it), given
    /// that one has it: Balding and Nichols 1994 for outbred plants with coancestry θ, at any ploidy, and with
    /// probability F the one allele that an inbred plant has.
    pub fn match_probability(&self, counts: &[u8], inbreeding: f64, theta: f64) -> f64 {
        let all: u32 = counts.iter().map(|&count| u32::from(count)).sum();
        let mut share =
            counts.iter().fold(ln_factorial(all), |sum, &count| sum - ln_factorial(u32::from(count))).exp();
        let mut drawn = 0.0;
        for (p, &count) in self.frequencies.iter().zip(counts) {
            for copy in 0..count {
                // The alleles seen already are the first plant's, and those drawn so far.
                let seen = f64::from(count) + f64::from(copy);
                share *= (seen * theta + (1.0 - theta) * p) / (1.0 + (f64::from(all) + drawn - 1.0) * theta);
                drawn += 1.0;
            }
        }
        let inbred = match counts.iter().position(|&count| u32::from(count) == all) {
            Some(allele) => theta + (1.0 - theta) * self.frequencies[allele],
            None => 0.0,
        };
        (1.0 - inbreeding) * share + inbreeding * inbred
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_the_binomial() {
        assert!((binomial_tail(3, 0.1, 2) - 0.028).abs() < 1e-12);
        assert!((binomial_tail(20, 0.0198, 3) - 0.006_863).abs() < 2e-4);
        assert!((binomial_tail(50_000, 0.02, 1000) - 0.5).abs() < 0.02);
        assert_eq!((binomial_tail(5, 0.2, 0), binomial_tail(5, 0.2, 6)), (1.0, 0.0));
    }

    #[test]
    fn confusion_needs_as_many_wrong_calls_as_right_ones() {
        let typing = Typing { error: 0.1, missing: 0.0 };
        // Three differences: two wrong or three.
        assert!((typing.confused(3) - 0.028).abs() < 1e-12);
        assert!((typing.confused(1) - 0.1).abs() < 1e-12);
        // With missing calls alone all must be missing.
        assert!((Typing { error: 0.0, missing: 0.2 }.confused(2) - 0.04).abs() < 1e-12);
        assert_eq!(Typing { error: 0.0, missing: 0.0 }.confused(1), 0.0);
        assert!((typing.looks_equal(2) - 0.19f64.powi(2)).abs() < 1e-12);
        assert_eq!(typing.differences_for(0.03), Some(3));
        assert_eq!(Typing { error: 0.6, missing: 0.0 }.differences_for(0.001), None);
    }

    #[test]
    fn identity_is_that_of_the_formulas() {
        let own = AlleleFrequencies { frequencies: vec![0.2, 0.3, 0.5], ploidy: 2 };
        let p: [f64; 3] = [0.2, 0.3, 0.5];
        let mut expected: f64 = p.iter().map(|p| p.powi(4)).sum();
        for (i, j) in [(0, 1), (0, 2), (1, 2)] {
            expected += (2.0 * p[i] * p[j]).powi(2);
        }
        assert!((own.identity(0.0) - expected).abs() < 1e-12);
        assert!((own.identity(1.0) - 0.38).abs() < 1e-12);
        let half = AlleleFrequencies { frequencies: vec![0.5, 0.5], ploidy: 2 };
        assert!((half.identity(0.0) - 0.375).abs() < 1e-12);
        assert!((half.sib_identity().unwrap() - 0.593_75).abs() < 1e-12);
        assert!((half.pic() - 0.375).abs() < 1e-12);
    }

    #[test]
    fn match_probabilities_are_those_of_balding_and_nichols() {
        let (p, q, t) = (0.3, 0.7, 0.03);
        let own = AlleleFrequencies { frequencies: vec![p, q], ploidy: 2 };
        let hom = (2.0 * t + (1.0 - t) * p) * (3.0 * t + (1.0 - t) * p) / ((1.0 + t) * (1.0 + 2.0 * t));
        let het = 2.0 * (t + (1.0 - t) * p) * (t + (1.0 - t) * q) / ((1.0 + t) * (1.0 + 2.0 * t));
        assert!((own.match_probability(&[2, 0], 0.0, t) - hom).abs() < 1e-12);
        assert!((own.match_probability(&[1, 1], 0.0, t) - het).abs() < 1e-12);
        assert!((own.match_probability(&[0, 2], 0.0, 0.0) - 0.49).abs() < 1e-12);
        assert!((own.match_probability(&[0, 2], 1.0, 0.0) - 0.7).abs() < 1e-12);
    }
}
