//! Which haplotypes a sample may copy, where there are too many for all: those that share the longest stretches with
//! it at some places.

use super::rows::Haplotypes;

/// Haplotypes × variants seen: the bits of each haplotype together.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    variants: usize,
    words: usize,
    bits: Vec<u64>,
}

impl Columns {
    /// Turns the rows given.
    pub(super) fn new(panel: &Haplotypes, rows: &[usize]) -> Self {
        let words = rows.len().div_ceil(64).max(1);
        let mut bits = vec![0u64; words * panel.haplotypes()];
        for (variant, &row) in rows.iter().enumerate() {
            for (index, &word) in panel.row(row).iter().enumerate() {
                let mut rest = word;
                while rest != 0 {
                    let haplotype = 64 * index + rest.trailing_zeros() as usize;
                    bits[haplotype * words + variant / 64] |= 1 << (variant % 64);
                    rest &= rest - 1;
                }
            }
        }
        Self { variants: rows.len(), words, bits }
    }

    /// How many variants around `centre` agree with no homozygous call against them: `against(word)` has the bits
    /// that must be 0, and those that must be 1.
    fn run(&self, haplotype: usize, [zeros, ones]: [&[u64]; 2], centre: usize) -> usize {
        let own = &self.bits[haplotype * self.words..(haplotype + 1) * self.words];
        let wrong = |word: usize| (own[word] & zeros[word]) | (!own[word] & ones[word]);
        let (start, bit) = (centre / 64, centre % 64);
        let mut right = self.variants - centre;
        for word in start..self.words {
            let bits = if word == start { wrong(word) & (!0 << bit) } else { wrong(word) };
            if bits != 0 {
                right = (64 * word + bits.trailing_zeros() as usize).saturating_sub(centre);
                break;
            }
        }
        let mut left = centre;
        for word in (0..=start).rev() {
            let bits = if word == start { wrong(word) & !(!0 << bit) } else { wrong(word) };
            if bits != 0 {
                left = centre - (64 * word + 64 - bits.leading_zeros() as usize);
                break;
            }
        }
        left + right
    }

    /// Chooses about `count` haplotypes for calls (0, 1, 2 or missing): at each centre those with the longest
    /// stretch without an opposite homozygote. Ascending.
    pub(super) fn choose(&self, calls: &[u8], centres: &[usize], count: usize) -> Vec<u32> {
        let haplotypes = self.bits.len() / self.words;
        let mut masks = [vec![0u64; self.words], vec![0u64; self.words]];
        for (variant, &call) in calls.iter().enumerate() {
            if call == 0 || call == 2 {
                masks[usize::from(call / 2)][variant / 64] |= 1 << (variant % 64);
            }
        }
        let masks = [masks[0].as_slice(), masks[1].as_slice()];
        let mut lists = Vec::with_capacity(centres.len());
        for &centre in centres {
            // Equal runs are ranked differently at each centre.
            let turn = |haplotype: usize| (haplotype + centre * 7919) % haplotypes.max(1);
            let mut ranked: Vec<(usize, usize, usize)> = (0..haplotypes)
                .map(|haplotype| {
                    (usize::MAX - self.run(haplotype, masks, centre), turn(haplotype), haplotype)
                })
                .collect();
            let kept = count.min(ranked.len());
            if kept < ranked.len() {
                ranked.select_nth_unstable(kept);
                ranked.truncate(kept);
            }
            ranked.sort_unstable();
            lists.push(ranked.into_iter().map(|own| own.2 as u32).collect());
        }
        by_rank(&lists, count)
    }
}

/// Takes the first of every list, then the second, until there are `count` different ones; ascending.
pub(super) fn by_rank(lists: &[Vec<u32>], count: usize) -> Vec<u32> {
    let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
    let mut taken = std::collections::BTreeSet::new();
    for rank in 0..longest {
        for list in lists {
            if taken.len() >= count {
                return taken.into_iter().collect();
            }
            taken.extend(list.get(rank));
        }
    }
    taken.into_iter().collect()
}

/// Evenly spaced centres, at most one every `every` variants.
pub(super) fn centres(variants: usize, every: usize) -> Vec<usize> {
    let every = every.max(1);
    (0..variants.div_ceil(every)).map(|index| (index * every + every / 2).min(variants - 1)).collect()
}
