//! The search for a good core: greedy starts, then annealing of exchanges in several replicas, then descent.
//!
//! A step takes a random candidate, finds the entry that it would best replace, and makes the exchange if that is
//! better, or by chance if it is worse (Metropolis). Replicas have random streams of their own and are compared in
//! their order, so that a seed gives the same core at any number of threads. Steps are counted, not timed.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use super::relax;
use super::rules::Plan;
use super::state::{State, Target};

/// How much is searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effort {
    /// A first look.
    Quick,
    /// What should do.
    #[default]
    Normal,
    /// Ten times that.
    Thorough,
}

/// How far a search goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    replicas: usize,
    /// Numbers that a replica may read while it anneals.
    work: usize,
    /// Passes over all candidates of the descent, at most.
    passes: usize,
}

/// Entries tried for one candidate where each costs as much as a look at all alleles.
const FEW_PLACES: usize = 4;

/// Numbers that a pass over all exchanges may read, one entry at a time.
const SMALL: usize = 1_000_000_000;

/// Looks at a candidate cost at least as much as reading so many numbers.
const LEAST_COST: usize = 100;

impl Effort {
    pub(crate) fn budget(self) -> Budget {
        match self {
            Self::Quick => Budget { replicas: 2, work: 10_000_000, passes: 5 },
            Self::Normal => Budget { replicas: 8, work: 60_000_000, passes: 20 },
            Self::Thorough => Budget { replicas: 32, work: 300_000_000, passes: 50 },
        }
    }
}

impl Budget {
    /// For the preliminary searches that say an objective's range.
    pub(crate) fn preliminary(self) -> Self {
        Self { replicas: self.replicas.div_ceil(4), work: self.work / 2, passes: self.passes }
    }
}

/// A source of random numbers of one task.
pub(crate) struct Stream(Xoshiro256PlusPlus);

impl Stream {
    pub(crate) fn of(seed: u64, task: u64) -> Self {
        // Seeds and tasks that follow each other give streams that have nothing in common.
        let word = (seed ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ (word >> 31) ^ task).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(Xoshiro256PlusPlus::seed_from_u64(word ^ (word >> 29)))
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.0.next_u64()) * bound as u128) >> 64) as usize
    }

    fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn shuffle(&mut self, items: &mut [usize]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// The best core found for a weighted sum of objectives (scales; negative for what is minimised).
pub(crate) fn search(plan: &Plan, targets: &[(f64, Target<'_>)], budget: Budget, seed: u64) -> Vec<usize> {
    let free: Vec<usize> = (0..plan.is_free.len()).filter(|&i| plan.is_free[i]).collect();
    let heaviest = targets.iter().map(|&(_, target)| target).next();
    let greedy = heaviest.map_or_else(Vec::new, |target| start(plan, target));
    let cost: usize = targets.iter().map(|(_, target)| target.cost(plan.size)).sum::<usize>() + LEAST_COST;
    let places = if targets.iter().all(|(_, target)| target.is_by_distance()) { 1 } else { FEW_PLACES };
    let steps = budget.work / (cost * places);
    // Where a replica cannot look at each candidate often, chance does not pay: two descents, from the greedy start.
    let is_large = steps < 20 * free.len();
    let replicas = if is_large { budget.replicas.min(2) } else { budget.replicas };
    let is_small = cost * plan.size * free.len() <= SMALL;
    let run = |replica: usize| {
        let mut stream = Stream::of(seed, replica as u64);
        let is_greedy = is_large || replica.is_multiple_of(2);
        let members = if is_greedy { greedy.clone() } else { random_start(plan, &free, &mut stream) };
        let mut walk = Walk::new(State::new(plan, targets, members), &free, stream, (places > 1, is_small));
        if is_large {
            walk.descend(budget.passes);
        } else {
            walk.anneal(steps);
            walk.descend(budget.passes);
        }
        let (mut members, value) = (walk.best, walk.best_value);
        members.sort_unstable();
        (members, value)
    };
    let found: Vec<(Vec<usize>, f64)> = (0..replicas.max(1)).into_par_iter().map(run).collect();
    let best = found.into_iter().reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map_or_else(Vec::new, |best| best.0)
}

/// A random core that obeys the rules.
pub(crate) fn random_start(plan: &Plan, free: &[usize], stream: &mut Stream) -> Vec<usize> {
    let mut order = free.to_vec();
    stream.shuffle(&mut order);
    plan.fill(&order)
}

/// A start that suits an objective.
fn start(plan: &Plan, target: Target<'_>) -> Vec<usize> {
    match target {
        Target::AccessionNearest(square) => super::greedy::facilities(plan, square),
        Target::EntryNearest(square) => super::greedy::farthest(plan, square),
        Target::EntryEntry(square) => plan.fill(&order_of(&relax::dispersion(plan, square, 30).weights)),
        Target::Allelic(kind, table) => plan.fill(&order_of(&relax::alleles(plan, kind, table, 30).weights)),
    }
}

/// Indices by falling weight.
fn order_of(weights: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]).then(a.cmp(&b)));
    order
}

/// A core on its way.
struct Walk<'a, 'b> {
    state: State<'a>,
    free: &'b [usize],
    stream: Stream,
    /// Places of entries that may leave.
    open: Vec<usize>,
    is_sampled: bool,
    /// Whether a descent can look at every exchange.
    is_small: bool,
    value: f64,
    best: Vec<usize>,
    best_value: f64,
}

impl<'a, 'b> Walk<'a, 'b> {
    fn new(
        state: State<'a>,
        free: &'b [usize],
        stream: Stream,
        (is_sampled, is_small): (bool, bool),
    ) -> Self {
        let (value, best) = (state.value(), state.members.clone());
        let open = state.open_places();
        Self { state, free, stream, open, is_sampled, is_small, value, best, best_value: value }
    }

    /// The best exchange for a candidate: among all entries, or among a few drawn.
    fn look(&mut self, candidate: usize) -> Option<(usize, f64)> {
        if !self.is_sampled || self.open.len() <= FEW_PLACES {
            return self.state.best_exchange(candidate, &self.open);
        }
        for drawn in 0..FEW_PLACES {
            let other = drawn + self.stream.below(self.open.len() - drawn);
            self.open.swap(drawn, other);
        }
        self.state.best_exchange(candidate, &self.open[..FEW_PLACES])
    }

    fn accept(&mut self, place: usize, candidate: usize, change: f64) {
        self.state.exchange(place, candidate);
        self.value += change;
        if self.value > self.best_value {
            self.best_value = self.value;
            self.best.clone_from(&self.state.members);
        }
    }

    /// The typical loss of an exchange that is for the worse.
    fn typical_loss(&mut self) -> f64 {
        let mut losses = Vec::new();
        for _ in 0..200 {
            let candidate = self.free[self.stream.below(self.free.len())];
            if self.state.is_candidate(candidate)
                && let Some((_, change)) = self.look(candidate)
                && change < 0.0
            {
                losses.push(-change);
            }
        }
        losses.sort_by(f64::total_cmp);
        losses.get(losses.len() / 2).copied().unwrap_or(0.0)
    }

    fn anneal(&mut self, steps: usize) {
        self.descend(2);
        let loss = self.typical_loss();
        if loss <= 0.0 || self.open.is_empty() {
            return;
        }
        let (hot, cold) = (HOT * loss, COLD * loss);
        let cooling = (cold / hot).powf(1.0 / steps.max(1) as f64);
        let mut temperature = hot;
        for _ in 0..steps {
            temperature *= cooling;
            let candidate = self.free[self.stream.below(self.free.len())];
            if !self.state.is_candidate(candidate) {
                continue;
            }
            let Some((place, change)) = self.look(candidate) else { continue };
            if change >= 0.0 || self.stream.unit() < (change / temperature).exp() {
                self.accept(place, candidate, change);
            }
        }
        self.return_to_best();
    }

    fn return_to_best(&mut self) {
        let best = self.best.clone();
        self.state.become_core(&best);
        self.value = self.state.value();
        self.best_value = self.value;
    }

    /// Makes every exchange that is better, until a pass over all candidates finds none.
    fn descend(&mut self, passes: usize) {
        let mut order = self.free.to_vec();
        let is_sampled = self.is_sampled;
        self.is_sampled &= !self.is_small;
        for _ in 0..passes {
            self.stream.shuffle(&mut order);
            let mut exchanges = 0;
            for &candidate in &order {
                if !self.state.is_candidate(candidate) {
                    continue;
                }
                if let Some((place, change)) = self.look(candidate)
                    && change > 1e-9 * self.value.abs()
                {
                    self.accept(place, candidate, change);
                    exchanges += 1;
                }
            }
            if exchanges == 0 {
                break;
            }
        }
        self.is_sampled = is_sampled;
    }
}

/// First and last temperature of annealing, in typical losses of an exchange.
const HOT: f64 = 0.2;
const COLD: f64 = 0.01;
