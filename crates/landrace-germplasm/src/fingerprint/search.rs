//! Fewer markers by local search with weights on the pairs that are hard to tell apart.
//!
//! After Gao and others 2015 (row weighting for the set cover problem), made for multi-cover, costs and rules: keep one
//! marker fewer than the best panel, exchange a marker whose loss weighs least for one that tells a random open pair
//! apart and whose gain weighs most, and raise the weights of the pairs that stay open. Every step counts all pairs: a
//! panel without an open pair is a panel, and gains are exact.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use super::task::Task;

mod counts;
use counts::{Counts, Pair};

/// Markers that the search looks at.
const CANDIDATES: usize = 5000;

/// Searches that run beside each other, whatever the number of threads.
const WALKS: u64 = 4;

/// Open pairs that gains are taken over; of more, an even sample.
const LOOKED_AT: usize = 512;

/// Words of counts that a walk may pass over in a round; steps grow fewer as pairs grow more.
const ROUND_WORK: usize = 60_000_000;

/// How long to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Seed of the random numbers.
    pub seed: u64,
    /// Exchanges a round of each walk, at most.
    pub steps: u32,
    /// Rounds at most.
    pub rounds: u32,
    /// Rounds without a better panel after which the search ends.
    pub patience: u32,
}

impl Default for Effort {
    fn default() -> Self {
        Self { seed: 1, steps: 4000, rounds: 40, patience: 16 }
    }
}

/// What a search starts from.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// A panel.
    pub panel: &'a [usize],
    /// What each marker is worth, by which candidates are taken.
    pub useful: &'a [u64],
    /// Pairs that differ at few markers.
    pub near: &'a [(u32, usize, usize)],
}

/// Looks for a cheaper panel than that of `start`, which must tell all required pairs apart; ends at `bound`, a cost that
/// no panel is below. The same result at any number of threads.
pub fn improve(task: &Task, start: Start<'_>, bound: u64, effort: Effort) -> Vec<usize> {
    let best_cost = task.cost_of(start.panel);
    let goal = Goal { limit: best_cost, bound, is_fixed: false };
    search(task, start, goal, effort).0
}

/// Looks for a panel of as many markers as that of `start`, whatever they cost, that leaves fewest pairs open; gives it and
/// the number of open pairs. The same result at any number of threads.
pub fn fill(task: &Task, start: Start<'_>, effort: Effort) -> (Vec<usize>, usize) {
    let mut even = task.clone();
    even.cost.fill(1);
    let limit = start.panel.len() as u64 + 1;
    search(&even, start, Goal { limit, bound: 0, is_fixed: true }, effort)
}

/// What is looked for.
#[derive(Clone, Copy)]
struct Goal {
    /// Panels must cost less.
    limit: u64,
    bound: u64,
    /// Whether a panel of this cost that leaves fewest pairs open is looked for; else a cheaper one that leaves none.
    is_fixed: bool,
}

/// The panel, and the pairs that it leaves open.
fn search(task: &Task, start: Start<'_>, goal: Goal, effort: Effort) -> (Vec<usize>, usize) {
    let candidates = candidates(task, start);
    let small = task.with_markers(&candidates);
    let place = |marker: &usize| candidates.binary_search(marker).ok();
    let panel: Vec<usize> = start.panel.iter().filter_map(place).collect();
    let mut walks: Vec<Walk<'_>> = (0..WALKS)
        .into_par_iter()
        .map(|walk| Walk::new(&small, &panel, goal, effort.seed.wrapping_mul(WALKS).wrapping_add(walk)))
        .collect();
    let samples = task.profiles.samples();
    let words = (samples * samples / 128).max(1);
    let steps =
        u32::try_from((ROUND_WORK / words).max(50)).map_or(effort.steps, |most| most.min(effort.steps));
    let mut best = walks.first().map_or_else(Vec::new, |walk| walk.best.clone());
    let (mut merit, mut idle) = (walks.first().map_or((0, 0), |walk| walk.merit), 0);
    for _ in 0..effort.rounds {
        if merit.1 <= goal.bound && merit.0 == 0 || idle >= effort.patience {
            break;
        }
        walks.par_iter_mut().for_each(|walk| walk.run(steps));
        idle += 1;
        for walk in &walks {
            if walk.merit < merit {
                (merit, best, idle) = (walk.merit, walk.best.clone(), 0);
            }
        }
        walks.iter_mut().for_each(|walk| walk.merit = merit);
    }
    (best.into_iter().map(|place| candidates[place]).collect(), merit.0)
}

/// The markers worth looking at: those of the start, of pairs with few others, and those that tell most pairs apart.
fn candidates(task: &Task, start: Start<'_>) -> Vec<usize> {
    let markers = task.profiles.markers();
    if markers <= CANDIDATES {
        return (0..markers).collect();
    }
    let mut out: Vec<usize> = start.panel.iter().chain(&task.forced).copied().collect();
    let near = start.near.iter().filter(|(differences, ..)| *differences <= 3 * u32::from(task.depth));
    for &(_, a, b) in near.take(CANDIDATES / 8) {
        let (a, b) = (task.profiles.sample(a), task.profiles.sample(b));
        out.extend((0..markers).filter(|&marker| super::calls::differ(a[marker], b[marker])));
    }
    let mut order: Vec<usize> = (0..markers).filter(|&marker| start.useful[marker] > 0).collect();
    let worth = |marker: usize| start.useful[marker] * 1000 / u64::from(task.cost[marker].max(1));
    order.sort_by_key(|&marker| (std::cmp::Reverse(worth(marker)), marker));
    out.extend(order.into_iter().take(CANDIDATES));
    out.sort_unstable();
    out.dedup();
    out
}

/// One search.
struct Walk<'a> {
    task: &'a Task,
    goal: Goal,
    counts: Counts<'a>,
    chosen: Vec<usize>,
    is_chosen: Vec<bool>,
    is_forced: Vec<bool>,
    /// Step in which each marker last came or went.
    stamp: Vec<u64>,
    step: u64,
    best: Vec<usize>,
    /// Pairs that the best panel leaves open, and its cost.
    merit: (usize, u64),
    random: Xoshiro256PlusPlus,
    gains: Vec<u16>,
    pairs: Vec<Pair>,
}

impl<'a> Walk<'a> {
    fn new(task: &'a Task, start: &[usize], goal: Goal, seed: u64) -> Self {
        let markers = task.profiles.markers();
        let mut is_forced = vec![false; markers];
        task.forced.iter().for_each(|&marker| is_forced[marker] = true);
        let mut walk = Self {
            task,
            goal,
            counts: Counts::new(task),
            chosen: Vec::new(),
            is_chosen: vec![false; markers],
            is_forced,
            stamp: vec![0; markers],
            step: 0,
            best: start.to_vec(),
            merit: (0, task.cost_of(start)),
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            gains: vec![0; markers],
            pairs: Vec::new(),
        };
        start.iter().for_each(|&marker| walk.add(marker));
        walk.counts.list(false, &mut walk.pairs);
        walk.merit.0 = walk.pairs.len();
        walk
    }

    /// A panel must cost less than this.
    fn limit(&self) -> u64 {
        if self.goal.is_fixed { self.goal.limit } else { self.merit.1 }
    }

    /// Makes so many exchanges; ends early at the bound.
    fn run(&mut self, steps: u32) {
        let end = self.step + u64::from(steps);
        while self.step < end
            && !(self.merit.0 == 0 && (self.goal.is_fixed || self.merit.1 <= self.goal.bound))
        {
            self.step += 1;
            if !self.make_room() {
                return;
            }
            self.fill();
            self.look();
        }
    }

    fn cost(&self) -> u64 {
        self.task.cost_of(&self.chosen)
    }

    /// Keeps the panel if it is the best, and raises the weights of the pairs that it leaves open.
    fn look(&mut self) {
        self.counts.list(false, &mut self.pairs);
        let merit = (self.pairs.len(), self.cost());
        let is_allowed = self.goal.is_fixed || merit.0 == 0;
        if is_allowed && merit < self.merit && self.task.rules.lacking(&self.chosen).is_empty() {
            self.merit = merit;
            self.best.clone_from(&self.chosen);
        }
        for &pair in &self.pairs {
            self.counts.raise(pair);
        }
    }

    /// Takes markers out until one more would still cost less than the limit; at least one. False if none may go.
    fn make_room(&mut self) -> bool {
        let cheapest = self.task.cost.iter().copied().min().unwrap_or(0);
        loop {
            let Some(marker) = self.least_lost() else { return false };
            self.remove(marker);
            if self.cost() + u64::from(cheapest) < self.limit() {
                return true;
            }
        }
    }

    /// The marker whose loss weighs least for its cost; not the one that came last. The oldest if equal.
    fn least_lost(&mut self) -> Option<usize> {
        self.counts.list(true, &mut self.pairs);
        let weights: Vec<u64> = self.pairs.iter().map(|&pair| u64::from(self.counts.weight(pair))).collect();
        let loss = |marker: usize| -> u64 {
            let codes = self.task.profiles.marker(marker);
            let told = |pair: &Pair| super::calls::differ(codes[pair.a as usize], codes[pair.b as usize]);
            self.pairs.iter().zip(&weights).map(|(pair, &weight)| if told(pair) { weight } else { 0 }).sum()
        };
        let may_go = |marker: usize| {
            !self.is_forced[marker]
                && self.stamp[marker] < self.step.max(1)
                && self.task.rules.allow_without(&self.chosen, marker)
        };
        let order = |&marker: &usize| {
            let newest = u64::from(self.stamp[marker] + 1 >= self.step && self.chosen.len() > 1);
            (
                newest,
                loss(marker) * 1000 / u64::from(self.task.cost[marker].max(1)),
                self.stamp[marker],
                marker,
            )
        };
        self.chosen.iter().copied().filter(|&marker| may_go(marker)).min_by_key(order)
    }

    /// Adds markers while pairs are open and the panel stays cheaper than the limit.
    fn fill(&mut self) {
        while self.counts.is_any_open() {
            let Some(marker) = self.most_gained() else { return };
            self.add(marker);
        }
    }

    /// The marker that tells a random open pair apart, fits, and gains most for its cost; not one that has just gone.
    fn most_gained(&mut self) -> Option<usize> {
        let budget = self.limit().saturating_sub(self.cost());
        if self.task.cost.iter().all(|&cost| u64::from(cost) >= budget) {
            return None;
        }
        self.note_gains();
        let drawn = (self.random.next_u64() % self.pairs.len().max(1) as u64) as usize;
        let Pair { a, b, .. } = *self.pairs.get(drawn)?;
        let (x, y) = (self.task.profiles.sample(a as usize), self.task.profiles.sample(b as usize));
        let mut best: Option<(u64, u64, usize)> = None;
        for marker in 0..x.len() {
            let cost = u64::from(self.task.cost[marker]);
            if !super::calls::differ(x[marker], y[marker]) || cost >= budget {
                continue;
            }
            let worth = u64::from(self.gains[marker]) * 1000 / cost.max(1);
            let is_better = best
                .is_none_or(|(most, stamp, _)| worth > most || (worth == most && self.stamp[marker] < stamp));
            let is_free = !self.is_chosen[marker] && (self.stamp[marker] < self.step || self.step == 0);
            if is_better && is_free && self.task.rules.allow(&self.chosen, marker) {
                best = Some((worth, self.stamp[marker], marker));
            }
        }
        best.map(|(_, _, marker)| marker)
    }

    /// Lists the open pairs, and for every marker the weight of those that it tells apart.
    fn note_gains(&mut self) {
        self.counts.list(false, &mut self.pairs);
        self.gains.fill(0);
        let every = self.pairs.len().div_ceil(LOOKED_AT).max(1);
        let pairs = || self.pairs.iter().step_by(every);
        let all: u64 = pairs().map(|&pair| u64::from(self.counts.weight(pair))).sum();
        // Sums of all weights stay within 16 bits, so that twice as many are added at once.
        let shift = (64 - all.leading_zeros()).saturating_sub(16);
        for &pair in pairs() {
            let weight = (self.counts.weight(pair) >> shift).max(1);
            let (x, y) =
                (self.task.profiles.sample(pair.a as usize), self.task.profiles.sample(pair.b as usize));
            add_where_differ(&mut self.gains, (x, y), weight);
        }
    }

    fn add(&mut self, marker: usize) {
        self.chosen.push(marker);
        self.is_chosen[marker] = true;
        self.stamp[marker] = self.step;
        self.counts.add(marker);
    }

    fn remove(&mut self, marker: usize) {
        self.chosen.retain(|&other| other != marker);
        self.is_chosen[marker] = false;
        self.stamp[marker] = self.step;
        self.counts.remove(marker);
    }
}

fn add_where_differ(out: &mut [u16], (x, y): (&[u8], &[u8]), weight: u16) {
    for ((to, &x), &y) in out.iter_mut().zip(x).zip(y) {
        let differs = (x != y) & (x != super::calls::NO_CLASS) & (y != super::calls::NO_CLASS);
        *to = to.saturating_add(if differs { weight } else { 0 });
    }
}
