//! Transposon families: a consensus each, a copy number, an age.

use landrace_genome::Interval;

use super::{GenomeOptions, Stretch};
use crate::random::Stream;
use crate::sequence::{diverged, push_random, reverse_complement};

/// How a family's elements are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// A retrotransposon between two equal long terminal repeats; often only one of these is left.
    Ltr,
    /// A retrotransposon that lacks its start more often than not.
    Line,
    /// A DNA transposon between inverted terminal repeats.
    Dna,
    /// A short DNA transposon in many copies.
    Mite,
}

/// A transposon family.
#[derive(Clone, Debug)]
pub(super) struct Family {
    class: Class,
    name: String,
    consensus: Vec<u8>,
    /// Length of one long terminal repeat; 0 in other classes.
    terminal: usize,
    /// Mean divergence of its copies from the consensus.
    divergence: f64,
    /// Running sum of the families' copy-number weights.
    weight_sum: f64,
}

impl Family {
    /// Draws the families of a genome. Long elements are shortened in a small genome, so that it too holds many.
    pub(super) fn library(options: &GenomeOptions, seed: u64) -> Vec<Self> {
        let longest = (options.length / 60).clamp(200, 12_000) as usize;
        let mut weight_sum = 0.0;
        (0..options.families)
            .map(|index| {
                let mut stream = Stream::of(seed, "family", index as u64);
                let mut family = Self::draw(&mut stream, options, longest, index);
                weight_sum += stream.pareto(options.copy_number_shape);
                family.weight_sum = weight_sum;
                family
            })
            .collect()
    }

    fn draw(stream: &mut Stream, options: &GenomeOptions, longest: usize, index: usize) -> Self {
        let (class, word, shortest, most) = match stream.unit() {
            draw if draw < 0.50 => (Class::Ltr, "LTR", 4_000.0, 12_000.0),
            draw if draw < 0.65 => (Class::Line, "LINE", 1_000.0, 6_000.0),
            draw if draw < 0.85 => (Class::Dna, "DNA", 500.0, 4_000.0),
            _ => (Class::Mite, "MITE", 120.0, 500.0),
        };
        let length = (stream.between(shortest, most) as usize).min(longest);
        let gc = (options.gc + 0.05 * stream.normal()).clamp(0.05, 0.95);
        let mut consensus = Vec::with_capacity(length);
        push_random(stream, gc, length, &mut consensus);
        let mut terminal = 0;
        match class {
            Class::Ltr => {
                terminal = (stream.between(0.05, 0.2) * length as f64) as usize;
                consensus.copy_within(..terminal, length - terminal);
            }
            Class::Dna | Class::Mite => {
                let inverted = (stream.between(15.0, 60.0) as usize).min(length / 3);
                let mut end = consensus[..inverted].to_vec();
                reverse_complement(&mut end);
                consensus[length - inverted..].copy_from_slice(&end);
            }
            Class::Line => {}
        }
        let spread = options.greatest_divergence - options.least_divergence;
        let divergence = options.least_divergence + spread * stream.unit().powf(options.youth);
        let name = format!("{word}/family{:02}", index + 1);
        Self { class, name, consensus, terminal, divergence, weight_sum: 0.0 }
    }

    /// The part of the consensus that a copy has.
    fn part(&self, stream: &mut Stream) -> &[u8] {
        let length = self.consensus.len();
        let draw = stream.unit();
        match self.class {
            Class::Ltr if draw < 0.3 => &self.consensus[..self.terminal.max(1)],
            Class::Ltr if draw < 0.5 => {
                let start = stream.index(length / 2);
                let cut = stream.index(length / 2);
                &self.consensus[start..length - cut]
            }
            Class::Line if draw < 0.7 => &self.consensus[stream.index(length * 9 / 10)..],
            Class::Dna if draw < 0.3 => &self.consensus[stream.index(length / 2)..],
            _ => &self.consensus,
        }
    }
}

/// One copy of one family, whole or cut, with or without another copy within. `depth` counts the nesting.
pub(super) fn copy_of_any(
    stream: &mut Stream,
    families: &[Family],
    options: &GenomeOptions,
    depth: u32,
) -> Stretch {
    let total = families.last().map_or(0.0, |family| family.weight_sum);
    let at = stream.unit() * total;
    let index = families.partition_point(|family| family.weight_sum <= at).min(families.len() - 1);
    let family = &families[index];
    // Copies of one family are of different ages.
    let divergence = (family.divergence * stream.between(0.5, 1.5))
        .clamp(options.least_divergence, options.greatest_divergence);
    let part = family.part(stream);
    let mut bases = diverged(stream, part, divergence);
    if stream.chance(0.5) {
        reverse_complement(&mut bases);
    }
    let mut stretch = Stretch::repeat(bases, family.name.clone());
    if depth < 3 && stretch.bases.len() > 1_000 && stream.chance(0.25) {
        let inner = copy_of_any(stream, families, options, depth + 1);
        let at = stream.index(stretch.bases.len());
        insert(&mut stretch, at, inner);
    }
    stretch
}

/// Puts a copy into another, which goes on behind it; the outer repeat then spans both.
fn insert(outer: &mut Stretch, at: usize, inner: Stretch) {
    outer.bases.splice(at..at, inner.bases);
    let whole = Interval::new(0, outer.bases.len() as u64);
    outer.repeats[0].0 = whole;
    let at = at as u64;
    let moved = inner
        .repeats
        .into_iter()
        .map(|(interval, name)| (Interval::new(interval.start() + at, interval.end() + at), name));
    outer.repeats.extend(moved);
}
