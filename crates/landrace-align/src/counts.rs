//! What is counted while reads are written.

use crate::alignment::{Alignment, FragmentAlignment};
use crate::record::WholeRead;

/// Insert sizes beyond this one are not in the histogram.
const LONGEST_INSERT: usize = 5_000;

/// Counts of a sequencing unit, or of a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Reads.
    pub reads: u64,
    /// Reads that have a place.
    pub mapped: u64,
    /// Reads in proper pairs.
    pub proper: u64,
    /// Reads flagged as duplicates, or left out as such.
    pub duplicates: u64,
    /// Parts of split reads beside the first.
    pub supplementary: u64,
    /// Bases.
    pub bases: u64,
    /// Bases that were cut from the ends and not aligned.
    pub trimmed_bases: u64,
    /// Bases of the reads that lie on the reference.
    pub mapped_bases: u64,
    /// Mismatches, inserted and deleted bases of the reads' places.
    pub differences: u64,
    /// Reads by mapping quality.
    pub mapping_quality: [u64; 256],
    /// Proper pairs by insert size, in bases.
    pub insert_size: Vec<u64>,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            reads: 0,
            mapped: 0,
            proper: 0,
            duplicates: 0,
            supplementary: 0,
            bases: 0,
            trimmed_bases: 0,
            mapped_bases: 0,
            differences: 0,
            mapping_quality: [0; 256],
            insert_size: Vec::new(),
        }
    }
}

impl Counts {
    /// Counts a fragment.
    pub(crate) fn add(
        &mut self,
        reads: (WholeRead<'_>, Option<WholeRead<'_>>),
        alignment: &FragmentAlignment,
    ) {
        let mates = [(Some(reads.0), Some(&alignment.first)), (reads.1, alignment.second.as_ref())];
        for (read, placed) in mates.into_iter().filter_map(|(read, placed)| Some((read?, placed?))) {
            self.reads += 1;
            self.bases += read.read.sequence.len() as u64;
            self.trimmed_bases += (read.read.sequence.len() - read.kept) as u64;
            self.supplementary += placed.supplementary.len() as u64;
            if let Some(primary) = &placed.primary {
                self.mapped += 1;
                self.proper += u64::from(alignment.is_proper_pair);
                self.mapping_quality[usize::from(primary.mapping_quality)] += 1;
                self.differences += u64::from(primary.edit_distance);
                let aligned = primary.cigar.iter().filter(|op| op.consumes_read() && !op.is_clip());
                self.mapped_bases += aligned.map(|op| u64::from(op.len())).sum::<u64>();
            }
        }
        let second = alignment.second.as_ref().and_then(|second| second.primary.as_ref());
        if let (true, Some(first), Some(second)) =
            (alignment.is_proper_pair, &alignment.first.primary, second)
        {
            self.add_insert(first, second);
        }
    }

    fn add_insert(&mut self, first: &Alignment, second: &Alignment) {
        let size = first.end().max(second.end()) - first.start.min(second.start);
        let Some(size) = usize::try_from(size).ok().filter(|&size| size <= LONGEST_INSERT) else { return };
        if self.insert_size.len() <= size {
            self.insert_size.resize(size + 1, 0);
        }
        self.insert_size[size] += 1;
    }

    /// Adds the counts of others.
    pub fn merge(&mut self, other: &Self) {
        self.reads += other.reads;
        self.mapped += other.mapped;
        self.proper += other.proper;
        self.duplicates += other.duplicates;
        self.supplementary += other.supplementary;
        self.bases += other.bases;
        self.trimmed_bases += other.trimmed_bases;
        self.mapped_bases += other.mapped_bases;
        self.differences += other.differences;
        for (sum, more) in self.mapping_quality.iter_mut().zip(other.mapping_quality) {
            *sum += more;
        }
        if self.insert_size.len() < other.insert_size.len() {
            self.insert_size.resize(other.insert_size.len(), 0);
        }
        for (sum, more) in self.insert_size.iter_mut().zip(&other.insert_size) {
            *sum += more;
        }
    }

    /// Mean mapping quality of the reads that have a place.
    pub fn mean_mapping_quality(&self) -> f64 {
        let sum: u64 = (0u64..).zip(self.mapping_quality).map(|(quality, reads)| quality * reads).sum();
        sum as f64 / self.mapped.max(1) as f64
    }
}
