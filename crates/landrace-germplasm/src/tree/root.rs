//! Putting a root on a branch of a tree.

use super::{Node, Tree};

/// A branch seen from one of its ends: the other end, its length and support.
type Branch = (usize, f64, Option<f64>);

impl Tree {
    /// The tree with its root amid the branch of a leaf, all others being the other side: the leaf is the outgroup.
    ///
    /// `None` if there is no such leaf.
    pub fn rooted_at(&self, leaf: usize) -> Option<Self> {
        let branches = self.branches();
        let &(other, length, _) = branches.get(leaf).filter(|_| self.is_leaf(leaf))?.first()?;
        Some(self.rooted_on(&branches, (leaf, other), length / 2.0))
    }

    /// The tree with its root midway between the two leaves that are farthest from each other along it (Farris 1972).
    /// Branches shorter than 0 count as 0.
    pub fn rooted_midway(&self) -> Self {
        let branches = self.branches();
        if self.leaves() < 2 {
            return self.clone();
        }
        let (first, _) = farthest(&branches, 0, self.leaves());
        let (last, above) = farthest(&branches, first, self.leaves());
        let half = above[last].1 / 2.0;
        let mut node = last;
        while let Some(next) = above[node].0 {
            if above[next].1 <= half {
                let below = above[node].1 - half;
                return self.rooted_on(&branches, (node, next), below);
            }
            node = next;
        }
        self.clone()
    }

    /// The branches at each node. A root of two branches is no node of its own: they are one branch.
    fn branches(&self) -> Vec<Vec<Branch>> {
        let mut out = vec![Vec::new(); self.nodes.len()];
        let mut link = |a: usize, b: usize, length: f64, support: Option<f64>| {
            out[a].push((b, length, support));
            out[b].push((a, length, support));
        };
        for &node in &self.from_the_root() {
            let own = &self.nodes[node];
            match own.children.as_slice() {
                &[a, b] if node == self.root => {
                    let (x, y) = (&self.nodes[a], &self.nodes[b]);
                    link(a, b, x.length + y.length, x.support.or(y.support));
                }
                children => {
                    for &child in children {
                        link(node, child, self.nodes[child].length, self.nodes[child].support);
                    }
                }
            }
        }
        out
    }

    /// Puts the root on the branch of two nodes, so far from the first.
    fn rooted_on(&self, branches: &[Vec<Branch>], ends: (usize, usize), from_first: f64) -> Self {
        let mut tree = Self { names: self.names.clone(), nodes: Vec::new(), root: 0 };
        tree.nodes = vec![Node::default(); self.leaves()];
        let Some(&(_, length, support)) = branches[ends.0].iter().find(|branch| branch.0 == ends.1) else {
            return self.clone();
        };
        tree.root = tree.nodes.len();
        tree.nodes.push(Node::default());
        // Nodes to place: which, whence it is reached, and what it hangs from.
        let mut open = vec![
            (ends.1, ends.0, tree.root, (length - from_first, support)),
            (ends.0, ends.1, tree.root, (from_first, support)),
        ];
        while let Some((old, from, parent, (length, support))) = open.pop() {
            let new = if self.is_leaf(old) { old } else { tree.nodes.len() };
            if new == tree.nodes.len() {
                tree.nodes.push(Node::default());
            }
            let support = support.filter(|_| !self.is_leaf(old));
            tree.nodes[new] = Node { parent: Some(parent), children: Vec::new(), length, support };
            tree.nodes[parent].children.push(new);
            let below = branches[old].iter().rev().filter(|branch| branch.0 != from);
            open.extend(below.map(|&(next, length, support)| (next, old, new, (length, support))));
        }
        tree
    }
}

/// The leaf farthest from a node, and for each node the one before it on the way and its distance.
fn farthest(branches: &[Vec<Branch>], from: usize, leaves: usize) -> (usize, Vec<(Option<usize>, f64)>) {
    let mut way = vec![(None, 0.0); branches.len()];
    let (mut open, mut best) = (vec![(from, None)], from);
    while let Some((node, before)) = open.pop() {
        for &(next, length, _) in branches[node].iter().filter(|branch| Some(branch.0) != before) {
            way[next] = (Some(node), way[node].1 + length.max(0.0));
            open.push((next, Some(node)));
        }
        let is_farther = way[node].1 > way[best].1 || way[node].1 == way[best].1 && node < best;
        if node < leaves && node != from && (best == from || is_farther) {
            best = node;
        }
    }
    (best, way)
}
