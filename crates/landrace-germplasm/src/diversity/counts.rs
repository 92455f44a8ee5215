//! Alleles and heterozygosity of each group at each locus, at any ploidy.

use landrace_genotypes::GenotypeBlock;
use landrace_genotypes::block::CallGroup;
use landrace_genotypes::block::layer::{ABSENT, UNKNOWN};

use super::grouping::Grouping;
use super::kernel::{DosageSums, Members, group_sums};

/// The calls of one group at one locus. m is a sample's number of gene copies (its ploidy), h its gametic
/// heterozygosity: the chance that two of its copies, drawn without putting back, differ.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GroupCalls {
    /// Samples with a call.
    pub samples: u32,
    /// Their gene copies: Σ m.
    pub copies: u32,
    /// Σ m².
    pub squares: u32,
    /// Samples with a call and more than one copy.
    pub polyploid: u32,
    /// Σ h over those.
    pub heterozygosity: f64,
    /// Σ h (m − 1): the sum of squares within individuals.
    pub within: f64,
    /// Σ h m (m − 1): ordered pairs of unlike copies within samples.
    pub unlike: f64,
}

impl GroupCalls {
    /// Adds samples of ploidy `m`; `unlike` is Σ over them of pairs of copies that differ.
    fn add(&mut self, m: u32, samples: u32, unlike: f64) {
        self.samples += samples;
        self.copies += samples * m;
        self.squares += samples * m * m;
        if m > 1 {
            let pairs = f64::from(m * (m - 1) / 2);
            self.polyploid += samples;
            self.heterozygosity += unlike / pairs;
            self.within += unlike / pairs * f64::from(m - 1);
            self.unlike += 2.0 * unlike;
        }
    }

    fn join(&mut self, other: &Self) {
        self.samples += other.samples;
        self.copies += other.copies;
        self.squares += other.squares;
        self.polyploid += other.polyploid;
        self.heterozygosity += other.heterozygosity;
        self.within += other.within;
        self.unlike += other.unlike;
    }
}

/// The calls of every group at the loci of a block; the last group is all groups together.
#[derive(Clone, Debug, Default)]
pub struct BlockCalls {
    groups: usize,
    calls: Vec<GroupCalls>,
    starts: Vec<usize>,
    alleles: Vec<u32>,
}

/// The calls of every group at one locus; the last group is all groups together.
#[derive(Clone, Copy, Debug)]
pub struct LocusCalls<'a> {
    /// What each group has.
    pub groups: &'a [GroupCalls],
    alleles: &'a [u32],
    width: usize,
}

impl<'a> LocusCalls<'a> {
    /// Copies of each allele in a group; the reference first.
    pub fn alleles(&self, group: usize) -> &'a [u32] {
        &self.alleles[group * self.width..(group + 1) * self.width]
    }

    /// Number of alleles that the file names, two at least.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether more than one allele was called in all groups together.
    pub fn varies(&self) -> bool {
        self.alleles(self.groups.len() - 1).iter().filter(|&&count| count > 0).count() > 1
    }
}

impl BlockCalls {
    /// Counts a block. Loci of several alternate alleles whose alleles the file does not tell apart count as
    /// reference against all others.
    pub fn of(block: &GenotypeBlock, grouping: &Grouping) -> Self {
        let groups = grouping.len() + 1;
        let mut out = Self { groups, ..Self::default() };
        let members: Vec<Members> = block.groups.iter().map(|own| members(own, grouping)).collect();
        let mut sums = vec![DosageSums::default(); groups - 1];
        for row in 0..block.rows() {
            let first = out.calls.len();
            out.calls.resize(first + groups, GroupCalls::default());
            out.starts.push(out.alleles.len());
            if block.sites[row].alleles() > 2 && out.count_codes(block, row, grouping) {
                continue;
            }
            let start = out.alleles.len();
            out.alleles.resize(start + 2 * groups, 0);
            for (own, members) in block.groups.iter().zip(&members) {
                let planes = own.calls.row(row);
                group_sums(planes.bits(), planes.words(), members, &mut sums);
                out.add_sums(u32::from(planes.ploidy()), &sums, (first, start));
            }
            out.total(first, start, 2);
        }
        out
    }

    fn add_sums(&mut self, m: u32, sums: &[DosageSums], (first, start): (usize, usize)) {
        for (group, own) in sums.iter().enumerate() {
            self.calls[first + group].add(m, own.called, f64::from(m * own.dosage - own.squares));
            self.alleles[start + 2 * group] += m * own.called - own.dosage;
            self.alleles[start + 2 * group + 1] += own.dosage;
        }
    }

    /// The last group of a locus: all others.
    fn total(&mut self, first: usize, start: usize, width: usize) {
        let last = self.groups - 1;
        let mut all = GroupCalls::default();
        self.calls[first..first + last].iter().for_each(|own| all.join(own));
        self.calls[first + last] = all;
        for allele in 0..width {
            let sum = (0..last).map(|group| self.alleles[start + group * width + allele]).sum();
            self.alleles[start + last * width + allele] = sum;
        }
    }

    /// Counts the alleles one by one; false if the block does not hold them.
    fn count_codes(&mut self, block: &GenotypeBlock, row: usize, grouping: &Grouping) -> bool {
        let Some(codes) = block.layers.alleles.as_ref().and_then(|alleles| alleles.row(row)) else {
            return false;
        };
        let width = block.sites[row].alleles();
        let (first, start) = (self.calls.len() - self.groups, self.alleles.len());
        self.alleles.resize(start + width * self.groups, 0);
        for (call, group) in codes.zip(&grouping.of_samples) {
            let Some(group) = *group else { continue };
            let copies = call.iter().filter(|&&code| code != ABSENT);
            let m = copies.clone().count();
            let is_known = copies.clone().all(|&code| code != UNKNOWN && usize::from(code) < width);
            if m == 0 || !is_known {
                continue;
            }
            let mut alike = 0u32;
            for &code in copies.clone() {
                self.alleles[start + group * width + usize::from(code)] += 1;
                alike += copies.clone().filter(|&&other| other == code).count() as u32 - 1;
            }
            let m = m as u32;
            self.calls[first + group].add(m, 1, f64::from(m * (m - 1) - alike) / 2.0);
        }
        self.total(first, start, width);
        true
    }

    /// Number of loci.
    pub fn rows(&self) -> usize {
        self.starts.len()
    }

    /// The calls at a locus.
    pub fn locus(&self, row: usize) -> LocusCalls<'_> {
        let end = self.starts.get(row + 1).copied().unwrap_or(self.alleles.len());
        let alleles = &self.alleles[self.starts[row]..end];
        LocusCalls {
            groups: &self.calls[row * self.groups..(row + 1) * self.groups],
            alleles,
            width: alleles.len() / self.groups,
        }
    }
}

/// Which columns of a set of planes belong to each group.
fn members(own: &CallGroup, grouping: &Grouping) -> Members {
    let mut masks: Vec<Vec<(u32, u64)>> = vec![Vec::new(); grouping.len()];
    for (column, &sample) in own.samples.iter().enumerate() {
        let Some(group) = grouping.of_samples[sample] else { continue };
        let (word, bit) = ((column / 64) as u32, 1u64 << (column % 64));
        match masks[group].last_mut() {
            Some((last, mask)) if *last == word => *mask |= bit,
            _ => masks[group].push((word, bit)),
        }
    }
    Members::new(masks)
}
