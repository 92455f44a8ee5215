//! Accessions that are one genotype, among all pairs of a collection.
//!
//! All pairs are compared by bits over a spread panel of loci; those that could be one genotype, over all loci. The
//! error rate is learnt from the nearest pairs, then each pair that is left is weighed: one genotype with errors at
//! that rate, against kin and strangers ([`crate::same`]). Pairs of which one genotype is likelier become groups by
//! complete linkage.
//!
//! Memory: the genotypes as bits ([`Profiles`]) and the pairs that could be one genotype, 16 bytes each.

use std::collections::HashSet;

use landrace_genotypes::GenotypeError;
use landrace_genotypes::plane::MISSING;
use rayon::prelude::*;

use crate::same::Mating;
use crate::same::learn::{error_of_share, near_zero};
use crate::same::segments::Track;
use crate::same::weigh::{Cells, Class, Evidence, Other, Weigher, poisson_tail, stretches};

pub mod groups;
mod kernel;
pub mod passports;
mod profiles;
pub mod table;

use kernel::{Counts, compare};
pub use profiles::{LocusPlace, Profiles};

/// How duplicates are looked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Share of the calls that are wrong; learnt from the data if not given.
    pub error: Option<f64>,
    /// Pairs of samples that are known to be one genotype, which tell the error rate.
    pub replicates: Vec<[usize; 2]>,
    /// How the accessions came about; told by their heterozygosity if not given.
    pub mating: Option<Mating>,
}

/// Where the error rate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorSource {
    /// It was given.
    Given,
    /// Learnt from declared replicates.
    Replicates,
    /// Learnt from the pairs nearest to each other.
    NearestPairs,
    /// Taken for granted: too few pairs are surely one genotype, rather than kin, to learn from.
    Fallback,
    /// Taken as none, for the loci are too few to tell error from difference.
    FewLoci,
}

impl ErrorSource {
    /// What the summary calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Replicates => "declared replicates",
            Self::NearestPairs => "the nearest pairs",
            Self::Fallback => "taken for granted: too few pairs are surely one genotype to learn from",
            Self::FewLoci => "none taken: the loci are too few to tell error from difference",
        }
    }
}

/// Two samples, the one that comes first first, and what was found of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Index of the first.
    pub a: usize,
    /// Index of the second.
    pub b: usize,
    /// What their calls say.
    pub evidence: Evidence,
}

impl Pair {
    /// Whether one genotype is likelier than anything else.
    pub fn is_same(&self) -> bool {
        self.evidence.llr > 0.0
    }

    /// Share of the calls compared that differ.
    pub fn share(&self) -> f64 {
        f64::from(self.evidence.different) / f64::from(self.evidence.compared.max(1))
    }
}

/// Bins of the histogram of all pairs, from 0 to 1.
pub const BINS: usize = 200;

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The error rate that pairs were weighed by.
    pub error: f64,
    /// Where it comes from.
    pub source: ErrorSource,
    /// How the accessions came about.
    pub mating: Mating,
    /// Share of differing calls above which no pair is looked at closely: there kin is likelier even where differences
    /// are scattered.
    pub cutoff: f64,
    /// Mean share of differing calls that is expected of one genotype, the nearest kin and strangers.
    pub expected: [f64; 3],
    /// All pairs by their share of differing calls, over the loci that all pairs are compared by.
    pub histogram: Vec<u64>,
    /// Pairs without a locus that both have a call of.
    pub without_shared: u64,
    /// Loci that all pairs are compared by.
    pub screened: usize,
    /// The pairs looked at closely, in the samples' order.
    pub pairs: Vec<Pair>,
    /// Pairs that were weighed by their counts alone, for there were very many without an excess of differences.
    pub by_counts: u64,
    /// Samples of one genotype, those of each group in their order, groups by their first.
    pub groups: Vec<Vec<usize>>,
    /// Pairs of one genotype that complete linkage left in different groups.
    pub unlinked: u64,
    /// Log of the greatest likelihood ratio that two samples without a difference can reach, on average.
    pub power: f64,
}

/// Error rate before anything is learnt, to find the pairs to learn from.
const PROVISIONAL: f64 = 0.02;
/// Error rate where nothing can be learnt.
const FALLBACK: f64 = 0.01;
/// Pairs of one genotype that an error rate is believed from.
const LEAST_SAME: usize = 3;
/// Loci below which error is not told from difference.
const FEW: usize = 30;
/// Pairs that are looked at closely at most.
const MOST_PAIRS: usize = 40_000_000;
/// Above so many, pairs without an excess of differences are weighed by their counts alone.
const MANY_PAIRS: usize = 300_000;
/// Samples a side of a task.
const SIDE: usize = 64;

/// Finds the samples that are one genotype.
///
/// # Errors
/// Returns an error if there are no loci, or so many pairs alike that they cannot be held.
pub fn find(profiles: &Profiles, options: &Options) -> Result<Found, GenotypeError> {
    if profiles.loci.is_empty() {
        return Err(GenotypeError::Request(
            "the genotypes hold no variants; give a file with some".to_owned(),
        ));
    }
    let mating = options.mating.unwrap_or(match profiles.inbreeding {
        Some(f) if f > 0.5 => Mating::Inbred,
        _ => Mating::Outbred,
    });
    let is_few = profiles.loci.len() < FEW && options.error.is_none() && options.replicates.is_empty();
    let first = options.error.unwrap_or(if is_few { 0.0 } else { PROVISIONAL });
    let weigher = Weigher::new(&profiles.classes, first, mating);
    let cutoff = cutoff(expected(profiles, &weigher));
    let screened = screen(profiles, cutoff)?;
    let mut near = screened.near;
    if profiles.screen.is_some() {
        near = near
            .into_par_iter()
            .map(|(a, b, _)| (a, b, profiles.counts(a as usize, b as usize)))
            .filter(|(_, _, counts)| is_near(*counts, cutoff))
            .collect();
    }
    let (error, source) = learn(profiles, options, &near, cutoff, is_few);
    let mut found = Found {
        error,
        source,
        mating,
        cutoff,
        expected: [0.0; 3],
        histogram: screened.histogram,
        without_shared: screened.without_shared,
        screened: profiles.screen.as_ref().map_or(profiles.loci.len(), |panel| panel.loci.len()),
        pairs: Vec::new(),
        by_counts: 0,
        groups: Vec::new(),
        unlinked: 0,
        power: 0.0,
    };
    weigh_all(profiles, &mut found, &near);
    if found.source == ErrorSource::NearestPairs && !relearn(profiles, &mut found, &near) {
        // What lies near to each other is kin: the rate would be that of their differences.
        (found.error, found.source) = (FALLBACK, ErrorSource::Fallback);
        weigh_all(profiles, &mut found, &near);
        if relearn(profiles, &mut found, &near) {
            found.source = ErrorSource::NearestPairs;
        }
    }
    let same: Vec<&Pair> = found.pairs.iter().filter(|pair| pair.is_same()).collect();
    (found.groups, found.unlinked) = groups::complete_linkage(profiles.samples, &same);
    Ok(found)
}

/// Mean chances of differing over the loci: one genotype, the nearest kin, strangers.
fn expected(profiles: &Profiles, weigher: &Weigher) -> [f64; 3] {
    let mut sums = [0.0; 3];
    for locus in 0..profiles.loci.len() {
        let own = weigher.differing(profiles.class(locus));
        sums.iter_mut().zip(own).for_each(|(sum, chance)| *sum += chance);
    }
    sums.map(|sum| sum / profiles.loci.len() as f64)
}

/// The share of differing calls at which one genotype and the nearest kin are as likely, by counts alone.
fn cutoff([same, kin, _]: [f64; 3]) -> f64 {
    if same <= 0.0 {
        return 0.0;
    }
    if kin <= same * 1.0001 {
        return same;
    }
    let kept = ((1.0 - same) / (1.0 - kin)).ln();
    kept / (kept + (kin / same).ln())
}

fn is_near(counts: Counts, cutoff: f64) -> bool {
    counts.compared > 0 && f64::from(counts.different) <= cutoff * f64::from(counts.compared)
}

struct Screened {
    near: Vec<(u32, u32, Counts)>,
    histogram: Vec<u64>,
    without_shared: u64,
}

/// Compares all pairs, by the screen where there is one, and keeps those that may be near over all loci.
fn screen(profiles: &Profiles, cutoff: f64) -> Result<Screened, GenotypeError> {
    let n = profiles.samples;
    let panels: Vec<&profiles::Panel> = match &profiles.screen {
        Some(panel) => vec![panel],
        None => profiles.panels.iter().collect(),
    };
    let margin = if profiles.screen.is_some() { 5.0 } else { 0.0 };
    let is_kept = |counts: Counts| {
        let compared = f64::from(counts.compared);
        let bound = cutoff + margin * (cutoff * (1.0 - cutoff) / compared.max(1.0)).sqrt();
        counts.compared > 0 && f64::from(counts.different) <= bound * compared
    };
    let mut out = Screened { near: Vec::new(), histogram: vec![0; BINS + 1], without_shared: 0 };
    let blocks: Vec<usize> = (0..n).step_by(SIDE).collect();
    // So many blocks at a time that too many pairs are noticed early.
    for some in blocks.chunks(16) {
        let parts: Vec<Screened> = some
            .par_iter()
            .map(|&first| screen_rows(first..n.min(first + SIDE), &panels, n, &is_kept))
            .collect();
        for part in parts {
            out.near.extend(part.near);
            out.histogram.iter_mut().zip(part.histogram).for_each(|(sum, own)| *sum += own);
            out.without_shared += part.without_shared;
        }
        if out.near.len() > MOST_PAIRS {
            return Err(GenotypeError::Request(format!(
                "more than {MOST_PAIRS} pairs of samples look alike at these {} variants; give variants that vary more",
                profiles.loci.len()
            )));
        }
    }
    Ok(out)
}

/// Compares some samples with all after them.
fn screen_rows(
    rows: std::ops::Range<usize>,
    panels: &[&profiles::Panel],
    samples: usize,
    is_kept: &impl Fn(Counts) -> bool,
) -> Screened {
    let mut out = Screened { near: Vec::new(), histogram: vec![0; BINS + 1], without_shared: 0 };
    let mut counts = vec![Counts::default(); SIDE];
    for first in (rows.start..samples).step_by(SIDE) {
        let columns = first..samples.min(first + SIDE);
        for row in rows.clone() {
            let from = columns.start.max(row + 1);
            if from >= columns.end {
                continue;
            }
            let own = &mut counts[..columns.end - from];
            own.fill(Counts::default());
            for panel in panels {
                compare(panel.rows(row..row + 1), panel.rows(from..columns.end), panel.planes, own);
            }
            for (column, &counts) in (from..).zip(&*own) {
                if counts.compared == 0 {
                    out.without_shared += 1;
                    continue;
                }
                let bin = counts.different as usize * BINS / counts.compared as usize;
                out.histogram[bin.min(BINS)] += 1;
                if is_kept(counts) {
                    out.near.push((row as u32, column as u32, counts));
                }
            }
        }
    }
    out
}

/// The error rate, and where it comes from.
fn learn(
    profiles: &Profiles,
    options: &Options,
    near: &[(u32, u32, Counts)],
    cutoff: f64,
    is_few: bool,
) -> (f64, ErrorSource) {
    if let Some(error) = options.error {
        return (error, ErrorSource::Given);
    }
    if is_few {
        return (0.0, ErrorSource::FewLoci);
    }
    let mut sum = Counts::default();
    options.replicates.iter().for_each(|[a, b]| sum += profiles.counts(*a, *b));
    if sum.compared > 0 {
        let share = f64::from(sum.different) / f64::from(sum.compared);
        // Not quite none: half a difference more than was seen.
        return (error_of_share(share.max(0.5 / f64::from(sum.compared))), ErrorSource::Replicates);
    }
    let pairs: Vec<(u32, u32)> = near
        .iter()
        .filter(|(_, _, counts)| counts.compared as usize >= FEW)
        .map(|(_, _, counts)| (counts.compared, counts.different))
        .collect();
    match near_zero(&pairs, cutoff) {
        Some(mode) => (least_error(error_of_share(mode.share)), ErrorSource::NearestPairs),
        None => (FALLBACK, ErrorSource::Fallback),
    }
}

/// No laboratory is without error: one call in ten thousand is wrong at the least.
fn least_error(error: f64) -> f64 {
    error.max(1e-4)
}

/// Takes the error rate from the pairs that were found to be one genotype, and weighs anew if it is another. Gives whether
/// there are pairs enough, of which neither kinship nor stretches of the genome explain the differences.
fn relearn(profiles: &Profiles, found: &mut Found, near: &[(u32, u32, Counts)]) -> bool {
    for _ in 0..3 {
        let mut shares: Vec<f64> =
            found.pairs.iter().filter(|pair| pair.is_same()).map(Pair::share).collect();
        if shares.len() < LEAST_SAME {
            return false;
        }
        // The middle one: neither kin that got in nor poor samples move it.
        shares.sort_by(f64::total_cmp);
        let error = least_error(error_of_share(shares[shares.len() / 2]));
        if (error / found.error - 1.0).abs() < 0.1 {
            return true;
        }
        found.error = error;
        weigh_all(profiles, found, near);
    }
    true
}

/// Weighs the near pairs at the error rate found.
fn weigh_all(profiles: &Profiles, found: &mut Found, near: &[(u32, u32, Counts)]) {
    let weigher = Weigher::new(&profiles.classes, found.error, found.mating);
    found.expected = expected(profiles, &weigher);
    found.cutoff = cutoff(found.expected);
    found.power = -(0..profiles.loci.len())
        .map(|locus| (1.0 - weigher.differing(profiles.class(locus))[1]).ln())
        .sum::<f64>();
    let near = near.iter().filter(|(_, _, counts)| is_near(*counts, found.cutoff)).copied();
    let places: Vec<Option<(u32, u64)>> =
        profiles.loci.iter().map(|locus| locus.position.map(|position| (locus.contig, position))).collect();
    let scale = Scale { profiles, weigher: &weigher, track: &Track::new(&places), expected: found.expected };
    let (plain, close): (Vec<_>, Vec<_>) = near.partition(|(_, _, counts)| {
        let most = f64::from(counts.compared) * found.expected[0];
        f64::from(counts.different) <= most
    });
    let is_many = plain.len() > MANY_PAIRS;
    found.by_counts = if is_many { plain.len() as u64 } else { 0 };
    let mut pairs: Vec<Pair> = if is_many {
        plain.par_iter().map(|(a, b, counts)| scale.by_counts(*a, *b, *counts)).collect()
    } else {
        scale.weigh(&plain)
    };
    pairs.extend(scale.weigh(&close));
    pairs.sort_by_key(|pair| (pair.a, pair.b));
    found.pairs = pairs;
}

/// What pairs are weighed by.
struct Scale<'a> {
    profiles: &'a Profiles,
    weigher: &'a Weigher,
    track: &'a Track,
    expected: [f64; 3],
}

impl Scale<'_> {
    /// Weighs pairs over all loci, those of one first sample by one task.
    fn weigh(&self, pairs: &[(u32, u32, Counts)]) -> Vec<Pair> {
        let runs: Vec<&[(u32, u32, Counts)]> = pairs.chunk_by(|x, y| x.0 == y.0).collect();
        let weigh_run = |run: &&[(u32, u32, Counts)]| {
            let (mut own, mut other, mut cells) = (Vec::new(), Vec::new(), Cells::default());
            self.profiles.codes(run[0].0 as usize, &mut own);
            run.iter()
                .map(|(a, b, counts)| {
                    self.profiles.codes(*b as usize, &mut other);
                    let evidence = self.weigh_pair(&own, &other, *counts, &mut cells);
                    Pair { a: *a as usize, b: *b as usize, evidence }
                })
                .collect::<Vec<Pair>>()
        };
        runs.par_iter().map(weigh_run).collect::<Vec<_>>().into_iter().flatten().collect()
    }

    fn weigh_pair(&self, own: &[u8], other: &[u8], counts: Counts, cells: &mut Cells) -> Evidence {
        let cell = |(locus, (&a, &b)): (usize, (&u8, &u8))| {
            let is_known = a != MISSING && b != MISSING;
            is_known.then(|| self.weigher.cell(self.profiles.class(locus), usize::from(a), usize::from(b)))
        };
        let all = || own.iter().zip(other).enumerate().map(cell);
        all().flatten().for_each(|cell| cells.add(cell));
        self.weigher.weigh(cells, self.profiles.samples - 1, |rate| {
            // Without a difference there is no stretch of them.
            if counts.different == 0 { None } else { stretches(self.track, (self.weigher, rate), all()) }
        })
    }

    /// Weighs a pair by its counts and the mean chances of differing.
    fn by_counts(&self, a: u32, b: u32, counts: Counts) -> Pair {
        let (compared, different) = (f64::from(counts.compared), f64::from(counts.different));
        let log = |chance: f64| {
            let chance = chance.clamp(1e-12, 1.0 - 1e-12);
            different * chance.ln() + (compared - different) * (1.0 - chance).ln()
        };
        let llr = log(self.expected[0]) - log(self.expected[1]);
        let expected = compared * self.expected[0];
        let evidence = Evidence {
            compared: counts.compared,
            different: counts.different,
            expected,
            p_value: poisson_tail(counts.different, expected),
            other: Other::FullSibs,
            llr,
            posterior: 1.0 / (1.0 + (10.0f64.ln() - llr).exp()),
        };
        Pair { a: a as usize, b: b as usize, evidence }
    }
}

/// A call that differs between a group's kept sample and another of the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Index of the locus.
    pub locus: usize,
    /// The genotype of the kept sample, as allele codes.
    pub kept: String,
    /// That of the other.
    pub other: String,
}

/// The loci at which two samples differ.
pub fn differences(profiles: &Profiles, kept: usize, other: usize) -> Vec<Difference> {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    profiles.codes(kept, &mut a);
    profiles.codes(other, &mut b);
    let text = |locus: usize, code: u8| match &profiles.classes[profiles.class(locus)] {
        Class::Genotypes(own) => own.text(usize::from(code)),
        Class::Agreement(_) => format!("genotype {}", u32::from(code) + 1),
    };
    let differs = (0..a.len()).filter(|&at| a[at] != b[at] && a[at] != MISSING && b[at] != MISSING);
    differs
        .map(|locus| Difference { locus, kept: text(locus, a[locus]), other: text(locus, b[locus]) })
        .collect()
}

/// Samples that are in a group.
pub fn grouped(found: &Found) -> HashSet<usize> {
    found.groups.iter().flatten().copied().collect()
}
