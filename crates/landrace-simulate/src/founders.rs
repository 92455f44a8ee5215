//! Founders' haplotypes: a neutral coalescent with recombination.
//!
//! The genealogy of the haplotypes walks along each contig by the SMC' approximation (Marjoram and Wall 2006):
//! at each recombination one lineage is cut at a point drawn evenly from the tree and coalesces again with the
//! lineages of the same tree. So the site-frequency spectrum is the neutral one (`theta / i`) and linkage
//! disequilibrium decays with distance. The reference genome is one more haplotype of the same population:
//! alternate alleles are those that it does not carry.

use rayon::prelude::*;

use crate::genome::Genome;
use crate::random::Stream;
use crate::variation::{ContigVariation, Site, Variation};

mod tree;

use tree::Tree;

/// What the ancestral population is like.
#[derive(Clone, Debug)]
pub struct FounderOptions {
    /// Number of haplotypes to draw.
    pub haplotypes: usize,
    /// Share of bases at which two haplotypes differ by a SNP (`theta`, nucleotide diversity).
    pub snp_rate: f64,
    /// Insertions and deletions a base between two haplotypes.
    pub indel_rate: f64,
    /// Effective population size; with `cm_per_mb` it sets how fast linkage disequilibrium decays.
    pub effective_size: f64,
    /// Recombination rate, in centimorgan a megabase.
    pub cm_per_mb: f64,
}

impl Default for FounderOptions {
    fn default() -> Self {
        Self { haplotypes: 2, snp_rate: 0.004, indel_rate: 0.0005, effective_size: 10_000.0, cm_per_mb: 1.0 }
    }
}

/// Why founders cannot be made.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FounderError {
    /// No haplotype is asked for.
    #[error("there must be at least one founder")]
    None,
    /// A rate is out of range.
    #[error("{name} is {value}; give a number from 0 to {most}")]
    Rate {
        /// The rate's name.
        name: &'static str,
        /// As given.
        value: String,
        /// The greatest that makes sense.
        most: &'static str,
    },
}

impl FounderOptions {
    fn check(&self) -> Result<(), FounderError> {
        if self.haplotypes == 0 {
            return Err(FounderError::None);
        }
        let rates = [
            ("the SNP rate", self.snp_rate, 0.1, "0.1"),
            ("the indel rate", self.indel_rate, 0.05, "0.05"),
            ("the effective population size", self.effective_size, 1e9, "1e9"),
            ("the recombination rate [cM/Mb]", self.cm_per_mb, 1e4, "1e4"),
        ];
        match rates.into_iter().find(|(_, value, most, _)| !(0.0..=*most).contains(value)) {
            Some((name, value, _, most)) => Err(FounderError::Rate { name, value: value.to_string(), most }),
            None => Ok(()),
        }
    }

    /// `4 N r`: recombinations a base, in the coalescent's scale.
    fn scaled_recombination(&self) -> f64 {
        4.0 * self.effective_size * self.cm_per_mb * 1e-8
    }
}

/// Draws the variation of a population's haplotypes on a genome, one contig a task.
///
/// # Errors
/// Returns an error if a rate is out of its range.
pub fn simulate_founders(
    genome: &Genome,
    options: &FounderOptions,
    seed: u64,
) -> Result<Variation, FounderError> {
    options.check()?;
    let contigs = genome
        .sequences
        .par_iter()
        .enumerate()
        .map(|(index, bases)| {
            let mut stream = Stream::of(seed, "founders", index as u64);
            let carried = mutations(&mut stream, bases, options);
            let carried = carried
                .into_iter()
                .filter_map(|(site, leaves)| Some((site, against_reference(&leaves, options.haplotypes)?)));
            ContigVariation::from_sites(carried.collect(), options.haplotypes)
        })
        .collect();
    Ok(Variation { contigs, haplotypes: options.haplotypes })
}

/// Walks along a contig and gives each mutation with its carriers among all haplotypes and the reference, which
/// is leaf 0.
fn mutations(stream: &mut Stream, bases: &[u8], options: &FounderOptions) -> Vec<(Site, Vec<u64>)> {
    let mut tree = Tree::draw(stream, options.haplotypes + 1);
    let theta = options.snp_rate + options.indel_rate;
    let rho = options.scaled_recombination();
    let mut carried = Vec::new();
    let mut at = 0.0;
    let length = bases.len() as f64;
    while at < length {
        let total = tree.total_length();
        let next = if rho > 0.0 { at + stream.exponential(2.0 / (rho * total)) } else { length };
        if theta > 0.0 {
            let mean = 2.0 / (theta * total);
            let mut place = at + stream.exponential(mean);
            while place < next.min(length) {
                let (branch, _) = tree.draw_point(stream, total);
                carried.extend(
                    draw_site(stream, bases, place as usize, options)
                        .map(|site| (site, tree.leaves_below(branch))),
                );
                place += stream.exponential(mean);
            }
        }
        if next < length {
            tree.recombine(stream, total);
        }
        at = next;
    }
    carried
}

fn draw_site(stream: &mut Stream, bases: &[u8], position: usize, options: &FounderOptions) -> Option<Site> {
    let is_snp = stream.chance(options.snp_rate / (options.snp_rate + options.indel_rate));
    if is_snp {
        Site::draw_substitution(stream, bases, position)
    } else {
        Site::draw_indel(stream, bases, position)
    }
}

/// Turns bits of derived alleles, the reference's first, into bits of alleles that the reference does not carry;
/// `None` if no haplotype carries one.
fn against_reference(leaves: &[u64], haplotypes: usize) -> Option<Vec<u64>> {
    let is_reference_derived = leaves[0] & 1 == 1;
    let mut words = vec![0u64; haplotypes.div_ceil(64)];
    let mut any = false;
    for haplotype in 0..haplotypes {
        let leaf = haplotype + 1;
        let is_derived = leaves[leaf / 64] >> (leaf % 64) & 1 == 1;
        if is_derived != is_reference_derived {
            words[haplotype / 64] |= 1 << (haplotype % 64);
            any = true;
        }
    }
    any.then_some(words)
}

#[cfg(test)]
mod tests;
