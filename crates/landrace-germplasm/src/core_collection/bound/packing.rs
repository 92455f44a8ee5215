//! How far apart entries can be: the bound of the mean distance of entries to the nearest other entry.
//!
//! Take groups of accessions pairwise nearer than t that hold all of them (a clique cover). An entry whose nearest other
//! entry is at t or farther is the only entry of its group, so that there are no more of such entries than groups, and the
//! other entries must find room in the groups that are left. And an entry's nearest of s − 1 others is no farther than its
//! (s − 1)-th farthest accession. The sum of the distances is the integral over t of how many such entries there can be.

use rayon::prelude::*;

use super::super::distance::Square;
use super::super::rules::Plan;
use super::super::search::Stream;
use super::ROUNDING;

/// Work of the covers, in comparisons.
const WORK: usize = 4_000_000_000;

pub(super) fn packing(plan: &Plan, square: &Square) -> f64 {
    let (n, size) = (square.len(), plan.size);
    if size < 2 {
        return 0.0;
    }
    let free: Vec<usize> = (0..n).filter(|&i| plan.is_free[i]).collect();
    let reach = |&i: &usize| {
        let row = square.row(i);
        let mut own: Vec<f32> = free.iter().filter(|&&j| j != i).map(|&j| row[j]).collect();
        let place = own.len() + 1 - size;
        *own.select_nth_unstable_by(place, f32::total_cmp).1
    };
    let mut reaches: Vec<f32> = free.par_iter().map(reach).collect();
    reaches.sort_unstable_by(|a, b| b.total_cmp(a));
    let farthest = reaches.first().copied().unwrap_or(0.0);
    let grid = (WORK / (n * n).max(1)).clamp(40, 800);
    let trials = (WORK / 40 / (n * n).max(1)).min(60);
    let width = f64::from(farthest) / grid as f64;
    let most = |cell: usize| {
        // Just above the cell's lower end: what holds there holds in all of it.
        let from = (width * cell as f64) as f32;
        let reachable = reaches.partition_point(|&reach| reach >= from);
        let limit = reachable.min(size);
        let cover = Cover { square, free: &free, below: from };
        let Some(mut groups) = cover.groups(2 * size) else { return limit };
        let mut stream = Stream::of(1, cell as u64);
        for trial in 0..trials {
            groups = cover.again(groups, trial, &mut stream);
        }
        limit.min(alone(&groups, size))
    };
    let counts: Vec<usize> = (0..grid).into_par_iter().map(most).collect();
    let sum: f64 = counts.iter().map(|&count| count as f64 * width).sum();
    sum / size as f64 * (1.0 + ROUNDING)
}

/// The most of `size` entries that can be alone in their groups, where the others fill groups that are left.
fn alone(groups: &[Vec<usize>], size: usize) -> usize {
    let mut sizes: Vec<usize> = groups.iter().map(Vec::len).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    // With so many of the largest groups for the others.
    let mut room = 0;
    let mut most = if groups.len() >= size { size } else { 0 };
    for (shared, own) in sizes.iter().enumerate() {
        room += own;
        let left = groups.len() - shared - 1;
        if left + room >= size {
            most = most.max(left.min(size));
            break;
        }
    }
    most
}

/// Groups of accessions pairwise nearer than a distance.
struct Cover<'a> {
    square: &'a Square,
    free: &'a [usize],
    below: f32,
}

impl Cover<'_> {
    /// Groups that hold all, each as large as it grows about its first, nearest first; `None` if there are more than `most`.
    fn groups(&self, most: usize) -> Option<Vec<Vec<usize>>> {
        let mut left = self.free.to_vec();
        let mut groups = Vec::new();
        while let Some(&first) = left.first() {
            if groups.len() >= most {
                return None;
            }
            let own = self.square.row(first);
            let mut group = Vec::new();
            let mut candidates: Vec<usize> = left.clone();
            let mut next = Some(first);
            while let Some(member) = next {
                group.push(member);
                let row = self.square.row(member);
                candidates.retain(|&j| j != member && row[j] < self.below);
                next = candidates.iter().copied().min_by(|&a, &b| own[a].total_cmp(&own[b]).then(a.cmp(&b)));
            }
            left.retain(|i| !group.contains(i));
            groups.push(group);
        }
        Some(groups)
    }

    /// The accessions group by group in another order of the groups, each in the first group that it fits: never more
    /// groups (iterated greedy, Culberson 1992).
    fn again(&self, mut groups: Vec<Vec<usize>>, trial: usize, stream: &mut Stream) -> Vec<Vec<usize>> {
        match trial % 3 {
            0 => groups.sort_by_key(|group| std::cmp::Reverse(group.len())),
            1 => groups.reverse(),
            _ => {
                let mut order: Vec<usize> = (0..groups.len()).collect();
                stream.shuffle(&mut order);
                groups = order.into_iter().map(|index| std::mem::take(&mut groups[index])).collect();
            }
        }
        let mut out: Vec<Vec<usize>> = Vec::with_capacity(groups.len());
        for &i in groups.iter().flatten() {
            let row = self.square.row(i);
            match out.iter_mut().find(|group| group.iter().all(|&j| row[j] < self.below)) {
                Some(group) => group.push(i),
                None => out.push(vec![i]),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_need_groups_of_their_own() {
        let groups = [vec![0, 1, 2], vec![3], vec![4]];
        // Two entries can both be alone; of three too; of four two, and the others share the first group.
        assert_eq!([2, 3, 4, 5].map(|size| alone(&groups, size)), [2, 3, 2, 2]);
    }
}
