//! The genealogy of haplotypes at one place. Time is in units of `2 N` generations: two lineages coalesce at rate 1.

use crate::random::Stream;

const NONE: u32 = u32::MAX;

/// A binary tree: nodes `0..leaves` are the haplotypes, the rest are their ancestors.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    leaves: usize,
    parent: Vec<u32>,
    children: Vec<[u32; 2]>,
    time: Vec<f64>,
    /// The ancestors, by time.
    ancestors: Vec<u32>,
    root: u32,
}

impl Tree {
    /// Draws a neutral genealogy (Kingman 1982) of at least two haplotypes.
    pub(super) fn draw(stream: &mut Stream, leaves: usize) -> Self {
        let nodes = 2 * leaves - 1;
        let mut tree = Self {
            leaves,
            parent: vec![NONE; nodes],
            children: vec![[NONE; 2]; nodes],
            time: vec![0.0; nodes],
            ancestors: (leaves as u32..nodes as u32).collect(),
            root: nodes as u32 - 1,
        };
        let mut lineages: Vec<u32> = (0..leaves as u32).collect();
        let mut time = 0.0;
        for node in leaves..nodes {
            let k = lineages.len() as f64;
            time += stream.exponential(2.0 / (k * (k - 1.0)));
            let first = lineages.swap_remove(stream.index(lineages.len()));
            let second = lineages.swap_remove(stream.index(lineages.len()));
            tree.time[node] = time;
            tree.children[node] = [first, second];
            for child in [first, second] {
                tree.parent[child as usize] = node as u32;
            }
            lineages.push(node as u32);
        }
        tree
    }

    /// Sum of the branches' lengths.
    pub(super) fn total_length(&self) -> f64 {
        (0..self.parent.len()).map(|node| self.branch_length(node)).sum()
    }

    fn branch_length(&self, node: usize) -> f64 {
        match self.parent[node] {
            NONE => 0.0,
            parent => self.time[parent as usize] - self.time[node],
        }
    }

    /// A point drawn evenly from the tree, whose length is `total`: the node below it, and its time.
    pub(super) fn draw_point(&self, stream: &mut Stream, total: f64) -> (u32, f64) {
        let mut rest = stream.unit() * total;
        let mut last = 0;
        for node in 0..self.parent.len() {
            let length = self.branch_length(node);
            if rest < length {
                return (node as u32, self.time[node] + rest);
            }
            rest -= length;
            if length > 0.0 {
                last = node;
            }
        }
        // Rounding has used up the tree.
        (last as u32, self.time[last])
    }

    /// The haplotypes below a node, as bits.
    pub(super) fn leaves_below(&self, node: u32) -> Vec<u64> {
        let mut words = vec![0; self.leaves.div_ceil(64)];
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            let node = node as usize;
            if node < self.leaves {
                words[node / 64] |= 1 << (node % 64);
            } else {
                open.extend(self.children[node]);
            }
        }
        words
    }

    /// Cuts a lineage at a point drawn evenly and lets it coalesce again (SMC'): at rate 1 with each lineage
    /// that there is at the time, its own old one included.
    pub(super) fn recombine(&mut self, stream: &mut Stream, total: f64) {
        let (cut, from) = self.draw_point(stream, total);
        let time = self.draw_coalescence(stream, from);
        let target = self.draw_lineage(stream, time);
        if target != cut {
            self.regraft(cut, target, time);
        }
    }

    /// The time at which a lineage that floats from `from` on coalesces.
    fn draw_coalescence(&self, stream: &mut Stream, from: f64) -> f64 {
        let passed = self.ancestors.partition_point(|&node| self.time[node as usize] <= from);
        let mut time = from;
        for (index, &node) in self.ancestors.iter().enumerate().skip(passed) {
            let lineages = self.leaves - index;
            let next = time + stream.exponential(1.0 / lineages as f64);
            if next < self.time[node as usize] {
                return next;
            }
            time = self.time[node as usize];
        }
        time + stream.exponential(1.0)
    }

    /// A lineage drawn evenly of those at a time, as the node below it.
    fn draw_lineage(&self, stream: &mut Stream, time: f64) -> u32 {
        let spans = |node: &usize| {
            let parent = self.parent[*node];
            self.time[*node] <= time && (parent == NONE || time < self.time[parent as usize])
        };
        let passed = self.ancestors.partition_point(|&node| self.time[node as usize] <= time);
        let chosen = stream.index(self.leaves - passed);
        (0..self.parent.len()).filter(spans).nth(chosen).map_or(self.root, |node| node as u32)
    }

    /// Takes the branch above `cut` off and joins it to the branch above `target` at a time.
    fn regraft(&mut self, cut: u32, target: u32, time: f64) {
        let joint = self.parent[cut as usize];
        if joint == NONE {
            return;
        }
        let [first, second] = self.children[joint as usize];
        let sibling = if first == cut { second } else { first };
        let above = self.parent[joint as usize];
        self.replace_child(above, joint, sibling);
        // The lineage above the old joint is now its sibling's.
        let target = if target == joint { sibling } else { target };
        let above = self.parent[target as usize];
        self.replace_child(above, target, joint);
        self.children[joint as usize] = [cut, target];
        self.parent[cut as usize] = joint;
        self.parent[target as usize] = joint;
        self.move_ancestor(joint, time);
    }

    /// Hangs `new` under `parent` in place of `old`; without a parent, `new` is the root.
    fn replace_child(&mut self, parent: u32, old: u32, new: u32) {
        self.parent[new as usize] = parent;
        if parent == NONE {
            self.root = new;
            return;
        }
        for child in &mut self.children[parent as usize] {
            if *child == old {
                *child = new;
            }
        }
    }

    fn move_ancestor(&mut self, node: u32, time: f64) {
        self.ancestors.retain(|&other| other != node);
        self.time[node as usize] = time;
        let at = self.ancestors.partition_point(|&other| self.time[other as usize] < time);
        self.ancestors.insert(at, node);
    }

    #[cfg(test)]
    pub(super) fn check(&self) {
        let mut count = 0;
        for node in 0..self.parent.len() {
            let parent = self.parent[node];
            if parent == NONE {
                assert_eq!(node as u32, self.root);
                count += 1;
                continue;
            }
            assert!(self.time[parent as usize] >= self.time[node]);
            assert!(self.children[parent as usize].contains(&(node as u32)));
        }
        assert_eq!(count, 1);
        assert!(self.ancestors.is_sorted_by(|&a, &b| self.time[a as usize] <= self.time[b as usize]));
        let bits: u32 = self.leaves_below(self.root).iter().map(|word| word.count_ones()).sum();
        assert_eq!(bits as usize, self.leaves);
    }
}
