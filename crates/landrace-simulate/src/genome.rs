//! Genomes as plants have them: mostly transposons, with duplications, tandem repeats and a little unique
//! sequence.

use std::io::{self, Write};

use landrace_genome::{ContigDictionary, ContigId, Interval, Reference};

use crate::random::Stream;
use crate::sequence::push_random;

mod family;
mod tandem;

use family::Family;

/// What a genome is to be like. Fractions are of its length.
#[derive(Clone, Debug)]
pub struct GenomeOptions {
    /// Total length, in bases.
    pub length: u64,
    /// Number of contigs; the last is about half as long as the first.
    pub contigs: usize,
    /// Share of G and C in unique sequence and in transposon families.
    pub gc: f64,
    /// Share that comes from transposon families.
    pub repeat_fraction: f64,
    /// Number of transposon families.
    pub families: usize,
    /// Least divergence of a copy from its family's consensus.
    pub least_divergence: f64,
    /// Greatest divergence of a copy from its family's consensus.
    pub greatest_divergence: f64,
    /// How young the families are: their divergences are spread evenly at 1, and the larger, the more of them lie
    /// near the least (an even number raised to this power).
    pub youth: f64,
    /// Shape of the Pareto distribution of the families' copy numbers; smaller is more skewed.
    pub copy_number_shape: f64,
    /// Share that is a younger copy of another stretch (segmental duplications).
    pub duplication_fraction: f64,
    /// Share of micro-, mini- and satellite repeats.
    pub tandem_fraction: f64,
}

impl Default for GenomeOptions {
    fn default() -> Self {
        Self {
            length: 1_000_000,
            contigs: 3,
            gc: 0.40,
            repeat_fraction: 0.60,
            families: 60,
            least_divergence: 0.003,
            greatest_divergence: 0.12,
            youth: 1.0,
            copy_number_shape: 1.0,
            duplication_fraction: 0.03,
            tandem_fraction: 0.02,
        }
    }
}

/// A stretch of repetitive sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// The contig.
    pub contig: ContigId,
    /// Where it lies.
    pub interval: Interval,
    /// What it is, for example `LTR/family07` or `microsatellite`.
    pub name: String,
}

/// A genome in memory, one byte a base, in upper case.
#[derive(Clone, Debug, Default)]
pub struct Genome {
    /// Names and lengths.
    pub contigs: ContigDictionary,
    /// Bases of each contig.
    pub sequences: Vec<Vec<u8>>,
    /// Repeats that were put in, by contig and start; empty if the genome was read from a file.
    pub repeats: Vec<Repeat>,
}

/// Why a genome cannot be made.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum GenomeError {
    /// Contigs would be too short to hold anything.
    #[error("{length} bases are too few for {contigs} contigs; give each at least 1000")]
    TooShort {
        /// Total length.
        length: u64,
        /// Number of contigs.
        contigs: usize,
    },
    /// The shares of repeats exceed what there is.
    #[error(
        "transposons, duplications and tandem repeats come to {0} % of the genome; lower one of them to stay below 99 %"
    )]
    TooRepetitive(u32),
    /// An option is out of its range.
    #[error("{0}")]
    Option(&'static str),
}

/// Makes a genome.
///
/// Each contig grows from left to right by transposon copies, tandem repeats, copies of earlier stretches and
/// unique sequence; the kind that is furthest behind its share comes next most often. A transposon copy comes
/// from a family by the family's copy number (a Pareto weight), whole or cut, on either strand, diverged from the
/// consensus, and may carry another copy within, as nested transposons do.
///
/// # Errors
/// Returns an error if the options contradict one another.
pub fn simulate_genome(options: &GenomeOptions, seed: u64) -> Result<Genome, GenomeError> {
    options.check()?;
    let families = Family::library(options, seed);
    let mut genome = Genome::default();
    let mut grower = Grower { options, families: &families, grown: [0; 4] };
    for (index, length) in options.contig_lengths().into_iter().enumerate() {
        let mut stream = Stream::of(seed, "genome", index as u64);
        // Names made here are all different.
        let Ok(contig) = genome.contigs.push(format!("chr{}", index + 1), length) else { continue };
        genome.sequences.push(Vec::with_capacity(length as usize));
        grower.grow(&mut stream, contig, length as usize, &mut genome);
    }
    genome.repeats.sort_by_key(|repeat| (repeat.contig, repeat.interval));
    Ok(genome)
}

impl GenomeOptions {
    fn check(&self) -> Result<(), GenomeError> {
        if self.contigs == 0 || self.length / (self.contigs as u64) < 1000 {
            return Err(GenomeError::TooShort { length: self.length, contigs: self.contigs });
        }
        let fractions = [self.repeat_fraction, self.duplication_fraction, self.tandem_fraction];
        if fractions.iter().any(|fraction| !(0.0..=1.0).contains(fraction)) {
            return Err(GenomeError::Option("fractions of the genome lie between 0 and 1"));
        }
        let repetitive: f64 = fractions.iter().sum();
        if repetitive >= 0.99 {
            return Err(GenomeError::TooRepetitive((repetitive * 100.0).round() as u32));
        }
        let divergence = self.least_divergence..=self.greatest_divergence;
        if divergence.is_empty() || self.least_divergence <= 0.0 || self.greatest_divergence > 0.5 {
            return Err(GenomeError::Option("divergences lie above 0 and up to 0.5, the least first"));
        }
        if !(0.05..=0.95).contains(&self.gc) {
            return Err(GenomeError::Option("the GC content lies between 0.05 and 0.95"));
        }
        let is_positive = self.copy_number_shape > 0.0 && self.youth > 0.0;
        if self.families == 0 || !is_positive {
            return Err(GenomeError::Option(
                "there must be a transposon family, and the copy numbers' shape and the youth lie above 0",
            ));
        }
        Ok(())
    }

    /// Lengths that fall evenly to half of the first and add up to the whole.
    fn contig_lengths(&self) -> Vec<u64> {
        let n = self.contigs;
        let weight = |index: usize| 1.0 - 0.5 * index as f64 / (n.max(2) - 1) as f64;
        let total: f64 = (0..n).map(weight).sum();
        let mut lengths: Vec<u64> =
            (0..n).map(|index| (self.length as f64 * weight(index) / total) as u64).collect();
        lengths[0] += self.length - lengths.iter().sum::<u64>();
        lengths
    }
}

/// Kinds of sequence, in the order of [`Grower::grown`].
const UNIQUE: usize = 0;
const TRANSPOSON: usize = 1;
const DUPLICATION: usize = 2;
const TANDEM: usize = 3;

/// A stretch to be added and the repeats in it, relative to its start.
struct Stretch {
    bases: Vec<u8>,
    repeats: Vec<(Interval, String)>,
}

impl Stretch {
    /// A stretch that is a repeat from end to end.
    fn repeat(bases: Vec<u8>, name: String) -> Self {
        let interval = Interval::new(0, bases.len() as u64);
        Self { bases, repeats: vec![(interval, name)] }
    }
}

/// Adds sequence to contigs and keeps account of the shares.
struct Grower<'a> {
    options: &'a GenomeOptions,
    families: &'a [Family],
    grown: [u64; 4],
}

impl Grower<'_> {
    fn grow(&mut self, stream: &mut Stream, contig: ContigId, length: usize, genome: &mut Genome) {
        while genome.sequences[contig.index()].len() < length {
            let kind = self.next_kind(stream);
            let stretch = match kind {
                TRANSPOSON => family::copy_of_any(stream, self.families, self.options, 0),
                DUPLICATION => self.duplicate(stream, &genome.sequences),
                TANDEM => tandem::tandem_repeat(stream, length),
                _ => self.unique(stream),
            };
            let bases = &mut genome.sequences[contig.index()];
            let start = bases.len() as u64;
            let fits = stretch.bases.len().min(length - bases.len());
            bases.extend_from_slice(&stretch.bases[..fits]);
            self.grown[kind] += fits as u64;
            let end = bases.len() as u64;
            let placed = stretch.repeats.into_iter().map(|(interval, name)| {
                let interval =
                    Interval::new((start + interval.start()).min(end), (start + interval.end()).min(end));
                Repeat { contig, interval, name }
            });
            genome.repeats.extend(placed.filter(|repeat| !repeat.interval.is_empty()));
        }
    }

    /// A kind, drawn by how far each is behind its share.
    fn next_kind(&self, stream: &mut Stream) -> usize {
        let options = self.options;
        let repetitive = [options.repeat_fraction, options.duplication_fraction, options.tandem_fraction];
        let targets = [1.0 - repetitive.iter().sum::<f64>(), repetitive[0], repetitive[1], repetitive[2]];
        // The shares are to hold a few stretches from here.
        let ahead = self.grown.iter().sum::<u64>() as f64 + 5_000.0;
        let mut sum = 0.0;
        let sums = [UNIQUE, TRANSPOSON, DUPLICATION, TANDEM].map(|kind| {
            sum += (targets[kind] * ahead - self.grown[kind] as f64).max(0.0);
            sum
        });
        stream.weighted(&sums)
    }

    fn unique(&self, stream: &mut Stream) -> Stretch {
        let length = 50 + stream.exponential(1_200.0) as usize;
        let gc = (self.options.gc + 0.04 * stream.normal()).clamp(0.05, 0.95);
        let mut bases = Vec::with_capacity(length);
        push_random(stream, gc, length, &mut bases);
        Stretch { bases, repeats: Vec::new() }
    }

    /// A copy of an earlier stretch of any contig, 1 to 5 % diverged.
    fn duplicate(&self, stream: &mut Stream, sequences: &[Vec<u8>]) -> Stretch {
        let source = &sequences[stream.index(sequences.len())];
        if source.len() < 2_000 {
            return self.unique(stream);
        }
        let longest = (source.len() / 10).clamp(500, 50_000);
        let length = 500 + stream.index(longest - 499);
        let start = stream.index(source.len() - length);
        let divergence = stream.between(0.01, 0.05);
        let mut bases = crate::sequence::diverged(stream, &source[start..start + length], divergence);
        if stream.chance(0.5) {
            crate::sequence::reverse_complement(&mut bases);
        }
        Stretch::repeat(bases, "segmental-duplication".to_owned())
    }
}

impl Genome {
    /// Takes a genome from bases by name.
    ///
    /// # Errors
    /// Returns an error if a name occurs twice.
    pub fn from_contigs(
        contigs: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<Self, landrace_genome::contig::ContigError> {
        let mut genome = Self::default();
        for (name, bases) in contigs {
            genome.contigs.push(name, bases.len() as u64)?;
            genome.sequences.push(bases);
        }
        Ok(genome)
    }

    /// Holds a reference in memory.
    pub fn from_reference(reference: &Reference) -> Self {
        let whole = reference.contigs().whole();
        let sequences =
            whole.into_iter().map(|region| reference.bases(region.contig, region.interval)).collect();
        Self { contigs: reference.contigs().clone(), sequences, repeats: Vec::new() }
    }

    /// Writes FASTA with 60 bases a line.
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write_fasta(&self, mut out: impl Write) -> io::Result<()> {
        for ((_, contig), bases) in self.contigs.iter().zip(&self.sequences) {
            writeln!(out, ">{}", contig.name)?;
            for line in bases.chunks(60) {
                out.write_all(line)?;
                out.write_all(b"\n")?;
            }
        }
        Ok(())
    }

    /// Writes the index of the FASTA that [`Genome::write_fasta`] writes, as `samtools faidx` would.
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write_fai(&self, mut out: impl Write) -> io::Result<()> {
        let mut offset = 0;
        for (_, contig) in self.contigs.iter() {
            offset += contig.name.len() as u64 + 2;
            writeln!(out, "{}\t{}\t{offset}\t60\t61", contig.name, contig.length)?;
            offset += contig.length + contig.length.div_ceil(60);
        }
        Ok(())
    }

    /// Writes the repeats as BED with names.
    ///
    /// # Errors
    /// Returns an error if the writer fails.
    pub fn write_repeats(&self, mut out: impl Write) -> io::Result<()> {
        for Repeat { contig, interval, name } in &self.repeats {
            let contig = &self.contigs.get(*contig).name;
            writeln!(out, "{contig}\t{}\t{}\t{name}", interval.start(), interval.end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
