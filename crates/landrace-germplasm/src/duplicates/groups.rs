//! Groups of samples that are one genotype, and which sample of a group to keep.

use std::collections::HashMap;

use super::Pair;

/// Joins samples so that all pairs of a group are one genotype (complete linkage): the likeliest pairs first, ties in
/// the samples' order. Gives the groups and the number of pairs that were left apart. A chain of near kin so never
/// becomes one group, as it would by single linkage.
pub fn complete_linkage(samples: usize, same: &[&Pair]) -> (Vec<Vec<usize>>, u64) {
    let mut order: Vec<&Pair> = same.to_vec();
    order.sort_by(|x, y| y.evidence.llr.total_cmp(&x.evidence.llr).then((x.a, x.b).cmp(&(y.a, y.b))));
    // Of each two groups, how many of their pairs are one genotype, kept with both.
    let mut links: Vec<HashMap<usize, u64>> = vec![HashMap::new(); samples];
    for pair in same {
        links[pair.a].insert(pair.b, 1);
        links[pair.b].insert(pair.a, 1);
    }
    let mut members: Vec<Vec<usize>> = (0..samples).map(|sample| vec![sample]).collect();
    let mut place: Vec<usize> = (0..samples).collect();
    let mut apart = 0;
    for pair in order {
        let (a, b) = (place[pair.a], place[pair.b]);
        if a == b {
            continue;
        }
        let linked = links[a].get(&b).copied().unwrap_or(0);
        if linked < (members[a].len() * members[b].len()) as u64 {
            apart += 1;
            continue;
        }
        let (into, from) = if links[a].len() >= links[b].len() { (a, b) } else { (b, a) };
        let moved = std::mem::take(&mut members[from]);
        moved.iter().for_each(|&sample| place[sample] = into);
        members[into].extend(moved);
        for (other, count) in std::mem::take(&mut links[from]) {
            links[other].remove(&from);
            if other != into {
                *links[into].entry(other).or_default() += count;
                *links[other].entry(into).or_default() += count;
            }
        }
    }
    let mut groups: Vec<Vec<usize>> = members.into_iter().filter(|members| members.len() > 1).collect();
    groups.iter_mut().for_each(|members| members.sort_unstable());
    groups.sort();
    (groups, apart)
}

/// A reason to keep one sample of a group rather than another.
#[derive(Clone, Debug, PartialEq)]
pub struct Criterion {
    /// What tables call it.
    pub name: String,
    /// The value of each sample: the greater is kept; none is least.
    pub values: Vec<Option<f64>>,
}

/// The sample of a group to keep, and the criterion that decided; `None` if all are equal and the first is kept.
pub fn choose<'a>(members: &[usize], criteria: &'a [Criterion]) -> (usize, Option<&'a Criterion>) {
    let mut left = members.to_vec();
    let mut decided = None;
    for criterion in criteria {
        let value = |sample: &usize| criterion.values[*sample].unwrap_or(f64::NEG_INFINITY);
        let most = left.iter().map(value).fold(f64::NEG_INFINITY, f64::max);
        let before = left.len();
        left.retain(|sample| value(sample) >= most);
        if left.len() < before {
            decided = Some(criterion);
        }
        if left.len() == 1 {
            break;
        }
    }
    (left.first().copied().unwrap_or(0), decided)
}

#[cfg(test)]
mod tests {
    use super::super::{Evidence, Other};
    use super::*;

    fn pair(a: usize, b: usize, llr: f64) -> Pair {
        let evidence = Evidence {
            compared: 10,
            different: 0,
            expected: 0.0,
            p_value: 1.0,
            other: Other::Unrelated,
            llr,
            posterior: 1.0,
        };
        Pair { a, b, evidence }
    }

    #[test]
    fn a_chain_is_not_a_group() {
        let pairs = [pair(0, 1, 5.0), pair(1, 2, 9.0), pair(3, 4, 1.0), pair(3, 5, 1.0), pair(4, 5, 1.0)];
        let (groups, apart) = complete_linkage(7, &pairs.iter().collect::<Vec<_>>());
        assert_eq!(groups, [vec![1, 2], vec![3, 4, 5]]);
        assert_eq!(apart, 1);
    }

    #[test]
    fn the_first_criterion_that_tells_decides() {
        let of =
            |name: &str, values: [Option<f64>; 3]| Criterion { name: name.into(), values: values.to_vec() };
        let criteria =
            [of("seed", [Some(1.0), Some(1.0), None]), of("calls", [Some(0.9), Some(0.95), Some(1.0)])];
        let (kept, why) = choose(&[0, 1, 2], &criteria);
        assert_eq!((kept, why.map(|why| why.name.as_str())), (1, Some("calls")));
        assert_eq!(choose(&[0, 1], &[]), (0, None));
    }
}
