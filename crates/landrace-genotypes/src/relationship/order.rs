//! Which samples stand for all, and in which order they are shown.

use super::SampleMatrix;

/// Samples chosen one by one, each the farthest from those before, then ordered by average linkage.
pub(super) fn representatives(matrix: &SampleMatrix, most: usize) -> Vec<usize> {
    let n = matrix.len();
    let chosen: Vec<usize> = if n <= most { (0..n).collect() } else { farthest(matrix, most) };
    linked(matrix, &chosen)
}

/// How far two samples are apart: less relationship is farther. Values that are not known count as no relationship.
fn distance(matrix: &SampleMatrix, a: usize, b: usize) -> f64 {
    let value = |a, b| Some(matrix.get(a, b)).filter(|value| value.is_finite()).unwrap_or(0.0);
    (value(a, a) + value(b, b)) / 2.0 - value(a, b)
}

fn farthest(matrix: &SampleMatrix, most: usize) -> Vec<usize> {
    let mut chosen = vec![0];
    let mut nearest: Vec<f64> = (0..matrix.len()).map(|i| distance(matrix, i, 0)).collect();
    while chosen.len() < most {
        let mut next = 0;
        for (i, own) in nearest.iter().enumerate() {
            if *own > nearest[next] {
                next = i;
            }
        }
        if nearest[next] == f64::NEG_INFINITY {
            break;
        }
        chosen.push(next);
        for (i, own) in nearest.iter_mut().enumerate() {
            *own = own.min(distance(matrix, i, next));
        }
        for &i in &chosen {
            nearest[i] = f64::NEG_INFINITY;
        }
    }
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

/// The leaves of an average-linkage tree, from one end to the other.
fn linked(matrix: &SampleMatrix, chosen: &[usize]) -> Vec<usize> {
    let mut groups: Vec<Vec<usize>> = chosen.iter().map(|&sample| vec![sample]).collect();
    let mut apart: Vec<Vec<f64>> =
        chosen.iter().map(|&a| chosen.iter().map(|&b| distance(matrix, a, b)).collect()).collect();
    while groups.len() > 1 {
        let (mut first, mut second) = (0, 1);
        for b in 1..groups.len() {
            for a in 0..b {
                if apart[a][b] < apart[first][second] {
                    (first, second) = (a, b);
                }
            }
        }
        let (size, other) = (groups[first].len() as f64, groups[second].len() as f64);
        let means: Vec<f64> = apart[first]
            .iter()
            .zip(&apart[second])
            .map(|(own, others)| (own * size + others * other) / (size + other))
            .collect();
        apart.iter_mut().zip(&means).for_each(|(row, &mean)| row[first] = mean);
        apart[first] = means;
        let joined = groups.remove(second);
        groups[first].extend(joined);
        apart.remove(second);
        apart.iter_mut().for_each(|row| {
            row.remove(second);
        });
    }
    groups.pop().unwrap_or_default()
}
