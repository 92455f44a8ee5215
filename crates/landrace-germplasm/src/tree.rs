//! Trees of accessions from their distances: neighbour joining and UPGMA, with bootstrap support and Newick.
//!
//! A tree is a list of nodes: the accessions come first, in their order, then the inner nodes as they were made. What
//! neighbour joining gives has no root: its last node has three branches and stands at the top for want of a better
//! one; [`Tree::rooted_at`] and [`Tree::rooted_midway`] put a root on a branch.

use std::sync::Arc;

use landrace_genotypes::GenotypeError;

pub mod bootstrap;
pub mod joining;
pub mod newick;
mod root;
#[cfg(test)]
mod tests;
pub mod upgma;

/// How a tree is made of distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Neighbour joining (Saitou and Nei 1987; Studier and Keppler 1988).
    NeighbourJoining,
    /// Average linkage (Sokal and Michener 1958), which takes a clock for granted.
    Upgma,
}

/// Distances of all pairs, whole: n × n numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Square {
    n: usize,
    values: Vec<f64>,
}

/// A node of a tree, and the branch above it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// The node above; `None` for the root.
    pub parent: Option<usize>,
    /// Nodes below, in order; none for a leaf.
    pub children: Vec<usize>,
    /// Length of the branch to the parent, in the unit of the distances; 0 for the root.
    pub length: f64,
    /// Share of the bootstrap trees that have the branch to the parent, from 0 to 1.
    pub support: Option<f64>,
}

/// A tree of accessions.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// Names of the leaves, which are the first nodes.
    pub names: Arc<[String]>,
    /// All nodes, the leaves first.
    pub nodes: Vec<Node>,
    /// The node at the top.
    pub root: usize,
}

impl Square {
    /// Distances by a function of pairs (i, j), i > j.
    pub fn from_pairs<E>(n: usize, mut pair: impl FnMut(usize, usize) -> Result<f64, E>) -> Result<Self, E> {
        let mut values = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..i {
                let value = pair(i, j)?;
                values[i * n + j] = value;
                values[j * n + i] = value;
            }
        }
        Ok(Self { n, values })
    }

    /// Number of accessions.
    pub fn len(&self) -> usize {
        self.n
    }

    /// Whether there is no accession.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// The distance of two accessions.
    ///
    /// # Panics
    /// Panics if there is no such accession.
    pub fn get(&self, i: usize, j: usize) -> f64 {
        self.values[i * self.n + j]
    }
}

impl Method {
    /// The tree of accessions with these distances.
    ///
    /// # Errors
    /// Returns an error if there is no accession, or not one name for each.
    pub fn tree(self, names: &Arc<[String]>, distances: Square) -> Result<Tree, GenotypeError> {
        if names.is_empty() || names.len() != distances.len() {
            let message = "there is no accession to make a tree of; check the input";
            return Err(GenotypeError::Request(message.to_owned()));
        }
        Ok(match self {
            Self::NeighbourJoining => joining::join(names, distances),
            Self::Upgma => upgma::join(names, distances),
        })
    }
}

impl Tree {
    fn of_leaves(names: &Arc<[String]>) -> Self {
        Self { names: names.clone(), nodes: vec![Node::default(); names.len()], root: 0 }
    }

    /// Puts a node above others, each with the length of its branch, and makes it the root.
    fn put_above(&mut self, children: &[(usize, f64)]) -> usize {
        let node = self.nodes.len();
        for &(child, length) in children {
            self.nodes[child].parent = Some(node);
            self.nodes[child].length = length;
        }
        let children = children.iter().map(|&(child, _)| child).collect();
        self.nodes.push(Node { children, ..Node::default() });
        self.root = node;
        node
    }

    /// Number of leaves.
    pub fn leaves(&self) -> usize {
        self.names.len()
    }

    /// Whether a node is an accession.
    pub fn is_leaf(&self, node: usize) -> bool {
        node < self.names.len()
    }

    /// All nodes, each after its parent, the children in their order.
    pub fn from_the_root(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut open = vec![self.root];
        while let Some(node) = open.pop() {
            order.push(node);
            open.extend(self.nodes[node].children.iter().rev());
        }
        order
    }

    /// Number of branches shorter than 0, which neighbour joining gives where distances are not those of a tree.
    pub fn negative(&self) -> usize {
        self.nodes.iter().filter(|node| node.length < 0.0).count()
    }

    /// Sets branches shorter than 0 to 0. Distances along the tree are then not those that were fitted.
    pub fn cut_negative(&mut self) {
        self.nodes.iter_mut().for_each(|node| node.length = node.length.max(0.0));
    }

    /// Sum of the lengths of all branches.
    pub fn length(&self) -> f64 {
        self.nodes.iter().map(|node| node.length).sum()
    }
}
