//! Fewer markers by local search with weights on the pairs that are hard to tell apart.
//!
//! After Gao and others 2015 (row weighting for the set cover problem), made for multi-cover, costs and rules: keep one
//! marker fewer than the best panel, exchange a marker whose loss weighs least for one that tells a random open pair
//! apart and whose gain weighs most, and raise the weights of the pairs that stay open. Only pairs that were hard once
//! are looked at in each step; a panel that satisfies them is checked against all, and the pairs that it fails join.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use super::task::Task;

mod working;
use working::Working;

/// Markers that the search looks at.
const CANDIDATES: usize = 2500;

/// Searches that run beside each other, whatever the number of threads.
const WALKS: u64 = 4;

/// Pairs that join at once.
const JOINING: usize = 4096;

/// How long to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Seed of the random numbers.
    pub seed: u64,
    /// Exchanges a round of each walk.
    pub steps: u32,
    /// Rounds at most.
    pub rounds: u32,
    /// Rounds without a better panel after which the search ends.
    pub patience: u32,
}

impl Default for Effort {
    fn default() -> Self {
        Self { seed: 1, steps: 4000, rounds: 30, patience: 8 }
    }
}

/// Looks for a cheaper panel than `start`, which must tell all required pairs apart; stops at `bound`, a cost that no
/// panel is below. `useful` gives a worth to each marker, by which candidates are taken; `near` the pairs that differ
/// at few markers. The same result at any number of threads.
pub fn improve(
    task: &Task,
    start: &[usize],
    (bound, useful): (u64, &[u64]),
    near: &[(u32, usize, usize)],
    effort: Effort,
) -> Vec<usize> {
    let candidates = candidates(task, start, useful, near);
    let small = task.with_markers(&candidates);
    let place = |marker: &usize| candidates.binary_search(marker).ok();
    let start: Vec<usize> = start.iter().filter_map(place).collect();
    let hard: Vec<(u32, u32)> = near.iter().take(JOINING).map(|&(_, a, b)| (a as u32, b as u32)).collect();
    let mut walks: Vec<Walk> = (0..WALKS)
        .map(|walk| Walk::new(&small, &start, &hard, effort.seed.wrapping_mul(WALKS).wrapping_add(walk)))
        .collect();
    let (mut best, mut best_cost, mut idle) = (start.clone(), small.cost_of(&start), 0);
    for _ in 0..effort.rounds {
        if best_cost <= bound || idle >= effort.patience {
            break;
        }
        walks.par_iter_mut().for_each(|walk| walk.run(effort.steps, bound));
        idle += 1;
        for walk in &walks {
            if walk.best_cost < best_cost {
                (best_cost, best, idle) = (walk.best_cost, walk.best.clone(), 0);
            }
        }
        walks.iter_mut().for_each(|walk| walk.best_cost = best_cost);
    }
    best.into_iter().map(|place| candidates[place]).collect()
}

/// The markers worth looking at: those of the start, of pairs with few others, and those that tell most pairs apart.
fn candidates(task: &Task, start: &[usize], useful: &[u64], near: &[(u32, usize, usize)]) -> Vec<usize> {
    let markers = task.profiles.markers();
    if markers <= CANDIDATES {
        return (0..markers).collect();
    }
    let mut out: Vec<usize> = start.iter().chain(&task.forced).copied().collect();
    for &(_, a, b) in
        near.iter().filter(|(differences, ..)| *differences <= 3 * u32::from(task.depth)).take(CANDIDATES / 8)
    {
        let (a, b) = (task.profiles.sample(a), task.profiles.sample(b));
        out.extend((0..markers).filter(|&marker| super::calls::differ(a[marker], b[marker])));
    }
    let mut order: Vec<usize> = (0..markers).filter(|&marker| useful[marker] > 0).collect();
    let worth = |marker: usize| useful[marker] * 1000 / u64::from(task.cost[marker].max(1));
    order.sort_by_key(|&marker| (std::cmp::Reverse(worth(marker)), marker));
    out.extend(order.into_iter().take(CANDIDATES));
    out.sort_unstable();
    out.dedup();
    out
}

/// One search.
struct Walk<'a> {
    task: &'a Task,
    working: Working<'a>,
    chosen: Vec<usize>,
    is_chosen: Vec<bool>,
    is_forced: Vec<bool>,
    /// Step in which each marker last came or went.
    stamp: Vec<u64>,
    step: u64,
    best: Vec<usize>,
    best_cost: u64,
    random: Xoshiro256PlusPlus,
    gains: Vec<u32>,
}

impl<'a> Walk<'a> {
    fn new(task: &'a Task, start: &[usize], hard: &[(u32, u32)], seed: u64) -> Self {
        let markers = task.profiles.markers();
        let mut is_forced = vec![false; markers];
        task.forced.iter().for_each(|&marker| is_forced[marker] = true);
        let mut walk = Self {
            task,
            working: Working::new(task),
            chosen: Vec::new(),
            is_chosen: vec![false; markers],
            is_forced,
            stamp: vec![0; markers],
            step: 0,
            best: start.to_vec(),
            best_cost: task.cost_of(start),
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            gains: vec![0; markers],
        };
        let tight = task.pairs_below(start, task.depth + 1);
        let rows: Vec<(u32, u32)> = tight.iter().map(|&(a, b, _)| (a, b)).take(4 * JOINING).collect();
        walk.working.join(&[hard, &rows].concat(), &walk.chosen);
        start.iter().for_each(|&marker| walk.add(marker));
        walk
    }

    /// Makes so many exchanges; ends early at the bound.
    fn run(&mut self, steps: u32, bound: u64) {
        let end = self.step + u64::from(steps);
        while self.step < end && self.best_cost > bound {
            self.step += 1;
            if self.working.open() == 0 && self.is_below_best() && !self.is_good() {
                continue;
            }
            if !self.make_room() {
                return;
            }
            self.fill();
            self.working.raise_open();
        }
    }

    fn cost(&self) -> u64 {
        self.task.cost_of(&self.chosen)
    }

    fn is_below_best(&self) -> bool {
        self.cost() < self.best_cost
    }

    /// Whether the panel tells all pairs apart; it is the best then. Else the pairs that it fails join.
    fn is_good(&mut self) -> bool {
        let failed = self.task.pairs_below(&self.chosen, self.task.depth);
        if failed.is_empty() && self.task.rules.lacking(&self.chosen).is_empty() {
            self.best = self.chosen.clone();
            self.best_cost = self.cost();
            return true;
        }
        let every = failed.len().div_ceil(JOINING).max(1);
        let rows: Vec<(u32, u32)> = failed.iter().step_by(every).map(|&(a, b, _)| (a, b)).collect();
        self.working.join(&rows, &self.chosen);
        false
    }

    /// Takes markers out until one more would still cost less than the best; at least one. False if none may go.
    fn make_room(&mut self) -> bool {
        let cheapest = self.task.cost.iter().copied().min().unwrap_or(0);
        loop {
            let Some(marker) = self.least_lost() else { return false };
            self.remove(marker);
            if self.cost() + u64::from(cheapest) < self.best_cost {
                return true;
            }
        }
    }

    /// The marker whose loss weighs least for its cost; not the one that came last. The oldest if equal.
    fn least_lost(&self) -> Option<usize> {
        let losses = self.working.losses(&self.chosen);
        let may_go = |marker: usize| {
            !self.is_forced[marker]
                && self.stamp[marker] < self.step.max(1)
                && self.task.rules.allow_without(&self.chosen, marker)
        };
        let all = self.chosen.iter().zip(&losses).filter(|(marker, _)| may_go(**marker));
        let order = |&(&marker, &loss): &(&usize, &u64)| {
            let newest = u64::from(self.stamp[marker] + 1 >= self.step && self.chosen.len() > 1);
            (newest, loss * 1000 / u64::from(self.task.cost[marker].max(1)), self.stamp[marker], marker)
        };
        all.min_by_key(order).map(|(&marker, _)| marker)
    }

    /// Adds markers while pairs are open and the panel stays cheaper than the best.
    fn fill(&mut self) {
        while self.working.open() > 0 {
            let pair = self.working.open_row(self.random.next_u64());
            let Some(marker) = self.most_gained(pair) else { return };
            self.add(marker);
        }
    }

    /// The marker that tells a pair apart, fits, and gains most for its cost; not one that has just gone.
    fn most_gained(&mut self, (a, b): (u32, u32)) -> Option<usize> {
        self.working.gains(&mut self.gains);
        let budget = self.best_cost.saturating_sub(self.cost());
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

    fn add(&mut self, marker: usize) {
        self.chosen.push(marker);
        self.is_chosen[marker] = true;
        self.stamp[marker] = self.step;
        self.working.add(marker);
    }

    fn remove(&mut self, marker: usize) {
        self.chosen.retain(|&other| other != marker);
        self.is_chosen[marker] = false;
        self.stamp[marker] = self.step;
        self.working.remove(marker);
    }
}
