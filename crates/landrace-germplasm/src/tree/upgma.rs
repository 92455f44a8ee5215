//! UPGMA in O(n²): chains of nearest neighbours, whose ends are joined.
//!
//! Average linkage never brings a third cluster nearer than the two that are joined, so that clusters that are each
//! other's nearest can be joined at once, in any order (Murtagh 1983).

use std::sync::Arc;

use super::{Square, Tree};

/// Joins all accessions to a tree with a root, all leaves of which are equally far from it.
///
/// Of equally near clusters, the one that the chain came from is taken, then the one of the earliest accession.
pub fn join(names: &Arc<[String]>, mut distances: Square) -> Tree {
    let n = names.len();
    let mut tree = Tree::of_leaves(names);
    // By place: the node there, its height, and its leaves.
    let mut clusters: Vec<Option<(usize, f64, f64)>> = (0..n).map(|leaf| Some((leaf, 0.0, 1.0))).collect();
    let mut chain: Vec<usize> = Vec::new();
    for _ in 1..n {
        chain.retain(|&place| clusters[place].is_some());
        if chain.is_empty() {
            chain.extend(clusters.iter().position(Option::is_some));
        }
        let (i, j) = ends(&distances, &clusters, &mut chain);
        if let (Some(a), Some(b)) = (clusters[i], clusters[j]) {
            let height = distances.get(i, j) / 2.0;
            let node = tree.put_above(&[(a.0, (height - a.1).max(0.0)), (b.0, (height - b.1).max(0.0))]);
            for place in (0..n).filter(|&place| place != i && place != j && clusters[place].is_some()) {
                let sum = a.2 * distances.get(i, place) + b.2 * distances.get(j, place);
                let mean = sum / (a.2 + b.2);
                distances.values[i * n + place] = mean;
                distances.values[place * n + i] = mean;
            }
            (clusters[i], clusters[j]) = (Some((node, height, a.2 + b.2)), None);
        }
        chain.truncate(chain.len().saturating_sub(2));
    }
    tree
}

/// Follows the nearest neighbours until two are each other's, which are the chain's last; the earlier place first.
fn ends(
    distances: &Square,
    clusters: &[Option<(usize, f64, f64)>],
    chain: &mut Vec<usize>,
) -> (usize, usize) {
    loop {
        let last = chain[chain.len() - 1];
        let before = chain.len().checked_sub(2).map(|index| chain[index]);
        let mut best = before.map_or((f64::INFINITY, last), |place| (distances.get(last, place), place));
        for place in (0..clusters.len()).filter(|&place| place != last && clusters[place].is_some()) {
            if distances.get(last, place) < best.0 {
                best = (distances.get(last, place), place);
            }
        }
        if before == Some(best.1) || best.1 == last {
            return (last.min(best.1), last.max(best.1));
        }
        chain.push(best.1);
    }
}
