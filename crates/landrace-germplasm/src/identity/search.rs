//! The search itself: markers joined, the nearest varieties of each query, their probabilities, the answer.

use std::sync::Arc;

use landrace_genotypes::{GenotypeError, GenotypeMatrix, GenotypeSource, for_each_block};

use super::join::{Join, JoinAccount, Shared, described, unique};
use super::marker::MarkerRow;
use super::mixture::{Pair, Pairs, accumulate_pairs};
use super::posterior::{Posterior, Priors, Varieties, error_grid, estimate_error, posterior};
use super::relatives::Relatives;
use super::score::{QueryScore, accumulate, choose_candidates, mean_mismatch};
use super::screen::{ScreenBlock, ScreenCounts};
use super::table::Answer;

/// Error rate for the first look.
const FIRST_ERROR: f64 = 0.01;
/// Library samples that stand as queries to learn how common relatives are: at least and at most.
const MEMBERS: [usize; 2] = [400, 5000];
/// Calls of the library that such samples are compared with in all, beyond the least.
const MEMBERS_CALLS: usize = 3_000_000_000;
/// The same, where the library does not fit into memory.
const MEMBERS_STREAMED: usize = 100;
/// Calls of the library that are held in memory (six bytes each).
const HELD_CALLS: usize = 48 << 20;
/// Below this probability of the best variety, pairs of varieties are tried.
const SURE: f64 = 0.9;

/// How to search.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchOptions {
    /// Chance that a call is wrong; `None` to estimate it from the best matches.
    pub error: Option<f64>,
    /// Chances before looking.
    pub priors: Priors,
    /// Probability from which an answer is given.
    pub level: f64,
    /// Varieties that an answer may name at most.
    pub most: usize,
    /// Whether a library sample of the query's own name is left out.
    pub leave_out_own: bool,
    /// Library samples that each query is compared with in full.
    pub candidates: usize,
    /// Calls of the library that may be held in memory; `None` for the usual number.
    pub held_calls: Option<usize>,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self {
            error: None,
            priors: Priors { absent: 0.1, mixed: 0.01 },
            level: 0.99,
            most: 10,
            leave_out_own: false,
            candidates: 64,
            held_calls: None,
        }
    }
}

/// Opens the library once more.
pub type Reopen<'a> = &'a dyn Fn() -> Result<Box<dyn GenotypeSource>, GenotypeError>;

/// The library.
pub struct Library<'a> {
    /// Opened, for the first pass.
    pub source: &'a mut dyn GenotypeSource,
    /// Opens it again, if it is larger than memory should hold.
    pub reopen: Reopen<'a>,
    /// The variety of each sample; `None` for each sample being a variety of its own.
    pub varieties: Option<Vec<Option<String>>>,
}

/// What was found of all queries.
#[derive(Clone, Debug)]
pub struct Identified {
    /// Names of the queries.
    pub queries: Arc<[String]>,
    /// One answer a query.
    pub answers: Vec<Answer>,
    /// Names of the library's samples.
    pub samples: Arc<[String]>,
    /// The library's varieties.
    pub varieties: Varieties,
    /// How the markers met.
    pub join: JoinAccount,
    /// Error rate used.
    pub error: f64,
    /// How common relatives are in the library.
    pub relatives: Relatives,
}

/// The markers that both have: held, or read again for each pass.
enum Rows<'a> {
    Held(Vec<MarkerRow>),
    Streamed { reopen: Reopen<'a>, leave_out_ambiguous: bool },
}

/// Compares each query with the library.
///
/// `declared` holds a variety's name for queries that are said to be of one.
///
/// Memory: six bytes a call of the library at shared markers, up to some 300 MB; beyond that the library is read
/// twice (three times if some query looks like a mixture), and eight bytes a pair of a query and a library sample
/// are held.
///
/// # Errors
/// Returns the source's error, or an error if names stand twice, the library is empty or no marker is shared.
pub fn identify(
    queries: GenotypeMatrix,
    library: Library<'_>,
    declared: &[Option<String>],
    options: &SearchOptions,
) -> Result<Identified, GenotypeError> {
    let samples = library.source.header().samples.clone();
    unique(&samples, "library")?;
    if samples.is_empty() {
        return Err(GenotypeError::Request(
            "the library has no samples; give the file with the varieties".into(),
        ));
    }
    let varieties = match &library.varieties {
        Some(names) => Varieties::named(&samples, names),
        None => Varieties::samples(&samples),
    };
    let is_held =
        queries.variants().saturating_mul(samples.len()) <= options.held_calls.unwrap_or(HELD_CALLS);
    let affordable = MEMBERS_CALLS / queries.variants().saturating_mul(samples.len()).max(1);
    let members = if is_held { affordable.clamp(MEMBERS[0], MEMBERS[1]) } else { MEMBERS_STREAMED };
    let members = spread(samples.len(), members);
    let join = Join::new(queries, members)?;
    let mut scores = queries_of(&join, &samples, options);
    let (rows, account, screened) = read(&join, library, is_held, scores.len())?;
    choose(&rows, screened, options, &mut scores);
    add_declared(&mut scores, declared, &varieties);
    let error = pass(&rows, &join, options, &mut scores)?;
    let count = join.queries().samples().len();
    let (own, members) = scores.split_at(count);
    let relatives = Relatives::learn(members, &varieties);
    let weigh =
        |score: &QueryScore, mixture: f64| posterior(score, &varieties, &relatives, &options.priors, mixture);
    let first: Vec<Posterior> = own.iter().map(|score| weigh(score, f64::NEG_INFINITY)).collect();
    let mut pairs: Vec<Pairs> = (0..count)
        .filter(|&query| own[query].called > 0 && best_of(&first[query]) < SURE && options.priors.mixed > 0.0)
        .map(|query| Pairs::new(query, &own[query]))
        .collect();
    if !pairs.is_empty() {
        each_row(&rows, &join, |rows| accumulate_pairs(rows, error, &mut pairs))?;
    }
    let mut found: Vec<(Posterior, Option<Pair>)> = first.into_iter().map(|own| (own, None)).collect();
    for pairs in &pairs {
        let (mixture, pair) = pairs.best(samples.len());
        found[pairs.query] = (weigh(&own[pairs.query], mixture), pair);
    }
    let answers = (0..count).map(|query| {
        let (posterior, pair) = &found[query];
        let declared = declared.get(query).and_then(Option::as_deref);
        Answer::of((&own[query], posterior, *pair), declared, (&varieties, &relatives, options))
    });
    let answers = answers.collect();
    let queries = join.queries().header().samples.clone();
    Ok(Identified { queries, answers, samples, varieties, join: account, error, relatives })
}

fn best_of(posterior: &Posterior) -> f64 {
    posterior.varieties.first().map_or(0.0, |best| best.1)
}

/// At most `most` indices, evenly spread.
fn spread(count: usize, most: usize) -> Vec<usize> {
    let taken = count.min(most);
    (0..taken).map(|place| place * count / taken.max(1)).collect()
}

/// The queries, and the library samples that stand as queries.
fn queries_of(join: &Join, samples: &[String], options: &SearchOptions) -> Vec<QueryScore> {
    let names = join.queries().samples();
    let own = |name: &String| {
        if options.leave_out_own { samples.iter().position(|sample| sample == name) } else { None }
    };
    let queries = names.iter().enumerate().map(|(column, name)| QueryScore::new(column, own(name)));
    let members = join.members.iter().enumerate();
    queries
        .chain(members.map(|(place, &member)| QueryScore::new(names.len() + place, Some(member))))
        .collect()
}

/// Library samples of a declared variety are compared in full.
fn add_declared(scores: &mut [QueryScore], declared: &[Option<String>], varieties: &Varieties) {
    for (score, name) in scores.iter_mut().zip(declared) {
        let Some(place) = name.as_ref().and_then(|name| varieties.names.iter().position(|own| own == name))
        else {
            continue;
        };
        for (sample, _) in varieties.of_samples.iter().enumerate().filter(|(_, own)| **own == place) {
            if score.own != Some(sample) && !score.candidates.iter().any(|known| known.library == sample) {
                score.candidates.push(super::score::Candidate::new(sample));
            }
        }
    }
}

/// Lets each marker of the queries through once.
struct Gate {
    used: Vec<bool>,
    account: JoinAccount,
}

impl Gate {
    fn new(join: &Join) -> Self {
        let variants = join.queries().variants();
        let account = JoinAccount { of_queries: variants as u64, ..JoinAccount::default() };
        Self { used: vec![false; variants], account }
    }

    fn admits(&mut self, shared: &Shared) -> bool {
        let account = &mut self.account;
        if std::mem::replace(&mut self.used[shared.row.variant], true) {
            account.repeated += 1;
            return false;
        }
        account.by_name += u64::from(shared.is_by_name);
        account.by_place += u64::from(!shared.is_by_name);
        account.turned += u64::from(shared.fit.is_turned);
        account.flipped += u64::from(shared.fit.is_flipped);
        account.ambiguous += u64::from(shared.fit.is_ambiguous);
        account.by_presence += u64::from(matches!(shared.row.genotypes, super::Genotypes::Presence));
        true
    }
}

type Read<'a> = (Rows<'a>, JoinAccount, Option<ScreenCounts>);

/// The first pass.
fn read<'a>(
    join: &Join,
    library: Library<'a>,
    is_held: bool,
    queries: usize,
) -> Result<Read<'a>, GenotypeError> {
    let samples = library.source.header().samples.len();
    let mut gate = Gate::new(join);
    let mut held: Vec<(MarkerRow, bool)> = Vec::new();
    let mut screened = (!is_held).then(|| ScreenCounts::new(queries, samples));
    let mut example = None;
    for_each_block(
        library.source,
        |block| {
            let first = block.sites.first().map(|site| described(&block.contig, site));
            Ok((join.of_block(&block), first))
        },
        |(found, first)| {
            gate.account.of_library += found.read;
            gate.account.unlike += found.unlike;
            example = example.take().or(first);
            let admitted: Vec<Shared> =
                found.shared.into_iter().filter(|shared| gate.admits(shared)).collect();
            match &mut screened {
                Some(counts) => {
                    // Until all markers are read, the strand of A/T and C/G markers is open.
                    let rows: Vec<&MarkerRow> = admitted
                        .iter()
                        .filter(|shared| !shared.fit.is_ambiguous)
                        .map(|shared| &shared.row)
                        .collect();
                    counts.add(&ScreenBlock::of(&rows));
                }
                None => held.extend(admitted.into_iter().map(|own| (own.row, own.fit.is_ambiguous))),
            }
            Ok(())
        },
    )?;
    let mut account = gate.account;
    account.left_out_ambiguous = account.flipped > 0 && account.ambiguous > 0;
    if account.shared() == 0 {
        return Err(nothing_shared(join, &account, example.as_deref()));
    }
    let leave_out_ambiguous = account.left_out_ambiguous;
    let rows = match screened {
        Some(_) => Rows::Streamed { reopen: library.reopen, leave_out_ambiguous },
        None => {
            held.retain(|(_, is_ambiguous)| !(leave_out_ambiguous && *is_ambiguous));
            Rows::Held(held.into_iter().map(|(row, _)| row).collect())
        }
    };
    Ok((rows, account, screened))
}

fn nothing_shared(join: &Join, account: &JoinAccount, example: Option<&str>) -> GenotypeError {
    let unlike = match account.unlike {
        0 => String::new(),
        n => format!("; {n} are at the same name or place, but with other alleles"),
    };
    GenotypeError::Request(format!(
        "none of the {} markers of the queries is among the {} of the library{unlike} (the queries begin with {}, the \
         library with {}); give both the same marker names, or the same contig names and positions",
        account.of_queries,
        account.of_library,
        join.example(),
        example.unwrap_or("none"),
    ))
}

fn choose(
    rows: &Rows<'_>,
    screened: Option<ScreenCounts>,
    options: &SearchOptions,
    scores: &mut [QueryScore],
) {
    match (rows, screened) {
        (Rows::Held(rows), _) => {
            choose_candidates(rows, options.error.unwrap_or(FIRST_ERROR), options.candidates, scores);
        }
        (Rows::Streamed { .. }, Some(counts)) => counts.choose_candidates(options.candidates / 2, scores),
        (Rows::Streamed { .. }, None) => {}
    }
}

/// Runs over the shared markers.
fn each_row(rows: &Rows<'_>, join: &Join, mut work: impl FnMut(&[MarkerRow])) -> Result<(), GenotypeError> {
    match rows {
        Rows::Held(rows) => {
            work(rows);
            Ok(())
        }
        Rows::Streamed { reopen, leave_out_ambiguous } => {
            let mut gate = Gate::new(join);
            let mut source = reopen()?;
            for_each_block(
                source.as_mut(),
                |block| Ok(join.of_block(&block)),
                |found| {
                    let is_used = |shared: &Shared| !(*leave_out_ambiguous && shared.fit.is_ambiguous);
                    let admitted = found.shared.into_iter().filter(|own| gate.admits(own) && is_used(own));
                    let rows: Vec<MarkerRow> = admitted.map(|own| own.row).collect();
                    work(&rows);
                    Ok(())
                },
            )
        }
    }
}

/// The error rate, and the likelihoods of the candidates at it.
fn pass(
    rows: &Rows<'_>,
    join: &Join,
    options: &SearchOptions,
    scores: &mut [QueryScore],
) -> Result<f64, GenotypeError> {
    let count = join.queries().samples().len();
    let error = match (options.error, rows) {
        (Some(error), _) => error,
        (None, Rows::Held(rows)) => {
            let mut first: Vec<QueryScore> = scores[..count].to_vec();
            first.iter_mut().for_each(|score| score.candidates.truncate(1));
            accumulate(rows, FIRST_ERROR, &mut first);
            estimate(&first, &mean_mismatch(rows, &error_grid()))
        }
        (None, Rows::Streamed { .. }) => {
            let mut first: Vec<QueryScore> = scores[..count].to_vec();
            first.iter_mut().for_each(|score| score.candidates.truncate(1));
            let (mut sums, mut markers) = (vec![0.0; error_grid().len()], 0.0);
            each_row(rows, join, |rows| {
                accumulate(rows, FIRST_ERROR, &mut first);
                let means = mean_mismatch(rows, &error_grid());
                sums.iter_mut().zip(means).for_each(|(sum, mean)| *sum += mean * rows.len() as f64);
                markers += rows.len() as f64;
            })?;
            sums.iter_mut().for_each(|sum| *sum /= f64::max(markers, 1.0));
            estimate(&first, &sums)
        }
    };
    each_row(rows, join, |rows| accumulate(rows, error, scores))?;
    Ok(error)
}

fn estimate(first: &[QueryScore], mismatch: &[f64]) -> f64 {
    let counts = |score: &QueryScore| {
        let best = score.candidates.first()?;
        (best.compared > 0).then(|| (best.mismatching(), best.compared))
    };
    let best: Vec<(u32, u32)> = first.iter().filter_map(counts).collect();
    estimate_error(&best, mismatch)
}
