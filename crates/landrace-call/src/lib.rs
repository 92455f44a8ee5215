//! Alignments of a cohort in, variants with genotype likelihoods at any ploidy out.
