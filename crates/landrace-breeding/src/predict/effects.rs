//! Effects of markers.

use landrace_genotypes::plane::MISSING;
use landrace_genotypes::{GenotypeBlock, GenotypeMatrix};
use rayon::prelude::*;

/// The effect of each variant of a set of genotypes, in its order.
///
/// A sample's genetic value is Σ (x/P − p) b over the variants: x is the dosage of the alternate alleles, P the ploidy,
/// p their frequency, b the effect. So b is the difference between two samples that are homozygous for either, whatever
/// the ploidy. A missing call counts as the mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MarkerEffects {
    /// Frequency of the alternate alleles among the samples called; 0 where the variant does not vary.
    pub frequencies: Vec<f64>,
    /// The effect, in units of the trait; 0 where the variant does not vary.
    pub effects: Vec<f64>,
}

impl MarkerEffects {
    /// Effects b = Σ (x/P − p) a over samples: back-solved from the weights a of samples, u = Z Zᵀ a.
    pub(super) fn of_weights(genotypes: &GenotypeMatrix, weights: &[f64]) -> Self {
        let of_block = |block: &GenotypeBlock| -> Vec<(f64, f64)> {
            let shares: Vec<f64> =
                block.ploidies().iter().map(|&ploidy| 1.0 / f64::from(ploidy.max(1))).collect();
            let mut codes = Vec::new();
            (0..block.rows())
                .map(|row| {
                    block.unpack(row, &mut codes);
                    effect(&codes, &shares, &block.ploidies(), weights)
                })
                .collect()
        };
        let of_blocks: Vec<Vec<(f64, f64)>> = genotypes.blocks().par_iter().map(of_block).collect();
        let (frequencies, effects) = of_blocks.into_iter().flatten().unzip();
        Self { frequencies, effects }
    }

    /// The genetic values of the samples of the same genotypes.
    pub fn values(&self, genotypes: &GenotypeMatrix) -> Vec<f64> {
        let samples = genotypes.samples().len();
        let starts: Vec<usize> = genotypes
            .blocks()
            .iter()
            .scan(0, |next, block| {
                let own = *next;
                *next += block.rows();
                Some(own)
            })
            .collect();
        let parts: Vec<Vec<f64>> = genotypes
            .blocks()
            .par_iter()
            .zip(starts)
            .map(|(block, start)| {
                let (mut sums, mut codes) = (vec![0.0; samples], Vec::new());
                let ploidies = block.ploidies();
                for row in 0..block.rows() {
                    let (p, effect) = (self.frequencies[start + row], self.effects[start + row]);
                    if effect == 0.0 {
                        continue;
                    }
                    block.unpack(row, &mut codes);
                    for ((sum, &code), &ploidy) in sums.iter_mut().zip(&codes).zip(&ploidies) {
                        if code != MISSING {
                            *sum += (f64::from(code) / f64::from(ploidy) - p) * effect;
                        }
                    }
                }
                sums
            })
            .collect();
        let mut out = vec![0.0; samples];
        for part in parts {
            out.iter_mut().zip(part).for_each(|(sum, own)| *sum += own);
        }
        out
    }
}

/// Frequency, and Σ (x/P − p) a.
fn effect(codes: &[u8], shares: &[f64], ploidies: &[u8], weights: &[f64]) -> (f64, f64) {
    let (mut dosage, mut copies, mut sum, mut called) = (0u64, 0u64, 0.0, 0.0);
    for (((&code, &share), &ploidy), &weight) in codes.iter().zip(shares).zip(ploidies).zip(weights) {
        if code != MISSING {
            dosage += u64::from(code);
            copies += u64::from(ploidy);
            sum += f64::from(code) * share * weight;
            called += weight;
        }
    }
    if dosage == 0 || dosage == copies {
        return (0.0, 0.0);
    }
    let p = dosage as f64 / copies as f64;
    (p, sum - p * called)
}
