//! Genotypes at any ploidy, in VCF's order, and how likely they make the reads.

/// All genotypes of a ploidy over a number of alleles, as counts of each allele, in VCF's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenotypeTable {
    ploidy: usize,
    alleles: usize,
    counts: Vec<u8>,
}

impl GenotypeTable {
    /// Lists the genotypes: `C(ploidy + alleles - 1, ploidy)` of them. In VCF's order the last allele changes
    /// slowest, so that genotypes of the first alleles come first.
    pub fn new(ploidy: u8, alleles: usize) -> Self {
        let mut table = Self { ploidy: usize::from(ploidy), alleles, counts: Vec::new() };
        let mut counts = vec![0; alleles];
        table.list(ploidy, alleles, &mut counts);
        table
    }

    /// Puts the genotypes of `copies` further alleles below `bound`, in order of their highest allele.
    fn list(&mut self, copies: u8, bound: usize, counts: &mut [u8]) {
        if copies == 0 {
            self.counts.extend_from_slice(counts);
            return;
        }
        for allele in 0..bound {
            counts[allele] += 1;
            self.list(copies - 1, allele + 1, counts);
            counts[allele] -= 1;
        }
    }

    /// Number of genotypes of a ploidy over a number of alleles.
    pub fn number(ploidy: u8, alleles: usize) -> usize {
        let ploidy = usize::from(ploidy);
        (1..=ploidy).fold(1, |number, i| number * (alleles + i - 1) / i)
    }

    /// Number of genotypes.
    pub fn len(&self) -> usize {
        self.counts.len() / self.alleles.max(1)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Copies of each chromosome.
    pub fn ploidy(&self) -> usize {
        self.ploidy
    }

    /// Number of alleles.
    pub fn alleles(&self) -> usize {
        self.alleles
    }

    /// Copies of each allele in a genotype.
    pub fn counts(&self, genotype: usize) -> &[u8] {
        &self.counts[genotype * self.alleles..][..self.alleles]
    }

    /// The genotypes' counts, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.counts.chunks_exact(self.alleles)
    }

    /// Natural logarithm of the likelihood of each genotype. `reads` holds for each read the likelihood of each
    /// allele (row by row, to any scale); the genotype draws each read's allele in proportion to its copies, but
    /// a share `foreign` of the reads comes from any allele alike.
    pub fn log_likelihoods(&self, reads: &[f32], foreign: f64) -> Vec<f64> {
        let own = (1.0 - foreign) / self.ploidy as f64;
        let other = foreign / self.alleles as f64;
        self.iter()
            .map(|counts| {
                let (mut log, mut product) = (0.0, 1.0f64);
                for read in reads.chunks_exact(self.alleles) {
                    let (mut drawn, mut any) = (0.0, 0.0);
                    for (&n, &likelihood) in counts.iter().zip(read) {
                        drawn += f64::from(n) * f64::from(likelihood);
                        any += f64::from(likelihood);
                    }
                    product *= own * drawn + other * any;
                    if product < 1e-200 {
                        log += product.max(f64::MIN_POSITIVE).ln();
                        product = 1.0;
                    }
                }
                log + product.ln()
            })
            .collect()
    }

    /// The same where it is not known whether reads of another place have strayed here: with a small
    /// probability a share of the sample's reads is foreign. Errors that come together (of one repeat's copies,
    /// of one run of the polymerase) then do not count as if each had come by itself.
    pub fn robust_log_likelihoods(&self, reads: &[f32]) -> Vec<f64> {
        let share = FOREIGN_SHARE / self.ploidy.max(2) as f64;
        let clean = self.log_likelihoods(reads, 0.0);
        let foreign = self.log_likelihoods(reads, share);
        let (yes, no) = (FOREIGN_PROBABILITY.ln(), (1.0 - FOREIGN_PROBABILITY).ln());
        clean.into_iter().zip(foreign).map(|(a, b)| log_sum([a + no, b + yes].into_iter())).collect()
    }
}

/// Probability that a sample has foreign reads at a site.
const FOREIGN_PROBABILITY: f64 = 1e-3;
/// Share of them, in copies: well below the one copy of the rarest true allele.
const FOREIGN_SHARE: f64 = 0.2;

/// Logarithm of the number of ways to order the copies of a genotype.
pub(crate) fn log_orders(counts: &[u8]) -> f64 {
    let total: u8 = counts.iter().sum();
    log_factorial(usize::from(total)) - counts.iter().map(|&n| log_factorial(usize::from(n))).sum::<f64>()
}

/// Logarithm of `n!`.
pub(crate) fn log_factorial(n: usize) -> f64 {
    (2..=n).map(|i| (i as f64).ln()).sum()
}

/// Logarithm of the sum of the exponentials.
pub(crate) fn log_sum(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let highest = values.clone().fold(f64::NEG_INFINITY, f64::max);
    if highest == f64::NEG_INFINITY {
        return highest;
    }
    highest + values.map(|value| (value - highest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn genotypes_come_in_the_order_of_vcf() {
        let table = GenotypeTable::new(2, 3);
        let listed: Vec<&[u8]> = table.iter().collect();
        assert_eq!(listed, [[2, 0, 0], [1, 1, 0], [0, 2, 0], [1, 0, 1], [0, 1, 1], [0, 0, 2]]);
        let dosages: Vec<u8> = GenotypeTable::new(4, 2).iter().map(|counts| counts[1]).collect();
        assert_eq!(dosages, [0, 1, 2, 3, 4]);
    }

    proptest! {
        #[test]
        fn number_is_that_of_the_list(ploidy in 1u8..=8, alleles in 1usize..=4) {
            prop_assert_eq!(GenotypeTable::new(ploidy, alleles).len(), GenotypeTable::number(ploidy, alleles));
        }

        /// The likelihood of a genotype is the mean over all ways to draw each read's allele from its copies.
        #[test]
        fn likelihood_is_that_of_drawing_each_read_from_the_copies(
            ploidy in 1u8..=4,
            reads in prop::collection::vec((0.01f32..1.0, 0.01f32..1.0, 0.01f32..1.0), 1..4),
        ) {
            let table = GenotypeTable::new(ploidy, 3);
            let rows: Vec<f32> = reads.iter().flat_map(|&(a, b, c)| [a, b, c]).collect();
            let found = table.log_likelihoods(&rows, 0.0);
            for (counts, log) in table.iter().zip(found) {
                let copies: Vec<usize> =
                    counts.iter().enumerate().flat_map(|(a, &n)| std::iter::repeat_n(a, usize::from(n))).collect();
                let mut total = 0.0;
                let draws = copies.len().pow(u32::try_from(reads.len()).unwrap());
                for mut draw in 0..draws {
                    let mut product = 1.0;
                    for read in rows.chunks(3) {
                        product *= f64::from(read[copies[draw % copies.len()]]);
                        draw /= copies.len();
                    }
                    total += product;
                }
                prop_assert!(((total / draws as f64).ln() - log).abs() < 1e-6);
            }
        }
    }
}
