//! Molecules of a library: which stretches of which chromosome copies are read.

use super::ReadOptions;
use super::layout::{self, LibraryLayout, Locus};
use crate::haplotype::Haplotype;
use crate::random::Stream;

/// A fragment of one chromosome copy, in that copy's own coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Molecule {
    pub(super) contig: u32,
    pub(super) copy: u32,
    /// 0-based and half-open.
    pub(super) start: u64,
    pub(super) end: u64,
    /// Whether the first mate is read from the right end.
    pub(super) is_reverse: bool,
}

/// What molecules are drawn from.
pub(super) enum Molecules {
    /// Random fragments.
    Shotgun(Shotgun),
    /// The same fragments again and again, with running sums of their weights.
    Loci(Vec<Locus>, Vec<f64>),
}

/// Random fragments of chromosome copies.
pub(super) struct Shotgun {
    /// The chromosome copies with their lengths.
    copies: Vec<(u32, u32, u64)>,
    running_sums: Vec<f64>,
    insert_mean: f64,
    insert_sd: f64,
    shortest: u64,
}

impl Molecules {
    pub(super) fn of(haplotypes: &[Vec<Haplotype<'_>>], options: &ReadOptions) -> Self {
        let loci = match &options.layout {
            LibraryLayout::Shotgun => return Self::Shotgun(Shotgun::new(haplotypes, options)),
            LibraryLayout::CutSites(digest) => layout::digest(haplotypes, digest),
            LibraryLayout::Amplicons(panel) => layout::amplify(haplotypes, panel),
        };
        let mut sum = 0.0;
        let running_sums = loci.iter().map(|locus| {
            sum += locus.weight;
            sum
        });
        let running_sums = running_sums.collect();
        Self::Loci(loci, running_sums)
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Shotgun(shotgun) => shotgun.copies.is_empty(),
            Self::Loci(loci, _) => loci.is_empty(),
        }
    }

    /// Number of places that are read in every sample; `None` if reads fall anywhere.
    pub(super) fn loci(&self) -> Option<usize> {
        match self {
            Self::Shotgun(_) => None,
            Self::Loci(loci, _) => Some(loci.len()),
        }
    }

    pub(super) fn draw(&self, stream: &mut Stream) -> Molecule {
        match self {
            Self::Shotgun(shotgun) => shotgun.draw(stream),
            Self::Loci(loci, running_sums) => {
                let Locus { mut molecule, is_either_way, .. } = loci[stream.weighted(running_sums)];
                if is_either_way {
                    molecule.is_reverse = stream.chance(0.5);
                }
                molecule
            }
        }
    }
}

impl Shotgun {
    /// Random fragments of every chromosome copy that is at least a read long.
    fn new(haplotypes: &[Vec<Haplotype<'_>>], options: &ReadOptions) -> Self {
        let mut copies = Vec::new();
        let mut running_sums = Vec::new();
        let mut sum = 0.0;
        for (contig, of_contig) in (0u32..).zip(haplotypes) {
            for (copy, haplotype) in (0u32..).zip(of_contig) {
                if haplotype.len() >= options.read_length as u64 {
                    sum += haplotype.len() as f64;
                    copies.push((contig, copy, haplotype.len()));
                    running_sums.push(sum);
                }
            }
        }
        let shortest = 30.min(options.read_length as u64);
        Self {
            copies,
            running_sums,
            insert_mean: options.insert_mean,
            insert_sd: options.insert_sd,
            shortest,
        }
    }

    fn draw(&self, stream: &mut Stream) -> Molecule {
        let (contig, copy, length) = self.copies[stream.weighted(&self.running_sums)];
        let wanted = (self.insert_mean + self.insert_sd * stream.normal()).round().max(0.0) as u64;
        let size = wanted.clamp(self.shortest, length);
        let start = stream.below(length - size + 1);
        Molecule { contig, copy, start, end: start + size, is_reverse: stream.chance(0.5) }
    }
}
