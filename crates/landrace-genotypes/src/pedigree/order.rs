//! Ancestors before descendants, and loops.

use super::UNKNOWN;

/// Numbers of the individuals, each after its parents, else in their own order. Without loops.
pub(super) fn ancestors_first(parents: &[[u32; 2]]) -> Vec<u32> {
    let mut out = Vec::with_capacity(parents.len());
    let mut is_out = vec![false; parents.len()];
    let mut stack: Vec<u32> = Vec::new();
    for start in 0..parents.len() as u32 {
        stack.push(start);
        while let Some(&own) = stack.last() {
            let waits = |&&parent: &&u32| parent != UNKNOWN && !is_out[parent as usize];
            if is_out[own as usize] {
                stack.pop();
            } else if let Some(&parent) = parents[own as usize].iter().find(waits) {
                stack.push(parent);
            } else {
                is_out[own as usize] = true;
                out.push(own);
                stack.pop();
            }
        }
    }
    out
}

/// Sets of individuals that are all ancestors of each other, each in ascending order; by the first member. Who is its
/// own parent is no set.
pub(super) fn loops(parents: &[[u32; 2]]) -> Vec<Vec<u32>> {
    // Tarjan's strongly connected components, without recursion.
    let n = parents.len();
    let (mut order, mut low) = (vec![u32::MAX; n], vec![0u32; n]);
    let mut is_open = vec![false; n];
    let (mut open, mut found, mut next) = (Vec::new(), Vec::new(), 0u32);
    let mut path: Vec<(u32, usize)> = Vec::new();
    for start in 0..n as u32 {
        if order[start as usize] != u32::MAX {
            continue;
        }
        path.push((start, 0));
        while let Some((own, edge)) = path.pop() {
            let at = own as usize;
            if edge == 0 {
                (order[at], low[at], is_open[at]) = (next, next, true);
                next += 1;
                open.push(own);
            } else {
                let before = parents[at][edge - 1];
                if before != UNKNOWN && is_open[before as usize] {
                    low[at] = low[at].min(low[before as usize]);
                }
            }
            if let Some(&parent) = parents[at].get(edge) {
                path.push((own, edge + 1));
                if parent != UNKNOWN && order[parent as usize] == u32::MAX {
                    path.push((parent, 0));
                }
            } else if low[at] == order[at] {
                let mut members = Vec::new();
                while let Some(member) = open.pop() {
                    is_open[member as usize] = false;
                    members.push(member);
                    if member == own {
                        break;
                    }
                }
                if members.len() > 1 {
                    members.sort_unstable();
                    found.push(members);
                }
            }
        }
    }
    found.sort();
    found
}

/// The shortest way from a member of a loop back to itself, from child to parent: the first and the last are the same.
pub(super) fn shortest_circle(parents: &[[u32; 2]], members: &[u32]) -> Vec<u32> {
    let place = |own: u32| members.binary_search(&own).ok();
    let mut came_from: Vec<Option<u32>> = vec![None; members.len()];
    let first = members[0];
    let mut queue = std::collections::VecDeque::from([first]);
    while let Some(own) = queue.pop_front() {
        for &parent in &parents[own as usize] {
            if parent == first {
                let mut circle = vec![first, own];
                let mut at = own;
                while at != first {
                    let Some(before) = place(at).and_then(|at| came_from[at]) else { break };
                    circle.push(before);
                    at = before;
                }
                circle.reverse();
                return circle;
            }
            if let Some(at) = place(parent).filter(|&at| came_from[at].is_none()) {
                came_from[at] = Some(own);
                queue.push_back(parent);
            }
        }
    }
    members.to_vec()
}
