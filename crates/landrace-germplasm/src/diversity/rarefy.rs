//! What a sample of g gene copies would show, so that groups of unequal size compare: allelic richness (El Mousadik and
//! Petit 1996) and private alleles (Kalinowski 2004). Exact hypergeometric chances, worked out in logarithms.

use super::counts::LocusCalls;

/// Logarithms of the factorials 0! to n!.
#[derive(Clone, Debug)]
pub struct LogFactorials(Vec<f64>);

impl LogFactorials {
    /// Up to `most`!.
    pub fn new(most: u32) -> Self {
        let mut values = Vec::with_capacity(most as usize + 1);
        let mut sum = 0.0;
        values.push(sum);
        for n in 1..=most {
            sum += f64::from(n).ln();
            values.push(sum);
        }
        Self(values)
    }

    /// The chance that `drawn` copies of `all` hold none of `count` certain ones.
    pub fn chance_of_none(&self, all: u32, count: u32, drawn: u32) -> f64 {
        if count == 0 {
            return 1.0;
        }
        if all - count < drawn {
            return 0.0;
        }
        let ln = |n: u32| self.0[n as usize];
        (ln(all - count) + ln(all - drawn) - ln(all - count - drawn) - ln(all)).exp()
    }
}

/// Rarefied numbers of alleles of each group, the last being all together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rarefied {
    /// Loci with enough copies in every group.
    pub loci: u64,
    /// Sum over the loci of the alleles expected in the sample.
    pub richness: Vec<f64>,
    /// Sum over the loci of the alleles expected in the group's sample and in no other group's; empty for the last.
    pub private: Vec<f64>,
}

impl Rarefied {
    /// Without loci, for so many groups, the last being all together.
    pub fn new(groups: usize) -> Self {
        Self { loci: 0, richness: vec![0.0; groups], private: vec![0.0; groups - 1] }
    }

    /// Adds a locus, if every group has `drawn` copies there.
    pub fn add(&mut self, locus: &LocusCalls<'_>, drawn: u32, factorials: &LogFactorials) {
        if locus.groups.iter().any(|own| own.copies < drawn) {
            return;
        }
        self.loci += 1;
        let last = locus.groups.len() - 1;
        let mut none = vec![1.0; last];
        for allele in 0..locus.width() {
            let chance = |group: usize| {
                factorials.chance_of_none(locus.groups[group].copies, locus.alleles(group)[allele], drawn)
            };
            self.richness[last] += 1.0 - chance(last);
            for (group, none) in none.iter_mut().enumerate() {
                *none = chance(group);
                self.richness[group] += 1.0 - *none;
            }
            self.add_private(&none);
        }
    }

    fn add_private(&mut self, none: &[f64]) {
        // Products of all before and of all after each group, so that a chance of 0 divides nothing.
        let mut after = vec![1.0; none.len() + 1];
        for group in (0..none.len()).rev() {
            after[group] = after[group + 1] * none[group];
        }
        let mut before = 1.0;
        for (group, &own) in none.iter().enumerate() {
            self.private[group] += (1.0 - own) * before * after[group + 1];
            before *= own;
        }
    }

    /// Adds the sums over other loci.
    pub fn merge(&mut self, other: &Self) {
        self.loci += other.loci;
        self.richness.iter_mut().zip(&other.richness).for_each(|(own, more)| *own += more);
        self.private.iter_mut().zip(&other.private).for_each(|(own, more)| *own += more);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_chance_is_that_of_drawing_one_by_one(all in 1u32..60, count in 0u32..60, drawn in 0u32..60) {
            let (count, drawn) = (count.min(all), drawn.min(all));
            let factorials = LogFactorials::new(all);
            let plain: f64 = (0..drawn)
                .map(|i| f64::from((all - i).saturating_sub(count)) / f64::from(all - i))
                .product();
            prop_assert!((factorials.chance_of_none(all, count, drawn) - plain).abs() < 1e-12);
        }
    }
}
