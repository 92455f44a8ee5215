//! Meiosis: gametes of a plant of even ploidy.
//!
//! The copies of a chromosome pair at random to bivalents, as in autopolyploids without preference (polysomic
//! inheritance, no double reduction); in diploids that is the one pair. Crossovers fall without interference
//! (Haldane 1919): a Poisson process along the chromosome.

use crate::individual::{Individual, Mosaic, Segment};
use crate::random::Stream;

/// How chromosomes recombine.
#[derive(Clone, Copy, Debug)]
pub struct Recombination<'a> {
    /// Lengths of the contigs, in bases.
    pub lengths: &'a [u64],
    /// Recombination rate, in centimorgan a megabase.
    pub cm_per_mb: f64,
}

/// The copies that a gamete carries, `[contig][copy]`: half of the plant's.
pub fn gamete(
    stream: &mut Stream,
    parent: &Individual,
    recombination: Recombination<'_>,
) -> Vec<Vec<Mosaic>> {
    let mean_distance = 1e8 / recombination.cm_per_mb;
    parent
        .copies
        .iter()
        .zip(recombination.lengths)
        .map(|(copies, &length)| {
            let mut order: Vec<usize> = (0..copies.len()).collect();
            stream.shuffle(&mut order);
            let pairs = order.chunks_exact(2);
            pairs
                .map(|pair| recombine(stream, [&copies[pair[0]], &copies[pair[1]]], length, mean_distance))
                .collect()
        })
        .collect()
}

/// One strand of a pair of chromosomes: it changes from one to the other at each crossover.
fn recombine(stream: &mut Stream, pair: [&Mosaic; 2], length: u64, mean_distance: f64) -> Mosaic {
    let mut own = usize::from(stream.chance(0.5));
    let mut segments = Vec::new();
    let mut start = 0;
    while start < length {
        let step = stream.exponential(mean_distance).min(length as f64) as u64;
        let end = (start + step.max(1)).min(length);
        copy_segments(pair[own], start, end, &mut segments);
        own = 1 - own;
        start = end;
    }
    Mosaic(segments)
}

/// Appends what a mosaic holds between two positions; neighbours of one origin become one.
fn copy_segments(from: &Mosaic, start: u64, end: u64, into: &mut Vec<Segment>) {
    let first = from.0.partition_point(|segment| segment.start <= start).max(1) - 1;
    for segment in from.0[first..].iter().take_while(|segment| segment.start < end) {
        if into.last().is_none_or(|last| last.haplotype != segment.haplotype) {
            into.push(Segment { start: segment.start.max(start), haplotype: segment.haplotype });
        }
    }
}

/// A progeny of two plants; of one plant with itself, it is selfed.
pub fn cross(
    stream: &mut Stream,
    name: String,
    parents: [&Individual; 2],
    recombination: Recombination<'_>,
) -> Individual {
    let mut copies = gamete(stream, parents[0], recombination);
    for (own, other) in copies.iter_mut().zip(gamete(stream, parents[1], recombination)) {
        own.extend(other);
    }
    Individual { name, copies }
}

/// A doubled haploid: a gamete, doubled.
pub fn doubled_haploid(
    stream: &mut Stream,
    name: String,
    parent: &Individual,
    recombination: Recombination<'_>,
) -> Individual {
    let mut copies = gamete(stream, parent, recombination);
    copies.iter_mut().for_each(|own| own.extend_from_within(..));
    Individual { name, copies }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTHS: &[u64] = &[100_000_000];
    const MAP: Recombination<'_> = Recombination { lengths: LENGTHS, cm_per_mb: 1.0 };

    #[test]
    fn crossovers_are_haldanes() {
        let parent = Individual::founder("F1", 1, &[0, 1]);
        let mut stream = Stream::of(1, "test", 0);
        let (mut crossovers, mut recombinant, mut first) = (0, 0, 0);
        let n = 20_000;
        for _ in 0..n {
            let strand = &gamete(&mut stream, &parent, MAP)[0][0];
            crossovers += strand.0.len() - 1;
            recombinant += usize::from(strand.at(0) != strand.at(20_000_000));
            first += strand.at(50_000_000);
        }
        let mean = |count: f64| count / f64::from(n);
        assert!((mean(crossovers as f64) - 1.0).abs() < 0.03);
        // Haldane: r = (1 - exp(-2 d)) / 2 with d = 0.2 Morgan.
        let expected = (1.0 - (-0.4f64).exp()) / 2.0;
        assert!((mean(recombinant as f64) - expected).abs() < 0.012);
        assert!((mean(f64::from(first)) - 0.5).abs() < 0.015);
    }

    #[test]
    fn tetraploid_gametes_are_polysomic() {
        // AAaa gives AA : Aa : aa as 1 : 4 : 1.
        let parent = Individual::founder("AAaa", 1, &[0, 0, 1, 1]);
        let mut stream = Stream::of(2, "test", 0);
        let mut counts = [0u32; 3];
        for _ in 0..30_000 {
            let copies = gamete(&mut stream, &parent, MAP);
            let dosage: u32 = copies[0].iter().map(|copy| copy.at(30_000_000)).sum();
            counts[dosage as usize] += 1;
        }
        for (count, expected) in counts.into_iter().zip([5_000.0, 20_000.0, 5_000.0]) {
            assert!((f64::from(count) - expected).abs() < 300.0, "{counts:?}");
        }
    }

    #[test]
    fn hexa_and_octoploids_halve_their_copies() {
        let mut stream = Stream::of(3, "test", 0);
        for ploidy in [2u32, 4, 6, 8] {
            let haplotypes: Vec<u32> = (0..ploidy).collect();
            let parent = Individual::founder("P", 1, &haplotypes);
            let child = cross(&mut stream, "C".into(), [&parent, &parent], MAP);
            assert_eq!(child.ploidy(), ploidy as usize);
            // Without double reduction, no gamete holds one place of one chromosome twice.
            let gamete = gamete(&mut stream, &parent, MAP);
            let mut at: Vec<u32> = gamete[0].iter().map(|copy| copy.at(10_000_000)).collect();
            at.sort_unstable();
            at.dedup();
            assert_eq!(at.len(), ploidy as usize / 2);
        }
    }

    #[test]
    fn doubled_haploids_have_no_heterozygous_place() {
        let mut stream = Stream::of(4, "test", 0);
        let parent = Individual::founder("F1", 1, &[0, 1]);
        let line = doubled_haploid(&mut stream, "DH".into(), &parent, MAP);
        assert_eq!(line.copies[0][0], line.copies[0][1]);
    }
}
