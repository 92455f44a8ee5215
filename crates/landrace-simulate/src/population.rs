//! Populations: founders and what is bred from them, with the pedigree.

use crate::founders::{FounderError, FounderOptions, simulate_founders};
use crate::genome::Genome;
use crate::individual::Individual;
use crate::meiosis::{Recombination, cross, doubled_haploid};
use crate::random::Stream;
use crate::variation::Variation;

mod genebank;

pub use genebank::{Bank, Role, Truth};

/// How the samples come from the founders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Design {
    /// The samples are the founders.
    Founders,
    /// Full sibs of two parents.
    F1,
    /// Progeny of one selfed F1 plant.
    F2,
    /// An F1 plant crossed with the first parent, so many times.
    Backcross,
    /// Lines selfed so many times after the F1, each by single-seed descent.
    Ril,
    /// Doubled gametes of one F1 plant.
    DoubledHaploid,
    /// Each founder selfed so many times, by single-seed descent.
    Selfing,
    /// So many generations of random mating without selfing.
    OpenPollination,
    /// Copies of founders.
    Clones,
    /// A gene bank, with duplicates, sports and kin planted among its accessions.
    GeneBank(Bank),
}

/// A population to breed.
#[derive(Clone, Debug)]
pub struct PopulationOptions {
    /// How the samples come from the founders.
    pub design: Design,
    /// Number of samples.
    pub samples: usize,
    /// Copies of each chromosome: 1, 2, 4, 6 or 8.
    pub ploidy: usize,
    /// Number of founders; by default two parents, one a sample, or one for clones.
    pub founders: Option<usize>,
    /// Generations of selfing, backcrossing or mating; by default 7 for lines, else 1.
    pub generations: Option<usize>,
    /// Whether founders are inbred lines; by default the diploid parents of a cross are.
    pub are_founders_inbred: Option<bool>,
}

/// Why a population cannot be bred.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PopulationError {
    /// A ploidy that is not simulated.
    #[error("ploidy {0} is not simulated; give 1, 2, 4, 6 or 8")]
    Ploidy(usize),
    /// Haploids have no meiosis.
    #[error("plants of ploidy 1 cannot be crossed; simulate founders or clones, or give an even ploidy")]
    HaploidCross,
    /// Too few founders for the design.
    #[error("{given} founders are too few for this population; give at least {least}")]
    TooFewFounders {
        /// As given.
        given: usize,
        /// What is needed.
        least: usize,
    },
    /// The number of founders follows from the design.
    #[error("this population comes from {0} founders; leave their number out")]
    FixedFounders(usize),
    /// An admixed panel cannot be drawn.
    #[error("{0}")]
    Admixture(String),
    /// More is planted than there are samples for.
    #[error("{planted} planted accessions leave none of {samples} to plant them among; plant fewer")]
    TooManyPlanted {
        /// Planted.
        planted: usize,
        /// Samples in all.
        samples: usize,
    },
    /// The founders cannot be drawn.
    #[error(transparent)]
    Founders(#[from] FounderError),
}

/// A plant of the pedigree.
#[derive(Clone, Debug)]
pub struct Plant {
    /// Its chromosomes.
    pub individual: Individual,
    /// Index of the mother in the pedigree; founders have none. Clones and doubled haploids have this parent only.
    pub mother: Option<usize>,
    /// Index of the father; that of the mother if selfed.
    pub father: Option<usize>,
    /// Generations after the founders.
    pub generation: usize,
}

/// A bred population: founders first, every parent before its progeny, the samples last.
#[derive(Clone, Debug)]
pub struct Population {
    /// Every plant.
    pub pedigree: Vec<Plant>,
    /// The founders' haplotypes.
    pub variation: Variation,
    /// Indices of the founders: a prefix of the pedigree.
    pub founders: usize,
    /// Indices of the samples in the pedigree.
    pub samples: Vec<usize>,
    /// Of a gene bank, what each sample is; else empty.
    pub truth: Vec<Truth>,
}

impl PopulationOptions {
    fn is_biparental(&self) -> bool {
        matches!(
            self.design,
            Design::F1 | Design::F2 | Design::Backcross | Design::Ril | Design::DoubledHaploid
        )
    }

    /// Number of founders.
    pub fn founder_count(&self) -> usize {
        match self.design {
            Design::Founders | Design::Selfing => self.samples,
            Design::OpenPollination => self.founders.unwrap_or(self.samples.max(2)),
            Design::Clones => self.founders.unwrap_or(1),
            Design::GeneBank(bank) => self.founders.unwrap_or(self.samples.saturating_sub(bank.planted())),
            _ => 2,
        }
    }

    /// Whether founders are inbred lines.
    pub fn is_inbred(&self) -> bool {
        self.are_founders_inbred.unwrap_or(self.is_biparental() && self.ploidy == 2)
    }

    fn generations(&self) -> usize {
        self.generations.unwrap_or(if self.design == Design::Ril { 7 } else { 1 })
    }

    fn check(&self) -> Result<(), PopulationError> {
        if ![1, 2, 4, 6, 8].contains(&self.ploidy) {
            return Err(PopulationError::Ploidy(self.ploidy));
        }
        if let Design::GeneBank(bank) = self.design
            && bank.planted() >= self.samples
        {
            return Err(PopulationError::TooManyPlanted { planted: bank.planted(), samples: self.samples });
        }
        let is_crossed = match self.design {
            Design::Founders | Design::Clones => false,
            Design::GeneBank(bank) => bank.bred() > 0 || self.founder_count() < self.samples - bank.planted(),
            _ => true,
        };
        if self.ploidy == 1 && is_crossed {
            return Err(PopulationError::HaploidCross);
        }
        let count = self.founder_count();
        if let Some(given) = self.founders {
            let least = if self.design == Design::OpenPollination { 2 } else { 1 };
            if given < least {
                return Err(PopulationError::TooFewFounders { given, least });
            }
            if given != count {
                return Err(PopulationError::FixedFounders(count));
            }
        }
        Ok(())
    }
}

/// Draws founders and breeds the population. `founder_options.haplotypes` is set by the population's own.
///
/// # Errors
/// Returns an error if the design contradicts the ploidy or the number of founders, or a rate is out of range.
pub fn simulate_population(
    genome: &Genome,
    options: &PopulationOptions,
    founder_options: &FounderOptions,
    seed: u64,
) -> Result<Population, PopulationError> {
    options.check()?;
    let founders = options.founder_count();
    let copies = if options.is_inbred() { 1 } else { options.ploidy };
    let founder_options = FounderOptions { haplotypes: founders * copies, ..founder_options.clone() };
    let variation = simulate_founders(genome, &founder_options, seed)?;
    let lengths: Vec<u64> = genome.sequences.iter().map(|bases| bases.len() as u64).collect();
    let recombination = Recombination { lengths: &lengths, cm_per_mb: founder_options.cm_per_mb };
    let mut breeder = Breeder { pedigree: Vec::new(), recombination, seed };
    let is_sampled = options.design == Design::Founders;
    for index in 0..founders {
        let first = (index * copies) as u32;
        let own: Vec<u32> = (0..options.ploidy as u32).map(|copy| first + copy % copies as u32).collect();
        let name = if is_sampled { sample_name(index, founders) } else { format!("P{}", index + 1) };
        let individual = Individual::founder(&name, genome.contigs.len(), &own);
        breeder.pedigree.push(Plant { individual, mother: None, father: None, generation: 0 });
    }
    let (samples, truth) = match options.design {
        Design::GeneBank(bank) => breeder.breed_bank(bank, options, &variation),
        _ => (breeder.breed(options), Vec::new()),
    };
    Ok(Population { pedigree: breeder.pedigree, variation, founders, samples, truth })
}

/// `S01`, `S02`, …, with as many digits as the last needs.
pub(crate) fn sample_name(index: usize, samples: usize) -> String {
    let width = samples.to_string().len().max(2);
    format!("S{:0width$}", index + 1)
}

/// Adds plants to a pedigree.
struct Breeder<'a> {
    pedigree: Vec<Plant>,
    recombination: Recombination<'a>,
    seed: u64,
}

impl Breeder<'_> {
    /// Breeds the samples and gives their indices.
    fn breed(&mut self, options: &PopulationOptions) -> Vec<usize> {
        let n = options.samples;
        let generations = options.generations();
        if options.design == Design::OpenPollination {
            return self.mate_openly(options.founder_count(), n, generations);
        }
        let needs_f1 =
            matches!(options.design, Design::F2 | Design::Backcross | Design::Ril | Design::DoubledHaploid);
        let f1 = if needs_f1 { self.cross("F1".to_owned(), 0, 1) } else { 0 };
        let names = (0..n).map(|index| sample_name(index, n));
        let lines = names.enumerate();
        lines
            .map(|(index, name)| match options.design {
                Design::Founders | Design::OpenPollination | Design::GeneBank(_) => index,
                Design::F1 => self.cross(name, 0, 1),
                Design::F2 => self.cross(name, f1, f1),
                Design::Backcross => self.repeat(&name, f1, generations, Some(0)),
                Design::Ril => self.repeat(&name, f1, generations, None),
                Design::Selfing => self.repeat(&name, index, generations, None),
                Design::DoubledHaploid => self.double(name, f1),
                Design::Clones => self.clone_of(name, index % options.founder_count()),
            })
            .collect()
    }

    fn stream(&self) -> Stream {
        Stream::of(self.seed, "cross", self.pedigree.len() as u64)
    }

    fn push(&mut self, individual: Individual, mother: usize, father: Option<usize>) -> usize {
        let generation = |parent: usize| self.pedigree[parent].generation;
        let generation = 1 + generation(mother).max(father.map_or(0, generation));
        self.pedigree.push(Plant { individual, mother: Some(mother), father, generation });
        self.pedigree.len() - 1
    }

    fn cross(&mut self, name: String, mother: usize, father: usize) -> usize {
        let parents = [&self.pedigree[mother].individual, &self.pedigree[father].individual];
        let child = cross(&mut self.stream(), name, parents, self.recombination);
        self.push(child, mother, Some(father))
    }

    fn double(&mut self, name: String, parent: usize) -> usize {
        let child =
            doubled_haploid(&mut self.stream(), name, &self.pedigree[parent].individual, self.recombination);
        self.push(child, parent, None)
    }

    fn clone_of(&mut self, name: String, parent: usize) -> usize {
        let copies = self.pedigree[parent].individual.copies.clone();
        self.push(Individual { name, copies }, parent, None)
    }

    /// Selfs a plant, or crosses it with `recurrent`, so many times, one plant a generation; the last takes the
    /// name.
    fn repeat(&mut self, name: &str, from: usize, generations: usize, recurrent: Option<usize>) -> usize {
        if generations == 0 {
            return self.clone_of(name.to_owned(), from);
        }
        (1..=generations).fold(from, |plant, generation| {
            let own =
                if generation == generations { name.to_owned() } else { format!("{name}.g{generation}") };
            self.cross(own, plant, recurrent.unwrap_or(plant))
        })
    }

    fn mate_openly(&mut self, founders: usize, n: usize, generations: usize) -> Vec<usize> {
        let mut parents: Vec<usize> = (0..founders).collect();
        for generation in 1..=generations.max(1) {
            let is_last = generation == generations.max(1);
            let size = if is_last { n } else { n.max(2) };
            parents = (0..size)
                .map(|index| {
                    let mut stream = Stream::of(self.seed, "mating", self.pedigree.len() as u64);
                    let mother = stream.index(parents.len());
                    let father = (mother + 1 + stream.index(parents.len() - 1)) % parents.len();
                    let mut name = sample_name(index, n);
                    if !is_last {
                        name = format!("{name}.g{generation}");
                    }
                    self.cross(name, parents[mother], parents[father])
                })
                .collect();
        }
        parents
    }
}

impl Population {
    /// The samples, in order.
    pub fn individuals(&self) -> Vec<&Individual> {
        self.samples.iter().map(|&index| &self.pedigree[index].individual).collect()
    }
}

#[cfg(test)]
mod tests;
