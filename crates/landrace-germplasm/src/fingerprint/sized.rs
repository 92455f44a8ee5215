//! The best panel of a given number of markers: all pairs told apart by as many differences as can be, or, where that
//! number is too small to tell all apart, most pairs.

use super::greedy::{greedy, usefulness};
use super::search::{self, Effort, Start};
use super::task::Task;

/// A panel of a given size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SizedPanel {
    pub(super) chosen: Vec<usize>,
    /// Differences that every pair has; 0 if some have none.
    pub(super) depth: u8,
    /// Markers that the plain greedy choice takes for one difference more, cut at the size.
    pub(super) greedy_depth: u8,
}

/// Chooses so many markers, or fewer if no more may be chosen. First the greedy choice at rising depth, then the search
/// for the first depth that greed does not reach, and on.
pub(super) fn choose(task: &Task, size: usize, near: &[(u32, usize, usize)], effort: Effort) -> SizedPanel {
    let at = |depth: u8| Task { depth, ..task.clone() };
    let (mut panel, mut depth) = (Vec::new(), 0u8);
    while depth < u8::MAX {
        let next = greedy(&at(depth + 1), Some(size));
        if !next.open.is_empty() {
            // Without one for all pairs, the one for most.
            panel = if depth == 0 { next.chosen } else { panel };
            break;
        }
        (panel, depth) = (next.chosen, depth + 1);
    }
    let greedy_depth = depth;
    let useful = usefulness(task);
    let mut best = filled(task, &panel, size, depth.saturating_add(1));
    while depth < u8::MAX && best.len() == size {
        let next = at(depth + 1);
        let start = Start { panel: &best, useful: &useful, near };
        let (found, open) = search::fill(&next, start, effort);
        if open == 0 {
            (best, depth) = (found, depth + 1);
            continue;
        }
        // Fewer pairs with the least difference, if none falls below it.
        let is_better = open < next.pairs_below(&best, depth + 1).len();
        if is_better && next.pairs_below(&found, depth).is_empty() {
            best = found;
        }
        break;
    }
    SizedPanel { chosen: best, depth, greedy_depth }
}

/// A panel with further markers, by what they do for pairs with few differences.
fn filled(task: &Task, panel: &[usize], size: usize, depth: u8) -> Vec<usize> {
    let mut chosen = panel.to_vec();
    for depth in [depth, depth.saturating_add(1), depth.saturating_add(4), u8::MAX] {
        if chosen.len() >= size {
            break;
        }
        let next = Task { depth, forced: chosen.clone(), ..task.clone() };
        chosen = greedy(&next, Some(size)).chosen;
    }
    chosen
}
