//! Which method serves which genotypes.

use crate::block::GenotypeBlock;
use crate::matrix::GenotypeMatrix;
use crate::plane::MISSING;

/// The methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodKind {
    /// The calls of samples that are alike at linked variants.
    Neighbours,
    /// Mosaics of haplotypes.
    Haplotype,
    /// What the parents passed on.
    Family,
    /// Each variant's mean.
    Mean,
}

/// What the choice depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whether parents are named.
    pub has_parents: bool,
    /// Whether a reference panel is given.
    pub has_panel: bool,
    /// Whether the calls come with likelihoods of genotypes.
    pub has_likelihoods: bool,
    /// Whether most heterozygous diploid calls are phased, of at least one.
    pub is_phased: bool,
    /// Highest ploidy.
    pub max_ploidy: u8,
}

impl Facts {
    /// Looks at some blocks: their ploidy, phase and likelihoods.
    pub fn of(blocks: &[GenotypeBlock]) -> Self {
        let mut out = Self { max_ploidy: 1, ..Self::default() };
        let (mut heterozygous, mut phased) = (0u64, 0u64);
        let mut codes = Vec::new();
        for block in blocks {
            out.max_ploidy = out.max_ploidy.max(block.max_ploidy());
            out.has_likelihoods |= block.layers.likelihoods.is_some();
            phased += block.layers.phased_heterozygotes;
            let ploidies = block.ploidies();
            for row in 0..block.rows() {
                block.unpack(row, &mut codes);
                let is_heterozygous =
                    |(code, ploidy): (&u8, &u8)| *code != MISSING && *code > 0 && code < ploidy;
                heterozygous +=
                    codes.iter().zip(&ploidies).filter(|call| is_heterozygous(*call)).count() as u64;
            }
        }
        out.is_phased = phased > 0 && 2 * phased >= heterozygous;
        out
    }

    /// Looks at a matrix.
    pub fn of_matrix(matrix: &GenotypeMatrix) -> Self {
        Self::of(matrix.blocks())
    }

    /// The method that serves them, and why.
    pub fn choose(self) -> (MethodKind, &'static str) {
        if self.has_parents {
            return (MethodKind::Family, "the parents are named");
        }
        if self.max_ploidy > 2 {
            return (MethodKind::Neighbours, "the ploidy is above 2");
        }
        if self.has_panel {
            return (MethodKind::Haplotype, "a reference panel is given");
        }
        if self.has_likelihoods {
            return (MethodKind::Haplotype, "the calls come with genotype likelihoods");
        }
        if self.is_phased {
            return (MethodKind::Haplotype, "the calls are phased");
        }
        (MethodKind::Neighbours, "the calls are not phased")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_follows_the_genotypes() {
        let diploid = Facts { max_ploidy: 2, ..Facts::default() };
        assert_eq!(diploid.choose().0, MethodKind::Neighbours);
        assert_eq!(Facts { is_phased: true, ..diploid }.choose().0, MethodKind::Haplotype);
        assert_eq!(Facts { is_phased: true, max_ploidy: 4, ..diploid }.choose().0, MethodKind::Neighbours);
        assert_eq!(Facts { has_parents: true, is_phased: true, ..diploid }.choose().0, MethodKind::Family);
    }
}
