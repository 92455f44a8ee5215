//! Genotype blocks at any ploidy, their file formats and their statistics.
