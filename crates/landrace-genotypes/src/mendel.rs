//! Mendelian counts: at how many variants a parent, or two, cannot have given what the offspring has.
//!
//! Samples lie beside each other, one row of bits each, so that one sample is compared with thousands by counting bits.
//! A gamete of ploidy P carries P/2 of the parent's copies (no double reduction): of a parent with d copies it has at
//! least max(0, d − P/2) and at most min(d, P/2).

use crate::kernel;
use crate::matrix::GenotypeMatrix;
use crate::plane::MISSING;
use crate::source::GenotypeError;

pub use crate::kernel::MendelCounts;

/// Calls of samples × variants of one even ploidy, sample by sample, as codes and as planes for Mendelian counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MendelRows {
    ploidy: u8,
    variants: usize,
    words: usize,
    codes: Vec<u8>,
    bits: Vec<u64>,
}

impl MendelRows {
    /// No samples yet, of an even ploidy from 2 to 14.
    pub fn new(ploidy: u8, variants: usize) -> Self {
        debug_assert!(ploidy >= 2 && ploidy.is_multiple_of(2));
        Self { ploidy, variants, words: variants.div_ceil(64), ..Self::default() }
    }

    /// The named samples at the named variants of a matrix.
    ///
    /// # Errors
    /// Returns an error that names the sample if its ploidy is odd or not that of the first.
    pub fn of(matrix: &GenotypeMatrix, samples: &[usize], variants: &[usize]) -> Result<Self, GenotypeError> {
        let ploidy = common_ploidy(matrix, samples, variants)?;
        let mut codes = vec![MISSING; samples.len() * variants.len()];
        let mut row = Vec::new();
        for (place, &variant) in variants.iter().enumerate() {
            matrix.unpack(variant, &mut row);
            for (index, &sample) in samples.iter().enumerate() {
                codes[index * variants.len() + place] = row[sample];
            }
        }
        let mut out = Self::new(ploidy, variants.len());
        for index in 0..samples.len() {
            out.push(&codes[index * variants.len()..(index + 1) * variants.len()]);
        }
        Ok(out)
    }

    /// Appends a sample: one dosage a variant, or [`MISSING`]; what is beyond the ploidy counts as missing.
    ///
    /// # Panics
    /// Panics if there is not one code a variant.
    pub fn push(&mut self, codes: &[u8]) {
        assert_eq!(codes.len(), self.variants, "one code a variant");
        self.codes.extend(codes.iter().map(|&code| if code > self.ploidy { MISSING } else { code }));
        let (half, start) = (usize::from(self.ploidy / 2), self.bits.len());
        self.bits.resize(start + (2 * half + 1) * self.words, 0);
        let planes = &mut self.bits[start..];
        for (variant, &code) in codes.iter().enumerate().filter(|(_, code)| **code <= self.ploidy) {
            let (word, bit, dosage) = (variant / 64, 1u64 << (variant % 64), usize::from(code));
            for k in 0..half {
                if dosage <= k {
                    planes[k * self.words + word] |= bit;
                }
                if dosage > half + k {
                    planes[(half + k) * self.words + word] |= bit;
                }
            }
            planes[2 * half * self.words + word] |= bit;
        }
    }

    /// Copies of each chromosome.
    pub fn ploidy(&self) -> u8 {
        self.ploidy
    }

    /// Number of variants.
    pub fn variants(&self) -> usize {
        self.variants
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.codes.len().checked_div(self.variants).unwrap_or(0)
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// A sample's dosages, [`MISSING`] where there is none.
    pub fn codes(&self, sample: usize) -> &[u8] {
        &self.codes[sample * self.variants..(sample + 1) * self.variants]
    }

    /// Number of a sample's calls.
    pub fn called(&self, sample: usize) -> u32 {
        let size = self.sample_words();
        let planes = &self.bits[sample * size..(sample + 1) * size];
        planes[size - self.words..].iter().map(|word| word.count_ones()).sum()
    }

    fn sample_words(&self) -> usize {
        (usize::from(self.ploidy) + 1) * self.words
    }

    /// Compares a sample with each of `others` as parent and offspring (either may be the parent); `counts` is cleared
    /// and gets one of each.
    pub fn compare(&self, sample: usize, others: &Self, counts: &mut Vec<MendelCounts>) {
        let size = self.sample_words();
        counts.clear();
        counts.resize(others.len(), MendelCounts::default());
        kernel::mendel_pairs(
            &self.bits[sample * size..(sample + 1) * size],
            &others.bits,
            self.words,
            counts,
        );
    }

    /// Counts of one parent and offspring.
    pub fn pair(&self, sample: usize, others: &Self, other: usize) -> MendelCounts {
        let size = self.sample_words();
        let mut counts = [MendelCounts::default()];
        kernel::mendel_pairs(
            &self.bits[sample * size..(sample + 1) * size],
            &others.bits[other * size..(other + 1) * size],
            self.words,
            &mut counts,
        );
        counts[0]
    }
}

/// Counts of two parents and their offspring, over the variants that all three have a call of.
pub fn trio(offspring: &[u8], first: &[u8], second: &[u8], ploidy: u8) -> MendelCounts {
    let half = ploidy / 2;
    let mut counts = MendelCounts::default();
    for ((&own, &a), &b) in offspring.iter().zip(first).zip(second) {
        if own > ploidy || a > ploidy || b > ploidy {
            continue;
        }
        counts.compared += 1;
        let least = a.saturating_sub(half) + b.saturating_sub(half);
        let most = a.min(half) + b.min(half);
        counts.mismatches += u32::from(own < least || own > most);
    }
    counts
}

/// Counts of two parents and a line that was selfed down from their cross: what is lost in selfing is no mismatch, an
/// allele that neither parent has is.
pub fn trio_of_line(offspring: &[u8], first: &[u8], second: &[u8], ploidy: u8) -> MendelCounts {
    let mut counts = MendelCounts::default();
    for ((&own, &a), &b) in offspring.iter().zip(first).zip(second) {
        if own > ploidy || a > ploidy || b > ploidy {
            continue;
        }
        counts.compared += 1;
        let is_new = own > 0 && a == 0 && b == 0;
        let is_lost = own < ploidy && a == ploidy && b == ploidy;
        counts.mismatches += u32::from(is_new || is_lost);
    }
    counts
}

/// The ploidy that all samples share.
fn common_ploidy(
    matrix: &GenotypeMatrix,
    samples: &[usize],
    variants: &[usize],
) -> Result<u8, GenotypeError> {
    let mut own = None;
    let mut last: *const crate::block::GenotypeBlock = std::ptr::null();
    for &variant in variants {
        let (block, _) = matrix.locate(variant);
        if std::ptr::eq(block, last) {
            continue;
        }
        last = block;
        let ploidies = block.ploidies();
        for &sample in samples {
            let ploidy = ploidies[sample];
            let first = *own.get_or_insert(ploidy);
            if ploidy == first && ploidy.is_multiple_of(2) && ploidy > 0 {
                continue;
            }
            let name = &matrix.samples()[sample];
            return Err(GenotypeError::Request(if ploidy == first {
                format!(
                    "sample '{name}' has ploidy {ploidy} on contig '{}', and parents give half of their copies; leave \
                     out this contig, or read calls of one allele as homozygotes with --ploidy 2",
                    block.contig
                )
            } else {
                format!(
                    "sample '{name}' has ploidy {ploidy} on contig '{}', where others have {first}; compare samples of \
                     one ploidy, with --samples or --region",
                    block.contig
                )
            }));
        }
    }
    Ok(own.unwrap_or(2))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By trying all gametes.
    fn fits(own: u8, a: u8, b: u8, ploidy: u8) -> bool {
        let half = ploidy / 2;
        let gametes = move |d: u8| (0..=half).filter(move |&g| g <= d && half - g <= ploidy - d);
        gametes(a).any(|g| gametes(b).any(|h| g + h == own))
    }

    proptest! {
        #[test]
        fn counts_are_those_of_all_gametes(
            half in 1u8..=4,
            seed in prop::collection::vec((0u8..12, 0u8..12, 0u8..12), 1..200),
        ) {
            let ploidy = 2 * half;
            let column = |pick: fn(&(u8, u8, u8)) -> u8| -> Vec<u8> {
                seed.iter().map(pick).map(|c| if c > ploidy { MISSING } else { c }).collect()
            };
            let (own, a, b) = (column(|c| c.0), column(|c| c.1), column(|c| c.2));
            let mut rows = MendelRows::new(ploidy, own.len());
            [&own, &a, &b].into_iter().for_each(|codes| rows.push(codes));
            let known = |codes: &[&Vec<u8>], at: usize| codes.iter().all(|c| c[at] != MISSING);
            let pair = (0..own.len()).filter(|&i| known(&[&own, &a], i));
            let mut expected = MendelCounts::default();
            for i in pair {
                expected.compared += 1;
                expected.mismatches += u32::from(!(0..=ploidy).any(|other| fits(own[i], a[i], other, ploidy)));
            }
            prop_assert_eq!(rows.pair(0, &rows, 1), expected);
            prop_assert_eq!(rows.pair(1, &rows, 0), expected);
            let mut plain = [MendelCounts::default()];
            let size = rows.sample_words();
            crate::kernel::plain::mendel_pairs(&rows.bits[..size], &rows.bits[size..2 * size], rows.words, &mut plain);
            prop_assert_eq!(plain[0], expected);
            let mut all = Vec::new();
            rows.compare(0, &rows, &mut all);
            prop_assert_eq!((all.len(), all[1]), (3, expected));
            prop_assert_eq!(rows.called(0) as usize, own.iter().filter(|c| **c != MISSING).count());
            let mut of_three = MendelCounts::default();
            for i in (0..own.len()).filter(|&i| known(&[&own, &a, &b], i)) {
                of_three.compared += 1;
                of_three.mismatches += u32::from(!fits(own[i], a[i], b[i], ploidy));
            }
            prop_assert_eq!(trio(&own, &a, &b, ploidy), of_three);
        }
    }

    #[test]
    fn lines_may_fix_either_allele_of_a_cross() {
        assert_eq!(
            trio_of_line(&[0, 2, 1, 2, 0, 1], &[0, 0, 0, 0, 2, 2], &[2, 2, 2, 0, 2, 2], 2).mismatches,
            3
        );
    }
}
