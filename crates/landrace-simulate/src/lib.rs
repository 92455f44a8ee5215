//! Genomes, founders, crosses, traits and reads with their truth, at any ploidy.
//!
//! Everything here is a pure function of its options and a seed: each task draws from a random stream of its own
//! ([`random::Stream`]), so that the result does not depend on threads.
//!
//! ```
//! use landrace_simulate::founders::{FounderOptions, simulate_founders};
//! use landrace_simulate::genome::{GenomeOptions, simulate_genome};
//! use landrace_simulate::individual::Individual;
//! use landrace_simulate::reads::{ReadOptions, Sequencer};
//!
//! let genome = simulate_genome(&GenomeOptions { length: 30_000, ..Default::default() }, 1)?;
//! let variation = simulate_founders(&genome, &FounderOptions { haplotypes: 2, ..Default::default() }, 1)?;
//! let plant = Individual::founder("plant", genome.contigs.len(), &[0, 1]);
//! let options = ReadOptions { depth: 5.0, ..Default::default() };
//! let sequencer = Sequencer::new(&genome, plant.haplotypes(&genome, &variation), &options, 1)?;
//! let pairs = sequencer.all();
//! assert_eq!(pairs.len(), 500);
//! let (contig, first) = (&pairs[0].truth.contig, &pairs[0].truth.first);
//! assert!(contig.starts_with("chr") && first.interval.len() > 100);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod admixture;
pub mod cohort;
pub mod dataset;
pub mod founders;
pub mod genome;
pub mod haplotype;
pub mod individual;
pub mod meiosis;
pub mod population;
pub mod random;
pub mod reads;
mod sequence;
pub mod traits;
pub mod variation;
