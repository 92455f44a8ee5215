//! Sequencing reads of an individual, with where each came from.

use landrace_genome::Interval;
use rayon::prelude::*;

use crate::genome::Genome;
use crate::haplotype::Haplotype;
use crate::random::Stream;
use crate::sequence::reverse_complement;

mod layout;
mod molecule;
mod quality;
mod truth;

pub use layout::{AmpliconPanel, Digest, ENZYMES, Enzyme, LibraryLayout};
use molecule::{Molecule, Molecules};
pub use quality::QualityProfile;
pub use truth::{MateTruth, ReadTruth};

/// How an individual is sequenced.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// How the fragments come about.
    pub layout: LibraryLayout,
    /// Bases of each read.
    pub read_length: usize,
    /// Whether both ends of a fragment are read.
    pub is_paired: bool,
    /// Mean fragment length, in bases.
    pub insert_mean: f64,
    /// Standard deviation of the fragment length.
    pub insert_sd: f64,
    /// Of a shotgun library: bases sequenced, duplicates and adapters included, over bases of the reference (all
    /// copies of the genome together). Else: mean fragments an amplicon or cut-site fragment.
    pub depth: f64,
    /// Exact number of fragments, in place of the depth.
    pub fragments: Option<u64>,
    /// Share of fragments that are PCR copies of another.
    pub duplicate_rate: f64,
    /// How good the bases are.
    pub quality: QualityProfile,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            layout: LibraryLayout::Shotgun,
            read_length: 150,
            is_paired: true,
            insert_mean: 400.0,
            insert_sd: 60.0,
            depth: 10.0,
            fragments: None,
            duplicate_rate: 0.0,
            quality: QualityProfile::default(),
        }
    }
}

/// Why reads cannot be drawn.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ReadsError {
    /// An option is out of range.
    #[error("{name} is {value}; give {range}")]
    Option {
        /// The option's name.
        name: &'static str,
        /// As given.
        value: String,
        /// What makes sense.
        range: &'static str,
    },
    /// There is nothing to sequence.
    #[error("the individual has no contig of at least {0} bases to sequence; lower the read length")]
    NothingToRead(usize),
    /// The enzymes leave no fragment of the sizes asked for.
    #[error(
        "the enzymes cut no fragment of the sizes asked for; widen the sizes, or take one that cuts more often"
    )]
    NoCutSites,
}

/// One read: bases and Phred qualities (not ASCII), equally long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimulatedRead {
    /// Bases, 5' to 3' as the machine gives them.
    pub sequence: Vec<u8>,
    /// Qualities.
    pub qualities: Vec<u8>,
}

/// Both mates of a fragment, or the one read of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedPair {
    /// Where it came from; it is in the name too.
    pub truth: ReadTruth,
    /// The read's name (see [`ReadTruth::to_name`]).
    pub name: String,
    /// The first mate.
    pub first: SimulatedRead,
    /// The second mate, if both ends are read.
    pub second: Option<SimulatedRead>,
}

/// Fragments of a batch: the unit of work, and the reach within which PCR copies are scattered.
const BATCH: u64 = 2_000;
/// What follows the fragment in a read that is longer than it (Illumina's TruSeq adapters).
const ADAPTERS: [&[u8]; 2] = [b"AGATCGGAAGAGCACACGTCTGAACTCCAGTCA", b"AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGT"];

/// Draws the reads of one sequencing unit of an individual, batch by batch; any batch can be drawn at any time.
pub struct Sequencer<'a> {
    genome: &'a Genome,
    haplotypes: Vec<Vec<Haplotype<'a>>>,
    options: &'a ReadOptions,
    molecules: Molecules,
    fragments: u64,
    seed: u64,
}

impl<'a> Sequencer<'a> {
    /// Prepares to sequence an individual whose chromosomes are `haplotypes[contig][copy]`. Give each individual
    /// and each unit a seed of its own (see [`crate::random::derive`]).
    ///
    /// # Errors
    /// Returns an error if an option is out of range or no contig is long enough.
    pub fn new(
        genome: &'a Genome,
        haplotypes: Vec<Vec<Haplotype<'a>>>,
        options: &'a ReadOptions,
        seed: u64,
    ) -> Result<Self, ReadsError> {
        options.check()?;
        let molecules = Molecules::of(&haplotypes, options);
        if molecules.is_empty() {
            return Err(match options.layout {
                LibraryLayout::CutSites(_) => ReadsError::NoCutSites,
                _ => ReadsError::NothingToRead(options.read_length),
            });
        }
        let mates = if options.is_paired { 2.0 } else { 1.0 };
        let ploidy = haplotypes.first().map_or(1, Vec::len).max(1);
        let by_depth = match molecules.loci() {
            Some(loci) => options.depth * loci as f64 / ploidy as f64,
            None => {
                options.depth * genome.contigs.total_length() as f64 / (options.read_length as f64 * mates)
            }
        };
        let by_depth = by_depth.round() as u64;
        let fragments = options.fragments.unwrap_or(by_depth);
        Ok(Self { genome, haplotypes, options, molecules, fragments, seed })
    }

    /// Number of fragments (pairs, or single reads).
    pub fn fragments(&self) -> u64 {
        self.fragments
    }

    /// Number of batches.
    pub fn batches(&self) -> u64 {
        self.fragments.div_ceil(BATCH)
    }

    /// Draws a batch.
    pub fn batch(&self, index: u64) -> Vec<SimulatedPair> {
        let first = index * BATCH;
        let slots = BATCH.min(self.fragments.saturating_sub(first)) as usize;
        let mut stream = Stream::of(self.seed, "reads", index);
        let mut molecules: Vec<(Molecule, u32)> = Vec::with_capacity(slots);
        while molecules.len() < slots {
            let next = match molecules.last() {
                Some((last, copy)) if stream.chance(self.options.duplicate_rate) => (*last, copy + 1),
                _ => (self.draw(&mut stream), 0),
            };
            molecules.push(next);
        }
        stream.shuffle(&mut molecules);
        let numbered = (first..).zip(molecules);
        numbered
            .map(|(serial, (molecule, copy))| self.sequence(&mut stream, serial, molecule, copy))
            .collect()
    }

    /// Draws all batches, in parallel.
    pub fn all(&self) -> Vec<SimulatedPair> {
        let batches: Vec<_> = (0..self.batches()).into_par_iter().map(|index| self.batch(index)).collect();
        batches.into_iter().flatten().collect()
    }

    /// A molecule whose read ends hold no unknown base, if one can be found.
    fn draw(&self, stream: &mut Stream) -> Molecule {
        let mut molecule = self.molecules.draw(stream);
        for _ in 0..1_000 {
            let (left, right) = self.ends(molecule);
            let known = |bases: &[u8]| bases.iter().all(|base| matches!(base, b'A' | b'C' | b'G' | b'T'));
            let haplotype = self.haplotype(molecule);
            if known(&haplotype.bases(left.start(), left.end()))
                && known(&haplotype.bases(right.start(), right.end()))
            {
                break;
            }
            molecule = self.molecules.draw(stream);
        }
        molecule
    }

    fn haplotype(&self, molecule: Molecule) -> &Haplotype<'a> {
        &self.haplotypes[molecule.contig as usize][molecule.copy as usize]
    }

    /// The stretches that reads from either end cover, on the haplotype.
    fn ends(&self, molecule: Molecule) -> (Interval, Interval) {
        let length = (self.options.read_length as u64).min(molecule.end - molecule.start);
        (
            Interval::new(molecule.start, molecule.start + length),
            Interval::new(molecule.end - length, molecule.end),
        )
    }

    fn sequence(
        &self,
        stream: &mut Stream,
        serial: u64,
        molecule: Molecule,
        duplicate: u32,
    ) -> SimulatedPair {
        let haplotype = self.haplotype(molecule);
        let (left, right) = self.ends(molecule);
        let (near, far) = if molecule.is_reverse { (right, left) } else { (left, right) };
        let mate = |stream: &mut Stream, number: usize, end: Interval, is_reverse: bool| {
            let mut sequence = haplotype.bases(end.start(), end.end());
            if is_reverse {
                reverse_complement(&mut sequence);
            }
            let adapter = ADAPTERS[number].iter().copied().chain(std::iter::repeat(b'G'));
            sequence.extend(adapter.take(self.options.read_length - sequence.len()));
            let qualities = self.options.quality.sequence(stream, number, &mut sequence);
            let interval = haplotype.reference_interval(end.start(), end.end());
            (SimulatedRead { sequence, qualities }, MateTruth { interval, is_reverse })
        };
        let (first, first_truth) = mate(stream, 0, near, molecule.is_reverse);
        let second = self.options.is_paired.then(|| mate(stream, 1, far, !molecule.is_reverse));
        let (second, second_truth) = second.unzip();
        let contig = landrace_genome::ContigId(molecule.contig);
        let truth = ReadTruth {
            contig: self.genome.contigs.get(contig).name.clone(),
            first: first_truth,
            second: second_truth,
            copy: molecule.copy,
            duplicate,
        };
        SimulatedPair { name: truth.to_name(serial), truth, first, second }
    }
}

impl ReadOptions {
    /// Checks that every option is in its range.
    ///
    /// # Errors
    /// Returns an error that names the first that is not.
    pub fn check(&self) -> Result<(), ReadsError> {
        let fail = |name, value: String, range| Err(ReadsError::Option { name, value, range });
        if !(20..=1_000).contains(&self.read_length) {
            return fail("the read length", self.read_length.to_string(), "20 to 1000 bases");
        }
        if !(20.0..=100_000.0).contains(&self.insert_mean)
            || !(0.0..=self.insert_mean).contains(&self.insert_sd)
        {
            let value = format!("{} ± {}", self.insert_mean, self.insert_sd);
            return fail(
                "the insert size",
                value,
                "a mean of 20 to 100000 and a deviation no larger than that",
            );
        }
        if !(0.0..=100_000.0).contains(&self.depth) {
            return fail("the depth", self.depth.to_string(), "0 to 100000");
        }
        if !(0.0..=0.95).contains(&self.duplicate_rate) {
            return fail("the duplicate rate", self.duplicate_rate.to_string(), "0 to 0.95");
        }
        self.quality.check()
    }
}

#[cfg(test)]
mod tests;
