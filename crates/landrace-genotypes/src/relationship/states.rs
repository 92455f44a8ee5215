//! Matrices of the alleles that two samples share: identity by state and KING.

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
    let kinship = |counts: &KingCounts| {
        let heterozygous = counts.both + counts.first.min(counts.second);
        let unlike = 4.0 * f64::from(counts.opposite) + f64::from(counts.first) + f64::from(counts.second);
        0.5 - unlike / (4.0 * f64::from(heterozygous))
    };
    let called = |counts: &KingCounts| counts.both + counts.first + counts.second + counts.homozygous;
    let (values, counts, details) =
        gather(pairs.finish(), (samples.len(), 0.5, account.used), kinship, called, |counts| {
            [counts.both, counts.opposite]
        });
    let matrix = SampleMatrix { samples, values };
    Ok(Relationship { method: Method::King, matrix, counts, details, account })
}

fn require_variants(account: &Account) -> Result<(), GenotypeError> {
    match account.used {
        0 => Err(GenotypeError::Request("no variant is left to compare samples by; filter less".to_owned())),
        _ => Ok(()),
    }
}

type Gathered = (Vec<f64>, Counts, Vec<[u32; 2]>);

/// The lower half with the diagonal, from the counts of pairs.
fn gather<T>(
    pairs: Vec<T>,
    (n, diagonal, used): (usize, f64, u64),
    value: impl Fn(&T) -> f64,
    called: impl Fn(&T) -> u32,
    detail: impl Fn(&T) -> [u32; 2],
) -> Gathered {
    let size = n * (n + 1) / 2;
    let (mut values, mut counts) = (Vec::with_capacity(size), Vec::with_capacity(size));
    let mut rest = pairs.iter();
    for i in 0..n {
        for pair in rest.by_ref().take(i) {
            values.push(value(pair));
            counts.push(called(pair));
        }
        values.push(diagonal);
        counts.push(u32::try_from(used).unwrap_or(u32::MAX));
    }
    (values, Counts::Each(counts), pairs.iter().map(detail).collect())
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
    let alike =
        |counts: &StateCounts| 1.0 - counts.distance as f64 / WHOLE as f64 / f64::from(counts.compared);
    let n = samples.len();
    let (values, counts, details) = gather(
        parts.finish(),
        (n, 1.0, account.used),
        alike,
        |counts| counts.compared,
        |counts| [counts.different, counts.opposite],
    );
    let matrix = SampleMatrix { samples, values };
    Ok(Relationship { method: Method::Ibs, matrix, counts, details, account })
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

    fn close(&mut self) {
        let Some(counter) = self.counter.take() else { return };
        let unit = WHOLE / counter.count.steps as u64;
        let mut counts = counter.finish();
        counts.iter_mut().for_each(|counts| counts.distance *= unit);
        if self.done.is_empty() {
            self.done = counts;
            return;
        }
        self.done.iter_mut().zip(counts).for_each(|(own, counts)| *own += counts);
    }

    fn finish(mut self) -> Vec<StateCounts> {
        self.close();
        self.done
    }
}
