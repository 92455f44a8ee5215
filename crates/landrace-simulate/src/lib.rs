//! Genomes, founders, crosses, traits and reads with their truth, at any ploidy.
