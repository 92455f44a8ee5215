//! Greedy cores, to start from.

use std::collections::BinaryHeap;

use rayon::prelude::*;

use super::distance::Square;
use super::rules::{NONE, Plan};

/// A candidate and its gain when last looked at; the larger gain first, then the first accession.
#[derive(PartialEq)]
struct Gain {
    gain: f64,
    accession: usize,
    round: usize,
}

impl Eq for Gain {}

impl Ord for Gain {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.gain.total_cmp(&other.gain).then(other.accession.cmp(&self.accession))
    }
}

impl PartialOrd for Gain {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// What is left of the rules while a core grows.
pub(crate) struct Room<'a> {
    plan: &'a Plan,
    left: Vec<usize>,
    is_taken: Vec<bool>,
    is_held: Vec<bool>,
}

impl<'a> Room<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        let groups = plan.group.iter().filter(|&&group| group != NONE).max().map_or(0, |&most| most + 1);
        Self {
            plan,
            left: plan.quotas.clone(),
            is_taken: vec![false; plan.is_free.len()],
            is_held: vec![false; groups],
        }
    }

    /// Whether an accession may be taken. Those that must be go first.
    pub(crate) fn may_take(&self, i: usize) -> bool {
        let group = self.plan.group[i];
        self.plan.is_free[i]
            && !self.is_taken[i]
            && self.left[self.plan.stratum[i]] > 0
            && (group == NONE || !self.is_held[group])
    }

    pub(crate) fn take(&mut self, i: usize) {
        self.is_taken[i] = true;
        self.left[self.plan.stratum[i]] -= 1;
        if self.plan.group[i] != NONE {
            self.is_held[self.plan.group[i]] = true;
        }
    }
}

impl Plan {
    /// A core of those always chosen and then the first in an order that the rules allow.
    pub(crate) fn fill(&self, order: &[usize]) -> Vec<usize> {
        let mut room = Room::new(self);
        let fixed = (0..self.is_fixed.len()).filter(|&i| self.is_fixed[i]);
        let mut members = Vec::with_capacity(self.size);
        for i in fixed.chain(order.iter().copied()) {
            if room.may_take(i) {
                room.take(i);
                members.push(i);
            }
        }
        members
    }
}

/// Entries by what they take from the distances to the nearest entry: lazily, for gains only fall (Minoux 1978;
/// Leskovec et al. 2007). At least 1 − 1/e of the best gain, without quotas.
pub(crate) fn facilities(plan: &Plan, square: &Square) -> Vec<usize> {
    let n = square.len();
    let most = square.rows().map(|row| row.iter().copied().fold(0.0, f32::max)).reduce(|| 0.0, f32::max);
    let mut nearest = vec![most; n];
    let (mut room, mut members) = (Room::new(plan), Vec::with_capacity(plan.size));
    let mut take = |i: usize, nearest: &mut Vec<f32>, room: &mut Room<'_>| {
        room.take(i);
        members.push(i);
        nearest.iter_mut().zip(square.row(i)).for_each(|(near, &distance)| *near = near.min(distance));
        members.len()
    };
    let mut round = 0;
    for i in (0..n).filter(|&i| plan.is_fixed[i]) {
        round = take(i, &mut nearest, &mut room);
    }
    let first = |i: usize| Gain { gain: gain(&nearest, square.row(i)), accession: i, round };
    let mut heap: BinaryHeap<Gain> =
        (0..n).into_par_iter().filter(|&i| room.may_take(i)).map(first).collect::<Vec<_>>().into();
    while round < plan.size {
        let Some(top) = heap.pop() else { break };
        if !room.may_take(top.accession) {
            continue;
        }
        if top.round == round {
            round = take(top.accession, &mut nearest, &mut room);
        } else {
            let gain = gain(&nearest, square.row(top.accession));
            heap.push(Gain { gain, round, ..top });
        }
    }
    members
}

/// What an entry would take from the distances to the nearest.
fn gain(nearest: &[f32], row: &[f32]) -> f64 {
    let chunks = nearest.chunks(256).zip(row.chunks(256));
    let part = |(near, row): (&[f32], &[f32])| {
        let mut lanes = [0f32; 8];
        for (near, row) in near.chunks(8).zip(row.chunks(8)) {
            for (lane, (&near, &distance)) in lanes.iter_mut().zip(near.iter().zip(row)) {
                *lane += (near - distance).max(0.0);
            }
        }
        lanes.iter().map(|&lane| f64::from(lane)).sum::<f64>()
    };
    chunks.map(part).sum()
}

/// Entries each as far as can be from those before (Gonzalez 1985).
pub(crate) fn farthest(plan: &Plan, square: &Square) -> Vec<usize> {
    let n = square.len();
    let sums: Vec<f64> = square.rows().map(|row| row.iter().map(|&d| f64::from(d)).sum()).collect();
    let mut nearest = vec![f32::INFINITY; n];
    let (mut room, mut members) = (Room::new(plan), Vec::with_capacity(plan.size));
    let mut fixed: Vec<usize> = (0..n).rev().filter(|&i| plan.is_fixed[i]).collect();
    while members.len() < plan.size {
        let open = (0..n).filter(|&i| room.may_take(i));
        let better = |&a: &usize, &b: &usize| {
            nearest[a].total_cmp(&nearest[b]).then(sums[a].total_cmp(&sums[b])).then(b.cmp(&a))
        };
        let Some(next) = fixed.pop().or_else(|| open.max_by(better)) else { break };
        room.take(next);
        members.push(next);
        nearest.iter_mut().zip(square.row(next)).for_each(|(near, &distance)| *near = near.min(distance));
    }
    members
}
