//! What one variant's calls add up to.

use super::GenotypeBlock;
use super::layer::{ABSENT, UNKNOWN};

/// Counts of one variant over the samples of a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteCounts {
    /// Number of samples.
    pub samples: usize,
    /// Samples with a call.
    pub called: u64,
    /// Called samples whose alleles are not all the same. Haploid calls never are.
    pub heterozygous: u64,
    /// Called samples that could be heterozygous: those of ploidy 2 and more.
    pub could_be_heterozygous: u64,
    /// How often each allele was called; the reference first.
    pub alleles: Vec<u64>,
    /// For each ploidy, how many called samples have each non-reference dosage.
    pub dosages: Vec<(u8, Vec<u32>)>,
}

impl SiteCounts {
    /// Share of samples with a call; 0 without samples.
    pub fn call_rate(&self) -> f64 {
        ratio(self.called, self.samples as u64).unwrap_or(0.0)
    }

    /// Number of alleles called, over all samples.
    pub fn alleles_called(&self) -> u64 {
        self.alleles.iter().sum()
    }

    /// Share of the non-reference alleles among those called; `None` without calls.
    pub fn alternate_frequency(&self) -> Option<f64> {
        let all = self.alleles_called();
        ratio(all - self.alleles.first().copied().unwrap_or(0), all)
    }

    /// Minor allele frequency: 1 minus the frequency of the commonest allele; `None` without calls.
    pub fn minor_frequency(&self) -> Option<f64> {
        let all = self.alleles_called();
        ratio(all - self.alleles.iter().copied().max().unwrap_or(0), all)
    }

    /// Share of heterozygous calls among those that could be; `None` without such calls.
    pub fn heterozygosity(&self) -> Option<f64> {
        ratio(self.heterozygous, self.could_be_heterozygous)
    }

    /// Expected share of heterozygotes among diploids in Hardy-Weinberg proportions: 1 − Σ p².
    pub fn expected_heterozygosity(&self) -> Option<f64> {
        let all = self.alleles_called();
        let squares: Option<f64> =
            self.alleles.iter().map(|&count| ratio(count, all).map(|share| share * share)).sum();
        squares.map(|squares| 1.0 - squares)
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl GenotypeBlock {
    /// Counts a variant's calls. Where it has several alternate alleles and the block holds the alleles
    /// themselves, they are counted one by one; else all non-reference alleles count as one.
    pub fn counts(&self, row: usize) -> SiteCounts {
        let mut counts = SiteCounts { samples: self.samples, alleles: vec![0; 2], ..Default::default() };
        for group in &self.groups {
            let ploidy = group.calls.ploidy();
            let dosages = group.calls.row(row).dosage_counts();
            let called: u64 = dosages.iter().map(|&n| u64::from(n)).sum();
            let alternates: u64 = dosages.iter().zip(0u64..).map(|(&n, dosage)| u64::from(n) * dosage).sum();
            counts.called += called;
            counts.alleles[0] += called * u64::from(ploidy) - alternates;
            counts.alleles[1] += alternates;
            if ploidy > 1 {
                counts.could_be_heterozygous += called;
                counts.heterozygous +=
                    dosages[1..usize::from(ploidy)].iter().map(|&n| u64::from(n)).sum::<u64>();
            }
            counts.dosages.push((ploidy, dosages));
        }
        if self.sites[row].alleles() > 2 {
            self.count_each_allele(row, &mut counts);
        }
        counts
    }

    fn count_each_allele(&self, row: usize, counts: &mut SiteCounts) {
        let Some(codes) = self.layers.alleles.as_ref().and_then(|alleles| alleles.row(row)) else { return };
        let mut alleles = vec![0; self.sites[row].alleles()];
        let mut heterozygous = 0;
        for call in codes {
            let called = call.iter().filter(|&&code| code != ABSENT);
            if call.iter().all(|&code| code == ABSENT) || called.clone().any(|&code| code == UNKNOWN) {
                continue;
            }
            heterozygous += u64::from(called.clone().any(|&code| code != call[0]));
            for &code in called {
                if let Some(count) = alleles.get_mut(usize::from(code)) {
                    *count += 1;
                }
            }
        }
        counts.alleles = alleles;
        counts.heterozygous = heterozygous;
    }
}
