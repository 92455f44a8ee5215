//! Where two mates read the same bases, the fragment counts once.

use std::collections::HashMap;

use crate::read::{AlignedRead, Block, Stretch};

/// Base qualities of `reads` in which each base that both mates of a fragment cover counts once: where they
/// agree the better quality stays, where they differ the difference; the other mate's becomes 0.
pub(crate) fn merged_qualities(reads: &[&AlignedRead]) -> Vec<Vec<u8>> {
    let mut qualities: Vec<Vec<u8>> = reads.iter().map(|read| read.qualities().to_vec()).collect();
    let mut first_of: HashMap<u64, usize> = HashMap::with_capacity(reads.len());
    for (second, read) in reads.iter().enumerate() {
        let Some(first) = first_of.insert(read.fragment, second) else { continue };
        if reads[first].end <= read.start {
            continue;
        }
        let (head, tail) = qualities.split_at_mut(second);
        merge((reads[first], &mut head[first]), (read, &mut tail[0]));
    }
    qualities
}

fn aligned(read: &AlignedRead) -> impl Iterator<Item = Block> {
    read.blocks().filter(|block| block.stretch == Stretch::Aligned)
}

fn merge(first: (&AlignedRead, &mut [u8]), second: (&AlignedRead, &mut [u8])) {
    for a in aligned(first.0) {
        for b in aligned(second.0) {
            let start = a.start.max(b.start);
            let end = (a.start + a.length as u64).min(b.start + b.length as u64);
            for place in start..end {
                let i = a.offset + (place - a.start) as usize;
                let j = b.offset + (place - b.start) as usize;
                let (p, q) = (first.1[i], second.1[j]);
                let same = first.0.bases()[i] == second.0.bases()[j];
                let rest = if same { p.max(q) } else { p.abs_diff(q) };
                (first.1[i], second.1[j]) = if p >= q { (rest, 0) } else { (0, rest) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::tests::read;

    #[test]
    fn the_overlap_counts_once() {
        let first = read(10, "6M", "ACGTAC", 30);
        let mut second = read(13, "1M2D3M", "TACG", 20);
        second.fragment = first.fragment;
        let merged = merged_qualities(&[&first, &second]);
        assert_eq!(merged[0], [30, 30, 30, 30, 30, 30]);
        assert_eq!(merged[1], [0, 20, 20, 20]);
        let mut other = read(14, "4M", "TCGG", 35);
        other.fragment = first.fragment;
        let merged = merged_qualities(&[&first, &other]);
        assert_eq!(merged[0], [30, 30, 30, 30, 0, 0]);
        assert_eq!(merged[1], [5, 35, 35, 35]);
    }
}
