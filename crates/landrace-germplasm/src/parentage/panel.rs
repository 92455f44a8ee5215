//! The markers of a parentage analysis: those of two alleles that vary.

use landrace_genotypes::mendel::MendelRows;
use landrace_genotypes::plane::MISSING;
use landrace_genotypes::{GenotypeError, GenotypeMatrix};

use super::{Genotypes, Study, request};

/// What became of the variants.
#[derive(Clone, Debug, Default)]
pub struct Panel {
    /// Genotypes at the markers used.
    pub genotypes: Genotypes,
    /// Variants read.
    pub read: usize,
    /// Variants left out for having several alternate alleles.
    pub multiallelic: usize,
    /// Variants left out for not varying among the individuals.
    pub monomorphic: usize,
    /// Mean share of missing calls at the markers used.
    pub missing: f64,
}

impl Panel {
    /// Markers used.
    pub fn markers(&self) -> usize {
        self.genotypes.frequencies.len()
    }
}

/// Takes the markers that tell something from a matrix: two alleles, varying among the individuals of the study. The
/// allele frequencies are those of all individuals of the study, with one copy of each allele added, so that no
/// allele is impossible.
///
/// # Errors
/// Returns an error if ploidies differ or are odd, or if no marker varies.
pub fn read_panel(matrix: &GenotypeMatrix, study: &Study) -> Result<Panel, GenotypeError> {
    let offspring: Vec<usize> = study.offspring.iter().map(|own| own.sample).collect();
    let candidates: Vec<usize> = study.candidates.iter().map(|own| own.sample).collect();
    let mut all: Vec<usize> = offspring.iter().chain(&candidates).copied().collect();
    all.sort_unstable();
    all.dedup();
    let mut out = Panel { read: matrix.variants(), ..Panel::default() };
    let (mut used, mut frequencies, mut codes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut missing, mut ploidies, mut last) = (0usize, Vec::new(), std::ptr::null());
    for variant in 0..matrix.variants() {
        let (block, _) = matrix.locate(variant);
        if !std::ptr::eq(block, last) {
            (ploidies, last) = (block.ploidies(), std::ptr::from_ref(block));
        }
        if matrix.site(variant).alleles() > 2 {
            out.multiallelic += 1;
            continue;
        }
        matrix.unpack(variant, &mut codes);
        let (mut copies, mut of, mut lacking) = (0u64, 0u64, 0usize);
        for &sample in &all {
            if codes[sample] == MISSING {
                lacking += 1;
            } else {
                copies += u64::from(codes[sample]);
                of += u64::from(ploidies[sample]);
            }
        }
        if copies == 0 || copies == of {
            out.monomorphic += 1;
            continue;
        }
        used.push(variant);
        missing += lacking;
        frequencies.push((copies as f64 + 1.0) / (of as f64 + 2.0));
    }
    if used.is_empty() {
        return Err(request(format!(
            "none of the {} variants has two alleles and varies among the individuals; parentage needs markers that do",
            out.read
        )));
    }
    out.missing = missing as f64 / (used.len() * all.len().max(1)) as f64;
    out.genotypes = Genotypes {
        offspring: MendelRows::of(matrix, &offspring, &used)?,
        candidates: MendelRows::of(matrix, &candidates, &used)?,
        frequencies,
    };
    if out.genotypes.offspring.ploidy() != out.genotypes.candidates.ploidy() && !candidates.is_empty() {
        return Err(request(format!(
            "the offspring have ploidy {} and the candidates {}; compare individuals of one ploidy",
            out.genotypes.offspring.ploidy(),
            out.genotypes.candidates.ploidy()
        )));
    }
    Ok(out)
}
