//! The fewest markers that tell every two accessions apart.
//!
//! Each pair must differ for certain at `d` or more of the chosen markers: both calls are there, and not the same. This
//! is a set multi-cover. A greedy choice (the marker that tells most open pairs apart) is freed of needless markers and
//! shortened by local search; a lower bound says how far from the best it can be at most, and small sets are searched
//! through. Pairs that no markers tell apart, clones above all, are listed with the reason, and the others still get
//! their `d` differences.

use landrace_genotypes::{GenotypeError, GenotypeMatrix};

pub mod barcode;
pub mod bound;
pub mod calls;
mod candidate;
pub mod exact;
pub mod greedy;
pub mod pairs;
pub mod power;
mod request;
pub mod search;
mod sized;
pub mod summary;
pub mod task;
pub mod write;

pub use candidate::{Candidate, Sifted};
pub use request::{Depth, Eligibility, Method, NameList, Quota, Request, Scores, Spacing};

use barcode::Barcodes;
use bound::Bound;
use calls::Profiles;
use greedy::{Greedy, greedy, without_needless};
use pairs::{Pairs, Unseparable, Why, clone_groups, find_pairs};
use power::Typing;
use task::{Task, UNIT};

/// Work of the exhaustive search: some seconds at most.
const EXACT_WORK: u64 = 1_500_000_000;
/// Pairs that the exhaustive search is tried on before the local one.
const FIRST_WORK: u64 = 150_000_000;

/// A panel of markers and what it does.
#[derive(Clone, Debug)]
pub struct Fingerprint {
    /// Names of the accessions.
    pub samples: Vec<String>,
    /// The chosen markers in the order of their use: each tells most pairs apart that need it.
    pub markers: Vec<Chosen>,
    /// At how many markers each pair differs.
    pub depth: u32,
    /// What may happen to a call.
    pub typing: Typing,
    /// Number of pairs told apart so often.
    pub told_apart: usize,
    /// Pairs that are not, the others in order.
    pub unseparable: Vec<Unseparable>,
    /// Accessions that are one genotype as far as the calls say.
    pub groups: Vec<Vec<usize>>,
    /// Markers that the plain greedy choice needs.
    pub greedy: usize,
    /// What no panel can go below.
    pub bound: Bound,
    /// Cost of the panel, in thousandths.
    pub cost: u64,
    /// Whether it is proved that no panel costs less; of a panel of a given size, that none has more differences.
    pub is_optimal: bool,
    /// What is known of panels of the size asked for, if one was.
    pub size: Option<Size>,
    /// How often each number of differences occurs among the pairs told apart.
    pub differences: Vec<u64>,
    /// The pairs with fewest differences at the chosen markers: differences, and the two.
    pub closest: Vec<(u32, usize, usize)>,
    /// Barcodes of the accessions.
    pub barcodes: Barcodes,
    /// What became of the variants read.
    pub sifted: Sifted,
}

/// A size asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Number of markers.
    pub markers: usize,
    /// No panel of so many gives every pair more differences than this.
    pub most_differences: u8,
    /// Differences that the plain greedy choice gives every pair.
    pub greedy_differences: u8,
}

/// A marker of the panel.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// Its name, place and alleles.
    pub candidate: Candidate,
    /// Pairs that it tells apart and that the markers before it left short.
    pub newly: u64,
    /// Pairs to be told apart at which it helps.
    pub told_apart: u64,
    /// Whether it was asked for.
    pub is_forced: bool,
}

/// Chooses a panel. The same for the same request at any number of threads.
///
/// # Errors
/// Returns an error if the lists contradict each other or name no marker, if the depth cannot be reached, or if no two
/// accessions can be told apart.
pub fn fingerprint(matrix: &GenotypeMatrix, request: &Request) -> Result<Fingerprint, GenotypeError> {
    let samples = matrix.samples().len();
    if samples < 2 {
        let message = format!("{samples} sample: there is nothing to tell apart; give two or more");
        return Err(GenotypeError::Request(message));
    }
    let (candidates, profiles, sifted) = candidate::read(matrix, request)?;
    let typing = request.typing(&candidates);
    let depth = request.depth(typing)?;
    if candidates.len() < depth as usize {
        return Err(GenotypeError::Request(format!(
            "each pair shall differ at {depth} markers, but {} can be used; lower the number or loosen the filters",
            candidates.len()
        )));
    }
    let found = find_pairs(&profiles, depth, request.error);
    let task = make_task(request, &candidates, profiles, (depth, &found))?;
    let panel = match request.size {
        Some(size) => choose_sized(task, found, size, request)?,
        None => choose_fewest(task, found, request)?,
    };
    let Panel { task, found, plain, chosen, bound, is_optimal, size } = panel;
    let depth = u32::from(task.depth);
    let cost = task.cost_of(&chosen);
    let ordered = in_order(&task, &chosen);
    let (differences, closest) = distances(&task, &ordered.chosen);
    let markers = describe(&task, &candidates, &ordered);
    let barcodes = Barcodes::new(matrix, &markers);
    Ok(Fingerprint {
        samples: matrix.samples().to_vec(),
        markers,
        depth,
        typing,
        told_apart: task.required.len(),
        groups: clone_groups(samples, &found.unseparable),
        unseparable: found.unseparable,
        greedy: plain,
        bound,
        cost,
        is_optimal,
        size,
        differences,
        closest,
        barcodes,
        sifted,
    })
}

/// A panel, and the pairs that it is to tell apart.
struct Panel {
    task: Task,
    found: Pairs,
    /// Markers that the plain greedy choice takes.
    plain: usize,
    chosen: Vec<usize>,
    bound: Bound,
    is_optimal: bool,
    size: Option<Size>,
}

/// The fewest markers for the depth asked for.
fn choose_fewest(task: Task, found: Pairs, request: &Request) -> Result<Panel, GenotypeError> {
    let plain = greedy(&task, None);
    let (task, found) = leave_open_out(task, found, &plain.open, Why::Rules);
    if task.required.is_empty() {
        return Err(GenotypeError::Request(nothing_told_apart(&found, u32::from(task.depth))));
    }
    let (chosen, bound, is_optimal) = choose(&task, &found, &plain, request);
    Ok(Panel { task, found, plain: plain.chosen.len(), chosen, bound, is_optimal, size: None })
}

/// The best panel of a given size. Pairs that it cannot tell apart are no longer asked for, and are listed.
fn choose_sized(
    mut task: Task,
    found: Pairs,
    size: usize,
    request: &Request,
) -> Result<Panel, GenotypeError> {
    if task.required.is_empty() {
        return Err(GenotypeError::Request(nothing_told_apart(&found, 1)));
    }
    let needed = task.rules.lacking(&task.forced).iter().map(|&(_, missing)| missing).sum::<usize>();
    if size < task.forced.len() + needed {
        return Err(GenotypeError::Request(format!(
            "a panel of {size} markers is asked for, but {} are forced and the quotas ask for {needed} more; ask for more \
             markers, or force fewer",
            task.forced.len()
        )));
    }
    let own = sized::choose(&task, size, &found.near, request.effort);
    let open: Vec<(usize, usize)> =
        task.pairs_below(&own.chosen, 1).iter().map(|&(a, b, _)| (a as usize, b as usize)).collect();
    let (all, found) = leave_open_out(task, found, &open, Why::TooFewMarkers);
    task = Task { depth: own.depth.max(1), ..all };
    if task.required.is_empty() {
        return Err(GenotypeError::Request(nothing_told_apart(&found, 1)));
    }
    let plain = greedy(&task, None);
    let near = found.near.iter().map(|&(_, a, b)| (a as u32, b as u32)).take(1024).collect::<Vec<_>>();
    let bound = bound::lower_bound(&task, &own.chosen, &found.unseparable, &near);
    let most_differences = bound::most_differences(&task, &found.unseparable, own.chosen.len());
    let known = Size { markers: size, most_differences, greedy_differences: own.greedy_depth };
    let is_optimal = own.depth >= most_differences;
    Ok(Panel {
        task,
        found,
        plain: plain.chosen.len(),
        chosen: own.chosen,
        bound,
        is_optimal,
        size: Some(known),
    })
}

fn make_task(
    request: &Request,
    candidates: &[Candidate],
    profiles: Profiles,
    (depth, found): (u32, &Pairs),
) -> Result<Task, GenotypeError> {
    let forced: Vec<usize> = (0..candidates.len()).filter(|&marker| candidates[marker].is_forced).collect();
    let depth = u8::try_from(depth).map_err(|_| {
        GenotypeError::Request(format!(
            "{depth} differences are more than a panel of 255 markers can give; ask for fewer"
        ))
    })?;
    let rules = request.rules(candidates, &forced)?;
    let cost = candidates.iter().map(|candidate| request.cost(candidate.score)).collect();
    Ok(Task { profiles, required: found.required.clone(), depth, cost, forced, rules })
}

/// Pairs that are left open are no longer asked for, and are listed.
fn leave_open_out(mut task: Task, mut found: Pairs, open: &[(usize, usize)], why: Why) -> (Task, Pairs) {
    for &(a, b) in open {
        task.required.remove(a, b);
        let (shared, different, _) = task.profiles.compare(a, b, u32::MAX);
        found.unseparable.push(Unseparable { first: b, second: a, shared, different, why });
    }
    found.unseparable.sort_unstable_by_key(|pair| (pair.first, pair.second));
    found.near.retain(|&(_, a, b)| task.required.contains(a, b));
    (task, found)
}

fn nothing_told_apart(found: &Pairs, depth: u32) -> String {
    let count = |why: Why| found.unseparable.iter().filter(|pair| pair.why == why).count();
    format!(
        "no two accessions can be told apart at {depth} markers ({} pairs identical, {} within the call error, {} with \
         too few shared calls, {} with too few differences, {} kept apart by the spacing or the quotas); give more \
         markers, or ask for fewer differences",
        count(Why::Identical),
        count(Why::WithinError),
        count(Why::FewShared),
        count(Why::FewDifferences),
        count(Why::Rules)
    )
}

/// The panel, a lower bound, and whether the two meet.
fn choose(task: &Task, found: &Pairs, plain: &Greedy, request: &Request) -> (Vec<usize>, Bound, bool) {
    let hard = |chosen: &[usize]| -> Vec<(u32, u32)> {
        let near = found.near.iter().map(|&(_, a, b)| (a as u32, b as u32));
        near.take(1024)
            .chain(task.pairs_below(chosen, task.depth + 1).iter().map(|&(a, b, _)| (a, b)))
            .collect()
    };
    if request.method == Method::Greedy {
        let bound = bound::lower_bound(task, &plain.chosen, &found.unseparable, &hard(&plain.chosen));
        let is_optimal = bound.cost >= task.cost_of(&plain.chosen);
        return (plain.chosen.clone(), bound, is_optimal);
    }
    let mut chosen = without_needless(task, &plain.chosen);
    let mut bound = bound::lower_bound(task, &chosen, &found.unseparable, &hard(&chosen));
    for work in [FIRST_WORK, EXACT_WORK] {
        if bound.cost >= task.cost_of(&chosen) {
            break;
        }
        let exact = exact::search(task, task.cost_of(&chosen), bound.cost, work);
        chosen = exact.better.unwrap_or(chosen);
        if exact.is_complete {
            bound.raise_to(chosen.len(), task.cost_of(&chosen));
            break;
        }
        if work == FIRST_WORK {
            let useful: Vec<u64> = greedy::usefulness(task);
            let start = search::Start { panel: &chosen, useful: &useful, near: &found.near };
            chosen = search::improve(task, start, bound.cost, request.effort);
        }
    }
    let is_optimal = bound.cost >= task.cost_of(&chosen);
    (chosen, bound, is_optimal)
}

/// The chosen markers by use: the one that tells most open pairs apart first.
fn in_order(task: &Task, chosen: &[usize]) -> Greedy {
    let mut sorted = chosen.to_vec();
    sorted.sort_unstable();
    let mut small = task.with_markers(&sorted);
    small.cost.fill(UNIT);
    small.forced.clear();
    small.rules = task::Rules::none(sorted.len());
    let mut out = greedy(&small, None);
    for marker in 0..sorted.len() {
        if !out.chosen.contains(&marker) {
            out.chosen.push(marker);
            out.gains.push(0);
        }
    }
    out.chosen = out.chosen.into_iter().map(|place| sorted[place]).collect();
    out
}

/// Pairs that the summary names as the closest.
const CLOSEST: usize = 50;

fn distances(task: &Task, chosen: &[usize]) -> (Vec<u64>, Vec<(u32, usize, usize)>) {
    let counts = task.counts(chosen);
    let mut histogram = vec![0u64; chosen.len() + 1];
    let mut closest = Vec::new();
    for (a, row) in counts.iter().enumerate() {
        for b in task.required.partners(a) {
            let place = usize::from(row[b]).min(chosen.len());
            histogram[place] += 1;
            closest.push((u32::from(row[b]), a, b));
        }
        if closest.len() > 100_000 {
            closest.sort_unstable();
            closest.truncate(CLOSEST);
        }
    }
    closest.sort_unstable();
    closest.truncate(CLOSEST);
    (histogram, closest)
}

fn describe(task: &Task, candidates: &[Candidate], ordered: &Greedy) -> Vec<Chosen> {
    let useful = greedy::usefulness_of(task, &ordered.chosen);
    let one = |(place, &marker): (usize, &usize)| Chosen {
        candidate: candidates[marker].clone(),
        newly: ordered.gains[place],
        told_apart: useful[place],
        is_forced: candidates[marker].is_forced,
    };
    ordered.chosen.iter().enumerate().map(one).collect()
}

#[cfg(test)]
mod tests;
