//! How mates lie: learnt from the first sure pairs of a sequencing unit, then fixed for all of it.

use crate::candidate::Candidate;

/// Pairs below which the library is taken to be as most are.
const ENOUGH: usize = 30;
/// Longest insert that is looked at, in bases.
const LONGEST: i64 = 20_000;

/// The insert sizes of a library: outer distance of the mates, in bases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InsertSizeModel {
    /// Whether the mates point away from each other (mate-pair libraries) and not towards each other.
    pub is_outward: bool,
    /// Mean of the sure pairs, outliers left out.
    pub mean: f64,
    /// Standard deviation of the same.
    pub deviation: f64,
    /// Smallest insert of a proper pair.
    pub low: i64,
    /// Largest insert of a proper pair.
    pub high: i64,
    /// Sure pairs that it was learnt from; 0 if there were too few and the values are those of a usual library.
    pub pairs: u64,
}

impl Default for InsertSizeModel {
    /// A usual library, for too few pairs to learn from.
    fn default() -> Self {
        Self { is_outward: false, mean: 350.0, deviation: 150.0, low: 0, high: 1000, pairs: 0 }
    }
}

/// The two ways in which mates of opposite strands may lie, and their distance.
pub(crate) fn observed(
    a: &Candidate,
    a_length: usize,
    b: &Candidate,
    b_length: usize,
) -> Option<(bool, i64)> {
    if a.contig != b.contig || a.is_reverse == b.is_reverse {
        return None;
    }
    let (forward, reverse) =
        if a.is_reverse { ((b, b_length), (a, a_length)) } else { ((a, a_length), (b, b_length)) };
    let inward = reverse.0.last + reverse.1 as i64 - forward.0.first;
    if inward >= forward.1.max(reverse.1) as i64 / 2 {
        return (inward <= LONGEST).then_some((false, inward));
    }
    let outward = forward.0.last + forward.1 as i64 - reverse.0.first;
    (outward <= LONGEST).then_some((true, outward))
}

impl InsertSizeModel {
    /// Learns from observed pairs; their order does not matter.
    pub(crate) fn learn(observed: impl Iterator<Item = (bool, i64)>) -> Self {
        let mut sizes = [Vec::new(), Vec::new()];
        for (is_outward, size) in observed {
            sizes[usize::from(is_outward)].push(size);
        }
        let is_outward = sizes[1].len() > sizes[0].len();
        let sizes = &mut sizes[usize::from(is_outward)];
        if sizes.len() < ENOUGH {
            return Self::default();
        }
        sizes.sort_unstable();
        let quantile = |q: f64| sizes[((sizes.len() - 1) as f64 * q).round() as usize];
        let (q25, q75) = (quantile(0.25), quantile(0.75));
        let spread = (q75 - q25).max(1);
        let inner: Vec<f64> = sizes
            .iter()
            .filter(|&&size| size >= q25 - 2 * spread && size <= q75 + 2 * spread)
            .map(|&size| size as f64)
            .collect();
        let mean = inner.iter().sum::<f64>() / inner.len() as f64;
        let variance = inner.iter().map(|size| (size - mean).powi(2)).sum::<f64>() / inner.len() as f64;
        let deviation = variance.sqrt().max(1.0);
        // As BWA-MEM: three quartile ranges, and at least four standard deviations.
        let low = (q25 - 3 * spread).min((mean - 4.0 * deviation) as i64).max(1);
        let high = (q75 + 3 * spread).max((mean + 4.0 * deviation) as i64);
        Self { is_outward, mean, deviation, low, high, pairs: inner.len() as u64 }
    }

    /// What an insert size adds to the score of a pair; never positive.
    pub(crate) fn bonus(&self, insert: i64, matched: i32) -> i32 {
        let z = (insert as f64 - self.mean) / self.deviation;
        // Log-likelihood of a normal distribution in units of the score (as BWA-MEM: a match is worth log 4).
        -((0.36 * z * z).min(12.0) * f64::from(matched)).round() as i32
    }

    /// Where a mate of `length` may lie for a candidate: its strand, and the lowest and highest place of its first
    /// base.
    pub(crate) fn mate_window(
        &self,
        anchor: &Candidate,
        anchor_length: usize,
        length: usize,
    ) -> (bool, i64, i64) {
        let is_left = anchor.is_reverse == self.is_outward;
        let (low, high) = if is_left {
            let end = anchor.first - length as i64;
            (end + self.low, end + self.high)
        } else {
            let end = anchor.last + anchor_length as i64;
            (end - self.high, end - self.low)
        };
        (!anchor.is_reverse, low, high)
    }

    /// The insert size of two candidates if it is a proper one.
    pub(crate) fn proper(
        &self,
        (a, a_length): (&Candidate, usize),
        (b, b_length): (&Candidate, usize),
    ) -> Option<i64> {
        let is_left = a.is_reverse == self.is_outward;
        if a.contig != b.contig || a.is_reverse == b.is_reverse {
            return None;
        }
        let insert =
            if is_left { b.last + b_length as i64 - a.first } else { a.last + a_length as i64 - b.first };
        (self.low..=self.high).contains(&insert).then_some(insert)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learns_mean_deviation_and_orientation_in_spite_of_outliers() {
        let sizes =
            (0..1000).map(|i| (false, 350 + (i * 37 % 101) - 50)).chain([(false, 15_000), (true, 3_000)]);
        let model = InsertSizeModel::learn(sizes);
        assert!(!model.is_outward && model.pairs == 1000);
        assert!((model.mean - 350.0).abs() < 1.0 && (model.deviation - 29.0).abs() < 1.0, "{model:?}");
        assert!(model.low < 240 && model.high > 460);
        assert!(InsertSizeModel::learn((0..100).map(|i| (true, 3_000 + i))).is_outward);
    }

    #[test]
    fn too_few_pairs_leave_the_usual_library() {
        assert_eq!(InsertSizeModel::learn([(false, 9_000)].into_iter()), InsertSizeModel::default());
    }
}
