//! Neighbour joining: O(n³) at worst, far less as rows are searched by their least distances first.
//!
//! The pair with the least Q(i, j) = (m − 2) d(i, j) − r(i) − r(j) is joined, m being the nodes left and r the sums of
//! their distances (Saitou and Nei 1987; Studier and Keppler 1988). Each node keeps the distances to the nodes before it
//! in rising order, so that a row is left as soon as no node with the largest r could do better (the bound of Simonsen,
//! Mailund and Pedersen 2008). Of equal pairs the one with the earlier nodes is joined.
//!
//! Memory: 16 bytes a pair beside the square of distances, which is another 16 a pair.

use std::sync::Arc;

use super::{Square, Tree};

/// The state of the joining: nodes sit in places of the matrix, and a new node takes the place of one it joins.
struct Joining {
    tree: Tree,
    distances: Square,
    /// The node in each place; `None` once it is joined.
    node_at: Vec<Option<usize>>,
    /// The place of each node.
    place_of: Vec<usize>,
    /// Places that are taken, in order.
    taken: Vec<usize>,
    /// Sum of the distances of each place to all others.
    sums: Vec<f64>,
    /// For the node in each place: the nodes before it, by rising distance.
    rows: Vec<Vec<(f64, usize)>>,
    /// For each row: how many joined nodes were passed over since it was last cleared of them.
    passed: Vec<usize>,
}

/// Joins all accessions to a tree without a root: the last node has three branches.
pub fn join(names: &Arc<[String]>, distances: Square) -> Tree {
    let mut joining = Joining::new(names, distances);
    while joining.taken.len() > 3 {
        let (i, j) = joining.nearest();
        joining.join_pair(i, j);
    }
    joining.finish()
}

impl Joining {
    fn new(names: &Arc<[String]>, distances: Square) -> Self {
        let n = names.len();
        let sums = (0..n).map(|i| (0..n).map(|j| distances.get(i, j)).sum()).collect();
        let rows = (0..n).map(|i| sorted((0..i).map(|j| (distances.get(i, j), j)).collect())).collect();
        Self {
            tree: Tree::of_leaves(names),
            distances,
            node_at: (0..n).map(Some).collect(),
            place_of: (0..n).collect(),
            taken: (0..n).collect(),
            sums,
            rows,
            passed: vec![0; n],
        }
    }

    /// The places of the pair to join.
    fn nearest(&mut self) -> (usize, usize) {
        let others = self.taken.len() as f64 - 2.0;
        let largest = self.taken.iter().map(|&place| self.sums[place]).fold(f64::NEG_INFINITY, f64::max);
        let mut best = (f64::INFINITY, usize::MAX, usize::MAX);
        for &place in &self.taken {
            let Some(node) = self.node_at[place] else { continue };
            let (node_at, place_of) = (&self.node_at, &self.place_of);
            // Nodes that are joined never come back.
            let is_left = |other: usize| node_at[place_of[other]] == Some(other);
            let mut gone = 0;
            for &(distance, other) in &self.rows[place] {
                let own = others * distance - self.sums[place];
                if own - largest > best.0 {
                    break;
                }
                if !is_left(other) {
                    gone += 1;
                    continue;
                }
                let q = own - self.sums[place_of[other]];
                if q < best.0 || q == best.0 && (other, node) < (best.1, best.2) {
                    best = (q, other, node);
                }
            }
            // A row is cleared once passing over its joined nodes has cost about as much as that does.
            self.passed[place] += gone;
            if self.passed[place] > self.rows[place].len() {
                self.rows[place].retain(|&(_, other)| is_left(other));
                self.passed[place] = 0;
            }
        }
        (self.place_of[best.1], self.place_of[best.2])
    }

    fn join_pair(&mut self, i: usize, j: usize) {
        let between = self.distances.get(i, j);
        let others = self.taken.len() as f64 - 2.0;
        let own = between / 2.0 + (self.sums[i] - self.sums[j]) / (2.0 * others);
        let children = [(i, own), (j, between - own)]
            .into_iter()
            .filter_map(|(place, length)| Some((self.node_at[place]?, length)))
            .collect::<Vec<_>>();
        let node = self.tree.put_above(&children);
        self.taken.retain(|&place| place != j);
        self.node_at[i] = Some(node);
        self.node_at[j] = None;
        self.place_of.push(i);
        let (n, mut sum, mut row) = (self.distances.n, 0.0, Vec::with_capacity(self.taken.len()));
        for &place in self.taken.iter().filter(|&&place| place != i) {
            let (to_i, to_j) = (self.distances.get(i, place), self.distances.get(j, place));
            let distance = (to_i + to_j - between) / 2.0;
            self.sums[place] += distance - to_i - to_j;
            sum += distance;
            self.distances.values[i * n + place] = distance;
            self.distances.values[place * n + i] = distance;
            row.extend(self.node_at[place].map(|other| (distance, other)));
        }
        self.sums[i] = sum;
        self.rows[i] = sorted(row);
        self.rows[j] = Vec::new();
        self.passed[i] = 0;
    }

    /// Joins the last three nodes, or the two that there are.
    fn finish(mut self) -> Tree {
        let nodes: Vec<usize> = self.taken.iter().filter_map(|&place| self.node_at[place]).collect();
        let between = |a: usize, b: usize| self.distances.get(self.taken[a], self.taken[b]);
        match *nodes.as_slice() {
            [a, b] => {
                let half = between(0, 1) / 2.0;
                self.tree.put_above(&[(a, half), (b, half)]);
            }
            [a, b, c] => {
                let (ab, ac, bc) = (between(0, 1), between(0, 2), between(1, 2));
                let lengths = [(ab + ac - bc) / 2.0, (ab + bc - ac) / 2.0, (ac + bc - ab) / 2.0];
                self.tree.put_above(&[(a, lengths[0]), (b, lengths[1]), (c, lengths[2])]);
            }
            _ => {}
        }
        self.tree
    }
}

fn sorted(mut row: Vec<(f64, usize)>) -> Vec<(f64, usize)> {
    row.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    row
}
