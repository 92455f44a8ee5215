//! Matrices of the alleles that two samples share: identity by state and KING.

use std::sync::Arc;

use super::pairs::kernel::{KingCounts, StateCounts};
use super::pairs::{King, PairCounter, States};
use super::{Account, Counts, Method, Options, Relationship, SampleMatrix};
use crate::block::GenotypeBlock;
use crate::plane::MAX_PLOIDY;
use crate::relationship::additive::Scale;
use crate::source::{GenotypeError, GenotypeSource, for_each_block};

/// Chooses a block's variants. All count, unless a frequency is asked for.
fn choose(block: &GenotypeBlock, options: &Options) -> (Vec<usize>, Account) {
    let mut account =
        Account { read: block.rows() as u64, is_mixed: block.groups.len() > 1, ..Account::default() };
    let mut rows = Vec::with_capacity(block.rows());
    for row in 0..block.rows() {
        let counts = block.counts(row);
        let p = match (&options.frequencies, Scale::of(&counts)) {
            (Some(frequencies), _) => frequencies.of(&block.contig, &block.sites[row]),
            (None, scale) => Some(scale.map_or(0.0, |scale| scale.p)),
        };
        match p {
            None => account.without_frequency += 1,
            Some(p) if p.min(1.0 - p) < options.min_maf => account.rare += 1,
            Some(_) => {
                rows.push(row);
                account.used += 1;
                account.missing += block.samples as u64 - counts.called;
                account.heterozygous += counts.heterozygous;
                account.expected_heterozygous +=
                    counts.expected_heterozygosity().unwrap_or(0.0) * counts.could_be_heterozygous as f64;
            }
        }
    }
    (rows, account)
}

pub(super) fn king(
    source: &mut dyn GenotypeSource,
    options: &Options,
) -> Result<Relationship, GenotypeError> {
    let samples = source.header().samples.clone();
    let mut pairs = PairCounter::new(samples.len(), King);
    let mut account = Account::default();
    for_each_block(
        source,
        |block| {
            if block.groups.iter().any(|group| group.calls.ploidy() != 2) {
                return Err(GenotypeError::Request(format!(
                    "contig '{}' has samples that are not diploid, and KING's kinship is for diploids; choose 'ibs', \
                     'vanraden1' or 'vanraden2', or leave the contig out",
                    block.contig
                )));
            }
            let (rows, account) = choose(&block, options);
            Ok((PairCounter::stage(&King, &block, rows.into_iter()), account))
        },
        |(staged, own)| {
            pairs.add(&staged);
            account.merge(&own);
            Ok(())
        },
    )?;
    require_variants(&account)?;
    let mut out = Gathered::new(samples.len(), options.details);
    out.put_diagonal(0.5, account.used);
    pairs.finish(|pair, counts| {
        out.put(pair, kinship(counts), called(counts), [counts.both, counts.opposite])
    });
    Ok(out.into_relationship(Method::King, samples, account))
}

fn kinship(counts: &KingCounts) -> f64 {
    let heterozygous = counts.both + counts.first.min(counts.second);
    let unlike = 4.0 * f64::from(counts.opposite) + f64::from(counts.first) + f64::from(counts.second);
    0.5 - unlike / (4.0 * f64::from(heterozygous))
}

fn called(counts: &KingCounts) -> u32 {
    counts.both + counts.first + counts.second + counts.homozygous
}

fn require_variants(account: &Account) -> Result<(), GenotypeError> {
    match account.used {
        0 => Err(GenotypeError::Request("no variant is left to compare samples by; filter less".to_owned())),
        _ => Ok(()),
    }
}

/// What becomes of the counts of pairs.
struct Gathered {
    samples: usize,
    values: Vec<f64>,
    counts: Vec<u32>,
    details: Vec<[u32; 2]>,
}

impl Gathered {
    fn new(samples: usize, with_details: bool) -> Self {
        let size = samples * (samples + 1) / 2;
        let details = if with_details { vec![[0; 2]; size - samples] } else { Vec::new() };
        Self { samples, values: vec![0.0; size], counts: vec![0; size], details }
    }

    fn put_diagonal(&mut self, value: f64, used: u64) {
        for i in 0..self.samples {
            self.values[i * (i + 1) / 2 + i] = value;
            self.counts[i * (i + 1) / 2 + i] = u32::try_from(used).unwrap_or(u32::MAX);
        }
    }

    fn put(&mut self, (high, low): (usize, usize), value: f64, count: u32, details: [u32; 2]) {
        self.values[high * (high + 1) / 2 + low] = value;
        self.counts[high * (high + 1) / 2 + low] = count;
        if let Some(own) = self.details.get_mut(high * (high - 1) / 2 + low) {
            *own = details;
        }
    }

    fn into_relationship(self, method: Method, samples: Arc<[String]>, account: Account) -> Relationship {
        let matrix = SampleMatrix { samples, values: self.values };
        Relationship { method, matrix, counts: Counts::Each(self.counts), details: self.details, account }
    }
}

pub(super) fn identity(
    source: &mut dyn GenotypeSource,
    options: &Options,
) -> Result<Relationship, GenotypeError> {
    let samples = source.header().samples.clone();
    let mut account = Account::default();
    let mut parts = Parts { samples: samples.len(), done: Vec::new(), counter: None };
    for_each_block(
        source,
        |block| {
            let (rows, account) = choose(&block, options);
            let count = States { steps: steps(&block) };
            let staged = PairCounter::stage(&count, &block, rows.into_iter());
            Ok((count, staged, account))
        },
        |(count, staged, own)| {
            parts.add(count, &staged);
            account.merge(&own);
            Ok(())
        },
    )?;
    require_variants(&account)?;
    let mut out = Gathered::new(samples.len(), options.details);
    out.put_diagonal(1.0, account.used);
    let alike =
        |counts: &StateCounts| 1.0 - counts.distance as f64 / WHOLE as f64 / f64::from(counts.compared);
    parts.finish(|pair, counts| {
        out.put(pair, alike(counts), counts.compared, [counts.different, counts.opposite]);
    });
    Ok(out.into_relationship(Method::Ibs, samples, account))
}

/// Parts of a whole share in which distances of contigs with other ploidies are added: every ploidy up to 14 divides
/// it.
const WHOLE: u64 = 360_360;

/// The least common multiple of the block's ploidies.
fn steps(block: &GenotypeBlock) -> usize {
    let ploidies = || {
        block
            .groups
            .iter()
            .map(|group| group.calls.ploidy())
            .filter(|ploidy| (1..=MAX_PLOIDY).contains(ploidy))
    };
    let is_common = |steps: &usize| ploidies().all(|ploidy| steps.is_multiple_of(usize::from(ploidy)));
    (1..).find(is_common).unwrap_or(1)
}

/// Counts over stretches of contigs whose dosages take the same steps.
struct Parts {
    samples: usize,
    done: Vec<StateCounts>,
    counter: Option<PairCounter<States>>,
}

impl Parts {
    fn add(&mut self, count: States, staged: &[u64]) {
        if self.counter.as_ref().is_some_and(|counter| counter.count.steps != count.steps) {
            self.close();
        }
        let samples = self.samples;
        self.counter.get_or_insert_with(|| PairCounter::new(samples, count)).add(staged);
    }

    /// Adds up what was counted in other steps.
    fn close(&mut self) {
        let Some(counter) = self.counter.take() else { return };
        let unit = WHOLE / counter.count.steps as u64;
        self.done.resize(self.samples * self.samples.saturating_sub(1) / 2, StateCounts::default());
        let done = &mut self.done;
        counter.finish(|(high, low), counts| {
            done[high * (high - 1) / 2 + low] += StateCounts { distance: counts.distance * unit, ..*counts };
        });
    }

    fn finish(mut self, mut take: impl FnMut((usize, usize), &StateCounts)) {
        if self.done.is_empty()
            && let Some(counter) = self.counter.take()
        {
            let unit = WHOLE / counter.count.steps as u64;
            return counter.finish(|pair, counts| {
                take(pair, &StateCounts { distance: counts.distance * unit, ..*counts });
            });
        }
        self.close();
        let pairs = (1..self.samples).flat_map(|high| (0..high).map(move |low| (high, low)));
        pairs.zip(&self.done).for_each(|(pair, counts)| take(pair, counts));
    }
}
