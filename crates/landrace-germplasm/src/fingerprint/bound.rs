//! How few markers could do: bounds that hold for every panel, however it is chosen.
//!
//! **Information.** The barcodes of accessions that all differ from each other at `d` markers or more are a code. Give
//! each accession the same weight and change up to `t` of its calls at random, `2t + s < d`: even without any `s` of the
//! markers, what was changed and whose barcode it is can be read from the result (as in the sphere-packing and the
//! Singleton bound), so that its entropy, ln n and that of the changes, is at most the sum of the markers' own
//! entropies. Those follow from the class frequencies that the data has, not from three equal classes. Missing calls
//! count as the marker's commonest class: the differences that are certain stay. The same holds for any part of the
//! collection, such as close relatives, among which markers tell less.
//!
//! **Linear program.** Each pair needs `d` of the markers that tell it apart, each at most once; together with the
//! inequalities of information, of several parts at once, that is a linear program, and any set of multipliers of its
//! rows gives a lower bound (Lagrange); good ones are found by a subgradient method.

use rayon::prelude::*;

use super::calls::{NO_CLASS, Profiles, differ};
use super::pairs::Unseparable;
use super::power::ln_choose;
use super::task::Task;

mod lagrange;

/// Accessions whose nearest relatives make parts of the collection.
const CENTRES: usize = 24;
/// Parts whose inequalities go into the linear program together.
const PARTS: usize = 8;
/// Fewest accessions of a part.
const LEAST_PART: usize = 6;
/// Slack for rounding, in markers.
const ROUNDING: f64 = 1e-6;

/// A lower bound, and which argument gave it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bound {
    /// Any panel has as many markers.
    pub markers: usize,
    /// Any panel costs as much, in thousandths.
    pub cost: u64,
    /// Which argument gives it.
    pub argument: &'static str,
    /// For comparison: the least number of markers with as many classes as the richest marker has whose barcodes
    /// number the accessions, ⌈log n⌉.
    pub counting: usize,
}

impl Bound {
    /// Takes what a search through all panels has proved.
    pub(super) fn raise_to(&mut self, markers: usize, cost: u64) {
        // With costs, a panel of fewer but dearer markers may exist.
        if cost == markers as u64 * u64::from(super::task::UNIT) && markers > self.markers {
            self.markers = markers;
        }
        self.cost = cost;
        self.argument = "search through all panels";
    }
}

/// Finds a lower bound. `chosen` is a panel, so that the bound is at most its size; `hard` are required pairs that are
/// hard to tell apart, for the linear program.
pub fn lower_bound(task: &Task, chosen: &[usize], unseparable: &[Unseparable], hard: &[(u32, u32)]) -> Bound {
    let most = chosen.len();
    let whole = clique(&(0..task.profiles.samples()).collect::<Vec<_>>(), &foes(task, unseparable));
    let counting = counting(&task.profiles, whole.len());
    let mut bound = Bound { markers: counting, cost: 0, argument: "number of barcodes", counting };
    raise(&mut bound, usize::from(task.depth), "differences asked for");
    raise(&mut bound, task.forced.len(), "markers asked for");
    let parts = parts(task, unseparable, whole);
    for part in &parts {
        let found = (bound.markers..=most).find(|&size| part.allows(size, task.depth)).unwrap_or(most);
        raise(&mut bound, found, "information");
    }
    let mut program = lagrange::Program::new(task, hard);
    while bound.markers < most {
        let size = bound.markers;
        let mut ranked: Vec<(f64, &Part)> =
            parts.iter().map(|part| (part.slack(size, task.depth), part)).collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
        let rows: Vec<(Vec<f64>, f64)> =
            ranked.iter().take(PARTS).flat_map(|(_, part)| part.rows(size, task.depth)).collect();
        let least = program.markers(&rows, size, most);
        if least <= size as f64 + ROUNDING {
            break;
        }
        raise(&mut bound, size + 1, "linear program with information");
    }
    bound.markers = bound.markers.min(most);
    let mut costs: Vec<u32> = task.cost.clone();
    costs.sort_unstable();
    let cheapest: u64 = costs.iter().take(bound.markers).map(|&cost| u64::from(cost)).sum();
    bound.cost = cheapest.max(program.cost(task.cost_of(chosen))).min(task.cost_of(chosen));
    bound
}

/// No panel of `size` markers gives every required pair more differences than this, by information.
pub(super) fn most_differences(task: &Task, unseparable: &[Unseparable], size: usize) -> u8 {
    let whole = clique(&(0..task.profiles.samples()).collect::<Vec<_>>(), &foes(task, unseparable));
    let parts = parts(task, unseparable, whole);
    // Where hardly any pair is to be told apart, information sets no limit, but the number of markers does.
    let may_be =
        |depth: &u8| usize::from(*depth) <= size && parts.iter().all(|part| part.allows(size, *depth));
    (task.depth..=u8::MAX).take_while(may_be).last().unwrap_or(task.depth)
}

fn raise(bound: &mut Bound, markers: usize, argument: &'static str) {
    if markers > bound.markers {
        (bound.markers, bound.argument) = (markers, argument);
    }
}

/// ⌈log n⌉ to the base of the most classes that a marker has.
fn counting(profiles: &Profiles, accessions: usize) -> usize {
    let classes = (0..profiles.markers())
        .map(|marker| profiles.marker(marker).iter().copied().max().unwrap_or(0))
        .max();
    let base = usize::from(classes.unwrap_or(0)).max(2);
    let (mut markers, mut barcodes) = (0, 1usize);
    while barcodes < accessions {
        barcodes = barcodes.saturating_mul(base);
        markers += 1;
    }
    markers
}

/// For each sample, those before it from which it need not be told apart.
fn foes(task: &Task, unseparable: &[Unseparable]) -> Vec<Vec<usize>> {
    let mut foes = vec![Vec::new(); task.profiles.samples()];
    for pair in unseparable {
        foes[pair.first].push(pair.second);
        foes[pair.second].push(pair.first);
    }
    foes
}

/// Samples of a list that are all to be told apart from each other: each that fits, in order.
fn clique(list: &[usize], foes: &[Vec<usize>]) -> Vec<usize> {
    let mut is_in = vec![false; foes.len()];
    let mut out = Vec::new();
    for &sample in list {
        if !foes[sample].iter().any(|&other| is_in[other]) {
            is_in[sample] = true;
            out.push(sample);
        }
    }
    out
}

/// Accessions that are all to be told apart, and how the classes of each marker fall among them.
struct Part {
    accessions: usize,
    /// For each marker, the shares of its classes, the largest first.
    shares: Vec<Vec<f64>>,
}

/// The whole collection, and the nearest relatives of some accessions in several numbers.
fn parts(task: &Task, unseparable: &[Unseparable], whole: Vec<usize>) -> Vec<Part> {
    let foes = foes(task, unseparable);
    let step = (whole.len() / CENTRES).max(1);
    let centres: Vec<usize> = whole.iter().copied().step_by(step).take(CENTRES).collect();
    let near = |&centre: &usize| {
        let mut others: Vec<(f64, usize)> = whole
            .iter()
            .map(|&other| {
                let (shared, different, _) =
                    task.profiles.compare(centre.max(other), centre.min(other), u32::MAX);
                (f64::from(different) / f64::from(shared.max(1)), other)
            })
            .collect();
        others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        [2, 4, 8, 16]
            .map(|part| others.iter().take(whole.len() / part).map(|&(_, other)| other).collect::<Vec<_>>())
    };
    let mut lists: Vec<Vec<usize>> = centres.par_iter().flat_map_iter(near).collect();
    lists.push(whole.clone());
    let part = |list: Vec<usize>| {
        let members = clique(&list, &foes);
        (members.len() >= LEAST_PART).then(|| Part::of(&task.profiles, &members))
    };
    lists.into_par_iter().filter_map(part).collect()
}

impl Part {
    fn of(profiles: &Profiles, members: &[usize]) -> Self {
        let shares = |marker: usize| {
            let codes = profiles.marker(marker);
            let mut counts = [0u32; 256];
            members.iter().for_each(|&sample| counts[usize::from(codes[sample])] += 1);
            let missing = std::mem::take(&mut counts[usize::from(NO_CLASS)]);
            let mut counts: Vec<u32> = counts.into_iter().filter(|&count| count > 0).collect();
            counts.sort_unstable_by(|a, b| b.cmp(a));
            match counts.first_mut() {
                Some(first) => *first += missing,
                None => counts.push(missing.max(1)),
            }
            let all = f64::from(counts.iter().sum::<u32>());
            counts.into_iter().map(|count| f64::from(count) / all).collect()
        };
        Self { accessions: members.len(), shares: (0..profiles.markers()).map(shares).collect() }
    }

    /// The inequalities of panels of `size` markers, one for each way to divide the depth: markers left out, worth
    /// of each marker, and the worth that must come together.
    fn inequalities(&self, size: usize, depth: u8) -> impl Iterator<Item = (usize, Vec<f64>, f64)> {
        let most = (usize::from(depth) - 1) / 2;
        // Markers of two classes can be changed in one way, of three in two.
        let ways = (0..=most).flat_map(|changed| [1.0, 2.0].map(|others| (changed, others)));
        ways.filter(|&(changed, others)| changed > 0 || others < 2.0).filter_map(move |(changed, others)| {
            let left_out = usize::from(depth) - 1 - 2 * changed;
            let used = size.checked_sub(left_out).filter(|used| *used > changed)?;
            let (need, rate) = need(self.accessions, used, (changed, others));
            Some((left_out, self.shares.iter().map(|shares| worth(shares, rate)).collect(), need))
        })
    }

    /// Whether a panel of so many markers could be, by information alone. Fewer than `depth` markers never do: no
    /// inequality says so, as nothing is left of such a panel.
    fn allows(&self, size: usize, depth: u8) -> bool {
        size >= usize::from(depth) && self.slack(size, depth) >= -1e-9
    }

    /// What the best markers are worth more than is needed; below 0 no panel of that size exists.
    fn slack(&self, size: usize, depth: u8) -> f64 {
        let slack = |(left_out, mut worths, need): (usize, Vec<f64>, f64)| {
            worths.sort_unstable_by(|a, b| b.total_cmp(a));
            worths.iter().take(size).skip(left_out).sum::<f64>() - need
        };
        self.inequalities(size, depth).map(slack).fold(f64::INFINITY, f64::min)
    }

    /// The inequalities as rows of a linear program: if the `s` best of `size` markers are left out, at most
    /// `1 − s / size` of the worth stays.
    fn rows(&self, size: usize, depth: u8) -> Vec<(Vec<f64>, f64)> {
        let row = |(left_out, worths, need): (usize, Vec<f64>, f64)| {
            let stays = 1.0 - left_out as f64 / size as f64;
            (worths.into_iter().map(|worth| worth * stays).collect(), need)
        };
        self.inequalities(size, depth).map(row).collect()
    }
}

/// The entropy of accession and changes together, and the probability that a marker is changed. `k` changes have a
/// weight of C(size, k) othersᵏ.
fn need(accessions: usize, size: usize, (changed, others): (usize, f64)) -> (f64, f64) {
    let size_u = u32::try_from(size).unwrap_or(u32::MAX);
    let ways: Vec<f64> = (0..=u32::try_from(changed).unwrap_or(0)).map(|k| ln_choose(size_u, k)).collect();
    let weights: Vec<f64> =
        ways.iter().zip(0..).map(|(ways, k)| (ways + f64::from(k) * others.ln()).exp()).collect();
    let all: f64 = weights.iter().sum();
    let (mut entropy, mut mean) = (0.0, 0.0);
    for (k, (weight, ways)) in weights.iter().zip(&ways).enumerate() {
        let share = weight / all;
        entropy += share * (ways - share.ln());
        mean += share * k as f64;
    }
    ((accessions as f64).ln() + entropy, mean / size.max(1) as f64)
}

/// The entropy of a marker's class after it is changed with probability `rate`, less that of the change itself; of two
/// ways to change it, the one that gives the lower: any other class evenly, or the two commonest for each other.
fn worth(shares: &[f64], rate: f64) -> f64 {
    let entropy = |shares: &[f64]| shares.iter().filter(|&&p| p > 0.0).map(|p| -p * p.ln()).sum::<f64>();
    let [first, second, ..] = *shares else { return 0.0 };
    let mut swapped = shares.to_vec();
    (swapped[0], swapped[1]) = ((1.0 - rate) * first + rate * second, (1.0 - rate) * second + rate * first);
    let others = shares.len() as f64 - 1.0;
    let even: Vec<f64> = shares.iter().map(|p| (1.0 - rate) * p + rate * (1.0 - p) / others).collect();
    entropy(&swapped).min(entropy(&even) - rate * others.ln())
}

/// Whether a marker tells a pair apart, for the linear program.
fn tells_apart(task: &Task, marker: usize, (a, b): (u32, u32)) -> bool {
    let codes = task.profiles.marker(marker);
    differ(codes[a as usize], codes[b as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_codes_meet_the_sphere_packing_bound() {
        // 16 words of 7 bits at distance 3 (Hamming) are packed without a gap.
        let part = Part { accessions: 16, shares: vec![vec![0.5, 0.5]; 20] };
        assert_eq!((1..20).find(|&size| part.allows(size, 3)), Some(7));
        let part = Part { accessions: 17, ..part };
        assert!((1..20).find(|&size| part.allows(size, 3)) >= Some(8));
    }

    #[test]
    fn one_difference_needs_the_logarithm() {
        let part = Part { accessions: 81, shares: vec![vec![1.0 / 3.0; 3]; 9] };
        assert_eq!((1..9).find(|&size| part.allows(size, 1)), Some(4));
        // Nine words of four letters at distance 3 (the tetracode) exist.
        let part = Part { accessions: 9, ..part };
        assert_eq!((1..9).find(|&size| part.allows(size, 3)), Some(4));
    }
}
