//! Haplotype frequencies of two biallelic variants: counted where gametes are known, else the most likely ones.

/// Frequencies of the four haplotypes of two variants; the alternate alleles are 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HaplotypeFrequencies {
    /// Reference at both, alternate at the second alone, at the first alone, at both.
    pub shares: [f64; 4],
}

/// Halvings of an interval that holds a root.
const HALVINGS: usize = 60;

impl HaplotypeFrequencies {
    /// The maximum-likelihood frequencies of a table of genotypes, first by second dosage; `None` without samples.
    ///
    /// Double heterozygotes alone leave the phase open. With s the share of them in coupling, the likelihood is
    /// stationary where s (h₀₀h₁₁ + h₀₁h₁₀) = h₀₀h₁₁, a cubic in s (Gaunt, Rodríguez and Day 2007). Each of its roots
    /// from 0 to 1 is found by halving between the turning points, and the likeliest is taken (the first of equals).
    /// Tables of haploids have no double heterozygotes, so theirs are plain counts.
    pub fn estimate(table: &[[u64; 3]; 3]) -> Option<Self> {
        Self::estimate_of_peaks(table).map(|(found, _)| found)
    }

    /// The same, and whether the likelihood has one stationary point alone, so that it falls on either side.
    pub(super) fn estimate_of_peaks(table: &[[u64; 3]; 3]) -> Option<(Self, bool)> {
        let (known, open) = known_haplotypes(table);
        let all: f64 = known.iter().sum::<f64>() + 2.0 * open;
        if all == 0.0 {
            return None;
        }
        let at = |s: f64| {
            let other = open * (1.0 - s);
            [known[0] + open * s, known[1] + other, known[2] + other, known[3] + open * s]
        };
        let shares = |s: f64| at(s).map(|count| count / all);
        if open == 0.0 {
            return Some((Self { shares: shares(0.0) }, true));
        }
        let likelihood = |s: f64| {
            let h = shares(s);
            let known: f64 = known.iter().zip(h).filter(|(n, _)| **n > 0.0).map(|(n, h)| n * h.ln()).sum();
            known + open * (h[0] * h[3] + h[1] * h[2]).ln()
        };
        let mut best: Option<(f64, f64)> = None;
        let roots = roots(known, open);
        let has_one_peak = roots.len() == 1;
        for s in roots {
            let value = likelihood(s);
            if best.is_none_or(|(_, most)| value > most) {
                best = Some((s, value));
            }
        }
        best.map(|(s, _)| (Self { shares: shares(s) }, has_one_peak))
    }

    /// Frequencies of the alternate alleles.
    pub fn alternates(&self) -> (f64, f64) {
        (self.shares[2] + self.shares[3], self.shares[1] + self.shares[3])
    }

    /// Disequilibrium D of the alternate alleles.
    pub fn d(&self) -> f64 {
        self.shares[3] * self.shares[0] - self.shares[1] * self.shares[2]
    }

    /// Lewontin's D′: D over the largest that the allele frequencies allow, with D's sign; `None` if either variant
    /// does not vary.
    pub fn d_prime(&self) -> Option<f64> {
        let ((p, q), d) = (self.alternates(), self.d());
        let most =
            if d < 0.0 { (p * q).min((1.0 - p) * (1.0 - q)) } else { (p * (1.0 - q)).min((1.0 - p) * q) };
        (self.spread() > 0.0).then(|| (d / most).clamp(-1.0, 1.0))
    }

    /// r² of the haplotypes; `None` if either variant does not vary.
    pub fn r2(&self) -> Option<f64> {
        let spread = self.spread();
        (spread > 0.0).then(|| (self.d().powi(2) / spread).min(1.0))
    }

    fn spread(&self) -> f64 {
        let (p, q) = self.alternates();
        if [p, q].iter().any(|f| *f <= 1e-12 || *f >= 1.0 - 1e-12) {
            0.0
        } else {
            p * (1.0 - p) * q * (1.0 - q)
        }
    }
}

/// How often each haplotype is known from a table of genotypes, and how many double heterozygotes there are.
pub(super) fn known_haplotypes(table: &[[u64; 3]; 3]) -> ([f64; 4], f64) {
    let cell = |i: usize, j: usize| table[i][j] as f64;
    let known = [
        2.0 * cell(0, 0) + cell(0, 1) + cell(1, 0),
        2.0 * cell(0, 2) + cell(0, 1) + cell(1, 2),
        2.0 * cell(2, 0) + cell(1, 0) + cell(2, 1),
        2.0 * cell(2, 2) + cell(2, 1) + cell(1, 2),
    ];
    (known, cell(1, 1))
}

/// Where s (h₀₀h₁₁ + h₀₁h₁₀) − h₀₀h₁₁ is zero from 0 to 1, rising.
fn roots(known: [f64; 4], open: f64) -> Vec<f64> {
    let [a, b, c, d] = known;
    // Products of counts as polynomials of s: (a + open s)(d + open s) and (b + open − open s)(c + open − open s).
    let coupling = [a * d, open * (a + d), open * open];
    let repulsion = [(b + open) * (c + open), -open * (b + c + 2.0 * open), open * open];
    let sum = [0, 1, 2].map(|i| coupling[i] + repulsion[i]);
    let f = [-coupling[0], sum[0] - coupling[1], sum[1] - coupling[2], sum[2]];
    let value = |s: f64| f[0] + s * (f[1] + s * (f[2] + s * f[3]));
    let mut edges = vec![0.0];
    let (half, product) = (f[2] / (3.0 * f[3]), f[1] / (3.0 * f[3]));
    let inside = half * half - product;
    if inside > 0.0 {
        let turns = [-half - inside.sqrt(), -half + inside.sqrt()];
        edges.extend(turns.into_iter().filter(|turn| *turn > 0.0 && *turn < 1.0));
    }
    edges.push(1.0);
    let mut found = Vec::with_capacity(3);
    for pair in edges.windows(2) {
        let (mut low, mut high) = (pair[0], pair[1]);
        let (first, last) = (value(low), value(high));
        if first == 0.0 {
            found.push(low);
        }
        if first * last >= 0.0 {
            continue;
        }
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if (value(middle) < 0.0) == (first < 0.0) { low = middle } else { high = middle }
        }
        found.push(0.5 * (low + high));
    }
    if value(1.0) == 0.0 {
        found.push(1.0);
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_other_phase_is_likelier(cells in prop::collection::vec(0u64..30, 9)) {
            let table = [[cells[0], cells[1], cells[2]], [cells[3], cells[4], cells[5]], [cells[6], cells[7], cells[8]]];
            prop_assume!(cells.iter().sum::<u64>() > 0);
            let found = HaplotypeFrequencies::estimate(&table).unwrap();
            prop_assert!((found.shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            let log_likelihood = |h: [f64; 4]| {
                let genotype = |i: usize, j: usize| match (i, j) {
                    (1, 1) => 2.0 * (h[0] * h[3] + h[1] * h[2]),
                    (i, j) => {
                        let haplotype = |copy: usize| h[2 * usize::from(i > copy) + usize::from(j > copy)];
                        haplotype(0) * haplotype(1) * if i == 1 || j == 1 { 2.0 } else { 1.0 }
                    }
                };
                (0..9).filter(|&k| cells[k] > 0).map(|k| cells[k] as f64 * genotype(k / 3, k % 3).max(1e-300).ln()).sum::<f64>()
            };
            let best = log_likelihood(found.shares);
            let (p, q) = found.alternates();
            let least = (p + q - 1.0).max(0.0);
            for step in 0..=200 {
                let both = least + (p.min(q) - least) * f64::from(step) / 200.0;
                let other = [1.0 - p - q + both, q - both, p - both, both].map(|share: f64| share.max(0.0));
                prop_assert!(log_likelihood(other) <= best + 1e-6, "{:?} {:?}", found, other);
            }
        }
    }

    #[test]
    fn known_values() {
        let h = HaplotypeFrequencies::estimate(&[[10, 0, 0], [0, 0, 0], [0, 0, 10]]).unwrap();
        assert_eq!((h.r2(), h.d_prime()), (Some(1.0), Some(1.0)));
        let h = HaplotypeFrequencies::estimate(&[[0, 0, 10], [0, 4, 0], [10, 0, 0]]).unwrap();
        assert!((h.d_prime().unwrap() + 1.0).abs() < 1e-9);
        assert_eq!(HaplotypeFrequencies::estimate(&[[5, 5, 0], [0, 0, 0], [0, 0, 0]]).unwrap().r2(), None);
        assert_eq!(HaplotypeFrequencies::estimate(&[[0; 3]; 3]), None);
    }
}
