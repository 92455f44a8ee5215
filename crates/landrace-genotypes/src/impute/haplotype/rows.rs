//! Haplotypes as bits, variant by variant.

/// Alleles (0 or 1) of variants × haplotypes, one bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Haplotypes {
    haplotypes: usize,
    words: usize,
    bits: Vec<u64>,
}

impl Haplotypes {
    /// Haplotypes without variants.
    pub fn new(haplotypes: usize) -> Self {
        Self { haplotypes, words: haplotypes.div_ceil(64), bits: Vec::new() }
    }

    /// Appends a variant from one allele a haplotype.
    pub fn push_row(&mut self, alleles: impl Iterator<Item = u8>) {
        let start = self.bits.len();
        self.bits.resize(start + self.words, 0);
        for (haplotype, allele) in alleles.take(self.haplotypes).enumerate() {
            self.bits[start + haplotype / 64] |= u64::from(allele & 1) << (haplotype % 64);
        }
    }

    /// Appends the variants of others.
    pub(super) fn append(&mut self, other: &Self) {
        if self.bits.is_empty() {
            *self = other.clone();
        } else {
            self.bits.extend_from_slice(&other.bits);
        }
    }

    /// The variants of a range alone.
    pub(super) fn slice(&self, rows: std::ops::Range<usize>) -> Self {
        let bits = self.bits[rows.start * self.words..rows.end * self.words].to_vec();
        Self { haplotypes: self.haplotypes, words: self.words, bits }
    }

    /// Number of haplotypes.
    pub fn haplotypes(&self) -> usize {
        self.haplotypes
    }

    /// Number of variants.
    pub fn rows(&self) -> usize {
        self.bits.len().checked_div(self.words).unwrap_or(0)
    }

    /// A variant's alleles, 64 haplotypes a word.
    pub fn row(&self, row: usize) -> &[u64] {
        &self.bits[row * self.words..(row + 1) * self.words]
    }

    /// The allele of a haplotype at a variant.
    pub fn allele(&self, row: usize, haplotype: usize) -> u8 {
        ((self.bits[row * self.words + haplotype / 64] >> (haplotype % 64)) & 1) as u8
    }

    /// Sets the allele of a haplotype at a variant.
    pub fn set(&mut self, row: usize, haplotype: usize, allele: u8) {
        let word = &mut self.bits[row * self.words + haplotype / 64];
        *word = *word & !(1 << (haplotype % 64)) | u64::from(allele & 1) << (haplotype % 64);
    }

    /// Share of haplotypes with allele 1 at a variant; 0 without haplotypes.
    pub fn frequency(&self, row: usize) -> f64 {
        let ones: u32 = self.row(row).iter().map(|word| word.count_ones()).sum();
        f64::from(ones) / self.haplotypes.max(1) as f64
    }

    /// Divides the haplotypes into classes that agree at all the rows given: the class of each haplotype, numbered in
    /// the order of first appearance, and the number of classes.
    pub(super) fn classes(&self, rows: impl Iterator<Item = usize>) -> (Vec<u32>, usize) {
        let mut classes = vec![0u32; self.haplotypes];
        let mut count = usize::from(self.haplotypes > 0);
        // For each class, the class of its haplotypes with allele 0 and 1 after this row.
        let mut split: Vec<[u32; 2]> = Vec::new();
        for row in rows {
            let bits = self.row(row);
            if bits.iter().all(|&word| word == 0) {
                continue;
            }
            split.clear();
            split.resize(count, [u32::MAX; 2]);
            count = 0;
            for (haplotype, class) in classes.iter_mut().enumerate() {
                let allele = (bits[haplotype / 64] >> (haplotype % 64)) & 1;
                let slot = &mut split[*class as usize][allele as usize];
                if *slot == u32::MAX {
                    *slot = u32::try_from(count).unwrap_or(u32::MAX);
                    count += 1;
                }
                *class = *slot;
            }
        }
        (classes, count)
    }
}
