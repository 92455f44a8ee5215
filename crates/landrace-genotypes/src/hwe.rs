//! Hardy-Weinberg tests at any ploidy: exact for diploids, chi-squared above; with the inbreeding that is known
//! of the samples taken for granted, so that lines and selfed families are not thrown away.

use crate::block::{GenotypeBlock, SiteCounts};
use crate::plane::MISSING;

mod exact;
mod polyploid;

pub use exact::{DiploidCounts, exact, exact_excess, exact_pair, exact_pairs};
pub use polyploid::{chi_squared, excess, shares};

/// What deviation a test looks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// Any.
    #[default]
    Both,
    /// Too many heterozygotes: the sign of paralogs taken for one locus, which inbreeding never makes.
    Excess,
}

/// A Hardy-Weinberg test.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HweTest {
    /// Take half of the outcomes that are as likely as the one seen, for diploids.
    pub mid_p: bool,
    /// What heterozygosity is expected.
    pub expected: Expected,
}

/// The inbreeding that a test takes for granted.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// The same for all samples.
    Inbreeding(f64),
    /// Samples fall into classes, each with frequencies of its own.
    Classes {
        /// The inbreeding coefficient of each class; `None` for one that is not tested.
        classes: Vec<Option<f64>>,
        /// The class of each sample, as an index; `None` for those that are not tested.
        of_samples: Vec<Option<usize>>,
    },
}

impl Default for Expected {
    fn default() -> Self {
        Self::Inbreeding(0.0)
    }
}

impl HweTest {
    /// P-value of a variant of a block: of each class and of the samples of each ploidy above 1 by itself; with
    /// several of them, the smallest times their number (Bonferroni). 1 without such samples.
    ///
    /// Multi-allelic variants are tested as reference against the rest. `counts` are the variant's.
    pub fn p_value(&self, side: Side, (block, row): (&GenotypeBlock, usize), counts: &SiteCounts) -> f64 {
        match &self.expected {
            Expected::Inbreeding(f) => {
                self.combined(side, counts.dosages.iter().map(|(_, d)| (d.as_slice(), *f)))
            }
            Expected::Classes { classes, of_samples } => {
                let split = count_by_class(block, row, classes.len(), of_samples);
                let tested = split.iter().zip(classes.iter().cycle());
                self.combined(side, tested.filter_map(|(d, class)| class.map(|f| (d.as_slice(), f))))
            }
        }
    }

    /// P-values of the variants of a block, whose counts are at hand, for both sides: any deviation, and too many
    /// heterozygotes. As [`HweTest::p_value`].
    pub fn p_values(&self, block: &GenotypeBlock, counts: &[SiteCounts]) -> Vec<[f64; 2]> {
        let diploid = |own: &SiteCounts| match own.dosages.as_slice() {
            [(2, dosages)] => Some(DiploidCounts::of([dosages[0], dosages[1], dosages[2]])),
            _ => None,
        };
        if let (Expected::Inbreeding(f), Some(all)) =
            (&self.expected, counts.iter().map(diploid).collect::<Option<Vec<_>>>())
        {
            let tested = exact_pairs(&all, *f, self.mid_p).into_iter().zip(counts);
            return tested.map(|(p, own)| if own.called > 0 { p } else { [1.0; 2] }).collect();
        }
        let of_row =
            |(row, own)| [Side::Both, Side::Excess].map(|side| self.p_value(side, (block, row), own));
        counts.iter().enumerate().map(of_row).collect()
    }

    /// Of each set of dosage counts by itself, then the smallest times their number.
    fn combined<'a>(&self, side: Side, sets: impl Iterator<Item = (&'a [u32], f64)>) -> f64 {
        let tested = sets.filter(|(dosages, _)| dosages.len() > 2 && dosages.iter().any(|&n| n > 0));
        let values: Vec<f64> = tested.map(|(dosages, f)| self.of_dosages(side, dosages, f)).collect();
        values.iter().fold(1.0f64, |least, &p| least.min(p * values.len() as f64))
    }

    fn of_dosages(&self, side: Side, dosages: &[u32], f: f64) -> f64 {
        match (dosages, side) {
            (&[a, b, c], Side::Both) => exact(DiploidCounts::of([a, b, c]), f, self.mid_p),
            (&[a, b, c], Side::Excess) => exact_excess(DiploidCounts::of([a, b, c]), f, self.mid_p),
            (_, Side::Both) => chi_squared(dosages, f),
            (_, Side::Excess) => excess(dosages, f),
        }
    }
}

/// Dosage counts of each ploidy group × class, the classes of a group one after another.
fn count_by_class(
    block: &GenotypeBlock,
    row: usize,
    classes: usize,
    of_samples: &[Option<usize>],
) -> Vec<Vec<u32>> {
    let mut out = Vec::new();
    let mut codes = Vec::new();
    for group in &block.groups {
        let start = out.len();
        out.resize(start + classes, vec![0u32; usize::from(group.calls.ploidy()) + 1]);
        group.calls.row(row).unpack(group.samples.len(), &mut codes);
        for (&sample, &code) in group.samples.iter().zip(&codes).filter(|(_, code)| **code != MISSING) {
            if let Some(class) = of_samples.get(sample).copied().flatten() {
                out[start + class][usize::from(code)] += 1;
            }
        }
    }
    out
}

/// The inbreeding coefficient that a word says: a number from 0 to 1; `F4` for the fourth filial generation of
/// selfing a cross, in which (1/2)² of the second's heterozygosity is left; `S3` for three selfings of an outbred
/// plant, (1/2)³; `outcross` for 0; `inbred` and `ril` for 0.95 and `dh` for 0.98, which leave room for residual
/// heterozygotes and wrong calls; `None` within for `f1` and `clone`, whose heterozygosity is fixed and which are
/// not tested. `None` if the word says nothing of this.
pub fn inbreeding_of(word: &str) -> Option<Option<f64>> {
    let word = word.trim().to_ascii_lowercase();
    let left = |halvings: i32| Some(Some(1.0 - 0.5f64.powi(halvings)));
    match word.as_str() {
        "outcross" | "outbred" => return Some(Some(0.0)),
        "inbred" | "line" | "ril" => return Some(Some(0.95)),
        "dh" => return Some(Some(0.98)),
        "clone" | "f1" => return Some(None),
        _ => {}
    }
    let number = |text: &str| text.parse::<i32>().ok().filter(|n| (0..=60).contains(n));
    if let Some(generation) = word.strip_prefix('f').and_then(number) {
        return if generation >= 2 { left(generation - 2) } else { None };
    }
    if let Some(selfings) = word.strip_prefix('s').and_then(number) {
        return left(selfings);
    }
    word.parse::<f64>().ok().filter(|f| (0.0..=1.0).contains(f)).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{CallGroup, Layers, Site};
    use crate::plane::BitPlanes;

    #[test]
    fn words_say_the_inbreeding() {
        let known = |word| inbreeding_of(word).unwrap();
        assert_eq!([known("F2"), known("f4"), known("S1"), known("0.3")], [0.0, 0.75, 0.5, 0.3].map(Some));
        assert_eq!((known("f1"), known("outcross")), (None, Some(0.0)));
        assert_eq!((inbreeding_of("f0"), inbreeding_of("1.5"), inbreeding_of("hybrid")), (None, None, None));
    }

    /// A block of one variant: 60 inbred lines, half of each allele, and 40 outcrossed plants in proportions.
    fn mixed_panel() -> GenotypeBlock {
        let mut calls = BitPlanes::new(2, 100);
        let lines = (0..60).map(|i| if i % 2 == 0 { 0 } else { 2 });
        let plants = (0..40).map(|i| [0, 1, 1, 2][i % 4]);
        calls.push_row(&lines.chain(plants).collect::<Vec<u8>>());
        GenotypeBlock {
            contig: "1".into(),
            samples: 100,
            sites: vec![Site::default()],
            groups: vec![CallGroup { samples: (0..100).collect(), calls }],
            layers: Layers::default(),
        }
    }

    #[test]
    fn classes_are_tested_by_themselves() {
        let block = mixed_panel();
        let counts = block.counts(0);
        let p = |test: HweTest| test.p_value(Side::Both, (&block, 0), &counts);
        assert!(p(HweTest::default()) < 1e-6);
        assert!(HweTest::default().p_value(Side::Excess, (&block, 0), &counts) > 0.99);
        let of_samples: Vec<Option<usize>> = (0..100).map(|i| Some(usize::from(i >= 60))).collect();
        let classes =
            |first| Expected::Classes { classes: vec![first, Some(0.0)], of_samples: of_samples.clone() };
        assert!(p(HweTest { expected: classes(Some(0.98)), ..HweTest::default() }) > 0.5);
        assert!(p(HweTest { expected: classes(Some(0.0)), ..HweTest::default() }) < 1e-6);
        assert!(p(HweTest { expected: classes(None), ..HweTest::default() }) > 0.5);
    }

    #[test]
    fn ploidies_are_tested_by_themselves() {
        let counts = SiteCounts {
            dosages: vec![(4, vec![50, 0, 0, 0, 50]), (2, vec![1, 2, 1])],
            ..Default::default()
        };
        assert!(HweTest::default().p_value(Side::Both, (&mixed_panel(), 0), &counts) < 1e-19);
    }
}
