//! Small sets to the proven optimum, by branch and bound.

use super::calls::differ;
use super::task::Task;

/// Pairs up to which the search is tried.
const MOST_PAIRS: usize = 20_000;

/// What an exact search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exact {
    /// The cheapest panel seen, none if no better one than the one given was found.
    pub better: Option<Vec<usize>>,
    /// Whether all panels were looked at: the cheapest seen is the optimum.
    pub is_complete: bool,
    /// Panels in part looked at.
    pub nodes: u64,
}

/// Looks for a panel cheaper than `most`, with so much work at most (pairs times markers, summed over the
/// places of the search tree); `bound` is a cost that no panel is below.
pub fn search(task: &Task, most: u64, bound: u64, work: u64) -> Exact {
    let pairs: Vec<(usize, usize)> =
        (0..task.profiles.samples()).flat_map(|a| task.required.partners(a).map(move |b| (a, b))).collect();
    let mut exact = Exact { better: None, is_complete: most <= bound, nodes: 0 };
    if exact.is_complete || pairs.len() > MOST_PAIRS {
        return exact;
    }
    let columns: Vec<Vec<u64>> =
        (0..task.profiles.markers()).map(|marker| column(task, &pairs, marker)).collect();
    let markers = worth_looking_at(task, &columns);
    let nodes = work / (pairs.len() * markers.len()).max(1) as u64;
    let mut tree =
        Tree { task, columns: &columns, pairs: pairs.len(), most, bound, left: nodes, exact: &mut exact };
    let mut state = Place::new(&tree, &markers);
    for &marker in &task.forced {
        state.take(&tree, marker);
    }
    let is_complete = tree.visit(&mut state);
    let left = tree.left;
    exact.is_complete = is_complete;
    exact.nodes = nodes - left;
    exact
}

/// The pairs that a marker tells apart, as bits.
fn column(task: &Task, pairs: &[(usize, usize)], marker: usize) -> Vec<u64> {
    let codes = task.profiles.marker(marker);
    let word = |pairs: &[(usize, usize)]| {
        pairs
            .iter()
            .enumerate()
            .fold(0, |word, (bit, &(a, b))| word | u64::from(differ(codes[a], codes[b])) << bit)
    };
    pairs.chunks(64).map(word).collect()
}

/// Markers without those that `depth` others, no dearer, outdo: if such a marker is in a panel, one of the others can
/// take its place, or it is needless. With rules every marker that tells a pair apart stays.
fn worth_looking_at(task: &Task, columns: &[Vec<u64>]) -> Vec<usize> {
    let is_within = |a: &[u64], b: &[u64]| a.iter().zip(b).all(|(a, b)| a & !b == 0);
    let some: Vec<usize> =
        (0..columns.len()).filter(|&marker| columns[marker].iter().any(|&word| word != 0)).collect();
    if !task.rules.are_loose() {
        return some;
    }
    let size = |marker: usize| columns[marker].iter().map(|word| word.count_ones()).sum::<u32>();
    let mut order: Vec<(std::cmp::Reverse<u32>, u32, usize)> =
        some.into_iter().map(|marker| (std::cmp::Reverse(size(marker)), task.cost[marker], marker)).collect();
    order.sort_unstable();
    let mut kept: Vec<usize> = Vec::new();
    for (_, cost, marker) in order {
        let better = kept
            .iter()
            .filter(|&&other| task.cost[other] <= cost && is_within(&columns[marker], &columns[other]))
            .filter(|other| !task.forced.contains(other));
        if task.forced.contains(&marker)
            || better.take(usize::from(task.depth)).count() < usize::from(task.depth)
        {
            kept.push(marker);
        }
    }
    kept.sort_unstable();
    kept
}

struct Tree<'a> {
    task: &'a Task,
    columns: &'a [Vec<u64>],
    pairs: usize,
    /// Panels must cost less.
    most: u64,
    bound: u64,
    left: u64,
    exact: &'a mut Exact,
}

/// A place in the tree: the markers taken, those that may still be, and what each pair lacks.
#[derive(Clone)]
struct Place {
    chosen: Vec<usize>,
    cost: u64,
    free: Vec<usize>,
    lack: Vec<u8>,
}

impl Place {
    fn new(tree: &Tree<'_>, markers: &[usize]) -> Self {
        Self { chosen: Vec::new(), cost: 0, free: markers.to_vec(), lack: vec![tree.task.depth; tree.pairs] }
    }

    fn take(&mut self, tree: &Tree<'_>, marker: usize) {
        self.chosen.push(marker);
        self.cost += u64::from(tree.task.cost[marker]);
        self.free.retain(|&other| other != marker);
        for (pair, lack) in self.lack.iter_mut().enumerate() {
            *lack = lack.saturating_sub((tree.columns[marker][pair / 64] >> (pair % 64) & 1) as u8);
        }
    }

    fn lacking(&self) -> Vec<(usize, u8)> {
        self.lack.iter().copied().enumerate().filter(|(_, lack)| *lack > 0).collect()
    }
}

impl Tree<'_> {
    /// Looks at all panels that hold those taken; false if the places ran out.
    fn visit(&mut self, place: &mut Place) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let lacking = place.lacking();
        if lacking.is_empty() && self.task.rules.lacking(&place.chosen).is_empty() {
            if place.cost < self.most {
                self.most = place.cost;
                self.exact.better = Some(place.chosen.clone());
            }
            return true;
        }
        if !self.task.rules.are_loose() {
            place.free.retain(|&marker| self.task.rules.allow(&place.chosen, marker));
        }
        let Some((options, gains)) = self.options(place, &lacking) else { return true };
        if place.cost + self.least_further(place, &lacking, &gains) >= self.most {
            return true;
        }
        let mut place = place.clone();
        for marker in options {
            if self.most <= self.bound {
                return true;
            }
            let mut next = place.clone();
            next.take(self, marker);
            if next.cost < self.most && !self.visit(&mut next) {
                return false;
            }
            place.free.retain(|&other| other != marker);
            if place.free.is_empty() {
                break;
            }
        }
        true
    }

    /// The markers of the pair (or of the contig's quota) with the fewest ways out, best first, and what each free marker
    /// gains; `None` if a pair has too few.
    fn options(&self, place: &Place, lacking: &[(usize, u8)]) -> Option<(Vec<usize>, Vec<u64>)> {
        let mut ways = vec![0u32; lacking.len()];
        let mut gains = Vec::with_capacity(place.free.len());
        for &marker in &place.free {
            let column = &self.columns[marker];
            let mut gain = 0;
            for (index, &(pair, _)) in lacking.iter().enumerate() {
                let bit = column[pair / 64] >> (pair % 64) & 1;
                ways[index] += bit as u32;
                gain += bit;
            }
            gains.push(gain);
        }
        if lacking.iter().zip(&ways).any(|(&(_, lack), &ways)| ways < u32::from(lack)) {
            return None;
        }
        let tightest =
            (0..lacking.len()).min_by_key(|&index| (ways[index] - u32::from(lacking[index].1), index));
        let in_reach = |marker: usize| match tightest {
            Some(index) => self.columns[marker][lacking[index].0 / 64] >> (lacking[index].0 % 64) & 1 == 1,
            None => {
                let short = self.task.rules.lacking(&place.chosen);
                short.first().is_none_or(|&(contig, _)| self.task.rules.contig[marker] == contig)
            }
        };
        let mut order: Vec<(std::cmp::Reverse<u64>, u32, usize)> = place
            .free
            .iter()
            .zip(&gains)
            .filter(|(marker, _)| in_reach(**marker))
            .map(|(&marker, &gain)| (std::cmp::Reverse(gain), self.task.cost[marker], marker))
            .collect();
        order.sort_unstable();
        Some((order.into_iter().map(|(_, _, marker)| marker).collect(), gains))
    }

    /// A cost that the markers still needed cannot be below: the best fill all lacks one after the other; and a set of
    /// pairs of which no free marker tells two apart needs markers of its own for each.
    fn least_further(&self, place: &Place, lacking: &[(usize, u8)], gains: &[u64]) -> u64 {
        let total: u64 = lacking.iter().map(|&(_, lack)| u64::from(lack)).sum();
        let deepest = lacking.iter().map(|&(_, lack)| usize::from(lack)).max().unwrap_or(0);
        let mut sorted = gains.to_vec();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        let mut filled = 0;
        let needed = sorted.iter().position(|gain| {
            filled += gain;
            filled >= total
        });
        let number =
            needed.map_or(sorted.len(), |place| place + 1).max(deepest).max(self.apart(place, lacking));
        let mut costs: Vec<u32> = place.free.iter().map(|&marker| self.task.cost[marker]).collect();
        costs.sort_unstable();
        costs.iter().take(number).map(|&cost| u64::from(cost)).sum()
    }

    /// Markers that pairs without a common free marker need together.
    fn apart(&self, place: &Place, lacking: &[(usize, u8)]) -> usize {
        let mut order: Vec<(usize, u8, usize)> = lacking
            .iter()
            .map(|&(pair, lack)| {
                let ways = place
                    .free
                    .iter()
                    .filter(|&&m| self.columns[m][pair / 64] >> (pair % 64) & 1 == 1)
                    .count();
                (ways, lack, pair)
            })
            .collect();
        order.sort_unstable();
        let mut is_used = vec![false; place.free.len()];
        let mut needed = 0;
        for (_, lack, pair) in order.into_iter().take(64) {
            let own: Vec<usize> = (0..place.free.len())
                .filter(|&index| self.columns[place.free[index]][pair / 64] >> (pair % 64) & 1 == 1)
                .collect();
            if own.iter().all(|&index| !is_used[index]) {
                own.iter().for_each(|&index| is_used[index] = true);
                needed += usize::from(lack);
            }
        }
        needed
    }
}
