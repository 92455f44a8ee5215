//! Trees that are known, made of their own distances.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A tree in which each node of a list hangs from an earlier inner node, read as an additive tree of `n` leaves.
fn grown(n: usize, choices: &[u32], is_clocked: bool) -> Tree {
    let names: Vec<String> = (0..n).map(|leaf| format!("acc {leaf}")).collect();
    let mut tree = Tree::of_leaves(&names.into());
    let mut open: Vec<(usize, f64)> = (0..n).map(|leaf| (leaf, 0.0)).collect();
    let mut height = 0.0;
    let mut choices = choices.iter().cycle().copied();
    let mut next = move || choices.next().unwrap_or(0);
    while open.len() > if is_clocked { 1 } else { 3 } {
        height += f64::from(next() % 7 + 1);
        let a = open.remove(next() as usize % open.len());
        let b = open.remove(next() as usize % open.len());
        let mut length = |own: f64| if is_clocked { height - own } else { f64::from(next() % 16 + 1) };
        let (x, y) = (length(a.1), length(b.1));
        let node = tree.put_above(&[(a.0, x), (b.0, y)]);
        open.push((node, height));
    }
    if !is_clocked {
        let rest: Vec<(usize, f64)> =
            open.iter().map(|&(node, _)| (node, f64::from(next() % 16 + 1))).collect();
        tree.put_above(&rest);
    }
    tree
}

/// Distances along a tree.
fn along(tree: &Tree) -> Square {
    let way = |leaf: usize| {
        let mut way = BTreeMap::from([(leaf, 0.0)]);
        let (mut node, mut sum) = (leaf, 0.0);
        while let Some(parent) = tree.nodes[node].parent {
            sum += tree.nodes[node].length;
            way.insert(parent, sum);
            node = parent;
        }
        way
    };
    let ways: Vec<_> = (0..tree.leaves()).map(way).collect();
    Square::from_pairs(tree.leaves(), |i, j| {
        let shared = ways[i].iter().filter_map(|(node, a)| Some(a + ways[j].get(node)?));
        Ok::<f64, ()>(shared.fold(f64::INFINITY, f64::min))
    })
    .unwrap()
}

/// Each branch: the leaves on the side without the first leaf, and its length.
fn branches(tree: &Tree) -> BTreeMap<Vec<usize>, i64> {
    let mut out = BTreeMap::new();
    for node in (0..tree.nodes.len()).filter(|&node| node != tree.root) {
        let is_below = |leaf: &usize| {
            std::iter::successors(Some(*leaf), |&node| tree.nodes[node].parent).any(|above| above == node)
        };
        let mut side: Vec<usize> = (0..tree.leaves()).filter(is_below).collect();
        if side.contains(&0) {
            side = (0..tree.leaves()).filter(|leaf| !side.contains(leaf)).collect();
        }
        *out.entry(side).or_insert(0) += (tree.nodes[node].length * 1e6).round() as i64;
    }
    out
}

/// Reads what [`newick::write`] writes: names, lengths and labels of inner nodes in order.
fn parsed(text: &str) -> (Vec<String>, Vec<f64>, usize) {
    let (mut names, mut lengths, mut depth, mut deepest) = (Vec::new(), Vec::new(), 0usize, 0);
    let mut rest = text.trim_end().chars().peekable();
    let mut is_inner = false;
    while let Some(c) = rest.next() {
        match c {
            '(' => (depth, is_inner) = (depth + 1, false),
            ')' => (depth, is_inner) = (depth - 1, true),
            ',' => is_inner = false,
            ';' => break,
            ':' => {
                let mut number = String::new();
                while let Some(c) = rest.next_if(|c| !",);".contains(*c)) {
                    number.push(c);
                }
                lengths.push(number.parse().unwrap());
            }
            '\'' => {
                let mut name = String::new();
                while let Some(c) = rest.next() {
                    if c == '\'' && rest.next_if_eq(&'\'').is_none() {
                        break;
                    }
                    name.push(c);
                }
                names.push(name);
            }
            c => {
                let mut name = String::from(c);
                while let Some(c) = rest.next_if(|c| !",():;".contains(*c)) {
                    name.push(c);
                }
                if !is_inner {
                    names.push(name);
                }
            }
        }
        deepest = deepest.max(depth);
    }
    assert_eq!(depth, 0);
    (names, lengths, deepest)
}

fn text(tree: &Tree) -> String {
    let mut out = Vec::new();
    newick::write(tree, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

proptest! {
    #[test]
    fn neighbour_joining_finds_the_tree_of_additive_distances(n in 4usize..40, choices in prop::collection::vec(any::<u32>(), 50)) {
        let tree = grown(n, &choices, false);
        let found = Method::NeighbourJoining.tree(&tree.names, along(&tree)).unwrap();
        prop_assert_eq!(branches(&found), branches(&tree));
        prop_assert_eq!(found.negative(), 0);
        // Wherever its root is put, the branches are the same.
        prop_assert_eq!(branches(&found.rooted_midway()), branches(&tree));
        for leaf in 0..n {
            prop_assert_eq!(branches(&found.rooted_at(leaf).unwrap()), branches(&tree));
        }
    }

    #[test]
    fn average_linkage_finds_the_tree_of_a_clock(n in 2usize..40, choices in prop::collection::vec(any::<u32>(), 50)) {
        let tree = grown(n, &choices, true);
        let found = Method::Upgma.tree(&tree.names, along(&tree)).unwrap();
        prop_assert_eq!(branches(&found), branches(&tree));
        let distances = along(&found);
        let height: f64 = distances.values.iter().fold(0.0, |a, b| a.max(*b));
        prop_assert!((0..n).all(|i| (0..n).any(|j| (distances.get(i, j) - height).abs() < 1e-9)));
        prop_assert_eq!(branches(&found.rooted_midway()), branches(&tree));
    }

    #[test]
    fn the_bounded_search_joins_what_a_full_search_joins(n in 4usize..16, values in prop::collection::vec(0u32..6, 120)) {
        let names: Vec<String> = (0..n).map(|leaf| leaf.to_string()).collect();
        let square = Square::from_pairs(n, |i, j| Ok::<f64, ()>(f64::from(values[i * (i - 1) / 2 + j]))).unwrap();
        let found = Method::NeighbourJoining.tree(&names.into(), square.clone()).unwrap();
        let mut best = (f64::INFINITY, 0, 0);
        let sum = |i: usize| (0..n).map(|j| square.get(i, j)).sum::<f64>();
        // Of equal pairs the one with the earlier nodes.
        for i in 0..n {
            for j in i + 1..n {
                let q = (n as f64 - 2.0) * square.get(i, j) - sum(i) - sum(j);
                if q < best.0 {
                    best = (q, i, j);
                }
            }
        }
        prop_assert_eq!(&found.nodes[n].children, &vec![best.1, best.2]);
    }

    #[test]
    fn names_are_read_back(names in prop::collection::vec("[a-z_' (),:;\\[\\]é]{0,6}", 3..9)) {
        let n = names.len();
        let square = Square::from_pairs(n, |i, j| Ok::<f64, ()>((i + j) as f64)).unwrap();
        let tree = Method::Upgma.tree(&names.clone().into(), square).unwrap();
        let (read, lengths, _) = parsed(&text(&tree));
        let leaves = tree.from_the_root().into_iter().filter(|&node| tree.is_leaf(node));
        prop_assert_eq!(read, leaves.map(|leaf| names[leaf].clone()).collect::<Vec<_>>());
        prop_assert_eq!(lengths.len(), tree.nodes.len() - 1);
    }
}

#[test]
fn few_accessions_are_trees_too() {
    for method in [Method::NeighbourJoining, Method::Upgma] {
        let one = Square::from_pairs(1, |_, _| Ok::<f64, ()>(0.0)).unwrap();
        assert_eq!(text(&method.tree(&vec!["A".to_owned()].into(), one).unwrap()), "A;\n");
        let two = Square::from_pairs(2, |_, _| Ok::<f64, ()>(0.5)).unwrap();
        let names: Vec<String> = vec!["A_1".to_owned(), "it's".to_owned()];
        assert_eq!(text(&method.tree(&names.into(), two).unwrap()), "('A_1':0.25,'it''s':0.25);\n");
        let none = Square::from_pairs(0, |_, _| Ok::<f64, ()>(0.0)).unwrap();
        assert!(method.tree(&Vec::new().into(), none).is_err());
    }
}

#[test]
fn negative_branches_are_counted_and_cut() {
    let values = [1.0, 1.0, 5.0, 4.0, 3.0, 1.0];
    let square = Square::from_pairs(4, |i, j| Ok::<f64, ()>(values[i * (i - 1) / 2 + j])).unwrap();
    let names: Vec<String> = (0..4).map(|leaf| leaf.to_string()).collect();
    let mut tree = Method::NeighbourJoining.tree(&names.into(), square).unwrap();
    assert!(tree.negative() > 0);
    tree.cut_negative();
    assert_eq!(tree.negative(), 0);
}
