//! The positional Burrows-Wheeler transform (Durbin, Bioinformatics 2014, 30:1266): haplotypes sorted at each variant
//! by what they are before it, so that those that share the longest stretches are neighbours.

/// Haplotypes in sorted order, and where the match of each with the one before it begins.
pub(super) struct Sorted {
    order: Vec<u32>,
    starts: Vec<u32>,
    /// Number of variants taken.
    taken: u32,
    ones: (Vec<u32>, Vec<u32>),
}

impl Sorted {
    /// Haplotypes before the first variant.
    pub(super) fn new(haplotypes: usize) -> Self {
        Self {
            order: (0..haplotypes as u32).collect(),
            starts: vec![0; haplotypes],
            taken: 0,
            ones: (Vec::new(), Vec::new()),
        }
    }

    /// Takes the next variant.
    pub(super) fn take(&mut self, allele: impl Fn(usize) -> u8) {
        let (mut zero_start, mut one_start) = (self.taken + 1, self.taken + 1);
        self.ones.0.clear();
        self.ones.1.clear();
        let mut to = 0;
        for index in 0..self.order.len() {
            let (haplotype, start) = (self.order[index], self.starts[index]);
            zero_start = zero_start.max(start);
            one_start = one_start.max(start);
            if allele(haplotype as usize) == 0 {
                self.order[to] = haplotype;
                self.starts[to] = zero_start;
                to += 1;
                zero_start = 0;
            } else {
                self.ones.0.push(haplotype);
                self.ones.1.push(one_start);
                one_start = 0;
            }
        }
        self.order[to..].copy_from_slice(&self.ones.0);
        self.starts[to..].copy_from_slice(&self.ones.1);
        self.taken += 1;
    }

    /// Puts the place of each haplotype in the order into `places`.
    pub(super) fn places(&self, places: &mut Vec<u32>) {
        places.clear();
        places.resize(self.order.len(), 0);
        for (&haplotype, place) in self.order.iter().zip(0..) {
            places[haplotype as usize] = place;
        }
    }

    /// The `count` haplotypes that match the one at `place` longest up to here, of those that `may`; the longest
    /// first.
    pub(super) fn nearest(&self, place: usize, count: usize, may: impl Fn(u32) -> bool) -> Vec<u32> {
        let mut out = Vec::with_capacity(count);
        // The next to look at on both sides, and where the match with it begins.
        let (mut up, mut down) = (place, place + 1);
        let mut up_start = self.starts.get(place).copied().unwrap_or(0);
        let mut down_start = self.starts.get(down).copied().unwrap_or(u32::MAX);
        while out.len() < count && (up > 0 || down < self.order.len()) {
            let is_up = up > 0 && (down >= self.order.len() || up_start <= down_start);
            let found = if is_up {
                up -= 1;
                let found = self.order[up];
                up_start = up_start.max(self.starts[up]);
                found
            } else {
                let found = self.order[down];
                down += 1;
                down_start = down_start.max(self.starts.get(down).copied().unwrap_or(u32::MAX));
                found
            };
            if may(found) {
                out.push(found);
            }
        }
        out
    }
}

/// For each query, a list a centre and direction of the haplotypes that match it longest there. `allele(variant,
/// haplotype)`; `may(query, haplotype)` says what a query may copy.
pub(super) fn longest_matches(
    (variants, haplotypes): (usize, usize),
    allele: impl Fn(usize, usize) -> u8 + Sync,
    (queries, centres): (&[u32], &[usize]),
    count: usize,
    may: impl Fn(u32, u32) -> bool + Sync,
) -> Vec<Vec<Vec<u32>>> {
    let sweep = |is_forward: bool| {
        let mut sorted = Sorted::new(haplotypes);
        let mut lists = vec![Vec::new(); queries.len()];
        let mut places = Vec::new();
        let mut centres: Vec<usize> = centres.to_vec();
        if !is_forward {
            centres.reverse();
        }
        let mut next = centres.iter().peekable();
        for step in 0..variants {
            let variant = if is_forward { step } else { variants - 1 - step };
            sorted.take(|haplotype| allele(variant, haplotype));
            if next.next_if(|&&centre| centre == variant).is_some() {
                sorted.places(&mut places);
                for (&query, lists) in queries.iter().zip(&mut lists) {
                    let place = places[query as usize] as usize;
                    lists.push(sorted.nearest(place, count, |other| other != query && may(query, other)));
                }
            }
        }
        lists
    };
    let (mut forward, backward) = rayon::join(|| sweep(true), || sweep(false));
    for (lists, more) in forward.iter_mut().zip(backward) {
        lists.extend(more);
    }
    forward
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Variants before `end` at which two haplotypes agree without a break.
    fn common(rows: &[Vec<u8>], a: usize, b: usize, end: usize) -> usize {
        (0..end).rev().take_while(|&row| rows[row][a] == rows[row][b]).count()
    }

    proptest! {
        #[test]
        fn neighbours_match_as_long_as_any(
            rows in (2usize..20).prop_flat_map(|n| prop::collection::vec(prop::collection::vec(0u8..2, n), 1..30)),
            count in 1usize..6,
        ) {
            let n = rows[0].len();
            let mut sorted = Sorted::new(n);
            let mut places = Vec::new();
            for end in 1..=rows.len() {
                sorted.take(|haplotype| rows[end - 1][haplotype]);
                sorted.places(&mut places);
                for (own, &place) in places.iter().enumerate() {
                    let found = sorted.nearest(place as usize, count, |other| other % 3 != 1);
                    let lengths: Vec<usize> =
                        found.iter().map(|&other| common(&rows, own, other as usize, end)).collect();
                    let mut all: Vec<usize> = (0..n)
                        .filter(|&other| other != own && other % 3 != 1)
                        .map(|other| common(&rows, own, other, end))
                        .collect();
                    all.sort_unstable_by(|a, b| b.cmp(a));
                    all.truncate(count);
                    prop_assert_eq!(lengths, all);
                }
            }
        }
    }
}
