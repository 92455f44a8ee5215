//! Which pairs of accessions are to be told apart, and which cannot be, with why.

use rayon::prelude::*;

use super::calls::Profiles;
use super::power::binomial_tail;

/// A pair counts as one genotype if its differences are no more than this many times what the call error makes.
const ERROR_FOLD: f64 = 3.0;

/// ... and if that many differences, or more, come of errors alone with at least this probability.
const LEAST_CHANCE: f64 = 0.001;

/// Pairs of which one shares fewer than this part of the markers' calls are said to lack calls.
const FEW_SHARED: f64 = 0.25;

/// A set of pairs (a, b), a > b: one row of bits an accession.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairSet {
    samples: usize,
    words: usize,
    bits: Vec<u64>,
}

impl PairSet {
    /// No pair of so many samples.
    pub fn empty(samples: usize) -> Self {
        let words = samples.div_ceil(64);
        Self { samples, words, bits: vec![0; samples * words] }
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// The bits of the pairs of `a` with those before it.
    pub fn row(&self, a: usize) -> &[u64] {
        &self.bits[a * self.words..(a + 1) * self.words]
    }

    pub(super) fn row_mut(&mut self, a: usize) -> &mut [u64] {
        &mut self.bits[a * self.words..(a + 1) * self.words]
    }

    fn rows_mut(&mut self) -> impl IndexedParallelIterator<Item = &mut [u64]> {
        self.bits.par_chunks_mut(self.words.max(1))
    }

    /// Whether the pair is in the set.
    pub fn contains(&self, a: usize, b: usize) -> bool {
        let (high, low) = (a.max(b), a.min(b));
        high != low && self.row(high)[low / 64] >> (low % 64) & 1 == 1
    }

    /// Takes a pair in, a > b.
    #[cfg(test)]
    pub(super) fn insert(&mut self, a: usize, b: usize) {
        self.row_mut(a)[b / 64] |= 1 << (b % 64);
    }

    /// Takes a pair out.
    pub fn remove(&mut self, a: usize, b: usize) {
        let (high, low) = (a.max(b), a.min(b));
        self.row_mut(high)[low / 64] &= !(1 << (low % 64));
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.bits.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bits.iter().all(|&word| word == 0)
    }

    /// The samples before `a` that make a pair with it.
    pub fn partners(&self, a: usize) -> impl Iterator<Item = usize> {
        set_bits(self.row(a))
    }
}

/// The places of the bits that are set.
pub(super) fn set_bits(words: &[u64]) -> impl Iterator<Item = usize> {
    words.iter().enumerate().flat_map(|(index, &word)| {
        let mut rest = word;
        std::iter::from_fn(move || {
            (rest != 0).then(|| {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                index * 64 + bit
            })
        })
    })
}

/// Why a pair cannot be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// They are equal wherever both have a call.
    Identical,
    /// They differ no more than the call error makes two samples of one genotype differ.
    WithinError,
    /// They share too few calls to say.
    FewShared,
    /// They differ, but at fewer markers than are asked for.
    FewDifferences,
    /// They differ often enough, but not at markers that the spacing and the quotas allow together.
    Rules,
    /// They differ, but at none of the markers of a panel of the size asked for.
    TooFewMarkers,
}

impl Why {
    /// The word for tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::WithinError => "within_error",
            Self::FewShared => "few_shared_calls",
            Self::FewDifferences => "few_differences",
            Self::Rules => "spacing_or_quota",
            Self::TooFewMarkers => "too_few_markers",
        }
    }
}

/// A pair that cannot be told apart by as many markers as are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unseparable {
    /// The sample that comes first.
    pub first: usize,
    /// The other.
    pub second: usize,
    /// Markers at which both have a call.
    pub shared: u32,
    /// Those at which they differ.
    pub different: u32,
    /// The reason.
    pub why: Why,
}

/// Differences of a pair, and its samples.
type Near = (u32, usize, usize);

/// The pairs of a collection.
#[derive(Clone, Debug)]
pub struct Pairs {
    /// Those to be told apart.
    pub required: PairSet,
    /// Those that cannot be.
    pub unseparable: Vec<Unseparable>,
    /// Required pairs that differ at few markers, the fewest first, with that number.
    pub near: Vec<(u32, usize, usize)>,
}

/// Looks at every pair at all markers. A pair is required if it differs at `least` markers or more, and at more than
/// errors of probability `error` a call explain.
pub fn find_pairs(profiles: &Profiles, least: u32, error: f64) -> Pairs {
    let samples = profiles.samples();
    // Two calls of one genotype differ if just one of them is wrong.
    let share = 2.0 * error * (1.0 - error);
    let surely = (ERROR_FOLD * share * profiles.markers() as f64) as u32;
    let near = 4 * least + 16;
    let enough = surely.max(least).max(near);
    let mut required = PairSet::empty(samples);
    let found: Vec<(Vec<Unseparable>, Vec<Near>)> = required
        .rows_mut()
        .enumerate()
        .map(|(a, row)| {
            let (mut lost, mut close) = (Vec::new(), Vec::new());
            for b in 0..a {
                let (shared, different, is_enough) = profiles.compare(a, b, enough);
                let why = if is_enough {
                    None
                } else {
                    reason((shared, different), least, share, profiles.markers())
                };
                match why {
                    Some(why) => lost.push(Unseparable { first: b, second: a, shared, different, why }),
                    None => {
                        row[b / 64] |= 1 << (b % 64);
                        if different <= near {
                            close.push((different, a, b));
                        }
                    }
                }
            }
            (lost, close)
        })
        .collect();
    let (unseparable, near): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    let mut near = near.concat();
    near.sort_unstable();
    let mut unseparable = unseparable.concat();
    unseparable.sort_unstable_by_key(|pair| (pair.first, pair.second));
    Pairs { required, unseparable, near }
}

fn reason((shared, different): (u32, u32), least: u32, share: f64, markers: usize) -> Option<Why> {
    let is_same = different == 0
        || (f64::from(different) <= ERROR_FOLD * share * f64::from(shared)
            && binomial_tail(shared, share, different) >= LEAST_CHANCE);
    if different >= least && !is_same {
        return None;
    }
    Some(if shared < least || f64::from(shared) < FEW_SHARED * markers as f64 {
        Why::FewShared
    } else if different == 0 {
        Why::Identical
    } else if is_same {
        Why::WithinError
    } else {
        Why::FewDifferences
    })
}

/// Groups of accessions that are one genotype as far as the calls say, joined by their pairs; each ascending, groups
/// of one left out.
pub fn clone_groups(samples: usize, unseparable: &[Unseparable]) -> Vec<Vec<usize>> {
    let mut parent: Vec<usize> = (0..samples).collect();
    let clones = unseparable.iter().filter(|pair| matches!(pair.why, Why::Identical | Why::WithinError));
    for pair in clones {
        let (a, b) = (root(&mut parent, pair.first), root(&mut parent, pair.second));
        parent[a.max(b)] = a.min(b);
    }
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); samples];
    for sample in 0..samples {
        let root = root(&mut parent, sample);
        groups[root].push(sample);
    }
    groups.retain(|group| group.len() > 1);
    groups
}

fn root(parent: &mut [usize], mut of: usize) -> usize {
    while parent[of] != of {
        parent[of] = parent[parent[of]];
        of = parent[of];
    }
    of
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profiles(rows: &[&[u8]]) -> Profiles {
        let markers: Vec<Vec<u8>> =
            (0..rows[0].len()).map(|m| rows.iter().map(|row| row[m]).collect()).collect();
        let markers: Vec<&[u8]> = markers.iter().map(Vec::as_slice).collect();
        Profiles::new(rows.len(), &markers)
    }

    #[test]
    fn every_reason_is_found() {
        let own = profiles(&[
            &[1, 1, 1, 1, 1, 1, 1, 1],
            &[1, 1, 1, 1, 1, 1, 1, 1],
            &[2, 1, 1, 1, 1, 1, 1, 1],
            &[0, 0, 0, 0, 0, 0, 0, 2],
            &[2, 2, 2, 2, 1, 1, 1, 1],
        ]);
        let pairs = find_pairs(&own, 3, 0.0);
        let whys: Vec<(usize, usize, Why)> =
            pairs.unseparable.iter().map(|pair| (pair.first, pair.second, pair.why)).collect();
        assert_eq!(
            whys,
            [
                (0, 1, Why::Identical),
                (0, 2, Why::FewDifferences),
                (0, 3, Why::FewShared),
                (1, 2, Why::FewDifferences),
                (1, 3, Why::FewShared),
                (2, 3, Why::FewShared),
                (3, 4, Why::FewShared)
            ]
        );
        assert!(pairs.required.contains(0, 4) && pairs.required.contains(4, 2) && pairs.required.len() == 3);
        assert_eq!(clone_groups(5, &pairs.unseparable), vec![vec![0, 1]]);
    }

    #[test]
    fn differences_that_errors_explain_are_no_differences() {
        let mut other = vec![1u8; 1000];
        other[..20].fill(2);
        let own = profiles(&[&vec![1u8; 1000], &other]);
        assert!(find_pairs(&own, 3, 0.0).unseparable.is_empty());
        assert_eq!(find_pairs(&own, 3, 0.01).unseparable[0].why, Why::WithinError);
        assert!(find_pairs(&own, 3, 0.001).unseparable.is_empty());
    }
}
