//! How deep the reads lie, from records in the order of the file.

use std::collections::VecDeque;

use landrace_genome::ContigDictionary;

use crate::record::{Place, cigar_of, flag};

/// Bins along the whole genome, about.
const BINS: u64 = 500;
/// Depths beyond this one count as this one.
const DEEPEST: usize = 5_000;

/// Depth of the aligned bases, duplicates left out: by bins along the contigs, and as a histogram.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// Width of a bin, in bases.
    pub bin_width: u64,
    /// For each contig, the summed depth of each of its bins.
    pub bins: Vec<Vec<u64>>,
    /// Bases of the genome at each depth.
    pub histogram: Vec<u64>,
    lengths: Vec<u64>,
    contig: usize,
    /// Base that the first of `changes` belongs to.
    at: u64,
    depth: i64,
    changes: VecDeque<i64>,
}

impl Coverage {
    /// No read yet.
    pub(crate) fn new(contigs: &ContigDictionary) -> Self {
        let bin_width = contigs.total_length().div_ceil(BINS).max(1);
        let lengths: Vec<u64> = contigs.iter().map(|(_, contig)| contig.length).collect();
        let bins = lengths.iter().map(|length| vec![0; length.div_ceil(bin_width) as usize]).collect();
        let histogram = vec![0; DEEPEST + 1];
        Self { bin_width, bins, histogram, lengths, contig: 0, at: 0, depth: 0, changes: VecDeque::new() }
    }

    /// Adds a packed record; they come sorted.
    pub(crate) fn add(&mut self, place: Place, entry: &[u8]) {
        if place.contig < 0 || place.flags & (flag::UNMAPPED | flag::SECONDARY) != 0 {
            return;
        }
        while self.contig < place.contig.unsigned_abs() as usize {
            self.end_contig();
        }
        self.go_to(u64::from(place.start.unsigned_abs()));
        let mut offset = 0usize;
        for op in cigar_of(entry) {
            let length = op.len() as usize;
            if op.consumes_reference() {
                if op.consumes_read() {
                    if self.changes.len() <= offset + length {
                        self.changes.resize(offset + length + 1, 0);
                    }
                    self.changes[offset] += 1;
                    self.changes[offset + length] -= 1;
                }
                offset += length;
            }
        }
    }

    /// Settles the depth of all bases before `position`.
    fn go_to(&mut self, position: u64) {
        while self.at < position {
            let Some(change) = self.changes.pop_front() else {
                // No read reaches this far: the rest is at depth 0.
                self.histogram[0] += position - self.at;
                self.at = position;
                return;
            };
            self.depth += change;
            let depth = self.depth.unsigned_abs();
            self.histogram[(depth as usize).min(DEEPEST)] += 1;
            self.bins[self.contig][(self.at / self.bin_width) as usize] += depth;
            self.at += 1;
        }
    }

    fn end_contig(&mut self) {
        self.go_to(self.lengths[self.contig]);
        self.changes.clear();
        self.contig += 1;
        (self.at, self.depth) = (0, 0);
    }

    /// Settles all bases to the end of the genome.
    pub(crate) fn finish(&mut self) {
        while self.contig < self.lengths.len() {
            self.end_contig();
        }
    }

    /// Mean depth over the genome.
    pub fn mean(&self) -> f64 {
        let sum: u64 = self.bins.iter().flatten().sum();
        let length: u64 = self.lengths.iter().sum();
        sum as f64 / length.max(1) as f64
    }

    /// Share of the genome that some read covers.
    pub fn breadth(&self) -> f64 {
        let length: u64 = self.lengths.iter().sum();
        1.0 - self.histogram[0] as f64 / length.max(1) as f64
    }
}
